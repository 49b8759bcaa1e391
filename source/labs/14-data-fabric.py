# %% [markdown]
# # Lab 14: Data fabric
#
# You make edges of a listener's events, a score that knows keys, a policy that travels along lineage, and at last a search for
# references in catalogues that nobody has described. No engine is needed. Notebook
# [14-data-fabric](../notebooks/14-data-fabric.ipynb) has the pattern; this lab has the decisions. About 110 minutes.

# %% tags=["setup"]
from patternlab import Lab
from patternlab.patterns.data_fabric.catalogues import catalogue

lab = Lab("14-data-fabric")
lab.progress()

# %% [markdown]
# ## Exercise 1: Edges of runs
# *Level: fill in · 10 minutes*
#
# **Input** `events`, OpenLineage events as dicts: `eventType` (a text), `inputs` and `outputs` (lists of data sets,
# either may be empty). A data set is a dict, and its `name` is a path. And `catalogue`, a set of table names.
#
# **Goal** the edges, a set of pairs (table read, table written): of each event of type `COMPLETE` each input with
# each output. The last part of the path is the table's name. What is not in the catalogue has no edge. A table that
# is read and written by one run has no edge to itself.
#
# **Example** a `COMPLETE` event with the input `/lake/tables/flights` and the output `/lake/tables/departed` makes
# `{("flights", "departed")}`, if both are in the catalogue.

# %% tags=["exercise-1"]
def edges(events, catalogue):
    found = set()
    for event in events:
        if event["eventType"] == "COMPLETE":
            for read in event["inputs"]:
                for written in event["outputs"]:
                    source = read["name"].rsplit("/", 1)[-1]  # SOLUTION
                    target = written["name"].rsplit("/", 1)[-1]  # SOLUTION
                    if source != target and {source, target} <= catalogue:  # SOLUTION
                        found.add((source, target))  # SOLUTION
    return found

# %% tags=["check-1"]
lab.check(1, edges)

# %% tags=["wrong-1"] says="Neither run has completed" breaks="of each event of type `COMPLETE`"
def edges(events, catalogue):
    found = set()
    for event in events:
        read = [entry["name"].split("/")[-1] for entry in event["inputs"]]
        written = [entry["name"].split("/")[-1] for entry in event["outputs"]]
        found |= {(i, o) for i in read for o in written if i != o}
    return {(i, o) for i, o in found if {i, o} <= catalogue}

# %% tags=["wrong-1"] says="still running, the other was aborted" breaks="of each event of type `COMPLETE`"
def edges(events, catalogue):
    found = set()
    for event in events:
        if event["eventType"] not in ("START", "FAIL"):
            read = [entry["name"].split("/")[-1] for entry in event["inputs"]]
            written = [entry["name"].split("/")[-1] for entry in event["outputs"]]
            found |= {(i, o) for i in read for o in written if i != o}
    return {(i, o) for i, o in found if {i, o} <= catalogue}

# %% tags=["wrong-1"] says="what one has read is no input of the other" breaks="of each event"
def edges(events, catalogue):
    done = [event for event in events if event["eventType"] == "COMPLETE"]
    read = {entry["name"].split("/")[-1] for event in done for entry in event["inputs"]} & catalogue
    written = {entry["name"].split("/")[-1] for event in done for entry in event["outputs"]} & catalogue
    return {(i, o) for i in read for o in written if i != o}

# %% tags=["wrong-1"] says="Each input has an edge to the output" breaks="each input with each output"
def edges(events, catalogue):
    found = set()
    for event in events:
        if event["eventType"] == "COMPLETE":
            for read, written in zip(event["inputs"], event["outputs"]):
                pair = read["name"].split("/")[-1], written["name"].split("/")[-1]
                found.add(pair)
    return {(i, o) for i, o in found if i != o and {i, o} <= catalogue}

# %% tags=["wrong-1"] says="The input has an edge to each of them" breaks="with each output"
def edges(events, catalogue):
    found = set()
    for event in events:
        if event["eventType"] == "COMPLETE" and event["outputs"]:
            target = event["outputs"][0]["name"].split("/")[-1]
            found |= {(read["name"].split("/")[-1], target) for read in event["inputs"]}
    return {(i, o) for i, o in found if i != o and {i, o} <= catalogue}

# %% tags=["wrong-1"] says="_delta_log is a folder" breaks="What is not in the catalogue has no edge"
def edges(events, catalogue):
    found = set()
    for event in events:
        if event["eventType"] == "COMPLETE":
            read = [entry["name"].split("/")[-1] for entry in event["inputs"]]
            written = [entry["name"].split("/")[-1] for entry in event["outputs"]]
            found |= {(i, o) for i in read for o in written if i != o}
    return found

