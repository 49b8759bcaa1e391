"""Truths of pattern 07: plain pandas over the published table; nothing here knows about arrival, batches or watermarks."""
import pandas as pd

from ...flights import rows
from .. import define


def _departed(slice, day=None):
    """Flights that left, with `scheduled` (UTC, no zone); `day` ("2013-07-01") keeps one local day."""
    flights = rows("flights", slice)
    slot = (flights.time_hour + pd.to_timedelta(flights.minute, unit="min")).dt.tz_localize(None)
    flights = flights.assign(scheduled=slot)[flights.dep_delay.notna()]
    if day is not None:
        flights = flights[pd.to_datetime(flights[["year", "month", "day"]]) == pd.Timestamp(day)]
    return flights


@define("departures_per_window")
def departures_per_window(slice, minutes=60, every=None, by="origin", day=None):
    """Flights that left, per window of scheduled time and `by`: columns begin, by, n. `every` minutes a window begins."""
    flights, every = _departed(slice, day), every or minutes
    shares = [flights.assign(begin=flights.scheduled.dt.floor(f"{every}min") - pd.Timedelta(minutes=back))
              for back in range(0, minutes, every)]
    spread = pd.concat(shares)
    inside = spread[spread.scheduled < spread.begin + pd.Timedelta(minutes=minutes)]
    return inside.groupby(["begin", by]).size().rename("n").reset_index()


@define("sessions_of_aircraft")
def sessions_of_aircraft(slice, gap=480, day=None):
    """Per aircraft, runs of departures at most `gap` minutes apart: columns tailnum, begin, end (last plus gap), n."""
    flights = _departed(slice, day).dropna(subset=["tailnum"]).sort_values(["tailnum", "scheduled"])
    wait = flights.groupby("tailnum").scheduled.diff()
    number = (wait.isna() | (wait > pd.Timedelta(minutes=gap))).cumsum().rename("session")
    found = flights.groupby(["tailnum", number]).scheduled.agg(begin="min", end="max", n="size").reset_index("tailnum")
    return found.assign(end=found.end + pd.Timedelta(minutes=gap))
