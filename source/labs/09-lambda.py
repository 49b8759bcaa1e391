# %% [markdown]
# # Lab 09: Lambda
#
# You write the query that serves two views as one, put the seam of a long batch where it belongs, bring a dead speed layer back,
# and design the rule that tells who is on call which layer lies. No engine is needed. Notebook
# [09-lambda](../notebooks/09-lambda.ipynb) has the pattern; this lab has the decisions. About 95 minutes.

# %% tags=["setup"]
from patternlab import Lab

lab = Lab("09-lambda")
lab.progress()

# %% [markdown]
# ## Exercise 1: One board of two views
# *Level: fill in · 10 minutes*
#
# **Input** `batch`, a dict: its `seam` is the offset where the batch stopped, its `view` has `(flights, on_time)` for each origin.
# And `speed`, rows of the speed view in any order: offset to `(origin, on_time)`, where `on_time` is 1 or 0. A row is one flight.
# The speed layer may not have forgotten yet what the batch has covered.
#
# **Goal** the board, a dict from origin to `(flights, on_time)`: the batch view's counts, and added to them the rows of the speed
# view from the seam on. An origin that only one of the two views knows is on the board too. `batch` and `speed` stay as they are.
#
# **Example** with `{"seam": 2, "view": {"EWR": (2, 1)}}` and `{1: ("EWR", 1), 2: ("EWR", 0), 3: ("JFK", 1)}` the board is
# `{"EWR": (3, 1), "JFK": (1, 1)}`.

# %% tags=["exercise-1"]
def serve(batch, speed):
    board = dict(batch["view"])
    for offset, (origin, on_time) in speed.items():
        if offset >= batch["seam"]:  # SOLUTION
            flights, so_far = board.get(origin, (0, 0))  # SOLUTION
            board[origin] = (flights + 1, so_far + on_time)  # SOLUTION
    return board

# %% tags=["check-1"]
lab.check(1, serve)

# %% tags=["wrong-1"] says="counted in both views" breaks="from the seam on"
def serve(batch, speed):
    board = dict(batch["view"])
    for origin, on_time in speed.values():
        flights, so_far = board.get(origin, (0, 0))
        board[origin] = (flights + 1, so_far + on_time)
    return board

# %% tags=["wrong-1"] says="from before the seam (6)" breaks="rows of the speed view in any order"
from itertools import dropwhile


def serve(batch, speed):
    board = dict(batch["view"])
    for offset in dropwhile(lambda offset: offset < batch["seam"], speed):
        origin, on_time = speed[offset]
        flights, so_far = board.get(origin, (0, 0))
        board[origin] = (flights + 1, so_far + on_time)
    return board

# %% tags=["wrong-1"] says="is in neither view" breaks="rows of the speed view from the seam on"
def serve(batch, speed):
    board = dict(batch["view"])
    for offset, (origin, on_time) in speed.items():
        if offset > batch["seam"]:
            flights, so_far = board.get(origin, (0, 0))
            board[origin] = (flights + 1, so_far + on_time)
    return board

# %% tags=["wrong-1"] says="LGA is known to the speed view" breaks="An origin that only one of the two views knows is on the board too"
def serve(batch, speed):
    board = {}
    for origin, (flights, so_far) in batch["view"].items():
        rows = [row for offset, row in speed.items() if offset >= batch["seam"] and row[0] == origin]
        board[origin] = (flights + len(rows), so_far + sum(on_time for _, on_time in rows))
    return board

# %% tags=["wrong-1"] says="JFK is known to the batch view" breaks="An origin that only one of the two views knows is on the board too"
def serve(batch, speed):
    board = {}
    for offset, (origin, on_time) in speed.items():
        if offset >= batch["seam"]:
            flights, so_far = board.get(origin, batch["view"].get(origin, (0, 0)))
            board[origin] = (flights + 1, so_far + on_time)
    return board

