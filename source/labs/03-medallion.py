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

# %% tags=["wrong-1"] says="= NULL is never true" breaks="no station"
RULES = {"no hour": "time_hour IS NULL", "no station": "origin = NULL",
         "wind above the record": "wind_speed > 254 OR wind_gust > 254"}
KEY = ["origin", "time_hour"]

# %% tags=["wrong-1"] says="01:00 comes twice" breaks="`time_hour` is UTC"
RULES = {"no hour": "time_hour IS NULL", "no station": "origin IS NULL",
         "wind above the record": "wind_speed > 254 OR wind_gust > 254"}
KEY = ["origin", "year", "month", "day", "hour"]

# %% tags=["wrong-1"] says="not the same as impossible" breaks="null where nothing was measured"
RULES = {"no hour": "time_hour IS NULL", "no station": "origin IS NULL",
         "wind above the record":
             "NOT coalesce(wind_speed <= 254 AND wind_gust <= 254, false)"}
KEY = ["origin", "time_hour"]

# %% tags=["wrong-1"] says="a gust of 300 mph" breaks="wind above 254 mph, the strongest gust"
RULES = {"no hour": "time_hour IS NULL", "no station": "origin IS NULL",
         "wind above the record": "wind_speed > 254"}
KEY = ["origin", "time_hour"]

# %% tags=["wrong-1"] says="different stations" breaks="whether two rows are the same observation"
RULES = {"no hour": "time_hour IS NULL", "no station": "origin IS NULL",
         "wind above the record": "wind_speed > 254 OR wind_gust > 254"}
KEY = ["time_hour"]

# %% tags=["wrong-1"] says="has been measured" breaks="wind above 254 mph"
RULES = {"no hour": "time_hour IS NULL", "no station": "origin IS NULL",
         "wind above the record": "wind_speed > 100 OR wind_gust > 100"}
KEY = ["origin", "time_hour"]

# %% tags=["wrong-1"] says="That is the record itself" breaks="the strongest gust ever measured"
RULES = {"no hour": "time_hour IS NULL", "no station": "origin IS NULL",
         "wind above the record": "wind_speed >= 254 OR wind_gust >= 254"}
KEY = ["origin", "time_hour"]

# %% tags=["wrong-1"] says="a gust of 255 mph" breaks="true for a row to be held back"
RULES = {"no hour": "time_hour IS NULL", "no station": "origin IS NULL",
         "wind above the record": "wind_speed > 254 OR wind_gust > 260"}
KEY = ["origin", "time_hour"]

# %% tags=["wrong-1"] says="your key takes it for another one" breaks="the columns that tell whether two rows are the same"
RULES = {"no hour": "time_hour IS NULL", "no station": "origin IS NULL",
         "wind above the record": "wind_speed > 254 OR wind_gust > 254"}
KEY = ["origin", "time_hour", "offset"]

# %% tags=["nothing-1"] says="without a station stays in silver"
RULES = {"no hour": "time_hour IS NULL", "no station": "false", "wind above the record": "false"}
KEY = ["origin", "time_hour"]

# %% tags=["right-1"]
RULES = {"no hour": "time_hour IS NULL", "no station": "isnull(origin)",
         "wind above the record": "greatest(wind_speed, wind_gust) > 254"}
KEY = ["time_hour", "origin"]

# %% tags=["right-1"]
RULES = {"wind": "coalesce(wind_speed, 0) > 254 OR coalesce(wind_gust, 0) > 254",
         "where": "isnull(origin)", "when": "time_hour <=> NULL"}
KEY = {"origin", "time_hour", "hour"}

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

# %% tags=["wrong-2"] says="an inner join drops" breaks="`unknown` (a tail number the registry lacks)"
def flag(flights, planes):
    both = flights.join(planes.distinct(), "tailnum")
    return both.withColumn("aircraft", F.lit("known"))

