"""What one process does with one unit: read it, hold every row against the chain and the benchmarks, and, once it is known which rows repeat others, write what is kept and what is rejected.

The text is read once and written once: between the two steps a unit's rows stay in memory, so a unit is small. A row that is damaged is held against nothing: it has its one reason.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curate.filtering.funnel import Funnel
from curate.filtering.job import Job
from curate.filtering.reading import Faults, Part, parts
from curate.filtering.units import Unit
from curate.filtering.words import Read, question, read
from curate.filters.base import Trace
from curate.filters.chain import Chain
from curate.filters.decontaminate import Benchmarks, Item
from curate.filters.dedup import REASONS, Repeat, Sketches
from curate.filters.prompt_cap import REASON as PROMPT_CAP
from curate.filters.prompt_cap import chosen
from curate.records import filtered_samples
from curate.shards import PartFile, Written
from curate.where import connect, matching

DAMAGE = "damage"  # what the funnel counts damaged rows under
DEDUP, CONTAMINATED, CAP = "dedup", "decontaminate", "per_prompt"
MOST_HELD = 2 << 30  # bytes of a unit's rows; its place in the file is far smaller, unless one text stands there for many rows
_TRACE = ("finish_reason", "domain", "mode", "chain", "language", "license", "verifier", "completion_tokens")


def traces(table: pa.Table, perplexity: Sequence[float | None] | None = None) -> Iterator[Trace]:
    """The rows of a table of SAMPLES as filters see them, with what an engine measured of each."""
    measured = repeat({}) if perplexity is None else ({"perplexity": value} for value in perplexity)
    columns = [table[name].to_pylist() for name in ("messages", "response", "reasoning", "completion", *_TRACE)]
    for messages, response, reasoning, completion, *other in zip(*columns, strict=True):
        yield Trace(
            question=question(messages),
            response=response,
            reasoning=reasoning,
            completion=completion,
            system="\n\n".join(m["content"] for m in messages if m["role"] == "system"),
            measured=next(measured),
            **dict(zip(_TRACE, other, strict=True)),
        )


@dataclass(slots=True)
class Looked:
    """A unit's rows with what was found in them, in their order: `reasons` by filter, so that it is known who dropped a row."""

    tables: list[pa.Table] = field(default_factory=list)
    metrics: dict[str, list[Any]] = field(default_factory=dict)
    reasons: list[dict[str, tuple[str, ...]]] = field(default_factory=list)
    contamination: list[list[dict[str, Any]]] = field(default_factory=list)
    sketches: list[Sketches] = field(default_factory=list)
    sketched: list[int] = field(default_factory=list)  # the rows that these are of
    faults: Faults = field(default_factory=Faults)

    @property
    def rows(self) -> int:
        """How many there are."""
        return len(self.reasons)

    def all_sketches(self) -> Sketches:
        """Those of the whole unit, as one."""
        return Sketches.concatenated(self.sketches)


