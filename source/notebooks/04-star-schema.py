# %% [markdown] signature=["MERGE INTO", "row_number()", "valid_from", "USING (scheduled_date_key)"]
# # 04 Star schema: what is one row, and what was true of its context when it happened?
#
# ```mermaid
# flowchart LR
#     date["<b>dim_date</b><br>as scheduled · as departed"] --- fact
#     airport["<b>dim_airport</b><br>as origin · as destination"] --- fact
#     aircraft["<b>dim_aircraft</b><br>a row per version"] --- fact
#     fact[["<b>fact_departure</b><br>one row = one scheduled departure<br>keys, flight number, measures"]]
#     fact --- carrier["<b>dim_carrier</b>"]
#     fact --- flags["<b>dim_flags</b><br>cancelled · diverted · overnight"]
# ```

# %% [markdown]
# ## In one minute
#
# | | |
# |---|---|
# | **Promise** | One fact table says what happened, at a grain that you declare. Dimensions say who, where and when, as it was at that moment. A question is a filter, a join on keys, a group and a sum. |
# | **Price** | You decide in advance what one row is, and which history is worth keeping. Every load looks up keys. |
# | **When not** | Sources change shape every month, or the work is many small writes. |

# %% [markdown]
# ## Set up
#
# Spark, a Kafka broker and an empty folder. All tables of this notebook live in the schema `star`. They have one or two files
# each, so statistics for skipping files are switched off.

# %% tags=["setup"]
from pyspark.sql import Window, functions as F
from patternlab import dataset, events, faults, kafka, measure, prove, replay, spark_session, truth, workspace
spark, broker = spark_session("04-star-schema", **{"spark.databricks.delta.stats.collect": False}), kafka()
lake = workspace("04-star-schema")
schema = "DROP SCHEMA IF EXISTS star CASCADE", f"CREATE SCHEMA star LOCATION '{lake}'", "USE star", "SHOW SCHEMAS"
[spark.sql(statement) for statement in schema][-1].toPandas()

# %% [markdown]
# ## Look at the data
#
# Six flights, three aircraft. Look at `N933AT`: carrier FL flies it, then DL. The same machine under a new operator.

# %% tags=["look-toy"]
toy_flights = spark.createDataFrame([
    (2013, "2013-03-01 12:00", "FL", 347, "N933AT", 397), (2013, "2013-03-02 12:00", "UA", 1545, "N14228", 1400),
    (2013, "2013-03-03 12:00", "FL", 353, "N933AT", 397), (2013, "2013-03-04 12:00", "DL", 461, "N933AT", 762),
    (2013, "2013-03-05 12:00", "DL", 485, "N705TW", 2475), (2013, "2013-03-06 12:00", "UA", 1714, "N14228", 1416),
], ["year", "scheduled", "carrier", "flight", "tailnum", "distance"])
toy_planes = spark.createDataFrame([("N933AT", 2013, "BOEING"), ("N14228", 2013, "BOEING"), ("N705TW", 2013, "BOEING")],
                                   ["tailnum", "year", "manufacturer"])
toy_flights.toPandas()

# %% [markdown]
# Now the real feed: the airlines' operational systems publish one JSON message per flight. This is the **OLTP** layout. A
# message holds everything about *one* flight, which is right for a system that handles that flight.

# %% tags=["look-topic"]
published = spark.read.parquet(dataset("flights"))
topic = broker.topic("reports-04", partitions=2)
key = F.concat_ws("/", "year", "month", "day", "carrier", "flight", "origin")
(published.select(key.alias("key"), F.to_json(F.struct("*")).alias("value")).write.format("kafka")
 .option("kafka.bootstrap.servers", broker.bootstrap).option("topic", topic).save())
print(broker.peek(topic, 1)["value"][0])

# %% [markdown]
# ## The naive way
#
# Somebody asks for miles by manufacturer. The aircraft file knows manufacturers, so join it: on `tailnum`, or, with less
# typing, on every name that both tables share. On the toy both joins keep all six flights.

# %% tags=["step-naive-toy"]
shared = [name for name in toy_flights.columns if name in toy_planes.columns]
print("flights:", toy_flights.count(), "  joined on tailnum:", toy_flights.join(toy_planes, "tailnum").count(),
      f"  joined on {' and '.join(shared)}:", toy_flights.join(toy_planes, shared).count())

# %% [markdown]
# The same joins on the real flights. In one table `year` is when the flight took place, in the other when the aircraft was
# built; and the aircraft file does not know every aircraft. No error is raised, and both answers look tidy.

# %% tags=["break-naive-joins"]
import json, re, pandas as pd
planes = spark.read.parquet(dataset("planes"))
planes.createOrReplaceTempView("planes")
naive = {"published": published.count(), "inner join on tailnum": published.join(planes, "tailnum").count(),
         f"natural join on {' and '.join(shared)}": published.join(planes, shared).count()}
pd.DataFrame({"flights left": naive}).assign(lost=lambda table: naive["published"] - table["flights left"])

# %% [markdown]
# ## Build it
#
# Kimball's four decisions, in his order: the **process**, the **grain**, the **dimensions**, the **facts**. Steps 1 to 4 take
# them in turn. Step 5 adds other kinds of fact table and cuts two marts.

