"""The worlds of lab 11, exercises 1, 2 and 4: states and events, a store with old events, histories of a day."""
import random
from collections import Counter
from numbers import Integral

from ...checking.calls import Kept, describe
from ...checking.outcomes import Wrong


# --- exercise 1: a state, an event, the state behind it (ValueError: refused), and what whoever is wrong is told
PLANNED = {"version": 1, "status": "scheduled", "delay": None}
LEFT = {"version": 2, "status": "departed", "delay": 12}
OFF = {"version": 2, "status": "cancelled", "delay": None}
NOTHING = {"version": 0, "status": None, "delay": None}
STEPS = [
    (NOTHING, {"version": 1, "kind": "scheduled"}, PLANNED,
     "The first event, version 1, makes a state of nothing: scheduled, without a delay."),
    (PLANNED, {"version": 2, "kind": "departed", "delay": 12}, LEFT,
     "Version 2 on a state of version 1 is the next event: its version, its kind as status, its delay."),
    (LEFT, {"version": 2, "kind": "departed", "delay": 12}, LEFT,
     "An event came twice, and the second time changed the state. It has that version already."),
    (LEFT, {"version": 1, "kind": "scheduled"}, LEFT,
     "A copy of version 1 came after version 2, and the state went back. Only newer versions count."),
    (PLANNED, {"version": 3, "kind": "arrived", "delay": 5}, ValueError,
     "Version 3 came on a state of version 1: version 2 is missing, and nobody knows what it says. Raise a ValueError."),
    (NOTHING, {"version": 2, "kind": "departed", "delay": 4}, ValueError,
     "Version 2 came first of all, so version 1 is missing. Raise a ValueError."),
    (PLANNED, {"version": 5, "kind": "arrived", "delay": 5}, ValueError,
     "Version 5 came on a state of version 1: three versions are missing, and nobody knows what they say. Raise a ValueError."),
    (LEFT, {"version": 3, "kind": "arrived", "delay": 0}, {"version": 3, "status": "arrived", "delay": 0},
     "The flight arrived with a delay of 0, and your state has another one. 0 is a delay."),
    (LEFT, {"version": 3, "kind": "diverted"}, {"version": 3, "status": "diverted", "delay": 12},
     "The event has no delay, so that of the state stays, 12."),
    (OFF, {"version": 3, "kind": "departed", "delay": 90}, {"version": 3, "status": "departed", "delay": 90},
     "A departure after a cancellation was not applied. It has happened, and a fold refuses nothing that has."),
    ({"version": 9, "status": "departed", "delay": 3}, {"version": 10, "kind": "arrived", "delay": -2},
     {"version": 10, "status": "arrived", "delay": -2},
     "Version 10 follows version 9, and its delay is -2: the state is version 10, arrived, -2."),
    ({"version": 9, "status": "departed", "delay": 3}, {"version": 2, "kind": "cancelled"},
     {"version": 9, "status": "departed", "delay": 3},
     "A copy of version 2 came on version 9, and the state changed. Only newer versions count."),
    ({"version": 3, "status": "arrived", "delay": 0}, {"version": 4, "kind": "parked"},
     {"version": 4, "status": "parked", "delay": 0},
     "The next event was parked, without a delay, on a state with a delay of 0: any kind is applied, and the 0 stays.")]


