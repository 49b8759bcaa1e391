# %% [markdown] signature=["endingOffsets", "REPLACE WHERE", "ADD CONSTRAINT", "make_dt_interval"]
# # 01 ETL: how can a load run twice and count once?
#
# ![Reports between two offsets of a Kafka topic are typed and judged; good ones replace whole days of the table departures, all others go to rejects with a reason](pictures/01-etl.svg)

# %% [markdown]
# ## In one minute
#
# | | |
# |---|---|
# | **Promise** | Extract, transform, load: only typed, checked rows enter the target. A load is a function of a bounded extract, so running it again replaces and never adds. |
# | **Price** | The rules come before the store. What they refuse must be kept outside, and a changed rule means extracting everything again. |
# | **When not** | Rules still change every week, or somebody needs the raw data. |

# %% [markdown]
# ## Set up
#
# Spark, a Kafka broker, an empty schema for the tables. `scene` is the world around this notebook: three airports that
# report departures, and what people do wrong when they type a time.

# %% tags=["setup"]
import json, pandas as pd, pyspark.sql.functions as F
from patternlab import bars, crash_after, kafka, look, measure, prove, scoreboard
from patternlab import open_schema, spark_session, truth, waterfall, workspace
from patternlab.patterns.etl import scene
spark, broker, lake = spark_session("01-etl"), kafka(), workspace("01-etl")
open_schema(spark, "etl", lake)

# %% [markdown]
# ## Look at the data
#
# Six reports, as the airports send them: dates of New York, and clocks as they are published, without a colon. `517` is 17
# minutes past five. `delay` counts minutes. One flight was cancelled, so it has no clock.

# %% tags=["look-toy"]
toy = spark.sql("""
    SELECT * FROM VALUES
        ('UA/1545', DATE'2013-02-08', '515', DATE'2013-02-08', '517', 2),
        ('UA/1714', DATE'2013-02-08', '529', DATE'2013-02-08', '533', 4),
        ('AA/1141', DATE'2013-02-08', '540', NULL, NULL, NULL),
        ('B6/725', DATE'2013-02-08', '545', DATE'2013-02-08', '544', -1),
        ('B6/371', DATE'2013-02-08', '2110', DATE'2013-02-08', '2359', 169),
        ('MQ/4401', DATE'2013-02-08', '2130', DATE'2013-02-09', '12', 162)
        AS reports(key, planned_on, planned_at, left_on, left_at, delay)""")
look(toy)

# %% [markdown]
# Now the feed: one JSON message per flight, in the order in which the planes left. The published data are clean, but for
# one thing that step 2 is about. So dirt is added, always the same: of a hundred departures about one is typed wrongly, and
# about one is first reported as on time. Its correction comes tomorrow.

# %% tags=["look-feed"]
feed = scene.feed("month")
sent = broker.feed("reports-01", feed["reports"])

print(f"{sent:,} reports on the topic; the first two:")
look(broker.peek("reports-01", 2)[["offset", "value"]])

# %% [markdown]
# A message has an **offset**, its place in the topic. Whatever comes later gets a higher one. What is between two
# offsets never changes.

# %% [markdown]
# ## The naive way
#
# Parse the clock, convert to UTC, append. A clock without colon is four digits after `lpad`. On the toy it works: five
# planes left, five rows.

# %% tags=["step-naive-toy"]
def naive(reports, parse):
    clock = f"{parse}(left_on || ' ' || lpad(left_at, 4, '0'), 'yyyy-MM-dd HHmm')"
    in_utc = f"to_utc_timestamp({clock}, 'America/New_York')"
    departed = reports.selectExpr("key", "left_at", f"{in_utc} AS departed")
    return departed.where("departed IS NOT NULL")


look(naive(toy, "to_timestamp"))

# %% [markdown]
# The same function on the topic.

# %% tags=["raises-exception", "break-strict"]
topic = spark.read.format("kafka").options(**broker.options("reports-01")).load()
report = F.from_json(F.expr("string(value)"), scene.REPORT)
messages = topic.select(F.inline(F.array(report)))

naive(messages, "to_timestamp").count()

# %% [markdown]
# One clock that is none, and the whole load is dead. The error itself suggests `try_to_timestamp`, which gives NULL
# instead of an error. So somebody takes that.

# %% tags=["break-lenient"]
lenient = naive(messages, "try_to_timestamp").count()
published = truth("conservation", "month")
departed = published["departed"]