# %% [markdown]
# ### Step 1: the process, and what one row is
#
# The process is *departing from New York*. First land the messages in a Delta table, each row with the partition and offset of
# its message. The columns come out of the JSON; nothing is repaired.

# %% tags=["step-reports"]
messages = (spark.read.format("kafka").option("kafka.bootstrap.servers", broker.bootstrap).option("subscribe", topic)
            .option("startingOffsets", "earliest").option("endingOffsets", "latest").load())
report = F.from_json(F.col("value").cast("string"), published.schema).alias("report")
with measure("topic to Delta") as landed:
    (messages.select("partition", "offset", report).select("partition", "offset", "report.*")
     .write.format("delta").mode("overwrite").saveAsTable("reports"))
    landed.rows, landed.path = spark.table("reports").count(), lake / "reports"

# %% [markdown]
# The grain is a sentence, *one row per scheduled departure*, and the sentence must be a key. Try two candidates: the right one
# has as many different values as there are rows. A cancelled flight is a row too, because it was scheduled.

# %% tags=["step-grain"]
spark.sql("""CREATE OR REPLACE TEMP VIEW departures AS SELECT *,
    make_date(year, month, day) AS scheduled_date, time_hour + make_interval(0, 0, 0, 0, 0, minute) AS scheduled,
    date(make_timestamp(year, month, day, hour, minute, 0) + make_interval(0, 0, 0, 0, 0, dep_delay)) AS departed_date,
    dep_time IS NULL AS cancelled, dep_time IS NOT NULL AND arr_delay IS NULL AS diverted,
    sched_arr_time < sched_dep_time AS overnight FROM reports""")
grain = spark.sql("""SELECT count(*) AS rows, count(DISTINCT scheduled_date, carrier, flight) AS date_carrier_flight,
    count(DISTINCT scheduled_date, carrier, flight, origin) AS date_carrier_flight_origin FROM departures""").toPandas()
grain

# %% [markdown]
# ### Step 2: the dimensions that stand still
#
# Each row gets a **surrogate key**: a number without meaning, so it never has to change. Only the calendar's key may be read.
# A member -1 stands for *unknown*, -2 for *did not happen*, so that no fact needs a NULL for a key.

# %% tags=["step-date-carrier"]
def keyed(rows, key, *by):
    return rows.withColumn(key, F.row_number().over(Window.orderBy(*by)))

def save(name, rows):
    rows.write.format("delta").mode("overwrite").saveAsTable(name)

save("dim_date", spark.sql("""SELECT int(date_format(date, 'yyyyMMdd')) AS date_key, date,
    date_format(date, 'EEEE') AS weekday, date_format(date, 'yyyy-MM') AS month
    FROM (SELECT explode(sequence(min(scheduled_date), date_add(max(scheduled_date), 1))) AS date FROM departures)
    UNION ALL SELECT -2, NULL, 'did not happen', 'did not happen'"""))
carriers = spark.read.parquet(dataset("airlines")).withColumnRenamed("name", "carrier_name")
save("dim_carrier", keyed(carriers, "carrier_key", "carrier").union(spark.sql("SELECT '?', 'unknown', -1")))
spark.table("dim_carrier").orderBy("carrier_key").limit(4).toPandas()

# %% [markdown]
# A destination that the airport file lacks becomes an **inferred member**: a row of its own, to be filled in later. `dim_flags`
# is a **junk dimension**: three yes-or-no marks would be three columns in every fact, so their eight combinations become rows.
# **Roles** are views: one calendar and one list of airports, each joined twice under different names.

# %% tags=["step-airport-flags-roles"]
airports = spark.read.parquet(dataset("airports")).selectExpr("faa", "name", "tzone", "true AS known")
used = spark.sql("SELECT origin AS faa FROM departures UNION SELECT dest FROM departures")
inferred = used.join(airports, "faa", "anti")
airports = airports.union(inferred.selectExpr("faa", "'not in the file yet'", "NULL", "false"))
save("dim_airport", keyed(airports, "airport_key", "faa").union(spark.sql("SELECT '?', 'unknown', NULL, false, -1")))
yes_no = spark.sql("SELECT explode(array(false, true)) AS mark")
flags = yes_no.toDF("cancelled").join(yes_no.toDF("diverted")).join(yes_no.toDF("overnight"))
save("dim_flags", keyed(flags, "flags_key", *flags.columns))
for role, kind in [("scheduled", "date"), ("departed", "date"), ("origin", "airport"), ("dest", "airport")]:
    renamed = ", ".join(f"{name} AS {role}_{name}" for name in spark.table(f"dim_{kind}").columns)
    spark.sql(f"CREATE OR REPLACE TEMP VIEW {role}_{kind} AS SELECT {renamed} FROM dim_{kind}")
spark.table("dim_airport").where("NOT known").toPandas()

# %% [markdown]
# ### Step 3: the dimension that moves
#
# An aircraft keeps its number and changes its operator. A **type 2** dimension adds a row for each change, which holds from
# `valid_from` (inclusive) to `valid_to` (exclusive). Put the open versions before the new sightings: a change is a row that
# differs from the row before it. Here is the rule on the toy.

# %% tags=["step-timeline"]
EVER, BEFORE = "TIMESTAMP'2200-01-01'", "TIMESTAMP'1900-01-01'"
spark.sql(f"""CREATE TABLE dim_aircraft USING delta AS SELECT -1 AS aircraft_key, 'unknown' AS tailnum, '?' AS operator,
    {BEFORE} AS valid_from, {EVER} AS valid_to, 'unknown' AS manufacturer, int(NULL) AS seats""")
