"""The kind of an answer: several parts, a number, a set, a frame. Another kind is refused with a sentence about the kind.

`calls.ask` does the same for functions: what is none, what takes other arguments, what returns None.
"""
import math
from numbers import Real

import pandas as pd

from .calls import kind
from .outcomes import Unfit


def pair(answer, n: int, *names: str) -> tuple:
    """The parts of an answer to exercise n that is called `lab.check(n, (names...))`; Unfit says that call."""
    if not isinstance(answer, (tuple, list)) or len(answer) != len(names):
        raise Unfit(f"Give {'both' if len(names) == 2 else f'all {len(names)}'}: lab.check({n}, ({', '.join(names)})). "
                    f"You gave {kind(answer)}.")
    for name, part in zip(names, answer):
        if part is None:
            raise Unfit(f"{name} is None: there is nothing in it to check.")
    return tuple(answer)


def number(value, what: str):
    """`value` as Python's own int or float (numpy's and Decimal too); Unfit where it is none: `what` begins the sentence."""
    if hasattr(value, "item") and getattr(value, "size", 1) == 1:
        value = value.item()
    if type(value).__name__ == "Decimal":
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, Real):
        raise Unfit(f"{what} should be a number, yours is {kind(value)}.")
    if math.isnan(value):
        raise Unfit(f"{what} should be a number, yours is NaN, which is none.")
    return value


def collection(value, what: str, kinds: tuple = (list, tuple)):
    """`value` if it is of one of these `kinds`; Unfit names the first of them: `what` begins the sentence."""
    if not isinstance(value, kinds):
        raise Unfit(f"{what} should be a {kinds[0].__name__}, yours is {kind(value)}.")
    return value


def numbers(column, what: str) -> pd.Series:
    """A column of a table as floats, NaN for NULL; Unfit where it holds something else: `what` begins the sentence."""
    odd = [value for value in column if isinstance(value, (str, bool)) or hasattr(value, "year")]
    try:
        if not odd:
            return column.astype(float)
    except (TypeError, ValueError):
        odd = list(column)
    raise Unfit(f"{what} should be a number in each row, yours has {kind(odd[0])}.")
