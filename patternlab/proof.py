"""`prove` compares with an independent truth, `measure` fills the scoreboard, `progress` reads a stream."""
import json
import time
from contextlib import contextmanager
from types import SimpleNamespace

from .engines.place import size

_rows = []                                                # the scoreboard of this kernel


class NotProved(AssertionError):
    """A claim that does not hold; the message shows both sides and where they differ."""


def prove(claim: str, actual, expected) -> None:
    """Print that `claim` holds, with both numbers, or raise NotProved with a readable difference.

    `actual` and `expected` are numbers, texts, dicts, lists, sets, or frames of pandas or Spark. Frames are compared
    as multisets of rows (no order of rows or columns, no dtypes; floats to 9 digits); times are taken as UTC.
    """
    from .checking.tables import equal
    __tracebackhide__ = True                              # the reader wants the difference, not our line
    if _is_frame(actual) or _is_frame(expected):
        said = _same_frames(claim, _pandas(actual), _pandas(expected))
    elif equal(actual, expected):
        said = f"{_text(actual)} = {_text(expected)}"
    else:
        raise NotProved(f"not proved: {claim}\n  actual:   {_text(actual)}\n  expected: {_text(expected)}"
                        f"{_difference(actual, expected)}")
    print(f"proved: {claim} ({said})")


def _is_frame(value) -> bool:
    return hasattr(value, "columns") and (hasattr(value, "toPandas") or hasattr(value, "to_dict"))


def _pandas(value):
    if not _is_frame(value):
        raise NotProved(f"A frame was compared with {_text(value)}. Give prove() two frames, or two numbers.")
    return value.toPandas() if hasattr(value, "toPandas") else value


def _text(value) -> str:
    value = value.item() if hasattr(value, "item") and not hasattr(value, "columns") else value   # a number of numpy
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"
    if isinstance(value, (dict, list, set, tuple, frozenset)) and len(repr(value)) > 120:
        return f"{type(value).__name__} of {len(value):,}"
    return str(value)


def _difference(actual, expected) -> str:
    from .checking.tables import equal
    if isinstance(actual, dict) and isinstance(expected, dict):
        missing = object()
        keys = [key for key in {**expected, **actual} if not equal(actual.get(key, missing), expected.get(key, missing))]
        pairs = [(key, _text(actual.get(key, "missing")), _text(expected.get(key, "missing"))) for key in keys[:5]]
        return f"\n  {len(keys):,} keys differ, the first:" + "".join(
            f"\n  {key}: actual {mine}, expected {right}" for key, mine, right in pairs)
    if isinstance(actual, (set, frozenset)) and isinstance(expected, (set, frozenset)):
        return (f"\n  only in actual: {sorted(map(str, actual - expected))[:5]}"
                f"\n  only in expected: {sorted(map(str, expected - actual))[:5]}")
    numbers = isinstance(actual, (int, float)) and isinstance(expected, (int, float))
    return f"\n  difference: {_text(actual - expected)}" if numbers else ""


def _plain(frame):
    """A copy whose equal values are equal: UTC without zone, ints where floats are whole, None for every missing value."""
    import pandas as pd

    from .checking.tables import plain
    out, kinds = {}, pd.api.types
    for name in frame.columns:
        column = frame[name].reset_index(drop=True)
        if isinstance(column.dtype, pd.DatetimeTZDtype):
            column = column.dt.tz_convert("UTC").dt.tz_localize(None)
        if kinds.is_datetime64_any_dtype(column):
            column = column.astype("datetime64[us]")
        elif kinds.is_float_dtype(column):
            column = column.round(9).astype("Float64")
            column = column.astype("Int64") if (column.dropna() % 1 == 0).all() else column
        elif kinds.is_integer_dtype(column):
            column = column.astype("Int64")                # a hash does not fit into a float
        else:
            column = column.astype(object).map(plain)
        out[str(name)] = column
    return pd.DataFrame(out)


def _same_frames(claim, actual, expected) -> str:
    import pandas as pd
    __tracebackhide__ = True
    left, right = set(map(str, actual.columns)), set(map(str, expected.columns))
    if left != right:
        raise NotProved(f"not proved: {claim}\n  the columns differ; only in actual: {sorted(left - right) or 'none'}, "
                        f"only in expected: {sorted(right - left) or 'none'}")
    columns = list(map(str, expected.columns))
    both = pd.concat([_plain(actual)[columns].assign(__side=1), _plain(expected)[columns].assign(__side=-1)],
                     ignore_index=True)
    surplus = both.groupby(columns, dropna=False, sort=False)["__side"].sum()
    surplus = surplus[surplus != 0]
    if surplus.empty:
        return f"{len(actual):,} rows = {len(expected):,} rows, all equal"
    sides = []
    for title, part in (("only in actual", surplus[surplus > 0]), ("only in expected", surplus[surplus < 0])):
        if len(part):
            sides.append(f"  {title} ({abs(int(part.sum())):,} rows), the first:\n"
                         + part.head(5).index.to_frame(index=False).to_string(index=False))
    raise NotProved(f"not proved: {claim} ({len(actual):,} rows against {len(expected):,})\n" + "\n".join(sides))


# --- measurement ----------------------------------------------------------------------------------------------------
@contextmanager
def measure(label: str):
    """Time a block in seconds, print it, and put it on the scoreboard: `with measure("load") as m: ...; m.rows = n`.

    Inside, set `m.rows` (a count) and `m.path` (a file or folder: its bytes are counted). A block that fails is not measured.
    """
    measured, start = SimpleNamespace(label=label, seconds=0.0, rows=None, path=None, bytes=None), time.perf_counter()
    yield measured
    measured.seconds = time.perf_counter() - start
    measured.bytes = None if measured.path is None else size(measured.path)
    _rows.append(measured)
    print(f"{label}: {measured.seconds:.2f} s" + ("" if measured.rows is None else f", {measured.rows:,} rows")
          + ("" if measured.bytes is None else f", {measured.bytes / 1e6:,.1f} MB"))


def scoreboard():
    """All that `measure` found in this kernel, the last of each label: a frame of label, seconds, rows, bytes."""
    import pandas as pd
    latest = {row.label: (row.label, round(row.seconds, 3), row.rows, row.bytes) for row in _rows}
    board = pd.DataFrame(latest.values(), columns=["label", "seconds", "rows", "bytes"])
    return board.astype({"rows": "Int64", "bytes": "Int64"})


def progress(query):
    """The progress of a streaming query, a frame with a row a batch.

    Columns: batch (id), rows (read), watermark (UTC, NaT before the first), state_rows (kept), dropped (what
    Spark calls numRowsDroppedByWatermark), seconds (of the batch). Source: StreamingQuery.recentProgress.
    """
    import pandas as pd
    rows = []
    for report in query.recentProgress:
        report = report if isinstance(report, dict) else json.loads(report.json)
        watermark = report.get("eventTime", {}).get("watermark", "1970")
        rows.append((report["batchId"], report["numInputRows"],
                     pd.NaT if watermark.startswith("1970") else pd.Timestamp(watermark).tz_convert("UTC"),
                     sum(state["numRowsTotal"] for state in report["stateOperators"]),
                     sum(state["numRowsDroppedByWatermark"] for state in report["stateOperators"]),
                     report["batchDuration"] / 1000))
    return pd.DataFrame(rows, columns=["batch", "rows", "watermark", "state_rows", "dropped", "seconds"])
