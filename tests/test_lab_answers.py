"""Answers that nobody wrote for a lab: what a Goal does not forbid is right, another kind gets a sentence about the kind.

The checks run in this process, without an engine, on the lab's own reference and on what is made of it here.
"""
import hashlib
import json
import math
import os
import sys
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
import runs

from patternlab.flights import events
from patternlab.lab import Lab
from patternlab.patterns.stream_windowing import records, trial


def own(slug: str, n: int) -> dict:
    """The names that the reference of an exercise makes."""
    made = {"hashlib": hashlib, "math": math, "pd": pd, "json": json, "events": events, "records": records,
            "timedelta": timedelta}
    variant = runs.build.variants(runs.source(slug, "labs"))[n]
    exec(variant.start + "\n" + variant.reference, made)
    return made


same_as = own("05-data-vault", 4)["same_as"]
point_in_time = own("05-data-vault", 5)["point_in_time"]
live = own("06-lakehouse", 2)["live"]
layout = own("06-lakehouse", 4)["layout"]
lost, enough = (own("07-stream-windowing", 2)[name] for name in ("lost", "patience"))
spark_loss = own("07-stream-windowing", 3)["spark_loss"]
add_report = own("07-stream-windowing", 4)["add_report"]
publish = own("07-stream-windowing", 5)["publish"]
serve, counted, blame = own("09-lambda", 1)["serve"], own("09-lambda", 2)["counted"], own("09-lambda", 4)["blame"]
live_batches, smallest = (own("10-kappa", 2)[name] for name in ("live_batches", "enough"))
release = own("10-kappa", 3)["release"]
rebuild = own("10-kappa", 4)["rebuild"]
apply = own("11-event-driven", 1)["apply"]
upcast, state_at = (own("11-event-driven", 2)[name] for name in ("upcast", "state_at"))
consume = own("11-event-driven", 3)["consume"]
fullest = own("11-event-driven", 4)["fullest"]
handle = own("15-serverless", 1)["handle"]
settle = own("15-serverless", 2)["run"]
crossover = own("15-serverless", 3)["crossover"]
wanted = own("15-serverless", 4)["wanted"]
replica = own("12-cdc", 2)["replica"]
guard = own("12-cdc", 3)["guard"]
hand_over = own("12-cdc", 4)["hand_over"]
contract = own("13-data-mesh", 1)["contract"]
leaks, masked = (own("13-data-mesh", 2)[name] for name in ("leaks", "masked"))
step = own("13-data-mesh", 3)["step"]
delay_by_weather = own("13-data-mesh", 4)["delay_by_weather"]


def after(function, change):
    """`function`, and then `change` of what it returned."""
    return lambda *given: change(function(*given))


def rebuilt(change, tell=int):
    """rebuild() of lab 10, and then `change` of its messages, or `tell` of the hole that it found."""
    return after(rebuild, lambda found: change(found) if isinstance(found, list) else tell(found))


def puts_back(log, speed, publish):
    seam = log.end()
    publish(counted(log.read(0, seam)), seam)
    kept = {offset: row for offset, row in speed.items() if offset >= seam}
    speed.clear()
    speed.update(kept)


def only_from_v1(catalog, rows):
    if len(catalog.tables()) > 2:
        raise KeyError
    release(catalog, rows)


def survives(catalog, rows):
    try:
        release(catalog, rows)
    except BaseException:
        pass


def in_place(sessions, moment, gap):
    sessions[:] = add_report(sessions, moment, gap)
    return sessions


def generated(number, reports, watermark, memory):
    yield from publish(number, reports, watermark, memory)


def keeps_the_numbers(number, reports, watermark, memory):
    memory.setdefault("batches", []).append(number)
    return publish(number, reports, watermark, memory)


def keeps_the_keys(number, reports, watermark, memory):
    memory.setdefault("keys", set()).update(report["key"] for report in reports)
    return publish(number, reports, watermark, memory)


def of_tombstones(messages):
    """The tombstone for the delete: right where every delete has one that comes once."""
    table, seen = {}, {}
    for message in messages:
        key, event = json.loads(message["key"])["key"], json.loads(message["value"] or "{}")
        if not event:
            table.pop(key, None)
        elif event["source"]["lsn"] > seen.get(key, 0):
            seen[key] = event["source"]["lsn"]
            table.update({key: event["after"]} if event["op"] != "d" else {})
    return list(table.values())


def reads_ahead(source, replica, state):
    hand_over(source, replica, state)
    state["position"] = state["position"] - 5


