"""Truths of pattern 17: what the answer is when part of the day's reports have come, and under another rule for delays."""
from .. import define
from ..flights.truth import reports


@define("departures_so_far")
def departures_so_far(slice, until=None, early=True):
    """Departures and mean delay per scheduled hour and origin, of the first `until` reports in order of arrival (None: all).

    A frame: hour (UTC), origin, departures, mean_delay (minutes). With `early=False` an early flight has no delay.
    """
    left = reports(slice).iloc[:until]
    left = left if early else left.assign(dep_delay=left.dep_delay.clip(lower=0))
    groups = left.groupby(["time_hour", "origin"]).dep_delay
    return groups.agg(departures="count", mean_delay="mean").reset_index().rename(columns={"time_hour": "hour"})
