# %% [markdown]
# # Lab 04: Star schema
#
# You give an aircraft dimension its keys, its history and its two readings; then you build an aggregate that stays right, and a
# snapshot that any order of events fills. About 110 minutes; the first three exercises alone take 50. The notebook
# [04-star-schema](../notebooks/04-star-schema.ipynb) explains every term used here.

# %% tags=["setup"]
from pyspark.sql import Window, functions as F
from patternlab import Lab, dataset, events, spark_session

spark, lab = spark_session("lab-04"), Lab("04-star-schema")
flights = spark.read.parquet(dataset("flights", "day"))
planes = spark.read.parquet(dataset("planes"))
lab.progress()

# %% [markdown]
# ## Exercise 1: Surrogate keys and the unknown member
# *Level: fill in · 10 minutes*
#
# **Input** two Spark frames: `flights` (carrier, flight, origin, tailnum ...) and `planes` (tailnum, manufacturer ...). Some
# flights have a tail number that `planes` lacks, some have none.
#
# **Goal** a function that returns two frames. The dimension: every aircraft of `planes` with an `aircraft_key` 1, 2, 3 ... in
# order of `tailnum`, and one row more, the unknown member, with key -1. The facts: every flight once, with its `aircraft_key`.
#
# **Example** for a flight of `N999XX`, which `planes` does not know, the fact carries -1, and joining the two frames on
# `aircraft_key` still finds the flight.

# %% tags=["exercise-1"]
def keyed_facts(flights, planes):
    by_tail = Window.orderBy("tailnum")
    numbered = planes.select("tailnum", F.row_number().over(by_tail).alias("aircraft_key"))  # SOLUTION
    unknown = spark.sql("SELECT 'unknown' AS tailnum, -1 AS aircraft_key")
    dimension = numbered.unionByName(unknown)  # SOLUTION
    looked_up = flights.join(dimension, "tailnum", "left")  # SOLUTION
    facts = looked_up.withColumn("aircraft_key", F.coalesce("aircraft_key", F.lit(-1)))  # SOLUTION
    return dimension, facts

# %% tags=["check-1"]
lab.check(1, keyed_facts)

# %% tags=["wrong-1"] says="an inner join drops" breaks="every flight once"
def keyed_facts(flights, planes):
    number = F.row_number().over(Window.orderBy("tailnum")).alias("aircraft_key")
    numbered = planes.select("tailnum", number)
    dimension = numbered.union(spark.sql("SELECT 'unknown', -1"))
    return dimension, flights.join(dimension, "tailnum")

# %% tags=["wrong-1"] says="NULL for a key" breaks="The facts: every flight once, with its `aircraft_key`"
def keyed_facts(flights, planes):
    number = F.row_number().over(Window.orderBy("tailnum")).alias("aircraft_key")
    numbered = planes.select("tailnum", number)
    dimension = numbered.union(spark.sql("SELECT 'unknown', -1"))
    return dimension, flights.join(dimension, "tailnum", "left")

# %% tags=["wrong-1"] says="no row with the key -1" breaks="one row more, the unknown member, with key -1"
def keyed_facts(flights, planes):
    number = F.row_number().over(Window.orderBy("tailnum")).alias("aircraft_key")
    numbered = planes.select("tailnum", number)
    facts = flights.join(numbered, "tailnum", "left")
    return numbered, facts.fillna(-1, ["aircraft_key"])

# %% tags=["wrong-1"] says="a number without meaning" breaks="an `aircraft_key` 1, 2, 3 ..."
def keyed_facts(flights, planes):
    dimension = planes.select("tailnum", F.col("tailnum").alias("aircraft_key"))
    return dimension, flights.withColumn("aircraft_key", F.col("tailnum"))

# %% tags=["wrong-1"] says="points at the unknown member" breaks="with its `aircraft_key`"
def keyed_facts(flights, planes):
    number = F.row_number().over(Window.orderBy("tailnum")).alias("aircraft_key")
    numbered = planes.select("tailnum", number)
    dimension = numbered.union(spark.sql("SELECT 'unknown', -1"))
    return dimension, flights.withColumn("aircraft_key", F.lit(-1))

# %% tags=["wrong-1"] says="Your keys begin at 0" breaks="1, 2, 3 ... in order"
def keyed_facts(flights, planes):
    number = (F.row_number().over(Window.orderBy("tailnum")) - 1).alias("aircraft_key")
    numbered = planes.select("tailnum", number)
    dimension = numbered.union(spark.sql("SELECT 'unknown', -1"))
    return dimension, flights.join(dimension, "tailnum", "left").fillna(-1, ["aircraft_key"])

# %% tags=["wrong-1"] says="not in order of tailnum" breaks="in order of `tailnum`"
def keyed_facts(flights, planes):
    number = (F.row_number().over(Window.orderBy("manufacturer", "tailnum"))).alias("aircraft_key")
    numbered = planes.select("tailnum", number)
    dimension = numbered.union(spark.sql("SELECT 'unknown', -1"))
    return dimension, flights.join(dimension, "tailnum", "left").fillna(-1, ["aircraft_key"])

# %% tags=["wrong-1"] says="Your keys have gaps" breaks="1, 2, 3"
def keyed_facts(flights, planes):
    number = (F.row_number().over(Window.orderBy("tailnum")) * 10 - 9).alias("aircraft_key")
    numbered = planes.select("tailnum", number)
    dimension = numbered.union(spark.sql("SELECT 'unknown', -1"))
    return dimension, flights.join(dimension, "tailnum", "left").fillna(-1, ["aircraft_key"])