class Work:
    """A process's filters, made once. `look` and then `write`, for one unit after another."""

    def __init__(self, job: Job, most_held: int = MOST_HELD) -> None:
        self.job, self.most_held = job, most_held
        self.chain = Chain.of(job.filters, job.settings)
        self.schema = filtered_samples(columns(self.chain))
        self.benchmarks = Benchmarks([Item(*item) for item in job.benchmarks], job.ngram) if job.benchmarks else None
        self._connection = connect(threads=1) if job.where is not None else None

    def look(self, unit: Unit, perplexity: Sequence[float | None] | None = None) -> Looked:
        """Read a unit and find what can be found in each row by itself; rows beyond MOST_HELD are left out, which is a fault. Raises UsageError where a stranger's file has not the columns that were mapped."""
        found = Looked(metrics={name: [] for name in self.chain.metrics})
        held = seen = 0
        for part in parts(unit, self.job.reading, found.faults):
            if perplexity is not None:
                part.perplexity = list(perplexity[seen : seen + part.table.num_rows])
                seen += part.table.num_rows
            part = self._chosen(part)
            if not part.table.num_rows:
                continue
            held += part.table.nbytes
            if held > self.most_held:
                found.faults.tell(
                    f"{unit.path}: of the piece that begins at {unit.start:,} only the first {found.rows:,} rows are taken: the others take more than {self.most_held >> 20} MB, as where one long text is stored once for many rows"
                )
                found.faults.cut = True
                break
            words = read(part.table, self.benchmarks, sketched=self.job.dedup != "none")
            start = found.rows
            for i, (trace, damage) in enumerate(zip(traces(part.table, part.perplexity), part.damage, strict=True)):
                self._row(found, trace, damage, words, i)
            found.tables.append(part.table)
            self._sketch(found, words, start)
        return found

    def _sketch(self, found: Looked, words: Read, start: int) -> None:
        """Keep the sketches of rows that may stay: what is dropped for another reason is no reason to drop what resembles it."""
        clean = [i for i in range(found.rows - start) if self.job.annotate or not any(found.reasons[start + i].values())]
        sketches = words.of(clean)
        if sketches is None:
            return
        if self.job.dedup == "exact":
            sketches.buckets[:] = 0
        found.sketches.append(sketches)
        found.sketched += [start + i for i in clean]

    def _chosen(self, part: Part) -> Part:
        if self._connection is None or self.job.where is None:
            return part
        holds = [d is not None or h for d, h in zip(part.damage, matching(self._connection, part.table, self.job.where), strict=True)]
        measured = None if part.perplexity is None else [v for v, h in zip(part.perplexity, holds, strict=True) if h]
        return Part(part.table.filter(pa.array(holds)), [d for d, h in zip(part.damage, holds, strict=True) if h], measured)

    def _row(self, found: Looked, trace: Trace, damage: str | None, words: Read, i: int) -> None:
        if damage is not None:
            for values in found.metrics.values():
                values.append(None)
            found.reasons.append({DAMAGE: (damage,)})
            found.contamination.append([])
            return
        metrics, _, by_filter = self.chain.look(trace)
        for name, values in found.metrics.items():
            values.append(metrics[name])
        reasons = dict(by_filter)  # of the filters that have any
        if words.reasons[i]:
            reasons[CONTAMINATED] = words.reasons[i]
        found.reasons.append(reasons)
        found.contamination.append(words.contamination[i])

    def write(self, unit: Unit, found: Looked, said: Sequence[Repeat | None], files: Mapping[str, Path]) -> "Done":
        """Write the unit's files at `files` (kept and rejects). `said` is what each of the rows that were sketched repeats."""
        repeats = {row: repeat for row, repeat in zip(found.sketched, said, strict=True) if repeat is not None}
        for row in found.sketched:
            found.reasons[row][DEDUP] = (REASONS[repeats[row].kind],) if row in repeats else ()
        self._cap(found)
        rates = _rates(unit)
        funnel = Funnel(f.name for f in self.chain.filters)
        writers = {part: PartFile(path, self.schema) for part, path in files.items()}
        try:
            start = 0
            for table in found.tables:
                stop = start + table.num_rows
                reasons = [tuple(dict.fromkeys(r for own in row.values() for r in own)) for row in found.reasons[start:stop]]
                kept = [
                    not r or (self.job.annotate and DAMAGE not in row) for r, row in zip(reasons, found.reasons[start:stop], strict=True)
                ]
                self._count(funnel, table, reasons, found.reasons[start:stop], kept, rates)
                whole = self._table(table, found, repeats, reasons, start, stop)
                mask = pa.array(kept, pa.bool_())
                writers["kept"].add_table(whole.filter(mask))
                writers["rejects"].add_table(whole.filter(pc.invert(mask)))
                start = stop
            written = {part: writer.close() for part, writer in writers.items()}
        finally:
            for writer in writers.values():
                if not writer.whole:
                    writer.discard()
        return Done(written, funnel.as_dict(), found.faults.named, found.faults.cut)

    def _cap(self, found: Looked) -> None:
        """Of the samples of a prompt that nothing speaks against, leave `per_prompt`."""
        if self.job.per_prompt is None:
            return
        prompts: dict[str, list[tuple[int, int]]] = {}
        row = 0
        for table in found.tables:
            lengths = pc.binary_length(table["completion"]).to_pylist()
            for prompt, length in zip(table["prompt_id"].to_pylist(), lengths, strict=True):
                if not any(found.reasons[row].values()):
                    prompts.setdefault(prompt, []).append((row, length))
                row += 1
        marks = found.all_sketches().marks if found.sketches else None
        place = {row: i for i, row in enumerate(found.sketched)}
        for prompt, samples in prompts.items():
            rows = [row for row, _ in samples]
            own = np.zeros((len(rows), 1), np.uint16) if marks is None else marks[[place[row] for row in rows]]
            stay = {rows[i] for i in chosen(self.job.keep, self.job.per_prompt, prompt, [n for _, n in samples], own)}
            for row in rows:
                found.reasons[row][CAP] = () if row in stay else (PROMPT_CAP,)

    def _count(
        self,
        funnel: Funnel,
        table: pa.Table,
        reasons: Sequence[tuple[str, ...]],
        by_filter: Sequence[Mapping[str, Sequence[str]]],
        kept: Sequence[bool],
        rates: Mapping[str, float | None],
    ) -> None:
        names = ("domain", "source", "license", "completion_tokens", "prompt_id")
        rows = zip(*(table[n].to_pylist() for n in names), pc.utf8_length(table["completion"]).to_pylist(), strict=True)
        for row, found, own, stays in zip(rows, reasons, by_filter, kept, strict=True):
            values = dict(zip((*names, "characters"), row, strict=True))
            funnel.count(values, found, own, kept=stays, rate=rates.get(values["prompt_id"]))

    def _table(
        self, table: pa.Table, found: Looked, repeats: Mapping[int, Repeat], reasons: Sequence[tuple[str, ...]], start: int, stop: int
    ) -> pa.Table:
        numbers = range(start, stop)
        own = {
            "drop_reasons": [list(r) for r in reasons],
            "duplicate_of": [repeats[i].of if i in repeats else None for i in numbers],
            "similarity": [repeats[i].similarity if i in repeats else None for i in numbers],
            "contamination": [found.contamination[i] or None for i in numbers],
            **{name: values[start:stop] for name, values in found.metrics.items()},
        }
        arrays = [pa.array(own[f.name], f.type) if f.name in own else table[f.name] for f in self.schema]
        return pa.Table.from_arrays(arrays, schema=self.schema)


@dataclass(frozen=True, slots=True)
class Done:
    """A unit's files, its counts, and what could not be read of it."""

    written: Mapping[str, Written]
    funnel: Mapping[str, Any]
    faults: Sequence[str]
    cut: bool


def columns(chain: Chain) -> dict[str, dict[str, str]]:
    """The chain's metrics as config.json has them."""
    return {name: {"type": str(m.kind), "description": m.description} for name, m in chain.metrics.items()}


def _rates(unit: Unit) -> dict[str, float | None]:
    """The pass rates of the unit's prompts, where it is known what became of them."""
    if unit.outcomes is None:
        return {}
    table = pq.read_table(unit.outcomes, columns=["id", "pass_rate"])
    return dict(zip(table["id"].to_pylist(), table["pass_rate"].to_pylist(), strict=True))
