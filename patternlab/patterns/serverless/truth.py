"""Truth of pattern 15: what a day's first departures add up to, at each airport."""
import pandas as pd

from .. import define
from ..flights.truth import reports

FIRST = 220


@define("first_departures", frozen=True)
def first_departures(slice, most=FIRST) -> pd.DataFrame:
    """The slice's first departures in order of arrival, at most `most`: origin, departures, minutes (of delay)."""
    groups = reports(slice).head(most).groupby("origin").dep_delay
    return groups.agg(departures="count", minutes="sum").reset_index()
