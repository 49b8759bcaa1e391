"""The learner's function, called on copies: its exception is shown with the input that did it."""
import inspect

import pandas as pd

from ..engines import running
from .limits import CALL, limited
from .outcomes import Raised, Unfit, Wrong


class Kept(dict):
    """A dict that a learner's function gets as it is, and no copy: what it does to it is looked at, or one of thousands."""


def ask(function, *args, limit: float = CALL, **named):
    """What `function(*args, **named)` returns, called on copies of lists and dicts; Unfit where that is None.

    An exception becomes Raised with its input. Ended after `limit` seconds: one that runs a stream needs more than the usual
    ones. `do` is for functions that write instead of returning something.
    """
    answer = do(function, *args, limit=limit, **named)
    if answer is None:
        raise Unfit(f"{describe(function)} returned None: is a return missing, or does it stand in one branch only?",
                    f"input: {_given(args, named)}")
    return answer


def do(function, *args, limit: float = CALL, **named):
    """As `ask`, of a function that may return None, because what it does is the answer."""
    fits(function, *args, **named)
    for what, told in ((inspect.isgeneratorfunction, "has a yield"), (inspect.iscoroutinefunction, "is async")):
        if what(function):
            raise Unfit(f"{describe(function)} {told}, so a call runs nothing yet. Return the whole answer instead.")
    try:
        with limited(limit, lambda: _given(args, named)):
            return function(*map(_own, args), **{name: _own(value) for name, value in named.items()})
    except (Wrong, Raised):
        raise
    except Exception as error:
        raise Raised(error, _given(args, named)) from error


def fits(function, *args, **named) -> None:
    """Unfit unless `function` is a function that takes these arguments; it is not called."""
    if not callable(function) or isinstance(function, type):
        raise Unfit(f"The answer should be a function, yours is {kind(function)}. Give its name, without parentheses.")
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # some of C's functions do not tell
        return
    try:
        signature.bind(*args, **named)
    except TypeError:
        count = len(args) + len(named)
        name = getattr(function, "__name__", type(function).__name__)
        raise Unfit(f"{name}{signature} can't take the {count} argument{'s' * (count != 1)} that the check gives it.",
                    f"input: {_given(args, named)}") from None


def _given(args, named) -> str:
    given = [describe(value) for value in args] + [f"{name}={describe(value)}" for name, value in named.items()]
    return ", ".join(given) or "no arguments"


def kind(value) -> str:
    """What `value` is, for "yours is ...": the text 'x', the function f, the class C, a frame (...), a list of 5, ..."""
    if isinstance(value, str):
        return f"the text {describe(value, 80)}"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if isinstance(value, (list, tuple, dict, set)) and not value:
        return f"an empty {type(value).__name__}"
    if type(value).__name__ == "Column":
        return f"the column {describe(value, 60)}"
    if callable(value):
        return f"the function {describe(value)[:-2]}"
    text, name = describe(value), type(value).__name__
    if " at 0x" in text:
        return f"a {name}"
    return f"a {name} of {len(value):,}" if len(text) > 60 and isinstance(value, (list, tuple, dict, set)) else text


def describe(value, limit: int = 160) -> str:
    """A value as one short line: frames and long lists by size and first element."""
    if hasattr(type(value), "columns") and hasattr(type(value), "head"):  # of its type: a Spark Column has every attribute
        size = f"{len(value):,} rows, " if isinstance(value, pd.DataFrame) else ""
        return f"a frame ({size}{'columns ' if len(value.columns) else 'no columns'}{', '.join(map(str, value.columns))})"[:limit]
    if isinstance(value, (list, tuple)) and len(value) > 3:
        return f"a {type(value).__name__} of {len(value):,}, the first: {describe(value[0], limit - 40)}"
    if isinstance(value, tuple) and any(map(callable, value)):
        return f"({', '.join(describe(item, limit // len(value)) for item in value)})"
    if callable(value) and isinstance(getattr(value, "__name__", ""), str):
        return f"{getattr(value, '__name__', type(value).__name__)}()"
    text = " ".join(repr(value).split())
    return text if len(text) <= limit else text[:limit - 3] + "..."


def _own(value):
    if isinstance(value, list):
        return [_own(item) for item in value]
    if type(value) is dict:
        return {key: _own(item) for key, item in value.items()}
    return value


def session():
    """The Spark session that the lab's first cell made; Wrong where there is none."""
    active = running.session()
    if active is None:
        raise Wrong("There is no Spark session in this kernel. Run the first cells of the lab, then check again.")
    return active
