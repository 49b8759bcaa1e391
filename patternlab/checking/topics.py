"""What a topic holds, and from where to where."""
import time

import pandas as pd

from ..engines.topics import reader
from .outcomes import Wrong


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
        from kafka import TopicPartition
        self.consumer = reader(self.bootstrap)
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
