# %% [markdown]
# # Lab 16: Real-time analytics
#
# You write a roll-up, make it bear corrections, take it apart into pieces that can be merged, and choose three views for a
# dashboard. No engine but DuckDB is needed, and that runs in this kernel. Notebook
# [16-real-time-analytics](../notebooks/16-real-time-analytics.ipynb) has the pattern; this lab has the decisions. About 90 minutes.

# %% tags=["setup"]
from patternlab import Lab

lab = Lab("16-real-time-analytics")
lab.progress()

# %% [markdown]
# ## Exercise 1: A roll-up
# *Level: fill in · 10 minutes*
#
# **Input** a list of events, dicts with `key`, `scheduled` (a text, UTC), `origin` and `delay` in minutes. A flight that has not
# left has the delay None.
#
# **Goal** a dict with a row for each scheduled hour and origin: the key is the pair of `scheduled` up to the hour and
# `origin`. The row is a dict of `n` (departures), `delay` (their sum), `late` (how many are more than 15 minutes late) and `most`
# (the largest delay). A flight that has not left does not count, and an hour without a departure has no row.
#
# **Example** `[{"key": "UA/1", "scheduled": "2013-07-01T09:05:00Z", "origin": "EWR", "delay": 20}]` gives
# `{("2013-07-01T09", "EWR"): {"n": 1, "delay": 20, "late": 1, "most": 20}}`.

# %% tags=["exercise-1"]
def roll_up(events):
    rows = {}
    for event in events:
        if event["delay"] is None:
            continue
        cell = (event["scheduled"][:13], event["origin"])  # SOLUTION
        delay = event["delay"]
        row = rows.setdefault(cell, {"n": 0, "delay": 0, "late": 0, "most": delay})
        row["n"] += 1  # SOLUTION
        row["delay"] += delay  # SOLUTION
        row["late"] += delay > 15  # SOLUTION
        row["most"] = max(row["most"], delay)  # SOLUTION
    return rows

# %% tags=["check-1"]
lab.check(1, roll_up)

# %% tags=["wrong-1"] says="It does not count" breaks="A flight that has not left does not count"
def roll_up(events):
    rows = {}
    for event in events:
        cell, delay = (event["scheduled"][:13], event["origin"]), event["delay"]
        row = rows.setdefault(cell, {"n": 0, "delay": 0, "late": 0, "most": delay or 0})
        delay = delay or 0
        row.update(n=row["n"] + 1, delay=row["delay"] + delay, late=row["late"] + (delay > 15), most=max(row["most"], delay))
    return rows

# %% tags=["wrong-1"] says="so it has no row" breaks="an hour without a departure has no row"
def roll_up(events):
    rows = {}
    for event in events:
        cell, delay = (event["scheduled"][:13], event["origin"]), event["delay"]
        row = rows.setdefault(cell, {"n": 0, "delay": 0, "late": 0, "most": -10**6})
        if delay is not None:
            row.update(n=row["n"] + 1, delay=row["delay"] + delay, late=row["late"] + (delay > 15), most=max(row["most"], delay))
    return rows

# %% tags=["wrong-1"] says="A delay of 0 is a departure" breaks="has the delay None"
def roll_up(events):
    rows = {}
    for event in events:
        cell, delay = (event["scheduled"][:13], event["origin"]), event["delay"]
        if delay:
            row = rows.setdefault(cell, {"n": 0, "delay": 0, "late": 0, "most": delay})
            row.update(n=row["n"] + 1, delay=row["delay"] + delay, late=row["late"] + (delay > 15), most=max(row["most"], delay))
    return rows

# %% tags=["wrong-1"] says="15 minutes are not late" breaks="more than 15 minutes late"
def roll_up(events):
    rows = {}
    for event in events:
        cell, delay = (event["scheduled"][:13], event["origin"]), event["delay"]
        if delay is not None:
            row = rows.setdefault(cell, {"n": 0, "delay": 0, "late": 0, "most": delay})
            row.update(n=row["n"] + 1, delay=row["delay"] + delay, late=row["late"] + (delay >= 15), most=max(row["most"], delay))
    return rows

# %% tags=["wrong-1"] says="the largest delay is -3" breaks="(the largest delay)"
def roll_up(events):
    rows = {}
    for event in events:
        cell, delay = (event["scheduled"][:13], event["origin"]), event["delay"]
        if delay is not None:
            row = rows.setdefault(cell, {"n": 0, "delay": 0, "late": 0, "most": 0})
            row.update(n=row["n"] + 1, delay=row["delay"] + delay, late=row["late"] + (delay > 15), most=max(row["most"], delay))
    return rows

# %% tags=["wrong-1"] says="the date belongs to the hour" breaks="`scheduled` up to the hour"
def roll_up(events):
    rows = {}
    for event in events:
        cell, delay = ("2013-07-01T" + event["scheduled"][11:13], event["origin"]), event["delay"]
        if delay is not None:
            row = rows.setdefault(cell, {"n": 0, "delay": 0, "late": 0, "most": delay})
            row.update(n=row["n"] + 1, delay=row["delay"] + delay, late=row["late"] + (delay > 15), most=max(row["most"], delay))
    return rows

# %% tags=["wrong-1"] says="Each key should be a pair" breaks="the key is the pair"
def roll_up(events):
    rows = {}
    for event in events:
        row = rows.setdefault(event["scheduled"][:13] + event["origin"], {"n": 0, "delay": 0, "late": 0, "most": 0})
        row["n"] += 1
    return rows

# %% tags=["wrong-1"] says="Two departures of one hour and origin" breaks="a row for each scheduled hour and origin"
def roll_up(events):
    left = [event for event in events if event["delay"] is not None]
    return {(event["scheduled"][:13], event["origin"]): {"n": 1, "delay": event["delay"], "late": event["delay"] > 15 and 1 or 0,
                                                         "most": event["delay"]} for event in left}

# %% tags=["nothing-1"] says="Without events there is no row"
def roll_up(events):
    return {("2013-07-01T09", "EWR"): {"n": 1, "delay": 20, "late": 1, "most": 20}}

