# %% [markdown] signature=["readStream", "from_json", "replaceWhere", "appendOnly", "txnAppId"]
# # 03 Medallion, deeper: what does each promise cost, and who can break it?
#
# A month of autumn on three topics: a list of codes that must not cost a flight, the hour that comes twice, a table of broken promises, the
# price of each layer, a broker killed in the middle of a batch, and a bronze that nobody can tidy. The pattern itself is in
# [03 Medallion](03-medallion.ipynb); its functions stand here in folded cells.

# %% [markdown]
# ## Set up
#
# A session, a broker and an empty folder, as in the lesson; nothing here needs the lesson's variables. The slice is a month with the
# night in it in which the clocks go back.

# %% tags=["setup"]
import pandas as pd, pyspark.sql.functions as F
from patternlab import bars, dataset, events, faults, kafka, look, measure, prove
from patternlab import scoreboard, spark_session, truth, workspace
from patternlab.patterns.medallion import scene
spark, broker = spark_session("03-deeper"), kafka()
lake = workspace("03-deeper")
scene.trimmed(spark)

# %% [markdown]
# ## A month, on three topics
#
# Reports, weather, and as a third topic the code lists: one message for each aircraft, airport and airline that somebody has registered.
# Copies and damage are added to the reports as in the lesson.

# %% tags=["look-feed"]
AUTUMN = "2013-10-15..2013-11-14"

reports = events("report", AUTUMN)
delivered = faults.poisoned(faults.duplicated(reports, share=0.01), share=0.001)
topics = {
    "reports-03": delivered,
    "weather-03": events("observation", AUTUMN),
    "codes-03": scene.code_lists(),
}
sent = {topic: scene.publish(topic, topics[topic]) for topic in topics}
sent

# %% [markdown]
# Bronze as in the lesson: one stream, three topics, no parsing.

# %% tags=["fold", "step-bronze"]
ADDRESS = ["topic", "partition", "offset"]


def table(name):
    return spark.read.format("delta").load(f"{lake}/{name}")


arriving = spark.readStream.format("kafka").options(**broker.options(*sent)).load()
to_bronze = arriving.select(*ADDRESS, "value").writeStream.format("delta")
to_bronze = to_bronze.partitionBy("topic")
to_bronze = to_bronze.option("checkpointLocation", f"{lake}/bronze-checkpoint")

with measure("bronze") as hop:
    query = to_bronze.trigger(availableNow=True).start(f"{lake}/bronze")
    query.awaitTermination(300)
    hop.rows = table("bronze").count()

# %% tags=["prove-bronze"]
lost = scene.lost_keys(reports, delivered)
handful = reports[:2000]
del reports, delivered, topics                  # the topics have them now

counts = [hop.rows, table("bronze").select(*ADDRESS).distinct().count()]
prove("bronze holds every message sent, once", counts, [sum(sent.values())] * 2)

# %% [markdown]
# ## A list of codes is not a filter
#
# The registry of aircraft does not know every tail number that flies. A join with it would drop those flights; but a flight took place, whether or
# not somebody registered the aircraft. So the list becomes a table of its own in silver, and a flight gets a flag.

# %% tags=["step-contract-codes"]
CODES = {
    "topic": "codes-03",
    "key": "kind, code",
    "schema": "kind STRING, code STRING, name STRING",
    "rules": {"no code": "code IS NULL"},
    "silver": "kind, code, name",
}
registered = "SELECT code FROM codes WHERE kind = 'planes'"
AIRCRAFT_KNOWN = f"coalesce(tailnum IN ({registered}), false) AS aircraft_known"
pd.Series(CODES["rules"]).to_frame("a code is held back when")

# %% [markdown]
# The contract of flights also gets a rule over three columns: clock and delay must tell the same time. A clock of 517 is 05:17, and 2400 is
# the next midnight. The rule counts in minutes, and modulo a day, for a delay may cross midnight.

# %% tags=["step-contract-flights"]
def minutes(clock):
    return f"({clock} div 100 * 60 + {clock} % 100)"


FLIGHTS = {
    "topic": "reports-03",
    "key": "key",
    "schema": """key STRING, scheduled TIMESTAMP, occurred TIMESTAMP, origin STRING,
        tailnum STRING, year INT, month INT, day INT,
        dep_time INT, sched_dep_time INT, dep_delay DOUBLE""",
    "rules": {
        "no scheduled time": "scheduled IS NULL",
        "happened days away": "abs(datediff(occurred, scheduled)) > 1",
        "no origin": "origin IS NULL",
        "clock against delay": f"""({minutes("dep_time")} - {minutes("sched_dep_time")}
            - dep_delay) % 1440 <> 0""",
    },
    "silver": f"""key, scheduled, origin, make_date(year, month, day) AS day,
        dep_delay AS delay_min, dep_time IS NULL AS cancelled, {AIRCRAFT_KNOWN}""",
}
spark.sql(f"SELECT {minutes(517)} AS at_517, {minutes(2400)} AS at_2400").toPandas()

