# %% [markdown] signature=["readStream", "withWatermark", "F.window(", "F.session_window(", "dropDuplicatesWithinWatermark"]
# # 07 Stream windowing: when is a window complete enough to publish, and what becomes of later data?
#
# ```mermaid
# flowchart LR
#     report["report<br/>planned 09:30<br/>arrives 11:20"] --> log[("Kafka topic<br/>in order of arrival")]
#     log --> state["state<br/>one count per window"]
#     clock["watermark =<br/>newest event time - patience"] -.-> state
#     state -- "window end <= watermark" --> published
#     state -- "still waiting" --> open
#     log -- "its window is gone" --> lost
# ```

# %% [markdown]
# ## In one minute
#
# | | |
# |---|---|
# | **Promise** | a count per window of event time, published once, while data still arrives |
# | **Price** | you choose a patience: a short one loses reports, a long one delays every answer and keeps more state |
# | **When not** | there is no time in the question, or tomorrow's batch is early enough |

# %% [markdown]
# ## Set up
#
# One shuffle partition is enough for so little data, and makes each small batch cheaper.

# %% tags=["setup"]
from pyspark.sql import functions as F
from patternlab import events, faults, kafka, killed, measure, plane, progress, prove, replay
from patternlab import spark_session, truth, workspace

spark = spark_session("07-stream-windowing", **{"spark.sql.shuffle.partitions": 1})
broker, work, reports = kafka(), workspace("07-stream-windowing"), events("departed", slice="day")
print(f"{len(reports):,} departure reports, broker at {broker.bootstrap}")

# %% [markdown]
# ## Look at the data
#
# A report says that a plane has left. It has two times: **event time**, here the *scheduled* departure, and **arrival**, when
# the log got it, here when the plane left. That event time is the schedule is our choice: we ask how many of the departures
# planned for an hour took place.

# %% tags=["look-toy"]
import pandas as pd

toy = [dict(key=key, origin="EWR", scheduled=f"2013-07-01T{planned}:00Z", arrival=f"2013-07-01T{left}:00Z")
       for key, planned, left in [("A", "09:10", "09:12"), ("B", "09:40", "09:41"), ("C", "09:50", "09:58"),
                                  ("D", "10:20", "10:31"), ("E", "10:45", "10:50"), ("F", "11:10", "11:12")]]
pd.DataFrame(toy)

# %% [markdown]
# The real log looks the same, except that planes leave in another order than planned. A report is *overtaken* when one with a
# later slot comes before it.

# %% tags=["look-real"]
log = pd.DataFrame(reports)[["arrival", "scheduled", "origin", "carrier", "flight", "tailnum", "dep_delay"]]
planned = pd.to_datetime(log["scheduled"], format="ISO8601")
print(f"{(planned < planned.cummax()).mean():.1%} of the reports are overtaken. Delay in minutes:",
      ", ".join(f"{log['dep_delay'].quantile(share):.0f} (at {share:.0%})" for share in (.5, .9, .99, 1)))
log.head(5)

# %% [markdown]
# ## The naive way
#
# Count reports by the hour in which they arrive. Nothing has to be remembered: when the clock strikes, the hour is done. On the
# toy this is right.

# %% tags=["step-naive-toy"]
def per_hour(reports, time):
    moments = pd.to_datetime([report[time] for report in reports], format="ISO8601")
    hours = moments.floor("h").strftime("%m-%d %H:00")
    return pd.Series(1, index=hours).groupby(level=0).sum()


pd.DataFrame({"by arrival": per_hour(toy, "arrival"), "by schedule": per_hour(toy, "scheduled")})

# %% [markdown]
# On the real log the total is right too, and each hour looks plausible. That is what makes this mistake expensive: no one
# number looks wrong.

# %% tags=["break-arrival"]
both = pd.DataFrame({f"by {name}": per_hour(reports, time)
                     for name, time in (("arrival", "arrival"), ("schedule", "scheduled"))}).fillna(0).astype(int)
