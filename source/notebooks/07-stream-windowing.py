# %% [markdown] signature=["readStream", "withWatermark", "F.window(", "F.session_window("]
# # 07 Stream windowing: when is a window complete enough to publish, and what becomes of later data?
#
# ![Reports come off a Kafka topic by arrival and are counted in state, a count per window. The watermark, newest event time minus patience, publishes a window that ends before it. A report whose window is gone is lost.](pictures/07-stream-windowing.svg)

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
# `scene` holds what is no part of the idea: toys, bookkeeping, a program to kill. `oracle` comes later. One shuffle partition is
# enough for so little data, and makes each small batch cheaper.

# %% tags=["setup"]
import pandas as pd, pyspark.sql.functions as F
from patternlab import emptied, events, finish, kafka, killed, lines, look, measure
from patternlab import plane, progress, prove, spark_session, truth, workspace
from patternlab.patterns.stream_windowing import oracle, scene
spark = spark_session("07-stream-windowing", **{"spark.sql.shuffle.partitions": 1})
spark.version

# %% [markdown]
# ## Look at the data
#
# A report says that a plane has left. It has two times. **Event time** says what it is about: here, when the departure was
# *planned*. **Arrival** is when the log got it. Report C was planned for 09:50 and came at 09:58.

# %% tags=["look-toy"]
toy = scene.by_hand("A 09:10 09:12", "B 09:40 09:41", "C 09:50 09:58",
                    "D 10:20 10:31", "E 10:45 10:50", "F 11:10 11:12")
look(toy)

# %% [markdown]
# The real log looks the same. It lies in order of arrival, as every log does. (You stream one day; of a longer slice, its
# first.)

# %% tags=["look-real"]
day = scene.first_day("day")
reports = events("departed", day)
log = pd.DataFrame(reports)

look(log[["arrival", "scheduled", "origin", "carrier", "flight", "dep_delay"]], rows=5)

# %% [markdown]
# But planes leave in another order than planned. A report is *overtaken* when one that was planned for later comes before it.

# %% tags=["look-overtaken"]
planned = pd.to_datetime(log["scheduled"])
overtaken = planned < planned.cummax()

print(f"{overtaken.mean():.0%} of {len(log):,} are overtaken. Delays in minutes:")
look(log["dep_delay"].describe(percentiles=[.5, .9, .99])["50%":], text="{:.0f}")

# %% [markdown]
# The distance between the first line and the last is what this notebook is about: whoever waits for the last report waits for
# hours, and whoever does not wait loses it.

# %% [markdown]
# ## The naive way
#
# Count the reports by the hour in which they arrive. Nothing has to be remembered: when the clock strikes, the hour is done.
# On the toy this is right.

# %% tags=["step-naive-toy"]
def per_hour(reports, time):
    moments = pd.to_datetime([report[time] for report in reports])
    hours = pd.Series(moments.strftime("%m-%d %H:00"))
    return hours.value_counts().sort_index()


arrived, due = per_hour(toy, "arrival"), per_hour(toy, "scheduled")
pd.DataFrame({"by arrival": arrived, "planned": due})

# %% [markdown]
# On the real log the total is right too, and each hour looks plausible.

# %% tags=["break-arrival"]
arrived, due = per_hour(reports, "arrival"), per_hour(reports, "scheduled")
both = pd.DataFrame({"by arrival": arrived, "planned": due}).fillna(0).astype(int)
off = both["by arrival"] != both["planned"]

print(f"{off.sum()} of {len(both)} hours are wrong; both columns sum to {due.sum():,}")
both[off].head(6)

# %% [markdown]
# That is what makes this mistake expensive: no single number looks wrong, and no check on the total finds it.

# %% [markdown]
# ## Build it
#
# Four questions are asked of every stream. *What* is computed: a count. *Where* in event time: in windows. *When* is it
# published: once the watermark has passed. *How* do later results relate to earlier ones: the output mode.

# %% [markdown]
# ### Step 1: a log in order of arrival
#
# The reports go on a Kafka topic. It has **one partition**: only then is there one order, and only then does Spark cut the log
# into batches at the places that you ask for. A second program, with a Spark of its own, starts too: you will kill it later.

# %% tags=["step-log"]
broker, work = kafka(), workspace("07-stream-windowing")
program = scene.Elsewhere(work / "counting.py", broker)

broker.feed("departures-07", reports)
broker.peek("departures-07", n=3)

# %% [markdown]
# ### Step 2: windows of event time
#
# `arriving` is the stream of reports, at most `per_batch` of them in each micro-batch. It says nothing about time yet.

# %% tags=["step-arriving"]
SHAPE = "key string, origin string, scheduled timestamp, arrival timestamp"


