# %% [markdown]
# # Lab 06: Lakehouse
#
# You merge corrections into a table, read a log that begins with a checkpoint, repair a bad delete without losing what came later,
# and lay out files so that three kinds of questions skip most of them. About 85 minutes. The lesson is
# [06-lakehouse](../notebooks/06-lakehouse.ipynb). Everything here runs on the second engine, delta-rs, so nothing has to start.

# %% tags=["setup"]
import math
import pandas as pd, pyarrow as pa
from deltalake import DeltaTable, QueryBuilder, write_deltalake
from patternlab import Lab, look, workspace

lab, lake = Lab("06-lakehouse"), workspace("lab-06")
lab.progress()

# %% [markdown]
# A report of a departure has a key, a destination, a delay (null: cancelled) and a revision. This reads a table, of its newest version
# or of an older one:

# %%
SCHEMA = pa.schema({"key": "string", "dest": "string", "delay": "int32", "revision": "int32"})


def reports_in(table, version=None):
    engine = QueryBuilder().register("t", DeltaTable(table, version=version))
    return pa.table(engine.execute("SELECT * FROM t").read_all()).to_pylist()


example = str(lake / "example")
first = [
    {"key": "UA 1", "dest": "LAX", "delay": 0, "revision": 0},
    {"key": "B6 2", "dest": "BOS", "delay": 5, "revision": 0},
]
write_deltalake(example, pa.Table.from_pylist(first, schema=SCHEMA), mode="overwrite")
look(reports_in(example))

# %% [markdown]
# ## Exercise 1: Merge late corrections
# *Level: fill in · 10 minutes*
#
# **Input** the path of a Delta table of reports, and `corrections`, a list of dicts with the same four fields, in any order. A flight
# may have several.
#
# **Goal** a function that brings the table up to date in one MERGE: of each flight the correction with the highest revision wins, and
# only over an older one in the table; a flight that the table does not know is inserted. A correction
# replaces the whole row, and it may say that a flight was cancelled. A flight without a correction stays as it is.
#
# **Example** the table has UA 1 with 0 minutes, revision 0. Corrections say 31 minutes (revision 2) and 20 minutes (revision 1), in
# this order. It gets 31.

# %% tags=["exercise-1"]
def correct(table, corrections):
    newest = {}
    for report in sorted(corrections, key=lambda report: report["revision"]):  # SOLUTION
        newest[report["key"]] = report  # SOLUTION

    source = pa.Table.from_pylist(list(newest.values()), schema=SCHEMA)
    merge = DeltaTable(table).merge(
        source, predicate="old.key = new.key", source_alias="new", target_alias="old")
    merge = merge.when_matched_update_all(predicate="new.revision > old.revision")  # SOLUTION
    merge = merge.when_not_matched_insert_all()  # SOLUTION
    merge.execute()

# %% tags=["check-1"]
lab.check(1, correct)

# %% tags=["wrong-1"] says="took the correction that came last" breaks="the correction with the highest revision wins"
def correct(table, corrections):
    newest = {report["key"]: report for report in corrections}
    source = pa.Table.from_pylist(list(newest.values()), schema=SCHEMA)
    merge = DeltaTable(table).merge(source, "old.key = new.key", source_alias="new", target_alias="old")
    merge.when_matched_update_all(predicate="new.revision > old.revision").when_not_matched_insert_all().execute()

# %% tags=["wrong-1"] says="took the correction that came first" breaks="the correction with the highest revision wins"
def correct(table, corrections):
    newest = {}
    for report in corrections:
        newest.setdefault(report["key"], report)
    source = pa.Table.from_pylist(list(newest.values()), schema=SCHEMA)
    merge = DeltaTable(table).merge(source, "old.key = new.key", source_alias="new", target_alias="old")
    merge.when_matched_update_all(predicate="new.revision > old.revision").when_not_matched_insert_all().execute()

# %% tags=["wrong-1"] says="That row was not older" breaks="only over an older one in the table"
def correct(table, corrections):
    newest = {report["key"]: report for report in sorted(corrections, key=lambda report: report["revision"])}
    source = pa.Table.from_pylist(list(newest.values()), schema=SCHEMA)
    merge = DeltaTable(table).merge(source, "old.key = new.key", source_alias="new", target_alias="old")
    merge.when_matched_update_all(predicate="new.revision >= old.revision").when_not_matched_insert_all().execute()

