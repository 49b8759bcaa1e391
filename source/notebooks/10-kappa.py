# %% [markdown] signature=["readStream", ".toTable(", "CREATE OR REPLACE VIEW", "withWatermark"]
# # 10 Kappa: how can one program serve history and now?
#
# ![A Kafka topic keeps every report. Version 1 of the program goes on writing its table while version 2 replays the topic from its beginning into a table of its own. One statement switches the view that readers ask.](pictures/10-kappa.svg)

# %% [markdown]
# ## In one minute
#
# | | |
# |---|---|
# | **Promise** | one program for history and for now; a change of mind is a replay into a new table, then one switch |
# | **Price** | the log must keep all history, both tables exist for a while, and a replay takes as long as it takes |
# | **When not** | history is long and cheap as files, or the job joins years with years |

# %% [markdown]
# ## Set up
#
# `scene` brings what is no part of the idea: a reader who asks all the time, reports that arrive, a log that forgets, and
# the oracle of 07, which foretells what a windowed count publishes.

# %% tags=["setup"]
import json, pandas as pd, pyspark.sql.functions as F
from patternlab import emptied, events, finish, kafka, lines, look, measure
from patternlab import open_schema, progress, prove, spark_session, steps, truth, workspace
from patternlab.patterns.kappa import scene
spark = spark_session("10-kappa", **{"spark.sql.shuffle.partitions": 1})
spark.version

# %% [markdown]
# ## Look at the data
#
# A board counts late departures. So far "late" has meant more than 0 minutes. From now on it shall mean more than 15,
# for the past too: otherwise no month could be compared with the one before. Six reports, in both meanings:

# %% tags=["look-toy"]
toy = ("A EWR -3", "B JFK 4", "C EWR 0", "D LGA 16", "E JFK 50", "F EWR 12")
departures = scene.by_hand(*toy)
departures["over 0"] = departures["dep_delay"] > 0
departures["over 15"] = departures["dep_delay"] > 15

look(departures)

# %% [markdown]
# The real reports lie on a Kafka topic of one partition, in order of arrival. The last quarter of them has not happened
# yet: it will arrive while you work. Running this cell again puts everything back to here.