# %% [markdown]
# Weather has the contract of the lesson. Flights come last, because they look at the codes.

# %% tags=["fold", "step-contract-weather"]
WEATHER = {
    "topic": "weather-03",
    "key": "origin, time_hour",
    "schema": """origin STRING, time_hour TIMESTAMP, year INT, month INT, day INT,
        hour INT, wind_speed DOUBLE, wind_gust DOUBLE""",
    "rules": {
        "no hour": "time_hour IS NULL",
        "wind above the record": "wind_speed > 254 OR wind_gust > 254",
    },
    "silver": """origin, time_hour AS hour, make_date(year, month, day) AS day,
        wind_speed AS wind_mph, wind_gust AS gust_mph""",
}
CONTRACTS = {"codes": CODES, "weather": WEATHER, "flights": FLIGHTS}
print({name: list(contract["rules"]) for name, contract in CONTRACTS.items()})

# %% tags=["fold", "step-judge"]
def parsed(contract):
    messages = table("bronze").where(F.col("topic") == contract["topic"])
    fields = F.from_json(F.col("value").cast("string"), contract["schema"])
    return messages.select(*ADDRESS, F.inline(F.array(fields)))


def judged(contract):
    broken = [F.when(F.expr(rule), name) for name, rule in contract["rules"].items()]
    verdicts = parsed(contract).withColumn("rule", F.coalesce(*broken))

    copy = F.expr(f"""row_number() OVER (
        PARTITION BY {contract["key"]}, rule IS NULL ORDER BY partition, offset)""")
    twice = F.when(copy > 1, "delivered twice")
    return verdicts.withColumn("rule", F.coalesce("rule", twice))


print("judged: parse, the first broken rule, then the copies, as in the lesson")

# %% [markdown]
# Then one hop for each contract: what breaks no rule goes to silver, the rest to quarantine. One thing differs from the
# lesson: the verdicts are kept while both tables are written, without the bytes; quarantine takes these from bronze, by the address.

# %% tags=["fold", "step-silver"]
def refine(name):
    verdicts = judged(CONTRACTS[name]).persist()
    verdicts.createOrReplaceTempView("verdicts")
    silver = spark.sql(f"""SELECT topic, partition, offset, {CONTRACTS[name]["silver"]}
        FROM verdicts WHERE rule IS NULL""")
    silver.write.format("delta").mode("overwrite").save(f"{lake}/silver/{name}")

    held = verdicts.where("rule IS NOT NULL").select(*ADDRESS, "rule")
    held = F.broadcast(held).join(table("bronze"), ADDRESS).write.format("delta")
    held = held.partitionBy("topic").mode("overwrite")
    own = f"topic = '{CONTRACTS[name]['topic']}'"
    held.option("replaceWhere", own).save(f"{lake}/quarantine")
    verdicts.unpersist()
    table(f"silver/{name}").createOrReplaceTempView(name)


with measure("silver and quarantine"):
    for name in CONTRACTS:
        refine(name)

# %% tags=["look-flagged"]
flagged = table("silver/flights").groupBy("aircraft_known").count()
look(flagged)

# %% [markdown]
# The flights of `false` are those that an inner join would have cost: real departures, with real delays, gone because of a list that somebody
# keeps for another purpose. Gold counts them in a column of its own, so whoever reads gold can decide.

# %% tags=["step-gold"]
GOLD = """
    WITH wind AS (
        SELECT origin, day, max(wind_mph) AS worst_wind_mph FROM weather GROUP BY ALL)
    SELECT origin, day, count(*) AS scheduled, count_if(cancelled) AS cancelled,
           count_if(delay_min > 15) AS late, avg(delay_min) AS mean_delay_min,
           count_if(NOT aircraft_known) AS aircraft_unknown,
           max(worst_wind_mph) AS worst_wind_mph
    FROM flights LEFT JOIN wind USING (origin, day) GROUP BY origin, day"""

with measure("gold"):
    spark.sql(GOLD).write.format("delta").mode("overwrite").save(f"{lake}/gold")
look(table("gold").orderBy(F.desc("aircraft_unknown")), rows=3)

