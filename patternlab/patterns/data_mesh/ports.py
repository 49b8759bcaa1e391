"""The worlds of lab 13, exercises 3 and 4: pairs of contracts with the step between them, ports that domains publish."""
import copy
import random

from ...checking.calls import describe
from ...checking.outcomes import Wrong

BASE = {"key": ["origin", "hour"], "columns": {
    "origin": {"type": "string", "required": True, "values": ["EWR", "JFK", "LGA"], "text": "airport"},
    "hour": {"type": "timestamp", "required": True, "values": None, "text": "scheduled hour"},
    "wind": {"type": "number", "required": False, "values": None, "text": "miles an hour"},
    "gusts": {"type": "integer", "required": True, "values": None, "text": "how many"}},
    "latency": 24, "completeness": 95}


def changed(key=None, latency=None, completeness=None, drop=(), add=None, **columns) -> dict:
    """BASE with other parts; a column's name with what of it is another (wind={"required": True})."""
    made = copy.deepcopy(BASE)
    for name in drop:
        del made["columns"][name]
    for name, parts in columns.items():
        made["columns"][name].update(parts)
    made["columns"].update(add or {})
    for name, value in (("key", key), ("latency", latency), ("completeness", completeness)):
        made[name] = made[name] if value is None else value
    return made


AIRPORT = {"airport": BASE["columns"]["origin"]}
NEW = {"visib": {"type": "number", "required": False, "values": None, "text": "miles"}}
STEPS = [  # old, new, the step, and what whoever says otherwise is told
    (BASE, BASE, "patch", "Nothing has changed: that is a patch."),
    (BASE, changed(wind={"text": "mph"}), "patch", "Only a text has changed: that is a patch."),
    (BASE, changed(drop=["wind"]), "major", "A column went away. Whoever reads it is broken."),
    (BASE, changed(drop=["origin"], add=AIRPORT, key=["airport", "hour"]), "major",
     "origin is now airport. For a reader a rename is a column that went away."),
    (BASE, changed(drop=["wind"], add=NEW), "major", "One column came and another went: who reads the old one is broken."),
    (BASE, changed(add=NEW), "minor", "A column was added. No reader is broken, and more is promised."),
    (BASE, changed(add={"visib": {**NEW["visib"], "required": True}}), "minor",
     "A column, never null, was added. A reader of the old contract does not ask for it: more is promised."),
    (BASE, changed(wind={"type": "string"}), "major", "A number became a text: readers who compute with it are broken."),
    (BASE, changed(gusts={"type": "number"}), "major",
     "An integer became a number: 2.5 was not possible before, and who counts with it is broken."),
    (BASE, changed(wind={"type": "integer"}), "minor",
     "A number became an integer. Each integer is a number: nobody is broken."),
    (BASE, changed(gusts={"required": False}), "major", "A column that was never null may be null now: a promise is gone."),
    (BASE, changed(wind={"required": True}), "minor", "A column that could be null never is any more: more is promised."),
    (BASE, changed(origin={"values": ["EWR", "JFK", "LGA", "HPN"]}), "major",
     "A column may hold a value that it could not hold before, which no reader knows."),
    (BASE, changed(origin={"values": ["JFK", "EWR"]}), "minor", "A column holds fewer values than before: more is promised."),
    (BASE, changed(origin={"values": ["LGA", "JFK", "EWR"]}), "patch",
     "The same values in another order are the same promise."),
    (BASE, changed(origin={"values": None}), "major", "A column whose values were promised may hold anything now."),
    (BASE, changed(wind={"values": [1, 2]}), "minor", "A column that could hold anything has promised values now."),
    (BASE, changed(origin={"values": []}), "minor",
     "A column without any possible value promises more than before: an empty list is not None."),
    (BASE, changed(latency=36), "major", "Data may be older than was promised."),
    (BASE, changed(latency=12), "minor", "Data come sooner than was promised: more is promised."),
    (BASE, changed(completeness=90), "major", "Less is complete than was promised."),
    (BASE, changed(completeness=99), "minor", "More is complete than was promised."),
    (BASE, changed(key=["origin"]), "minor",
     "origin alone is unique now, so origin and hour together still are: who joins on both gets one row."),
    (changed(key=["origin"]), BASE, "major",
     "origin alone was unique, and is not any more: who joins on it gets rows twice."),
    (BASE, changed(key=["hour", "origin"]), "patch", "The same key in another order is the same promise."),
    (BASE, changed(key=["gusts", "hour"]), "major",
     "The old key is not promised to be unique any more: gusts is not part of it."),
    (BASE, changed(wind={"required": True, "type": "string"}), "major",
     "One promise became stronger, and one was broken. The broken one decides."),
    (BASE, changed(latency=12, completeness=90), "major",
     "Data come sooner, and less of it is complete. The broken promise decides."),
    (BASE, changed(gusts={"type": "string"}, add=NEW), "major",
     "A column was added, and another one has a new type: that one decides."),
    (BASE, changed(wind={"text": "mph"}, latency=12), "minor", "A text has changed, and data come sooner: more is promised.")]


# --- exercise 4: ports
class Ports:
    """What domains have published: `read(port, major)` gives rows, and notes what was asked for."""

    def __init__(self, published: dict):
        self.published, self.asked = published, []

    def read(self, port, major):
        """Copies of the rows of the port's newest version under contract `major`; LookupError where there is none."""
        self.asked.append((port, major))
        try:
            rows = self.published[port, major]
        except (KeyError, TypeError):
            raise LookupError(f"the port {describe(port)} has no version under contract {describe(major)}") from None
        return [dict(row) for row in rows]