# %% tags=["wrong-1"] says="and not its dest" breaks="A correction\nreplaces the whole row"
def correct(table, corrections):
    newest = {report["key"]: report for report in sorted(corrections, key=lambda report: report["revision"])}
    source = pa.Table.from_pylist(list(newest.values()), schema=SCHEMA)
    merge = DeltaTable(table).merge(source, "old.key = new.key", source_alias="new", target_alias="old")
    merge = merge.when_matched_update({"delay": "new.delay", "revision": "new.revision"}, "new.revision > old.revision")
    merge.when_not_matched_insert_all().execute()

# %% tags=["wrong-1"] says="a cancelled flight is a row too" breaks="it may say that a flight was cancelled"
def correct(table, corrections):
    newest = {report["key"]: report for report in sorted(corrections, key=lambda report: report["revision"])}
    source = pa.Table.from_pylist(list(newest.values()), schema=SCHEMA)
    merge = DeltaTable(table).merge(source, "old.key = new.key", source_alias="new", target_alias="old")
    merge = merge.when_matched_delete("new.delay IS NULL").when_matched_update_all("new.revision > old.revision")
    merge.when_not_matched_insert_all().execute()

# %% tags=["wrong-1"] says="overwrote a newer row" breaks="only over an older one in the table"
def correct(table, corrections):
    newest = {report["key"]: report for report in sorted(corrections, key=lambda report: report["revision"])}
    source = pa.Table.from_pylist(list(newest.values()), schema=SCHEMA)
    merge = DeltaTable(table).merge(source, "old.key = new.key", source_alias="new", target_alias="old")
    merge.when_matched_update_all().when_not_matched_insert_all().execute()

# %% tags=["wrong-1"] says="has to be inserted" breaks="a flight that the table does not know is inserted"
def correct(table, corrections):
    newest = {report["key"]: report for report in sorted(corrections, key=lambda report: report["revision"])}
    source = pa.Table.from_pylist(list(newest.values()), schema=SCHEMA)
    merge = DeltaTable(table).merge(source, "old.key = new.key", source_alias="new", target_alias="old")
    merge.when_matched_update_all(predicate="new.revision > old.revision").execute()

# %% tags=["wrong-1"] says="no row was corrected" breaks="brings the table up to date"
def correct(table, corrections):
    newest = {report["key"]: report for report in sorted(corrections, key=lambda report: report["revision"])}
    source = pa.Table.from_pylist(list(newest.values()), schema=SCHEMA)
    merge = DeltaTable(table).merge(source, "old.key = new.key", source_alias="new", target_alias="old")
    merge.when_matched_update({"delay": "old.delay", "revision": "new.revision"}, "false").when_not_matched_insert_all()
    merge.when_matched_update_all("old.key = 'F4'").execute()

# %% tags=["wrong-1"] says="F4 was cancelled" breaks="it may say that a flight was cancelled"
def correct(table, corrections):
    flown = [report for report in corrections if report["delay"] is not None]
    newest = {report["key"]: report for report in sorted(flown, key=lambda report: report["revision"])}
    source = pa.Table.from_pylist(list(newest.values()), schema=SCHEMA)
    merge = DeltaTable(table).merge(source, "old.key = new.key", source_alias="new", target_alias="old")
    merge.when_matched_update_all(predicate="new.revision > old.revision").when_not_matched_insert_all().execute()

# %% tags=["wrong-1"] says="not MERGE" breaks="in one MERGE"
def correct(table, corrections):
    newest = {report["key"]: report for report in reports_in(table)}
    for report in corrections:
        if report["revision"] > newest.get(report["key"], {"revision": -1})["revision"]:
            newest[report["key"]] = report
    write_deltalake(table, pa.Table.from_pylist(list(newest.values()), schema=SCHEMA), mode="overwrite")

# %% tags=["wrong-1"] says="more than once" breaks="up to date"
def correct(table, corrections):
    write_deltalake(table, pa.Table.from_pylist(corrections, schema=SCHEMA), mode="append")

# %% tags=["wrong-1"] says="more than one commit" breaks="in one MERGE"
def correct(table, corrections):
    for report in corrections:
        source = pa.Table.from_pylist([report], schema=SCHEMA)
        merge = DeltaTable(table).merge(source, "old.key = new.key", source_alias="new", target_alias="old")
        merge.when_matched_update_all(predicate="new.revision > old.revision").when_not_matched_insert_all().execute()

