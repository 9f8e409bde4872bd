"""`curate judge` on samples: a model's judgements beside the rules' verdicts, in a dataset directory of kept and rejected rows.

The judge may veto: what it finds wrong, flawed or poor goes to rejects/ with a reason that begins with `judged_`. It lifts one kind of reason only, and its judgement says so: a sample that rules could not decide (UNDECIDED) and
nothing else speaks against is kept where the judge finds it correct. Where it says nothing, the row stays where it was. Nothing is published before all tasks are through, since a judge that lets too many planted
samples pass is believed in nothing (curate/filters/judge/tally.py); its replies are in the log, so the same command asks nothing twice.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import aclosing, closing
from dataclasses import asdict, dataclass
from functools import partial
from os import PathLike
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from curate.completions import Completions
from curate.config import COMPUTING_ENGINE_ARGS, Config, checked
from curate.dataset import Dataset
from curate.deliver.asking import NEAR, UNDECIDED, Asking, Row, limits, rows
from curate.deliver.source import Source
from curate.engines import Engine, EngineSettings, open_engine
from curate.errors import UsageError
from curate.filtering.foreign import Reading
from curate.filtering.funnel import Funnel
from curate.filters.judge import CHAIN_TASKS, CORRECTNESS, Item, Judgement, Log, Settings, Tally, Task, agreement, judge_rows, task_named
from curate.generate import LazyEngine
from curate.records import SAMPLES
from curate.report.card import card
from curate.report.filtered import filtered_statistics
from curate.report.status_line import StatusLine
from curate.report.text import number
from curate.running import run_async
from curate.shards import Directory, PartFile, manifests

REASONS = {CORRECTNESS.name: "judged_incorrect", **{name: f"judged_{name}" for name in CHAIN_TASKS}, "quality": "judged_poor"}
RULES = {CORRECTNESS.name: ("wrong", "no_answer"), **{name: (name,) for name in CHAIN_TASKS}}  # what a rule says where it flags the same
BEFORE = "before"  # what the funnel counts reasons under that were there


@dataclass(frozen=True, slots=True)
class Judged:
    """What a call made: the dataset and its statistics, the judge's among them."""

    dataset: Dataset
    stats: Mapping[str, Any]


def judge_samples(
    inputs: Sequence[str],
    output: str | PathLike[str],
    asking: Asking,
    engine: EngineSettings,
    settings: Settings,
    *,
    given: Engine | None = None,
    overwrite: bool = False,
    quiet: bool = True,
) -> Judged:
    """Judge the samples of datasets of ours into `output`. An engine `given` takes the place of the one that `engine` describes.

    Raises UsageError for what was asked wrongly, EngineError where the judge cannot go on (the same call goes on), CurateError where it is not to be believed.
    """
    if not inputs:
        raise UsageError("no input is given")
    if not asking.tasks:
        raise UsageError(f"say what to judge, with --task: {', '.join(REASONS)}")
    tasks = [task_named(name, asking.rubric) for name in dict.fromkeys(asking.tasks)]
    source = Source(list(inputs), Reading({}), rejects=asking.rejects, where=asking.where)
    stranger = next((u for u in source.units if not u.ours), None)
    if stranger is not None:
        raise UsageError(f"{stranger.path} holds no samples of ours: bring it in with `curate filter --map` first")
    return run_async(_judge(source, output, tasks, asking, engine, settings, given, overwrite, quiet))


