"""The world around pattern 12: who writes to the departure board, when, and the programs that are killed there."""
import contextlib
import inspect
import tempfile
import textwrap
import time
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

import pandas as pd
import psycopg2

from ...engines import kernels
from ...engines.programs import Program, killed
from ...flights import days, events

COLUMNS = ("key", "carrier", "flight", "origin", "dest", "scheduled", "estimate", "status", "updated_at")
DAYS = 2                 # a board is an hours' matter: of a longer slice its first two days are played
STEP = timedelta(minutes=15)
UPLOAD = "B6"            # this airline's schedule comes in uploads: one transaction an hour, stamped row by row


# --- the board --------------------------------------------------------------------------------------------------------
def board_changes(slice="day") -> list:
    """Every change of the departure board in the order in which the statements run: a list of dicts.

    `op` is insert, update or delete; `key` the flight; `at` when the statement runs and `commit` when its transaction does
    (ISO texts, UTC); `row` what the row holds after it (COLUMNS; of a delete, before it). From the flights' events: a flight is
    inserted when it is scheduled, gets a new estimate a quarter of an hour on, every quarter of an hour that it has not
    left, says departed or cancelled, and goes 10 (60) minutes later. The estimates are assumed: the published table has the
    last one only. The board stops five hours before the last slot, so that it is full at the end. Of a slice longer than two
    days the first two are played.
    """
    first, last = days(slice)
    return list(_played((first, min(last, first + timedelta(days=DAYS - 1)))))


@lru_cache(maxsize=4)
def _played(span) -> tuple:
    ends = {event["key"]: event for kind in ("departed", "cancelled") for event in events(kind, span)}
    changes = []
    for event in events("scheduled", span):
        changes += _of_a_flight(event, ends[event["key"]])
    stop = max(change["row"]["scheduled"] for change in changes)
    stop = _text(_time(stop) - timedelta(hours=5))
    changes = [change for change in changes if change["at"] < stop]
    return tuple(sorted(changes, key=lambda change: change["at"]))         # stable: a flight's changes keep their order


def _of_a_flight(event: dict, end: dict) -> list:
    slot, gone = _time(event["scheduled"]), _time(end["occurred"])
    row = {"key": event["key"], "carrier": event["carrier"], "flight": event["flight"], "origin": event["origin"],
           "dest": event["dest"], "scheduled": event["scheduled"], "estimate": event["scheduled"], "status": "scheduled"}
    made = [("insert", _time(event["occurred"]), {})]
    if end["kind"] == "departed":
        now = slot
        while now < gone:
            made.append(("update", now, {"estimate": _text(now + STEP), "status": "delayed"}))
            now += STEP
        made.append(("update", gone, {"estimate": _text(gone), "status": "departed"}))
        made.append(("delete", gone + timedelta(minutes=10), {}))
    else:
        made.append(("update", gone, {"status": "cancelled"}))
        made.append(("delete", gone + timedelta(minutes=60), {}))
    changes = []
    for op, at, new in made:
        row = {**row, **new, "updated_at": _text(at) if op != "delete" else row["updated_at"]}
        slow = op == "insert" and event["carrier"] == UPLOAD
        commit = at.replace(minute=0) + timedelta(hours=1) if slow else at
        changes.append({"op": op, "key": row["key"], "at": _text(at), "commit": _text(commit), "row": row})
    return changes


def play(dsn: str, changes: list, tick=None, every: int = 30, table: str = "departure_board", pace: float = 0) -> float:
    """Run the changes against `table`, one transaction each (an upload: one an hour); returns the seconds it took.

    `tick(at)` is called every `every` minutes of the board's own clock, before anything of that minute. `pace` are seconds
    of rest after each statement, for a writer that others shall overtake.
    """
    began = time.perf_counter()
    connections = {}

    def cursor(commit):
        if commit not in connections:
            connections[commit] = psycopg2.connect(dsn)
            connections[commit].autocommit = commit == ""
        return connections[commit].cursor()
    try:
        for kind, what in schedule(changes, every if tick else None):
            if kind == "tick":
                tick(what)
            elif kind == "commit":
                connections.pop(what).commit()
            else:
                open_until = what["commit"] if what["commit"] != what["at"] else ""
                cursor(open_until).execute(*_statement(table, what))
                time.sleep(pace)
    finally:
        for connection in connections.values():
            connection.close()
    return time.perf_counter() - began


def schedule(changes: list, every: "int | None" = None):
    """What happens in which order: ("tick", time), ("commit", time of an upload), ("change", change)."""
    ticks = _time(changes[0]["at"]).replace(minute=0) if changes else None
    waiting = []
    for change in changes:
        while every and ticks <= _time(change["at"]) or waiting and waiting[0] <= change["at"]:
            if waiting and waiting[0] <= change["at"] and not (every and _text(ticks) <= waiting[0]):
                yield "commit", waiting.pop(0)
            else:
                yield "tick", _text(ticks)
                ticks += timedelta(minutes=every)
        if change["commit"] != change["at"] and change["commit"] not in waiting:
            waiting = sorted([*waiting, change["commit"]])
        yield "change", change
    yield from (("commit", commit) for commit in waiting)
    if every and changes:
        yield "tick", _text(ticks)


