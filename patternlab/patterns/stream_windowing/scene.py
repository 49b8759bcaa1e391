"""The oracle of pattern 07: what Spark publishes and drops of a log, told by plain Python.

All times are whole seconds since 1970 in UTC; a record is a pair (event time, key).
"""
from collections import Counter
from functools import lru_cache
from typing import NamedTuple

import pandas as pd

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
    moments = pd.to_datetime([e[time] for e in events], utc=True, format="ISO8601")
    return list(zip(pd.DatetimeIndex(moments).as_unit("s").asi8.tolist(), (e[by] for e in events)))


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
        batch = waiting.pop(0) if waiting else []   # at the end of the log the watermark still has to move
        too_old, watermark = watermark, max(watermark, newest - patience)
        too_late = set()
        for time, key in batch:
            newest = max(newest, time)              # for the watermark of the next batch, not of this one
            for start in range(time - time % every, time - size, -every):
                window = (start, key)
                if start + size <= too_old:         # over, by the watermark of the batch before
                    lost[window] += 1
                    late.append(position)
                    too_late.add(window)
                else:
                    state[window] += 1
            position += 1
        for window in [w for w in state if w[0] + size <= watermark]:
            published[window] = state.pop(window)   # publish once, then forget
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


def per_batch(log) -> int:
    """How many reports the lab reads at a time: as few batches as still show a minute of patience too little or too much.

    Each batch costs a third of a second, so a log is cut into 9 batches, or more where Spark would publish the same windows
    with 59 or 61 minutes (9 are enough for the day), at most 18 and of 50 reports.
    """
    return _per_batch(tuple(records(log)))


@lru_cache(maxsize=4)
def _per_batch(log) -> int:
    def published(size, minutes):
        return spark_windows(cuts(log, size), minutes * 60).published

    for size in (-(-len(log) // batches) for batches in range(9, 18) if log):
        right = published(size, 60)
        if right not in (published(size, 59), published(size, 61)):
            return size
    return max(50, -(-len(log) // 18))