# %% tags=["prove-gold"]
board = truth("medallion_board", AUTUMN, lost=lost)
unknown = board.aircraft_unknown.sum()
found = table("silver/flights").where("NOT aircraft_known").count()

prove("gold equals the count by another road", table("gold"), board)
prove("flights of unknown aircraft are all in silver", found, unknown)

# %% [markdown]
# The first proof compares every number of gold with a count in pandas, which knows nothing of layers. The second says that the flag did its work: the
# flights are there, and they are marked.

# %% [markdown]
# ## The hour that comes twice
#
# In the night to 3 November the clocks of New York go back, and 01:00 comes twice. Say that the key of an observation were the station and the
# hour on the local clock. How many observations would be taken for copies?

# %% tags=["look-clocks"]
local_clock = "origin, year, month, day, hour"
copies = F.expr("count_if(rule = 'delivered twice') AS taken_for_copies")

by_utc = judged(WEATHER).agg(copies).first()
by_local_clock = judged({**WEATHER, "key": local_clock}).agg(copies).first()
{"key in UTC": by_utc[0], "key by local clock": by_local_clock[0]}

# %% [markdown]
# In a slice without that night both numbers are 0: such a key can be wrong for a year before anybody sees it. With the key in UTC, silver has every
# observation whose wind is possible.

# %% tags=["prove-weather"]
observations = pd.read_parquet(dataset("weather", AUTUMN))
windy = int((observations.wind_speed > 254).sum())
held = table("quarantine").where("topic = 'weather-03'").count()
kept = table("silver/weather").count()

prove("hours of weather in silver", kept, len(observations) - windy)
prove("hours of weather in quarantine", held, windy)

# %% [markdown]
# ## Promises that only grow
#
# Five promises that a reader would like to have. Each layer is asked how often it breaks them. Bronze promises nothing about what a message says,
# so for bronze the quarantine answers: what a rule caught is what bronze holds.

# %% tags=["step-promises"]
PROMISES = ["a message is here once", "its time can be read", "a flight counts once",
            "the wind is possible", "one row per airport and day"]
for name in ("bronze", "quarantine", "gold"):
    table(name).createOrReplaceTempView(name)

of_bronze = spark.sql("""
    SELECT (SELECT count(*) - count(DISTINCT topic, partition, offset) FROM bronze),
           count_if(rule = 'no scheduled time'), count_if(rule = 'delivered twice'),
           count_if(rule = 'wind above the record'),
           (SELECT count_if(topic = 'reports-03') FROM bronze)
               - (SELECT count(*) FROM gold)
    FROM quarantine""").first()
dict(zip(PROMISES, of_bronze))

# %% [markdown]
# Silver and gold can be asked themselves. The last promise is about rows: silver has one a flight, only gold has one per airport and day.

# %% tags=["look-promises"]
of_silver = spark.sql("""
    SELECT count(*) - count(DISTINCT topic, partition, offset),
           count_if(scheduled IS NULL), count(*) - count(DISTINCT key),
           (SELECT count_if(wind_mph > 254) FROM weather),
           count(*) - (SELECT count(*) FROM gold) FROM flights""").first()
of_gold = spark.sql("""
    SELECT sum(scheduled) - (SELECT count(*) FROM flights), count_if(day IS NULL),
           sum(scheduled) - (SELECT count(DISTINCT key) FROM flights),
           count_if(worst_wind_mph > 254), count(*) - count(DISTINCT origin, day)
    FROM gold""").first()

layers = {"bronze": list(of_bronze), "silver": list(of_silver), "gold": list(of_gold)}
broken_promises = pd.DataFrame(layers, index=PROMISES)
broken_promises

# %% [markdown]
# Read it by rows: from left to right, a 0 stays a 0. That is what "layer" means, and it is the test for a layer of your own: name a promise that it
# keeps and the one below breaks. Where you find none, you have a folder; where a number comes back, you have a bug.

# %% tags=["prove-promises"]
zero = broken_promises == 0
bronze_keeps, silver_keeps = set(zero.index[zero.bronze]), set(zero.index[zero.silver])
gold_keeps = set(zero.index[zero.gold])

prove("promises of bronze that silver breaks", len(bronze_keeps - silver_keeps), 0)
prove("promises of silver that gold breaks", len(silver_keeps - gold_keeps), 0)
only_gold = gold_keeps - silver_keeps
prove("what gold promises beyond silver", only_gold, {"one row per airport and day"})

# %% [markdown]
# ## What the promises cost
#
# Seconds and bytes of each hop, beside the promises that it keeps. Bytes are those of the files that the tables' newest versions consist of.

