"""Lab 12: its checks, and what each usual mistake is told."""
import json
import random

from ...checking.calls import ask, session
from ...checking.outcomes import Exercise, Wrong
from ...checking.seeds import over_seeds
from ...checking.tables import rows, same_rows
from .trial import BATCH, BEFORE, CHUNK, COLUMNS, DRIFT, FLIGHTS, Killed, Replica, Source, State, after, messages, small_table


def _upsert(answer):
    """The learner's upsert(table, changes): one MERGE into a table that has rows, of a batch with old messages among the new."""
    import pyarrow as pa

    spark, table = session(), small_table(BEFORE)
    kinds = dict(zip(COLUMNS, (pa.string(), pa.string(), pa.int64(), pa.int32())))
    changes = pa.Table.from_pylist([dict(zip(COLUMNS, row)) for row in BATCH], pa.schema(kinds))
    ask(answer, table, spark.createDataFrame(changes), limit=60)      # from Arrow: no job, where a list of rows takes one a use
    found = rows(table, ["key", "status", "lsn"])
    mine = {row.key: (row.status, int(row.lsn)) for row in found.itertuples()}
    before, right = {key: (status, lsn) for key, status, lsn in BEFORE}, after()
    start = [dict(zip(COLUMNS, row)) for row in BATCH]
    if len(found) > len(mine):
        raise Wrong("Your table has a flight more than once: the rows were added, not merged by key.",
                    found[found.key.duplicated(keep=False)])
    if mine == before:
        raise Wrong("Your table is as it was. A newer message must update the row, and a new flight must be inserted.", found)
    if not set(before) <= set(mine):
        raise Wrong("A flight that was in the table is gone. MERGE leaves alone what no message speaks of.", found)
    if "B6/4" not in mine:
        raise Wrong("A new flight is missing. MERGE also has to insert the flights that the table does not have.", found)
    if mine in (after("offset"), after("offset", guard=False)):
        raise Wrong("You took the last message to arrive. After a restart old messages arrive again, behind newer ones: "
                    "order by lsn.", start)
    if mine == after(guard=False):
        raise Wrong("Within the batch you are right. But a flight of which only old messages came has an old row now: "
                    "the MERGE needs a guard.", found)
    if all(mine[key] == before[key] for key in before):
        raise Wrong("No row of the table changed. A newer message must update the row that is there.", found)
    expected = [{"key": key, "status": status, "lsn": lsn} for key, (status, lsn) in right.items()]
    same_rows(found, expected, key="key", start=start)
    return "The order of arrival did not matter, and neither did messages that came again."


def _replica(answer):
    """The learner's replica(messages) on 20 topics after crashes, half of them without tombstones."""
    def trial(seed):
        topic, expected = messages(seed, tombstones=seed % 2 == 0)
        found = rows(ask(answer, topic), ["key", "status"])
        mine, right = dict(zip(found.key, found.status)), {row["key"]: row["status"] for row in expected}
        if any(key is None or key != key for key in mine):
            raise Wrong("There is a row without a key: a tombstone was read as a row.", found)
        ever = {}
        for message in topic:
            if message["value"] is not None:
                event = json.loads(message["value"])
                ever.setdefault((event["after"] or event["before"])["key"], []).append(event)
        if not set(mine) <= set(right):
            key = sorted(set(mine) - set(right))[0]
            deletes = any(set(ever) - set(mine))
            told = "a message from before its delete came again and brought it back" if deletes else "nothing was ever deleted"
            raise Wrong(f"Flight {key} is in your table and has left the board: {told}.", ever[key])
        if set(right) - set(mine):
            key = sorted(set(right) - set(mine))[0]
            raise Wrong(f"Flight {key} is missing: it came back to the board after a delete, or an old delete came again and "
                        "took it.", ever[key])
        stale = sorted(key for key in right if mine[key] != right[key])
        if stale:
            raise Wrong(f"Your row of {stale[0]} is an old one: a message that came again overwrote a newer one.", ever[stale[0]])
    over_seeds(20, trial, budget=10)
    return "Deletes, tombstones and messages that come twice: twenty topics, twenty equal tables."


