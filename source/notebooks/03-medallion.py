# %% [markdown] signature=["readStream", "from_json", "replaceWhere", "ADD CONSTRAINT", "txnAppId"]
# # 03 Medallion: what may a reader rely on in this table?
#
# ```mermaid
# flowchart LR
#     topics[("Kafka topics<br>reports, weather, codes")] -->|"every byte, with its offset"| bronze["<b>bronze</b><br>all that arrived, as it arrived"]
#     bronze -->|"no rule broken"| silver["<b>silver</b><br>typed, unique, possible"]
#     bronze -->|"a rule broken"| quarantine["<b>quarantine</b><br>the message and the rule's name"]
#     silver -->|"aggregate"| gold["<b>gold</b><br>one question, answered"]
#     silver -.->|"can be thrown away and built again"| bronze
# ```

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
# A Spark session, a Kafka broker and an empty folder. They are this notebook's own and end with its kernel.

# %% tags=["setup"]
import json, shutil, time, pandas as pd
from pyspark.sql import Window, functions as F
from patternlab import crash_after, dataset, events, faults, kafka, measure
from patternlab import prove, replay, scoreboard, spark_session, truth, workspace
spark, broker, lake = spark_session("03-medallion"), kafka(), workspace("03-medallion")
print(f"Kafka at {broker.bootstrap}")

# %% [markdown]
# ## Look at the data
#
# New York's three airports send one report per flight and one weather observation per hour. First six reports, all of flights
# that arrived and of aircraft that the registry knows. `dep_time` 517 is 05:17 on the local clock, `dep_delay` counts minutes.

# %% tags=["look-toy"]
reports, observations = events("report", "year"), events("observation", "year")
registered = set(pd.read_parquet(dataset("planes")).tailnum)
toy = [report for report in reports if report["tailnum"] in registered and report["arr_delay"] is not None][:6]
pd.DataFrame(toy)[["key", "scheduled", "dep_time", "dep_delay", "origin", "tailnum"]]

# %% [markdown]
# Now everything, on three topics: reports, weather, and the code lists of aircraft, airports and airlines.
#
# The published rows bring dirt of their own. Two faults that every real feed has are missing in them, so they are added, always
# the same way: 1 % of the reports come twice, and 0.1 % are damaged.

# %% tags=["look-feed"]
codes = [{"kind": kind, **row} for kind in ("planes", "airports", "airlines")
         for row in json.loads(pd.read_parquet(dataset(kind)).to_json(orient="records"))]
doubled = faults.duplicated(reports, share=0.01)
delivered = faults.poisoned(doubled, share=0.001)
intact = {after["key"] for before, after in zip(doubled, delivered) if after is before}
lost = sorted({report["key"] for report in reports} - intact)          # every copy of these is damaged
def publish(feed, topic):
    lines = lake / f"{topic}.jsonl"
    lines.write_text("\n".join(map(json.dumps, feed)), encoding="utf-8")
    to_kafka = spark.read.text(str(lines)).coalesce(1).write.format("kafka")            # one writer keeps the order
    to_kafka.option("kafka.bootstrap.servers", broker.bootstrap).option("topic", broker.topic(topic)).save()
    return len(feed)
sent = {"reports-03": publish(delivered, "reports-03"), "weather-03": publish(observations, "weather-03"),
        "codes-03": publish(codes, "codes-03")}
sent

# %% tags=["look-messages"]
handful = reports[:2000]
del reports, observations, doubled, delivered, intact                  # the topics have them now
left = {"text-align": "left"}
broker.peek("reports-03", 3)[["partition", "offset", "value"]].style.set_properties(**left).hide(axis="index")

# %% [markdown]
# A message is bytes. It has an address (topic, partition, offset) that nobody chose and nobody can change: keep it.

# %% [markdown]
# ## The naive way
#
# Read, parse, drop what is incomplete, add the aircraft, aggregate: one hop, a dozen lines. On the six reports it agrees with a
# count by hand.

