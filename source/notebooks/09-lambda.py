# %% [markdown] signature=["readStream", "foreachBatch(", "UNION ALL", "offset >=", "delta.appendOnly"]
# # 09 Lambda: how can an answer come soon, and be right in the end?
#
# ![Reports come off a Kafka topic. The batch layer keeps all of them in a master table and recomputes its view up to an offset, the seam. The speed layer counts what came since. One query adds both at the seam.](pictures/09-lambda.svg)

# %% [markdown]
# ## In one minute
#
# | | |
# |---|---|
# | **Promise** | an answer within a moment, and every mistake of the fast code gone with the next batch |
# | **Price** | two programs for one question, a seam between them, and numbers that change afterwards |
# | **When not** | one engine gives both, or nobody has the time to keep two programs equal |

# %% [markdown]
# ## Set up
#
# `scene` holds what is no part of the idea: a toy, the log, the notes that are taken. You look at one day; of a longer slice, at
# its first seven days.

# %% tags=["setup"]
import inspect, pandas as pd, pyspark.sql.functions as F
from patternlab import emptied, kafka, lines, look, open_schema, prove
from patternlab import spark_session, truth, workspace
from patternlab.patterns.lambda_ import scene
spark, work = spark_session("09-lambda"), workspace("09-lambda")
open_schema(spark, "board_09", work / "tables")

# %% [markdown]
# ## Look at the data
#
# A report says that a flight is over: it has arrived, or was diverted or cancelled. The question of the board: **how many
# flights are over, and how many of them arrived on time**, at most 15 minutes late? Here are ten, in the order in which they
# come.

# %% tags=["look-toy"]
toy = scene.by_hand("A arrived 09:00 +4", "B arrived 09:10 -3", "C arrived 09:15 +12",
                    "D arrived 09:20 +31", "E arrived 09:40 +9", "F arrived 09:45 +15",
                    "G arrived 09:30 +48", "H arrived 10:20 +2", "I arrived 10:30 +16",
                    "J arrived 10:50 +1")
look(toy, rows=10)

# %% [markdown]
# The real log looks the same. `due` is when the flight should have been over, `arrival` when the log has the report. It goes
# on a Kafka topic with **one partition**, so a report's offset is its place in the log.

# %% tags=["look-real"]
span, topic, broker = scene.first_week("day"), "endings-09", kafka()
log = scene.endings(span)

cuts = scene.cuts(log)
broker.feed(topic, log[:cuts[3]])
look([{**report, "offset": offset} for offset, report in enumerate(log)], rows=5)

# %% [markdown]
# Not every flight ends well, and a diverted or cancelled one has no `arr_delay`.

# %% tags=["look-ends"]
kinds = pd.DataFrame(log).groupby("kind")

look(kinds.agg(reports=("key", "size"), with_a_delay=("arr_delay", "count")))

# %% [markdown]
# ## The naive way
#
# There are two. **Batch alone** counts now and then, and the board shows what the last count knew. **Speed alone** adds each
# report to a running sum as it comes. Say that the toy's batch runs after six reports, and again after ten.

# %% tags=["step-naive-toy"]
def on_time(reports):
    return sum((report["arr_delay"] or 0) <= 15 for report in reports)


moments = [(6, 6), (8, 6), (10, 10)]
look([{"reports": now, "batch alone": on_time(toy[:batch]),
       "speed alone": on_time(toy[:now])} for now, batch in moments])

# %% [markdown]
# After six and after ten reports both are right; after eight the batch alone is stale, and soon will be right again. Now the real
# log. A batch has counted half of it with care, and an eighth more has come.

# %% tags=["break-naive"]
batch, now = len(log) // 2, len(log) * 5 // 8
known = truth("punctuality", span, until=batch)["on_time"].sum()
right = truth("punctuality", span, until=now)["on_time"].sum()

look([{"way": "batch alone", "on time": known},
      {"way": "speed alone", "on time": on_time(log[:now])},
      {"way": "truth", "on time": right}])