async def _judge(
    source: Source,
    output: str | PathLike[str],
    tasks: Sequence[Task],
    asking: Asking,
    engine_settings: EngineSettings,
    settings: Settings,
    given: Engine | None,
    overwrite: bool,
    quiet: bool,
) -> Judged:
    engine = given if given is not None else open_engine(engine_settings)
    keyed = {
        "chat_template_kwargs": dict(engine_settings.chat_template_kwargs),
        "extra_body": dict(engine_settings.extra_body),
        "engine_args": {k: v for k, v in engine_settings.engine_args.items() if k in COMPUTING_ENGINE_ARGS},
    }
    directory = Directory(output, "filtered")
    with directory:
        config = _config(source, tasks, asking, engine, settings, keyed)
        place = directory.place
        if directory.begin(config, overwrite=overwrite):
            return Judged(Dataset(place), Dataset(place).stats)
        directory.collect_garbage([])
        lazy = LazyEngine(engine)
        found: dict[str, dict[str, Judgement]] = {}
        tallies: dict[str, Tally] = {}
        with closing(Completions(place.scratch / "completions")) as store, closing(StatusLine(sys.stderr, quiet)) as status:
            try:
                for task in tasks:
                    tally = tallies[task.name] = Tally()
                    judgements = judge_rows(lazy, _items(source, task, asking), task, settings, log=Log(store, keyed), tally=tally)
                    async with aclosing(judgements) as stream:
                        async for judgement in stream:
                            found.setdefault(judgement.item_id, {})[task.name] = judgement
                            status.offer(partial(_progress, task.name, tally))
            finally:
                await lazy.close()
        counted = _publish(directory, source, asking, found)
        stats = filtered_statistics([m["funnel"] for m in manifests(place)]) | {"judge": _told(tallies, counted)}
        place.write("stats.json", (json.dumps(stats, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode())
        place.write("README.md", card(config.as_dict(), stats, True).encode())
        directory.finish()
        return Judged(Dataset(place), stats)


def _progress(name: str, tally: Tally, _: float) -> str:
    return f"{name}: judged {number(tally.verdicts.total() + tally.no_verdict.total())}"


def _config(source: Source, tasks: Sequence[Task], asking: Asking, engine: Engine, settings: Settings, keyed: Mapping[str, Any]) -> Config:
    judge = {
        "engine": engine.kind,
        **engine.identity(),
        **keyed,
        "tasks": {task.name: task.label for task in tasks},
        "votes": settings.votes,
        "sampling": settings.sampling.as_dict(),
        "seed": settings.seed,
        "reply": settings.reply,
        "everything": asking.everything,
        "near": None if asking.everything else NEAR,
        "min_quality": asking.min_quality,
    }
    identity = {"filters": {}, "metrics": source.metrics, "judge": judge, "where": asking.where}
    return checked("filtered", identity, {"inputs": source.described, "input": source.digest, "units": len(source.units)})


def _items(source: Source, task: Task, asking: Asking) -> Iterator[Item]:
    """The rows that a task is asked about. Raises UsageError for two samples of one id, whose judgements nobody could tell apart."""
    seen: set[str] = set()
    near = limits(source.names)
    for unit in source.units:
        for table, holds in source.rows(unit):
            for row, chosen in zip(rows(table, near), holds.tolist(), strict=True):
                if chosen and asking.asks(task.name, row):
                    if row.id in seen:
                        raise UsageError(f"two samples have the id {row.id}: filter the set first, which drops copies")
                    seen.add(row.id)
                    yield Item.of(row.id, row.trace, row.gold)


def _reasons(row: Row, judgements: Mapping[str, Judgement], min_quality: float) -> dict[str, tuple[str, ...]]:
    """Why a row is not kept, by who says so: what was there before, and each task."""
    before = row.reasons
    correct = judgements.get(CORRECTNESS.name)
    if correct is not None and correct.verdict == CORRECTNESS.good and before <= UNDECIDED:
        before = frozenset()
    found = {BEFORE: tuple(sorted(before))}
    for name, judgement in judgements.items():
        poor = (
            judgement.score is not None and judgement.score < min_quality
            if name == "quality"
            else judgement.verdict in ("incorrect", "flagged")
        )
        found[name] = (REASONS[name],) if poor else ()
    return found


def _publish(directory: Directory, source: Source, asking: Asking, found: Mapping[str, Mapping[str, Judgement]]) -> dict[str, Any]:
    """Write all shards. Returns how rule and judge agree, task by task."""
    samples: list[tuple[frozenset[str], dict[str, str | None]]] = []
    drops, judgements_at = SAMPLES.field("drop_reasons"), SAMPLES.field("judgements")
    for unit in source.units:
        funnel = Funnel((BEFORE, *asking.tasks))
        files = {part: PartFile(directory.temporary(unit.shard, part), source.schema) for part in ("kept", "rejects")}
        try:
            for table, _ in source.rows(unit):
                reasons: list[list[str]] = []
                held = table["judgements"].to_pylist()
                details = zip(
                    *(table[n].to_pylist() for n in ("domain", "source", "license", "completion_tokens")),
                    pc.utf8_length(table["completion"]).to_pylist(),
                    strict=True,
                )
                for i, (row, (domain, origin, licence, tokens, characters)) in enumerate(zip(rows(table, {}), details, strict=True)):
                    own = found.get(row.id, {})
                    by = _reasons(row, own, asking.min_quality)
                    reasons.append([r for told in by.values() for r in told])
                    held[i] = [*held[i], *(j.row() for j in own.values())]
                    if own:
                        samples.append((row.reasons, {name: j.verdict for name, j in own.items()}))
                    values = {"domain": domain, "source": origin, "license": licence, "completion_tokens": tokens, "characters": characters}
                    funnel.count(values, reasons[-1], by, kept=not reasons[-1], rate=None)
                table = table.set_column(table.schema.get_field_index("drop_reasons"), drops, pa.array(reasons, drops.type))
                table = table.set_column(
                    table.schema.get_field_index("judgements"), judgements_at, pa.array(held, judgements_at.type)
                ).cast(source.schema)
                mask = pa.array([not r for r in reasons], pa.bool_())
                files["kept"].add_table(table.filter(mask))
                files["rejects"].add_table(table.filter(pc.invert(mask)))
            written = {part: file.close() for part, file in files.items()}
        finally:
            for file in files.values():
                if not file.whole:
                    file.discard()
        directory.commit(unit.shard, written, funnel=funnel.as_dict(), input_digest=unit.digest())
    return {
        name: {**asdict(a), "agreement": a.agreement, "kappa": a.kappa}
        for name, a in agreement(samples, {n: RULES[n] for n in asking.tasks if n in RULES}).items()
    }


def _told(tallies: Mapping[str, Tally], agreed: Mapping[str, Any]) -> dict[str, Any]:
    """The judge's part of stats.json."""

    def counts(found: Counter[str]) -> dict[str, int]:
        return dict(sorted(found.items()))

    return {
        name: {
            "verdicts": counts(t.verdicts),
            "no_verdict": counts(t.no_verdict),
            "by_rule": counts(t.by_rule),
            "planted": counts(t.planted),
            "planted_passed": counts(t.passed),
            "planted_without_verdict": t.planted_without,
            "agreement_with_the_rule": agreed.get(name),
        }
        for name, t in tallies.items()
    }