print(f"published departures: {departed:,}, rows: {lenient:,}, "
      f"gone without a word: {departed - lenient:,}")

# %% [markdown]
# It runs, every night, and nobody will ever ask. Which flights are gone? Why? The job has not kept what it would take to
# answer.

# %% [markdown]
# ## Build it
#
# Four steps: take a bounded piece of the source, type it, say of each message why it may not enter, replace what is there.

# %% [markdown]
# ### Step 1: extract between two offsets
#
# "All that is there" is another thing each time you ask. So a load names its bounds: from the first offset up to, and not
# including, the one that was next when it began. Asked again, tomorrow or after a crash, it reads the same messages.

# %% tags=["step-extract"]
def at(offset):
    return json.dumps({"reports-01": {"0": offset}})    # in partition 0, the only one


def extract(first, until):
    bounds = {"startingOffsets": at(first), "endingOffsets": at(until)}
    options = broker.options("reports-01", **bounds)
    messages = spark.read.format("kafka").options(**options).load()
    return messages.select("offset", "value", F.inline(F.array(report)))


look(extract(0, 2).drop("value"))

# %% [markdown]
# `value`, left out here, is the message as it came. Now all that is there this evening:

# %% tags=["step-evening"]
evening = broker.end_offsets("reports-01")[0]

with measure("extract") as extracting:
    extracted = extract(0, evening).persist()
    extracting.rows = extracted.count()

# %% [markdown]
# ### Step 2: transform, and count the clock instead of parsing it
#
# Which clocks can no parser read?

# %% tags=["look-clocks"]
strange = extracted.where("NOT left_at RLIKE '^([01]?[0-9]|2[0-3])?[0-5]?[0-9]$'")
look(strange.select("offset", "planned_at", "left_on", "left_at", "delay"), 5)

# %% [markdown]
# Colons, minutes that no hour has; in some slices also `2400`. That one is no mistake: airlines call midnight so when it
# ends a day. A clock says how many hours and minutes have passed since the day began. 24 hours after its begin is the
# next midnight, if you count.

# %% tags=["step-utc"]
spark.sql("""
    CREATE OR REPLACE TEMPORARY FUNCTION utc(day DATE, clock INT) RETURNS TIMESTAMP
    RETURN to_utc_timestamp(
        timestamp(day) + make_dt_interval(0, int(clock / 100), clock % 100),
        'America/New_York')""")

look(spark.sql("""
    SELECT day, clock, utc(day, clock) AS utc
    FROM VALUES (DATE'2013-02-08', 517), (DATE'2013-02-08', 2400) AS v(day, clock)"""))

# %% [markdown]
# ### Step 3: a reason for each message that may not enter
#
# The transform drops nothing. It gives each message its types and a verdict: a reason, or NULL. The last rule looks at
# other rows: of several reports about one flight the newest counts.

# %% tags=["step-judge"]
def transform(extracted, clock="left_at"):
    extracted.createOrReplaceTempView("reports")
    return spark.sql(f"""
        WITH read AS (
            SELECT *, try_cast({clock} AS INT) AS clock,
                row_number() OVER (PARTITION BY key ORDER BY offset DESC) AS newest
            FROM reports),
        typed AS (
            SELECT *, utc(planned_on, int(planned_at)) AS scheduled,
                utc(left_on, clock) AS departed
            FROM read)
        SELECT *, CASE
            WHEN left_at IS NULL THEN 'cancelled'
            WHEN clock IS NULL OR clock % 100 > 59 OR clock > 2400 THEN 'no clock time'
            WHEN timestampdiff(MINUTE, scheduled, departed) <> delay
                THEN 'contradicts its delay'
            WHEN newest > 1 THEN 'corrected later' END AS reason
        FROM typed""")


verdicts = transform(extracted).persist()
look(verdicts.groupBy("reason").count().orderBy("reason"))

# %% [markdown]
# NULL is the good case. *Contradicts its delay* is a plausible clock, an hour off: somebody in another time zone. Neither
# parser saw anything wrong with it.

# %% [markdown]
# ### Step 4: load by replacing
#
# The target has the last word. `NOT NULL` and a `CHECK` are its own, whoever writes to it. A partition is one day of New
# York, the unit in which the data are loaded, corrected and asked for.