off = both["by arrival"] != both["by schedule"]
print(f"{off.sum()} of {len(both)} hours are wrong, although both columns sum to {both['by arrival'].sum():,}")
both[off].head(6)

# %% [markdown]
# ## Build it
#
# The Dataflow paper asks four questions of every stream. *What* is computed: a count. *Where* in event time: in windows.
# *When* in processing time: once the watermark has passed. *How* do later results relate to earlier ones: the output mode.

# %% [markdown]
# ### Step 1: a log in order of arrival
#
# The topic has **one partition**: only then does Spark cut it into batches at the places we ask for. The record's own Kafka
# timestamp stays unused; a broker deletes by it, and 2013 is long past its retention.

# %% tags=["step-log"]
import json
from kafka import KafkaProducer


def publish(topic, log, partitions=1):
    broker.topic(topic, partitions)
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap, linger_ms=20)
    replay(log, lambda report: producer.send(topic, value=json.dumps(report).encode(), partition=0))
    producer.close()


publish("departures-07", reports)
broker.peek("departures-07", n=3)

# %% [markdown]
# ### Step 2: what, and where in event time
#
# `arriving` is the stream of reports, at most `per_batch` in each micro-batch. `hourly` counts per **tumbling** window: one
# hour long, one begins every hour, so each report falls into exactly one. The classic "events per user per minute" is the same
# call with another length and key; here the user is an airport or an aircraft.

# %% tags=["step-what-where"]
SERVERS = broker.bootstrap
SHAPE = "key string, origin string, tailnum string, scheduled timestamp, arrival timestamp"


def arriving(topic, per_batch):
    source = (spark.readStream.format("kafka").option("kafka.bootstrap.servers", SERVERS)
              .option("subscribe", topic).option("startingOffsets", "earliest")
              .option("maxOffsetsPerTrigger", per_batch).load())
    return source.select(F.from_json(F.col("value").cast("string"), SHAPE).alias("report")).select("report.*")


def hourly(reports):
    windows = reports.groupBy(F.window("scheduled", "1 hour"), "origin").agg(F.count("*").alias("n"))
    return windows.select(F.col("window.start").alias("begin"), "origin", "n")


hourly(arriving("departures-07", 20)).printSchema()

# %% [markdown]
# Other shapes differ in one call. **Sliding** windows overlap: an hour that begins every 30 minutes counts each report twice.
# **Session** windows have no fixed length: they end after a gap without reports. The same calls work on a batch, so the toy
# shows them at once.

# %% tags=["step-shapes"]
toy_reports = spark.createDataFrame(pd.DataFrame(toy)).withColumn("scheduled", F.to_timestamp("scheduled"))
shapes = {"tumbling hour": F.window("scheduled", "1 hour"), "tumbling minute": F.window("scheduled", "1 minute"),
          "hour, every 30 min": F.window("scheduled", "1 hour", "30 minutes"),
          "session, gap 25 min": F.session_window("scheduled", "25 minutes")}
for shape, window in shapes.items():
    found = toy_reports.groupBy(window.alias("w"), "origin").count().orderBy("w.start").selectExpr(
        "date_format(w.start, 'HH:mm') AS begin", "date_format(w.end, 'HH:mm') AS end", "count").collect()
    print(f"{shape:<20}", " ".join(f"{row.begin}-{row.end}={row['count']}" for row in found))

# %% [markdown]
# ### Step 3: when in processing time
#
# The **watermark** is a guess of how complete the log is: the newest event time seen, minus a patience. In append mode a window
# is published once, when the watermark reaches its end. `availableNow` reads what is there in batches of `per_batch`, then
# stops by itself.