# %% tags=["step-naive-toy"]
fields = "key STRING, scheduled TIMESTAMP, dep_time INT, dep_delay DOUBLE, origin STRING, tailnum STRING"
planes = spark.read.parquet(dataset("planes"))
def naive(messages):
    report = F.from_json(F.col("value").cast("string"), fields)
    flights = messages.select(F.inline(F.array(report)))               # inline: each message is parsed once
    complete = flights.dropna().join(planes, "tailnum").groupBy("origin")
    return complete.agg(F.count("*").alias("flights"), F.avg("dep_delay").alias("mean_delay")).toPandas()
by_hand = pd.DataFrame(toy).groupby("origin").dep_delay.agg(flights_by_hand="count", mean_by_hand="mean").reset_index()
naive(spark.createDataFrame([(json.dumps(report),) for report in toy], "value STRING")).merge(by_hand, on="origin")

# %% [markdown]
# The same function on the topic, beside what the airports published:

# %% tags=["step-naive-real"]
log = spark.read.format("kafka").option("kafka.bootstrap.servers", broker.bootstrap)
published = truth("medallion_board", "year").groupby("origin").scheduled.sum().rename("flights_published").reset_index()
answer = naive(log.option("subscribe", "reports-03").load()).merge(published, on="origin")
answer["missing"] = answer.flights_published - answer.flights
answer.style.format(precision=1, thousands=",").hide(axis="index")

# %% [markdown]
# The averages look plausible. Yet flights are missing, and nothing here can say which ones, or why: `dropna` and `join` leave no trace.
# Damaged, cancelled, of an unknown aircraft? Whoever wants to know must read the topic again, and topics forget.

# %% [markdown]
# ## Build it
#
# Four steps, and in each one a question: what does this table promise to whoever reads it?

# %% [markdown]
# ### Step 1: bronze keeps what arrived, and its address
#
# Bronze promises one thing: every message is here, byte for byte, once, under its address. It does not parse, for a parser has
# opinions, and opinions change. The stream's checkpoint and Delta's log together make "once" true; the break below tests it.

# %% tags=["step-bronze"]
ADDRESS = ["topic", "partition", "offset"]
def ingest(topics, name):
    source = spark.readStream.format("kafka").option("kafka.bootstrap.servers", broker.bootstrap)
    messages = source.option("subscribe", ",".join(topics)).option("startingOffsets", "earliest").load()
    sink = messages.select(*ADDRESS, "timestamp", "value").writeStream.format("delta").partitionBy("topic")
    sink = sink.option("checkpointLocation", str(lake / f"{name}-checkpoint")).trigger(availableNow=True)
    return sink.start(str(lake / name))
def table(name):
    return spark.read.format("delta").load(str(lake / name))
with measure("bronze") as hop:
    ingest(sent, "bronze").awaitTermination(300)
    hop.rows, hop.path = table("bronze").count(), lake / "bronze"

# %% tags=["look-bronze"]
per_topic = table("bronze").groupBy("topic").agg(
    F.count("*").alias("messages"), F.min("offset").alias("first_offset"), F.max("offset").alias("last_offset"))
per_topic.toPandas()

# %% [markdown]
# Count and offsets agree in each topic: no gap, no double.

# %% [markdown]
# ### Step 2: write the rules down, with names
#
# What silver promises is data, not code hidden in a job: a schema, a key, and rules. Each rule has a name, because a name is what you
# will find on a row in quarantine. An unknown aircraft breaks no rule: the flight took place. It is flagged, not dropped.