# %% tags=["wrong-2"] says="lists it twice" breaks="The registry may list an aircraft twice"
def flag(flights, planes):
    registry = planes.withColumn("registered", F.lit(True))
    found = F.when(F.col("registered"), "known").otherwise("unknown")
    state = F.when(F.col("tailnum").isNull(), "missing").otherwise(found)
    return flights.join(registry, "tailnum", "left").withColumn("aircraft", state)

# %% tags=["wrong-2"] says="two different facts" breaks="`missing` (no tail number)"
def flag(flights, planes):
    registry = planes.select("tailnum").distinct().withColumn("registered", F.lit(True))
    state = F.when(F.col("registered"), "known").otherwise("unknown")
    return flights.join(registry, "tailnum", "left").withColumn("aircraft", state)

# %% tags=["wrong-2"] says="no tail number is gone" breaks="each flight comes out exactly once"
def flag(flights, planes):
    registry = planes.select("tailnum").distinct().withColumn("registered", F.lit(True))
    state = F.when(F.col("registered"), "known").otherwise("unknown")
    every = flights.where("tailnum IS NOT NULL").join(registry, "tailnum", "left")
    return every.withColumn("aircraft", state)

# %% tags=["wrong-2"] says="is no flight" breaks="each flight comes out"
def flag(flights, planes):
    registry = planes.select("tailnum").distinct().withColumn("registered", F.lit(True))
    found = F.when(F.col("registered"), "known").otherwise("unknown")
    state = F.when(F.col("tailnum").isNull(), "missing").otherwise(found)
    return flights.join(registry, "tailnum", "full").withColumn("aircraft", state)

# %% tags=["wrong-2"] says="where an aircraft flew twice" breaks="flight comes out exactly once"
def flag(flights, planes):
    registry = planes.select("tailnum").withColumn("registered", F.lit(True))
    found = F.when(F.col("registered"), "known").otherwise("unknown")
    state = F.when(F.col("tailnum").isNull(), "missing").otherwise(found)
    every = flights.join(registry, "tailnum", "left").withColumn("aircraft", state)
    return every.orderBy("flight").coalesce(1).dropDuplicates(["tailnum"])

# %% tags=["wrong-2"] says="Two flights with one flight number" breaks="exactly once"
def flag(flights, planes):
    registry = planes.select("tailnum").withColumn("registered", F.lit(True))
    found = F.when(F.col("registered"), "known").otherwise("unknown")
    state = F.when(F.col("tailnum").isNull(), "missing").otherwise(found)
    every = flights.join(registry, "tailnum", "left").withColumn("aircraft", state)
    return every.dropDuplicates(["flight"])

# %% tags=["wrong-2"] says="and the registry has it" breaks="`known` (in the registry)"
def flag(flights, planes):
    registry = planes.groupBy("tailnum").count().where("count = 1").withColumn("registered", F.lit(True))
    found = F.when(F.col("registered"), "known").otherwise("unknown")
    state = F.when(F.col("tailnum").isNull(), "missing").otherwise(found)
    return flights.join(registry, "tailnum", "left").withColumn("aircraft", state)

# %% tags=["wrong-2"] says="The names are known, unknown and missing" breaks="`aircraft`: `known`"
def flag(flights, planes):
    registry = planes.select("tailnum").distinct().withColumn("registered", F.lit(True))
    state = F.when(F.col("tailnum").isNull(), "missing").otherwise(F.coalesce("registered", F.lit(False)).cast("string"))
    return flights.join(registry, "tailnum", "left").withColumn("aircraft", state)

# %% tags=["nothing-2"] says="and the registry lacks it"
def flag(flights, planes):
    return flights.withColumn("aircraft", F.when(F.col("tailnum").isNull(), "missing").otherwise("known"))

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

# %% tags=["right-2"]
def flag(flights, planes):
    registered, table = set(planes.toPandas()["tailnum"].dropna()), flights.toPandas()
    table["aircraft"] = ["known" if tail in registered else "unknown" if tail else "missing" for tail in table["tailnum"]]
    return table[["aircraft", "flight"]]

