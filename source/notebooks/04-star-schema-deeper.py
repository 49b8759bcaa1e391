# %% [markdown] signature=["MERGE INTO", "ANTI JOIN", "LATERAL VIEW stack", "replaceWhere"]
# # 04 Star schema, deeper: what else can a fact be, and what does a layout cost?
#
# Seven things that the [lesson](04-star-schema.ipynb) left out, each with its proof: yes-or-no marks, a fact that is
# revisited, a fact without a measure, one history read in four ways, a clock that is no key, a load that dies half way, and
# three measured layouts.

# %% [markdown]
# ## Set up
#
# `scene.ready_star` builds the star of the lesson in one go, with the aircraft's history of the year. The flights are those
# of a month; start JupyterLab with `PATTERNLAB_SLICE=year` to see the same on a year, which takes twice as long.

# %% tags=["setup"]
import pandas as pd
from patternlab import bars, dataset, events, faults, kafka, lines, look, measure, prove
from patternlab import spark_session, truth, workspace
from patternlab.patterns.star_schema import scene
spark, broker = spark_session("04-star-schema-deeper"), kafka()
scene.open_schema(spark, workspace("04-star-schema-deeper"))
look(pd.Series(scene.ready_star(spark, "month"), name="rows"))

# %% [markdown]
# The facts are one row per scheduled departure, as in the lesson; the aircraft's versions are those of the year. A star
# that you did not build deserves a check before you lean on it.

# %% tags=["prove-star"]
by_carrier = spark.sql("""
    SELECT carrier, sum(flights) AS flights, sum(departed) AS departed,
        sum(late) AS late, sum(distance) AS miles
    FROM fact_departure JOIN dim_carrier USING (carrier_key) GROUP BY carrier""")
prove("and the star with the published flights",
      by_carrier, truth("carrier_totals", "month"))

# %% [markdown]
# ## Three marks, eight rows
#
# Each fact of this star says yes or no three times: cancelled, diverted, overnight. None of the three is worth a dimension.
# A **junk dimension** takes them together: it has a row for each combination, also for those that nobody has seen yet.

# %% tags=["step-flags"]
spark.sql("""
    CREATE TABLE dim_flags USING delta AS
    WITH yes_no AS (SELECT explode(array(false, true)) AS mark)
    SELECT row_number() OVER (ORDER BY c.mark, d.mark, o.mark) AS flags_key,
        c.mark AS cancelled, d.mark AS diverted, o.mark AS overnight
    FROM yes_no AS c CROSS JOIN yes_no AS d CROSS JOIN yes_no AS o""")
look(spark.table("dim_flags").orderBy("flags_key"))

# %% [markdown]
# The facts look the combination up and keep one key in place of three columns. Compare what the two tables weigh.

# %% tags=["step-flagged"]
spark.sql("""
    CREATE TABLE fact_flagged USING delta AS
    SELECT f.* EXCEPT (cancelled, diverted, overnight), flags_key
    FROM fact_departure AS f JOIN dim_flags USING (cancelled, diverted, overnight)""")
for table in ["fact_departure", "fact_flagged"]:
    size = spark.sql(f"DESCRIBE DETAIL {table}").first().sizeInBytes
    print(f"{table}: {len(spark.table(table).columns)} columns, {size / 1e6:.2f} MB")

# %% [markdown]
# In a columnar file the saving is small: marks that hardly ever change compress to nearly nothing. What you gain is a table
# of the marks, to which a fourth can be added, with a name for each combination, and no fact is touched by the names.

# %% tags=["prove-flags"]
flagged = spark.sql("""
    SELECT cancelled, diverted, overnight, count(*) AS flights
    FROM fact_flagged JOIN dim_flags USING (flags_key)
    GROUP BY cancelled, diverted, overnight""")
lost = spark.table("fact_flagged").join(spark.table("dim_flags"), "flags_key", "anti")
prove("every key of the marks resolves", lost.count(), 0)
prove("the marks are those of the published flights",
      flagged, truth("flag_counts", "month"))

# %% [markdown]
# ## A row that is revisited
#
# A transaction fact is written once. An **accumulating snapshot** is revisited: one row per departure, a column per
# milestone, filled in as events come. Follow the first day of the slice. Its events are on a topic of their own.

# %% tags=["step-life"]
day = spark.sql("SELECT min(scheduled_date) FROM departures").first()[0]
sent = broker.feed("lifecycle-04", events("lifecycle", (day, day)))
messages = spark.read.format("kafka").options(**broker.options("lifecycle-04")).load()
event = """from_json(string(value),
    'key STRING, kind STRING, origin STRING, occurred TIMESTAMP') AS event"""
