"""The worlds of lab 02: raw reports on which a model is tried, daily drops, and drops of a source that drifts."""
import json
from datetime import date, timedelta
from functools import lru_cache
from random import Random

from ...checking.calls import ask, kind
from ...checking.outcomes import Unfit, Wrong
from ...flights import events

# --- exercise 1: offset, key, scheduled, arrival, origin, dep_delay; rows are in no order, as in a table
RAW = [
    (7, "A", "2013-07-01T10:00:00Z", "2013-07-01T10:10:00Z", "EWR", 10),
    (0, "A", "2013-07-01T10:00:00Z", "2013-07-01T10:20:00Z", "EWR", 20),
    (1, "B", "2013-07-01T11:30:00Z", "2013-07-01T11:40:00Z", "EWR", 10),
    (10, "B", "2013-07-01T11:30:00Z", "2013-07-01T11:50:00Z", "EWR", 20),
    (2, "C", "2013-07-01T12:50:00Z", "2013-07-01T13:04:00Z", "EWR", 14),
    (3, "D", "2013-07-01T14:10:00Z", "2013-07-01T14:25:00Z", "EWR", 15),
    (4, "E", "2013-07-01T14:20:00Z", "2013-07-01T14:36:00Z", "EWR", 16),
    (5, "F", "2013-07-01T15:05:00Z", "2013-07-01T15:05:00Z", "EWR", None),
    (6, "G", "2013-07-01T15:30:00Z", "2013-07-01T15:12:00Z", "JFK", -18),
    (8, "H", "2013-07-01T15:31:00Z", "2013-07-01T15:31:00Z", "JFK", None),
    (9, "I", "2013-07-02T10:15:00Z", "2013-07-02T10:15:00Z", "EWR", 0)]
COUNTED = ["flights", "departed", "on_time"]


def raw():
    """RAW as rows (key, offset, text), the text in JSON."""
    return [(key, offset, json.dumps({"key": key, "scheduled": scheduled, "arrival": arrival, "origin": origin,
                                      "dep_delay": delay}))
            for offset, key, scheduled, arrival, origin, delay in RAW]


def counted(message="newest", by="scheduled", digits=13, within=lambda delay: delay <= 15, left=lambda delay: delay is not None,
            idle=False) -> dict:
    """{(hour, origin): (flights, departed, on_time)} of RAW, in plain Python.

    message: which report of a flight counts (newest, oldest, largest text, all); by, digits: what is cut to the hour and how;
    within: whether a delay is on time; left: whether a flight departed; idle: whether a cancelled flight is on time.
    """
    pick = {"newest": lambda row: row[0], "oldest": lambda row: -row[0], "largest": lambda row: row[5] or 0}
    flights = RAW if message == "all" else [max((row for row in RAW if row[1] == key), key=pick[message])
                                            for key in sorted({row[1] for row in RAW})]
    found = {}
    for _, _, scheduled, arrival, origin, delay in flights:
        moment = (scheduled if by == "scheduled" else arrival)[:digits].replace("T", " ")
        total = found.setdefault((moment, origin), [0, 0, 0])
        for at, counts in enumerate((True, left(delay), idle if delay is None else within(delay))):
            total[at] += counts
    return {at: tuple(total) for at, total in found.items()}


# --- exercise 2
def daily_drops(slice) -> list:
    """The reports of a slice as a list of drops, one for each day on which New York's clock saw some arrive.

    A report is a dict: key, day (the local day for which the flight was planned), dep_delay.
    """
    import pandas
    reports = events("report", slice)
    arrival = pandas.to_datetime([report["arrival"] for report in reports]).tz_convert("America/New_York")
    drops = {}
    for day, report in zip(arrival.date, reports):
        made = {"key": report["key"], "day": date.fromisoformat(report["key"][:10]), "dep_delay": report["dep_delay"]}
        drops.setdefault(day, []).append(made)
    return list(drops.values())


