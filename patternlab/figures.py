"""What every figure of the kit shares: one style, one call a figure (bars, lines, steps, waterfall, timeline).

Colours are those of Okabe and Ito (Color Universal Design, 2008), which stay apart for every common colour vision; lines
also differ by dash and markers by shape, so a grey print loses nothing. Labels stand at the data instead of in a legend.
"""
import datetime

import matplotlib.dates as mdates
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from cycler import cycler

BLUE, VERMILION, GREEN, ORANGE = "#0072B2", "#D55E00", "#009E73", "#E69F00"
SKY, PURPLE, YELLOW, BLACK, GREY = "#56B4E9", "#CC79A7", "#F0E442", "#222222", "#8A8A8A"


def style() -> None:
    """Set matplotlib's defaults for all figures of this kernel; `import patternlab.figures` does it once."""
    dashes = ["-", (0, (5, 2)), (0, (1.5, 1.5)), "-.", (0, (8, 2, 1, 2)), (0, (3, 1))]
    plt.rcParams.update({
        "figure.figsize": (9, 4.8), "figure.dpi": 100, "figure.constrained_layout.use": True, "font.size": 12,
        "axes.titlesize": 13, "axes.titleweight": "bold", "axes.titlelocation": "left", "axes.titlepad": 10,
        "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": GREY, "axes.axisbelow": True,
        "axes.grid": True, "grid.color": "#E4E4E4", "grid.linewidth": 0.8,
        "lines.linewidth": 2.2, "lines.markersize": 7,
        "axes.prop_cycle": cycler(color=[BLUE, VERMILION, GREEN, ORANGE, PURPLE, BLACK]) + cycler(linestyle=dashes),
        "legend.frameon": False, "savefig.bbox": "tight"})


def finish(ax, title: str, x: str, y: str):
    """Title (a sentence that states the finding), axis labels (with units), thousands separators. Returns `ax`."""
    ax.set(title=title, xlabel=x, ylabel=y)
    for axis in (ax.xaxis, ax.yaxis):
        plain = axis.get_scale() == "linear" and isinstance(axis.get_major_formatter(), plt.ScalarFormatter)
        if plain and np.abs(axis.get_view_interval()).max() >= 1000:
            axis.set_major_formatter(plt.FuncFormatter(lambda value, _: f"{value:,.0f}"))
    return ax


def label(ax, x, y, text: str, color: str = BLACK, **how):
    """Write `text` beside the data point (x, y), 6 points to its right unless `xytext` says otherwise. Returns `ax`."""
    how = {"xytext": (6, 0), "textcoords": "offset points", "va": "center", "fontsize": 11, **how}
    ax.annotate(text, (x, y), color=color, **how)
    return ax


def bars(values, title: str, x: str, y: str = "", *, log=False, hatch=(), text="{:,.0f}", color=None, ax=None):
    """Horizontal bars with their numbers, first on top. Returns the axes.

    values  {label: number} or a pandas Series; {group: {label: number}} or a frame (index: labels, a column a group) for
            one bar a group beside each label; nulls are no bars
    title   a sentence that states the finding; x and y name the axes, with units
    hatch   labels (or groups) that stand out: hatched and orange
    text    how a number is written, as for str.format
    """
    frame = _frame(values)
    if frame.empty:
        raise ValueError("bars() got no values, so there is nothing to draw. Pass {label: number} with one entry at least.")
    groups, height = list(frame.columns), 0.8 / len(frame.columns)
    if ax is None:
        ax = plt.subplots(figsize=(9, max(2.2, 0.42 * len(frame) * max(1, len(groups) * 0.7) + 1.5)))[1]
    colors = [BLUE, SKY, GREEN, PURPLE]
    largest = frame.max().max()
    for number, group in enumerate(groups):
        for place, (name, value) in enumerate(frame[group].items()):
            if pd.isna(value):
                continue
            stands_out = name in hatch or group in hatch
            fill = ORANGE if stands_out else color or colors[number % len(colors)]
            at = place + (number - (len(groups) - 1) / 2) * height
            ax.barh(at, value, height * 0.92, color=fill, hatch="///" if stands_out else "", edgecolor="white", linewidth=0)
            said = text.format(value) + (f"  {group}" if len(groups) > 1 and place == 0 else "")
            label(ax, value, at, said, xytext=(6 if value >= 0 else -6, 0), ha="left" if value >= 0 else "right")
    ax.set_yticks(range(len(frame)), [str(name) for name in frame.index])
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    if log:
        ax.set_xscale("log")
        ax.set_xlim(min(0.6, frame[frame > 0].min().min() / 2), largest * 8)
    else:
        left = min(0, frame.min().min())
        ax.set_xlim(left * 1.3, max(largest, 0) + (max(largest, 0) - left) * (0.2 if len(groups) == 1 else 0.32))
    return finish(ax, title, x, y)