# %% tags=["wrong-1"] says="offsets is no table" breaks="What is not in the catalogue has no edge"
def edges(events, catalogue):
    found = set()
    for event in events:
        if event["eventType"] == "COMPLETE":
            read = [entry["name"].split("/")[-1] for entry in event["inputs"]]
            written = [entry["name"].split("/")[-1] for entry in event["outputs"]]
            found |= {(i, o) for i in read for o in written if i != o and i in catalogue}
    return found

# %% tags=["wrong-1"] says="old_flights is another name" breaks="The last part of the path is the table's name"
def edges(events, catalogue):
    found = set()
    for event in events:
        if event["eventType"] == "COMPLETE":
            read = [table for entry in event["inputs"] for table in catalogue if entry["name"].endswith(table)]
            written = [table for entry in event["outputs"] for table in catalogue if entry["name"].endswith(table)]
            found |= {(i, o) for i in read for o in written if i != o}
    return found

# %% tags=["wrong-1"] says="The last part of the path is planes" breaks="The last part of the path"
def edges(events, catalogue):
    found = set()
    for event in events:
        if event["eventType"] == "COMPLETE":
            read = [next((part for part in entry["name"].split("/") if part in catalogue), "") for entry in event["inputs"]
                    if entry["name"].split("/")[-1] in catalogue]
            written = [entry["name"].split("/")[-1] for entry in event["outputs"]]
            found |= {(i, o) for i in read for o in written if i != o and o in catalogue}
    return found

# %% tags=["wrong-1"] says="A MERGE reads makers to change it" breaks="has no edge to itself"
def edges(events, catalogue):
    found = set()
    for event in events:
        if event["eventType"] == "COMPLETE":
            read = [entry["name"].split("/")[-1] for entry in event["inputs"]]
            written = [entry["name"].split("/")[-1] for entry in event["outputs"]]
            found |= {(i, o) for i in read for o in written}
    return {(i, o) for i, o in found if {i, o} <= catalogue}

# %% tags=["wrong-1"] says="Two runs of flights have completed" breaks="of each event"
def edges(events, catalogue):
    for event in events:
        if event["eventType"] == "COMPLETE":
            read = [entry["name"].split("/")[-1] for entry in event["inputs"]]
            written = [entry["name"].split("/")[-1] for entry in event["outputs"]]
            return {(i, o) for i in read for o in written if i != o and {i, o} <= catalogue}
    return set()

# %% tags=["wrong-1"] says="pairs of two names" breaks="a set of pairs"
def edges(events, catalogue):
    return {f"{i['name']} -> {o['name']}" for event in events for i in event["inputs"] for o in event["outputs"]}

# %% tags=["nothing-1"] says="There is no edge yet"
def edges(events, catalogue):
    return {("flights", "departed")}

# %% tags=["right-1"]
from itertools import product


def edges(events, catalogue):
    done = [event for event in events if event["eventType"] == "COMPLETE"]
    pairs = [pair for event in done for pair in product(event["inputs"], event["outputs"])]
    named = [[entry["name"].split("/")[-1] for entry in pair] for pair in pairs]
    return [pair for pair in named if len(set(pair)) == 2 and set(pair) <= catalogue]

# %% tags=["right-1"]
from pathlib import PurePosixPath


def edges(events, catalogue):
    found = {}
    for event in events:
        if event["eventType"] != "COMPLETE":
            continue
        read = {PurePosixPath(entry["name"]).name for entry in event["inputs"]} & catalogue
        for entry in event["outputs"]:
            target = PurePosixPath(entry["name"]).name
            if target in catalogue:
                found.setdefault(target, set()).update(read - {target})
    return frozenset((source, target) for target, sources in found.items() for source in sources)

# %% tags=["raises-1"] says="KeyError"
def edges(events, catalogue):
    return {(event["input"], event["output"]) for event in events}

# %% tags=["hint-1"]
# lab.hint(1)

# %% tags=["solution-1"]
# lab.solution(1)

# %% [markdown]
# ## Exercise 2: A score of values
# *Level: modify · 20 minutes*
#
# **Input** two columns, `left` and `right`, dicts with a `name` and `values`, a list with a value for each row;
# `None` is no value. Two columns together come as pairs. A join is suggested where the score is 0.5 or more. Today:
#
# ```python
# def score(left, right):
#     return 1.0 if left["name"] == right["name"] else 0.0
# ```
#
# **Goal** change it until `year` is out and all true joins of the flights are in. The score is the share of the
# left side's different values that are among the right side's, from 0 to 1, not rounded. It is 0 where the right
# side is no key, that is where a value stands in it twice, or a `None`; and 0 where the left side has fewer than
# three different values. Names do not count.
#
# **Example** `["a", "b", "c", "d"]` on the left and `["a", "b", "x"]` on the right make 0.5.