# %% tags=["wrong-1"] says="whether it flew or not" breaks="every aircraft of `planes`"
def keyed_facts(flights, planes):
    number = (F.row_number().over(Window.orderBy("tailnum"))).alias("aircraft_key")
    numbered = planes.join(flights, "tailnum", "leftsemi").select("tailnum", number)
    dimension = numbered.union(spark.sql("SELECT 'unknown', -1"))
    return dimension, flights.join(dimension, "tailnum", "left").fillna(-1, ["aircraft_key"])

# %% tags=["wrong-1"] says="an aircraft that planes lacks" breaks="and one row more"
def keyed_facts(flights, planes):
    number = (F.row_number().over(Window.orderBy("tailnum"))).alias("aircraft_key")
    numbered = planes.select("tailnum").union(flights.select("tailnum").dropna()).distinct().select("tailnum", number)
    dimension = numbered.union(spark.sql("SELECT 'unknown', -1"))
    return dimension, flights.join(dimension, "tailnum", "left").fillna(-1, ["aircraft_key"])

# %% tags=["wrong-1"] says="have the same key" breaks="the unknown member"
def keyed_facts(flights, planes):
    number = (F.row_number().over(Window.orderBy("tailnum"))).alias("aircraft_key")
    numbered = planes.select("tailnum", number)
    dimension = numbered.union(spark.sql("SELECT 'unknown', -1 UNION ALL SELECT NULL, -1"))
    return dimension, flights.join(dimension, "tailnum", "left").fillna(-1, ["aircraft_key"])

# %% tags=["wrong-1"] says="more facts than flights" breaks="The facts: every flight once"
def keyed_facts(flights, planes):
    number = (F.row_number().over(Window.orderBy("tailnum"))).alias("aircraft_key")
    numbered = planes.select("tailnum", number)
    dimension = numbered.union(spark.sql("SELECT 'unknown', -1"))
    return dimension, flights.join(dimension.withColumnRenamed("tailnum", "t"), F.expr("tailnum = t OR aircraft_key = -1"))

# %% tags=["wrong-1"] says="a key that your dimension lacks" breaks="the fact carries -1"
def keyed_facts(flights, planes):
    number = (F.row_number().over(Window.orderBy("tailnum"))).alias("aircraft_key")
    numbered = planes.select("tailnum", number)
    dimension = numbered.union(spark.sql("SELECT 'unknown', -1"))
    return dimension, flights.join(dimension, "tailnum", "left").fillna(-2, ["aircraft_key"])

# %% tags=["wrong-1"] says="must point at the unknown member" breaks="for a flight of `N999XX`"
def keyed_facts(flights, planes):
    number = (F.row_number().over(Window.orderBy("tailnum"))).alias("aircraft_key")
    numbered = planes.select("tailnum", number)
    dimension = numbered.union(spark.sql("SELECT 'unknown', -1"))
    return dimension, flights.join(dimension, "tailnum", "left").fillna(1, ["aircraft_key"])

# %% tags=["wrong-1"] says="have no tail number" breaks="some have none"
def keyed_facts(flights, planes):
    number = (F.row_number().over(Window.orderBy("tailnum"))).alias("aircraft_key")
    numbered = planes.select("tailnum", number)
    dimension = numbered.union(spark.sql("SELECT 'unknown', -1"))
    return dimension, flights.where("tailnum IS NOT NULL").join(dimension, "tailnum", "left").fillna(-1, ["aircraft_key"])

# %% tags=["nothing-1"] says="aircraft of planes"
def keyed_facts(flights, planes):
    return spark.sql("SELECT -1 AS aircraft_key, 'unknown' AS tailnum"), flights.withColumn("aircraft_key", F.lit(-1))

# %% tags=["right-1"]
def keyed_facts(flights, planes):
    planes.createOrReplaceTempView("lab_planes")
    flights.createOrReplaceTempView("lab_flights")
    dimension = spark.sql("""SELECT -1 AS aircraft_key, '?' AS tailnum UNION ALL
        SELECT row_number() OVER (ORDER BY tailnum), tailnum FROM lab_planes""")
    dimension.createOrReplaceTempView("lab_dimension")
    return dimension, spark.sql("""SELECT f.*, ifnull(aircraft_key, -1) AS aircraft_key
        FROM lab_flights f LEFT JOIN lab_dimension d ON f.tailnum = d.tailnum""")

# %% tags=["right-1"]
def keyed_facts(flights, planes):
    dimension = planes.toPandas().sort_values("tailnum", ignore_index=True)
    dimension["aircraft_key"] = dimension.index + 1
    key_of = dict(zip(dimension["tailnum"], dimension["aircraft_key"]))
    dimension.loc[len(dimension), ["tailnum", "aircraft_key"]] = [None, -1]
    facts = flights.toPandas()
    facts["aircraft_key"] = [key_of.get(tail, -1) for tail in facts["tailnum"]]
    return [dimension, facts[["aircraft_key", "distance"]]]

# %% tags=["raises-1"] says="tail_number"
def keyed_facts(flights, planes):
    return planes, flights.join(planes, flights.tail_number == planes.tailnum)

# %% tags=["hint-1"]
# lab.hint(1)

# %% tags=["solution-1"]
# lab.solution(1)

# %% [markdown]
# ## Exercise 2: From type 1 to type 2
# *Level: modify · 20 minutes*
#
# **Input** a Spark frame of sightings in any order: `tailnum`, `operator` (may be NULL), `seen`.
#
# **Goal** the function below is a type 1 load: one row per aircraft, with its newest operator. Change it so that it keeps history: one
# row per period with `tailnum`, `operator`, `valid_from` (first seen with this operator) and `valid_to` (where the next period
# begins; NULL for the newest). An aircraft may come back to an operator that it had before, or have none for a while.
#
# **Example** FL on 1 and 3 March, DL on 5 March: FL from 1 to 5 March, DL from 5 March to NULL.