# %% [markdown]
# The batch knows nothing of what came since. The running sum is soon, and it has counted every diverted and cancelled flight:
# `arr_delay or 0` makes *no delay known* into *no delay*. The toy had none of these flights. No later report mends the sum.
# Where none was diverted or cancelled by then, it is right by luck.

# %% [markdown]
# ## Build it
#
# Lambda keeps both ways and lets each mend the other: the batch is right and late, the speed layer soon and perhaps wrong, and
# what it says counts only until the next batch.

# %% [markdown]
# ### Step 1: a master log that nobody changes
#
# A topic forgets after a while; the **master data set** must not. So reports land in a Delta table, with their offsets, and
# `delta.appendOnly` refuses every change and every deletion. From raw facts each view can be made again.

# %% tags=["step-master"]
spark.sql("""
    CREATE OR REPLACE TABLE master (
        offset BIGINT, key STRING, kind STRING, origin STRING,
        due TIMESTAMP, arrival TIMESTAMP, arr_delay INT)
    USING delta TBLPROPERTIES (delta.appendOnly = true)""")


def parsed(messages):
    report = F.from_json(F.col("value").cast("string"), scene.REPORT).alias("report")
    return messages.select("offset", report).select("offset", "report.*")


spark.sql("SHOW TBLPROPERTIES master (delta.appendOnly)").first().value

# %% [markdown]
# `land` appends what has come since the table's last offset, up to an offset that you name. To land twice adds nothing.

# %% tags=["step-land"]
def land(until):
    have = spark.sql("SELECT coalesce(max(offset) + 1, 0) FROM master").first()[0]
    if have < until:
        source = broker.between(topic, have, until)
        messages = spark.read.format("kafka").options(**source).load()
        parsed(messages).write.saveAsTable("master", format="delta", mode="append")


land(cuts[3])
look(spark.table("master").drop("arrival"), rows=4)

# %% [markdown]
# ### Step 2: a batch view, recomputed from all of it
#
# The **batch layer** counts everything again, every time: no sum is carried on, so no mistake is either. The offset at which it
# stopped, the **seam**, is written in the same commit as the counts.

# %% tags=["step-batch"]
def recompute(seam):
    spark.sql(f"""
        CREATE OR REPLACE TABLE batch_view USING delta AS
        SELECT origin, count(*) AS flights,
            count_if(kind = 'arrived' AND arr_delay <= 15) AS on_time,
            {seam} AS seam
        FROM master
        WHERE offset < {seam}
        GROUP BY origin""")


recompute(cuts[3])
first_batch = spark.table("batch_view").toPandas()
look(first_batch)

# %% [markdown]
# ### Step 3: a speed view of what came since
#
# The **speed layer** is a stream that begins at the seam. Its rule is another team's, in another language, as it usually is.

# %% tags=["step-judge"]
def judge(report):
    in_time = report.kind == "arrived" and report.arr_delay <= 15
    return report.offset, report.origin, report.due, int(in_time)


some = spark.sql("FROM master ORDER BY offset LIMIT 3").collect()
columns = ["offset", "origin", "due", "on_time"]
look(pd.DataFrame([judge(report) for report in some], columns=columns))

# %% [markdown]
# The stream reads the same topic, from an offset that you name.

# %% tags=["step-arriving"]
def arriving(since):
    source = broker.between(topic, since)
    return parsed(spark.readStream.format("kafka").options(**source).load())


arriving(cuts[3])

# %% [markdown]
# Up to ten times a second a micro-batch puts its rows into `recent`, under their offsets: one that comes twice changes nothing.
# `recent` is in memory, and may be lost: the log has it all. `ever` keeps the rows for good; it is the speed layer alone, to
# compare.

# %% tags=["step-speed"]
recent, ever = {}, {}


def start(rule, since):
    def take(reports, number):
        for report in reports.collect():
            recent[report.offset] = ever[report.offset] = rule(report)

    recent.clear()
    folder = emptied(work / "speed")
    writer = arriving(since).writeStream.option("checkpointLocation", folder)
    return writer.trigger(processingTime="0.1 seconds").foreachBatch(take).start()


print("start(judge, since) begins the stream at an offset")