# %% tags=["exercise-2"]
def score(left, right):
    mine = set(left["values"]) - {None}  # SOLUTION
    yours = set(right["values"])  # SOLUTION
    if len(mine) < 3 or None in yours or len(yours) < len(right["values"]):  # SOLUTION
        return 0.0  # SOLUTION
    return len(mine & yours) / len(mine)  # SOLUTION

# %% tags=["check-2"]
lab.check(2, score)

# %% tags=["wrong-2"] says="The score is one of values" breaks="Names do not count"
def score(left, right):
    return 1.0 if left["name"] == right["name"] else 0.0

# %% tags=["wrong-2"] says="where 2013 stands twice" breaks="a value stands in it twice"
def score(left, right):
    mine, yours = set(left["values"]) - {None}, set(right["values"])
    if len(mine) < 3 or None in yours:
        return 0.0
    return len(mine & yours) / len(mine)

# %% tags=["wrong-2"] says="still the right side is no key" breaks="that is where a value stands in it twice"
def score(left, right):
    mine, yours = set(left["values"]) - {None}, right["values"]
    if len(mine) < 3 or None in yours or any(yours.count(value) > 1 for value in mine):
        return 0.0
    return len(mine & set(yours)) / len(mine)

# %% tags=["wrong-2"] says="Both columns are called year" breaks="Names do not count"
def score(left, right):
    mine, yours = set(left["values"]) - {None}, set(right["values"])
    if left["name"] == "year" or len(mine) < 3 or None in yours or len(yours) < len(right["values"]):
        return 0.0
    return len(mine & yours) / len(mine)

# %% tags=["wrong-2"] says="There is a None on the right" breaks="or a `None`"
def score(left, right):
    mine, yours = set(left["values"]) - {None}, set(right["values"])
    if len(mine) < 3 or len(yours) < len(right["values"]):
        return 0.0
    return len(mine & yours) / len(mine)

# %% tags=["wrong-2"] says="Rows do not count, values do" breaks="the share of the left side's different values"
def score(left, right):
    mine, yours = [value for value in left["values"] if value is not None], set(right["values"])
    if len(set(mine)) < 3 or None in yours or len(yours) < len(right["values"]):
        return 0.0
    return sum(value in yours for value in mine) / len(mine)

# %% tags=["wrong-2"] says="A None on the left is no value" breaks="`None` is no value"
def score(left, right):
    mine, yours = set(left["values"]), set(right["values"])
    if len(mine - {None}) < 3 or None in yours or len(yours) < len(right["values"]):
        return 0.0
    return len(mine & yours) / len(mine)

# %% tags=["wrong-2"] says="two different values, which says nothing" breaks="fewer than three different values"
def score(left, right):
    mine, yours = set(left["values"]) - {None}, set(right["values"])
    if not mine or None in yours or len(yours) < len(right["values"]):
        return 0.0
    return len(mine & yours) / len(mine)

# %% tags=["wrong-2"] says="two different values and None" breaks="fewer than three different values"
def score(left, right):
    mine, yours = set(left["values"]), set(right["values"])
    if len(mine) < 3 or None in yours or len(yours) < len(right["values"]):
        return 0.0
    return len(mine & yours) / max(1, len(mine - {None}))

# %% tags=["wrong-2"] says="are enough, and all are there" breaks="fewer than three different values"
def score(left, right):
    mine, yours = set(left["values"]) - {None}, set(right["values"])
    if len(mine) <= 3 or None in yours or len(yours) < len(right["values"]):
        return 0.0 if left["name"] == "size" or len(mine) < 3 or None in yours or len(yours) < len(right["values"]) \
            else len(mine & yours) / len(mine)
    return len(mine & yours) / len(mine)

# %% tags=["wrong-2"] says="however many more the right has" breaks="the share of the left side's different values"
def score(left, right):
    mine, yours = set(left["values"]) - {None}, set(right["values"])
    if len(mine) < 3 or None in yours or len(yours) < len(right["values"]):
        return 0.0
    return min(1.0, len(mine & yours) / max(len(mine), len(yours) / 2))

# %% tags=["wrong-2"] says="Of ten values on the left two are there" breaks="the share of the left side's"
def score(left, right):
    mine, yours = set(left["values"]) - {None}, set(right["values"])
    if len(mine) < 3 or None in yours or len(yours) < len(right["values"]):
        return 0.0
    return len(mine & yours) / min(len(mine), max(1, len(yours))) if len(mine) > 4 else len(mine & yours) / len(mine)