# %% tags=["step-contract-flights"]
clock = "({0} div 100 * 60 + {0} % 100)".format     # 517: 317 minutes after midnight; 2400: 1440, the next midnight
FLIGHTS = {"topic": "reports-03", "key": ["key"], "schema":
    "key STRING, scheduled TIMESTAMP, occurred TIMESTAMP, year INT, month INT, day INT, dep_time INT, "
    "sched_dep_time INT, dep_delay DOUBLE, carrier STRING, tailnum STRING, origin STRING, dest STRING",
    "rules": {"no scheduled time": "scheduled IS NULL",
              "happened days away": "occurred IS NULL OR abs(timestampdiff(HOUR, scheduled, occurred)) > 24",
              "no origin": "origin IS NULL",
              "clock against delay": f"({clock('dep_time')} - {clock('sched_dep_time')} - dep_delay) % 1440 <> 0"},
    "columns": ["key", "scheduled", "make_date(year, month, day) AS day", "origin", "dest", "carrier", "tailnum",
                "dep_delay AS delay_min", "dep_time IS NULL AS cancelled", "coalesce(tailnum IN "
                "(SELECT code FROM codes WHERE kind = 'planes'), false) AS aircraft_known"]}
pd.Series(FLIGHTS["rules"], name="a report is held back when").to_frame().style.set_properties(**left)

# %% [markdown]
# Weather is keyed by the hour in UTC: on the night the clocks go back, 01:00 comes twice on the local clock, and both are real. No wind above
# 254 mph (408 km/h) has ever been measured outside a tornado.

# %% tags=["step-contract-others"]
WEATHER = {"topic": "weather-03", "key": ["origin", "time_hour"],
    "schema": "origin STRING, year INT, month INT, day INT, time_hour TIMESTAMP, wind_speed DOUBLE, wind_gust DOUBLE",
    "rules": {"no hour": "time_hour IS NULL", "wind above the record": "wind_speed > 254 OR wind_gust > 254"},
    "columns": ["origin", "time_hour AS hour", "make_date(year, month, day) AS day", "wind_speed AS wind_mph",
                "wind_gust AS gust_mph"]}
CODES = {"topic": "codes-03", "key": ["kind", "coalesce(tailnum, faa, carrier)"],
    "schema": "kind STRING, tailnum STRING, faa STRING, carrier STRING, name STRING, manufacturer STRING, model STRING",
    "rules": {"no code": "coalesce(tailnum, faa, carrier) IS NULL"},
    "columns": ["kind", "coalesce(tailnum, faa, carrier) AS code",
                "coalesce(name, concat_ws(' ', manufacturer, model)) AS name"]}
CONTRACTS = {"codes": CODES, "weather": WEATHER, "flights": FLIGHTS}    # flights come last: they look at codes
print({name: list(contract["rules"]) for name, contract in CONTRACTS.items()})

# %% [markdown]
# ### Step 3: judge each message once, then split
#
# One verdict a message: the first broken rule, or none. Two orders matter. Judge before you count deliveries, else a damaged first
# copy sends the healthy second one to quarantine. And split by the verdict, which is null or not, never by a rule and its
# negation: "Looks right, not so fast" shows why.

# %% tags=["step-judge"]
def judged(name):
    contract = CONTRACTS[name]
    message = F.from_json(F.col("value").cast("string"), contract["schema"]).alias("message")
    rows = table("bronze").where(F.col("topic") == contract["topic"])
    rows = rows.select(*ADDRESS, message).select(*ADDRESS, "message.*")
    verdict = F.coalesce(*[F.when(F.expr(broken), F.lit(rule)) for rule, broken in contract["rules"].items()])
    copies = Window.partitionBy(*map(F.expr, contract["key"]), F.isnull("rule")).orderBy("partition", "offset")
    twice = F.when(F.row_number().over(copies) > 1, F.lit("delivered twice"))
    return rows.withColumn("rule", verdict).withColumn("rule", F.coalesce("rule", twice))
judged("weather").select("offset", "origin", "time_hour", "wind_speed", "rule").orderBy("offset").limit(3).toPandas()

# %% [markdown]
# Silver and quarantine are functions of bronze: each run overwrites its whole part (`replaceWhere` limits that to one topic). Nothing
# in them knows when it was made, so the next run makes the same tables.

