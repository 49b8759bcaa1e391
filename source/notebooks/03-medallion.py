# %% [markdown] signature=["readStream", "from_json", "ADD CONSTRAINT", "txnAppId"]
# # 03 Medallion: what may a reader rely on in this table?
#
# ![Messages of two Kafka topics land in bronze; each goes on to silver, or to quarantine under a rule's name; gold aggregates silver](pictures/03-medallion.svg)

# %% [markdown]
# ## In one minute
#
# | | |
# |---|---|
# | **Promise** | Each layer says what holds in it, and the promises only grow. Every message can be found again: in silver, or in quarantine under the rule that stopped it. |
# | **Price** | Data is stored again in each layer and waits one hop per layer. Somebody must own each rule. |
# | **When not** | One consumer, one clean source, or an answer due sooner than a hop takes. |

# %% [markdown]
# ## Set up
#
# A Spark session, a Kafka broker and an empty folder for the tables. They are this notebook's own and end with its kernel.

# %% tags=["setup"]
import pandas as pd, pyspark.sql.functions as F
from patternlab import bars, crash_after, events, faults, kafka, look, measure
from patternlab import prove, scoreboard, spark_session, truth, workspace
from patternlab.patterns.medallion import scene
spark, broker, lake = spark_session("03-medallion"), kafka(), workspace("03-medallion")
broker

# %% [markdown]
# ## Look at the data
#
# New York's three airports send one report per flight and one weather observation per hour. First six reports of flights that
# departed. `scheduled` and `occurred` are in UTC, `dep_delay` counts minutes.

# %% tags=["look-toy"]
reports = events("report", "month")
flown = [report for report in reports if report["dep_delay"] is not None]
toy = flown[:6]
look(pd.DataFrame(toy, columns=["key", "scheduled", "occurred", "dep_delay", "origin"]))

# %% [markdown]
# Now all of them, on two topics.
#
# The published rows bring some dirt of their own. Two faults that every real feed has are missing in them, so you add them, always
# in the same way: one report in a hundred comes twice, one in a thousand is damaged.

# %% tags=["look-feed"]
doubled = faults.duplicated(reports, share=0.01)
delivered = faults.poisoned(doubled, share=0.001)

sent = {
    "reports-03": scene.publish("reports-03", delivered),
    "weather-03": scene.publish("weather-03", events("observation", "month"))
}
sent

# %% tags=["look-messages"]
look(broker.peek("reports-03", 3)[["partition", "offset", "value"]])

# %% [markdown]
# A message is bytes; the text above is how `peek` shows them. It has an address (topic, partition, offset) that nobody chose and nobody can change.
# Keep the address: it is the only name that a message has before somebody understands it.

# %% [markdown]
# ## The naive way
#
# Read, parse, drop the copies and whatever is incomplete, aggregate: one hop. On the six reports it agrees with a count by hand.

# %% tags=["step-naive-toy"]
fields = "key STRING, scheduled TIMESTAMP, dep_delay DOUBLE, origin STRING"
answers = F.expr("count(*) AS flights"), F.expr("avg(dep_delay) AS mean_delay")


def naive(topic):
    report = F.from_json(F.col("value").cast("string"), fields)
    flights = topic.select(F.inline(F.array(report)))
    return flights.dropna().distinct().groupBy("origin").agg(*answers).toPandas()


look(naive(scene.messages(toy)).merge(scene.by_hand(toy)))

# %% [markdown]
# The same function on the topic, beside what the airports published:

# %% tags=["step-naive-real"]
topic = spark.read.format("kafka").options(**broker.options("reports-03")).load()
per_airport = truth("medallion_board", "month").groupby("origin").scheduled

answer = naive(topic).set_index("origin")
answer["published"] = per_airport.sum()
answer["missing"] = answer.published - answer.flights
look(answer.reset_index())

# %% [markdown]
# The averages look plausible. Yet flights are missing, and nothing here can say which ones, or why: `dropna` leaves no trace. Were they
# cancelled? Damaged on their way? Whoever wants to know must read the topic again, and topics forget.

