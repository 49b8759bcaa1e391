# %% [markdown]
# # Lab 15: Serverless
#
# You find the name that makes a repeated call harmless, teach a batch to fail in part, compute where a machine of your own is
# cheaper, and design the rule that starts instances and ends them. No engine is needed. Notebook
# [15-serverless](../notebooks/15-serverless.ipynb) has the pattern; this lab has the decisions. About 85 minutes.

# %% tags=["setup"]
import math

from patternlab import Lab

lab = Lab("15-serverless")
lab.progress()

# %% [markdown]
# ## Exercise 1: A name for what has happened
# *Level: fill in · 10 minutes*
#
# **Input** `event`, a dict: `source` and `id`, who says it and under which number; `attempt`, which try this call is; `offset`, where
# it stands on the topic; `data`, with `origin` and `minutes`. And `state`, a dict that outlives your process: a set `seen`, yours to
# fill, and a dict `minutes`.
#
# **Goal** each event adds its minutes to its origin once, however often it comes. Two calls are of one event if source and id are
# equal, both of them; an id is one source's own. A copy may stand at another offset, be another attempt, or carry corrected data: it
# changes nothing. Two events may carry equal data, and both count. All that you remember is in `state`, and the event stays as it is.
#
# **Example** EWR, 5 minutes, from the source `/departures/gate` with the id 7, twice, then EWR, 3 minutes, with the id 8:
# `state["minutes"]` is `{"EWR": 8}`.

# %% tags=["exercise-1"]
def handle(event, state):
    key = event["source"], event["id"]  # SOLUTION
    if key in state["seen"]:  # SOLUTION
        return  # SOLUTION
    state["seen"].add(key)  # SOLUTION
    origin, minutes = event["data"]["origin"], event["data"]["minutes"]
    state["minutes"][origin] = state["minutes"].get(origin, 0) + minutes

# %% tags=["check-1"]
lab.check(1, handle)

# %% tags=["wrong-1"] says="An id is one source's own" breaks="if source and id are equal, both of them"
def handle(event, state):
    if event["id"] in state["seen"]:
        return
    state["seen"].add(event["id"])
    origin, minutes = event["data"]["origin"], event["data"]["minutes"]
    state["minutes"][origin] = state["minutes"].get(origin, 0) + minutes

# %% tags=["wrong-1"] says="An offset is a place" breaks="A copy may stand at another offset"
def handle(event, state):
    key = event["source"], event["id"], event["offset"]
    if key in state["seen"]:
        return
    state["seen"].add(key)
    origin, minutes = event["data"]["origin"], event["data"]["minutes"]
    state["minutes"][origin] = state["minutes"].get(origin, 0) + minutes

# %% tags=["wrong-1"] says="One event was tried twice" breaks="be another attempt"
def handle(event, state):
    key = event["source"], event["id"], event["attempt"]
    if key in state["seen"]:
        return
    state["seen"].add(key)
    origin, minutes = event["data"]["origin"], event["data"]["minutes"]
    state["minutes"][origin] = state["minutes"].get(origin, 0) + minutes

# %% tags=["wrong-1"] says="Equal contents are no copy" breaks="Two events may carry equal data, and both count"
def handle(event, state):
    key = event["data"]["origin"], event["data"]["minutes"]
    if key in state["seen"]:
        return
    state["seen"].add(key)
    origin, minutes = event["data"]["origin"], event["data"]["minutes"]
    state["minutes"][origin] = state["minutes"].get(origin, 0) + minutes

# %% tags=["wrong-1"] says="A copy came with a corrected delay" breaks="or carry corrected data"
def handle(event, state):
    key = event["source"], event["id"], event["data"]["minutes"]
    if key in state["seen"]:
        return
    state["seen"].add(key)
    origin, minutes = event["data"]["origin"], event["data"]["minutes"]
    state["minutes"][origin] = state["minutes"].get(origin, 0) + minutes

