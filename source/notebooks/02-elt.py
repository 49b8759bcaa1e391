# %% [markdown] signature=["MERGE INTO raw", "sha2(", "from_json", "replaceWhere"]
# # 02 ELT: how can I change my mind about a rule, after the data has come?
#
# ![Reports come in drops and land in raw with address and hash; the model, and the next rule, are SQL over raw](pictures/02-elt.svg)

# %% [markdown]
# ## In one minute
#
# | | |
# |---|---|
# | **Promise** | Raw data lands first, unchanged. Every table above it is SQL over raw alone. So a rule that changes is a query that runs again: nobody is asked for the data a second time. |
# | **Price** | You store everything, also what no rule needs yet. What changed in the source is found when you read, not when you load. |
# | **When not** | Raw must not land, as with card numbers. Or computing is the scarce thing in your warehouse. |

# %% [markdown]
# ## Set up
#
# Spark, a Kafka broker, and an empty schema for the tables. `scene` is the world around this notebook: three airports that
# report their flights.

# %% tags=["setup"]
import json
from patternlab import bars, crash_after, faults, kafka, lines, look, measure
from patternlab import open_schema, prove, scoreboard, spark_session, truth, workspace
from patternlab.patterns.elt import scene
spark, broker = spark_session("02-elt"), kafka()
open_schema(spark, "elt", workspace("02-elt"))

# %% [markdown]
# ## Look at the data
#
# Six flights, in three daily **drops**. A drop holds what was reported on one day, and a flight is reported when it leaves. `DL 3`
# left 18 hours late, so its report is in the drop of the next day.

# %% tags=["look-toy"]
toy = spark.sql("""
    SELECT * FROM VALUES
        (1, 'UA 1', TIMESTAMP'2013-02-01 12:00', -2),
        (1, 'B6 2', TIMESTAMP'2013-02-01 20:00', 4),
        (2, 'UA 1', TIMESTAMP'2013-02-02 12:00', 0),
        (2, 'B6 2', TIMESTAMP'2013-02-02 20:00', 31),
        (3, 'UA 1', TIMESTAMP'2013-02-03 12:00', -5),
        (3, 'DL 3', TIMESTAMP'2013-02-02 18:00', 1080)
        AS reports(drop, flight, scheduled, dep_delay)""")
look(toy)

# %% [markdown]
# Now the real reports, in their order of arrival on a Kafka topic. The first drop holds all up to noon of the last day, the second
# one its afternoon. The evening is still to come.

# %% tags=["look-topic"]
until_noon, afternoon, evening = scene.drops("month")
noon = len(until_noon)
known = broker.feed("reports-02", until_noon + afternoon)

print(f"{known:,} reports on the topic, {noon:,} of them before noon; the first:")
print(broker.peek("reports-02", 1)["value"][0])

# %% [markdown]
# Times are in UTC. The `key` names the flight and begins with its day in New York. A cancelled flight has no `dep_delay`; its report
# comes at the planned time.

# %% [markdown]
# ## The naive way
#
# Load what is new, and let the table say what it has: take whatever is planned later than the newest flight in it. You find this
# filter in many tutorials. On the first two drops of the toy it is right.

# %% tags=["step-naive-toy"]
NAIVE = """
    SELECT * FROM {loaded}
    UNION ALL
    SELECT * FROM {drop} WHERE scheduled > (SELECT max(scheduled) FROM {loaded})"""


def load(drops):
    loaded = drops[0]
    for drop in drops[1:]:
        loaded = spark.sql(NAIVE, loaded=loaded, drop=drop)
    return loaded.count()


toy_drops = [toy.where(f"drop = {number}") for number in (1, 2, 3)]
print(f"two drops: {load(toy_drops[:2])} of 4 flights are loaded")
print(f"three drops: {load(toy_drops)} of 6")

# %% [markdown]
# `DL 3` is planned earlier than a flight that is loaded already, so no later run will ever take it. The same function, on the two
# real drops:

# %% tags=["break-naive"]
messages = spark.read.format("kafka").options(**broker.options("reports-02")).load()
planned = messages.selectExpr(
    "offset", "timestamp(get_json_object(string(value), '$.scheduled')) AS scheduled")
planned = planned.cache()

before, after = planned.where(f"offset < {noon}"), planned.where(f"offset >= {noon}")
loaded = load([before, after])
print(f"{known:,} reports, {loaded:,} loaded: {known - loaded} are missing for ever")

# %% [markdown]
# One load, one seam, and flights are gone. They are not just any flights: who leaves late is reported late.

# %% [markdown]
# ## Build it
#
# Four steps: land raw, write the model as a query, run it over everything, then run it over less.

# %% [markdown]
# ### Step 1: Land raw, and touch nothing
#
# A row of raw is a message: its text as it came, its address (partition and offset), and a hash of its bytes, which will show any
# later change. Nothing is parsed, for a parser has opinions. A load reads the messages between two offsets, so it is bounded.

# %% tags=["step-raw"]
RAW = """
    SELECT partition, offset, string(key) AS key, string(value) AS text,
        sha2(value, 256) AS sha256
    FROM {messages}"""


def between(begin, end):
    options = broker.between("reports-02", begin, end)
    return spark.read.format("kafka").options(**options).load()


with measure("land the first drop") as landed:
    spark.sql("CREATE TABLE raw USING delta AS" + RAW, messages=between(0, noon))
    landed.rows = noon
look(spark.sql("""
    SELECT offset, key, left(text, 50) AS text_begins, left(sha256, 16) AS sha256_begins
    FROM raw"""), 3)

# %% [markdown]
# ### Step 2: The model is a query over raw
#
# It has two parts. `REPORTS` gives the text its types; where a flight was reported twice, the newest message counts. `OTP` answers the
# question: on-time performance by hour. On time means at most 15 minutes late.

# %% tags=["step-model"]
REPORTS = """
    SELECT key, max(offset) AS offset, from_json(max_by(text, offset), '
        scheduled TIMESTAMP, origin STRING, dep_delay INT') AS report
    FROM {raw} GROUP BY key"""

OTP = """
    SELECT date(left(key, 10)) AS day, date_trunc('hour', report.scheduled) AS hour,
        report.origin, count(*) AS flights, count(report.dep_delay) AS departed,
        count_if(report.dep_delay <= 15) AS on_time, max(offset) AS last_offset
    FROM {reports} GROUP BY ALL"""


def model(raw):
    return spark.sql(OTP, reports=spark.sql(REPORTS, raw=raw))


model(spark.table("raw")).printSchema()

# %% [markdown]
# Nothing else goes in: no clock, no other table, no earlier result. Same raw, same answer. And `last_offset` notes how far each row
# has read.

# %% [markdown]
# ### Step 3: Full refresh
#
# Run the query over all of raw, and write what it says. This is always right. It is also the yardstick for everything quicker.

# %% tags=["step-full"]
with measure("full refresh") as run:
    model(spark.table("raw")).write.format("delta").saveAsTable("otp_by_hour")
    run.rows = noon
look(spark.table("otp_by_hour").orderBy("hour", "origin"), 4)

# %% [markdown]
# ### Step 4: Incremental, by what is touched
#
# The second drop lands, by `MERGE`: it inserts only addresses that raw does not have. So a load that runs twice adds nothing the second
# time. Try it.

# %% tags=["step-land"]
LAND = f"""
    MERGE INTO raw USING ({RAW}) AS new
    ON raw.partition = new.partition AND raw.offset = new.offset
    WHEN NOT MATCHED THEN INSERT *"""


def land(begin, end):
    merged = spark.sql(LAND, messages=between(begin, end))
    return merged.first().num_inserted_rows


print(f"landed: {land(noon, known)}, and once more: {land(noon, known)}")

# %% [markdown]
# What is new is a matter of offsets, not of planned times. But new messages may be about old hours, so ask them which days they
# touch.