# %% tags=["wrong-1"] says="is gone" breaks="A flight without a correction stays as it is"
def correct(table, corrections):
    newest = {report["key"]: report for report in sorted(corrections, key=lambda report: report["revision"])}
    source = pa.Table.from_pylist(list(newest.values()), schema=SCHEMA)
    merge = DeltaTable(table).merge(source, "old.key = new.key", source_alias="new", target_alias="old")
    merge = merge.when_matched_update_all(predicate="new.revision > old.revision").when_not_matched_insert_all()
    merge.when_not_matched_by_source_delete().execute()

# %% tags=["nothing-1"] says="No row of the table changed"
def correct(table, corrections):
    return [{"key": "UA 1", "dest": "LAX", "delay": 31, "revision": 2}]

# %% tags=["right-1"]
def correct(table, corrections):
    sorted_ones = pd.DataFrame(corrections).astype({"delay": "Int32", "revision": "int32"}).sort_values("revision")
    source = pa.Table.from_pandas(sorted_ones.drop_duplicates("key", keep="last"), schema=SCHEMA, preserve_index=False)
    newer = {"dest": "n.dest", "delay": "n.delay", "revision": "n.revision"}
    every = {"key": "n.key", **newer}
    merge = DeltaTable(table).merge(source, "o.key = n.key", source_alias="n", target_alias="o")
    merge.when_not_matched_insert(every).when_matched_update(newer, "n.revision > o.revision").execute()

# %% tags=["raises-1"] says="KeyError"
def correct(table, corrections):
    return {report["flight"]: report for report in corrections}

# %% tags=["hint-1"]
# lab.hint(1)

# %% tags=["solution-1"]
# lab.solution(1)

# %% [markdown]
# ## Exercise 2: A log with a checkpoint
# *Level: modify · 15 minutes*
#
# **Input** `log`, a dict: the name of a file in `_delta_log` to its list of actions, in any order of names. A commit is called
# `00000000000000000004.json`. A checkpoint, `00000000000000000003.checkpoint.parquet`, holds what all commits up to its number left
# behind (`add`), and it may mention removed files (`remove`). Commits older than a checkpoint may have been deleted.
#
# **Goal** the names of the files of one version, as a set. The function below reads young logs only. Change it so that it begins with
# the newest checkpoint that is not newer than `version`, goes on with the commits behind it, up to and including `version`, and
# lets the last word on a file count: a file may be removed and added again.
#
# **Example** checkpoint 3 with `a` and `b`, commit 4 adds `c`, commit 5 removes `a`: version 4 is `{"a", "b", "c"}`.

# %% tags=["exercise-2"]
def live(log, version):
    # Young logs: names = sorted(log), and all of them count.
    checkpoints = [int(name[:20]) for name in log if "checkpoint" in name]  # SOLUTION
    begin = max((number for number in checkpoints if number <= version), default=-1)  # SOLUTION
    names = [f"{begin:020}.checkpoint.parquet"] if begin >= 0 else []  # SOLUTION
    names += [f"{number:020}.json" for number in range(begin + 1, version + 1)]  # SOLUTION
    files = set()
    for name in names:
        for action in log[name]:
            if "add" in action:
                files.add(action["add"]["path"])
            if "remove" in action:
                files.discard(action["remove"]["path"])
    return files

# %% tags=["check-2"]
lab.check(2, live)

# %% tags=["wrong-2"] says="This log begins with a checkpoint" breaks="begins with the newest checkpoint"
def live(log, version):
    files = set()
    for name in sorted(log):
        if int(name[:20]) <= version and "checkpoint" not in name:
            for action in log[name]:
                if "add" in action:
                    files.add(action["add"]["path"])
                if "remove" in action:
                    files.discard(action["remove"]["path"])
    return files

# %% tags=["wrong-2"] says="Commits after the version" breaks="up to and including `version`"
def live(log, version):
    files = set()
    for name in sorted(log):
        for action in log[name]:
            if "add" in action:
                files.add(action["add"]["path"])
            if "remove" in action:
                files.discard(action["remove"]["path"])
    return files

