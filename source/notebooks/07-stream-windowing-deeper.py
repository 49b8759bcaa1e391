# %% [markdown] signature=["readStream", "withWatermark", "F.window(", "F.session_window(", "dropDuplicatesWithinWatermark"]
# # 07 Stream windowing, deeper: what does Spark really drop, and what else holds a window back or counts it twice?
#
# What the [lesson](07-stream-windowing.ipynb) left out: how the oracle works, patience as memory, why the cuts decide, an idle
# source, a skewed key, a deleted checkpoint, duplicates, twenty orders of arrival, sessions and sliding windows. Each section stands
# alone.

# %% [markdown]
# ## Set up
#
# The functions of the lesson come along in a folded cell: click it to read them.

# %% tags=["setup"]
import pandas as pd, pyspark.sql.functions as F
from patternlab import emptied, events, faults, finish, kafka, lines, look, progress
from patternlab import prove, spark_session, steps, truth, workspace
from patternlab.patterns.stream_windowing import oracle, scene
spark = spark_session("07-stream-windowing-deeper", **{"spark.sql.shuffle.partitions": 1})
spark.version

# %% tags=["step-functions", "fold"]
broker, work = kafka(), workspace("07-stream-windowing-deeper")
SHAPE = "key string, origin string, tailnum string, scheduled timestamp, arrival timestamp"

def arriving(topic, per_batch):
    source = broker.options(topic, maxOffsetsPerTrigger=per_batch)
    messages = spark.readStream.format("kafka").options(**source).load()
    report = F.from_json(F.col("value").cast("string"), SHAPE)
    return messages.select(report.alias("report")).select("report.*")

def hourly(reports):
    counts = reports.groupBy(F.window("scheduled", "1 hour"), "origin").count()
    return counts.selectExpr("window.start AS begin", "origin", "`count` AS n")

def start(counts, name):
    writer = counts.writeStream.format("memory").queryName(name).outputMode("append")
    return (writer.option("checkpointLocation", emptied(work / name))
            .trigger(availableNow=True).start())

print("arriving(topic, per_batch), hourly(reports), start(counts, name)")

# %% [markdown]
# The log is one day of departure reports in order of arrival, on a topic of one partition.

# %% tags=["look-log"]
day = scene.first_day("day")
reports = events("departed", day)
hours = truth("departures_per_window", day)

sent = broker.feed("departures-07", reports)
print(f"{sent:,} reports, {len(hours)} windows (hour and airport)")

# %% [markdown]
# ## How the oracle works
#
# Which reports will be lost? The watermark moves between batches only, and Spark's rule has two halves. A batch *publishes*
# the windows that end by its watermark. It *drops* records whose window ended by the watermark **of the batch before**. Three
# reports, one in a batch, no patience:

# %% tags=["look-spared"]
spared = scene.by_hand("P 09:10 09:12", "Q 11:40 11:41", "L 09:15 11:43")
look(oracle.traced(spared, 1, patience=0))

# %% [markdown]
# L belongs to the hour that ended at 10:00, and its batch publishes by 11:40. Yet L counts: its batch still drops by 09:10, and
# only afterwards publishes the hour, with L in it. With one more report in between, L is gone:

# %% tags=["look-dropped"]
dropped = scene.by_hand("P 09:10 09:12", "Q 11:40 11:41",
                        "R 11:50 11:51", "L 09:15 11:53")
look(oracle.traced(dropped, 1, patience=0))

# %% [markdown]
# The hour was published by 11:40, in the batch of R, without L. Spark's source names the two watermarks
# `eventTimeWatermarkForLateEvents` and `eventTimeWatermarkForEviction`. The oracle is the same rule in plain Python, record by
# record. Look for `too_old` and `watermark`: they are the two columns of the tables above.

# %% tags=["look-oracle"]
scene.show(oracle.spark_windows)

# %% [markdown]
# Does Spark do that? Three real queries run side by side on the same topic, with three patiences and fifty reports a batch. The
# oracle is told the same cuts and knows nothing else of Spark.