# %% tags=["wrong-2"] says="two thirds, not rounded" breaks="not rounded"
def score(left, right):
    mine, yours = set(left["values"]) - {None}, set(right["values"])
    if len(mine) < 3 or None in yours or len(yours) < len(right["values"]):
        return 0.0
    return round(len(mine & yours) / len(mine), 2)

# %% tags=["wrong-2"] says="come as pairs" breaks="Two columns together come as pairs"
def score(left, right):
    mine, yours = set(left["values"]) - {None}, set(right["values"])
    if any(isinstance(value, tuple) for value in mine):
        mine = {part for value in mine for part in value}
    if len(mine) < 3 or None in yours or len(yours) < len(right["values"]):
        return 0.0
    return len(mine & yours) / len(mine)

# %% tags=["nothing-2"] says="is a key: 1"
def score(left, right):
    return 0.5

# %% tags=["right-2"]
from collections import Counter
from fractions import Fraction


def score(left, right):
    found = Counter(right["values"])
    mine = Counter(value for value in left["values"] if value is not None)
    is_key = found[None] == 0 and max(found.values(), default=1) == 1
    if not is_key or len(mine) < 3:
        return 0
    return float(Fraction(sum(1 for value in mine if value in found), len(mine)))

# %% tags=["right-2"]
import pandas as pd


def score(left, right):
    mine = pd.Series(left["values"], dtype=object).dropna().drop_duplicates()
    yours = pd.Series(right["values"], dtype=object)
    good = len(mine) > 2 and yours.notna().all() and yours.is_unique
    return mine.isin(yours).mean() if good else 0.0

# %% tags=["right-2"]
def score(left, right):
    mine = set(left["values"]) - {None}
    yours = set(right["values"])
    is_key = None not in yours and len(yours) == len(right["values"])
    return is_key and len(mine) > 2 and len(mine & yours) / len(mine)

# %% tags=["raises-2"] says="ZeroDivisionError"
def score(left, right):
    mine, yours = set(left["values"]) - {None}, set(right["values"])
    if None in yours or len(yours) < len(right["values"]) or 0 < len(mine) < 3:
        return 0.0
    return len(mine & yours) / len(mine)

# %% tags=["hint-2"]
# lab.hint(2)

# %% tags=["solution-2"]
# lab.solution(2)

# %% [markdown]
# ## Exercise 3: A tag that travels
# *Level: design · 35 minutes*
#
# **Input** `edges`, a list of triples (source, target, kind) in any order: the column `target` is made of the
# column `source`. And `tags`, a dict from column to its set of tags, as people have set them.
#
# **Goal** a dict from each column that has a tag to the set of its tags: its own, and those of every column that it
# is made of, over any number of steps (a chain may have thousands). The kinds `IDENTITY`, `TRANSFORMATION` and
# `AGGREGATION` carry every tag. `INDIRECT` (a filter, a join's key) and `MASKED` (a hash) carry none; where another
# way is open, the tag comes by that one. Edges may run in circles. A column without a tag is not in the answer.
# Leave `tags` unchanged.
#
# **Example** `[("a", "b", "IDENTITY"), ("b", "c", "MASKED")]` with `{"a": {"personal"}}` makes `{"a": {"personal"},
# "b": {"personal"}}`.

# %% tags=["exercise-3"]
def propagate(edges, tags):
    following = {}  # SOLUTION
    for source, target, kind in edges:  # SOLUTION
        if kind in ("IDENTITY", "TRANSFORMATION", "AGGREGATION"):  # SOLUTION
            following.setdefault(source, []).append(target)  # SOLUTION
    found = {}  # SOLUTION
    todo = [(column, tag) for column, own in tags.items() for tag in own]  # SOLUTION
    while todo:  # SOLUTION
        column, tag = todo.pop()  # SOLUTION
        if tag in found.setdefault(column, set()):  # SOLUTION
            continue  # SOLUTION
        found[column].add(tag)  # SOLUTION
        for target in following.get(column, []):  # SOLUTION
            todo.append((target, tag))  # SOLUTION
    return found  # SOLUTION

# %% tags=["check-3"]
lab.check(3, propagate)

# %% tags=["wrong-3"] says="and a keeps it" breaks="its own, and those of every column"
def propagate(edges, tags):
    found = {}
    for source, target, kind in edges:
        if kind not in ("INDIRECT", "MASKED") and source in tags:
            found[target] = set(tags[source])
    return found

