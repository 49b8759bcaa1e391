# %% [markdown] signature=["readStream", "withWatermark(", ".merge(", "on conflict (hour, origin)", "Window.partitionBy("]
# # 17 Choosing: one question through all of them: which one fits yours?
#
# ![One log of a day's departures is read at midnight, every hour, with each batch and at each change; asked now, the nine architectures give answers of different ages, asked in the end they give the same one, and the choice is made of age, cost and what breaks them](pictures/17-choosing.svg)

# %% [markdown]
# ## In one minute
#
# | | |
# |---|---|
# | **Promise** | the same question through nine architectures, on one day, with everything measured that tells them apart |
# | **Price** | each in its shortest honest form: what a lesson took care of, and this page leaves out, is said at each |
# | **When not** | you know your reader, and what has to be mended when something breaks: then you have chosen already |

# %% [markdown]
# ## Set up
#
# Four engines: Kafka has the log, PostgreSQL is the database that somebody else writes to, Kafka Connect follows it with
# Debezium, and Spark does the rest. All of them end with this kernel.

# %% tags=["setup"]
import pandas as pd, patternlab.patterns.choosing as choosing
from patternlab import bars, connect, emptied, faults, finish, kafka, look, measure
from patternlab import postgres, prove, spark_session, truth, workspace
from pyspark.sql import functions as F, Window
spark, store, worker = choosing.together(lambda: spark_session("17"), postgres, connect)
store, worker, kafka()

# %% [markdown]
# ## Look at the data
#
# **How many planes left, and how late on average, for each scheduled hour (UTC) and airport?** The reports of a day come in the
# order in which the planes leave. Somebody asks *now*, when two thirds of them have come.

# %% tags=["look-log"]
bus, WORK = kafka(), workspace("17-choosing")
contest = choosing.Contest("day", bus, store, worker, WORK)
log, at = contest.log, contest.at

print(f"now is {log[at['now'] - 1]['arrival']}, {at['now']:,} of {len(log):,} have come")
look(log, rows=5)

# %% [markdown]
# Everybody gets these reports: they are put on a Kafka topic of one partition, and the airport's own database has them as
# rows. But not everybody reads at the same time. These are assumptions, and they are usual ones:
#
# | reads | who | because |
# |---|---|---|
# | at midnight (New York) | ETL, star | a load replaces whole days |
# | every full hour | ELT, medallion | a refresh of seconds, often enough |
# | with each batch | stream windows, Lambda, Kappa | they are streams |
# | at each change | CDC, roll-up | that is what they are for |

# %% tags=["look-moments"]
contest.until("midnight")
look(pd.Series(at, name="reports that have come").rename_axis("moment"))

# %% [markdown]
# The day is played up to midnight. `soon` is a moment before now: the last reports are kept back, to see how long they take to a reader.

# %% [markdown]
# ## The naive way
#
# You compare by the answer. Here are two plain programs: `nightly` counts what is there at midnight, `running` adds each report
# as it comes. At the end of the day you compare their answers.

# %% tags=["step-naive"]
def nightly(reports):
    return pd.Series([report["origin"] for report in reports]).value_counts().to_dict()


def running(reports):
    counts = {}
    for report in reports:
        counts[report["origin"]] = counts.get(report["origin"], 0) + 1
    return counts


print("nightly:", nightly(log))
print("running:", running(log))

# %% [markdown]
# The same, so does it matter which one you take? You have compared them at the only moment at which everybody is right. Ask both now.
# The nightly one last ran at midnight:

# %% tags=["break-naive"]
known = sum(nightly(log[:at["midnight"]]).values())
current = sum(running(log[:at["now"]]).values())
print(f"nightly: {known:,} departures, running: {current:,}")

# %% [markdown]
# An answer in the end does not tell architectures apart, nor does a diagram. What does: how old an answer is *while* things
# happen, what it costs to keep and to make again, and what breaks it.

