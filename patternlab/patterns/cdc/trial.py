"""What the learner's functions of exercises 1 and 2 of lab 12 are tried on: a table and a batch, topics after crashes."""
import json
import random
import time
import uuid

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


def of_two_messages() -> dict:
    """{key: (status, lsn)} after the batch where the greatest status and the greatest lsn of a key make one row."""
    table = {key: (status, lsn) for key, status, lsn in BEFORE}
    for key in {row[0] for row in BATCH}:
        best = tuple(max(row[place] for row in BATCH if row[0] == key) for place in (1, 2))
        if key not in table or best[1] > table[key][1]:
            table[key] = best
    return table


# --- exercise 2: topics after crashes
def told(op: str, lsn: int, before, after, tombstone: bool = True) -> list:
    """The messages of one change, as Debezium writes them: a delete has two, the second one without a value."""
    key = json.dumps({"key": (after or before)["key"]})
    made = [{"key": key, "value": json.dumps({"before": before, "after": after, "op": op, "source": {"lsn": lsn}})}]
    return made + [{"key": key, "value": None}] * (op == "d" and tombstone)


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
        log.append(told(op, lsn, before, after, tombstones))
        if op == "d":
            table.pop(key)
        else:
            table[key] = after
    sent, back = list(range(len(log))), chance.randint(6, 14)
    sent += range(len(log) - back, len(log) - chance.randint(1, 5))
    middle = chance.randint(8, len(log) - 4)
    sent[middle:middle] = range(middle - chance.randint(3, 7), middle)
    return [message for position in sent for message in log[position]], list(table.values())
