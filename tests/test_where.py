"""The locked connection and the `--where` expression."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.errors import StoreError, UsageError
from curate.where import condition, connect, explained, matching, parquet_files, positions, select, view


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"x": [1, 2, 3, None], "s": ["a", "b", "it's", None]}), path)
    return path


def rows(path: Path, where: str | None) -> list[int | None]:
    connection = connect([path])
    try:
        view(connection, [path])
        return select(connection, where, columns="x").read_all()["x"].to_pylist()  # type: ignore[no-any-return]
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (None, [1, 2, 3, None]),
        ("x >= 2", [2, 3]),
        ("x >= 2 -- and a comment", [2, 3]),
        ("s = 'it''s'", [3]),
        ("x in (select max(x) from rows)", [3]),
        ("x between 1 and 2 or s is null", [1, 2, None]),
    ],
)
def test_conditions_pick_rows(file: Path, where: str | None, expected: list[int | None]) -> None:
    assert rows(file, where) == expected


@pytest.mark.parametrize(
    "where",
    [
        "x = 1; DROP VIEW rows",
        "true) UNION ALL SELECT * FROM rows WHERE (true",
        "true) ORDER BY (x",
        "true) LIMIT (1",
        "true) GROUP BY ALL HAVING (true",
        "x = 1 LIMIT 1",
        "",
        "  ",
        "-- nothing",
        "COPY rows TO 'out.csv'",
        "ATTACH 'a.db'",
        "INSTALL httpfs",
        "x in (select x from read_csv('/etc/passwd'))",
        "s = (select content from read_text('/etc/passwd'))",
        "exists (from '/etc/passwd')",
        "exists (from glob('/etc/*'))",
        "exists (from duckdb_secrets())",
        "nosuch = 1",
        "x = ?",
        "sum(x) > 1",
        "x = 'word'",
        "s = '\udcff'",
    ],
)
def test_what_is_no_condition_or_reaches_outside_is_a_usage_error(file: Path, where: str) -> None:
    with pytest.raises(UsageError, match="--where"):
        rows(file, where)
    assert rows(file, None) == [1, 2, 3, None]


@pytest.mark.parametrize(
    "statement",
    [
        "SET threads = 1",
        "RESET lock_configuration",
        "LOAD httpfs",
        "COPY (SELECT 1) TO '{dir}/out.csv'",
        "ATTACH '{dir}/new.db'",
        "EXPORT DATABASE '{dir}/out'",
        "SELECT * FROM read_parquet('{dir}/other.parquet')",
        "SELECT * FROM read_text('/etc/passwd')",
    ],
)
def test_the_connection_itself_is_locked(file: Path, statement: str) -> None:
    import duckdb

    pq.write_table(pa.table({"x": [1]}), file.with_name("other.parquet"))
    before = sorted(p.name for p in file.parent.iterdir())
    connection = connect([file])
    with pytest.raises(duckdb.Error):
        connection.execute(statement.format(dir=file.parent))
    connection.close()
    assert sorted(p.name for p in file.parent.iterdir()) == before


def test_python_variables_are_not_tables(file: Path) -> None:
    secret = pa.table({"x": [1]})
    with pytest.raises(UsageError, match="secret"):
        rows(file, "exists (from secret)")
    assert secret.num_rows == 1


def test_a_condition_for_single_rows_holds_no_subquery() -> None:
    connection = connect()
    with pytest.raises(UsageError, match="subquery"):
        condition(connection, "x in (select 1)", rowwise=True)
    assert matching(connection, pa.table({"x": [1, None, 3]}), "x > 1") == [False, False, True]
    connection.close()


def test_names_of_files_are_not_patterns_or_sql(tmp_path: Path) -> None:
    path = tmp_path / "we[ir]d*'q.parquet"
    pq.write_table(pa.table({"x": [5]}), path)
    pq.write_table(pa.table({"x": [6]}), tmp_path / "weid-q.parquet")
    assert rows(path, None) == [5]


def test_a_file_that_is_no_parquet_is_named(tmp_path: Path) -> None:
    path = tmp_path / "no.parquet"
    path.write_text("nothing")
    with pytest.raises(StoreError, match=r"no\.parquet"):
        positions([path], "x = 1")
    with pytest.raises(StoreError, match=r"no\.parquet"):
        rows(path, None)


def test_positions_are_those_of_the_rows_in_each_file(tmp_path: Path) -> None:
    paths = [tmp_path / f"{i}.parquet" for i in range(3)]
    for i, path in enumerate(paths):
        pq.write_table(pa.table({"x": list(range(5000)), "i": [i] * 5000, **({"y": [1] * 5000} if i else {})}), path, row_group_size=700)
    found = positions(paths, "x % 1000 = i or x > (select max(x) - 1 from rows)")
    assert [found[p].tolist() for p in paths] == [
        [0, 1000, 2000, 3000, 4000, 4999],
        [1, 1001, 2001, 3001, 4001, 4999],
        [2, 1002, 2002, 3002, 4002, 4999],
    ]
    with pytest.raises(UsageError, match="--where"):
        positions(paths, "z = 1")


def test_an_error_without_an_expression_is_about_the_file() -> None:
    import duckdb

    with pytest.raises(StoreError, match="cannot be read"), explained():
        raise duckdb.IOException("no such thing\nLINE 1")


def test_hidden_and_unfinished_files_are_left_out(tmp_path: Path) -> None:
    for name in ("kept/a.parquet", ".hidden/b.parquet", "kept/_tmp.parquet", "kept/.c.parquet"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        pq.write_table(pa.table({"x": [1]}), tmp_path / name)
    assert parquet_files(tmp_path) == [tmp_path / "kept/a.parquet"]


@settings(max_examples=60)
@given(st.text(max_size=40))
def test_any_text_is_a_condition_or_a_usage_error(text: str) -> None:
    connection = connect()
    try:
        found = condition(connection, text)
    except UsageError:
        return
    finally:
        connection.close()
    assert found == f"(\n{text}\n)"
