# %% [markdown] signature=["storage_options", "only_if_new", "ADD CONSTRAINT", "readChangeFeed", "enableDeletionVectors", "QueryBuilder"]
# # 06 Lakehouse, deeper: what holds a table together where there is no folder, and what else can a log promise?
#
# Five things that the [lesson](06-lakehouse.ipynb) left out, each with its proof: a table in a bucket, with two writers at once;
# rules that every engine keeps; a Spark that comes second; a feed of changes; and a DELETE that rewrites no file. In each of
# them two engines meet.

# %% [markdown]
# ## Set up
#
# Spark and a broker, as in the lesson, and delta-rs, the other engine (`deltalake`). `bucket` is the world around this notebook: it
# runs two writers at once, holds one back, and shortens to a line what an engine has answered.

# %% tags=["setup"]
import pandas as pd, pyarrow as pa
from deltalake import CommitProperties, DeltaTable, QueryBuilder, write_deltalake
from patternlab import bars, events, kafka, look, objectstore, prove
from patternlab import spark_session, truth, workspace
from patternlab.patterns.lakehouse import bucket
spark, broker = spark_session("06-lakehouse-deeper"), kafka()
lake = workspace("06-lakehouse-deeper")
spark.version

# %% [markdown]
# The departures of a week come off a topic, one JSON message each.

# %% tags=["look-topic"]
sent = broker.feed("departures-06", events("report", "week"))
print(f"{sent:,} reports on the topic")

# %% [markdown]
# Spark lands them in a Delta table. It is the first thing that this session computes, and takes some seconds.

# %% tags=["look-departures"]
messages = spark.read.format("kafka").options(**broker.options("departures-06")).load()
report = f"from_json(string(value), '{bucket.REPORT}') AS report"
reported = messages.selectExpr(report).selectExpr(
    "report.* EXCEPT (dep_delay)", "report.dep_delay AS delay")

reported.write.format("delta").save(f"{lake}/departures")
departures = spark.read.format("delta").load(f"{lake}/departures")
look(departures, 3)

# %% [markdown]
# A table that everything below leans on deserves a check: are all scheduled departures there, and as many late ones as by
# another count?

# %% tags=["prove-departures"]
counted = departures.selectExpr("count(*) AS scheduled", "count_if(delay > 15) AS late")
prove("the table has the week's departures, and the late ones among them",
      counted.first().asDict(),
      {"scheduled": truth("conservation", "week")["scheduled"],
       "late": truth("late", "week")["over_15"]})

# %% [markdown]
# ## A bucket is no folder
#
# An object store keeps *objects*: a name, and bytes. There are no folders, no appending, and no renaming: slashes are letters
# of the name. Most lakes are in one, because it is cheap and any machine reaches it. `objectstore()` starts a real one here
# (SeaweedFS), which speaks S3; the first time it is fetched.

# %% tags=["step-bucket"]
store = bucket.or_folder(objectstore, lake)
data_lake = store.bucket("data-lake")
print(store)
print("the bucket's address:", data_lake)

# %% [markdown]
# The lesson said: a commit is one new file name. Two writers have both seen version 0, and both write version 1 with a plain
# `put`. Each asks: did the store take my commit?

# %% tags=["break-plain-put"]
version_1 = f"{data_lake}/naive/_delta_log/{1:020}.json"
for writer in ["Ada", "Bob"]:
    taken = store.put(version_1, f"the commit of {writer}")
    print(f"{writer} is told: {'committed' if taken else 'refused'}")

print("version 1 holds", store.get(version_1).decode())

# %% [markdown]
# Both are told that they have committed. Ada's commit is gone, no error was raised, and her data files lie in the bucket without
# a name in any log. The last one stays: that is what `put` means.
#
# S3 has another put: *only if the name is new* (`If-None-Match: *`). The store looks and writes in one step.

# %% tags=["break-plain-put-repaired"]
version_2 = f"{data_lake}/naive/_delta_log/{2:020}.json"
answers = {}
for writer in ["Ada", "Bob"]:
    answers[writer] = store.put(version_2, f"the commit of {writer}", only_if_new=True)
    print(f"{writer} is told: {'committed' if answers[writer] else 'refused'}")

print("version 2 holds", store.get(version_2).decode())

# %% tags=["prove-put"]
prove("of two conditional puts of one name the first is taken, the second refused",
      answers, {"Ada": True, "Bob": False})
prove("and what the first one wrote stays",
      store.get(version_2).decode(), "the commit of Ada")

# %% [markdown]
# That is all a Delta table needs of a store. (S3 has had it since 2024. Before, writers agreed by a lock in a database
# beside the bucket.)

# %% [markdown]
# ## The same table in a bucket
#
# delta-rs reads the table that Spark wrote, and writes it into the bucket. Only two things change: the address, and
# `storage_options` with the store's keys. Spark would need Hadoop's S3 client, which the kit does not bring, so in the bucket
# delta-rs works alone.