def _statement(table: str, change: dict) -> tuple:
    row = change["row"]
    if change["op"] == "insert":
        return (f"insert into {table} ({', '.join(COLUMNS)}) values ({', '.join(['%s'] * len(COLUMNS))})",
                [row[name] for name in COLUMNS])
    if change["op"] == "update":
        return (f"update {table} set estimate = %s, status = %s, updated_at = %s where key = %s",
                [row["estimate"], row["status"], row["updated_at"], row["key"]])
    return f"delete from {table} where key = %s", [row["key"]]


def settled(name: str, seconds: float = 60) -> int:
    """Wait until Connect has stored that all that is committed now is in the connector's topics; the log position, a number.

    It writes marks into the log until one of them, or something later, is stored. TimeoutError after `seconds`.
    """
    from ... import connect, postgres
    marks, give_up = [], time.monotonic() + seconds
    connection = psycopg2.connect(postgres().dsn)
    connection.autocommit = True
    with contextlib.closing(connection), connection.cursor() as cursor:
        while time.monotonic() < give_up:
            cursor.execute("select pg_logical_emit_message(true, 'mark', '') - '0/0'")
            marks.append(int(cursor.fetchone()[0]))
            stored = connect().offsets(name)
            if stored.get("lsn", 0) >= marks[0] and not stored.get("snapshot"):
                return marks[0]
            time.sleep(0.1)
    raise TimeoutError(f"The connector {name} has not stored position {marks[0]:,} within {seconds:.0f} s. "
                       f"Look at connect().status({name!r}).")


def enlarged(dsn: str, board: pd.DataFrame, folder: Path, rows: int = 300_000) -> tuple:
    """The board many times over, in two shapes: the PostgreSQL table `archive`, and Parquet files as an Arrow dataset.

    Columns: key ("flight/number"), carrier, dest, status, slip (seconds). Returns (dataset, rows).
    """
    import pyarrow as pa
    import pyarrow.dataset as ds
    times = max(1, rows // len(board))
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("""create table archive as select key || '/' || n as key, carrier, dest, status,
            extract(epoch from estimate - scheduled)::int as slip from departure_board cross join generate_series(1, %s) n""",
                       (times,))
        cursor.execute("alter table archive add primary key (key); analyze archive")
    part = board[["key", "carrier", "dest", "status"]].assign(slip=(board.estimate - board.scheduled).dt.total_seconds())
    many = pd.concat([part.assign(key=part.key + f"/{n}") for n in range(1, times + 1)])
    ds.write_dataset(pa.Table.from_pandas(many, preserve_index=False), folder, format="parquet",
                     existing_data_behavior="delete_matching")
    return ds.dataset(folder, format="parquet"), len(many)


_AT_WORK = """def at_work(handle):
    def noted(*batch):
        print("at work", flush=True)
        handle(*batch)
    return noted"""


def run_elsewhere(call: str, *functions) -> Program:
    """Start a Python with a Spark session `spark` of its own on this kernel's engines; it waits for `killed_elsewhere`.

    Then it does `call` again and again. `functions` are the notebook's own: their source is taken. Before them stand F, Window,
    DeltaTable, kafka, and at_work(handle): the handle, which says that a batch has begun. It ends when this kernel does.
    """
    from ... import kafka
    lines = ["from pyspark.sql import functions as F, Window", "from delta.tables import DeltaTable",
             "from patternlab import kafka, spark_session", _AT_WORK,
             *(textwrap.dedent(inspect.getsource(function)) for function in functions),
             "spark = spark_session('12 elsewhere')", "input()", f"while True: {call}"]
    file = Path(tempfile.mkdtemp(prefix="elsewhere-", dir=kernels.run_folder())) / "elsewhere.py"
    file.write_text("\n".join(lines), encoding="utf-8")
    return Program(file, PATTERNLAB_KAFKA=kafka().bootstrap, PATTERNLAB_STACK="embedded", PATTERNLAB_SPARK_MASTER="local[2]")


def killed_elsewhere(program: Program, rest: float) -> bool:
    """Let the program of `run_elsewhere` do its call; SIGKILL to it and its JVM `rest` seconds after its first batch began.

    True if there was a JVM to kill. RuntimeError, with its words, if it ended by itself or did not get to work in two minutes.
    """
    program.stdin.write(b"\n")
    program.stdin.flush()
    at_work, members = [], []

    def due():
        if not at_work and "at work" in program.log.read_text(errors="replace"):
            at_work.append(time.monotonic())
            members.extend(kernels.family(program.pid))
        return bool(at_work) and time.monotonic() >= at_work[0] + rest
    return killed(program, when=due) == -9 and len(members) > 1


def _time(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")


def _text(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
