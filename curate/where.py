"""DuckDB as the reader of other people's rows: a locked connection, and the `--where` expression that is the same everywhere.

A `--where` comes from a command line, but also from a recipe that somebody else wrote, so it is held twice. The connection reads exactly the Parquet files it was opened with:
external access is off, extensions are neither installed nor loaded, Python variables are not visible and the configuration is locked. DuckDB lets a statement *write* to an allowed path,
therefore the expression is parsed first and must be one condition and nothing else: no second statement, no clause after it, no brackets that close ours.

Not covered: an expression may be slow, and may read the allowed files in any way it likes. Memory is bounded by DuckDB's limit; what does not fit spills to `temporary`, or fails.
"""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curate.errors import StoreError, UsageError

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    import pyarrow as pa

ROWS = "rows"
MEMORY = "1GB"
ROWWISE_REFUSED = {"SUBQUERY": "a subquery", "WINDOW": "a window function"}  # need all rows at once


def quoted(text: str, mark: str = "'") -> str:
    """`text` as an SQL string (mark `'`) or identifier (mark `\"`)."""
    return mark + text.replace(mark, mark + mark) + mark


def first_line(error: BaseException) -> str:
    """The first line of DuckDB's message, which is the sentence; the others point into SQL that the user did not write."""
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


def connect(
    paths: Sequence[str | os.PathLike[str]] = (),
    *,
    temporary: str | os.PathLike[str] | None = None,
    memory: str = MEMORY,
    threads: int | None = None,
) -> "duckdb.DuckDBPyConnection":
    """A connection that can read the files `paths` (files, not directories) and nothing else, with its configuration locked.

    `temporary` is a directory to spill to (None: never spill), `memory` DuckDB's limit, `threads` its threads (None: as many as there are cores).
    The caller closes it. Arrow tables can be registered, views made, relations used; what a user wrote goes through `condition` before it becomes part of a statement.
    """
    import duckdb

    connection = duckdb.connect(
        ":memory:",
        config={
            "memory_limit": memory,
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            **({} if threads is None else {"threads": str(threads)}),
        },
    )
    allowed = ", ".join(quoted(os.path.abspath(p)) for p in paths)
    for setting in (
        "python_enable_replacements = false",
        f"temp_directory = {quoted('' if temporary is None else os.path.abspath(temporary))}",
        f"allowed_paths = [{allowed}]",
        "enable_external_access = false",
        "lock_configuration = true",
    ):
        connection.execute(f"SET {setting}")
    return connection


def view(connection: "duckdb.DuckDBPyConnection", paths: Sequence[str | os.PathLike[str]], name: str = ROWS) -> None:
    """Make the view `name` over Parquet files that the connection was opened with. Columns are matched by name. Raises StoreError for a file that is no Parquet file."""
    files = ", ".join(quoted(os.path.abspath(p)) for p in paths)
    options = f"hive_partitioning = false, union_by_name = {str(len(paths) > 1).lower()}"
    with explained():
        connection.execute(f"CREATE OR REPLACE VIEW {quoted(name, chr(34))} AS SELECT * FROM read_parquet([{files}], {options})")


def _parsed(connection: "duckdb.DuckDBPyConnection", statement: str) -> dict[str, Any]:
    row = connection.execute("SELECT json_serialize_sql(?)", [statement]).fetchall()[0]
    parsed: dict[str, Any] = json.loads(row[0])
    return parsed


def _classes(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("class"), str):
            yield node["class"]
        node = list(node.values())
    if isinstance(node, list):
        for part in node:
            yield from _classes(part)


# Everything around the condition, as the parser reads it: a statement whose frame differs from this one's holds more than a condition.
def _frame(parsed: dict[str, Any]) -> Any:
    if len(parsed["statements"]) != 1:
        return None
    return {name: part for name, part in parsed["statements"][0]["node"].items() if name != "where_clause"}


def condition(connection: "duckdb.DuckDBPyConnection", expression: str, *, rowwise: bool = False) -> str:
    """`expression` in brackets, ready to stand after WHERE, once it is known to be one condition and nothing else.

    `rowwise` also refuses what needs all rows at once, for callers that filter batch by batch. Raises UsageError with the parser's sentence.
    """
    import duckdb

    bracketed = f"(\n{expression}\n)"  # the line breaks keep a trailing comment from swallowing the bracket
    try:
        parsed = _parsed(connection, f"SELECT * FROM {ROWS} WHERE {bracketed}")
    except RecursionError as error:
        raise UsageError("--where is nested too deeply: write a shorter condition") from error
    except duckdb.Error as error:  # an argument of the command line that was not UTF-8
        raise UsageError(f"--where {expression!r} is no SQL condition: {first_line(error)}") from error
    if parsed["error"]:
        raise UsageError(f"--where {expression!r} is no SQL condition: {parsed['error_message']}")
    if not expression.strip() or _frame(parsed) != _frame(_parsed(connection, f"SELECT * FROM {ROWS} WHERE (\ntrue\n)")):
        raise UsageError(f"--where {expression!r} is no SQL condition: it must be one expression that is true or false for a row")
    if rowwise:
        for name in _classes(parsed):
            if name in ROWWISE_REFUSED:
                raise UsageError(
                    f"--where cannot hold {ROWWISE_REFUSED[name]} here, since the rows are read one after another: convert to Parquet first"
                )
    return bracketed