# %% tags=["step-silver"]
def refine(name):
    verdicts, topic = judged(name).persist(), CONTRACTS[name]["topic"]
    silver = verdicts.where("rule IS NULL").selectExpr(*ADDRESS, *CONTRACTS[name]["columns"]).write.format("delta")
    silver.mode("overwrite").save(str(lake / "silver" / name))
    held = verdicts.where("rule IS NOT NULL").select(*ADDRESS, "rule").join(table("bronze").drop("timestamp"), ADDRESS)
    held = held.write.format("delta").partitionBy("topic").mode("overwrite")
    held.option("replaceWhere", f"topic = '{topic}'").save(str(lake / "quarantine"))
    verdicts.unpersist()
    table(f"silver/{name}").createOrReplaceTempView(name)
    return table(f"silver/{name}").count()
with measure("silver and quarantine") as hop:
    hop.rows, hop.path = sum(refine(name) for name in CONTRACTS), lake / "silver"

# %% tags=["look-quarantine"]
per_rule = table("quarantine").groupBy("topic", "rule").agg(F.count("*").alias("messages"))
held_back = per_rule.orderBy("topic", "rule").toPandas()
held_back

# %% [markdown]
# Each row of quarantine still has its bytes and its address: whoever owns a rule can look at what it caught. A rule that caught
# nothing in your slice is not in the list; the year has a wind of 1,048 mph.

# %% tags=["look-caught"]
caught = table("quarantine").where("rule <> 'delivered twice'").orderBy(F.desc("topic"), "offset").limit(3)
caught = caught.select(*ADDRESS, "rule", F.substring(F.col("value").cast("string"), 1, 170).alias("value"))
caught.toPandas().style.set_properties(**left).hide(axis="index")

# %% [markdown]
# ### Step 4: gold answers one question
#
# How did each airport do on each day, and how strong was the wind? One row per airport and day. Readers of gold need not
# know about flags, local clocks or copies: these questions are settled below.

# %% tags=["step-gold"]
def build_gold():
    wind = table("silver/weather").groupBy("origin", "day").agg(F.max("wind_mph").alias("worst_wind_mph"))
    board = table("silver/flights").groupBy("origin", "day").agg(
        F.count("*").alias("scheduled"), F.count_if("cancelled").alias("cancelled"),
        F.count_if(F.col("delay_min") > 15).alias("late"), F.avg("delay_min").alias("mean_delay_min"),
        F.count_if(~F.col("aircraft_known")).alias("aircraft_unknown"))
    board.join(wind, ["origin", "day"], "left").write.format("delta").mode("overwrite").save(str(lake / "gold"))
with measure("gold") as hop:
    build_gold()
    hop.rows, hop.path = table("gold").count(), lake / "gold"

# %% tags=["look-gold"]
worst = table("gold").orderBy(F.desc(F.col("cancelled") / F.col("scheduled")), "day", "origin").limit(5).toPandas()
worst.style.format(precision=1).hide(axis="index")

# %% [markdown]
# The five rows with the largest share of cancelled flights. Two promises of silver are of the kind that a table itself can hold; they become
# constraints. A null does not satisfy a constraint, so "not measured" has to be allowed in words. Then count: how often is each promise broken, in
# which layer?

# %% tags=["step-constraints"]
def enforce():
    for name, promise, holds in [("flights", "has_scheduled_time", "scheduled IS NOT NULL"),
                                 ("weather", "possible_wind", "wind_mph IS NULL OR wind_mph <= 254")]:
        spark.sql(f"ALTER TABLE delta.`{lake}/silver/{name}` ADD CONSTRAINT {promise} CHECK ({holds})")
    return spark.sql(f"SHOW TBLPROPERTIES delta.`{lake}/silver/weather`").where("key LIKE '%constraint%'").toPandas()
enforce()

# %% tags=["look-promises"]
def numbers(name, *expressions):
    return [int(number) for number in table(name).selectExpr(*expressions).first()]