# %% tags=["wrong-3"] says="in any order" breaks="in any order"
def propagate(edges, tags):
    found = {column: set(own) for column, own in tags.items() if own}
    for source, target, kind in edges:
        if kind not in ("INDIRECT", "MASKED") and source in found:
            found.setdefault(target, set()).update(found[source])
    return found

# %% tags=["wrong-3"] says="a maximum is still somebody's value" breaks="carry every tag"
def propagate(edges, tags):
    found = {column: set(own) for column, own in tags.items() if own}
    for _ in edges:
        for source, target, kind in edges:
            if kind in ("IDENTITY", "TRANSFORMATION") and source in found:
                found.setdefault(target, set()).update(found[source])
    return found

# %% tags=["wrong-3"] says="only chose the rows of b" breaks="`INDIRECT`"
def propagate(edges, tags):
    found = {column: set(own) for column, own in tags.items() if own}
    for _ in edges:
        for source, target, kind in edges:
            if kind != "MASKED" and source in found:
                found.setdefault(target, set()).update(found[source])
    return found

# %% tags=["wrong-3"] says="the tag ends before b" breaks="`MASKED` (a hash) carry none"
def propagate(edges, tags):
    found = {column: set(own) for column, own in tags.items() if own}
    for _ in edges:
        for source, target, kind in edges:
            if kind != "INDIRECT" and source in found:
                found.setdefault(target, set()).update(found[source])
    return found

# %% tags=["wrong-3"] says="another one is open, over x" breaks="where another way is open, the tag comes by that one"
def propagate(edges, tags):
    found = {column: set(own) for column, own in tags.items() if own}
    shut = {target for _, target, kind in edges if kind == "MASKED"}
    for _ in edges:
        for source, target, kind in edges:
            if kind not in ("INDIRECT", "MASKED") and target not in shut and source in found:
                found.setdefault(target, set()).update(found[source])
    return found

# %% tags=["wrong-3"] says="b's own tag is its own" breaks="its own, and those"
def propagate(edges, tags):
    shut = {target for _, target, kind in edges if kind == "MASKED" and not any(
        edge[1] == target and edge[2] in ("IDENTITY", "TRANSFORMATION", "AGGREGATION") for edge in edges)}
    found = {column: set(own) for column, own in tags.items() if own and column not in shut}
    for _ in edges:
        for source, target, kind in edges:
            if kind not in ("INDIRECT", "MASKED") and source in found:
                found.setdefault(target, set()).update(found[source])
    return found

# %% tags=["wrong-3"] says="has both of their tags" breaks="the set of its tags"
def propagate(edges, tags):
    found = {column: set(own) for column, own in tags.items() if own}
    todo = list(found)
    while todo:
        column = todo.pop(0)
        for source, target, kind in edges:
            if source == column and kind not in ("INDIRECT", "MASKED") and target not in found:
                found[target] = set(found[column])
                todo.append(target)
    return found

# %% tags=["wrong-3"] says="both go on to c" breaks="those of every column that it is made of"
def propagate(edges, tags):
    found = {column: set(own) for column, own in tags.items() if own}
    seen = set()
    todo = list(found)[::-1]
    while todo:
        column = todo.pop(0)
        if column in seen:
            continue
        seen.add(column)
        for source, target, kind in edges:
            if source == column and kind not in ("INDIRECT", "MASKED"):
                found.setdefault(target, set()).update(found[column])
                todo.append(target)
    return found

# %% tags=["wrong-3"] says="x is in your answer and has no tag" breaks="A column without a tag is not in the answer"
def propagate(edges, tags):
    found = {column: set(own) for column, own in tags.items()}
    for _ in edges:
        for source, target, kind in edges:
            if kind not in ("INDIRECT", "MASKED") and source in found:
                found.setdefault(target, set()).update(found[source])
    return found

# %% tags=["wrong-3"] says="You changed the tags" breaks="Leave `tags` unchanged"
def propagate(edges, tags):
    found = {column: own for column, own in tags.items() if own}
    for _ in range(len(edges) + 1):
        for source, target, kind in edges:
            if kind not in ("INDIRECT", "MASKED") and source in found:
                found.setdefault(target, set()).update(found[source])
    return found

# %% tags=["wrong-3"] says="b is what a is made of" breaks="is made of the column `source`"
def propagate(edges, tags):
    found = {column: set(own) for column, own in tags.items() if own}
    for _ in edges:
        for source, target, kind in edges:
            if kind not in ("INDIRECT", "MASKED"):
                both = found.get(source, set()) | found.get(target, set())
                if both:
                    found[source], found[target] = set(both), set(both)
    return found