toy_seen = toy_flights.selectExpr("tailnum", "carrier AS operator", "timestamp(scheduled) AS seen")
toy_seen.createOrReplaceTempView("sightings")
spark.sql(f"""CREATE OR REPLACE TEMP VIEW timeline AS
    WITH open AS (SELECT * FROM dim_aircraft WHERE valid_to = {EVER} AND aircraft_key > 0),
    known AS (SELECT aircraft_key, tailnum, operator, valid_from AS seen FROM open
        UNION ALL SELECT NULL, tailnum, sightings.operator, seen FROM sightings LEFT JOIN open USING (tailnum)
        WHERE seen > coalesce(valid_from, {BEFORE})),
    marked AS (SELECT *, row_number() OVER tail AS nth, lag(operator) OVER tail AS previous FROM known
        WINDOW tail AS (PARTITION BY tailnum ORDER BY seen, operator))
    SELECT aircraft_key, tailnum, operator, IF(nth = 1 AND aircraft_key IS NULL, {BEFORE}, seen) AS valid_from,
        lead(seen, 1, {EVER}) OVER (PARTITION BY tailnum ORDER BY seen) AS valid_to
    FROM marked WHERE nth = 1 OR NOT operator <=> previous""")
spark.table("timeline").orderBy("tailnum", "valid_from").toPandas()

# %% [markdown]
# One `MERGE` closes the versions that ended and adds those that began, in the first load and in every later one. The slice
# arrives in two halves; `num_updated_rows` counts the versions that were closed.

# %% tags=["step-load-aircraft"]
def load(sightings):
    sightings.createOrReplaceTempView("sightings")
    return spark.sql("""MERGE INTO dim_aircraft old USING (SELECT tailnum, operator, valid_from, valid_to, seats,
            coalesce(manufacturer, 'not in the file yet') AS manufacturer, coalesce(aircraft_key, greatest(0, last)
            + row_number() OVER (PARTITION BY aircraft_key IS NULL ORDER BY tailnum, valid_from)) AS aircraft_key
            FROM timeline LEFT JOIN planes USING (tailnum) JOIN (SELECT max(aircraft_key) last FROM dim_aircraft)) new
        ON old.aircraft_key = new.aircraft_key WHEN MATCHED AND old.valid_to <> new.valid_to
        THEN UPDATE SET valid_to = new.valid_to WHEN NOT MATCHED THEN INSERT *""").toPandas()
seen = spark.sql("SELECT tailnum, carrier AS operator, scheduled AS seen FROM departures WHERE tailnum IS NOT NULL")
middle = seen.selectExpr("percentile_approx(seen, 0.5) AS middle").first().middle
done = [load(seen.where(F.col("seen") <= middle)), load(seen.where(F.col("seen") > middle))]
pd.concat(done).set_axis(["first half", "second half"])

# %% [markdown]
# ### Step 4: the facts
#
# Look up every key, then drop the names. The aircraft join asks for the version that held *at that moment*: a **point-in-time
# join**. Measures are stored as parts that add up. `flight_number` has no attributes of its own, so it stays in the fact: a
# **degenerate dimension**.

# %% tags=["step-facts"]
with measure("facts: look up every key") as looked_up:
    save("fact_departure", spark.sql("""SELECT s.date_key scheduled_date_key, ifnull(l.date_key, -2) departed_date_key,
        coalesce(o.airport_key, -1) AS origin_airport_key, coalesce(d.airport_key, -1) AS dest_airport_key, flags_key,
        coalesce(carrier_key, -1) AS carrier_key, coalesce(aircraft_key, -1) AS aircraft_key, flight AS flight_number,
        scheduled, 1 AS flights, int(NOT cancelled) AS departed, int(coalesce(dep_delay > 15, false)) AS late,
        dep_delay, arr_delay, distance FROM departures AS r JOIN dim_date AS s ON s.date = scheduled_date
        LEFT JOIN dim_date AS l ON l.date = departed_date LEFT JOIN dim_airport AS o ON o.faa = origin
        LEFT JOIN dim_airport AS d ON d.faa = dest LEFT JOIN dim_carrier AS c ON c.carrier = r.carrier
        LEFT JOIN dim_aircraft AS a ON a.tailnum = r.tailnum AND scheduled >= valid_from AND scheduled < valid_to
        JOIN dim_flags USING (cancelled, diverted, overnight)"""))
    looked_up.rows, looked_up.path = spark.table("fact_departure").count(), lake / "fact_departure"

# %% [markdown]
# A business question is now short. Both date roles in one: which flights left on another day than planned, by weekday?

# %% tags=["step-roles"]
spark.sql("""SELECT scheduled_weekday, departed_weekday, sum(flights) AS flights, sum(distance) AS miles
    FROM fact_departure JOIN scheduled_date USING (scheduled_date_key) JOIN departed_date USING (departed_date_key)
    WHERE departed = 1 AND scheduled_date_key <> departed_date_key
    GROUP BY ALL ORDER BY flights DESC, scheduled_weekday LIMIT 4""").toPandas()

