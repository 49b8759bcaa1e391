"""The truth of pattern 09: what the board must say at any place in the log; pandas, and neither layers nor a seam in it."""
from functools import lru_cache

from ...flights import timed
from .. import define


@lru_cache(maxsize=2)
def _log(slice):
    """Every flight's end in the order of the log: origin, ended (when the log has it), due, arrived, on_time."""
    flights = timed(slice)
    ended = flights.arrived.fillna(flights.diverted).fillna(flights.cancelled)
    due = flights.scheduled_arrival.where(flights.cancelled.isna(), flights.scheduled)
    told = flights.assign(ended=ended, due=due, arrived=flights.arr_delay.notna(), on_time=flights.arr_delay <= 15)
    told = told.sort_values(["ended", "carrier", "flight", "origin"], kind="stable", ignore_index=True)
    return told[["origin", "ended", "due", "arrived", "on_time"]]


@define("punctuality", frozen=True)
def punctuality(slice, since=0, until=None):
    """Of the reports at offsets since to until (not included), per origin: flights that are over, and arrived on time.

    On time is at most 15 minutes late; a flight that was diverted or cancelled is over, and not on time.
    """
    groups = _log(slice).iloc[since:until].groupby("origin").on_time
    return groups.agg(flights="size", on_time="sum").reset_index()


@define("never_arrived", frozen=True)
def never_arrived(slice, since=0, until=None):
    """Of the reports at these offsets: flights that were diverted or cancelled."""
    return int((~_log(slice).iloc[since:until].arrived).sum())


@define("fallen_between", frozen=True)
def fallen_between(slice, seam=None, until=None):
    """Reports that come after a batch (offset `seam`; half of the log) and were due before it ran.

    The batch runs when its last report arrives. A seam by event time gives these flights to the batch, which is over.
    """
    log = _log(slice)
    seam = len(log) // 2 if seam is None else seam
    return int((log.due.iloc[seam:until] < log.ended.iloc[seam - 1]).sum())
