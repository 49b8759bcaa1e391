"""Warm spares: a kernel adopts one and gives it back clean; whoever is killed, nothing stays; without one all goes on."""
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import psutil
import pytest
from processes import gone

from patternlab.engines import kernels, place, spares

# a kernel: does `work`, says its JVM's pid and what `answer` holds, then waits for a line or ends
KERNEL = """
import json, os, sys, time
from patternlab import spark_session, workspace
answer = {}
%s
from patternlab.engines import spark as engine
print("READY", json.dumps([engine._jvm["process"].pid, answer]), flush=True)
sys.stdin.readline()
"""
COUNT = """
spark = spark_session("a kernel of the tests")
assert spark.sparkContext.parallelize(range(4), 2).map(lambda n: n * n).sum() == 14
"""


def start(keeper_folder, work=COUNT, **environment):
    """A kernel that does `work` and waits: (its process, its JVM's pid, its answer)."""
    kernel = subprocess.Popen([sys.executable, "-c", KERNEL % work], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, cwd=str(keeper_folder),
                              env={**os.environ, "PYTHONPATH": str(place.ROOT), "PATTERNLAB_SPARES": str(keeper_folder),
                                   "PATTERNLAB_SPARE": "1", **environment})
    return kernel


def answered(kernel):
    for line in kernel.stdout:
        if line.startswith("READY "):
            return json.loads(line[6:])
    raise AssertionError(kernel.communicate()[1])


def end(kernel):
    """Let the kernel end as a kernel ends, and see that it says nothing about it."""
    _, said = kernel.communicate("go\n", timeout=30)
    assert kernel.returncode == 0 and not said, said


def ready(folder, but=()):
    """What the keeper in `folder` says of a spare that is ready."""
    jvm = spares.ready(folder, 180, but)
    assert jvm, (place.state("logs") / "keeper.log").read_text()[-2000:]
    return jvm


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "spares"


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """The folder of a keeper that keeps one JVM."""
    folder = tmp_path_factory.mktemp("kept") / "spares"
    with spares.Keeper(folder, rounds=0, busy=True, users=99):
        ready(folder)
        yield folder
    assert gone([]) == []


LEVELS = "list(__import__('patternlab.engines.shared_jvm').engines.shared_jvm._log_levels().values())"
LEFT = {  # what a notebook leaves: how, and how the next one would see it
    "a temporary view": ("spark.range(3).createTempView('left')", "spark.catalog.tableExists('left')"),
    "a global view": ("spark.range(3).createGlobalTempView('left')", "spark.catalog.tableExists('global_temp.left')"),
    "a table": ("spark.range(3).write.format('delta').saveAsTable('kept')", "spark.catalog.tableExists('kept')"),
    "a database": ("spark.sql('CREATE DATABASE other')", "spark.catalog.databaseExists('other')"),
    "a setting": ("spark.conf.set('spark.sql.shuffle.partitions', '77')",
                  "spark.conf.get('spark.sql.shuffle.partitions') == '77'"),
    "a setting of the session's start": ("", "spark.conf.get('spark.patternlab.left', None)"),
    "a function": ("spark.udf.register('left_f', lambda: 1, 'int')",
                   "spark.catalog.functionExists('left_f')"),
    "a query": ("left = spark.readStream.format('rate').load().writeStream.format('memory').queryName('left').start()",
                "[query.name for query in spark.streams.active] or any('stream execution' in thread.getName() for thread "
                "in spark._jvm.java.lang.Thread.getAllStackTraces().keySet())"),
    "a query of another session": ("other = spark.newSession().readStream.format('rate').load().writeStream"
                                   ".format('noop').option('checkpointLocation', str(workspace('c'))).start()", "False"),
    "cached rows": ("spark.range(10).cache().count()", "list(spark.sparkContext._jsc.getPersistentRDDs())"),
    "a listener": ("""
from pyspark.sql.streaming import StreamingQueryListener
class Left(StreamingQueryListener):
    def onQueryStarted(self, event): pass
    def onQueryProgress(self, event): pass
    def onQueryIdle(self, event): pass
    def onQueryTerminated(self, event): pass
spark.streams.addListener(Left())""",
                   "[1 for each in spark._jsparkSession.streams().listListeners() if 'Python' in each.getClass().getName()]"),
    "a job group": ("spark.sparkContext.setJobGroup('left', 'left')",
                    "spark.sparkContext.getLocalProperty('spark.jobGroup.id')"),
    "a system property": ("spark._jvm.java.lang.System.setProperty('spark.left', '1')",
                          "spark._jvm.java.lang.System.getProperty('spark.left')"),
    "a time zone": ("zone = spark._jvm.java.util.TimeZone; zone.setDefault(zone.getTimeZone('Asia/Tokyo'))",
                    "spark._jvm.java.util.TimeZone.getDefault().getID() == 'Asia/Tokyo'"),
    "a log level": (f"answer['levels'] = {LEVELS}; spark.sparkContext.setLogLevel('OFF')",
                    f"{LEVELS} != json.loads(os.environ['LEVELS'])"),
    "Delta's view of a path": ("spark.range(3).write.format('delta').save(os.environ['TABLE'])",
                               "spark.range(5).write.format('delta').save(os.environ['TABLE']) or "
                               "spark.read.format('delta').load(os.environ['TABLE']).count() != 5"),
    "a producer of a dead broker": ("""
from patternlab import kafka
broker = kafka(); broker.topic('left')
row = spark.range(1).selectExpr("'x' AS value").write.format('kafka').option('topic', 'left')
row.option('kafka.bootstrap.servers', broker.bootstrap).save()""",
                                    "any('kafka-producer-network' in thread.getName() for thread in "
                                    "spark._jvm.java.lang.Thread.getAllStackTraces().keySet())"),
}