# %% tags=["right-1"]
def roll_up(events):
    import numpy as np
    from collections import defaultdict
    cells = defaultdict(list)
    for event in events:
        if event["delay"] is not None:
            cells[event["scheduled"].split(":")[0], event["origin"]].append(event["delay"])
    return {cell: {"n": len(found), "delay": np.int64(sum(found)), "late": np.sum(np.array(found) > 15), "most": max(found),
                   "mean": np.mean(found)} for cell, found in cells.items()}

# %% tags=["right-1"]
def roll_up(events):
    import duckdb, pandas as pd
    frame = pd.DataFrame(events, columns=["key", "scheduled", "origin", "delay"]).astype({"delay": float})
    frame = frame.astype({"scheduled": str, "origin": str})
    found = duckdb.sql("""select scheduled[:13] as hour, origin, count(*), sum(delay), sum((delay > 15)::int), max(delay)
        from frame where delay = delay group by all""").fetchall()
    return {(hour, origin): dict(n=n, delay=delay, late=late, most=most) for hour, origin, n, delay, late, most in found}

# %% tags=["raises-1"] says="TypeError"
def roll_up(events):
    rows = {}
    for event in events:
        cell, delay = (event["scheduled"][:13], event["origin"]), event["delay"]
        row = rows.setdefault(cell, {"n": 0, "delay": 0, "late": 0, "most": delay})
        row.update(n=row["n"] + 1, delay=row["delay"] + delay, late=row["late"] + (delay > 15), most=max(row["most"], delay))
    return rows

# %% tags=["hint-1"]
# lab.hint(1)

# %% tags=["solution-1"]
# lab.solution(1)

# %% [markdown]
# ## Exercise 2: Corrections that are right
# *Level: modify · 20 minutes*
#
# **Input** `state`, a dict with `flights` and `board`, both empty dicts at first, and `event`, a dict with `key`, `version` (a
# number), `hour`, `origin` and `delay` (None: the flight has not left). `put` is called for one event after the other, each time with
# the state that it returned.
#
# **Goal** the state after the event. `board` has a row for each hour and origin, by the pair, with `n` and `delay` (the sum), of the
# newest version of each flight. A correction may change the delay, the hour or the origin, and may come before its original or
# twice; an older version or a copy changes nothing. A flight whose delay is None is not on the board. A cell without flights has no
# row. What you know is in the state, and nowhere else.
#
# **Example** `{"key": "UA/1", "version": 1, "hour": "2013-07-01T09", "origin": "EWR", "delay": 20}` on an empty state makes the
# board `{("2013-07-01T09", "EWR"): {"n": 1, "delay": 20}}`. Today's `put` adds whatever comes.

# %% tags=["exercise-2"]
def put(state, event):
    flights, board = state["flights"], state["board"]
    old = flights.get(event["key"])  # SOLUTION
    if old and old["version"] >= event["version"]:  # SOLUTION
        return state  # SOLUTION
    flights[event["key"]] = event  # SOLUTION
    for change, known in ((-1, old), (1, event)):  # SOLUTION
        if known and known["delay"] is not None:  # SOLUTION
            cell = known["hour"], known["origin"]  # SOLUTION
            row = board.setdefault(cell, {"n": 0, "delay": 0})  # SOLUTION
            row["n"] += change  # SOLUTION
            row["delay"] += change * known["delay"]  # SOLUTION
            if not row["n"]:  # SOLUTION
                del board[cell]  # SOLUTION
    return state

# %% tags=["check-2"]
lab.check(2, put)

# %% tags=["wrong-2"] says="A correction came" breaks="of the newest version of each flight"
def put(state, event):
    if event["delay"] is not None:
        row = state["board"].setdefault((event["hour"], event["origin"]), {"n": 0, "delay": 0})
        row["n"] += 1
        row["delay"] += event["delay"]
    return state

# %% tags=["wrong-2"] says="The same correction came twice" breaks="a copy changes nothing"
def put(state, event):
    old, board = state["flights"].get(event["key"]), state["board"]
    if old and old["version"] > event["version"]:
        return state
    if old and old["version"] < event["version"] and old["delay"] is not None:
        row = board[old["hour"], old["origin"]]
        row["n"], row["delay"] = row["n"] - 1, row["delay"] - old["delay"]
    state["flights"][event["key"]] = event
    if event["delay"] is not None:
        row = board.setdefault((event["hour"], event["origin"]), {"n": 0, "delay": 0})
        row["n"], row["delay"] = row["n"] + 1, row["delay"] + event["delay"]
    state["board"] = {cell: row for cell, row in board.items() if row["n"]}
    return state

# %% tags=["wrong-2"] says="The correction came before its original" breaks="may come before its original"
def put(state, event):
    old, board = state["flights"].get(event["key"]), state["board"]
    if old and old["delay"] is not None:
        row = board[old["hour"], old["origin"]]
        row["n"], row["delay"] = row["n"] - 1, row["delay"] - old["delay"]
    state["flights"][event["key"]] = event
    if event["delay"] is not None:
        row = board.setdefault((event["hour"], event["origin"]), {"n": 0, "delay": 0})
        row["n"], row["delay"] = row["n"] + 1, row["delay"] + event["delay"]
    state["board"] = {cell: row for cell, row in board.items() if row["n"]}
    return state

# %% tags=["wrong-2"] says="moved the flight to another hour" breaks="A correction may change the delay, the hour"
def put(state, event):
    old, board = state["flights"].get(event["key"]), state["board"]
    if old and old["version"] >= event["version"]:
        return state
    state["flights"][event["key"]] = event
    row = board.setdefault((event["hour"], event["origin"]), {"n": 0, "delay": 0})
    for known, change in ((old, -1), (event, 1)):
        if known and known["delay"] is not None:
            row["n"], row["delay"] = row["n"] + change, row["delay"] + change * known["delay"]
    state["board"] = {cell: row for cell, row in board.items() if row["n"]}
    return state