# %% tags=["wrong-2"] says="The commit of the version itself" breaks="including `version`"
def live(log, version):
    files = set()
    for name in sorted(log):
        if int(name[:20]) < version or "checkpoint" in name and int(name[:20]) == version:
            for action in log[name]:
                if "add" in action:
                    files.add(action["add"]["path"])
                if "remove" in action:
                    files.discard(action["remove"]["path"])
    return files

# %% tags=["wrong-2"] says="removed and added again" breaks="a file may be removed and added again"
def live(log, version):
    begin = max((int(name[:20]) for name in log if "checkpoint" in name and int(name[:20]) <= version), default=-1)
    added, removed = set(), set()
    for name in log:
        number = int(name[:20])
        if begin < number <= version and "json" in name or number == begin and "checkpoint" in name:
            added |= {action["add"]["path"] for action in log[name] if "add" in action}
            removed |= {action["remove"]["path"] for action in log[name] if "remove" in action}
    return added - removed

# %% tags=["wrong-2"] says="the dict has them in any order" breaks="in any order of names"
def live(log, version):
    begin = max((int(name[:20]) for name in log if "checkpoint" in name and int(name[:20]) <= version), default=-1)
    files = set()
    for name in log:
        number = int(name[:20])
        if begin < number <= version and "json" in name or number == begin and "checkpoint" in name:
            for action in log[name]:
                if "add" in action:
                    files.add(action["add"]["path"])
                if "remove" in action:
                    files.discard(action["remove"]["path"])
    return files

# %% tags=["wrong-2"] says="it is newer than what was asked for" breaks="that is not newer than `version`"
def live(log, version):
    begin = max((int(name[:20]) for name in log if "checkpoint" in name), default=-1)
    files = set()
    for name in sorted(log):
        number = int(name[:20])
        if begin < number <= version and "json" in name or number == begin and "checkpoint" in name:
            for action in log[name]:
                if "add" in action:
                    files.add(action["add"]["path"])
                if "remove" in action:
                    files.discard(action["remove"]["path"])
    return files

# %% tags=["wrong-2"] says="the checkpoint is that version" breaks="goes on with the commits behind it"
def live(log, version):
    begin = max((int(name[:20]) for name in log if "checkpoint" in name and int(name[:20]) < version), default=-1)
    files = set()
    for name in sorted(log):
        number = int(name[:20])
        if begin < number <= version and "json" in name or number == begin and "checkpoint" in name:
            for action in log[name]:
                if "add" in action:
                    files.add(action["add"]["path"])
                if "remove" in action:
                    files.discard(action["remove"]["path"])
    return files

# %% tags=["nothing-2"] says="Commits after the version"
def live(log, version):
    return {"a.parquet", "b.parquet", "c.parquet", "d.parquet"}

# %% tags=["right-2"]
def live(log, version):
    known = {}
    for name in sorted(log):
        number = int(name.split(".")[0])
        if number > version:
            break
        if "checkpoint" in name:
            known = {}
        for action in log[name]:
            for kind in ("add", "remove"):
                if kind in action:
                    known[action[kind]["path"]] = kind
        if "checkpoint" in name and f"{number:020}.json" in log:
            continue
    return [path for path, kind in known.items() if kind == "add"]

# %% tags=["raises-2"] says="KeyError"
def live(log, version):
    return {action["add"]["path"] for name in log for action in log[name]}

# %% tags=["hint-2"]
# lab.hint(2)

# %% tags=["solution-2"]
# lab.solution(2)

# %% [markdown]
# ## Exercise 3: Repair a bad delete
# *Level: modify · 20 minutes*
#
# **Input** the path of a Delta table, and `bad`, the number of a commit that deleted rows by mistake. Others have written since.
#
# **Goal** bring back exactly the rows that commit `bad` deleted. What was written later stays as it is: rows that were appended, a row
# that was corrected, a row that was deleted later on purpose, a flight that has been reported again. A reader finds it in each
# version that you commit. The function below goes back to the version before the mistake; change it.
#
# **Example** version 0 has A and B, commit 1 deletes B by mistake, commit 2 appends G. After the repair: A, B and G.

# %% tags=["exercise-3"]
def repair(table, bad):
    # Everything back: DeltaTable(table).restore(bad - 1)
    after = {report["key"] for report in reports_in(table, bad)}  # SOLUTION
    now = {report["key"] for report in reports_in(table)}  # SOLUTION
    before = reports_in(table, bad - 1)  # SOLUTION
    lost = [report for report in before if report["key"] not in after | now]  # SOLUTION
    write_deltalake(table, pa.Table.from_pylist(lost, schema=SCHEMA), mode="append")  # SOLUTION

