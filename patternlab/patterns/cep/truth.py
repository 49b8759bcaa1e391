"""Truths of pattern 08: sequences of an aircraft by brute force, every event against every later one; no automaton.

An event of an aircraft is `departed` (it left New York) or `arrived` (it reached another airport). Those of one aircraft
are in the order (occurred, kind, key): an arrival before a departure of the same minute. Late is more than 30 minutes.
"""
from functools import lru_cache
from itertools import groupby
from operator import itemgetter

import pandas as pd

from ...flights import rows, timed
from .. import define
from .payments import LARGE, SMALL

LATE = 30                                          # minutes of delay; more is late
HORIZON = 12 * 60                                  # minutes from the first event of a sequence to its last
STRATEGIES = ("strict", "next", "any")
COLUMNS = ["tailnum", "first", "second", "strategy"]


@lru_cache(maxsize=8)
def lives(slice) -> dict:
    """{tail number: [(minute, kind, key, delay)]}: its departures and arrivals in order."""
    flights = timed(slice).dropna(subset=["tailnum"])
    made = []
    for kind, delay in (("arrived", "arr_delay"), ("departed", "dep_delay")):
        some = flights[flights[kind].notna()]
        at = some[kind].dt.tz_localize(None).astype("datetime64[s]").astype("int64") // 60
        made += zip(some.tailnum, at, [kind] * len(some), some.key, some[delay])
    return {tail: [event[1:] for event in own] for tail, own in groupby(sorted(made), key=itemgetter(0))}


@define("sequences", frozen=True)
def sequences(slice, hours=12):
    """A late arrival, then a late departure of the aircraft within `hours` (inclusive): tailnum, first, second, strategy.

    first and second are keys of flights. strict: the departure is the aircraft's very next event; next: its first late
    departure in time; any: each one in time; never: none (second is null), also where the slice ends before the time does.
    """
    found = []
    for tail, events in lives(slice).items():
        for place, (begun, kind, first, delay) in enumerate(events):
            if kind != "arrived" or delay <= LATE:
                continue
            ends = [(at, second) for at, (moment, kind, second, late) in enumerate(events[place + 1:])
                    if kind == "departed" and late > LATE and moment - begun <= hours * 60]
            found += [(tail, first, second, "any") for _, second in ends]
            found += [(tail, first, second, "next") for _, second in ends[:1]]
            found += [(tail, first, second, "strict") for at, second in ends if at == 0]
            found += [(tail, first, None, "never")] * (not ends)
    return pd.DataFrame(sorted(found, key=lambda row: (row[3], *row[:2], row[2] or "")), columns=COLUMNS)


@define("sequence_counts", frozen=True)
def sequence_counts(slice):
    """How many sequences each strategy finds, and how many late arrivals are never followed: {strategy: number}."""
    counts = sequences(slice).strategy.value_counts()
    return {name: int(counts.get(name, 0)) for name in (*STRATEGIES, "never")}


@define("late_streaks", frozen=True)
def late_streaks(slice, hours=24):
    """Late departures in a row: {three, four: departures that end so many late ones of an aircraft, none on time between}.

    The first and the last are at most `hours` apart. Arrivals take no part.
    """
    counts = {3: 0, 4: 0}
    for events in lives(slice).values():
        left = [(minute, delay) for minute, kind, _, delay in events if kind == "departed"]
        for length in counts:
            runs = [left[end - length:end] for end in range(length, len(left) + 1)]
            counts[length] += sum(all(delay > LATE for _, delay in run) and run[-1][0] - run[0][0] <= hours * 60
                                  for run in runs)
    return {"three": counts[3], "four": counts[4]}


@define("card_tests")
def card_tests(slice, least=3, within=60, then=300):
    """Large payments after card testing, among the payments of a slice (UTC days): a frame of id, card.

    The card made `least` small payments within `within` seconds, the last of them at most `then` seconds before the large
    one, all of them after the card's large payment that was found before.
    """
    paid = rows("payments", slice)
    seconds = paid["at"].astype("int64") / 1e6
    paid = paid.assign(second=seconds)[(paid.amount <= SMALL) | (paid.amount >= LARGE)]
    found = []
    for card, own in paid.groupby("card"):
        since = float("-inf")
        small = own[own.amount <= SMALL].second
        for _, large in own[own.amount >= LARGE].iterrows():
            before = small[(small <= large.second) & (small > since)].to_list()
            runs = zip(before, before[least - 1:])
            if any(end - begin <= within and large.second - end <= then for begin, end in runs):
                found.append((large.id, card))
                since = large.second
    return pd.DataFrame(found, columns=["id", "card"])