# %% tags=["exercise-2"]
def versions(sightings):
    # Type 1 was:
    # newest = F.max_by("operator", "seen").alias("operator")
    # return sightings.groupBy("tailnum").agg(newest)
    tail = Window.partitionBy("tailnum").orderBy("seen")
    marked = sightings.withColumn("before", F.lag("operator").over(tail))  # SOLUTION
    marked = marked.withColumn("nth", F.row_number().over(tail))  # SOLUTION
    begins = marked.where("nth = 1 OR NOT operator <=> before")  # SOLUTION
    ended = begins.withColumn("valid_to", F.lead("seen").over(tail))  # SOLUTION
    return ended.select("tailnum", "operator", F.col("seen").alias("valid_from"), "valid_to")  # SOLUTION

# %% tags=["check-2"]
lab.check(2, versions)

# %% tags=["wrong-2"] says="still type 1" breaks="so that it keeps history"
def versions(sightings):
    operator = F.max_by("operator", "seen").alias("operator")
    newest = sightings.groupBy("tailnum").agg(operator, F.min("seen").alias("valid_from"))
    return newest.withColumn("valid_to", F.lit(None).cast("timestamp"))

# %% tags=["wrong-2"] says="sold and bought back" breaks="may come back to an operator that it had before"
def versions(sightings):
    periods = sightings.groupBy("tailnum", "operator").agg(F.min("seen").alias("valid_from"))
    tail = Window.partitionBy("tailnum").orderBy("valid_from")
    return periods.withColumn("valid_to", F.lead("valid_from").over(tail))

# %% tags=["wrong-2"] says="neither true nor false" breaks="or have none for a while"
def versions(sightings):
    tail = Window.partitionBy("tailnum").orderBy("seen")
    marked = sightings.withColumn("before", F.lag("operator").over(tail))
    marked = marked.withColumn("nth", F.row_number().over(tail))
    begins = marked.where("nth = 1 OR operator <> before")
    ended = begins.withColumn("valid_to", F.lead("seen").over(tail))
    return ended.withColumnRenamed("seen", "valid_from")

# %% tags=["wrong-2"] says="not at every sighting" breaks="one row per period"
def versions(sightings):
    return sightings.selectExpr("tailnum", "operator", "seen AS valid_from",
                                "lead(seen) OVER (PARTITION BY tailnum ORDER BY seen) AS valid_to")

# %% tags=["wrong-2"] says="There is a gap" breaks="`valid_to` (where the next period begins"
def versions(sightings):
    tail = Window.partitionBy("tailnum").orderBy("seen")
    marked = sightings.withColumn("before", F.lag("operator").over(tail))
    marked = marked.withColumn("nth", F.row_number().over(tail))
    begins = F.expr("int(nth = 1 OR NOT operator <=> before)")
    runs = marked.withColumn("begins", begins).withColumn("run", F.sum("begins").over(tail))
    periods = runs.groupBy("tailnum", "run", "operator").agg(
        F.min("seen").alias("valid_from"), F.max("seen").alias("end"))
    last = F.lead("valid_from").over(Window.partitionBy("tailnum").orderBy("run")).isNull()
    return periods.withColumn("valid_to", F.when(~last, F.col("end")))

# %% tags=["wrong-2"] says="twice: that is one period" breaks="`operator` (may be NULL)"
def versions(sightings):
    tail = Window.partitionBy("tailnum").orderBy("seen")
    marked = sightings.withColumn("before", F.lag("operator").over(tail))
    marked = marked.withColumn("nth", F.row_number().over(tail))
    begins = marked.where("before IS NULL OR NOT operator <=> before")
    ended = begins.withColumn("valid_to", F.lead("seen").over(tail))
    return ended.withColumnRenamed("seen", "valid_from")

# %% tags=["wrong-2"] says="a period of its own, with NULL" breaks="have none for a while"
def versions(sightings):
    tail = Window.partitionBy("tailnum").orderBy("seen")
    marked = sightings.where("operator IS NOT NULL").withColumn("before", F.lag("operator").over(tail))
    marked = marked.withColumn("nth", F.row_number().over(tail))
    begins = marked.where("nth = 1 OR NOT operator <=> before")
    ended = begins.withColumn("valid_to", F.lead("seen").over(tail))
    return ended.withColumnRenamed("seen", "valid_from")

# %% tags=["wrong-2"] says="The newest version of" breaks="NULL for the newest"
def versions(sightings):
    tail = Window.partitionBy("tailnum").orderBy("seen")
    marked = sightings.withColumn("before", F.lag("operator").over(tail))
    marked = marked.withColumn("nth", F.row_number().over(tail))
    begins = marked.where("nth = 1 OR NOT operator <=> before")
    ended = begins.withColumn("valid_to", F.coalesce(F.lead("seen").over(tail), F.current_timestamp()))
    return ended.withColumnRenamed("seen", "valid_from")

# %% tags=["wrong-2"] says="overlap" breaks="where the next period begins"
def versions(sightings):
    tail = Window.partitionBy("tailnum").orderBy("seen")
    marked = sightings.withColumn("before", F.lag("operator").over(tail))
    marked = marked.withColumn("nth", F.row_number().over(tail))
    begins = marked.where("nth = 1 OR NOT operator <=> before")
    ended = begins.withColumn("valid_to", F.lead("seen").over(tail) + F.expr("INTERVAL 1 DAY"))
    return ended.withColumnRenamed("seen", "valid_from")

