"""What an evaluation says: from judged samples to numbers by group, and to the table in the terminal.

A prompt counts as much as any other, however many of its samples could be judged: pass@1 is the mean over prompts of the share of right answers. What could not be judged is in no share; a prompt of
which nothing was judged is in no mean, and both are counted beside it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from textwrap import wrap
from typing import Any

import pyarrow as pa

from curate.records import DECIDED, arrow_fields, column
from curate.report.text import WIDTH, fit, number, percent, table, visible
from train.intervals import mean_of_differences, mean_of_shares, mean_of_values, pass_at

READINGS = ("strict", "lenient")
ERROR = "error"  # finish_reason of a request that was refused: the model was not heard
STOP = "stop"
LABEL = 24  # columns of a model's name in a table
MORE = "  more than the first"

Group = Mapping[str, Any]


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
        mine, theirs = _apart(samples, key), {} if first is None else _apart(first, key)
        return {name: group(mine[name], None if first is None else theirs.get(name, []), k) for name in sorted(mine)}

    return {"overall": group(samples, first, k), "domains": by(lambda s: s.domain), "sources": by(lambda s: s.source)}


def _apart(samples: Iterable[Judged], key: Callable[[Judged], str]) -> dict[str, list[Judged]]:
    found: dict[str, list[Judged]] = {}
    for sample in samples:
        found.setdefault(key(sample), []).append(sample)
    return found


def group(samples: Sequence[Judged], first: Sequence[Judged] | None, k: int) -> dict[str, Any]:
    """The numbers of these samples of one model, as they stand in eval.json."""
    heard = [s for s in samples if s.finish_reason != ERROR]
    counts = {reading: _counts(samples, reading) for reading in READINGS}
    found = {
        "prompts": len({s.prompt_id for s in samples}),
        "samples": len(samples),
        **{reading: _passes(counts[reading], k) for reading in READINGS},
        "format": _mean(_values(heard, "format")),
        "language": _mean(_values(heard, "language")),
        "tokens": _mean(_values(heard, "completion_tokens"), shares=False),
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


def _values(samples: Iterable[Judged], name: str) -> dict[str, list[float]]:
    """Of each prompt, the values of a column that are there."""
    found: dict[str, list[float]] = {}
    for sample in samples:
        if (value := getattr(sample, name)) is not None:
            found.setdefault(sample.prompt_id, []).append(value)
    return found


def _mean(values: Mapping[str, Sequence[float]], *, shares: bool = True) -> dict[str, Any]:
    means, sizes = [sum(v) / len(v) for v in values.values()], [len(v) for v in values.values()]
    found = mean_of_shares(means, sizes) if shares else mean_of_values(means, 0, inf)
    return {**found._asdict(), "samples": sum(sizes)}


def render(report: Mapping[str, Any]) -> str:
    """The report as text: a table of all models over all prompts, pass@1 by domain and by source where there are several, and what has to be known to read them."""
    models = report["models"]
    labels = [fit(m["label"], LABEL) for m in models]
    lines = _whole(labels, [m["overall"] for m in models], report["k"])
    for kind in ("domains", "sources"):
        names = sorted({name for m in models for name in m[kind]})
        if len(names) > 1:
            lines += ["", *_parts(f"pass@1 by {kind[:-1]}", labels, {name: [m[kind].get(name) for m in models] for name in names})]
    lines.append("")
    for note in _notes(report):
        lines += wrap(visible(note), WIDTH, break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines) + "\n"


def _whole(labels: Sequence[str], found: Sequence[Group], k: int) -> list[str]:
    rows = [("prompts", *(number(f["prompts"]) for f in found))]
    for reading in READINGS:
        name = "" if reading == "strict" else f"{reading} "
        passes = [f[reading] for f in found]
        rows.append((f"{name}pass@1", *(percent(p["pass@1"]["value"]) for p in passes)))
        rows.append(("  95 % interval", *(_interval(p["pass@1"], share) for p in passes)))
        if len(found) > 1:
            more = [_more(f, reading) for f in found]
            rows.append((MORE, *(points(m["value"]) for m in more)))
            rows.append(("  95 % interval", *(_interval(m, points) for m in more)))
        rows += [(f"{name}pass@{size}", *(percent(p[f"pass@{size}"]["value"]) for p in passes)) for size in powers(k)[1:]]
    rows += [
        ("form kept", *(percent(f["format"]["value"]) for f in found)),
        ("language kept", *(percent(f["language"]["value"]) for f in found)),
        ("tokens a sample", *(number(f["tokens"]["value"]) for f in found)),
        ("samples cut off", *(number(f["cut_off"]) for f in found)),
        ("samples not judged", *(number(f["undecided"] + f["refused"]) for f in found)),
    ]
    return table(("all prompts", *labels), rows)


def _parts(title: str, labels: Sequence[str], found: Mapping[str, Sequence[Group | None]]) -> list[str]:
    """A table of the strict pass@1 of each part, in percent with the interval, and what it is more than the first model's."""
    rows = []
    for name, of in found.items():
        prompts = max(f["prompts"] for f in of if f is not None)
        rows.append(
            (f"{name or '(not named)'} ({prompts:,})", *(with_interval(None if f is None else f["strict"]["pass@1"], share) for f in of))
        )
        if len(labels) > 1:
            rows.append((MORE, *(with_interval(None if f is None else _more(f, "strict"), points) for f in of)))
    return table((title, *labels), rows)


def _more(found: Group, reading: str) -> Group:
    """How much more it is than the first model's; nothing for the first model itself."""
    none: Group = {"value": None, "low": None, "high": None}
    return found["more_than_first"][reading] if "more_than_first" in found else none


def share(value: float) -> str:
    """A share in percent, without the sign."""
    return f"{100 * value:.1f}"


def points(value: float | None) -> str:
    """A difference of shares in points."""
    return "-" if value is None else f"{100 * value:+.1f}"


def _interval(of: Group, shown: Callable[[float], str]) -> str:
    return "-" if of["low"] is None else f"{shown(of['low'])} to {shown(of['high'])}"


def with_interval(of: Group | None, shown: Callable[[float], str]) -> str:
    """A value with its interval, as far as they are there."""
    if of is None or of["value"] is None:
        return "-"
    return shown(of["value"]) + (f" ({_interval(of, shown)})" if of["low"] is not None else "")


def _notes(report: Mapping[str, Any]) -> list[str]:
    """What has to be known to read the table, a sentence each."""
    notes = [f"{report['k']:,} samples a prompt; intervals are over prompts."]
    if len(report["models"]) > 1:
        notes.append("Differences are in points, of the same prompts, and may be chance where the interval holds 0.")
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
