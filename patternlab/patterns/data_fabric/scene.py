"""The world around pattern 14: five tables on a lake and in DuckDB, what to compare, and who holds a tail number."""
import itertools
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow.parquet
from deltalake import DeltaTable

from ... import session
from ...flights import SLICES, dataset, rows
from .truth import REFERENCES

FEBRUARY = SLICES["month"]              # of profiles, always: of one day, origin and hour would look like a key
PUBLISHED = ["flights", "weather", "airlines", "airports", "planes"]


def land(spark, folder, slice) -> pd.DataFrame:
    """The five published tables as Delta tables of an empty schema `fabric` whose folder this is.

    A frame with a row a table: table, rows, columns (their names, as a text).
    """
    session.open_schema(spark, "fabric", folder)

    def write(table):
        spark.read.parquet(dataset(table, slice)).write.format("delta").saveAsTable(table)

    with ThreadPoolExecutor(2) as pool:                   # each write waits for its log a while
        list(pool.map(write, PUBLISHED))
    published = {table: pyarrow.parquet.read_schema(dataset(table, slice)).names for table in PUBLISHED}
    counts = [pyarrow.parquet.read_metadata(dataset(table, slice)).num_rows for table in PUBLISHED]
    return pd.DataFrame({"table": PUBLISHED, "rows": counts, "columns": map(", ".join, published.values())})


def opened():
    """A DuckDB connection with the five published tables of February in it."""
    base = duckdb.connect()
    for table in PUBLISHED:
        base.execute(f"CREATE TABLE {table} AS FROM '{dataset(table, FEBRUARY)}'")
    return base


def reload(base, lake, tables) -> None:
    """Put these Delta tables of the lake (a folder) into the DuckDB connection as they are now."""
    for table in tables:
        now = DeltaTable(str(Path(lake) / table)).to_pandas()
        base.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM now")


def described(base, table) -> pd.DataFrame:
    """What a catalogue knows of a table in DuckDB: a row a column, with table, column, kind, rows (of the table)."""
    found = base.execute(f"DESCRIBE {table}").df()[["column_name", "column_type"]].set_axis(["column", "kind"], axis=1)
    found.insert(0, "table", table)
    return found.assign(rows=base.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def comparable(base, profiles) -> pd.DataFrame:
    """What can be compared: single columns of one kind in two tables, and pairs of columns that two tables have in common.

    profiles  a row a column, with table, column, kind, distinct, key
    returns   a row a pair, with left and right ("table.column" or "table.one+other"), distinct (values on the left), key
              (whether the right side is one), width (1 or 2), same_name, pair ("left = right")
    """
    sides = profiles.merge(profiles, how="cross", suffixes=("", "_right"))
    sides = sides.query("table != table_right and kind == kind_right")
    singles = pd.DataFrame({"left": sides.table + "." + sides.column, "right": sides.table_right + "." + sides.column_right,
                            "distinct": sides.distinct, "key": sides.key_right, "width": 1,
                            "same_name": sides.column == sides.column_right})
    plain = profiles[~profiles.key].groupby("table").column.agg(set)     # a key with another column is one anyway
    doubles = []
    for mine, yours in itertools.permutations(plain.index, 2):
        for both in itertools.combinations(sorted(plain[mine] & plain[yours]), 2):
            names = "+".join(both)
            distinct, key = _count(base, mine, both)[0], _count(base, yours, both)
            doubles.append((f"{mine}.{names}", f"{yours}.{names}", distinct, key[0] == key[1], 2, True))
    found = pd.concat([singles, pd.DataFrame(doubles, columns=singles.columns)], ignore_index=True)
    return found.assign(pair=found.left + " = " + found.right)


def _count(base, table, columns) -> tuple:
    """Different values of these columns together, and rows."""
    return base.execute(f"SELECT count(DISTINCT ({', '.join(columns)})), count(*) FROM {table}").fetchone()


def parts(side: str) -> tuple:
    """(table, columns as SQL lists them): "flights.origin+hour" -> ("flights", "origin, hour")."""
    table, columns = side.split(".")
    return table, columns.replace("+", ", ")


def condition(left: str, right: str) -> tuple:
    """(left table, right table, the condition of their join in SQL, with l and r for the tables)."""
    (mine, own), (yours, other) = parts(left), parts(right)
    return mine, yours, " AND ".join(f"l.{one} = r.{two}" for one, two in zip(own.split(", "), other.split(", ")))


def outdated(profiles, told) -> list:
    """The published tables whose columns are no longer those of the profiles, told being {table: its columns now}."""
    return [table for table in PUBLISHED if list(profiles.column[profiles.table == table]) != told[table]]


def score(ways) -> pd.DataFrame:
    """Precision and recall of {way: frame with a column pair}, against the true references: a row a way."""
    true = {f"{left} = {right}" for left, right in REFERENCES}
    hits = {way: len(true & set(found.pair)) for way, found in ways.items()}
    return pd.DataFrame({"precision": {way: hits[way] / len(found) for way, found in ways.items()},
                         "recall": {way: hits[way] / len(true) for way in ways}})


def between_tables(column_edges) -> set:
    """{(source table, target table)} of {("table.column", "table.column")}, without those within one table."""
    found = {(source.split(".")[0], target.split(".")[0]) for source, target in column_edges}
    return {(source, target) for source, target in found if source != target}


def by_table(tables, columns) -> list:
    """[(table, its columns among these "table.column"s, sorted)], of all tables."""
    mine = {table: [] for table in tables}
    for table, column in sorted(column.split(".") for column in columns):
        mine.get(table, []).append(column)
    return list(mine.items())


def move(path, target) -> str:
    """Move a folder, where there is one; the target, in which it is then (or was already)."""
    if Path(path).exists():
        shutil.rmtree(target, ignore_errors=True)             # what an interrupted cell has left there
        Path(path).rename(target)
    return str(target)


def holding(lake, tables, slice) -> set:
    """{"table.column" of these tables, in whose texts some word is a tail number, of a flight of the slice or of planes}.

    Read by delta-rs from the lake, a folder: neither Spark nor its listener is asked.
    """
    tails = {*rows("flights", slice).tailnum.dropna(), *rows("planes").tailnum}
    found = set()
    for table in tables:
        frame = DeltaTable(str(Path(lake) / table)).to_pandas()
        for name, column in frame.select_dtypes(object).items():
            if any(not tails.isdisjoint(str(value).split()) for value in column.dropna().unique()):
                found.add(f"{table}.{name}")
    return found