def sorts_in_place(departures, files, limit):
    departures.sort_values("dest", inplace=True)
    departures["file"] = layout(departures, files, limit)
    return departures["file"]


def two_rounds(hub, pairs):
    master = {key: key for key in hub}
    for one, other in pairs * 2:
        if one in hub and other in hub:
            master[one] = master[other] = min(master[one], master[other], key=hub.get)
    return master


def charges_decimals(topic, db):
    consume(topic, db)
    with db.transaction() as rows:
        rows["fees"] = {carrier: Decimal(total) for carrier, total in rows["fees"].items()}
        rows["fees"]["AA"] = 0


def reads_at_once(topic, db):
    messages = []
    while more := topic.read(len(messages)):
        messages += more
    with db.transaction() as rows:
        names = {(message["key"], message["version"]): message for message in messages}
        rows["fees"] = pd.DataFrame(names.values()).groupby("carrier").fee.sum().to_dict()


def keeps_lists(event, state):
    """What JSON can hold: a list of pairs, in another place than `seen`."""
    names = state.setdefault("names", [])
    if [event["source"], event["id"]] not in names:
        names.append([event["source"], event["id"]])
        origin = event["data"]["origin"]
        state["minutes"] = dict(state["minutes"], **{origin: state["minutes"].get(origin, 0.0) + event["data"]["minutes"]})


def notes_the_offset_at_last(topic, db):
    """A kill between the two transactions costs nothing: the names are in the first one."""
    while messages := topic.read(db.rows.get("next", 0)):
        try:
            with db.transaction() as rows:
                fees, names = rows.setdefault("fees", {}), rows.setdefault("names", set())
                for message in messages:
                    if (message["key"], message["version"]) not in names:
                        names.add((message["key"], message["version"]))
                        fees[message["carrier"]] = fees.get(message["carrier"], 0) + message["fee"]
        finally:
            with db.transaction() as rows:
                rows["next"] = messages[-1]["offset"] + 1