# %% tags=["wrong-1"] says="A key of joined texts" breaks="if source and id are equal, both of them"
def handle(event, state):
    key = event["source"] + event["id"]
    if key in state["seen"]:
        return
    state["seen"].add(key)
    origin, minutes = event["data"]["origin"], event["data"]["minutes"]
    state["minutes"][origin] = state["minutes"].get(origin, 0) + minutes

# %% tags=["wrong-1"] says="All names that were there count" breaks="however often it comes"
def handle(event, state):
    key = event["source"], event["id"]
    if state["seen"] == {key}:
        return
    state["seen"] = {key}
    origin, minutes = event["data"]["origin"], event["data"]["minutes"]
    state["minutes"][origin] = state["minutes"].get(origin, 0) + minutes

# %% tags=["wrong-1"] says="their minutes are added" breaks="adds its minutes to its origin once"
def handle(event, state):
    key = event["source"], event["id"]
    if key not in state["seen"]:
        state["seen"].add(key)
        state["minutes"][event["data"]["origin"]] = event["data"]["minutes"]

# %% tags=["wrong-1"] says="remembers it outside of the state" breaks="All that you remember is in `state`"
names = set()


def handle(event, state):
    key = event["source"], event["id"]
    if key in names:
        return
    names.add(key)
    origin, minutes = event["data"]["origin"], event["data"]["minutes"]
    state["minutes"][origin] = state["minutes"].get(origin, 0) + minutes

# %% tags=["wrong-1"] says="You changed the event" breaks="the event stays as it is"
def handle(event, state):
    key = event.pop("source"), event["id"]
    if key in state["seen"]:
        return
    state["seen"].add(key)
    origin, minutes = event["data"]["origin"], event["data"]["minutes"]
    state["minutes"][origin] = state["minutes"].get(origin, 0) + minutes

# %% tags=["nothing-1"] says="One event came"
def handle(event, state):
    state["minutes"] = {"EWR": 8}

# %% tags=["right-1"]
def handle(event, state):
    before = len(state["seen"])
    state["seen"] |= {(event["source"], event["id"])}
    if len(state["seen"]) > before:
        old = state["minutes"].get(event["data"]["origin"], 0)
        state["minutes"] = {**state["minutes"], event["data"]["origin"]: old + event["data"]["minutes"]}

# %% tags=["right-1"]
import json

import numpy as np


def handle(event, state):
    key = json.dumps([event["source"], event["id"]])
    known = list(state["seen"])
    if key not in known:
        state["seen"] = [*known, key]
        state["minutes"].setdefault(event["data"]["origin"], np.int64(0))
        state["minutes"][event["data"]["origin"]] += event["data"]["minutes"]
    return state

# %% tags=["raises-1"] says="KeyError"
def handle(event, state):
    key = event["source"], event["id"]
    if key not in state["seen"]:
        state["seen"].add(key)
        state["minutes"][event["data"]["origin"]] += event["data"]["minutes"]

# %% tags=["hint-1"]
# lab.hint(1)

# %% tags=["solution-1"]
# lab.solution(1)

# %% [markdown]
# ## Exercise 2: A part of the batch
# *Level: modify · 20 minutes*
#
# **Input** `batch`, a list of messages, dicts with `id` and `delivery` (1, 2, 3: how often this one has come). `process(message)`
# raises where it can't; `dead_letter(message)` lays a message aside, and may raise too. `most`: so many deliveries. The queue brings
# again whose ids your function returns; all others it forgets. Today's function:
#
# ```python
# def run(batch, process, dead_letter, most):
#     for message in batch:
#         process(message)
#     return []
# ```
#
# **Goal** process each message once a call, in the order of the batch; one that fails keeps no other from its turn. Return a list of the
# ids that failed and have deliveries left. One that fails in delivery `most`, or a later one, is a dead letter instead. Where
# `dead_letter` raises too, the message comes again. So each is one of three: processed, in the list, or a dead letter. `Killed`, the end
# of the process, is no Exception and gets through. Messages stay as they are.
#
# **Example** of three messages in their first delivery the second one fails, and `most` is 3: you return `["m2"]`.