# %% tags=["wrong-3"] says="one of them carries the tag" breaks="where another way is open"
def propagate(edges, tags):
    kinds = {(source, target): kind for source, target, kind in edges}
    found = {column: set(own) for column, own in tags.items() if own}
    for _ in edges:
        for (source, target), kind in kinds.items():
            if kind not in ("INDIRECT", "MASKED") and source in found:
                found.setdefault(target, set()).update(found[source])
    return found

# %% tags=["wrong-3"] says="its last edge first in the list" breaks="over any number of steps"
def propagate(edges, tags):
    found = {column: set(own) for column, own in tags.items() if own}
    for _ in range(50):
        for source, target, kind in edges:
            if kind not in ("INDIRECT", "MASKED") and source in found:
                found.setdefault(target, set()).update(found[source])
    return found

# %% tags=["wrong-3"] says="should return a dict" breaks="a dict from each column"
def propagate(edges, tags):
    return set(tags) | {target for _, target, kind in edges if kind not in ("INDIRECT", "MASKED")}

# %% tags=["nothing-3"] says="b is derived from a"
def propagate(edges, tags):
    return {"a": {"personal"}, "x": {"personal"}}

# %% tags=["right-3"]
def propagate(edges, tags):
    carried = {"IDENTITY", "TRANSFORMATION", "AGGREGATION"}
    ways = {(source, target) for source, target, kind in edges if kind in carried}
    where = {}
    for tag in set().union(*tags.values()):
        reached = {column for column, own in tags.items() if tag in own}
        while new := {target for source, target in ways if source in reached} - reached:
            reached |= new
        for column in reached:
            where.setdefault(column, []).append(tag)
    return where

# %% tags=["right-3"]
from collections import defaultdict, deque


def propagate(edges, tags):
    following, found = defaultdict(set), defaultdict(frozenset)
    for source, target, kind in edges:
        if kind not in {"INDIRECT", "MASKED"}:
            following[source].add(target)
    queue = deque()
    for column in tags:
        if tags[column]:
            found[column] = frozenset(tags[column])
            queue.append(column)
    while queue:
        column = queue.popleft()
        for target in following[column]:
            if not found[column] <= found[target]:
                found[target] |= found[column]
                queue.append(target)
    return {column: own for column, own in found.items() if own}

# %% tags=["raises-3"] says="RecursionError"
def propagate(edges, tags):
    following, found = {}, {}
    for source, target, kind in edges:
        if kind not in ("INDIRECT", "MASKED"):
            following.setdefault(source, []).append(target)

    def visit(column, tag):
        if tag not in found.setdefault(column, set()):
            found[column].add(tag)
            for target in following.get(column, []):
                visit(target, tag)

    for column, own in tags.items():
        for tag in own:
            visit(column, tag)
    return found

# %% tags=["hint-3"]
# lab.hint(3)

# %% tags=["solution-3"]
# lab.solution(3)

# %% [markdown]
# ## Exercise 4: References that nobody wrote down
# *Level: design · 45 minutes*
#
# **Input** `tables`, a dict from table to its columns, each a list of values, one for each row, `None` where there
# is none. `catalogue(0)` gives such a catalogue, and its true references. In all of them columns are called as in
# that one, ids count from 1, and a column that is a key itself refers to nothing. A true reference is empty in about
# one row of ten at most, misses its key as often, and meets at least two thirds of the keys.
#
# **Goal** the references, a set of pairs such as `("orders.payer", "customers.id")`: from a column to a key, which
# has each of its values once, of another table. A column refers to one table at most. Over twenty other catalogues
# together, at least nine in ten of your suggestions are true, and at least nine in ten of the true references are
# suggested.
#
# **Example** `catalogue(0)`, and below it its true references.

# %% tags=["start-4"]
example, true = catalogue(0)
for table, columns in example.items():
    print(table)
    for column, values in columns.items():
        different = len(set(values))
        print(f"    {column}: {different} different in {len(values)}, {values[:3]}")
print(sorted(true))

# %% tags=["exercise-4"]
def suggest(tables):
    keys = {}  # SOLUTION
    for table, columns in tables.items():  # SOLUTION
        for column, values in columns.items():  # SOLUTION
            if None not in values and len(set(values)) == len(values):  # SOLUTION
                keys[table, column] = set(values)  # SOLUTION
    found = set()  # SOLUTION
    for table, columns in tables.items():  # SOLUTION
        for column, values in columns.items():  # SOLUTION
            mine = set(values) - {None}  # SOLUTION
            if (table, column) in keys or len(mine) < 3:  # SOLUTION
                continue  # SOLUTION
            fits = {}  # SOLUTION
            for (other, key), yours in keys.items():  # SOLUTION
                if other != table:  # SOLUTION
                    shared = len(mine & yours)  # SOLUTION
                    fits[f"{other}.{key}"] = shared / len(mine) * shared / len(yours)  # SOLUTION
            best = max(fits, key=fits.get)  # SOLUTION
            if fits[best] >= 0.5:  # SOLUTION
                found.add((f"{table}.{column}", best))  # SOLUTION
    return found  # SOLUTION