# %% [markdown]
# ## Build it
#
# ### Step 1: what all nine share
#
# `hourly` counts reports by hour and airport. `one_a_flight` keeps, of several about one flight, the first in an order that you name.
# `RULE` says what a delay is; it will change.

# %% tags=["step-shared"]
RULE, HOUR = "dep_delay", "date_trunc('hour', scheduled) AS hour"


def hourly(reports):
    return reports.groupBy(F.expr(HOUR), "origin").agg(*measures())


def one_a_flight(reports, *order):
    rank = F.row_number().over(Window.partitionBy("key").orderBy(*order))
    return reports.withColumn("rank", rank).where("rank = 1").drop("rank")


print("hourly(reports), one_a_flight(reports, order)")

# %% [markdown]
# Each architecture is a function of `since`: how many reports it has read, 0 to begin anew. What it returns is its answer. The plumbing is
# folded: the topic, as a batch or as a stream, and tables in a folder of their own.

# %% tags=["step-plumbing", "fold"]
# plumbing: messages() of the topic, parsed, and tables of each architecture's own
REPORT = "key string, origin string, scheduled timestamp, dep_delay int"


def messages(how=spark.read, **more):
    return how.format("kafka").options(**bus.options(contest.topic, **more)).load()


def parsed(rows):
    report = F.from_json(F.col("value").cast("string"), REPORT).alias("report")
    return rows.select("offset", report).select("offset", "report.*")


def table(name):
    return spark.read.format("delta").load(f"{WORK}/{name}")


def save(rows, name, mode="overwrite"):
    rows.write.format("delta").mode(mode).save(f"{WORK}/{name}")
print("messages(), parsed(messages), table(name), save(rows, name)")

# %% tags=["step-run", "fold"]
# plumbing: what a group is asked; one run of a stream up to what is there; since = 0: without what was there before
def measures():
    return F.count("*").alias("departures"), F.avg(F.expr(RULE)).alias("mean_delay")


def ended(writer, name, since):
    folder = f"{WORK}/{name}-checkpoint"
    writer = writer.option("checkpointLocation", folder if since else emptied(folder))
    finish(writer.trigger(availableNow=True).start())


def run(rows, name, since):
    path = f"{WORK}/{name}" if since else emptied(f"{WORK}/{name}")
    ended(rows.writeStream.format("delta").option("path", path), name, since)
    return table(name)


print("ended(writer, name, since), run(rows, name, since)")

# %% [markdown]
# ### Step 2: at midnight
#
# **ETL** ([01](01-etl.ipynb)) reads all reports, refuses what is no departure, takes the newest of each flight, and replaces its
# target. Left out: the quarantine, and replacing single days.

# %% tags=["step-etl"]
def etl(since):
    accepted = parsed(messages()).where("scheduled IS NOT NULL")
    save(hourly(one_a_flight(accepted, F.desc("offset"))), "etl/target")
    return table("etl/target")


contest.enter("ETL", etl)

# %% [markdown]
# Where your slice is one day, ETL has nothing yet: at its midnight nothing had left. A **star** ([04](04-star-schema.ipynb)) has a fact for
# each report, with the key of its airport. Left out: all other dimensions, and versions of what changes.

# %% tags=["step-star"]
def star(since):
    facts = parsed(messages()).selectExpr(HOUR, "origin", f"{RULE} AS minutes")
    number = F.row_number().over(Window.orderBy("origin"))
    airports = facts.select("origin").distinct()
    save(airports.withColumn("airport_key", number), "star/airport")
    keyed = facts.join(table("star/airport"), "origin")
    save(keyed.drop("origin"), "star/departure")
    asked = table("star/departure").join(table("star/airport"), "airport_key")
    cells = asked.groupBy("hour", "origin")
    return cells.agg(F.count("*").alias("departures"), F.avg("minutes").alias("mean_delay"))