# %% tags=["right-2"]
def flag(flights, planes):
    tails = [row.tailnum for row in planes.collect()]
    return [{"flight": row.flight, "aircraft": "missing" if row.tailnum is None else "known" if row.tailnum in tails
             else "unknown"} for row in flights.collect()]

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

# %% tags=["wrong-3"] says="another company" breaks="another company, stays"
def conform(planes):
    spoken = F.upper(F.trim("manufacturer"))
    name = F.when(spoken.contains("DOUGLAS"), "MCDONNELL DOUGLAS")
    name = name.when(spoken.contains("AIRBUS"), "AIRBUS")
    name = name.when(spoken.contains("CANADAIR"), "CANADAIR").otherwise(spoken)
    kept = planes.withColumn("manufacturer_raw", F.col("manufacturer"))
    return kept.withColumn("manufacturer", name)

# %% tags=["wrong-3"] says="what the source said" breaks="`manufacturer_raw` keeps what the source said"
def conform(planes):
    name = F.upper(F.trim("manufacturer"))
    for maker in ("AIRBUS", "MCDONNELL DOUGLAS", "CANADAIR"):
        name = F.when(name.startswith(maker), maker).otherwise(name)
    conformed = planes.withColumn("manufacturer", name)
    return conformed.withColumn("manufacturer_raw", F.col("manufacturer"))

# %% tags=["wrong-3"] says="spaces or small letters" breaks="later deliveries may add spaces or small letters"
def conform(planes):
    name = F.col("manufacturer")
    for maker in ("AIRBUS", "MCDONNELL DOUGLAS", "CANADAIR"):
        name = F.when(name.startswith(maker), maker).otherwise(name)
    kept = planes.withColumn("manufacturer_raw", F.col("manufacturer"))
    return kept.withColumn("manufacturer", name)

# %% tags=["wrong-3"] says="lost its row" breaks="a frame with as many rows"
def conform(planes):
    spoken = F.upper(F.trim("manufacturer"))
    name = spoken
    for maker in ("AIRBUS", "MCDONNELL DOUGLAS", "CANADAIR"):
        name = F.when(spoken.startswith(maker), maker).otherwise(name)
    kept = planes.withColumn("manufacturer_raw", F.col("manufacturer"))
    return kept.withColumn("manufacturer", name).where("manufacturer <> ''")

# %% tags=["wrong-3"] says="still has two spellings" breaks="come in two or three spellings each"
def conform(planes):
    spoken = F.upper(F.trim("manufacturer"))
    name = F.when(spoken == "AIRBUS INDUSTRIE", "AIRBUS").when(
        spoken.startswith("MCDONNELL"), "MCDONNELL DOUGLAS").otherwise(spoken)
    kept = planes.withColumn("manufacturer_raw", F.col("manufacturer"))
    return kept.withColumn("manufacturer", name)

# %% tags=["wrong-3"] says="in capitals and without outer spaces" breaks="keep their name, in capitals and without outer spaces"
def conform(planes):
    name = F.col("manufacturer")
    for maker in ("AIRBUS", "MCDONNELL DOUGLAS", "CANADAIR"):
        name = F.when(F.upper(F.trim("manufacturer")).startswith(maker), maker).otherwise(name)
    kept = planes.withColumn("manufacturer_raw", F.col("manufacturer"))
    return kept.withColumn("manufacturer", name)

# %% tags=["wrong-3"] says="does not keep its name" breaks="All others keep their name"
def conform(planes):
    name = F.split(F.upper(F.trim("manufacturer")), " ")[0]
    name = F.when(name == "MCDONNELL", "MCDONNELL DOUGLAS").otherwise(name)
    kept = planes.withColumn("manufacturer_raw", F.col("manufacturer"))
    return kept.withColumn("manufacturer", name)

