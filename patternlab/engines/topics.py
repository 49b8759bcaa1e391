"""What a notebook does with the topics of a broker: make one, feed it, look into it, name it to Spark."""
import contextlib
import json

from . import guard

# ms after which a broker with nothing to give says so; by Kafka's default each read of a small topic ends in a wait of 500
FETCH_WAIT = 20


class Topics:
    """The topics of the broker at `bootstrap` ("host:port"); see `patternlab.engines.kafka.Kafka`."""

    bootstrap = ""

    @contextlib.contextmanager
    def admin(self):
        """A KafkaAdminClient for a `with` block, closed at its end."""
        from kafka import KafkaAdminClient
        admin = KafkaAdminClient(bootstrap_servers=self.bootstrap, request_timeout_ms=15000)
        try:
            yield admin
        finally:
            admin.close()

    def topic(self, name: str, partitions: int = 1, **config) -> str:
        """Make an empty topic (an older one of that name is deleted first) and return its name.

        `config` are topic settings with _ for the dot: retention_ms=60_000, cleanup_policy="compact".
        """
        from kafka.errors import TopicAlreadyExistsError
        settings = {key.replace("_", "."): str(value) for key, value in config.items()}
        wanted = {name: {"num_partitions": partitions, "replication_factor": 1, "configs": settings}}
        with self.admin() as admin:
            if name in admin.list_topics():
                admin.delete_topics([name])

            def made():                                     # deletion ends a moment after it is confirmed
                try:
                    admin.create_topics(wanted, wait_for_metadata=True)
                    return True
                except TopicAlreadyExistsError:
                    return False
            if not guard.wait_for(made, 20, 0.1):
                raise RuntimeError(f"Topic {name} could not be made again: the broker still has the old one after 20 s. "
                                   "Run the cell once more.")
        return name

    def feed(self, name: str, events, partitions: int = 1) -> int:
        """Make topic `name` anew and put `events` (dicts) on it in their order, as JSON under their "key"; returns how many.

        It returns when the broker has them all. About 10,000 a second. RuntimeError where one was not taken.
        """
        return self.send(self.topic(name, partitions), events)

    def send(self, name: str, events) -> int:
        """Put further `events` on the topic `name`, which is there already, as `feed` does; returns how many."""
        from kafka import KafkaProducer
        # large batches that wait: the sender's thread and this one share Python's lock, and few requests leave it to this one
        producer = KafkaProducer(bootstrap_servers=self.bootstrap, linger_ms=200, batch_size=2**19)
        failed, sent = [], 0
        for event in events:
            key = event.get("key")
            message = producer.send(name, json.dumps(event).encode(), key=None if key is None else str(key).encode())
            message.add_errback(failed.append)
            sent += 1
        producer.close()
        if failed:
            raise RuntimeError(f"{len(failed):,} of {sent:,} events did not reach topic {name}: {failed[0]}. Run the cell again.")
        return sent

    def options(self, *topics: str, **more) -> dict:
        """Options of Spark's Kafka source for all that `topics` hold, from the first message; `more` are further options."""
        return {"kafka.bootstrap.servers": self.bootstrap, "subscribe": ",".join(topics), "startingOffsets": "earliest",
                "kafka.fetch.max.wait.ms": FETCH_WAIT, **more}

    def between(self, name: str, begin: int, end: "int | None" = None) -> dict:
        """`options` of a topic of one partition: from offset `begin` on, or up to, and not including, `end`."""
        bounds = {"startingOffsets": begin} if end is None else {"startingOffsets": begin, "endingOffsets": end}
        return self.options(name, **{option: json.dumps({name: {"0": offset}}) for option, offset in bounds.items()})

    def end_offsets(self, name: str) -> dict:
        """{partition: offset after the last message} of a topic."""
        with self._consumer() as consumer:
            return {part.partition: offset for part, offset in consumer.end_offsets(self._parts(consumer, name)).items()}

    def start_offsets(self, name: str) -> dict:
        """{partition: offset of the first message that the log still has} of a topic; 0 while retention took none."""
        with self._consumer() as consumer:
            return {part.partition: offset for part, offset in consumer.beginning_offsets(self._parts(consumer, name)).items()}

    def peek(self, name: str, n: int = 5):
        """The first `n` messages of a topic: a pandas frame of partition, offset, timestamp (UTC), key, value (text)."""
        import pandas as pd
        rows = []
        with self._consumer() as consumer:
            parts = self._parts(consumer, name)
            consumer.assign(parts)
            consumer.seek_to_beginning(*parts)
            ends = consumer.end_offsets(parts)
            while len(rows) < n and any(consumer.position(part) < ends[part] for part in parts):
                for batch in consumer.poll(timeout_ms=500, max_records=n).values():
                    rows += [(m.partition, m.offset, pd.Timestamp(m.timestamp, unit="ms", tz="UTC"), _text(m.key),
                              _text(m.value)) for m in batch]
        return pd.DataFrame(rows[:n], columns=["partition", "offset", "timestamp", "key", "value"])

    @contextlib.contextmanager
    def _consumer(self):
        consumer = reader(self.bootstrap, request_timeout_ms=15000)
        try:
            yield consumer
        finally:
            consumer.close()

    def _parts(self, consumer, name: str) -> list:
        from kafka import TopicPartition
        known = consumer.partitions_for_topic(name)
        if not known:
            topics = sorted(topic for topic in consumer.topics() if not topic.startswith("__"))
            raise KeyError(f"There is no topic {name!r} on {self.bootstrap}; there are: {', '.join(topics) or 'none'}. "
                           f"Make it with kafka().topic({name!r}).")
        return [TopicPartition(name, partition) for partition in sorted(known)]


def reader(bootstrap: str, **more):
    """A KafkaConsumer without a group, which commits nothing; `more` are further settings of it."""
    from kafka import KafkaConsumer
    return KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, fetch_max_wait_ms=FETCH_WAIT, **more)


def _text(data: "bytes | None") -> "str | None":
    return None if data is None else data.decode("utf-8", "replace")