contest.enter("star", star)

# %% [markdown]
# ### Step 3: every hour
#
# Of the day's hourly runs only the last one before now is made here. **ELT** ([02](02-elt.ipynb)) lands the messages as they
# are, and its model is a query over them. Left out: the `MERGE` that makes a repeated landing safe.

# %% tags=["step-elt"]
NEWEST = """
    SELECT report.* FROM (
        SELECT from_json(max_by(text, offset), '{report}') AS report
        FROM raw GROUP BY key)"""


def elt(since):
    new = messages(**bus.between(contest.topic, since))
    raw = new.selectExpr("offset", "string(key) AS key", "string(value) AS text")
    save(raw, "elt/raw", "append" if since else "overwrite")
    table("elt/raw").createOrReplaceTempView("raw")
    return hourly(spark.sql(NEWEST.format(report=REPORT)))


contest.until("hour")
contest.enter("ELT", elt, topics=())

# %% [markdown]
# **Medallion** ([03](03-medallion.ipynb)): bronze keeps what arrived, silver has each flight once, gold answers. Left out: rules with names,
# quarantine, constraints, and refreshing only what has changed.

# %% tags=["step-medallion"]
def medallion(since):
    arriving = messages(spark.readStream).select("offset", "value")
    bronze = run(arriving, "medallion/bronze", since)
    save(one_a_flight(parsed(bronze), "offset"), "medallion/silver")
    save(hourly(table("medallion/silver")), "medallion/gold")
    return table("medallion/gold")


contest.enter("medallion", medallion, topics=())

# %% [markdown]
# ### Step 4: with each batch
#
# **Stream windows** ([07](07-stream-windowing.ipynb)) publish an hour once, when the watermark says that it is complete. The patience is the
# greatest lateness of your slice, which nobody knows beforehand. A second topic, a clock, closes the last hours. Left out: other
# modes.

# %% tags=["step-windows"]
def counted(reports, patience):
    patient = reports.withWatermark("scheduled", f"{patience} minutes")
    counts = patient.groupBy(F.window("scheduled", "1 hour"), "origin").agg(*measures())
    return counts.withColumn("hour", F.col("window.start")).drop("window")


def windows(since):
    arriving = parsed(messages(spark.readStream, subscribe=contest.with_clock))
    return run(counted(arriving, PATIENCE), "windows/hours", since)


PATIENCE = int(truth("lateness", contest.slice)["max"])
contest.until("soon")
contest.enter("windows", counted, windows)

# %% [markdown]
# **Lambda** ([09](09-lambda.ipynb)) has two layers. The batch counts at midnight, from all reports up to there, the *seam*. Left out: that
# the master data refuse changes.

# %% tags=["step-batch-layer"]
def batch_layer(seam):
    save(parsed(messages()).where(f"offset < {seam}"), "lambda/master")
    cells = table("lambda/master").groupBy(F.expr(HOUR), "origin")
    minutes = F.expr(f"sum({RULE}) AS minutes")
    save(cells.agg(F.count("*").alias("departures"), minutes), "lambda/batch_view")


batch_layer(contest.midnight)
look(table("lambda/batch_view"), rows=3)

# %% [markdown]
# The speed layer is a stream that begins at the seam, into memory, and one query adds both. When the next midnight has come, the
# batch runs first.

# %% tags=["step-remembered", "fold"]
# plumbing: one run of a stream into a table in memory, called as the last part of the name
def remembered(rows, name):
    view = name.split("/")[-1]
    ended(rows.writeStream.format("memory").queryName(view), name, 0)
    return spark.table(view)


print("remembered(rows, name)")

# %% tags=["step-lambda"]
SERVE = """
    SELECT hour, origin, sum(departures) AS departures,
        sum(minutes) / sum(departures) AS mean_delay
    FROM (SELECT hour, origin, departures, minutes FROM batch_view UNION ALL
        SELECT date_trunc('hour', scheduled), origin, 1, {rule} FROM recent)
    GROUP BY ALL"""


