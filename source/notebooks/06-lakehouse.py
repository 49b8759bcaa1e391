# %% [markdown] signature=["_delta_log", "MERGE INTO", "write_deltalake", "OPTIMIZE", "VACUUM"]
# # 06 Lakehouse: how can a folder of files be a table?
#
# ![Writers add data files to a folder, then one new name to its log; readers of any engine read the log first, and only the files that it names](pictures/06-lakehouse.svg)

# %% [markdown]
# ## In one minute
#
# | | |
# |---|---|
# | **Promise** | A table is files plus a log. A commit is one new name in the log, so a reader sees all of a write or nothing of it. Any engine that knows the format may read and write. |
# | **Price** | Old files stay until somebody removes them, small ones pile up, and writers who touch the same rows must try again. |
# | **When not** | Many small transactions, single rows in milliseconds, or one transaction over several tables. |

# %% [markdown]
# ## Set up
#
# Spark, a Kafka broker, an empty folder. `deltalake` is a second engine, delta-rs: it is written in Rust, it needs no Java, and it
# has nothing in common with Spark but the format.

# %% tags=["setup"]
import json, pathlib, pandas as pd, pyarrow as pa
from deltalake import DeltaTable, QueryBuilder, write_deltalake
from patternlab import bars, kafka, lines, look, measure, prove, spark_session, truth, workspace
from patternlab.patterns.lakehouse import scene
spark, broker, lake = spark_session("06-lakehouse"), kafka(), workspace("06-lakehouse")
broker

# %% [markdown]
# ## Look at the data
#
# Each departure is reported when the plane leaves. Six of these first reports; `delay` counts minutes, and `revision` 0 says that
# nobody has corrected them yet.

# %% tags=["look-toy"]
reports = scene.reports("month")
toy = reports[:6]
look(toy)

# %% [markdown]
# All first reports go on one topic. Some are wrong and say 0 minutes; a few are lost. What was really the case comes later, in any
# order, on a second topic. This feed is made from the published flights, always in the same way.

# %% tags=["look-topics"]
corrections = scene.corrections("month")
broker.feed("departures-06", reports)
broker.feed("corrections-06", corrections)
print(f"{len(reports):,} first reports, {len(corrections):,} corrections")
look(broker.peek("corrections-06", 3)[["offset", "value"]])

# %% [markdown]
# A correction holds the whole report and a higher revision. Some flights have two of them.

# %% [markdown]
# ## The naive way
#
# A folder of Parquet files is a table already, says a colleague. To replace its rows, delete the files and write new ones.

# %% tags=["step-naive-toy"]
def overwrite_folder(folder, arriving):
    for old in pathlib.Path(folder).glob("*.parquet"):
        old.unlink()
    for number, part in enumerate(arriving):
        part.to_pandas().to_parquet(f"{folder}/{number}.parquet")


plain = scene.emptied(lake / "plain")
overwrite_folder(plain, scene.arriving(toy))
overwrite_folder(plain, scene.arriving(toy))
print(f"{len(pd.read_parquet(plain))} rows, after two times {len(toy)}")

# %% [markdown]
# Right on the toy, as often as you like. Now the real reports, twice as well. The second writer is a program of its own, and it gets
# SIGKILL when two thirds of its rows have come: a power cut.

# %% tags=["break-torn-folder"]
overwrite_folder(plain, scene.arriving(reports))
scene.killed_midway(overwrite_folder, plain, reports)

bars({"reported": len(reports), "left": len(pd.read_parquet(plain))},
     "A dead writer left a part of the rows, and no error", "rows", hatch=["left"]);

# %% [markdown]
# Every reader gets a part of the rows, without an error, until somebody repairs it. The old rows are gone: they were deleted first.
# Write first and delete afterwards, and readers find rows twice instead. Two steps on a folder are never one.

# %% [markdown]
# ## Build it
#
# What is missing is one place that says which files are the table. Five steps: look at that place, read it yourself, write through
# it, change the columns, and lay the files out.

# %% [markdown]
# ### Step 1: a write is files, then a name in the log
#
# Three commits on the toy: write four rows, append two, delete one. The second engine does it, in milliseconds. Parquet files are
# never changed, so a delete has to write something too. Each commit ends with one file in `_delta_log`, whose name is the next
# number. Only one writer can create a name.

# %% tags=["step-commits"]
toy_table = str(lake / "toy")
rows = pa.Table.from_pylist(toy)