# %% [markdown]
# The next piece of the log comes, and the stream takes it. It runs until it is stopped. `processAllAvailable`, which is meant for
# tests, waits until it has read what is there.

# %% tags=["step-stream"]
scene.rewind(broker, topic, log, cuts, 3)
query = start(judge, since=cuts[3])
try:
    broker.send(topic, log[cuts[3]:cuts[4]])
    query.processAllAvailable()
finally:
    query.stop()
print(f"{len(recent):,} rows, offsets {min(recent):,} to {max(recent):,}")

# %% [markdown]
# ### Step 4: one query over both
#
# The serving query adds the batch view, which holds all before the seam, and the rows of the speed view from the seam on. Before
# and from: no report is in neither, none in both.

# %% tags=["step-serve"]
SERVE = """
    SELECT origin, sum(flights) AS flights, sum(on_time) AS on_time FROM (
        SELECT origin, flights, on_time FROM batch_view
        UNION ALL
        SELECT origin, 1 AS flights, on_time FROM speed_view
        WHERE offset >= (SELECT max(seam) FROM batch_view))
    GROUP BY origin ORDER BY origin"""


def serve(rows):
    speed = spark.createDataFrame(list(rows.values()), scene.SPEED)
    speed.createOrReplaceTempView("speed_view")
    return spark.sql(SERVE).toPandas()


board = serve(recent)
look(board)

# %% [markdown]
# When a batch is through, the speed view forgets what the batch has covered, by offset. So it stays small, however long the log.

# %% tags=["step-forget"]
def run_batch(seam):
    land(seam)
    recompute(seam)
    for offset in [offset for offset in recent if offset < seam]:
        del recent[offset]


kept = len(recent)
run_batch(cuts[4])
print(f"rows in the speed view: {kept:,}, after the batch: {len(recent):,}")
print(f"the board is the same: {board.equals(serve(recent))}")

# %% [markdown]
# ## See it
#
# Now it is live. At each **moment** the next piece of the log comes, the stream takes it, and the board is asked. After each third
# moment a batch runs, and the board is asked again. That is a real stream and a real batch run, so it takes some seconds.
#
# The rows say how wrong each way is. Where two have the same number of reports, the second was taken after the batch.

# %% tags=["step-live"]
def live(first, last, rule):
    seam = scene.rewind(broker, topic, log, cuts, first)
    recompute(seam)
    notes = scene.Notes(span, first_batch, recent, ever)
    query = start(rule, since=seam)
    try:
        for piece, now in scene.pieces(log, cuts, first, last):
            broker.send(topic, piece)
            query.processAllAvailable()
            notes.take(now, serve(recent))
            if now in cuts[::3]:
                run_batch(now)
                notes.take(now, serve(recent), ran=True)
    finally:
        query.stop()
    return notes


sound = live(3, 7, judge)
sound.errors()

# %% tags=["figure-stale"]
errors = sound.errors()[["batch alone", "served"]]
stale, served = errors.max()

finding = f"The batch alone is wrong by up to {stale:,} flights, the board by {served:,}"
lines(dict(errors), finding, "reports in the log", "flights too many or too few",
      marks=sound.batches());

# %% [markdown]
# The batch alone is a saw: wrong by every flight on time that has come since, then right for a moment. The board stays on the
# ground. But so does the speed layer alone, as long as both programs say the same. Keep that in mind.

# %% [markdown]
# ## Predict
#
# Your colleague finds offsets odd, and puts the seam where people think: **at the time when the batch ran**. Flights that were due
# before it belong to the batch view, the others to the speed view. How many of the reports since the batch will be on the board
# then? Write a number; nobody grades it.

# %% tags=["predict"]
seam, now = cuts[6], cuts[7]
since = now - seam

guess = since
print(f"{since:,} reports have come since the batch; you expect {guess:,} on the board")

# %% [markdown]
# ## Break it
#
# `ran_at` is the time of the batch, by the log's own clock. Both sides of the query are split by `due`, at the same time. It
# looks as tidy as the other one.

# %% tags=["break-event-time"]
ran_at = log[seam - 1]["arrival"]
every_row = spark.createDataFrame(list(ever.values()), scene.SPEED)
every_row.createOrReplaceTempView("all_of_speed")

