# %% [markdown]
# # Lab 03: Medallion
#
# You write the rules between bronze and silver, flag what must not be dropped, conform a column, and build the gate that keeps a
# broken delivery out. Notebook 03 has the pattern; this lab has the decisions. About 100 minutes.

# %% tags=["setup"]
from pyspark.sql import Window, functions as F
from patternlab import Lab, dataset, events, faults, kafka, look, spark_session, workspace
lab, spark = Lab("03-medallion"), spark_session("lab-03")
broker, lake = kafka(), workspace("lab-03")
lab.progress()

# %% [markdown]
# Bronze for this lab: the weather observations of your slice, off a topic. One in twenty came twice, one in twenty is damaged.

# %%
doubled = faults.duplicated(events("observation", "week"), share=0.05)
broker.feed("weather-lab-03", faults.poisoned(doubled, share=0.05))

log = spark.read.format("kafka").options(**broker.options("weather-lab-03")).load()
bronze = log.select("topic", "partition", "offset", "value")
bronze.write.format("delta").mode("overwrite").save(f"{lake}/bronze")
look(log.select("partition", "offset", F.col("value").cast("string")), rows=3)

# %% [markdown]
# Parsed, nothing judged:

# %% tags=["start-1"]
fields = """origin STRING, year INT, month INT, day INT, hour INT, time_hour TIMESTAMP,
    wind_speed DOUBLE, wind_gust DOUBLE"""
bronze = spark.read.format("delta").load(f"{lake}/bronze")
observation = F.from_json(F.col("value").cast("string"), fields)
weather = bronze.select("topic", "partition", "offset", F.inline(F.array(observation)))
look(weather, rows=5)

# %% [markdown]
# ## Exercise 1: Rules with names
# *Level: fill in · 10 minutes*
#
# **Input** rows like those above. `wind_speed` and `wind_gust` are in mph and null where nothing was measured; `hour` is the local
# clock's, `time_hour` is UTC.
#
# **Goal** two SQL conditions that are true for a row to be held back (no station; wind above 254 mph, the strongest
# gust ever measured), and the columns that tell whether two rows are the same observation.
#
# **Example** the first rule is given: a row without `time_hour` is held back as "no hour".

# %% tags=["exercise-1"]
no_station = "origin IS NULL"  # SOLUTION
too_windy = "wind_speed > 254 OR wind_gust > 254"  # SOLUTION
KEY = ["origin", "time_hour"]  # SOLUTION
RULES = {
    "no hour": "time_hour IS NULL",
    "no station": no_station,
    "wind above the record": too_windy,
}

# %% tags=["check-1"]
lab.check(1, (RULES, KEY))

# %% tags=["wrong-1"] says="= NULL is never true"
RULES = {"no hour": "time_hour IS NULL", "no station": "origin = NULL",
         "wind above the record": "wind_speed > 254 OR wind_gust > 254"}
KEY = ["origin", "time_hour"]

# %% tags=["wrong-1"] says="01:00 comes twice"
RULES = {"no hour": "time_hour IS NULL", "no station": "origin IS NULL",
         "wind above the record": "wind_speed > 254 OR wind_gust > 254"}
KEY = ["origin", "year", "month", "day", "hour"]

# %% tags=["wrong-1"] says="not the same as impossible"
RULES = {"no hour": "time_hour IS NULL", "no station": "origin IS NULL",
         "wind above the record":
             "NOT coalesce(wind_speed <= 254 AND wind_gust <= 254, false)"}
KEY = ["origin", "time_hour"]

# %% tags=["wrong-1"] says="a gust of 300 mph"
RULES = {"no hour": "time_hour IS NULL", "no station": "origin IS NULL",
         "wind above the record": "wind_speed > 254"}
KEY = ["origin", "time_hour"]

# %% tags=["wrong-1"] says="different stations"
RULES = {"no hour": "time_hour IS NULL", "no station": "origin IS NULL",
         "wind above the record": "wind_speed > 254 OR wind_gust > 254"}
KEY = ["time_hour"]