# %% tags=["wrong-2"] says="to another origin" breaks="the hour or the origin"
def put(state, event):
    old, board = state["flights"].get(event["key"]), state["board"]
    if old and old["version"] >= event["version"]:
        return state
    state["flights"][event["key"]] = event
    for known, change in ((old, -1), (event, 1)):
        if known and known["delay"] is not None:
            row = board.setdefault((known["hour"], event["origin"]), {"n": 0, "delay": 0})
            row["n"], row["delay"] = row["n"] + change, row["delay"] + change * known["delay"]
    state["board"] = {cell: row for cell, row in board.items() if row["n"]}
    return state

# %% tags=["wrong-2"] says="an empty cell has no row" breaks="A cell without flights has no row"
def put(state, event):
    old, board = state["flights"].get(event["key"]), state["board"]
    if old and old["version"] >= event["version"]:
        return state
    state["flights"][event["key"]] = event
    for known, change in ((old, -1), (event, 1)):
        if known and known["delay"] is not None:
            row = board.setdefault((known["hour"], known["origin"]), {"n": 0, "delay": 0})
            row["n"], row["delay"] = row["n"] + change, row["delay"] + change * known["delay"]
    return state

# %% tags=["wrong-2"] says="the flight stays off" breaks="an older version or a copy changes nothing"
def put(state, event):
    old, board = state["flights"].get(event["key"]), state["board"]
    if old and old["version"] >= event["version"]:
        return state
    state["flights"][event["key"]] = event
    for known, change in ((old, -1), (event, 1)):
        if known and known["delay"] is not None:
            row = board.setdefault((known["hour"], known["origin"]), {"n": 0, "delay": 0})
            row["n"], row["delay"] = row["n"] + change, row["delay"] + change * known["delay"]
    if event["delay"] is None:
        del state["flights"][event["key"]]
    state["board"] = {cell: row for cell, row in board.items() if row["n"]}
    return state

# %% tags=["wrong-2"] says="is off the board" breaks="A flight whose delay is None is not on the board"
def put(state, event):
    old, board = state["flights"].get(event["key"]), state["board"]
    if event["delay"] is None or old and old["version"] >= event["version"]:
        return state
    state["flights"][event["key"]] = event
    for known, change in ((old, -1), (event, 1)):
        if known:
            row = board.setdefault((known["hour"], known["origin"]), {"n": 0, "delay": 0})
            row["n"], row["delay"] = row["n"] + change, row["delay"] + change * known["delay"]
    state["board"] = {cell: row for cell, row in board.items() if row["n"]}
    return state

# %% tags=["wrong-2"] says="The delay was corrected to 0" breaks="(None: the flight has not left)"
def put(state, event):
    old, board = state["flights"].get(event["key"]), state["board"]
    if old and old["version"] >= event["version"]:
        return state
    state["flights"][event["key"]] = event
    for known, change in ((old, -1), (event, 1)):
        if known and known["delay"]:
            row = board.setdefault((known["hour"], known["origin"]), {"n": 0, "delay": 0})
            row["n"], row["delay"] = row["n"] + change, row["delay"] + change * known["delay"]
    state["board"] = {cell: row for cell, row in board.items() if row["n"]}
    return state

# %% tags=["wrong-2"] says="remembers outside of the state" breaks="and nowhere else"
seen = {}


def put(state, event):
    old, board = seen.get(event["key"]), state["board"]
    if old and old["version"] >= event["version"]:
        return state
    seen[event["key"]] = event
    for known, change in ((old, -1), (event, 1)):
        if known and known["delay"] is not None:
            row = board.setdefault((known["hour"], known["origin"]), {"n": 0, "delay": 0})
            row["n"], row["delay"] = row["n"] + change, row["delay"] + change * known["delay"]
    return state

# %% tags=["wrong-2"] says="whatever is missing in between" breaks="the newest version"
def put(state, event):
    old, board = state["flights"].get(event["key"]), state["board"]
    if old and old["version"] + 1 != event["version"]:
        return state
    state["flights"][event["key"]] = event
    for known, change in ((old, -1), (event, 1)):
        if known and known["delay"] is not None:
            row = board.setdefault((known["hour"], known["origin"]), {"n": 0, "delay": 0})
            row["n"], row["delay"] = row["n"] + change, row["delay"] + change * known["delay"]
    state["board"] = {cell: row for cell, row in board.items() if row["n"]}
    return state

# %% tags=["nothing-2"] says="Two flights of one hour"
def put(state, event):
    return {"flights": {}, "board": {("2013-07-01T09", "EWR"): {"n": 1, "delay": 5}}}

# %% tags=["nothing-2"] says="A flight's first event"
def put(state, event):
    return {"flights": {}, "board": {("2013-07-01T09", "EWR"): {"n": 1, "delay": 20}}}

# %% tags=["right-2"]
def put(state, event):
    flights = {**state["flights"]}
    known = flights.get(event["key"], event)
    flights[event["key"]] = event if event["version"] > known["version"] else known
    board = {}
    for flight in flights.values():
        if flight["delay"] is not None:
            n, delay = board.get((flight["hour"], flight["origin"]), (0, 0))
            board[flight["hour"], flight["origin"]] = n + 1, delay + flight["delay"]
    return {"flights": flights, "board": {cell: {"n": n, "delay": delay} for cell, (n, delay) in board.items()}}

# %% tags=["right-2"]
def put(state, event):
    import numpy as np
    key, version = event["key"], event["version"]
    cell = (event["hour"], event["origin"]) if event["delay"] is not None else None
    was = state["flights"].get(key, (0, None, 0))
    if version <= was[0]:
        return state
    state["flights"][key] = version, cell, event["delay"]
    if was[1]:
        row = state["board"].pop(was[1])
        if row["n"] > 1:
            state["board"][was[1]] = {"n": row["n"] - 1, "delay": row["delay"] - was[2]}
    if cell:
        row = state["board"].get(cell, {"n": np.int64(0), "delay": np.int64(0)})
        state["board"][cell] = {"n": row["n"] + 1, "delay": row["delay"] + event["delay"]}
    return state

