"""The oracle of pattern 07: what Spark publishes and drops of a log, told by plain Python.

All times are whole seconds since 1970 in UTC; a record is a pair (event time, key).
"""
from collections import Counter
from functools import lru_cache
from typing import NamedTuple

import pandas as pd

from ...proof import progress

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
        batch = waiting.pop(0) if waiting else []   # the watermark still moves at the log's end
        too_old, watermark = watermark, max(watermark, newest - patience)
        too_late = set()
        for time, key in batch:
            newest = max(newest, time)              # for the next batch's watermark, not this one's
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


def foretell(reports, size, patience, live=False):
    """What the oracle says of a log that is read `size` reports a batch, with a patience in minutes: a Replay."""
    return spark_windows(cuts(records(reports), size, live), patience * 60)


def traced(reports, size, patience):
    """Batch by batch: the keys that it reads, the watermarks that it drops and publishes by, and the keys that it drops."""
    run = foretell(reports, size, patience)
    marks = [f"{pd.Timestamp(mark, unit='s'):%H:%M}" if mark else "none" for mark in run.watermark]
    made = []
    for number, batch in enumerate(cuts([report["key"] for report in reports], size)):
        gone = [reports[position]["key"] for position in run.late if position // size == number]
        made.append({"reads": " ".join(batch), "drops by": marks[number - 1] if number else "none",
                     "publishes by": marks[number], "dropped": " ".join(gone)})
    return pd.DataFrame(made)


def rows(windows: dict):
    """The oracle's windows as a frame: begin (UTC), origin, n."""
    made = [(pd.Timestamp(begin, unit="s"), origin, n) for (begin, origin), n in windows.items()]
    return pd.DataFrame(made, columns=["begin", "origin", "n"]).astype({"begin": "datetime64[us]", "n": int})


def added_latency(events, run, size=HOUR) -> float:
    """Minutes from the end of a window to its publication, the median over windows that the log publishes.

    run   a Replay, or a finished query that read exactly these events
    The clock is the log's own: a batch publishes when its last record arrives. Windows that stay open do not count.
    """
    if isinstance(run, Replay):
        read_by_batch, marks = run.sizes, run.watermark
    else:
        steps = progress(run)
        read_by_batch, marks = steps["rows"], [0 if pd.isna(mark) else mark.timestamp() for mark in steps["watermark"]]
    clock = [moment for moment, _ in records(events, "kind", "arrival")]
    read, waits = 0, []
    ends = sorted({moment - moment % size + size for moment, _ in records(events, "kind")}, reverse=True)
    for count, mark in zip(read_by_batch, marks):
        read += count
        while ends and ends[-1] <= mark:
            waits.append((clock[read - 1] - ends.pop()) / 60)
    return float(pd.Series(waits, dtype=float).median())


def price(events, runs: dict, lost=None):
    """What patience buys and costs, a frame with a row a patience: counted (%), added latency (minutes), windows kept (most).

    runs   {patience: a Replay, or a query that read these events}; `lost` {patience: reports} is needed for queries
    """
    made = {}
    for patience, run in runs.items():
        kept, gone = (run.state_rows, len(run.late)) if isinstance(run, Replay) else (progress(run)["state_rows"], lost[patience])
        made[patience] = {"counted": 100 - 100 * gone / len(events), "added latency": added_latency(events, run),
                          "windows kept": max(kept)}
    return pd.DataFrame.from_dict(made, orient="index").rename_axis("patience")


def losses(reports, size, patiences, live=False) -> dict:
    """{patience in minutes: reports that are lost}."""
    return {patience: len(foretell(reports, size, patience, live).late) for patience in patiences}


def completeness(reports, size, live=False):
    """The share of reports that are counted (percent) by added latency (minutes), a Series: a point for each half hour of
    patience, from none to four hours.
    """
    runs = {patience: foretell(reports, size, patience, live) for patience in range(0, 241, 30)}
    return price(reports, runs).set_index("added latency")["counted"]


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
