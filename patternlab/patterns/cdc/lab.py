"""Lab 12: what the learner's functions are given, and what each usual mistake is told."""
import json
import random
import uuid

from ...checking.calls import ask
from ...checking.outcomes import Exercise, Wrong
from ...checking.seeds import over_seeds
from ...checking.tables import rows, same_rows


# --- lab 12: what the learner's functions are given -----------------------------------------------------------------------
CREATE = "key string, status string, lsn bigint"
FIRST = [("UA/1", "scheduled", 10, 0), ("DL/2", "scheduled", 20, 1), ("UA/1", "delayed", 30, 2), ("UA/1", "departed", 40, 3),
         ("AA/3", "scheduled", 50, 4), ("UA/1", "scheduled", 10, 5), ("DL/2", "scheduled", 20, 6), ("UA/1", "delayed", 30, 7)]
SECOND = [("UA/1", "scheduled", 10, 8), ("DL/2", "delayed", 60, 9), ("AA/3", "scheduled", 50, 10), ("B6/4", "scheduled", 70, 11)]


def _newest(batches, by, guard=True) -> dict:
    """{key: (status, lsn)} after the batches: the last by column `by` of each, over what is there if it is newer (guard)."""
    table = {}
    for batch in batches:
        best = {}
        for row in sorted(batch, key=lambda row: row[by]):
            best[row[0]] = (row[1], row[2])
        for key, (status, lsn) in best.items():
            if not guard or key not in table or lsn > table[key][1]:
                table[key] = (status, lsn)
    return table


def _upsert(answer):
    """The learner's upsert(table, changes) on two batches into a Delta table; the second one brings old messages again."""
    import pyarrow as pa
    from delta.tables import DeltaTable
    from pyspark.sql import SparkSession
    from pyspark.sql.types import StructType

    from ... import workspace
    spark = SparkSession.getActiveSession()
    if spark is None:
        raise Wrong("There is no Spark session in this kernel. Run the set-up cell of the lab first.")
    table = str(workspace("lab-12-upsert") / uuid.uuid4().hex)  # a new path: Delta remembers tables by theirs
    DeltaTable.create(spark).location(table).addColumns(StructType.fromDDL(CREATE)).execute()
    start = [dict(zip(("key", "status", "lsn", "offset"), row)) for row in FIRST]
    columns = pa.schema([("key", pa.string()), ("status", pa.string()), ("lsn", pa.int64()), ("offset", pa.int32())])
    for batch in (FIRST, SECOND):
        changes = pa.Table.from_pylist([dict(zip(columns.names, row)) for row in batch], columns)
        ask(answer, table, spark.createDataFrame(changes))      # from Arrow: no job, where a list of rows takes one a use
    found = rows(table, ["key", "status", "lsn"])
    mine = {row.key: (row.status, int(row.lsn)) for row in found.itertuples()}
    if len(found) > len(mine):
        raise Wrong("Your table has a flight more than once: the rows were added, not merged by key.",
                    found[found.key.duplicated(keep=False)])
    if not mine:
        raise Wrong("Your table is empty. MERGE also has to insert the flights that it does not have.")
    if mine == _newest([FIRST, SECOND], 3):
        raise Wrong("You took the last message to arrive. After a restart old messages arrive again, behind newer ones: "
                    "order by lsn.", start)
    if mine == _newest([FIRST, SECOND], 2, guard=False):
        raise Wrong("Within a batch you are right. Then an old message came alone in the next batch and overwrote a newer row: "
                    "the MERGE needs a guard.", found)
    if mine == _newest([FIRST[::-1]], 2) or mine == _newest([FIRST], 2):
        raise Wrong("The second batch changed nothing. A newer message must update the row, and a new flight must be inserted.",
                    found)
    expected = [{"key": key, "status": status, "lsn": lsn} for key, (status, lsn) in _newest([FIRST, SECOND], 2).items()]
    same_rows(found, expected, key="key", start=start)
    return "The order of arrival did not matter, and neither did messages that came again."


def messages(seed: int, tombstones: bool = True) -> tuple:
    """A topic after crashes, and the board that is right: (messages, rows).

    A message is a dict of key and value, JSON texts as Debezium writes them; the value of a tombstone is None. At each crash the
    connector goes back and sends a part of its log again; the list may end in the middle of that.
    """
    chance, log, table = random.Random(seed), [], {}
    for lsn in range(100, 100 + 10 * chance.randint(25, 40), 10):
        key = f"{chance.choice(('UA', 'DL', 'B6'))}/{chance.randint(1, 4)}"
        before = table.get(key)
        op = "c" if before is None else chance.choice("uud")
        after = None if op == "d" else {"key": key, "status": f"news {lsn}"}
        log.append([{"key": json.dumps({"key": key}),
                     "value": json.dumps({"before": before, "after": after, "op": op, "source": {"lsn": lsn}})}])
        if op == "d":
            table.pop(key)
            if tombstones:
                log[-1].append({"key": json.dumps({"key": key}), "value": None})
        else:
            table[key] = after
    sent, back = list(range(len(log))), chance.randint(6, 14)
    sent += range(len(log) - back, len(log) - chance.randint(1, 5))
    middle = chance.randint(8, len(log) - 4)
    sent[middle:middle] = range(middle - chance.randint(3, 7), middle)
    return [message for position in sent for message in log[position]], list(table.values())


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


