"""Truths of pattern 16: the board when all live departures and their corrections are on it, and distinct aircraft."""
from functools import lru_cache

import numpy as np
import pandas as pd

from ...flights import timed
from .. import define

COLUMNS = ["key", "scheduled", "hour", "origin", "dest", "tailnum", "dep_delay"]
LIVE, EVERY, MORE = 200, 10, 20        # departures that come live, at most; each which of them is corrected; minutes added


@lru_cache(maxsize=1)
def flown(slice) -> pd.DataFrame:
    """Departures of a slice in the order in which they left (ties: carrier, flight, origin), with `hour`: of the schedule, UTC.

    Kept for the next caller, who does not change it.
    """
    left = timed(slice).dropna(subset=["departed"])
    left = left.sort_values(["departed", "carrier", "flight", "origin"], kind="stable").reset_index(drop=True)
    moments = left.time_hour.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy().astype("datetime64[h]")
    return left.assign(hour=np.datetime_as_string(moments), dep_delay=left.dep_delay.astype(int))[COLUMNS]


@define("corrected_board", frozen=True)
def corrected_board(slice) -> pd.DataFrame:
    """Departures and the sum of their delays per scheduled hour and origin, corrections applied: hour, origin, n, delay.

    The last 200 departures come live (of a small slice: its second half); each 10th of them, the first included, is corrected
    by 20 minutes more.
    """
    left = flown(slice)
    live = min(LIVE, len(left) // 2)
    delay = left.dep_delay.to_numpy().copy()
    delay[len(left) - live:][::EVERY] += MORE
    board = left.assign(delay=delay).groupby(["hour", "origin"]).delay.agg(n="count", delay="sum")
    return board.reset_index()


@define("aircraft_by_origin", frozen=True)
def aircraft_by_origin(slice) -> pd.DataFrame:
    """Departures and different aircraft (tail numbers) per origin, without those that come live: origin, departures, aircraft.

    The last row is for all origins together, "all".
    """
    left = flown(slice)
    left = left.iloc[:len(left) - min(LIVE, len(left) // 2)]
    found = left.groupby("origin").agg(departures=("key", "count"), aircraft=("tailnum", "nunique")).reset_index()
    whole = {"origin": "all", "departures": len(left), "aircraft": left.tailnum.nunique()}
    return pd.concat([found, pd.DataFrame([whole])], ignore_index=True)
