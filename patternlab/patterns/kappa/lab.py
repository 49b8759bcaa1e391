"""Lab 10: what is right in each exercise, and what each usual mistake is told."""
import time
import uuid
from pathlib import Path

from ...checking.calls import do, fits, session
from ...checking.delta import delta_rows
from ...checking.kinds import pair
from ...checking.outcomes import Exercise, Unfit, Wrong
from ...checking.seeds import over_seeds
from ...checking.tables import same_rows
from ...session import kafka, workspace
from . import catalogue, handover, trial

TOPIC = "check-10"


def replayed(answer):
    """(replay, version_1): two calls on a real topic, beside the lab's version 1; more reports come in between."""
    replay, version_1 = pair(answer, 1, "replay", "version_1")
    fits(replay, None, None)
    fits(version_1, None, None)
    if getattr(replay, "__name__", "") == "version_1":
        raise Unfit("Give both in this order: lab.check(1, (replay, version_1)).")
    broker, reports = kafka(), trial.reports()
    folder = workspace("10-kappa-check") / uuid.uuid4().hex     # Delta remembers a folder that it knows
    folder.mkdir()
    broker.feed(TOPIC, reports[:trial.FIRST])
    version_1(TOPIC, str(folder))
    place = _files(folder / "checkpoint_v1")
    broker.send(TOPIC, reports[trial.FIRST:trial.THEN])
    _call(replay, folder)
    _judge(folder, reports[:trial.THEN])
    if _files(folder / "checkpoint_v1") != place:
        raise Wrong("The checkpoint of version 1 has changed: version 1 reads there how far it is. Version 2 needs one of "
                    "its own.")
    broker.send(TOPIC, reports[trial.THEN:])
    _call(replay, folder)
    found = delta_rows(folder / "board_v2")
    if len(found) == trial.THEN + len(reports):
        raise Wrong("After a second call the first reports are in the table twice: a checkpoint of its own remembers "
                    "them.")
    _judge(folder, reports, "After a second call")
    return "All of history and what came since, in a table of its own; version 1 has noticed nothing."


def _call(answer, folder) -> None:
    """One call of the learner's function; what it has started is over then, or is stopped and refused."""
    streams = session().streams
    before = {query.id for query in streams.active}
    mine = []
    try:
        do(answer, TOPIC, str(folder), limit=60)
        until = time.monotonic() + 3
        while (mine := _begun(streams, before)) and time.monotonic() < until:
            time.sleep(0.1)
    finally:
        for query in _begun(streams, before):
            query.stop()
    if mine:
        raise Wrong("Your query still runs after the call. Let it end when it has read what is there: "
                    "trigger(availableNow=True), then wait for it.")


def _files(folder) -> dict:
    """{path: content} of all files in a folder."""
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def _begun(streams, before) -> list:
    """The streaming queries that run and are not of those `before` (ids)."""
    return [query for query in streams.active if query.id not in before]


def _judge(folder, reports, when="") -> None:
    there = Path(folder, "board_v1", "_delta_log").is_dir()
    first = delta_rows(folder / "board_v1") if there else {}
    before = trial.rows(trial.reports()[:trial.FIRST], lambda delay: delay > 0)
    if len(first) != trial.FIRST or sorted(zip(first["key"], first["late"])) != [(row["key"], row["late"]) for row in before]:
        raise Wrong("The table of version 1 has changed: somebody reads it. Write into a table of your own, board_v2.")
    if not Path(folder, "board_v2", "_delta_log").is_dir():
        raise Wrong("There is no Delta table at folder/board_v2.")
    found = delta_rows(folder / "board_v2")
    if not len(found):
        raise Wrong("board_v2 is empty: a new query begins at the latest message unless it is told otherwise.")
    keys = {report["key"] for report in reports}
    if "key" in found and keys - set(found["key"]) == {report["key"] for report in reports[:trial.FIRST]}:
        raise Wrong("board_v2 has only what came after version 1: you went on from its checkpoint. Version 2 needs one "
                    "of its own.")
    if {"key", "late", "dep_delay"} <= set(found):
        late = dict(zip(found["key"], found["late"]))
        for limit, sentence in (
                (lambda delay: delay > 0, "You mark what is late by more than 0 minutes, as version 1 does."),
                (lambda delay: delay >= 15, "Exactly 15 minutes is not more than 15 minutes.")):
            if all(late.get(row["key"]) == row["late"] for row in trial.rows(reports, limit)):
                right = {row["key"]: row["late"] for row in trial.rows(reports)}
                raise Wrong(sentence, found[[late[key] != right.get(key) for key in found["key"]]].head(3))
    same_rows(found, trial.rows(reports), key="key", sentence=when)


def equal_replays(answer):
    """(live_batches, enough): cuts of a few logs; the smallest patience of many."""
    live_batches, enough = pair(answer, 2, "live_batches", "enough")
    fits(live_batches, None, None)
    fits(enough, None)
    trial.cut(live_batches)
    trial.patience(enough)
    return "Either the same cuts, or a patience that no cut can break: both make a replay equal to the live run."


def switched(answer):
    """release(catalog, rows): a reader asks after each step, and the release is killed at each step and begun again."""
    fits(answer, None, None)
    catalogue.judge(answer)
    return "Whoever asked saw all old rows or all new ones, also when the release died on its way."


def handed_over(answer):
    """rebuild(archive, log): for each of 20 seeds, with retention that goes on while files are read."""
    fits(answer, None, None)
    over_seeds(20, lambda seed: handover.trial(answer, seed))
    return "Twenty archives and logs: every message once and in order, and each hole told."


EXERCISES = {
    1: Exercise("Version 2 from the beginning", replayed,
                ("Three things make it a version of its own: where it begins to read, where it notes how far it is, where "
                 "it writes.",
                 'startingOffsets "earliest", checkpointLocation f"{folder}/checkpoint_v2", '
                 'trigger(availableNow=True), start(f"{folder}/board_v2")'),
                "startingOffsets counts only for a query without a checkpoint. A checkpoint of its own makes it new, and "
                "on the second call makes it go on where it stood.",
                works=lambda: "runs your stream twice, about 5 s"),
    2: Exercise("When is a replay the live run?", equal_replays,
                ("Ends are offsets: a batch reaches from the end before it to its own. Patience: in which cut is the "
                 "watermark of a report highest?",
                 "zip([0, *ends], ends) and log[first:until]. Over all reports: newest before it - end of its hour + 1, "
                 "at least 0."),
                "A replay repeats the live run where nothing depends on the cuts, or where the cuts are repeated too. The "
                "first costs latency, the second a record of all cuts.", minutes=20),
    3: Exercise("A switch without a moment in between", switched,
                ("Which single step changes what readers see? Everything before it happens where nobody looks.",
                 "A name that is not in catalog.tables(); create, point, then drop every table that no view names."),
                "Building beside and pointing once leaves nothing to see half of. Tidying up by what views name, not by "
                "what this run remembers, also clears what a killed run has left.", minutes=25),
    4: Exercise("First the files, then the log", handed_over,
                ("From which offset on do you need the log? Find that out from the list of files, before you read a "
                 "single one.",
                 "Walk through sorted(archive.files()) while first <= reach. log.start() > reach: a hole. Read the log "
                 "from reach first, then the files."),
                "The hand-over is an offset, not a time, so there is neither gap nor overlap; and what can vanish is read "
                "before what stays.", minutes=40, starred=True),
}
