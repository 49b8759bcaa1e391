"""The world around pattern 17: the day's log, a clock, the owner of a database, a connector, and what lies where in bytes."""
import json
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg2
from psycopg2.extras import execute_values

from ...engines.topics import reader
from ...flights import days, events
from ...truth import truth
from ..cdc.around import addresses

FIELDS = ("key", "origin", "scheduled", "dep_delay", "arrival")
LAST = 20                              # so many reports are the newest ones: how soon they can be read is measured
DEPARTED = "create table departed (key text primary key, origin text, scheduled timestamptz, dep_delay int)"
PUT = """insert into departed values %s on conflict (key) do update set dep_delay = excluded.dep_delay"""


# --- the log ----------------------------------------------------------------------------------------------------------
def reports_of(slice) -> list:
    """The reports of the departures of a slice, in order of arrival: dicts of FIELDS."""
    return [{name: event[name] for name in FIELDS} for event in events("departed", slice)]


def moments(log: list) -> dict:
    """{moment: how many reports of the log have come by then}: midnight, hour, soon, now, end.

    `now` is when two thirds have come, or soon after, when ten minutes of the hour have passed; `midnight` (of New York) and
    `hour` are the last full ones before it; `soon` is `now` without its LAST reports.
    """
    now = len(log) * 2 // 3
    while now < len(log) - 1 and _time(log[now - 1]["arrival"]).minute < 10:
        now += 1
    here = _time(log[now - 1]["arrival"]).astimezone(ZoneInfo("America/New_York"))
    hour = here.replace(minute=0)
    came = [_time(report["arrival"]) for report in log]
    by = {name: sum(at < moment for at in came) for name, moment in (("midnight", hour.replace(hour=0)), ("hour", hour))}
    return {**by, "soon": max(by["hour"], now - LAST), "now": now, "end": len(log)}


def tick_after(log: list, slice) -> dict:
    """What the clock says when everything has come: a report of nobody, so late that all windows of the log may close."""
    patience = timedelta(minutes=truth("lateness", days(slice))["max"], days=2)
    at = max(_time(report["scheduled"]) for report in log) + patience
    return {**dict.fromkeys(FIELDS), "key": "tick", "origin": "tick", "scheduled": f"{at:%Y-%m-%dT%H:%M:%SZ}"}


def second(reports: list) -> list:
    """Of a log in which some reports follow themselves, as `faults.duplicated` makes it, the copies."""
    return [report for before, report in zip(reports, reports[1:]) if before == report]


def since(bus, topic: str, offset: int) -> list:
    """The messages of a topic of one partition from `offset` up to its present end, as dicts."""
    from kafka import TopicPartition
    part, found = TopicPartition(topic, 0), []
    consumer = reader(bus.bootstrap)
    try:
        consumer.assign([part])
        consumer.seek(part, offset)
        end = consumer.end_offsets([part])[part]
        while consumer.position(part) < end:
            found += [json.loads(message.value) for messages in consumer.poll(200).values() for message in messages]
    finally:
        consumer.close()
    return found


# --- the owner of the database, and who follows it ----------------------------------------------------------------------
def written(store, reports: list) -> None:
    """The owner of the table `departed` writes what has left, and again what is said again: one row a flight."""
    with psycopg2.connect(store.dsn) as desk, desk.cursor() as cursor:
        rows = [(report["key"], report["origin"], report["scheduled"], report["dep_delay"]) for report in reports]
        execute_values(cursor, PUT, rows)
    desk.close()


def changes_topic(name: str) -> str:
    """The topic into which the connector `name` writes the changes of the table `departed`."""
    return f"{addresses(name)['topic.prefix']}.public.departed"


def follow(worker, bus, store, name: str) -> None:
    """Debezium follows `departed` from a snapshot on, as if for the first time, into an empty topic; it starts meanwhile."""
    worker.delete(name)
    store.drop_slots()                                    # the old connector's: a new one would go on where it was
    bus.topic(changes_topic(name))
    worker.put(name, {**addresses(name), "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
                      "plugin.name": "pgoutput", "table.include.list": "public.departed",
                      "publication.autocreate.mode": "filtered", "snapshot.mode": "initial", "time.precision.mode": "isostring",
                      "poll.interval.ms": 50})


# --- bytes --------------------------------------------------------------------------------------------------------------
def topic_bytes(bus) -> dict:
    """{topic: bytes of its messages on the broker}."""
    with bus.admin() as admin:
        found = admin.describe_log_dirs()
    return {topic["name"]: sum(part["partition_size"] for part in topic["partitions"])
            for broker in found for directory in broker["log_dirs"] for topic in directory["topics"]}


def folder_bytes(folder) -> int:
    """All bytes of a folder, logs and checkpoints too."""
    return sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file())


def relation_bytes(store, name: str) -> int:
    """Bytes of a table of PostgreSQL, with its indexes."""
    return int(store.sql("select pg_total_relation_size(%s) as n", name).n[0])


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