def lambda_(since):
    seam = contest.midnight
    if since == 0 or since < seam:
        batch_layer(seam)
    recent = parsed(messages(spark.readStream, **bus.between(contest.topic, seam)))
    remembered(recent, "lambda/recent")
    table("lambda/batch_view").createOrReplaceTempView("batch_view")
    return spark.sql(SERVE.format(rule=RULE))


contest.enter("Lambda", batch_layer, lambda_)

# %% [markdown]
# **Kappa** ([10](10-kappa.ipynb)) has one program and the log. To begin anew is a replay from offset 0. Left out: the second table, which
# is filled beside the first one, and the switch from one to the other.

# %% tags=["step-kappa"]
BOARD = """
    SELECT hour, origin, count(*) AS departures, avg(minutes) AS mean_delay
    FROM {rows} GROUP BY ALL"""


def kappa(since):
    program = parsed(messages(spark.readStream)).selectExpr(
        "key", HOUR, "origin", f"{RULE} AS minutes")
    return spark.sql(BOARD, rows=run(program, "kappa/board", since))


contest.enter("Kappa", kappa)

# %% [markdown]
# ### Step 5: at each change
#
# **CDC** ([12](12-cdc.ipynb)) reads no report at all: Debezium follows the log of the database, and a `MERGE` with a guard keeps a replica of
# its table. Left out: deletes, and snapshots that others write into.

# %% tags=["step-changed", "fold"]
# plumbing: the row of each change, with its position in the database's log; the changes as a stream
from delta.tables import DeltaTable
CHANGE = f"after struct<{REPORT}>, source struct<lsn bigint>"


def changed(batch):
    change = F.from_json(F.col("value").cast("string"), CHANGE).alias("change")
    rows = batch.select("offset", change)
    return rows.selectExpr("change.after.*", "change.source.lsn", "offset")


def changes(since):
    if since == 0:
        empty = spark.createDataFrame([], f"{REPORT}, lsn bigint, offset bigint")
        save(empty, "cdc/replica")
    return messages(spark.readStream, subscribe=contest.followed(since))


print("changed(batch), changes(since)")

# %% tags=["step-upsert"]
def upsert(batch, number):
    newest = one_a_flight(changed(batch), F.desc("lsn"), F.desc("offset")).alias("new")
    replica = DeltaTable.forPath(spark, f"{WORK}/cdc/replica").alias("old")
    merge = replica.merge(newest, "new.key = old.key")
    merge = merge.whenMatchedUpdateAll("new.lsn > old.lsn")
    merge.whenNotMatchedInsertAll().execute()


print("of each flight the newest change, and only if it is newer")

# %% [markdown]
# `changes` is the connector's topic, when all is on it that is committed by now; to begin anew it begins with a snapshot of
# the table.

# %% tags=["step-cdc"]
def cdc(since):
    writer = changes(since).writeStream.foreachBatch(upsert)
    ended(writer, "cdc/stream", since)
    return hourly(table("cdc/replica"))


contest.enter("CDC", upsert, cdc, topics=[contest.changes])

# %% [markdown]
# A **roll-up** ([16](16-real-time-analytics.ipynb)) keeps the answer itself, a row for each hour and airport, and one statement brings a report
# into it. It keeps the flights too, to know a copy. Left out: corrections, and Spark on the way.

# %% tags=["step-rollup"]
TABLES = """drop table if exists flight, board;
    create table flight (key text primary key, scheduled timestamptz, origin text,
        dep_delay int);
    create table board (hour timestamptz, origin text, departures int, minutes int,
        primary key (hour, origin))"""
