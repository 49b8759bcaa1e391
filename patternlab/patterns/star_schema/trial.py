"""The worlds of lab 04: the small tables on which a learner's function is tried, and what the right answers to them are."""
from collections import Counter
from datetime import date, datetime

import pandas as pd

from ...checking.calls import kind, session
from ...checking.outcomes import Unfit
from ...checking.tables import plain

SIGHTINGS = [(tail, operator, datetime(2013, 3, day)) for tail, seen in {
    "N1": [("FL", 1), ("FL", 3), ("DL", 5), ("DL", 8)],              # sold once
    "N2": [("UA", 2), ("UA", 6), ("UA", 9)],                         # never
    "N3": [("9E", 1), ("EV", 4), ("9E", 7)],                         # sold, and bought back
    "N4": [("AA", 2), (None, 5), ("US", 8)],                         # nobody's for a while
    "N5": [("B6", 3)],                                               # seen once
    "N6": [(None, 1), (None, 3), ("WN", 6)],                         # first nobody's
}.items() for operator, day in seen]

SHUFFLED = SIGHTINGS[1::2] + SIGHTINGS[::2]


def sightings():
    """The sightings as a Spark frame, not in their order: tailnum, operator, seen."""
    return session().createDataFrame(SHUFFLED, "tailnum string, operator string, seen timestamp")


def periods(sightings=None) -> list:
    """The versions that sightings make in their order: dicts of tailnum, operator, valid_from, valid_to (None while open)."""
    made = []
    for tail, operator, seen in sightings or SIGHTINGS:
        before = made[-1] if made and made[-1]["tailnum"] == tail else None
        if before is None or before["operator"] != operator:
            if before:
                before["valid_to"] = seen
            made.append({"tailnum": tail, "operator": operator, "valid_from": seen, "valid_to": None})
    return made


def moments(column, what: str) -> pd.Series:
    """A column of moments or dates as Python's datetimes in UTC, None for NULL; Unfit where it holds something else."""
    values = [plain(value) for value in column]
    odd = [value for value in values if value is not None and not isinstance(value, date)]
    if odd:
        raise Unfit(f"{what} should be a moment, as `seen` is; yours is {kind(odd[0])}.")
    values = [datetime(*value.timetuple()[:6]) if type(value) is date else value for value in values]
    return pd.Series(values, index=column.index, dtype=object)


# --- aircraft that change hands, and facts about them -----------------------------------------------------------------
VERSIONS = [(1, "N1", "FL", 1, 5), (2, "N1", "DL", 5, None), (3, "N2", "UA", 1, None), (4, "N3", "9E", 1, 4),
            (5, "N3", "EV", 4, None), (6, "N5", "DL", 1, None),
            (8, "N6", "US", 1, 3), (7, "N6", "AA", 3, None),           # loaded late: the older version has the higher key
            (9, "N7", "US", 1, 5), (10, "N7", "B6", 5, None),          # bought, and not yet flown
            (11, "N8", "WN", 1, None)]                                 # never flew
FLOWN = [1] * 4 + [2] * 3 + [3] * 2 + [4] * 3 + [5] + [6] * 2 + [7] + [8] * 2 + [9] * 2      # aircraft_key of each fact


def facts_and_aircraft() -> tuple:
    """Spark frames: facts with an aircraft_key each, and the type 2 dimension."""
    aircraft = session().createDataFrame(
        [(*version, datetime(2013, 3, begin), end and datetime(2013, 3, end)) for *version, begin, end in VERSIONS],
        "aircraft_key int, tailnum string, operator string, valid_from timestamp, valid_to timestamp")
    return session().createDataFrame([(key,) for key in FLOWN], "aircraft_key int"), aircraft


def readings() -> tuple:
    """Flights by operator, zeros left out: at the time, today, and by three mistakes (open versions, highest keys, all)."""
    version = {key: (tail, operator, end) for key, tail, operator, _, end in VERSIONS}
    today = {tail: operator for tail, operator, end in version.values() if end is None}
    highest = {version[key][0]: version[key][1] for key in sorted(version)}
    return tuple(dict(Counter(count)) for count in (
        (version[key][1] for key in FLOWN), (today[version[key][0]] for key in FLOWN),
        (version[key][1] for key in FLOWN if version[key][2] is None), (highest[version[key][0]] for key in FLOWN),
        (operator for key in FLOWN for tail, operator, _ in version.values() if tail == version[key][0])))


# --- delays of a few days ---------------------------------------------------------------------------------------------
DELAYS = [("2013-07-01", "UA", "EWR", 10), ("2013-07-01", "UA", "EWR", 20), ("2013-07-01", "UA", "EWR", None),
          ("2013-07-01", "UA", "LGA", -6), ("2013-07-02", "UA", "EWR", 0), ("2013-07-01", "HA", "JFK", 90),
          ("2013-07-02", "HA", "JFK", None), ("2013-07-02", "DL", "LGA", 3), ("2013-07-02", "DL", "LGA", 4),
          ("2013-07-02", "DL", "LGA", 4)]


def delays(minutes: int = 0):
    """The delays as a Spark frame, `minutes` more each: date, carrier, origin, dep_delay (NULL if cancelled)."""
    later = [(*row, delay if delay is None else delay + minutes) for *row, delay in DELAYS]
    return session().createDataFrame(later, "date string, carrier string, origin string, dep_delay int")
