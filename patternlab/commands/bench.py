"""`bench`: measures the kit on this machine, against a plain run of the same work. It prints; nothing here is a test.

The plain run is what tutorials show: `SparkSession.builder` with spark.jars, default JVM flags, a broker started with
Kafka's own default heap. It needs a Java that has the module jdk.incubator.vector, which pyspark's launcher asks for:
PATTERNLAB_BENCH_JAVA names one (its home), else the `java` on the path is tried.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from ..engines import environment, jars, kernels, place, spares
from . import seconds

PREAMBLE = """
import json, sys, time; T = time.perf_counter(); laps = {}
def lap(name): laps[name] = time.perf_counter() - T
"""
OURS = PREAMBLE + """
from patternlab import spark_session, kafka, workspace
spark = spark_session("bench"); lap("session"); table = str(workspace("bench") / "t"); bootstrap = lambda: kafka().bootstrap
topic = lambda: kafka().topic("bench", 2)
"""
PLAIN = PREAMBLE + """
from pyspark.sql import SparkSession
spark = (SparkSession.builder.master("local[*]").config("spark.jars", sys.argv[1])
         .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
         .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog").getOrCreate())
spark.sparkContext.setLogLevel("ERROR"); lap("session"); table = sys.argv[2] + "/t"; bootstrap = lambda: sys.argv[3]
def topic():
    from kafka import KafkaAdminClient
    admin = KafkaAdminClient(bootstrap_servers=sys.argv[3])
    admin.create_topics({"bench": {"num_partitions": 2, "replication_factor": 1}}, wait_for_metadata=True); admin.close()
"""
FIRST = """
from pyspark.sql import functions as F
rows = spark.range(1000).selectExpr("id", "id % 7 AS k", "timestamp_seconds(id) AS t")
rows.write.format("delta").save(table)
assert spark.read.format("delta").load(table).groupBy("k").count().toPandas()["count"].sum() == 1000; lap("delta")
stream = spark.readStream.format("delta").load(table).withWatermark("t", "1 minute")
counts = stream.groupBy(F.window("t", "1 minute"), "k").count()
query = counts.writeStream.format("memory").queryName("w").outputMode("complete").trigger(availableNow=True).start()
query.awaitTermination(120); assert spark.table("w").groupBy().sum("count").first()[0] == 1000; lap("total")
print("LAPS", json.dumps(laps))
"""
FLOW = """
from kafka import KafkaProducer
topic(); N = 100_000
producer = KafkaProducer(bootstrap_servers=bootstrap(), linger_ms=20, batch_size=65536)
for i in range(N): producer.send("bench", key=b"%d" % (i % 100), value=b'{"id":%d,"k":%d,"amount":%d}' % (i, i % 100, i % 17))
producer.flush(); producer.close(); lap("produced")
query = (spark.readStream.format("kafka").option("kafka.bootstrap.servers", bootstrap()).option("subscribe", "bench")
         .option("startingOffsets", "earliest").load()
         .selectExpr("from_json(cast(value AS string), 'id BIGINT, k INT, amount INT') j").select("j.*").writeStream
         .format("delta").option("checkpointLocation", table + "-checkpoint")
         .trigger(availableNow=True).start(table))
query.awaitTermination(180); rows = spark.read.format("delta").load(table)
found = rows.groupBy("k").agg({"amount": "sum", "id": "count"}).collect(); lap("total")
assert sum(row["count(id)"] for row in found) == N and sum(row["sum(amount)"] for row in found) == sum(i % 17 for i in range(N))
print("LAPS", json.dumps(laps))
"""


def main(argv: list) -> int:
    """`bench [start] [flow] [checks] [notebooks [NN-slug ...]] [--write | --log FILE]`: all without a name. Returns 0."""
    parser = argparse.ArgumentParser(prog="kit.py bench", description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="*", help="start, flow, checks, notebooks (all, or those named after it); all without one")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each kind; the median is printed (3)")
    parser.add_argument("--write", action="store_true", help="keep the notebooks' seconds in source/seconds.json, for `build`")
    parser.add_argument("--log", type=Path, help="measure nothing: keep the seconds that a run of `kit.py test` printed")
    asked = parser.parse_args(argv)
    if asked.log and not asked.log.is_file():
        parser.error(f"there is no file {asked.log}; name one with what kit.py test or .ci/run printed")
    if asked.log:
        return seconds.taken(asked.log)
    slugs = [path.stem for path in sorted((place.ROOT / "notebooks").glob("*.ipynb"))]
    named = [slug for slug in slugs if slug in asked.what]
    unknown = set(asked.what) - {"start", "flow", "checks", "notebooks", *named}
    if unknown:
        parser.error(f"there is nothing called {', '.join(sorted(unknown))} to measure")
    jars.fetch("spark", "kafka")
    from ..engines.java import make_archives
    make_archives()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before the start (other work makes every figure worse)")
    for name, measure in (("start", _start), ("flow", _flow), ("checks", _checks)):
        if not asked.what or name in asked.what:
            measure(asked.repeat)
    if not asked.what or "notebooks" in asked.what:
        found = seconds.run(named or slugs)
        if asked.write:
            seconds.note(found, seconds.one_at_a_time())
    return 0


def _start(repeat: int) -> None:
    print("\nKernel to first Delta write, read and stream batch, cumulative seconds (median of each kind's runs)")
    java = _plain_java()
    ours, plain, adopted = [], [], []
    for _ in range(repeat):                                 # taken in turns, so that other load meets all alike
        ours.append(_run(OURS + FIRST)[0])
        if java:
            plain.append(_run(PLAIN + FIRST, java)[0])
    # the keeper comes after: it exercises its spare for a minute, and a cold start beside it is not one on a quiet machine
    with tempfile.TemporaryDirectory(prefix="spares-", dir=place.state()) as folder, spares.Keeper(Path(folder)):
        for _ in range(repeat):
            if spares.ready(Path(folder), 180):
                adopted.append(_run(OURS + FIRST, spare=folder)[0])
    _compare(ours, plain, ("session", "total"))
    for name in ("session", "total") if adopted else ():
        print(f"  {name:<8} in an adopted spare {statistics.median(laps[name] for laps in adopted):6.2f} s")


def _flow(repeat: int) -> None:
    print("\nCold process to an asserted result over 100,000 events, Kafka to Spark to Delta (broker's start included)")
    java = _plain_java()
    ours, plain, memory = [], [], []
    for _ in range(repeat):
        laps, peak = _run(OURS + FLOW)
        ours.append(laps)
        memory.append(peak)
        if java:
            plain.append(_run(PLAIN + FLOW, java, broker=True)[0])
    _compare(ours, plain, ("total",))
    print(f"  memory of all processes at its peak, ours: {max(memory):,.0f} MB")


def _compare(ours, plain, names) -> None:
    for name in names:
        mine = statistics.median(laps[name] for laps in ours)
        line = f"  {name:<8} ours {mine:6.2f} s"
        if plain:
            other = statistics.median(laps[name] for laps in plain)
            line += f"   plain {other:6.2f} s   ratio {mine / other:.2f}"
        print(line + ("" if plain else "   plain: no Java with jdk.incubator.vector here"), flush=True)


def _plain_java() -> "Path | None":
    """The home of a Java that pyspark's own launcher can use."""
    named = os.environ.get("PATTERNLAB_BENCH_JAVA", "").strip()
    program = Path(named) / "bin" / "java" if named else Path(shutil.which("java") or "/nowhere")
    try:
        modules = subprocess.run([program, "--list-modules"], capture_output=True, text=True, timeout=30).stdout
    except OSError:
        return None
    return program.resolve().parent.parent if "jdk.incubator.vector" in modules else None


def _run(code: str, java: "Path | None" = None, broker: bool = False, spare: str = "") -> tuple:
    """The laps of one fresh process, and the peak of the memory of it and its children in MB (shared pages counted once).

    It starts a JVM of its own, or adopts one of the keeper in folder `spare`.
    """
    given = environment.child(PATTERNLAB_SPARE="1" if spare else "0", PATTERNLAB_SPARES=spare)
    with tempfile.TemporaryDirectory(prefix="patternlab bench ") as folder:
        if java:
            given["JAVA_HOME"] = str(java)
        began = time.perf_counter()
        kafka = _PlainKafka(java, Path(folder)) if broker else None
        before = time.perf_counter() - began
        process = subprocess.Popen([sys.executable, "-c", code, ",".join(map(str, jars.jar_paths("spark"))), folder,
                                    kafka.bootstrap if kafka else ""], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   env=given, cwd=folder)
        peak = _Peak(process.pid)
        out, err = process.communicate(timeout=600)
        if kafka:
            kafka.stop()
    lines = [line for line in out.splitlines() if line.startswith("LAPS")]
    if not lines:
        raise RuntimeError(f"A measured run failed: {err.strip()[-600:]}")
    return {name: seconds + before for name, seconds in json.loads(lines[0][5:]).items()}, peak.megabytes


class _Peak(threading.Thread):
    """Samples the memory of a process and all below it, by proportional set size where the system tells it."""

    def __init__(self, pid: int):
        super().__init__(daemon=True)
        self.pid, self.megabytes = pid, 0.0
        self.start()

    def run(self):
        import psutil
        while psutil.pid_exists(self.pid):
            self.megabytes = max(self.megabytes, kernels.memory_held(self.pid)[1] / 1e6)
            time.sleep(0.25)


class _PlainKafka:
    """A broker as its own scripts start it: formatted anew, one gigabyte of heap, the collector of the default."""

    def __init__(self, java: Path, folder: Path):
        from ..engines import kafka
        port, controller = kafka.free_ports(2)
        self.bootstrap = f"127.0.0.1:{port}"
        properties, log4j = folder / "server.properties", folder / "log4j2.properties"
        properties.write_text(kafka._PROPERTIES.format(port=port, controller=controller, data=folder / "data"))
        log4j.write_text(kafka._LOG4J)
        start = [str(java / "bin" / "java"), "-Xms1G", "-Xmx1G", "-XX:+UseG1GC", f"-Dpatternlab.log={folder / 'server.log'}",
                 f"-Dlog4j2.configurationFile={log4j.as_uri()}", "-cp", os.pathsep.join(map(str, jars.jar_paths("kafka")))]
        subprocess.run([*start, "kafka.tools.StorageTool", "format", "-t", "4L6g3nShT-eMCtK--X86sw", "-c", properties],
                       check=True, capture_output=True)
        self._process = subprocess.Popen([*start, "kafka.Kafka", properties], stdout=subprocess.DEVNULL,
                                         stderr=subprocess.DEVNULL)
        log = folder / "server.log"
        kafka.guard.wait_for(lambda: log.exists() and "Kafka Server started" in log.read_text(errors="replace"), 60)

    def stop(self):
        self._process.terminate()
        self._process.wait(30)


def _checks(repeat: int) -> None:
    """Every check of every lab, on the reference's answers, each `repeat` times."""
    import nbformat
    from nbclient import NotebookClient

    from . import build
    print("\nChecks of the labs on right answers, seconds")
    for source in sorted((place.ROOT / "source" / "labs").glob("*.py")):
        cells = [cell for cell in build.read(source) if cell.kind == "code"
                 and not any(build.TEST_ONLY.fullmatch(tag) for tag in cell.tags)]
        code = [nbformat.v4.new_code_cell(build.MARK.sub("", cell.text)) for cell in cells]
        notebook = nbformat.v4.new_notebook(cells=code)
        client, seconds = NotebookClient(notebook, kernel_name="python3", timeout=600), {}
        with client.setup_kernel(env=environment.child()):
            for index, cell in enumerate(cells):
                checks = [tag for tag in cell.tags if tag.startswith("check-")]
                for _ in range(repeat if checks else 1):
                    began = time.perf_counter()
                    client.execute_cell(notebook.cells[index], index)
                    if checks:
                        seconds.setdefault(checks[0], []).append(time.perf_counter() - began)
        for check, taken in seconds.items():
            print(f"  {source.stem:<22} {check:<9} median {statistics.median(taken):5.2f}   slowest {max(taken):5.2f}",
                  flush=True)
