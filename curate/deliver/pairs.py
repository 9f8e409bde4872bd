"""`curate pairs`: of two answers to one prompt, the one that a judge likes better, in a dataset directory of kept and rejected pairs.

R1's helpful pairs (arXiv 2501.12948, section 3.1): DeepSeek-V3 was asked four times about each pair, with the answers in random places, the scores were averaged, and pairs with a difference above 1 stayed. Here exactly half of the votes
see either order, and each vote scores both answers from 0 to 10 (the paper's mapping of its five labels to numbers was not published). Where the two orders contradict each other the pair says something of the judge and nothing
of the answers. What is not kept is in rejects/ with its reasons.

Nothing is published before all pairs are judged, since lengths are balanced over all of them and a judge that gets pairs written by hand wrong is believed in nothing. Texts go through a file sorted by prompt, so memory holds one shard.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate.config import Config, checked
from curate.dataset import Dataset
from curate.deliver.decided import BY, Decided, by_place, decide, pair_of
from curate.deliver.judging import Judged, finished, identity, keyed_of, request, session, told
from curate.deliver.pairing import LENGTH_TOLERANCE, Candidate, Two, choose
from curate.deliver.source import Source, readable
from curate.deliver.spill import Spill
from curate.engines import Engine, EngineSettings, open_engine
from curate.errors import CurateError, UsageError
from curate.filtering.foreign import Reading, check_mapping
from curate.filtering.funnel import Funnel
from curate.filters.judge import Item, Judgement, Settings, Tally, Task, helpfulness
from curate.records import PROMPTS, digest, pair_row
from curate.running import run_async
from curate.shards import Directory, ShardWriter

SHARD_BYTES = 128 << 20  # of samples
_COLUMNS = [*PROMPTS.names, "prompt_id", "completion", "reasoning", "response", "model", "completion_tokens"]


@dataclass(frozen=True, slots=True)
class Pairing:
    """Which pairs are made and which stay: `margin` is what the two scores must differ by, and more."""

    per_prompt: int = 1
    margin: float = 1.0
    balance_lengths: bool = True
    rubric: str | None = None
    rejects: bool = False
    where: str | None = None


def make_pairs(
    inputs: Sequence[str],
    output: str | PathLike[str],
    pairing: Pairing,
    engine: EngineSettings,
    settings: Settings,
    *,
    reading: Reading | None = None,
    given: Engine | None = None,
    overwrite: bool = False,
    quiet: bool = True,
) -> Judged:
    """Make preference pairs of the samples of datasets of ours, or of anybody's files, into `output`. An engine `given` takes the place of the one that `engine` describes.

    Raises UsageError for what was asked wrongly, EngineError where the judge cannot go on (the same call goes on), CurateError where it is not to be believed or gives no verdict at all.
    """
    if not inputs:
        raise UsageError("no input is given")
    if pairing.per_prompt < 1 or not 0 <= pairing.margin < 10:
        raise UsageError("--pairs-per-prompt is 1 or more, and --margin from 0 to below 10")
    if settings.votes % 2:
        raise UsageError(f"--votes {settings.votes} is odd: half of the votes see the answers in the other order")
    reading = reading or Reading({})
    check_mapping(reading.mapping)
    task = helpfulness(pairing.rubric)
    source = Source(list(inputs), reading, rejects=pairing.rejects, where=pairing.where)
    return run_async(_make(source, output, pairing, task, engine, settings, given, overwrite, quiet))


async def _make(
    source: Source,
    output: str | PathLike[str],
    pairing: Pairing,
    task: Task,
    engine_settings: EngineSettings,
    settings: Settings,
    given: Engine | None,
    overwrite: bool,
    quiet: bool,
) -> Judged:
    engine = given if given is not None else open_engine(engine_settings)
    keyed = keyed_of(engine_settings)
    directory = Directory(output, "pairs")
    with directory:
        config = _config(source, pairing, identity(engine, keyed, [task], settings))
        place = directory.place
        if directory.begin(config, overwrite=overwrite):
            return Judged(Dataset(place), Dataset(place).stats)
        directory.collect_garbage([])
        folder = place.scratch / ".spill"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            with readable():
                samples = _candidates(source)
                pairs = _Pairs(source, samples, choose(samples, pairing.per_prompt, settings.seed), Spill(folder, _schema(source)))
            tally, judgements = Tally(), dict[str, Judgement]()
            async with session(place, engine, keyed, quiet) as judge, aclosing(judge.each(task, pairs.items(), settings, tally)) as stream:
                async for judgement in stream:
                    judgements[judgement.item_id] = judgement
            if judgements and not tally.verdicts:
                why = ", ".join(f"{reason} {n:,}" for reason, n in tally.no_verdict.most_common())
                raise CurateError(
                    f"the judge gave a verdict on none of {len(judgements):,} pairs ({why}): try another --reply, or another judge"
                )
            found, lengths = decide(pairs.chosen, judgements, samples, pairing.margin, balance=pairing.balance_lengths)
            pairs.publish(directory, found, judgements)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        prompts = {sample.prompt_id for sample in samples.values()}
        more = {
            "prompts": len(prompts),
            "prompts_without_pair": len(prompts - {two.prompt_id for two in pairs.chosen}),
            "place": by_place(judgements),
            "lengths": {when: found._asdict() for when, found in lengths.items()} | {"tolerance": LENGTH_TOLERANCE},
            "left_out": dict(source.left_out),
        }
        return finished(directory, config, {"judge": {task.name: told(tally)}, "pairs": more})


def _config(source: Source, pairing: Pairing, judge: Mapping[str, Any]) -> Config:
    reading = source.reading
    return checked(
        "pairs",
        {"judge": judge, "where": pairing.where, "map": {f: getattr(reading, f) for f in reading.__slots__}},
        {
            "inputs": source.described,
            "input": source.digest,
            "units": len(source.units),
            "pairs_per_prompt": pairing.per_prompt,
            "margin": pairing.margin,
            "balance_lengths": pairing.balance_lengths,
        },
    )


def _schema(source: Source) -> pa.Schema:
    return pa.schema([source.schema.field(name) for name in _COLUMNS])


def _candidates(source: Source) -> dict[str, Candidate]:
    """The samples that can be compared: those with a response. One that several inputs have is one. Raises UsageError where no prompt has two."""
    found: dict[str, Candidate] = {}
    prompts: dict[str, int] = {}
    for unit in source.units:
        for table, holds in source.rows(unit):
            rows = table.select(["id", "prompt_id", "response"]).append_column("size", pc.binary_length(table["completion"]))
            for row in rows.filter(pa.array(holds)).to_pylist():
                text = row["response"].strip()
                if text and row["id"] not in found:
                    found[row["id"]] = Candidate(row["prompt_id"], digest(text), len(text), 2 * row["size"] + 1)
                    prompts[row["prompt_id"]] = prompts.get(row["prompt_id"], 0) + 1
    if not any(n > 1 for n in prompts.values()):
        raise UsageError(
            f"no prompt has two samples with a response ({len(prompts):,} prompts, {len(found):,} samples): sample several answers first, with `curate generate --verifier none -n 4 --num-correct all`, or read rejected ones too, with --rejects"
        )
    return found


class _Pairs:
    """The chosen pairs with the texts of their samples, in shards of whole prompts."""

    def __init__(self, source: Source, samples: Mapping[str, Candidate], chosen: list[Two], spill: Spill) -> None:
        self.chosen, self._spill = chosen, spill
        self._of: dict[str, int] = {}  # each prompt's shard
        size = 0
        for two in chosen:
            self._of.setdefault(two.prompt_id, size // SHARD_BYTES)
            size += samples[two.first].size + samples[two.second].size
        ranks = {identifier: rank for rank, identifier in enumerate(dict.fromkeys(i for two in chosen for i in (two.first, two.second)))}
        for table, holds in (found for unit in source.units for found in source.rows(unit)):
            places = zip(table["id"].to_pylist(), holds.tolist(), strict=True)
            here = np.array([ranks.pop(identifier, -1) if holding else -1 for identifier, holding in places], np.int64)
            taken = np.flatnonzero(here >= 0)
            if len(taken):
                rows = table.select(_COLUMNS).take(pa.array(taken))
                shards = np.array([self._of[prompt] for prompt in rows["prompt_id"].to_pylist()], np.int64)
                spill.add(rows, here[taken], shards)
        spill.close()

    def _shards(self) -> Iterator[tuple[int, list[tuple[Two, dict[str, Any], dict[str, Any]]]]]:
        """Each shard's pairs with the rows of their samples."""
        shards: dict[int, list[Two]] = {}
        for two in self.chosen:
            shards.setdefault(self._of[two.prompt_id], []).append(two)
        for number, pairs in shards.items():
            rows = {row["id"]: row for row in self._spill.sorted(number, keep=True).to_pylist()}
            yield number, [(two, rows[two.first], rows[two.second]) for two in pairs]

    def items(self) -> Iterator[Item]:
        """What is judged."""
        for _, pairs in self._shards():
            for two, first, second in pairs:
                if not two.same_text:
                    text = request(first["messages"])
                    yield Item(two.id, text, response=first["response"], other=second["response"], domain=first["domain"])

    def publish(self, directory: Directory, found: Mapping[str, Decided], judgements: Mapping[str, Judgement]) -> None:
        """Write all shards."""
        for number, pairs in self._shards():
            funnel = Funnel(BY)
            with ShardWriter(directory, f"{number:08x}-{number:08x}") as writer:
                for two, first, second in pairs:
                    row = pair_row(pair_of(two, first, second, found[two.id], judgements.get(two.id)))
                    reasons = row["drop_reasons"]
                    writer.add("rejects" if reasons else "kept", row)
                    values = {name: row[name] for name in ("domain", "source", "license")} | {
                        "completion_tokens": row["chosen_tokens"] + row["rejected_tokens"],
                        "characters": len(row["chosen"]) + len(row["rejected"]),
                    }
                    by = {name: [r for r in reasons if r in own] for name, own in BY.items()}
                    funnel.count(values, reasons, by, kept=not reasons, rate=None)
                writer.commit(funnel=funnel.as_dict(), input_digest=digest([two.id for two, *_ in pairs]))