# %% [markdown]
# ### Step 5: other facts, and two marts
#
# A transaction fact is written once. An **accumulating snapshot** is revisited: one row per departure, a column per milestone,
# filled in as events come. Follow the first day of the slice; its events come off a topic of their own.

# %% tags=["step-life"]
from kafka import KafkaProducer
day = spark.sql("SELECT min(scheduled_date) FROM departures").first()[0]
life, life_topic = events("lifecycle", (day, day)), broker.topic("lifecycle-04")
with KafkaProducer(bootstrap_servers=broker.bootstrap, linger_ms=20) as producer:
    replay(life, lambda event: producer.send(life_topic, json.dumps(event).encode()))
event = "from_json(string(value), 'key STRING, kind STRING, origin STRING, occurred TIMESTAMP') AS event"
stages = {"departed": "'departed'", "arrived": "'arrived'", "ended": "'arrived', 'diverted', 'cancelled'"}
(spark.read.format("kafka").option("kafka.bootstrap.servers", broker.bootstrap).option("subscribe", life_topic).load()
 .selectExpr("offset", event).selectExpr("offset", "event.key", "event.origin",
    *[f"IF(event.kind IN ({kinds}), event.occurred, NULL) AS {stage}" for stage, kinds in stages.items()])
 .createOrReplaceTempView("life"))
print(f"{len(life):,} events of {len({event['key'] for event in life}):,} departures on {day:%d %B %Y}")

# %% tags=["step-accumulate"]
save("snapshot_departure", spark.table("life").drop("offset").limit(0))
def accumulate(first, after):
    spark.sql(f"""MERGE INTO snapshot_departure AS old USING (SELECT key, origin, max(departed) AS departed,
            max(arrived) AS arrived, max(ended) AS ended FROM life WHERE offset >= {first} AND offset < {after}
            GROUP BY ALL) AS new ON old.key = new.key
        WHEN MATCHED THEN UPDATE SET departed = coalesce(old.departed, new.departed),
            arrived = coalesce(old.arrived, new.arrived), ended = coalesce(old.ended, new.ended)
        WHEN NOT MATCHED THEN INSERT *""")
    return spark.sql("""SELECT count(*) AS scheduled, count_if(departed IS NOT NULL AND ended IS NULL) AS in_the_air,
        count(arrived) AS arrived, count(ended) - count(arrived) AS other_end FROM snapshot_departure""").toPandas()
half = len(life) // 2
pd.concat([accumulate(0, half), accumulate(half, len(life))]).set_axis(["half of the log", "all of it"])

# %% [markdown]
# *In the air* is a stock, like a bank balance. Such a measure is **semi-additive**: the origins of one hour add up; hours do
# not, since a flight is in the air in several of them. Over time take the largest total, or the mean of the totals. (The
# largest numbers of the origins do not add up to it: they may be reached at different hours.)

# %% tags=["step-semi-additive"]
airborne = spark.sql("""WITH hours AS (SELECT explode(sequence(date_trunc('HOUR', min(departed)), max(ended),
        INTERVAL 1 HOUR)) AS hour FROM snapshot_departure WHERE departed IS NOT NULL)
    SELECT hour, count_if(origin = 'EWR') AS EWR, count_if(origin = 'JFK') AS JFK, count_if(origin = 'LGA') AS LGA,
        count(departed) AS all_origins FROM hours LEFT JOIN snapshot_departure ON departed <= hour AND ended > hour
    GROUP BY hour ORDER BY hour""").toPandas().set_index("hour")
took_off = spark.sql("SELECT count(departed) FROM snapshot_departure").first()[0]
print(f"{took_off:,} aircraft took off; summed over the hours (wrong) {airborne.all_origins.sum():,} are in the air")
airborne.agg(["max", "mean"]).round(1)

# %% [markdown]
# A **warehouse** holds the atomic facts once, for everybody. A **mart** is a cut for one team, made with the same conformed
# dimensions, so that two marts can be compared. Operations gets the flights that flew, planning a row per route and day.
# `fact_served` has keys and no measure, a **factless fact**: it remembers what was on offer, so it can say what did not happen.

# %% tags=["step-marts"]
route = "scheduled_date_key, carrier_key, origin_airport_key, dest_airport_key"
save("fact_served", spark.sql(f"SELECT DISTINCT {route} FROM fact_departure"))
save("mart_routes", spark.sql(f"SELECT {route}, sum(flights) flights, sum(distance) miles "
                              "FROM fact_departure GROUP BY ALL"))
save("mart_punctuality", spark.sql(f"SELECT {route}, flights, dep_delay, late FROM fact_departure WHERE departed = 1"))
nobody_flew = spark.sql(f"SELECT * FROM fact_served ANTI JOIN mart_punctuality USING ({route})")
served, grounded = spark.table("fact_served").count(), nobody_flew.count()
print(f"{served:,} routes served on a day; on {grounded:,} of them nobody flew, for example:")
spark.sql("""SELECT scheduled_date, carrier_name, origin_faa, dest_faa FROM {nobody_flew}
    JOIN dim_carrier USING (carrier_key) JOIN scheduled_date USING (scheduled_date_key)
    JOIN origin_airport USING (origin_airport_key) JOIN dest_airport USING (dest_airport_key)
    ORDER BY 1, 2, 3, 4 LIMIT 3""", nobody_flew=nobody_flew).toPandas()

