"""Truths of pattern 16: the board when all live departures and their corrections are on it, and distinct aircraft."""
from functools import lru_cache

import numpy as np
import pandas as pd

from ...flights import timed
from .. import define

COLUMNS = ["key", "scheduled", "hour", "origin", "dest", "tailnum", "dep_delay"]
LIVE, EVERY, MORE = 200, 10, 20        # departures that come live, at most; every tenth is corrected; minutes added


@lru_cache(maxsize=1)
def flown(slice) -> pd.DataFrame:
    """Departures of a slice in the order in which they left (ties: carrier, flight, origin).

    `hour` is that of the schedule, UTC. The frame is kept for the next caller, who does not change it.
    """
    left = timed(slice)
    left = left[left.departed.notna()]
    carrier, origin = (left[name].astype("category").cat.codes for name in ("carrier", "origin"))   # in order of names
    left = left.iloc[np.lexsort([origin, left.flight, carrier, left.departed])]
    hours, place = np.unique(left.time_hour.to_numpy("datetime64[ns]"), return_inverse=True)
    texts = np.datetime_as_string(hours, unit="h").astype(object)
    return left.assign(hour=texts[place], dep_delay=left.dep_delay.astype(int))[COLUMNS].reset_index(drop=True)


@define("corrected_board", frozen=True)
def corrected_board(slice) -> pd.DataFrame:
    """Departures and the sum of their delays per scheduled hour and origin, corrected: hour, origin, n, delay.

    The last 200 departures come live (of a small slice: its second half); each 10th of them, the first included, is
    corrected by 20 minutes more.
    """
    left = flown(slice)
    live = min(LIVE, len(left) // 2)
    delay = left.dep_delay.to_numpy().copy()
    delay[len(left) - live:][::EVERY] += MORE
    board = left.assign(delay=delay).groupby(["hour", "origin"]).delay.agg(n="count", delay="sum")
    return board.reset_index()


@define("aircraft_by_origin", frozen=True)
def aircraft_by_origin(slice) -> pd.DataFrame:
    """Departures and different aircraft (tail numbers) per origin: origin, departures, aircraft.

    Those that come live are left out. The last row is for all origins together, "all".
    """
    left = flown(slice)
    left = left.iloc[:len(left) - min(LIVE, len(left) // 2)]
    found = left.groupby("origin").agg(departures=("key", "count"), aircraft=("tailnum", "nunique")).reset_index()
    whole = {"origin": "all", "departures": len(left), "aircraft": left.tailnum.nunique()}
    return pd.concat([found, pd.DataFrame([whole])], ignore_index=True)