# %% tags=["raises-2"] says="KeyError"
def put(state, event):
    state["board"][event["hour"], event["origin"]]["n"] += 1
    return state

# %% tags=["hint-2"]
# lab.hint(2)

# %% tags=["solution-2"]
# lab.solution(2)

# %% [markdown]
# ## Exercise 3: Parts that can be merged
# *Level: modify · 20 minutes*
#
# **Input** a board that is computed in parts, on many machines or hour by hour. `partial(flights)` makes a part of a list of flights
# (dicts with `delay`, a number, and `tailnum`, a text or None), `merge(one, other)` makes one part of two, `final(part)` says
# the answer. `place(tail)` is an aircraft's bit, 0 to 1,023; `about(bits)` says about how many aircraft have set bits in a whole
# number. Today's functions keep the answer itself, and all tail numbers.
#
# **Goal** three functions, so that `final` of merged parts is `final` of one part of all flights, however they are grouped: `n`
# (flights), `mean` and `most` (their delays; None without flights), `aircraft` (`about` of the bits of all aircraft with a tail
# number). Any part may be empty. A part has at most 2,000 bytes (as `pickle.dumps` writes it), of however many flights.
#
# **Example** `final(partial([{"delay": 20, "tailnum": "N1"}]))` is `{"n": 1, "mean": 20, "most": 20, "aircraft": 1}`.

# %% tags=["start-3"]
from patternlab.patterns.real_time_analytics.trial import about, place

# %% tags=["exercise-3"]
def partial(flights):
    delays = [flight["delay"] for flight in flights]
    bits = 0
    for flight in flights:
        if flight["tailnum"] is not None:
            bits |= 1 << place(flight["tailnum"])  # SOLUTION
    return {"n": len(delays), "sum": sum(delays), "most": max(delays, default=None), "bits": bits}  # SOLUTION


def merge(one, other):
    known = [part["most"] for part in (one, other) if part["most"] is not None]  # SOLUTION
    return {"n": one["n"] + other["n"], "sum": one["sum"] + other["sum"],  # SOLUTION
            "most": max(known, default=None), "bits": one["bits"] | other["bits"]}  # SOLUTION


def final(part):
    mean = part["sum"] / part["n"] if part["n"] else None  # SOLUTION
    return {"n": part["n"], "mean": mean, "most": part["most"], "aircraft": about(part["bits"])}  # SOLUTION

# %% tags=["check-3"]
lab.check(3, (partial, merge, final))

# %% tags=["wrong-3"] says="A mean has to travel as sum and number" breaks="`final` of merged parts is `final` of one part of all flights"
def partial(flights):
    delays, bits = [flight["delay"] for flight in flights], 0
    for flight in flights:
        bits |= 1 << place(flight["tailnum"]) if flight["tailnum"] else 0
    return [len(delays), sum(delays) / len(delays) if delays else None, max(delays, default=None), bits]


def merge(one, other):
    means = [part[1] for part in (one, other) if part[0]]
    most = [part[2] for part in (one, other) if part[0]]
    return [one[0] + other[0], sum(means) / len(means) if means else None, max(most, default=None), one[3] | other[3]]


def final(part):
    return dict(n=part[0], mean=part[1], most=part[2], aircraft=about(part[3]))

# %% tags=["wrong-3"] says="its bit is set there, not added" breaks="the bits of all aircraft"
def partial(flights):
    delays, bits = [flight["delay"] for flight in flights], 0
    for flight in flights:
        bits |= 1 << place(flight["tailnum"]) if flight["tailnum"] else 0
    return [len(delays), sum(delays), max(delays, default=None), bits]


def merge(one, other):
    most = [part[2] for part in (one, other) if part[0]]
    return [one[0] + other[0], one[1] + other[1], max(most, default=None), one[3] + other[3]]


def final(part):
    return dict(n=part[0], mean=part[1] / part[0] if part[0] else None, most=part[2], aircraft=about(part[3] % 2**1024))

# %% tags=["wrong-3"] says="its bit is set, not flipped" breaks="about how many aircraft have set bits"
def partial(flights):
    delays, bits = [flight["delay"] for flight in flights], 0
    for flight in flights:
        bits ^= 1 << place(flight["tailnum"]) if flight["tailnum"] else 0
    return [len(delays), sum(delays), max(delays, default=None), bits]


def merge(one, other):
    most = [part[2] for part in (one, other) if part[0]]
    return [one[0] + other[0], one[1] + other[1], max(most, default=None), one[3] | other[3]]


def final(part):
    return dict(n=part[0], mean=part[1] / part[0] if part[0] else None, most=part[2], aircraft=about(part[3]))

# %% tags=["wrong-3"] says="Of 5,000 flights your part has" breaks="A part has at most 2,000 bytes"
def partial(flights):
    return flights


def merge(one, other):
    return one + other


def final(part):
    delays, bits = [flight["delay"] for flight in part], 0
    for flight in part:
        bits |= 1 << place(flight["tailnum"]) if flight["tailnum"] else 0
    return dict(n=len(delays), mean=sum(delays) / len(delays) if delays else None, most=max(delays, default=None),
                aircraft=about(bits))

# %% tags=["wrong-3"] says="Both flights left before time" breaks="`mean` and `most` (their delays"
def partial(flights):
    delays, bits = [flight["delay"] for flight in flights], 0
    for flight in flights:
        bits |= 1 << place(flight["tailnum"]) if flight["tailnum"] else 0
    return [len(delays), sum(delays), max([0, *delays]), bits]


def merge(one, other):
    return [one[0] + other[0], one[1] + other[1], max(one[2], other[2]), one[3] | other[3]]


def final(part):
    return dict(n=part[0], mean=part[1] / part[0] if part[0] else None, most=part[2] if part[0] else None, aircraft=about(part[3]))

# %% tags=["wrong-3"] says="n 0 and no aircraft, mean and most are None" breaks="None without flights"
def partial(flights):
    delays, bits = [flight["delay"] for flight in flights], 0
    for flight in flights:
        bits |= 1 << place(flight["tailnum"]) if flight["tailnum"] else 0
    return [len(delays), sum(delays), max(delays, default=0), bits]