life = messages.selectExpr("offset", event).select("offset", "event.*")
print(f"{sent:,} events of {day:%d %B %Y}")
look(life, 3)

# %% [markdown]
# The events of one flight become one row with a column per milestone. The first one of a flight inserts it, later ones fill
# what is still empty, and what is filled stays. Take half of the log in, then all of it.

# %% tags=["step-milestones"]
spark.sql("""
    CREATE TABLE snapshot_departure
    (key STRING, origin STRING, departed TIMESTAMP, arrived TIMESTAMP, ended TIMESTAMP)
    USING delta""")


def milestones(told):
    """One row per flight from these events; NULL for what is not among them."""
    return spark.sql("""
        SELECT key, origin, max(IF(kind = 'departed', occurred, NULL)) AS departed,
            max(IF(kind = 'arrived', occurred, NULL)) AS arrived,
            max(IF(kind NOT IN ('scheduled', 'departed'), occurred, NULL)) AS ended
        FROM {told} GROUP BY key, origin""", told=told)


look(milestones(life.where(f"offset < {sent // 2}")), 3)

# %% tags=["step-accumulate"]
def accumulate(told):
    """Take these events in; returns where the day's flights are now."""
    spark.sql("""
        MERGE INTO snapshot_departure AS old USING {new} AS new ON old.key = new.key
        WHEN MATCHED THEN UPDATE SET departed = coalesce(old.departed, new.departed),
            arrived = coalesce(old.arrived, new.arrived),
            ended = coalesce(old.ended, new.ended)
        WHEN NOT MATCHED THEN INSERT *""", new=milestones(told))
    return spark.sql("""
        SELECT count(*) AS scheduled, count(departed) AS departed,
            count_if(departed IS NOT NULL AND ended IS NULL) AS in_the_air,
            count(arrived) AS arrived FROM snapshot_departure""").first().asDict()


half = accumulate(life.where(f"offset < {sent // 2}"))
whole = accumulate(life.where(f"offset >= {sent // 2}"))
look([half, whole])

# %% [markdown]
# After half of the log some flights are in the air: departed, and not ended. Between the two loads their rows changed,
# which no transaction fact does. At the end the milestones are those of the day.

# %% tags=["prove-snapshot"]
stood = spark.sql("""
    SELECT count(*) AS scheduled, count(departed) AS departed, count(arrived) AS arrived
    FROM snapshot_departure""").first().asDict()
happened = truth("conservation", (day, day))
prove("the snapshot has the day's milestones",
      stood, {name: happened[name] for name in stood})

# %% [markdown]
# ## A stock, and how to add it up
#
# *In the air* is a stock, like a bank balance. Such a measure is **semi-additive**: the origins of one moment add up.
# Moments do not, since a flight is in the air at several of them.

# %% tags=["figure-airborne"]
airborne = spark.sql("""
    WITH hours AS (
        SELECT explode(sequence(date_trunc('HOUR', min(departed)), max(ended),
            INTERVAL 1 HOUR)) AS hour
        FROM snapshot_departure WHERE departed IS NOT NULL)
    SELECT hour, origin, count(*) AS flights
    FROM hours JOIN snapshot_departure ON departed <= hour AND ended > hour
    GROUP BY hour, origin ORDER BY hour""").toPandas()
by_origin = airborne.pivot(index="hour", columns="origin", values="flights").fillna(0)
total = by_origin.sum(axis=1)
lines({"all origins": total, **by_origin.to_dict("series")},
      f"At most {total.max():.0f} flights are in the air at once",
      "time (UTC)", "flights in the air");

# %% [markdown]
# Over time take the largest total, or the mean of the totals. The sum over the hours counts a flight once for each hour
# that it flies; and the largest numbers of the origins need not fall on one hour.

# %% tags=["step-semi-additive"]
print(f"aircraft that took off: {stood['departed']:,}")
print(f"summed over the hours (wrong): {total.sum():,.0f}")
print(f"largest total: {total.max():,.0f}; the origins' largest, added (wrong): "
      f"{by_origin.max().sum():,.0f}")

# %% tags=["prove-stock"]
moment = f"TIMESTAMP'{total.idxmax():%Y-%m-%d %H:%M}'"
in_the_air = spark.table("snapshot_departure").where(
    f"departed <= {moment} AND ended > {moment}")
prove("at one moment the origins add up to all that fly",
      int(total.max()), in_the_air.count())

# %% [markdown]
# ## What did not happen
#
# A **warehouse** holds the atomic facts once, for everybody; a mart is a cut for one team. Marts made with the same
# **conformed** dimensions can be compared. Planning gets a row per route and day, operations gets the flights that flew.