def broken_promises():
    held = table("quarantine").groupBy("rule").count().toPandas().set_index("rule")["count"].to_dict()
    once = "count(*) - count(DISTINCT topic, partition, offset)"
    [doubles], [winds] = numbers("bronze", once), numbers("silver/weather", "count_if(wind_mph > 254)")
    rows, again, no_time, keys = numbers("silver/flights", "count(*)", once, "count_if(scheduled IS NULL)",
                                         "count(DISTINCT key)")
    days, total, no_day, gusts, unique = numbers("gold", "count(*)", "sum(scheduled)", "count_if(day IS NULL)",
                                                 "count_if(worst_wind_mph > 254)", "count(DISTINCT origin, day)")
    return pd.DataFrame.from_dict(orient="index", columns=["bronze", "silver", "gold"], data={
        "a message is here once": (doubles, again, total - rows),
        "its time can be read": (held.get("no scheduled time", 0), no_time, no_day),
        "a flight counts once": (held.get("delivered twice", 0), rows - keys, total - keys),
        "the wind is possible": (held.get("wind above the record", 0), winds, gusts),
        "one row per airport and day": (sent["reports-03"] - days, rows - days, days - unique)})
broken_promises()

# %% [markdown]
# ## See it
#
# Where is each message now? The axis is logarithmic, else the quarantine could not be seen; that is as it should be.

# %% tags=["figure-layers"]
from matplotlib import pyplot as plt
from patternlab.figures import BLUE, ORANGE, finish, label
silver = pd.Series({f"silver {name}": table(f"silver/{name}").count() for name in CONTRACTS}).sort_values()
held = held_back.groupby("held: " + held_back.rule).messages.sum().sort_values()
ax = plt.subplots(figsize=(9, 0.5 * len([*silver, *held]) + 1.4))[1]
ax.barh(held.index, held, color=ORANGE, hatch="///", edgecolor="white")
ax.barh(silver.index, silver, color=BLUE)
ax.set(xscale="log", xlim=(0.6, silver.max() * 6))
for place, messages in enumerate([*held, *silver]):
    label(ax, messages, place, f"{messages:,}")
title = f"{held.sum():,} of {sum(sent.values()):,} messages are held back, each under a rule's name"
finish(ax, title, "messages (logarithmic)", "");

# %% [markdown]
# ## Predict
#
# A consumer reads a topic in batches of 500 and appends each batch to a table. It is killed once, in the worst moment: the second
# batch is written, and the checkpoint does not know it yet. It starts again and finishes. How many rows has the table then?

# %% tags=["predict"]
guess = ...                                                            # put a number here
print(f"{len(handful):,} messages; your guess: {'none yet' if guess is ... else format(guess, ',')}")

# %% [markdown]
# ## Break it
#
# **The dirty rows.** Somebody in a hurry goes around the rules and appends damaged reports from quarantine to silver.

# %% tags=["raises-exception", "break-dirty"]
message = F.from_json(F.col("value").cast("string"), FLIGHTS["schema"]).alias("message")
damaged = table("quarantine").where("rule = 'no scheduled time'").select(*ADDRESS, message)
damaged = damaged.select(*ADDRESS, "message.*").selectExpr(*ADDRESS, *FLIGHTS["columns"])
damaged.write.format("delta").mode("append").save(str(lake / "silver" / "flights"))

# %% [markdown]
# The table refused, not the job. A rule in a job guards what that job writes; a constraint guards the table against everybody.
#
# Now the road into bronze. The first reports go to a topic of their own and are read in batches of 500.

# %% tags=["break-road"]
from kafka import KafkaProducer
producer, retry = KafkaProducer(bootstrap_servers=broker.bootstrap), broker.topic("retry-03")
handed_over = replay(handful, lambda report: producer.send(retry, json.dumps(report).encode()))
producer.close()
SOURCE = {"kafka.bootstrap.servers": broker.bootstrap, "subscribe": retry, "startingOffsets": "earliest",
          "maxOffsetsPerTrigger": 500, "kafka.max.partition.fetch.bytes": 65536, "kafkaConsumer.pollTimeoutMs": 1500,
          "kafka.default.api.timeout.ms": 1500, "kafka.request.timeout.ms": 1000}