PUT = """
    with new as (
        insert into flight
        values (%(key)s, %(scheduled)s, %(origin)s, %(dep_delay)s)
        on conflict (key) do nothing returning *)
    insert into board
    select date_trunc('hour', scheduled), origin, 1, {rule} from new
    on conflict (hour, origin) do update
    set departures = board.departures + 1, minutes = board.minutes + excluded.minutes"""


def rollup(since):
    if since == 0:
        store.sql(TABLES)
    with contest.desk() as cursor:
        cursor.executemany(PUT.format(rule=RULE), contest.reports(since))
    return store.sql("select *, minutes::float / departures as mean_delay from board")


contest.enter("roll-up", rollup, relations=["flight", "board"])

# %% [markdown]
# ## See it
#
# All nine have read. Now the last reports come, and who reads all the time reads them. Somebody asks everybody:

# %% tags=["step-now"]
asked_now = contest.now()
look(asked_now, rows=9)

# %% [markdown]
# An *age* is how long ago the first report came that an answer lacks. Where it lacks none, it is how long the last run took, from the
# log to the answer. For all but the roll-up that is mostly a query that has to start.

# %% tags=["figure-ages"]
ages = asked_now.set_index("architecture")["age, s"]
lacking = asked_now[asked_now["too few"] > 0].architecture.tolist()
title = f"{len(lacking)} of nine lack reports, for up to {ages.max() / 3600:.0f} hours"
bars(ages, title, "age, seconds", log=True, hatch=lacking, text="{:,.1f}");

# %% [markdown]
# Hatched bars are answers that lack reports. They are no failures: each is exactly what its timetable, or its patience, allows. The scale
# is a logarithm, so a step to the right is ten times the age. Being right at once costs a query that never rests; whether a minute matters,
# only your reader knows.

# %% [markdown]
# ## Predict
#
# The rest of the day will come, and everybody will be right. Then one report in twenty comes *again*, as after a producer's
# retry. How many of the nine will count them twice?

# %% tags=["predict"]
guess = 5
print(f"your guess: {guess} of {len(contest.entries)} count copies twice")

# %% [markdown]
# ## Break it
#
# First the rest of the day, and the midnight after it. Everybody reads what is new.

# %% tags=["break-finish"]
in_the_end = contest.finish()
look(in_the_end, rows=9)

# %% [markdown]
# All nine are right: nothing too few, nothing too many. This is the comparison of the naive way, and it tells nobody apart. So change
# something.
#
# ### The patience is a guess
#
# The windows were given the greatest lateness of the slice. Here the same query reads the first 600 reports (or all, of a small day)
# in some fifteen batches, first without patience, then with the slice's own maximum:

# %% tags=["break-patience"]
some, published = log[:600], {}
bite = len(some) // 15
bus.feed("short-17", [*some, contest.tick])

for patience in (0, PATIENCE):
    arriving = messages(spark.readStream, subscribe="short-17", maxOffsetsPerTrigger=bite)
    counts = remembered(counted(parsed(arriving), patience), "patience/counts")
    published[patience] = counts.toPandas()
    lost = len(some) - published[patience].departures.sum()
    print(f"{patience} minutes of patience: {lost:,} of {len(some):,} are lost")

# %% [markdown]
# They are lost for good. Nobody else on this page can lose a report by waiting too little, because nobody else closes an hour. Patience
# is the repair, and age its price: look again at the windows' bar.

# %% [markdown]
# ### A rule changes
#
# The airport decides that a flight which leaves early has no delay, instead of a negative one. All answers of all hours change.
# `RULE` is the one place where it stands here. Everybody forgets what it has and builds its answer again, from the topic or, CDC, from
# a new snapshot:

# %% tags=["break-rule"]
RULE = "greatest(dep_delay, 0)"
with measure("17: nine rebuilt") as m:
    rebuilt = contest.rebuild()
    m.rows = len(rebuilt) * len(log)

look(contest.rebuilds(), rows=9)