def made_up(*drops) -> list:
    """Drops of short reports: each drop a text of keys with their days, "a1 b2" is flight a1 of 1 July and b2 of the 2nd."""
    return [[{"key": name, "day": date(2013, 7, int(name[1:].rstrip("'"))), "dep_delay": number} for name in drop.split()]
            for number, drop in enumerate(drops)]


def loaded(drops, back, newest_of="table", inclusive=False, keep_first=False) -> dict:
    """{key: report} after all drops; the further arguments are the mistakes that a load can make."""
    table, last = {}, []
    for drop in drops:
        known = [report["day"] for report in (table.values() if newest_of != "drop" else last)]
        newest = max(known, default=None)
        for report in drop:
            if newest_of == "row":
                newest = max((each["day"] for each in table.values()), default=None)
            limit = None if newest is None else newest - timedelta(days=back)
            if limit is None or report["day"] > limit or inclusive and report["day"] == limit:
                if not (keep_first and report["key"] in table):
                    table[report["key"]] = report
        last = drop
    return table


MISTAKES = (
    ({"newest_of": "row"}, "Your newest day moves while a drop is read. It is what the table knew before the drop."),
    ({"newest_of": "drop"}, "You look back from the last drop. Look back from the newest day in the table: a drop may hold late "
                            "reports only."),
    ({"keep_first": True}, "A report that comes again should replace the older one."))


def fewest(drops) -> int:
    """The fewest days back with which `loaded` has each flight of the drops."""
    keys, back = {report["key"] for drop in drops for report in drop}, 0
    while set(loaded(drops, back)) != keys:
        back += 1
    return back


# --- exercise 3: partition, offset, text
LANDED = [(0, 0, '{"key": "a"}'), (0, 1, '{"key": "b", "dep_delay": 7}'), (0, 2, '{"key": "c"}'), (0, 9, '{"key": "z"}')]
RETRIED = [(0, 1, '{"key": "b", "dep_delay": 7}'), (0, 2, '{"key":"c"}'), (0, 3, '{"key": "d"}'), (0, 4, '{"key": "a"}'),
           (1, 2, '{"key": "e"}'), (1, 0, None)]
NEW = RETRIED[2:]


def landed(path) -> None:
    """A Delta table of LANDED at `path`, written without Spark."""
    import pyarrow
    from deltalake import write_deltalake
    kinds = pyarrow.int32(), pyarrow.int64(), pyarrow.string()
    columns = {name: pyarrow.array(values, kind) for name, values, kind in
               zip(("partition", "offset", "text"), zip(*LANDED), kinds)}
    write_deltalake(str(path), pyarrow.table(columns))


# --- exercise 4
CONTRACT = {"key": {"type": "text", "required": True}, "origin": {"type": "text", "required": True},
            "flight": {"type": "int", "required": True}, "dep_delay": {"type": "int", "required": False}}
VERDICTS = ("load", "add", "reject")
UNREADABLE = object()


def read(value, wanted):
    """`value` as the type that a contract names; None stays None; UNREADABLE where it is none."""
    if value is None or wanted == "text":
        return None if value is None else str(value)
    try:
        return int(value)
    except ValueError:
        return UNREADABLE


def decided(contract, drop) -> tuple:
    """(verdict, rows, contract) as exercise 4 asks for it."""
    for field, rule in contract.items():
        if rule["required"] and any(read(message.get(field), rule["type"]) in (None, UNREADABLE) for message in drop):
            return "reject", [], contract
    grown = dict(contract)
    for field in {field: None for message in drop for field in message if field not in contract}:
        values = [message[field] for message in drop if field in message]
        if 2 * len(values) >= len(drop):
            whole = all(isinstance(value, int) for value in values)
            grown[field] = {"type": "int" if whole else "text", "required": False}
    rows = [{field: None if (value := read(message.get(field), rule["type"])) is UNREADABLE else value
             for field, rule in grown.items()} for message in drop]
    return ("load" if grown == contract else "add"), rows, grown