# %% tags=["wrong-3"] says="by which the Goal calls this maker" breaks="Airbus, McDonnell Douglas and Canadair"
def conform(planes):
    spoken = F.upper(F.trim("manufacturer"))
    name = spoken
    for begin, maker in (("AIRBUS", "AIRBUS"), ("MCDONNELL", "MCDONNELL"), ("CANADAIR", "CANADAIR")):
        name = F.when(spoken.startswith(begin), maker).otherwise(name)
    kept = planes.withColumn("manufacturer_raw", F.col("manufacturer"))
    return kept.withColumn("manufacturer", name)

# %% tags=["wrong-3"] says="What nobody knows stays NULL" breaks="keep their name"
def conform(planes):
    spoken = F.coalesce(F.upper(F.trim("manufacturer")), F.lit("UNKNOWN"))
    name = spoken
    for maker in ("AIRBUS", "MCDONNELL DOUGLAS", "CANADAIR"):
        name = F.when(spoken.startswith(maker), maker).otherwise(name)
    kept = planes.withColumn("manufacturer_raw", F.col("manufacturer"))
    return kept.withColumn("manufacturer", name)

# %% tags=["nothing-3"] says="spellings"
def conform(planes):
    name = F.when(F.col("manufacturer") == "AIRBUS INDUSTRIE", "AIRBUS").otherwise(F.col("manufacturer"))
    return planes.withColumn("manufacturer_raw", F.col("manufacturer")).withColumn("manufacturer", name)

# %% tags=["right-3"]
def conform(planes):
    makers = "^(AIRBUS|MCDONNELL DOUGLAS|CANADAIR)( .*)?$"
    spoken = "upper(trim(manufacturer))"
    return planes.selectExpr(
        "* EXCEPT (manufacturer)", "manufacturer AS manufacturer_raw",
        f"regexp_replace({spoken}, '{makers}', '$1') AS manufacturer")

# %% tags=["right-3"]
def conform(planes):
    table = planes.toPandas().rename(columns={"manufacturer": "manufacturer_raw"})
    spoken = table["manufacturer_raw"].str.strip().str.upper()
    table["manufacturer"] = spoken.str.replace("^(AIRBUS|MCDONNELL DOUGLAS|CANADAIR) .*", r"\1", regex=True)
    return table[["manufacturer", "manufacturer_raw"]]

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

# %% tags=["wrong-4"] says="A few damaged messages stopped" breaks="single bad messages go to quarantine"
def publish(messages, contract, write_silver, write_quarantine):
    for field, (kind, nullable) in contract.items():
        for message in messages:
            if field not in message:
                return field
            if kind == "time" and str(message[field])[:2] != "20":
                return field
    write_silver(messages)

# %% tags=["wrong-4"] says="Silver's last version is gone" breaks="so that silver's last version stays"
def publish(messages, contract, write_silver, write_quarantine):
    def keeps(message):
        for field, (kind, nullable) in contract.items():
            value = message.get(field)
            if field not in message or value is None and not nullable:
                return False
            number = isinstance(value, (int, float))
            if value is not None and number != (kind == "number"):
                return False
            if kind == "time" and value[10:11] + value[-1:] != "TZ":
                return False
        return True
    write_silver([message for message in messages if keeps(message)])
    write_quarantine([message for message in messages if not keeps(message)])

# %% tags=["wrong-4"] says="A missing field is not a null" breaks="`tailnum` renamed to `tail`"
def publish(messages, contract, write_silver, write_quarantine):
    def keeps(message, field):
        kind, nullable = contract[field]
        value = message.get(field)
        if value is None:
            return nullable
        if isinstance(value, (int, float)) != (kind == "number"):
            return False
        return kind != "time" or value[10:11] + value[-1:] == "TZ"

    for field in contract:
        broken = [message for message in messages if not keeps(message, field)]
        if len(broken) > 0.05 * len(messages):
            return field
    good = [all(keeps(message, field) for field in contract) for message in messages]
    write_silver([message for message, fine in zip(messages, good) if fine])
    write_quarantine([message for message, fine in zip(messages, good) if not fine])