def read_retry(write, name):
    batches = spark.readStream.format("kafka").options(**SOURCE).load().select(*ADDRESS, "value").writeStream
    batches = batches.option("checkpointLocation", str(lake / f"{name}-checkpoint")).trigger(availableNow=True)
    query = batches.foreachBatch(write).start()
    while query.isActive:
        time.sleep(0.05)
    return query.exception()
print(f"{handed_over:,} reports on {retry}, read 500 at a time")

# %% [markdown]
# **A broker killed in the middle.** It dies while the second batch is written.

# %% tags=["break-broker"]
batches = []
def land(batch, number):
    batches.append(number)
    if len(batches) == 2:
        broker.kill()
    batch.write.format("delta").mode("append").options(txnAppId="land", txnVersion=number).save(str(lake / "landed"))
stopped = read_retry(land, "landed")
print("the query", "went on" if stopped is None else "stopped")
print(f"{table('landed').count():,} of {handed_over:,} rows; batches begun: {batches}")

# %% [markdown]
# Half a batch is not in the table: Delta's commit is all or nothing. The broker comes back with the same data, the query with
# the same checkpoint.

# %% tags=["break-broker-repaired"]
broker.restart()
stopped = read_retry(land, "landed")
print(f"{table('landed').count():,} of {handed_over:,} rows; batches begun: {batches}")

# %% [markdown]
# **A consumer killed between write and commit.** You guessed what a plain append makes of it. Beside it, the same with an id on each
# write: `txnAppId` says who writes, `txnVersion` which batch.

# %% tags=["break-consumer"]
rows = {}
ids = {"careless": lambda number: {}, "careful": lambda number: {"txnAppId": "retry", "txnVersion": number}}
for name, id_of in ids.items():
    crash = crash_after(2)
    def write(batch, number):
        batch.write.format("delta").mode("append").options(**id_of(number)).save(str(lake / name))
        crash()
    runs = [read_retry(write, name), read_retry(write, name)]
    rows[name] = table(name).count()
    print(f"{name}:", " and then ".join("went through" if stopped is None else "crashed" for stopped in runs))
pd.Series({"handed over": handed_over, "your guess": "none" if guess is ... else guess, **rows}, name="rows").to_frame()

# %% [markdown]
# Both consumers wrote the second batch twice. Delta found the pair (id, batch) in its log and ignored the second attempt. "Exactly
# once" means that: not delivered once but *recorded* once, by a table that remembers which writes it has seen. The streaming sink
# that filled bronze does it for you.
#
# **A repair of bronze.** Most hours have no gust. A tidy colleague fills the nulls with 0, in bronze, "so that everybody benefits".
# Meanwhile the topic has forgotten its messages.

# %% tags=["break-bronze"]
bronze = f"delta.`{lake}/bronze`"
def checksum(name):
    hashes = table(name).select(F.sum(F.xxhash64("*").cast("decimal(38, 0)")).alias("total"))
    return f"{int(hashes.first().total) % 2**64:016x}"                 # the same for any order of the rows
def gusts():
    measured = table("silver/weather").agg(F.count("gust_mph"), F.round(F.avg("gust_mph"), 1)).first()
    return {"hours_with_a_gust": measured[0], "mean_gust_mph": measured[1], "checksum": checksum("silver/weather")}
before, tidy = gusts(), f"""UPDATE {bronze} SET value = CAST(replace(CAST(value AS STRING),
    '"wind_gust": null', '"wind_gust": 0.0') AS BINARY) WHERE topic = 'weather-03'"""
spark.sql(tidy)
broker.topic("weather-03")                                             # empty, as after its retention
refine("weather")
pd.DataFrame([before, gusts()], index=["silver before", "silver rebuilt"])