def _guard(answer):
    """The learner's guard(columns, rows) on rows whose schema changes on the way."""
    given = {"key": str, "delay": int}
    found = ask(answer, given, DRIFT)
    if not (isinstance(found, tuple) and len(found) == 3):
        raise Wrong("Return three things: the columns, the rows that fit, and the rows that were refused.")
    columns, good, refused = found
    if len(good) + len(refused) != len(DRIFT):
        raise Wrong("Rows that fit and refused rows must add up to all rows: you lost or doubled some.", good)
    if not refused:
        raise Wrong('Nothing was refused. A delay of "NA" is not an int: keep that row apart, for a person to look at.', DRIFT)
    if any(row in refused for row in DRIFT if row.get("delay", 0) is None):
        raise Wrong("A null was refused. A null says nothing about the type: it fits every column.", refused)
    if "gate" not in columns:
        raise Wrong("The new field gate was dropped in silence. A field that nobody knows becomes a column.", good)
    if columns["gate"] is not str:
        raise Wrong("The column gate has the wrong type: the first value that is not null decides.", [{"gate": columns["gate"]}])
    if DRIFT[6] in refused and DRIFT[3] in refused and len(refused) == 2:
        if any(set(row) != set(columns) for row in good):
            raise Wrong("Some rows lack a column. A field that a row does not have is null in it, older rows included.", good)
        fitting = [row for row in DRIFT if row not in (DRIFT[3], DRIFT[6])]
        same_rows(good, [{name: row.get(name) for name in columns} for row in fitting], key="key")
        return "New fields widen the table, another type is kept apart, and no row is lost."
    raise Wrong("Refuse exactly the rows in which a value has another type than its column.", refused)


def _hand_over(answer):
    """The learner's hand_over(source, replica, state): once in peace, then killed at one of its calls, for 20 seeds."""
    def run(seed, kill_at):
        source = Source(seed)
        source.kill_at = kill_at
        replica, state, kills = Replica(source), {}, 0
        while True:
            try:
                ask(answer, source, replica, State(state, source))
                break
            except Killed:
                kills += 1
        _judge(source, replica, state, kills)
        return source.calls

    def trial(seed):
        run(seed, random.Random(seed).randint(1, run(seed, None)))
    over_seeds(20, trial, budget=30)
    return "Twenty kills, no lock, and each time the replica equals the source at the position that you kept."


def _judge(source, replica, state, kills):
    position = state.get("position")
    if not isinstance(position, int):
        raise Wrong('state["position"] says up to where the log is applied; yours is not there. Keep it after each event.')
    right, mine = source.at(position), replica.rows
    if set(right) - set(mine):
        lacking = sorted(set(right) - set(mine))
        raise Wrong(f"{len(lacking)} flights are missing: their chunk was never read, or not written after a kill.",
                    [right[lacking[0]]])
    if set(mine) - set(right):
        raise Wrong("Flights that have left are still there: their deletes were not applied.",
                    [mine[min(set(mine) - set(right))]])
    stale = sorted(key for key in right if right[key]["version"] != mine[key]["version"])
    if stale:
        raise Wrong(f"{len(stale)} rows are not what the source had at your position: some event of the log was skipped.",
                    [mine[stale[0]]])
    if source.read > FLIGHTS + 5 + CHUNK * (kills + 1):
        raise Wrong("After the kill you began again with the first chunk. Keep in state how far the chunks are, too.")


EXERCISES = {
    1: Exercise("The latest row of each flight, merged", _upsert,
                ("Two things must be ordered by the log: the rows within a batch, and a batch against what the table has.",
                 "row_number() over a window of the key, ordered by lsn descending; then whenMatchedUpdateAll('s.lsn > t.lsn')."),
                "The position in the log is the only order that survives a restart. Within the batch it picks one row a key, "
                "which MERGE demands; against the table it makes an old message harmless, so a batch may run twice.",
                works=lambda: "merges a batch into a Delta table with your function, two or three seconds"),
    2: Exercise("Deletes, tombstones and copies", _replica,
                ("Which message deletes: the one with op d, or the one without a value? What if an old message comes after it?",
                 "Skip values that are None. Keep the highest lsn of each key, also of deleted ones; skip what is not above it."),
                "The event with op d is the delete; the tombstone behind it is for Kafka's compaction, and may be switched off. "
                "The position of a deleted key must be kept, or a copy of an old message finds nothing and inserts the "
                "flight again.",
                minutes=20),
    3: Exercise("A schema that somebody else changes", _guard,
                ("Three cases: a field that is new, a field of another type, a field that is null or missing.",
                 "setdefault(name, type(value)) for values that are not None; compare type(value) with the column; fill up at "
                 "the end with row.get(name)."),
                "A new field is harmless if it is seen, and lost for ever if a fixed schema drops it, because the position moves "
                "on. Another type is a decision for a person: such rows wait apart, and the count of both sides is the proof.",
                minutes=20),
    4: Exercise("DBLog's hand-over", _hand_over,
                ("A chunk is read between two marks in the log. Which of its rows may be older than something between the marks?",
                 "Mark, chunk, mark. Apply the log up to the second mark, noting the keys between the marks; then put the "
                 "chunk's rows whose key is not among them, and only then note that the chunk is done."),
                "Whatever changed between the marks is in the log, and newer than the chunk or equal to it: dropping those rows "
                "loses nothing. All other rows did not change while they were read. No lock is needed, the log never waits, and "
                "a kill costs one chunk.", minutes=45, starred=True),
}