write_deltalake(toy_table, rows[:4])
write_deltalake(toy_table, rows[4:], mode="append")
DeltaTable(toy_table).delete(f"key = '{toy[0]['key']}'")

look(scene.listing(toy_table))

# %% [markdown]
# Three data files, and three names in order. Inside of those is JSON, a line for each action.

# %% tags=["look-log"]
def log(table):
    for file in sorted(pathlib.Path(table, "_delta_log").glob("*.json")):
        for line in file.read_text().splitlines():
            yield int(file.stem), json.loads(line)


look(scene.told(log(toy_table)), 12)

# %% [markdown]
# `add` names a file that belongs to the table from now on, `remove` one that does not any more. The delete removed the file with
# four rows and added one with three. The old file still lies in the folder.

# %% [markdown]
# ### Step 2: read the log yourself
#
# Add minus remove: that is what every engine does before it opens a single data file. Stop earlier, and you have an older version
# of the table.

# %% tags=["step-live"]
def live(table, last=float("inf")):
    files = {}
    for version, action in log(table):
        if version <= last and "add" in action:
            files[action["add"]["path"]] = action["add"]
        if version <= last and "remove" in action:
            files.pop(action["remove"]["path"])
    return files


[len(live(toy_table, version)) for version in range(3)]

# %% [markdown]
# One file, then two, then two again, and old versions come for free. (A log also has checkpoints: a summary in Parquet, so that nobody has to read it from
# the start. They save time, and old JSON may go.)

# %% [markdown]
# ### Step 3: merge late corrections
#
# The first reports land as version 0 of a table.

# %% tags=["step-land"]
departures = str(lake / "departures")


def reported(topic):
    messages = spark.read.format("kafka").options(**broker.options(topic)).load()
    report = f"from_json(string(value), '{scene.REPORT}')"
    return messages.selectExpr(f"inline(array({report}))")


with measure("first reports land"):
    reported("departures-06").write.format("delta").save(departures)

# %% tags=["look-land"]
def delta(table, **options):
    return spark.read.format("delta").options(**options).load(table)


def by_delta_rs(query, table, version=None):
    engine = QueryBuilder().register("t", DeltaTable(table, version=version))
    return pa.table(engine.execute(query).read_all())


first = scene.checksum(by_delta_rs("SELECT * FROM t", departures))
totals = "SELECT count(*) AS rows, sum(delay) AS minutes FROM t"
by_delta_rs(totals, departures).to_pylist()

# %% [markdown]
# That was the second engine, on what Spark has just written. Now the corrections. They come in any order, so the newest revision of
# each flight wins, and only over an older one in the table; flights whose report was lost are inserted. While `MERGE` works, a
# reader in another thread asks the second engine for its totals, again and again.

# %% tags=["step-merge"]
def asked():
    return by_delta_rs(totals, departures).to_pylist()[0]


reported("corrections-06").createOrReplaceTempView("corrections")
with scene.watching(asked) as answers, measure("corrections merged"):
    spark.sql(f"""
        MERGE INTO delta.`{departures}` AS old USING (
            SELECT * FROM (
                SELECT *, row_number() OVER (
                    PARTITION BY key ORDER BY revision DESC) AS nth
                FROM corrections) WHERE nth = 1) AS new
        ON old.key = new.key
        WHEN MATCHED AND new.revision > old.revision THEN UPDATE SET *
        WHEN NOT MATCHED THEN INSERT *""")
times = pd.DataFrame(answers).value_counts(sort=False).rename("times").reset_index()
seen = times[["rows", "minutes"]]
look(times)

# %% [markdown]
# The reader got two answers, the table before and the table after. Spark was at work all the time between, yet nobody saw a
# table that was half corrected. And **time travel** reads the old version still:

# %% tags=["step-time-travel"]
was = delta(departures, versionAsOf=0).selectExpr("key", "delay AS was")
corrected = delta(departures).where("revision > 0").join(was, "key")
look(corrected.select("key", "was", "delay", "revision"), 4)

# %% [markdown]
# ### Step 4: enforce the columns, then let them evolve
#
# One report comes by hand, and it has a `gate`. The second engine shall append it. The schema stands in the log, so delta-rs knows
# it as well as Spark does.

# %% tags=["raises-exception", "break-schema"]
by_hand = scene.handed_in("month")
write_deltalake(departures, by_hand, mode="append")

# %% [markdown]
# Refused, and nothing was written. A new column has to be meant: you say so, and the commit carries a new schema. Rows that were
# there before have NULL.