def merge(one, other):
    return [one[0] + other[0], one[1] + other[1], max(one[2], other[2]), one[3] | other[3]]


def final(part):
    return dict(n=part[0], mean=part[1] / max(1, part[0]), most=part[2], aircraft=about(part[3]))

# %% tags=["wrong-3"] says="The second part has no flight" breaks="Any part may be empty"
def partial(flights):
    delays, bits = [flight["delay"] for flight in flights], 0
    for flight in flights:
        bits |= 1 << place(flight["tailnum"]) if flight["tailnum"] else 0
    return [len(delays), sum(delays), max(delays, default=None), bits]


def merge(one, other):
    most = None if None in (one[2], other[2]) else max(one[2], other[2])
    return [one[0] + other[0], one[1] + other[1], most, one[3] | other[3]]


def final(part):
    return dict(n=part[0], mean=part[1] / part[0] if part[0] else None, most=part[2], aircraft=about(part[3]))

# %% tags=["wrong-3"] says="is no aircraft that is known" breaks="all aircraft with a tail number"
def partial(flights):
    delays, bits = [flight["delay"] for flight in flights], 0
    for flight in flights:
        bits |= 1 << place(str(flight["tailnum"]))
    return [len(delays), sum(delays), max(delays, default=None), bits]


def merge(one, other):
    most = [part[2] for part in (one, other) if part[0]]
    return [one[0] + other[0], one[1] + other[1], max(most, default=None), one[3] | other[3]]


def final(part):
    return dict(n=part[0], mean=part[1] / part[0] if part[0] else None, most=part[2], aircraft=about(part[3]))

# %% tags=["nothing-3"] says="One part, three flights"
def partial(flights):
    return 1


def merge(one, other):
    return 1


def final(part):
    return {"n": 1, "mean": 20, "most": 20, "aircraft": 1}

# %% tags=["right-3"]
def partial(flights):
    part = 0, 0, float("-inf"), 0
    for flight in flights:
        bit = 0 if flight["tailnum"] is None else 1 << place(flight["tailnum"])
        part = merge(part, (1, flight["delay"], flight["delay"], bit))
    return part


def merge(one, other):
    return one[0] + other[0], one[1] + other[1], max(one[2], other[2]), one[3] | other[3]


def final(part):
    n, total, most, bits = part
    return {"n": n, "mean": total / n if n else None, "most": most if n else None, "aircraft": about(bits), "bits": bits}

# %% tags=["right-3"]
def partial(flights):
    import numpy as np
    delays = np.array([flight["delay"] for flight in flights])
    bits = np.zeros(1024, bool)
    bits[[place(flight["tailnum"]) for flight in flights if flight["tailnum"] is not None]] = True
    return {"n": len(delays), "sum": delays.sum(), "most": delays.max() if len(delays) else None, "bits": np.packbits(bits)}


def merge(one, other):
    most = one["most"] if other["most"] is None else other["most"] if one["most"] is None else max(one["most"], other["most"])
    return {"n": one["n"] + other["n"], "sum": one["sum"] + other["sum"], "most": most, "bits": one["bits"] | other["bits"]}


def final(part):
    bits = int.from_bytes(part["bits"].tobytes(), "big")
    return {"n": part["n"], "mean": part["sum"] / part["n"] if part["n"] else None, "most": part["most"], "aircraft": about(bits)}

# %% tags=["raises-3"] says="ZeroDivisionError"
def partial(flights):
    return [len(flights), sum(flight["delay"] for flight in flights) / len(flights)]


def merge(one, other):
    return one


def final(part):
    return {"n": part[0], "mean": part[1], "most": 60, "aircraft": 3}

# %% tags=["hint-3"]
# lab.hint(3)

# %% tags=["solution-3"]
# lab.solution(3)

# %% [markdown]
# ## Exercise 4: Three views for six questions
# *Level: design · 40 minutes*
#
# **Input** the table `flights` of a day, in DuckDB: `hour` (0 to 23), `origin`, `carrier`, `tailnum` (may be null), `delay`
# in minutes (null: cancelled). Six questions are asked all day, each for groups with a departure only:
#
# | question | columns, in this order |
# |---|---|
# | `departures per hour` | hour, number |
# | `mean delay per origin` | origin, mean of all its departures |
# | `share of late per hour and origin` | hour, origin, share of departures more than 15 minutes late (0 to 1) |
# | `largest delay per carrier` | carrier, minutes |
# | `aircraft per origin` | origin, number of different aircraft that left |
# | `departures per carrier and origin` | carrier, origin, number |
#
# **Goal** two dicts. `VIEWS` has at most three views, `{name: query of flights}`; each is made once and kept as a table. `ANSWERS` has a
# query for each question, `{question: query of views}`, and does not read flights. All views together hold at most 5,000 bytes, a
# value counts 8. A question reads at most 80 rows: all rows of the views that it names. Twenty days are tried, one without flights.
#
# **Example** `VIEWS = {"all_of_it": "select count(*) as n from flights"}` holds one row, and answers none of them.

# %% tags=["exercise-4"]
VIEWS = {  # SOLUTION
    "by_hour": """select hour, origin, count(*) as n, sum(delay) as delay, count_if(delay > 15) as late  # SOLUTION
        from flights where delay is not null group by hour, origin""",  # SOLUTION
    "by_carrier": """select carrier, origin, count(*) as n, max(delay) as most  # SOLUTION
        from flights where delay is not null group by carrier, origin""",  # SOLUTION
    "aircraft": """select origin, count(distinct tailnum) as n from flights where delay is not null group by origin""",  # SOLUTION
}  # SOLUTION
ANSWERS = {  # SOLUTION
    "departures per hour": "select hour, sum(n) from by_hour group by hour",  # SOLUTION
    "mean delay per origin": "select origin, sum(delay) / sum(n) from by_hour group by origin",  # SOLUTION
    "share of late per hour and origin": "select hour, origin, late / n from by_hour",  # SOLUTION
    "largest delay per carrier": "select carrier, max(most) from by_carrier group by carrier",  # SOLUTION
    "aircraft per origin": "select * from aircraft",  # SOLUTION
    "departures per carrier and origin": "select carrier, origin, n from by_carrier",  # SOLUTION
}  # SOLUTION

