"""What checks are made of: run the learner's code, compare rows, read a table's log, a topic, a checkpoint; try seeds.

Nothing here starts Spark. Each matcher returns what it saw, or raises Wrong with one sentence for the learner.
"""
import json
import math
import time
from datetime import timezone
from pathlib import Path
from urllib.parse import unquote

import pandas as pd

from ..lab import Raised, Wrong


# --- the learner's code

def ask(function, *args, **named):
    """`function(*args, **named)` on copies of lists and dicts; an exception becomes Raised with its input."""
    if not callable(function):
        raise Wrong(f"The answer should be a function, yours is {describe(function)}.")
    try:
        return function(*map(_own, args), **{name: _own(value) for name, value in named.items()})
    except (Wrong, Raised):
        raise
    except Exception as error:
        given = [describe(value) for value in args] + [f"{name}={describe(value)}" for name, value in named.items()]
        raise Raised(error, ", ".join(given) or "no arguments") from error


def describe(value, limit: int = 160) -> str:
    """A value as one short line: frames and long lists by size and first element."""
    if hasattr(value, "columns") and hasattr(value, "head"):
        size = f"{len(value):,} rows, " if isinstance(value, pd.DataFrame) else ""
        return f"a frame ({size}columns {', '.join(map(str, value.columns))})"[:limit]
    if isinstance(value, (list, tuple)) and len(value) > 3:
        return f"a {type(value).__name__} of {len(value):,}, the first: {describe(value[0], limit - 40)}"
    if callable(value):
        return f"{getattr(value, '__name__', type(value).__name__)}()"
    text = repr(value)
    return text if len(text) <= limit else text[:limit - 3] + "..."


def _own(value):
    if isinstance(value, list):
        return [_own(item) for item in value]
    if type(value) is dict:
        return {key: _own(item) for key, item in value.items()}
    return value


def over_seeds(count: int, trial, budget: float = 30.0) -> None:
    """`trial(seed)` for seeds 1..count; Wrong says on how many it failed and why on the first one.

    `trial` raises Wrong to refuse. Raised ends the run at once, with the seed in its input. `budget`: seconds for all.
    """
    began, failed = time.monotonic(), []
    for seed in range(1, count + 1):
        try:
            trial(seed)
        except Wrong as wrong:
            failed.append((seed, wrong))
        except Raised as raised:
            raise Raised(raised.error, f"seed {seed}: {raised.given}") from raised.error
        spent = time.monotonic() - began
        if spent > budget and seed < count:
            raise Wrong(f"It took {spent:.0f} s for {seed} of {count} seeds; the budget is {budget:.0f} s for all. "
                        "Do the work once per run, not once per event.")
    if failed:
        seed, first = failed[0]
        raise Wrong(f"It failed on {len(failed)} of {count} seeds, first on seed {seed}: {first.sentence}", first.show)


# --- values and rows

def plain(value):
    """A cell in a form that compares: None for every null, timestamps as naive UTC, numbers as Python's own."""
    if isinstance(value, (list, tuple)):
        return tuple(plain(item) for item in value)
    if hasattr(value, "asDict"):
        value = value.asDict(recursive=True)
    if isinstance(value, dict):
        return tuple(sorted((key, plain(item)) for key, item in value.items()))
    if hasattr(value, "tolist"):  # numpy
        value = value.tolist()
        return plain(value) if isinstance(value, list) else value if value == value else None
    if value is None or value is pd.NaT or value is pd.NA or value != value:
        return None
    if isinstance(value, pd.Timestamp):
        value = value.to_pydatetime(warn=False)
    if getattr(value, "tzinfo", None) and hasattr(value, "astimezone"):
        value = value.astimezone(timezone.utc).replace(tzinfo=None)
    return float(value) if type(value).__name__ == "Decimal" else value


def equal(left, right) -> bool:
    """Whether two values are the same; numbers within one part in 10^9."""
    left, right = plain(left), plain(right)
    if isinstance(left, float) or isinstance(right, float):
        try:
            return math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-9)
        except TypeError:
            return False
    if isinstance(left, tuple) and isinstance(right, tuple):
        return len(left) == len(right) and all(map(equal, left, right))
    return left == right


def rows(answer, columns=None) -> pd.DataFrame:
    """A learner's table as a pandas frame: pandas, Spark, list of dicts, or the path of a Delta table.

    `columns` must be there (in any order, more are ignored): Wrong names those that are missing.
    """
    if isinstance(answer, (str, Path)):
        frame = delta_rows(answer)
    elif isinstance(answer, pd.DataFrame):
        frame = answer
    elif hasattr(answer, "toPandas"):
        frame = answer.toPandas()
    elif isinstance(answer, list) and all(isinstance(row, dict) or hasattr(row, "asDict") for row in answer):
        frame = pd.DataFrame([row if isinstance(row, dict) else row.asDict() for row in answer])
    else:
        raise Wrong(f"The answer should be a table, yours is {describe(answer)}.")
    missing = [name for name in columns or () if name not in frame.columns]
    if missing and not (frame.empty and not len(frame.columns)):
        raise Wrong(f"Your rows have no column {' and no '.join(missing)}; they have {', '.join(map(str, frame))}.")
    return frame if columns is None else frame.reindex(columns=list(columns))


