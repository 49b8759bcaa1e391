"""Lab 03: what is right in each exercise, and what each usual mistake is told."""
from datetime import datetime
from random import Random

from ... import faults
from ...checking.calls import ask, describe, do, session
from ...checking.outcomes import Exercise, Wrong
from ...checking.seeds import over_seeds
from ...flights import events


# --- exercise 1: twelve observations, each with the mistake that it catches

_COLUMNS = ("id INT, origin STRING, year INT, month INT, day INT, hour INT, time_hour TIMESTAMP, "
            "wind_speed DOUBLE, wind_gust DOUBLE")
_HOURS = [  # id, origin, local day, local hour, UTC, wind, gust, the rule that holds it back
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
    (12, "JFK", 2, 11, "2013-11-02T15:00:00", 60.0, 300.0, "wind above the record")]
_SAID = {
    (3, "delivered twice"): "At the end of summer time 01:00 comes twice on the local clock, and both are real: compare UTC.",
    (4, "delivered twice"): "Reports of different stations for the same hour are not copies of each other.",
    (5, "wind above the record"): "Not measured is not the same as impossible: an hour is held back for its null wind.",
    (6, "wind above the record"): "Not measured is not the same as impossible: an hour is held back for its null gust.",
    (7, "wind above the record"): "You hold back a gust of 231 mph, which has been measured; the limit is 254.",
    (8, None): "A second copy of the same observation stays in silver: your key takes it for another one.",
    (9, None): "An observation without an hour stays in silver.",
    (10, None): "An observation without a station stays in silver. In SQL `= NULL is never true`; ask IS NULL.",
    (11, None): "A wind of 1,048 mph stays in silver.",
    (12, None): "You look at the wind only: a gust of 300 mph stays in silver."}


def rules(answer):
    """(rules, key): SQL conditions by name and the key's columns; judged on twelve observations in one Spark action."""
    from pyspark.sql import Window, functions as F
    conditions, key = answer if isinstance(answer, (tuple, list)) and len(answer) == 2 else (None, None)
    if not isinstance(conditions, dict) or not all(isinstance(text, str) for text in conditions.values()):
        raise Wrong(f"The rules should be a dict of SQL conditions by name; yours are {describe(conditions)}.")
    if not isinstance(key, (list, tuple)) or not all(isinstance(name, str) for name in key) or not key:
        raise Wrong(f"The key should be a list of column names; yours is {describe(key)}.")
    given = [(number, origin, 2013, 11, day, hour, at and datetime.fromisoformat(at), wind, gust)
             for number, origin, day, hour, at, wind, gust, _ in _HOURS]
    verdict = F.coalesce(*[F.when(F.expr(text), F.lit(name)) for name, text in conditions.items()])
    copies = Window.partitionBy(*key, F.isnull("rule")).orderBy("id")
    judged = session().createDataFrame(given, _COLUMNS).withColumn("rule", verdict)
    judged = judged.withColumn("nth", F.row_number().over(copies)).select("id", "rule", "nth").collect()
    found = {row.id: row.rule or ("delivered twice" if row.nth > 1 else None) for row in judged}
    for number, origin, day, hour, at, wind, gust, expected in _HOURS:
        if found[number] != expected:
            other = f"is held back as {found[number]!r}" if found[number] else "stays in silver"
            sentence = _SAID.get((number, found[number]), f"An observation {other}, and it should not.")
            raise Wrong(sentence, [{"origin": origin, "day": f"2013-11-{day:02}", "hour": hour, "time_hour": at,
                                    "wind_speed": wind, "wind_gust": gust, "your verdict": found[number] or "silver"}])
    return "Nulls, the clock change and gusts are all judged as they should be."


# --- exercise 2

_FLIGHTS = [(1, "N11", "known"), (2, "N22", "known"), (3, None, "missing"), (4, "N99", "unknown"), (5, "N11", "known")]


