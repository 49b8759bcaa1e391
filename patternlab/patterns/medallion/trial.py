"""The worlds of lab 03: the observations, flights and makers on which an answer is tried, and the batches of its gate."""
from random import Random

from ... import faults
from ...checking.calls import describe, do, kind
from ...checking.outcomes import Unfit, Wrong

# --- exercise 1: observations, each with the mistake that it catches
COLUMNS = ("topic STRING, partition INT, offset LONG, origin STRING, year INT, month INT, day INT, hour INT, "
           "time_hour TIMESTAMP, wind_speed DOUBLE, wind_gust DOUBLE")
HOURS = [  # id, origin, local day, local hour, UTC, wind, gust, the rule that holds it back
    (1, "EWR", 2, 9, "2013-11-02T13:00:00", 10.4, 20.7, None),
    (2, "EWR", 3, 1, "2013-11-03T05:00:00", 8.1, 12.7, None),
    (3, "EWR", 3, 1, "2013-11-03T06:00:00", 9.2, 12.7, None),
    (4, "JFK", 2, 9, "2013-11-02T13:00:00", 11.5, 21.9, None),
    (5, "LGA", 2, 9, "2013-11-02T13:00:00", None, None, None),
    (6, "LGA", 2, 10, "2013-11-02T14:00:00", 12.7, None, None),
    (7, "LGA", 2, 11, "2013-11-02T15:00:00", 140.0, 231.0, None),
    (8, "EWR", 2, 9, "2013-11-02T13:00:00", 10.4, 20.7, "delivered twice"),
    (9, "EWR", 2, 12, None, 10.4, 20.7, "no hour"),
    (10, None, 2, 12, "2013-11-02T16:00:00", 10.4, 20.7, "no station"),
    (11, "JFK", 2, 10, "2013-11-02T14:00:00", 1048.4, None, "wind above the record"),
    (12, "JFK", 2, 11, "2013-11-02T15:00:00", 60.0, 300.0, "wind above the record"),
    (13, "JFK", 2, 12, "2013-11-02T16:00:00", 140.0, 254.0, None),
    (14, "JFK", 2, 13, "2013-11-02T17:00:00", None, 255.0, "wind above the record")]
SAID = {
    (3, "delivered twice"): "At the end of summer time 01:00 comes twice on the local clock, and both are real: compare UTC.",
    (4, "delivered twice"): "Reports of different stations for the same hour are not copies of each other.",
    (5, "wind above the record"): "Not measured is not the same as impossible: an hour is held back for its null wind.",
    (6, "wind above the record"): "Not measured is not the same as impossible: an hour is held back for its null gust.",
    (7, "wind above the record"): "You hold back a gust of 231 mph, which has been measured; the limit is 254.",
    (8, None): "A second copy of the same observation stays in silver: your key takes it for another one.",
    (9, None): "An observation without an hour stays in silver.",
    (10, None): "An observation without a station stays in silver. In SQL `= NULL is never true`; ask IS NULL.",
    (11, None): "A wind of 1,048 mph stays in silver.",
    (12, None): "You look at the wind only: a gust of 300 mph stays in silver.",
    (13, "wind above the record"): "You hold back 254 mph. That is the record itself, so it was measured.",
    (14, None): "A gust of 255 mph stays in silver. It is above the record."}

# --- exercise 2: flight number, tail number, flag; one number twice, as on two days
FLIGHTS = [(1, "N11", "known"), (2, "N22", "known"), (3, None, "missing"), (4, "N99", "unknown"), (5, "N11", "known"),
           (6, "N99", "unknown"), (6, "N11", "known")]
LISTED = [("N11", 55), ("N22", 182), ("N22", 182), ("N22", 199), ("N77", 20), (None, 2)]

