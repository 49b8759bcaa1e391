"""Exercise 5 of lab 04: the lives of one day's flights, and the snapshot and the routes that a learner makes of them."""
from datetime import date
from functools import lru_cache

from ... import faults
from ...checking.calls import ask, describe, fits, kind
from ...checking.kinds import collection
from ...checking.limits import limited
from ...checking.outcomes import Raised, Unfit, Wrong
from ...checking.tables import judge, plain
from ...flights import events

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
    fits(absorb, snapshot, delivered[0])
    for event in delivered:
        try:
            with limited(given=given):
                snapshot = absorb(snapshot, dict(event))     # not ask(): it would copy the snapshot for each event
        except Wrong:
            raise
        except Exception as error:
            raise Raised(error, given()) from error
        if not isinstance(snapshot, dict):
            raise Unfit(f"absorb must return the snapshot, a dict; yours returned {kind(snapshot)}.")
    return snapshot


def came_before_schedule(delivered, lost) -> bool:
    """Whether each lost (milestone, key) was delivered only before the schedule of its flight."""
    at = {}
    for number, event in enumerate(delivered):
        at.setdefault((event["kind"], event["key"]), []).append(number)
    return all(at[name, key][-1] < at["scheduled", key][0] for name, key in lost)


def compare(snapshot, expected, delivered) -> None:
    """Wrong unless the learner's snapshot has the rows of `expected` after the events `delivered`."""
    if len(snapshot) < len(expected):
        raise Wrong("Some departures have no row at all. One row per key is the grain.")
    if len(snapshot) > len(expected):
        raise Wrong("There are more rows than departures. An event that is delivered twice is still one event of one flight.")
    if other := set(snapshot) - set(expected):
        raise Wrong(f"A row is kept under {describe(min(other, key=str))}, which is the key of no event.")
    gone = []
    for key, row in expected.items():
        mine = snapshot[key]
        if not isinstance(mine, dict):
            raise Unfit(f"A row should be a dict, yours is {kind(mine)}.")
        if any(name not in mine for name in ("route", *KINDS)):
            raise Wrong(f"Each row needs route, {', '.join(KINDS)}, with None for what has not happened.", str(mine))
        if plain(mine["route"]) != row["route"]:
            raise Wrong(f"route should be the pair (origin, dest) of the event, yours is {kind(mine['route'])}.", str(mine))
        for name in KINDS:
            value = f"{plain(mine[name]):%Y-%m-%dT%H:%M:%SZ}" if hasattr(mine[name], "strftime") else mine[name]
            if value == row[name]:
                continue
            show = {"key": key, "milestone": name, "yours": mine[name]}
            if value is not None:
                raise Wrong("A milestone is filled in that never happened." if row[name] is None else
                            "A milestone holds another value than the moment it occurred.", [show])
            gone.append((name, key, show))
    if gone and came_before_schedule(delivered, [(name, key) for name, key, _ in gone]):
        raise Wrong("A departure or an end that came before the flight's schedule is lost. Any event opens the row.",
                    [gone[0][2]])
    if gone:
        raise Wrong("A milestone that had happened is None. Did a later event write None over it, or was it never taken in?",
                    [gone[0][2]])


def routes(nobody_flew, snapshot, told: str = "") -> None:
    """Wrong unless nobody_flew(snapshot) is the set of routes without a departure; `told` where no mistake is known."""
    made = collection(ask(nobody_flew, snapshot), "What nobody_flew returns", (set, frozenset, list, tuple))
    made = [tuple(route) if isinstance(route, list) else route for route in made]
    if odd := [route for route in made if not isinstance(route, tuple) or len(route) != 2]:
        raise Unfit(f"The routes should be pairs (origin, dest); one of yours is {kind(odd[0])}.")

    def with_a(name):
        return {tuple(row["route"]) for row in snapshot.values() if row[name]}

    every = {tuple(row["route"]) for row in snapshot.values()}
    known = [] if told else [
        (lambda: with_a("cancelled"),
         "Those are the routes with a cancelled flight. On some of them others flew."),
        (set(), "You found no route. A route without departures shows only if you start from what was scheduled."),
        (every, "Those are all routes. On most of them somebody flew.")]
    judge(set(made), every - with_a("departed"), known,
          told or "Those are not the routes on which flights were scheduled and none departed.")


def small_snapshots():
    """Snapshots of a few rows, each with what to say where nobody_flew is wrong about it."""
    def row(route, **known):
        return {"route": route, **dict.fromkeys(KINDS), "scheduled": "2013-07-01T09:00:00Z", **known}
    left, off = {"departed": "2013-07-01T09:05:00Z"}, {"cancelled": "2013-07-01T08:00:00Z"}
    there_too, away = {**left, "arrived": "2013-07-01T11:00:00Z"}, {**left, "diverted": "2013-07-01T11:00:00Z"}
    here, there = ("EWR", "ORD"), ("JFK", "LAX")
    yield {}, "Of an empty snapshot nobody_flew should give an empty set."
    yield {"a": row(here)}, "One flight, scheduled and not yet departed: its route belongs to those on which none departed."
    yield {"a": row(here, **away)}, "A diverted flight did fly. Ask for routes on which nothing departed."
    yield {"a": row(here, **left)}, "A flight that is still under way did depart."
    yield {"a": row(here, **off), "b": row(here, **there_too)}, "You named a route on which a flight departed."
    yield {"a": row(here, **off), "b": row(there, **off)}, "Where every flight was cancelled, every route belongs to the answer."
