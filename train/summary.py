"""What an evaluation says: from judged samples to numbers by group, and to the table in the terminal.

A prompt counts as much as any other, however many of its samples could be judged: pass@1 is the mean over prompts of the share of right answers. What could not be judged is in no share; a prompt of
which nothing was judged is in no mean, and both are counted beside it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from curate.records import DECIDED, arrow_fields, column
from curate.report.text import number, percent, table
from train.intervals import mean_of_differences, mean_of_shares, pass_at

READINGS = ("strict", "lenient")
ERROR = "error"  # finish_reason of a request that was refused: the model was not heard
STOP = "stop"


@dataclass(frozen=True, slots=True)
class Judged:
    """A sample of an evaluation, without its text, which stands in the model's own directory under the same prompt_id and sample_index."""

    model: str = column(pa.string(), "the model as the table calls it")
    model_revision: str | None = column(pa.string(), "fingerprint of its weights, or the resolved revision", nullable=True)
    prompt_id: str = column(pa.string(), "the prompt's id")
    sample_index: int = column(pa.int32(), "which of the prompt's samples this is, from 0")
    domain: str = column(pa.string(), "the prompt's domain")
    source: str = column(pa.string(), "where the prompt is from")
    verifier: str = column(pa.string(), "name or import path of the verifier")
    status: str = column(pa.string(), "what the verifier says: see the column verdict of a dataset")
    strict: bool | None = column(
        pa.bool_(), "right where the form asks for it, and not cut off; null where it could not be judged", nullable=True
    )
    lenient: bool | None = column(
        pa.bool_(), "strict, or right by the verifier's looser reading, cut off or not; null where strict is", nullable=True
    )
    extracted: str | None = column(pa.string(), "the answer as the verifier read it", nullable=True)
    format: bool | None = column(pa.bool_(), "R1's form is kept; null where no chain was wanted", nullable=True)
    language: float | None = column(
        pa.float64(), "share of the question's language in the words of the chain; null where it cannot be told", nullable=True
    )
    finish_reason: str = column(pa.string(), "stop, length or content_filter (cut off), error (the prompt was refused)")
    completion_tokens: int = column(pa.int32(), "tokens generated")


SCHEMA = pa.schema(list(arrow_fields(Judged)), metadata={"r1_curate.record": "judged sample"})


def powers(k: int) -> list[int]:
    """1, 2, 4, .. up to k."""
    return [1 << i for i in range(k.bit_length())]


def groups(samples: Sequence[Judged], first: Sequence[Judged] | None, k: int) -> dict[str, Any]:
    """The numbers of one model: `overall`, and by name for each of `domains` and `sources`. `first`: the samples of the model that it is compared with, None for that model itself."""

    def by(key: Callable[[Judged], str]) -> dict[str, Any]:
        names = sorted({key(s) for s in samples})
        return {
            n: group([s for s in samples if key(s) == n], None if first is None else [s for s in first if key(s) == n], k) for n in names
        }

    return {"overall": group(samples, first, k), "domains": by(lambda s: s.domain), "sources": by(lambda s: s.source)}


def group(samples: Sequence[Judged], first: Sequence[Judged] | None, k: int) -> dict[str, Any]:
    """The numbers of these samples of one model, as they stand in eval.json."""
    heard = [s for s in samples if s.finish_reason != ERROR]
    counts = {reading: _counts(samples, reading) for reading in READINGS}
    found = {
        "prompts": len({s.prompt_id for s in samples}),
        "samples": len(samples),
        **{reading: _passes(counts[reading], k) for reading in READINGS},
        "format": _mean(s.format for s in heard),
        "language": _mean(s.language for s in heard),
        "tokens": _mean(s.completion_tokens for s in heard),
        "cut_off": sum(s.finish_reason != STOP for s in heard),
        "undecided": sum(s.status not in DECIDED for s in heard),
        "refused": len(samples) - len(heard),
        "status": dict(sorted(Counter(s.status for s in heard).items())),
    }
    if first is not None:
        found["more_than_first"] = {reading: _differences(counts[reading], _counts(first, reading)) for reading in READINGS}
    return found


def _counts(samples: Iterable[Judged], reading: str) -> dict[str, tuple[int, int]]:
    """Of each prompt that anything was judged of: samples judged, and right ones."""
    found: dict[str, tuple[int, int]] = {}
    for sample in samples:
        right = getattr(sample, reading)
        if right is not None:
            n, c = found.get(sample.prompt_id, (0, 0))
            found[sample.prompt_id] = n + 1, c + right
    return found


def _passes(counts: Mapping[str, tuple[int, int]], k: int) -> dict[str, Any]:
    passes: dict[str, Any] = {"pass@1": mean_of_shares([c / n for n, c in counts.values()], [n for n, _ in counts.values()])._asdict()}
    for size in powers(k)[1:]:
        values = [pass_at(size, n, c) for n, c in counts.values() if n >= size]
        passes[f"pass@{size}"] = {"value": sum(values) / len(values) if values else None, "prompts": len(values)}
    return passes


