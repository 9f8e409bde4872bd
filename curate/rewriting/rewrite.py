"""`curate rewrite` on samples: each chain and its solution in other words, verified again, in a dataset directory of kept and rejected rows.

A rewriting is sampled as an answer is: until one of `tries` is in the form that was asked for and right by the sample's own verifier, with the same log, so the same command pays for nothing twice. The replies as they came are in
OUT/requests, a dataset of its own. Every row that was read comes out once: rewritten, in kept/; as it was, in rejects/ with the reason `not_rewritten`, where no try was right; as it was, in kept/, where it has no chain to be rewritten.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from typing import Any

from curate.config import Config, checked
from curate.dataset import Dataset
from curate.deliver.judging import Judged, finished, keyed_of
from curate.deliver.judging import request as conversation
from curate.deliver.source import Source, ours, readable
from curate.engines import Engine, EngineSettings, Sampling, open_engine
from curate.errors import UsageError
from curate.filtering.funnel import Funnel
from curate.filtering.units import Unit
from curate.generate import Options, sample
from curate.records import Prompt, digest, filtered_samples, prompt_from_row, prompt_id
from curate.rewriting import verdict
from curate.rewriting.wording import read, wording
from curate.shards import Directory, PartFile
from curate.storage import is_address
from curate.verifiers import version

REASON = "not_rewritten"
REQUESTS = "requests"  # below the output
TRIES = 2
SCHEMA = filtered_samples({})


@dataclass(frozen=True, slots=True)
class Rewriting:
    """How the rewriting is asked for: at most `tries` times for each sample. `where` chooses among the rows; the others are kept as they are."""

    tries: int = TRIES
    sampling: Sampling = Sampling(temperature=0.6, top_p=0.95, max_tokens=16_384)
    seed: int = 0
    where: str | None = None


DEFAULTS = Rewriting()


class Requests:
    """A source of one prompt for each chosen row that has a chain."""

    name = "rewriting"
    revision: str | None = None
    skipped: Mapping[str, int] = {}

    def __init__(self, source: Source) -> None:
        self._source = source

    def fingerprint(self) -> str:
        """A hash over the rows and the wording."""
        return digest(["rewriting", self._source.digest, wording().label])

    def __iter__(self) -> Iterator[Prompt]:
        """The prompts, in the order of the rows. Raises UsageError for two samples of one id."""
        seen: set[str] = set()
        for unit in self._source.units:
            for row, asked in _rows(self._source, unit):
                if not asked:
                    continue
                if row["id"] in seen:
                    raise UsageError(f"two samples have the id {row['id']}: filter the set first, which drops copies")
                seen.add(row["id"])
                yield _prompt(row)


def rewrite_samples(
    inputs: Sequence[str],
    output: str | PathLike[str],
    rewriting: Rewriting,
    engine: EngineSettings,
    *,
    given: Engine | None = None,
    overwrite: bool = False,
    quiet: bool = True,
) -> Judged:
    """Rewrite the samples of datasets of ours into `output`; what was made is returned. An engine `given` takes the place of the one that `engine` describes.

    Raises UsageError for what was asked wrongly, EngineError where the engine cannot go on, Stopped where a signal ended it: the same call goes on.
    """
    if rewriting.tries < 1:
        raise UsageError("--tries is at least 1")
    if is_address(str(output)):
        raise UsageError("samples are rewritten on this machine: give a directory here, and copy it")
    source = ours(inputs, rejects=False, where=rewriting.where)
    writer = given if given is not None else open_engine(engine)
    directory = Directory(output, "filtered")
    with directory, readable():
        config = _config(source, rewriting, engine, writer)
        if directory.begin(config, overwrite=overwrite):
            return Judged(Dataset(directory.place), Dataset(directory.place).stats)
        directory.collect_garbage([])
        options = Options(
            engine,
            rewriting.sampling,
            num_generations=rewriting.tries,
            num_correct=1,
            seed=rewriting.seed,
            overwrite=overwrite,
            quiet=quiet,
        )
        asked = any(True for _ in Requests(source))
        replies = sample(Requests(source), f"{output}/{REQUESTS}", options, writer).dataset if asked else None
        counts = _publish(directory, source, {} if replies is None else _kept(replies), config.identity["rewriter"])
        return finished(directory, config, {"rewriting": counts})


def _config(source: Source, rewriting: Rewriting, settings: EngineSettings, engine: Engine) -> Config:
    rewriter = {
        "engine": engine.kind,
        **engine.identity(),
        **keyed_of(settings),
        "wording": wording().label,
        "tries": rewriting.tries,
        "sampling": rewriting.sampling.as_dict(),
        "seed": rewriting.seed,
    }
    return checked(
        "filtered",
        {"filters": {}, "metrics": {}, "rewriter": rewriter, "where": rewriting.where},
        {"inputs": source.described, "input": source.digest, "units": len(source.units)},
    )


def _rows(source: Source, unit: Unit) -> Iterator[tuple[dict[str, Any], bool]]:
    """The rows of a unit, without what filters measured, and whether each is to be rewritten: it is chosen and has a chain."""
    for table, holds in source.rows(unit):
        for row, chosen in zip(table.select(SCHEMA.names).to_pylist(), holds.tolist(), strict=True):
            yield row, chosen and row["chain"] == "full" and bool(row["reasoning"])


def _prompt(row: Mapping[str, Any]) -> Prompt:
    """The request for a row."""
    parent = prompt_from_row({**row, "id": row["prompt_id"]})
    made = verdict.request(parent, row["id"], conversation(row["messages"]), row["reasoning"], row["response"])
    return replace(made, id=prompt_id(made.messages, made.verifier, made.gold))


def _kept(replies: Dataset) -> dict[str, dict[str, Any]]:
    """The replies that are right, by their prompts."""
    names = (
        "prompt_id",
        "response",
        "meta",
        "prompt_tokens",
        "completion_tokens",
        "seed",
        "engine",
        "model",
        "model_revision",
        "sampling",
        "verdict",
    )
    return {row["prompt_id"]: row for row in replies.to_arrow(columns=names).to_pylist()}


def _publish(directory: Directory, source: Source, replies: Mapping[str, Mapping[str, Any]], rewriter: Mapping[str, Any]) -> dict[str, int]:
    """Write all shards; how many rows were rewritten, were not, and have no chain or were not chosen."""
    counts = {"rewritten": 0, REASON: 0, "as_they_were": 0}
    for unit in source.units:
        funnel = Funnel((REASON,))
        files = {part: PartFile(directory.temporary(unit.shard, part), SCHEMA) for part in ("kept", "rejects")}
        try:
            for row, asked in _rows(source, unit):
                made, what = row, "as_they_were"
                if asked:
                    reply = replies.get(_prompt(row).id)
                    what = REASON if reply is None else "rewritten"
                    made = {**row, "drop_reasons": [*row["drop_reasons"], REASON]} if reply is None else _rewritten(row, reply, rewriter)
                counts[what] += 1
                reasons = made["drop_reasons"]
                values = {n: made[n] for n in ("domain", "source", "license", "completion_tokens")} | {
                    "characters": len(made["completion"])
                }
                funnel.count(values, reasons, {REASON: [r for r in reasons if r == REASON]}, kept=not reasons, rate=None)
                files["rejects" if reasons else "kept"].add(made)
            written = {part: file.close() for part, file in files.items()}
        finally:
            for file in files.values():
                if not file.whole:
                    file.discard()
        directory.commit(unit.shard, written, funnel=funnel.as_dict(), input_digest=unit.digest())
    return counts


def _rewritten(row: Mapping[str, Any], reply: Mapping[str, Any], rewriter: Mapping[str, Any]) -> dict[str, Any]:
    """The row with the new texts, who wrote them, and the verdict on them."""
    parts = read(reply["response"], json.loads(reply["meta"])["nonce"])
    assert parts is not None  # the verdict has read it, too
    own = row["verifier"] if row["accept"] == "verified" else None
    found = dict(reply["verdict"]) | {"verifier": own, "verifier_version": None if own is None else version(own)}
    if own is None:
        found |= {"status": "unverifiable", "score": None, "reason": "nothing to check"}
    by = {name: reply[name] for name in ("prompt_tokens", "completion_tokens", "seed", "engine", "model", "model_revision", "sampling")}
    fresh: dict[str, Any] = {
        "judgements": [],
        "token_ids": None,
        "logprobs": None,
        "rewards": None,
        "group_id": None,
        "weights_version": None,
    }
    return {
        **row,
        **by,
        **fresh,
        "id": f"{row['id']}-{digest([row['id'], rewriter], 8)}",
        "parent_id": row["id"],
        "completion": verdict.joined(parts),
        "reasoning": parts.reasoning,
        "response": parts.response,
        "finish_reason": "stop",
        "template": rewriter["wording"],
        "verdict": found,
    }
