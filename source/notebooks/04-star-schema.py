# %% [markdown] signature=["MERGE INTO", "row_number()", "valid_from", "JOIN dim_date AS planned"]
# # 04 Star schema: what is one row, and what was true of its context when it happened?
#
# ![One fact table with keys to dates, airports, carriers and aircraft](pictures/04-star-schema.svg)

# %% [markdown]
# ## In one minute
#
# | | |
# |---|---|
# | **Promise** | One fact table says what happened, at a grain that you declare. Dimensions say who, where and when, as it was at that moment. A question is a join on keys, a group and a sum. |
# | **Price** | You decide in advance what one row is, and which history is worth keeping. Every load looks up keys. |
# | **When not** | Sources change shape every month, or the work is many small writes. |

# %% [markdown]
# ## Set up
#
# Spark, a Kafka broker, and an empty schema for the tables. `scene` is the world around this notebook: the airlines that
# report their flights, and three files that describe carriers, airports and aircraft.

# %% tags=["setup"]
import matplotlib.pyplot as plt
from patternlab import bars, kafka, look, measure, prove, scoreboard, timeline
from patternlab import spark_session, truth, workspace
from patternlab.patterns.star_schema import scene
spark, broker = spark_session("04-star-schema"), kafka()
scene.open_schema(spark, workspace("04-star-schema"))

# %% [markdown]
# ## Look at the data
#
# Six flights of three aircraft. Follow `N933AT` down the rows: carrier FL flies it twice, then DL does. It is the same
# machine under a new operator, and nothing in the rows says that anything changed.

# %% tags=["look-toy"]
toy_flights = spark.sql("""
    SELECT * FROM VALUES
        (2013, 'N933AT', 'FL', TIMESTAMP'2013-03-01 12:00', 397),
        (2013, 'N14228', 'UA', TIMESTAMP'2013-03-02 12:00', 1400),
        (2013, 'N933AT', 'FL', TIMESTAMP'2013-03-03 12:00', 397),
        (2013, 'N933AT', 'DL', TIMESTAMP'2013-03-04 12:00', 762),
        (2013, 'N705TW', 'DL', TIMESTAMP'2013-03-05 12:00', 2475),
        (2013, 'N14228', 'UA', TIMESTAMP'2013-03-06 12:00', 1416)
        AS flights(year, tailnum, carrier, scheduled, distance)""")
look(toy_flights)

# %% [markdown]
# Now the real feed. The airlines' operational systems publish one JSON message per flight, and it holds everything about
# *that* flight. For a system that handles one flight at a time this is the right shape.

# %% tags=["look-topic"]
reported = broker.feed("reports-04", scene.reports("month"), partitions=2)
print(f"{reported:,} reports on the topic; the first one:")
print(broker.peek("reports-04", 1)["value"][0])

# %% [markdown]
# First of all the messages land in a Delta table, unchanged: a row per message, with its address. Everything below reads this
# table.

# %% tags=["look-reports"]
messages = spark.read.format("kafka").options(**broker.options("reports-04")).load()
messages.createOrReplaceTempView("messages")

with measure("reports land") as landed:
    spark.sql(f"""
        CREATE TABLE reports USING delta AS
        SELECT partition, offset, report.* FROM (
            SELECT *, from_json(string(value), '{scene.REPORT}') AS report
            FROM messages)""")
    landed.rows = reported
reports = spark.table("reports")
look(reports.drop("key", "year", "departed_date", "arr_delay"), 4)

# %% [markdown]
# ## The naive way
#
# Somebody asks for miles by manufacturer. The file of aircraft knows manufacturers, so you join it: on `tailnum`, or, with
# less typing, on every column name that both tables have. On the toy both joins keep all six flights.

# %% tags=["step-naive-toy"]
toy_planes = spark.sql("""
    SELECT * FROM VALUES
        (2013, 'N933AT', 'BOEING'),
        (2013, 'N14228', 'BOEING'),
        (2013, 'N705TW', 'BOEING')
        AS planes(year, tailnum, manufacturer)""")