# %% tags=["step-copy"]
def rows(table, where="true", options=None):
    """What delta-rs reads of a table, as an Arrow table."""
    query = QueryBuilder().register("t", DeltaTable(table, storage_options=options))
    return pa.table(query.execute(f"SELECT * FROM t WHERE {where}").read_all())


in_bucket = f"{data_lake}/departures"
at_lga = rows(f"{lake}/departures", "origin = 'LGA'")
write_deltalake(in_bucket, at_lga, storage_options=store.options)
store.keys(in_bucket)

# %% [markdown]
# The objects have the names that files had: a log that begins with version 0, and Parquet beside it. LGA is in. Two processes
# now load JFK and EWR, many commits each. They start at the same moment and know nothing of each other. What can go wrong?
# Both look at the log, both see version 0, both want to be version 1.

# %% tags=["step-load"]
def load(departures, target, options, writer):
    """Append the departures to the target, 150 in a commit, each commit signed."""
    signed = CommitProperties(custom_metadata={"writer": writer}, max_commit_retries=200)
    for part in departures.to_batches(max_chunksize=150):
        write_deltalake(target, part, mode="append", storage_options=options,
                        commit_properties=signed)
    print(f"{writer}: {len(departures):,} departures committed")


calls = []
for origin in ["JFK", "EWR"]:
    departing = rows(f"{lake}/departures", f"origin = '{origin}'")
    calls.append([departing, in_bucket, store.options, origin])
bucket.at_once(load, calls)

# %% [markdown]
# `bucket.at_once` runs the function in two Python processes, with nothing in common but the bucket. The log knows who got which
# version:

# %% tags=["look-log"]
log = DeltaTable(in_bucket, storage_options=store.options).history()
log = sorted(log, key=lambda commit: commit["version"])
print("LGA, then", *[commit["writer"] for commit in log[1:]])

# %% [markdown]
# Nobody chose this order, and it is another one in each run. A writer whose version was taken reads what came
# before, sees that an append disturbs nobody, and tries the next number, if need be again and again (`max_commit_retries`). All
# that happens inside of `write_deltalake`. Is every row there, and once?

# %% tags=["prove-two-writers"]
prove("two processes wrote at once, and the bucket has all that Spark had",
      rows(in_bucket, options=store.options).to_pandas(),
      rows(f"{lake}/departures").to_pandas())
prove("each commit has a version of its own, without a gap",
      [commit["version"] for commit in log], list(range(len(log))))

# %% [markdown]
# Try it by hand: put a commit under a version that exists. The store refuses, and the log is as it was.

# %% tags=["prove-taken"]
newest = f"{in_bucket}/_delta_log/{len(log) - 1:020}.json"
before = store.get(newest)
prove("a taken version can't be written again",
      [store.put(newest, "mine", only_if_new=True), store.get(newest) == before],
      [False, True])

# %% [markdown]
# ## Rules that every engine keeps
#
# Schema enforcement knows types: a text is no number. A **constraint** knows values: `NOT NULL` for a column, `CHECK` for a
# row. It stands in the log and not in a program, so it binds whoever writes, by whatever engine. First the table: the departures, and
# one planned flight that has no delay yet.

# %% tags=["step-table"]
checked = f"delta.`{lake}/checked`"
spark.sql(f"""
    CREATE TABLE {checked}
        (key STRING NOT NULL, carrier STRING, origin STRING, delay INT)
    USING delta""")
known = spark.sql("""
    SELECT key, carrier, origin, delay FROM {departures}
    UNION ALL SELECT 'planned', 'B6', 'JFK', NULL""", departures=departures)
known.write.format("delta").mode("append").save(f"{lake}/checked")
look(spark.sql(f"DESCRIBE HISTORY {checked}").select("version", "operation"))

# %% [markdown]
# No flight leaves more than two days late. So the rule should be easy:

# %% tags=["break-check", "raises-exception"]
spark.sql(f"""
    ALTER TABLE {checked}
    ADD CONSTRAINT within_two_days CHECK (delay BETWEEN -120 AND 2880)""")

# %% [markdown]
# The rows that are there are looked at first, and not all keep the rule: the planned flight has no delay, nor has a cancelled
# one. A database's CHECK refuses what is *false*, and lets pass what is unknown. Delta refuses whatever is not *true*, a NULL
# too. So say what you mean:

# %% tags=["break-check-repaired"]
spark.sql(f"""
    ALTER TABLE {checked}
    ADD CONSTRAINT possible_delay
    CHECK (delay IS NULL OR delay BETWEEN -120 AND 2880)""")
rules = spark.sql(f"SHOW TBLPROPERTIES {checked}").where("key LIKE 'delta.constr%'")
look(rules)