# %% tags=["step-target"]
spark.sql("""
    CREATE TABLE departures (
        offset BIGINT NOT NULL, key STRING NOT NULL, day DATE NOT NULL,
        origin STRING NOT NULL, scheduled TIMESTAMP NOT NULL,
        departed TIMESTAMP NOT NULL, delay_min INT NOT NULL)
    USING delta PARTITIONED BY (day)""")
spark.sql("""
    ALTER TABLE departures ADD CONSTRAINT clocks_agree
    CHECK (timestampdiff(MINUTE, scheduled, departed) = delay_min)""")
spark.sql("""
    CREATE TABLE rejects (since BIGINT, offset BIGINT, reason STRING, value BINARY)
    USING delta PARTITIONED BY (since)""")
look(spark.sql("SHOW TBLPROPERTIES departures").where("key LIKE '%constraint%'"))

# %% [markdown]
# Now the load. Each table is replaced in the unit that the run is responsible for: `departures` by the days that the
# extract speaks of, `rejects` by the offset with which it begins. Two statements are two commits; a run that dies between
# them is repaired by the next one.

# %% tags=["step-load"]
def load(verdicts, since):
    verdicts.persist().createOrReplaceTempView("verdicts")    # computed once, read twice
    spark.sql(f"""
        INSERT INTO departures REPLACE WHERE day BETWEEN '{days[0]}' AND '{days[-1]}'
        SELECT offset, key, planned_on, origin, scheduled, departed, delay
        FROM verdicts WHERE reason IS NULL""")
    spark.sql(f"""
        INSERT INTO rejects REPLACE WHERE since = {since}
        SELECT {since}, offset, reason, value
        FROM verdicts WHERE reason IS NOT NULL""")
    verdicts.unpersist()


days = [row.planned_on for row in verdicts.groupBy("planned_on").count().collect()]
days.sort()
with measure("transform and load") as loading:
    load(verdicts, 0)
    loading.rows = evening
    loading.path = lake / "departures"

# %% [markdown]
# What was refused, with an example of each. The message is there as it came, so whoever is asked can answer.

# %% tags=["look-rejects"]
refused = spark.sql("""
    SELECT reason, count(*) AS messages, min(offset) AS offset,
        min_by(string(value), offset) AS first_of_them
    FROM rejects GROUP BY reason ORDER BY messages DESC""").toPandas()
look(refused)

# %% [markdown]
# ## See it
#
# How the extract became the table.

# %% tags=["figure-waterfall"]
parts = {"extracted": evening, **refused.set_index("reason").messages.mul(-1)}
loaded = sum(parts.values())
title = f"{loaded:,} of {evening:,} reports enter, and each of the others has a reason"
waterfall(parts, title, "reports", left="loaded");

# %% [markdown]
# ## Predict
#
# Another job appends the first two days of the slice, one after the other. Behind the first day its process dies. It starts
# again from the top and gets through. How many rows are in its table? (A slice of one day has only that one.)

# %% tags=["predict"]
guess = 0                                       # put your number here
by_day = spark.table("departures").groupBy("day").count().orderBy("day")
by_day = by_day.toPandas().set_index("day")["count"]
look(by_day.head(2))

# %% [markdown]
# ## Break it
#
# **A crash between two partitions.** `crash` raises when it is called for the first time, and never again.

# %% tags=["raises-exception", "break-append"]
def append(day):
    one_day = spark.table("departures").where(F.col("day") == day)
    one_day.write.format("delta").mode("append").save(f"{lake}/appended")


def load_days(write):
    for day in days[:2]:
        write(day)
        crash()


crash = crash_after(1)
load_days(append)

# %% [markdown]
# One day is in the table already. The scheduler does what schedulers do, and runs the job again:

# %% tags=["break-append-again"]
load_days(append)

right = int(by_day.head(2).sum())
appended = spark.read.format("delta").load(f"{lake}/appended").count()
print({"right": right, "your guess": guess, "appended": appended})

# %% [markdown]
# What the first run wrote counts twice now. Every single write was atomic; the *job* was not.
#
# A job that replaces does not care how far its last attempt came. The same crash, the same second run:

# %% tags=["raises-exception", "break-replace"]
def replace(day):
    one_day = spark.table("departures").where(F.col("day") == day)
    one_day.write.format("delta").mode("overwrite").partitionBy("day").option(
        "replaceWhere", f"day = '{day}'").save(f"{lake}/replaced")


crash = crash_after(1)
load_days(replace)

# %% tags=["break-replace-again"]
load_days(replace)