# %% tags=["wrong-1"] says="was replaced by what came since" breaks="the batch view's counts, and added to them"
def serve(batch, speed):
    since = {}
    for offset, (origin, on_time) in speed.items():
        if offset >= batch["seam"]:
            flights, so_far = since.get(origin, (0, 0))
            since[origin] = (flights + 1, so_far + on_time)
    return {**batch["view"], **since}

# %% tags=["wrong-1"] says="a row of the speed view is one flight" breaks="A row is one flight"
def serve(batch, speed):
    board = dict(batch["view"])
    for offset, (origin, on_time) in speed.items():
        if offset >= batch["seam"]:
            flights, so_far = board.get(origin, (0, 0))
            board[origin] = (flights + on_time, so_far + on_time)
    return board

# %% tags=["wrong-1"] says="a row adds its own 1 or 0" breaks="`on_time` is 1 or 0"
def serve(batch, speed):
    board = dict(batch["view"])
    for offset, (origin, on_time) in speed.items():
        if offset >= batch["seam"]:
            flights, so_far = board.get(origin, (0, 0))
            board[origin] = (flights + 1, so_far + 1)
    return board

# %% tags=["wrong-1"] says="changed the batch view" breaks="`batch` and `speed` stay as they are"
def serve(batch, speed):
    board = batch["view"]
    for offset, (origin, on_time) in speed.items():
        if offset >= batch["seam"]:
            flights, so_far = board.get(origin, (0, 0))
            board[origin] = (flights + 1, so_far + on_time)
    return board

# %% tags=["wrong-1"] says="A reader reads" breaks="`batch` and `speed` stay as they are"
def serve(batch, speed):
    board = dict(batch["view"])
    for offset in sorted(speed):
        origin, on_time = speed.pop(offset)
        if offset >= batch["seam"]:
            flights, so_far = board.get(origin, (0, 0))
            board[origin] = (flights + 1, so_far + on_time)
    return board

# %% tags=["wrong-1"] says="is the batch view alone" breaks="and added to them the rows of the speed view"
def serve(batch, speed):
    return dict(batch["view"])

# %% tags=["wrong-1"] says="a pair (flights, on_time)" breaks="from origin to `(flights, on_time)`"
def serve(batch, speed):
    board = {origin: flights for origin, (flights, _) in batch["view"].items()}
    for offset, (origin, on_time) in speed.items():
        if offset >= batch["seam"]:
            board[origin] = board.get(origin, 0) + 1
    return board

# %% tags=["nothing-1"] says="these two views together hold"
def serve(batch, speed):
    return {"EWR": (3, 1), "JFK": (1, 1), "LGA": (1, 0)}

# %% tags=["right-1"]
from collections import Counter


def serve(batch, speed):
    since = [row for offset, row in sorted(speed.items()) if not offset < batch["seam"]]
    flights = Counter(origin for origin, _ in since)
    punctual = Counter(origin for origin, on_time in since if on_time)
    for origin, (more, on_time) in batch["view"].items():
        flights[origin] += more
        punctual[origin] += on_time
    return {origin: [flights[origin], punctual[origin]] for origin in flights}

# %% tags=["right-1"]
import pandas as pd


def serve(batch, speed):
    old = [(origin, *counts) for origin, counts in batch["view"].items()]
    new = [(origin, 1, on_time) for offset, (origin, on_time) in speed.items() if offset >= batch["seam"]]
    rows = pd.DataFrame(old + new, columns=["origin", "flights", "on_time"])
    return {origin: tuple(part[["flights", "on_time"]].sum()) for origin, part in rows.groupby("origin")}

# %% tags=["raises-1"] says="KeyError"
def serve(batch, speed):
    board = dict(batch["view"])
    for offset, (origin, on_time) in speed.items():
        if offset >= batch["seam"]:
            board[origin] = (board[origin][0] + 1, board[origin][1] + on_time)
    return board

# %% tags=["hint-1"]
# lab.hint(1)

# %% tags=["solution-1"]
# lab.solution(1)