# %% tags=["exercise-2"]
def run(batch, process, dead_letter, most):
    again = []  # SOLUTION
    for message in batch:  # SOLUTION
        try:  # SOLUTION
            process(message)  # SOLUTION
        except Exception:  # SOLUTION
            try:  # SOLUTION
                if message["delivery"] < most:  # SOLUTION
                    raise  # SOLUTION
                dead_letter(message)  # SOLUTION
            except Exception:  # SOLUTION
                again.append(message["id"])  # SOLUTION
    return again  # SOLUTION

# %% tags=["check-2"]
lab.check(2, run)

# %% tags=["wrong-2"] says="your function let it out" breaks="one that fails keeps no other from its turn"
def run(batch, process, dead_letter, most):
    for message in batch:
        process(message)
    return []

# %% tags=["wrong-2"] says="Each message of a batch gets its turn" breaks="one that fails keeps no other from its turn"
def run(batch, process, dead_letter, most):
    for message in batch:
        try:
            process(message)
        except Exception:
            if message["delivery"] < most:
                return [message["id"]]
            dead_letter(message)
    return []

# %% tags=["wrong-2"] says="was processed, and your list wants it again" breaks="Return a list of the ids that failed"
def run(batch, process, dead_letter, most):
    failed = False
    for message in batch:
        try:
            process(message)
        except Exception:
            failed = True
    return [message["id"] for message in batch] if failed else []

# %% tags=["wrong-2"] says="it is lost" breaks="So each is one of three"
def run(batch, process, dead_letter, most):
    for message in batch:
        try:
            process(message)
        except Exception:
            pass
    return []

# %% tags=["wrong-2"] says="It has tries left" breaks="and have deliveries left"
def run(batch, process, dead_letter, most):
    for message in batch:
        try:
            process(message)
        except Exception:
            dead_letter(message)
    return []

# %% tags=["wrong-2"] says="So it goes on for ever" breaks="One that fails in delivery `most`, or a later one, is a dead letter instead"
def run(batch, process, dead_letter, most):
    again = []
    for message in batch:
        try:
            process(message)
        except Exception:
            again.append(message["id"])
    return again

# %% tags=["wrong-2"] says="failed in delivery 5, 3 are the most" breaks="or a later one"
def run(batch, process, dead_letter, most):
    again = []
    for message in batch:
        try:
            process(message)
        except Exception:
            try:
                if message["delivery"] == most:
                    dead_letter(message)
                    continue
            except Exception:
                pass
            again.append(message["id"])
    return again

# %% tags=["wrong-2"] says="it would be in two places" breaks="So each is one of three"
def run(batch, process, dead_letter, most):
    again = []
    for message in batch:
        try:
            process(message)
        except Exception:
            again.append(message["id"])
            if message["delivery"] >= most:
                dead_letter(message)
    return again

# %% tags=["wrong-2"] says="dead_letter raised a ConnectionError" breaks="Where `dead_letter` raises too, the message comes again"
def run(batch, process, dead_letter, most):
    again = []
    for message in batch:
        try:
            process(message)
        except Exception:
            if message["delivery"] >= most:
                dead_letter(message)
            else:
                again.append(message["id"])
    return again

# %% tags=["wrong-2"] says="went on. `Killed` is no Exception" breaks="`Killed`, the end of the process, is no Exception and gets through"
def run(batch, process, dead_letter, most):
    again = []
    for message in batch:
        try:
            process(message)
        except:
            try:
                assert message["delivery"] >= most
                dead_letter(message)
            except:
                again.append(message["id"])
    return again

# %% tags=["wrong-2"] says="process raised a KeyError" breaks="one that fails keeps no other from its turn"
def run(batch, process, dead_letter, most):
    again = []
    for message in batch:
        try:
            process(message)
        except ValueError:
            if message["delivery"] >= most:
                dead_letter(message)
            else:
                again.append(message["id"])
    return again