# %% tags=["step-marts"]
ROUTE = "scheduled_date_key, carrier_key, origin_airport_key, dest_airport_key"
spark.sql(f"""
    CREATE TABLE mart_routes USING delta AS
    SELECT {ROUTE}, sum(flights) AS flights, sum(distance) AS miles
    FROM fact_departure GROUP BY {ROUTE}""")
spark.sql(f"""
    CREATE TABLE mart_punctuality USING delta AS
    SELECT {ROUTE}, departed, dep_delay, late FROM fact_departure WHERE departed = 1""")
for mart in ["mart_routes", "mart_punctuality"]:
    print(f"{mart}: {spark.table(mart).count():,} rows")

# %% [markdown]
# The first mart knows what was planned, the second what happened. Which routes were served on a day, and nobody flew? What
# did not happen has no row among the flights that flew, so no measure of theirs can answer. A **factless fact** has keys
# and nothing else: it remembers what was on offer.

# %% tags=["step-factless"]
spark.sql(f"""
    CREATE TABLE fact_served USING delta AS
    SELECT DISTINCT {ROUTE} FROM fact_departure""")
nobody_flew = spark.sql(f"""
    SELECT * FROM fact_served ANTI JOIN mart_punctuality USING ({ROUTE})""")
served, grounded = spark.table("fact_served").count(), nobody_flew.count()
print(f"{served:,} routes served on a day; on {grounded:,} nobody flew, for example:")
look(spark.sql("""
    SELECT date, carrier_name, o.faa AS origin, d.faa AS dest FROM {idle}
    JOIN dim_date ON date_key = scheduled_date_key JOIN dim_carrier USING (carrier_key)
    JOIN dim_airport AS o ON o.airport_key = origin_airport_key
    JOIN dim_airport AS d ON d.airport_key = dest_airport_key
    ORDER BY 1, 2, 3, 4""", idle=nobody_flew), 3)

# %% [markdown]
# To **drill across** is to sum each mart by the dimension that they share, and to join the sums. Joining the rows first
# would count one side several times.

# %% tags=["prove-marts"]
drilled = spark.sql("""
    WITH planned AS (
        SELECT carrier_key, sum(flights) AS flights, sum(miles) AS miles
        FROM mart_routes GROUP BY carrier_key),
    flown AS (
        SELECT carrier_key, sum(departed) AS departed, sum(late) AS late
        FROM mart_punctuality GROUP BY carrier_key)
    SELECT carrier, flights, coalesce(departed, 0) AS departed,
        coalesce(late, 0) AS late, miles
    FROM planned LEFT JOIN flown USING (carrier_key)
    JOIN dim_carrier USING (carrier_key)""")
prove("two marts, drilled across by carrier, agree with the star", drilled, by_carrier)
prove("routes served, and nobody flew",
      {"served": served, "grounded": grounded}, truth("routes_served", "month"))

# %% [markdown]
# ## One history, four readings
#
# **Type 1** overwrites, **type 2** adds a row, **type 3** keeps one column with the value before. **Type 6** is type 2 with
# today's value on every version: all four can be read from it, because it forgets nothing.

# %% tags=["step-types"]
spark.sql("""
    CREATE OR REPLACE TEMP VIEW aircraft_6 AS
    SELECT aircraft_key, tailnum, operator, valid_from,
        min_by(operator, valid_from) OVER tail AS operator_before,
        max_by(operator, valid_from) OVER tail AS operator_today,
        count(*) OVER tail AS versions
    FROM dim_aircraft WINDOW tail AS (PARTITION BY tailnum)""")
changed = spark.table("aircraft_6").where("versions > 1")
look(changed.orderBy("tailnum", "valid_from"), 4)

# %% [markdown]
# Count the flights of aircraft that changed operator, by what each type remembers: the same flights, read in three ways.

# %% tags=["step-scd-types"]
readings = spark.sql("""
    SELECT reading, by_operator AS operator, count(*) AS flights
    FROM fact_departure JOIN aircraft_6 USING (aircraft_key)
    LATERAL VIEW stack(3, 'type 1', operator_today, 'type 2', operator,
        'type 3', operator_before) AS reading, by_operator
    WHERE versions > 1 GROUP BY reading, by_operator""").toPandas()
print(f"{readings.flights.sum() // 3:,} flights of aircraft that changed operator")
by_type = readings.pivot(index="operator", columns="reading", values="flights")
look(by_type.fillna(0).astype(int).sort_index())