# --- exercise 2: events of both schemas, and a store that counts what is read
OLD = [
    ({"schema": 2, "key": "UA/1", "kind": "departed", "delay": -3}, "An event of schema 2 should come back as it is."),
    ({"schema": 1, "key": "UA/1", "what": "left", "late": "0:17"}, "left is departed, 0:17 are 17 minutes, and the schema is 2."),
    ({"schema": 1, "key": "UA/1", "what": "landed", "late": "1:05"}, "1:05 is an hour and five minutes: 65."),
    ({"schema": 1, "key": "B6/3", "what": "left", "late": "-0:12"},
     "-0:12 is twelve minutes before time, -12. The sign belongs to the whole, and int('-0') is no more than 0."),
    ({"schema": 1, "key": "B6/3", "what": "landed", "late": "-1:05"},
     "-1:05 is 65 minutes before time, -65. The sign belongs to the minutes too."),
    ({"schema": 1, "key": "B6/3", "what": "landed", "late": "12:05"}, "12:05 is twelve hours and five minutes: 725."),
    ({"schema": 1, "key": "DL/5", "what": "off"}, "off is cancelled, and where `late` is missing the delay is None."),
    ({"schema": 1, "key": "DL/5", "what": "plan"}, "plan is scheduled, and where `late` is missing the delay is None."),
    ({"schema": 1, "key": "DL/7", "what": "left", "late": "0:00"}, "0:00 is on time: a delay of 0, which is not None.")]
NAMES = {"plan": "scheduled", "left": "departed", "landed": "arrived", "off": "cancelled"}


def upcast(event: dict) -> dict:
    """The event in schema 2."""
    if event["schema"] == 2:
        return dict(event)
    late, delay = event.get("late"), None
    if late is not None:
        hours, minutes = late.lstrip("-").split(":")
        delay = (int(hours) * 60 + int(minutes)) * (-1 if late[0] == "-" else 1)
    return {"schema": 2, "key": event["key"], "kind": NAMES[event["what"]], "delay": delay}


class Store:
    """`read(after, until)`: the events of the positions behind `after` up to `until`, which is among them."""

    def __init__(self, events: list):
        self._events, self.spans = events, []

    def read(self, after, until) -> list:
        for position in (after, until):
            if isinstance(position, bool) or not isinstance(position, Integral):
                raise Wrong(f"You read behind {describe(after)} until {describe(until)}. A position is a whole number.")
        if after > until:
            raise Wrong(f"You read behind {after} until {until}, which comes first. What lies behind the cut is of no use here.")
        if not 0 <= after <= until <= len(self._events):
            raise Wrong(f"You read behind {describe(after)} until {describe(until)}, and the store's positions go from 1 to "
                        f"{len(self._events)}.")
        self.spans.append((int(after), int(until)))
        return [Kept(event) for event in self._events[int(after):int(until)]]

    def states(self, cut: int) -> dict:
        """The right states after `cut` events."""
        found = {}
        for event in map(upcast, self._events[:cut]):
            found[event["key"]] = {"status": event["kind"], "delay": event["delay"]}
        return found