# %% tags=["wrong-2"] says="times in one call" breaks="process each message once a call"
def run(batch, process, dead_letter, most):
    again = []
    for message in batch:
        for attempt in range(2):
            try:
                process(message)
                break
            except Exception:
                if attempt:
                    again.append(message["id"])
    return again

# %% tags=["wrong-2"] says="the batch has another one" breaks="in the order of the batch"
def run(batch, process, dead_letter, most):
    again = []
    for message in reversed(batch):
        try:
            process(message)
        except Exception:
            again.append(message["id"])
    return again

# %% tags=["wrong-2"] says="The queue wants their ids" breaks="Return a list of the ids that failed"
def run(batch, process, dead_letter, most):
    again = []
    for message in batch:
        try:
            process(message)
        except Exception:
            again.append(message)
    return again

# %% tags=["wrong-2"] says="You changed a message" breaks="Messages stay as they are"
def run(batch, process, dead_letter, most):
    again = []
    for message in batch:
        try:
            process(message)
        except Exception:
            again.append(message["id"])
            message["failed"] = True
    return again

# %% tags=["nothing-2"] says="was not processed in this call"
def run(batch, process, dead_letter, most):
    return []

# %% tags=["nothing-2"] says="which is no id of the batch"
def run(batch, process, dead_letter, most):
    return ["m7"]

# %% tags=["right-2"]
def run(batch, process, dead_letter, most):
    def fate(message):
        try:
            process(message)
            return "processed"
        except Exception:
            if message["delivery"] < most:
                return "again"
        try:
            dead_letter(message)
        except Exception:
            return "again"
        return "dead"

    fates = {message["id"]: fate(message) for message in batch}
    return {name for name, found in fates.items() if found == "again"}

# %% tags=["right-2"]
import contextlib


def run(batch, process, dead_letter, most):
    waiting = {message["id"]: message for message in batch}
    for message in batch:
        with contextlib.suppress(Exception):
            process(message)
            del waiting[message["id"]]
    for name, message in list(waiting.items()):
        with contextlib.suppress(Exception):
            if message["delivery"] >= most:
                dead_letter(message)
                del waiting[name]
    return tuple(waiting)

# %% tags=["raises-2"] says="KeyError"
def run(batch, process, dead_letter, most):
    return [message["name"] for message in batch]

# %% tags=["hint-2"]
# lab.hint(2)

# %% tags=["solution-2"]
# lab.solution(2)

# %% [markdown]
# ## Exercise 3: Where the machine is cheaper
# *Level: modify · 15 minutes*
#
# **Input** `price`, a dict: dollars for a `call`, a `gb_second` and a `machine_hour`; `ms`, how long a call takes; `gigabytes`, what an
# instance is given; `slots`, how many calls a machine works on at once. Somebody has computed this:
#
# ```python
# def crossover(price, ms, gigabytes, slots):
#     return price["machine_hour"] / price["call"]
# ```
#
# **Goal** a call costs its price and its GB-seconds: gigabytes times seconds, which are billed in whole milliseconds, rounded up. Return
# a pair: the smallest whole number of calls an hour, 1 or more, of which one machine is no dearer (equal is enough), and its
# utilisation there: the time the calls take, unrounded, as a share of its hour in all slots. A machine can't be busier than 1; where it
# would have to be, return `None`.
#
# **Example** a call for 0.5, GB-seconds for nothing, a machine for 8 an hour, calls of 900 ms, one slot: 16 calls, utilisation 0.004.

# %% tags=["exercise-3"]
def crossover(price, ms, gigabytes, slots):
    billed = math.ceil(ms) / 1000  # SOLUTION
    cost = price["call"] + billed * gigabytes * price["gb_second"]  # SOLUTION
    calls = max(1, math.ceil(price["machine_hour"] / cost))  # SOLUTION
    busy = calls * ms / (slots * 3_600_000)  # SOLUTION
    return (calls, busy) if busy <= 1 else None  # SOLUTION

