"""What the learner's functions of lab 12 are tried on: a table and a batch, topics after crashes, a drifting schema, and a
source that never rests with a replica that remembers."""
import json
import random
import time
import uuid

from ...checking.outcomes import Wrong

# --- exercise 1: a table as it was before, and a batch in the order of arrival: (key, status, lsn, offset)
COLUMNS = ("key", "status", "lsn", "offset")
BEFORE = [("UA/1", "departed", 40), ("DL/2", "scheduled", 20), ("AA/3", "scheduled", 50), ("WN/5", "cancelled", 90)]
BATCH = [("UA/1", "scheduled", 10, 0), ("DL/2", "delayed", 60, 1), ("B6/4", "scheduled", 70, 2), ("B6/4", "delayed", 80, 3),
         ("UA/1", "delayed", 30, 4), ("AA/3", "scheduled", 50, 5), ("DL/2", "scheduled", 20, 6), ("B6/4", "scheduled", 70, 7)]


def small_table(rows: list) -> str:
    """A new Delta table of key, status, lsn with `rows` (tuples): its path. Written by hand, because Spark takes 2 s a table."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from ... import workspace
    table = workspace(f"lab-12-{uuid.uuid4().hex[:12]}")     # a new path: Delta remembers tables by theirs
    (table / "_delta_log").mkdir()
    kinds = {"key": "string", "status": "string", "lsn": "long"}
    fields = [{"name": name, "type": kind, "nullable": True, "metadata": {}} for name, kind in kinds.items()]
    now = int(time.time() * 1000)
    actions = [{"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}},
               {"metaData": {"id": str(uuid.uuid4()), "format": {"provider": "parquet", "options": {}}, "partitionColumns": [],
                             "schemaString": json.dumps({"type": "struct", "fields": fields}), "configuration": {},
                             "createdTime": now}}]
    if rows:
        columns = pa.schema([("key", pa.string()), ("status", pa.string()), ("lsn", pa.int64())])
        pq.write_table(pa.Table.from_pylist([dict(zip(COLUMNS, row)) for row in rows], columns), table / "rows.parquet")
        actions.append({"add": {"path": "rows.parquet", "partitionValues": {}, "size": (table / "rows.parquet").stat().st_size,
                                "modificationTime": now, "dataChange": True}})
    (table / "_delta_log" / f"{0:020}.json").write_text("\n".join(map(json.dumps, actions)) + "\n", "utf-8")
    return str(table)


def after(by: str = "lsn", guard: bool = True) -> dict:
    """{key: (status, lsn)} after the batch: the last by column `by` of each key, over what is there if it is newer (guard)."""
    table, best = {key: (status, lsn) for key, status, lsn in BEFORE}, {}
    for key, status, lsn, _ in sorted(BATCH, key=lambda row: row[COLUMNS.index(by)]):
        best[key] = (status, lsn)
    for key, (status, lsn) in best.items():
        if not guard or key not in table or lsn > table[key][1]:
            table[key] = (status, lsn)
    return table


# --- exercise 2: topics after crashes
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


# --- exercise 3: rows whose schema changes on the way
DRIFT = [{"key": "UA/1", "delay": 5}, {"key": "DL/2", "delay": None}, {"key": "AA/3", "delay": 0, "gate": None},
         {"key": "UA/4", "delay": "NA", "gate": "A1"}, {"key": "UA/5", "delay": 7, "gate": "B2"}, {"key": "B6/6"},
         {"key": "B6/7", "delay": 3, "gate": 9}]


# --- exercise 4, DBLog: a source that never rests, a replica that remembers, a kill that may come at any call
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


class State(dict):
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