# %% tags=["wrong-2"] says="the order in which the sightings come" breaks="sightings in any order"
def versions(sightings):
    tail = Window.partitionBy("tailnum").orderBy(F.monotonically_increasing_id())
    marked = sightings.withColumn("before", F.lag("operator").over(tail))
    marked = marked.withColumn("nth", F.row_number().over(tail))
    begins = marked.where("nth = 1 OR NOT operator <=> before")
    ended = begins.withColumn("valid_to", F.lead("seen").over(tail))
    return ended.withColumnRenamed("seen", "valid_from")

# %% tags=["wrong-2"] says="begins at a later sighting" breaks="first seen with this operator"
def versions(sightings):
    tail = Window.partitionBy("tailnum").orderBy("seen")
    marked = sightings.withColumn("after", F.lead("operator").over(tail)).withColumn("next", F.lead("seen").over(tail))
    ends = marked.where("next IS NULL OR NOT operator <=> after").withColumnRenamed("seen", "valid_from")
    return ends.withColumn("valid_to", F.lead("valid_from").over(Window.partitionBy("tailnum").orderBy("valid_from")))

# %% tags=["nothing-2"] says="has no version at all"
def versions(sightings):
    return spark.sql("""SELECT 'N1' AS tailnum, 'FL' AS operator, timestamp'2013-03-01' AS valid_from,
        timestamp'2013-03-05' AS valid_to
        UNION ALL SELECT 'N1', 'DL', timestamp'2013-03-05', NULL""")

# %% tags=["right-2"]
def versions(sightings):
    tail = Window.partitionBy("tailnum").orderBy("seen")
    who = F.coalesce("operator", F.lit("-"))
    marked = sightings.withColumn("same", F.coalesce(F.lag(who).over(tail) == who, F.lit(False)))
    runs = marked.where("NOT same").withColumnRenamed("seen", "valid_from")
    begun = Window.partitionBy("tailnum").orderBy("valid_from")
    return runs.withColumn("valid_to", F.lead("valid_from").over(begun))

# %% tags=["right-2"]
def versions(sightings):
    made = []
    for row in sorted(sightings.collect(), key=lambda row: (row.tailnum, row.seen)):
        last = made[-1] if made and made[-1]["tailnum"] == row.tailnum else None
        if last is None or last["operator"] != row.operator:
            if last:
                last["valid_to"] = row.seen.date()
            made.append({"valid_to": None, "valid_from": row.seen, "number": len(made), "operator": row.operator,
                         "tailnum": row.tailnum})
    return made

# %% tags=["raises-2"] says="carrier"
def versions(sightings):
    return sightings.select("tailnum", "carrier")

# %% tags=["hint-2"]
# lab.hint(2)

# %% tags=["solution-2"]
# lab.solution(2)

# %% [markdown]
# ## Exercise 3: Two questions, one dimension
# *Level: modify · 20 minutes*
#
# **Input** `facts` with an `aircraft_key`, and `aircraft`, a type 2 dimension with `aircraft_key`, `tailnum`, `operator`,
# `valid_from`, `valid_to` (NULL while open).
#
# **Goal** one frame with a row per `operator` and two numbers: `as_flown`, the flights of aircraft that it operated at the time,
# and `as_today`, the flights of aircraft that it operates today, whoever flew them then. The function below answers the
# first question only.
#
# **Example** an aircraft flew 4 times for FL and, since it was sold, 3 times for DL: FL has 4 and 0, DL has 3 and 7.

# %% tags=["exercise-3"]
def by_operator(facts, aircraft):
    tail = Window.partitionBy("tailnum")
    aircraft = aircraft.withColumn("today", F.max_by("operator", "valid_from").over(tail))  # SOLUTION
    flown = facts.join(aircraft, "aircraft_key")
    as_flown = flown.groupBy("operator").agg(F.count("*").alias("as_flown"))
    as_today = flown.groupBy(F.col("today").alias("operator")).agg(F.count("*").alias("as_today"))  # SOLUTION
    return as_flown.join(as_today, "operator", "full").fillna(0)  # SOLUTION

# %% tags=["check-3"]
lab.check(3, by_operator)

# %% tags=["wrong-3"] says="is_current" breaks="whoever flew them then"
def by_operator(facts, aircraft):
    flown = facts.join(aircraft, "aircraft_key").groupBy("operator").agg(F.count("*").alias("as_flown"))
    current = aircraft.where("valid_to IS NULL")
    today = facts.join(current, "aircraft_key").groupBy("operator").agg(F.count("*").alias("as_today"))
    return flown.join(today, "operator", "full")

# %% tags=["wrong-3"] says="finds every version" breaks="the flights of aircraft that it operates today"
def by_operator(facts, aircraft):
    tails = facts.join(aircraft, "aircraft_key").select("tailnum")
    flown = tails.join(aircraft, "tailnum").groupBy("operator").agg(F.count("*").alias("as_flown"))
    today = tails.join(aircraft.where("valid_to IS NULL"), "tailnum").groupBy("operator").agg(F.count("*").alias("as_today"))
    return flown.join(today, "operator", "full")

# %% tags=["wrong-3"] says="overwritten as in type 1" breaks="that it operated at the time"
def by_operator(facts, aircraft):
    newest = aircraft.where("valid_to IS NULL").select("tailnum", "operator")
    flown = facts.join(aircraft.drop("operator"), "aircraft_key").join(newest, "tailnum")
    return flown.groupBy("operator").agg(F.count("*").alias("as_flown"), F.count("*").alias("as_today"))

# %% tags=["wrong-3"] says="counts by the operator at the time" breaks="`as_today`, the flights of aircraft that it operates today"
def by_operator(facts, aircraft):
    flown = facts.join(aircraft, "aircraft_key")
    return flown.groupBy("operator").agg(F.count("*").alias("as_flown"), F.count("*").alias("as_today"))