# %% [markdown]
# ## Build it
#
# Four steps, and in each one the same question: what does this table promise to whoever reads it?

# %% [markdown]
# ### Step 1: Bronze keeps what arrived, and its address
#
# Bronze promises one thing: every message is here, byte for byte, once, under its address. It does not parse, for a parser has
# opinions, and opinions change. What makes "once" true are the stream's checkpoint and Delta's log together; you will break them
# apart below.

# %% tags=["step-bronze"]
ADDRESS = ["topic", "partition", "offset"]

arriving = spark.readStream.format("kafka").options(**broker.options(*sent)).load()
to_bronze = arriving.select(*ADDRESS, "value").writeStream.format("delta")
to_bronze = to_bronze.option("checkpointLocation", f"{lake}/bronze-checkpoint")

with measure("bronze"):
    query = to_bronze.trigger(availableNow=True).start(f"{lake}/bronze")
    query.awaitTermination(120)

# %% tags=["look-bronze"]
def table(name):
    return spark.read.format("delta").load(f"{lake}/{name}")


offsets = F.expr("count(*) AS messages"), F.expr("max(offset) AS last_offset")
look(table("bronze").groupBy("topic", "partition").agg(*offsets))

# %% [markdown]
# Offsets count from 0, so the last one is one less than the number of messages: no gap, no double. That is all that bronze promises.

# %% [markdown]
# ### Step 2: Write the rules down, with names
#
# What silver promises is data, not code hidden in a job: a schema, a key, rules. A rule has a name, because the name is what you
# will find on a row in quarantine. A cancelled flight breaks no rule. It is a fact, so it stays, with a flag.

# %% tags=["step-contract-flights"]
FLIGHTS = {
    "topic": "reports-03",
    "key": "key",
    "schema": """key STRING, scheduled TIMESTAMP, occurred TIMESTAMP, origin STRING,
        year INT, month INT, day INT, dep_time INT, dep_delay DOUBLE""",
    "rules": {
        "no scheduled time": "scheduled IS NULL",
        "happened days away": "abs(datediff(occurred, scheduled)) > 1",
        "no origin": "origin IS NULL",
    },
    "silver": """key, scheduled, origin, make_date(year, month, day) AS day,
        dep_delay AS delay_min, dep_time IS NULL AS cancelled""",
}
pd.Series(FLIGHTS["rules"]).to_frame("a report is held back when")

# %% [markdown]
# Weather has another key: the station and the hour *in UTC*. On the night when the clocks go back, 01:00 comes twice on the local
# clock, and both hours are real. And one rule about the world: no wind above 254 mph (408 km/h) has ever been measured outside a tornado.

# %% tags=["step-contract-weather"]
WEATHER = {
    "topic": "weather-03",
    "key": "origin, time_hour",
    "schema": """origin STRING, time_hour TIMESTAMP, year INT, month INT, day INT,
        wind_speed DOUBLE, wind_gust DOUBLE""",
    "rules": {
        "no hour": "time_hour IS NULL",
        "wind above the record": "wind_speed > 254 OR wind_gust > 254",
    },
    "silver": """origin, time_hour AS hour, make_date(year, month, day) AS day,
        wind_speed AS wind_mph, wind_gust AS gust_mph""",
}
pd.Series(WEATHER["rules"]).to_frame("an observation is held back when")

# %% [markdown]
# ### Step 3: Judge each message once, then split
#
# A verdict is the name of the first broken rule, or null. Two orders matter. Judge before you look for copies, else a damaged first
# copy sends the healthy second one to quarantine. And split by the verdict, never by a rule and its negation: "Looks right, not so
# fast" shows why.

# %% tags=["step-parse"]
def parsed(contract):
    messages = table("bronze").where(F.col("topic") == contract["topic"])
    fields = F.from_json(F.col("value").cast("string"), contract["schema"])
    return messages.select(*ADDRESS, "value", F.inline(F.array(fields)))