# %% tags=["wrong-1"] says="has been measured"
RULES = {"no hour": "time_hour IS NULL", "no station": "origin IS NULL",
         "wind above the record": "wind_speed > 100 OR wind_gust > 100"}
KEY = ["origin", "time_hour"]

# %% tags=["right-1"]
RULES = {"no hour": "time_hour IS NULL", "no station": "isnull(origin)",
         "wind above the record": "greatest(wind_speed, wind_gust) >= 254.1"}
KEY = ["time_hour", "origin"]

# %% tags=["raises-1"] says="UNRESOLVED_COLUMN"
RULES = {"no hour": "time_hour IS NULL", "no station": "station IS NULL",
         "wind above the record": "wind_speed > 254"}
KEY = ["origin", "time_hour"]

# %% tags=["hint-1"]
# lab.hint(1)

# %% tags=["solution-1"]
# lab.solution(1)

# %% [markdown]
# Your rules on your slice, with copies counted among healthy rows only:

# %%
def held_back(rules, key):
    broken = [F.when(F.expr(rule), name) for name, rule in rules.items()]
    judged = weather.withColumn("rule", F.coalesce(*broken))

    copies = Window.partitionBy(*key, F.isnull("rule")).orderBy("offset")
    twice = F.when(F.row_number().over(copies) > 1, "delivered twice")
    judged = judged.withColumn("rule", F.coalesce("rule", twice))
    return judged.groupBy("rule").count().orderBy("rule")


if ... in [no_station, too_windy, KEY]:
    print("fill the blanks of exercise 1 first")
else:
    held_back(RULES, KEY).show()

# %% [markdown]
# ## Exercise 2: Flagged, not dropped
# *Level: modify · 15 minutes*
#
# **Input** Spark frames `flights` and `planes`, both with `tailnum`. Today's job is `flights.join(planes, "tailnum")`.
#
# **Goal** change it so that each flight comes out exactly once, with a column `aircraft`: `known` (in the registry),
# `unknown` (a tail number the registry lacks) or `missing` (no tail number). The registry may list an aircraft twice.
#
# **Example** a flight with `tailnum` null comes out with `aircraft` = `missing`.

# %% tags=["exercise-2"]
def flag(flights, planes):
    registry = planes.select("tailnum").distinct()  # SOLUTION
    registry = registry.withColumn("registered", F.lit(True))  # SOLUTION
    found = F.when(F.col("registered"), "known").otherwise("unknown")  # SOLUTION
    state = F.when(F.col("tailnum").isNull(), "missing").otherwise(found)  # SOLUTION
    every = flights.join(registry, "tailnum", "left")  # SOLUTION
    return every.withColumn("aircraft", state).drop("registered")  # SOLUTION

# %% tags=["check-2"]
lab.check(2, flag)

# %% tags=["wrong-2"] says="an inner join drops"
def flag(flights, planes):
    both = flights.join(planes.distinct(), "tailnum")
    return both.withColumn("aircraft", F.lit("known"))

# %% tags=["wrong-2"] says="lists it twice"
def flag(flights, planes):
    registry = planes.withColumn("registered", F.lit(True))
    found = F.when(F.col("registered"), "known").otherwise("unknown")
    state = F.when(F.col("tailnum").isNull(), "missing").otherwise(found)
    return flights.join(registry, "tailnum", "left").withColumn("aircraft", state)

# %% tags=["wrong-2"] says="two different facts"
def flag(flights, planes):
    registry = planes.select("tailnum").distinct().withColumn("registered", F.lit(True))
    state = F.when(F.col("registered"), "known").otherwise("unknown")
    return flights.join(registry, "tailnum", "left").withColumn("aircraft", state)

# %% tags=["wrong-2"] says="no tail number is gone"
def flag(flights, planes):
    registry = planes.select("tailnum").distinct().withColumn("registered", F.lit(True))
    state = F.when(F.col("registered"), "known").otherwise("unknown")
    every = flights.where("tailnum IS NOT NULL").join(registry, "tailnum", "left")
    return every.withColumn("aircraft", state)