# %% [markdown]
# "Not measured" and "calm" are one value now, in the only place that knew the difference. No rule in silver can undo it. What helps
# today is that Delta keeps old versions until `VACUUM`; that is luck. What helps tomorrow is a bronze table that can only grow.

# %% tags=["break-bronze-repaired"]
updated = spark.sql(f"DESCRIBE HISTORY {bronze}").where("operation = 'UPDATE'").first().version
spark.sql(f"RESTORE TABLE {bronze} TO VERSION AS OF {updated - 1}")
spark.sql(f"ALTER TABLE {bronze} SET TBLPROPERTIES ('delta.appendOnly' = 'true')")
refine("weather")
pd.DataFrame([before, gusts()], index=["silver before", "silver rebuilt"])

# %% tags=["raises-exception", "break-append-only"]
spark.sql(tidy)

# %% [markdown]
# ## Looks right, not so fast
#
# Another rule for flights: a delay of a day or more is suspicious. Keep what passes, hold back what fails, compare with the truth.

# %% tags=["look-halves"]
flights, board = table("silver/flights"), truth("medallion_board", "year", lost=lost)
rule = "delay_min < 24 * 60"
kept, held = flights.where(rule), flights.where(f"NOT ({rule})")
departed = board.scheduled - board.cancelled
mean, halves = kept.agg(F.avg("delay_min")).first()[0], (kept.count(), held.count())
by_rule = pd.DataFrame({
    "with the rule": [halves[0], mean, halves[1], sum(halves)],
    "truth": [departed.sum(), (board.mean_delay_min * departed).sum() / departed.sum(), 0, board.scheduled.sum()],
}, index=["departed", "mean delay (min)", "held back", "flights in either half"])
by_rule.map("{:,.6g}".format)

# %% [markdown]
# Departures right, mean delay right to the last digit, nothing held back: done? The last line says no. A cancelled flight has no delay; for it
# the rule is neither true nor false but *unknown*, so it falls between `WHERE rule` and `WHERE NOT rule`. Every cancelled flight is in
# neither table. Only a proof row by row sees it; a total of departures never will.

# %% [markdown]
# ## Prove it
#
# Row by row and by address, not by totals. Then the harder one: throw silver, quarantine and gold away, and build them from bronze.

# %% tags=["prove-conservation"]
arrived, found = table("bronze").select(*ADDRESS), table("quarantine").select(*ADDRESS)
for name in CONTRACTS:
    found = found.union(table(f"silver/{name}").select(*ADDRESS))
prove("bronze holds every message sent, once", (arrived.count(), arrived.distinct().count()), (sum(sent.values()),) * 2)
prove("messages of bronze that are in neither silver nor quarantine", arrived.exceptAll(found).count(), 0)
prove("messages that are in both, or twice, or from nowhere", found.exceptAll(arrived).count(), 0)

# %% tags=["prove-rebuild"]
built = ["silver/codes", "silver/weather", "silver/flights", "quarantine", "gold"]
checksums = {name: checksum(name) for name in built}
for layer in ("silver", "quarantine", "gold"):
    shutil.rmtree(lake / layer)
for name in CONTRACTS:
    refine(name)
build_gold(), enforce()
again = {name: checksum(name) for name in built}
prove("silver, rebuilt from bronze, has its old checksums", list(again.values())[:3], list(checksums.values())[:3])
prove("quarantine, rebuilt from bronze, has its old checksum", again["quarantine"], checksums["quarantine"])
prove("gold, rebuilt from silver, has its old checksum", again["gold"], checksums["gold"])

# %% [markdown]
# The last proofs: gold against an independent count in plain pandas, the promises of each layer, and the table of the careful consumer.

# %% tags=["prove-gold"]
prove("gold equals the count by another road", table("gold"), truth("medallion_board", "year", lost=lost))