# %% [markdown]
# ## Exercise 2: The seam of a batch that takes its time
# *Level: modify · 20 minutes*
#
# **Input** `log`: `end()` is the offset that comes next, `read(first, until)` gives the reports from `first` up to, and not
# including, `until`. `speed`: the speed view, offset to row, in which the stream writes while you work. `publish(view, seam)`: from
# now on readers add this view and the rows from this seam on. `counted` makes a view of reports. Today's job:
#
# ```python
# def run_batch(log, speed, publish):
#     view = counted(log.read(0, log.end()))
#     publish(view, log.end())
#     speed.clear()
# ```
#
# **Goal** change it so that a reader who looks at any moment, before, during or after the run, has every report of the log on the
# board once: none in neither layer, none in both, though more come while you work. Publish once a run, a view of at least what the
# log held when it began. After it the speed view keeps no row from before the seam.
#
# **Example** you ask for the end at 8; two reports come while you count. The seam is 8, and rows 8 and 9 stay in the speed view.

# %% tags=["start-2"]
def counted(reports):
    view = {}
    for report in reports:
        flights, on_time = view.get(report["origin"], (0, 0))
        view[report["origin"]] = (flights + 1, on_time + report["on_time"])
    return view


counted([{"origin": "EWR", "on_time": 1}, {"origin": "EWR", "on_time": 0}])

# %% tags=["exercise-2"]
def run_batch(log, speed, publish):
    seam = log.end()  # SOLUTION
    view = counted(log.read(0, seam))  # SOLUTION
    publish(view, seam)  # SOLUTION
    for offset in list(speed):  # SOLUTION
        if offset < seam:  # SOLUTION
            del speed[offset]  # SOLUTION

# %% tags=["check-2"]
lab.check(2, run_batch)

# %% tags=["wrong-2"] says="are in neither layer: the batch counted fewer" breaks="none in neither layer"
def run_batch(log, speed, publish):
    view = counted(log.read(0, log.end()))
    seam = log.end()
    publish(view, seam)
    for offset in [offset for offset in speed if offset < seam]:
        del speed[offset]

# %% tags=["wrong-2"] says="are in both layers" breaks="none in both"
def run_batch(log, speed, publish):
    seam = log.end()
    view = counted(log.read(0, log.end()))
    publish(view, seam)
    for offset in [offset for offset in speed if offset < seam]:
        del speed[offset]

# %% tags=["wrong-2"] says="you took them out of the speed view" breaks="though more come while you work"
def run_batch(log, speed, publish):
    seam = log.end()
    publish(counted(log.read(0, seam)), seam)
    speed.clear()

# %% tags=["wrong-2"] says="was not published yet" breaks="a reader who looks at any moment"
def run_batch(log, speed, publish):
    seam = log.end()
    for offset in [offset for offset in speed if offset < seam]:
        del speed[offset]
    publish(counted(log.read(0, seam)), seam)

# %% tags=["wrong-2"] says="it would grow for ever" breaks="keeps no row from before the seam"
def run_batch(log, speed, publish):
    seam = log.end()
    publish(counted(log.read(0, seam)), seam)

# %% tags=["wrong-2"] says="the report at the seam was in neither layer" breaks="has every report of the log on the board once"
def run_batch(log, speed, publish):
    seam = log.end()
    publish(counted(log.read(0, seam)), seam)
    for offset in [offset for offset in speed if offset <= seam]:
        del speed[offset]

# %% tags=["wrong-2"] says="You published twice" breaks="Publish once a run"
def run_batch(log, speed, publish):
    for _ in range(2):
        seam = log.end()
        publish(counted(log.read(0, seam)), seam)
    for offset in [offset for offset in speed if offset < seam]:
        del speed[offset]

# %% tags=["wrong-2"] says="does not hold the reports before its seam" breaks="`counted` makes a view of reports"
def run_batch(log, speed, publish):
    seam = log.end()
    view = counted([{**report, "on_time": 1} for report in log.read(0, seam)])
    publish(view, seam)
    for offset in [offset for offset in speed if offset < seam]:
        del speed[offset]