@pytest.fixture(scope="module")
def seen(kept, tmp_path_factory):
    """What the second user of a JVM sees of what the first one left: {name: value}, false where it sees nothing."""
    table = tmp_path_factory.mktemp("left") / "table"
    leave = "spark = spark_session('first', **{'spark.patternlab.left': 'yes'})\n"
    first = start(kept, leave + "\n".join(how for how, _ in LEFT.values()), TABLE=str(table))
    jvm, said = answered(first)
    end(first)
    shutil.rmtree(table)                                     # the next notebook makes another table at that path
    look = "\n".join(f"answer[{name!r}] = bool({code})" for name, (_, code) in LEFT.items())
    second = start(kept, "spark = spark_session('second')\n" + look, TABLE=str(table), LEVELS=json.dumps(said["levels"]))
    again, found = answered(second)
    end(second)
    assert again == jvm, "the second kernel was to adopt the JVM of the first"
    return found


@pytest.mark.parametrize("name", LEFT)
def test_what_one_notebook_leaves_the_next_does_not_see(seen, name):
    assert not seen[name]


def test_workers_and_relative_paths_are_the_kernels_own(kept):
    """Python workers of an adopted JVM have the kernel's environment and import what lies beside the notebook."""
    (kept / "beside.py").write_text("NUMBER = 42")
    kernel = start(kept, COUNT + """
def look(_):
    import os, beside
    return [os.environ.get("OF_THIS_KERNEL"), beside.NUMBER]
answer = spark.sparkContext.parallelize([1], 1).map(look).collect()
spark.range(2).write.parquet("here.parquet")
""", OF_THIS_KERNEL="yes")
    assert answered(kernel)[1] == [["yes", 42]]
    assert (kept / "here.parquet" / "_SUCCESS").exists(), "a relative path begins at the kernel's folder"
    end(kernel)


def test_of_two_kernels_that_ask_at_once_one_gets_it(kept):
    spare = ready(kept)["pid"]
    kernels_ = [start(kept), start(kept)]
    jvms = [answered(kernel)[0] for kernel in kernels_]
    assert spare in jvms and len(set(jvms)) == 2
    for kernel in kernels_:
        end(kernel)
    assert ready(kept, but=[jvm for jvm in jvms if jvm != spare])["pid"]


@pytest.mark.parametrize("how", [{"PATTERNLAB_SPARE": "0"}, {"PATTERNLAB_DRIVER_MEMORY": "1g"}, {}])
def test_a_kernel_that_wants_another_jvm_starts_its_own(kept, how):
    spare = ready(kept)["pid"]
    kernel = start(kept, COUNT if how else COUNT.replace("tests\"", "tests\", throughput=True"), **how)
    jvm, _ = answered(kernel)
    assert jvm != spare and psutil.Process(jvm).ppid() == kernel.pid
    end(kernel)
    assert gone([jvm]) == []


