"""`curate eval` as a function: k samples of every prompt from every model, pass@1 with its interval, pass@k, and models side by side.

Sampling is `curate.generate`'s, with a directory for each model in OUTPUT/models, so what was generated is never paid for twice; what is judged beside the verdict (a looser reading, R1's form, the
chain's language) is judged anew in each call. pass@1 is the mean over k samples at temperature 0.6 and top-p 0.95, as in DeepSeek-R1's evaluation (arXiv 2501.12948, section D.1).

Departs from a usual harness: a verdict that could not be reached is no wrong answer but none, a prompt that no rule can judge is left out and counted, and every mean over prompts comes with an interval.
"""

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from curate import api
from curate.dataset import Dataset
from curate.engines import Engine, open_engine
from curate.errors import StoreError, UsageError
from curate.generate import Generated, sample
from curate.records import DECIDED, SAMPLES, Answer, Prompt, digest, prompt_from_row
from curate.report.status_line import StatusLine
from curate.rewards import FORMS, Candidate, Reward, score_all
from curate.running import run_async
from curate.shards import files_of
from curate.sources import Source, SourceOptions, collect
from curate.sources import parquet as parquet_source
from curate.storage import LocalPlace, is_address
from curate.verifiers import lenient
from curate.verifiers.pool import VerifierPool
from curate.verifiers.stream import in_order
from train.summary import ERROR, SCHEMA, STOP, Judged, groups

SCHEMA_VERSION = 1
MAX_TOKENS = 32768  # of a sample in DeepSeek-R1's evaluation (section D.1)
REPORT, SAMPLE_FILE, MODELS = "eval.json", "samples.parquet", "models"
TEMPORARY = f".{SAMPLE_FILE}.tmp"
OURS = {REPORT, SAMPLE_FILE, TEMPORARY, MODELS, ".lock"}
LEFT_OUT = {"finished": "no rule checks their answers", "judged": "their answers are for a judge, whom an evaluation does not ask"}
REWARDS = (Reward("format"), Reward("summary"), Reward("language"))  # R1-Zero's form, R1's, and the language
LOOSELY = "curate.verifiers.lenient:verify"
BATCH = 64  # samples that are judged at once
BATCHES = 16  # of these under way
_COLUMNS = [name for name in SAMPLES.names if name not in ("token_ids", "logprobs", "judgements", "rewards")]


class Evaluated(NamedTuple):
    """What `evaluate` found: the content of eval.json, and for each model what its sampling did."""

    report: dict[str, Any]
    generated: Sequence[Generated]


class Checkable:
    """The prompts of a source that a rule can check; the others are counted in `skipped`."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.name = source.name
        self.revision = source.revision
        self._left_out: Counter[str] = Counter()

    @property
    def skipped(self) -> Mapping[str, int]:
        """Rows that gave no prompt, and prompts that are left out, by reason."""
        return Counter(self.source.skipped) + self._left_out

    def fingerprint(self) -> str:
        """A hash over the source's own."""
        return digest(["checkable", self.source.fingerprint()])

    def __iter__(self) -> Iterator[Prompt]:
        """The prompts, in the source's order."""
        self._left_out = Counter()
        for prompt in self.source:
            if prompt.accept in LEFT_OUT:
                self._left_out[LEFT_OUT[prompt.accept]] += 1
            else:
                yield prompt