# %% tags=["look-costs"]
costs = scoreboard().set_index("label")[["seconds"]]
refined = [f"silver/{name}" for name in CONTRACTS] + ["quarantine"]
costs["bytes"] = [scene.live_bytes(lake, ["bronze"]), scene.live_bytes(lake, refined),
                  scene.live_bytes(lake, ["gold"])]
costs["promises kept"] = zero.sum().tolist()
look(costs.reset_index())

# %% tags=["figure-costs"]
factor = costs.bytes.sum() / costs.bytes["bronze"]
title = f"All layers together take {factor:.2f} times the bytes of bronze"
bars(costs.bytes / 1e6, title, "MB on disk", text="{:,.2f}");

# %% [markdown]
# Bronze has whole messages, silver has columns of numbers, gold has a row a day: each layer is smaller than the one below. Storage is not what
# makes the pattern expensive. What costs is the rules: somebody has to find them, name them and answer for them. And each message stands in
# two tables, no more:

# %% tags=["prove-storage"]
above = sum(table(name).count() for name in refined)
prove("messages stored above bronze, each of them once", above, table("bronze").count())

# %% [markdown]
# ## A broker killed in the middle of a batch
#
# A consumer of reports, 500 at a time. While it writes its second batch, the broker dies: a process killed by the system, no shutdown. The consumer
# gives up soon (`IMPATIENT`), so that you need not wait.

# %% tags=["step-land"]
handed_over = scene.publish("retry-03", handful)
batches = []


def land(batch, number):
    batches.append(number)
    if len(batches) == 2:
        broker.kill()
    once = {"txnAppId": "land", "txnVersion": number}
    batch.write.format("delta").mode("append").options(**once).save(f"{lake}/landed")


print(f"{handed_over:,} reports on their topic")

# %% tags=["break-broker"]
def consume():
    slow = broker.options("retry-03", maxOffsetsPerTrigger=500, **scene.IMPATIENT)
    reading = spark.readStream.format("kafka").options(**slow).load()
    sink = reading.select(*ADDRESS, "value").writeStream
    sink = sink.option("checkpointLocation", f"{lake}/landed-checkpoint")
    return scene.ended(sink.foreachBatch(land).trigger(availableNow=True).start())


print("the query", consume())
print(f"{table('landed').count():,} of {handed_over:,} rows; batches begun: {batches}")

# %% [markdown]
# Half a batch is not in the table: Delta's commit is all or nothing. The broker comes back with the same data, the query with the same
# checkpoint.

# %% tags=["break-broker-repaired"]
broker.restart()
print("the query", consume())
print(f"{table('landed').count():,} of {handed_over:,} rows; batches begun: {batches}")

# %% [markdown]
# The second batch was begun twice, and it is in the table once. Three things made that true, and none of them alone would do: the broker keeps its
# messages on disk, the checkpoint keeps the offsets of the batch that was begun, and the table knows the id of each write.

# %% tags=["prove-broker"]
landed = table("landed").select(*ADDRESS)
counts = [landed.count(), landed.distinct().count()]
claim = "a broker killed in a batch loses nothing and doubles nothing"
prove(claim, counts, [handed_over] * 2)

# %% [markdown]
# ## A bronze that can only grow
#
# In the lesson a tidy colleague changed bronze, and only Delta's old versions saved it. A property of the table forbids such repairs: rows may be
# appended, never changed or deleted.

# %% tags=["step-append-only"]
bronze = f"delta.`{lake}/bronze`"
weather = table("bronze").where("topic = 'weather-03'")
as_it_arrived = scene.checksum(weather)

spark.sql(f"ALTER TABLE {bronze} SET TBLPROPERTIES ('delta.appendOnly' = 'true')")
look(spark.sql(f"SHOW TBLPROPERTIES {bronze}").where("key = 'delta.appendOnly'"))

# %% [markdown]
# Now the colleague again:

# %% tags=["raises-exception", "break-append-only"]
spark.sql(f"""UPDATE {bronze} SET value = CAST(replace(CAST(value AS STRING),
    '"wind_gust": null', '"wind_gust": 0.0') AS BINARY) WHERE topic = 'weather-03'""")

# %% [markdown]
# Whoever may alter the table can take the property away again. But that is one more command, it stands in the history, and nobody types it by
# mistake.

# %% tags=["prove-append-only"]
weather = table("bronze").where("topic = 'weather-03'")
claim = "the weather of bronze, after the refused repair, is as it arrived"
prove(claim, scene.checksum(weather), as_it_arrived)