# %% tags=["wrong-2"] says="Your batch covers less than the log held" breaks="at least what the log held when it began"
def run_batch(log, speed, publish):
    seam = log.end() // 2
    publish(counted(log.read(0, seam)), seam)
    for offset in [offset for offset in speed if offset < seam]:
        del speed[offset]

# %% tags=["nothing-2"] says="Your batch covers less"
def run_batch(log, speed, publish):
    publish({}, 0)

# %% tags=["nothing-2"] says="published nothing"
def run_batch(log, speed, publish):
    return 8

# %% tags=["right-2"]
def run_batch(log, speed, publish):
    seam = log.end()
    reports = log.read(0, seam)
    publish(counted(reports), len(reports))
    done = set(range(len(reports)))
    for offset in done & set(speed):
        speed.pop(offset)

# %% tags=["right-2"]
import numpy as np


def run_batch(log, speed, publish):
    reports = log.read(0, log.end())
    seam = np.int64(len(reports))
    view = {}
    for origin in {report["origin"] for report in reports}:
        own = [report["on_time"] for report in reports if report["origin"] == origin]
        view[origin] = np.array([len(own), sum(own)])
    publish(view, seam)
    for offset in sorted(speed):
        if offset >= seam:
            break
        del speed[offset]

# %% tags=["raises-2"] says="dictionary changed size during iteration"
def run_batch(log, speed, publish):
    seam = log.end()
    publish(counted(log.read(0, seam)), seam)
    for offset in speed:
        if offset < seam:
            del speed[offset]

# %% tags=["hint-2"]
# lab.hint(2)

# %% tags=["solution-2"]
# lab.solution(2)

# %% [markdown]
# ## Exercise 3: Back after an hour
# *Level: modify · 25 minutes*
#
# **Input** `log`, as in exercise 2, but `read` gives rows `(origin, on_time)`; `state`, a dict that survives a kill, empty at
# first; `speed`, a store that survives too: offset to row; `seam`, of the newest batch; `limit`. A process of yours calls `step`
# over and over, and may be killed in the middle of it. Today's step:
#
# ```python
# def step(log, state, speed, seam, limit):
#     first = state.get("next", log.end())
#     state["next"] = log.end()
#     for row in log.read(first, log.end()):
#         speed[len(speed)] = row
# ```
#
# **Goal** change it so that each call puts the next `limit` reports, or as many as there are, into `speed`, each under its offset.
# It goes on where the last finished call ended; at the seam, where the batch has come further, or where nothing has been noted.
# Nothing from before the seam is read or kept; what is from the seam on stays. A kill leaves nothing out.
#
# **Example** noted 90, killed for an hour, seam now 130, the log ends at 150, `limit` 15: the next call takes 130 to 144.

# %% tags=["exercise-3"]
def step(log, state, speed, seam, limit):
    first = max(state.get("next", seam), seam)  # SOLUTION
    until = min(first + limit, log.end())  # SOLUTION
    for offset, row in enumerate(log.read(first, until), first):  # SOLUTION
        speed[offset] = row  # SOLUTION
    state["next"] = until  # SOLUTION
    for offset in [offset for offset in speed if offset < seam]:  # SOLUTION
        del speed[offset]  # SOLUTION

# %% tags=["check-3"]
lab.check(3, step)

# %% tags=["wrong-3"] says="what came while the layer was dead is in the log" breaks="or where nothing has been noted"
def step(log, state, speed, seam, limit):
    first = max(state.get("next", log.end()), seam)
    until = min(first + limit, log.end())
    for offset, row in enumerate(log.read(first, until), first):
        speed[offset] = row
    state["next"] = until
    for offset in [offset for offset in speed if offset < seam]:
        del speed[offset]

