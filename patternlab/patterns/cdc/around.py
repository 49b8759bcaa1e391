"""What stands around the board in pattern 12: where a connector finds it, waiting for it, and jobs that are killed."""
import contextlib
import json
import time
from pathlib import Path

import psycopg2

from ...engines import kernels
from ...engines.programs import Program, killed, written


def addresses(name: str) -> dict:
    """What the connector `name` must be told about places: the database and its account, the names that are its own there
    (slot, publication, prefix of its topics), and that a topic nobody made has one partition."""
    from ... import postgres
    source = postgres()
    own = f"{source.database}_{name}"
    return {"database.hostname": source.host, "database.port": source.port, "database.dbname": source.database,
            "database.user": source.user, "database.password": source.password,
            "slot.name": own, "publication.name": own, "topic.prefix": own,
            "topic.creation.default.partitions": 1, "topic.creation.default.replication.factor": 1}


# a connector that reads its snapshot row by row, so that a kill hits it
SLOW_SNAPSHOT = {
    "snapshot.select.statement.overrides": "public.departure_board",
    "snapshot.select.statement.overrides.public.departure_board":
        "select * from public.departure_board where pg_sleep(0.002)::text = ''",
    "snapshot.fetch.size": 20,
}


def arrived(topic: str, least: int = 0, seconds: float = 30) -> int:
    """Wait until the topic has `least` messages; how many it has then. TimeoutError after `seconds`."""
    from ... import kafka
    give_up = time.monotonic() + seconds
    while True:
        now = sum(kafka().end_offsets(topic).values())
        if now >= least:
            return now
        if time.monotonic() > give_up:
            raise TimeoutError(f"Topic {topic} has {now:,} of {least:,} messages after {seconds:.0f} s. Is Connect alive?")
        time.sleep(0.01)


def settled(name: str, seconds: float = 60) -> int:
    """Wait until Connect has stored that all that is committed now is in the connector's topics; the log position, a number.

    It writes marks into the log until one of them, or something later, is stored. TimeoutError after `seconds`.
    """
    from ... import connect, postgres
    marks, give_up = [], time.monotonic() + seconds
    connection = psycopg2.connect(postgres().dsn)
    connection.autocommit = True
    with contextlib.closing(connection), connection.cursor() as cursor:
        while time.monotonic() < give_up:
            cursor.execute("select pg_logical_emit_message(true, 'mark', '') - '0/0'")
            marks.append(int(cursor.fetchone()[0]))
            stored = connect().offsets(name)
            if stored.get("lsn", 0) >= marks[0] and not stored.get("snapshot"):
                return marks[0]
            time.sleep(0.1)
    raise TimeoutError(f"The connector {name} has not stored position {marks[0]:,} within {seconds:.0f} s. "
                       f"Look at connect().status({name!r}).")


def payloads(cursor, seconds: float = 60):
    """The messages of a replication cursor's slot up to the log's present end; then its connection is closed, the slot free."""
    from ... import postgres
    end = int(postgres().sql("select pg_logical_emit_message(true, 'mark', '') - '0/0' as lsn").lsn[0])
    give_up, reader = time.monotonic() + seconds, cursor.connection.get_backend_pid()
    while cursor.wal_end < end and time.monotonic() < give_up:
        message = cursor.read_message()
        if message:
            yield message.payload
    cursor.connection.close()
    postgres().sql("select pg_terminate_backend(pid, 5000) from pg_stat_activity where pid = %s", reader)


def events_of(topic: str) -> list:
    """The values of a topic's messages, tombstones left out, as dicts; changes in the order of the log."""
    from ... import kafka
    found = [json.loads(text) for text in kafka().peek(topic, 1_000_000).value.dropna()]
    return sorted(found, key=lambda event: event.get("source", {}).get("lsn", 0))


_AT_WORK = """def at_work(handle):
    def noted(*batch):
        print("at work", flush=True)
        handle(*batch)
    return noted"""


def elsewhere(call: str, *functions, **constants) -> Program:
    """Start a Python with a Spark session `spark` of its own on this kernel's engines; it waits for `killed_in_batch`.

    Then it does `call` again and again. `functions` are the notebook's own: their source is taken; `constants` are its values.
    Before them stand F, Window, DeltaTable, kafka, and at_work(handle): the handle, which says that a batch has begun. It ends
    when this kernel does.
    """
    from ... import kafka
    file = written("elsewhere", "from pyspark.sql import functions as F, Window", "from delta.tables import DeltaTable",
                   "from patternlab import kafka", "from patternlab.engines.spark import start", _AT_WORK,
                   *(f"{name} = {value!r}" for name, value in constants.items()), *functions,
                   "spark = start('12 elsewhere', False, {})", "input()", f"while True: {call}")
    return Program(file, PATTERNLAB_KAFKA=kafka().bootstrap, PATTERNLAB_STACK="embedded", PATTERNLAB_SPARK_MASTER="local[2]")


def killed_in_batch(program: Program, rest: float) -> bool:
    """Let the program of `elsewhere` do its call; SIGKILL to it and its JVM `rest` seconds after its first batch began.

    True if there was a JVM to kill. RuntimeError, with its words, if it ended by itself or did not get to work in two minutes.
    """
    program.stdin.write(b"\n")
    program.stdin.flush()
    at_work, members = [], []

    def due():
        if not at_work and "at work" in program.log.read_text(errors="replace"):
            at_work.append(time.monotonic())
            members.extend(kernels.family(program.pid))
        return bool(at_work) and time.monotonic() >= at_work[0] + rest
    return killed(program, when=due) == -9 and len(members) > 1


def batches(table: str) -> dict:
    """What the checkpoint beside a table says of its batches: {'begun': n, 'finished': n}."""
    noted = {"begun": "offsets", "finished": "commits"}
    return {what: len(list(Path(f"{table}-checkpoint", part).glob("[0-9]*"))) for what, part in noted.items()}