# %% tags=["check-4"]
lab.check(4, suggest)

# %% tags=["wrong-4"] says="no key: a value stands in it twice" breaks="a key, which has each of its values once"
def suggest(tables):
    def is_key(values):
        return None not in values and len(set(values)) == len(values)

    found = set()
    for table, columns in tables.items():
        for column, values in columns.items():
            mine, fits = set(values) - {None}, {}
            for other, theirs in tables.items():
                for key, yours in theirs.items():
                    shared = len(mine & set(yours))
                    if other != table and shared >= 0.7 * len(mine):
                        fits[f"{other}.{key}"] = shared
            found |= {(f"{table}.{column}", right) for right in fits}
    return found

# %% tags=["wrong-4"] says="a flag has two values" breaks="meets at least two thirds of the keys"
def suggest(tables):
    def is_key(values):
        return None not in values and len(set(values)) == len(values)

    found = set()
    for table, columns in tables.items():
        for column, values in columns.items():
            mine, fits = set(values) - {None}, {}
            for other, theirs in tables.items():
                for key, yours in theirs.items():
                    shared = len(mine & set(yours))
                    if other != table and shared >= 0.5 * len(mine) and is_key(yours):
                        fits[f"{other}.{key}"] = shared
            found |= {(f"{table}.{column}", right) for right in fits}
    return found

# %% tags=["wrong-4"] says="a short one lies in a longer one by accident" breaks="a column that is a key itself refers to nothing"
def suggest(tables):
    def is_key(values):
        return None not in values and len(set(values)) == len(values)

    found = set()
    for table, columns in tables.items():
        for column, values in columns.items():
            mine, fits = set(values) - {None}, {}
            if len(mine) < 3:
                continue
            for other, theirs in tables.items():
                for key, yours in theirs.items():
                    shared = len(mine & set(yours))
                    if other != table and shared >= 0.7 * len(mine) and is_key(yours):
                        fits[f"{other}.{key}"] = shared / len(yours)
            if fits:
                found.add((f"{table}.{column}", max(fits, key=fits.get)))
    return found

# %% tags=["wrong-4"] says="keep the one table that it fits best" breaks="A column refers to one table at most"
def suggest(tables):
    def is_key(values):
        return None not in values and len(set(values)) == len(values)

    found = set()
    for table, columns in tables.items():
        for column, values in columns.items():
            mine, fits = set(values) - {None}, {}
            if len(mine) < 3 or is_key(values):
                continue
            for other, theirs in tables.items():
                for key, yours in theirs.items():
                    shared = len(mine & set(yours))
                    if other != table and shared >= 0.7 * len(mine) and is_key(yours):
                        fits[f"{other}.{key}"] = shared
            found |= {(f"{table}.{column}", right) for right in fits}
    return found

# %% tags=["wrong-4"] says="a quantity lies in every id by accident" breaks="meets at least two thirds of the keys"
def suggest(tables):
    def is_key(values):
        return None not in values and len(set(values)) == len(values)

    found = set()
    for table, columns in tables.items():
        for column, values in columns.items():
            mine, fits = set(values) - {None}, {}
            if len(mine) < 3 or is_key(values):
                continue
            for other, theirs in tables.items():
                for key, yours in theirs.items():
                    shared = len(mine & set(yours))
                    if other != table and shared >= 0.7 * len(mine) and is_key(yours):
                        fits[f"{other}.{key}"] = shared / len(yours)
            if fits:
                found.add((f"{table}.{column}", max(fits, key=fits.get)))
    return found

# %% tags=["wrong-4"] says="lead to another place" breaks="from a column to a key"
def suggest(tables):
    found = set()
    for table, columns in tables.items():
        for column, values in columns.items():
            mine, fits = set(values) - {None}, {}
            if len(mine) < 3 or len(set(values)) == len(values):
                continue
            for other, theirs in tables.items():
                for key, yours in theirs.items():
                    shared = len(mine & set(yours))
                    if other != table and shared >= 0.8 * len(mine):
                        fits[f"{other}.{key}"] = shared / len(set(yours) - {None})
            if fits:
                found.add((f"{table}.{column}", max(fits, key=fits.get)))
    return found