# %% tags=["step-three"]
def counted(topic, per_batch, minutes):
    patient = arriving(topic, per_batch).withWatermark("scheduled", f"{minutes} minutes")
    return hourly(patient)


waits = [0, 60, 180]
queries = {wait: start(counted("departures-07", 50, wait), f"wait_{wait}") for wait in waits}

scene.standing(queries.values())

# %% [markdown]
# The oracle also foretells what Spark's metric says. It counts late *groups*, a window and an airport within a batch, so it is
# never above the loss.

# %% tags=["look-metric"]
forecast = {wait: oracle.foretell(reports, 50, wait) for wait in waits}
metric = {wait: progress(query)["dropped"].sum() for wait, query in queries.items()}
groups = {wait: sum(run.dropped) for wait, run in forecast.items()}
losses = oracle.losses(reports, 50, waits)

pd.DataFrame({"metric of Spark": metric, "groups, foretold": groups, "reports lost": losses})

# %% [markdown]
# The numbers agree in the sum. They must agree in every batch.

# %% tags=["prove-batches"]
batches = [progress(query) for query in queries.values()]
sizes = [batch["rows"].tolist() for batch in batches]
refused = [batch["dropped"].tolist() for batch in batches]

prove("reports in each batch: observed = oracle",
      sizes, [run.sizes for run in forecast.values()])
prove("late groups in each batch: observed = oracle",
      refused, [run.dropped for run in forecast.values()])

# %% [markdown]
# ## Patience is memory
#
# A window waits in the state store until the watermark has passed its end. More patience, more windows that wait.

# %% tags=["figure-state"]
waiting = {f"{wait} min": progress(queries[wait])["state_rows"] for wait in waits}
highest = [str(rows.max()) for rows in waiting.values()]

steps(waiting, f"Patience is memory: at most {', '.join(highest)} windows are kept",
      "micro-batch", "windows kept (hour and airport)");

# %% [markdown]
# An airport has few windows. With a window per user and minute the same curve decides how many machines you pay for.

# %% tags=["prove-memory"]
kept = [rows.tolist() for rows in waiting.values()]

prove("windows kept after each batch",
      kept, [run.state_rows for run in forecast.values()])

# %% [markdown]
# ## Why the cuts decide
#
# One log, one program: how many reports are lost depends on how the log is read. *Record at a time* is an ideal engine. A
# *live* stream has no backlog, so Spark adds a batch without data after each batch and closes windows sooner. *Replay* is what
# you ran. With Spark's defaults a replay is *one batch*.

# %% tags=["look-engines"]
ways = {"record at a time": truth("loss_by_patience", day, patience=waits),
        "live": oracle.losses(reports, 50, waits, live=True),
        "replay": losses,
        "one batch": oracle.losses(reports, len(reports), waits)}

pd.DataFrame(ways)

# %% [markdown]
# Read a row from left to right: the longer a watermark stands still, the fewer reports are lost. One batch loses nothing, so a
# test on a backlog flatters. Now set completeness against waiting. Are live stream and replay two curves, or one?

# %% tags=["figure-live"]
axes = lines({"replay": oracle.completeness(reports, 50)},
             "A batch is patience that you did not ask for (diamonds: live)",
             "added latency (minutes, median over windows)", "reports counted (%)")
axes.plot(oracle.completeness(reports, 50, live=True), "kD");

# %% [markdown]
# For the same patience the replay loses less and waits longer: it lies further along nearly the same curve. A batch that takes
# long to fill waits for late reports, whether you asked for it or not. This is why a backfill and the live job that it replaces
# give different numbers, from the same log and the same code.
#
# Real Spark, no patience at all, one batch:

# %% tags=["prove-one-batch"]
single = finish(start(counted("departures-07", len(reports), 0), "single"))

prove("one batch, no patience: late groups", int(progress(single)["dropped"].sum()), 0)