# %% tags=["step-touched"]
def touched():
    """The days about which raw has messages that the table has not read."""
    days = spark.sql("""
        SELECT DISTINCT left(key, 10) AS day FROM raw
        WHERE offset > (SELECT max(last_offset) FROM otp_by_hour)
        ORDER BY day""")
    return [row.day for row in days.collect()]


days = touched()
print(f"the second drop is about: {', '.join(days)}")

# %% [markdown]
# Compute these days again, *whole*, from raw, and replace them in the table. `replaceWhere` does it in one commit.

# %% tags=["step-refresh"]
def refresh(days):
    if not days:
        return                                  # nothing new, nothing to replace
    listed = ", ".join(f"'{day}'" for day in days)
    rows = model(spark.table("raw").where(f"left(key, 10) IN ({listed})"))
    rows = rows.write.format("delta").mode("overwrite")
    rows.option("replaceWhere", f"day IN ({listed})").saveAsTable("otp_by_hour")


with measure("incremental") as run:
    refresh(days)
    run.rows = sum(report["key"][:10] in days for report in until_noon + afternoon)
look(spark.sql("""
    SELECT day, sum(flights) AS flights, sum(departed) AS departed,
        sum(on_time) AS on_time, max(last_offset) AS last_offset
    FROM otp_by_hour GROUP BY day ORDER BY day DESC"""), 3)

# %% [markdown]
# In **dbt** you would write the query and name a strategy. dbt writes the rest: `append` becomes an `INSERT`, `merge` a `MERGE` on the
# key, `insert_overwrite` and `delete+insert` replace what the new rows touch. (Which of them you have depends on the warehouse.) Inside
# `is_incremental()` stands a filter like ours, and you are the one who decides what it says.
#
# ```sql
# {{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='day') }}
# SELECT ... FROM {{ ref('reports') }}
# {% if is_incremental() %}
# WHERE day IN (SELECT day FROM {{ ref('reports') }}
#               WHERE offset > (SELECT max(last_offset) FROM {{ this }}))
# {% endif %}
# ```

# %% [markdown]
# ## See it
#
# Now suppose that a job ran all along, four times a day. What would the filters have missed? `newest` is the latest flight
# that the table knew when a drop came; one query finds it for all drops.

# %% tags=["step-replay"]
REPLAY = """
    WITH planned AS (
        SELECT left(key, 10) AS day, from_json(text, '
            scheduled TIMESTAMP, arrival TIMESTAMP, dep_delay INT') AS report
        FROM raw),
    dropped AS (
        SELECT day, report.*, floor(unix_timestamp(from_utc_timestamp(
            report.arrival, 'America/New_York')) / 3600 / {hours}) AS drop
        FROM planned)
    SELECT day, scheduled, dep_delay, max(scheduled) OVER (ORDER BY drop
        RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS newest
    FROM dropped"""

replayed = spark.sql(REPLAY, hours=6).cache()
look(spark.sql("""
    SELECT coalesce(scheduled <= newest, false) AS missed, count(*) AS flights,
        avg(dep_delay) AS mean_delay_in_minutes
    FROM {replayed} GROUP BY ALL ORDER BY missed""", replayed=replayed))

# %% [markdown]
# The missed flights are few, and they are the unpunctual ones: without them the airports look better than they are.
#
# A common remedy is to look back, here by three hours. Compare both with the days touched.

# %% tags=["figure-filters"]
missed = spark.sql("""
    SELECT date(day) AS day, count(*) AS flights,
        -count_if(scheduled <= newest) AS later_than_newest,
        -count_if(scheduled <= newest - INTERVAL 3 HOURS) AS three_hours_back
    FROM {replayed} GROUP BY day ORDER BY day""", replayed=replayed)
missed = missed.toPandas().set_index("day")
incremental = spark.table("otp_by_hour").toPandas().groupby("day").flights.sum()
missed["days_touched"] = incremental - missed.flights

shown = {"later than the newest": missed.later_than_newest,
         "three hours back": missed.three_hours_back,
         "days touched": missed.days_touched}