# %% tags=["right-2"]
def flag(flights, planes):
    flights.createOrReplaceTempView("lab_flights")
    planes.createOrReplaceTempView("lab_planes")
    return spark.sql("""
        SELECT *, CASE WHEN tailnum IS NULL THEN 'missing'
                       WHEN EXISTS (SELECT 1 FROM lab_planes p
                                    WHERE p.tailnum = f.tailnum) THEN 'known'
                       ELSE 'unknown' END AS aircraft
        FROM lab_flights f""")

# %% tags=["raises-2"] says="UNRESOLVED_COLUMN"
def flag(flights, planes):
    return flights.withColumn("aircraft", F.col("tail"))

# %% tags=["hint-2"]
# lab.hint(2)

# %% tags=["solution-2"]
# lab.solution(2)

# %% [markdown]
# ## Exercise 3: One name for one maker
# *Level: modify · 20 minutes*
#
# **Input** a Spark frame `planes`. Its `manufacturer` has several spellings of the same company.
#
# **Goal** a frame with as many rows, where `manufacturer` is conformed and `manufacturer_raw` keeps what the source said. Airbus,
# McDonnell Douglas and Canadair come in two or three spellings each, and later deliveries may add spaces or small letters. All
# others keep their name, in capitals and without outer spaces.
#
# **Example** `"AIRBUS INDUSTRIE"` becomes `"AIRBUS"`; `"DOUGLAS"`, another company, stays.

# %% tags=["start-3"]
planes = spark.read.parquet(dataset("planes"))
makers = planes.where("manufacturer RLIKE 'AIRBUS|DOUGLAS|CANADAIR'")
look(makers.groupBy("manufacturer").count().orderBy("manufacturer"))

# %% tags=["exercise-3"]
def conform(planes):
    spoken = F.upper(F.trim("manufacturer"))  # SOLUTION
    name = spoken  # SOLUTION
    for maker in ("AIRBUS", "MCDONNELL DOUGLAS", "CANADAIR"):  # SOLUTION
        name = F.when(spoken.startswith(maker), maker).otherwise(name)  # SOLUTION
    kept = planes.withColumn("manufacturer_raw", F.col("manufacturer"))  # SOLUTION
    return kept.withColumn("manufacturer", name)  # SOLUTION

# %% tags=["check-3"]
lab.check(3, conform)

# %% tags=["wrong-3"] says="another company"
def conform(planes):
    spoken = F.upper(F.trim("manufacturer"))
    name = F.when(spoken.contains("DOUGLAS"), "MCDONNELL DOUGLAS")
    name = name.when(spoken.contains("AIRBUS"), "AIRBUS")
    name = name.when(spoken.contains("CANADAIR"), "CANADAIR").otherwise(spoken)
    kept = planes.withColumn("manufacturer_raw", F.col("manufacturer"))
    return kept.withColumn("manufacturer", name)

# %% tags=["wrong-3"] says="what the source said"
def conform(planes):
    name = F.upper(F.trim("manufacturer"))
    for maker in ("AIRBUS", "MCDONNELL DOUGLAS", "CANADAIR"):
        name = F.when(name.startswith(maker), maker).otherwise(name)
    conformed = planes.withColumn("manufacturer", name)
    return conformed.withColumn("manufacturer_raw", F.col("manufacturer"))

# %% tags=["wrong-3"] says="spaces or small letters"
def conform(planes):
    name = F.col("manufacturer")
    for maker in ("AIRBUS", "MCDONNELL DOUGLAS", "CANADAIR"):
        name = F.when(name.startswith(maker), maker).otherwise(name)
    kept = planes.withColumn("manufacturer_raw", F.col("manufacturer"))
    return kept.withColumn("manufacturer", name)

# %% tags=["wrong-3"] says="lost its row"
def conform(planes):
    spoken = F.upper(F.trim("manufacturer"))
    name = spoken
    for maker in ("AIRBUS", "MCDONNELL DOUGLAS", "CANADAIR"):
        name = F.when(spoken.startswith(maker), maker).otherwise(name)
    kept = planes.withColumn("manufacturer_raw", F.col("manufacturer"))
    return kept.withColumn("manufacturer", name).where("manufacturer <> ''")

