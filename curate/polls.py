"""Consensus over a whole input: the votes of every prompt's samples, collected while they are judged, and the columns that come of them.

A prompt's samples may lie anywhere, so the rows are first written under a temporary name with the number of their prompt held in memory, and then once more with what its samples agree on. Held are four
bytes a row and, for each prompt, its distinct answers up to LONGEST_HELD characters; a longer answer is held as its beginning and a hash.
"""

import hashlib
import json
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import pyarrow as pa

from curate.cases import Columns
from curate.errors import UsageError
from curate.records import DECIDED, Answer, Verdict, canonical_json, make_prompt
from curate.rows import Writer
from curate.sources.mapping import plain
from curate.verifiers.consensus import Consensus
from curate.verifiers.pool import VerifierPool
from curate.verifiers.stream import Case, in_order

READ = "curate.verifiers.consensus:read"
VOTE = "curate.verifiers.consensus:vote"
COLUMNS = {"consensus": pa.string(), "consensus_share": pa.float64(), "gold_source": pa.string()}
STRONG, ENOUGH = 0.75, 4  # share and number of samples from which agreement against a gold makes it suspicious
LISTED = 100  # suspicious golds that are named
LONGEST_HELD = 1000


class Suspicious(NamedTuple):
    """A gold that most samples contradict with one and the same answer."""

    row: str
    gold: str
    answer: str
    share: float
    n: int


class Column(NamedTuple):
    """What the rows of a prompt get, in the order of COLUMNS."""

    consensus: str | None
    consensus_share: float | None
    gold_source: str | None


@dataclass(slots=True)
class _Prompt:
    """The votes of one prompt: by answer, whether it was judged correct, and the samples without one."""

    name: str
    verifier: str
    gold: str | None
    votes: Counter[str] = field(default_factory=Counter)
    right: set[str] = field(default_factory=set)
    silent: int = 0


def _held(text: str) -> str:
    return text if len(text) <= LONGEST_HELD else f"{text[:200]} [{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}]"


class Poll:
    """The votes of an input."""

    def __init__(self) -> None:
        self._numbers: dict[bytes, int] = {}
        self._prompts: list[_Prompt] = []
        self._rows = array("L")

    @staticmethod
    def check(columns: Columns, names: Sequence[str], where_from: str) -> None:
        """Raise UsageError unless rows say which prompt they are samples of."""
        if not ("prompt_id" in names or {"prompt", "id"} & set(columns.of)):
            raise UsageError(
                f"{where_from} does not say which prompt a row is a sample of: name the question's column with --map prompt=COLUMN"
            )

    @staticmethod
    def asked(case: Case) -> Case:
        """The case with the question what the sample's answer is, where there is no gold to hold it against."""
        return case if case.prompt.gold and case.prompt.gold.strip() else Case(READ, case.answer, case.prompt)

    def take(
        self, row: Mapping[str, Any], columns: Columns, asked: Sequence[Case | Verdict], verdicts: Sequence[Verdict], name: str
    ) -> None:
        """The verdicts on a row's samples."""
        key = row.get("prompt_id") or columns.value(row, "prompt") or columns.value(row, "id") or name
        hashed = hashlib.sha256(canonical_json(plain(key)).encode("utf-8", "surrogatepass")).digest()[:16]
        number = self._numbers.setdefault(hashed, len(self._prompts))
        prompt = next((case.prompt for case in asked if isinstance(case, Case)), None)
        if number == len(self._prompts):
            self._prompts.append(_Prompt(str(row.get("prompt_id") or name), "", None))
        self._rows.append(number)
        votes = self._prompts[number]
        if prompt is not None and not votes.verifier:
            votes.verifier, votes.gold = prompt.verifier or "", prompt.gold if prompt.gold and prompt.gold.strip() else None
        for verdict in verdicts:
            if verdict.status not in DECIDED and verdict.status != "unverifiable":
                continue  # our checker failed: no statement about the sample
            if verdict.extracted is None:
                votes.silent += verdict.status in DECIDED or verdict.reason == "no gold"
                continue
            text = _held(verdict.extracted)
            votes.votes[text] += 1
            if verdict.status == "correct":
                votes.right.add(text)

    async def close(self, writer: Writer, pool: VerifierPool) -> tuple[int, list[Suspicious]]:
        """Write the rows once more, with the columns. Returns how many prompts without gold are labelled, and the suspicious golds."""
        columns: list[Column] = []
        suspicious: list[Suspicious] = []
        questions = ((partial(_ask, pool, p), LONGEST_HELD) for p in self._prompts)
        async with aclosing(in_order(questions)) as results:
            async for found in results:
                prompt = self._prompts[len(columns)]
                columns.append(_column(prompt, found))
                doubt = _doubt(prompt, found)
                if doubt is not None and len(suspicious) < LISTED:
                    suspicious.append(doubt)
        writer.extend(COLUMNS, (columns[n] for n in self._rows))
        return sum(c.gold_source == "consensus" for c in columns), suspicious


async def _ask(pool: VerifierPool, prompt: _Prompt) -> Consensus:
    """The consensus of a prompt's samples; none where they say nothing, or where our checker failed."""
    nothing = Consensus(None, 0.0, prompt.silent + prompt.votes.total(), ())
    if not prompt.votes:
        return nothing
    text = json.dumps([prompt.votes, prompt.silent])
    verdict = await pool.verify(VOTE, Answer(text, None, text, "stop"), make_prompt("", verifier=prompt.verifier, gold=prompt.gold))
    if verdict.detail is None:
        return nothing
    detail = json.loads(verdict.detail)
    return Consensus(verdict.extracted, detail["share"], detail["n"], tuple(detail["texts"]))


def _column(prompt: _Prompt, found: Consensus) -> Column:
    source = "given" if prompt.gold is not None else None if found.answer is None else "consensus"
    return Column(found.answer, found.share if found.n else None, source)


def _doubt(prompt: _Prompt, found: Consensus) -> Suspicious | None:
    if (
        prompt.gold is None
        or found.answer is None
        or found.share < STRONG
        or found.n < ENOUGH
        or prompt.right & {found.answer, *found.texts}
    ):
        return None
    return Suspicious(prompt.name, prompt.gold, found.answer, found.share, found.n)
