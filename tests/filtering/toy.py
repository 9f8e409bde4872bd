"""Small files of samples for the tests of `curate filter` and `curate mix`."""

import json
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from curate.records import SAMPLES, Sample, Verdict, make_prompt, sample_row

CHAIN = "I need to add the two numbers.\n\nThat gives the sum, and I should check it again by counting on from the larger one."
WORDS = "the of and to in that is it was for with as on are this but from they which their would there what when each about many then them these so some could into its than only other after most also".split()  # noqa: SIM905
THINGS = "apples river candle bridge garden window teacher pocket winter basket engine letter mountain kitchen paper sailor market blanket summer carpet lantern village".split()  # noqa: SIM905


def musings(number: int) -> str:
    """Words that no other number has in this order, so that two samples are no near duplicates."""
    draw = random.Random(number)
    return "\n\n".join(" ".join(draw.choice((*WORDS, *THINGS)) for _ in range(14)).capitalize() + "." for _ in range(6))


def sample(
    number: int, *, question: str | None = None, chain: str | None = None, response: str | None = None, **other: Any
) -> dict[str, Any]:
    """A row of SAMPLES that nothing speaks against."""
    fields = {"domain": "math", "license": "mit", "source": "toy", "language": "en", **other}
    finish = fields.pop("finish_reason", "stop")
    index = fields.pop("sample_index", 0)
    prompt = make_prompt(question or f"What is {number} plus {number}?", verifier="math", gold=str(2 * number), **fields)
    if chain is None:
        chain = f"{CHAIN}\n\n{musings(number)}\n\nSo {number} + {number} = {2 * number}, as asked in question {number}."
    response = f"The sum is \\boxed{{{2 * number}}}." if response is None else response
    return sample_row(
        Sample(
            prompt=prompt,
            id=f"{prompt.id}-{index:04d}",
            prompt_id=prompt.id,
            sample_index=index,
            completion=f"<think>{chain}</think>\n{response}",
            reasoning=chain,
            response=response,
            chain="full",
            finish_reason=finish,
            prompt_tokens=9,
            completion_tokens=40,
            seed=number,
            engine="scripted",
            model="toy",
            model_revision="r0",
            template="chat@1",
            sampling="{}",
            verdict=Verdict("correct", 1.0, verifier="math", verifier_version="2"),
        )
    )


def parquet(path: Path, rows: Iterable[dict[str, Any]], *, group: int = 100) -> Path:
    """A file of samples."""
    pq.write_table(pa.Table.from_pylist(list(rows), schema=SAMPLES), path, compression="zstd", row_group_size=group)
    return path


def lines(path: Path, rows: Iterable[Any]) -> Path:
    """A file of JSON lines; bytes are written as they are."""
    path.write_bytes(b"".join(row if isinstance(row, bytes) else json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows))
    return path


def read(directory: Path, part: str) -> list[dict[str, Any]]:
    """The rows of a part of a dataset directory, in the order of its files."""
    return [row for path in sorted((directory / part).glob("*.parquet")) for row in pq.read_table(path).to_pylist()]


def content(directory: Path) -> dict[str, bytes]:
    """Every published file, by its path."""
    return {
        p.relative_to(directory).as_posix(): p.read_bytes()
        for p in sorted(directory.rglob("*"))
        if p.is_file() and p.name != ".lock" and p.relative_to(directory).parts[0] not in ("index", "scores")
    }
