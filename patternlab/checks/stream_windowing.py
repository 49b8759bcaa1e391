"""Pattern 07, stream windowing: what Spark publishes and drops (the oracle), the batch truths, and the lab's checks.

All times of the oracle are whole seconds since 1970 in UTC; a record is a pair (event time, key).
"""
from collections import Counter
from typing import NamedTuple

import pandas as pd

from ..flights import rows
from ..truth import define

HOUR = 3600


class Replay(NamedTuple):
    """What a windowed count does with a log. Windows are keyed (start in seconds, key), values are counts of records."""
    published: dict         # windows that append mode has published
    open: dict              # windows that wait in the state store when the query ends: not published, not lost
    lost: dict              # records that came too late, by their window
    late: list              # the same records as positions in the log (a sliding window may lose one several times)
    sizes: list             # per batch: records read
    watermark: list         # per batch: the watermark with which it publishes, 0 while nothing has been seen
    state_rows: list        # per batch: windows that remain in the state store after it
    dropped: list           # per batch: what the metric numRowsDroppedByWatermark says, a number of late (window, key)


def records(events, by="origin", time="scheduled"):
    """(seconds, events[i][by]) for each event, in the order given."""
    seconds = pd.DatetimeIndex(pd.to_datetime([e[time] for e in events], utc=True)).as_unit("s").asi8
    return list(zip(seconds.tolist(), (e[by] for e in events)))


def cuts(records, size, live=False):
    """Cut a log into batches of `size`, as maxOffsetsPerTrigger=size does with a topic of one partition.

    live=True: the stream keeps up with its source, so each batch is followed by one without data, as Spark does when
    no data waits and the watermark has moved.
    """
    batches = [records[start:start + size] for start in range(0, len(records), size)]
    return [part for batch in batches for part in (batch, [])] if live else batches


def spark_windows(batches, patience, size=HOUR, every=None):
    """Predict, record by record, what Spark 4.2 makes of a windowed count in append mode.

    batches   lists of (event time, key); [] is a batch without data
    patience  seconds between the newest event time and the watermark
    size      length of a window, `every` the distance of two starts (default: size, so windows do not overlap)
    """
    every = every or size
    state, lost, published = Counter(), Counter(), {}
    late, sizes, marks, state_rows, dropped = [], [], [], [], []
    newest = watermark = position = 0
    waiting = [list(batch) for batch in batches]
    while waiting or newest - patience > watermark:
        batch = waiting.pop(0) if waiting else []           # the log is at its end, and the watermark still has to move
        too_old, watermark = watermark, max(watermark, newest - patience)
        too_late = set()
        for time, key in batch:
            newest = max(newest, time)                      # a record that is dropped moves the watermark all the same
            for start in range(time - time % every, time - size, -every):
                window = (start, key)
                if start + size <= too_old:                 # by the watermark of the batch before
                    lost[window] += 1
                    late.append(position)
                    too_late.add(window)
                else:
                    state[window] += 1
            position += 1
        for window in [w for w in state if w[0] + size <= watermark]:
            published[window] = state.pop(window)           # publish once, then forget
        sizes.append(len(batch))
        marks.append(watermark)
        state_rows.append(len(state))
        dropped.append(len(too_late))
    return Replay(published, dict(state), dict(lost), late, sizes, marks, state_rows, dropped)


def added_latency(events, sizes, watermark, size=HOUR):
    """Minutes from the end of a window to its publication, the median over windows that the log publishes.

    sizes, watermark   per batch: records read, and the watermark (seconds) it publishes with: a Replay's, or a query's
    The clock is the log's own: a batch publishes when its last record arrives. Windows that stay open do not count.
    """
    clock = [moment for moment, _ in records(events, "kind", "arrival")]
    read, waits = 0, []
    ends = sorted({moment - moment % size + size for moment, _ in records(events, "kind")}, reverse=True)
    for count, mark in zip(sizes, watermark):
        read += count
        while ends and ends[-1] <= mark:
            waits.append((clock[read - 1] - ends.pop()) / 60)
    return float(pd.Series(waits, dtype=float).median())


# --- truths: plain pandas over the published table; nothing here knows about arrival, batches or watermarks

def _departed(slice, day=None):
    """Flights that left, with `scheduled` (UTC, no zone) and `arrival`; `day` ("2013-07-01") keeps one local day."""
    flights = rows("flights", slice)
    flights = flights[flights.dep_delay.notna()]
    flights = flights.assign(scheduled=(flights.time_hour + pd.to_timedelta(flights.minute, unit="min")).dt.tz_localize(None))
    flights["arrival"] = flights.scheduled + pd.to_timedelta(flights.dep_delay, unit="min")
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


@define("lost_record_at_a_time")
def lost_record_at_a_time(slice, patience=60, minutes=60):
    """Departures that hourly windows lose if the watermark moves with every record (an ideal engine; Spark moves it
    between batches). `patience` and `minutes` (of a window) in minutes."""
    log = _departed(slice).sort_values(["arrival", "carrier", "flight", "origin"])
    watermark = log.scheduled.cummax() - pd.Timedelta(minutes=patience)
    return int((log.scheduled.dt.floor(f"{minutes}min") + pd.Timedelta(minutes=minutes) <= watermark).sum())