# %% tags=["wrong-3"] says="from before the seam: a batch has covered them" breaks="Nothing from before the seam is read"
def step(log, state, speed, seam, limit):
    first = state.get("next", seam)
    until = min(first + limit, log.end())
    for offset, row in enumerate(log.read(first, until), first):
        speed[offset] = row
    state["next"] = until
    for offset in [offset for offset in speed if offset < seam]:
        del speed[offset]

# %% tags=["wrong-3"] says="read what the speed view had already" breaks="It goes on where the last finished call ended"
def step(log, state, speed, seam, limit):
    until = min(seam + limit, log.end())
    for offset, row in enumerate(log.read(seam, until), seam):
        speed[offset] = row
    for offset in [offset for offset in speed if offset < seam]:
        del speed[offset]

# %% tags=["wrong-3"] says="has passed it by" breaks="A kill leaves nothing out"
def step(log, state, speed, seam, limit):
    first = max(state.get("next", seam), seam)
    until = min(first + limit, log.end())
    state["next"] = until
    for offset, row in enumerate(log.read(first, until), first):
        speed[offset] = row
    for offset in [offset for offset in speed if offset < seam]:
        del speed[offset]

# %% tags=["wrong-3"] says="after an hour that is all of them" breaks="the next `limit` reports"
def step(log, state, speed, seam, limit):
    first = max(state.get("next", seam), seam)
    until = log.end()
    for offset, row in enumerate(log.read(first, until), first):
        speed[offset] = row
    state["next"] = until
    for offset in [offset for offset in speed if offset < seam]:
        del speed[offset]

# %% tags=["wrong-3"] says="and the log goes from 0 until" breaks="or as many as there are"
def step(log, state, speed, seam, limit):
    first = max(state.get("next", seam), seam)
    for offset, row in enumerate(log.read(first, first + limit), first):
        speed[offset] = row
    state["next"] = first + limit
    for offset in [offset for offset in speed if offset < seam]:
        del speed[offset]

# %% tags=["wrong-3"] says="your rows went under other offsets" breaks="each under its offset"
def step(log, state, speed, seam, limit):
    first = max(state.get("next", seam), seam)
    until = min(first + limit, log.end())
    for row in log.read(first, until):
        speed[max(speed, default=seam - 1) + 1] = row
    state["next"] = until
    for offset in [offset for offset in speed if offset < seam]:
        del speed[offset]

# %% tags=["wrong-3"] says="keeps rows from before the seam" breaks="or kept"
def step(log, state, speed, seam, limit):
    first = max(state.get("next", seam), seam)
    until = min(first + limit, log.end())
    for offset, row in enumerate(log.read(first, until), first):
        speed[offset] = row
    state["next"] = until

# %% tags=["wrong-3"] says="took a row out of the speed view that no batch has covered" breaks="what is from the seam on stays"
def step(log, state, speed, seam, limit):
    if state.get("seam") != seam:
        speed.clear()
    first = max(state.get("next", seam), seam)
    until = min(first + limit, log.end())
    speed.update(enumerate(log.read(first, until), first))
    state.update(next=until, seam=seam)

# %% tags=["wrong-3"] says="write into the `speed` that you were given" breaks="into `speed`"
def step(log, state, speed, seam, limit):
    first = max(state.get("next", seam), seam)
    until = min(first + limit, log.end())
    speed = {**speed, **dict(enumerate(log.read(first, until), first))}
    state["next"] = until

# %% tags=["wrong-3"] says="A call took fewer reports than limit" breaks="each call puts the next `limit` reports"
def step(log, state, speed, seam, limit):
    first = max(state.get("next", seam), seam)
    until = min(first + 1, log.end())
    for offset, row in enumerate(log.read(first, until), first):
        speed[offset] = row
    state["next"] = until
    for offset in [offset for offset in speed if offset < seam]:
        del speed[offset]