# %% tags=["check-3"]
lab.check(3, crossover)

# %% tags=["wrong-3"] says="should return a pair" breaks="Return a pair"
def crossover(price, ms, gigabytes, slots):
    return price["machine_hour"] / price["call"]

# %% tags=["wrong-3"] says="You left the GB-seconds out" breaks="its price and its GB-seconds"
import math


def crossover(price, ms, gigabytes, slots):
    calls = max(1, math.ceil(price["machine_hour"] / price["call"]))
    busy = calls * ms / (slots * 3_600_000)
    return (calls, busy) if busy <= 1 else None

# %% tags=["wrong-3"] says="You left the price of the call out" breaks="a call costs its price and its GB-seconds"
import math


def crossover(price, ms, gigabytes, slots):
    cost = math.ceil(ms) / 1000 * gigabytes * price["gb_second"] or price["call"]
    calls = max(1, math.ceil(price["machine_hour"] / cost))
    return calls, calls * ms / (slots * 3_600_000)

# %% tags=["wrong-3"] says="You billed the time as it is" breaks="billed in whole milliseconds, rounded up"
import math


def crossover(price, ms, gigabytes, slots):
    cost = price["call"] + ms / 1000 * gigabytes * price["gb_second"]
    calls = max(1, math.ceil(price["machine_hour"] / cost))
    busy = calls * ms / (slots * 3_600_000)
    return (calls, busy) if busy <= 1 else None

# %% tags=["wrong-3"] says="4.1 ms are billed as 5" breaks="rounded up"
import math


def crossover(price, ms, gigabytes, slots):
    cost = price["call"] + round(ms) / 1000 * gigabytes * price["gb_second"]
    calls = max(1, math.ceil(price["machine_hour"] / cost))
    busy = calls * ms / (slots * 3_600_000)
    return (calls, busy) if busy <= 1 else None

# %% tags=["wrong-3"] says="You took the milliseconds for seconds" breaks="gigabytes times seconds"
import math


def crossover(price, ms, gigabytes, slots):
    seconds = math.ceil(ms)
    cost = price["call"] + seconds * gigabytes * price["gb_second"]
    calls = max(1, math.ceil(price["machine_hour"] / cost))
    busy = calls * ms / (slots * 3_600_000)
    return (calls, busy) if busy <= 1 else None

# %% tags=["wrong-3"] says="From there on the machine costs no more" breaks="(equal is enough)"
import math


def crossover(price, ms, gigabytes, slots):
    cost = price["call"] + math.ceil(ms) / 1000 * gigabytes * price["gb_second"]
    calls = math.floor(price["machine_hour"] / cost) + 1
    busy = calls * ms / (slots * 3_600_000)
    return (calls, busy) if busy <= 1 else None

# %% tags=["wrong-3"] says="so it takes 17 whole calls" breaks="the smallest whole number of calls an hour"
import math


def crossover(price, ms, gigabytes, slots):
    cost = price["call"] + math.ceil(ms) / 1000 * gigabytes * price["gb_second"]
    calls = price["machine_hour"] / cost
    calls = math.ceil(calls) if calls > 1000 else math.floor(calls)
    busy = calls * ms / (slots * 3_600_000)
    return (calls, busy) if busy <= 1 else None

# %% tags=["wrong-3"] says="A second machine costs as much again" breaks="A machine can't be busier than 1"
import math


def crossover(price, ms, gigabytes, slots):
    cost = price["call"] + math.ceil(ms) / 1000 * gigabytes * price["gb_second"]
    calls = max(1, math.ceil(price["machine_hour"] / cost))
    return calls, calls * ms / (slots * 3_600_000)

# %% tags=["wrong-3"] says="You left the slots out" breaks="in all slots"
import math


