"""Agreement of several samples of one prompt: a label where there is no gold, and a doubt where most samples agree on something else.

The votes are for answers as they were extracted; two answers are one where the prompt's verifier says they are equal (mathematics) or their text is. The share is of all samples, those without an answer
included: two that agree among fourteen that say nothing are no majority. A tie labels nothing, and neither does one sample. The outcome does not depend on the order of the samples: answers are taken
with the most frequent first, ties by their text. Work is bounded: an answer is compared with one representative of each of at most MOST_CLUSTERS groups; a rarer one still counts for its own text.

Agreement is not truth: a model that is wrong in one way agrees with itself. So a label never makes a sample correct; its status stays `unverifiable`.

What a model wrote is read and compared in the pool, as every verifier is: `read` and `vote` are verifiers in form, and answer with a Verdict that carries what they found.
"""

import json
from collections.abc import Callable, Mapping
from typing import NamedTuple

from curate.records import Answer, Prompt, Verdict, canonical_json
from curate.verifiers import companion
from curate.verifiers.extraction import stated

VERSION = "1"

MOST_CLUSTERS = 24
FEWEST = 2  # samples that must agree


class Consensus(NamedTuple):
    """What most samples say: `answer` (None for a tie or nothing to agree on), the `share` of all `n` samples that say it, and the answers' texts that stand for it."""

    answer: str | None
    share: float
    n: int
    texts: tuple[str, ...]


def consensus(votes: Mapping[str, int], silent: int, equal: Callable[[str, str], bool]) -> Consensus:
    """The agreement of samples: `votes` counts them by answer, `silent` gave none. `equal(a, b)` must not raise."""
    clusters: list[tuple[list[str], int]] = []
    for text, count in sorted(votes.items(), key=lambda item: (-item[1], item[0])):
        near = next((i for i, (texts, _) in enumerate(clusters[:MOST_CLUSTERS]) if equal(texts[0], text)), None)
        if near is None:
            clusters.append(([text], count))
        else:
            texts, so_far = clusters[near]
            clusters[near] = ([*texts, text], so_far + count)
    n = silent + sum(votes.values())
    ranked = sorted(clusters, key=lambda c: -c[1])
    if not ranked or ranked[0][1] < FEWEST or (len(ranked) > 1 and ranked[1][1] == ranked[0][1]):
        return Consensus(None, ranked[0][1] / n if ranked else 0.0, n, ())
    texts, count = ranked[0]
    return Consensus(texts[0], count / n, n, tuple(texts))


def _same_text(one: str, other: str) -> bool:
    return " ".join(one.split()) == " ".join(other.split())


def _equality(verifier: str) -> Callable[[str, str], bool]:
    """When two answers are one: by the verifier's own `same_answer` where it has one."""
    own = companion(verifier, "same_answer")
    return _same_text if own is None else lambda one, other: _same_text(one, other) or own(one, other)


def _found(verifier: str, answer: Answer, prompt: Prompt) -> str | None:
    """The answer that a response states, as the prompt's verifier would read it."""
    own = companion(verifier, "extract")
    return stated(answer.response) if own is None else own(answer, prompt)


def read(answer: Answer, prompt: Prompt) -> Verdict:
    """The answer of a sample of a prompt without gold, as `extracted`."""
    assert prompt.verifier is not None
    return Verdict("unverifiable", reason="no gold", extracted=_found(prompt.verifier, answer, prompt))


def vote(answer: Answer, prompt: Prompt) -> Verdict:
    """The consensus of the votes in `answer.text`, JSON [{answer: count}, silent], as `extracted`, with share, n and texts as the `detail`."""
    assert prompt.verifier is not None
    votes, silent = json.loads(answer.text)
    found = consensus(votes, silent, _equality(prompt.verifier))
    detail = {"share": found.share, "n": found.n, "texts": [t[:1000] for t in found.texts[:10]]}
    return Verdict("unverifiable", reason="consensus", extracted=found.answer, detail=canonical_json(detail))