@contextmanager
def explained(expression: str | None = None) -> Iterator[None]:
    """Turn what DuckDB raises while a query runs into a sentence: a fault of the expression into UsageError, one of a file into StoreError."""
    import duckdb

    try:
        yield
    except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
        raise StoreError(f"rows cannot be read: {first_line(error)}") from error
    except duckdb.Error as error:
        if expression is None:
            raise StoreError(f"rows cannot be read: {first_line(error)}") from error
        raise UsageError(f"--where {expression!r} does not work on these rows: {first_line(error)}") from error


def select(
    connection: "duckdb.DuckDBPyConnection", where: str | None = None, *, columns: str = "*", table: str = ROWS, rows_per_batch: int = 1024
) -> "pa.RecordBatchReader":
    """The rows of `table` for which `where` holds, in the order of the files, as a stream of record batches. `columns` is SQL of ours, never of the user's."""
    clause = "" if where is None else f" WHERE {condition(connection, where)}"
    with explained(where):
        return connection.sql(f"SELECT {columns} FROM {quoted(table, chr(34))}{clause}").to_arrow_reader(rows_per_batch)


def matching(connection: "duckdb.DuckDBPyConnection", batch: "pa.Table", where: str) -> list[bool]:
    """For each row of an Arrow table whether `where` holds; null counts as no. The rows themselves do not pass through DuckDB, so no type changes."""
    bracketed = condition(connection, where, rowwise=True)
    connection.register(ROWS, batch)
    try:
        with explained(where):
            found = connection.execute(f"SELECT coalesce({bracketed}, false) FROM {ROWS}").fetchall()
    finally:
        connection.unregister(ROWS)
    return [bool(row[0]) for row in found]


def parquet_files(directory: Path) -> list[Path]:
    """The Parquet files below a directory, sorted by path; hidden files and those being written (names that begin with `.` or `_`) are left out."""
    return sorted(p for p in directory.rglob("*.parquet") if p.is_file() and is_visible_parquet(p.relative_to(directory).as_posix()))


def is_visible_parquet(name: str) -> bool:
    """Whether a name below a directory is that of a Parquet file that is neither hidden nor being written."""
    return name.endswith(".parquet") and not any(part.startswith((".", "_")) for part in name.split("/"))


def positions(paths: Sequence[Path], where: str, *, temporary: Path | None = None) -> "dict[Path, np.ndarray[Any, np.dtype[np.int64]]]":
    """For each Parquet file the numbers, from 0 and ascending, of the rows for which `where` holds.

    Only numbers leave DuckDB, eight bytes a row: the rows are read by whoever wants them, with whatever care they need. The expression sees all files as one table.
    """
    import numpy as np

    connection = connect(paths, temporary=temporary)
    names = [os.path.abspath(p) for p in paths]
    try:
        options = f"filename = '_r1_curate_file', file_row_number = true, hive_partitioning = false, union_by_name = {str(len(paths) > 1).lower()}"
        with explained():
            connection.execute(f"CREATE VIEW {ROWS} AS SELECT * FROM read_parquet([{', '.join(map(quoted, names))}], {options})")
            connection.execute("CREATE TABLE _r1_curate_files (_r1_curate_file VARCHAR, file_index INTEGER)")
            connection.executemany("INSERT INTO _r1_curate_files VALUES (?, ?)", list(zip(names, range(len(names)), strict=True)))
        with explained(where):
            result = connection.execute(
                f"SELECT file_index, file_row_number FROM (SELECT _r1_curate_file, file_row_number FROM {ROWS} WHERE {condition(connection, where)})"
                " JOIN _r1_curate_files USING (_r1_curate_file)"
            ).fetchnumpy()
    finally:
        connection.close()
    files, numbers = (np.asarray(result[name], dtype=np.int64) for name in ("file_index", "file_row_number"))
    return {path: np.sort(numbers[files == i]) for i, path in enumerate(paths)}