# %% tags=["wrong-3"] says="You caught the kill" breaks="may be killed in the middle of it"
def step(log, state, speed, seam, limit):
    first = max(state.get("next", seam), seam)
    until = min(first + limit, log.end())
    try:
        for offset, row in enumerate(log.read(first, until), first):
            speed[offset] = row
    except BaseException:
        return
    state["next"] = until
    for offset in [offset for offset in speed if offset < seam]:
        del speed[offset]

# %% tags=["nothing-3"] says="A call took nothing"
def step(log, state, speed, seam, limit):
    return 130, 144

# %% tags=["right-3"]
def step(log, state, speed, seam, limit):
    for offset in sorted(speed):
        if offset < seam:
            speed.pop(offset)
    first = max([seam, *(offset + 1 for offset in speed)])
    rows = log.read(first, min(first + limit, log.end()))
    speed.update({first + place: row for place, row in enumerate(rows)})

# %% tags=["right-3"]
def step(log, state, speed, seam, limit):
    noted = state.setdefault("checkpoint", [0])
    noted[0] = first = max(noted[0], seam)
    for offset in range(first, min(first + limit, log.end())):
        [row] = log.read(offset, offset + 1)
        speed[offset] = list(row)
        noted[0] = offset + 1
    for offset in set(speed) - set(range(seam, log.end())):
        del speed[offset]

# %% tags=["raises-3"] says="KeyError"
def step(log, state, speed, seam, limit):
    first = max(state["next"], seam)
    until = min(first + limit, log.end())
    for offset, row in enumerate(log.read(first, until), first):
        speed[offset] = row
    state["next"] = until

# %% tags=["hint-3"]
# lab.hint(3)

# %% tags=["solution-3"]
# lab.solution(3)

# %% [markdown]
# ## Exercise 4: Which layer lies?
# *Level: design · 40 minutes*
#
# **Input** `history`, readings every ten minutes, the newest last, each a dict of two numbers. `missing`: reports in the log minus
# flights on the board. `moved`: by how much a batch changed the board's `on_time`, of the same reports; None where none ran. One runs
# with each sixth reading, before `missing` is taken. A healthy speed layer is up to 5 reports behind, so both may be 0 to 5.
#
# **Goal** what is wrong now, one text: `"batch"` where the last 9 readings or more had none; `"speed dead"` where nothing is counted,
# so `missing` grows by dozens a reading; `"seam"` where about the same number is missing at each reading, or doubled;
# `"speed code"` where the last batch moved it by more than 5, up or down, though before it nothing was missing or doubled;
# else `"nothing"`, also where a fault is over, or there is no reading. At most one is wrong.
#
# **Example** readings with `missing` 3, 1, 4, then a batch that moved it by -31: `"speed code"`.

# %% tags=["exercise-4"]
def blame(history):
    missing = [reading["missing"] for reading in history]  # SOLUTION
    batches = [at for at, reading in enumerate(history) if reading["moved"] is not None]  # SOLUTION
    last = max(batches, default=-1)  # SOLUTION
    if len(history) - 1 - last > 8:  # SOLUTION
        return "batch"  # SOLUTION
    if missing and not 0 <= missing[-1] <= 5:  # SOLUTION
        grows = len(missing) > 1 and missing[-1] - missing[-2] > 5  # SOLUTION
        return "speed dead" if grows else "seam"  # SOLUTION
    if last > 0 and 0 <= missing[last - 1] <= 5 and abs(history[last]["moved"]) > 5:  # SOLUTION
        return "speed code"  # SOLUTION
    return "nothing"  # SOLUTION

# %% tags=["check-4"]
lab.check(4, blame)

# %% tags=["wrong-4"] says="It has not run for more than 8 readings" breaks="where the last 9 readings or more had none"
def blame(history):
    missing = [reading["missing"] for reading in history]
    last = max([at for at, reading in enumerate(history) if reading["moved"] is not None], default=-1)
    if missing and not 0 <= missing[-1] <= 5:
        return "speed dead" if missing[-1] - missing[-2] > 5 else "seam"
    if last > 0 and 0 <= missing[last - 1] <= 5 and abs(history[last]["moved"]) > 5:
        return "speed code"
    return "nothing"

