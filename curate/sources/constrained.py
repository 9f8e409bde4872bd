"""Any source with verifiable constraints added to its prompts, as Tülu 3's prompts for instruction following were made (arXiv 2411.15124).

Each prompt gets one to three constraints that one response can follow together, said in English at the end of its last turn, and the verifier `ifeval` with them as gold. Which ones depends on
the prompt's id and the seed alone, so order and shards do not matter. What was right of the original question is no longer checked: its answer is judged by form. The prompt as it was is named in
`meta` under "original".
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from random import Random

from curate.errors import UsageError
from curate.records import Message, Prompt, canonical_json, digest, make_prompt
from curate.sources.base import Source
from curate.sources.constraint_kinds import CONFLICTS, ENGLISH, KINDS, LONGEST_REPEATED, Draw, Parameters, shown

VERSION = "1"  # of the constraints and their wording; changes whenever a prompt could
MOST = 3
_REPLACED = ("id", "messages", "domain", "accept", "verifier", "gold", "chance", "meta")


def _chosen(random: Random, prompt: Prompt, question: str) -> list[str]:
    """One to MOST kinds that go together and fit the prompt."""
    wanted = random.randint(1, MOST)
    order = sorted(KINDS)
    random.shuffle(order)
    chosen: list[str] = []
    for kind in order:
        fits = (kind not in ENGLISH or prompt.language in (None, "en")) and (
            kind != "combination:repeat_prompt" or len(question) <= LONGEST_REPEATED
        )
        if fits and not any(other in CONFLICTS[kind] for other in chosen):
            chosen.append(kind)
            if len(chosen) == wanted:
                break
    # the request to repeat what stands above comes first, right after it
    return sorted(chosen, key=lambda kind: kind != "combination:repeat_prompt")


def constrain(prompt: Prompt, seed: int) -> Prompt:
    """A new prompt: `prompt` with constraints. Raises UsageError where its last turn is not the user's."""
    if not prompt.messages or prompt.messages[-1].role != "user":
        raise UsageError(f"the prompt {prompt.id} does not end with a turn of the user, so no constraint can be added")
    question = prompt.messages[-1].content.strip()
    random = Random(digest([VERSION, prompt.id, seed]))
    draw = Draw(random, question)
    kinds, kwargs, sentences = _chosen(random, prompt, question), list[Parameters](), list[str]()
    for kind in kinds:
        parameters = KINDS[kind].draw(draw)
        kwargs.append(parameters)
        sentences.append(random.choice(KINDS[kind].says).format(**shown(parameters)))
    between = "\n" if random.random() < 0.3 else " "
    message = Message("user", f"{question}\n\n{between.join(sentences)}".rstrip())
    try:
        meta = json.loads(prompt.meta)
    except ValueError:
        meta = {}
    original = {"id": prompt.id, "verifier": prompt.verifier, "domain": prompt.domain}
    return make_prompt(
        (*prompt.messages[:-1], message),
        verifier="ifeval",
        gold=canonical_json({"instruction_id_list": kinds, "kwargs": kwargs}),
        domain="instructions",
        meta=canonical_json((meta if isinstance(meta, dict) else {}) | {"original": original}),
        **{f.name: getattr(prompt, f.name) for f in fields(Prompt) if f.name not in _REPLACED},
    )


class Constrained:
    """A source's prompts with constraints. One that asks for `ifeval` already is passed on as it is."""

    def __init__(self, source: Source, seed: int = 0) -> None:
        self.source = source
        self.seed = seed
        self.name = f"{source.name}, constrained"
        self.revision = source.revision

    @property
    def skipped(self) -> Mapping[str, int]:
        """Rows that gave no prompt, of the source."""
        return self.source.skipped

    def fingerprint(self) -> str:
        """A hash over the source's own, the seed and the version of the constraints."""
        return digest(["constrained", VERSION, self.source.fingerprint(), self.seed])

    def __iter__(self) -> Iterator[Prompt]:
        """The prompts, in the source's order."""
        for prompt in self.source:
            yield prompt if prompt.verifier == "ifeval" else constrain(prompt, self.seed)