def evaluate(
    models: Sequence[str],
    sources: str | Sequence[str],
    output: str | PathLike[str],
    *,
    k: int = 16,
    max_tokens: int = MAX_TOKENS,
    source: SourceOptions | None = None,
    weights: Sequence[float] | None = None,
    limit: int | None = None,
    engines: Sequence[Engine] | None = None,
    labels: Sequence[str] | None = None,
    **keywords: Any,
) -> Evaluated:
    """Sample, judge and compare; `keywords` are those of curate.api.options, the same for every model. `engines` take the place of those that would be opened for the models, `labels` of names made from theirs.

    Writes OUTPUT/eval.json (every number), OUTPUT/samples.parquet (a row for each sample, train.summary.SCHEMA) and OUTPUT/models (a dataset directory for each model). Raises a CurateError: UsageError for
    what was given wrongly, SourceError where no prompt is left, Stopped where the same call goes on.
    """
    if k < 1:
        raise UsageError(f"-k {k}: at least 1 sample a prompt is needed")
    if keywords.get("revision") is not None and len(models) > 1:
        raise UsageError("one revision cannot be that of several models: evaluate them one after the other")
    if is_address(str(output)):
        raise UsageError("an evaluation is written to this machine: give a directory here")
    place = LocalPlace(Path(output))
    foreign = sorted(set(place.sizes()) - OURS) if place.size(REPORT) is None else []
    if place.kind() == "file" or foreign:
        raise UsageError(
            f"{place} is no directory of an evaluation ({f'{foreign[0]} is in it' if foreign else 'it is a file'}): give another one"
        )
    labels = labelled(models) if labels is None else labels
    runs = [api.options(model=model, num_generations=k, num_correct=None, max_tokens=max_tokens, **keywords) for model in models]
    opened = list(engines) if engines is not None else [open_engine(run.engine) for run in runs]
    folders = _folders(models, opened)  # looks at every model, so that the last one is not found missing after hours
    checkable = Checkable(collect([sources] if isinstance(sources, str) else list(sources), source or SourceOptions(), weights, limit))
    with place.held():
        (place.path / MODELS).mkdir(exist_ok=True)
        made: list[Generated] = []
        for label, folder, run, engine in zip(labels, folders, runs, opened, strict=True):
            if len(labels) > 1:
                StatusLine(sys.stderr, run.quiet).note(f"model {len(made) + 1} of {len(labels)}: {label}")
            made.append(sample(checkable, place.path / MODELS / folder, run, engine))
        judged = run_async(_judged([m.dataset for m in made], labels))
        report = _report(k, made, labels, folders, judged)
        _write(place, judged, report)
    return Evaluated(report, made)


def labelled(models: Sequence[str]) -> list[str]:
    """Names for a table's columns: the last parts of the models' names, as many as tell them apart. Raises UsageError where one is given twice."""
    parts = [[part for part in model.split("/") if part not in ("", ".")] or [model] for model in models]
    if len({tuple(p) for p in parts}) < len(parts):
        raise UsageError("a model is given twice")
    for size in range(1, max(map(len, parts)) + 1):
        labels = ["/".join(p[-size:]) for p in parts]
        if len(set(labels)) == len(labels):
            return labels
    return list(models)


def _folders(models: Sequence[str], engines: Sequence[Engine]) -> list[str]:
    """Each model's directory, by what it is and not by where it lies: other weights at the same path are another model. Raises UsageError where two are the same, and what an engine says of a model that is not there."""
    found: dict[str, str] = {}
    for model, engine in zip(models, engines, strict=True):
        identity = engine.identity()
        slug = re.sub(r"[^\w.-]+", "-", str(identity["model"]).rpartition("/")[2]).strip("-.")[:40]
        folder = f"{slug}-{digest([engine.kind, identity], 8)}"
        if folder in found:
            raise UsageError(f"{found[folder]} and {model} are the same model: evaluate it once")
        found[folder] = model
    return list(found)


async def _judged(datasets: Sequence[Dataset], labels: Sequence[str]) -> list[list[Judged]]:
    """All samples of each model, by prompt and index."""
    found: list[list[Judged]] = []
    async with VerifierPool() as pool:
        for dataset, label in zip(datasets, labels, strict=True):
            batch = partial(_batch, pool, label, dataset.config.identity["model_revision"])
            runs = ((partial(batch, rows), sum(len(r["completion"]) for r in rows)) for rows in _rows(dataset))
            async with aclosing(in_order(runs, BATCHES)) as batches:
                samples = [sample async for judged in batches for sample in judged]
            found.append(sorted(samples, key=lambda s: (s.prompt_id, s.sample_index)))
    return found