def arriving(topic, per_batch):
    source = broker.options(topic, maxOffsetsPerTrigger=per_batch)
    messages = spark.readStream.format("kafka").options(**source).load()
    report = F.from_json(F.col("value").cast("string"), SHAPE)
    return messages.select(report.alias("report")).select("report.*")


arriving("departures-07", per_batch=50)

# %% [markdown]
# `hourly` counts per airport and window. The window is **tumbling**: one hour long, and one begins every hour, so each report
# falls into exactly one. "Events per user per minute" is the same call with another key and length.

# %% tags=["step-hourly"]
def hourly(reports):
    counts = reports.groupBy(F.window("scheduled", "1 hour"), "origin").count()
    return counts.selectExpr("window.start AS begin", "origin", "`count` AS n")


hourly(arriving("departures-07", per_batch=50))

# %% [markdown]
# Other shapes differ in one call. **Sliding** windows overlap: an hour that begins every 30 minutes counts each report twice.
# A **session** ends after a gap without reports. The calls work on a batch too, so the toy shows them.

# %% tags=["step-shapes"]
small = spark.createDataFrame(pd.DataFrame(toy))


def shaped(name, window):
    counts = small.groupBy(window.alias("w")).count()
    return counts.select(F.lit(name).alias("shape"), "w.start", "w.end", "count")


slot = F.to_timestamp("scheduled")
tumbling = shaped("tumbling", F.window(slot, "1 hour"))
sliding = shaped("sliding", F.window(slot, "1 hour", "30 minutes"))
session = shaped("session", F.session_window(slot, "25 minutes"))
counts = tumbling.union(sliding).union(session).toPandas()
look(counts.sort_values(["shape", "start"]), rows=12)

# %% [markdown]
# ### Step 3: publish when the watermark has passed
#
# A stream never says that an hour is complete. The **watermark** guesses: the newest event time seen, minus a patience. In
# append mode a window is published once, when the watermark reaches its end. What comes later for it is dropped.

# %% tags=["step-watermark"]
def counted(topic, per_batch, patience="60 minutes"):
    patient = arriving(topic, per_batch).withWatermark("scheduled", patience)
    return hourly(patient)


counted("departures-07", per_batch=50)

# %% [markdown]
# To run, it needs a sink, a trigger and a checkpoint: offsets, state and watermark of each batch. `availableNow` reads what is
# there, batch by batch, then stops. The second program learns these functions, rehearses, and waits for its word.

# %% tags=["step-publish"]
def publish(topic, per_batch, folder):
    writer = counted(topic, per_batch).writeStream.format("delta").outputMode("append")
    return (writer.option("checkpointLocation", f"{folder}/checkpoint")
            .trigger(availableNow=True).start(f"{folder}/table"))


program.learn(arriving, hourly, counted, publish, SHAPE=SHAPE, rehearse=("departures-07", 1000))
print(f"process {program.pid} knows publish() and waits")

# %% [markdown]
# To look at results, a table in memory will do. Each batch takes 50 reports; on a real topic it would be thousands.

# %% tags=["step-when"]
def start(counts, name):
    writer = counts.writeStream.format("memory").queryName(name).outputMode("append")
    return (writer.option("checkpointLocation", emptied(work / name))
            .trigger(availableNow=True).start())


with measure("one hour of patience") as measured:
    hour = finish(start(counted("departures-07", 50), "patience_60"))
    measured.rows = len(reports)

# %% [markdown]
# Where is every report now? It is *published*, or its window is still *open*: counted in the state store when the log ends.
# What is in neither is *missing*. Spark reads the state store like a table, so `open` is observed, not inferred.

# %% tags=["step-books"]
def books(name):
    state = spark.read.format("statestore").load(str(work / name))
    waiting = state.selectExpr("key.window.start begin", "key.origin", "value.count n")
    return scene.books(truth("departures_per_window", day), spark.table(name), waiting)


book = books("patience_60")
print(book.sum().to_string())
book.query("missing > 0").head(5)

# %% [markdown]
# The sums are the books: truth = published + open + missing. The table shows windows that were published too low. Nobody was
# told: the query ran without an error.

# %% [markdown]
# ### Step 4: say how later results relate
#
# Ten reports, two in a batch, half an hour of patience. G is planned for 09:30 and comes late but in time. H is planned for
# 09:20 and comes too late. Three queries read them, one in each output mode.

# %% tags=["step-story"]
story = scene.by_hand(
    "A 09:10 09:12", "B 09:40 09:41", "C 09:50 09:58", "D 10:20 10:31", "E 10:45 10:50",
    "G 09:30 10:52", "F 11:10 11:12", "I 11:20 11:21", "H 09:20 11:30", "J 11:50 11:51")

