"""`curate label`: which samples a judge finds safe by a rubric, in a dataset directory of labelled rows and of those without a label.

R1's safety model learned from 106,000 prompts whose answers were labelled safe or unsafe one by one (arXiv 2501.12948, section 3.1), and was asked about the whole answer, its chain included: so is the judge here. Both labels
stay in kept/; a sample on which the votes do not agree, or which got too few, has no label and is in rejects/. Nothing is published before all samples are judged: a judge that gets texts written by hand wrong is believed in nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from os import PathLike
from typing import Any

from curate.config import Config, checked
from curate.dataset import Dataset
from curate.deliver.judging import Judged, finished, identity, keyed_of, request, session, told
from curate.deliver.source import Source, readable
from curate.engines import Engine, EngineSettings, open_engine
from curate.errors import CurateError, UsageError
from curate.filtering.foreign import Reading, check_mapping
from curate.filtering.funnel import Funnel
from curate.filtering.units import Unit
from curate.filters.judge import Item, Judgement, Settings, Tally, Task, safety
from curate.records import Label, label_row, prompt_from_row
from curate.running import run_async
from curate.shards import Directory, ShardWriter

DISAGREE, NO_VERDICT = "votes_disagree", "no_verdict"
UNSAFE = "unsafe"


@dataclass(frozen=True, slots=True)
class Labelling:
    """What is labelled, and by which rubric."""

    rubric: str | None = None
    rejects: bool = False
    where: str | None = None


def make_labels(
    inputs: Sequence[str],
    output: str | PathLike[str],
    labelling: Labelling,
    engine: EngineSettings,
    settings: Settings,
    *,
    reading: Reading | None = None,
    given: Engine | None = None,
    overwrite: bool = False,
    quiet: bool = True,
) -> Judged:
    """Label the samples of datasets of ours, or of anybody's files, into `output`. An engine `given` takes the place of the one that `engine` describes.

    Raises UsageError for what was asked wrongly, EngineError where the judge cannot go on (the same call goes on), CurateError where it is not to be believed or gives no label at all.
    """
    if not inputs:
        raise UsageError("no input is given")
    reading = reading or Reading({})
    check_mapping(reading.mapping)
    task = safety(labelling.rubric)
    source = Source(list(inputs), reading, rejects=labelling.rejects, where=labelling.where)
    return run_async(_make(source, output, labelling, task, engine, settings, given, overwrite, quiet))


async def _make(
    source: Source,
    output: str | PathLike[str],
    labelling: Labelling,
    task: Task,
    engine_settings: EngineSettings,
    settings: Settings,
    given: Engine | None,
    overwrite: bool,
    quiet: bool,
) -> Judged:
    engine = given if given is not None else open_engine(engine_settings)
    keyed = keyed_of(engine_settings)
    directory = Directory(output, "labels")
    with directory:
        config = _config(source, labelling, identity(engine, keyed, [task], settings), settings.agreement)
        place = directory.place
        if directory.begin(config, overwrite=overwrite):
            return Judged(Dataset(place), Dataset(place).stats)
        directory.collect_garbage([])
        tally, judgements = Tally(), dict[str, Judgement]()
        async with session(place, engine, keyed, quiet) as judge, aclosing(judge.each(task, _items(source), settings, tally)) as stream:
            async for judgement in stream:
                judgements[judgement.item_id] = judgement
        if not judgements:
            raise UsageError("there is no sample to label: look at --where, or read rejected ones too, with --rejects")
        if not tally.verdicts:
            why = ", ".join(f"{reason} {n:,}" for reason, n in tally.no_verdict.most_common())
            raise CurateError(f"the judge labelled none of {len(judgements):,} samples ({why}): try another --reply, or another judge")
        for unit in source.units:
            _publish(directory, source, unit, judgements)
        return finished(directory, config, {"judge": {task.name: told(tally)}, "labels": {"left_out": dict(source.left_out)}})


def _config(source: Source, labelling: Labelling, judge: Mapping[str, Any], agreement: float) -> Config:
    reading = source.reading
    return checked(
        "labels",
        {"judge": judge, "where": labelling.where, "map": {f: getattr(reading, f) for f in reading.__slots__}},
        {"inputs": source.described, "input": source.digest, "units": len(source.units), "agreement": agreement},
    )


def _rows(source: Source, unit: Unit) -> Iterator[dict[str, Any]]:
    names = [n for n in source.schema.names if n not in ("token_ids", "logprobs", "judgements", "contamination")]
    with readable():
        for table, holds in source.rows(unit):
            for row, holding in zip(table.select(names).to_pylist(), holds.tolist(), strict=True):
                if holding:
                    yield row


def _items(source: Source) -> Iterator[Item]:
    """What is judged. Raises UsageError for two samples of one id, whose labels nobody could tell apart."""
    seen: set[str] = set()
    for unit in source.units:
        for row in _rows(source, unit):
            if row["id"] in seen:
                raise UsageError(f"two samples have the id {row['id']}: filter the set first, which drops copies")
            seen.add(row["id"])
            yield Item(row["id"], request(row["messages"]), response=row["response"], chain=row["reasoning"] or "", domain=row["domain"])


def _publish(directory: Directory, source: Source, unit: Unit, judgements: Mapping[str, Judgement]) -> None:
    """Write the shard of a unit."""
    funnel = Funnel(("judge",))
    with ShardWriter(directory, unit.shard) as writer:
        for sample in _rows(source, unit):
            row = label_row(_label(sample, judgements[sample["id"]]))
            reasons = row["drop_reasons"]
            writer.add("rejects" if reasons else "kept", row)
            values = {n: row[n] for n in ("domain", "source", "license", "completion_tokens")} | {"characters": len(row["completion"])}
            funnel.count(values, reasons, {"judge": reasons}, kept=not reasons, rate=None)
        writer.commit(funnel=funnel.as_dict(), input_digest=unit.digest())


def _label(sample: Mapping[str, Any], judgement: Judgement) -> Label:
    said = [vote.verdict for vote in judgement.cast if vote.verdict is not None]
    reasons = () if judgement.verdict is not None else (DISAGREE,) if len(set(said)) > 1 else (NO_VERDICT,)
    return Label(
        prompt=prompt_from_row({**sample, "id": sample["prompt_id"]}),
        id=sample["id"],
        prompt_id=sample["prompt_id"],
        completion=sample["completion"],
        reasoning=sample["reasoning"],
        response=sample["response"],
        completion_tokens=sample["completion_tokens"],
        model=sample["model"],
        label=judgement.verdict,
        unsafe_share=round(said.count(UNSAFE) / len(said), 6) if said else None,
        abstained=len(judgement.cast) - len(said),
        votes=judgement.votes,
        judge=judgement.judge,
        template=judgement.template,
        drop_reasons=reasons,
    )