# %% [markdown]
# On one day that is seconds for each. On ten years, ask who still has the reports. ELT, medallion and Lambda keep all of them. CDC and
# the roll-up keep a row for each flight, which is enough for this rule. ETL, star, windows and Kappa keep only what the old rule made:
# they need a topic that goes back ten years. And only Lambda had the rule in two programs.

# %% [markdown]
# ### Reports come again
#
# One in twenty, with new offsets, and in the database as an update that changes nothing:

# %% tags=["break-copies"]
copies = choosing.second(faults.duplicated(log, 0.05))
doubled = contest.again(copies)
twice = doubled[doubled["too many"] > 0].architecture.tolist()

print(f"{len(copies):,} copies, counted twice by {len(twice)}; your guess: {guess}")
look(doubled, rows=9)

# %% [markdown]
# Who has a key and looks at it is safe: by rank, by the model, by a silver that knows copies, by `MERGE`, by `on conflict`. The
# windows are right by luck: copies came when their hours were closed. Into an open hour they would have been counted.
#
# The repair is the same for the three others: one row a flight. Kappa's question with that rule:

# %% tags=["break-copies-repaired"]
once = table("kappa/board").dropDuplicates(["key"])
repaired = spark.sql(BOARD, rows=once).toPandas()
print(f"departures with one row a flight: {repaired.departures.sum():,}")

# %% [markdown]
# ## Looks right, not so fast
#
# The answer without patience has lost some departures, and most are there. What about the mean delay, which is what the page shows?

# %% tags=["look-mean"]
short = published[0]
known = truth("departures_so_far", contest.slice, until=len(some))
look(choosing.totals({"without patience": short, "truth": known}))

# %% [markdown]
# Who leaves late is reported late, so it is the late flights that are lost, and the airports look better than they are. Whoever
# knows only how *many* are missing takes the mean of the rest for nearly right; the error is in *which*.

# %% [markdown]
# ## Prove it
#
# In the end each of the nine answers equals the truth, which is pandas over the published table. And now each is exactly what it could
# have read on its timetable; of the windows, what they have published is final already.

# %% tags=["prove-answers"]
right = contest.truth("end")
for name in contest.entries:
    prove(f"{name} in the end", contest.answer(name, "end"), right)
for name in contest.entries:
    prove(f"{name} now", contest.answer(name, "now"), contest.knows(name))

departed = truth("conservation", contest.slice)["departed"]
prove("departures in the truth", int(right.departures.sum()), departed)

# %% [markdown]
# Under the new rule each rebuilt answer equals the truth under that rule, and copies do what was said of them, no more:

# %% tags=["prove-breaks"]
new_rule = contest.truth("end", early=False)
for name, answer in rebuilt.items():
    prove(f"{name} under the new rule", answer, new_rule)

too_many = dict(zip(doubled.architecture, doubled["too many"]))
twice = dict.fromkeys(("star", "Lambda", "Kappa"), len(copies))
prove("copies counted twice", too_many, {**dict.fromkeys(too_many, 0), **twice})
prove("Kappa with one row a flight", repaired, new_rule)

# %% tags=["prove-patience"]
lost = len(some) - int(short.departures.sum())
prove("something is lost without patience", lost > 0, True)
prove("nothing with the greatest lateness", published[PATIENCE], known)

# %% [markdown]
# ## Measure it
#
# All that was measured, a row for each. *Wrong*, *lost* and *doubled* count departures, *kB* is all that has to be kept, checkpoints and
# topics included, *lines* are its functions above and their SQL, without plumbing. Only the last column is words.

# %% tags=["look-table"]
BREAKS = {
    "ETL": "who asks before midnight", "star": "a copy: its grain is not guarded",
    "ELT": "a filter by planned time", "medallion": "a bronze that was cleaned",
    "windows": "too little patience", "Lambda": "a rule in two programs",
    "Kappa": "a log that forgets", "CDC": "a slot that nobody reads",
    "roll-up": "a question nobody foresaw"}