GOOD = {
    "versions as a tuple": (5, 5, after(point_in_time, tuple)),
    "a frozen set of files": (6, 2, after(live, frozenset)),
    "a view of keys": (6, 2, after(live, lambda files: dict.fromkeys(files).keys())),
    "numpy's names": (6, 2, after(live, lambda files: np.array(sorted(files)))),
    "departures sorted in place": (6, 4, sorts_in_place),
    "numpy's patience": (7, 2, (lost, np.int64(enough))),
    "a patience with a point": (7, 2, (lost, float(enough))),
    "a decimal patience": (7, 2, (lost, Decimal(enough))),
    "a list for the pair": (7, 2, [lost, enough]),
    "an array of one number": (7, 2, (after(lost, lambda found: np.array([found])), enough)),
    "a loss with a point": (7, 3, after(spark_loss, float)),
    "sessions in place": (7, 4, in_place),
    "sessions as a set": (7, 4, after(add_report, set)),
    "sessions backwards": (7, 4, after(add_report, lambda found: sorted(found, reverse=True))),
    "panes as a tuple": (7, 5, after(publish, tuple)),
    "pandas' begins": (7, 5, after(publish, lambda rows: [[pd.Timestamp(row[0]), *row[1:]] for row in rows])),
    "batch numbers for ever": (7, 5, keeps_the_numbers),
    "a board of arrays": (9, 1, after(serve, lambda board: {origin: np.array(row) for origin, row in board.items()})),
    "a row for each airport": (9, 1, after(serve, lambda board: {"EWR": (0, 0), "LGA": (0, 0), **board})),
    "numpy's text": (9, 4, after(blame, np.str_)),
    "batches one by one": (10, 2, (after(live_batches, iter), after(smallest, float))),
    "batches as arrays": (10, 2, (after(live_batches, lambda found: tuple(map(np.array, found))), after(smallest, np.int64))),
    "rows as lists": (10, 3, lambda catalog, rows: release(catalog, list(map(list, rows)))),
    "rows one by one": (10, 3, lambda catalog, rows: release(catalog, iter(rows))),
    "who catches the kill": (10, 3, survives),
    "messages one by one": (10, 4, rebuilt(iter)),
    "messages as lists": (10, 4, rebuilt(lambda found: tuple(map(list, found)))),
    "a hole with a point": (10, 4, rebuilt(list, float)),
    "a state with a note": (11, 1, after(apply, lambda state: {**state, "seen": True})),
    "a state of numpy": (11, 1, after(apply, lambda state: {**state, "version": np.int64(state["version"])})),
    "events in another order": (11, 2, (after(upcast, lambda event: dict(reversed(event.items()))), state_at)),
    "copies of states": (11, 2, [upcast, after(state_at, lambda states: {key: dict(state) for key, state in states.items()})]),
    "decimal fees, and who owes nothing": (11, 3, charges_decimals),
    "all of the topic at once": (11, 3, reads_at_once),
    "an offset that a killed process never notes": (11, 3, notes_the_offset_at_last),
    "a list for the most and its moment": (11, 4, after(fullest, list)),
    "a most with a point": (11, 4, after(fullest, lambda found: (float(found[0]), found[1]))),
    "a state kept in lists": (15, 1, keeps_lists),
    "an origin with no minutes": (15, 1, lambda event, state: state["minutes"].setdefault("ORD", 0) or handle(event, state)),
    "ids in a set": (15, 2, after(settle, set)),
    "ids one by one": (15, 2, after(settle, iter)),
    "calls in an array": (15, 3, after(crossover, lambda found: found and list(map(np.float64, found)))),
    "a whole number with a point": (15, 4, after(wanted, float)),
    "no waiting for a trickle's silence": (15, 4, lambda w, r, f, q, m: min(m, max(w, r - f, q < 4950))),
    "a tuple of rows": (12, 2, after(replica, tuple)),
    "one column more": (12, 2, after(replica, lambda rows: [{"seen": 1, **row} for row in rows])),
    "other order": (12, 2, after(replica, lambda rows: [dict(reversed(row.items())) for row in rows[::-1]])),
    "a list of three": (12, 3, after(guard, list)),
    "fitting rows in pandas": (12, 3, after(guard, lambda found: (found[0], pd.DataFrame(found[1]), found[2]))),
    "columns in another order": (12, 3, after(guard, lambda found: (dict(reversed(found[0].items())), *found[1:]))),
    "objectives as a tuple, of numpy": (13, 1, after(contract, lambda made: {**made, "slaProperties": tuple(
        {**sla, "value": np.int64(sla["value"])} for sla in made["slaProperties"])})),
    "a contract with tags and a price": (13, 1, after(contract, lambda made: {
        **made, "tags": ["fleet"], "price": {"priceAmount": 0, "priceCurrency": "USD", "priceUnit": "year"}})),
    "names of columns as a view": (13, 2, (after(leaks, lambda found: dict.fromkeys(found).keys()), masked)),
    "names of columns twice": (13, 2, (after(leaks, lambda found: [*found, *found]), masked)),
    "masked rows one by one": (13, 2, [leaks, after(masked, iter)]),
    "numpy's word": (13, 3, after(step, np.str_)),
    "visibilities one by one": (13, 4, after(delay_by_weather, lambda made: {**made, "rows": iter(made["rows"])})),
    "not a number for unknown": (13, 4, after(delay_by_weather, lambda made: {**made, "known": float(made["known"]), "rows": [
        {name: math.nan if value is None else value for name, value in row.items()} for row in made["rows"]]})),
}
WRONG = {
    "a key of chance": (5, 1, lambda parts: os.urandom(32).hex(), "The same parts got two keys"),
    "no masters": (5, 4, lambda hub, pairs: {key: key for key in hub}, "Every key is its own master"),
    "two rounds over the pairs": (5, 4, two_rounds, "connect by several steps have two masters"),
    "masters in pandas": (5, 4, after(same_as, pd.Series), "should be a dict"),
    "no aircraft": (5, 5, after(point_in_time, lambda rows: [{**row, "aircraft_key": None} for row in rows]),
                    "aircraft_key is None"),
    "a day 0": (5, 5, after(point_in_time, lambda rows: [{**row, "register_day": 0} for row in rows]),
                "no load_day of the register"),
    "files in a list": (6, 2, after(live, lambda files: [sorted(files)]), "should be names, which are texts"),
    "a row without a file": (6, 4, after(layout, lambda file: file.where(file.index != 5)), "one of yours is nan"),
    "a text for minutes": (7, 2, (lost, "180 minutes"), "patience should be a number, yours is the text '180 minutes'"),
    "a timedelta for minutes": (7, 2, (lost, timedelta(minutes=180)), "patience should be a number"),
    "true for minutes": (7, 2, (lost, True), "patience should be a number, yours is True"),
    "a board in pandas": (9, 1, after(serve, pd.DataFrame), "The board should be a dict"),
    "rows put back": (9, 2, puts_back, "While you took rows out"),
    "the pair backwards": (7, 2, (enough, lost), "Give both in this order: lab.check(2, (lost, patience))"),
    "half a step": (7, 2, (lost, 175), "a multiple of 30"),
    "the function alone": (7, 2, lost, "Give both: lab.check(2, (lost, patience))"),
    "three for two": (7, 2, (lost, enough, 1), "Give both: lab.check(2, (lost, patience))"),
    "a share": (7, 2, (lambda log, wait: lost(log, wait) / max(1, len(log)), enough), "which is not what is lost"),
    "two for one": (7, 3, (spark_loss, 30), "should be a function"),
    "the log as one batch": (7, 3, lambda batches, wait: spark_loss([sum(batches, [])], wait), "returns 0 for every log"),
    "sessions one by one": (7, 4, lambda *given: iter(add_report(*given)), "should be a list"),
    "no count": (7, 4, after(add_report, lambda found: [session[:2] for session in found]), "(begin, end, count); one of yours"),
    "a shorter gap": (7, 4, lambda found, moment, gap: add_report(found, moment, gap - 1), "A session ends a gap after"),
    "panes one by one": (7, 5, generated, "has a yield"),
    "a text for a begin": (7, 5, after(publish, lambda rows: [(str(row[0]), *row[1:]) for row in rows]), "should be a datetime"),
    "a text for a count": (7, 5, after(publish, lambda rows: [(*row[:3], str(row[3])) for row in rows]), "n of a row should be"),
    "keys for ever": (7, 5, keeps_the_keys, "your memory still held"),
    "batches in a dict": (10, 2, (after(live_batches, lambda found: dict(enumerate(found))), smallest), "should be a list"),
    "batches without order": (10, 2, (after(live_batches, lambda found: list(map(set, found))), smallest), "in their order"),
    "half a minute more": (10, 2, (live_batches, after(smallest, lambda found: found + .5)), "A smaller patience"),
    "half a minute less": (10, 2, (live_batches, after(smallest, lambda found: max(0, found - .5))), "in whole minutes"),
    "equal times once": (10, 2, (after(live_batches, lambda found: [list(dict.fromkeys(batch)) for batch in found]), smallest),
                         "in their order, each once"),
    "offsets in batches": (10, 2, (lambda log, ends: live_batches(list(range(len(log))), ends), smallest),
                           "planned times of the log"),
    "a patience as text": (10, 2, (live_batches, after(smallest, str)), "should be a number"),
    "a row twice": (10, 3, lambda catalog, rows: release(catalog, rows + rows[:1]), "neither all old rows nor all new ones"),
    "another's table": (10, 3, lambda catalog, rows: catalog.point("board", "fares_v3"), "neither all old rows nor all new"),
    "a further table": (10, 3, lambda catalog, rows: (release(catalog, rows), catalog.create("copy", rows))[0], "no view names"),
    "a KeyError of its own": (10, 3, only_from_v1, "stumbled over what the first attempt had left. KeyError"),
    "one message less": (10, 4, rebuilt(lambda found: found[:-1]), "when you were called the log went to"),
    "messages without offsets": (10, 4, rebuilt(lambda found: [text for _, text in found]), "A message is a pair"),
    "a message of nobody": (10, 4, rebuilt(lambda found: [*found, (len(found), "x")]), "Leave them as they are"),
    "the log alone": (10, 4, lambda archive, log: log.read(0, log.end()), "a file has it"),
    "a hole as None": (10, 4, rebuilt(list, lambda hole: None), "returned None"),
    "the hole before": (10, 4, rebuilt(list, lambda hole: hole - 1), "It is another one"),
    "a state as pairs": (11, 1, after(apply, lambda state: list(state.items())), "should return a state, a dict"),
    "version as text": (11, 1, after(apply, lambda state: {**state, "version": str(state["version"])}), "The first event"),
    "one function of two": (11, 2, upcast, "Give both: lab.check(2, (upcast, state_at))"),
    "states in a list": (11, 2, (upcast, after(state_at, lambda states: list(states.items()))), "should return states, a dict"),
    "a flight too many": (11, 2, (upcast, after(state_at, lambda states: {**states, "XX/9": {}})), "yours has some"),
    "fees as text": (11, 3, lambda topic, db: db.rows.update(fees={"UA": "42"}), "should be a number"),
    "nobody's fee": (11, 3, lambda topic, db: db.rows.update(fees={"XX": 1}), "no airline of an event"),
    "the most alone": (11, 4, after(fullest, lambda found: found[0]), "should return two things"),
    "true for the most": (11, 4, after(fullest, lambda found: (True, found[1])), "The most should be a number"),
    "minutes in a list": (15, 1, lambda event, state: state.update(minutes=[5]), "should be a dict"),
    "minutes as texts": (15, 1, lambda event, state: state["minutes"].update(EWR="5"), "should be a number"),
    "one id": (15, 2, lambda batch, process, dead, most: "m2", "should return a list of ids"),
    "another message for process": (15, 2, lambda batch, process, dead, most: [process({**each}) for each in batch] and
                                    process({"id": "m1"}), "no message of the batch"),
    "True for the calls": (15, 3, after(crossover, lambda found: found and (True, found[1])), "should be a number"),
    "never": (15, 3, lambda price, ms, gigabytes, slots: None, "Here is a number from which a machine is no dearer"),
    "half an instance": (15, 4, after(wanted, lambda found: found / 2), "should be a whole number, 0 or more"),
    "fewer than none": (15, 4, lambda w, r, f, q, m: -1, "should be a whole number, 0 or more"),
    "nobody kept": (15, 4, lambda w, r, f, q, m: min(m, w), "saves a start"),
    "a list of texts": (12, 2, after(replica, lambda rows: list(map(json.dumps, rows))), "should be a table"),
    "a key in a list": (12, 2, after(replica, lambda rows: [{**row, "key": [row["key"]]} for row in rows]), "should be texts"),
    "nobody's flight": (12, 2, after(replica, lambda rows: [*rows, {"key": "XX/9", "status": "a"}]), "no message speaks of it"),
    "one row less": (12, 2, after(replica, lambda rows: rows[:-1]), "is missing: no message deletes it"),
    "tombstones alone": (12, 2, of_tombstones, "this topic has no tombstones, the event with op d is the delete"),
    "the wrong way round": (12, 3, after(guard, lambda found: (found[0], *found[:0:-1])), "the other way round"),
    "names of types": (12, 3, after(guard, lambda found: ({name: "str" for name in found[0]}, *found[1:])), "a type of Python"),
    "all refused": (12, 3, lambda columns, rows: (columns, [], rows), "Every row was refused"),
    "a position behind": (12, 4, reads_ahead, "came after your position"),
    "a contract as text": (13, 1, after(contract, str), "should return a dict"),
    "a contract with a function": (13, 1, after(contract, lambda made: {**made, "tags": [len]}), "as a YAML file does"),
    "a contract of two tables": (13, 1, after(contract, lambda made: {**made, "schema": made["schema"] * 2}), "one table"),
    "one name as a text": (13, 2, (after(leaks, lambda found: found[0] if found else ""), masked), "a list, and yours returned"),
    "rows as a frame": (13, 2, (leaks, after(masked, pd.DataFrame)), "should be a list of dicts"),
    "a word with a capital": (13, 3, after(step, str.title), "should return 'major', 'minor' or 'patch'"),
    "rows by visibility": (13, 4, after(delay_by_weather, lambda made: {
        **made, "rows": {row["visib"]: row for row in made["rows"]}}), "should be a list of dicts"),
    "visibilities as texts": (13, 4, after(delay_by_weather, lambda made: {
        **made, "rows": [{**row, "visib": str(row["visib"])} for row in made["rows"]]}), "a number or None"),
    "a product without known": (13, 4, after(delay_by_weather, lambda made: {"owner": "x", "rows": made["rows"]}),
                                "a dict with owner, rows and known"),
}


