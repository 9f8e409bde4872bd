"""What a stage that is done has taken and made, from what it left: its dataset directories, the metrics of its training run, its models, its seconds. Nothing is recomputed."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from curate.dataset import Dataset
from curate.errors import CurateError
from curate.planning.evidence import Evidence, seen
from curate.planning.known import size_of
from curate.planning.values import NONE, Flow, Kind, Lot, Size, Value, exact
from curate.shards import COUNTED, PARTS, schema_of
from curate.stage import Status

SOURCE = "what is there"
ANSWERS = ("models", "evaluation/models")  # where stages that ask several models keep their answers


def dataset_at(path: Path) -> Dataset | None:
    """The dataset directory at a path, None where there is another thing or none."""
    if not (path / "manifest.json").is_file():
        return None
    try:
        return Dataset(path)
    except CurateError:
        return None


def numbers(status: Status) -> dict[str, Value]:
    """The numbers of a stage that is done, by the names that projections have."""
    assert status.directory is not None
    found: dict[str, float] = {"disk": bytes_of(status.directory)}
    if status.seconds is not None:
        found["hours"] = status.seconds / 3600
    for dataset in _datasets(status):
        kind, funnel = dataset.config.kind, dataset.stats["funnel"]
        if kind == "samples":
            told = {"prompts": funnel["prompts"], "samples": funnel["sampled"], "tokens": funnel["tokens"], "rows": funnel["kept"]}
        elif kind == "prompts":
            told = {"prompts": funnel["prompts"]}
        elif kind == "mixed":
            told = {"rows": funnel["train"] + funnel["validation"]}
        elif kind == "rollouts":
            told = {"samples": funnel["rows"], "tokens": funnel["tokens"]}
        else:
            told = {"asked": funnel["rows"], "rows": funnel["kept"]} if kind in COUNTED else {}
        for name, value in told.items():  # every model is asked the same prompts
            found[name] = max(found.get(name, 0), value) if name == "prompts" else found.get(name, 0) + value
    trained = [line["tokens"] for line in _metrics(status.directory) if line.get("tokens") is not None]
    if trained:
        found["trained"] = sum(trained)
    return {name: exact(value, SOURCE) for name, value in found.items()}


def flow(status: Status, name: str) -> Flow:
    """What an output of a stage that is done holds; nothing where it is no dataset directory."""
    dataset = dataset_at(status.outputs[name])
    return {} if dataset is None else flow_of(dataset)


def flow_of(dataset: Dataset) -> Flow:
    """The rows of a dataset directory by their kinds."""
    kind = dataset.config.kind
    parts = [part for part in PARTS[kind] if kind == "prompts" or part != "prompts"]
    found: dict[Kind, Lot] = {}
    for part in parts:
        names = schema_of(kind, dataset.config.identity, part).names
        lengths = [c for c in ("completion_tokens", "chosen_tokens", "rejected_tokens") if c in names]
        keys = [c for c in Kind._fields if c in names]
        columns = [*keys, *lengths, *(["prompt_id"] if "prompt_id" in names else [])]
        table = dataset.to_arrow(part=part, columns=columns)
        sums: list[tuple[str, str]] = [(c, "sum") for c in lengths]
        distinct = [("prompt_id", "count_distinct")] if "prompt_id" in names else []
        for row in table.group_by(keys).aggregate([*sums, *distinct, ([], "count_all")]).to_pylist():
            own = Kind(**{key: row[key] for key in keys})
            n, tokens = row["count_all"], sum(row[f"{c}_sum"] for c in lengths)
            before = found.get(own, Lot(NONE))
            mean = exact((before.tokens.value * before.all.value + tokens) / (before.all.value + n), SOURCE)
            every = exact(before.all.value + n, SOURCE)
            if part == "rejects":
                found[own] = before._replace(every=every, tokens=before.tokens if before.rows.value else mean)
            else:
                prompts = before.prompts.value + row.get("prompt_id_count_distinct", 0)
                found[own] = Lot(exact(before.rows.value + n, SOURCE), mean, every, exact(prompts, SOURCE))
    return found


def size(status: Status, name: str) -> Size | None:
    """The size of the model that an output is; None where it is none."""
    path = status.outputs[name]
    return size_of(path) if (path / "config.json").is_file() else None


def evidence(status: Status) -> Evidence | None:
    """What a stage of samples that is done says of sampling; None for any other stage."""
    for path in status.outputs.values():
        dataset = dataset_at(path)
        if dataset is not None and dataset.config.kind == "samples" and dataset.stats["funnel"]["sampled"]:
            return seen(dataset, f"the stage {status.stage.name}", bytes_of(path))
    return None


def bytes_of(directory: Path) -> int:
    """The bytes of all files below a directory."""
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())


def _datasets(status: Status) -> Iterable[Dataset]:
    """The dataset directories that say what the stage did: its outputs, or the answers of each model that it asked."""
    assert status.directory is not None
    of_models = [path for below in ANSWERS for path in sorted((status.directory / below).glob("*"))]
    for path in of_models or status.outputs.values():
        dataset = dataset_at(path)
        if dataset is not None and dataset.stats:
            yield dataset


def _metrics(directory: Path) -> list[Mapping[str, Any]]:
    """The lines of a training run's metrics, without a last one that is torn."""
    path = directory / "run" / "metrics.jsonl"
    lines = path.read_bytes().split(b"\n")[:-1] if path.is_file() else []
    return [json.loads(line) for line in lines]