replaced = spark.read.format("delta").load(f"{lake}/replaced").count()
print({"right": right, "appended": appended, "replaced": replaced})

# %% [markdown]
# **The wrong partition key.** All times in the table are UTC, so a partition per UTC date looks natural. Build it, and
# count per date.

# %% tags=["break-utc"]
spark.sql("""
    CREATE TABLE by_utc_date USING delta PARTITIONED BY (utc_date) AS
    SELECT date(scheduled) AS utc_date, * FROM departures""")

by_utc = spark.table("by_utc_date").groupBy("utc_date").count().toPandas()
totals = pd.DataFrame({"rows": by_day, "in UTC": by_utc.set_index("utc_date")["count"]})
totals = totals.loc[days]

wrong = int((totals["rows"] != totals["in UTC"]).sum())
print(f"{wrong} of {len(totals)} daily totals are wrong")
look(totals.rename_axis("day"), 4)

# %% [markdown]
# New York's evening is tomorrow in UTC: who is planned then counts for the next day. Totals are not all. Loading *one* day
# again now touches two partitions, and replaces both:

# %% tags=["break-utc-reload"]
before = by_utc["count"].sum()
spark.sql(f"""
    INSERT INTO by_utc_date
    REPLACE WHERE utc_date BETWEEN '{days[0]}' AND date_add('{days[0]}', 1)
    SELECT date(scheduled) AS utc_date, * FROM departures WHERE day = '{days[0]}'""")

after = spark.table("by_utc_date").count()
print(f"rows before: {before:,}, after the same day was loaded again: {after:,}")

# %% [markdown]
# In a slice of several days the flights of the second day are gone, all but its evening. A partition must hold exactly what
# one load can make again. Here that is a day of New York, and `departures` is repaired already: its `day` is the date that
# the airport wrote, not one computed from UTC.

# %% [markdown]
# ## Looks right, not so fast
#
# Next morning the corrections arrive. A colleague extracts only the new messages, adds them to the table, and keeps one row
# per flight with `dropDuplicates`. The result has exactly as many rows as it should.

# %% tags=["look-news"]
broker.send("reports-01", feed["corrections"])
morning = broker.end_offsets("reports-01")[0]

columns = ["offset", "key", "day", "origin", "scheduled", "departed", "delay_min"]
news = transform(extract(evening, morning)).where("reason IS NULL")
news = news.withColumnsRenamed({"planned_on": "day", "delay": "delay_min"})
look(news.select(columns).orderBy("offset"), 3)

# %% tags=["look-duplicates"]
both = spark.table("departures").union(news.select(columns))
unique = both.dropDuplicates(["key"]).toPandas()

expected = truth("etl_departures", "month", lost=scene.unreadable(feed["damaged"]))
stale = scene.lacking(unique, expected)
print(f"rows: {len(unique):,}, expected: {len(expected):,}")
print(f"of {morning - evening} corrected flights, {stale} have their old row")

# %% [markdown]
# The rows are as many as they should be, and a count is what people look at. Which of two rows `dropDuplicates` keeps,
# nobody has said. It also hides a load that ran twice, until the two runs differ.

# %% [markdown]
# ## Prove it
#
# First the function: the same bounds again. By now the topic has more messages, and the tables must not notice.

# %% tags=["prove-again"]
once = scene.checksums("departures", "rejects")
load(transform(extract(0, evening)), 0)
twice = scene.checksums("departures", "rejects")

prove("the topic has grown", morning - evening, len(feed["corrections"]))
prove("a second run leaves the same departures", twice["departures"], once["departures"])
prove("and the same rejects", twice["rejects"], once["rejects"])
prove("after a crash and a second run each day counts once", replaced, right)

# %% [markdown]
# Then the morning's load, with corrections. Every offset must be in one of the two tables, once.

# %% tags=["prove-conservation"]
load(transform(extract(0, morning)), 0)

target = spark.table("departures").toPandas()
rejects = spark.table("rejects").toPandas()
offsets = pd.concat([target.offset, rejects.offset])
reasons = rejects.reason.value_counts()

prove("each offset is loaded or rejected, once", sorted(offsets), list(range(morning)))
prove("who was cancelled", reasons.get("cancelled", 0), published["cancelled"])
prove("what was corrected", reasons["corrected later"], len(feed["corrections"]))

# %% [markdown]
# Last the content: row by row against the published flights, counted in pandas. Missing may only be what nobody could
# read. Midnight is where parsers fail, so the flights of 2400 are counted on their own.