def crossover(price, ms, gigabytes, slots):
    cost = price["call"] + math.ceil(ms) / 1000 * gigabytes * price["gb_second"]
    calls = max(1, math.ceil(price["machine_hour"] / cost))
    busy = calls * ms / 3_600_000
    return (calls, busy) if busy <= slots else None

# %% tags=["wrong-3"] says="You took the billed time" breaks="the time the calls take, unrounded"
import math


def crossover(price, ms, gigabytes, slots):
    cost = price["call"] + math.ceil(ms) / 1000 * gigabytes * price["gb_second"]
    calls = max(1, math.ceil(price["machine_hour"] / cost))
    busy = calls * math.ceil(ms) / (slots * 3_600_000)
    return (calls, busy) if busy <= 1 else None

# %% tags=["wrong-3"] says="from the first call on: 1, not 0" breaks="1 or more"
import math


def crossover(price, ms, gigabytes, slots):
    cost = price["call"] + math.ceil(ms) / 1000 * gigabytes * price["gb_second"]
    calls = math.ceil(price["machine_hour"] / cost)
    busy = calls * ms / (slots * 3_600_000)
    return (calls, busy) if busy <= 1 else None

# %% tags=["nothing-3"] says="Calls of 4 ms"
def crossover(price, ms, gigabytes, slots):
    return 16, 0.004

# %% tags=["right-3"]
def crossover(price, ms, gigabytes, slots):
    billed = int(ms) + (ms > int(ms))
    cost = price["call"] + billed * gigabytes * price["gb_second"] / 1000
    capacity = int(slots * 3_600_000 / ms)
    low, high = 1, capacity + 1
    while low < high:
        middle = (low + high) // 2
        if middle * cost >= price["machine_hour"]:
            high = middle
        else:
            low = middle + 1
    return [low, low / (slots * 3_600_000 / ms)] if low <= capacity else None

# %% tags=["right-3"]
import numpy as np


def crossover(price, ms, gigabytes, slots):
    cost = price["call"] + np.ceil(ms) / 1000 * gigabytes * price["gb_second"]
    calls = np.maximum(1, np.ceil(price["machine_hour"] / cost))
    share = np.float64(calls * ms / 1000 / 3600 / slots)
    if share > 1:
        return None
    return np.int64(calls), share

# %% tags=["raises-3"] says="TypeError"
def crossover(price, ms, gigabytes, slots):
    return price["machine_hour"] / price, slots

# %% tags=["hint-3"]
# lab.hint(3)

# %% tags=["solution-3"]
# lab.solution(3)

# %% [markdown]
# ## Exercise 4: How many at once
# *Level: design · 40 minutes*
#
# **Input** twenty times a second your rule is asked how many instances shall run. It gets `waiting`, the messages nobody works on;
# `running`, all instances, also those that still start; `free`, those of them that could take a message; `quiet`, the ms since a
# message came; `most`, how many connections the database has for you, one an instance: it differs from day to day. A start takes
# 800 ms, a call 50 ms. Only free ones can be taken back.
#
# **Goal** on each of twenty days, with bursts, a trickle of a message a second, and silences: never want more than `most`. 99 of 100
# messages wait at most 1,250 ms. Start at most four times `most` instances. After 5 seconds without a message, when none
# waits, nothing runs. Together they run at most a quarter of the time of `most` that are always on.
#
# **Example** `wanted(waiting=12, running=0, free=0, quiet=0, most=5)` is 5 or less, `wanted(0, 3, 3, 60_000, 5)` is 0.

# %% tags=["exercise-4"]
def wanted(waiting, running, free, quiet, most):
    at_work = running - free  # SOLUTION
    ready = 1 if quiet < 2000 else 0  # SOLUTION
    return min(most, max(waiting, at_work, ready))  # SOLUTION

# %% tags=["check-4"]
lab.check(4, wanted)

