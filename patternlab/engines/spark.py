"""Spark in a kernel: its one JVM, started cold or adopted warm, the session in it, and its end."""
import contextlib
import logging
import os
import subprocess
import sys
from pathlib import Path

from . import cgroups, guard, java, kernels, lineage, place, shared_jvm, spares, spark_jvm

_FIXED = ("spark.jars", "spark.jars.packages", "spark.driver.extraClassPath", "spark.executor.extraClassPath")

_jvm = None            # the running JVM: process (Popen or spares.Held), log path, throughput, the file of its lineage


def _launch(throughput: bool, events: "Path | None" = None) -> None:
    """Start a JVM of this kernel's own."""
    global _jvm
    folder = kernels.run_folder() / "spark"
    folder.mkdir(exist_ok=True)
    kernels.need_memory("Spark", 1200)
    flags = java.THROUGHPUT if throughput else java.FAST
    behind = []
    if events:
        behind, flags = [lineage.jar()], [*flags, *lineage.FLAGS]
    shared = [] if throughput else spark_jvm.archive()
    log = place.state("logs") / f"spark-{kernels.run_folder().name}.log"
    info = folder / "gateway"
    for attempt in ([*flags, *shared], flags) if shared else (flags,):
        info.unlink(missing_ok=True)
        process = spark_jvm.launch(folder, attempt, log, subprocess.PIPE, throughput, behind)
        guard.wait_for(lambda: info.is_file() or process.poll() is not None, 90)
        if info.is_file():
            break
        process.kill()
    else:
        raise RuntimeError(f"Spark did not start: its JVM ended with code {process.poll()} before it answered. "
                           f"Its own words are in {log}; run `python3 kit.py doctor` to see what is wrong.")
    _jvm = {"process": process, "log": log, "throughput": throughput, "lineage": events, "kills": cgroups.kills()}
    _attach(*spark_jvm.gateway(info))


def adopt(held: spares.Held) -> None:
    """Take over a JVM that is started and clean: it is this kernel's from now on."""
    global _jvm
    _jvm = {"process": held, "log": Path(held.facts["log"]), "throughput": False, "lineage": None,
            "kills": cgroups.kills()}
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


def fate() -> str:
    """What ended this kernel's JVM, as a sentence; "" where none was started or it still runs."""
    if _jvm is None or not guard.wait_for(lambda: _jvm["process"].poll() is not None, 2):
        return ""
    if cgroups.kills() > _jvm["kills"]:
        return "Linux killed the Spark JVM of this kernel: the memory that this session or container may use was used up."
    code = _jvm["process"].poll()
    return "The Spark JVM of this kernel is gone: it " + (
        "was killed, by hand or because the machine ran out of memory." if code < 0 else
        f"ended with code {code}, its last words are in {_jvm['log']}." if code else "was killed or ended.")


def start(app: str, throughput: bool = False, conf: "dict | None" = None, events: "Path | None" = None):
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
    if running and events and _jvm["lineage"] != events:
        has = f"writes its lineage to {_jvm['lineage']}" if _jvm["lineage"] else "has no lineage"
        raise ValueError(f"This kernel's Spark {has}, and its JVM keeps what it was started with. "
                         "Restart the kernel and give `lineage` in its first spark_session.")
    kernels.run_folder()
    kernels.name_kernel(app)
    if not running:
        _refuse_another()
        _reset_pyspark()
        held = None if throughput or events or spark_jvm.cluster() else spares.claim(spark_jvm.spare_key())
        adopt(held) if held else _launch(throughput, events)
    kernels.name_kernel(app, _jvm["process"].pid)
    logging.getLogger().addFilter(_not_py4j)
    from pyspark.sql import SparkSession
    builder = SparkSession.builder.appName(app)
    given = shared_jvm.environment(_jvm["process"].pid) if "kept" in _jvm else {}
    traced = lineage.settings(_jvm["lineage"]) if _jvm["lineage"] else {}
    for name, value in {**spark_jvm.settings(throughput=throughput), **given, **traced, **conf}.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def _refuse_another() -> None:
    """RuntimeError where this kernel's pyspark has a JVM that is not the kit's: one without Delta and Kafka, for ever."""
    context = getattr(sys.modules.get("pyspark"), "SparkContext", None)
    if _jvm is None and getattr(context, "_gateway", None) is not None:
        raise RuntimeError("Another Spark session was made in this kernel (SparkSession.builder...getOrCreate()), and it has no "
                           "Delta and no Kafka. Restart the kernel, take that line out, and begin with spark_session(...).")


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
    made = java.make_archive("spark", spark_jvm.class_path(), [*java.FAST, *spark_jvm.MODULES], warm_up)
    kernels.forget()
    return made