# %% [markdown]
# ## See it
#
# Which operator did an aircraft fly for? **Type 1** overwrites, **type 2** adds a row, **type 3** keeps one column with the value
# before. **Type 6** is type 2 with today's value on every version. Below, the same flights, grouped by what each remembers.

# %% tags=["step-scd-types"]
spark.sql("""CREATE OR REPLACE TEMP VIEW aircraft_6 AS SELECT *, count(*) OVER tail AS versions,
    min_by(operator, valid_from) OVER tail AS previous_operator, max_by(operator, valid_from) OVER tail
    AS current_operator FROM dim_aircraft WINDOW tail AS (PARTITION BY tailnum)""")
history = spark.sql("""SELECT tailnum, scheduled, operator, previous_operator, current_operator, versions
    FROM fact_departure JOIN aircraft_6 USING (aircraft_key) WHERE aircraft_key > 0""").toPandas()
busiest = history.groupby("tailnum").size().nlargest(8).index
switched = history[history.versions > 1]
watched = switched if len(switched) else history[history.tailnum.isin(busiest)]
print(watched.tailnum.nunique(), "aircraft that changed operator" if len(switched) else
      "aircraft: the busiest. None changed operator in this slice, so all types agree.")
remembers = {"type 1": "current_operator", "type 2": "operator", "type 3, before": "previous_operator"}
pd.DataFrame({name: watched.groupby(column).size() for name, column in remembers.items()}).fillna(0).astype(int)

# %% [markdown]
# Type 3 counts by the operator before or by today's, never by the one at the time. Type 6 keeps `operator` and
# `current_operator` side by side, so one table answers the first two columns. In the figure each mark is a flight.

# %% tags=["figure-switches"]
import matplotlib.pyplot as plt
from patternlab.figures import BLACK, BLUE, VERMILION, finish, label
watched = watched.assign(today=watched.operator == watched.current_operator)
order = watched[watched.today].groupby("tailnum").scheduled.min().sort_values(ascending=False).index
axes = plt.subplots(figsize=(10, 1.4 + .3 * len(order)))[1]
for (tail, operator, today), flown in watched.groupby(["tailnum", "operator", "today"]):
    at, color, mark = (flown.scheduled.max(), VERMILION, "|") if today else (flown.scheduled.min(), BLUE, ".")
    axes.plot(flown.scheduled, [order.get_loc(tail)] * len(flown), mark, color=color)
    label(axes, at, order.get_loc(tail), operator, color, xytext=(16 if today else -16, 0), ha="center")
axes.set_yticks(range(len(order)), order)
title = "aircraft changed operator, each once" if len(switched) else "busiest aircraft: no operator changed"
finish(axes, f"{len(order)} {title}", "scheduled departure (bars: today's operator, dots: the one before)", "aircraft");

# %% [markdown]
# ## Predict
#
# At the end you will ask five business questions of three layouts: one **wide** table with every name in every row, the **star**,
# and a small **aggregate**. Which answers fastest, and which reads the fewest bytes? Write it down; nobody grades it.

# %% tags=["predict"]
guess = {"fastest": "star", "fewest bytes": "star"}     # wide, star or aggregate
print(guess)

# %% [markdown]
# ## Break it
#
# **A local clock as a key.** The weather file has one row per airport and hour: `hour` on the local clock, `time_hour` in UTC.
# Take the hour of a UTC time and look it up under `hour`.

# %% tags=["break-weather-hour"]
clock = ["origin", "year", "month", "day", "hour"]
weather = spark.read.parquet(dataset("weather")).select(*clock, "temp", F.col("time_hour").alias("observed"))
slots = spark.table("departures").select(*clock, "time_hour")
by_clock = slots.withColumn("hour", F.hour("time_hour")).join(weather, clock)
by_moment = slots.join(weather, [slots.origin == weather.origin, slots.time_hour == weather.observed])
counted = ["count(*) AS flights_with_weather", "count_if(observed <> time_hour) AS of_another_hour"]
repeated = weather.groupBy(clock).count().where("count > 1").count()
print(f"local hours that occur twice in this slice: {repeated} (they do when clocks go back, and then are no key)")
found = [joined.selectExpr(*counted).toPandas() for joined in (by_clock, by_moment)]
pd.concat(found).set_axis(["UTC hour taken for local", "same moment in UTC"])

# %% [markdown]
# The counts look alike, and the first join is wrong nearly everywhere. A key needs the same clock on both sides, and a clock
# that never repeats.
#
# **A change that compares to nothing.** An aircraft is sold, and its operator becomes NULL. Many loaders test `new <> old`, a
# published one-call helper for type 2 among them (see Sources). With NULL on one side that is neither true nor false.

# %% tags=["break-null-blind"]
before_sale = spark.sql("DESCRIBE HISTORY dim_aircraft LIMIT 1").first().version
open_rows = spark.table("dim_aircraft").where(f"aircraft_key > 0 AND valid_to = {EVER}")
sold = open_rows.orderBy("tailnum").limit(1).selectExpr("tailnum", "string(NULL) new", "TIMESTAMP'2014-01-01' seen")
compared = sold.join(open_rows, "tailnum")
blind, aware = compared.where("new <> operator").count(), compared.where("NOT new <=> operator").count()
print(f"changes seen by `new <> operator`: {blind}, by `NOT new <=> operator`: {aware}")

