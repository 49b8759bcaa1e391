"""Values and rows of any kind of table, compared; a refusal names one row that differs."""
import math
import warnings
from datetime import datetime, timezone
from pathlib import Path

import pandas as pd

from .calls import kind
from .delta import delta_rows
from .outcomes import Unfit, Wrong


def plain(value):
    """A cell in a form that compares: None for every null, timestamps as naive UTC, numbers as Python's own."""
    if isinstance(value, (list, tuple)):
        return tuple(plain(item) for item in value)
    if hasattr(type(value), "asDict"):
        value = value.asDict(recursive=True)
    if isinstance(value, dict):
        pairs = [(key, plain(item)) for key, item in value.items()]
        try:
            return tuple(sorted(pairs, key=lambda pair: pair[0]))
        except TypeError:  # keys of several types
            return tuple(sorted(pairs, key=repr))
    if hasattr(type(value), "tolist"):  # numpy
        value = value.tolist()
        return plain(value) if isinstance(value, list) else value if value == value else None
    if value is None or value is pd.NaT or value is pd.NA or isinstance(value, float) and value != value:
        return None
    if isinstance(value, pd.Timestamp):
        value = value.to_pydatetime(warn=False)
    if isinstance(value, datetime) and value.tzinfo:
        value = value.astimezone(timezone.utc).replace(tzinfo=None)
    return float(value) if type(value).__name__ == "Decimal" else value


def equal(left, right) -> bool:
    """Whether two values are the same; numbers within one part in 10^9."""
    left, right = plain(left), plain(right)
    if isinstance(left, float) or isinstance(right, float):
        try:
            return math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-9)
        except TypeError:
            return False
    if isinstance(left, tuple) and isinstance(right, tuple):
        return len(left) == len(right) and all(map(equal, left, right))
    try:
        return bool(left == right)
    except Exception:  # a frame or a column has no answer to ==
        return False


def rows(answer, columns=None) -> pd.DataFrame:
    """A learner's table as a pandas frame: pandas, Spark, Arrow, list of dicts or Rows, or the path of a Delta table.

    `columns` must be there (in any order, more are ignored): Wrong names those that are missing or there twice.
    """
    if isinstance(answer, (str, Path)):
        if not Path(str(answer).removeprefix("file:"), "_delta_log").is_dir():
            raise Unfit(f"The answer should be a table, yours is {kind(answer)}, and no Delta table is there.")
        frame = delta_rows(answer)
    elif isinstance(answer, pd.DataFrame):
        frame = answer
    elif hasattr(type(answer), "toPandas"):  # of its type: a Spark Column has every attribute
        frame = _collected(answer)
    elif hasattr(type(answer), "to_pandas"):
        frame = answer.to_pandas()
    elif isinstance(answer, list) and all(isinstance(row, dict) or hasattr(type(row), "asDict") for row in answer):
        frame = pd.DataFrame([row if isinstance(row, dict) else row.asDict() for row in answer])
    else:
        raise Unfit(f"The answer should be a table, yours is {kind(answer)}.")
    missing = [name for name in columns or () if name not in frame.columns]
    if missing and not (frame.empty and not len(frame.columns)):
        raise Wrong(f"Your rows have no column {' and no '.join(missing)}; they have {', '.join(map(str, frame))}.")
    if twice := [name for name in columns or () if list(frame.columns).count(name) > 1]:
        raise Wrong(f"Your rows have two columns {' and '.join(twice)}; keep one, so that a reader knows which is meant.")
    return frame if columns is None else frame.loc[:, ~frame.columns.duplicated()].reindex(columns=list(columns))


def _collected(frame) -> pd.DataFrame:
    """A Spark frame's rows; a moment that pandas has no room for, such as the year 9999, stays Python's own."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return frame.toPandas()
    except (ValueError, OverflowError):  # pyarrow's and pandas' errors about bounds are ValueErrors
        return pd.DataFrame([tuple(row) for row in frame.collect()], columns=frame.columns, dtype=object)


def same_rows(actual, expected, key, *, sentence: str = "", start=None) -> pd.DataFrame:
    """Wrong unless `actual` has the rows of `expected`, in any order; `key` names the columns that identify a row.

    Only the columns of `expected` count. The refusal begins with `sentence` and shows one row: yours where it differs,
    of `start` (the input, same key) where yours lacks it. It never shows a total or the right value.
    """
    key = [key] if isinstance(key, str) else list(key)
    expected = rows(expected)
    frame = rows(actual, columns=list(expected.columns))
    mine, theirs = _by_key(frame, key), _by_key(expected, key)
    lead = f"{sentence.rstrip('.')}: " if sentence else ""

    def at(found):
        return ", ".join(f"{name} {value}" for name, value in zip(key, found))

    def look(found, side=()):
        begin = [("start", row) for row in (_by_key(rows(start), key).get(found, []) if start is not None else [])]
        return [{"": who, **row} for who, row in begin + [("yours", row) for row in side]] or None

    for found, entries in mine.items():
        if len(entries) > len(theirs.get(found, [])):
            if found in theirs:
                raise Wrong(f"{lead}your table has {len(entries)} rows for {at(found)}, not {len(theirs[found])}.",
                            look(found, entries[:3]))
            raise Wrong(f"{lead}your table has a row that should not be there ({at(found)}).", look(found, entries[:1]))
    for found, entries in theirs.items():
        if len(entries) > len(mine.get(found, [])):
            raise Wrong(f"{lead}your table lacks the row of {at(found)}.", look(found, mine.get(found, [])))
        left = list(mine[found])
        for row in entries:
            match = next((i for i, other in enumerate(left) if all(equal(other[c], row[c]) for c in row)), None)
            if match is None:
                wrong = [c for c in row if not equal(left[0][c], row[c])]
                raise Wrong(f"{lead}your row of {at(found)} is off in {', '.join(wrong)}.", look(found, left[:1]))
            left.pop(match)
    return frame


def judge(actual, expected, mistakes=(), otherwise: str = "That is not it.", show=None) -> None:
    """Wrong unless `actual` equals `expected`; a known mistake gets its own sentence.

    `mistakes` is a list of (value or function without arguments, sentence); functions run only when they are needed.
    """
    if equal(actual, expected):
        return
    for value, sentence in mistakes:
        if equal(actual, value() if callable(value) else value):
            raise Wrong(sentence, show)
    raise Wrong(otherwise, show)


def _by_key(frame, key):
    found = {}
    for row in frame.to_dict("records"):
        found.setdefault(tuple(plain(row[name]) for name in key), []).append(row)
    return found