parsed(WEATHER).printSchema()

# %% [markdown]
# Parsing judges nothing: what does not fit the schema is null, and its bytes stand beside it as `value`. Next comes the verdict.

# %% tags=["step-judge"]
def judged(contract):
    broken = [F.when(F.expr(rule), name) for name, rule in contract["rules"].items()]
    verdicts = parsed(contract).withColumn("rule", F.coalesce(*broken))

    copy = F.expr(f"""row_number() OVER (
        PARTITION BY {contract["key"]}, rule IS NULL ORDER BY offset)""")
    twice = F.when(copy > 1, "delivered twice")
    return verdicts.withColumn("rule", F.coalesce("rule", twice))


stopped = judged(FLIGHTS).where("rule IS NOT NULL")
look(stopped.select(*ADDRESS, "key", "rule"), rows=3)

# %% [markdown]
# These rows go to quarantine, all others to silver. Both are functions of bronze, and each run overwrites them as a whole. Nothing in
# them knows when it was made, so the next run makes the same tables.

# %% tags=["step-silver"]
def silver_of(contract):
    judged(contract).createOrReplaceTempView("verdicts")
    return spark.sql(f"""SELECT topic, partition, offset, {contract["silver"]}
        FROM verdicts WHERE rule IS NULL""")


silver_of(WEATHER).printSchema()

# %% tags=["step-refine"]
def quarantined():
    kept = [*ADDRESS, "rule", "value"]
    verdicts = judged(FLIGHTS).select(*kept).union(judged(WEATHER).select(*kept))
    return verdicts.where("rule IS NOT NULL")


def save(rows, name):
    rows.write.format("delta").mode("overwrite").save(f"{lake}/{name}")


with measure("silver and quarantine"):
    save(silver_of(FLIGHTS), "silver/flights")
    save(silver_of(WEATHER), "silver/weather")
    save(quarantined(), "quarantine")

# %% [markdown]
# What is in quarantine, and why:

# %% tags=["look-quarantine"]
caught = F.expr("count(*) AS messages"), F.expr("first(string(value)) AS one_of_them")
held_back = table("quarantine").groupBy("topic", "rule").agg(*caught)
held_back = held_back.orderBy("topic", "rule").toPandas()
look(held_back)

# %% [markdown]
# Each row of quarantine still has its bytes and its address: whoever owns a rule can look at what it caught. A rule that caught
# nothing in your slice is not in the list.
#
# One of silver's promises is of a kind that a table can keep by itself, as a constraint. (A null does not satisfy a constraint: one on the wind
# would have to allow "not measured" in words, `wind_mph IS NULL OR wind_mph <= 254`.)

# %% tags=["step-constraints"]
silver_flights = f"delta.`{lake}/silver/flights`"
condition = "CHECK (scheduled IS NOT NULL)"

spark.sql(f"ALTER TABLE {silver_flights} ADD CONSTRAINT has_scheduled_time {condition}")
look(spark.sql(f"SHOW TBLPROPERTIES {silver_flights}").where("key LIKE '%constraint%'"))

# %% [markdown]
# ### Step 4: Gold answers one question
#
# How did each airport do on each day, and how strong was the wind? One row per airport and day. Readers of gold need not know about
# copies, local clocks or impossible winds: all that is settled below.

# %% tags=["step-gold"]
GOLD = """
    WITH wind AS (
        SELECT origin, day, max(wind_mph) AS worst_wind_mph FROM weather GROUP BY ALL)
    SELECT origin, day, count(*) AS scheduled, count_if(cancelled) AS cancelled,
           count_if(delay_min > 15) AS late, avg(delay_min) AS mean_delay_min,
           max(worst_wind_mph) AS worst_wind_mph
    FROM flights LEFT JOIN wind USING (origin, day) GROUP BY origin, day"""