def same_rows(actual, expected, key, *, sentence: str = "", start=None) -> pd.DataFrame:
    """Wrong unless `actual` has the rows of `expected`, in any order; `key` names the columns that identify a row.

    Only the columns of `expected` count. The refusal begins with `sentence` and shows one row: yours where it differs,
    of `start` (the input, same key) where yours lacks it. It never shows a total or the right value.
    """
    key = [key] if isinstance(key, str) else list(key)
    expected = rows(expected)
    frame = rows(actual, columns=list(expected.columns))
    mine, theirs = _by_key(frame, key), _by_key(expected, key)
    lead = f"{sentence.rstrip('.')}: " if sentence else ""

    def at(found):
        return ", ".join(f"{name} {value}" for name, value in zip(key, found))

    def look(found, side=()):
        begin = [("start", row) for row in (_by_key(rows(start), key).get(found, []) if start is not None else [])]
        return [{"": who, **row} for who, row in begin + [("yours", row) for row in side]] or None

    for found, entries in mine.items():
        if len(entries) > len(theirs.get(found, [])):
            if found in theirs:
                raise Wrong(f"{lead}your table has {len(entries)} rows for {at(found)}, not {len(theirs[found])}.",
                            look(found, entries[:3]))
            raise Wrong(f"{lead}your table has a row that should not be there ({at(found)}).", look(found, entries[:1]))
    for found, entries in theirs.items():
        if len(entries) > len(mine.get(found, [])):
            raise Wrong(f"{lead}your table lacks the row of {at(found)}.", look(found, mine.get(found, [])))
        left = list(mine[found])
        for row in entries:
            match = next((i for i, other in enumerate(left) if all(equal(other[c], row[c]) for c in row)), None)
            if match is None:
                wrong = [c for c in row if not equal(left[0][c], row[c])]
                raise Wrong(f"{lead}your row of {at(found)} is off in {', '.join(wrong)}.", look(found, left[:1]))
            left.pop(match)
    return frame


def judge(actual, expected, mistakes=(), otherwise: str = "That is not it.", show=None) -> None:
    """Wrong unless `actual` equals `expected`; a known mistake gets its own sentence.

    `mistakes` is a list of (value or function without arguments, sentence); functions run only when they are needed.
    """
    if equal(actual, expected):
        return
    for value, sentence in mistakes:
        if equal(actual, value() if callable(value) else value):
            raise Wrong(sentence, show)
    raise Wrong(otherwise, show)


def _by_key(frame, key):
    found = {}
    for row in frame.to_dict("records"):
        found.setdefault(tuple(plain(row[name]) for name in key), []).append(row)
    return found


# --- Delta tables, read from their log

def delta_log(path) -> list:
    """The commits of a Delta table, oldest first: (version, list of actions). Wrong where there is no table."""
    files = sorted(Path(str(path).removeprefix("file:")).glob("_delta_log/*.json"))
    if not files:
        raise Wrong(f"There is no Delta table at {Path(str(path)).name}. Write one there, then check again.")
    return [(int(file.stem), [json.loads(line) for line in file.read_text("utf-8").splitlines() if line.strip()])
            for file in files if file.stem.isdigit()]


def delta_history(path) -> list:
    """What was done to a Delta table, newest first: dicts with version, operation, parameters, metrics (numbers)."""
    history = []
    for version, actions in delta_log(path):
        info = next((action["commitInfo"] for action in actions if "commitInfo" in action), {})
        metrics = {name: int(value) if str(value).lstrip("-").isdigit() else value
                   for name, value in info.get("operationMetrics", {}).items()}
        history.insert(0, {"version": version, "operation": info.get("operation", "?"),
                           "parameters": info.get("operationParameters", {}), "metrics": metrics,
                           "timestamp": info.get("timestamp")})
    return history


def last_operation(path, operation: str, **metrics) -> dict:
    """The newest entry of the table's history; Wrong unless it is `operation` ("MERGE") with these metrics."""
    last = delta_history(path)[0]
    if last["operation"] != operation:
        raise Wrong(f"The last operation on {Path(str(path)).name} was {last['operation']}, not {operation}.")
    for name, value in metrics.items():
        if last["metrics"].get(name, 0) != value:
            found = last["metrics"].get(name, 0)
            raise Wrong(f"The last {operation} on {Path(str(path)).name} has {name} = {found:,}, not {value:,}.")
    return last