short = -missed.sum()
title = (f"{short.later_than_newest:,} flights short, {short.three_hours_back:,} "
         f"when looking back, {short.days_touched:,} by days touched")
lines(shown, title, "day", "flights, incremental minus full");

# %% [markdown]
# Looking back helps, and how far is a guess about the future. The days touched need no guess: the new messages name them.

# %% [markdown]
# ## Predict
#
# The filter on the newest runs four times a day and misses the flights in the title above. How many would it miss if it ran **once** a
# day, at midnight? Write it down; nobody grades it.

# %% tags=["predict"]
guess = 1000
print(f"Once a day, you think, the filter would miss {guess:,} flights.")

# %% [markdown]
# ## Break it
#
# **A retried load.** The job for the second drop writes and dies before it has said that it is done. The scheduler runs it
# again, with the same task. First with the strategy `append`: aggregate the new messages, add the rows.

# %% tags=["break-append"]
def append_new():
    rows = model(spark.table("raw").where(f"offset >= {noon}"))
    rows.write.format("delta").mode("append").saveAsTable("appended")
    crash()


crash = crash_after(1)
spark.sql("CREATE TABLE appended USING delta AS SELECT * FROM otp_by_hour VERSION AS OF 0")
runs = scene.retried(append_new)
appended = spark.sql("SELECT sum(flights) FROM appended").first()[0]
print(f"{runs} runs: {appended:,} flights, {known:,} in raw")

# %% [markdown]
# The whole drop counts twice, and every single row looks fine. Now the same crash, with the strategy of step 4.

# %% tags=["break-append-repaired"]
def replace_touched():
    refresh(days)
    crash()


crash = crash_after(1)
runs = scene.retried(replace_touched)
replaced = spark.sql("SELECT sum(flights) FROM otp_by_hour").first()[0]
print(f"{runs} runs: {replaced:,} flights, {known:,} in raw")

# %% [markdown]
# Replacing whole days is **idempotent**: two runs leave what one leaves. So is landing by address, as you saw.
#
# **A source that drifts.** For its evening drop the producer has a new release. `dep_delay` is called `delay`, and it
# is a text.

# %% tags=["break-drift"]
drifted = faults.drifted(evening, 0, {"dep_delay": "delay"}, {"dep_delay": str})
end = known + broker.send("reports-02", drifted)
land(known, end)
days = touched()
refresh(days)

LATEST = """
    SELECT hour, sum(flights) AS flights, sum(departed) AS departed,
        sum(on_time) AS on_time
    FROM otp_by_hour GROUP BY hour ORDER BY hour DESC"""
look(spark.sql(LATEST), 5)

# %% [markdown]
# No error. By this table the flights of the evening were cancelled: a missing field is NULL, and NULL means cancelled here. A test on the
# model (dbt has them too) would have to say that evenings have departures. The model broke. Raw did not:

# %% tags=["break-drift-raw"]
look(spark.sql("""
    SELECT offset, right(text, 40) AS end_of_text, sha256 = sha2(text, 256) AS as_it_came
    FROM raw ORDER BY offset DESC"""), 3)

# %% [markdown]
# So the repair is an edit of SQL: read both names. The data has not changed, so no offset is new, and the table believes
# that it is up to date. After a change of the model you say yourself what to build again.

# %% tags=["break-drift-repaired"]
REPORTS = """
    SELECT key, offset, struct(told.scheduled, told.origin,
        coalesce(told.dep_delay, int(told.delay)) AS dep_delay) AS report
    FROM (
        SELECT key, max(offset) AS offset, from_json(max_by(text, offset), '
            scheduled TIMESTAMP, origin STRING, dep_delay INT, delay STRING') AS told
        FROM {raw} GROUP BY key)"""

print(f"messages that the table has not read: {touched()}")
refresh(days)
look(spark.sql(LATEST), 5)

# %% [markdown]
# The table knows again who left in the evening. Nobody had to ask the airports.