by_tail = toy_flights.join(toy_planes, "tailnum").count()
by_names = toy_flights.join(toy_planes, ["tailnum", "year"]).count()
print(f"joined on tailnum: {by_tail}, joined on tailnum and year: {by_names}")

# %% [markdown]
# The same two joins on the real flights. Nothing warns you: both results are tidy tables.

# %% tags=["break-naive-joins"]
planes = spark.table("planes")
kept = {"reported": reported,
        "joined on tailnum": reports.join(planes, "tailnum").count(),
        "joined on tailnum and year": reports.join(planes, ["tailnum", "year"]).count()}
print(kept)
bars(kept, "Both joins lose flights, and neither says so", "flights in the result",
     hatch=["joined on tailnum", "joined on tailnum and year"]);

# %% [markdown]
# The file does not know every aircraft, so the first join drops flights. And `year` is the year of the flight in one table,
# and the year in which the aircraft was built in the other: the second join keeps brand-new aircraft only.

# %% [markdown]
# ## Build it
#
# A star takes four decisions, in this order: the **process**, the **grain** of its rows, the **dimensions** around it, the
# **facts** in it. The process here is *departing from New York*.

# %% [markdown]
# ### Step 1: say what one row is
#
# The grain is a sentence: *one row per scheduled departure*, cancelled ones too. The sentence has to be a key, so test it.
# Date, carrier and flight number look like one; so do these three with the origin. `truth` counts over the year what each
# would mix up, and Spark counts the values here.

# %% tags=["step-grain"]
repeated = truth("grain", scene.YEAR)
print("rows of the year that repeat another one without the origin: "
      f"{repeated['without_origin']:,}, with it: {repeated['with_origin']:,}")
look(spark.sql("""
    SELECT count(*) AS reports,
        count(DISTINCT scheduled_date, carrier, flight, origin) AS with_origin
    FROM reports"""))

# %% [markdown]
# In a small sample the three columns may well be unique. Over the year they fail: now and then a carrier gives one number to
# two departures of a day, from two airports. With `origin` there are as many values as reports. That is the grain.

# %% [markdown]
# ### Step 2: dimensions that stand still
#
# A dimension row gets a **surrogate key**: a number without meaning, so that it never has to change. Only the calendar's
# key may be read. One extra row, -2, stands for *did not happen*: a cancelled flight points at it, and no fact has a NULL
# for a key.

# %% tags=["step-date"]
spark.sql("""
    CREATE TABLE dim_date USING delta AS
    WITH days AS (
        SELECT explode(sequence(
            min(scheduled_date), max(scheduled_date) + INTERVAL 1 DAY)) AS date
        FROM reports)
    SELECT int(date_format(date, 'yyyyMMdd')) AS date_key, date,
        date_format(date, 'EEEE') AS weekday
    FROM days
    UNION ALL SELECT -2, NULL, 'did not happen'""")
look(spark.sql("SELECT * FROM dim_date ORDER BY date_key"), 4)

# %% [markdown]
# Other keys are counted, in any order that repeats. The extra row here is -1, the **unknown member**, for a fact whose
# carrier nobody can name.

# %% tags=["step-carrier"]
spark.sql("""
    CREATE TABLE dim_carrier USING delta AS
    SELECT row_number() OVER (ORDER BY carrier) AS carrier_key,
        carrier, name AS carrier_name
    FROM airlines
    UNION ALL SELECT -1, '?', 'unknown'""")
look(spark.sql("SELECT * FROM dim_carrier ORDER BY carrier_key"), 4)

# %% [markdown]
# Some flights go to airports that the file lacks. Each such code becomes an **inferred member**: a row of its own, to be
# filled in when somebody describes it. So no flight has to wait for its context.

# %% tags=["step-airport"]
spark.sql("""
    CREATE TABLE dim_airport USING delta AS
    WITH used AS (SELECT origin AS faa FROM reports UNION SELECT dest FROM reports),
    members AS (
        SELECT faa, name, true AS known FROM airports
        UNION ALL SELECT faa, 'not in the file yet', false
        FROM used ANTI JOIN airports USING (faa))
    SELECT row_number() OVER (ORDER BY faa) AS airport_key, * FROM members""")