by_time = spark.sql(f"""
    SELECT origin, count(*) AS flights FROM (
        SELECT origin FROM master WHERE offset < {seam} AND due < '{ran_at}'
        UNION ALL
        SELECT origin FROM all_of_speed WHERE offset < {now} AND due >= '{ran_at}')
    GROUP BY origin ORDER BY origin""").toPandas()
on_board = by_time["flights"].sum()
lost = int(now - on_board)
print(f"your guess: {guess:,} of {since:,}; on the board: {since - lost:,}")

# %% [markdown]
# What is missing was due before the batch ran, and was reported after it. The batch view can't have it, the speed view thinks that
# it is not its own. Each such flight was over later than it was due: no random part of the day, the delayed ones.
#
# At the same moment, the seam by offset has lost none:

# %% tags=["step-offset-again"]
by_offset = sound[-1]["served"]["flights"].sum()

print(f"in the log: {now:,}, seam by offset: {by_offset:,}, by time: {on_board:,}")

# %% [markdown]
# **Code that drifts.** Somebody tidies the speed layer: a `None` should not need a case of its own. The toy passes. The new
# release begins at the seam, and it stays in production for four moments, with a batch among them. Again this takes some seconds.

# %% tags=["break-drift"]
def tidied(report):
    in_time = (report.arr_delay or 0) <= 15
    return report.offset, report.origin, report.due, int(in_time)


drifted = live(7, 11, tidied)
drifted.errors()

# %% [markdown]
# Both runs together:

# %% tags=["figure-drift"]
whole = sound.joined(drifted)
errors = whole.errors()

finding = f"The board is wrong by up to {errors['served'].max():,}, until a batch runs"
lines(dict(errors), finding, "reports in the log", "flights too many or too few",
      marks=whole.batches());

# %% [markdown]
# The same wrong code runs in two places. Alone, what it says adds up and stays. In Lambda it counts until the next batch: nobody
# found the mistake, and nobody had to. It comes back with the next reports, so the code still needs its repair. As long as no
# flight is diverted or cancelled, nothing shows at all, and the mistake waits.

# %% [markdown]
# ## Looks right, not so fast
#
# An easier way: no seam in the query. Add both views, and empty the speed view whenever a batch is through. After the last batch
# the speed view was empty, and what both views add up to was all there was:

# %% tags=["look-emptied"]
quiet = drifted[2]

print(f"speed view: {len(quiet['covered'])} rows, in the log: {quiet['now']:,},",
      f"on the board: {quiet['served']['flights'].sum():,}")

# %% [markdown]
# But nothing came while that batch ran. A batch of all history takes its time. So let half of a piece come before it begins, and
# the other half before it ends.

# %% tags=["break-emptied"]
begun = scene.rewind(broker, topic, log, cuts, 11)
half = (cuts[11] + len(log)) // 2
query = start(judge, since=begun)
try:
    broker.send(topic, log[cuts[11]:half])
    query.processAllAvailable()
    land(half)
    broker.send(topic, log[half:])
    query.processAllAvailable()
    run_batch(half)
finally:
    query.stop()
by_seam = serve(recent)["flights"].sum()
recent.clear()
emptied_board = serve(recent)["flights"].sum()
print(f"in the log: {len(log):,}, seam: {by_seam:,}, emptied: {emptied_board:,}")

# %% [markdown]
# What came in between was in the speed view and not in the batch: emptied is not the same as covered. In a test, where nothing
# comes meanwhile, you would never see it.

# %% [markdown]
# ## Prove it
#
# The truth knows neither layers nor seams: it counts the log up to a moment. While both programs said the same, each board that
# was served must be equal to it, and each report must be there once: in the master before the seam, or in the speed view.

# %% tags=["prove-served"]
prove("while both programs agree, what was served at each moment",
      sound.served(), sound.expected())

offsets = [row.offset for row in spark.sql("SELECT offset FROM master").collect()]
prove("reports that a moment's layers leave out or take twice",
      whole.accounts(offsets), {"left out": 0, "taken twice": 0})

