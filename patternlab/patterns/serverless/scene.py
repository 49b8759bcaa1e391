"""The world around pattern 15: departures as messages, what befalls them, the database of the effects, a figure."""
import os
from fractions import Fraction

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from ...engines import functions, kernels
from ...figures import BLUE, GREY, ORANGE, finish, label
from ...flights import events
from .truth import FIRST

TABLES = """
    create table naive (id text, counted int);
    create table seen (source text, id text, primary key (source, id));
    create table delays (origin text primary key, departures int, minutes float)"""
EMPTY = """
    truncate naive, seen, delays;
    insert into delays values ('EWR', 0, 0), ('JFK', 0, 0), ('LGA', 0, 0)"""
NAMES = ("key", "origin", "dest", "dep_delay", "arrival")


def departures(slice) -> list:
    """The slice's first departures, at most 220, in order of arrival: key, origin, dest, dep_delay, arrival."""
    return [{name: event[name] for name in NAMES} for event in events("departed", slice)[:FIRST]]


def desk_at(store) -> str:
    """An empty database but for the tables that the functions of this lesson write; says so."""
    kernels.name_kernel("15-serverless")               # elsewhere Spark's session does it
    store.empty()
    store.sql(TABLES)
    store.sql(EMPTY)
    return "The tables naive, seen and delays are empty."


def cleared(store) -> None:
    """Empty those tables, and end the instances that an interrupted cell has left."""
    functions.stop()
    store.sql(EMPTY)


def bursts(messages: list, n: int) -> list:
    """The messages in n parts of about equal length."""
    cuts = [len(messages) * number // n for number in range(n + 1)]
    return [messages[begin:end] for begin, end in zip(cuts, cuts[1:])]


def with_poison(messages: list, n: int = 3) -> list:
    """The messages, and in their midst n that no try can help: their delay is the word "soon"."""
    middle = len(messages) // 2
    poison = [{**messages[middle], "key": f"poison-{number}", "dep_delay": "soon"} for number in range(1, n + 1)]
    return messages[:middle] + poison + messages[middle:]


def with_kills(messages: list, n: int = 4) -> list:
    """The messages; n of them ask for the end of whoever works on them: each has kill=True."""
    sound = [at for at, message in enumerate(messages) if message["dep_delay"] != "soon"]
    chosen = {sound[len(sound) * (2 * number + 1) // (2 * n)] for number in range(n)}
    return [{**message, "kill": True} if at in chosen else message for at, message in enumerate(messages)]


def odd(messages: list) -> list:
    """The messages, but for two of one airport that are equally late: one has lost its delay, the other comes twice."""
    alike, found = {}, []
    for each in messages:
        alike.setdefault((each["origin"], each["dep_delay"]), []).append(each)
    lost, twice = next(pair for pair in alike.values() if len(pair) > 1)[:2]
    for each in messages:
        found += [{**each, "dep_delay": "soon"}] if each is lost else [each, each] if each is twice else [each]
    return found


def nothing(batch, done) -> None:
    """What a trigger settles where nothing is to be settled."""


def as_calls(trace) -> pd.DataFrame:
    """A trace, (id, start, outcome, begun, ended, process_id) of each call, as a frame; begun and ended become ms."""
    calls = pd.DataFrame(list(trace), columns=["id", "start", "outcome", "begun", "ended", "process_id"])
    calls["ms"] = (calls.pop("ended") - calls.pop("begun")) * 1000
    return calls


def bill(trace, price: dict, gigabytes: float) -> float:
    """What the calls of a trace cost by this price, {"call", "GB-second"}: exact fractions, from the clock's own times."""
    second = Fraction(price["GB-second"]) * Fraction(gigabytes)
    times = [Fraction(ended) - Fraction(begun) for _, _, _, begun, ended, _ in trace]
    return float(len(times) * Fraction(price["call"]) + sum(times) * second)


def beside(board: pd.DataFrame, right: pd.DataFrame) -> pd.DataFrame:
    """The departures and minutes of a table and, beside them, the published ones, by origin."""
    both = board.merge(right, on="origin", suffixes=("", "_right"))
    both = both.rename(columns={"departures_right": "published", "minutes_right": "published_minutes"})
    return both[["origin", "departures", "published", "minutes", "published_minutes"]]


def gone(pids) -> bool:
    """Whether none of these processes runs any more."""
    return not any(_runs(pid) for pid in pids)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):          # none, or by now somebody else's
        return False
    return True


def humps(calls: pd.DataFrame, title: str):
    """How long calls took, in ms: a hump for each `start`, cold and warm; both axes are logarithmic. The axes."""
    ax = plt.subplots(figsize=(9, 4.2))[1]
    bins = np.logspace(np.log10(calls.ms.min() * 0.9), np.log10(calls.ms.max() * 1.1), 40)
    for start, color, hatch in (("warm", BLUE, ""), ("cold", ORANGE, "///")):
        ms = calls.ms[calls.start == start]
        heights = ax.hist(ms, bins, color=color, hatch=hatch, edgecolor="white", linewidth=0.5)[0]
        ax.plot([ms.median()] * 2, [0.6, heights.max() * 1.5], color=GREY, linewidth=1, linestyle="-")
        last = f"99 % within {ms.quantile(0.99):,.1f} ms" if len(ms) >= 100 else f"the slowest {ms.max():,.1f} ms"
        said = f"{start}: {len(ms):,} calls\n50 % within {ms.median():,.1f} ms\n{last}"
        label(ax, ms.median(), heights.max() * 1.5, said, xytext=(0, 4), ha="center", va="bottom")
    ax.set(xscale="log", yscale="log")
    ax.set_ylim(0.6, ax.get_ylim()[1] * 8)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(plt.FuncFormatter(lambda value, _: f"{value:,.0f}"))
    return finish(ax, title, "milliseconds from call to answer (log)", "calls (log)")
