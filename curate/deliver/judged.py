"""`curate judge` on samples: a model's judgements beside the rules' verdicts, in a dataset directory of kept and rejected rows.

The judge may veto: what it finds wrong, flawed or poor goes to rejects/ with a reason that begins with `judged_`. It lifts one kind of reason only, and its judgement says so: a sample that rules could not decide (UNDECIDED) and
nothing else speaks against is kept where the judge finds it correct. Where it says nothing, the row stays where it was. Nothing is published before all tasks are through, since a judge that lets too many planted
samples pass is believed in nothing (curate/filters/judge/tally.py); its replies are in the log, so the same command asks nothing twice.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict
from os import PathLike
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from curate.config import Config, checked
from curate.dataset import Dataset
from curate.deliver.asking import NEAR, UNDECIDED, Asking, Row, limits, rows
from curate.deliver.judging import Judged, finished, identity, keyed_of, session, told
from curate.deliver.source import Source, ours
from curate.engines import Engine, EngineSettings, open_engine
from curate.errors import UsageError
from curate.filtering.funnel import Funnel
from curate.filters.judge import CHAIN_TASKS, CORRECTNESS, Item, Judgement, Settings, Tally, Task, agreement, task_named
from curate.records import SAMPLES
from curate.running import run_async
from curate.shards import Directory, PartFile

REASONS = {CORRECTNESS.name: "judged_incorrect", **{name: f"judged_{name}" for name in CHAIN_TASKS}, "quality": "judged_poor"}
RULES = {CORRECTNESS.name: ("wrong", "no_answer"), **{name: (name,) for name in CHAIN_TASKS}}  # what a rule says where it flags the same
BEFORE = "before"  # what the funnel counts reasons under that were there


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
    if not asking.tasks:
        raise UsageError(f"say what to judge, with --task: {', '.join(REASONS)}")
    tasks = [task_named(name, asking.rubric) for name in dict.fromkeys(asking.tasks)]
    source = ours(inputs, rejects=asking.rejects, where=asking.where)
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
    keyed = keyed_of(engine_settings)
    directory = Directory(output, "filtered")
    with directory:
        config = _config(source, asking, identity(engine, keyed, tasks, settings))
        place = directory.place
        if directory.begin(config, overwrite=overwrite):
            return Judged(Dataset(place), Dataset(place).stats)
        directory.collect_garbage([])
        found: dict[str, dict[str, Judgement]] = {}
        tallies: dict[str, Tally] = {}
        async with session(place, engine, keyed, quiet) as judge:
            for task in tasks:
                tally = tallies[task.name] = Tally()
                async with aclosing(judge.each(task, _items(source, task, asking), settings, tally)) as stream:
                    async for judgement in stream:
                        found.setdefault(judgement.item_id, {})[task.name] = judgement
        agreed = _publish(directory, source, asking, found)
        return finished(directory, config, {"judge": {n: told(t) | {"agreement_with_the_rule": agreed.get(n)} for n, t in tallies.items()}})


def _config(source: Source, asking: Asking, judge: Mapping[str, Any]) -> Config:
    own = {"everything": asking.everything, "near": None if asking.everything else NEAR, "min_quality": asking.min_quality}
    return checked(
        "filtered",
        {"filters": {}, "metrics": source.metrics, "judge": {**judge, **own}, "where": asking.where},
        {"inputs": source.described, "input": source.digest, "units": len(source.units)},
    )


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