# %% [markdown]
# Under the drifted code, the board is wrong before a batch by the flights that never arrived since the last one, and by nothing
# after it.

# %% tags=["prove-healed"]
drift = drifted.errors()["served"]
prove("drifted, before a batch: wrong by what never arrived since the last",
      drift[~drifted.after].tolist(), drifted.never_arrived())
prove("drifted, after a batch: wrong by nothing", drift[drifted.after].tolist(), [0])

# %% [markdown]
# And both wrong seams lose what the truth says.

# %% tags=["prove-seams"]
prove("reports lost between two layers by a seam in event time",
      lost, truth("fallen_between", span, seam=cuts[6], until=cuts[7]))
prove("reports lost by emptying the speed view", len(log) - emptied_board, len(log) - half)
prove("reports lost by the seam in offsets", len(log) - by_seam, 0)

# %% [markdown]
# ## Measure it
#
# Each layer's error over the live moments, in flights, and how many hours, at most, it was behind the log.

# %% tags=["look-price"]
price = scene.price(whole, log)
look(price)

# %% [markdown]
# That is the gain. The price is one rule, written twice: here are its lines of code, layer by layer. Each has to change when the
# rule does, in the same release, and no test of one layer alone can see that the other has not.

# %% tags=["look-lines"]
rules = {"batch": recompute, "speed": judge}

look([{"layer": layer, "lines": len(inspect.getsource(rule).splitlines())}
      for layer, rule in rules.items()])

# %% [markdown]
# ## When not, and the neighbours
#
# | pattern | differs in | choose it when |
# |---|---|---|
# | a nightly batch ([01 ETL](01-etl.ipynb)) | has no speed layer | yesterday's answer is soon enough |
# | [07 Stream windowing](07-stream-windowing.ipynb) | publishes once, when it has waited long enough | what is published must not change afterwards |
# | [10 Kappa](10-kappa.ipynb) | has one program; history is a replay of the log | the log keeps all history, and a replay is quick enough |
# | one engine for both | the same code runs as a batch and as a stream | your rule can be written once: then only the seam is left |
#
# Kappa takes away the second program. It does not take away the recomputation.

# %% [markdown]
# ## Check yourself
#
# 1. The speed layer's process dies, and its memory with it. What is lost?
#    <details><summary>Answer</summary>Time. A new one begins at the seam and reads the log again; until it has caught up, the board is as stale as the batch.</details>
# 2. Why does the seam stand in the same table as the batch's counts?
#    <details><summary>Answer</summary>A reader gets both or neither. Two writes would leave a moment with new counts and an old seam, and every report between them twice.</details>
# 3. The batch's rule is wrong, the speed layer's is right. What does the board show?
#    <details><summary>Answer</summary>The mistake, for good. Batch overrides speed, whoever is right. You mend the rule and recompute: the master has every report.</details>
# 4. From stream windowing (07): a watermark drops reports that are too late. Would that be bad in a speed layer?
#    <details><summary>Answer</summary>Not for long. The master log has them, so the next batch counts them.</details>
# 5. From medallion (03): which of its layers is the master data set?
#    <details><summary>Answer</summary>Bronze: raw, with addresses, unchanged. The batch view is a gold table that is always built anew.</details>

# %% [markdown]
# ## Go on
#
# The [lab](../labs/09-lambda.ipynb) lets you write the serving query, set the seam right, bring a dead speed layer back, and tell
# from two numbers which layer lies.
#
# - Marz, [How to beat the CAP theorem](http://nathanmarz.com/blog/how-to-beat-the-cap-theorem.html), 2011: where the idea was written
#   down. It isolates the complexity of fast, incremental code; it beats no theorem.
# - Marz and Warren, [Big Data](https://www.manning.com/books/big-data), Manning 2015: master data set, batch, serving and speed layer.
# - Kreps, [Questioning the Lambda Architecture](https://www.oreilly.com/radar/questioning-the-lambda-architecture/), 2014: what it costs
#   to keep two programs equal, and what to do instead.
# - Boykin et al., [Summingbird](https://doi.org/10.14778/2733004.2733016), VLDB 2014: one program for both layers, and the sums that allow
#   it.