look(spark.sql("SELECT * FROM dim_airport WHERE NOT known"))

# %% [markdown]
# ### Step 3: the dimension that moves
#
# An aircraft keeps its number and changes its operator. A **type 2** dimension adds a row for each change, which holds from
# `valid_from` up to, and not including, `valid_to`. A version begins where the operator differs from the sighting before.
# Here is the rule, on the toy.

# %% tags=["step-versions"]
VERSIONS = """
    WITH marked AS (
        SELECT *, row_number() OVER tail AS nth, lag(operator) OVER tail AS before
        FROM {sightings} WINDOW tail AS (PARTITION BY tailnum ORDER BY seen, operator))
    SELECT tailnum, operator, seen AS valid_from,
        lead(seen, 1, TIMESTAMP'2200-01-01')
            OVER (PARTITION BY tailnum ORDER BY seen, operator) AS valid_to
    FROM marked
    WHERE nth = 1 OR NOT operator <=> before"""

toy_seen = toy_flights.selectExpr("tailnum", "carrier AS operator", "scheduled AS seen")
look(spark.sql(VERSIONS, sightings=toy_seen).orderBy("tailnum", "valid_from"))

# %% [markdown]
# `N933AT` has two rows, and they meet without a gap. The year 2200 marks a version that is still open.
#
# Now the fleet. The register of aircraft is read once a month; `seen` is when the operator was first seen in it. The first
# load takes the months up to June, and adds keys, manufacturers and the unknown member.

# %% tags=["step-aircraft"]
register = spark.createDataFrame(scene.registry())
until_june = register.where("seen < '2013-07-01'")
spark.sql("""
    CREATE TABLE dim_aircraft USING delta AS
    SELECT row_number() OVER (ORDER BY tailnum, valid_from) AS aircraft_key, v.*,
        coalesce(manufacturer, 'not in the file yet') AS manufacturer
    FROM {versions} AS v LEFT JOIN planes USING (tailnum)
    UNION ALL SELECT -1, 'unknown', '?', TIMESTAMP'1900-01-01',
        TIMESTAMP'2200-01-01', 'unknown'
    """, versions=spark.sql(VERSIONS, sightings=until_june))
look(spark.table("dim_aircraft").where("tailnum IN ('N933AT', 'N200PQ')"))

# %% [markdown]
# `N200PQ` changed hands in May, so it has two versions. `N933AT` has one, and it is open: nobody can know yet that it will
# be sold.
#
# July to December come later. An open version is then the oldest sighting that counts. Put it in front of the new
# sightings, and apply the same rule.

# %% tags=["step-later"]
known = spark.sql("""
    SELECT tailnum, operator, valid_from AS seen FROM dim_aircraft
    WHERE valid_to = TIMESTAMP'2200-01-01'
    UNION ALL SELECT * FROM {later}""", later=register.where("seen >= '2013-07-01'"))
found = spark.sql(VERSIONS, sightings=known)
found.createOrReplaceTempView("found")
look(found.where("tailnum IN ('N933AT', 'N200PQ')").orderBy("tailnum", "valid_from"))

# %% [markdown]
# The open version of `N933AT` now ends where the new one begins. One `MERGE` brings what was found into the table: it
# closes the versions that ended, and adds those that began.

# %% tags=["step-merge"]
with measure("aircraft dimension, second load") as merged:
    done = spark.sql("""
        MERGE INTO dim_aircraft AS old USING (
            SELECT found.*,
                coalesce(manufacturer, 'not in the file yet') AS manufacturer,
                last + row_number() OVER (ORDER BY tailnum, valid_from) AS aircraft_key
            FROM found LEFT JOIN planes USING (tailnum)
            JOIN (SELECT max(aircraft_key) AS last FROM dim_aircraft)) AS new
        ON old.tailnum = new.tailnum AND old.valid_from = new.valid_from
        WHEN MATCHED AND old.valid_to <> new.valid_to
            THEN UPDATE SET valid_to = new.valid_to
        WHEN NOT MATCHED THEN INSERT *""").first()
    merged.rows = done.num_affected_rows
