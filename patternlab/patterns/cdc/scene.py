"""The world around pattern 12: the departure board, who writes to it, and when."""
import contextlib
import threading
import time
from datetime import datetime, timedelta
from functools import lru_cache

import pandas as pd
import psycopg2

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


def one_flight(changes: list, length: int = 6) -> list:
    """The changes of the first flight that has `length` of them and is deleted in the end."""
    lives = {}
    for change in changes:
        lives.setdefault(change["key"], []).append(change)
    return next(life for life in lives.values() if len(life) == length and life[-1]["op"] == "delete")


def as_table(changes: list) -> pd.DataFrame:
    """Changes as a frame to look at: op, at, key, estimate, status; of a delete the row that it takes."""
    return pd.DataFrame([{"op": change["op"], "at": change["at"], **{name: change["row"][name] for name in
                          ("key", "estimate", "status")}} for change in changes])


def parts(changes: list, n: int) -> list:
    """The changes in n parts, in order, of about equal length."""
    return [changes[len(changes) * number // n:len(changes) * (number + 1) // n] for number in range(n)]


def untouched(changes: list, at: int) -> str:
    """A flight that is on the board after `at` changes and that no later one touches."""
    there = {change["key"] for change in changes[:at]} - {change["key"] for change in changes[:at] if change["op"] == "delete"}
    return max(there - {change["key"] for change in changes[at:]})


@contextlib.contextmanager
def going_on(dsn: str, changes: list, pace: float = 0.001):
    """Meanwhile the owners write: `play` runs in a thread of its own, and at the end of the block it is waited for."""
    writer = threading.Thread(target=play, args=(dsn, changes), kwargs={"pace": pace})
    writer.start()
    try:
        yield writer
    finally:
        writer.join()


def _time(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")


def _text(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
