"""OpenLineage's listener in Spark: its jar, its settings, and the events that it has written.

What becomes of the events (edges, columns, a graph) is a pattern and stands in the notebook.
"""
import json
from pathlib import Path

from . import jars, running

SET = "openlineage"
FLAGS = ["--add-opens=java.base/java.security=ALL-UNNAMED"]
# several kB of settings in each event, and nobody asks for them
_OFF = ("spark_properties", "environment-properties", "spark.logicalPlan", "debug")


def jar() -> Path:
    """The listener's jar, fetched when it is first asked for (43 MB). JarProblem says why it can't be had."""
    if lacking := jars.missing(SET):
        print(f"Fetching {lacking[0].name} ({lacking[0].size / 1e6:.0f} MB), once ...", flush=True)
    return jars.fetch(SET, progress=False)[0]


def settings(file: Path) -> dict:
    """What makes a new session write its OpenLineage events into `file`, one JSON object a line.

    The warehouse stands beside it: the listener loses all tables where that path has a space, and a workspace's has none.
    """
    return {"spark.sql.warehouse.dir": str(file.parent / "warehouse"),
            "spark.extraListeners": "io.openlineage.spark.agent.OpenLineageSparkListener",
            "spark.openlineage.transport.type": "file", "spark.openlineage.transport.location": str(file),
            "spark.openlineage.namespace": "kit", "spark.openlineage.columnLineage.datasetLineageEnabled": "true",
            **{f"spark.openlineage.facets.{facet}.disabled": "true" for facet in _OFF}}


def emitted(file: "Path | str") -> list:
    """The OpenLineage events of this kernel's session in `file` so far, as dicts, in the order they were written.

    It waits until Spark's listeners have seen all that has run, for they work behind it. [] before the first event.
    """
    session = running.session()
    if session is not None:
        session.sparkContext._jsc.sc().listenerBus().waitUntilEmpty()
    file = Path(file)
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    return [json.loads(line) for line in lines if line]