# %% tags=["wrong-4"] says="how much do you ask for" breaks="misses its key as often"
def suggest(tables):
    def is_key(values):
        return None not in values and len(set(values)) == len(values)

    found = set()
    for table, columns in tables.items():
        for column, values in columns.items():
            mine, fits = set(values) - {None}, {}
            if len(mine) < 3 or is_key(values):
                continue
            for other, theirs in tables.items():
                for key, yours in theirs.items():
                    shared = len(mine & set(yours))
                    if other != table and shared == len(mine) and is_key(yours):
                        fits[f"{other}.{key}"] = shared / len(yours)
            if fits:
                found.add((f"{table}.{column}", max(fits, key=fits.get)))
    return found

# %% tags=["wrong-4"] says="not called after their table" breaks="at least nine in ten of the true references are suggested"
def suggest(tables):
    return {(f"{table}.{column}", f"{other}.{key}") for table, columns in tables.items() for column in columns
            for other, theirs in tables.items() for key in theirs if column == f"{other}_{key}"}

# %% tags=["wrong-4"] says="suggest nothing in any" breaks="are suggested"
def suggest(tables):
    return set()

# %% tags=["wrong-4"] says="the catalogue has no such column" breaks="a set of pairs such as"
def suggest(tables):
    return {("orders", "customers")}

# %% tags=["wrong-4"] says="the wrong way round" breaks="from a column to a key"
def suggest(tables):
    def best(values, own):
        mine, fits = set(values) - {None}, {}
        for table, columns in tables.items():
            for column, yours in columns.items():
                if table != own and None not in yours and len(set(yours)) == len(yours) and len(mine) > 2:
                    shared = len(mine & set(yours))
                    fits[f"{table}.{column}"] = shared * shared / len(mine) / len(yours)
        return max(fits.items(), key=lambda fit: fit[1], default=("", 0))

    found = set()
    for table, columns in tables.items():
        for column, values in columns.items():
            key, fit = best(values, table)
            if fit > 0.5 and len(set(values)) < len(values):
                found.add((key, f"{table}.{column}"))
    return found

# %% tags=["nothing-4"] says="the catalogue has no such column"
def suggest(tables):
    return {("orders.payer", "customers.id")}

# %% tags=["right-4"]
import pandas as pd


def suggest(tables):
    frames = {table: pd.DataFrame(columns, dtype=object) for table, columns in tables.items()}
    pairs = []
    for table, frame in frames.items():
        for column in frame:
            mine = frame[column].dropna()
            if mine.is_unique or mine.nunique() < 10:
                continue
            rated = []
            for other, target in frames.items():
                for key in target:
                    yours = target[key]
                    if other != table and yours.is_unique and yours.notna().all():
                        jaccard = len({*mine} & {*yours}) / len({*mine} | {*yours})
                        rated.append((jaccard, f"{other}.{key}"))
            score, best = max(rated)
            if score > 0.5:
                pairs.append([f"{table}.{column}", best])
    return pairs

# %% tags=["right-4"]
def suggest(tables):
    keys = [(table, column, frozenset(values)) for table, columns in tables.items() for column, values in columns.items()
            if None not in values and len(set(values)) == len(values)]
    named = {(table, column) for table, column, _ in keys}
    found = {}
    for table, columns in tables.items():
        for column, values in columns.items():
            mine = {value for value in values if value is not None}
            for other, key, yours in keys:
                shared = len(mine & yours)
                if other == table or (table, column) in named or len(mine) < 3:
                    continue
                if shared / len(mine) > 0.7 and shared / len(yours) > 0.6:
                    old = found.get((table, column), (0, ""))
                    found[table, column] = max(old, (shared / len(yours), f"{other}.{key}"))
    return tuple((f"{table}.{column}", best[1]) for (table, column), best in found.items())

# %% tags=["raises-4"] says="TypeError"
def suggest(tables):
    return {(max(values), table) for table, columns in tables.items() for values in columns.values()}

# %% tags=["hint-4"]
# lab.hint(4)

# %% tags=["solution-4"]
# lab.solution(4)

# %% [markdown]
# ## Discussion
#
# **Tempting, and wrong**: *if every value of a column is found in a key, the column refers to it.* Count in
# `catalogue(0)` how many columns lie in some id. Inclusion is a condition of a reference, and no sign of one: small
# numbers lie in everything that counts from 1. A catalogue that suggests on inclusion alone is switched off after a
# week, for nobody reads a list of which one in ten is true.
#
# **Inherent**: data can refuse a reference, and never confirm it. Two tables of the same size, with ids from 1,
# can't be told apart by values at all; somebody must say it, or a name, or the queries that people run. And a tag
# goes only where lineage goes: what a person copies by hand has none. So a fabric suggests, verifies what can be
# verified, and says what it does not know.