table("silver/flights").createOrReplaceTempView("flights")
table("silver/weather").createOrReplaceTempView("weather")
with measure("gold"):
    save(spark.sql(GOLD), "gold")
look(table("gold").toPandas().nlargest(5, "cancelled"))

# %% [markdown]
# The five rows with the most cancelled flights, as a reader of gold sees them.

# %% [markdown]
# ## See it
#
# Where is each message now? The axis is logarithmic, else nobody could see the quarantine. That is as it should be.

# %% tags=["figure-layers"]
silver = {name: table(name).count() for name in ("silver/flights", "silver/weather")}
held = held_back.set_index("rule").messages
title = "What is held back is little, and all of it has the name of a rule"

bars({**silver, **held}, title, "messages (logarithmic)", log=True, hatch=held.index);

# %% [markdown]
# ## Predict
#
# This consumer reads the weather topic in two batches and appends each to a table called `careless`. Only when `handle` is through does Spark note
# in the checkpoint that the batch is done. Say that `crash` kills the consumer once, in the second batch. It starts again and finishes. How many rows
# has `careless` then? (The other table, `careful`, comes later.)

# %% tags=["predict"]
guess = 0                                       # put your number here
half = sent["weather-03"] // 2 + 1


def handle(batch, number):
    once = {"txnAppId": "weather", "txnVersion": number}
    batch.write.format("delta").mode("append").save(f"{lake}/careless")
    batch.write.format("delta").mode("append").options(**once).save(f"{lake}/careful")
    crash()


print(f"{sent['weather-03']:,} messages, {half:,} in the first batch")

# %% [markdown]
# ## Break it
#
# **Dirty rows around the rules.** Somebody in a hurry takes what is left of the damaged reports out of quarantine and appends it to silver.

# %% tags=["raises-exception", "break-dirty"]
damaged = table("quarantine").where("rule = 'no scheduled time'").select(*ADDRESS)
damaged.write.format("delta").mode("append").save(f"{lake}/silver/flights")

# %% [markdown]
# The table refused, not the job. A rule in a job guards what that job writes. A constraint guards the table against everybody.
#
# **A consumer killed between write and commit.** Now the consumer of your guess runs, twice. `crash` raises at its second call, and never again.

# %% tags=["break-careless"]
def consume():
    options = broker.options("weather-03", maxOffsetsPerTrigger=half)
    stream = spark.readStream.format("kafka").options(**options).load().writeStream
    stream = stream.option("checkpointLocation", f"{lake}/consumer-checkpoint")
    return scene.ended(stream.foreachBatch(handle).trigger(availableNow=True).start())


crash = crash_after(2)
runs = [consume(), consume()]
runs

# %% [markdown]
# The second run could not know that the second batch was written already, so it wrote it again, into both tables. Compare:

# %% tags=["break-careful"]
rows = {name: table(name).count() for name in ("careless", "careful")}
{"messages": sent["weather-03"], "your guess": guess, **rows}

# %% [markdown]
# `careless` has the second batch twice. `careful` got it twice as well, but with an id: `txnAppId` says who writes, `txnVersion` which batch. Delta
# found the pair in its log and ignored the second attempt. "Exactly once" means that: not delivered once but *recorded* once, by a table that
# remembers which writes it has seen. The streaming sink that filled bronze does it for you.
#
# **A repair of bronze.** Many hours have no gust. A tidy colleague fills the nulls with 0, in bronze, so that everybody benefits. Meanwhile
# the topic forgets its messages.

# %% tags=["break-bronze"]
bronze = f"delta.`{lake}/bronze`"
before = scene.gusts(table("silver/weather"))

spark.sql(f"""UPDATE {bronze} SET value = CAST(replace(CAST(value AS STRING),
    '"wind_gust": null', '"wind_gust": 0.0') AS BINARY) WHERE topic = 'weather-03'""")
broker.topic("weather-03")                      # empty, as after its retention

after = scene.gusts(silver_of(WEATHER))
pd.DataFrame({"before": before, "rebuilt from the tidied bronze": after})

