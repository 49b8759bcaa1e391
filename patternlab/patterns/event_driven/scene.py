"""The world around pattern 11: one day's facts, numbered flight by flight, and the moments at which somebody looks."""
import contextlib
import json
import threading
import time
from collections import Counter
from datetime import date

import numpy as np
import pandas as pd
import psycopg2
from psycopg2.extensions import AsIs, register_adapter
from psycopg2.extras import Json, RealDictCursor

from ...flights import KINDS, days, events, rows
from ...session import postgres

register_adapter(dict, Json)                           # a dict is a value of a jsonb column,
register_adapter(np.int64, AsIs)                       # and a number of a frame is a number

BODY = ("carrier", "origin", "dest")
TABLES = """
    create table counts (kind text primary key, flights int);
    create table relayed as select 0::bigint as position;
    create table board (key text primary key, version int, status text);
    create table snapshots (position bigint primary key, states jsonb);
    create table places (part int primary key, next bigint);
    create table notified (key text, version int, primary key (key, version))"""


def storm_day(slice="month") -> tuple:
    """The day of the slice with the most cancelled flights (the first of several), as a pair of dates: itself a slice."""
    first, last = days(slice)
    flights = rows("flights", (first, last))
    cancelled = flights.dep_time.isna().groupby([flights.month, flights.day]).sum()
    day = date(2013, *map(int, cancelled.idxmax())) if len(cancelled) else first
    return day, day


def facts(slice) -> list:
    """What happened to the flights of a slice, in the order in which it happened: a list of dicts.

    key (the flight: one stream of events each), version (1, 2, 3 within a flight), kind, occurred (ISO text, UTC), arrival (as
    occurred: the faults need it) and body, a dict of carrier, origin, dest and delay (minutes, of what departed or arrived).
    """
    seen, found = Counter(), []
    for event in events("lifecycle", slice):
        seen[event["key"]] += 1
        delay = event.get("dep_delay", event.get("arr_delay"))
        found.append({"key": event["key"], "version": seen[event["key"]], "kind": event["kind"],
                      "occurred": event["occurred"], "arrival": event["occurred"],
                      "body": {**{name: event[name] for name in BODY}, "delay": delay}})
    return found


def two_lives(day_facts: list) -> list:
    """The facts of two flights, in order: one that arrived, and one that was cancelled (if none was, another that arrived)."""
    ends = {fact["key"]: fact["kind"] for fact in day_facts}
    flown = [key for key, end in ends.items() if end == "arrived"]
    cancelled = [key for key, end in ends.items() if end == "cancelled"]
    chosen = {*flown[:1], *(cancelled or flown[1:])[:1]}
    return [fact for fact in day_facts if fact["key"] in chosen]