look(contest.table(BREAKS), rows=9)

# %% [markdown]
# You have seen these break: a filter in [02](02-elt.ipynb), a bronze in [03](03-medallion.ipynb), patience and copies here, two programs in
# [09](09-lambda.ipynb), a log in [10](10-kappa.ipynb), a slot in [12, deeper](12-cdc-deeper.ipynb), a roll-up in
# [16](16-real-time-analytics.ipynb). Seconds and bytes are of a small day on your machine: compare rows, do not quote them.

# %% [markdown]
# ## When not, and the neighbours
#
# No column decides alone. Begin with what your reader does with the answer, then with who mends it:
#
# | you need | take | because |
# |---|---|---|
# | only agreed data, once a day | ETL ([01](01-etl.ipynb)) | it refuses, and a load that runs twice counts once |
# | to change your mind | ELT ([02](02-elt.ipynb)), medallion ([03](03-medallion.ipynb)) | raw is kept, so a rule is a query |
# | questions that nobody has asked yet | star ([04](04-star-schema.ipynb)) | facts and dimensions, not answers |
# | an hour that is final when it is shown | stream windows ([07](07-stream-windowing.ipynb)) | published once, late and for good |
# | soon and right, with two teams | Lambda ([09](09-lambda.ipynb)) | the batch mends what the stream got wrong |
# | soon and right, with one program | Kappa ([10](10-kappa.ipynb)) | a replay is the recomputation |
# | what a database says that is not yours | CDC ([12](12-cdc.ipynb)) | its log has each change, deletes too |
# | a screen that thousands look at | roll-up ([16](16-real-time-analytics.ipynb)) | the answer is there before it is asked |
#
# They combine: CDC feeds an ELT, a Kappa a roll-up, a medallion ends in a star. Who keeps what each source said ([05](05-data-vault.ipynb)),
# who answers for it ([13](13-data-mesh.ipynb)) and what runs when idle ([15](15-serverless.ipynb)) are other questions.

# %% [markdown]
# ## Check yourself
#
# 1. Two teams show you equal numbers of yesterday. What do you know of their architectures? <details><summary>Answer</summary>That both
#    are right in the end. Ask both at noon, change a rule, send something twice: then they differ.</details>
# 2. Why does Lambda count copies twice here, and ETL does not? <details><summary>Answer</summary>It counts reports by offset, and a copy
#    has an offset of its own. ETL counts flights by key. No architecture brings that by its name.</details>
# 3. Nobody acts on the number before the next morning. Which columns of the table matter? <details><summary>Answer</summary>Bytes,
#    seconds to rebuild, lines, and what breaks it. Age does not, and paying for it is a mistake.</details>
# 4. From 07: somebody sets the patience to the greatest lateness of last year. Is that right? <details><summary>Answer</summary>Until a
#    flight is later. It is a promise about the past; watch what is dropped, and have a batch that can mend.</details>
# 5. From 10: the topic keeps seven days, and the rule changes for the year. Who can still answer? <details><summary>Answer</summary>Who
#    keeps what the rule reads: ELT, medallion, Lambda's master data; here also CDC's replica and the roll-up's flights, a row for
#    each. The others have to find another source first.</details>

# %% [markdown]
# ## Go on
#
# - [The lab](../labs/17-choosing.ipynb): twelve teams for whom you choose, the reason that decides, a choice by numbers, and a
#   checklist.
# - [Questioning the Lambda Architecture](https://www.oreilly.com/radar/questioning-the-lambda-architecture/), Jay Kreps, 2014
# - [How to beat the CAP theorem](http://nathanmarz.com/blog/how-to-beat-the-cap-theorem.html), Nathan Marz, 2011
# - [The Dataflow Model](https://www.vldb.org/pvldb/vol8/p1792-Akidau.pdf), Tyler Akidau and others, 2015: correctness, latency and
#   cost as one choice