def flagged(answer):
    """A function (flights, planes) -> frame: each flight once, with `aircraft`; one Spark action."""
    spark = session()
    flights = spark.createDataFrame([row[:2] for row in _FLIGHTS], "flight INT, tailnum STRING")
    listed = [("N11", 55), ("N22", 182), ("N22", 182), ("N22", 199), (None, 2)]
    planes = spark.createDataFrame(listed, "tailnum STRING, seats INT")
    frame = ask(answer, flights, planes)
    if not hasattr(frame, "collect"):
        raise Wrong(f"Return a Spark frame; yours is {describe(frame)}.")
    if missing := {"flight", "aircraft"} - set(frame.columns):
        raise Wrong(f"Your frame has no column {' and no '.join(sorted(missing))}; it has {', '.join(frame.columns)}.")
    found = {}
    for row in frame.select("flight", "aircraft").collect():
        found.setdefault(row.flight, []).append(row.aircraft)
    gone = [number for number, _, _ in _FLIGHTS if number not in found]
    if 4 in gone:
        raise Wrong("The flight of an unregistered aircraft is gone: an inner join drops what has no partner.",
                    [{"flight": 4, "tailnum": "N99"}])
    if gone:
        raise Wrong("The flight with no tail number is gone. It took place; say that its aircraft is missing.",
                    [{"flight": 3, "tailnum": None}])
    for number, tail, aircraft in _FLIGHTS:
        if len(found[number]) > 1:
            raise Wrong(f"The flight of {tail} comes out {len(found[number])} times: the registry lists it twice or more.",
                        [{"flight": number, "tailnum": tail, "aircraft": each} for each in found[number]])
        if found[number] != [aircraft]:
            sentence = ("No tail number, and one that the registry lacks, are two different facts: give them two names."
                        if number == 3 else "A flight has the wrong flag.")
            raise Wrong(sentence, [{"flight": number, "tailnum": tail, "aircraft": found[number][0]}])
    return "Nobody is lost, nobody is doubled, and a reader can tell why an aircraft is not known."


# --- exercise 3

_MAKERS = [("N1", "AIRBUS", "AIRBUS"), ("N2", "AIRBUS INDUSTRIE", "AIRBUS"), ("N3", "BOEING", "BOEING"),
           ("N4", "MCDONNELL DOUGLAS", "MCDONNELL DOUGLAS"),
           ("N5", "MCDONNELL DOUGLAS AIRCRAFT CO", "MCDONNELL DOUGLAS"),
           ("N6", "MCDONNELL DOUGLAS CORPORATION", "MCDONNELL DOUGLAS"), ("N7", "CANADAIR", "CANADAIR"),
           ("N8", "CANADAIR LTD", "CANADAIR"), ("N9", "DOUGLAS", "DOUGLAS"), ("N10", " airbus industrie ", "AIRBUS"),
           ("N11", "Boeing ", "BOEING"), ("N12", None, None)]


def conformed(answer):
    """A function planes -> frame with manufacturer and manufacturer_raw; one Spark action on twelve aircraft."""
    planes = session().createDataFrame([row[:2] for row in _MAKERS], "tailnum STRING, manufacturer STRING")
    frame = ask(answer, planes)
    if not hasattr(frame, "collect"):
        raise Wrong(f"Return a Spark frame; yours is {describe(frame)}.")
    if missing := {"tailnum", "manufacturer", "manufacturer_raw"} - set(frame.columns):
        raise Wrong(f"Your frame has no column {' and no '.join(sorted(missing))}; it has {', '.join(frame.columns)}.")
    found = {}
    for row in frame.select("tailnum", "manufacturer", "manufacturer_raw").collect():
        if row.tailnum in found:
            raise Wrong(f"The aircraft {row.tailnum} comes out twice.", [found[row.tailnum], row.asDict()])
        found[row.tailnum] = row.asDict()
    for tail, raw, _ in _MAKERS:
        if tail not in found:
            raise Wrong("An aircraft lost its row: one without a manufacturer is still an aircraft." if raw is None
                        else f"The aircraft {tail} lost its row.", [{"tailnum": tail, "manufacturer": raw}])
        if found[tail]["manufacturer_raw"] != raw:
            raise Wrong("manufacturer_raw should keep what the source said; yours is already conformed.", [found[tail]])
    for tail, raw, name in _MAKERS:
        if found[tail]["manufacturer"] != name:
            sentence = "An aircraft has the wrong manufacturer."
            if raw == "DOUGLAS":
                sentence = "DOUGLAS is another company here. Look at how a name begins, not at what it contains."
            elif raw and raw != raw.strip():
                sentence = "A later delivery has spaces or small letters, and your rule no longer knows the name."
            elif name in ("AIRBUS", "MCDONNELL DOUGLAS", "CANADAIR"):
                sentence = f"{name.title()} still has two spellings in your column."
            raise Wrong(sentence, [found[tail]])
    return "One maker, one name, and the source's own words beside it."


# --- exercise 4

CONTRACT = {"key": ("text", False), "scheduled": ("time", False), "occurred": ("time", False),
            "origin": ("text", False), "tailnum": ("text", True), "dep_delay": ("number", True)}