# %% tags=["wrong-4"] says="the database refuses the connection" breaks="never want more than `most`"
def wanted(waiting, running, free, quiet, most):
    return max(waiting, running - free, 1 if quiet < 2000 else 0)

# %% tags=["wrong-4"] says="instances and may have" breaks="it differs from day to day"
def wanted(waiting, running, free, quiet, most):
    return min(8, max(waiting, running - free, 1 if quiet < 2000 else 0))

# %% tags=["wrong-4"] says="99 of 100 messages waited up to" breaks="99 of 100 messages wait at most 1,250 ms"
def wanted(waiting, running, free, quiet, most):
    return 1 if quiet < 2000 or waiting else 0

# %% tags=["wrong-4"] says="are the target" breaks="99 of 100 messages wait at most 1,250 ms"
def wanted(waiting, running, free, quiet, most):
    return min(most, max(-(-waiting // 10), running - free, 1 if quiet < 2000 else 0))

# %% tags=["wrong-4"] says="saves a start" breaks="Start at most four times `most` instances"
def wanted(waiting, running, free, quiet, most):
    return min(most, max(waiting, running - free))

# %% tags=["wrong-4"] says="and 1 run: that is paid" breaks="when none waits, nothing runs"
def wanted(waiting, running, free, quiet, most):
    return min(most, max(waiting, running - free, 1))

# %% tags=["wrong-4"] says="run: that is paid" breaks="After 5 seconds without a message"
def wanted(waiting, running, free, quiet, most):
    return most

# %% tags=["wrong-4"] says="a quarter is the budget" breaks="at most a quarter of the time of `most` that are always on"
def wanted(waiting, running, free, quiet, most):
    return most if waiting or quiet < 2000 else 0

# %% tags=["wrong-4"] says="of the time of `most` that are always on" breaks="Together they run at most a quarter of the time"
def wanted(waiting, running, free, quiet, most):
    if quiet < 2000:
        return min(most, max(waiting, running))
    return min(most, max(waiting, running - free))

# %% tags=["nothing-4"] says="No message has come for"
def wanted(waiting, running, free, quiet, most):
    return min(5, most)

# %% tags=["right-4"]
def wanted(waiting, running, free, quiet, most):
    at_work = running - free
    if waiting:
        return min(most, max(at_work, waiting))
    return at_work or (free > 0 and quiet < 1500)

# %% tags=["right-4"]
import numpy as np


def wanted(waiting, running, free, quiet, most):
    if quiet >= 4000 and not waiting:
        return np.int64(0)
    half = np.ceil(waiting / 2)
    return float(min(most, max(half, running - free, 1)))

# %% tags=["raises-4"] says="ZeroDivisionError"
def wanted(waiting, running, free, quiet, most):
    return waiting // free

# %% tags=["hint-4"]
# lab.hint(4)

# %% tags=["solution-4"]
# lab.solution(4)

# %% [markdown]
# ## Discussion
#
# **The tempting wrong solution** of exercise 1 is a check before the work: "is the key there? If not, do it, then write the key".
# In a dict of one process that is the same as yours. With two instances it is not: both ask, both hear no, both do it. And a kill
# between the effect and the key counts twice, between the key and the effect not at all. On a database, key and effect are one
# transaction, and a primary key decides.

# %% [markdown]
# **What is inherent.** Whoever calls again can't know what a dead one has done, so at least once is what a trigger can promise, and
# the rest is the effect's own matter. Dead letters are only as good as whoever reads them. A rule that looks at the queue is always
# late by a cold start; only an idle instance, which is paid, would be in time.
#
# **Two hundred at once.** Real platforms start hundreds of instances within seconds, and each opens a connection. The database
# behind them does not grow by itself: it refuses, the calls fail, they are tried again, and that is a second wave. So the
# limit of exercise 4 is set where the narrowest part is, or a pool of connections stands between.
#
# **The bill is a model**, in the lesson and here. What a call costs besides, storage, logs, traffic, the database, may be more than
# the call.
