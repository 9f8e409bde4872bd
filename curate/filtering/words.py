"""What is found in the words of a table of samples: overlaps with benchmarks, and the sketches that duplicates are told by. The words of a text are taken apart once for both."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from curate.filters.decontaminate import Benchmarks, Hit, reasons
from curate.filters.dedup import Sketches, compared, sketch_words
from curate.filters.minhash import MinHash
from curate.filters.shingles import blocks

PARTS = ("prompt", "chain")


@dataclass(frozen=True, slots=True)
class Read:
    """For each row its overlaps as the column `contamination` has them, and the reasons that they are; and the sketches of all rows, None where none were wanted."""

    contamination: list[list[dict[str, Any]]]
    reasons: list[tuple[str, ...]]
    sketches: Sketches | None

    def of(self, rows: Sequence[int]) -> Sketches | None:
        """The sketches of some rows."""
        if self.sketches is None:
            return None
        where = np.asarray(rows, dtype=np.int64)
        s = self.sketches
        return Sketches(s.ids.take(pa.array(where)), s.exact[where], s.buckets[where], s.marks[where])


def question(messages: Sequence[dict[str, str]]) -> str:
    """The user's turns of a conversation, with blank lines between them."""
    return "\n\n".join(m["content"] for m in messages if m["role"] == "user")


def read(table: pa.Table, benchmarks: Benchmarks | None, *, sketched: bool) -> Read:
    """Read the words of a table of SAMPLES."""
    count = table.num_rows
    hits: dict[str, list[list[Hit]]] = {part: [[] for _ in range(count)] for part in PARTS}
    if benchmarks is not None:
        hits["prompt"] = benchmarks.hits(pa.array([question(m) for m in table["messages"].to_pylist()], pa.string()))
    parts = []
    if benchmarks is not None or sketched:
        minhash = MinHash()
        prompts = table["prompt_id"].to_pylist()
        for words in blocks(compared(table["reasoning"], table["response"])):
            if benchmarks is not None:
                hits["chain"][words.first : words.first + len(words)] = benchmarks.hits_of(words, "chain")
            if sketched:
                parts.append(sketch_words(words, prompts[words.first : words.first + len(words)], minhash))
    sketches = None
    if sketched:
        exact, buckets, marks = (np.concatenate(column) for column in zip(*parts, strict=True))
        sketches = Sketches(pa.array(table["id"].to_pylist(), pa.string()), exact, buckets, marks)
    return Read(
        [[_row(part, hit) for part in PARTS for hit in hits[part][i]] for i in range(count)],
        [tuple(dict.fromkeys(r for part in PARTS for r in reasons(part, hits[part][i]))) for i in range(count)],
        sketches,
    )


def _row(part: str, hit: Hit) -> dict[str, Any]:
    return {"benchmark": hit.benchmark, "item": hit.id, "part": part, "match": hit.text, "similarity": float(hit.similarity)}