print(f"closed: {done.num_updated_rows}, added: {done.num_inserted_rows}")

# %% [markdown]
# ### Step 4: the facts, and a mart
#
# Look up every key, then drop the names. The aircraft's lookup asks for the version that held *at that moment*: a
# **point-in-time join**. Measures are parts that add up. `flight_number` has no attributes of its own, so it stays as it is.

# %% tags=["step-facts"]
with measure("facts look up their keys") as looked_up:
    spark.sql("""
        CREATE TABLE fact_departure USING delta AS
        SELECT planned.date_key AS scheduled_date_key,
            coalesce(actual.date_key, -2) AS departed_date_key,
            o.airport_key AS origin_airport_key, d.airport_key AS dest_airport_key,
            coalesce(carrier_key, -1) AS carrier_key,
            coalesce(aircraft_key, -1) AS aircraft_key, flight AS flight_number,
            1 AS flights, int(departed IS NOT NULL) AS departed, distance,
            int(coalesce(dep_delay > 15, false)) AS late, arr_delay
        FROM reports AS r JOIN dim_date AS planned ON planned.date = scheduled_date
        LEFT JOIN dim_date AS actual ON actual.date = departed_date
        JOIN dim_airport AS o ON o.faa = origin JOIN dim_airport AS d ON d.faa = dest
        LEFT JOIN dim_carrier AS c ON c.carrier = r.carrier
        LEFT JOIN dim_aircraft AS a ON a.tailnum = r.tailnum
            AND scheduled >= valid_from AND scheduled < valid_to""")
    looked_up.rows = reported
look(spark.table("fact_departure").drop("departed_date_key", "arr_delay"), 3)

# %% [markdown]
# A question is now a join on keys, a group and a sum. Here the one calendar is joined twice, in two **roles**: the day that
# was planned, and the day on which the flight left. Which flights left on another day than planned?

# %% tags=["step-roles"]
look(spark.sql("""
    SELECT planned.weekday AS planned_for, actual.weekday AS left_on,
        sum(flights) AS flights, sum(distance) AS miles
    FROM fact_departure
    JOIN dim_date AS planned ON planned.date_key = scheduled_date_key
    JOIN dim_date AS actual ON actual.date_key = departed_date_key
    WHERE departed = 1 AND scheduled_date_key <> departed_date_key
    GROUP BY ALL ORDER BY flights DESC, planned_for LIMIT 4"""))

# %% [markdown]
# A **mart** is a cut of the star for one team, with the same dimensions. Punctuality gets a row per day and carrier, and of
# every mean only its parts: a count and a sum. A view is enough here; a large one would be a table.

# %% tags=["step-mart"]
spark.sql("""
    CREATE OR REPLACE TEMP VIEW mart_punctuality AS
    SELECT scheduled_date_key, carrier_key, sum(flights) AS flights,
        sum(departed) AS departed, sum(late) AS late, sum(distance) AS miles,
        count(arr_delay) AS arrivals, sum(arr_delay) AS minutes
    FROM fact_departure GROUP BY scheduled_date_key, carrier_key""")
look(spark.table("mart_punctuality").orderBy("scheduled_date_key", "carrier_key"), 3)

# %% [markdown]
# ## See it
#
# These are the versions of all aircraft that changed operator in the year. Diamonds are flights of the slice. Each lies in
# one bar, and the row behind that bar is the one that its fact points at.

# %% tags=["figure-versions"]
moved = spark.sql("""
    SELECT tailnum, valid_from, least(valid_to, TIMESTAMP'2014-01-01') AS until,
        operator, count(*) OVER tail AS versions, max(valid_from) OVER tail AS changed
    FROM dim_aircraft WINDOW tail AS (PARTITION BY tailnum)""")
moved = moved.where("versions > 1").orderBy("changed", "valid_from").toPandas()
flown = spark.sql("""
    SELECT tailnum, scheduled, '' AS said FROM reports WHERE tailnum IN (
        SELECT tailnum FROM dim_aircraft GROUP BY tailnum HAVING count(*) > 1)""")