# %% tags=["wrong-3"] says="no aircraft today is missing" breaks="a row per `operator` and two numbers"
def by_operator(facts, aircraft):
    today = F.max_by("operator", "valid_from").over(Window.partitionBy("tailnum"))
    newest = aircraft.withColumn("today", today)
    flown = facts.join(newest, "aircraft_key")
    then = flown.groupBy("operator").agg(F.count("*").alias("as_flown"))
    now = flown.groupBy(F.col("today").alias("operator")).agg(F.count("*").alias("as_today"))
    return then.join(now, "operator")

# %% tags=["wrong-3"] says="No flight is the number 0" breaks="FL has 4 and 0"
def by_operator(facts, aircraft):
    newest = aircraft.withColumn("today", F.max_by("operator", "valid_from").over(Window.partitionBy("tailnum")))
    flown = facts.join(newest, "aircraft_key")
    then = flown.groupBy("operator").agg(F.count("*").alias("as_flown"))
    now = flown.groupBy(F.col("today").alias("operator")).agg(F.count("*").alias("as_today"))
    return then.join(now, "operator", "full")

# %% tags=["wrong-3"] says="takes the version with the highest key" breaks="operates today"
def by_operator(facts, aircraft):
    newest = aircraft.withColumn("today", F.max_by("operator", "aircraft_key").over(Window.partitionBy("tailnum")))
    flown = facts.join(newest, "aircraft_key")
    then = flown.groupBy("operator").agg(F.count("*").alias("as_flown"))
    now = flown.groupBy(F.col("today").alias("operator")).agg(F.count("*").alias("as_today"))
    return then.join(now, "operator", "full").fillna(0)

# %% tags=["wrong-3"] says="whose aircraft others flew" breaks="a row per `operator`"
def by_operator(facts, aircraft):
    newest = aircraft.withColumn("today", F.max_by("operator", "valid_from").over(Window.partitionBy("tailnum")))
    flown = facts.join(newest, "aircraft_key")
    then = flown.groupBy("operator").agg(F.count("*").alias("as_flown"))
    now = flown.groupBy(F.col("today").alias("operator")).agg(F.count("*").alias("as_today"))
    return then.join(now, "operator", "left").fillna(0)

# %% tags=["wrong-3"] says="An operator has two rows" breaks="one frame with a row per `operator`"
def by_operator(facts, aircraft):
    newest = aircraft.withColumn("today", F.max_by("operator", "valid_from").over(Window.partitionBy("tailnum")))
    flown = facts.join(newest, "aircraft_key")
    then = flown.groupBy("operator").agg(F.count("*").alias("as_flown"))
    now = flown.groupBy(F.col("today").alias("operator")).agg(F.count("*").alias("as_today"))
    return then.withColumn("as_today", F.lit(0)).unionByName(now.withColumn("as_flown", F.lit(0)))

# %% tags=["nothing-3"] says="An operator that flew is missing"
def by_operator(facts, aircraft):
    return spark.createDataFrame([("FL", 4, 0), ("DL", 3, 7)], "operator string, as_flown int, as_today int")

# %% tags=["right-3"]
def by_operator(facts, aircraft):
    newest = aircraft.where("valid_to IS NULL").select("tailnum", F.col("operator").alias("today"))
    flown = facts.join(aircraft, "aircraft_key").join(newest, "tailnum")
    then = flown.selectExpr("operator", "1 AS as_flown", "0 AS as_today")
    both = then.union(flown.selectExpr("today", "0", "1")).groupBy("operator")
    return both.agg(F.sum("as_flown").alias("as_flown"), F.sum("as_today").alias("as_today"))

# %% tags=["right-3"]
def by_operator(facts, aircraft):
    versions = aircraft.toPandas().set_index("aircraft_key")
    newest = versions[versions["valid_to"].isna()].set_index("tailnum")["operator"]
    counts = {name: {"as_today": 0, "as_flown": 0, "operator": name} for name in versions["operator"]}
    for key in facts.toPandas()["aircraft_key"]:
        counts[versions["operator"][key]]["as_flown"] += 1
        counts[newest[versions["tailnum"][key]]]["as_today"] += 1
    return list(counts.values())

# %% tags=["raises-3"] says="is_current"
def by_operator(facts, aircraft):
    return facts.join(aircraft.where("is_current"), "aircraft_key").groupBy("operator").count()

# %% tags=["hint-3"]
# lab.hint(3)

# %% tags=["solution-3"]
# lab.solution(3)

# %% [markdown]
# ## Exercise 4: An aggregate that can be added up
# *Level: modify · 20 minutes*
#
# **Input** `facts`: `date`, `carrier`, `origin`, `dep_delay` (minutes, NULL if cancelled). Both functions below are tidy and wrong.
#
# **Goal** `daily(facts)` returns one row per date, carrier and origin. `mean_delay(daily, by)` gets nothing but that, and a list such as
# `["carrier"]`; it returns those columns and `mean_delay`, which must equal the mean over the facts.
#
# **Example** 10 and 20 minutes on Monday, 0 on Tuesday: the mean by carrier is 10, not 7.5.

# %% tags=["exercise-4"]
def daily(facts):
    # It was:
    # mean = F.avg("dep_delay").alias("mean")
    # return facts.groupBy("date", "carrier", "origin").agg(mean)
    minutes = F.sum("dep_delay").alias("minutes")  # SOLUTION
    departed = F.count("dep_delay").alias("departed")  # SOLUTION
    return facts.groupBy("date", "carrier", "origin").agg(minutes, departed)  # SOLUTION