# %% tags=["step-start"]
import shutil
per_batch = max(20, -(-len(reports) // 45))


def start(counts, name, mode="append"):
    shutil.rmtree(work / name, ignore_errors=True)        # a cell that is run again begins again
    return (counts.writeStream.format("memory").queryName(name).outputMode(mode)
            .option("checkpointLocation", str(work / name)).trigger(availableNow=True).start())


def finish(query):
    if not query.awaitTermination(300):
        query.stop()
        raise TimeoutError("The query did not end in 300 s. Close other notebooks, run the cell again.")
    return query


print(f"{per_batch} reports in a batch make {-(-len(reports) // per_batch)} batches")

# %% tags=["step-when"]
def counted(topic, per_batch, patience="60 minutes"):
    return hourly(arriving(topic, per_batch).withWatermark("scheduled", patience))


with measure("one hour of patience") as measured:
    hour = finish(start(counted("departures-07", per_batch), "patience_60"))
    measured.rows = len(reports)

# %% [markdown]
# Where is every report now? Published, or **open**: its window waits in the state store when the log ends. What neither has is
# missing. Spark lets us read the state store like a table, so `open` is observed, not inferred.

# %% tags=["step-books"]
def books(name):
    key = ["begin", "origin"]
    waiting = spark.read.format("statestore").load(str(work / name)).selectExpr(
        "key.window.start AS begin", "key.origin AS origin", "value.count AS n")
    sides = {"truth": truth("departures_per_window", "day"), "published": spark.table(name).toPandas(),
             "open": waiting.toPandas()}
    sides = {side: rows.astype({"begin": "datetime64[us]"}).set_index(key)["n"] for side, rows in sides.items()}
    sides = pd.concat(sides, axis=1).fillna(0).astype(int)
    return sides.assign(missing=sides["truth"] - sides["published"] - sides["open"])


print(books("patience_60").sum().to_frame("reports").T.to_string(index=False))
books("patience_60").query("missing > 0").head(5)

# %% [markdown]
# ### Step 4: how refinements relate
#
# Ten reports, two in a batch, half an hour of patience. G comes late but in time. H comes too late.

# %% tags=["step-story"]
more = [("G", "09:30", "10:52"), ("I", "11:20", "11:21"), ("H", "09:20", "11:30"), ("J", "11:50", "11:51")]
more = [dict(key=key, origin="EWR", scheduled=f"2013-07-01T{planned}:00Z", arrival=f"2013-07-01T{left}:00Z")
        for key, planned, left in more]
story = sorted(toy + more, key=lambda report: report["arrival"])
publish("story-07", story)
" ".join(f"{report['key']}:{report['scheduled'][11:16]}" for report in story)

# %% tags=["step-how"]
from patternlab.patterns.stream_windowing import cuts


def told(mode):
    said = {}

    def note(batch, number):
        said[number] = "  ".join(f"{row.begin:%H}h: {row.n}" for row in batch.orderBy("begin").collect())
    counts = counted("story-07", 2, "30 minutes")
    query = finish(counts.writeStream.outputMode(mode).foreachBatch(note).trigger(availableNow=True).start())
    return {"watermark": progress(query).set_index("batch")["watermark"].dt.strftime("%H:%M"), mode: said}


modes = {name: column for mode in ("complete", "update", "append") for name, column in told(mode).items()}
reads = {number: " ".join(report["key"] for report in batch) for number, batch in enumerate(cuts(story, 2))}
pd.DataFrame({"reads": reads, **modes})[["reads", "watermark", "append", "update", "complete"]].fillna("")

# %% [markdown]
# Read the table downwards. **Append** says each hour once, late and for good. **Update** says every change at once: a reader
# must replace the earlier row. **Complete** repeats everything in each batch and never forgets, so its state only grows: there,
# even H counts.

# %% [markdown]
# ### Step 5: an oracle
#
# Which reports will be lost? Spark's rule has two halves: a batch *publishes* windows that end by its watermark, and *drops*
# records whose window ended by the watermark **of the batch before** (`eventTimeWatermarkForLateEvents` and `...ForEviction`
# in Spark's `statefulOperators.scala`). The watermark moves between batches only.

# %% tags=["step-oracle"]
import inspect
from patternlab.patterns.stream_windowing import records, spark_windows

print(inspect.getsource(spark_windows).split('"""')[2].strip("\n"))

# %% [markdown]
# So the loss depends on where the batches are cut. Given the same cuts, the oracle names every lost report, before Spark runs.

# %% tags=["step-forecast"]
def forecast(patience, per_batch=per_batch):
    return spark_windows(cuts(records(reports), per_batch), patience * 60)


def rows_of(windows):
    rows = [(pd.Timestamp(begin, unit="s"), origin, n) for (begin, origin), n in windows.items()]
    return pd.DataFrame(rows, columns=["begin", "origin", "n"])


lost_reports = [reports[position] for position in forecast(60).late]
print(f"forecast for an hour of patience: {len(lost_reports):,} lost; "
      f"missing in Spark's books: {books('patience_60')['missing'].sum():,}")
pd.DataFrame(lost_reports, columns=["key", "scheduled", "arrival", "dep_delay"]).head(5)

# %% [markdown]
# ## See it
#
# Each point is a report. On the diagonal, nothing is delayed. Higher up means later. The step line is the watermark: it stands
# still while a batch arrives and jumps to the right between batches. A report is lost when it lies so far left of the line
# that its whole window does.

# %% tags=["figure-plane"]
finding = f"An hour of patience loses {len(lost_reports):,} of {len(reports):,} reports"
plane(reports, hour, lost=lost_reports, title=finding);

# %% [markdown]
# ## Predict
#
# With no patience at all, a window is gone as soon as a report from a later hour has come by. How many of the reports will be
# lost, in the same batches? Write a number before you go on. Nobody grades it.

# %% tags=["predict"]
guess = len(reports) // 2
print(f"You expect {guess:,} of {len(reports):,} reports to be lost.")

# %% [markdown]
# ## Break it
#
# **No patience.** Two more queries run side by side on the same topic: patience 0, and three hours. (On a slice of many days
# the batches are long, and hide most of the loss. *Measure it* says why.)

# %% tags=["break-patience"]
queries = {patience: start(counted("departures-07", per_batch, f"{patience} minutes"), f"patience_{patience}")
           for patience in (0, 180)}
queries = {patience: finish(query) for patience, query in sorted({60: hour, **queries}.items())}
ledger = pd.DataFrame({patience: books(f"patience_{patience}").sum() for patience in queries}).T
losses = ledger["missing"]
print(f"guess for patience 0: {guess:,}, Spark: {losses[0]:,}")
ledger

# %% [markdown]
# **One record from the future.** A device with a broken clock sends a single report from 2031. The watermark follows it, and the
# rest of the log is late. From here on we use the first day only.

# %% tags=["break-future"]
day = min(report["key"][:10] for report in reports)
today = [report for report in reports if report["key"].startswith(day)]
third = len(today) // 3
poisoned = [*today[:third], dict(today[third], key="2031", scheduled="2031-01-01T00:00:00Z"), *today[third:]]
few = -(-len(poisoned) // 7)
publish("future-07", poisoned)
finish(start(counted("future-07", few), "future"))
reached = spark.table("future").where("begin < '2031-01-01'").agg(F.sum("n")).first()[0]
print(f"one wrong clock: {reached:,} of {len(today):,} reports are published, the rest is lost")

# %% [markdown]
# The repair belongs *before* the watermark: no report may be planned much later than it arrives. In production the rest goes to a
# quarantine table.

# %% tags=["step-future-repaired"]
def plausible(reports):
    return reports.where("scheduled < arrival + INTERVAL 1 DAY")


safe = plausible(arriving("future-07", few)).withWatermark("scheduled", "60 minutes")
finish(start(hourly(safe), "repaired"))
repaired = spark.table("repaired").agg(F.sum("n")).first()[0]
print(f"with the filter: {repaired:,} of {len(today):,} published when the log ends")

# %% [markdown]
# **An idle source.** All reports come from one topic; a second topic, for an airport to come, is silent. The watermark of two
# sources is the *smaller* one, so silence holds everything back. An idle *partition* does no such harm in Spark, which takes
# the newest time over all partitions (a partition that lags pays for that). In Flink it does, until `withIdleness` is set.

# %% tags=["break-idle"]
def together(*topics):
    one, other = (arriving(topic, few).withWatermark("scheduled", "60 minutes") for topic in topics)
    return hourly(one.unionByName(other))


beat = dict(today[-1], key="beat", origin="beat", scheduled=max(report["scheduled"] for report in today))
for topic, sent in (("idle-07", []), ("beat-07", [beat]), ("today-07", today), ("halves-07", today)):
    publish(topic, sent, partitions=2 if topic == "halves-07" else 1)
cases = {"one topic, idle partition": counted("halves-07", few),
         "two topics, one silent": together("today-07", "idle-07"),
         "two topics, a heartbeat": together("today-07", "beat-07")}
cases = {case: finish(start(counts, f"case_{n}")) for n, (case, counts) in enumerate(cases.items())}
pd.DataFrame([(case, spark.table(query.name).agg(F.sum("n")).first()[0] or 0, progress(query)["state_rows"].iloc[-1])
              for case, query in cases.items()], columns=["case", "reports published", "windows kept"])

# %% [markdown]
# **Killed in the middle.** A program of its own counts into a Delta table. In the middle of a batch, after two whole ones, we
# kill it with SIGKILL, Java and all. It is the same code as above; `inspect` copies it over.

# %% tags=["step-program"]
def to_table(counts, table, checkpoint):
    return (counts.writeStream.format("delta").option("checkpointLocation", checkpoint)
            .trigger(availableNow=True).start(table))


program, table, checkpoint = work / "counting.py", str(work / "published"), str(work / "checkpoint")
lines = ["import sys", "from pyspark.sql import functions as F", "from patternlab import spark_session",
         "SERVERS, SHAPE, table, checkpoint, per_batch = sys.argv[1:]",
         "spark = spark_session('07-counting', **{'spark.sql.shuffle.partitions': 1})"]
lines += map(inspect.getsource, (arriving, hourly, counted, to_table))
lines += ["to_table(counted('today-07', int(per_batch)), table, checkpoint).awaitTermination()"]
print(f"{program.write_text(chr(10).join(lines)):,} characters; the last line:", lines[-1], sep="\n")

# %% tags=["break-kill"]
for place in (table, checkpoint):
    shutil.rmtree(place, ignore_errors=True)
batches = lambda part: len([*(work / "checkpoint" / part).glob("[0-9]*")])
code = killed(program, SERVERS, SHAPE, table, checkpoint, few,
              when=lambda: batches("offsets") > batches("commits") >= 2)
print(f"exit code {code}; batches begun: {batches('offsets')}, finished: {batches('commits')}")

# %% [markdown]
# The checkpoint holds the offsets of each batch, the state and the watermark. A new process, here this kernel, takes up the
# batch that was cut off. Then the usual accident: somebody deletes the checkpoint "to be safe" and starts the query again.

# %% tags=["step-resume"]
resumed = progress(finish(to_table(counted("today-07", few), table, checkpoint)))
after_restart = spark.read.format("delta").load(table).toPandas()
print(f"resumed at batch {resumed['batch'].iloc[0]}, read {resumed['rows'].sum():,} of {len(today):,} reports;",
      f"in the table: {after_restart['n'].sum():,} in {len(after_restart)} windows")

# %% tags=["break-checkpoint"]
from delta.tables import DeltaTable
shutil.rmtree(work / "checkpoint-2", ignore_errors=True)
good = DeltaTable.forPath(spark, table).history(1).first()["version"]
finish(to_table(counted("today-07", len(today)), table, str(work / "checkpoint-2")))
twice = spark.read.format("delta").load(table).groupBy("begin", "origin").count().where("count > 1").count()
print(f"without the checkpoint: {twice} of {len(after_restart)} windows are in the table twice")
DeltaTable.forPath(spark, table).restoreToVersion(good)
print(f"after RESTORE to version {good}: {spark.read.format('delta').load(table).count()} windows")

# %% [markdown]
# **Duplicates.** One report in ten is sent again 30 minutes later. `dropDuplicatesWithinWatermark` remembers each key for as long as the
# patience lasts. A last record, four days on, lets every window close, so nothing is open. An aircraft with two reports in
# one minute is how you notice.

# %% tags=["break-duplicates"]
def closed(log):
    last = pd.Timestamp(max(report["scheduled"] for report in log)) + pd.Timedelta(days=4)
    at = f"{last:%Y-%m-%dT%H:%M:%SZ}"
    return [*log, dict(key="tick", origin="tick", tailnum="tick", scheduled=at, arrival=at)]


publish("twice-07", closed(faults.duplicated(today, share=.1, minutes=30)))
repeated = arriving("twice-07", few).withWatermark("scheduled", "2 days")
minutes = repeated.groupBy(F.window("scheduled", "1 minute"), "tailnum").agg(F.count("*").alias("n"))
single = repeated.dropDuplicatesWithinWatermark(["key"])
started = [start(hourly(repeated), "raw"), start(hourly(single), "once"), start(minutes, "per_minute")]
total = {query.name: spark.table(query.name).agg(F.sum("n")).first()[0] for query in map(finish, started)}
print(f"raw: {total['raw']:,}, once: {total['once']:,}, truth: {len(today):,};",
      f"aircraft with two reports in a minute: {spark.table('per_minute').where('n > 1').count():,}")

# %% [markdown]
# ## Looks right, not so fast
#
# Spark has a metric for dropped rows, and it is tempting to take it as the loss. It counts, per batch, the late *groups* that
# reach the state store: reports of one window and airport are merged before. Two late reports of one group count once. And
# "published + lost = all" proves nothing where lost was computed by subtraction.

# %% tags=["look-metric"]
pd.DataFrame([(patience, progress(query)["dropped"].sum(), sum(forecast(patience).dropped), losses[patience])
              for patience, query in queries.items()],
             columns=["patience", "numRowsDroppedByWatermark", "late groups, by the oracle", "reports lost"])

# %% [markdown]
# ## Prove it
#
# The oracle knows no Spark, the truth knows no stream, the state store knows neither. For three patiences they must agree window
# by window. A restart must count nothing twice, and a copy must count once.

# %% tags=["prove-oracle"]
found = pd.concat([books(f"patience_{wait}").reset_index().assign(patience=wait) for wait in queries])
foreseen = {patience: forecast(patience) for patience in queries}
for side, guessed in (("published", "published"), ("open", "open"), ("missing", "lost")):
    observed = found[found[side] != 0].rename(columns={side: "n"})[["patience", "begin", "origin", "n"]]
    foretold = [(patience, *row) for patience, run in foreseen.items()
                for row in rows_of(getattr(run, guessed)).itertuples(index=False)]
    prove(f"three patiences, {side} per window: observed = oracle", observed,
          pd.DataFrame(foretold, columns=["patience", "begin", "origin", "n"]))
prove("windows with more reports than the truth", int((found["missing"] < 0).sum()), 0)
kept = [n for query in queries.values() for n in progress(query)["state_rows"]]
prove("windows kept after each batch", kept, [n for run in foreseen.values() for n in run.state_rows])

# %% tags=["prove-restart"]
undisturbed = rows_of(spark_windows(cuts(records(today), few), 3600).published)
prove("the process ended by SIGKILL", code, -9)
prove("killed and restarted, the table is what one undisturbed run publishes", after_restart, undisturbed)
prove("a copy counts once", spark.table("once"), truth("departures_per_window", "day", day=day))

# %% [markdown]
# Patience that outlasts every delay: then the order of arrival can't matter. Twenty shuffles of the day go through one query as
# twenty groups. They share a watermark, which is at least as far as each would have alone: sharing can only lose more, so no
# loss here means no loss apart. Sessions get the same test: a late report may join two of them, and must.

# %% tags=["prove-permutations"]
orders = [faults.shuffled(today, seed=seed) for seed in range(20)]
mixed = [dict(report, origin=f"{run:02} {report['origin']}", tailnum=f"{run:02} {report['tailnum']}")
         for turn in zip(*orders) for run, report in enumerate(turn)]
publish("shuffled-07", closed(mixed))
patient = arriving("shuffled-07", -(-len(mixed) // 6)).withWatermark("scheduled", "2 days")
sessions = patient.groupBy(F.session_window("scheduled", "8 hours"), "tailnum").agg(F.count("*").alias("n"))
sessions = sessions.selectExpr("tailnum", "session_window.start AS begin", "session_window.end AS end", "n")
by_aircraft = start(sessions, "sessions")
batch = truth("departures_per_window", "day", day=day)
prove("20 orders, patient: stream = batch", spark.table(finish(start(hourly(patient), "shuffled")).name),
      pd.concat([batch.assign(origin=f"{run:02} " + batch["origin"]) for run in range(20)]))
impatient = [len(spark_windows(cuts(records(order), few), 3600).late) for order in orders]
prove("the same 20 orders with one hour of patience: orders that lose nothing", impatient.count(0), 0)

# %% tags=["prove-sessions"]
one = truth("sessions_of_aircraft", "day", day=day)
prove("20 orders: the same sessions of every aircraft", spark.table(finish(by_aircraft).name),
      pd.concat([one.assign(tailnum=f"{run:02} " + one["tailnum"]) for run in range(20)]))
sliding = single.groupBy(F.window("scheduled", "1 hour", "30 minutes"), "origin").agg(F.count("*").alias("n"))
sliding = start(sliding.selectExpr("window.start AS begin", "origin", "n"), "sliding")
prove("sliding windows, patient: stream = batch", spark.table(finish(sliding).name),
      truth("departures_per_window", "day", every=30, day=day))

# %% [markdown]
# ## Measure it
#
# One log, one program: how many reports are lost depends on how the log is read. *Record at a time* is an ideal engine. A
# *live* stream has no backlog, so Spark adds a batch without data after each batch and closes windows sooner (foretold by the
# oracle). *Replay* is what you ran. With Spark's defaults a replay is *one batch* and loses nothing: a test on a backlog flatters.

# %% tags=["look-engines"]
live = cuts(records(reports), per_batch, live=True)
ideal = truth("loss_by_patience", "day", patience=list(queries))
pd.DataFrame([(patience, ideal[patience], len(spark_windows(live, patience * 60).late), losses[patience],
               len(forecast(patience, len(reports)).late)) for patience in queries],
             columns=["patience", "record at a time", "live", "replay", "one batch"])

# %% [markdown]
# What does patience buy, and what does it cost? Lines come from the oracle, diamonds are Spark's three runs. *Added latency* is
# the time from the end of a window to its publication, by the clock of the log. Are live stream and replay two curves or one? A
# batch is patience that you did not ask for.

# %% tags=["figure-completeness"]
import matplotlib.pyplot as plt
from patternlab.patterns.stream_windowing import added_latency
from patternlab.figures import BLACK, finish as finished, label

axes, percent = plt.subplots()[1], lambda missing: 100 - 100 * missing / len(reports)
replayed = cuts(records(reports), per_batch)
for name, parts, at in (("replay of the backlog", replayed, -1), ("live stream", live, 0)):
    runs = [spark_windows(parts, patience * 60) for patience in range(0, 241, 30)]
    curve = [(added_latency(reports, run.sizes, run.watermark), percent(len(run.late))) for run in runs]
    axes.plot(*zip(*curve))
    label(axes, *curve[at], name, axes.lines[-1].get_color(), xytext=(8, 6))
for patience, query in queries.items():
    marks = [0 if pd.isna(mark) else mark.timestamp() for mark in progress(query)["watermark"]]
    wait = added_latency(reports, progress(query)["rows"], marks)
    axes.plot(wait, share := percent(losses[patience]), "D", color=BLACK)
    label(axes, wait, share, f"Spark, patience {patience} min: {share:.1f} %", xytext=(8, -14))
axes.margins(x=.2)
finished(axes, "Completeness is bought with waiting", "added latency (minutes, median over windows)",
         "reports counted (%)");

# %% tags=["figure-state"]
axes = plt.subplots(figsize=(9, 3.6))[1]
for patience, query in queries.items():
    rows = progress(query)["state_rows"]
    axes.step(rows.index, rows, where="post", label=f"patience {patience}")
    label(axes, rows.index[-1], rows.iloc[-1], f"{patience} min", axes.lines[-1].get_color())
highest = {patience: max(progress(query)["state_rows"]) for patience, query in queries.items()}
finished(axes, f"Patience is memory: at most {highest[0]}, {highest[60]} and {highest[180]} windows are kept",
         "micro-batch", "windows kept (hour and airport)");

# %% [markdown]
# ## When not, and the neighbours
#
# | pattern | differs in | choose it when |
# |---|---|---|
# | a nightly batch | waits for the day to end, then every report is there | nobody acts on the number before morning |
# | 08 CEP | asks for an order of events, not for an amount | "first this, then that" is the question |
# | 09 Lambda | publishes a fast number and corrects it by batch | readers can live with a number that changes |
# | 10 Kappa | recomputes by replaying the log | you accept that other cuts lose other reports |
# | update mode and MERGE | publishes early and corrects | the reader can replace a row (exercise 5 of the lab) |

# %% [markdown]
# ## Check yourself
#
# 1. A report is 90 minutes late and the patience is 60 minutes. Is it lost?
#    <details><summary>Answer</summary>Perhaps. It is lost only if its whole window ended by the watermark of the batch before. The guarantee has one side: what is less late than the patience is never dropped.</details>
# 2. Nothing has arrived for an hour. What has the watermark done?
#    <details><summary>Answer</summary>Nothing. It follows event times in the data, not the clock on the wall.</details>
# 3. `numRowsDroppedByWatermark` is 0 at the end of a run. How many reports were lost in it?
#    <details><summary>Answer</summary>None: a lost report belongs to some late group. Above 0 it says only that there were at least so many.</details>
# 4. From medallion (03): you find that patience lost reports last month. What lets you repair it?
#    <details><summary>Answer</summary>The raw reports in bronze, kept unchanged. Silver and gold can be built again from them.</details>
# 5. From star schema (04): may you add the hourly counts of sliding windows to a count per day?
#    <details><summary>Answer</summary>No. Each report is in several windows, so the counts are not additive over them. Tumbling windows are.</details>

# %% [markdown]
# ## Sources
#
# - Akidau et al., [The Dataflow Model](https://doi.org/10.14778/2824032.2824076), VLDB 2015: the four questions, and the plane
#   of two times (figure 2).
# - Apache Spark 4.2, [Structured Streaming: windows, watermarks, output modes](https://spark.apache.org/docs/4.2.0/streaming/apis-on-dataframes-and-datasets.html);
#   on late data: "the guarantee is strict only in one direction."
# - Apache Spark, [statefulOperators.scala](https://github.com/apache/spark/blob/v4.2.0/sql/core/src/main/scala/org/apache/spark/sql/execution/streaming/operators/stateful/statefulOperators.scala):
#   the two watermarks of a batch.
# - Apache Flink, [Generating watermarks](https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/datastream/event-time/generating_watermarks/):
#   idle sources.