DEPARTURES, CONDITIONS = ("operations.departures", 1), ("weather.conditions", 1)


def small(departures, conditions) -> Ports:
    """Ports of lines (origin, hour, delay) and (origin, hour, visib)."""
    flown = [{"key": f"f{n}", "origin": origin, "hour": hour, "delay": delay}
             for n, (origin, hour, delay) in enumerate(departures)]
    known = [{"origin": origin, "hour": hour, "visib": visib} for origin, hour, visib in conditions]
    return _world(flown, known)


def _world(flown, known) -> Ports:
    moved = [{"key": row["key"], "airport": row["origin"], "hour": row["hour"], "delay": row["delay"]}
             for row in flown]
    metric = [{**row, "visib": row["visib"] and row["visib"] * 1.609} for row in known]
    return Ports({DEPARTURES: flown, ("operations.departures", 2): moved, CONDITIONS: known, ("weather.conditions", 2): metric,
                  ("fleet.aircraft", 1): [{"tailnum": "N1", "seats": 149}]})


def world(seed: int) -> Ports:
    """Ports of a day: hours lack weather, visibility is unknown, flights are cancelled, weather comes in any order."""
    chance = random.Random(seed)
    hours = [f"2013-07-01T{hour:02}:00Z" for hour in range(9, 9 + chance.randrange(1, 10))]
    known = [{"origin": origin, "hour": hour, "visib": chance.choice([10.0, 10.0, 9.0, 5.0, 0.0, None])}
             for origin in ("EWR", "JFK", "LGA") for hour in hours if chance.random() < 0.85]
    flown = [{"key": f"f{n}", "origin": chance.choice(("EWR", "JFK", "LGA")), "hour": chance.choice(hours),
              "delay": None if chance.random() < 0.1 else chance.randrange(-10, 120)} for n in range(chance.randrange(1, 80))]
    chance.shuffle(known)
    return _world(flown, known)


def right(ports: Ports) -> tuple:
    """({visib: (departures, mean delay)}, percent known) of these ports."""
    visibility = {(row["origin"], row["hour"]): row["visib"] for row in ports.published[CONDITIONS]}
    groups = {}
    for row in ports.published[DEPARTURES]:
        groups.setdefault(visibility.get((row["origin"], row["hour"])), []).append(row["delay"])
    total, table = sum(map(len, groups.values())), {}
    for visib, delays in groups.items():
        left = [delay for delay in delays if delay is not None]
        table[visib] = (len(delays), sum(left) / len(left) if left else None)
    known = total - len(groups.get(None, []))
    return table, 100 * known // total if total else 0


NINE, TEN = "2013-07-01T09:00Z", "2013-07-01T10:00Z"
CASES = [  # ports, and what is right there, which is told whatever the mistake was
    (small([("EWR", NINE, 10), ("EWR", NINE, 20)], [("EWR", NINE, 9.0)]),
     "Two departures of one airport and hour, with a visibility of 9 miles, known of all: a row with 2 departures, mean 15."),
    (small([("EWR", NINE, 10), ("EWR", TEN, 20)], [("EWR", NINE, 9.0), ("EWR", TEN, 5.0)]),
     "One airport has another visibility in the next hour: the weather's key is origin and hour."),
    (small([("EWR", NINE, 10), ("EWR", TEN, 20)], [("EWR", NINE, 9.0)]),
     "Of one of two departures the weather is not known. It counts all the same, in a row whose visib is None; known is 50."),
    (small([("EWR", NINE, 10), ("JFK", NINE, 20)], [("EWR", NINE, 9.0), ("JFK", NINE, 5.0)]),
     "Two airports have another visibility in one hour: the weather's key is origin and hour."),
    (small([("EWR", NINE, 10), ("EWR", NINE, None)], [("EWR", NINE, 9.0)]),
     "A cancelled departure counts among the departures, and has no part in the mean: 2 departures, mean 10."),
    (small([("EWR", NINE, None)], [("EWR", NINE, 9.0)]),
     "All departures at 9 miles are cancelled: 1 departure, the mean is None."),
    (small([("EWR", NINE, 10), ("EWR", NINE, 0)], [("EWR", NINE, 9.0)]), "A delay of 0 is a delay: the mean of 10 and 0 is 5."),
    (small([("EWR", NINE, 10)], [("EWR", NINE, 0.0)]), "A visibility of 0.0 is known: fog is not None."),
    (small([("EWR", NINE, 10), ("EWR", TEN, 30)], [("EWR", NINE, None)]),
     "The weather of one hour is there without its visibility, that of the other is not there: neither is known."),
    (small([("EWR", NINE, 10), ("EWR", TEN, 30), ("EWR", TEN, 40)], [("EWR", NINE, 9.0), ("EWR", TEN, None)]),
     "Known is a whole percentage, rounded down: 1 of 3 is 33."),
    (small([("EWR", NINE, 1), ("EWR", NINE, 2), ("EWR", TEN, 3)], [("EWR", NINE, 9.0)]),
     "Known is a whole percentage, rounded down: 2 of 3 is 66. Who promises 67 has broken it already."),
    (small([("EWR", NINE, 10), ("JFK", NINE, 20)], [("EWR", NINE, 9.0), ("JFK", NINE, 9.0)]),
     "Two airports with one visibility are one row: it is delay by weather, not by airport."),
    (small([("EWR", NINE, 10)], [("EWR", NINE, 9.0), ("EWR", TEN, 5.0)]),
     "Weather of an hour without departures makes no row."),
    (small([], [("EWR", NINE, 9.0)]), "Without departures there are no rows, and known is 0.")]