spans = moved[["tailnum", "valid_from", "until", "operator"]].values
title = f"{moved.tailnum.nunique()} aircraft changed operator, each once"
timeline(spans, title, "scheduled departure (UTC)", points=flown.toPandas().values,
         ax=plt.subplots(figsize=(9, 6.5))[1]);

# %% [markdown]
# ## Predict
#
# Suppose the dimension kept no history: one row per aircraft, with its newest operator (**type 1**). How many flights of
# the slice would be booked to an airline that did not fly them? Write it down; nobody grades it.

# %% tags=["predict"]
guess = 100
print(f"You think that {guess:,} flights would go to the wrong airline.")

# %% [markdown]
# ## Break it
#
# **A change that compares to nothing.** An aircraft is sold, and for a while it has no operator: NULL. Many loaders look for
# changes with `new <> old`. With NULL on one side that is neither true nor false, and the row is passed over.

# %% tags=["break-null-blind"]
newest = spark.sql("""
    SELECT tailnum, operator, valid_from AS seen FROM dim_aircraft
    WHERE valid_to = TIMESTAMP'2200-01-01' AND aircraft_key > 0
    ORDER BY tailnum LIMIT 1""")
sale = newest.selectExpr("tailnum", "string(NULL)", "TIMESTAMP'2014-01-01'")

blind = VERSIONS.replace("NOT operator <=> before", "operator <> before")
look(spark.sql(blind, sightings=newest.union(sale)))

# %% [markdown]
# One version, and it is still open: by this rule the old operator flies the aircraft today. `<=>` takes NULL for a value
# like any other, and step 3 compares with it.

# %% tags=["break-null-repaired"]
look(spark.sql(VERSIONS, sightings=newest.union(sale)))

# %% [markdown]
# The sale ends the old version, and NULL has one of its own.
#
# **A dimension row that comes late.** The file of airports lacks San Juan. A careless load sends such flights to an unknown
# airport,
# -1; ours inferred a member for each code. Weeks later somebody describes San Juan.

# %% tags=["break-late-row"]
facts = spark.table("fact_departure").toPandas()
inferred = facts.dest_airport_key
undescribed = spark.table("dim_airport").where("NOT known").toPandas().airport_key
careless = inferred.mask(inferred.isin(undescribed), -1)

spark.sql("""
    UPDATE dim_airport SET name = 'Luis Munoz Marin International', known = true
    WHERE faa = 'SJU'""")
look(spark.table("dim_airport").where("faa = 'SJU'"))

# %% [markdown]
# One row of the dimension has changed, and no fact was touched. Which flights to San Juan does each load have now?

# %% tags=["break-late-found"]
san_juan = spark.table("dim_airport").where("faa = 'SJU'").first().airport_key
for load, keys in {"careless load": careless, "inferred members": inferred}.items():
    print(f"{load}: {(keys == san_juan).sum():,} to San Juan, "
          f"{(keys == -1).sum():,} to nobody knows where")

# %% [markdown]
# The careless facts have lost the code. Only a new load from the reports could bring it back.

# %% [markdown]
# ## Looks right, not so fast
#
# The mean arrival delay of each carrier is a fine table, and each row of it is right. Now somebody averages the column, to
# get the mean of all flights.

# %% tags=["break-mean-of-means"]
by_carrier = spark.sql("""
    SELECT carrier_name, sum(arrivals) AS arrivals, sum(minutes) AS minutes,
        sum(minutes) / sum(arrivals) AS mean_delay
    FROM mart_punctuality JOIN dim_carrier USING (carrier_key)
    GROUP BY ALL HAVING sum(arrivals) > 0 ORDER BY arrivals DESC""").toPandas()
mean_of_means = by_carrier.mean_delay.mean()
mean_of_flights = by_carrier.minutes.sum() / by_carrier.arrivals.sum()
print(f"mean of the means: {mean_of_means:.2f} minutes")
print(f"mean of all flights: {mean_of_flights:.2f} minutes")
look(by_carrier.iloc[[0, 1, -2, -1]], text="{:,.2f}")