# %% tags=["step-evolve"]
with measure("delta-rs commits a row"):
    write_deltalake(departures, by_hand, mode="append", schema_mode="merge")

history = spark.sql(f"DESCRIBE HISTORY delta.`{departures}`")
look(history.select("version", "operation", "engineInfo").orderBy("version"))

# %% [markdown]
# Read the last column. Two engines that know nothing of each other wrote one table, in one history, and Spark reads the other's row.
# Neither of them owns the data.

# %% [markdown]
# ### Step 5: lay the files out for the questions
#
# With each file the log keeps the least and the greatest value of its columns (the first 32). A reader that looks for Los Angeles skips a file
# that ends at Houston. Here are the same departures as a loader leaves them that runs around the clock: many loads, in order of
# time.

# %% tags=["step-loads"]
loads = str(lake / "loads")
ordered = by_delta_rs("SELECT * FROM t ORDER BY scheduled, key", departures)
for part in scene.parts(ordered, 12):
    write_deltalake(loads, part, mode="append")

look(scene.ranges(live(loads), "dest", "scheduled"))

# %% [markdown]
# Times are narrow, destinations are not: every file may hold a flight to Los Angeles. `CLUSTER BY` names columns that people ask
# for, and `OPTIMIZE` rewrites the files so that these are narrow. (The lessons' Spark keeps no statistics, to be quick; here they
# are switched on. And a file may have an eighth of the bytes, so that this small table has several.)
# It takes a few seconds: Spark orders all rows by two columns at once.

# %% tags=["step-cluster"]
before, rows_before = DeltaTable(loads).version(), scene.checksum(ordered)
eighth = sum(file["size"] for file in live(loads).values()) // 8
spark.conf.set("spark.databricks.delta.stats.collect", True)
spark.conf.set("spark.databricks.delta.optimize.maxFileSize", eighth)

spark.sql(f"ALTER TABLE delta.`{loads}` CLUSTER BY (dest, carrier)")
with measure("clustered"):
    spark.sql(f"OPTIMIZE delta.`{loads}`").collect()
look(scene.ranges(live(loads), "dest", "scheduled"), 3)

# %% [markdown]
# ## See it
#
# Spark plans which files it will open for a question, before it opens any. Four questions, to the old layout and to the new one.

