"""Delta tables, read from their log and their files without Spark: commits, history, rows of a version."""
import json
from pathlib import Path
from urllib.parse import unquote

import pandas as pd

from ..engines import running
from .outcomes import Wrong


def delta_log(path) -> list:
    """The commits of a Delta table, oldest first: (version, list of actions). Wrong where there is no table."""
    files = sorted(Path(str(path).removeprefix("file:")).glob("_delta_log/*.json"))
    if not files:
        raise Wrong(f"There is no Delta table at {Path(str(path)).name}. Write one there, then check again.")
    return [(int(file.stem), [json.loads(line) for line in file.read_text("utf-8").splitlines() if line.strip()])
            for file in files if file.stem.isdigit()]


def delta_history(path) -> list:
    """What was done to a Delta table, newest first: dicts with version, operation, parameters, metrics (numbers)."""
    history = []
    for version, actions in delta_log(path):
        info = next((action["commitInfo"] for action in actions if "commitInfo" in action), {})
        metrics = {name: int(value) if str(value).lstrip("-").isdigit() else value
                   for name, value in info.get("operationMetrics", {}).items()}
        history.insert(0, {"version": version, "operation": info.get("operation", "?"),
                           "parameters": info.get("operationParameters", {}), "metrics": metrics,
                           "timestamp": info.get("timestamp")})
    return history


def last_operation(path, operation: str, **metrics) -> dict:
    """The newest entry of the table's history; Wrong unless it is `operation` ("MERGE") with these metrics."""
    last = delta_history(path)[0]
    if last["operation"] != operation:
        raise Wrong(f"The last operation on {Path(str(path)).name} was {last['operation']}, not {operation}.")
    for name, value in metrics.items():
        if last["metrics"].get(name, 0) != value:
            found = last["metrics"].get(name, 0)
            raise Wrong(f"The last {operation} on {Path(str(path)).name} has {name} = {found:,}, not {value:,}.")
    return last


def delta_rows(path, version: int | None = None) -> pd.DataFrame:
    """The rows of a Delta table (of `version`, else the newest), read from its log and Parquet files, without Spark."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    folder, files, schema, log = Path(str(path).removeprefix("file:")), {}, None, delta_log(path)
    if log[0][0] != 0 or any("deletionVector" in action.get("add", {}) and action["add"]["deletionVector"]
                             for _, actions in log for action in actions):
        reader = running.session().read.format("delta")     # a trimmed log or deletion vectors: Delta's own reader knows them
        return (reader if version is None else reader.option("versionAsOf", version)).load(str(folder)).toPandas()
    for number, actions in log:
        if version is not None and number > version:
            break
        for action in actions:
            if "metaData" in action:
                schema = json.loads(action["metaData"]["schemaString"])["fields"]
            elif "add" in action:
                files[action["add"]["path"]] = action["add"].get("partitionValues", {})
            elif "remove" in action:
                files.pop(action["remove"]["path"], None)
    names = [column["name"] for column in schema]
    kinds = {column["name"]: column["type"] for column in schema}
    parts = []
    for name, partition in files.items():
        part = pq.ParquetFile(folder / unquote(name)).read().to_pandas()
        for column, text in partition.items():
            part[column] = pd.Series([_partition(text, kinds[column])] * len(part), dtype=object)
        parts.append(part.reindex(columns=names))
    return pd.concat(parts, ignore_index=True) if parts else pa.table({name: [] for name in names}).to_pandas()


def _partition(text, kind):
    if text is None or kind == "string":
        return text
    if kind == "date":
        return pd.Timestamp(text).date()
    if kind == "timestamp":
        return pd.Timestamp(text)
    return {"boolean": lambda: text == "true", "double": lambda: float(text), "float": lambda: float(text)}.get(
        str(kind), lambda: int(text) if text.lstrip("-").isdigit() else text)()
