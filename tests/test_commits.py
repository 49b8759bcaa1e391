"""Two JVMs commit to one Delta table at once, and one is killed in a commit: what a writer was told is written stays written."""
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from processes import gone

from patternlab.checks._matchers import delta_rows
from patternlab.engines import place

EACH = 40           # appends of each writer while both run
RACES = 300         # log entries that both try to write, through the session's own log store

WRITER = """
import json, sys
from patternlab import spark_session
from py4j.protocol import Py4JJavaError
table, race, me, create = sys.argv[1:5]
spark = spark_session("writer " + me, **{"spark.master": "local[1]"})
jvm, hadoop = spark._jvm, spark._jsparkSession.sessionState().newHadoopConf()
def append(number):
    rows = spark.range(number, number + 1).selectExpr("id", f"'{me}' AS writer").coalesce(1)
    rows.write.format("delta").mode("append").option("userMetadata", me).save(table)
if create == "create":
    append(-1)
store = jvm.org.apache.spark.sql.delta.DeltaLog.forTable(spark._jsparkSession, table).store()
def write(version):
    entry = jvm.java.util.Collections.singletonList(json.dumps({"by": me})).iterator()
    path = jvm.org.apache.hadoop.fs.Path(f"file://{race}/{version:020}.json")
    try:
        store.write(path, jvm.scala.jdk.javaapi.CollectionConverters.asScala(entry), False, hadoop)
    except Py4JJavaError as error:
        if error.java_exception.getClass().getName() != "java.nio.file.FileAlreadyExistsException":
            raise
        return False
    return True
print("READY", flush=True)
for line in sys.stdin:
    what, first, last = line.split()
    for number in range(int(first), int(last)):
        if {"append": append, "race": write}[what](number) is not False:
            print(json.dumps([what, number]), flush=True)
    print("DONE", flush=True)
"""


class Writer:
    """A process with a session of the kit; `told` is what it was told is written, as (what, number)."""

    def __init__(self, folder: Path, name: str, create: str):
        self.name, self.told, self.done = name, [], 0
        self.process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(folder / "table"), str(folder / "race"), name, create], text=True, cwd="/",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(place.ROOT)})
        ready = any(line == "READY\n" for line in iter(self.process.stdout.readline, ""))    # the session says hello first
        assert ready, self.process.communicate()[1]
        self.jvm = next(child for child in psutil.Process(self.process.pid).children() if "java" in child.name())
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        for line in self.process.stdout:
            if line == "DONE\n":
                self.done += 1
            elif line.startswith("["):
                self.told.append(tuple(json.loads(line)))

    def do(self, what: str, first: int, last: int):
        self.process.stdin.write(f"{what} {first} {last}\n")
        self.process.stdin.flush()

    def numbers(self, what: str) -> set:
        return {number for kind, number in self.told if kind == what}


def until(condition, seconds: float = 120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the writers did not get that far"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """What two writers were told and what is there: after both wrote, and after one of them was killed in the middle."""
    folder = tmp_path_factory.mktemp("commits")
    (folder / "race").mkdir()
    writers = [Writer(folder, "a", "create")]
    try:
        writers.append(Writer(folder, "b", "-"))
        first, second = writers
        for number, (what, end) in enumerate((("append", EACH), ("race", RACES)), 1):
            for writer in writers:
                writer.do(what, 0, end)
            until(lambda: all(writer.done == number for writer in writers))
        for writer in writers:
            writer.do("append", EACH, 10_000)
        until(lambda: len(first.numbers("append")) > EACH + 5)
        first.jvm.kill()                                    # SIGKILL while it commits, one append after the other
        until(lambda: gone([first.jvm.pid], [], 1) == [])
        last = max(second.numbers("append"))
        until(lambda: max(second.numbers("append")) >= last + 3)
        second.jvm.kill()
        assert gone([second.jvm.pid], []) == []
        yield folder, *writers
    finally:
        for writer in writers:
            writer.process.kill()
            writer.process.communicate()


def test_an_acknowledged_append_is_in_the_table(written):
    folder, *writers = written
    rows = set(delta_rows(folder / "table").itertuples(index=False, name=None))
    for writer in writers:
        lost = sorted(number for number in writer.numbers("append") if (number, writer.name) not in rows)
        assert len(writer.numbers("append")) > EACH and lost == []


def test_versions_are_contiguous_and_the_writers_really_overlapped(written):
    folder, first, second = written
    log = sorted((folder / "table" / "_delta_log").glob("*.json"))
    assert [int(path.stem) for path in log] == list(range(len(log)))
    who = [json.loads(line)["commitInfo"]["userMetadata"] for path in log
           for line in path.read_text().splitlines() if line.startswith('{"commitInfo"')]
    assert len(who) == len(log) > 2 * EACH
    assert sum(one != other for one, other in zip(who, who[1:])) > EACH / 4, "they wrote one after the other"


def test_each_version_has_one_winner(written):
    folder, first, second = written
    both = first.numbers("race") & second.numbers("race")
    assert both == set(), f"{len(both)} of {RACES} versions were acknowledged to two writers: one of them lost its commit"
    assert first.numbers("race") | second.numbers("race") == set(range(RACES))
    for writer in (first, second):
        assert {json.loads((folder / "race" / f"{number:020}.json").read_text())["by"]
                for number in writer.numbers("race")} == {writer.name}