# %% [markdown]
# Type 3 counts by the operator before, and type 1 by today's. Before a change types 2 and 3 agree, after it types 1 and 2 do.
# Only type 2 knows at any time who flew. A question about the past needs
# type 2, a question about today's fleet needs type 1, and type 6 answers both from one table.

# %% tags=["prove-types"]
prove("each type counts as it remembers", readings, truth("operator_readings", "month"))

# %% [markdown]
# ## A clock that is no key
#
# The weather file has one row per airport and hour: `hour` on the local clock, `time_hour` in UTC. Somebody takes the hour
# of a UTC time and looks it up under `hour`.

# %% tags=["break-weather-hour"]
weather = spark.read.parquet(dataset("weather", "month"))
weather.withColumnRenamed("time_hour", "observed").createOrReplaceTempView("weather")
found = spark.sql("""
    SELECT 'UTC hour taken for local' AS lookup, count(*) AS flights_with_weather,
        count_if(observed <> time_hour) AS of_another_hour
    FROM departures AS f JOIN weather AS w ON w.origin = f.origin AND w.year = f.year
        AND w.month = f.month AND w.day = f.day AND w.hour = hour(f.time_hour)
    UNION ALL
    SELECT 'same moment in UTC', count(*), count_if(observed <> time_hour)
    FROM departures AS f JOIN weather AS w
        ON w.origin = f.origin AND observed = time_hour""")
found = found.toPandas().set_index("lookup")
look(found)

# %% [markdown]
# Both lookups find weather for most flights, and the first finds that of another hour. A key needs the same clock on both
# sides. It also needs a clock that never repeats, and the local one does, in the night when clocks go back.

# %% tags=["prove-clock"]
repeated = spark.sql("""
    SELECT origin FROM weather GROUP BY origin, year, month, day, hour
    HAVING count(*) > 1""").count()
dirt, happened = truth("weather_dirt", "month"), truth("conservation", "month")
moment = found.loc["same moment in UTC"].to_dict()
prove("each flight has the weather of its own moment, where there is any", moment, {
    "flights_with_weather": happened["scheduled"] - dirt["flights_without"],
    "of_another_hour": 0})
prove("the local hours that occur twice, when clocks go back",
      repeated, dirt["repeated_local"])

# %% [markdown]
# ## A load that dies half way
#
# Tonight's facts come in parts, one per airport. The load dies when its first part is written, and the scheduler starts it
# again. First the load that appends.

# %% tags=["break-retry"]
tonight = spark.table("fact_departure").where(f"scheduled_date_key = {day:%Y%m%d}")
parts = [row[0] for row in tonight.select("origin_airport_key").distinct().collect()]


def run_with_retry(write):
    """Write every part; the first run crashes after one part, and is repeated."""
    for crash in [faults.crash_after(1), faults.crash_after(99)]:
        try:
            for part in parts:
                write(tonight.where(f"origin_airport_key = {part}"), part)
                crash()
        except faults.Crash as crashed:
            print(crashed)


def append(facts, part):
    facts.write.format("delta").mode("append").saveAsTable("appended")


run_with_retry(append)
print(f"{tonight.count():,} facts tonight, {spark.table('appended').count():,} written")

# %% [markdown]
# The part that was written before the crash is there twice. Let a load *replace* its part instead, and a retry is harmless,
# however often it happens.

# %% tags=["break-retry-repaired"]
def replace(facts, part):
    writer = facts.write.format("delta").mode("overwrite")
    writer = writer.option("replaceWhere", f"origin_airport_key = {part}")
    writer.saveAsTable("replaced")


run_with_retry(replace)
print(f"{tonight.count():,} facts tonight, {spark.table('replaced').count():,} written")

# %% tags=["prove-retry"]
prove("after a crash and a retry each fact of the night is there once",
      spark.table("replaced"), tonight)

# %% [markdown]
# ## Three layouts, five questions
#
# The same facts in three layouts, all columnar: the star; one **wide** table with every name in every row; and a small
# **aggregate** per day, carrier and origin. Which answers five business questions fastest, and which reads the fewest
# bytes? Write it down.

# %% tags=["predict"]
guess = {"fastest": "star", "fewest bytes": "star"}     # wide, star or aggregate
print(guess)

# %% tags=["step-layouts"]
spark.sql("""
    CREATE TABLE wide USING delta AS
    SELECT f.*, s.weekday, s.month, o.faa, o.name AS origin_name, d.faa AS dest,
        d.name AS dest_name, carrier, carrier_name, tailnum, operator, manufacturer
    FROM fact_departure AS f JOIN dim_date AS s ON s.date_key = scheduled_date_key
    JOIN dim_airport AS o ON o.airport_key = origin_airport_key
    JOIN dim_airport AS d ON d.airport_key = dest_airport_key
    JOIN dim_carrier USING (carrier_key) JOIN dim_aircraft USING (aircraft_key)""")
