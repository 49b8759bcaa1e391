"""The worlds of lab 04: the small tables on which a learner's function is tried, and the lives of one day's flights."""
from datetime import date, datetime
from functools import lru_cache

from ... import faults
from ...checking.calls import describe, session
from ...checking.limits import limited
from ...checking.outcomes import Raised, Wrong
from ...flights import events

SIGHTINGS = [(tail, operator, datetime(2013, 3, day)) for tail, seen in {
    "N1": [("FL", 1), ("FL", 3), ("DL", 5), ("DL", 8)],              # sold once
    "N2": [("UA", 2), ("UA", 6), ("UA", 9)],                         # never
    "N3": [("9E", 1), ("EV", 4), ("9E", 7)],                         # sold, and bought back
    "N4": [("AA", 2), (None, 5), ("US", 8)],                         # nobody's for a while
}.items() for operator, day in seen]


def sightings():
    """The sightings as a Spark frame, not in their order: tailnum, operator, seen."""
    shuffled = SIGHTINGS[1::2] + SIGHTINGS[::2]
    return session().createDataFrame(shuffled, "tailnum string, operator string, seen timestamp")


# --- aircraft that change hands, and facts about them -----------------------------------------------------------------
VERSIONS = [(1, "N1", "FL", 1, 5), (2, "N1", "DL", 5, None), (3, "N2", "UA", 1, None), (4, "N3", "9E", 1, 4),
            (5, "N3", "EV", 4, None), (6, "N5", "DL", 1, None)]
FLOWN = [1] * 4 + [2] * 3 + [3] * 2 + [4] * 3 + [5] * 1 + [6] * 2      # aircraft_key of each fact


def facts_and_aircraft() -> tuple:
    """Spark frames: facts with an aircraft_key each, and the type 2 dimension."""
    aircraft = session().createDataFrame(
        [(*version, datetime(2013, 3, begin), end and datetime(2013, 3, end)) for *version, begin, end in VERSIONS],
        "aircraft_key int, tailnum string, operator string, valid_from timestamp, valid_to timestamp")
    return session().createDataFrame([(key,) for key in FLOWN], "aircraft_key int"), aircraft


# --- delays of a few days ---------------------------------------------------------------------------------------------
DELAYS = [("2013-07-01", "UA", "EWR", 10), ("2013-07-01", "UA", "EWR", 20), ("2013-07-01", "UA", "EWR", None),
          ("2013-07-01", "UA", "LGA", -6), ("2013-07-02", "UA", "EWR", 0), ("2013-07-01", "HA", "JFK", 90),
          ("2013-07-02", "HA", "JFK", None), ("2013-07-02", "DL", "LGA", 3), ("2013-07-02", "DL", "LGA", 4)]


def delays():
    """The delays as a Spark frame: date, carrier, origin, dep_delay (NULL if cancelled)."""
    return session().createDataFrame(DELAYS, "date string, carrier string, origin string, dep_delay int")


# --- the lives of one day's flights -----------------------------------------------------------------------------------
KINDS = ("scheduled", "departed", "arrived", "diverted", "cancelled")


@lru_cache(maxsize=1)
def life() -> tuple:
    """The events of 1 July, in order of arrival; the same for every slice, so that the check always takes as long."""
    return tuple(events("lifecycle", (date(2013, 7, 1), date(2013, 7, 1))))


def milestones() -> dict:
    """The snapshot that every order must fill: {key: {"route": (origin, dest), kind: moment or None}}."""
    rows = {}
    for event in life():
        row = rows.setdefault(event["key"], {"route": (event["origin"], event["dest"]), **dict.fromkeys(KINDS)})
        row[event["kind"]] = event["occurred"]
    return rows


def log(seed) -> list:
    """The events as they are delivered: every tenth one twice, in any order (odd seeds) or in nearly the right one (even)."""
    delivered = faults.duplicated(list(life()), share=.1, seed=seed)
    return faults.shuffled(delivered, seed=seed) if seed % 2 else faults.shuffled(delivered, seed=seed, within=90)


def filled(absorb, delivered) -> dict:
    """The learner's snapshot after these events; what absorb raises is shown with the event that did it."""
    snapshot, event = {}, None

    def given() -> str:
        return f"a snapshot of {len(snapshot):,} rows and {describe(event)}"
    for event in delivered:
        try:
            with limited(given=given):
                snapshot = absorb(snapshot, dict(event))     # not ask(): it would copy the snapshot for each event
        except Wrong:
            raise
        except Exception as error:
            raise Raised(error, given()) from error
        if not isinstance(snapshot, dict):
            raise Wrong(f"absorb must return the snapshot, a dict; yours returned {describe(snapshot)}.")
    return snapshot


def came_before_schedule(delivered, lost) -> bool:
    """Whether each lost (milestone, key) was delivered only before the schedule of its flight."""
    at = {}
    for number, event in enumerate(delivered):
        at.setdefault((event["kind"], event["key"]), []).append(number)
    return all(at[name, key][-1] < at["scheduled", key][0] for name, key in lost)