# %% tags=["break-null-repaired"]
sale = load(sold.withColumnRenamed("new", "operator"))
versions = spark.table("dim_aircraft").join(sold.select("tailnum"), "tailnum").orderBy("valid_from").toPandas()
spark.sql(f"RESTORE TABLE dim_aircraft TO VERSION AS OF {before_sale}")     # the sale was our invention
print(f"closed: {sale.num_updated_rows[0]}, added: {sale.num_inserted_rows[0]}")
versions[["aircraft_key", "tailnum", "operator", "valid_from", "valid_to"]]

# %% [markdown]
# **A dimension row that comes late.** San Juan is not in the airport file. A careless load sends its flights to the unknown
# member; ours made an inferred member. Now the row arrives.

# %% tags=["break-late-row"]
careless = spark.sql("""SELECT IF(known, dest_airport_key, -1) AS airport_key FROM fact_departure
    JOIN dim_airport ON airport_key = dest_airport_key""").toPandas().airport_key
updated = spark.sql("""UPDATE dim_airport SET name = 'Luis Munoz Marin International', tzone = 'America/Puerto_Rico',
    known = true WHERE faa = 'SJU'""").first()[0]
san_juan = spark.sql("SELECT airport_key FROM dim_airport WHERE faa = 'SJU'").first()[0]
inferred = spark.table("fact_departure").toPandas().dest_airport_key
found = {name: {"to San Juan": (keys == san_juan).sum(), "to nobody knows where": (keys == -1).sum()}
         for name, keys in {"careless load": careless, "inferred member": inferred}.items()}
print(f"{updated} dimension row updated")
pd.DataFrame(found).T

# %% [markdown]
# The careless facts have lost the code; only a reload from the reports can bring it back.
#
# **A retry in the middle.** Tonight's facts come in parts, one per airport. The load dies when its first part is written, and the
# scheduler starts it again.

# %% tags=["break-retry"]
tonight = spark.table("fact_departure").where(f"scheduled_date_key = {day:%Y%m%d}")
parts = sorted(row[0] for row in tonight.select("origin_airport_key").distinct().collect())
def run_with_retry(write):
    for crash in (faults.crash_after(1), lambda: None):     # the first run crashes, the second is the retry
        try:
            for part in parts:
                write(tonight.where(f"origin_airport_key = {part}").write.format("delta"), part)
                crash()
        except faults.Crash:
            continue
run_with_retry(lambda rows, part: rows.mode("append").saveAsTable("appended"))
print(f"{tonight.count():,} facts tonight, {spark.table('appended').count():,} in the table")

# %% [markdown]
# The part that was written before the crash is there twice. Replace a part instead of appending it, and a retry is
# harmless, however often it happens.

# %% tags=["break-retry-repaired"]
def replace(rows, part):
    rows.mode("overwrite").option("replaceWhere", f"origin_airport_key = {part}").saveAsTable("replaced")
run_with_retry(replace)
print(f"{tonight.count():,} facts tonight, {spark.table('replaced').count():,} in the table")

# %% [markdown]
# ## Looks right, not so fast
#
# The mean arrival delay per carrier is a fine table. Somebody averages its rows to get the mean of all flights. A mean is
# **non-additive**: so a small carrier counts as much as a large one. Keep minutes and flights, add each, and divide last.

# %% tags=["break-mean-of-means"]
by_carrier = spark.sql("""SELECT carrier_name, count(arr_delay) AS arrivals, sum(arr_delay) AS minutes,
    avg(arr_delay) AS mean_delay FROM fact_departure JOIN dim_carrier USING (carrier_key)
    GROUP BY 1 HAVING arrivals > 0 ORDER BY arrivals DESC""").toPandas()
mean_of_means = by_carrier.mean_delay.mean()
mean_of_flights = by_carrier.minutes.sum() / by_carrier.arrivals.sum()
print(f"mean of the means: {mean_of_means:.2f} minutes; mean of all flights: {mean_of_flights:.2f} minutes")
by_carrier.iloc[[0, 1, -2, -1]].round(2)

# %% [markdown]
# ## Prove it
#
# Expected values come from `truth`: a second computation, in pandas, from the published file. First the grain, the joins to all
# dimensions, and every key.

# %% tags=["prove-grain"]
roles = {role: f"{role} USING ({role.replace('dim_', '')}_key)" for role in (
    "scheduled_date", "departed_date", "origin_airport", "dest_airport", "dim_carrier", "dim_aircraft", "dim_flags")}
everything = " JOIN ".join(["fact_departure", *roles.values()])
joined = spark.sql(f"SELECT count(*) rows, sum(distance) miles, sum(departed) departed FROM {everything}").first()
key = "scheduled_date_key, carrier_key, flight_number, origin_airport_key"
facts = spark.sql(f"SELECT count(*) rows, count(DISTINCT {key}) keys FROM fact_departure").first()
happened = truth("conservation", "year")
prove("the grain is unique: as many keys as facts", facts.keys, facts.rows)
prove("every scheduled departure is one fact", facts.rows, happened["scheduled"])
prove("joining every dimension in every role keeps the rows", joined.rows, happened["scheduled"])
prove("and the miles", joined.miles, truth("distance", "year"))
prove("and the departures", joined.departed, happened["departed"])