def delta_rows(path, version: int | None = None) -> pd.DataFrame:
    """The rows of a Delta table (of `version`, else the newest), read from its log and Parquet files, without Spark."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    folder, files, schema, log = Path(str(path).removeprefix("file:")), {}, None, delta_log(path)
    if log[0][0] != 0 or any("deletionVector" in action.get("add", {}) and action["add"]["deletionVector"]
                             for _, actions in log for action in actions):
        from pyspark.sql import SparkSession  # a trimmed log or deletion vectors: Delta's own reader knows them
        reader = SparkSession.getActiveSession().read.format("delta")
        return (reader if version is None else reader.option("versionAsOf", version)).load(str(folder)).toPandas()
    for number, actions in log:
        if version is not None and number > version:
            break
        for action in actions:
            if "metaData" in action:
                schema = json.loads(action["metaData"]["schemaString"])["fields"]
            elif "add" in action:
                files[action["add"]["path"]] = action["add"].get("partitionValues", {})
            elif "remove" in action:
                files.pop(action["remove"]["path"], None)
    names = [column["name"] for column in schema]
    kinds = {column["name"]: column["type"] for column in schema}
    parts = []
    for name, partition in files.items():
        part = pq.ParquetFile(folder / unquote(name)).read().to_pandas()
        for column, text in partition.items():
            part[column] = pd.Series([_partition(text, kinds[column])] * len(part), dtype=object)
        parts.append(part.reindex(columns=names))
    return pd.concat(parts, ignore_index=True) if parts else pa.table({name: [] for name in names}).to_pandas()


def _partition(text, kind):
    if text is None or kind == "string":
        return text
    if kind == "date":
        return pd.Timestamp(text).date()
    if kind == "timestamp":
        return pd.Timestamp(text)
    return {"boolean": lambda: text == "true", "double": lambda: float(text), "float": lambda: float(text)}.get(
        str(kind), lambda: int(text) if text.lstrip("-").isdigit() else text)()


# --- topics and checkpoints

def topic_offsets(name: str, bootstrap: str) -> dict:
    """Per partition of a topic: (first offset, next offset)."""
    with _consumer(name, bootstrap) as (consumer, partitions):
        first, after = consumer.beginning_offsets(partitions), consumer.end_offsets(partitions)
    return {p.partition: (first[p], after[p]) for p in partitions}


def topic_contents(name: str, bootstrap: str, seconds: float = 20.0) -> pd.DataFrame:
    """All records of a topic up to now: partition, offset, timestamp (ms), key and value as text (None stays None)."""
    found = []
    with _consumer(name, bootstrap) as (consumer, partitions):
        consumer.seek_to_beginning(*partitions)
        after, give_up = consumer.end_offsets(partitions), time.monotonic() + seconds
        while any(consumer.position(p) < after[p] for p in partitions):
            if time.monotonic() > give_up:
                raise Wrong(f"The topic {name} could not be read to its end in {seconds:.0f} s. Run the cell again.")
            for batch in consumer.poll(timeout_ms=500).values():
                found += [(r.partition, r.offset, r.timestamp, _text(r.key), _text(r.value)) for r in batch]
    found.sort(key=lambda record: record[:2])
    return pd.DataFrame(found, columns=["partition", "offset", "timestamp", "key", "value"])


class _consumer:
    """A consumer without a group that has all partitions of one topic assigned."""

    def __init__(self, name, bootstrap):
        self.name, self.bootstrap = name, bootstrap

    def __enter__(self):
        from kafka import KafkaConsumer, TopicPartition
        self.consumer = KafkaConsumer(bootstrap_servers=self.bootstrap, group_id=None, enable_auto_commit=False)
        numbers = self.consumer.partitions_for_topic(self.name) if self.name in self.consumer.topics() else None
        if not numbers:
            self.consumer.close()
            raise Wrong(f"There is no topic {self.name}. Make it and write to it, then check again.")
        partitions = [TopicPartition(self.name, number) for number in sorted(numbers)]
        self.consumer.assign(partitions)
        return self.consumer, partitions

    def __exit__(self, *_):
        self.consumer.close()


def _text(value):
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def checkpoint(path) -> dict:
    """A streaming checkpoint: {'planned': [batch ids], 'committed': [batch ids], 'offsets': of the newest batch}."""
    folder = Path(str(path).removeprefix("file:"))
    planned, done = ([int(file.name) for file in folder.glob(f"{part}/*") if file.name.isdigit()]
                     for part in ("offsets", "commits"))
    if not planned:
        raise Wrong(f"There is no checkpoint at {folder.name}. Give the query its checkpointLocation and run it once.")
    lines = (folder / "offsets" / str(max(planned))).read_text("utf-8").splitlines()[2:]
    offsets = [json.loads(line) for line in lines if line.startswith(("{", "["))]
    return {"planned": sorted(planned), "committed": sorted(done),
            "offsets": offsets[0] if len(offsets) == 1 else offsets}
