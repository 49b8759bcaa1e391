"""The truths of pattern 05, in plain pandas: what the sources said, day by day, and what a vault must make of it."""
import pandas as pd

from ...flights import rows
from .. import define

FLIGHT = ["carrier", "flight", "origin"]                  # the business key of a flight, which flies every day
SCHEDULE = ["dest", "departs"]                            # what the schedules say about it


@define("schedule_statements")
def schedule_statements(slice):
    """What the schedules said: frame day (a date), carrier, flight (a text), origin, tailnum (or None), dest, departs.

    `departs` is the clock of New York as four figures, "0517"; a row per flight and day, in the order of days.
    """
    table = rows("flights", slice)
    table = table.assign(day=pd.to_datetime(table[["year", "month", "day"]]).dt.date, flight=table.flight.astype(str),
                         departs=table.sched_dep_time.map("{:04}".format),
                         tailnum=table.tailnum.where(table.tailnum.notna(), None))
    return table.sort_values(["day", *FLIGHT])[["day", *FLIGHT, "tailnum", *SCHEDULE]].reset_index(drop=True)


@define("schedule_history")
def schedule_history(slice):
    """The versions of each flight's schedule: frame carrier, flight, origin, load_day, dest, departs.

    A version begins on a day whose statement differs from the one before of the same flight.
    """
    latest, history = {}, []
    for day, *key, _, dest, departs in schedule_statements(slice).itertuples(index=False):
        if latest.get(tuple(key)) != (dest, departs):
            history.append((*key, day, dest, departs))
        latest[tuple(key)] = (dest, departs)
    return pd.DataFrame(history, columns=[*FLIGHT, "load_day", *SCHEDULE])


@define("schedule_changes", frozen=True)
def schedule_changes(slice):
    """Counts: statements, flights, versions against the latest, and those that "never seen before" keeps and loses."""
    statements, versions = schedule_statements(slice), len(schedule_history(slice))
    seen = len(statements.drop_duplicates([*FLIGHT, *SCHEDULE]))
    return {"statements": len(statements), "flights": len(statements.drop_duplicates(FLIGHT)), "versions": versions,
            "never_seen": seen, "lost": versions - seen}


@define("colliding_keys", frozen=True)
def colliding_keys(slice, carrier=None):
    """Departures (of one carrier) keyed by carrier, flight, month, day, origin joined without a separator.

    Counts: departures, keys (different texts), colliding (texts that mean more than one departure).
    """
    table = rows("flights", slice)
    table = table if carrier is None else table[table.carrier == carrier]
    texts = table.carrier + table.flight.astype(str) + table.month.astype(str) + table.day.astype(str) + table.origin
    count = texts.value_counts()
    return {"departures": len(table), "keys": len(count), "colliding": int((count > 1).sum())}


@define("aircraft_sources", frozen=True)
def aircraft_sources(slice):
    """Aircraft by who names them: in_schedules, in_register (planes), in_both; not_assigned: flights without one."""
    flown, registered = rows("flights", slice).tailnum, set(rows("planes").tailnum)
    named = set(flown.dropna())
    return {"in_schedules": len(named), "in_register": len(registered), "in_both": len(named & registered),
            "not_assigned": int(flown.isna().sum())}