def lines(series, title: str, x: str, y: str, *, marks=None, logy=False, ax=None):
    """Lines with their names at their ends. Returns the axes.

    series  {name: a pandas Series (index: x), or a pair (xs, ys)}; times as timestamps
    marks   {x: text}: vertical lines, each with its text
    """
    return _drawn("plot", series, title, x, y, marks, logy, ax)


def steps(series, title: str, x: str, y: str, *, marks=None, logy=False, ax=None):
    """Like lines(), for what stays as it is until it changes: each value holds up to the next x."""
    return _drawn("step", series, title, x, y, marks, logy, ax)


def waterfall(parts: dict, title: str, y: str, *, left="left", text="{:,.0f}", ax=None):
    """How a total becomes what is left of it: {label: number}, the first one the total, the others what is added to it or
    (negative) taken away; the last bar, called `left`, is computed. Returns the axes."""
    if len(parts) < 2:
        raise ValueError("waterfall() needs the total and at least one part: {'extracted': 100, 'rejected': -3}.")
    if ax is None:
        ax = plt.subplots(figsize=(9, 4.2))[1]
    level, highest, (first, *rest) = 0, 0, parts.items()
    for place, (name, value) in enumerate([first, *rest, (left, sum(parts.values()))]):
        whole = place in (0, len(parts))
        bottom = 0 if whole else level
        loses = not whole and value < 0
        ax.bar(place, value, 0.62, bottom=bottom, color=BLUE if whole else ORANGE if loses else GREEN,
               hatch="///" if loses else "", edgecolor="white", linewidth=0)
        top = max(bottom, bottom + value)
        label(ax, place, top, text.format(value), xytext=(0, 9), ha="center")
        highest = max(highest, top)
        level = value if whole else level + value
        if place < len(parts):
            ax.plot([place + 0.31, place + 0.69], [level, level], color=GREY, linewidth=1, linestyle="-")
    ax.set_xticks(range(len(parts) + 1), [str(name).replace(" ", "\n", 1) for name in [*parts, left]])
    ax.grid(axis="x", visible=False)
    ax.set_ylim(top=highest * 1.12)
    return finish(ax, title, "", y)


def timeline(spans, title: str, x: str, *, points=(), ax=None):
    """What lasted from when to when, a lane for each name. Returns the axes.

    spans   (lane, begin, end, text): bars, text inside or, where it would not fit, behind them
    points  (lane, at, text): markers
    """
    spans, points = list(spans), list(points)
    if not spans and not points:
        raise ValueError("timeline() got neither spans nor points, so there is nothing to draw.")
    lanes = list(dict.fromkeys([lane for lane, *_ in [*spans, *points]]))
    if ax is None:
        ax = plt.subplots(figsize=(9, 0.7 * len(lanes) + 1.8))[1]
    times = any(not isinstance(span[1], (int, float)) for span in [*spans, *points])
    number = (lambda value: mdates.date2num(pd.Timestamp(value))) if times else float
    drawn = [(lanes.index(lane), number(begin), number(end), said) for lane, begin, end, said in spans]
    marked = [(lanes.index(lane), number(at), said) for lane, at, said in points]
    edges = [edge for _, begin, end, _ in drawn for edge in (begin, end)] + [at for _, at, _ in marked]
    width = max(edges) - min(edges) or 1
    shades, seen = [SKY, "#C9E4F5"], dict.fromkeys(range(len(lanes)), 0)
    for lane, begin, end, said in drawn:
        ax.barh(lane, end - begin, 0.5, left=begin, color=shades[seen[lane] % 2], edgecolor=BLUE, linewidth=1)
        seen[lane] += 1
        inside = (end - begin) / width > 0.012 * len(str(said))
        label(ax, begin if inside else end, lane, str(said), xytext=(5, 0))
    for lane, at, said in marked:
        ax.plot(at, lane, marker="D", color=VERMILION, linestyle="", zorder=3)
        label(ax, at, lane, str(said), color=VERMILION, xytext=(0, 24), ha="center")
    ax.set_yticks(range(len(lanes)), [str(lane) for lane in lanes])
    ax.set(ylim=(len(lanes) - 0.4, -0.7), xlim=(min(edges) - width * 0.03, max(edges) + width * 0.12))
    ax.grid(axis="y", visible=False)
    if times:
        ax.xaxis.set_major_locator(mdates.AutoDateLocator(minticks=4, maxticks=8))
        ax.xaxis.set_major_formatter(mdates.ConciseDateFormatter(ax.xaxis.get_major_locator()))
    return finish(ax, title, x, "")


