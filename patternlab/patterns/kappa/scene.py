"""The world around pattern 10: reports that arrive while queries run, a reader who asks on, a log that forgets."""
import json
import threading
import time
from collections import Counter

import pandas as pd

from ...checking.topics import topic_contents
from ..stream_windowing.oracle import foretell
from ..stream_windowing.scene import closed, first_day

__all__ = ["Arrivals", "Reader", "answers", "by_hand", "closed", "compacted", "differing", "first_day", "foretold",
           "forgotten", "keyed_by_aircraft", "last_per_key", "longest_lateness", "reason"]


def by_hand(*texts) -> pd.DataFrame:
    """Reports from texts "A EWR 12": key, origin, and the delay of the departure in minutes."""
    made = []
    for key, origin, delay in map(str.split, texts):
        made.append({"key": key, "origin": origin, "dep_delay": float(delay)})
    return pd.DataFrame(made)


# --- a log that grows while queries read it -----------------------------------------------------------------------------
class Arrivals:
    """`reports` that arrive on a topic of one partition, in `parts`: iterate, and each turn sends the next part.

    Only what the topic lacks is sent, so a cell that was interrupted goes on where it was. It keeps when the log grew.
    """

    def __init__(self, broker, topic: str, reports: list, parts: int):
        self._broker, self._topic, self._reports, self._parts = broker, topic, reports, parts
        self._ends = [(time.time(), self._end())]

    def _end(self) -> int:
        return self._broker.end_offsets(self._topic)[0]

    def __iter__(self):
        first, total = self._end(), len(self._reports)
        size = max(1, -(-(total - first) // self._parts))
        for begin in range(first, total, size):
            self._broker.send(self._topic, self._reports[begin:begin + size])
            self._ends.append((time.time(), self._end()))
            yield self._ends[-1][1]

    def lag(self, queries: dict) -> dict:
        """{name: how many reports the log has and the query's table lacks, by seconds since the arrivals began}."""
        begun, read = self._ends[0][0], {name: _batches(query) for name, query in queries.items()}
        ended = [moment for batches in read.values() for moment, *_ in batches]
        moments = sorted({begun, *ended, *(moment for moment, _ in self._ends)})
        made = {}
        for name, batches in read.items():
            ends = [(moment, end) for moment, _, end in batches]
            first = batches[0][1] if batches else self._ends[-1][1]
            made[name] = pd.Series([_at(self._ends, moment) - _at(ends, moment, first) for moment in moments],
                                   index=[moment - begun for moment in moments])
        return made


def _batches(query) -> list:
    """(moment of its end, first offset, offset after its last) of each batch that read something, of one partition."""
    made = []
    for report in query.recentProgress:
        report = report if isinstance(report, dict) else json.loads(report.json)
        if report["numInputRows"]:
            source = report["sources"][0]
            moment = pd.Timestamp(report["timestamp"]).timestamp() + report["batchDuration"] / 1000
            made.append((moment, _offset(source["startOffset"]), _offset(source["endOffset"])))
    return made


def _offset(position) -> int:
    """An offset as Spark reports it, {"topic": {"0": 12}} or its text; 0 where a query has read nothing yet."""
    position = json.loads(position) if isinstance(position, str) else position
    return next(iter(next(iter(position.values())).values())) if position else 0


def _at(steps, moment, before=0) -> int:
    """The value of the last step (moment, value) that is not after `moment`."""
    return max((value for when, value in steps if when <= moment), default=before)


# --- a reader -----------------------------------------------------------------------------------------------------------
class Reader:
    """A reader who asks a question again and again while a `with` block runs; `seen` counts its answers.

    `wait(n)` returns when n more questions have been asked and answered: the second of two begins after the call.
    """

    def __init__(self, question):
        self.seen, self._question, self._end = Counter(), question, threading.Event()
        self._asking = threading.Thread(target=self._ask, daemon=True)

    def _ask(self):
        while not self._end.is_set():
            try:
                self.seen[tuple(self._question())] += 1
            except Exception as error:                      # a reader that fails has seen something too
                self.seen[type(error).__name__] += 1

    def __enter__(self):
        self._asking.start()
        return self

    def wait(self, n: int = 2, seconds: float = 60) -> None:
        """Until `n` more answers are there; TimeoutError where they are not in `seconds`."""
        wanted, until = sum(self.seen.values()) + n, time.monotonic() + seconds
        while sum(self.seen.values()) < wanted:
            if time.monotonic() > until:
                raise TimeoutError(f"The reader got no {n} answers in {seconds:.0f} s. Run the cell again.")
            time.sleep(0.02)

    def table(self) -> pd.DataFrame:
        """What was seen, in the order of time, and how many times."""
        rows = [(times, *row) for answer, times in self.seen.items() for row in answer]
        return pd.DataFrame(rows, columns=["times", "late_after", "reports", "late"])

    def __exit__(self, *exception):
        self._end.set()
        self._asking.join(30)


# --- tables to be read, and what they are judged by ---------------------------------------------------------------------
def answers(asked: dict) -> pd.DataFrame:
    """{who was asked or when: rows (late_after, reports, late)} as one table."""
    rows = [(name, *row) for name, answer in asked.items() for row in answer]
    return pd.DataFrame(rows, columns=["asked", "late_after", "reports", "late"])


def differing(live, replay) -> pd.DataFrame:
    """The windows (begin, origin) whose n differs between two runs: 0 where a run has not published one."""
    both = live.merge(replay, on=["begin", "origin"], how="outer", suffixes=(" live", " replay")).fillna(0)
    return both[both["n live"] != both["n replay"]].sort_values(["begin", "origin"])


def longest_lateness(reports: list) -> int:
    """Minutes by which the latest report comes behind one that was planned for later."""
    planned = pd.to_datetime(pd.Series([report["scheduled"] for report in reports]))
    return int((planned.cummax() - planned).max().total_seconds() // 60)


def foretold(reports: list, **sizes: int) -> dict:
    """{run: reports that the oracle of 07 says it loses} of an hourly count without patience, `size` reports a batch."""
    return {run: len(foretell(closed(reports), size, patience=0).late) for run, size in sizes.items()}


def reason(refusal: Exception) -> str:
    """What a stopped query says of itself, without names that differ from run to run."""
    said = str(refusal).partition("exception: ")[2].partition("\nwith consumer")[0]
    return f"{type(refusal).__name__}: {said or refusal}"


# --- logs that forget ---------------------------------------------------------------------------------------------------
def forgotten(broker, topic: str, before: int) -> None:
    """Take what lies before offset `before` from a topic of one partition, as retention does when its time has come."""
    from kafka import TopicPartition
    with broker.admin() as admin:
        admin.delete_records({TopicPartition(topic, 0): before})


def keyed_by_aircraft(reports: list) -> list:
    """The reports of known aircraft, each under its aircraft's key."""
    return [{**report, "key": report["tailnum"]} for report in reports if report["tailnum"]]


def last_per_key(reports: list) -> list:
    """The last report of each key, in the order of the log: what a compacted topic has to keep."""
    last = {report["key"]: position for position, report in enumerate(reports)}
    return [reports[position] for position in sorted(last.values())]


def compacted(broker, topic: str, reports: list, seconds: float = 30) -> None:
    """Put `reports` on a compacted topic, wake up the broker's cleaner, and wait until it has done its work.

    Kafka never compacts the newest segment, so a last message of the key "tick" begins a new one.
    """
    soon = {"segment_ms": 100, "min_cleanable_dirty_ratio": 0.001, "max_compaction_lag_ms": 100}
    broker.topic(topic, cleanup_policy="compact", **soon)
    broker.send(topic, reports)
    time.sleep(0.25)                                        # longer than a segment takes messages
    broker.send(topic, [{**reports[-1], "key": "tick"}])
    kept = len({report["key"] for report in reports}) + 1
    try:
        _cleaner(broker, "SET", 100)
        until = time.monotonic() + seconds
        while len(topic_contents(topic, broker.bootstrap)) > kept:
            if time.monotonic() > until:
                raise TimeoutError(f"The broker's cleaner has not come in {seconds:.0f} s. Run the cell again.")
            time.sleep(0.1)
    finally:
        _cleaner(broker, "DELETE")


def _cleaner(broker, operation: str, rests: "int | None" = None) -> None:
    """SET how many ms the cleaner of each broker rests when it has nothing to do, or DELETE that: 15,000 by default.

    A kernel that dies in between leaves a shared broker with a cleaner that looks more often; the next run sets it back.
    """
    from kafka.admin import ConfigResource, ConfigResourceType
    with broker.admin() as admin:
        for node in admin.describe_cluster()["brokers"]:
            name = str(node.get("node_id", node.get("broker_id")))
            settings = {"log.cleaner.backoff.ms": (operation, rests if rests is None else str(rests))}
            admin.alter_configs([ConfigResource(ConfigResourceType.BROKER, name, configs=settings)])