def _rows(dataset: Dataset) -> Iterator[list[dict[str, Any]]]:
    """The rows of a dataset, kept and rejected ones, BATCH at a time."""
    for part in ("kept", "rejects"):
        for path in files_of(dataset.place, part):
            rows: list[dict[str, Any]] = []
            for line in parquet_source.rows(path, _COLUMNS):
                rows.append(line.row)
                if len(rows) == BATCH:
                    yield rows
                    rows = []
            if rows:
                yield rows


async def _batch(pool: VerifierPool, label: str, revision: str | None, rows: Sequence[Mapping[str, Any]]) -> list[Judged]:
    candidates = [
        Candidate(
            row["id"],
            prompt_from_row({**row, "id": row["prompt_id"]}),
            Answer(row["completion"], row["reasoning"], row["response"], row["finish_reason"]),
        )
        for row in rows
    ]
    scored = await score_all(candidates, pool, REWARDS)
    asked = [i for i, row in enumerate(rows) if row["verdict"]["status"] in DECIDED - {"correct"} and lenient.of(row["verifier"])]
    looser = await pool.verify_all([(LOOSELY, candidates[i].answer, candidates[i].prompt) for i in asked])
    found_loosely = {i for i, verdict in zip(asked, looser, strict=True) if verdict.status == "correct"}
    judged = []
    for i, row in enumerate(rows):
        status, parts = row["verdict"]["status"], scored[i].parts
        decided, right = status in DECIDED, status == "correct"
        kept = [parts[name] for name in FORMS if name in parts]
        judged.append(
            Judged(
                model=label,
                model_revision=revision,
                **{name: row[name] for name in ("prompt_id", "sample_index", "domain", "source", "verifier")},
                status=status,
                strict=right and row["finish_reason"] == STOP if decided else None,
                lenient=right or i in found_loosely if decided else None,
                extracted=row["verdict"]["extracted"],
                format=None if not kept or None in kept or row["finish_reason"] == ERROR else any(kept),
                language=None if row["finish_reason"] == ERROR else parts["language"],
                finish_reason=row["finish_reason"],
                completion_tokens=row["completion_tokens"],
            )
        )
    return judged


def _report(
    k: int, made: Sequence[Generated], labels: Sequence[str], folders: Sequence[str], judged: Sequence[Sequence[Judged]]
) -> dict[str, Any]:
    """The content of eval.json; nothing in it differs from run to run of the same samples."""
    verifiers = sorted({s.verifier for samples in judged for s in samples})
    return {
        "schema_version": SCHEMA_VERSION,
        "k": k,
        "prompts": {"count": made[0].prompts, "duplicates": made[0].duplicates, "left_out": dict(made[0].skipped)},
        "lenient": {name: lenient.of(name) is not None for name in verifiers},
        "models": [
            {
                "label": label,
                "directory": f"{MODELS}/{folder}",
                "config": m.dataset.config.as_dict(),
                "ignored": dict(m.dataset.stats.get("ignored_by_the_server", {})),
                **groups(samples, judged[0] if i else None, k),
            }
            for i, (m, label, folder, samples) in enumerate(zip(made, labels, folders, judged, strict=True))
        ],
    }


def _write(place: LocalPlace, judged: Sequence[Sequence[Judged]], report: Mapping[str, Any]) -> None:
    """Write both files, the report last. Raises StoreError where the disk refuses."""
    temporary = place.path / TEMPORARY
    try:
        with pq.ParquetWriter(temporary, SCHEMA, compression="zstd") as writer:
            for samples in judged:
                writer.write_table(pa.Table.from_pylist([asdict(s) for s in samples], schema=SCHEMA))
        place.put(temporary, SAMPLE_FILE)
        place.write(REPORT, (json.dumps(report, indent=1, ensure_ascii=False) + "\n").encode())
    except (OSError, pa.ArrowException) as error:
        temporary.unlink(missing_ok=True)
        raise StoreError.writing(place, error) from error