# %% tags=["wrong-3"] says="still has two spellings"
def conform(planes):
    spoken = F.upper(F.trim("manufacturer"))
    name = F.when(spoken == "AIRBUS INDUSTRIE", "AIRBUS").when(
        spoken.startswith("MCDONNELL"), "MCDONNELL DOUGLAS").otherwise(spoken)
    kept = planes.withColumn("manufacturer_raw", F.col("manufacturer"))
    return kept.withColumn("manufacturer", name)

# %% tags=["right-3"]
def conform(planes):
    makers = "^(AIRBUS|MCDONNELL DOUGLAS|CANADAIR)( .*)?$"
    spoken = "upper(trim(manufacturer))"
    return planes.selectExpr(
        "* EXCEPT (manufacturer)", "manufacturer AS manufacturer_raw",
        f"regexp_replace({spoken}, '{makers}', '$1') AS manufacturer")

# %% tags=["raises-3"] says="UNRESOLVED_COLUMN"
def conform(planes):
    return planes.withColumn("manufacturer", F.upper("maker"))

# %% tags=["hint-3"]
# lab.hint(3)

# %% tags=["solution-3"]
# lab.solution(3)

# %% [markdown]
# ## Exercise 4: A gate that holds
# *Level: design · 40 minutes*
#
# **Input** `messages` (a batch, list of dicts), `contract` (`{field: (kind, nullable)}`, kind `"text"`, `"time"` or `"number"`), and two functions,
# `write_silver(rows)` and `write_quarantine(rows)`.
#
# **Goal** single bad messages go to quarantine, the others to silver, each list written once; return `None`. But if more than 5 % of
# the batch break the contract *in the same field*, the source has changed: write nothing, so that silver's last version stays, and
# return that field. Additional fields are fine. A time looks like `"2013-07-01T09:15:00Z"`.
#
# **Example** `tailnum` renamed to `tail` in half of the batch: return `"tailnum"`. The check runs 20 seeds.
# `datetime` is imported for you: a text that is no such time makes its `strptime` raise a ValueError.

# %% tags=["exercise-4"]
from datetime import datetime


def publish(messages, contract, write_silver, write_quarantine):
    def breaks(message, field):  # SOLUTION
        kind, nullable = contract[field]  # SOLUTION
        if field not in message:  # SOLUTION
            return True  # SOLUTION
        value = message[field]  # SOLUTION
        if value is None:  # SOLUTION
            return not nullable  # SOLUTION
        if kind == "number":  # SOLUTION
            return not isinstance(value, (int, float))  # SOLUTION
        if kind == "time":  # SOLUTION
            try:  # SOLUTION
                datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ")  # SOLUTION
            except (TypeError, ValueError):  # SOLUTION
                return True  # SOLUTION
        return not isinstance(value, str)  # SOLUTION
     # SOLUTION
    for field in contract:  # SOLUTION
        broken = [message for message in messages if breaks(message, field)]  # SOLUTION
        if len(broken) > 0.05 * len(messages):  # SOLUTION
            return field  # SOLUTION
     # SOLUTION
    silver, quarantine = [], []  # SOLUTION
    for message in messages:  # SOLUTION
        broken = any(breaks(message, field) for field in contract)  # SOLUTION
        pile = quarantine if broken else silver  # SOLUTION
        pile.append(message)  # SOLUTION
    write_silver(silver)  # SOLUTION
    write_quarantine(quarantine)  # SOLUTION

# %% tags=["check-4"]
lab.check(4, publish)

# %% tags=["wrong-4"] says="A few damaged messages stopped"
def publish(messages, contract, write_silver, write_quarantine):
    for field, (kind, nullable) in contract.items():
        for message in messages:
            if field not in message:
                return field
            if kind == "time" and str(message[field])[:2] != "20":
                return field
    write_silver(messages)