# --- exercise 3: tail number, what the source says, the conformed name
MAKERS = [("N1", "AIRBUS", "AIRBUS"), ("N2", "AIRBUS INDUSTRIE", "AIRBUS"), ("N3", "BOEING", "BOEING"),
          ("N4", "MCDONNELL DOUGLAS", "MCDONNELL DOUGLAS"),
          ("N5", "MCDONNELL DOUGLAS AIRCRAFT CO", "MCDONNELL DOUGLAS"),
          ("N6", "MCDONNELL DOUGLAS CORPORATION", "MCDONNELL DOUGLAS"), ("N7", "CANADAIR", "CANADAIR"),
          ("N8", "CANADAIR LTD", "CANADAIR"), ("N9", "DOUGLAS", "DOUGLAS"), ("N10", " airbus industrie ", "AIRBUS"),
          ("N11", "Boeing ", "BOEING"), ("N12", None, None), ("N13", "GULFSTREAM AEROSPACE", "GULFSTREAM AEROSPACE")]

# --- exercise 4
CONTRACT = {"key": ("text", False), "scheduled": ("time", False), "occurred": ("time", False),
            "origin": ("text", False), "tailnum": ("text", True), "dep_delay": ("number", True)}


def published(publish, messages, contract=CONTRACT) -> tuple:
    """(what publish returned, lists given to write_silver, lists given to write_quarantine) for one batch."""
    def writer(name, written):
        def write(rows):
            if isinstance(rows, (dict, str)) or hasattr(rows, "columns") or not hasattr(rows, "__iter__"):
                raise Unfit(f"{name} takes a list of messages; you gave {kind(rows)}.")
            written.append(list(rows))
        return write

    silver, quarantine = [], []
    said = do(publish, messages, dict(contract), writer("write_silver", silver), writer("write_quarantine", quarantine))
    return said, silver, quarantine


def splits(publish, messages, bad, stopped: str, contract=CONTRACT, into="You let a damaged message into silver.",
           back="You held back a message that keeps the contract.") -> None:
    """Wrong unless this batch is published: the positions `bad` go to quarantine, the others to silver, None is returned.

    `stopped` is the sentence for a batch that was refused, `into` and `back` are those for a damaged message in
    silver and a healthy one in quarantine.
    """
    said, silver, quarantine = published(publish, messages, contract)
    if said is not None and not silver:
        raise Wrong(f"{stopped} You returned {describe(said, 60)}.")
    if said is not None:
        raise Wrong(f"You published the batch and returned {describe(said, 60)}. A field is named only where it stopped the "
                    "batch; else return None.")
    if len(silver) > 1 or len(quarantine) > 1:
        raise Wrong("You wrote a table more than once. A reader between two writes sees half of a batch.")
    if messages and not silver and not quarantine:
        raise Wrong("Nothing was written, neither to silver nor to quarantine.")
    kept, held = (sorted(map(str, written[0] if written else [])) for written in (silver, quarantine))
    good, damaged = (sorted(str(each) for at, each in enumerate(messages) if (at in bad) is broken) for broken in (False, True))
    if [kept, held] == [good, damaged]:
        return
    if set(kept) & set(held):
        raise Wrong("A message is in silver and in quarantine. It should be in one of them, not both.")
    if wrong := [message for message in kept if message in set(damaged)]:
        raise Wrong(into, wrong[0][:300])
    if wrong := [message for message in held if message in set(good)]:
        raise Wrong(back, wrong[0][:300])
    if wrong := [message for message in kept + held if message not in set(good + damaged)]:
        raise Wrong("A message was changed on its way. Write each as it came.", wrong[0][:300])
    if len(kept) + len(held) < len(messages):
        raise Wrong("Silver and quarantine together are not the batch: messages are missing.")
    raise Wrong("A message was written twice.")


def stops(publish, messages, fields, what: str, missing: bool = False) -> None:
    """Wrong unless nothing of this batch is written and one of `fields` is returned; `what` begins the sentences."""
    said, silver, quarantine = published(publish, messages)
    if silver:
        if missing and said is None and len(silver[0]) == len(messages):
            raise Wrong(f"{what}, and nothing stopped. A missing field is not a null.",
                        f"fields of the last message: {', '.join(messages[-1])}")
        raise Wrong(f"{what}, and you published the batch. Silver's last version is gone.")
    if quarantine:
        raise Wrong(f"{what}, and you wrote to quarantine. The source has changed: write nothing at all.")
    if said not in fields:
        raise Wrong(f"{what}; you returned {describe(said, 60)}. Name the field that stopped it.")