# %% tags=["look-questions"]
moment = ordered["scheduled"][len(ordered) // 2].as_py()
QUESTIONS = {
    "to Los Angeles": "dest = 'LAX'",
    "of Delta Air Lines": "carrier = 'DL'",
    "at one moment": f"scheduled = '{moment}'",
    "late by an hour": "delay > 60",
}
pd.Series(QUESTIONS).to_frame("departures where")

# %% tags=["figure-skipping"]
skipping = {
    "in order of time": scene.opened(delta(loads, versionAsOf=before), QUESTIONS),
    "clustered": scene.opened(delta(loads), QUESTIONS),
}
title = "A layout serves the questions that it was made for, and no others"
bars(skipping, title, "kilobytes in the files that are opened");

# %% [markdown]
# The first question skips most files now, the second some of them: it asks for the second column. The third one paid for
# it: its departures were side by side and are everywhere now. The last one asks for a column that neither layout has in
# order. It skips a file only where by chance nobody was that late.

# %% [markdown]
# ## Predict
#
# Two writers begin at the same version of `departures`. Spark writes gate `none` wherever there is no gate. The second engine
# writes gate `B1` for all flights to Los Angeles. Spark commits first, the other right after it. How many departures have gate `B1`
# then?

# %% tags=["predict"]
guess = 100                                     # put your number here
to_los_angeles = len(by_delta_rs("SELECT * FROM t WHERE dest = 'LAX'", departures))
print(f"{to_los_angeles:,} departures to Los Angeles")

# %% [markdown]
# ## Break it
#
# **The power cut again.** The same rows, the same kill in the same place, but the writer overwrites a Delta table.

# %% tags=["break-torn-table"]
def overwrite_table(folder, arriving):
    write_deltalake(folder, arriving, mode="overwrite", target_file_size=50_000)


kept = str(lake / "kept")
overwrite_table(kept, scene.arriving(reports))

scene.killed_midway(overwrite_table, kept, reports)
unnamed = scene.on_disk(kept) - set(live(kept))
rows_kept = by_delta_rs(totals, kept)["rows"][0].as_py()
{"rows": rows_kept, "files that no log names": len(unnamed)}

# %% [markdown]
# Nothing has happened. What the dead writer had written may lie in the folder, but the name in the log was to come last, and it
# never came. No reader opens those files. Nobody has to repair anything.
#
# **Two writers.** Now what you guessed. `mine` is what the second engine knows of the table: the version before Spark's commit.

# %% tags=["raises-exception", "break-conflict"]
mine = DeltaTable(departures)
spark.sql(f"UPDATE delta.`{departures}` SET gate = 'none' WHERE gate IS NULL")

mine.update(updates={"gate": "'B1'"}, predicate="dest = 'LAX'")

# %% [markdown]
# The number was taken. delta-rs read what the winner had done, and saw new rows that its own update would have had to read. To go
# on would lose Spark's change without a word. So it gives up, with nothing written. The repair is the writer's: read again, decide
# again, try again.

# %% tags=["break-conflict-repaired"]
refused = len(by_delta_rs("SELECT * FROM t WHERE gate = 'B1'", departures))
done = DeltaTable(departures).update(updates={"gate": "'B1'"}, predicate="dest = 'LAX'")

{"your guess": guess, "B1 after the refusal": refused,
 "B1 after another try": done["num_updated_rows"]}

# %% [markdown]
# (Two writers that only append do not meet: the second takes the next number by itself. And to try again without reading again is
# wrong wherever the decision depends on what was read.)
#
# **A tidy administrator.** Old files cost money. `VACUUM` removes those that the newest version does not need and that are older than
# a week. With zero hours it takes all of them, so you first have to switch a safety catch off.

# %% tags=["break-vacuum"]
lying = len(scene.on_disk(loads))
spark.conf.set("spark.databricks.delta.retentionDurationCheck.enabled", False)
spark.sql(f"VACUUM delta.`{loads}` RETAIN 0 HOURS")
print(f"{lying} data files before, {len(scene.on_disk(loads))} after; "
      f"the newest version needs {len(live(loads))}")

# %% tags=["raises-exception", "break-past"]
by_delta_rs("SELECT count(*) FROM t WHERE delay > 60", loads, version=before)

# %% [markdown]
# The past is gone, and the error comes in the middle of a query, whichever engine asks. A reader that had begun before would have met it too. Nothing brings
# the files back. The week is not there for time travel alone: it protects slow readers, and writers that have not committed yet.

# %% [markdown]
# ## Looks right, not so fast
#
# "We need no backup: Delta keeps every version." What does the history say, after that `VACUUM`?

# %% tags=["look-history"]
there = scene.on_disk(loads)
versions = pd.DataFrame(DeltaTable(loads).history())[["version", "operation"]]
needed = [set(live(loads, version)) for version in versions.version]
versions["files needed"] = [len(files) for files in needed]
versions["still there"] = [len(files & there) for files in needed]
look(versions, 6)

# %% [markdown]
# The history lists every version, and that looks right. But it is a list of what happened, not of what you can get back. All
# versions share one folder, so one `VACUUM`, one lost disk or one `rm` takes them together. **Time travel** corrects a mistake of
# yesterday. A **backup** is a copy somewhere else.

# %% [markdown]
# ## Prove it
#
# First the log: your few lines against both engines, for the newest version and for the oldest.

# %% tags=["prove-log"]
by_spark = {file.split("/")[-1] for file in delta(departures).inputFiles()}
long_ago = DeltaTable(departures, version=0).file_uris()
then = scene.checksum(by_delta_rs("SELECT * FROM t", departures, version=0))

prove("the log, read by hand, names the files that Spark reads",
      set(live(departures)), by_spark)
prove("and as many as the second engine reads of version 0",
      len(live(departures, 0)), len(long_ago))
prove("version 0, read now, has the checksum that it had then", then, first)

# %% [markdown]
# Then what readers saw: during the merge, and in the end. `truth` is computed from the published flights.

# %% tags=["prove-reader"]
total = truth("lakehouse_totals", "month")
last_minutes = by_hand["delay"][0].as_py() or 0
old = [len(reports), sum(report["delay"] or 0 for report in reports)]
new = [total["departures"] - 1, total["minutes"] - last_minutes]

prove("a reader during the merge saw one version or the other",
      seen, pd.DataFrame([old, new], columns=["rows", "minutes"]))

# %% tags=["prove-engines"]
published = truth("lakehouse_departures", "month")
columns = ", ".join(published)

prove("the table is what was published, with every correction",
      delta(departures).selectExpr(*published), published)
prove("the second engine reads the same rows",
      by_delta_rs(f"SELECT {columns} FROM t", departures).to_pandas(), published)

# %% [markdown]
# Last, what has been rewritten, killed and tidied away.

# %% tags=["prove-kept"]
rows_after = scene.checksum(by_delta_rs("SELECT * FROM t", loads))

prove("clustering and VACUUM kept every row", rows_after, rows_before)
prove("a killed overwrite left all rows of the Delta table", rows_kept, len(reports))
prove("after another try the refused change is there, once",
      delta(departures).where("gate = 'B1'").count(), to_los_angeles)

# %% [markdown]
# ## Measure it
#
# A commit of one row took milliseconds. Why not commit every row? Append the departures in eighty commits, and time one
# question on the way.

# %% tags=["figure-small-files"]
often = str(lake / "often")


def commit(part):
    write_deltalake(often, part, mode="append")


def ask():
    return by_delta_rs("SELECT avg(delay) FROM t", often)


taken = scene.while_growing(ordered, commit, ask)
few, many = taken["a question"].iloc[0], taken["a question"].iloc[-1]
title = f"With {taken.index[-1]} files the same question takes {many / few:.1f} times as long"
lines(dict(taken.items()), title, "files in the table", "milliseconds");

# %% [markdown]
# Small files are the price of fresh data, and `OPTIMIZE` is how you pay it, as often as you can afford.

# %% [markdown]
# ## When not, and the neighbours
#
# Not for single rows in milliseconds, for many small transactions a second, or for one transaction over several tables: the log is
# per table, and a commit takes as long as writing a file.
#
# | pattern | differs in | choose it when |
# |---|---|---|
# | Data lake | files without a log | files are written once, by one job, and never corrected |
# | Data warehouse | one engine owns the format | one engine is enough, and you want it to do the tidying |
# | [Medallion (03)](03-medallion.ipynb) | says what a table promises, not how it is stored | readers must know what they may rely on; it stands on this |
# | [Star schema (04)](04-star-schema.ipynb) | the shape of the tables | people ask in facts and dimensions; it stands on this too |
# | [Change data capture (12)](12-cdc.ipynb) | the log of a database, row by row | the data lives in a database that others own |

# %% [markdown]
# ## Check yourself
#
# 1. A delete of one row made the folder bigger. Why?
#    <details><summary>Answer</summary>Files are never changed. The delete wrote a file without that row and a commit that removes the old one from the table, not from the disk.</details>
# 2. Two jobs append to one table at the same time. Which one fails?
#    <details><summary>Answer</summary>Neither. Both may want the same number, one gets it, and the other takes the next: an append depends on nothing that the winner changed.</details>
# 3. A table has every column in its statistics. Why cluster it?
#    <details><summary>Answer</summary>Least and greatest value help only where files have narrow ranges. If each file goes from ALB to XNA, none can be skipped.</details>
# 4. From 03: somebody repairs bronze by an UPDATE. What does this lesson add to "Delta keeps the old version"?
#    <details><summary>Answer</summary>For how long: until the next VACUUM after the retention. Then the repair is all there is.</details>
# 5. From 04: a dimension keeps the versions of an aircraft. Why not use time travel for that?
#    <details><summary>Answer</summary>Time travel knows when the table was written, not when something was true; it ends with VACUUM; and a query sees one version of the table, not the right version of each row.</details>

# %% [markdown]
# ## Go on
#
# Do it yourself in the [lab](../labs/06-lakehouse.ipynb). The [deeper notebook](06-lakehouse-deeper.ipynb) puts the same table in a
# bucket, with two writers at once, and shows what else a log can promise.
#
# Sources:
#
# - Armbrust and others, [Delta Lake: high-performance ACID table storage over cloud object stores](https://www.vldb.org/pvldb/vol13/p3411-armbrust.pdf), VLDB 2020: the log, and why.
# - Armbrust and others, [Lakehouse](https://www.cidrdb.org/cidr2021/papers/cidr2021_paper17.pdf), CIDR 2021: the name, and the claim.
# - Delta Lake, [The Delta transaction log protocol](https://github.com/delta-io/delta/blob/master/PROTOCOL.md): each action, and what a reader and a writer must do.
# - Delta Lake, [Concurrency control](https://docs.delta.io/concurrency-control/): which two writers conflict.
# - delta-rs, [its documentation](https://delta-io.github.io/delta-rs/): the second engine.