def _differences(mine: Mapping[str, tuple[int, int]], first: Mapping[str, tuple[int, int]]) -> dict[str, Any]:
    both = [(mine[p], first[p]) for p in mine if p in first]
    return mean_of_differences([c / n - d / m for (n, c), (m, d) in both])._asdict()


def _mean(values: Iterable[float | None]) -> dict[str, Any]:
    there = [v for v in values if v is not None]
    return {"value": sum(there) / len(there) if there else None, "samples": len(there)}


def render(report: Mapping[str, Any]) -> str:
    """The report as text: a table of all models for all prompts, one for each domain where there are several, and what has to be known to read them."""
    models = report["models"]
    lines = _table("all prompts", [m["label"] for m in models], [m["overall"] for m in models], report["k"])
    for kind in ("domains", "sources"):
        names = sorted({name for m in models for name in m[kind]})
        for name in names if len(names) > 1 else ():
            lines += ["", *_table(name or "(not named)", [m["label"] for m in models], [m[kind].get(name) for m in models], 1, short=True)]
    return "\n".join([*lines, "", *_notes(report)]) + "\n"


def _table(title: str, labels: Sequence[str], found: Sequence[Mapping[str, Any] | None], k: int, *, short: bool = False) -> list[str]:
    def row(name: str, cell: Callable[[Mapping[str, Any]], str]) -> list[str]:
        return [name, *("-" if f is None else cell(f) for f in found)]

    rows = [row("prompts", lambda f: number(f["prompts"]))]
    for reading in READINGS:
        name = "pass@1" if reading == "strict" else "lenient pass@1"
        rows.append(row(name, lambda f, r=reading: percent(f[r]["pass@1"]["value"])))  # type: ignore[misc]
        rows.append(row("  95 % interval", lambda f, r=reading: _interval(f[r]["pass@1"])))  # type: ignore[misc]
        if len(labels) > 1:
            rows.append(row("  more than the first", lambda f, r=reading: _points(_more(f, r)["value"])))  # type: ignore[misc]
            rows.append(row("  95 % interval", lambda f, r=reading: _interval(_more(f, r), _points)))  # type: ignore[misc]
        for size in powers(k)[1:]:
            rows.append(row(name.replace("@1", f"@{size}"), lambda f, r=reading, s=size: percent(f[r][f"pass@{s}"]["value"])))  # type: ignore[misc]
    if not short:
        rows += [
            row("form kept", lambda f: percent(f["format"]["value"])),
            row("language kept", lambda f: percent(f["language"]["value"])),
            row("tokens a sample", lambda f: number(f["tokens"]["value"])),
            row("cut off", lambda f: number(f["cut_off"])),
        ]
    if any(f and (f["undecided"] or f["refused"]) for f in found) or not short:
        rows.append(row("not judged", lambda f: number(f["undecided"] + f["refused"])))
    return table([title, *labels], rows)


def _more(found: Mapping[str, Any], reading: str) -> Mapping[str, Any]:
    none: Mapping[str, Any] = {"value": None, "low": None, "high": None}
    return found["more_than_first"][reading] if "more_than_first" in found else none


def _points(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:+.1f}"


def _interval(of: Mapping[str, Any], shown: Callable[[float | None], str] = lambda v: "-" if v is None else f"{100 * v:.1f}") -> str:
    return "-" if of["low"] is None else f"{shown(of['low'])} to {shown(of['high'])}"


def _notes(report: Mapping[str, Any]) -> list[str]:
    """What has to be known to read the table, a sentence each."""
    notes = [
        f"{report['k']:,} samples a prompt; a difference is in points, of the same prompts, and may be chance where its interval holds 0."
    ]
    notes += [f"{n:,} prompts are left out: {reason}." for reason, n in report["prompts"]["left_out"].items()]
    alone = [name for name, looser in report["lenient"].items() if not looser]
    if alone:
        notes.append(f"There is no looser reading for {', '.join(alone)}: lenient is strict there, but for what was cut off.")
    for model in report["models"]:
        overall = model["overall"]
        if overall["undecided"]:
            said = ", ".join(f"{n:,} {status}" for status, n in overall["status"].items() if status not in DECIDED)
            notes.append(f"{model['label']}: {overall['undecided']:,} samples could not be judged and count nowhere ({said}).")
        if overall["refused"]:
            notes.append(f"{model['label']}: {overall['refused']:,} prompts were refused by the engine and count nowhere.")
        notes += [f"{model['label']}: the server did not take {name}: {reason}." for name, reason in model["ignored"].items()]
    return notes