# %% tags=["wrong-4"] says="of one that is late" breaks="where the last 9 readings or more had none"
def blame(history):
    missing = [reading["missing"] for reading in history]
    last = max([at for at, reading in enumerate(history) if reading["moved"] is not None], default=-1)
    if len(history) - 1 - last > 6:
        return "batch"
    if missing and not 0 <= missing[-1] <= 5:
        return "speed dead" if missing[-1] - missing[-2] > 5 else "seam"
    if last > 0 and 0 <= missing[last - 1] <= 5 and abs(history[last]["moved"]) > 5:
        return "speed code"
    return "nothing"

# %% tags=["wrong-4"] says="you said 'speed dead'" breaks="about the same number is missing at each reading"
def blame(history):
    missing = [reading["missing"] for reading in history]
    last = max([at for at, reading in enumerate(history) if reading["moved"] is not None], default=-1)
    if len(history) - 1 - last > 8:
        return "batch"
    if missing and not 0 <= missing[-1] <= 5:
        return "speed dead"
    if last > 0 and 0 <= missing[last - 1] <= 5 and abs(history[last]["moved"]) > 5:
        return "speed code"
    return "nothing"

# %% tags=["wrong-4"] says="The speed layer is dead" breaks="so `missing` grows by dozens a reading"
def blame(history):
    missing = [reading["missing"] for reading in history]
    last = max([at for at, reading in enumerate(history) if reading["moved"] is not None], default=-1)
    if len(history) - 1 - last > 8:
        return "batch"
    if missing and not 0 <= missing[-1] <= 5:
        return "seam"
    if last > 0 and 0 <= missing[last - 1] <= 5 and abs(history[last]["moved"]) > 5:
        return "speed code"
    return "nothing"

# %% tags=["wrong-4"] says="fewer than none are missing" breaks="at each reading, or doubled"
def blame(history):
    missing = [reading["missing"] for reading in history]
    last = max([at for at, reading in enumerate(history) if reading["moved"] is not None], default=-1)
    if len(history) - 1 - last > 8:
        return "batch"
    if missing and missing[-1] > 5:
        return "speed dead" if missing[-1] - missing[-2] > 5 else "seam"
    if last > 0 and 0 <= missing[last - 1] <= 5 and abs(history[last]["moved"]) > 5:
        return "speed code"
    return "nothing"

# %% tags=["wrong-4"] says="the delay of a healthy speed layer" breaks="both may be 0 to 5"
def blame(history):
    missing = [reading["missing"] for reading in history]
    last = max([at for at, reading in enumerate(history) if reading["moved"] is not None], default=-1)
    if len(history) - 1 - last > 8:
        return "batch"
    if missing and missing[-1] != 0:
        return "speed dead" if missing[-1] - missing[-2] > 5 else "seam"
    if last > 0 and 0 <= missing[last - 1] <= 5 and abs(history[last]["moved"]) > 5:
        return "speed code"
    return "nothing"

# %% tags=["wrong-4"] says="because reports had been missing or doubled before it" breaks="though before it nothing was missing or doubled"
def blame(history):
    missing = [reading["missing"] for reading in history]
    last = max([at for at, reading in enumerate(history) if reading["moved"] is not None], default=-1)
    if len(history) - 1 - last > 8:
        return "batch"
    if missing and not 0 <= missing[-1] <= 5:
        return "speed dead" if missing[-1] - missing[-2] > 5 else "seam"
    if last > 0 and abs(history[last]["moved"]) > 5:
        return "speed code"
    return "nothing"

# %% tags=["wrong-4"] says="of what was over" breaks="also where a fault is over"
def blame(history):
    missing = [reading["missing"] for reading in history]
    batches = [at for at, reading in enumerate(history) if reading["moved"] is not None]
    if len(history) - 1 - max(batches, default=-1) > 8:
        return "batch"
    if missing and not 0 <= missing[-1] <= 5:
        return "speed dead" if missing[-1] - missing[-2] > 5 else "seam"
    if any(0 <= missing[at - 1] <= 5 and abs(history[at]["moved"]) > 5 for at in batches):
        return "speed code"
    return "nothing"