def parts(day_facts: list, n: int) -> dict:
    """The facts in n parts of about equal length, {moment before which its facts happened: facts}; the last moment is None."""
    cuts = [day_facts[len(day_facts) * number // n]["occurred"] for number in range(1, n)]
    found, begin = {}, ""
    for cut in [*cuts, None]:
        found[cut] = [fact for fact in day_facts if begin <= fact["occurred"] and (cut is None or fact["occurred"] < cut)]
        begin = cut
    return found


def desk_at(store):
    """An empty database, but for the tables that this lesson's readers keep (not the events): a connection to it.

    Whoever waits there ten seconds for a lock, which a cell that was interrupted may hold, is told so.
    """
    store.empty()
    store.sql(f"alter database \"{store.database}\" set lock_timeout = '10s'")
    store.sql(TABLES)
    return psycopg2.connect(store.dsn)


def rows_of(desk, query: str, *values) -> list:
    """The rows of a query on an open connection, as dicts. (`store.sql` makes a connection each time, and that takes longer.)"""
    with desk, desk.cursor(cursor_factory=RealDictCursor) as cursor:
        cursor.execute(query, values)
        return cursor.fetchall()


def newest_snapshot(desk, cut: int) -> tuple:
    """Position and states of the newest snapshot up to the cut; position 0 and no states where there is none."""
    [newest] = rows_of(desk, """select position, states from snapshots where position <= %s
        union all select 0, '{}' order by position desc limit 1""", cut)
    return newest["position"], newest["states"]


def cancelled(some_facts: list) -> list:
    """Those of the facts that are cancellations."""
    return [fact for fact in some_facts if fact["kind"] == "cancelled"]


def told(bus, day_facts: list) -> list:
    """The facts over a topic of their own, made anew: what its reader gets, in order."""
    bus.feed("told", day_facts)
    return [json.loads(text) for text in bus.peek("told", len(day_facts)).value]


def as_message(event: dict) -> bytes:
    """An event as JSON; what JSON has no form for, such as a moment, as text."""
    return json.dumps(event, default=str).encode()


def as_board(states: dict) -> pd.DataFrame:
    """A fold's states, {key: state}, as rows of key and status."""
    return pd.DataFrame([(key, state["status"]) for key, state in states.items()], columns=["key", "status"])


def tally(states: dict) -> pd.Series:
    """How many flights of a fold's states have each status."""
    return as_board(states).groupby("status").size().rename("flights")


def differing(board: pd.DataFrame, right: pd.DataFrame) -> int:
    """How many flights have another status on one board (key, status) than on the other, or are on one of them only."""
    both = board.merge(right, on="key", how="outer")
    return int((both.status_x.fillna("") != both.status_y.fillna("")).sum())


def over_time(events: list) -> pd.DataFrame:
    """How many flights wait, are in the air, have landed (arrived or were diverted) and are cancelled, by moment.

    From events with occurred and kind. The index is in hours since the midnight (UTC) before the first flight that leaves or is
    cancelled, where it begins.
    """
    events = pd.DataFrame(events)
    count = pd.crosstab(events.occurred, events.kind).cumsum().reindex(columns=KINDS, fill_value=0)
    count = count[count.departed + count.cancelled > 0]
    count.index = (count.index - count.index[0].floor("D")) / pd.Timedelta(hours=1)
    landed = count.arrived + count.diverted
    return pd.DataFrame({"waiting": count.scheduled - count.departed - count.cancelled, "landed": landed,
                         "in the air": count.departed - landed, "cancelled": count.cancelled})


def refusal(function, *args) -> str:
    """What `function(*args)` says when it refuses; "done" where it does not."""
    try:
        function(*args)
    except Exception as error:
        return str(error)
    return "done"


@contextlib.contextmanager
def held_up(function, *args):
    """Inside the block `function(*args)` runs in a thread, and waits for a lock of the database when the block begins.

    It gives a list, to which its `refusal` is added when it has ended. TimeoutError where nobody waits.
    """
    ended = []
    thread = threading.Thread(target=lambda: ended.append(refusal(function, *args)))
    thread.start()
    try:
        _somebody_waits(postgres().dsn)
        yield ended
    finally:
        thread.join(20)


def _somebody_waits(dsn: str, seconds: float = 15) -> None:
    give_up = time.monotonic() + seconds
    connection = psycopg2.connect(dsn)
    connection.autocommit = True
    with contextlib.closing(connection), connection.cursor() as cursor:
        while time.monotonic() < give_up:
            cursor.execute("select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")
            if cursor.fetchone():
                return
            time.sleep(0.02)
    raise TimeoutError(f"Nobody waited for a lock within {seconds:.0f} s. Run the cell again.")


def without_one(day_facts: list) -> list:
    """The facts as a bad day leaves them: one flight's departure is missing, and another's is there twice."""
    left = [at for at, fact in enumerate(day_facts) if fact["kind"] == "departed"]
    missing, twice = left[len(left) // 3], left[len(left) // 2]
    return [fact for at, fact in enumerate(day_facts) if at != missing for _ in range(2 if at == twice else 1)]
