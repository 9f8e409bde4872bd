"""What rows of any Parquet schema hold, counted by DuckDB in one pass a column: lengths, verdicts, reasons, pass rates, and the values of columns that have few.

No row passes through Python except those of a sample, and no query sorts or collects rows: percentiles come from the counts of each length, a sample from the smallest hashes of row numbers, which
gives the same rows whatever the number of threads. Columns are recognised by name and type, so files of other tools are read as they are.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curate.report.funnel import PASS_RATE_BINS, share
from curate.where import ROWS, condition, connect, explained, quoted

if TYPE_CHECKING:
    import duckdb

TOKENS = re.compile(r"(.+_)?(tokens|token_count|num_tokens|token_length)")
INTEGERS = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"})
TURN_TEXT = ("content", "value", "text")  # what a turn of a conversation calls its text
MEASURED = 16  # text columns whose lengths are measured
FEW_VALUES, SHORT, LOOKED_AT = 20, 60, 2048  # a column has few values when the first rows show no more, all of them short
SHOWN_GROUPS = 50
THREADS = 8
PERCENTILES = (0.5, 0.9, 0.99)


def name_of(column: str) -> str:
    """A column's name as SQL."""
    return quoted(column, '"')


class Rows:
    """The rows of some files of one schema, or of these the rows for which `where` holds. `types` are DuckDB's, by column."""

    def __init__(self, connection: "duckdb.DuckDBPyConnection", files: Sequence[Path], where: str | None) -> None:
        self._connection = connection
        self._files = files
        self._where = where
        self._clause = "" if where is None else f" WHERE {condition(connection, where)}"
        self.types: dict[str, str] = {str(r[0]): str(r[1]) for r in self._all(f"DESCRIBE SELECT * FROM {ROWS}")}
        self._all(
            f"EXPLAIN SELECT 1 FROM {ROWS}{self._clause}"
        )  # a condition that does not fit the columns fails here, before anything is read

    def _all(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with explained(self._where):
            found: list[tuple[Any, ...]] = self._connection.execute(query, list(parameters)).fetchall()
            return found

    def count(self) -> int:
        """How many rows there are."""
        return int(self._all(f"SELECT count(*) FROM {ROWS}{self._clause}")[0][0])

    def counts(self, expression: str, most: int = SHOWN_GROUPS) -> dict[str, int]:
        """How many rows have each value of an SQL expression, the most frequent first; null is the empty text."""
        rows = self._all(
            f"SELECT coalesce(v::VARCHAR, '') AS v, count(*) AS n FROM (SELECT {expression} AS v FROM {ROWS}{self._clause}) GROUP BY ALL ORDER BY n DESC, v LIMIT {most}"
        )
        return {str(value): int(n) for value, n in rows}

    def lengths(self, columns: Sequence[str]) -> list[dict[str, Any]]:
        """Percentiles of the numbers of tokens where columns say it, else of the characters of the text columns."""
        tokens = [(c, "tokens", name_of(c)) for c in columns if self.types[c] in INTEGERS and TOKENS.fullmatch(c.lower())]
        found = []
        for column, unit, expression in tokens or list(self._texts(columns))[:MEASURED]:
            picked = ", ".join(f"min(n) FILTER (up >= {p} * total)" for p in PERCENTILES)
            row = self._all(
                f"WITH h AS (SELECT n, count(*) AS c FROM (SELECT {expression} AS n FROM {ROWS}{self._clause}) WHERE n IS NOT NULL GROUP BY n), "
                f"s AS (SELECT n, sum(c) OVER (ORDER BY n) AS up, sum(c) OVER () AS total FROM h) SELECT any_value(total), {picked}, max(n) FROM s"
            )[0]
            if row[0] is not None:
                found.append(
                    {"column": column, "unit": unit, **{k: int(v) for k, v in zip(("count", "p50", "p90", "p99", "max"), row, strict=True)}}
                )
        return found

    def _texts(self, columns: Sequence[str]) -> Iterator[tuple[str, str, str]]:
        for column in columns:
            kind, name = self.types[column], name_of(column)
            if kind == "VARCHAR":
                yield column, "characters", f"length({name})"
            elif kind == "VARCHAR[]":
                yield column, "characters of each", f"unnest([length(x) for x in {name}])"
            elif kind.startswith("STRUCT(") and kind.endswith("[]"):
                text = next((t for t in TURN_TEXT if re.search(rf'[(, ]"?{t}"? VARCHAR', kind)), None)
                if text:
                    yield column, "characters of all turns", f"list_sum([length(x.{name_of(text)}) for x in {name}])"

    def values(self, columns: Sequence[str]) -> dict[str, dict[str, int]]:
        """The values, with their counts, of the columns that have few and short ones; of a list, those of its items."""
        found = {}
        for column in columns:
            kind, name = self.types[column], name_of(column)
            if kind.removesuffix("[]") not in ("VARCHAR", "BOOLEAN"):
                continue
            item = f"unnest({name})" if kind.endswith("[]") else name
            looked_at, distinct, longest = self._all(
                f"SELECT count(v), count(DISTINCT v), max(length(v::VARCHAR)) FROM (SELECT {item} AS v FROM (SELECT {name} FROM {ROWS}{self._clause} LIMIT {LOOKED_AT}))"
            )[0]
            if 0 < distinct <= FEW_VALUES and longest <= SHORT and (distinct == 1 or 2 * distinct <= looked_at):
                found[column] = self.counts(item)
        return found

    def pass_rates(self) -> list[int] | None:
        """The histogram of a column `pass_rate`, in the bins of a funnel; None where there is none."""
        if self.types.get("pass_rate") not in ("DOUBLE", "FLOAT"):
            return None
        bins = [0] * PASS_RATE_BINS
        bin_of = "CASE WHEN pass_rate <= 0 THEN 0 ELSE least(10, ceil(pass_rate * 10 - 1e-9)) END"
        for label, n in self.counts(f"CASE WHEN pass_rate IS NULL OR isnan(pass_rate) THEN NULL ELSE ({bin_of})::INTEGER END").items():
            if label:
                bins[int(label)] = n
        return bins

    def yields(self, column: str) -> dict[str, dict[str, Any]]:
        """For outcomes, what the prompts of each value of `column` gave, as in a funnel's statistics; for other rows how many there are of each."""
        name = name_of(column)
        if not {"n_sampled", "n_kept", "tokens"} <= set(self.types):
            return {value: {"rows": n} for value, n in self.counts(name).items()}
        query = (
            f"SELECT coalesce({name}::VARCHAR, ''), count(*), sum(n_sampled), sum(n_correct), sum(n_accepted), sum(n_kept), sum(tokens), count(*) FILTER (n_kept > 0) "
            f"FROM {ROWS}{self._clause} GROUP BY ALL ORDER BY 2 DESC, 1 LIMIT {SHOWN_GROUPS}"
        )
        groups = {}
        for value, *counts in self._all(query):
            names = ("prompts", "sampled", "correct", "accepted", "kept", "tokens", "prompts_with_kept")
            g: dict[str, Any] = dict(zip(names, (int(n or 0) for n in counts), strict=True))
            g["yield"], g["coverage"] = share(g["kept"], g["sampled"]), share(g["prompts_with_kept"], g["prompts"])
            g["tokens_per_useful_trace"] = round(g["tokens"] / g["kept"], 1) if g["kept"] else None
            groups[str(value)] = g
        return groups

    def sample(self, n: int, seed: int, columns: Sequence[str]) -> list[dict[str, Any]]:
        """`n` of the rows, the same ones each time for the same seed and files, in the order of the files."""
        files = ", ".join(quoted(os.path.abspath(f)) for f in self._files)
        numbered = "hive_partitioning = false, filename = 'r1_file', file_row_number = true"
        drawn = self._all(
            f"SELECT r1_file, file_row_number FROM read_parquet([{files}], {numbered}){self._clause} "
            f"ORDER BY hash(parse_filename(r1_file), file_row_number, {int(seed)}::BIGINT), 1, 2 LIMIT {int(n)}"
        )
        by_file: dict[str, list[int]] = {}
        for file, row in drawn:
            by_file.setdefault(str(file), []).append(int(row))
        picked = ", ".join(name_of(c) for c in columns)
        found = []
        for file in sorted(by_file):
            wanted = ", ".join(str(row) for row in sorted(by_file[file]))
            rows = self._all(
                f"SELECT {picked} FROM read_parquet([{quoted(file)}], hive_partitioning = false, file_row_number = true) WHERE file_row_number IN ({wanted}) ORDER BY file_row_number"
            )
            found += [dict(zip(columns, row, strict=True)) for row in rows]
        return found


@contextmanager
def opened(files: Sequence[Path], where: str | None = None) -> Iterator[Rows]:
    """The rows of Parquet files of one schema, read by a connection that can open nothing else. Raises UsageError for a `where` that is none, StoreError for what cannot be read."""
    connection = connect(files, threads=min(THREADS, os.cpu_count() or 1))
    try:
        paths = ", ".join(quoted(os.path.abspath(f)) for f in files)
        with explained():  # the files are of one schema, so they need not be matched column by column, which takes four times as long
            connection.execute(f"CREATE VIEW {ROWS} AS SELECT * FROM read_parquet([{paths}], hive_partitioning = false)")
        yield Rows(connection, files, where)
    finally:
        connection.close()


def damage(file: Path) -> str | None:
    """What DuckDB says when every column of a file is read; None where nothing is wrong."""
    import duckdb

    connection = connect([file], threads=1)
    try:
        connection.execute(
            f"SELECT bit_xor(hash(r)) FROM read_parquet({quoted(os.path.abspath(file))}, hive_partitioning = false) AS r"
        ).fetchall()
    except duckdb.Error as error:
        return str(error).strip().splitlines()[0]
    finally:
        connection.close()
    return None


def summary(rows: Rows, columns: Sequence[str]) -> dict[str, Any]:
    """All that is counted from rows, for the given columns."""
    types: Mapping[str, str] = rows.types
    kind = types.get("verdict", "")
    special: dict[str, Callable[[], Any]] = {
        "verdicts": lambda: (
            rows.counts("verdict.status") if kind.startswith("STRUCT(") and re.search(r'[( ]"?status"? VARCHAR', kind) else {}
        ),
        "drop_reasons": lambda: rows.counts("unnest(drop_reasons)") if types.get("drop_reasons") == "VARCHAR[]" else {},
        "pass_rates": rows.pass_rates,
        "sources": lambda: rows.yields("source") if types.get("source") == "VARCHAR" else {},
        "domains": lambda: rows.yields("domain") if types.get("domain") == "VARCHAR" else {},
    }
    told = {name for name, kind in (("source", "VARCHAR"), ("domain", "VARCHAR"), ("drop_reasons", "VARCHAR[]")) if types.get(name) == kind}
    values = rows.values([c for c in columns if c not in told])
    return {
        **{name: measure() for name, measure in special.items()},
        "values": values,
        "lengths": rows.lengths([c for c in columns if c not in values and c not in told]),
    }