print(f"{broker.feed('story-07', story)} reports are on the topic")

# %% tags=["step-how"]
def tell(mode):
    counts = counted("story-07", 2, "30 minutes")
    return (counts.writeStream.outputMode(mode).foreachBatch(said[mode].note)
            .trigger(availableNow=True).start())


said = {mode: scene.Said() for mode in ("append", "update", "complete")}
queries = [tell(mode) for mode in said]
modes = scene.retold(story, 2, [finish(query) for query in queries], said)
modes

# %% [markdown]
# Read the columns downwards. **Append** says each hour once, late and for good. **Update** says every change at once: a reader
# must replace the earlier row. **Complete** repeats everything in each batch and never forgets, so its state only grows: there,
# even H counts.

# %% [markdown]
# ## See it
#
# Which reports are lost? An **oracle**, plain Python that follows Spark's rule record by record, names them. In the figure
# each point is a report: on the diagonal nothing is delayed, higher up means later. The step line is the watermark. It stands
# still while a batch arrives, then jumps to the right.

# %% tags=["figure-plane"]
foretold = oracle.foretell(reports, 50, patience=60)
lost = [reports[position] for position in foretold.late]

finding = f"An hour of patience loses {len(lost):,} of {len(reports):,} reports"
plane(reports, hour, lost=lost, title=finding);

# %% [markdown]
# A report is lost when it lies so far left of the line that its *whole window* does. Points just left of the line are counted
# all the same: patience is no deadline for a report.

# %% [markdown]
# ## Predict
#
# With no patience at all, a window is gone as soon as a report of a later hour has come by. How many reports will be lost, in
# the same batches? Write a number; nobody grades it. Two queries run while you think: no patience, and three hours.

# %% tags=["predict"]
guess = len(reports) // 2

none = start(counted("departures-07", 50, "0 minutes"), "patience_0")
long = start(counted("departures-07", 50, "180 minutes"), "patience_180")
print(f"You expect {guess:,} of {len(reports):,} reports to be lost.")

# %% [markdown]
# ## Break it
#
# First your guess. The ledger has a row for each patience.

# %% tags=["break-patience"]
queries = {0: finish(none), 60: hour, 180: finish(long)}
found = {patience: books(f"patience_{patience}") for patience in queries}
ledger = pd.DataFrame({patience: book.sum() for patience, book in found.items()}).T
losses = ledger["missing"]

print(f"your guess for patience 0: {guess:,}, Spark: {losses[0]:,}")
ledger

# %% [markdown]
# More patience loses less, and leaves more open when the log ends.
#
# **A wrong clock.** One device sends a single report from 2031. The watermark is the *newest* time, so it follows.

# %% tags=["break-future"]
at = len(reports) // 6
wrong = dict(reports[at], key="2031", scheduled="2031-01-01T00:00:00Z")
broker.feed("future-07", reports[:at] + [wrong] + reports[at:])