# %% [markdown]
# Now two bad rows, each by both engines. Note that delta-rs has never heard of this rule: it finds it in the log.

# %% tags=["step-writers"]
columns = ["key", "carrier", "origin", "delay"]
shape = rows(f"{lake}/departures").select(columns).schema


def by_spark(row):
    one = spark.createDataFrame([row], "key STRING, carrier STRING, origin STRING, delay INT")
    one.write.format("delta").mode("append").save(f"{lake}/checked")


def by_delta_rs(row):
    one = pa.Table.from_pylist([row], shape)
    write_deltalake(f"{lake}/checked", one, mode="append")


a_year = {"key": "by hand", "carrier": "UA", "origin": "EWR", "delay": 525_600}
no_key = {"key": None, "carrier": "UA", "origin": "EWR", "delay": 5}
look([a_year, no_key])

# %% tags=["break-bad-rows"]
def attempt(write, row):
    """Write the row, and say how it went."""
    try:
        write(row)
        return "committed"
    except Exception as error:
        return f"refused: {bucket.reason(error)}"


answers = []
for row in [a_year, no_key]:
    answers.append({"delay": row["delay"], "by Spark": attempt(by_spark, row),
                    "by delta-rs": attempt(by_delta_rs, row)})
look(answers)

# %% [markdown]
# Four refusals, in the words of two engines. A row that is refused takes its whole commit with it: nothing is half written.

# %% tags=["prove-rules"]
prove("after four bad rows by two engines the table has what it had, and no more",
      spark.read.format("delta").load(f"{lake}/checked"), known)

# %% [markdown]
# ## Spark comes second
#
# Appends disturb nobody. An UPDATE does: it has *read* rows, and computes with them. Spark takes five minutes off LGA's delays;
# its rows go through `held`, which waits. Meanwhile delta-rs deletes LGA's early departures, and commits first.

# %% tags=["break-second"]
def take_off():
    """Spark's UPDATE: it has read its rows, and waits at the first one."""
    spark.sql(f"""
        UPDATE {checked} SET delay = held(delay - 5) WHERE origin = 'LGA'""")


def drop_early():
    """The DELETE of delta-rs, which does not wait."""
    done = DeltaTable(f"{lake}/checked").delete("origin = 'LGA' AND delay < 0")
    print(f"delta-rs: committed, {done['num_deleted_rows']:,} rows deleted")


print("Spark:", bucket.while_held(spark, take_off, drop_early, lake))

# %% [markdown]
# Had Spark's commit been taken, its new files would hold the deleted rows again, and nobody would know. It sees the other commit,
# sees that it touched what it has read, and gives up. The repair is to read again: run it once more.

# %% tags=["break-second-repaired"]
spark.sql(f"UPDATE {checked} SET delay = delay - 5 WHERE origin = 'LGA'")
history = spark.sql(f"DESCRIBE HISTORY {checked}")
look(history.selectExpr("version", "operation", "split(engineInfo, '/')[0] AS engine"), 3)

# %% tags=["prove-second"]
expected = spark.sql("""
    SELECT key, carrier, origin, IF(origin = 'LGA', delay - 5, delay) AS delay
    FROM {known}
    WHERE origin <> 'LGA' OR delay >= 0 OR delay IS NULL""", known=known)
prove("both corrections are in the table, one after the other",
      spark.read.format("delta").load(f"{lake}/checked"), expected)

# %% [markdown]
# ## A feed of changes
#
# Somebody keeps a board with the late departures of each origin. Must it read the whole table again whenever a delay is
# corrected? Not where the table writes down its **changes**, row by row.

# %% tags=["step-feed"]
spark.sql(f"""
    CREATE TABLE delta.`{lake}/followed` USING delta
    TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')
    AS SELECT key, carrier, origin, delay FROM {{departures}}""", departures=departures)


def board():
    """Late departures by origin, counted over the whole table."""
    table = spark.read.format("delta").load(f"{lake}/followed")
    late = table.where("delay > 15").groupBy("origin").count()
    return {row["origin"]: row["count"] for row in late.collect()}


old_board = board()
old_board

# %% [markdown]
# The property makes each commit that changes rows keep them aside, in `_change_data`. Two corrections come: the clock of EWR
# was ten minutes slow, and the flights of one carrier were reported twice, under another code.

# %% tags=["step-corrections"]
followed = f"delta.`{lake}/followed`"
spark.sql(f"UPDATE {followed} SET delay = delay + 10 WHERE origin = 'EWR'")
spark.sql(f"DELETE FROM {followed} WHERE carrier = 'US'")

feed = spark.read.format("delta").option("readChangeFeed", "true")
changes = feed.option("startingVersion", 1).load(f"{lake}/followed")
changes = changes.withColumnRenamed("_change_type", "change")
changes = changes.withColumnRenamed("_commit_version", "version")
look(changes.groupBy("version", "change").count().orderBy("version", "change"))

