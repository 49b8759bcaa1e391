"""Pattern 07, stream windowing: what Spark publishes and drops (the oracle), the batch truths, and the lab's checks.

All times of the oracle are whole seconds since 1970 in UTC; a record is a pair (event time, key).
"""
from collections import Counter
from typing import NamedTuple

import pandas as pd

HOUR = 3600


class Replay(NamedTuple):
    """What a windowed count does with a log. Windows are keyed (start in seconds, key), values are counts of records."""
    published: dict         # windows that append mode has published
    open: dict              # windows that wait in the state store when the query ends: not published, not lost
    lost: dict              # records that came too late, by their window
    late: list              # the same records as positions in the log (a sliding window may lose one several times)
    watermark: list         # per batch: the watermark with which it publishes, 0 while nothing has been seen
    state_rows: list        # per batch: windows that remain in the state store after it
    dropped: list           # per batch: what the metric numRowsDroppedByWatermark says, a number of late (window, key)


def records(events, by="origin", time="scheduled"):
    """(seconds, events[i][by]) for each event, in the order given."""
    seconds = pd.DatetimeIndex(pd.to_datetime([e[time] for e in events], utc=True)).as_unit("s").asi8
    return list(zip(seconds.tolist(), (e[by] for e in events)))


def cuts(records, size):
    """Cut a log into batches. `size` is one number (what maxOffsetsPerTrigger makes of a one-partition topic) or the
    list of sizes that a query reported; a batch of size 0 is Spark's no-data batch."""
    sizes = size if isinstance(size, (list, tuple)) else [size] * -(-len(records) // size)
    ends = pd.Series(sizes, dtype="int64").cumsum().tolist()
    return [records[start:end] for start, end in zip([0, *ends], ends)]


def spark_windows(batches, patience, size=HOUR, every=None):
    """Predict, record by record, what Spark 4.2 makes of a windowed count in append mode.

    batches   lists of (event time, key); [] is a batch without data
    patience  seconds between the newest event time and the watermark
    size      length of a window, `every` the distance of two starts (default: size, so windows do not overlap)
    """
    every = every or size
    state, lost, published = Counter(), Counter(), {}
    late, marks, state_rows, dropped = [], [], [], []
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
        marks.append(watermark)
        state_rows.append(len(state))
        dropped.append(len(too_late))
    return Replay(published, dict(state), dict(lost), late, marks, state_rows, dropped)


def record_at_a_time(records, patience, size=HOUR):
    """How many records a windowed count loses whose watermark moves with every record (an ideal engine, not Spark)."""
    newest = lost = 0
    for time, _ in records:
        newest = max(newest, time)
        lost += time - time % size + size <= newest - patience
    return lost