def mean_delay(daily, by):
    # It was: return daily.groupBy(*by).agg(F.avg("mean").alias("mean_delay"))
    return daily.groupBy(*by).agg((F.sum("minutes") / F.sum("departed")).alias("mean_delay"))  # SOLUTION

# %% tags=["check-4"]
lab.check(4, (daily, mean_delay))

# %% tags=["wrong-4"] says="a mean of means" breaks="`mean_delay`, which must equal the mean over the facts"
def daily(facts):
    return facts.groupBy("date", "carrier", "origin").agg(F.avg("dep_delay").alias("mean"))


def mean_delay(daily, by):
    return daily.groupBy(*by).agg(F.avg("mean").alias("mean_delay"))

# %% tags=["wrong-4"] says="divided by all flights" breaks="NULL if cancelled"
def daily(facts):
    return facts.groupBy("date", "carrier", "origin").agg(F.sum("dep_delay").alias("minutes"), F.count("*").alias("flights"))


def mean_delay(daily, by):
    return daily.groupBy(*by).agg((F.sum("minutes") / F.sum("flights")).alias("mean_delay"))

# %% tags=["wrong-4"] says="a day of punctual flights" breaks="equal the mean over the facts"
def daily(facts):
    return facts.groupBy("date", "carrier", "origin").agg(F.coalesce(F.avg("dep_delay"), F.lit(0)).alias("mean"))


def mean_delay(daily, by):
    return daily.groupBy(*by).agg(F.avg("mean").alias("mean_delay"))

# %% tags=["wrong-4"] says="one row per date, carrier and origin" breaks="returns one row per date, carrier and origin"
def daily(facts):
    return facts


def mean_delay(daily, by):
    return daily.groupBy(*by).agg(F.avg("dep_delay").alias("mean_delay"))

# %% tags=["wrong-4"] says="also where every flight was cancelled" breaks="one row per date, carrier and origin"
def daily(facts):
    sums = F.sum("dep_delay").alias("minutes"), F.count("dep_delay").alias("n")
    return facts.where("dep_delay IS NOT NULL").groupBy("date", "carrier", "origin").agg(*sums)


def mean_delay(daily, by):
    return daily.groupBy(*by).agg((F.sum("minutes") / F.sum("n")).alias("mean_delay"))

# %% tags=["wrong-4"] says="means of other facts" breaks="gets nothing but that"
def daily(facts):
    global seen
    seen = facts
    sums = F.sum("dep_delay").alias("minutes"), F.count("dep_delay").alias("n")
    return facts.groupBy("date", "carrier", "origin").agg(*sums)


def mean_delay(daily, by):
    return seen.groupBy(*by).agg(F.avg("dep_delay").alias("mean_delay"))

# %% tags=["wrong-4"] says="NULL, not 0" breaks="must equal the mean over the facts"
def daily(facts):
    sums = F.sum("dep_delay").alias("minutes"), F.count("dep_delay").alias("n")
    return facts.groupBy("date", "carrier", "origin").agg(*sums)


def mean_delay(daily, by):
    return daily.groupBy(*by).agg((F.sum("minutes") / F.sum("n")).alias("mean_delay")).fillna(0)

# %% tags=["wrong-4"] says="Your means are rounded" breaks="which must equal"
def daily(facts):
    sums = F.sum("dep_delay").alias("minutes"), F.count("dep_delay").alias("n")
    return facts.groupBy("date", "carrier", "origin").agg(*sums)


def mean_delay(daily, by):
    return daily.groupBy(*by).agg(F.round(F.sum("minutes") / F.sum("n"), 2).alias("mean_delay"))

# %% tags=["wrong-4"] says="no column date" breaks="returns those columns"
def daily(facts):
    sums = F.sum("dep_delay").alias("minutes"), F.count("dep_delay").alias("n")
    return facts.groupBy("date", "carrier", "origin").agg(*sums)


def mean_delay(daily, by):
    return daily.groupBy(by[-1]).agg((F.sum("minutes") / F.sum("n")).alias("mean_delay"))

# %% tags=["wrong-4"] says="two means for one" breaks="a list such as"
def daily(facts):
    sums = F.sum("dep_delay").alias("minutes"), F.count("dep_delay").alias("n")
    return facts.groupBy("date", "carrier", "origin").agg(*sums)


def mean_delay(daily, by):
    return daily.groupBy("date", "carrier", "origin").agg((F.sum("minutes") / F.sum("n")).alias("mean_delay"))

# %% tags=["wrong-4"] says="minutes in all" breaks="`mean_delay`, which must"
def daily(facts):
    sums = F.sum("dep_delay").alias("minutes"), F.count("dep_delay").alias("n")
    return facts.groupBy("date", "carrier", "origin").agg(*sums)


def mean_delay(daily, by):
    return daily.groupBy(*by).agg(F.sum("minutes").alias("mean_delay"))

# %% tags=["nothing-4"] says="missing or made up"
def daily(facts):
    sums = F.sum("dep_delay").alias("minutes"), F.count("dep_delay").alias("n")
    return facts.groupBy("date", "carrier", "origin").agg(*sums)


def mean_delay(daily, by):
    columns = "carrier string, origin string, date string, mean_delay double"
    return spark.createDataFrame([("UA", "EWR", "2013-07-01", 10.0)], columns)

# %% tags=["right-4"]
def daily(facts):
    facts.createOrReplaceTempView("lab_delays")
    return spark.sql("SELECT date, carrier, origin, count(dep_delay) AS n, avg(dep_delay) AS mean FROM lab_delays GROUP BY ALL")


def mean_delay(daily, by):
    weighted = daily.groupBy(*by).agg(F.sum(F.col("n") * F.col("mean")).alias("all"), F.sum("n").alias("n"))
    return weighted.select(*by, (F.col("all") / F.col("n")).alias("mean_delay"))