# %% tags=["check-4"]
lab.check(4, (VIEWS, ANSWERS))

# %% tags=["wrong-4"] says="is a mean of the hours' means" breaks="mean of all its departures"
VIEWS = {
    "by_hour": """select hour, origin, count(*) as n, avg(delay) as mean, count_if(delay > 15) as late
        from flights where delay is not null group by hour, origin""",
    "by_carrier": """select carrier, origin, count(*) as n, max(delay) as most
        from flights where delay is not null group by carrier, origin""",
    "aircraft": """select origin, count(distinct tailnum) as n from flights where delay is not null group by origin""",
}
ANSWERS = {
    "departures per hour": "select hour, sum(n) from by_hour group by hour",
    "mean delay per origin": "select origin, avg(mean) from by_hour group by origin",
    "share of late per hour and origin": "select hour, origin, late / n from by_hour",
    "largest delay per carrier": "select carrier, max(most) from by_carrier group by carrier",
    "aircraft per origin": "select * from aircraft",
    "departures per carrier and origin": "select carrier, origin, n from by_carrier",
}

# %% tags=["wrong-4"] says="is a sum of distinct numbers" breaks="number of different aircraft"
VIEWS = {
    "by_hour": """select hour, origin, count(*) as n, sum(delay) as delay, count_if(delay > 15) as late,
        count(distinct tailnum) as aircraft from flights where delay is not null group by hour, origin""",
    "by_carrier": """select carrier, origin, count(*) as n, max(delay) as most
        from flights where delay is not null group by carrier, origin""",
}
ANSWERS = {
    "departures per hour": "select hour, sum(n) from by_hour group by hour",
    "mean delay per origin": "select origin, sum(delay) / sum(n) from by_hour group by origin",
    "share of late per hour and origin": "select hour, origin, late / n from by_hour",
    "largest delay per carrier": "select carrier, max(most) from by_carrier group by carrier",
    "aircraft per origin": "select origin, sum(aircraft) from by_hour group by origin",
    "departures per carrier and origin": "select carrier, origin, n from by_carrier",
}

# %% tags=["wrong-4"] says="adds up the carriers' aircraft" breaks="different aircraft that left"
VIEWS = {
    "by_hour": """select hour, origin, count(*) as n, sum(delay) as delay, count_if(delay > 15) as late
        from flights where delay is not null group by hour, origin""",
    "by_carrier": """select carrier, origin, count(*) as n, max(delay) as most, count(distinct tailnum) as aircraft
        from flights where delay is not null group by carrier, origin""",
}
ANSWERS = {
    "departures per hour": "select hour, sum(n) from by_hour group by hour",
    "mean delay per origin": "select origin, sum(delay) / sum(n) from by_hour group by origin",
    "share of late per hour and origin": "select hour, origin, late / n from by_hour",
    "largest delay per carrier": "select carrier, max(most) from by_carrier group by carrier",
    "aircraft per origin": "select origin, sum(aircraft) from by_carrier group by origin",
    "departures per carrier and origin": "select carrier, origin, n from by_carrier",
}

# %% tags=["wrong-4"] says="Your views hold" breaks="at most 5,000 bytes"
VIEWS = {
    "everything": """select hour, origin, carrier, tailnum, count(*) as n, sum(delay) as delay,
        count_if(delay > 15) as late, max(delay) as most from flights where delay is not null group by all""",
}
ANSWERS = {
    "departures per hour": "select hour, sum(n) from everything group by hour",
    "mean delay per origin": "select origin, sum(delay) / sum(n) from everything group by origin",
    "share of late per hour and origin": "select hour, origin, sum(late) / sum(n) from everything group by 1, 2",
    "largest delay per carrier": "select carrier, max(most) from everything group by 1",
    "aircraft per origin": "select origin, count(distinct tailnum) from everything group by 1",
    "departures per carrier and origin": "select carrier, origin, sum(n) from everything group by 1, 2",
}

# %% tags=["wrong-4"] says="rows, and 80 are allowed" breaks="A question reads at most 80 rows"
VIEWS = {
    "by_hour": """select hour, origin, count(*) as n, sum(delay) as delay, count_if(delay > 15) as late
        from flights where delay is not null group by hour, origin""",
    "by_carrier": """select carrier, origin, count(*) as n, max(delay) as most
        from flights where delay is not null group by carrier, origin""",
    "aircraft": """select origin, count(distinct tailnum) as n from flights where delay is not null group by origin""",
}
ANSWERS = {
    "departures per hour": "select hour, sum(n) from by_hour, (select count(*) from by_carrier) group by hour",
    "mean delay per origin": "select origin, sum(delay) / sum(n) from by_hour group by origin",
    "share of late per hour and origin": "select hour, origin, late / n from by_hour",
    "largest delay per carrier": "select carrier, max(most) from by_carrier group by carrier",
    "aircraft per origin": "select * from aircraft",
    "departures per carrier and origin": "select carrier, origin, n from by_carrier",
}

# %% tags=["wrong-4"] says="You have 4 views" breaks="at most three views"
VIEWS = {
    "by_hour": """select hour, origin, count(*) as n, sum(delay) as delay, count_if(delay > 15) as late
        from flights where delay is not null group by hour, origin""",
    "by_carrier": """select carrier, origin, count(*) as n, max(delay) as most
        from flights where delay is not null group by carrier, origin""",
    "aircraft": """select origin, count(distinct tailnum) as n from flights where delay is not null group by origin""",
    "hours": """select hour, count(*) as n from flights where delay is not null group by hour""",
}
ANSWERS = {
    "departures per hour": "select hour, n from hours",
    "mean delay per origin": "select origin, sum(delay) / sum(n) from by_hour group by origin",
    "share of late per hour and origin": "select hour, origin, late / n from by_hour",
    "largest delay per carrier": "select carrier, max(most) from by_carrier group by carrier",
    "aircraft per origin": "select * from aircraft",
    "departures per carrier and origin": "select carrier, origin, n from by_carrier",
}