def broken(healthy, damage: dict) -> list:
    """The batch with `damage`: {position: {field: value, or ... to take the field away}}."""
    made = [dict(message) for message in healthy]
    for at, fields in damage.items():
        for field, value in fields.items():
            if value is ...:
                made[at].pop(field)
            else:
                made[at][field] = value
    return made


def edges(publish, healthy) -> None:
    """What single clauses of the Goal say, one batch each, made of the first hundred of `healthy` that have no null."""
    def batch(damage, stopped, bad=None, **told):
        splits(publish, broken(healthy, damage), set(damage) if bad is None else bad, stopped, **told)

    full = [{field: message[field] for field in CONTRACT} for message in healthy]
    healthy = [message for message in full if None not in message.values()][:100]

    dirt = [{"scheduled": "soon"}, {"occurred": -1}, {"origin": ...}, {"origin": None}, {"dep_delay": "12"}]
    batch(dict(zip(range(5, 100, 20), dirt)),
          "A few damaged messages stopped a batch of a hundred: five, each damaged in a field or a way of its own.")
    batch({at: {("origin", "occurred", "scheduled")[at % 3]: -1} for at in range(12)},
          "Twelve in a hundred are damaged, but only four in any one field. The source has changed where more than 5 % break the "
          "contract in the same field.")
    batch({at: {"origin": None} for at in range(5)}, "Five in a hundred stopped the batch, and 5 % is not more than 5 %.")
    stops(publish, broken(healthy, {at: {"origin": None} for at in range(50)}), ["origin"], "Half of the messages have no origin")
    stops(publish, broken(healthy, {at: {"origin": None} for at in range(6)}), ["origin"],
          "Six messages in a hundred have no origin, more than 5 %")
    batch({3: {"tailnum": ...}}, "One message without tailnum stopped a batch of a hundred.",
          into="You let a message without tailnum into silver. A missing field is not a null, also where null is allowed.")
    batch({3: {"scheduled": "2013-07-01 09:15:00"}}, "One damaged time stopped a batch of a hundred.",
          into="You let the time '2013-07-01 09:15:00' into silver. It has no T and no Z, so nobody knows its zone.")
    batch({at: {"tailnum": None, "dep_delay": None} for at in range(30)},
          "Nulls stopped the batch, in fields that may be null.", set(),
          back="You held back nulls, in fields that may be null.")
    batch({at: {"dep_delay": 7.5} for at in range(30)}, "A delay of 7.5 stopped the batch, and it is a number.", set())
    batch({at: {"gate": "B7"} for at in range(100)}, "A new field stopped the batch. Additional fields are fine.", set(),
          back="You held back messages for a new field. Additional fields are fine.")
    short = {field: CONTRACT[field] for field in ("key", "origin", "tailnum")}
    batch({at: {"dep_delay": "12"} for at in range(30)}, "A field stopped the batch that the contract of this call does not "
          "name: take the fields from `contract`.", set(), contract=short)
    splits(publish, healthy[:1], set(), "A batch of one healthy message was stopped.")
    stops(publish, broken(healthy[:1], {0: {"origin": ..., "scheduled": "soon"}}), ["origin", "scheduled"],
          "The only message of a batch breaks the contract, more than 5 %")
    splits(publish, [], set(), "A batch without messages was stopped.")


def seed(publish, day, number) -> None:
    """One bad day and three changed sources of seed `number`; the messages have many more fields than the contract."""
    random = Random(number)
    healthy = random.sample(day, min(100, len(day)))
    damaged = faults.poisoned(healthy, share=0.03, seed=number)
    splits(publish, damaged, {at for at, message in enumerate(damaged) if message is not healthy[at]},
           "A few damaged messages stopped the whole batch. Three in a hundred belong in quarantine; the others are good.")
    half, field = len(healthy) // 2, random.choice(["scheduled", "origin", "tailnum", "dep_delay"])
    for changed, name, verb in (({"rename": {"tailnum": "tail"}}, "tailnum", "renamed"),
                                ({"rename": {field: f"new_{field}"}}, field, "renamed"),
                                ({"retype": {"dep_delay": str}}, "dep_delay", "retyped")):
        stops(publish, faults.drifted(healthy, half, **changed), [name], f"The source {verb} {name} midway",
              missing=verb == "renamed" and CONTRACT[name][1])