def gate(answer):
    """publish(messages, contract, write_silver, write_quarantine) on 20 seeds of damage and of changed sources."""
    day = events("report", "day")

    def run(messages):
        silver, quarantine = [], []
        said = do(answer, messages, dict(CONTRACT), silver.append, quarantine.append)
        return said, silver, quarantine

    def trial(seed):
        random = Random(seed)
        healthy = random.sample(day, min(100, len(day)))
        damaged = faults.poisoned(healthy, share=0.03, seed=seed)
        bad = {id(after) for before, after in zip(healthy, damaged) if after is not before}
        said, silver, quarantine = run(damaged)
        if said is not None:
            raise Wrong(f"A few damaged messages stopped the whole batch (you returned {said!r}). Three in a hundred belong "
                        "in quarantine; the others are good.")
        if len(silver) > 1 or len(quarantine) > 1:
            raise Wrong("You wrote a table more than once. A reader between two writes sees half of a batch.")
        kept, held = (sorted(map(str, written[0] if written else [])) for written in (silver, quarantine))
        expect = [sorted(str(each) for each in damaged if (id(each) in bad) is broken) for broken in (False, True)]
        if len(kept) + len(held) > len(damaged):
            raise Wrong("A message is in silver and in quarantine. It should be in one of them, not both.")
        if into := [message for message in kept if message in set(expect[1])]:
            raise Wrong("You let a damaged message into silver.", into[0][:300])
        if [kept, held] != expect:
            raise Wrong("Silver and quarantine together are not the batch: messages are missing, or healthy ones held back.")
        for messages, field, missing in changes(random, healthy):
            said, silver, quarantine = run(messages)
            if silver or quarantine:
                if missing and said is None and silver and len(silver[0]) == len(messages):
                    raise Wrong(f"The source renamed {field}, and nothing stopped. A missing field is not a null.",
                                f"fields of the last message: {', '.join(messages[-1])}")
                raise Wrong(f"The source changed {field} midway and you published half a batch. The last silver is gone.")
            if said != field:
                raise Wrong(f"The source changed {field}; you returned {said!r}. Name the field that stopped it.")
        said, silver, _ = run([{**message, "gate": "B7"} for message in healthy])
        if said is not None or not silver or len(silver[0]) != len(healthy):
            raise Wrong("A new field stopped the batch. More fields than the contract names break nothing.")

    def changes(random, healthy):
        half, field = len(healthy) // 2, random.choice(["scheduled", "origin", "tailnum", "dep_delay"])
        yield faults.drifted(healthy, half, rename={"tailnum": "tail"}), "tailnum", True
        yield faults.drifted(healthy, half, rename={field: f"new_{field}"}), field, field in ("tailnum", "dep_delay")
        yield faults.drifted(healthy, half, retype={"dep_delay": str}), "dep_delay", False
    over_seeds(20, trial)
    return "Twenty bad days and sixty changed sources: nothing lost, nothing half published."


EXERCISES = {
    1: Exercise("Rules with names", rules,
                ("What do SQL comparisons with null give, and which clock never runs backwards?",
                 "IS NULL for the station, > 254 on both winds (null > 254 is not true), station and time_hour as the key."),
                "A rule says when a row breaks a promise, so it must be true only then: null is neither. An observation is "
                "one station at one instant, and only UTC names instants once."),
    2: Exercise("Flagged, not dropped", flagged,
                ("Which join keeps every flight, and what must the other side be so that none is doubled?",
                 "Left join with planes.select('tailnum').distinct() and a marker column, then F.when on null and marker."),
                "The flight is a fact whether or not the registry knows the aircraft. A left join keeps it, a distinct "
                "key keeps it single, and three names keep two reasons apart.", minutes=15),
    3: Exercise("One name for one maker", conformed,
                ("How do all spellings of one maker begin, and what must happen before you compare?",
                 "F.upper(F.trim(...)), then F.when(spoken.startswith(maker), maker) for the three; first keep the raw."),
                "Conforming is a rule about meaning, so it is written once, on cleaned text, and the raw value stays "
                "beside it: somebody will question the rule.", minutes=20),
    4: Exercise("A gate that holds", gate,
                ("Judge first and write last: what do you have to know about the whole batch before the first write?",
                 "Count breaches per field; a missing field counts, a null only where the contract forbids it. Return the "
                 "field above 5 %, else split and write each list once."),
                "The decision needs the whole batch, so nothing may be written before it. Counting per field tells a "
                "changed source (one field, many rows) from ordinary dirt (many fields, few rows).",
                minutes=40, starred=True)}