# %% tags=["wrong-4"] says="reads flights" breaks="does not read flights"
VIEWS = {
    "by_hour": """select hour, origin, count(*) as n, sum(delay) as delay, count_if(delay > 15) as late
        from flights where delay is not null group by hour, origin""",
    "by_carrier": """select carrier, origin, count(*) as n, max(delay) as most
        from flights where delay is not null group by carrier, origin""",
}
ANSWERS = {
    "departures per hour": "select hour, sum(n) from by_hour group by hour",
    "mean delay per origin": "select origin, sum(delay) / sum(n) from by_hour group by origin",
    "share of late per hour and origin": "select hour, origin, late / n from by_hour",
    "largest delay per carrier": "select carrier, max(most) from by_carrier group by carrier",
    "aircraft per origin": "select origin, count(distinct tailnum) from flights where delay is not null group by origin",
    "departures per carrier and origin": "select carrier, origin, n from by_carrier",
}

# %% tags=["wrong-4"] says="departures per hour\" counts cancelled flights" breaks="for groups with a departure only"
VIEWS = {
    "by_hour": """select hour, origin, count(*) as n, sum(delay) as delay, count(delay) as departed,
        count_if(delay > 15) as late from flights group by hour, origin""",
    "by_carrier": """select carrier, origin, count(*) as n, max(delay) as most
        from flights where delay is not null group by carrier, origin""",
    "aircraft": """select origin, count(distinct tailnum) as n from flights where delay is not null group by origin""",
}
ANSWERS = {
    "departures per hour": "select hour, sum(n) from by_hour group by hour",
    "mean delay per origin": "select origin, sum(delay) / sum(departed) from by_hour group by origin having sum(departed) > 0",
    "share of late per hour and origin": "select hour, origin, late / departed from by_hour where departed > 0",
    "largest delay per carrier": "select carrier, max(most) from by_carrier group by carrier",
    "aircraft per origin": "select * from aircraft",
    "departures per carrier and origin": "select carrier, origin, n from by_carrier",
}

# %% tags=["wrong-4"] says="has rows with 0" breaks="with a departure only"
VIEWS = {
    "by_hour": """select hour, origin, count(delay) as n, sum(delay) as delay, count_if(delay > 15) as late
        from flights group by hour, origin""",
    "by_carrier": """select carrier, origin, count(*) as n, max(delay) as most
        from flights where delay is not null group by carrier, origin""",
    "aircraft": """select origin, count(distinct tailnum) as n from flights where delay is not null group by origin""",
}
ANSWERS = {
    "departures per hour": "select hour, sum(n) from by_hour group by hour",
    "mean delay per origin": "select origin, sum(delay) / sum(n) from by_hour group by origin having sum(n) > 0",
    "share of late per hour and origin": "select hour, origin, late / n from by_hour where n > 0",
    "largest delay per carrier": "select carrier, max(most) from by_carrier group by carrier",
    "aircraft per origin": "select * from aircraft",
    "departures per carrier and origin": "select carrier, origin, n from by_carrier",
}

# %% tags=["wrong-4"] says="counts 15 minutes as late" breaks="more than 15 minutes late"
VIEWS = {
    "by_hour": """select hour, origin, count(*) as n, sum(delay) as delay, count_if(delay >= 15) as late
        from flights where delay is not null group by hour, origin""",
    "by_carrier": """select carrier, origin, count(*) as n, max(delay) as most
        from flights where delay is not null group by carrier, origin""",
    "aircraft": """select origin, count(distinct tailnum) as n from flights where delay is not null group by origin""",
}
ANSWERS = {
    "departures per hour": "select hour, sum(n) from by_hour group by hour",
    "mean delay per origin": "select origin, sum(delay) / sum(n) from by_hour group by origin",
    "share of late per hour and origin": "select hour, origin, late / n from by_hour",
    "largest delay per carrier": "select carrier, max(most) from by_carrier group by carrier",
    "aircraft per origin": "select * from aircraft",
    "departures per carrier and origin": "select carrier, origin, n from by_carrier",
}

# %% tags=["wrong-4"] says="is in percent" breaks="(0 to 1)"
VIEWS = {
    "by_hour": """select hour, origin, count(*) as n, sum(delay) as delay, count_if(delay > 15) as late
        from flights where delay is not null group by hour, origin""",
    "by_carrier": """select carrier, origin, count(*) as n, max(delay) as most
        from flights where delay is not null group by carrier, origin""",
    "aircraft": """select origin, count(distinct tailnum) as n from flights where delay is not null group by origin""",
}
ANSWERS = {
    "departures per hour": "select hour, sum(n) from by_hour group by hour",
    "mean delay per origin": "select origin, sum(delay) / sum(n) from by_hour group by origin",
    "share of late per hour and origin": "select hour, origin, 100 * late / n from by_hour",
    "largest delay per carrier": "select carrier, max(most) from by_carrier group by carrier",
    "aircraft per origin": "select * from aircraft",
    "departures per carrier and origin": "select carrier, origin, n from by_carrier",
}

# %% tags=["wrong-4"] says="begins at 0" breaks="minutes |"
VIEWS = {
    "by_hour": """select hour, origin, count(*) as n, sum(delay) as delay, count_if(delay > 15) as late
        from flights where delay is not null group by hour, origin""",
    "by_carrier": """select carrier, origin, count(*) as n, max(delay) as most
        from flights where delay is not null group by carrier, origin""",
    "aircraft": """select origin, count(distinct tailnum) as n from flights where delay is not null group by origin""",
}
ANSWERS = {
    "departures per hour": "select hour, sum(n) from by_hour group by hour",
    "mean delay per origin": "select origin, sum(delay) / sum(n) from by_hour group by origin",
    "share of late per hour and origin": "select hour, origin, late / n from by_hour",
    "largest delay per carrier": "select carrier, greatest(0, max(most)) from by_carrier group by carrier",
    "aircraft per origin": "select * from aircraft",
    "departures per carrier and origin": "select carrier, origin, n from by_carrier",
}