# %% tags=["check-3"]
lab.check(3, repair)

# %% tags=["wrong-3"] says="A RESTORE takes back all that came later" breaks="What was written later stays as it is"
def repair(table, bad):
    DeltaTable(table).restore(bad - 1)

# %% tags=["wrong-3"] says="deleted later, on purpose" breaks="a row that was deleted later on purpose"
def repair(table, bad):
    now = {report["key"] for report in reports_in(table)}
    lost = [report for report in reports_in(table, bad - 1) if report["key"] not in now]
    write_deltalake(table, pa.Table.from_pylist(lost, schema=SCHEMA), mode="append")

# %% tags=["wrong-3"] says="has been reported again since" breaks="a flight that has been reported again"
def repair(table, bad):
    after = {report["key"] for report in reports_in(table, bad)}
    lost = [report for report in reports_in(table, bad - 1) if report["key"] not in after]
    write_deltalake(table, pa.Table.from_pylist(lost, schema=SCHEMA), mode="append")

# %% tags=["wrong-3"] says="is in the table twice" breaks="exactly the rows that commit `bad` deleted"
def repair(table, bad):
    lost = [report for report in reports_in(table, bad - 1) if report["key"] not in "CE"]
    write_deltalake(table, pa.Table.from_pylist(lost, schema=SCHEMA), mode="append")

# %% tags=["wrong-3"] says="`bad` says which it is" breaks="`bad`, the number of a commit"
def repair(table, bad):
    after = {report["key"] for report in reports_in(table, 1)}
    now = {report["key"] for report in reports_in(table)}
    lost = [report for report in reports_in(table, 0) if report["key"] not in after | now]
    write_deltalake(table, pa.Table.from_pylist(lost, schema=SCHEMA), mode="append")

# %% tags=["wrong-3"] says="A reader between your commits" breaks="A reader finds it in each"
def repair(table, bad):
    after = {report["key"] for report in reports_in(table, bad)}
    now = reports_in(table)
    lost = [report for report in reports_in(table, bad - 1) if report["key"] not in after | {one["key"] for one in now}]
    DeltaTable(table).restore(bad - 1)
    write_deltalake(table, pa.Table.from_pylist(now + lost, schema=SCHEMA), mode="overwrite")

# %% tags=["wrong-3"] says="D is still missing" breaks="bring back exactly the rows"
def repair(table, bad):
    after = {report["key"] for report in reports_in(table, bad)} | {report["key"] for report in reports_in(table)}
    lost = [report for report in reports_in(table, bad - 1) if report["key"] not in after and report["delay"]]
    write_deltalake(table, pa.Table.from_pylist(lost, schema=SCHEMA), mode="append")

# %% tags=["nothing-3"] says="no new version"
def repair(table, bad):
    return ["A", "B", "G"]

# %% tags=["right-3"]
def repair(table, bad):
    before, after = (pd.DataFrame(reports_in(table, version)) for version in (bad - 1, bad))
    lost = before[~before.key.isin(after.key)].astype({"delay": "Int32", "revision": "int32"})
    source = pa.Table.from_pandas(lost, schema=SCHEMA, preserve_index=False)
    merge = DeltaTable(table).merge(source, "o.key = n.key", source_alias="n", target_alias="o")
    merge.when_not_matched_insert_all().execute()

# %% tags=["right-3"]
def repair(table, bad):
    now = reports_in(table)
    known = {report["key"] for report in now + reports_in(table, bad)}
    now += [report for report in reports_in(table, bad - 1) if report["key"] not in known]
    write_deltalake(table, pa.Table.from_pylist(now, schema=SCHEMA), mode="overwrite")

# %% tags=["raises-3"] says="KeyError"
def repair(table, bad):
    return [report["flight"] for report in reports_in(table, bad)]

# %% tags=["hint-3"]
# lab.hint(3)

# %% tags=["solution-3"]
# lab.solution(3)

