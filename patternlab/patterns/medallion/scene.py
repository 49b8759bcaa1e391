"""The world around pattern 03: how a year gets on a topic, which flights are lost, what a run leaves behind."""
import functools
import json
import time
from pathlib import Path

from ...checking.calls import session
from ...flights import rows
from ...session import kafka, workspace

# Options of Spark's Kafka source: it fetches little ahead, and gives a dead broker up after seconds instead of minutes.
IMPATIENT = {"kafka.max.partition.fetch.bytes": 65536, "kafkaConsumer.pollTimeoutMs": 1500,
             "kafka.default.api.timeout.ms": 1500, "kafka.request.timeout.ms": 1000}

# What a session for long computations leaves on: on two cores it costs a year of flights more than it gives.
OFF = ("spark.sql.adaptive.enabled", "spark.databricks.delta.stats.collect",
       "spark.sql.streaming.checkpoint.fileChecksum.enabled")


def trimmed(spark) -> dict:
    """Switch off adaptive plans, statistics of files and checksums of checkpoints; the settings that it changed."""
    for name in OFF:
        spark.conf.set(name, "false")
    return dict.fromkeys(OFF, "false")


def lost_keys(sent: list, delivered: list) -> list:
    """Keys of the events in `sent` of which `delivered` has no whole copy, sorted: no reader can know them."""
    as_sent = {event["key"]: event for event in sent}
    whole = {event["key"] for event in delivered if event == as_sent[event["key"]]}
    return sorted(set(as_sent) - whole)


def by_hand(reports: list):
    """Flights and their mean delay per origin, counted in pandas: a frame origin, by_hand, mean_by_hand."""
    import pandas
    delays = pandas.DataFrame(reports).groupby("origin").dep_delay
    return delays.agg(by_hand="count", mean_by_hand="mean").reset_index()


def messages(events: list):
    """Events as Spark would read them off a topic: a frame with one column, `value`, of JSON."""
    import pandas
    return session().createDataFrame(pandas.DataFrame({"value": [json.dumps(event) for event in events]}))


def publish(topic: str, events: list) -> int:
    """Make `topic` anew and put `events` on it by Spark, under their keys; returns how many. Many get two partitions.

    The events of one key keep their order. For thousands of them it is faster than `kafka().feed`.
    """
    broker, lines = kafka(), workspace("published") / f"{topic}.jsonl"
    lines.write_text("\n".join(map(json.dumps, events)), encoding="utf-8")
    text = session().read.text(str(lines)).coalesce(1)                # one writer keeps the order
    keyed = text.selectExpr("""split(value, '"', 5)[3] AS key""", "value")       # {"key": "...", stands first
    to_kafka = keyed.write.format("kafka").option("kafka.bootstrap.servers", broker.bootstrap)
    to_kafka.option("topic", broker.topic(topic, partitions=2 if len(events) > 10_000 else 1)).save()
    return len(events)


def ended(query) -> str:
    """Wait until a streaming query has ended, by itself or not; in words, how it did."""
    while query.isActive:
        time.sleep(0.05)
    return "went through" if query.exception() is None else "crashed"


def checksum(frame) -> str:
    """16 hexadecimal digits of a Spark frame: the same for the same rows in any order, another for any other rows."""
    return _digits(frame.selectExpr(_TOTAL).first()[0])


def checksums(tables: list) -> list:
    """The checksum of each of these Spark frames, in order: one job for all of them."""
    parts = [table.selectExpr(f"{place} AS place", f"{_TOTAL} AS total") for place, table in enumerate(tables)]
    together = functools.reduce(lambda one, other: one.union(other), parts)
    return [_digits(row.total) for row in sorted(together.collect())]


def gusts(weather) -> dict:
    """What a frame of silver's weather says about gusts, as texts: hours with one, their mean, its checksum."""
    hours, mean, total = weather.selectExpr("count(gust_mph)", "avg(gust_mph)", _TOTAL).first()
    return {"hours with a gust": f"{hours:,}", "mean gust (mph)": f"{mean or 0:.1f}", "checksum": _digits(total)}


def code_lists() -> list:
    """The registry as messages: one dict (key, kind, code, name) for each aircraft, airport and airline."""
    planes, airports, airlines = rows("planes"), rows("airports"), rows("airlines")
    planes["name"] = planes.manufacturer.str.cat(planes.model, sep=" ", na_rep="")
    lists = {"planes": (planes.tailnum, planes.name), "airports": (airports.faa, airports.name),
             "airlines": (airlines.carrier, airlines.name)}
    return [{"key": f"{kind}/{code}", "kind": kind, "code": code, "name": name}
            for kind, (codes, names) in lists.items() for code, name in zip(codes, names)]


def live_bytes(lake: Path, tables: list) -> int:
    """Bytes of the files of which these Delta tables' newest versions consist; older versions and logs do not count."""
    detail = [session().sql(f"DESCRIBE DETAIL delta.`{lake}/{name}`").first() for name in tables]
    return sum(table.sizeInBytes for table in detail)


_TOTAL = "sum(cast(xxhash64(*) AS decimal(38, 0)))"


def _digits(total) -> str:
    return f"{int(total or 0) % 2**64:016x}"