def _frame(values) -> pd.DataFrame:
    """Values of bars() as a frame: index = labels, a column a group."""
    if isinstance(values, pd.DataFrame):
        return values
    if isinstance(values, pd.Series):
        return values.to_frame()
    nested = values and all(isinstance(value, (dict, pd.Series)) for value in values.values())
    return pd.DataFrame(values) if nested else pd.Series(values, dtype=float).to_frame()


def _drawn(how, series, title, x, y, marks, logy, ax):
    if not series:
        raise ValueError("There are no lines to draw. Pass {name: Series} or {name: (xs, ys)} with one entry at least.")
    if ax is None:
        ax = plt.subplots()[1]
    entries = list(plt.rcParams["axes.prop_cycle"])
    ends = []
    for number, (name, data) in enumerate(series.items()):
        xs, ys = (data.index, data.to_numpy()) if isinstance(data, pd.Series) else data
        shape = entries[number % len(entries)]
        draw = {"where": "post"} if how == "step" else {}
        if len(ys) == 1:
            draw["marker"] = "o"                               # a line of one point would not be seen
        getattr(ax, how)(xs, ys, **shape, **draw)
        if len(ys):
            ends.append((xs[-1] if not hasattr(xs, "iloc") else xs.iloc[-1], ys[-1], str(name), shape["color"]))
    if logy:
        ax.set_yscale("log")
    if ends and all(isinstance(at, (int, np.integer)) for at, *_ in ends):      # there is no batch 2.5
        ax.xaxis.set_major_locator(plt.MaxNLocator(integer=True))
    if ends and all(type(at) is datetime.date for at, *_ in ends):             # dates in full would overlap
        first, last = (mdates.num2date(at).date() for at in ax.dataLim.intervalx)
        if first == last:
            ax.set_xticks([first], [str(first)])
        else:
            ax.xaxis.set_major_locator(mdates.AutoDateLocator(minticks=2, maxticks=8))
            ax.xaxis.set_major_formatter(mdates.ConciseDateFormatter(ax.xaxis.get_major_locator()))
    ax.margins(x=0.02)
    for at, said in (marks or {}).items():
        ax.axvline(at, color=GREY, linewidth=1, linestyle=":")
        ax.annotate(said, (at, 1), xycoords=("data", "axes fraction"), xytext=(4, -4), textcoords="offset points",
                    va="top", fontsize=10, color=BLACK)
    finish(ax, title, x, y)
    _name_ends(ax, ends)
    return ax


def _name_ends(ax, ends):
    """Names at the lines' ends, pushed apart where they would overlap."""
    ax.figure.canvas.draw()
    placed = []
    for at, value, name, color in sorted(ends, key=lambda end: end[1]):
        height = ax.transData.transform((ax.transData.inverted().transform((0, 0))[0], value))[1]
        lifted = max(height, placed[-1] + 17) if placed else height
        placed.append(lifted)
        label(ax, at, value, name, color=color, xytext=(6, (lifted - height) * 72 / ax.figure.dpi), annotation_clip=False)


style()