def test_a_jvm_in_doubt_is_not_handed_on(kept):
    spare = ready(kept)["pid"]
    kernel = start(kept, COUNT + "spark._jvm.java.util.Timer('stream execution thread for ever', False)")
    assert answered(kernel)[0] == spare
    end(kernel)
    assert gone([spare]) == []
    assert ready(kept)["pid"] != spare, "and the keeper makes another one"


def test_kill_9_of_the_kernel_ends_the_jvm_and_its_workers(kept):
    ready(kept)
    kernel = start(kept)
    jvm, _ = answered(kernel)
    family = kernels.family(kernel.pid)
    assert jvm in [process.pid for process in family] and len(family) >= 3, "the kernel, its JVM and Python workers"
    kernel.send_signal(signal.SIGKILL)
    kernel.wait()
    assert gone([process.pid for process in family]) == []


def test_kill_9_of_the_keeper_in_an_exercise(folder):
    keeper = spares.Keeper(folder, busy=True, rounds=99)
    deadline = time.monotonic() + 120
    while not any("engines.exercise" in words for words in below(keeper.pid).values()):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    time.sleep(3)                                            # it is at work, with a broker of its own
    family = list(below(keeper.pid))
    os.kill(keeper.pid, signal.SIGKILL)
    assert gone(family) == []
    with spares.Keeper(folder, keep=0):                      # the next one clears what that one left on disk
        deadline = time.monotonic() + 20
        while list(folder.glob("jvm-*")) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not list(folder.glob("jvm-*"))


def below(pid) -> dict:
    """The processes below `pid`: {their id: their command}; those that end meanwhile are left out."""
    found = {}
    for process in psutil.Process(pid).children(recursive=True):
        with contextlib.suppress(psutil.Error):
            found[process.pid] = " ".join(process.cmdline())
    return found


def test_kill_9_of_who_started_the_keeper_while_a_kernel_has_its_jvm(folder):
    """The spare goes, the kernel keeps its JVM and works on; at its end nothing is left."""
    owner = subprocess.Popen([sys.executable, "-c", f"""
import sys
from pathlib import Path
from patternlab.engines import spares
keeper = spares.Keeper(Path({str(folder)!r}), busy=True, rounds=0)
print(keeper.pid, flush=True)
sys.stdin.read()"""], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                             env={**os.environ, "PYTHONPATH": str(place.ROOT)})
    keeper = int(owner.stdout.readline())
    spare = ready(folder)["pid"]
    kernel = start(folder, COUNT)
    jvm, _ = answered(kernel)
    assert jvm == spare
    others = [pid for pid in below(keeper) if pid not in [process.pid for process in kernels.family(kernel.pid)]]
    owner.kill()
    owner.wait()
    assert gone([keeper]) == []
    assert psutil.pid_exists(jvm), "the kernel holds it"
    end(kernel)
    assert gone([jvm, *others]) == []


def test_the_next_spare_waits_until_who_took_one_is_quiet(folder):
    with spares.Keeper(folder, rounds=0):
        first = ready(folder)["pid"]
        time.sleep(6)                                        # quiet for so long that a next one could be started at once
        kernel = start(folder)
        assert answered(kernel)[0] == first
        assert [jvm["pid"] for jvm in spares.look(folder)] == [first]
        end(kernel)
    assert gone([first]) == []


def test_idle_spares_go_and_short_memory_takes_them_first(folder, monkeypatch):
    with spares.Keeper(folder, busy=True, rounds=0, idle=2):
        deadline = time.monotonic() + 60
        monkeypatch.setenv("PATTERNLAB_SPARES", str(folder))
        while spares.look() == [] and time.monotonic() < deadline:
            time.sleep(0.1)
        assert (first := spares.look()), "a keeper begins with a spare"
        assert gone([first[0]["pid"]], seconds=60) == [], "two idle seconds are over"
        assert spares.claim("another key") is None       # it is asked again, so there is work to come
        while spares.look() == [] and time.monotonic() < deadline:
            time.sleep(0.1)
        second = spares.look()[0]["pid"]
        with pytest.raises(MemoryError, match="needs 99,999,999 MB"):
            kernels.need_memory("Something large", 99_999_999)
        assert gone([second]) == []