# %% tags=["right-4"]
def daily(facts):
    table = facts.toPandas()
    groups = table.groupby(["origin", "carrier", "date"])["dep_delay"]
    return groups.agg(minutes="sum", departed="count", worst="max").reset_index()


def mean_delay(daily, by):
    sums = daily.groupby(by)[["minutes", "departed"]].sum()
    return (sums["minutes"] / sums["departed"].where(sums["departed"] > 0)).rename("mean_delay").reset_index()

# %% tags=["raises-4"] says="departures"
def daily(facts):
    return facts.groupBy("date", "carrier", "origin").agg(F.sum("departures"))


def mean_delay(daily, by):
    return daily

# %% tags=["hint-4"]
# lab.hint(4)

# %% tags=["solution-4"]
# lab.solution(4)

# %% [markdown]
# ## Exercise 5: A snapshot that any order fills
# *Level: design · 40 minutes*
#
# **Input** events of one day as dicts with `key`, `kind`, `origin`, `dest`, `occurred`; the kinds are scheduled, departed,
# arrived, diverted, cancelled. They come in any order, and some come twice.
#
# **Goal** an accumulating snapshot and the question that needs what did *not* happen.
# `absorb(snapshot, event)` gets a dict (key to row, empty at first), and returns it with one event taken in. A row is a dict:
# `route`, the pair (origin, dest), and under each kind the moment it occurred, or None.
# `nobody_flew(snapshot)` returns the set of routes on which flights were scheduled and none departed. The check runs 20 seeds.
#
# **Example** a departure that comes before its schedule opens the row, with None under scheduled; the schedule fills that later.

# %% tags=["exercise-5"]
KINDS = ("scheduled", "departed", "arrived", "diverted", "cancelled")


def absorb(snapshot, event):
    empty = {"route": (event["origin"], event["dest"]), **dict.fromkeys(KINDS)}  # SOLUTION
    row = snapshot.setdefault(event["key"], empty)  # SOLUTION
    row[event["kind"]] = event["occurred"]  # SOLUTION
    return snapshot


def nobody_flew(snapshot):
    served = {row["route"] for row in snapshot.values()}
    return served - {row["route"] for row in snapshot.values() if row["departed"]}  # SOLUTION

# %% tags=["check-5"]
lab.check(5, (absorb, nobody_flew))

# %% tags=["wrong-5"] says="Any event opens the row" breaks="opens the row, with None under scheduled"
def absorb(snapshot, event):
    if event["kind"] == "scheduled":
        snapshot.setdefault(event["key"], {"route": (event["origin"], event["dest"]), **dict.fromkeys(KINDS)})
    if event["key"] in snapshot:
        snapshot[event["key"]][event["kind"]] = event["occurred"]
    return snapshot


def nobody_flew(snapshot):
    return {row["route"] for row in snapshot.values()} - {row["route"] for row in snapshot.values() if row["departed"]}

# %% tags=["wrong-5"] says="Did a later event write None over it" breaks="returns it with one event taken in"
def absorb(snapshot, event):
    empty = {"route": (event["origin"], event["dest"]), **dict.fromkeys(KINDS)}
    snapshot[event["key"]] = {**empty, event["kind"]: event["occurred"]}
    return snapshot


def nobody_flew(snapshot):
    return {row["route"] for row in snapshot.values()} - {row["route"] for row in snapshot.values() if row["departed"]}

# %% tags=["wrong-5"] says="delivered twice is still one event" breaks="some come twice"
def absorb(snapshot, event):
    row = {"route": (event["origin"], event["dest"]), **dict.fromkeys(KINDS), event["kind"]: event["occurred"]}
    snapshot[event["key"], len(snapshot)] = row
    return snapshot


def nobody_flew(snapshot):
    return {row["route"] for row in snapshot.values()} - {row["route"] for row in snapshot.values() if row["departed"]}

# %% tags=["wrong-5"] says="with a cancelled flight" breaks="none departed"
def absorb(snapshot, event):
    row = snapshot.setdefault(event["key"], {"route": (event["origin"], event["dest"]), **dict.fromkeys(KINDS)})
    row[event["kind"]] = event["occurred"]
    return snapshot


def nobody_flew(snapshot):
    return {row["route"] for row in snapshot.values() if row["cancelled"]}

# %% tags=["wrong-5"] says="start from what was scheduled" breaks="routes on which flights were scheduled"
def absorb(snapshot, event):
    row = snapshot.setdefault(event["key"], {"route": (event["origin"], event["dest"]), **dict.fromkeys(KINDS)})
    row[event["kind"]] = event["occurred"]
    return snapshot


def nobody_flew(snapshot):
    departures = {}
    for row in snapshot.values():
        if row["departed"]:
            departures[row["route"]] = departures.get(row["route"], 0) + 1
    return {route for route, count in departures.items() if count == 0}

# %% tags=["wrong-5"] says="another value than the moment" breaks="under each kind the moment it occurred"
def absorb(snapshot, event):
    row = snapshot.setdefault(event["key"], {"route": (event["origin"], event["dest"]), **dict.fromkeys(KINDS)})
    row[event["kind"]] = event["occurred"]
    row["scheduled"] = event["scheduled"]
    return snapshot


def nobody_flew(snapshot):
    return {row["route"] for row in snapshot.values()} - {row["route"] for row in snapshot.values() if row["departed"]}

# %% tags=["wrong-5"] says="with None for what has not happened" breaks="or None"
def absorb(snapshot, event):
    row = snapshot.setdefault(event["key"], {"route": (event["origin"], event["dest"])})
    row[event["kind"]] = event["occurred"]
    return snapshot