# %% [markdown]
# ## An idle source
#
# All reports come from one topic; a second one, for an airport to come, is silent. The watermark of two sources is the
# *smaller* one, because a report could still come from the slower. A third topic has a heartbeat: one record with the newest
# time. A fourth has two partitions, and all reports have one key, so one partition stays empty.

# %% tags=["step-topics"]
newest = max(report["scheduled"] for report in reports)
beat = dict(reports[-1], key="beat", origin="beat", scheduled=newest)
same_key = [dict(report, key="all") for report in reports]

broker.feed("idle-07", [])
broker.feed("beat-07", [beat])
broker.feed("halves-07", same_key, partitions=2)
broker.end_offsets("halves-07")

# %% tags=["step-together"]
def together(other):
    main = arriving("departures-07", seventh).withWatermark("scheduled", "60 minutes")
    silent = arriving(other, seventh).withWatermark("scheduled", "60 minutes")
    return hourly(main.unionByName(silent))


seventh = -(-len(reports) // 7)
together("idle-07")

# %% [markdown]
# The union is one query with two watermarks. Three cases run at once: beside the silent topic, beside the heartbeat, and the
# topic with the empty partition on its own.

# %% tags=["break-idle"]
running = [start(together("idle-07"), "silent_topic"),
           start(together("beat-07"), "heartbeat"),
           start(counted("halves-07", seventh, 60), "idle_partition")]

standing = scene.standing(running)
standing

# %% [markdown]
# Silence holds everything back, and the state only grows. A heartbeat repairs it. An idle *partition* does no harm in Spark,
# which takes the newest time over all partitions of a topic (a partition that lags pays for that). In Flink it does, until
# `withIdleness` is set.

# %% tags=["prove-idle"]
undisturbed = oracle.rows(oracle.foretell(reports, seventh, 60).published)

silence = standing.loc["silent_topic", "published"]

prove("reports published beside a silent topic", silence, 0)
prove("a heartbeat repairs it: all that one topic publishes",
      spark.table("heartbeat"), undisturbed)
prove("an idle partition changes nothing", spark.table("idle_partition"), undisturbed)

# %% [markdown]
# ## A skewed key
#
# The key of a message chooses its partition, and a partition is what one reader takes. "All of an airport to one reader, in
# order" sounds reasonable: the windows are per airport. Eight partitions wait for eight readers. The same day a second time,
# with the aircraft as the key; the columns are messages in each partition:

# %% tags=["step-keys"]
def keyed(field):
    return [dict(report, flight=report["key"], key=report[field]) for report in reports]


broker.feed("by-airport-07", keyed("origin"), partitions=8)
broker.feed("by-aircraft-07", keyed("tailnum"), partitions=8)
ends = {"airport": broker.end_offsets("by-airport-07"),
        "aircraft": broker.end_offsets("by-aircraft-07")}
pd.DataFrame(ends).sort_index()

# %% [markdown]
# Now the readers, one thread for each partition. Each report costs its reader two milliseconds, as a call to another service
# would. They all begin at once, and the work is done when the slowest is.

# %% tags=["break-skew"]
by_airport = scene.worked_off(broker, "by-airport-07", seconds=0.002)
skewed = scene.by_reader(by_airport, readers=8)
skewed

# %% [markdown]
# There are three airports, so most of the readers have nothing to do, and were two airports to meet in one partition, one
# would have them both. More readers change nothing: the work is as slow as its fullest partition, and a key can't be
# divided. Carriers would share out better, until one of them is half of all. A finer key, the aircraft:

# %% tags=["break-skew-repaired"]
by_aircraft = scene.worked_off(broker, "by-aircraft-07", seconds=0.002)
even = scene.by_reader(by_aircraft, readers=8)
even

# %% [markdown]
# What is the price? Kafka keeps order within a partition and nowhere else. Count the reports that were handled after a later
# one of the same airport, and after a later one of the same aircraft:

# %% tags=["look-overtaken"]
handled = {"key: airport": by_airport, "key: aircraft": by_aircraft}
overtaken = {key: scene.overtaken(rows, ["origin", "tailnum"]) for key, rows in handled.items()}

pd.DataFrame(overtaken)

# %% [markdown]
# The order of an airport is gone, and that of an aircraft is kept. A count by event time needs neither; "where is this aircraft
# now" needs the second. So choose the finest key within which your question needs order. (Where even one key is too much for
# one reader, count its parts under `key-1`, `key-2`, ..., and add them up in a second step.)

# %% tags=["prove-skew"]
flights = sorted(report["key"] for report in reports)

prove("by airport: each report is handled once", sorted(by_airport["flight"]), flights)
prove("by aircraft: each report is handled once", sorted(by_aircraft["flight"]), flights)
prove("by aircraft: reports overtaken within their aircraft",
      overtaken["key: aircraft"]["tailnum"], 0)

# %% tags=["prove-skew-whole"]
whole = by_airport.groupby(["origin", "partition"]).size().reset_index(name="n")
airports = hours.groupby("origin", as_index=False)["n"].sum()

prove("by airport: each is in one partition, and whole", whole[["origin", "n"]], airports)

# %% [markdown]
# ## A deleted checkpoint
#
# The lesson killed a program, and its checkpoint let a new process go on without gap or copy. The usual accident is another:
# somebody deletes the checkpoint "to be safe" and starts the query again on the same Delta table. First the good run.

# %% tags=["step-publish"]
table = emptied(work / "published")


def publish(checkpoint):
    writer = counted("departures-07", seventh, 60).writeStream.format("delta")
    return (writer.option("checkpointLocation", emptied(work / checkpoint))
            .trigger(availableNow=True).start(table))


published = progress(finish(publish("checkpoint")))
good = spark.sql(f"DESCRIBE HISTORY delta.`{table}` LIMIT 1").first()["version"]

print(f"{len(published)} batches, and the table is at version {good}")

# %% [markdown]
# Now the same query with a new, empty checkpoint, which is what deleting the old one amounts to.

# %% tags=["break-checkpoint"]
finish(publish("another-checkpoint"))
windows = spark.read.format("delta").load(table).groupBy("begin", "origin").count()
twice = windows.where("count > 1").count()

print(f"without the checkpoint: {twice} of {windows.count()} windows are there twice")

# %% [markdown]
# The stream began again at the first offset, and append mode appends. Delta keeps its versions, so the way back is one
# statement. What prevents it is a sink that replaces: MERGE on window and airport.

# %% tags=["step-restore"]
spark.sql(f"RESTORE TABLE delta.`{table}` TO VERSION AS OF {good}")
restored = spark.read.format("delta").load(table)

print(f"after RESTORE to version {good}: {restored.count()} windows")

# %% tags=["prove-restore"]
prove("after RESTORE the table is what one undisturbed run publishes",
      restored, undisturbed)

# %% [markdown]
# ## Duplicates
#
# A producer that gets no answer sends again. Here one report in ten comes a second time, 30 minutes later.
# `dropDuplicatesWithinWatermark` remembers each key for as long as the patience lasts, and forgets it then: plain
# `dropDuplicates` would remember for ever. A last record, four days on, lets every window close, so that nothing is open.

# %% tags=["break-duplicates"]
log = scene.closed(faults.duplicated(reports, share=.1, minutes=30))
broker.feed("twice-07", log)

repeated = arriving("twice-07", seventh).withWatermark("scheduled", "2 days")
once = repeated.dropDuplicatesWithinWatermark(["key"])

running = [start(hourly(repeated), "raw"), start(hourly(once), "once")]
total = scene.standing(running)["published"]
print(f"raw: {total['raw']:,}, once: {total['once']:,}, truth: {len(reports):,}")

# %% [markdown]
# How would you notice without a truth? Look for what can't be. A plane can't leave twice in one minute, so windows of a minute
# per aircraft show it. It is the hourly count with another length and another key:

# %% tags=["look-per-minute"]
per_minute = repeated.groupBy(F.window("scheduled", "1 minute"), "tailnum").count()
finish(start(per_minute, "per_minute"))

suspicious = spark.table("per_minute").where("count > 1").count()
print(f"aircraft with two reports in one minute: {suspicious:,}")

# %% tags=["prove-duplicates"]
prove("a copy counts once", spark.table("once"), hours)

# %% [markdown]
# ## Twenty orders
#
# With a patience that outlasts every delay the order of arrival can't matter. Twenty shuffles of the day go through one query
# as twenty groups. They share a watermark, which is at least as far as each would have alone: sharing can only lose more, so
# no loss here means no loss apart.

# %% tags=["step-orders"]
orders = [faults.shuffled(reports, seed=seed) for seed in range(20)]
mixed = scene.side_by_side(orders)

broker.feed("shuffled-07", scene.closed(mixed))
look(pd.DataFrame(mixed)[["scheduled", "arrival", "origin", "tailnum"]], rows=4)

# %% tags=["prove-permutations"]
quarter = -(-len(mixed) // 4)
patient = arriving("shuffled-07", quarter).withWatermark("scheduled", "2 days")
finish(start(hourly(patient), "shuffled"))

prove("20 orders, patient: stream = batch",
      spark.table("shuffled"), scene.repeated(hours, "origin", 20))

# %% [markdown]
# One equality for twenty orders proves little if the orders are harmless. So here is the control: an hour of patience must
# suffer from each of them.

# %% tags=["prove-impatient"]
lost = [len(oracle.foretell(order, seventh, 60).late) for order in orders]

prove("the same 20 orders with one hour of patience: orders that lose nothing",
      lost.count(0), 0)

# %% [markdown]
# ## Sessions and sliding windows
#
# A session of an aircraft is a run of departures at most eight hours apart. It has no fixed end, so a late report can begin it
# earlier, and a report between two sessions must join both into one. That is where the order of arrival could show. So
# sessions get the same test, with the same twenty orders.

# %% tags=["prove-sessions"]
gap = F.session_window("scheduled", "8 hours")
sessions = patient.groupBy(gap.alias("w"), "tailnum").agg(F.count("*").alias("n"))
by_aircraft = sessions.selectExpr("tailnum", "w.start AS begin", "w.end AS end", "n")
finish(start(by_aircraft, "sessions"))

prove("20 orders: the same sessions of every aircraft", spark.table("sessions"),
      scene.repeated(truth("sessions_of_aircraft", day), "tailnum", 20))

# %% [markdown]
# Sliding windows overlap: an hour that begins every half hour counts each report twice. Each window on its own is right; their
# sum is not a number of departures.

# %% tags=["prove-sliding"]
half = F.window("scheduled", "1 hour", "30 minutes")
sliding = once.groupBy(half.alias("w"), "origin").agg(F.count("*").alias("n"))
finish(start(sliding.selectExpr("w.start AS begin", "origin", "n"), "sliding"))

prove("sliding windows, patient: stream = batch", spark.table("sliding"),
      truth("departures_per_window", day, every=30))

# %% [markdown]
# ## Go on
#
# In the [lab](../labs/07-stream-windowing.ipynb) you write the rule of the late filter yourself (exercise 3), merge sessions in
# any order (4), and publish early without a wrong sum (5).
#
# - Apache Spark, [statefulOperators.scala](https://github.com/apache/spark/blob/v4.2.0/sql/core/src/main/scala/org/apache/spark/sql/execution/streaming/operators/stateful/statefulOperators.scala):
#   the two watermarks of a batch.
# - Apache Spark 4.2, [Structured Streaming](https://spark.apache.org/docs/4.2.0/streaming/apis-on-dataframes-and-datasets.html):
#   several watermarks, deduplication, session windows.
# - Apache Flink, [Generating watermarks](https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/datastream/event-time/generating_watermarks/):
#   idle sources.