# %% [markdown]
# A carrier with few flights weighs as much as the largest. Means are **non-additive**: they can't be added up or averaged.
# Their parts can, which is why the mart has sums and counts. Add first, divide last.

# %% [markdown]
# ## Prove it
#
# Expected values come from `truth`: a second computation, in pandas, from the published file. First the grain, and a join
# to every dimension in every role: the miles that the naive joins lost are there.

# %% tags=["prove-grain"]
grain = ["scheduled_date_key", "carrier_key", "flight_number", "origin_airport_key"]
joined = spark.sql("""
    SELECT count(*) AS rows, sum(distance) AS miles, sum(departed) AS departed
    FROM fact_departure
    JOIN dim_date AS p ON p.date_key = scheduled_date_key
    JOIN dim_date AS a ON a.date_key = departed_date_key
    JOIN dim_airport AS o ON o.airport_key = origin_airport_key
    JOIN dim_airport AS d ON d.airport_key = dest_airport_key
    JOIN dim_carrier USING (carrier_key)
    JOIN dim_aircraft USING (aircraft_key)""").first()
happened = truth("conservation", "month")
prove("the grain is unique: as many keys as facts",
      len(facts.drop_duplicates(grain)), len(facts))
prove("every scheduled departure is one fact", len(facts), happened["scheduled"])
prove("joining every dimension in every role keeps the rows", joined.rows, len(facts))
prove("and the miles", joined.miles, truth("distance", "month"))
prove("and the departures", joined.departed, happened["departed"])

# %% [markdown]
# Then the keys: none leads nowhere, and the special members have the flights that they are for.

# %% tags=["prove-keys"]
aircraft = spark.table("dim_aircraft").toPandas()
inferred = aircraft.query("manufacturer == 'not in the file yet'").aircraft_key
tails = truth("unknown_tails", "month")
prove("every key resolves, in every role",
      scene.unresolved(spark, facts), scene.NOTHING_LOST)
prove("flights without a tail number point at the unknown aircraft",
      facts.aircraft_key.eq(-1).sum(), tails["null"])
prove("flights of aircraft that the file lacks have an inferred member",
      facts.aircraft_key.isin(inferred).sum(), tails["rows"])
prove("cancelled flights point at 'did not happen'",
      facts.departed_date_key.eq(-2).sum(), happened["cancelled"])

# %% [markdown]
# History next: no version overlaps the next one, each flight finds one version, and its operator is the carrier that flew.

# %% tags=["prove-history"]
faulty = spark.sql("""
    SELECT count_if(next <> valid_to) FROM (
        SELECT valid_to, lead(valid_from)
            OVER (PARTITION BY tailnum ORDER BY valid_from) AS next
        FROM dim_aircraft)""").first()[0]
in_time = spark.sql("""
    SELECT count(*), count(DISTINCT key), count_if(operator <> carrier)
    FROM reports JOIN dim_aircraft USING (tailnum)
    WHERE scheduled >= valid_from AND scheduled < valid_to""").first()
history = aircraft.query("aircraft_key > 0")
expected, known = truth("aircraft_versions", scene.YEAR), reported - tails["null"]
prove("versions have no overlap and no gap", faulty, 0)
prove("each aircraft has one open version",
      (history.valid_to.dt.year == 2200).sum(), expected.tailnum.nunique())
prove("the versions are those of the published flights", history[[*expected]], expected)
prove("a point-in-time join finds one version per flight, its carrier's",
      tuple(in_time), (known, known, 0))

# %% [markdown]
# Last the mart, and the mean that divides late.

# %% tags=["prove-mart"]
mart = spark.sql("""
    SELECT carrier, sum(flights) AS flights, sum(departed) AS departed,
        sum(late) AS late, sum(miles) AS miles
    FROM mart_punctuality JOIN dim_carrier USING (carrier_key) GROUP BY carrier""")
prove("the mart agrees with the published flights",
      mart, truth("carrier_totals", "month"))
