"""Two JVMs commit to one Delta table at once, and one is killed in a commit: what a writer was told is written stays written."""
import os
import subprocess
import sys
import time

import psutil
import pytest
from processes import gone

from patternlab.checking.delta import delta_rows
from patternlab.engines import place

# a program with a session of its own: `append N` writes the row N; `hold N FILE` the same, but its rows come when FILE is there
WRITER = """
import os, sys, time
from pyspark.sql import functions as F
from patternlab import spark_session
table, me = sys.argv[1:3]
spark = spark_session("writer " + me, **{"spark.master": "local[1]"})
def append(number, file=None):
    @F.udf("long")
    def late(number):
        while file and not os.path.exists(file):
            time.sleep(0.02)
        return number
    rows = spark.range(number, number + 1).coalesce(1).select(late("id").alias("id"), F.lit(me).alias("writer"))
    rows.write.format("delta").mode("append").save(table)
print("READY", flush=True)
for line in sys.stdin:
    number, *file = line.split()
    append(int(number), *file)
    print("WRITTEN", number, flush=True)
"""


class Writer:
    """A process with a JVM of its own that appends to the table what it is asked to."""

    def __init__(self, folder, name):
        self.process = subprocess.Popen([sys.executable, "-c", WRITER, str(folder / "table"), name], text=True, cwd="/",
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        env={**os.environ, "PYTHONPATH": str(place.ROOT), "PATTERNLAB_SPARE": "0"})

    def hears(self, what):
        """Wait until the writer says `what`; what it said before then."""
        said = []
        for line in self.process.stdout:
            if line.strip() == what:
                return said
            said.append(line.strip())
        raise AssertionError(self.process.communicate()[1][-2000:])

    def append(self, number, *file):
        self.process.stdin.write(f"{' '.join(map(str, [number, *file]))}\n")
        self.process.stdin.flush()


@pytest.fixture
def writers(tmp_path):
    both = [Writer(tmp_path, "a"), Writer(tmp_path, "b")]
    for writer in both:
        writer.hears("READY")
    yield both
    for writer in both:
        writer.process.kill()
        writer.process.communicate()


def test_two_jvms_lose_no_commit_and_a_kill_leaves_whole_ones(writers, tmp_path):
    first, second = writers
    first.append(0)
    first.hears("WRITTEN 0")
    # a transaction of the first is open while the second commits three times: it must see them, and not write over them
    first.append(1, tmp_path / "go")
    for number in (2, 3, 4):
        second.append(number)
        second.hears(f"WRITTEN {number}")
    assert set(delta_rows(tmp_path / "table").id) == {0, 2, 3, 4}
    (tmp_path / "go").touch()
    first.hears("WRITTEN 1")
    assert set(delta_rows(tmp_path / "table").id) == {0, 1, 2, 3, 4}

    # SIGKILL while the second appends without a pause; the first goes on with the table
    jvm = next(child for child in psutil.Process(second.process.pid).children() if "java" in child.name())
    for number in range(100, 200):
        second.append(number)
    second.hears("WRITTEN 103")
    time.sleep(0.2)
    jvm.kill()
    told = {int(line.split()[1]) for line in second.process.stdout if line.startswith("WRITTEN")} | set(range(100, 104))
    assert gone([jvm.pid]) == [] and len(told) < 100, "the kill came too late"
    first.append(5)
    first.hears("WRITTEN 5")
    found = list(delta_rows(tmp_path / "table").id)
    assert len(found) == len(set(found)) and set(found) >= {0, 1, 2, 3, 4, 5} | told
    assert len(set(found) - {0, 1, 2, 3, 4, 5} - told) <= 1, "at most the commit in which it died is there unacknowledged"
    log = sorted((tmp_path / "table" / "_delta_log").glob("*.json"))
    assert [int(path.stem) for path in log] == list(range(len(log)))