# %% [markdown]
# "Not measured" and "calm" are one value now, in the only place that knew the difference. No rule in silver can tell them apart again. What
# helps today is that Delta keeps old versions of a table until `VACUUM`, and version 0 is what the stream wrote. (`RESTORE TABLE` is the
# command for it.) That is luck. The deeper notebook has a bronze that can only grow.

# %% tags=["break-bronze-repaired"]
as_it_arrived = spark.read.format("delta").option("versionAsOf", 0)
save(as_it_arrived.load(f"{lake}/bronze"), "bronze")

restored = scene.gusts(silver_of(WEATHER))
pd.DataFrame({"before": before, "rebuilt from the restored bronze": restored})

# %% [markdown]
# ## Looks right, not so fast
#
# Another rule for flights: a delay of a day or more is suspicious. Keep what passes, hold back what fails, compare with the truth.

# %% tags=["look-halves"]
lost = scene.lost_keys(reports, delivered)
rule = "delay_min < 24 * 60"
kept = table("silver/flights").where(rule)
held = table("silver/flights").where(f"NOT ({rule})")

departed, mean_delay = kept.selectExpr("count(*)", "avg(delay_min)").first()
with_the_rule = {
    "departed": departed,
    "mean_delay_min": mean_delay,
    "flights": departed + held.count(),
}
expected = truth("medallion_totals", "month", lost=lost)
pd.DataFrame([with_the_rule, expected], index=["with the rule", "truth"])

# %% [markdown]
# Departures right, mean delay right: done? The last column, the flights in either half, says no. A cancelled flight has no delay. For it the
# rule is neither true nor false but *unknown*, so it falls between `WHERE rule` and `WHERE NOT rule`. Every cancelled flight is in neither
# table. A total of departures will never show it; a proof row by row does.

# %% [markdown]
# ## Prove it
#
# Row by row and by address, not by totals. Then the harder one: build silver and quarantine again from bronze, and gold from silver. If all of it
# comes back as it was, whoever loses one of these tables has lost nothing.

# %% tags=["prove-conservation"]
arrived = table("bronze").select(*ADDRESS).toPandas()
layers = ["silver/flights", "silver/weather", "quarantine"]
found = pd.concat([table(name).select(*ADDRESS).toPandas() for name in layers])

once = [len(arrived), len(arrived.drop_duplicates())]
ledger = arrived.merge(found, how="outer", indicator="where")
nowhere = (ledger["where"] == "left_only").sum()
surplus = len(ledger) - len(arrived)

prove("bronze holds every message sent, once", once, [sum(sent.values())] * 2)
prove("messages of bronze that are in neither silver nor quarantine", nowhere, 0)
prove("messages that are in both, or twice, or from nowhere", surplus, 0)

# %% tags=["prove-rebuild"]
built = ["silver/flights", "silver/weather", "quarantine", "gold"]
old = scene.checksums([table(name) for name in built])

rebuilt = [silver_of(FLIGHTS), silver_of(WEATHER), quarantined(), spark.sql(GOLD)]
new = scene.checksums(rebuilt)

prove("silver, rebuilt from bronze, has its old checksums", new[:2], old[:2])
prove("quarantine, rebuilt from bronze, has its old checksum", new[2], old[2])
prove("gold, rebuilt from silver, has its old checksum", new[3], old[3])

# %% [markdown]
# The last two: gold against an independent count in plain pandas, and the table of the careful consumer.

# %% tags=["prove-gold"]
board = truth("medallion_board", "month", lost=lost).drop(columns="aircraft_unknown")
handed_over = sent["weather-03"]

prove("gold equals the count by another road", table("gold"), board)
prove("a crash between write and commit doubles nothing", rows["careful"], handed_over)

# %% [markdown]
# ## Measure it
#
# What does a promise cost? First of all, time: a reader of gold waits for every hop below it.