# %% tags=["wrong-4"] says="not both" breaks="the others to silver"
def publish(messages, contract, write_silver, write_quarantine):
    def keeps(message, field):
        kind, nullable = contract[field]
        value = message.get(field)
        if value is None:
            return field in message and nullable
        if isinstance(value, (int, float)) != (kind == "number"):
            return False
        return kind != "time" or value[10:11] + value[-1:] == "TZ"

    for field in contract:
        broken = [message for message in messages if not keeps(message, field)]
        if len(broken) > 0.05 * len(messages):
            return field
    good = [all(keeps(message, field) for field in contract) for message in messages]
    write_silver(messages)
    write_quarantine([message for message, fine in zip(messages, good) if not fine])

# %% tags=["wrong-4"] says="let a damaged message into silver" breaks="single bad messages go"
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

# %% tags=["wrong-4"] says="5 % is not more than 5 %" breaks="more than 5 %"
def publish(messages, contract, write_silver, write_quarantine):
    def keeps(message, field):
        kind, nullable = contract[field]
        value = message.get(field)
        if value is None:
            return field in message and nullable
        if isinstance(value, (int, float)) != (kind == "number"):
            return False
        return kind != "time" or value[10:11] + value[-1:] == "TZ"

    for field in contract:
        broken = [message for message in messages if not keeps(message, field)]
        if len(broken) >= 0.05 * len(messages):
            return field
    good = [all(keeps(message, field) for field in contract) for message in messages]
    write_silver([message for message, fine in zip(messages, good) if fine])
    write_quarantine([message for message, fine in zip(messages, good) if not fine])


# %% tags=["wrong-4"] says="no origin, more than 5 %" breaks="if more than 5 % of the batch"
def publish(messages, contract, write_silver, write_quarantine):
    def keeps(message, field):
        kind, nullable = contract[field]
        value = message.get(field)
        if value is None:
            return field in message and nullable
        if isinstance(value, (int, float)) != (kind == "number"):
            return False
        return kind != "time" or value[10:11] + value[-1:] == "TZ"

    for field in contract:
        broken = [message for message in messages if not keeps(message, field)]
        if len(broken) > 0.1 * len(messages):
            return field
    good = [all(keeps(message, field) for field in contract) for message in messages]
    write_silver([message for message, fine in zip(messages, good) if fine])
    write_quarantine([message for message, fine in zip(messages, good) if not fine])


# %% tags=["wrong-4"] says="only four in any one field" breaks="*in the same field*"
def publish(messages, contract, write_silver, write_quarantine):
    def keeps(message, field):
        kind, nullable = contract[field]
        value = message.get(field)
        if value is None:
            return field in message and nullable
        if isinstance(value, (int, float)) != (kind == "number"):
            return False
        return kind != "time" or value[10:11] + value[-1:] == "TZ"

    broken = [field for message in messages for field in contract if not keeps(message, field)]
    if len(broken) > 0.05 * len(messages):
        return max(broken, key=broken.count)
    good = [all(keeps(message, field) for field in contract) for message in messages]
    write_silver([message for message, fine in zip(messages, good) if fine])
    write_quarantine([message for message, fine in zip(messages, good) if not fine])


# %% tags=["wrong-4"] says="write nothing at all" breaks="write nothing"
def publish(messages, contract, write_silver, write_quarantine):
    def keeps(message, field):
        kind, nullable = contract[field]
        value = message.get(field)
        if value is None:
            return field in message and nullable
        if isinstance(value, (int, float)) != (kind == "number"):
            return False
        return kind != "time" or value[10:11] + value[-1:] == "TZ"

    for field in contract:
        broken = [message for message in messages if not keeps(message, field)]
        if len(broken) > 0.05 * len(messages):
            write_quarantine(broken)
            return field
    good = [all(keeps(message, field) for field in contract) for message in messages]
    write_silver([message for message, fine in zip(messages, good) if fine])
    write_quarantine([message for message, fine in zip(messages, good) if not fine])