# %% tags=["prove-keys"]
lost = {role: spark.sql(f"SELECT * FROM fact_departure ANTI JOIN {using}").count() for role, using in roles.items()}
special = spark.sql("""SELECT count_if(aircraft_key = -1) AS no_tail, count_if(departed_date_key = -2) AS not_departed,
    count_if(manufacturer = 'not in the file yet') AS inferred
    FROM fact_departure JOIN dim_aircraft USING (aircraft_key)""").first()
tails = truth("unknown_tails", "year")
prove("every key resolves, in every role", lost, dict.fromkeys(roles, 0))
prove("flights without a tail number point at the unknown aircraft", special.no_tail, tails["null"])
prove("flights of aircraft that the file lacks have an inferred member", special.inferred, tails["rows"])
prove("cancelled flights point at 'did not happen'", special.not_departed, happened["cancelled"])

# %% [markdown]
# Then history, the marts, and the other facts.

# %% tags=["prove-history"]
versions = spark.sql("""SELECT *, lead(valid_from) OVER (PARTITION BY tailnum ORDER BY valid_from) AS next
    FROM dim_aircraft WHERE aircraft_key > 0""")
faulty = versions.selectExpr("count_if(next < valid_to) overlaps", "count_if(next > valid_to) gaps").first().asDict()
held = "a.tailnum = r.tailnum AND valid_from <= scheduled AND scheduled < valid_to"
in_time = spark.sql(f"""SELECT count(*), count(DISTINCT scheduled, carrier, flight), count_if(operator <> carrier)
    FROM departures AS r JOIN dim_aircraft AS a ON {held}""").first()
prove("versions have no overlap and no gap", faulty, dict.fromkeys(faulty, 0))
expected, known = truth("aircraft_versions", "year"), happened["scheduled"] - tails["null"]
prove("each aircraft has one open version", versions.where(f"valid_to = {EVER}").count(), expected.tailnum.nunique())
prove("the versions are those of the published flights", versions.select(*expected.columns), expected)
prove("a point-in-time join finds one version per flight, its carrier's", tuple(in_time), (known, known, 0))

# %% tags=["prove-facts-and-marts"]
def totals(table, *sums):
    return spark.sql(f"SELECT carrier, {', '.join(f'sum({each})' for each in sums)} FROM {table} "
                     "JOIN dim_carrier USING (carrier_key) GROUP BY 1").toDF("carrier", *sums)
star = totals("fact_departure", "flights", "departed", "late", "distance").withColumnRenamed("distance", "miles")
flown = totals("mart_punctuality", "flights", "late").withColumnRenamed("flights", "departed")
drilled = totals("mart_routes", "flights", "miles").join(flown, "carrier", "left").fillna(0)
stood = spark.sql("SELECT count(*) scheduled, count(departed) departed, count(arrived) arrived FROM snapshot_departure")
prove("two marts, drilled across by carrier, agree with the star", drilled, star)
prove("and the star with the published flights", star, truth("carrier_totals", "year"))
prove("routes served, and nobody flew", dict(served=served, grounded=grounded), truth("routes_served", "year"))
prove("the snapshot has the day's milestones", stood, pd.DataFrame([truth("conservation", (day, day))])[stood.columns])
prove("the mean of all flights divides sums", mean_of_flights, truth("mean_delays", "year")["of_flights"])

# %% [markdown]
# ## Measure it
#
# Three layouts of the same facts, all columnar. That is the **OLAP** layout: a query opens only the columns that it names.
# `read_by` asks the plan which, and adds up their bytes in the files' footers. The five questions are the same word for word;
# only what stands after FROM differs.

# %% tags=["step-layouts"]
import pyarrow.parquet
from urllib.parse import unquote
save("wide", spark.sql(f"SELECT * FROM {everything}"))
save("aggregate", spark.sql("""SELECT scheduled_date_key, carrier_key, origin_airport_key, sum(flights) AS flights,
    sum(late) AS late, sum(departed) AS departed, sum(dep_delay) AS dep_delay, sum(distance) AS distance
    FROM fact_departure GROUP BY 1, 2, 3"""))
opened = {}                                     # table -> the row groups of its files, from the footers
def read_by(query):
    plan = spark.sql("EXPLAIN FORMATTED " + query).first()[0]
    scans = re.findall(r"Scan parquet \S*?star\.(\w+).*?ReadSchema: struct<(.*?)>\n", plan, re.S)
    for table in {table for table, _ in scans} - set(opened):
        files = [unquote(file.removeprefix("file:")) for file in spark.table(table).inputFiles()]
        opened[table] = [pyarrow.parquet.read_metadata(file).to_dict()["row_groups"] for file in files]
    size = sum(chunk["total_compressed_size"] for table, columns in scans for groups in opened[table]
               for group in groups for chunk in group["columns"] if f",{chunk['path_in_schema']}:" in f",{columns}")
    return sum(len(opened[table]) for table, _ in scans), size
print({table: f"{spark.table(table).count():,} rows" for table in ("wide", "fact_departure", "aggregate")})

# %% tags=["step-five-questions"]
date, origin, carrier = [f"JOIN {roles[role]}" for role in ("scheduled_date", "origin_airport", "dim_carrier")]
questions = [("carrier_name, round(sum(dep_delay) / sum(departed), 6) AS mean_delay", carrier),
             ("scheduled_weekday, sum(flights - departed) AS cancelled", date),
             ("scheduled_month, origin_faa, sum(flights) AS flights", f"{date} {origin}"),
             ("carrier_name, scheduled_weekday, sum(distance) AS miles", f"{date} {carrier}"),
             ("origin_faa, round(sum(late) / sum(departed), 6) AS share_late", origin)]
