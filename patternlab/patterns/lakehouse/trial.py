"""The worlds of lab 06: corrections, logs with checkpoints, tables with a bad delete, layouts and their questions."""
import itertools
from functools import lru_cache
from random import Random

import pandas as pd

from ...checking.delta import delta_rows
from ...flights import SLICES, minutes, rows
from ...session import workspace

COLUMNS = ("key", "dest", "delay", "revision")
_count = itertools.count(1)


def fresh(name: str) -> str:
    """The path of a table that is not there yet, with a name of its own."""
    return str(workspace(f"lab-06-{name}-{next(_count)}") / "departures")


def arrow(reports):
    """Tuples of COLUMNS as an Arrow table."""
    import pyarrow as pa
    schema = pa.schema({"key": "string", "dest": "string", "delay": "int32", "revision": "int32"})
    return pa.Table.from_pylist([dict(zip(COLUMNS, report)) for report in reports], schema=schema)


def found(table, version=None) -> dict:
    """{key: list of (dest, delay, revision)} of a Delta table, read from its log and files; None for null."""
    made = {}
    for row in delta_rows(table, version).to_dict("records"):
        values = [None if row.get(name) is None or row[name] != row[name] else row[name] for name in COLUMNS[1:]]
        made.setdefault(row["key"], []).append(tuple(values))
    return made


# --- exercise 1: what the table has, and what comes later, in this order
REPORTED = [("F1", "LAX", 0, 0), ("F2", "BOS", 5, 0), ("F3", "ORD", 12, 2), ("F4", "MIA", 3, 0), ("F6", "SFO", 40, 0),
            ("F8", "ATL", 4, 1)]
CORRECTIONS = [("F6", "SFO", 44, 1), ("F1", "LAX", 31, 2), ("F6", "OAK", 45, 3), ("F3", "ORD", 99, 1),
               ("F5", "LAX", 7, 1), ("F1", "LAX", 20, 1), ("F7", "DEN", 8, 1), ("F4", "MIA", None, 1),
               ("F7", "DEN", 9, 2), ("F6", "SFO", 46, 2), ("F8", "ATL", 44, 1)]
CORRECTED = [("F1", "LAX", 31, 2), ("F2", "BOS", 5, 0), ("F3", "ORD", 12, 2), ("F4", "MIA", None, 1),
             ("F5", "LAX", 7, 1), ("F6", "OAK", 45, 3), ("F7", "DEN", 9, 2), ("F8", "ATL", 4, 1)]


def first_reports(name: str, reports=REPORTED) -> str:
    """A Delta table of these reports, in one commit; its path."""
    from deltalake import write_deltalake
    path = fresh(name)
    write_deltalake(path, arrow(reports))
    return path


# --- exercise 2: logs, with the files that each version has
def _name(version: int, checkpoint: bool = False) -> str:
    return f"{version:020}.checkpoint.parquet" if checkpoint else f"{version:020}.json"


def _log(commits: dict, checkpoints: dict = {}) -> dict:
    """Texts such as "+a -b" as actions, by the names of the files that hold them, in an order that helps nobody."""
    texts = {_name(version): text for version, text in commits.items()}
    texts |= {_name(version, True): text for version, text in checkpoints.items()}
    made = {}
    for name in sorted(texts, reverse=True):
        made[name] = [] if "checkpoint" in name else [{"commitInfo": {"operation": "WRITE"}}]
        for word in texts[name].split():
            made[name].append({"add" if word[0] == "+" else "remove": {"path": f"{word[1:]}.parquet"}})
    return made


YOUNG = _log({0: "+a +b", 1: "+c", 2: "-a +d", 3: "-b", 4: "+a -d"})
OLD = _log({4: "+e", 5: "-b +f"}, {3: "+b +c -a"})
TWO = _log({3: "+d", 4: "-a +e", 5: "+f", 6: "-d +g", 7: "-b"}, {2: "+a +b +c", 5: "+b +c +d +e +f -a"})
LOGS = [  # the log, the version, its files, what a wrong answer is told
    (YOUNG, 1, "abc", "Version 1 of a young log is what commits 0 and 1 add, less what they remove."),
    (YOUNG, 3, "cd", "A file is missing that was added and not removed since. Take commits in the order of their "
                     "numbers: the dict has them in any order."),
    (YOUNG, 4, "ac", "A file was removed and added again (RESTORE does that), and it belongs to the table: the last "
                     "word counts, not any word."),
    (OLD, 5, "cef", "This log begins with a checkpoint: older commits are gone, and what they added stands in it."),
    (OLD, 3, "bc", "Asked for version 3, which has a checkpoint and no commit any more: the checkpoint is that "
                   "version."),
    (TWO, 4, "bcde", "Asked for version 4, and there is a checkpoint of version 5: it is newer than what was asked "
                     "for. The one of version 2 is a beginning."),
    (TWO, 7, "cefg", "With two checkpoints and two commits behind them your answer is off."),
]


# --- exercise 3: tables with a bad delete
def damaged() -> list:
    """Tables with a history: (path, the version that deleted by mistake, the rows that a repair leaves)."""
    from deltalake import DeltaTable, write_deltalake
    worlds = []
    for more in (0, 1):
        old = [("A", "LAX", 1, 0), ("B", "BOS", 2, 0), ("C", "BOS", 3, 0), ("D", "BOS", None, 0), ("E", "ORD", 5, 0),
               ("H", "MIA", 8, 0)]
        path = first_reports(f"damaged-{more}", old)
        if more:
            write_deltalake(path, arrow([("Z", "DEN", 26, 0)]), mode="append")
        DeltaTable(path).delete("dest = 'BOS'")
        bad = DeltaTable(path).version()
        write_deltalake(path, arrow([("G", "SFO", 7, 0), ("C", "BOS", 33, 1)]), mode="append")
        DeltaTable(path).delete("key = 'E'")
        DeltaTable(path).update(updates={"delay": "80", "revision": "1"}, predicate="key = 'H'")
        right = [old[0], old[1], ("C", "BOS", 33, 1), old[3], ("G", "SFO", 7, 0), ("H", "MIA", 80, 1)]
        worlds.append((path, bad, right + [("Z", "DEN", 26, 0)] * more))
    return worlds


# --- exercise 4: layouts
FILES, ROWS, BUDGET, ASKED = 16, 1600, 24, ("dest", "carrier", "scheduled")


@lru_cache(maxsize=1)
def _published():
    table = rows("flights", SLICES["week"])
    return table.assign(scheduled=table.time_hour + minutes(table.minute))[list(ASKED)]


def departures(seed: int):
    """A sample of published departures: a pandas frame dest, carrier, scheduled, in order of time."""
    sample = _published().sample(ROWS, random_state=seed)
    return sample.sort_values(["scheduled", "dest", "carrier"], ignore_index=True)


def opened(table, file, seed: int) -> dict:
    """{column: files that a question for one value opens}, a mean of twenty, by least and greatest values."""
    random, found = Random(seed), {}
    for column in ASKED:
        codes = table[column].rank(method="dense").astype(int)
        ends = codes.groupby(file).agg(["min", "max"])
        asked = [codes[random.randrange(len(table))] for _ in range(20)]
        found[column] = sum(int(((ends["min"] <= one) & (one <= ends["max"])).sum()) for one in asked) / len(asked)
    return found
