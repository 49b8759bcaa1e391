"""The learner's function, called on copies: its exception is shown with the input that did it."""
import pandas as pd

from .limits import CALL, limited
from .outcomes import Raised, Wrong


def ask(function, *args, limit: float = CALL, **named):
    """`function(*args, **named)` on copies of lists and dicts; an exception becomes Raised with its input.

    Ended (a Wrong) after `limit` seconds: a function that runs a stream or writes a table needs more than the usual ones.
    """
    if not callable(function):
        raise Wrong(f"The answer should be a function, yours is {describe(function)}.")
    def given() -> str:
        said = [describe(value) for value in args] + [f"{name}={describe(value)}" for name, value in named.items()]
        return ", ".join(said) or "no arguments"
    try:
        with limited(limit, given):
            return function(*map(_own, args), **{name: _own(value) for name, value in named.items()})
    except (Wrong, Raised):
        raise
    except Exception as error:
        raise Raised(error, given()) from error


def describe(value, limit: int = 160) -> str:
    """A value as one short line: frames and long lists by size and first element."""
    if hasattr(value, "columns") and hasattr(value, "head"):
        size = f"{len(value):,} rows, " if isinstance(value, pd.DataFrame) else ""
        return f"a frame ({size}columns {', '.join(map(str, value.columns))})"[:limit]
    if isinstance(value, (list, tuple)) and len(value) > 3:
        return f"a {type(value).__name__} of {len(value):,}, the first: {describe(value[0], limit - 40)}"
    if callable(value):
        return f"{getattr(value, '__name__', type(value).__name__)}()"
    text = repr(value)
    return text if len(text) <= limit else text[:limit - 3] + "..."


def _own(value):
    if isinstance(value, list):
        return [_own(item) for item in value]
    if type(value) is dict:
        return {key: _own(item) for key, item in value.items()}
    return value


def session():
    """The Spark session that the lab's first cell made; Wrong where there is none."""
    from pyspark.sql import SparkSession
    active = SparkSession.getActiveSession()
    if active is None:
        raise Wrong("There is no Spark session in this kernel. Run the first cells of the lab, then check again.")
    return active