# %% tags=["look-real"]
broker, work = kafka(), workspace("10-kappa")
open_schema(spark, "kappa", work / "tables")
reports = events("departed", "week")
past = reports[:len(reports) * 3 // 4]

broker.topic("departures-10", retention_ms=-1)
broker.send("departures-10", past)
look(broker.peek("departures-10", n=3)[["offset", "key", "value"]])

# %% [markdown]
# How much hangs on the word?

# %% tags=["look-meanings"]
delays = pd.Series([report["dep_delay"] for report in reports])

print(f"late by more than 0: {(delays > 0).mean():.0%}, by more than 15:",
      f"{(delays > 15).mean():.0%} of {len(delays):,} departures")

# %% [markdown]
# ## The naive way
#
# The table is there, and so are the delays. So correct the table: one airport after the other, as a careful person does. On
# the toy this is right.

# %% tags=["step-naive-toy"]
late = departures["over 0"].copy()

for origin in ("EWR", "JFK", "LGA"):
    here = departures["origin"] == origin
    late[here] = departures["over 15"]

look(departures.assign(patched=late))

# %% [markdown]
# Now on a real table, which somebody reads. `told` is what every reader asks: how many rows of which meaning, and how
# many of them are late. `late_after` says by which meaning a row was made. (Spark's first read of a topic takes a moment.)

# %% tags=["look-question", "fold"]
# plumbing: JSON becomes columns, a reader asks
SHAPE = "key string, origin string, scheduled timestamp, dep_delay double"
QUESTION = """SELECT late_after, count(*) AS reports, count_if(late) AS late
FROM {} GROUP BY late_after ORDER BY late_after"""


def parsed(messages):
    report = F.from_json(F.col("value").cast("string"), SHAPE)
    return messages.select(report.alias("report")).select("report.*")


def told(table):
    return [tuple(row) for row in spark.sql(QUESTION.format(table)).collect()]

print(QUESTION.format("a table"))

# %% tags=["step-naive-table"]
messages = spark.read.format("kafka").options(**broker.options("departures-10")).load()
rows = parsed(messages).selectExpr("*", "0 AS late_after", "dep_delay > 0 AS late")
rows.write.format("delta").mode("overwrite").saveAsTable("patched")

told("patched")

# %% [markdown]
# One meaning, all rows. Then the patch: first Newark, then the others. A reader asks before, in between and after. (To see it
# twice, make the table again by the cell above.)

# %% tags=["break-patch"]
PATCH = "UPDATE patched SET late = dep_delay > 15, late_after = 15 WHERE"

asked = {"before": told("patched")}
spark.sql(f"{PATCH} origin = 'EWR'")
asked["in between"] = told("patched")
spark.sql(f"{PATCH} origin <> 'EWR'")
asked["after"] = told("patched")
look(scene.answers(asked))

# %% [markdown]
# In between, two meanings lie in one table. A reader who only sums `late` gets a number that is right by neither. Each
# statement was atomic; the change was not. And the program that wrote the table still writes by the old meaning.

# %% [markdown]
# ## Build it
#
# The log is the source of truth, and a table is only what a program has made of it. Another program makes another table.

# %% [markdown]
# ### Step 1: a log that keeps history
#
# A replay reaches back as far as the log does. Kafka deletes after seven days unless told otherwise; this topic was made
# with `retention.ms=-1`: keep for ever. The **start offset** says whether something has gone. While nothing has, it is 0.

# %% tags=["step-log"]
first = broker.start_offsets("departures-10")[0]
after = broker.end_offsets("departures-10")[0]
print(f"the log holds offsets {first:,} to {after - 1:,}")

# %% [markdown]
# ### Step 2: one program, and its version 1
#
# `arriving` reads the log from its beginning, whoever asks, at most `per_batch` reports in a batch.

# %% tags=["step-arriving"]
def arriving(topic, per_batch, **more):
    source = broker.options(topic, maxOffsetsPerTrigger=per_batch, **more)
    return parsed(spark.readStream.format("kafka").options(**source).load())


arriving("departures-10", 1000)

# %% [markdown]
# `board` is the whole program; its version is a number. It remembers nothing between reports, so a row depends on its
# report alone. The call works on a batch too:

# %% tags=["step-program"]
def board(reports, late_after):
    late = F.col("dep_delay") > late_after
    return reports.withColumns({"late_after": F.lit(late_after), "late": late})


look(board(spark.createDataFrame(scene.by_hand(*toy)), late_after=15))

# %% [markdown]
# Each version has a table and a checkpoint of its own, where its offsets are kept; `anew` forgets both.

# %% tags=["look-anew", "fold"]
# plumbing: a version is forgotten, and what a cell that was interrupted has left
def stop_all():
    for query in spark.streams.active:
        query.stop()


def anew(table):
    stop_all()
    spark.sql(f"DROP TABLE IF EXISTS {table}")
    for folder in (f"tables/{table}", f"{table}-checkpoint"):
        emptied(work / folder)


print("anew(table) drops a table and its checkpoint")

# %% [markdown]
# Version 1 reads what has arrived so far.

# %% tags=["step-v1"]
def start(rows, table, **trigger):
    checkpoint = str(work / f"{table}-checkpoint")
    writer = rows.writeStream.option("checkpointLocation", checkpoint)
    return writer.trigger(**trigger).toTable(table)


anew("board_v1")
everything = arriving("departures-10", per_batch=len(reports))
finish(start(board(everything, 0), "board_v1", availableNow=True))
told("board_v1")

# %% [markdown]
# Readers never name that table. They ask a view, called `live_board`.

# %% tags=["step-view"]
spark.sql("CREATE OR REPLACE VIEW live_board AS SELECT * FROM board_v1")
look(spark.sql("SELECT key, dep_delay, late_after, late FROM live_board"), rows=3)

# %% [markdown]
# ### Step 3: version 2 replays while version 1 goes on
#
# Both run now, without an end: version 1 from its checkpoint, version 2 from offset 0, in bites. Meanwhile the last reports arrive
# in three parts. The cell stops both in `finally`, whatever happens.

# %% tags=["step-both"]
anew("board_v2")
bite = -(-len(reports) // 6)
arrivals = scene.Arrivals(broker, "departures-10", reports, parts=3)

history = arriving("departures-10", bite)
endless = {"processingTime": "0 seconds"}

try:
    v1 = start(board(everything, 0), "board_v1", **endless)
    v2 = start(board(history, 15), "board_v2", **endless)
    for end in arrivals:
        v1.processAllAvailable()
        print(f"the log ends at {end:,}, version 1 has kept up")
    v2.processAllAvailable()
finally:
    stop_all()

# %% [markdown]
# Nobody was disturbed. Readers still see version 1, with the reports that came meanwhile; the new table waits beside it.

# %% tags=["step-beside"]
names = ("live_board", "board_v1", "board_v2")
look(scene.answers({name: told(name) for name in names}))

# %% [markdown]
# ### Step 4: one switch
#
# A reader asks the view again and again, in a thread of its own. Then one statement changes what the view means. The first
# line only makes sure that you can run the cell twice.

# %% tags=["step-switch"]
SWITCH = "CREATE OR REPLACE VIEW live_board AS SELECT * FROM"

spark.sql(f"{SWITCH} board_v1")
with scene.Reader(lambda: told("live_board")) as reader:
    reader.wait(2)
    spark.sql(f"{SWITCH} board_v2")
    reader.wait(2)

look(reader.table())

# %% [markdown]
# The way back is the same statement with the old name, as long as that table exists. Two caveats. This view lives in this
# kernel's catalog: where other programs read, the catalog must be shared, or one table be replaced in one commit (`CREATE OR
# REPLACE TABLE`, a copy). And two `RENAME`s are no switch: between them there is no table of that name.

# %% [markdown]
# ### Step 5: a program that remembers
#
# `board` looks at one report at a time. An hourly count, as in 07, keeps state: counts per hour and airport, published when
# the watermark passes. It reads one day here, so that a batch is short; a last message, four days on, closes all windows.

# %% tags=["look-day", "fold"]
# plumbing: one day on a topic of its own, and a run of a windowed count over it
day = scene.first_day("week")
flown = events("departed", day)
broker.feed("hours-10", scene.closed(flown))


def publish(name, per_batch, patience):
    stop_all()
    counts = hourly(arriving("hours-10", per_batch), patience)
    writer = counts.writeStream.format("memory").queryName(name)
    writer = writer.option("checkpointLocation", emptied(work / name))
    finish(writer.trigger(availableNow=True).start())
    return spark.table(name).toPandas()


print(f"{len(flown):,} reports of {day[0]:%d %B} are on the topic hours-10")

# %% tags=["step-hourly"]
def hourly(reports, patience):
    patient = reports.withWatermark("scheduled", f"{patience} minutes")
    counts = patient.groupBy(F.window("scheduled", "1 hour"), "origin").count()
    return counts.selectExpr("window.start AS begin", "origin", "`count` AS n")


hourly(arriving("hours-10", per_batch=50), patience=0)

# %% [markdown]
# A live run reads few reports at a time. Some twenty small batches stand for it here, without patience.

# %% tags=["step-live"]
small = -(-len(flown) // 20)
live = publish("live", small, patience=0)

lost = {"live": len(flown) - int(live["n"].sum())}
print(f"live, {lost['live']} of {len(flown):,} reports came too late for their hour")

# %% [markdown]
# ## See it
#
# **Lag** is what the log has and a table lacks. The figure is made from the offsets of each batch, as the queries
# reported them.

# %% tags=["figure-lag"]
lag = arrivals.lag({"version 1": v1, "version 2": v2})

steps(lag, "Version 2 works through history while version 1 keeps up",
      "seconds since version 2 was wanted", "lag (reports)");

# %% [markdown]
# A step down is a finished batch, a step up is a part that arrives. The moment for the switch is when both lie at zero:
# earlier, readers would lose reports that they had already seen.

# %% [markdown]
# ## Predict
#
# The hourly count is to be made again. The *same* program, without patience, replays the *same* log from its beginning. Only
# its batches are twice as big, for a backlog is read faster so. How many reports will the replay lose? Write a number.

# %% tags=["predict"]
guess = lost["live"]

print(f"Live {lost['live']} were lost; of the replay you expect {guess}.")

# %% [markdown]
# ## Break it
#
# **Other cuts.** The replay, and the windows in which it differs from the live run.

# %% tags=["break-cuts"]
big = -(-len(flown) // 10)
replayed = publish("replayed", big, patience=0)

lost["replay"] = len(flown) - int(replayed["n"].sum())
print(f"your guess: {guess}; lost, of {len(flown):,} reports: {lost}")
look(scene.differing(live, replayed), rows=5)

# %% [markdown]
# No line of code differs. The watermark moves between batches, so with bigger batches it moves more rarely, and fewer reports find
# their window gone. "The same program over the same log" is not enough: a replay has other cuts.

# %% [markdown]
# The repair is **patience** of at least the longest lateness. Then nothing is ever too late, so no cut can matter.

# %% tags=["step-patient"]
enough = scene.longest_lateness(flown)
patient_live = publish("patient_live", small, enough)
patient_replay = publish("patient_replay", big, enough)

print(f"with {enough:,} minutes of patience: live {patient_live['n'].sum():,},",
      f"replay {patient_replay['n'].sum():,} of {len(flown):,} reports")

# %% [markdown]
# Its price: every hour is published that much later, and you must know the longest lateness in advance. Other repairs: record the cuts
# and replay with them (as in the lab), or publish corrections (upserts) instead of final windows.

# %% [markdown]
# **A retention shorter than history.** This topic has forgotten its first third. `forgotten` does at once what retention
# does in time: every five minutes Kafka looks for segments older than `retention.ms`, or beyond `retention.bytes`. A rebuild from
# "earliest" runs without an error.

# %% tags=["break-retention"]
broker.feed("short-10", reports)
scene.forgotten(broker, "short-10", before=len(reports) // 3)

anew("board_short")
rest = board(arriving("short-10", len(reports)), 15)
finish(start(rest, "board_short", availableNow=True))
names = ("board_v2", "board_short")
look(scene.answers({name: told(name) for name in names}))

# %% [markdown]
# No warning, no failed batch, plausible shares. One number knows:

# %% tags=["break-start-offset"]
gone = broker.start_offsets("short-10")[0]
print(f"the log begins at offset {gone:,}")

# %% [markdown]
# "Earliest" means the earliest that is *left*. So do not ask for the earliest: ask for offset 0, and Spark refuses what it
# can't give.

# %% tags=["break-refused"]
zero = json.dumps({"short-10": {"0": 0}})
strict = arriving("short-10", len(reports), startingOffsets=zero)
anew("board_refused")
try:
    finish(start(board(strict, 15), "board_refused", availableNow=True))
except Exception as refusal:
    print(scene.reason(refusal))

# %% [markdown]
# Then the rebuild needs another source for what is gone: an archive of the log in files, read up to the offset where the
# log begins.

# %% [markdown]
# ## Looks right, not so fast
#
# A colleague has a topic that is "never deleted": it is *compacted*. Its key is the aircraft. Its start offset is 0, its end
# fits. Is that a history?

# %% tags=["break-compacted"]
keyed = scene.keyed_by_aircraft(reports)
scene.compacted(broker, "aircraft-10", keyed)
ends = broker.end_offsets("aircraft-10")[0]
print(f"offsets {broker.start_offsets('aircraft-10')[0]} to {ends - 1:,}")

kept = spark.read.format("kafka").options(**broker.options("aircraft-10")).load().count()
print(f"a replay gets {kept:,} messages")

# %% [markdown]
# Compaction keeps the last message of each key and removes the others; offsets stay as they were, with gaps. That is right for
# "where is each aircraft now", and it is no history.

# %% [markdown]
# ## Prove it
#
# The switch first. The truth counts late departures from the published table, without any log.

# %% tags=["prove-switch"]
departed = truth("conservation", "week")["departed"]
old = (0, departed, truth("late", "week")["over_0"])
new = (15, departed, truth("late", "week")["over_15"])

prove("version 1 = the truth of more than 0", told("board_v1"), [old])
prove("version 2, by replay, = the truth of more than 15", told("board_v2"), [new])
prove("around the switch a reader saw version 1, then version 2, nothing else",
      list(reader.seen), [(old,), (new,)])

# %% [markdown]
# Then the replay: what the oracle of 07 foretells for these cuts, and what patience makes of it.

# %% tags=["prove-replay"]
again = publish("again", big, patience=0)
foretold = scene.foretold(flown, live=small, replay=big)

prove("without patience each run loses what the oracle foretells", lost, foretold)
prove("two replays with equal cuts are equal", again, replayed)
prove("with patience the replay is the live run", patient_replay, patient_live)
prove("and it is the truth", patient_replay, truth("departures_per_window", day))

# %% [markdown]
# And the logs that forgot.

# %% tags=["prove-forgotten"]
prove("what the short rebuild lacks is what its start offset says",
      departed - spark.table("board_short").count(), gone)
prove("the compacted topic holds the last message of each aircraft, and the one that closed it",
      kept, len(scene.last_per_key(keyed)) + 1)

# %% [markdown]
# ## Measure it
#
# How long does a replay take? Version 2 once more, alone on the machine. After each bite: what has been read, and how long it took.

# %% tags=["figure-catch-up"]
anew("board_v3")
rows = board(arriving("departures-10", bite), 15)
with measure("a replay, alone") as measured:
    alone = finish(start(rows, "board_v3", availableNow=True))
    measured.rows, measured.path = len(reports), work / "tables" / "board_v3"

took = progress(alone)[["rows", "seconds"]].cumsum().set_index("rows")
lines({"replay": took["seconds"]}, "The longer the log, the longer the replay",
      "length of the log (reports)", "seconds in batches");

# %% [markdown]
# A part of every batch is a fixed cost, so a replay in bigger batches is faster, and cuts differently. The second price is
# space: the bytes above are stored once for each version, until the old one is dropped.

# %% [markdown]
# ## When not, and the neighbours
#
# | pattern | differs in | choose it when |
# |---|---|---|
# | [09 Lambda](09-lambda.ipynb) | a batch layer recomputes from files, a speed layer covers the time since | history is too long for a replay, or the batch code exists |
# | [07 Stream windowing](07-stream-windowing.ipynb) | asks when a window is complete | you run the job once, live |
# | [06 Lakehouse](06-lakehouse.ipynb) | history is a table with versions | a rebuild reads files, which cost less than a log |
# | [11 Event-driven](11-event-driven.ipynb) | the log is the truth of an application, with commands and rules | the events *are* the business |
# | batch over an archive | no stream at all | tomorrow is early enough |
#
# In Flink the pattern is the same: a second job reads Kafka from the earliest offset, and a savepoint holds the state of
# the first one.

# %% [markdown]
# ## Check yourself
#
# 1. Why does version 2 write into a table of its own?
#    <details><summary>Answer</summary>So that no reader sees it half done, and so that the old table is there to go back to. A patched table is neither.</details>
# 2. Your rebuild ran without an error and its totals are too small. Where do you look first?
#    <details><summary>Answer</summary>At the start offset of the topic. "Earliest" is the earliest that is left.</details>
# 3. Your test replays reports of which none is late, and live run and replay agree. What has it shown?
#    <details><summary>Answer</summary>Nothing about replays: without lateness every patience and all cuts give one number. With it they agree where no result depends on the cuts (no state, or a patience of at least the longest lateness), or where the cuts are equal.</details>
# 4. From stream windowing (07): why do bigger batches lose fewer reports?
#    <details><summary>Answer</summary>The watermark moves between batches only, and a batch drops by the watermark of the one before it. Fewer batches, fewer moves.</details>
# 5. From ELT (02): a rule changes there too, after the data have come. What is the same?
#    <details><summary>Answer</summary>The raw data are kept and the result is made again from them. There by a batch over a raw table, here by a replay of the log.</details>

# %% [markdown]
# ## Go on
#
# The [lab](../labs/10-kappa.ipynb) lets you replay into a table of your own, choose what makes a replay equal to the live run, switch
# without a moment in between, and hand over from files to the log.
#
# - Jay Kreps, [Questioning the Lambda Architecture](https://www.oreilly.com/radar/questioning-the-lambda-architecture/), O'Reilly Radar 2014:
#   where the pattern comes from.
# - Jay Kreps, [The Log](https://engineering.linkedin.com/distributed-systems/log-what-every-software-engineer-should-know-about-real-time-datas-unifying), LinkedIn Engineering 2013.
# - Apache Kafka, [Design: log compaction](https://kafka.apache.org/documentation/#compaction), and the topic settings `retention.ms`,
#   `retention.bytes` and `cleanup.policy` on the same page.
# - Apache Spark 4.2, [Kafka integration guide](https://spark.apache.org/docs/4.2.0/streaming/structured-streaming-kafka-integration.html):
#   `startingOffsets` counts only when a query is new; `failOnDataLoss`.