# %% tags=["prove-truth"]
unreadable = reasons["no clock time"] + reasons["contradicts its delay"]
local = target.departed.dt.tz_localize("UTC").dt.tz_convert("America/New_York")
midnight = (local == local.dt.normalize()).sum()
clocks = truth("clock_2400", "month")

prove("the target equals the published departures", target.drop(columns="offset"), expected)
prove("and lacks only the unreadable ones", departed - len(target), unreadable)
prove("every flight of 2400 is in it, at midnight", midnight, clocks["dep_time"])

# %% [markdown]
# ## Measure it
#
# What a load costs here:

# %% tags=["look-scoreboard"]
look(scoreboard())

# %% [markdown]
# And what a changed rule costs. Somebody notices that `16:40` is perfectly clear. It is one call more in the transform. But
# the target has no raw messages, so everything is extracted and typed again, before anything can be loaded.

# %% tags=["step-new-rule"]
with measure("a changed rule: everything again") as changed:
    judged = transform(extract(0, morning), "replace(left_at, ':')")
    won = judged.where("reason IS NULL").count() - len(target)
    changed.rows = morning

# %% tags=["figure-rule"]
title = f"To win {won} departures back, {morning:,} messages are read again"
bars({"messages read again": morning, "departures won": won}, title,
     "rows (logarithmic)", log=True, hatch=["departures won"]);

# %% [markdown]
# And only if the topic still has them. Rejects keep their messages, so *these* could be judged anew without it; lab 01 does
# that. But a rule about rows that were loaded needs what is no longer there. That question leads to [02](02-elt.ipynb).

# %% [markdown]
# ## When not, and the neighbours
#
# Leave it out while requirements still move, when an audit wants to see what came in, or when the store itself computes
# better than the job in front of it.
#
# | pattern | differs in | choose it when |
# |---|---|---|
# | [ELT (02)](02-elt.ipynb) | loads raw, transforms behind | rules change, raw may land |
# | [Medallion (03)](03-medallion.ipynb) | rejects and raw are layers, with a promise each | several teams read, at several grades |
# | [Stream windowing (07)](07-stream-windowing.ipynb) | the extract never ends | an answer is due before the day is over |
# | [Change data capture (12)](12-cdc.ipynb) | extracts changes, in order, with deletions | the source is a database that updates its rows |

# %% [markdown]
# ## Check yourself
#
# 1. Why does a load name the offset at which it ends?
#    <details><summary>Answer</summary>Else the second run reads more than the first, and its result is another one.</details>
# 2. An extract has half of a day's reports. What does replacing the day's partition do?
#    <details><summary>Answer</summary>It deletes the other half. What a load replaces, its extract must hold whole.</details>
# 3. "Rejected rows are in the job's log." What is missing?
#    <details><summary>Answer</summary>Conservation: nobody can prove that loaded and rejected are all that came, and nothing can enter later.</details>
# 4. From 00: what makes a claim in this kit more than a sentence?
#    <details><summary>Answer</summary>It is a line that runs, and it compares with a second, independent count.</details>
# 5. A notebook gave the right table on its author's machine, its cells run in any order over three days. What do you ask for?
#    <details><summary>Answer</summary>A new kernel, all cells from the top, and once more. What needs the memory of an earlier run is lost with it; a load, too, begins at an offset that is written down.</details>

# %% [markdown]
# ## Go on
#
# Do it yourself in [lab 01](../labs/01-etl.ipynb).
#
# - Maxime Beauchemin, [Functional data engineering](https://maximebeauchemin.medium.com/functional-data-engineering-a-modern-paradigm-for-batch-data-processing-2327ec32c42a), 2018: pure tasks that overwrite a whole partition.
# - Kimball University, [The subsystems of ETL revisited](https://www.informationweek.com/software/information-management/kimball-university-the-subsystems-of-etl-revisited/d/d-id/1060550): extracting, cleaning and conforming, delivering, managing.
# - Delta Lake, [Table batch reads and writes](https://docs.delta.io/delta-batch/): `replaceWhere` and dynamic partition overwrites.
# - Delta Lake, [Constraints](https://docs.delta.io/delta-constraints).
# - Apache Spark, [Kafka integration guide](https://spark.apache.org/docs/4.2.0/streaming/structured-streaming-kafka-integration.html): batch queries between `startingOffsets` and `endingOffsets`.