# %% [markdown]
# ## Looks right, not so fast
#
# Another incremental load: aggregate only the new messages, `MERGE` them on hour and origin. A retry can't double anything, and it
# reads little. Compare it with the full refresh.

# %% tags=["break-merge-parts"]
spark.sql("CREATE TABLE merged USING delta AS SELECT * FROM otp_by_hour VERSION AS OF 0")
spark.sql("""
    MERGE INTO merged AS old USING {new} AS new
    ON old.hour = new.hour AND old.origin = new.origin
    WHEN MATCHED THEN UPDATE SET *
    WHEN NOT MATCHED THEN INSERT *
    """, new=model(spark.table("raw").where(f"offset >= {noon}")))

look(spark.sql("""
    SELECT 'the new, merged' AS made_by, count(*) AS rows, sum(flights) AS flights,
        sum(departed) AS departed, sum(on_time) AS on_time FROM merged
    UNION ALL
    SELECT 'days touched, replaced', count(*), sum(flights), sum(departed), sum(on_time)
    FROM otp_by_hour"""))

# %% [markdown]
# Equal rows, other sums. The hour at the seam has flights on both sides; its new part replaced the whole. An aggregate may be replaced only
# by an aggregate over *all* of its messages.

# %% [markdown]
# ## Prove it
#
# First raw: every message is there, once, and its text has the hash of the bytes that were sent. Python's `hashlib` computes that
# one from what we put on the topic.

# %% tags=["prove-raw"]
import hashlib

sent = until_noon + afternoon + drifted
hashes = [hashlib.sha256(json.dumps(report).encode()).hexdigest() for report in sent]
raw = spark.sql("""
    SELECT offset, sha256, sha2(text, 256) AS now FROM raw ORDER BY offset""").toPandas()

prove("raw has every message, once", raw.offset.tolist(), list(range(len(sent))))
prove("each noted hash is that of the bytes sent", raw.sha256.tolist(), hashes)
prove("each text still has its hash", raw.now.tolist(), hashes)

# %% [markdown]
# Then the table that was built in parts, with a late drop, a retry and a drift. It must equal one query over raw, and that query must
# equal `truth`: a second computation, in pandas, from the published file.

# %% tags=["prove-incremental"]
built = spark.table("otp_by_hour").toPandas()
refreshed = model(spark.table("raw")).toPandas()

prove("incremental equals full, after late, retried and drifted", built, refreshed)
prove("the model equals the published flights",
      built.drop(columns="last_offset"), truth("otp_by_hour", "month"))

# %% [markdown]
# Last the filters: what each of them misses, by the query above and by a loop in pandas. Looking back a whole day would have been enough,
# in this data.

# %% tags=["prove-missed"]
MISSED = """
    SELECT count_if(scheduled <= newest) AS none,
        count_if(scheduled <= newest - INTERVAL 3 HOURS) AS three,
        count_if(scheduled <= newest - INTERVAL 24 HOURS) AS day
    FROM {replayed}"""

four_times = spark.sql(MISSED, replayed=spark.sql(REPLAY, hours=6)).first()
once = spark.sql(MISSED, replayed=spark.sql(REPLAY, hours=24)).first()
prove("missed in four drops a day, looking back 0, 3 and 24 hours",
      list(four_times), list(truth("missed_by_filter", "month").values()))
prove("missed in one drop a day",
      list(once), list(truth("missed_by_filter", "month", every=24).values()))

# %% [markdown]
# ## Measure it
#
# Your guess, and the answer, with the evening's drop. The same filter on the same reports misses more when it runs more often: each run is a
# seam. So this load is no mere optimisation; it changes what the table means.

# %% tags=["figure-cadence"]
cadence = {"your guess for once": guess, "once a day": once.none,
           "four times a day": four_times.none}
title = f"{four_times.none:,} flights missed in four runs a day, {once.none:,} in one"
bars(cadence, title, "flights that never get in", hatch=["four times a day"]);