# %% tags=["look-scoreboard"]
hops = scoreboard().set_index("label").seconds
look(hops.reset_index())

# %% tags=["figure-waiting"]
waited = hops.cumsum()
title = f"Gold is ready {waited['gold']:.1f} s after the first message is read"
bars(waited, title, "seconds since the first message is read", text="{:.1f}");

# %% [markdown]
# The deeper notebook adds bytes, and counts how often each promise is broken in which layer.

# %% [markdown]
# ## When not, and the neighbours
#
# Leave it out when one consumer reads one clean source, when the answer is due sooner than a hop takes, or when the layers would be
# three folder names without a written promise. Three is not a law: some tables need one silver hop, some need two.

# %% [markdown]
# | pattern | differs in | choose it when |
# |---|---|---|
# | [ETL (01)](01-etl.ipynb) | cleans before it loads; raw is not kept | raw data must not land at all |
# | [ELT (02)](02-elt.ipynb) | keeps raw and transforms behind it, without a promise per layer | one team owns every model |
# | [star schema (04)](04-star-schema.ipynb) | shapes the answer: facts and dimensions | it can *be* gold |
# | [data vault (05)](05-data-vault.ipynb) | stores what each source said, insert-only | it can *be* silver, for many changing sources |
# | [lakehouse (06)](06-lakehouse.ipynb) | the engine below: files with a log | you ask how, not what is promised |
# | [data mesh (13)](13-data-mesh.ipynb) | the promise is an owner's: a contract that runs at each publish | many teams publish, and no team knows all sources |

# %% [markdown]
# ## Check yourself
#
# 1. Bronze has a typing error that everybody knows. Where do you correct it?
#    <details><summary>Answer</summary>In silver, as a rule or a conversion with a name. Bronze is the only record of what arrived; a correction there can't be taken back.</details>
# 2. Why does silver have no column `processed_at`?
#    <details><summary>Answer</summary>A rebuild would differ from the original in every row, and no checksum could tell a right rebuild from a wrong one. The history of the table holds the time.</details>
# 3. A colleague proves "nothing is lost" by comparing two counts. What can be wrong all the same?
#    <details><summary>Answer</summary>One row lost and another doubled give the same count. Compare addresses, row by row.</details>
# 4. From ETL (01): what becomes of a row that the target's schema refuses?
#    <details><summary>Answer</summary>In ETL it never enters the store, so it must be conserved outside, as a reject with a reason. Here it is in bronze and in quarantine.</details>
# 5. From ELT (02): what makes "change the rule and run again" possible, and where is it in this notebook?
#    <details><summary>Answer</summary>Raw data that nobody changes, and models that are functions of it alone. Here: bronze, and <code>silver_of</code>.</details>

# %% [markdown]
# ## Go on
#
# Do it yourself in [lab 03](../labs/03-medallion.ipynb). [03 deeper](03-medallion-deeper.ipynb) has the year and a third topic, counts
# broken promises, kills the broker in the middle of a batch, and closes bronze against repairs.
#
# - Databricks, [What is the medallion lakehouse architecture?](https://docs.databricks.com/aws/en/lakehouse/medallion): the pattern in the words of those who named it;
#   it calls the pattern recommended, not required.
# - Thomas Nys, [The medallion architecture backlash](https://thomasnys.com/posts/the-medallion-architecture-backlash): layers without written contracts are folders.
# - Maxime Beauchemin, [Functional data engineering](https://maximebeauchemin.medium.com/functional-data-engineering-a-modern-paradigm-for-batch-data-processing-2327ec32c42a), 2018: why a table should be a function of what lies below it.
# - Delta Lake, [Table streaming reads and writes](https://docs.delta.io/delta-streaming): `txnAppId`, `txnVersion` and the exactly-once sink.
# - Delta Lake, [Constraints](https://docs.delta.io/delta-constraints).
# - WMO, [New world record wind gust](https://public.wmo.int/en/media/news/new-world-record-wind-gust), 2010: 408 km/h.