def tried(decide, drop, said: dict, contract=CONTRACT) -> None:
    """Wrong unless decide(contract, drop) is right.

    `said` has a sentence for what may be wrong: "verdict" (or "verdict reject", of one), "rows", "contract", "" for all else.
    """
    given = json.loads(json.dumps(contract))
    answer = ask(decide, given, [dict(message) for message in drop])
    if not isinstance(answer, (tuple, list)) or len(answer) != 3:
        raise Unfit(f"decide should return three things: verdict, rows, contract. Yours returned {kind(answer)}.")
    verdict, rows, after = answer
    if verdict not in VERDICTS:
        raise Unfit(f"The verdict should be 'load', 'add' or 'reject', yours is {kind(verdict)}.")
    if not isinstance(rows, (list, tuple)) or not all(isinstance(row, dict) for row in rows):
        raise Unfit(f"The rows should be a list of dicts, yours are {kind(rows)}.")
    rows = list(rows)
    if not isinstance(after, dict):
        raise Unfit(f"The contract should be a dict of fields, yours is {kind(after)}.")
    expected = decided(contract, drop)
    odd = [message for message in drop if set(message) != set(CONTRACT) or _odd(message, contract)][:2] or drop[:2]
    for name, mine, right in zip(("verdict", "rows", "contract"), (verdict, rows, after), expected):
        if mine != right:
            sentence = said.get(f"{name} {verdict}") or said.get(name) or said[""]
            own = {"verdict": f"your verdict: {verdict}", "rows": f"your rows: {len(rows)}", "contract": f"yours: {after}"}[name]
            if name == "rows" and len(rows) == len(right):
                own = "your row: " + str(next(row for row, other in zip(rows, right) if row != other))
            raise Wrong(sentence, "messages: " + " ".join(map(str, odd)) + "\n" + own)


def _odd(message, contract) -> bool:
    """Whether a field has a value of another type than the contract's, or none where one is required."""
    kinds = {"int": int, "text": str}
    return any(rule["required"] if (value := message.get(field)) is None else not isinstance(value, kinds[rule["type"]])
               for field, rule in contract.items())


def drifts(decide, random) -> None:
    """Wrong unless decide() is right: three drops of one source, each decided by the contract that the one before left."""
    contract = CONTRACT
    for _ in range(3):
        drop = messages(random.randint(4, 12), random.randint(1, 999))
        told = []
        for _ in range(random.randint(1, 3)):
            field = random.choice(["gate", "seats", "debug", "flight", "dep_delay", "origin"])
            value = {"gate": "B7", "seats": 55, "debug": "x", "origin": None}.get(field, random.choice(["12", "NA", ...]))
            if field in ("origin", "flight") and random.random() < 0.6:
                field, value = "flight", "12"
            at = random.sample(range(len(drop)), random.randint(1, len(drop)))
            at = [place for place in at if value is not ... or field in drop[place]]
            drop = changed(drop, at, **{field: value})
            told.append(f"{field} {'is missing' if value is ... else f'is {value!r}'} in {len(at)} of {len(drop)}")
        tried(decide, drop, {"": f"This drop is decided wrongly: {', '.join(told)}."}, contract)
        contract = decided(contract, drop)[2]


def messages(number: int, seed: int = 1) -> list:
    """Reports of one day with the fields of CONTRACT, drawn by a seed."""
    reports = Random(seed).sample(_day(), number)
    return [{field: report[field] for field in CONTRACT} for report in reports]


@lru_cache(maxsize=None)
def _day():
    return events("report", (date(2013, 7, 1), date(2013, 7, 1)))


def changed(drop, at, **fields) -> list:
    """The drop with fields set in the messages at these positions; `...` takes a field away."""
    made = [dict(message) for message in drop]
    for place in at:
        for field, value in fields.items():
            if value is ...:
                made[place].pop(field)
            else:
                made[place][field] = value
    return made
