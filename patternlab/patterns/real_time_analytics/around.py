"""Around the queries of pattern 16: who sends while a cell works, who listens, and many readers who ask at once."""
import contextlib
import json
import threading
import time
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...engines.topics import reader


@dataclass
class Load:
    """What readers met who asked as fast as they could: queries per second, and the milliseconds of each query."""
    per_second: float
    milliseconds: np.ndarray


@contextlib.contextmanager
def sending(producer, topic: str, events: list, per_second: float = 100):
    """Inside the block `events` go to the topic, so many a second, each with the moment `sent` (seconds since 1970).

    All are sent when the block ends; where it ends by an error, or is interrupted, no more are.
    """
    left, failed = threading.Event(), []
    producer.partitions_for(topic)                         # asked for now, not when the first event waits

    def send():
        begun = time.perf_counter()
        for number, event in enumerate(events):
            if left.wait(max(0, begun + number / per_second - time.perf_counter())):
                return
            message = json.dumps({**event, "sent": time.time()}).encode()
            producer.send(topic, message, key=event["key"].encode()).add_errback(failed.append)
        producer.flush(30)
    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    try:
        yield
    except BaseException:
        left.set()
        raise
    finally:
        thread.join(40)
    if failed:
        raise RuntimeError(f"{len(failed):,} of {len(events):,} events did not reach topic {topic}: {failed[0]}. "
                           "Run the cell again.")


def arriving(bus, topic: str, wanted: int, query, seconds: float = 60):
    """The messages of a topic from its first one on, as they come, in lists of dicts; it ends when `wanted` have come.

    The error of `query`, which is to write them, is raised; TimeoutError where they have not come in `seconds`.
    """
    from kafka import TopicPartition
    seen, give_up = 0, time.monotonic() + seconds
    consumer = reader(bus.bootstrap, auto_offset_reset="earliest")
    try:
        consumer.assign([TopicPartition(topic, 0)])
        while seen < wanted:
            found = [json.loads(message.value) for messages in consumer.poll(50).values() for message in messages]
            if found:
                seen += len(found)
                yield found
            elif query.exception() is not None:
                raise query.exception()
            elif time.monotonic() > give_up:
                raise TimeoutError(f"{seen:,} of {wanted:,} events came out in {seconds:.0f} s. Close other notebooks, "
                                   "run the cell again.")
    finally:
        consumer.close()


def quiet(bus, topic: str, query, before: int, seconds: float = 60) -> list:
    """All messages of a topic, as dicts, when there are more than `before` and for a second no new ones.

    `query` is stopped then. Its error is raised; TimeoutError where it writes nothing in `seconds`.
    """
    from kafka import TopicPartition
    found, give_up = [], time.monotonic() + seconds
    consumer = reader(bus.bootstrap, auto_offset_reset="earliest")
    try:
        consumer.assign([TopicPartition(topic, 0)])
        while time.monotonic() < give_up:
            more = [json.loads(message.value) for messages in consumer.poll(1000).values() for message in messages]
            found += more
            if query.exception() is not None:
                raise query.exception()
            if not more and len(found) > before:
                return found
        raise TimeoutError(f"Nothing came out in {seconds:.0f} s. Close other notebooks, run the cell again.")
    finally:
        query.stop()
        consumer.close()


def asked(where, question: str, readers: int = 8, seconds: float = 0.8) -> Load:
    """`readers` ask `question` at once, each again and again for `seconds`: PostgreSQL, or a connection of DuckDB.

    Each has a connection of its own and has asked once before the clock starts.
    """
    spent, failed, over = [], [], threading.Event()
    gate = threading.Barrier(readers + 1)

    def ask():
        try:
            with contextlib.closing(_connection(where)) as link:
                cursor = link.cursor()
                cursor.execute(question)
                cursor.fetchall()
                mine = []
                gate.wait(60)
                while not over.is_set():
                    begun = time.perf_counter()
                    cursor.execute(question)
                    cursor.fetchall()
                    mine.append(time.perf_counter() - begun)
                spent.append(mine)
        except Exception as error:
            failed.append(error)
            gate.abort()
    threads = [threading.Thread(target=ask, daemon=True) for _ in range(readers)]
    try:
        for thread in threads:
            thread.start()
        with contextlib.suppress(threading.BrokenBarrierError):
            gate.wait(60)
            begun = time.perf_counter()
            time.sleep(seconds)
    finally:
        over.set()
        gate.abort()
        for thread in threads:
            thread.join(60)
    if failed:
        raise next((error for error in failed if not isinstance(error, threading.BrokenBarrierError)), failed[0])
    found = np.array([each for mine in spent for each in mine]) * 1000
    return Load(len(found) / (time.perf_counter() - begun), found)


def _connection(where):
    if not hasattr(where, "dsn"):
        return where.cursor()                              # DuckDB: a connection is for one thread, cursors are not
    import psycopg2
    link = psycopg2.connect(where.dsn)
    link.autocommit = True                                 # else a reader sits in one old snapshot
    return link


def speeds(loads: dict) -> pd.DataFrame:
    """{name: Load} as rows: queries a second, and milliseconds of the mean query, of half of them, of 99 in 100."""
    rows = [(name, round(load.per_second), load.milliseconds.mean(), *np.quantile(load.milliseconds, [.5, .99]))
            for name, load in loads.items()]
    return pd.DataFrame(rows, columns=["asked", "queries/s", "mean ms", "p50 ms", "p99 ms"])