# %% tags=["wrong-4"] says="Name the field that stopped it" breaks="return that field"
def publish(messages, contract, write_silver, write_quarantine):
    def keeps(message, field):
        kind, nullable = contract[field]
        value = message.get(field)
        if value is None:
            return field in message and nullable
        if isinstance(value, (int, float)) != (kind == "number"):
            return False
        return kind != "time" or value[10:11] + value[-1:] == "TZ"

    for field in contract:
        broken = [message for message in messages if not keeps(message, field)]
        if len(broken) > 0.05 * len(messages):
            return f"{field} has changed"
    good = [all(keeps(message, field) for field in contract) for message in messages]
    write_silver([message for message, fine in zip(messages, good) if fine])
    write_quarantine([message for message, fine in zip(messages, good) if not fine])


# %% tags=["wrong-4"] says="else return None" breaks="return `None`"
def publish(messages, contract, write_silver, write_quarantine):
    def keeps(message, field):
        kind, nullable = contract[field]
        value = message.get(field)
        if value is None:
            return field in message and nullable
        if isinstance(value, (int, float)) != (kind == "number"):
            return False
        return kind != "time" or value[10:11] + value[-1:] == "TZ"

    for field in contract:
        broken = [message for message in messages if not keeps(message, field)]
        if len(broken) > 0.05 * len(messages):
            return field
    good = [all(keeps(message, field) for field in contract) for message in messages]
    write_silver([message for message, fine in zip(messages, good) if fine])
    write_quarantine([message for message, fine in zip(messages, good) if not fine])
    return "published"


# %% tags=["wrong-4"] says="wrote a table more than once" breaks="each list written once"
def publish(messages, contract, write_silver, write_quarantine):
    def keeps(message, field):
        kind, nullable = contract[field]
        value = message.get(field)
        if value is None:
            return field in message and nullable
        if isinstance(value, (int, float)) != (kind == "number"):
            return False
        return kind != "time" or value[10:11] + value[-1:] == "TZ"

    for field in contract:
        broken = [message for message in messages if not keeps(message, field)]
        if len(broken) > 0.05 * len(messages):
            return field
    good = [all(keeps(message, field) for field in contract) for message in messages]
    for message, fine in zip(messages, good):
        if fine:
            write_silver([message])
        else:
            write_quarantine([message])


# %% tags=["wrong-4"] says="messages are missing" breaks="others to silver, each list written"
def publish(messages, contract, write_silver, write_quarantine):
    def keeps(message, field):
        kind, nullable = contract[field]
        value = message.get(field)
        if value is None:
            return field in message and nullable
        if isinstance(value, (int, float)) != (kind == "number"):
            return False
        return kind != "time" or value[10:11] + value[-1:] == "TZ"

    for field in contract:
        broken = [message for message in messages if not keeps(message, field)]
        if len(broken) > 0.05 * len(messages):
            return field
    good = [all(keeps(message, field) for field in contract) for message in messages]
    write_silver(list({message["origin"]: message for message, fine in zip(messages, good) if fine}.values()))
    write_quarantine([message for message, fine in zip(messages, good) if not fine])


# %% tags=["wrong-4"] says="A field stopped the batch that the contract" breaks="`contract` (`{field: (kind, nullable)}`"
def publish(messages, contract, write_silver, write_quarantine):
    text, time = ("text", False), ("time", False)
    contract = {"key": text, "scheduled": time, "occurred": time, "origin": text, "tailnum": ("text", True),
                "dep_delay": ("number", True)}

    def keeps(message, field):
        kind, nullable = contract[field]
        value = message.get(field)
        if value is None:
            return field in message and nullable
        if isinstance(value, (int, float)) != (kind == "number"):
            return False
        return kind != "time" or value[10:11] + value[-1:] == "TZ"

    for field in contract:
        broken = [message for message in messages if not keeps(message, field)]
        if len(broken) > 0.05 * len(messages):
            return field
    good = [all(keeps(message, field) for field in contract) for message in messages]
    write_silver([message for message, fine in zip(messages, good) if fine])
    write_quarantine([message for message, fine in zip(messages, good) if not fine])