prove("the mean of all flights divides sums",
      mean_of_flights, truth("mean_delays", "month")["of_flights"])

# %% [markdown]
# ## Measure it
#
# Your guess, and what history costs: how many flights a dimension without history books to the wrong airline, and how many
# rows more it takes to get them right.

# %% tags=["step-price"]
newest = aircraft.sort_values("valid_from").groupby("tailnum").operator.last()
flown = facts.merge(aircraft, on="aircraft_key")
wrong = int((flown.operator != flown.tailnum.map(newest)).sum())
more = len(aircraft) - len(newest)
compared = {"your guess": guess, "flights at the wrong airline": wrong,
            "rows that history adds": more}
bars(compared, f"{more} rows more keep {wrong:,} flights at the right airline",
     "flights, or rows of the dimension", hatch=["flights at the wrong airline"]);

# %% [markdown]
# And the seconds of a load: looking up keys is what a star pays, each time, so that questions need not.

# %% tags=["step-scoreboard"]
look(scoreboard())

# %% [markdown]
# ## When not, and the neighbours
#
# Not a star: an application that reads and writes one flight at a time (keep its row together, in a transactional database);
# sources that change shape every month; models that want raw events.
#
# | pattern | differs in | choose it when |
# |---|---|---|
# | One wide table | names in every row, no joins | few people ask, context hardly changes |
# | Snowflake | dimensions normalised into more tables | a dimension is huge; otherwise it only adds joins |
# | [Data vault (05)](05-data-vault.ipynb) | keeps what each source said | many changing sources must be integrated; put a star on top |
# | [Medallion (03)](03-medallion.ipynb) | promises per layer, any model inside | readers need to know what holds; a star makes a good gold layer |
# | [Data mesh (13)](13-data-mesh.ipynb) | says who answers for a table, not how it is shaped | facts and dimensions belong to different teams |

# %% [markdown]
# ## Check yourself
#
# 1. You add a row per flight for its crew. What breaks first?
#    <details><summary>Answer</summary>The grain. A row is no longer one scheduled departure, and every sum counts twice.</details>
# 2. Why is the tail number no key of `dim_aircraft`?
#    <details><summary>Answer</summary>A tail has several versions. A join on it gives a flight once per version.</details>
# 3. A column `is_current` marks the newest version. Is joining on it enough?
#    <details><summary>Answer</summary>No. It gives today's operator to all flights: type 1, with more rows.</details>
# 4. From 02: you throw dimensions and facts away and build both again from raw. What must come out as before, and what may differ?
#    <details><summary>Answer</summary>Every measure with the context that was true then. Surrogate keys may differ: they mean nothing, unless somebody outside has stored them.</details>
# 5. From 03: a report breaks no rule but its airport is unknown. Quarantine?
#    <details><summary>Answer</summary>No. Its measures are right and belong in the sums; give it an inferred member.</details>

# %% [markdown]
# ## Go on
#
# Do it yourself in the [lab](../labs/04-star-schema.ipynb). The [deeper notebook](04-star-schema-deeper.ipynb) revisits a
# row while its flight is in the air, asks what did not happen, sets types 1, 2, 3 and 6 side by side, and measures three
# layouts.
#
# Sources:
#
# - Kimball Group, [Four-step dimensional design process](https://www.kimballgroup.com/data-warehouse-business-intelligence-resources/kimball-techniques/dimensional-modeling-techniques/four-4-step-design-process/): process, grain, dimensions, facts
# - Ralph Kimball, [Slowly changing dimensions, part 2](https://www.kimballgroup.com/2008/09/slowly-changing-dimensions-part-2/):
#   types 2 and 3, and why surrogate keys are plain numbers
# - Kimball Group, [Design tip 128](https://www.kimballgroup.com/2010/10/design-tip-128-selecting-default-values-for-nulls/):
#   members for what is missing, and for what has not happened
# - Delta Lake, [Table deletes, updates, and merges](https://docs.delta.io/delta-update/): what `MERGE` can do
# - M. Powers, [mack](https://github.com/MrPowers/mack): a type 2 load in one call; look for `<>` in its source