# %% [markdown]
# Now change your mind: on time means at most 5 minutes late. Here a new rule is a full refresh. In ETL (01) it is a new extract, if
# the source still has the data. So do both: from raw, and from the topic.

# %% tags=["prove-rule"]
OTP = OTP.replace("dep_delay <= 15", "dep_delay <= 5")
again = broker.options("reports-02")

with measure("new rule, from raw") as run:
    run.rows = end
    rebuilt = model(spark.table("raw")).toPandas()
with measure("new rule, a new extract") as run:
    run.rows = end
    messages = spark.read.format("kafka").options(**again).load()
    extracted = messages.selectExpr("offset", "string(key) key", "string(value) text")
    reloaded = model(extracted).toPandas()

prove("the new rule, rebuilt from raw", rebuilt.drop(columns="last_offset"),
      truth("otp_by_hour", "month", within=5))
prove("a new extract says the same, while the topic has it", reloaded, rebuilt)

# %% tags=["step-scoreboard"]
look(scoreboard()[["label", "seconds", "rows"]], text="{:.2f}")

# %% [markdown]
# An incremental load reads the days touched, and a write has its fixed price: on a month it saves little, on ten years nearly all.
#
# And the new extract? On a laptop the seconds are close. The difference is whom you have to ask: topics forget, and sources are somebody
# else's.

# %% [markdown]
# ## When not, and the neighbours
#
# Not ELT: when raw must not land (personal data, card numbers), when the warehouse's computing is scarce, or when the source sends far more than
# anybody will ask for.
#
# | pattern | differs in | choose it when |
# |---|---|---|
# | [ETL (01)](01-etl.ipynb) | cleans before it loads; raw is not kept | raw must not land, or rules hardly change |
# | [Medallion (03)](03-medallion.ipynb) | the same, with a promise for each layer | others read your tables |
# | [Star schema (04)](04-star-schema.ipynb) | what the model looks like: facts and dimensions | many questions share one context |
# | Kappa ([10](10-kappa.ipynb)) | the same idea for streams: replay the log | the answer must be fresh all day |

# %% [markdown]
# ## Check yourself
#
# 1. A model reads `current_date()`. What is lost?
#    <details><summary>Answer</summary>Same raw, same answer. A rebuild tomorrow differs, and nobody can tell why.</details>
# 2. Does "schema on read" mean that there is no schema?
#    <details><summary>Answer</summary>No. It is in the query, and it is checked when you read: the evening of NULLs above.</details>
# 3. `MERGE` on the key made the retry harmless. Why was the sum wrong all the same?
#    <details><summary>Answer</summary>Idempotent is not complete. The new part of an hour replaced the whole hour.</details>
# 4. From ETL (01): a retried load must not add. Which two means do that here?
#    <details><summary>Answer</summary>Landing by address with <code>MERGE</code>, and replacing whole days. In 01 it is overwriting whole partitions.</details>
# 5. From ETL (01): rejected rows are kept with a reason. Where are they here?
#    <details><summary>Answer</summary>In raw, like all others. What a model can't read is found by comparing it with raw; medallion (03) gives that a table.</details>

# %% [markdown]
# ## Go on
#
# Do it yourself in the [lab](../labs/02-elt.ipynb): write a model, find the smallest look-back, land a retried drop, and decide what a
# drifting source may do.
#
# Sources:
#
# - dbt, [About incremental strategy](https://docs.getdbt.com/docs/build/incremental-strategy): append, merge, delete+insert, insert_overwrite, microbatch
# - Tristan Handy, [On the limits of incrementality](https://discourse.getdbt.com/t/on-the-limits-of-incrementality/303): late facts, and what a look-back costs
# - Maxime Beauchemin, [Functional data engineering](https://maximebeauchemin.medium.com/functional-data-engineering-a-modern-paradigm-for-batch-data-processing-2327ec32c42a),
#   2018: tasks as pure functions that overwrite a partition
# - Delta Lake, [replaceWhere](https://delta.io/blog/delta-lake-replacewhere/): replacing part of a table in one commit