# %% tags=["wrong-4"] says="half a batch"
def publish(messages, contract, write_silver, write_quarantine):
    def keeps(message):
        for field, (kind, nullable) in contract.items():
            value = message.get(field)
            if field not in message or value is None and not nullable:
                return False
            number = isinstance(value, (int, float))
            if value is not None and number != (kind == "number"):
                return False
            if kind == "time" and value[:2] != "20":
                return False
        return True
    write_silver([message for message in messages if keeps(message)])
    write_quarantine([message for message in messages if not keeps(message)])

# %% tags=["wrong-4"] says="A missing field is not a null"
def publish(messages, contract, write_silver, write_quarantine):
    def keeps(message, field):
        kind, nullable = contract[field]
        value = message.get(field)
        if value is None:
            return nullable
        if isinstance(value, (int, float)) != (kind == "number"):
            return False
        return kind != "time" or value[:2] == "20"

    for field in contract:
        broken = [message for message in messages if not keeps(message, field)]
        if len(broken) > 0.05 * len(messages):
            return field
    good = [all(keeps(message, field) for field in contract) for message in messages]
    write_silver([message for message, fine in zip(messages, good) if fine])
    write_quarantine([message for message, fine in zip(messages, good) if not fine])

# %% tags=["wrong-4"] says="not both"
def publish(messages, contract, write_silver, write_quarantine):
    def keeps(message, field):
        kind, nullable = contract[field]
        value = message.get(field)
        if value is None:
            return field in message and nullable
        if isinstance(value, (int, float)) != (kind == "number"):
            return False
        return kind != "time" or value[:2] == "20"

    for field in contract:
        broken = [message for message in messages if not keeps(message, field)]
        if len(broken) > 0.05 * len(messages):
            return field
    good = [all(keeps(message, field) for field in contract) for message in messages]
    write_silver(messages)
    write_quarantine([message for message, fine in zip(messages, good) if not fine])

# %% tags=["wrong-4"] says="let a damaged message into silver"
def publish(messages, contract, write_silver, write_quarantine):
    def keeps(message, field):
        kind, nullable = contract[field]
        value = message.get(field)
        if value is None:
            return field in message and nullable
        return isinstance(value, (int, float)) == (kind == "number")

    for field in contract:
        broken = [message for message in messages if not keeps(message, field)]
        if len(broken) > 0.05 * len(messages):
            return field
    good = [all(keeps(message, field) for field in contract) for message in messages]
    write_silver([message for message, fine in zip(messages, good) if fine])
    write_quarantine([message for message, fine in zip(messages, good) if not fine])

# %% tags=["right-4"]
import re
from collections import Counter

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


def keeps(value, kind, nullable):
    if value is None:
        return nullable
    if kind == "number":
        return type(value) in (int, float)
    if type(value) is not str:
        return False
    return kind == "text" or bool(re.fullmatch(TIME, value))


def publish(messages, contract, write_silver, write_quarantine):
    piles, breaches = {True: [], False: []}, Counter()
    for message in messages:
        wrong = [field for field, rule in contract.items()
                 if field not in message or not keeps(message[field], *rule)]
        breaches.update(wrong)
        piles[not wrong].append(message)

    field, most = (breaches.most_common(1) or [(None, 0)])[0]
    if most / len(messages) > 0.05:
        return field
    write_silver(piles[True])
    write_quarantine(piles[False])

# %% tags=["raises-4"] says="KeyError"
def publish(messages, contract, write_silver, write_quarantine):
    for message in messages:
        write_silver([message[field] for field in contract])

# %% tags=["hint-4"]
# lab.hint(4)

# %% tags=["solution-4"]
# lab.solution(4)

# %% [markdown]
# ## Discussion
#
# The tempting answer to exercise 4 publishes whatever passes. It never stops, never raises, and on the day the source renames a field it
# replaces silver by its healthy half; every number above it is wrong and looks right.
#
# The threshold is a choice nobody can make for you. Set it low, and a dirty but ordinary day stops the pipeline; set it high, and a
# change hides among the dirt. What the layers give you is that both mistakes can be undone: bronze has the messages, and the last silver is still there.

# %%
lab.progress()