spark.sql("""
    CREATE TABLE aggregate USING delta AS
    SELECT scheduled_date_key, carrier_key, origin_airport_key, sum(flights) AS flights,
        sum(late) AS late, sum(departed) AS departed, sum(dep_delay) AS dep_delay,
        sum(distance) AS distance
    FROM fact_departure GROUP BY scheduled_date_key, carrier_key, origin_airport_key""")
LAYOUTS = {"wide": "wide", "star": "fact_departure", "aggregate": "aggregate"}
look(pd.Series({layout: spark.table(table).count() for layout, table in LAYOUTS.items()},
               name="rows"))

# %% [markdown]
# The five questions are the same word for word in each layout. Only what stands after FROM differs: the wide table needs no
# join.

# %% tags=["step-questions"]
DATE = "JOIN dim_date ON date_key = scheduled_date_key"
ORIGIN = "JOIN dim_airport ON airport_key = origin_airport_key"
CARRIER = "JOIN dim_carrier USING (carrier_key)"
QUESTIONS = {
    "carrier_name, round(sum(dep_delay) / sum(departed), 6) AS mean_delay": CARRIER,
    "weekday, sum(flights - departed) AS cancelled": DATE,
    "month, faa, sum(flights) AS flights": f"{DATE} {ORIGIN}",
    "carrier_name, weekday, sum(distance) AS miles": f"{DATE} {CARRIER}",
    "faa, round(sum(late) / sum(departed), 6) AS share_late": ORIGIN}


def queries(layout):
    """The five questions to one layout, as SQL."""
    asked = []
    for what, joins in QUESTIONS.items():
        needed = "" if layout == "wide" else joins
        asked.append(f"SELECT {what} FROM {LAYOUTS[layout]} {needed} GROUP BY ALL")
    return asked


print(queries("aggregate")[2])

# %% [markdown]
# A query opens only the columns that it names: that is what **OLAP** engines are made for. `scene.read_by` asks the plan
# which columns those are, and adds up their bytes in the footers of the files.

# %% tags=["step-five-questions"]
answers, cost = {}, {}
for layout in LAYOUTS:
    five = queries(layout)
    files, size = scene.read_by(spark, five)
    with measure(f"five questions, {layout}") as asked:
        answers[layout] = [sorted(spark.sql(query).collect(), key=str) for query in five]
    cost[layout] = {"seconds": asked.seconds, "files": files, "kB read": size / 1000}
look(pd.DataFrame(cost).T, text="{:,.2f}")

# %% [markdown]
# Three layouts, one set of answers: that they agree comes before which one is fast.

# %% tags=["prove-layouts"]
prove("the star gives the wide table's five answers", answers["star"], answers["wide"])
prove("and so does the aggregate", answers["aggregate"], answers["wide"])

# %% [markdown]
# Repeated names compress well in columns, so a wide table reads about as little as a star, or less. But reading says nothing
# about change. Rename one carrier in each layout, and ask the table's history what had to be written.

# %% tags=["figure-layouts"]
def rewritten(table):
    """Rename a carrier in this table; returns the kilobytes written for it."""
    spark.sql(f"UPDATE {table} SET carrier_name = 'United' WHERE carrier = 'UA'")
    last = spark.sql(f"DESCRIBE HISTORY {table} LIMIT 1").first()
    return int(last.operationMetrics["numAddedBytes"]) / 1000


in_dimension = rewritten("dim_carrier")
renamed = {"wide": rewritten("wide"), "star": in_dimension, "aggregate": in_dimension}
read = {layout: cost[layout]["kB read"] for layout in cost}
bars({"read by five questions": read, "written by a rename": renamed},
     "A rename writes a wide table anew, and one small file of a star", "kB", log=True);

# %% tags=["step-guess"]
costs = pd.DataFrame(cost).T
look([{"": "you guessed", **guess},
      {"": "measured", "fastest": costs["seconds"].idxmin(),
       "fewest bytes": costs["kB read"].idxmin()}])

# %% [markdown]
# An aggregate answers only what it was built for: it has no aircraft, so *miles by manufacturer* is out of its reach, while
# the star needs one more join.
#
# Back to the [lesson](04-star-schema.ipynb), or on to the [lab](../labs/04-star-schema.ipynb), whose last exercise builds a
# snapshot that any order of events fills.