# %% tags=["prove-promises"]
keeps = {layer: set(broken.index[broken == 0]) for layer, broken in broken_promises().items()}
prove("promises of bronze that silver breaks", len(keeps["bronze"] - keeps["silver"]), 0)
prove("promises of silver that gold breaks", len(keeps["silver"] - keeps["gold"]), 0)
prove("what gold promises beyond silver", keeps["gold"] - keeps["silver"], {"one row per airport and day"})
prove("a crash between write and commit doubles nothing", rows["careful"], handed_over)

# %% [markdown]
# ## Measure it
#
# What does a promise cost? Rows, bytes and seconds of each hop, and how many of the five promises it keeps. The seconds add up:
# a reader of gold waits for all three.

# %% tags=["look-scoreboard"]
costs = scoreboard().drop_duplicates("label", keep="last").set_index("label")[["seconds", "rows"]]
layers = {"bronze": ["bronze"], "silver and quarantine": built[:4], "gold": ["gold"]}
costs["bytes"] = [sum(spark.sql(f"DESCRIBE DETAIL delta.`{lake}/{name}`").first().sizeInBytes for name in layers[layer])
                  for layer in costs.index]
costs["promises kept"] = [len(keeps[layer.split()[0]]) for layer in costs.index]
costs.style.format(precision=1, thousands=",")

# %% tags=["figure-costs"]
factor, waited = costs.bytes.sum() / costs.bytes["bronze"], costs.seconds.cumsum()
fig, (storage, delay) = plt.subplots(1, 2, figsize=(9, 2.8), sharey=True)
for ax, values, text in [(storage, costs.bytes / 1e6, "{:,.2f} MB"), (delay, waited, "{:,.1f} s")]:
    ax.barh(costs.index, values, color=BLUE)
    ax.set_xlim(0, values.max() * 1.35)
    for place, value in enumerate(values):
        label(ax, value, place, text.format(value))
finish(storage, f"All layers: {factor:.2f} times bronze", "MB on disk", "").invert_yaxis()
finish(delay, f"Gold is ready after {waited.iloc[-1]:.0f} s", "seconds since the first message was read", "");

# %% [markdown]
# ## When not, and the neighbours
#
# Leave it out when one consumer reads one clean source, when the answer is due sooner than a hop takes, or when the layers would be three
# folder names without a written promise. Three is not a law: some tables need one silver hop, some need two.

# %% [markdown]
# | pattern | differs in | choose it when |
# |---|---|---|
# | ETL (01) | cleans before it loads; raw is not kept | raw data must not land at all |
# | ELT (02) | keeps raw and transforms behind it, without a promise per layer | one team owns every model |
# | star schema (04) | shapes the answer: facts and dimensions | it can *be* gold |
# | data vault (05) | stores what each source said, insert-only | it can *be* silver, for many changing sources |
# | lakehouse (06) | the engine below: files with a log | you ask how, not what is promised |

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
#    <details><summary>Answer</summary>Raw data that nobody changes, and models that are functions of it alone. Here: bronze, and `refine`.</details>

# %% [markdown]
# ## Sources
#
# - Databricks, [What is the medallion lakehouse architecture?](https://docs.databricks.com/aws/en/lakehouse/medallion): the pattern in the words of those who named it;
#   it calls the pattern recommended, not required.
# - Thomas Nys, [The medallion architecture backlash](https://thomasnys.com/posts/the-medallion-architecture-backlash): "Without explicit contracts at each boundary, you’re just moving data between folders."
# - Maxime Beauchemin, [Functional data engineering](https://maximebeauchemin.medium.com/functional-data-engineering-a-modern-paradigm-for-batch-data-processing-2327ec32c42a), 2018: why a table should be a function of what lies below it.
# - Delta Lake, [Table streaming reads and writes](https://docs.delta.io/delta-streaming): `txnAppId`, `txnVersion` and the exactly-once sink.
# - Delta Lake, [Constraints](https://docs.delta.io/delta-constraints).
# - WMO, [New world record wind gust](https://public.wmo.int/en/media/news/new-world-record-wind-gust), 2010: 408 km/h.
