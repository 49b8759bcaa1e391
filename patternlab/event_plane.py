"""`plane`, the signature figure of stream lessons: events by their own time and by arrival, and the watermark between them."""
import matplotlib.dates as mdates
import matplotlib.pyplot as plt
import pandas as pd

from .figures import BLACK, BLUE, GREY, VERMILION, finish


def plane(events, query=None, *, watermark=None, lost=None, title=None, ax=None, time="scheduled"):
    """Draw events in the plane of event time (across) and arrival time (up), after Akidau et al. 2015, figure 2.

    events     dicts in arrival order with ISO times under `time` and "arrival" (`events()` gives them)
    query      a finished streaming query that read exactly these events in this order: its batches give the watermark
    watermark  instead of a query: pairs (arrival, watermark from then on), ISO texts or timestamps, in arrival order
    lost       keys of events that no published window counts (or the events themselves): crosses instead of dots
    title      a sentence that states the finding; by default the share that is lost, or late

    More than 36 hours are too much for one figure: then the 24 hours with the most lost (else late) events are shown.
    Returns the axes. Raises ValueError on an empty list, or if the query read another number of events.
    """
    if not len(events):
        raise ValueError("plane() got no events, so there is nothing to draw. Pass the list that events() returned.")
    seen = pd.DataFrame({"key": [e.get("key") for e in events], "at": _utc([e[time] for e in events]),
                         "arrival": _utc([e["arrival"] for e in events])})
    keys = {e["key"] if isinstance(e, dict) else e for e in (lost if lost is not None else ())}
    seen["lost"] = seen["key"].isin(keys)
    if query is not None:
        watermark = _steps(query, seen["arrival"])
    if ax is None:
        ax = plt.subplots(figsize=(9, 6.5))[1]
    left, right, excerpt = _span(seen)
    shown = seen[seen["at"].between(left, right)]
    bottom, top = min(left, shown["arrival"].min()), max(shown["arrival"].max(), right)

    kept, gone = shown[~shown["lost"]], shown[shown["lost"]]
    ax.plot([bottom, top], [bottom, top], color=GREY, linewidth=1, linestyle="-", zorder=1)
    ax.scatter(kept["at"], kept["arrival"], s=11, color=BLUE, alpha=.55, linewidths=0, zorder=2, rasterized=True)
    ax.scatter(gone["at"], gone["arrival"], s=30, color=VERMILION, marker="x", linewidths=1.4, zorder=4)
    names = [(f"•  {len(kept):,} counted", BLUE)] + [(f"×  {len(gone):,} lost", VERMILION)] * bool(len(gone))
    if watermark is not None and len(watermark):
        # The watermark stands still while a batch arrives (up) and moves before the next one (right).
        arrivals, marks = _utc([a for a, _ in watermark]), _utc([w for _, w in watermark])
        ax.step(marks.append(marks[-1:]), arrivals.append(pd.DatetimeIndex([seen["arrival"].max()])), where="pre",
                color=BLACK, linewidth=1.6, linestyle="-", zorder=3)
        names.append(("┌  watermark", BLACK))
    pad = (right - left) * .02
    ax.set(xlim=(left - pad, right + pad), ylim=(bottom - pad, top + pad))
    for row, (name, color) in enumerate(names):             # the corner above the diagonal is free: nobody is that late
        ax.text(.02, .97 - .06 * row, name, color=color, transform=ax.transAxes, va="top")
    middle = mdates.date2num(left + (right - left) * .6)
    ax.text(middle, middle - 2 * pad / pd.Timedelta(days=1), "no delay: arrival = event time", color=GREY, fontsize=10, va="top",
            rotation=45, transform_rotates_text=True, rotation_mode="anchor")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(mdates.AutoDateLocator(minticks=4, maxticks=9))
        axis.set_major_formatter(mdates.DateFormatter("%H:%M"))
    if title is None:
        late = (seen["arrival"] > seen["at"]).mean()
        title = (f"{seen['lost'].sum():,} of {len(seen):,} events came too late for their window" if keys
                 else f"{late:.0%} of {len(seen):,} events arrive after their own time")
    return finish(ax, title, f"{time} (event time, UTC), {left.day} {left:%B %Y}{excerpt}", "arrival in the log (UTC)")


def _utc(times):
    return pd.DatetimeIndex(pd.to_datetime(list(times), utc=True, format="ISO8601")).tz_localize(None)


def _steps(query, arrivals):
    """Pairs (arrival of the last event before a batch, watermark with which that batch published) of a finished query."""
    from .proof import progress
    batches = progress(query)
    before = batches["rows"].cumsum() - batches["rows"]
    if (read := int(batches["rows"].sum())) != len(arrivals):
        raise ValueError(f"The query read {read:,} events but plane() got {len(arrivals):,}; the figure needs the "
                         "same events in the same order. Pass the list that was sent to the topic.")
    return [(arrivals.iloc[n - 1], mark) for n, mark in zip(before, _utc(batches["watermark"])) if n and not pd.isna(mark)]


def _span(seen):
    """First and last event time to show, and what to say about it on the axis."""
    first, last = seen["at"].min(), seen["at"].max()
    if last - first <= pd.Timedelta(hours=36):
        return first, last, ""
    apart = seen[seen["lost"]] if seen["lost"].any() else seen[seen["arrival"] > seen["at"]]
    # Days are cut at 09:00 UTC, the early morning in New York: hardly a plane leaves then.
    days = (apart["at"] - pd.Timedelta(hours=9)).dt.floor("D").value_counts().sort_index()
    first = days.idxmax() + pd.Timedelta(hours=9) if len(days) else first
    return first, first + pd.Timedelta(hours=24), " (the 24 hours with the most of them)"