# %% tags=["wrong-4"] says="should give 3 columns" breaks="columns, in this order"
VIEWS = {
    "by_hour": """select hour, origin, count(*) as n, sum(delay) as delay, count_if(delay > 15) as late
        from flights where delay is not null group by hour, origin""",
    "by_carrier": """select carrier, origin, count(*) as n, max(delay) as most
        from flights where delay is not null group by carrier, origin""",
    "aircraft": """select origin, count(distinct tailnum) as n from flights where delay is not null group by origin""",
}
ANSWERS = {
    "departures per hour": "select hour, sum(n) from by_hour group by hour",
    "mean delay per origin": "select origin, sum(delay) / sum(n) from by_hour group by origin",
    "share of late per hour and origin": "select hour, late / n from by_hour",
    "largest delay per carrier": "select carrier, max(most) from by_carrier group by carrier",
    "aircraft per origin": "select * from aircraft",
    "departures per carrier and origin": "select carrier, origin, n from by_carrier",
}

# %% tags=["wrong-4"] says="counts departures. Different aircraft" breaks="number of different aircraft that left"
VIEWS = {
    "by_hour": """select hour, origin, count(*) as n, sum(delay) as delay, count_if(delay > 15) as late
        from flights where delay is not null group by hour, origin""",
    "by_carrier": """select carrier, origin, count(*) as n, max(delay) as most
        from flights where delay is not null group by carrier, origin""",
}
ANSWERS = {
    "departures per hour": "select hour, sum(n) from by_hour group by hour",
    "mean delay per origin": "select origin, sum(delay) / sum(n) from by_hour group by origin",
    "share of late per hour and origin": "select hour, origin, late / n from by_hour",
    "largest delay per carrier": "select carrier, max(most) from by_carrier group by carrier",
    "aircraft per origin": "select origin, sum(n) from by_carrier group by origin",
    "departures per carrier and origin": "select carrier, origin, n from by_carrier",
}

# %% tags=["wrong-4"] says="ANSWERS has nothing for" breaks="a query for each question"
VIEWS = {
    "by_hour": """select hour, origin, count(*) as n, sum(delay) as delay, count_if(delay > 15) as late
        from flights where delay is not null group by hour, origin""",
    "by_carrier": """select carrier, origin, count(*) as n, max(delay) as most
        from flights where delay is not null group by carrier, origin""",
    "aircraft": """select origin, count(distinct tailnum) as n from flights where delay is not null group by origin""",
}
ANSWERS = {
    "departures per hour": "select hour, sum(n) from by_hour group by hour",
    "mean delay per origin": "select origin, sum(delay) / sum(n) from by_hour group by origin",
    "share of late per hour and origin": "select hour, origin, late / n from by_hour",
    "largest delay per carrier": "select carrier, max(most) from by_carrier group by carrier",
    "departures per carrier and origin": "select carrier, origin, n from by_carrier",
}

# %% tags=["nothing-4"] says="ANSWERS has nothing for"
VIEWS = {"all_of_it": "select count(*) as n from flights"}
ANSWERS = {}

# %% tags=["right-4"]
VIEWS = {
    "hourly": """select hour, origin, count(delay) as flown, avg(delay) as mean,
        avg((delay > 15)::int) as late from flights group by all having flown > 0;""",
    "Carriers": """select origin, carrier, count(*), max(delay) from flights where delay is not null group by all""",
    "tails": """select count(distinct tailnum) as tails, origin from flights where delay is not null group by origin""",
}
ANSWERS = {
    "departures per hour": "SELECT hour, sum(flown)::int AS flights FROM Hourly GROUP BY ALL;",
    "mean delay per origin": "select origin, sum(mean * flown) / sum(flown) from hourly group by 1",
    "share of late per hour and origin": "select hour, origin, late from hourly order by 2, 1",
    "largest delay per carrier": "select carrier, max(\"max(delay)\") from carriers group by 1",
    "aircraft per origin": "select origin, tails from tails",
    "departures per carrier and origin": "select carrier, origin, \"count_star()\" from carriers",
    "one more": "select 1",
}

# %% tags=["raises-4"] says="BinderException"
VIEWS = {
    "by_hour": """select hour, origin, count(*) as n, sum(delay) as delay, count_if(delay > 15) as late
        from flights where delay is not null group by hour, origin""",
    "by_carrier": """select carrier, origin, max(delays) as most, count(*) as n from flights where delay is not null group by all""",
    "aircraft": """select origin, count(distinct tailnum) as n from flights where delay is not null group by origin""",
}
ANSWERS = {
    "departures per hour": "select hour, sum(n) from by_hour group by hour",
    "mean delay per origin": "select origin, sum(delay) / sum(n) from by_hour group by origin",
    "share of late per hour and origin": "select hour, origin, late / n from by_hour",
    "largest delay per carrier": "select carrier, max(most) from by_carrier group by carrier",
    "aircraft per origin": "select * from aircraft",
    "departures per carrier and origin": "select carrier, origin, n from by_carrier",
}

# %% tags=["hint-4"]
# lab.hint(4)

# %% tags=["solution-4"]
# lab.solution(4)

# %% [markdown]
# ## Discussion
#
# The tempting answer to exercise 4 is one view with all columns: it answers everything, and on a small day it is even short. Its
# rows are the combinations that occur, though, and these grow until each flight is a row of its own. Then the view is a copy of
# the table, and the dashboard is as slow as before. Three small views hold less than one wide one because questions rarely cross.
#
# The tempting answer to exercise 2 is to delete a flight that was taken off. Its version goes with it, and a late copy of the first
# report puts the flight back. Something has to remember that it is gone: a *tombstone*.
#
# What is inherent: a measure that can't be merged (distinct, p99) has to be kept for exactly the groups that are asked for, or
# approximately, as a sketch. And whoever wants to take something back has to keep what it was.

# %%
lab.progress()