DRIFT = [{"key": "UA/1", "delay": 5}, {"key": "DL/2", "delay": None}, {"key": "AA/3", "delay": 0, "gate": None},
         {"key": "UA/4", "delay": "NA", "gate": "A1"}, {"key": "UA/5", "delay": 7, "gate": "B2"}, {"key": "B6/6"},
         {"key": "B6/7", "delay": 3, "gate": 9}]


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


# --- DBLog: a source that never rests, a replica that remembers, a kill that may come at any call
class Killed(BaseException):
    """The process is gone. A BaseException, so that no `except Exception` of a learner survives it."""


CHUNK, FLIGHTS = 10, 60


class Source:
    """A table and its log, as DBLog sees them. Between any two calls the owners of the table write to it.

    `watermark()` writes a mark into the log and returns its name. `chunk(after, size)` are the next rows by key (at most 10)
    as they are now. `log(position)` are the events behind a position, oldest first: dicts of `position`, and either `mark`
    or `key` and `row` (None: deleted).
    """

    def __init__(self, seed: int):
        self._chance, self._events, self._table = random.Random(seed), [], {}
        self.calls, self.read, self.kill_at, self._near = 0, 0, None, ""
        for number in range(FLIGHTS):
            self._table[f"F{number:02}"] = {"key": f"F{number:02}", "version": 0}
        self.before = {key: dict(row) for key, row in self._table.items()}

    def step(self, written=True):
        """One call of the learner: the kill may come, and the owners write a little."""
        self.calls += 1
        if self.calls == self.kill_at:
            raise Killed
        if self.calls > 5_000:
            raise Wrong("Your function made five thousand calls and has not ended. When is it done?")
        for _ in range(0) if not written else range(self._chance.choice((0, 1, 1, 2))):
            near = [f"F{n:02}" for n in range(FLIGHTS + 5) if self._near < f"F{n:02}"][:CHUNK]
            anywhere = not near or self._chance.random() > 0.7
            self._write(self._chance.choice([f"F{n:02}" for n in range(FLIGHTS)] if anywhere else near))

    def _write(self, key):
        position = len(self._events) + 1
        row = None if key in self._table and self._chance.random() < 0.25 else {"key": key, "version": position}
        self._table.pop(key, None) if row is None else self._table.update({key: row})
        self._events.append({"position": position, "key": key, "row": row and dict(row)})

    def watermark(self) -> str:
        self.step()
        name = f"mark {len(self._events) + 1}"
        self._events.append({"position": len(self._events) + 1, "mark": name})
        self.step()
        return name

    def chunk(self, after: str, size: int) -> list:
        self._near = after
        self.step()
        if size > CHUNK:
            raise Wrong(f"You asked for {size} rows at once. A chunk is at most {CHUNK} rows, or the source feels it.")
        found = [dict(self._table[key]) for key in sorted(self._table) if key > after][:size]
        self.read += len(found)
        self.step()
        return found

    def log(self, position: int) -> list:
        self.step()
        return [dict(event) for event in self._events[position:]]

    def at(self, position: int) -> dict:
        """The table as it was at a position: {key: row}."""
        table = {key: dict(row) for key, row in self.before.items()}
        for event in self._events[:position]:
            if "key" in event:
                table.pop(event["key"], None) if event["row"] is None else table.update({event["key"]: event["row"]})
        return table


class Replica:
    """The copy: `put(row)` and `delete(key)`. It refuses to go back in time."""

    def __init__(self, source: Source):
        self._source, self.rows, self._seen, self._left = source, {}, {}, set()

    def put(self, row: dict) -> None:
        self._source.step(written=False)
        key = row["key"]
        if row["version"] < self._seen.get(key, -1):
            raise Wrong("A row of a chunk overwrote a newer one: it was read before that change and written after it.",
                        [self.rows.get(key, {"key": key, "left": True}), row])
        if key in self._left and row["version"] == self._seen[key]:
            raise Wrong("A flight that had left came back: the chunk had read it before the log deleted it.", [row])
        self._left.discard(key)
        self._seen[key] = row["version"]
        self.rows[key] = dict(row)

    def delete(self, key: str) -> None:
        self._source.step(written=False)
        if key in self._seen:
            self._left.add(key)
        else:
            self._seen[key] = 0 if key in self._source.before else -1
            self._left.add(key)
        self.rows.pop(key, None)


def _hand_over(answer):
    """The learner's hand_over(source, replica, state): once in peace, then killed at one of its calls, for 20 seeds."""
    def run(seed, kill_at):
        source = Source(seed)
        source.kill_at = kill_at
        replica, state, kills = Replica(source), {}, 0
        while True:
            try:
                ask(answer, source, replica, _State(state, source))
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


class _State(dict):
    """The learner's durable notes: what is written here before a kill is there after it."""

    def __init__(self, kept: dict, source: Source):
        super().__init__(kept)
        self._kept, self._source = kept, source

    def __setitem__(self, key, value):
        self._source.step(written=False)
        super().__setitem__(key, value)
        self._kept[key] = value

    def update(self, *args, **named):
        for key, value in dict(*args, **named).items():
            self[key] = value


EXERCISES = {
    1: Exercise("The latest row of each flight, merged", _upsert,
                ("Two things must be ordered by the log: the rows within a batch, and a batch against what the table has.",
                 "row_number() over a window of the key, ordered by lsn descending; then whenMatchedUpdateAll('s.lsn > t.lsn')."),
                "The position in the log is the only order that survives a restart. Within the batch it picks one row a key, "
                "which MERGE demands; against the table it makes an old message harmless, so a batch may run twice."),
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