# %% tags=["wrong-4"] says="for a new field" breaks="Additional fields are fine"
def publish(messages, contract, write_silver, write_quarantine):
    def keeps(message, field):
        kind, nullable = contract[field]
        value = message.get(field)
        if value is None:
            return field in message and nullable
        if isinstance(value, (int, float)) != (kind == "number"):
            return False
        return kind != "time" or value[10:11] + value[-1:] == "TZ"

    for field in contract:
        broken = [message for message in messages if not keeps(message, field)]
        if len(broken) > 0.05 * len(messages):
            return field
    good = [all(keeps(message, field) for field in contract) and not message.keys() - contract.keys()
            for message in messages]
    write_silver([message for message, fine in zip(messages, good) if fine])
    write_quarantine([message for message, fine in zip(messages, good) if not fine])


# %% tags=["wrong-4"] says="It has no T and no Z" breaks="A time looks like"
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
    write_silver([message for message, fine in zip(messages, good) if fine])
    write_quarantine([message for message, fine in zip(messages, good) if not fine])


# %% tags=["wrong-4"] says="fields that may be null" breaks="nullable"
def publish(messages, contract, write_silver, write_quarantine):
    def keeps(message, field):
        kind, nullable = contract[field]
        value = message.get(field)
        if value is None:
            return False
        if isinstance(value, (int, float)) != (kind == "number"):
            return False
        return kind != "time" or value[10:11] + value[-1:] == "TZ"

    for field in contract:
        broken = [message for message in messages if not keeps(message, field)]
        if len(broken) > 0.05 * len(messages):
            return field
    good = [all(keeps(message, field) for field in contract) for message in messages]
    write_silver([message for message, fine in zip(messages, good) if fine])
    write_quarantine([message for message, fine in zip(messages, good) if not fine])


# %% tags=["wrong-4"] says="A message was changed" breaks="the others to silver, each list"
def publish(messages, contract, write_silver, write_quarantine):
    def keeps(message, field):
        kind, nullable = contract[field]
        value = message.get(field)
        if value is None:
            return field in message and nullable
        if isinstance(value, (int, float)) != (kind == "number"):
            return False
        return kind != "time" or value[10:11] + value[-1:] == "TZ"

    for field in contract:
        broken = [message for message in messages if not keeps(message, field)]
        if len(broken) > 0.05 * len(messages):
            return field
    good = [all(keeps(message, field) for field in contract) for message in messages]
    write_silver([{field: message[field] for field in contract} for message, fine in zip(messages, good) if fine])
    write_quarantine([message for message, fine in zip(messages, good) if not fine])


# %% tags=["nothing-4"] says="A few damaged messages stopped"
def publish(messages, contract, write_silver, write_quarantine):
    return "tailnum"

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
    if most > 0.05 * len(messages):
        return field
    write_silver(piles[True])
    write_quarantine(piles[False])

# %% tags=["right-4"]
def publish(messages, contract, write_silver, write_quarantine):
    def sound(message, field):
        kind, nullable = contract[field]
        value = message.get(field, KeyError)
        if value is None or value is KeyError:
            return nullable and value is None
        try:
            return kind == "time" and bool(datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ")) or kind != "time" and (
                (kind == "number") is not isinstance(value, str))
        except (TypeError, ValueError):
            return False

    bad = [{field for field in contract if not sound(message, field)} for message in messages]
    for field in contract:
        if 20 * sum(field in fields for fields in bad) > len(messages):
            return field
    write_silver(message for message, fields in zip(messages, bad) if not fields)
    if any(bad):
        write_quarantine(tuple(message for message, fields in zip(messages, bad) if fields))
    return None

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