def nobody_flew(snapshot):
    return {row["route"] for row in snapshot.values()} - {row["route"] for row in snapshot.values() if row["departed"]}

# %% tags=["wrong-5"] says="should be the pair" breaks="`route`, the pair (origin, dest)"
def absorb(snapshot, event):
    row = snapshot.setdefault(event["key"], {"route": event["origin"] + "-" + event["dest"], **dict.fromkeys(KINDS)})
    row[event["kind"]] = event["occurred"]
    return snapshot


def nobody_flew(snapshot):
    return {row["route"] for row in snapshot.values()} - {row["route"] for row in snapshot.values() if row["departed"]}

# %% tags=["wrong-5"] says="that never happened" breaks="what did *not* happen"
def absorb(snapshot, event):
    row = snapshot.setdefault(event["key"], {"route": (event["origin"], event["dest"]), **dict.fromkeys(KINDS)})
    row[event["kind"]] = event["occurred"]
    if event["kind"] == "arrived":
        row["diverted"] = event["occurred"]
    return snapshot


def nobody_flew(snapshot):
    return {row["route"] for row in snapshot.values()} - {row["route"] for row in snapshot.values() if row["departed"]}

# %% tags=["wrong-5"] says="which is the key of no event" breaks="key to row"
def absorb(snapshot, event):
    row = snapshot.setdefault((event["key"], "v1"), {"route": (event["origin"], event["dest"]), **dict.fromkeys(KINDS)})
    row[event["kind"]] = event["occurred"]
    return snapshot


def nobody_flew(snapshot):
    return {row["route"] for row in snapshot.values()} - {row["route"] for row in snapshot.values() if row["departed"]}

# %% tags=["wrong-5"] says="A diverted flight did fly" breaks="were scheduled and none departed"
def absorb(snapshot, event):
    row = snapshot.setdefault(event["key"], {"route": (event["origin"], event["dest"]), **dict.fromkeys(KINDS)})
    row[event["kind"]] = event["occurred"]
    return snapshot


def nobody_flew(snapshot):
    return {row["route"] for row in snapshot.values()} - {row["route"] for row in snapshot.values() if row["arrived"]}

# %% tags=["wrong-5"] says="Those are all routes" breaks="and none departed"
def absorb(snapshot, event):
    row = snapshot.setdefault(event["key"], {"route": (event["origin"], event["dest"]), **dict.fromkeys(KINDS)})
    row[event["kind"]] = event["occurred"]
    return snapshot


def nobody_flew(snapshot):
    return {row["route"] for row in snapshot.values() if row["scheduled"]}

# %% tags=["wrong-5"] says="should be pairs" breaks="the set of routes"
def absorb(snapshot, event):
    row = snapshot.setdefault(event["key"], {"route": (event["origin"], event["dest"]), **dict.fromkeys(KINDS)})
    row[event["kind"]] = event["occurred"]
    return snapshot


def nobody_flew(snapshot):
    return {key for key, row in snapshot.items() if not row["departed"]}

# %% tags=["nothing-5"] says="None"
def absorb(snapshot, event):
    snapshot.setdefault(event["key"], {"route": (event["origin"], event["dest"]), **dict.fromkeys(KINDS)})
    return snapshot


def nobody_flew(snapshot):
    return {row["route"] for row in snapshot.values()} - {row["route"] for row in snapshot.values() if row["departed"]}

# %% tags=["right-5"]
def absorb(snapshot, event):
    row = snapshot.get(event["key"])
    if row is None:
        row = {"route": (event["origin"], event["dest"])}
        for kind in KINDS:
            row[kind] = None
    if row[event["kind"]] is None:
        row[event["kind"]] = event["occurred"]
    snapshot[event["key"]] = row
    return snapshot


def nobody_flew(snapshot):
    departures = {}
    for row in snapshot.values():
        departures[row["route"]] = departures.get(row["route"], 0) + (row["departed"] is not None)
    return {route for route, count in departures.items() if not count}

# %% tags=["right-5"]
from datetime import datetime


def absorb(snapshot, event):
    row = dict(snapshot.get(event["key"]) or dict.fromkeys(KINDS), dest=event["dest"])
    moment = datetime.strptime(event["occurred"], "%Y-%m-%dT%H:%M:%SZ")
    return snapshot | {event["key"]: row | {"route": [event["origin"], row["dest"]], event["kind"]: moment}}


def nobody_flew(snapshot):
    routes = {tuple(row["route"]): [] for row in snapshot.values()}
    for row in snapshot.values():
        routes[tuple(row["route"])].append(row["departed"])
    return sorted(route for route, departures in routes.items() if not any(departures))

# %% tags=["raises-5"] says="KeyError"
def absorb(snapshot, event):
    snapshot[event["key"]][event["kind"]] = event["occurred"]
    return snapshot


def nobody_flew(snapshot):
    return {row["route"] for row in snapshot.values()} - {row["route"] for row in snapshot.values() if row["departed"]}

# %% tags=["hint-5"]
# lab.hint(5)

# %% tags=["solution-5"]
# lab.solution(5)

# %% [markdown]
# ## Discussion
#
# The tempting answer to exercise 3 is a column `is_current` and a filter on it. It is fast, it is short, and it drops every flight
# of an earlier version without a word. What is inherent: a question about history needs the version of the fact, a question
# about today needs the newest version of the *same* aircraft, and only the natural key, the tail number, connects the two. So a
# type 2 dimension keeps both keys.
#
# In exercise 1, one unknown member for everything is the least that works. Its price: the flights behind -1 have lost their tail number. The
# notebook's inferred members keep it, and cost one row per aircraft that nobody has described yet.
