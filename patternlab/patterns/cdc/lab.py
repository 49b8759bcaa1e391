"""Lab 12: its checks, and what each usual mistake is told."""
import numbers
import random

from ...checking.calls import do, kind, session
from ...checking.outcomes import Exercise, Killed, Wrong
from ...checking.seeds import over_seeds
from ...checking.tables import plain, rows, same_rows
from .boards import replica
from .dblog import CHUNK, FLIGHTS, Replica, Source, State
from .drift import guard
from .trial import BATCH, BEFORE, COLUMNS, after, of_two_messages, small_table


def _upsert(answer):
    """The learner's upsert(table, changes): one MERGE into a table that has rows, of a batch with old messages among the new."""
    import pyarrow as pa

    spark, table = session(), small_table(BEFORE)
    kinds = dict(zip(COLUMNS, (pa.string(), pa.string(), pa.int64(), pa.int32())))
    changes = pa.Table.from_pylist([dict(zip(COLUMNS, row)) for row in BATCH], pa.schema(kinds))
    do(answer, table, spark.createDataFrame(changes), limit=60)    # from Arrow: no job, where a list of rows takes one a use
    found = rows(table, ["key", "status", "lsn"])
    mine = {row.key: (row.status, plain(row.lsn)) for row in found.itertuples()}
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
    if mine == of_two_messages():
        raise Wrong("A row of yours has the status of one message and the lsn of another. Take both from the newest one.", start)
    if all(mine[key] == before[key] for key in before):
        raise Wrong("No row of the table changed. A newer message must update the row that is there.", found)
    expected = [{"key": key, "status": status, "lsn": lsn} for key, (status, lsn) in right.items()]
    same_rows(found, expected, key="key", start=start)
    return "The order of arrival did not matter, and neither did messages that came again."


def _hand_over(answer):
    """The learner's hand_over(source, replica, state): for each of 20 seeds once in peace, then killed at five of its calls."""
    def run(seed, kill_at):
        source = Source(seed)
        source.kill_at = kill_at
        replica, state, kills = Replica(source), {}, 0
        while True:
            try:
                do(answer, source, replica, State(state, source))
                break
            except Killed:
                kills += 1
        _judge(source, replica, state, kills)
        return source.calls

    def trial(seed):
        chance, calls = random.Random(seed), run(seed, None)
        for _ in range(5):
            run(seed, chance.randint(1, calls))
    over_seeds(20, trial, budget=30)
    return "A hundred kills, no lock, and each time the replica equals the source at the position that you kept."


def _judge(source, replica, state, kills):
    position = state.get("position")
    if isinstance(position, bool) or not isinstance(position, numbers.Integral):
        yours = "is not there" if position is None else f"is {kind(position)}"
        raise Wrong(f'state["position"] says up to where the log is applied, a number; yours {yours}. Keep it after each event.')
    if not 0 <= position <= source.end():
        raise Wrong(f'state["position"] is {position}, and the log goes from 0 to {source.end()}.')
    right, mine = source.at(position), replica.rows
    if ahead := sorted(key for key in mine if mine[key]["version"] > position):
        raise Wrong(f"Your replica has a change that came after your position, {position}. Keep the position after each event.",
                    [mine[ahead[0]]])
    if lacking := sorted(set(right) - set(mine)):
        row = right[lacking[0]]
        raise Wrong(f"{len(lacking)} of {len(right)} flights are missing: " + (
            "their chunk was never read, or not written after a kill." if not row["version"] else
            "an event of the log that brings one was skipped, or undone."), [row])
    if left := sorted(set(mine) - set(right)):
        raise Wrong("Flights that have left are still there: their deletes were not applied.", [mine[left[0]]])
    if stale := sorted(key for key in right if right[key]["version"] != mine[key]["version"]):
        raise Wrong(f"{len(stale)} of {len(right)} rows are not what the source had at your position: some event of the log "
                    "was skipped.", [mine[stale[0]]])
    if source.read > FLIGHTS + 5 + CHUNK * (kills + 1):
        if any(life[:1] == [""] for life in source.asked[1:]):
            raise Wrong("After the kill you began again with the first chunk. Keep in state how far the chunks are, too.")
        raise Wrong(f"You read {source.read} rows in chunks, and the table never had more than {FLIGHTS + 5}: some chunk was "
                    "read again.")


EXERCISES = {
    1: Exercise("The latest row of each flight, merged", _upsert,
                ("Two things must be ordered by the log: the rows within a batch, and a batch against what the table has.",
                 "row_number() over a window of the key, ordered by lsn descending; then whenMatchedUpdateAll('s.lsn > t.lsn')."),
                "The position in the log is the only order that survives a restart. Within the batch it picks one row a key, "
                "which MERGE demands; against the table it makes an old message harmless, so a batch may run twice.",
                works=lambda: "merges a batch into a Delta table with your function, two or three seconds"),
    2: Exercise("Deletes, tombstones and copies", replica,
                ("Which message deletes: the one with op d, or the one without a value? What if an old message comes after it?",
                 "Skip values that are None. Keep the highest lsn of each key, also of deleted ones; skip what is not above it."),
                "The event with op d is the delete; the tombstone behind it is for Kafka's compaction, and may be switched off. "
                "The position of a deleted key must be kept, or a copy of an old message finds nothing and inserts the "
                "flight again.",
                minutes=20),
    3: Exercise("A schema that somebody else changes", guard,
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
