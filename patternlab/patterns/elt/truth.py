"""The truths of ELT, in plain pandas: punctuality by hour, and what incremental filters miss, drop after drop in a loop."""
import pandas as pd

from ...flights import timed
from .. import define

ON_TIME = 15                                               # minutes: who leaves up to here is on time


@define("otp_by_hour", frozen=True)
def otp_by_hour(slice, within=ON_TIME):
    """Punctuality by the hour of the schedule: frame day (local date), hour (UTC), origin, flights (cancelled ones too),
    departed, on_time (departed at most `within` minutes late)."""
    table = timed(slice)
    table = table.assign(day=_days(table), departures=table.departed.notna(), punctual=table.dep_delay <= within)
    groups = table.groupby(["day", "time_hour", "origin"])
    counts = groups.agg(flights=("flight", "size"), departed=("departures", "sum"), on_time=("punctual", "sum"))
    return counts.reset_index().rename(columns={"time_hour": "hour"})


@define("missed_by_filter", frozen=True)
def missed_by_filter(slice, every=6, back=(0, 3, 24)):
    """Flights that never get in, where each load takes what is planned later than (the newest planned so far - hours back).

    A drop holds what was reported in `every` hours of New York's clock (1 to 24); the first one is loaded whole.
    {hours back: flights}.
    """
    return {hours: int(missed.sum()) for hours, missed in _missed(slice, every, back).items()}


@define("missed_by_day", frozen=True)
def missed_by_day(slice, every=6, back=0):
    """As missed_by_filter, by the local day of the schedule: frame day (date), missed (each day of the slice has a row)."""
    days = _days(timed(slice))
    missed = _missed(slice, every, [back])[back].groupby(days).sum()
    return missed.rename("missed").rename_axis("day").reset_index()


@define("look_back", frozen=True)
def look_back(slice):
    """The fewest days that a load must look back from the newest day it knows, so that no flight of a daily drop is missed.

    A drop holds what was reported on one day in New York. 0: nothing but later days; 1: the newest known day too.
    """
    table = timed(slice)
    day, needed, newest = _days(table), 0, None
    for _, drop in day.groupby(_reported(table).dt.floor("D")):
        if newest is not None and drop.min() <= newest:
            needed = max(needed, (newest - drop.min()).days + 1)
        newest = drop.max() if newest is None else max(newest, drop.max())
    return needed


def _missed(slice, every, back) -> dict:
    """{hours back: a Series of booleans, whether each flight is missed}."""
    table = timed(slice)
    found = {hours: pd.Series(False, index=table.index) for hours in back}
    newest = None
    for _, drop in table.groupby(_reported(table).dt.floor(f"{every}h")):
        for hours in back if newest is not None else ():
            found[hours][drop.index] = drop.scheduled <= newest - pd.Timedelta(hours=hours)
        latest = drop.scheduled.max()
        newest = latest if newest is None else max(newest, latest)
    return found


def _reported(table):
    """When New York's clock shows each report: at departure, or at the planned time of a cancelled flight."""
    return table.departed.fillna(table.scheduled).dt.tz_convert("America/New_York").dt.tz_localize(None)


def _days(table):
    return pd.to_datetime(table[["year", "month", "day"]]).dt.date
