"""Prompts into one sorted file."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.errors import SourceError, StoreError
from curate.ingest import ids, ingest, read_prompts
from curate.records import PROMPTS, Prompt, canonical_json, make_prompt, prompt_row


class Toy:
    """A source of given prompts that counts how often it was read."""

    def __init__(self, prompts: Sequence[Prompt], name: str = "toy", skipped: Mapping[str, int] | None = None) -> None:
        self.prompts = prompts
        self.name = name
        self.revision: str | None = None
        self.skipped = skipped or {}
        self.read = 0

    def fingerprint(self) -> str:
        return self.name

    def __iter__(self) -> Iterator[Prompt]:
        self.read += 1
        return iter(self.prompts)


def prompts_of(n: int, start: int = 0) -> list[Prompt]:
    return [
        make_prompt(f"question {i} é", verifier="math" if i % 2 else None, gold=str(i) if i % 2 else None, source_id=str(i))
        for i in range(start, start + n)
    ]


def described(schema: pa.Schema) -> list[object]:
    """All that a schema says, but for the name that Parquet gives to the items of a list."""
    return [schema.metadata, *((f.name, str(f.type).replace("element", "item"), f.nullable, f.metadata) for f in schema)]


def test_the_file_is_sorted_and_has_the_schema_of_prompts(tmp_path: Path) -> None:
    prompts = prompts_of(5300)
    found = ingest(Toy(prompts), tmp_path / "work")
    with pq.ParquetFile(found.path) as file:
        assert described(file.schema_arrow) == described(PROMPTS)
        assert [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)] == [1000] * 5 + [300]
    assert list(read_prompts(found.path)) == sorted(prompts, key=lambda p: p.id)
    assert ids(found.path).to_pylist() == sorted(p.id for p in prompts)
    assert (found.count, found.duplicates, found.skipped) == (5300, 0, {})
    assert [p.name for p in (tmp_path / "work").iterdir()] == [found.path.name]


def test_a_range_of_ids_is_read_without_the_rest(tmp_path: Path) -> None:
    found = ingest(Toy(prompts_of(4000)), tmp_path)
    names = ids(found.path).to_pylist()
    for lo, hi in [(0, 10), (990, 1010), (1000, 2000), (3999, 4000), (17, 17)]:
        upper = names[hi] if hi < len(names) else None
        assert [p.id for p in read_prompts(found.path, names[lo], upper)] == names[lo:hi]
    assert [p.id for p in read_prompts(found.path, None, names[3])] == names[:3]
    assert [p.id for p in read_prompts(found.path, "8", "9")] == [n for n in names if n.startswith("8")]


def test_what_exists_is_used_again_and_what_is_old_is_removed(tmp_path: Path) -> None:
    source = Toy(prompts_of(10), skipped={"no gold": 3, "none": 0})
    first = ingest(source, tmp_path)
    assert ingest(source, tmp_path) == first
    assert source.read == 1
    assert first.skipped == {"no gold": 3}
    other = ingest(Toy(prompts_of(5), name="other"), tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == [other.path.name]


def test_a_file_that_was_cut_off_is_made_again(tmp_path: Path) -> None:
    source = Toy(prompts_of(10))
    first = ingest(source, tmp_path)
    whole = first.path.read_bytes()
    first.path.write_bytes(whole[:-20])
    assert ingest(source, tmp_path) == first
    assert first.path.read_bytes() == whole
    assert source.read == 2


@settings(max_examples=15)
@given(st.data())
def test_neither_order_nor_duplicates_change_the_bytes(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    variants = [make_prompt(f"q{i % 7}", verifier="math", gold="1", source=f"s{i % 3}", meta=json.dumps({"i": i % 5})) for i in range(60)]
    shuffled = data.draw(st.permutations(variants))
    one, two = (ingest(Toy(v), tmp_path_factory.mktemp("ingest")) for v in (variants, shuffled))
    assert one.path.read_bytes() == two.path.read_bytes()
    assert (one.count, one.duplicates) == (7, 53)
    for prompt in read_prompts(one.path):
        assert canonical_json(prompt_row(prompt)) == min(canonical_json(prompt_row(v)) for v in variants if v.id == prompt.id)


def test_duplicates_across_batches_are_one(tmp_path: Path) -> None:
    prompts = prompts_of(1500)
    found = ingest(Toy([*prompts, *[make_prompt("same", source_id=str(i)) for i in range(2500)], *prompts]), tmp_path)
    assert (found.count, found.duplicates) == (1501, 3999)
    assert [p.source_id for p in read_prompts(found.path) if p.messages[0].content == "same"] == ["0"]


def test_more_than_one_run_gives_the_same_bytes_in_any_order(tmp_path: Path) -> None:
    prompts = [make_prompt("x" * 1_500_000 + str(i % 50), source_id=str(i)) for i in range(60)]  # 90 MB
    one, two = ingest(Toy(prompts), tmp_path / "one"), ingest(Toy(prompts[::-1]), tmp_path / "two")
    assert (one.count, one.duplicates) == (50, 10)
    assert one.path.read_bytes() == two.path.read_bytes()
    with pq.ParquetFile(one.path) as file:
        assert file.num_row_groups >= 2  # large prompts make small row groups
    assert sorted(p.source_id or "" for p in read_prompts(one.path)) == sorted(
        min(str(i), str(i + 50)) if i < 10 else str(i) for i in range(50)
    )


def test_no_prompts_is_a_sentence_with_what_was_skipped(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"toy gave no prompts \(4 rows skipped: no gold\)"):
        ingest(Toy([], skipped={"no gold": 4}), tmp_path / "work")
    assert list((tmp_path / "work").iterdir()) == []


def test_text_that_cannot_be_stored_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="a prompt of toy cannot be stored"):
        ingest(Toy([make_prompt("half \ud800")]), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_source_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    class Failing(Toy):
        def __iter__(self) -> Iterator[Prompt]:
            yield from prompts_of(700)
            raise SourceError("line 701 is torn")

    with pytest.raises(SourceError, match="torn"):
        ingest(Failing([]), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_and_a_file_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot write prompts to"):
        ingest(Toy(prompts_of(3)), tmp_path / "file")
    with pytest.raises(StoreError, match="cannot read"):
        next(read_prompts(tmp_path / "file"))
    with pytest.raises(StoreError, match="cannot read"):
        ids(tmp_path / "none.parquet")


@pytest.mark.slow
def test_many_prompts_are_sorted_in_bounded_memory(tmp_path: Path) -> None:
    import subprocess
    import sys

    script = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parents[1])!r})
from pathlib import Path
from curate.ingest import ingest, ids
from curate.records import make_prompt
class Many:
    name, revision, skipped = "many", None, {{}}
    def fingerprint(self): return "many"
    def __iter__(self): return (make_prompt(f"{{i}} " + "word " * 400, verifier="math", gold=str(i)) for i in range(600_000))
found = ingest(Many(), Path({str(tmp_path)!r}))
assert len(ids(found.path)) == found.count == 600_000
print(next(int(line.split()[1]) // 1024 for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""
    # not ru_maxrss, which begins with that of the process that started this one
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert int(said) < 700  # MB; the prompts are 1.2 GB
