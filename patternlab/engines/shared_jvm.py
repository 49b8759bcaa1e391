"""What a JVM must learn and forget between two kernels that use it one after the other.

Views, settings, queries, jobs, listeners and the pages are the SparkContext's and go with it. What stands here is what Spark,
Delta, Hadoop and py4j keep for the life of a JVM.
"""
import contextlib
import os
import time

# of a kernel's environment, what is about its own terminal or server and no matter of Spark's Python workers
_NOT_PASSED = ("JPY_", "PYSPARK_", "_PYSPARK_", "SPARK_", "PYDEVD_", "JUPYTER", "LS_COLORS", "OLDPWD", "PWD", "SHLVL", "_",
               "TERM", "COLUMNS", "LINES", "PATTERNLAB_SPARE", "KERNEL_", "MPLBACKEND", "CLICOLOR", "PAGER", "GIT_PAGER")

_LOGGING = "org.apache.spark.internal.Logging"
_ROOT, _SHELL = "the root logger's level", "the shell's level"     # beside the system properties in what `welcome` returns


def _jvm():
    from pyspark import SparkContext
    return SparkContext._jvm


def _module(name: str):
    """A Scala object of the JVM."""
    return getattr(getattr(_jvm(), name + "$"), "MODULE$")


def welcome() -> dict:
    """Make the JVM this process's: relative paths begin at its folder. Returns what `forget` restores."""
    kept = {**_properties(), **_log_levels()}
    _jvm().java.lang.System.setProperty("user.dir", os.getcwd())
    return kept


def environment(pid: int) -> dict:
    """Settings that give Python workers what this process's environment has and the JVM's, started by another, has not."""
    import psutil
    theirs = psutil.Process(pid).environ()
    passed = {name: value for name, value in os.environ.items()
              if theirs.get(name) != value and not name.startswith(_NOT_PASSED)}
    # workers of a JVM of one's own are started in the kernel's folder, and import what lies there
    passed["PYTHONPATH"] = os.pathsep.join(filter(None, [os.getcwd(), os.environ.get("PYTHONPATH", "")]))
    return {f"spark.executorEnv.{name}": value for name, value in passed.items()}


def forget(kept: dict) -> int:
    """Make the JVM as clean as it was when it gave `kept`; the megabytes that its heap still holds.

    RuntimeError where it may not be clean.
    """
    from pyspark import SparkContext
    from pyspark.sql import SparkSession
    session, context = SparkSession._instantiatedSession, SparkContext._active_spark_context
    if session is not None and context is not None:
        session.conf.set("spark.sql.streaming.stopTimeout", "2s")
        for query in session.streams.active:
            query.stop()
    if context is not None:
        context.cancelAllJobs()
        context.stop()
    # queries of other sessions end with the context; a thread that does not would meet the next kernel
    end = time.monotonic() + 3
    while _module("org.apache.spark.SparkContext").getActive().isDefined() or _streaming():
        if time.monotonic() > end:
            raise RuntimeError("A query or a context of this kernel goes on.")
        time.sleep(0.1)
    jvm = _jvm()
    sessions = jvm.org.apache.spark.sql.classic.SparkSession
    sessions.clearActiveSession()
    sessions.clearDefaultSession()
    jvm.org.apache.spark.sql.delta.DeltaLog.clearCache()
    jvm.org.apache.spark.sql.execution.streaming.state.StateStore.stop()
    # the producers' cache would go on to call a broker that is gone, once a second for ten minutes
    _module("org.apache.spark.sql.kafka010.producer.InternalKafkaProducerPool").reset()
    jvm.org.apache.hadoop.fs.FileSystem.closeAll()
    _module("org.apache.spark.util.Utils").clearLocalRootDirs()
    log4j = jvm.org.apache.logging.log4j
    log4j.core.config.Configurator.setRootLevel(log4j.Level.toLevel(kept.pop(_ROOT)))
    getattr(_module(_LOGGING), "sparkShellThresholdLevel_$eq")(log4j.Level.toLevel(kept.pop(_SHELL)))
    jvm.java.util.TimeZone.setDefault(None)
    found, system = _properties(), jvm.java.lang.System
    for name in found.keys() - kept.keys():
        system.clearProperty(name)
    for name, value in kept.items():
        if found.get(name) != value:
            system.setProperty(name, value)
    _detach()
    system.gc()
    return jvm.java.lang.management.ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() >> 20


def _streaming() -> bool:
    threads = _jvm().java.lang.Thread.getAllStackTraces().keySet()
    return any(thread.getName().startswith("stream execution thread") for thread in threads)


def _log_levels() -> dict:
    """The root logger's level, and the one below which a shell's log says nothing: setLogLevel changes both."""
    shell = _module(_LOGGING).sparkShellThresholdLevel()
    return {_ROOT: _jvm().org.apache.logging.log4j.LogManager.getRootLogger().getLevel().toString(),
            _SHELL: "ALL" if shell is None else shell.toString()}


def _properties() -> dict:
    system = _jvm().java.lang.System
    return {name: system.getProperty(name) for name in system.getProperties().stringPropertyNames()}


def _detach() -> None:
    """py4j's table in the JVM holds all that Python still holds, for ever: let go of it."""
    from py4j.finalizer import ThreadSafeFinalizer
    from pyspark import SparkContext
    gateway = SparkContext._gateway
    for reference in list(ThreadSafeFinalizer.finalizers.values()):
        held = reference()
        if getattr(held, "_target_id", "").startswith("o"):
            with contextlib.suppress(Exception):
                gateway.detach(held)