answers, cost = {}, {}
for layout, table in {"wide": "wide", "star": "fact_departure", "aggregate": "aggregate"}.items():
    queries = [f"SELECT {what} FROM {table} {joins * (layout != 'wide')} GROUP BY ALL" for what, joins in questions]
    files, size = map(sum, zip(*map(read_by, queries)))
    with measure(f"five questions, {layout}") as asked:
        answers[layout] = [set(map(tuple, spark.sql(query).collect())) for query in queries]
        asked.rows, asked.bytes = spark.table(table).count(), size
    cost[layout] = {"seconds": asked.seconds, "kB read": size / 1e3, "files read": files}
prove("the star gives the wide table's five answers", answers["star"], answers["wide"])
prove("and so does the aggregate", answers["aggregate"], answers["wide"])

# %% [markdown]
# Repeated names compress well in columns, so a wide table need not read much more than a star. But reading says nothing about
# change: rename one carrier in each layout, and ask the table's history what had to be written.

# %% tags=["figure-layouts"]
def rewritten(table):
    spark.sql(f"UPDATE {table} SET carrier_name = 'United Airlines' WHERE carrier = 'UA'")
    return int(spark.sql(f"DESCRIBE HISTORY {table} LIMIT 1").first().operationMetrics["numAddedBytes"]) / 1e3
in_dimension = rewritten("dim_carrier")
costs = pd.DataFrame(cost).T.assign(renamed=[rewritten("wide"), in_dimension, in_dimension])
figure, panels = plt.subplots(1, 4, figsize=(11, 2.8), sharey=True)
for panel, measured in zip(panels, costs):
    bars = panel.barh(costs.index[::-1], costs[measured][::-1], color=["0.9", "0.45", "white"], edgecolor=BLACK)
    panel.bar_label(bars, fmt="{:,.1f}" if measured == "seconds" else "{:,.0f}", padding=3)
    finish(panel, "", measured.replace("renamed", "kB written by a rename"), "").margins(x=.3)
figure.suptitle(f"Fastest: {costs.seconds.idxmin()}, fewest bytes: {costs['kB read'].idxmin()} "
                f"(you guessed {guess['fastest']}, {guess['fewest bytes']})", fontsize=13, fontweight="bold");

# %% [markdown]
# ## When not, and the neighbours
#
# Not a star: an application that reads and writes one flight at a time (keep its row together, in a transactional database);
# sources that change shape every month; models that want raw events. And an aggregate answers only what it was built for: it
# has no aircraft, so *miles by manufacturer* is out of its reach, while the star needs one more join.

# %% [markdown]
# | pattern | differs in | choose it when |
# |---|---|---|
# | One wide table | names in every row, no joins | few people ask, context hardly changes |
# | Snowflake | dimensions normalised into more tables | a dimension is huge; otherwise it only adds joins |
# | Data vault | keeps what each source said | many changing sources must be integrated; put a star on top |
# | Medallion | promises per layer, any model inside | readers need to know what holds; a star makes a good gold layer |

# %% [markdown]
# ## Check yourself
#
# 1. You add a row per flight for its crew. What breaks first?
#    <details><summary>Answer</summary>The grain. A row is no longer one scheduled departure, and every sum counts twice.</details>
# 2. Why is the tail number no key of `dim_aircraft`?
#    <details><summary>Answer</summary>A tail has several versions. A join on it gives a flight once per version.</details>
# 3. A column `is_current` marks the newest version. Is joining on it enough?
#    <details><summary>Answer</summary>No. It gives today's operator to all flights: type 1, with more rows.</details>
# 4. From 03: bronze keeps each message as it came. What if the fact table were the only copy?
#    <details><summary>Answer</summary>A wrong lookup could never be repeated: the careless load above.</details>
# 5. From 03: a report breaks no rule but its airport is unknown. Quarantine?
#    <details><summary>Answer</summary>No. Its measures are right and belong in the sums; give it an inferred member.</details>

# %% [markdown]
# ## Sources
#
# - Kimball Group, [Four-step dimensional design process](https://www.kimballgroup.com/data-warehouse-business-intelligence-resources/kimball-techniques/dimensional-modeling-techniques/four-4-step-design-process/): process, grain, dimensions, facts
# - Ralph Kimball, [Slowly changing dimensions, part 2](https://www.kimballgroup.com/2008/09/slowly-changing-dimensions-part-2/):
#   types 2 and 3, and why surrogate keys are plain numbers
# - Margy Ross, [Design tip 152](https://www.kimballgroup.com/2013/02/design-tip-152-slowly-changing-dimension-types-0-4-5-6-7/):
#   type 6 and the other numbers
# - Kimball Group, [Design tip 128](https://www.kimballgroup.com/2010/10/design-tip-128-selecting-default-values-for-nulls/):
#   members for what is missing, and for what has not happened
# - Delta Lake, [Table deletes, updates, and merges](https://docs.delta.io/delta-update/): what `MERGE` can do
# - M. Powers, [mack](https://github.com/MrPowers/mack): a type 2 load in one call; look for `<>` in its source
