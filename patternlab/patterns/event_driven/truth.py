"""Truths of pattern 11: what has become of each flight at a moment, and how full the sky gets."""
import pandas as pd

from ...flights import timed
from .. import define

ENDS = ["cancelled", "departed", "arrived", "diverted"]


@define("flight_states", frozen=True)
def flight_states(slice, at=None) -> pd.DataFrame:
    """The last thing that happened to each flight before the moment `at` (ISO text, UTC; None: in the end): key, status.

    Flights of which nothing is known by then (they are published a day ahead) have no row. Sorted by key.
    """
    flights = timed(slice)
    flights["status"] = "scheduled"
    published = flights.scheduled - pd.Timedelta(days=1)
    for kind in ENDS:
        happened = flights[kind].notna() if at is None else flights[kind] < pd.Timestamp(at)
        flights.loc[happened, "status"] = kind
    known = flights if at is None else flights[published < pd.Timestamp(at)]
    return known[["key", "status"]].sort_values("key").reset_index(drop=True)


@define("most_in_the_air", frozen=True)
def most_in_the_air(slice) -> int:
    """The most flights that have departed and neither arrived nor been diverted, over all moments of the slice."""
    flown = timed(slice).dropna(subset=["departed"])
    down = flown.arrived.fillna(flown.diverted)
    changes = pd.concat([pd.Series(1, flown.departed), pd.Series(-1, down)])
    net = changes.groupby(level=0).sum().sort_index()          # what happens at one moment counts together
    return int(net.cumsum().max()) if len(net) else 0