# %% [markdown]
# An update has two rows, before and after. The board adds what came and takes off what went, and reads nothing else.

# %% tags=["step-follow"]
moved = spark.sql("""
    SELECT origin, sum(IF(change IN ('insert', 'update_postimage'), 1, -1)) AS late
    FROM {changes} WHERE delay > 15 GROUP BY origin""", changes=changes)
new_board = dict(old_board)
for row in moved.collect():
    new_board[row.origin] = new_board.get(row.origin, 0) + row.late

look([{"board": "old", **old_board}, {"board": "new", **new_board}])

# %% tags=["prove-feed"]
prove("the board that followed the feed = the board counted anew", new_board, board())
other = DeltaTable(f"{lake}/followed").load_cdf(starting_version=1)
prove("delta-rs reads as many changes", len(pa.table(other.read_all())), changes.count())

# %% [markdown]
# Pattern 12 reads such a feed from a database's log, which has every change. This one is an offer of the table: changes made
# before it was switched on are not in it, and VACUUM takes old ones away.

# %% [markdown]
# ## A DELETE that rewrites no file
#
# One flight must go. A Parquet file can't be changed, so the DELETE of one row writes its whole file anew, without the row:

# %% tags=["step-rewrite"]
table = f"delta.`{lake}/departures`"
first, second = [row.key for row in departures.orderBy("key").limit(2).collect()]


def delete(key):
    """Delete one flight; what its commit says that it did."""
    spark.sql(f"DELETE FROM {table} WHERE key = '{key}'")
    done = spark.sql(f"DESCRIBE HISTORY {table} LIMIT 1").first().operationMetrics
    told = ["DeletedRows", "CopiedRows", "AddedFiles", "AddedBytes", "DeletionVectorsAdded"]
    return {name: int(done[f"num{name}"]) for name in told}


rewritten = delete(first)
look([rewritten])

# %% [markdown]
# All other rows of the file were copied to lose one. With **deletion vectors** the commit writes a list of dead rows beside the file, and
# leaves the file alone. The readers do the rest. The next cell takes some seconds: it also changes what the table asks of them.

# %% tags=["step-mark"]
spark.sql(f"ALTER TABLE {table} SET TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')")
marked = delete(second)
look([marked])

# %% tags=["figure-vectors"]
vectors = (lake / "departures").glob("deletion_vector*.bin")
written = {"file written anew": rewritten["AddedBytes"],
           "deletion vector": sum(file.stat().st_size for file in vectors)}
factor = written["file written anew"] / written["deletion vector"]
bars(written, f"A deletion vector is {factor:,.0f} times smaller than the file", "bytes",
     log=True);

# %% [markdown]
# The price is paid by readers. The log names the same file as before, so a reader that knows *add* and *remove*, and nothing of
# vectors, finds the deleted flight:

# %% tags=["break-old-reader"]
def as_of_old():
    """All rows of the files that the log names."""
    files = DeltaTable(f"{lake}/departures").file_uris()
    return pd.concat([pd.read_parquet(file) for file in files])


left = spark.read.format("delta").load(f"{lake}/departures").count()
print(f"Spark: {left:,} rows. Without the vectors: {len(as_of_old()):,} rows.")
print("the deleted flight is", "there" if second in set(as_of_old().key) else "gone")

# %% [markdown]
# That must not happen in silence. So the log also says what a reader has to know; who does not know it must refuse. One of
# delta-rs' two readers does:

# %% tags=["break-protocol", "raises-exception"]
DeltaTable(f"{lake}/departures").to_pyarrow_table()

# %% [markdown]
# Its SQL engine, which `rows` asks since the first section, knows vectors.

# %% tags=["prove-vectors"]
scheduled = truth("conservation", "week")["scheduled"]
prove("one flight was rewritten away, one was marked: Spark and delta-rs see neither",
      [left, len(rows(f"{lake}/departures"))], [scheduled - 2] * 2)

# %% [markdown]
# And the row is still on the disk, marked. Where a law says *erase*, purge: it writes anew the files that have vectors, and
# VACUUM removes the old ones later.

# %% tags=["break-old-reader-repaired"]
spark.sql(f"REORG TABLE {table} APPLY (PURGE)")
print(f"Without the vectors: {len(as_of_old()):,} rows.")
print("the deleted flight is", "there" if second in set(as_of_old().key) else "gone")

# %% tags=["prove-purged"]
prove("after the purge a reader of any age sees what Spark sees",
      as_of_old(), spark.read.format("delta").load(f"{lake}/departures"))

# %% [markdown]
# A vector moves work from the writer to the readers, and from now to later, as a merge-on-read always does. It pays where few rows
# change in large files.
#
# Back to the [lesson](06-lakehouse.ipynb).