def history() -> list:
    """Forty events of ten flights, the first half in schema 1."""
    chance, events = random.Random(3), []
    for number in range(40):
        key, what = f"F{number % 10}", ["plan", "left", "landed", "off"][number // 10 if number % 3 else number // 20 * 3]
        minutes = chance.randrange(-30, 130)
        event = {"schema": 1, "key": key, "what": what}
        if what in ("left", "landed"):
            event["late"] = f"{'-' * (minutes < 0)}{abs(minutes) // 60}:{abs(minutes) % 60:02}"
        events.append(event if number < 20 else upcast(event))
    return events


CUTS = [  # where snapshots are, the cut, and where reading should begin
    ((), 0, 0), ((), 7, 0), ((10, 20, 30), 25, 20), ((30, 20, 10), 20, 20), ((10, 20, 30), 9, 0), ((20,), 40, 20),
    ((40,), 39, 0), ((10, 30), 26, 10)]


# --- exercise 4: histories with copies, in any order
UP, DOWN = {"departed"}, {"arrived", "diverted", "returned"}


def lives(seed: int) -> list:
    """The events of a day, copies included, in any order: flights that leave, come back to the gate, arrive, are diverted or
    cancelled, or are in the air still."""
    chance, events = random.Random(seed), []
    for number in range(chance.randrange(2, 60)):
        at, kinds = chance.randrange(300, 900), ["scheduled"]
        if chance.random() < 0.2:
            kinds += ["cancelled"]
        else:
            if chance.random() < 0.25:
                kinds += ["departed", "returned"]
            kinds += ["departed"] + [chance.choice(["arrived"] * 5 + ["diverted"])] * (chance.random() < 0.9)
        for version, kind in enumerate(kinds, 1):
            events.append({"key": f"F{number}", "version": version, "kind": kind, "occurred": clock(at)})
            at += chance.choice((0, 10, 40)) if kind == "departed" and "returned" in kinds[version:version + 1] \
                else 10 * chance.randrange(0, 12)
    events += chance.sample(events, len(events) // 5)
    chance.shuffle(events)
    return events


def clock(minute: int) -> str:
    """A minute of the day as ISO text."""
    return f"2013-02-{8 + minute // 1440:02}T{minute // 60 % 24:02}:{minute % 60:02}:00Z"


def fullest(events: list) -> tuple:
    """(most, moment): how many were in the air at once, at most, and since when."""
    changes = Counter()
    for event in {(event["key"], event["version"]): event for event in events}.values():
        changes[event["occurred"]] += (event["kind"] in UP) - (event["kind"] in DOWN)
    most, moment, now = 0, None, 0
    for at, change in sorted(changes.items()):
        now += change
        if now > most:
            most, moment = now, at
    return most, moment


def _told(*lines) -> list:
    """Events of lines (key, version, kind, minutes after ten)."""
    return [{"key": key, "version": version, "kind": kind, "occurred": clock(600 + at)} for key, version, kind, at in lines]


THREE = [("F0", 2, "departed", 0), ("F1", 2, "departed", 1), ("F2", 2, "departed", 2)]
CASES = [  # each breaks one clause alone: a history, and what is right there, which is told whatever the mistake was
    ([], "Nobody departs in a history, so the most is 0, and there is no moment: None."),
    (_told(("F0", 1, "scheduled", 0), ("F0", 2, "cancelled", 9)),
     "One flight was cancelled and none departed, so the most is 0, and there is no moment: None."),
    (_told(*THREE[:2]), "Two flights depart, and have not come down yet: the most is 2, from 10:01 on."),
    (_told(*THREE[:2], THREE[0]),
     "Two flights depart, and one of the two events comes twice: the most is 2. Same key and same version is the same event."),
    (_told(("F0", 3, "arrived", 60), ("F0", 2, "departed", 0), ("F1", 2, "departed", 30)),
     "An arrival comes before its departure in the list, and later by `occurred`, which counts: the most is 2, at 10:30."),
    (_told(*THREE, ("F1", 3, "returned", 5), ("F2", 3, "returned", 6), ("F3", 2, "departed", 9)),
     "Three depart, two of them return to their gates, then a fourth departs: the most is 3, at 10:02."),
    (_told(*THREE, ("F1", 3, "diverted", 5), ("F2", 3, "diverted", 6), ("F3", 2, "departed", 9)),
     "Three depart, two of them are diverted, so they are down, then a fourth departs: the most is 3, at 10:02."),
    (_told(*THREE, ("F1", 3, "arrived", 5), ("F2", 3, "arrived", 6), ("F3", 2, "departed", 9)),
     "Three depart, two of them arrive, then a fourth departs: the most is 3, at 10:02."),
    (_told(*THREE[:2], ("F0", 3, "arrived", 60), ("F1", 3, "arrived", 60), ("F3", 2, "departed", 60)),
     "Two land and a third departs at one moment: the number is that after all events of the moment, so the most is 2."),
    (_told(THREE[0], ("F0", 3, "arrived", 30), ("F1", 2, "departed", 60)),
     "The most, 1, is reached twice. The moment is the first one, not the last."),
    (_told(("F0", 2, "departed", 830), ("F0", 3, "arrived", 870), ("F1", 2, "departed", 850)),
     "One departs before midnight, one after it, then the first arrives: the most is 2. `occurred` is a date and a time."),
    (_told(("F0", 2, "departed", 0), ("F0", 3, "returned", 5), ("F1", 2, "departed", 7), ("F0", 4, "departed", 10)),
     "A flight departed, returned and departed again: two events of one kind, of other versions. Both count.")]
