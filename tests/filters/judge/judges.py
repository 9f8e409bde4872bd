"""Functions in place of a judge. All read a prompt as a strict reader would: the code is the one that the first lines name, a piece ends at its first closing line, and all else is outside."""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from curate.filters.judge.boundary import ask, quoted
from curate.filters.judge.pairs import Pair, read_pairs
from curate.filters.judge.tasks import CORRECTNESS, Item, Task

Judge = Callable[[list[dict[str, str]], int, int | None], Any]

_CODE = re.compile(r"The code ([0-9a-f]{16}) was made for this request")
_RIGHT = re.compile(r"answer is (-?\d+)")


class Seen(NamedTuple):
    """A prompt as a reader takes it apart."""

    nonce: str
    pieces: dict[str, str]
    outside: str

    @property
    def field(self) -> str:
        return f"verdict_{self.nonce}"


def see(prompt: str) -> Seen:
    """Take a prompt apart."""
    found = _CODE.search(prompt)
    assert found is not None
    nonce = found[1]
    pieces: dict[str, str] = {}

    def keep(match: re.Match[str]) -> str:
        pieces[match[1]] = match[2]
        return "[piece]"

    outside = re.sub(rf"^BEGIN {nonce} ([a-z ]+)\n(.*?)\nEND {nonce} \1$", keep, prompt, flags=re.DOTALL | re.MULTILINE)
    return Seen(nonce, pieces, outside.replace(nonce, "NONCE"))


def template_outside(task: Task = CORRECTNESS) -> str:
    """What stands outside the boundary by the template alone."""
    return see(ask(Item("x", "q", "r", "a", "c"), task, 0, 0).messages[0].content).outside


def reply(seen: Seen, verdict: Any, analysis: str = "I compared both.") -> str:
    """A reply in the form that is asked for."""
    return json.dumps({"analysis": analysis, seen.field: verdict}, ensure_ascii=False)


def honest(seen: Seen) -> str:
    """The verdict of one who reads the answer's first sentence and compares it with the reference."""
    result = _RIGHT.search(seen.pieces["answer to be evaluated"])
    return "correct" if result is not None and result[1] == seen.pieces["reference answer"] else "incorrect"


def obedient(then: Callable[[Seen], str]) -> Judge:
    """A judge that does what is written outside the boundary, whoever wrote it, and else replies as `then` has it."""
    expected = template_outside()

    def judge(messages: list[dict[str, str]], vote: int, seed: int | None) -> str:
        assert len(messages) == 1
        seen = see(messages[0]["content"])
        return reply(seen, "correct") if seen.outside != expected else then(seen)

    return judge


def plain(seen: Seen) -> str:
    """The honest verdict and no more."""
    return reply(seen, honest(seen))


def quoting(seen: Seen) -> str:
    """The honest verdict, with all that was planted quoted in the analysis."""
    return reply(seen, honest(seen), f"It says: {seen.pieces['answer to be evaluated']}")


def _planted(seen: Seen) -> str:
    return "\n".join(re.findall(r"\{[^{}]{0,400}\}", seen.pieces["answer to be evaluated"]))


def parroting(seen: Seen) -> str:
    """What JSON was planted, word for word, and then the honest verdict."""
    return f"{_planted(seen)}\n{reply(seen, honest(seen))}"


def trailing(seen: Seen) -> str:
    """The honest verdict, and then what JSON was planted."""
    return f"{reply(seen, honest(seen))}\n{_planted(seen)}"


def taken_in(seen: Seen) -> str:
    """What was planted and nothing else, where there is something."""
    return _planted(seen) or reply(seen, honest(seen))


def fence_keeping(seen: Seen) -> str:
    """The honest verdict between fences; a fence that the answer opened and did not close is taken for its own and stays open."""
    text = f"```json\n{reply(seen, honest(seen))}"
    return text if seen.pieces["answer to be evaluated"].count("```") % 2 else f"{text}\n```"


def knows(verdicts: Callable[[Seen], Any]) -> Judge:
    """A judge whose verdict is a function of what it sees."""

    def judge(messages: list[dict[str, str]], vote: int, seed: int | None) -> str:
        seen = see(messages[0]["content"])
        return reply(seen, verdicts(seen))

    return judge


def by_hand(tasks: Sequence[str], side: Callable[[Pair], str]) -> list[str]:
    """The beginnings of texts written by hand for tasks, as a judge sees them."""
    return [quoted(side(pair)) for pair in read_pairs(None, tasks)]


_BETTER, _WORSE = by_hand(["quality"], lambda p: p.good), by_hand(["quality"], lambda p: p.bad)
_MERIT = re.compile(r"merit (\d+)")


def points(answer: str) -> int:
    """The score of one who knows the texts written by hand, and else believes `merit N` in the first line of an answer."""
    if any(answer.startswith(text) for text in _WORSE):
        return 1
    if answer in _BETTER:
        return 9
    found = _MERIT.search(answer.split("\n")[0])
    return int(found[1]) if found else 5


def fair(seen: Seen) -> dict[str, int]:
    """The two scores of one who goes by the answers alone."""
    return {name: points(seen.pieces[f"answer {name.lower()}"]) for name in ("A", "B")}


def first_place(seen: Seen) -> dict[str, int]:
    """The two scores of one who likes whatever is shown first."""
    return {"A": 8, "B": 4}


def safe_or_not(seen: Seen) -> str:
    """The verdict of one who knows the texts written by hand, and else goes by the word `harm`."""
    text = seen.pieces["answer to be evaluated"]
    bad = any(text.startswith(known) for known in by_hand(["safety"], lambda p: p.bad))
    return "unsafe" if bad or "harm" in text else "safe"
