"""The world around pattern 01: airports that report departures by the clock on the wall, damaged and corrected."""
from random import Random

import numpy as np

from ...checking.calls import session
from ...flights import timed

REPORT = """key STRING, origin STRING, planned_on DATE, planned_at STRING, left_on DATE, left_at STRING, delay INT"""
DAMAGED, CORRECTED = 0.01, 0.01                 # shares of the departures, at least three of each
KINDS = ("colon", "minute", "zone")             # what is wrong with a damaged report, in turn


def feed(slice) -> dict:
    """What the airports send: {"reports": one a flight, "corrections": the next morning's, "damaged": {key: kind}}.

    A report has the fields of REPORT: dates and clocks of New York, clocks as published ("517", "2400"; None if
    cancelled). Of the departures, chosen by seed, one in a hundred is damaged, one in a hundred is first reported as
    on time and then corrected. A flight that left at 2400 is neither.
    """
    reports = _published(slice)
    reported = [at for at, report in enumerate(reports) if report["delay"] and report["left_at"] != "2400"]
    random = Random(7)
    many = max(3, round(DAMAGED * len(reported)))
    chosen = random.sample(reported, many + max(3, round(CORRECTED * len(reported))))
    damaged, corrections = {}, []
    for number, at in enumerate(sorted(chosen[:many])):
        kind = KINDS[number % len(KINDS)]
        reports[at] = _damaged(reports[at], kind)
        damaged[reports[at]["key"]] = kind
    for at in sorted(chosen[many:]):
        report = reports[at]
        corrections.append(report)
        reports[at] = {**report, "left_on": report["planned_on"], "left_at": report["planned_at"], "delay": 0}
    return {"reports": reports, "corrections": corrections, "damaged": damaged}


def _published(slice) -> list:
    """One report per flight, as the published rows have it, in the order in which the planes left."""
    import pandas as pd
    flights = timed(slice)
    order = flights.departed.fillna(flights.scheduled)
    flights = flights.loc[order.sort_values(kind="stable").index]
    before_midnight = flights.departed - pd.to_timedelta(flights.dep_time.eq(2400).astype(int), unit="min")
    made = {"key": flights.key, "origin": flights.origin, "planned_on": _dates(flights.scheduled),
            "planned_at": flights.sched_dep_time.astype(int).astype(str), "left_on": _dates(before_midnight),
            "left_at": flights.dep_time.astype("Int64").astype("string"), "delay": flights.dep_delay.astype("Int64")}
    frame = pd.DataFrame(made).astype(object)
    return frame.where(frame.notna(), None).to_dict("records")


def _dates(moments):
    """The dates of moments in New York, as texts; None where there is none."""
    import pandas as pd
    days = moments.dt.tz_convert("America/New_York").dt.tz_localize(None).to_numpy().astype("datetime64[D]")
    return pd.Series(np.datetime_as_string(days), index=moments.index, dtype=object).where(moments.notna(), None)


def _damaged(report: dict, kind: str) -> dict:
    """A report as somebody types it: "16:40", a minute that no clock has, or the hour of another time zone."""
    clock = int(report["left_at"])
    hour, minute = divmod(clock, 100)
    typed = {"colon": f"{hour}:{minute:02}", "minute": f"{hour}{minute % 40 + 60}",
             "zone": str((hour + 23) % 24 * 100 + minute)}
    return {**report, "left_at": typed[kind]}


def unreadable(damaged: dict, but=()) -> list:
    """The keys of damaged reports, sorted, without those of the kinds in `but`."""
    return sorted(key for key, kind in damaged.items() if kind not in but)


def lacking(table, expected) -> int:
    """How many rows of `expected` (times in UTC) a pandas frame with the same columns, and more, does not have."""
    own = table[list(expected.columns)].copy()
    for times in expected.columns[expected.dtypes.astype(str).str.startswith("datetime")]:
        own[times] = own[times].dt.tz_localize("UTC").astype(expected[times].dtype)
    return len(expected) - len(expected.merge(own.drop_duplicates(), on=list(expected.columns)))


def checksums(*tables: str) -> dict:
    """{table: 16 hexadecimal digits}: the same for the same rows in any order, others for any other rows."""
    from pandas.util import hash_pandas_object
    sums = {table: int(hash_pandas_object(session().table(table).toPandas(), index=False).sum()) for table in tables}
    return {table: f"{total % 2**64:016x}" for table, total in sums.items()}