quarter = -(-len(reports) // 4)
finish(start(counted("future-07", quarter), "future"))
reached = books("future")["published"].sum()
print(f"one wrong clock: {reached:,} of {len(reports):,} are published")

# %% [markdown]
# For the batches after it, every report is late by years. The repair belongs *before* the watermark: no plane is reported
# long before its schedule. In production the rest goes to a quarantine table.

# %% tags=["step-future-repaired"]
def plausible(reports):
    return reports.where("scheduled < arrival + INTERVAL 1 DAY")


safe = plausible(arriving("future-07", quarter)).withWatermark("scheduled", "60 minutes")
finish(start(hourly(safe), "repaired"))
repaired = books("repaired")["published"].sum()
print(f"with the filter: {repaired:,} of {len(reports):,} are published")

# %% [markdown]
# **A power cut.** The program gets its word and counts the day into a Delta table, in three batches. In the middle of the last
# one it is killed with SIGKILL, Java and all.

# %% tags=["break-kill"]
folder = emptied(work / "power-cut")
third = -(-len(reports) // 3)
program.go("departures-07", third, folder)
code = killed(program, when=lambda: scene.in_the_middle(folder, after=2))

begun, finished = scene.batches(folder)
print(f"exit code {code}; batches begun: {begun}, finished: {finished}")

# %% [markdown]
# Nobody cleans up. A new process, here this kernel, is given the same checkpoint. It takes up the batch that was cut off.

# %% tags=["step-resume"]
resumed = progress(finish(publish("departures-07", third, folder)))
after_restart = spark.read.format("delta").load(f"{folder}/table").toPandas()

print(f"resumed at batch {resumed['batch'].iloc[0]}, read {resumed['rows'].sum():,} of",
      f"{len(reports):,} reports; in the table: {after_restart['n'].sum():,}")

# %% [markdown]
# ## Looks right, not so fast
#
# Spark has a metric for dropped rows, and it is tempting to take it as the loss.

# %% tags=["look-metric"]
metric = {wait: progress(query)["dropped"].sum() for wait, query in queries.items()}

pd.DataFrame({"numRowsDroppedByWatermark": metric, "reports lost": losses})

# %% [markdown]
# The metric counts, per batch, the late *groups* that reach the state store: reports of one window and airport are merged
# before. Two late reports of one group count once. An alarm on it rings, but its number is not the loss.

# %% [markdown]
# ## Prove it
#
# The truth knows no stream, the oracle no Spark, the state store neither. For three patiences they must agree window by window.
# ("Published + lost = all" would prove nothing where lost was computed by subtraction.)

# %% tags=["prove-oracle"]
foreseen = scene.foreseen(truth("departures_per_window", day), reports, 50, queries)

prove("three patiences, published per window: observed = oracle",
      scene.side(found, "published"), scene.side(foreseen, "published"))
prove("three patiences, open per window: observed = oracle",
      scene.side(found, "open"), scene.side(foreseen, "open"))
prove("three patiences, missing per window: observed = oracle",
      scene.side(found, "missing"), scene.side(foreseen, "missing"))

# %% tags=["prove-above"]
above = sum((book["missing"] < 0).sum() for book in found.values())
prove("windows with more reports than the truth", above, 0)

# %% [markdown]
# And the power cut must not show in the table, neither as a gap nor as something counted twice.

# %% tags=["prove-restart"]
undisturbed = oracle.rows(oracle.foretell(reports, third, patience=60).published)

prove("the process ended by SIGKILL", code, -9)
prove("killed and restarted, the table is what one undisturbed run publishes",
      after_restart, undisturbed)

# %% [markdown]
# ## Measure it
#
# What does patience buy, and what does it cost? *Counted* is a share in percent. *Added latency* is the time from the end of a
# window to its publication, in minutes, by the log's own clock: the median over windows.

# %% tags=["look-price"]
price = oracle.price(reports, queries, losses)
look(price)

# %% tags=["figure-completeness"]
curve = oracle.completeness(reports, 50)

axes = lines({"foretold": curve}, "Completeness is bought with waiting (diamonds: Spark)",
             "added latency (minutes, median over windows)", "reports counted (%)")
axes.plot(price["added latency"], price["counted"], "kD");

# %% [markdown]
# Spark's three runs lie on the foretold curve, and the curve flattens: the last steps of patience cost hours and save a handful
# of reports. No patience is right. You choose one, and know the loss that comes with it.

# %% [markdown]
# ## When not, and the neighbours
#
# Flink has the same in its own words: windows of event time, a watermark that lags by a bound, and `allowedLateness`, a further
# time in which a late report updates a window that has been published.
#
# | pattern | differs in | choose it when |
# |---|---|---|
# | a nightly batch | waits for the day to end, then every report is there | nobody acts on the number before morning |
# | [08 CEP](08-cep.ipynb) | asks for an order of events, not for an amount | "first this, then that" is the question |
# | [09 Lambda](09-lambda.ipynb) | publishes a fast number and corrects it by batch | readers can live with a number that changes |
# | [10 Kappa](10-kappa.ipynb) | recomputes by replaying the log | you accept that other cuts lose other reports |
# | [16 Real-time analytics](16-real-time-analytics.ipynb) | serves numbers while they change, and closes no window | age matters more than completeness |
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
# ## Go on
#
# The [lab](../labs/07-stream-windowing.ipynb) lets you choose a patience, foretell what Spark drops, and publish early without
# a wrong sum. The [deeper notebook](07-stream-windowing-deeper.ipynb) opens the oracle, and breaks more: an idle source, a
# deleted checkpoint, duplicates, twenty orders of arrival.
#
# - Akidau et al., [The Dataflow Model](https://doi.org/10.14778/2824032.2824076), VLDB 2015: the four questions, and the plane
#   of two times (figure 2).
# - Apache Spark 4.2, [Structured Streaming: windows, watermarks, output modes](https://spark.apache.org/docs/4.2.0/streaming/apis-on-dataframes-and-datasets.html);
#   on late data: "the guarantee is strict only in one direction."
# - Apache Spark, [statefulOperators.scala](https://github.com/apache/spark/blob/v4.2.0/sql/core/src/main/scala/org/apache/spark/sql/execution/streaming/operators/stateful/statefulOperators.scala):
#   the two watermarks of a batch.