# %% [markdown]
# ## Exercise 4: A layout for three questions
# *Level: design · 40 minutes*
#
# **Input** `departures`, a pandas frame with `dest`, `carrier` and `scheduled`; the number of `files`; and `limit`, the most rows that
# a file may hold.
#
# **Goal** a function that gives each row a file, a whole number from 0 to `files - 1`, as a list or a Series. A question asks for one
# destination, or for one carrier, or for one moment; it opens every file whose least and greatest value of that column has it in
# between. With 16 files, three such questions, one for each column, together open at most 24 files in the mean. You do not know which
# values will be asked for. Twenty tables of 1,600 departures are tried.
#
# **Example** in order of time, as they come: a question for one moment opens 1 file, one for a carrier 16, one for a destination
# 16. That makes 33.

# %% tags=["exercise-4"]
def layout(departures, files, limit):
    file = pd.Series(0, index=departures.index)  # SOLUTION
    cuts = {"dest": files // 4, "carrier": 2, "scheduled": 2}  # SOLUTION
    for column, parts in cuts.items():  # SOLUTION
        place = departures.groupby(file)[column].rank(method="first", pct=True)  # SOLUTION
        file = file * parts + (place * parts).apply(math.ceil) - 1  # SOLUTION
    return file  # SOLUTION

# %% tags=["check-4"]
lab.check(4, layout)

# %% tags=["wrong-4"] says="in order of scheduled, and of that alone" breaks="for one carrier"
def layout(departures, files, limit):
    return [number * files // len(departures) for number in range(len(departures))]

# %% tags=["wrong-4"] says="in order of dest, and of that alone" breaks="or for one moment"
def layout(departures, files, limit):
    ordered = departures.sort_values(["dest", "carrier", "scheduled"]).index
    return pd.Series([number * files // len(ordered) for number in range(len(ordered))], index=ordered)

# %% tags=["wrong-4"] says="No question can skip much" breaks="together open at most 24 files in the mean"
def layout(departures, files, limit):
    return [number % files for number in range(len(departures))]

# %% tags=["wrong-4"] says="and scheduled has none" breaks="one for each column"
def layout(departures, files, limit):
    file = pd.Series(0, index=departures.index)
    for column, parts in {"dest": files // 4, "carrier": 4}.items():
        place = departures.groupby(file)[column].rank(method="first", pct=True)
        file = file * parts + (place * parts).apply(math.ceil) - 1
    return file

# %% tags=["wrong-4"] says="more than the limit" breaks="the most rows that"
def layout(departures, files, limit):
    return [0 for _ in range(len(departures))]

# %% tags=["wrong-4"] says="are not among 0 to" breaks="a whole number from 0 to `files - 1`"
def layout(departures, files, limit):
    return [number // 2 for number in range(len(departures))]

# %% tags=["wrong-4"] says="Each row lies in one file" breaks="gives each row a file"
def layout(departures, files, limit):
    return list(range(files))

# %% tags=["nothing-4"] says="more than the limit"
def layout(departures, files, limit):
    return [1 for _ in range(len(departures))]

# %% tags=["right-4"]
def layout(departures, files, limit):
    def halves(rows, column):
        rows = rows.sort_values(column)
        return [rows.iloc[:len(rows) // 2], rows.iloc[len(rows) // 2:]]

    boxes = [departures]
    for column in ["carrier", "dest", "scheduled", "dest"]:
        if len(boxes) * 2 <= files:
            boxes = [half for box in boxes for half in halves(box, column)]
    numbers = {}
    for number, box in enumerate(boxes):
        numbers.update(dict.fromkeys(box.index, number))
    return [numbers[row] for row in departures.index]

# %% tags=["raises-4"] says="KeyError"
def layout(departures, files, limit):
    return departures["destination"]

# %% tags=["hint-4"]
# lab.hint(4)

# %% tags=["solution-4"]
# lab.solution(4)

# %% [markdown]
# ## Discussion
#
# A tempting answer to exercise 3 is `RESTORE`, and it even looks right: the history keeps every version, so nothing is lost for
# good. But readers and other writers do not look at the history. They see the newest version, and it would be without what
# others have written since. Use it where nobody has written since, and where somebody has, undo what one commit did.
#
# What is inherent: a table has one order of commits, so a repair comes after what it repairs and has to respect what lies between. And
# a layout has one place for each row: 16 files are 4 by 2 by 2 boxes, or 16 slices of one column, never both.

# %% tags=["fold"]
# what you have solved so far
lab.progress()