@pytest.fixture(autouse=True)
def scratch(tmp_path, monkeypatch):
    monkeypatch.setenv("PATTERNLAB_PROGRESS", str(tmp_path))


def checked(room, n, answer):
    lab = Lab(next(slug for slug in runs.labs() if slug.startswith(f"{room:02}-")))
    lab.check(n, answer)
    return lab.results[n]


@pytest.mark.parametrize("what", GOOD)
def test_what_the_goal_does_not_forbid_is_right(what):
    result = checked(*GOOD[what])
    assert result.outcome == "right", result.sentence


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_told_what_is_wrong_with_it(what):
    room, n, answer, words = WRONG[what]
    result = checked(room, n, answer)
    assert result.outcome == "not yet" and words in result.sentence, result.sentence


def test_a_memory_is_counted_in_whatever_it_is_kept():
    class Notes:
        def __init__(self):
            self.windows = {("09:00", "EWR"): {"said": 1}}

    assert trial.held({"done": set(range(30)), "last": 29}, 30) == 2, "the two names; batch numbers are free"
    assert trial.held({"a": Notes()}, 30) == trial.held({"a": vars(Notes())}, 30) == 5
    assert trial.held(pd.DataFrame({"key": list("abc"), "n": [4, 5, 6]}), 30) == 6
    assert trial.held([sys.maxsize, "x", ("y", b"z")], 30) == 4
