"""The engines as a notebook asks for them, from Spark to instances of functions, and a folder for its tables."""
import atexit
import importlib
import logging
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .engines import kernels, notebook, place

_running = {}          # engine name -> the one of this kernel
_pid = os.getpid()


def spark_session(app: str, *, throughput: bool = False, lineage: "Path | str | None" = None, **conf):
    """The Spark session of this kernel, with Delta Lake and the Kafka source in it.

    `app` names the notebook; `conf` are Spark settings, given as `**{"spark.sql.shuffle.partitions": 4}`. Times are UTC; a
    shuffle has one partition, two with `throughput` and on a cluster. `throughput=True`, in a kernel's first call, starts a
    JVM for long computations (slower to start, faster after a minute). `lineage`, in a kernel's first call, names a file into
    which OpenLineage's listener writes what each statement reads and writes: see `emitted`; its jar is fetched when it is first
    asked for (43 MB). A second call returns the same session. Raises ValueError for a second set of jars or another switch,
    MemoryError where less than 1.2 GB are free, RuntimeError where the JVM does not start or where another session was made
    before it, JarProblem where the listener can't be had.
    """
    from .engines import busy, spark
    notebook.install()
    busy.install()
    for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger"):     # they print what the error says anyway
        logging.getLogger(name).setLevel(logging.CRITICAL)
    first = "spark" not in _running
    # a second of imports, while the JVM comes up
    session, figures = together(lambda: spark.start(app, throughput, conf, lineage and Path(lineage).absolute()),
                                lambda: importlib.import_module(f"{__package__}.figures"))
    figures.style()
    _running["spark"] = spark
    if first:
        print(f"Spark {session.version} on {session.sparkContext.master}, its pages: {session.sparkContext.uiWebUrl}")
    return session


def kafka():
    """The Kafka broker of this kernel (a real one, started at the first call): see `patternlab.engines.kafka.Kafka`.

    `.bootstrap` is "host:port"; `.topic(name, partitions=1, **config)` makes an empty topic; `.peek(name, n=5)` shows
    messages; `.kill()` is SIGKILL; `.restart()` brings it back with the same data.
    """
    # a killed broker is part of many lessons; the client's log lines about it would bury them
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    return _once("kafka", lambda engine: engine.Kafka(place.setting("KAFKA")))


def postgres():
    """The PostgreSQL server of this kernel, with logical decoding on: `.dsn` is its URL, `.kill()` and `.restart()` are real."""
    return _once("postgres", lambda engine: engine.start())


def connect():
    """Kafka Connect with Debezium, on this kernel's broker: `.url` is its REST address; see `patternlab.engines.connect`."""
    return _once("connect", lambda engine: engine.start(kafka().bootstrap))


def objectstore():
    """The object store of this kernel, which speaks S3: see `patternlab.engines.objectstore.ObjectStore`.

    `.bucket(name)` makes an empty bucket and returns its address, "s3://name"; `.options` are delta-rs' `storage_options`;
    `.put(address, content)`, `.get(address)` and `.keys(address)` are plain requests. The first call on a machine fetches
    it (48 MB). WheelProblem and StoreProblem say in a sentence why it can't be had.
    """
    return _once("objectstore", lambda engine: engine.start())


def instance(source, name: str, **settings):
    """A new instance of the function `name` of the Python file `source`: a process of its own, started now (a cold start).

    `.post(event)` calls it with a CloudEvent: "done", "failed" or "died"; `.stop()`, `.kill()`; in a `with` block it ends with
    that. `settings` become its environment variables. See `patternlab.engines.functions.Instance`.
    """
    return _once("functions", lambda engine: engine).Instance(source, name, **settings)


def instances() -> list:
    """The instances of functions that run in this kernel now."""
    return _once("functions", lambda engine: engine).running()


def workspace(name: str) -> Path:
    """An empty folder of this kernel's own for tables and checkpoints; it goes when the kernel does."""
    if not name.replace("-", "").replace("_", "").isalnum():
        raise ValueError(f"{name!r} can't name a folder: use letters, digits, - and _, as in workspace('03-medallion').")
    return kernels.work_folder(name)


def open_schema(spark, name: str, folder) -> str:
    """An empty schema of this name whose tables live in `folder`, and which names without a schema mean from now on; says so."""
    for statement in (f"DROP SCHEMA IF EXISTS {name} CASCADE", f"CREATE SCHEMA {name} LOCATION '{folder}'", f"USE {name}"):
        spark.sql(statement)
    return f"The schema {name} is empty."


def together(mine, *others) -> list:
    """Call `mine` here and each of `others` in a thread of its own at the same time: their results, in order."""
    kernels.run_folder()                                    # the kernel's folder is made once, before they all want it
    with ThreadPoolExecutor(len(others)) as pool:
        coming = [pool.submit(other) for other in others]
        return [mine(), *(other.result() for other in coming)]


def _once(name: str, start):
    notebook.install()
    if name not in _running:
        _running[name] = start(importlib.import_module(f"{__package__}.engines.{name}"))
    return _running[name]


def close() -> None:
    """End every engine of this kernel, and remove its folders; the normal end of a kernel calls it."""
    if os.getpid() != _pid:
        return                                        # a forked child must not end its parent's engines
    for name in ("functions", "connect", "spark", "postgres", "kafka", "objectstore"):
        engine = _running.pop(name, None)
        if engine is not None:
            try:
                engine.stop()
            except Exception as error:                # one that does not end must not keep the others
                logging.getLogger(__name__).warning("%s did not end cleanly: %s", name, error)
    kernels.forget()


atexit.register(close)
