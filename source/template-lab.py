# %% [markdown]
# # Lab 99: The template
#
# Copy this file to `source/labs/NN-slug.py` and its room, `patternlab/patterns/template_lab/`, to
# `patternlab/patterns/slug/`. Here the lab says what it is about and how long it takes. About 30 minutes.

# %% tags=["setup"]
from patternlab import Lab

lab = Lab("template-lab")
lab.progress()

# %% [markdown]
# ## Exercise 1: Flights per scheduled hour
# *Level: fill in · 10 minutes*
#
# **Input** a list of reports, each with `flight`, `scheduled` and `arrival` as "HH:MM".
#
# **Goal** a dict: scheduled hour ("00") to number of flights.
#
# **Example** `[{"flight": "UA 1", "scheduled": "00:10", "arrival": "01:05"}]` gives `{"00": 1}`.

# %% tags=["exercise-1"]
def per_hour(reports):
    counts = {}
    for report in reports:
        hour = report["scheduled"][:2]  # SOLUTION
        counts[hour] = counts.get(hour, 0) + 1  # SOLUTION
    return counts

# %% tags=["check-1"]
lab.check(1, per_hour)

# %% tags=["wrong-1"] says="You grouped by arrival" breaks="scheduled hour"
def per_hour(reports):
    counts = {}
    for report in reports:
        counts[report["arrival"][:2]] = counts.get(report["arrival"][:2], 0) + 1
    return counts

# %% tags=["wrong-1"] says="You counted all flights together" breaks="a dict"
def per_hour(reports):
    return len(reports)

# %% tags=["wrong-1"] says="You returned no hours" breaks="number of flights"
def per_hour(reports):
    return {}

# %% tags=["nothing-1"] says="Some hour has the wrong count"
def per_hour(reports):
    return {"00": 1}

# %% tags=["right-1"]
from collections import Counter


def per_hour(reports):
    return Counter(report["scheduled"].split(":")[0] for report in reports)

# %% tags=["raises-1"] says="KeyError"
def per_hour(reports):
    return {report["hour"]: 1 for report in reports}

# %% tags=["hint-1"]
# lab.hint(1)

# %% tags=["solution-1"]
# lab.solution(1)

# %% [markdown]
# ## Exercise 2: The newest row of each flight
# *Level: design · 30 minutes*
#
# **Input** rows with `flight`, `arrival` (a number) and `gate`, in any order.
#
# **Goal** a list with one row per flight: the one with the greatest `arrival`. The check runs it on 20 orders.
#
# **Example** gates A at 3 and B at 9 of one flight give the row of B.

# %% tags=["exercise-2"]
def newest(rows):
    best = {}  # SOLUTION
    for row in rows:  # SOLUTION
        if row["flight"] not in best or row["arrival"] > best[row["flight"]]["arrival"]:  # SOLUTION
            best[row["flight"]] = row  # SOLUTION
    return list(best.values())  # SOLUTION

# %% tags=["check-2"]
lab.check(2, newest)

# %% tags=["wrong-2"] says="The order of the input decided" breaks="the one with the greatest arrival"
def newest(rows):
    return list({row["flight"]: row for row in rows}.values())

# %% tags=["wrong-2"] says="You kept every row" breaks="one row per flight"
def newest(rows):
    return rows

# %% tags=["wrong-2"] says="You kept one row for all flights" breaks="one row per flight"
def newest(rows):
    return [max(rows, key=lambda row: row["arrival"])]

# %% tags=["nothing-2"] says="You kept one row for all flights"
def newest(rows):
    return [{"flight": "UA 1", "arrival": 9, "gate": "B"}]

# %% tags=["right-2"]
def newest(rows):
    return list({row["flight"]: row for row in sorted(rows, key=lambda row: row["arrival"])}.values())

# %% tags=["raises-2"] says="TypeError"
def newest(rows):
    return max(rows)

# %% tags=["hint-2"]
# lab.hint(2)

# %% tags=["solution-2"]
# lab.solution(2)

# %% [markdown]
# ## Discussion
#
# Name the tempting wrong solution here and say what is inherent. In exercise 1 the tempting one groups by arrival: it
# needs no memory of earlier hours. What is inherent: an hour by schedule is complete only when its last flight has come.
