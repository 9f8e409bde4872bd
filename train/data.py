"""Shards into the texts that are trained, once, into files that every process maps; and the order in which they come.

A row that cannot be trained is counted by its reason and never cut or dropped in silence: `too_long`, `cut_off` (the answer ran into a limit when it was made), `empty`, `refused` (the chat template does not take its
messages). The order is a permutation of each epoch that follows from the seed, so the place in the data is the number of the step and nothing else.
"""

import json
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from curate.deliver.source import Source, readable
from curate.errors import CurateError, RequestRefused, UsageError
from curate.filtering.foreign import Reading
from curate.records import Message, digest
from curate.storage import at
from train.chat import Answered, Chat
from train.model import Text

VERSION = 1  # of the files below
TooLong = Literal["drop", "cut"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be trained: texts of at most `max_tokens`; longer ones are dropped, or cut there, where the end of the turn is lost; answers that were cut off only if asked for; all turns, or the last."""

    max_tokens: int
    too_long: TooLong = "drop"
    cut_off: bool = False
    every_turn: bool = False


class Corpus:
    """Texts on disk: their tokens, and which are asked for."""

    def __init__(self, directory: Path) -> None:
        about = json.loads((directory / "corpus.json").read_text("utf-8"))
        self.counts: dict[str, int] = about["counts"]
        self.offsets: npt.NDArray[np.int64] = np.load(directory / "offsets.npy")
        self.asked_counts: npt.NDArray[np.int64] = np.load(directory / "asked.npy")
        size = int(self.offsets[-1])
        self._tokens = np.memmap(directory / "tokens.u32", dtype=np.uint32, mode="r", shape=(size,)) if size else np.empty(0, np.uint32)
        self._asked = np.memmap(directory / "asked.u8", dtype=np.uint8, mode="r", shape=(size,)) if size else np.empty(0, np.uint8)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, i: int) -> Text:
        span = slice(int(self.offsets[i]), int(self.offsets[i + 1]))
        return Text(self._tokens[span].astype(np.int64), self._asked[span].astype(np.bool_))

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Tokens of each text."""
        return np.diff(self.offsets)


def sides(inputs: Sequence[str]) -> tuple[list[str], list[str]]:
    """The inputs to train on, and those that `curate mix` has held out. Raises UsageError for a mixture in an object store."""
    from curate.report.layout import is_dataset, read_layout

    training: list[str] = []
    held_out: list[str] = []
    for name in inputs:
        place = at(name)
        if place.kind() != "directory" or not is_dataset(place) or read_layout(place).config.kind != "mixed":
            training.append(name)
            continue
        if place.local is None:
            raise UsageError(f"{name} is a mixture in an object store: copy it here first")
        training.append(str(place.local / "train"))
        if any(pq.read_metadata(file).num_rows for file in (place.local / "validation").glob("*.parquet")):
            held_out.append(str(place.local / "validation"))
    return training, held_out


def content_of(inputs: Sequence[str], reading: Reading) -> str | None:
    """A hash of what the inputs hold and how they are read; None where there are none."""
    return digest([Source(inputs, reading, rejects=False, where=None).digest, asdict(reading)]) if inputs else None


def both_modes(inputs: Sequence[str], reading: Reading, where: str | None) -> bool:
    """Whether some of the chosen rows have a chain and others have none."""
    found: set[bool] = set()
    source = Source(inputs, reading, rejects=False, where=where)
    for unit in source.units:
        with readable():
            for table, holds in source.rows(unit):
                found |= {bool(chain) for chain in table["reasoning"].filter(holds).to_pylist()}
        if len(found) > 1:
            return True
    return False


def answered(source: Source) -> Iterator[tuple[Answered, str]]:
    """What the sound and chosen rows of a source say, and the mode that each was asked in."""
    columns = ["messages", "mode", "completion", "reasoning", "response", "finish_reason"]
    for unit in source.units:
        with readable():
            for table, holds in source.rows(unit):
                for row in table.select(columns).filter(holds).to_pylist():
                    turns = tuple(Message(m["role"], m["content"]) for m in row["messages"])
                    ended = row["finish_reason"] in ("stop", "unknown")
                    yield Answered(turns, row["reasoning"] or None, row["response"], row["completion"], ended), row["mode"]


def build(inputs: Sequence[str], chat: Chat, limits: Limits, directory: Path, *, reading: Reading, where: str | None, key: Any) -> Corpus:
    """The corpus of the inputs, made where it is not there yet. `key` is what it depends on beside the inputs: model and template.

    Raises UsageError where nothing can be trained, with the reasons counted, and what the inputs raise.
    """
    source = Source(inputs, reading, rejects=False, where=where)
    name = digest(
        [VERSION, source.digest, asdict(reading), where, [limits.max_tokens, limits.too_long, limits.cut_off, limits.every_turn], key]
    )[:16]
    place = directory / name
    if not (place / "corpus.json").exists():
        temporary = directory / f"{name}.tmp"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        _write(source, chat, limits, temporary)
        shutil.rmtree(place, ignore_errors=True)
        temporary.rename(place)
    corpus = Corpus(place)
    if not len(corpus):
        told = ", ".join(f"{n} {reason}" for reason, n in sorted(corpus.counts.items()) if n and reason != "rows")
        raise UsageError(
            f"there is nothing to train on in {', '.join(inputs)}: of {corpus.counts['rows']} rows {told or 'none was chosen'}"
        )
    return corpus


def _write(source: Source, chat: Chat, limits: Limits, directory: Path) -> None:
    counts: Counter[str] = Counter(rows=0, texts=0, think=0, plain=0)
    lengths, asked = [0], []
    with (directory / "tokens.u32").open("wb") as tokens, (directory / "asked.u8").open("wb") as masks:
        for row, mode in answered(source):
            counts["rows"] += 1
            made = _texts(row, chat, limits, counts)
            if not made:
                continue
            counts["plain" if row.reasoning is None else "think"] += 1
            counts["other_mode"] += (row.reasoning is None) != (mode == "plain")
            for text in made:
                counts["texts"] += 1
                tokens.write(text.ids_T.astype(np.uint32).tobytes())
                masks.write(text.asked_T.astype(np.uint8).tobytes())
                lengths.append(len(text.ids_T))
                asked.append(int(text.asked_T.sum()))
    counts["damaged"] = sum(source.left_out.values())
    np.save(directory / "offsets.npy", np.cumsum(lengths, dtype=np.int64))
    np.save(directory / "asked.npy", np.asarray(asked, dtype=np.int64))
    (directory / "corpus.json").write_text(json.dumps({"counts": dict(counts)}, sort_keys=True), "utf-8")


def _texts(row: Answered, chat: Chat, limits: Limits, counts: Counter[str]) -> list[Text]:
    """The row's texts, none where it cannot be trained, for a reason that is counted."""
    if not (row.response or row.reasoning):
        counts["empty"] += 1
        return []
    if not row.ended and not limits.cut_off:
        counts["cut_off"] += 1
        return []
    try:
        texts = chat.texts(row, every_turn=limits.every_turn)
    except RequestRefused:
        counts["refused"] += 1
        return []
    fitting = [t if len(t.ids_T) <= limits.max_tokens else _cut(t, limits) for t in texts]
    counts["shortened"] += sum(f is not None and f is not t for f, t in zip(fitting, texts, strict=True))
    if any(f is None for f in fitting):
        counts["too_long"] += 1
        return []
    return [f for f in fitting if f is not None]


def _cut(text: Text, limits: Limits) -> Text | None:
    """The beginning of a text that is too long; None where it is to be dropped, or where no token that is trained would be left."""
    if limits.too_long == "drop" or not text.asked_T[: limits.max_tokens].any():
        return None
    return Text(text.ids_T[: limits.max_tokens], text.asked_T[: limits.max_tokens])


def told(counts: Mapping[str, int]) -> str:
    """The counts as a sentence."""
    words = {
        "too_long": "too long",
        "cut_off": "cut off when made",
        "empty": "empty",
        "refused": "refused by the chat template",
        "damaged": "damaged",
    }
    out = [f"{counts[k]:,} {w}" for k, w in words.items() if counts.get(k)]
    notes = [f"{counts['shortened']:,} shortened"] if counts.get("shortened") else []
    notes += [f"{counts['other_mode']:,} trained in the other mode than they were asked in"] if counts.get("other_mode") else []
    kept = f"{counts['think']:,} with a chain and {counts['plain']:,} without, of {counts['rows']:,} rows"
    return "; ".join([kept, *([f"left out: {', '.join(out)}"] if out else []), *notes])


@dataclass(frozen=True, slots=True)
class Order:
    """Which of `count` texts each optimizer step trains: `batch` of them, over `epochs` of a new permutation each. The last step takes what is left."""

    count: int
    batch: int
    epochs: float
    seed: int

    def __post_init__(self) -> None:
        if self.batch < 1 or self.count < 1 or not self.epochs > 0:
            raise CurateError(f"nothing to train: {self.count} texts, batches of {self.batch}, {self.epochs} epochs")

    @property
    def total(self) -> int:
        """Texts that are trained, each counted as often as it comes."""
        return max(1, round(self.count * self.epochs))

    @property
    def steps(self) -> int:
        """Optimizer steps."""
        return -(-self.total // self.batch)

    def step(self, step: int) -> list[int]:
        """The texts of a step, from 0."""
        places = range(step * self.batch, min((step + 1) * self.batch, self.total))
        found: list[int] = []
        for epoch in sorted({p // self.count for p in places}):
            permutation = np.random.default_rng([self.seed, epoch]).permutation(self.count)
            found += [int(permutation[p % self.count]) for p in places if p // self.count == epoch]
        return found