# %% tags=["wrong-4"] says="The speed code is wrong" breaks="up or down"
def blame(history):
    missing = [reading["missing"] for reading in history]
    last = max([at for at, reading in enumerate(history) if reading["moved"] is not None], default=-1)
    if len(history) - 1 - last > 8:
        return "batch"
    if missing and not 0 <= missing[-1] <= 5:
        return "speed dead" if missing[-1] - missing[-2] > 5 else "seam"
    if last > 0 and 0 <= missing[last - 1] <= 5 and history[last]["moved"] > 5:
        return "speed code"
    return "nothing"

# %% tags=["wrong-4"] says="nothing can be known to be wrong" breaks="or there is no reading"
def blame(history):
    if not history:
        return "batch"
    missing = [reading["missing"] for reading in history]
    last = max([at for at, reading in enumerate(history) if reading["moved"] is not None], default=-1)
    if len(history) - 1 - last > 8:
        return "batch"
    if missing and not 0 <= missing[-1] <= 5:
        return "speed dead" if missing[-1] - missing[-2] > 5 else "seam"
    if last > 0 and 0 <= missing[last - 1] <= 5 and abs(history[last]["moved"]) > 5:
        return "speed code"
    return "nothing"

# %% tags=["wrong-4"] says="should return one of" breaks="one text"
def blame(history):
    return ["nothing"]

# %% tags=["nothing-4"] says="nothing can be known to be wrong"
def blame(history):
    return "speed code"

# %% tags=["right-4"]
def blame(history):
    since = 0
    for reading in reversed(history):
        if reading["moved"] is not None:
            break
        since += 1
    if since >= 9:
        return "batch"
    healthy = range(0, 6)
    now = [reading["missing"] for reading in history[-2:]]
    if now and now[-1] not in healthy:
        return "seam" if len(now) < 2 or now[1] - now[0] < 20 else "speed dead"
    if since + 1 < len(history):
        before, batch = history[-since - 2], history[-since - 1]
        if before["missing"] in healthy and batch["moved"] not in range(-5, 6):
            return "speed code"
    return "nothing"

# %% tags=["right-4"]
import pandas as pd


def blame(history):
    if not history:
        return "nothing"
    told = pd.DataFrame(history)
    ran = told["moved"].notna()
    since = int((~ran)[::-1].cumprod().sum())
    odd = ~told["missing"].between(0, 5)
    if since > 8:
        return "batch"
    if odd.iloc[-1]:
        return "speed dead" if told["missing"].diff().iloc[-1] > 10 else "seam"
    moved = told["moved"][ran & ~odd.shift(fill_value=True)]
    clean = len(moved) and moved.index[-1] == ran[ran].index[-1]
    return "speed code" if clean and abs(moved.iloc[-1]) > 5 else "nothing"

# %% tags=["raises-4"] says="IndexError"
def blame(history):
    if history[-1]["missing"] > 5:
        return "speed dead"
    return "nothing"

# %% tags=["hint-4"]
# lab.hint(4)

# %% tags=["solution-4"]
# lab.solution(4)

# %% [markdown]
# ## Discussion
#
# The tempting answer to exercise 2 is to stop the stream while the batch runs. Then nothing comes in between, and every seam is right.
# But the batch takes as long as all of history, so the board stands still for just that time, and the speed layer has lost its reason.
# The other tempting answer is to put rows that may be double under a key and to merge them by it. It works for rows; a
# view of counts has no keys left.
#
# What is inherent: two layers agree only where something compares them. `moved` in exercise 4 is such a comparison, and it costs nothing,
# because both numbers are there at each batch. It says that the codes differ, never which of them is right.

# %%
lab.progress()
