# %% [markdown]
# # Lab 02: ELT
#
# You write a model over raw, find out how far an incremental load must look back, land a drop that was sent twice, and decide what a
# source may change. About 85 minutes; the first three exercises take 45. The notebook [02-elt](../notebooks/02-elt.ipynb) explains every
# term used here.

# %% tags=["setup"]
import json
from datetime import timedelta
from delta.tables import DeltaTable
from patternlab import Lab, look, spark_session, workspace
from patternlab.patterns.elt import scene, trial

spark, lab = spark_session("lab-02"), Lab("02-elt")
lab.progress()

# %% [markdown]
# Raw for this lab: the reports of one day, each a text with its offset.

# %%
sent = scene.reports("day")
landed = [(report["key"], offset, json.dumps(report)) for offset, report in enumerate(sent)]
raw = spark.createDataFrame(landed, "key STRING, offset BIGINT, text STRING")
look(raw, 4)

# %% [markdown]
# ## Exercise 1: One statement over raw
# *Level: fill in · 10 minutes*
#
# **Input** a Spark frame `raw`: `key` (one flight), `offset`, `text` (JSON with `scheduled`, `arrival`, `origin`, `dep_delay`). A flight may
# have been reported more than once: its newest message counts, the one with the largest offset.
#
# **Goal** four SQL expressions, so that the function returns a row for each hour of the schedule and origin, with the number of
# `flights`, how many of them `departed` (a cancelled one has no `dep_delay`), and how many left `on_time`: at most 15 minutes late.
#
# **Example** three flights of one hour, one 20 minutes late, one to the minute and one cancelled: flights 3, departed 2, on_time 1.

# %% tags=["exercise-1"]
def otp_by_hour(raw):
    newest = "max_by(text, offset)"  # SOLUTION
    hour = "date_trunc('hour', report.scheduled)"  # SOLUTION
    departed = "count(report.dep_delay)"  # SOLUTION
    on_time = "count_if(report.dep_delay <= 15)"  # SOLUTION
    raw.createOrReplaceTempView("lab_raw")
    return spark.sql(f"""
        WITH newest AS (SELECT key, {newest} AS text FROM lab_raw GROUP BY key),
        reports AS (
            SELECT from_json(text, 'scheduled TIMESTAMP, arrival TIMESTAMP,
                origin STRING, dep_delay INT') AS report
            FROM newest)
        SELECT {hour} AS hour, report.origin, count(*) AS flights,
            {departed} AS departed, {on_time} AS on_time
        FROM reports GROUP BY ALL""")

# %% tags=["check-1"]
lab.check(1, otp_by_hour)

# %% tags=["wrong-1"] says="counts with its oldest report" breaks="its newest message counts"
def otp_by_hour(raw):
    raw.createOrReplaceTempView("lab_raw")
    return spark.sql("""
        WITH newest AS (SELECT min_by(text, offset) AS text FROM lab_raw GROUP BY key),
        reports AS (SELECT from_json(text, 'scheduled TIMESTAMP, arrival TIMESTAMP,
            origin STRING, dep_delay INT') AS report FROM newest)
        SELECT date_trunc('hour', report.scheduled) AS hour, report.origin, count(*) AS flights,
            count(report.dep_delay) AS departed, count_if(report.dep_delay <= 15) AS on_time
        FROM reports GROUP BY ALL""")

# %% tags=["wrong-1"] says="You took the largest text" breaks="the one with the largest offset"
def otp_by_hour(raw):
    raw.createOrReplaceTempView("lab_raw")
    return spark.sql("""
        WITH newest AS (SELECT max(text) AS text FROM lab_raw GROUP BY key),
        reports AS (SELECT from_json(text, 'scheduled TIMESTAMP, arrival TIMESTAMP,
            origin STRING, dep_delay INT') AS report FROM newest)
        SELECT date_trunc('hour', report.scheduled) AS hour, report.origin, count(*) AS flights,
            count(report.dep_delay) AS departed, count_if(report.dep_delay <= 15) AS on_time
        FROM reports GROUP BY ALL""")

# %% tags=["wrong-1"] says="counts twice" breaks="its newest message counts, the one"
def otp_by_hour(raw):
    raw.createOrReplaceTempView("lab_raw")
    return spark.sql("""
        WITH newest AS (SELECT text AS text FROM lab_raw ),
        reports AS (SELECT from_json(text, 'scheduled TIMESTAMP, arrival TIMESTAMP,
            origin STRING, dep_delay INT') AS report FROM newest)
        SELECT date_trunc('hour', report.scheduled) AS hour, report.origin, count(*) AS flights,
            count(report.dep_delay) AS departed, count_if(report.dep_delay <= 15) AS on_time
        FROM reports GROUP BY ALL""")

# %% tags=["wrong-1"] says="You grouped by arrival" breaks="for each hour of the schedule"
def otp_by_hour(raw):
    raw.createOrReplaceTempView("lab_raw")
    return spark.sql("""
        WITH newest AS (SELECT max_by(text, offset) AS text FROM lab_raw GROUP BY key),
        reports AS (SELECT from_json(text, 'scheduled TIMESTAMP, arrival TIMESTAMP,
            origin STRING, dep_delay INT') AS report FROM newest)
        SELECT date_trunc('hour', report.arrival) AS hour, report.origin, count(*) AS flights,
            count(report.dep_delay) AS departed, count_if(report.dep_delay <= 15) AS on_time
        FROM reports GROUP BY ALL""")

# %% tags=["wrong-1"] says="Your hours are whole days" breaks="a row for each hour"
def otp_by_hour(raw):
    raw.createOrReplaceTempView("lab_raw")
    return spark.sql("""
        WITH newest AS (SELECT max_by(text, offset) AS text FROM lab_raw GROUP BY key),
        reports AS (SELECT from_json(text, 'scheduled TIMESTAMP, arrival TIMESTAMP,
            origin STRING, dep_delay INT') AS report FROM newest)
        SELECT date_trunc('day', report.scheduled) AS hour, report.origin, count(*) AS flights,
            count(report.dep_delay) AS departed, count_if(report.dep_delay <= 15) AS on_time
        FROM reports GROUP BY ALL""")

# %% tags=["wrong-1"] says="the hour of one day is not that of another" breaks="each hour of the schedule and origin"
def otp_by_hour(raw):
    raw.createOrReplaceTempView("lab_raw")
    return spark.sql("""
        WITH newest AS (SELECT max_by(text, offset) AS text FROM lab_raw GROUP BY key),
        reports AS (SELECT from_json(text, 'scheduled TIMESTAMP, arrival TIMESTAMP,
            origin STRING, dep_delay INT') AS report FROM newest)
        SELECT hour(report.scheduled) AS hour, report.origin, count(*) AS flights,
            count(report.dep_delay) AS departed, count_if(report.dep_delay <= 15) AS on_time
        FROM reports GROUP BY ALL""")

# %% tags=["wrong-1"] says="Your hours still have minutes" breaks="for each hour"
def otp_by_hour(raw):
    raw.createOrReplaceTempView("lab_raw")
    return spark.sql("""
        WITH newest AS (SELECT max_by(text, offset) AS text FROM lab_raw GROUP BY key),
        reports AS (SELECT from_json(text, 'scheduled TIMESTAMP, arrival TIMESTAMP,
            origin STRING, dep_delay INT') AS report FROM newest)
        SELECT report.scheduled AS hour, report.origin, count(*) AS flights,
            count(report.dep_delay) AS departed, count_if(report.dep_delay <= 15) AS on_time
        FROM reports GROUP BY ALL""")

# %% tags=["wrong-1"] says="15 minutes late is still on time" breaks="at most 15 minutes late"
def otp_by_hour(raw):
    raw.createOrReplaceTempView("lab_raw")
    return spark.sql("""
        WITH newest AS (SELECT max_by(text, offset) AS text FROM lab_raw GROUP BY key),
        reports AS (SELECT from_json(text, 'scheduled TIMESTAMP, arrival TIMESTAMP,
            origin STRING, dep_delay INT') AS report FROM newest)
        SELECT date_trunc('hour', report.scheduled) AS hour, report.origin, count(*) AS flights,
            count(report.dep_delay) AS departed, count_if(report.dep_delay < 15) AS on_time
        FROM reports GROUP BY ALL""")

# %% tags=["wrong-1"] says="up to 15 of them" breaks="15 minutes late"
def otp_by_hour(raw):
    raw.createOrReplaceTempView("lab_raw")
    return spark.sql("""
        WITH newest AS (SELECT max_by(text, offset) AS text FROM lab_raw GROUP BY key),
        reports AS (SELECT from_json(text, 'scheduled TIMESTAMP, arrival TIMESTAMP,
            origin STRING, dep_delay INT') AS report FROM newest)
        SELECT date_trunc('hour', report.scheduled) AS hour, report.origin, count(*) AS flights,
            count(report.dep_delay) AS departed, count_if(report.dep_delay <= 0) AS on_time
        FROM reports GROUP BY ALL""")

# %% tags=["wrong-1"] says="A cancelled flight departed" breaks="how many of them `departed`"
def otp_by_hour(raw):
    raw.createOrReplaceTempView("lab_raw")
    return spark.sql("""
        WITH newest AS (SELECT max_by(text, offset) AS text FROM lab_raw GROUP BY key),
        reports AS (SELECT from_json(text, 'scheduled TIMESTAMP, arrival TIMESTAMP,
            origin STRING, dep_delay INT') AS report FROM newest)
        SELECT date_trunc('hour', report.scheduled) AS hour, report.origin, count(*) AS flights,
            count(*) AS departed, count_if(report.dep_delay <= 15) AS on_time
        FROM reports GROUP BY ALL""")

# %% tags=["wrong-1"] says="0 is not NULL" breaks="a cancelled one has no `dep_delay`"
def otp_by_hour(raw):
    raw.createOrReplaceTempView("lab_raw")
    return spark.sql("""
        WITH newest AS (SELECT max_by(text, offset) AS text FROM lab_raw GROUP BY key),
        reports AS (SELECT from_json(text, 'scheduled TIMESTAMP, arrival TIMESTAMP,
            origin STRING, dep_delay INT') AS report FROM newest)
        SELECT date_trunc('hour', report.scheduled) AS hour, report.origin, count(*) AS flights,
            count_if(report.dep_delay <> 0) AS departed, count_if(report.dep_delay <= 15) AS on_time
        FROM reports GROUP BY ALL""")

# %% tags=["wrong-1"] says="A cancelled flight is on time" breaks="how many left `on_time`"
def otp_by_hour(raw):
    raw.createOrReplaceTempView("lab_raw")
    return spark.sql("""
        WITH newest AS (SELECT max_by(text, offset) AS text FROM lab_raw GROUP BY key),
        reports AS (SELECT from_json(text, 'scheduled TIMESTAMP, arrival TIMESTAMP,
            origin STRING, dep_delay INT') AS report FROM newest)
        SELECT date_trunc('hour', report.scheduled) AS hour, report.origin, count(*) AS flights,
            count(report.dep_delay) AS departed, count(*) - count_if(report.dep_delay > 15) AS on_time
        FROM reports GROUP BY ALL""")

# %% tags=["wrong-1"] says="every flight was cancelled" breaks="with the number of"
def otp_by_hour(raw):
    raw.createOrReplaceTempView("lab_raw")
    return spark.sql("""
        WITH newest AS (SELECT max_by(text, offset) AS text FROM lab_raw GROUP BY key),
        reports AS (SELECT from_json(text, 'scheduled TIMESTAMP, arrival TIMESTAMP,
            origin STRING, dep_delay INT') AS report FROM newest)
        SELECT date_trunc('hour', report.scheduled) AS hour, report.origin, count(*) AS flights,
            count(report.dep_delay) AS departed, count_if(report.dep_delay <= 15) AS on_time
        FROM reports GROUP BY ALL HAVING departed > 0""")

# %% tags=["wrong-1"] says="left early is on time, too" breaks="at most 15 minutes late"
def otp_by_hour(raw):
    raw.createOrReplaceTempView("lab_raw")
    return spark.sql("""
        WITH newest AS (SELECT max_by(text, offset) AS text FROM lab_raw GROUP BY key),
        reports AS (SELECT from_json(text, 'scheduled TIMESTAMP, arrival TIMESTAMP,
            origin STRING, dep_delay INT') AS report FROM newest)
        SELECT date_trunc('hour', report.scheduled) AS hour, report.origin, count(*) AS flights,
            count(report.dep_delay) AS departed, count_if(abs(report.dep_delay) <= 15) AS on_time
        FROM reports GROUP BY ALL""")

# %% tags=["nothing-1"] says="Your rows are not one for each hour and origin"
def otp_by_hour(raw):
    return spark.sql("""SELECT TIMESTAMP'2013-07-01 10:00' AS hour, 'EWR' AS origin,
        3 AS flights, 2 AS departed, 1 AS on_time""")

# %% tags=["right-1"]
def otp_by_hour(raw):
    raw.createOrReplaceTempView("lab_raw")
    return spark.sql("""
        WITH newest AS (SELECT element_at(array_sort(collect_list(struct(offset, text))), -1).text AS text FROM lab_raw GROUP BY key),
        reports AS (SELECT from_json(text, 'scheduled TIMESTAMP, arrival TIMESTAMP,
            origin STRING, dep_delay INT') AS report FROM newest)
        SELECT timestamp(date_format(report.scheduled, 'yyyy-MM-dd HH:00:00')) AS hour, report.origin, count(*) AS flights,
            sum(int(report.dep_delay IS NOT NULL)) AS departed, sum(CASE WHEN report.dep_delay <= 15 THEN 1 ELSE 0 END) AS on_time
        FROM reports GROUP BY ALL""")

# %% tags=["right-1"]
def otp_by_hour(raw):
    import pandas
    newest = raw.toPandas().sort_values("offset").drop_duplicates("key", keep="last")
    told = pandas.DataFrame(map(json.loads, newest["text"]))
    told["hour"] = pandas.to_datetime(told["scheduled"]).dt.floor("h")
    told["on_time"] = told["dep_delay"] <= 15
    groups = told.groupby(["hour", "origin"], as_index=False)
    return groups.agg(flights=("key", "size"), departed=("dep_delay", "count"),
                      on_time=("on_time", "sum"))

# %% tags=["raises-1"] says="FIELD_NOT_FOUND"
def otp_by_hour(raw):
    raw.createOrReplaceTempView("lab_raw")
    return spark.sql("""
        WITH newest AS (SELECT max_by(text, offset) AS text FROM lab_raw GROUP BY key),
        reports AS (SELECT from_json(text, 'scheduled TIMESTAMP, arrival TIMESTAMP,
            origin STRING, dep_delay INT') AS report FROM newest)
        SELECT date_trunc('hour', report.scheduled) AS hour, report.origin, count(*) AS flights,
            count(report.delay) AS departed, count_if(report.dep_delay <= 15) AS on_time
        FROM reports GROUP BY ALL""")

# %% tags=["hint-1"]
# lab.hint(1)

# %% tags=["solution-1"]
# lab.solution(1)

# %% [markdown]
# Your model on the day of this lab:

# %%
try:
    print(otp_by_hour(raw).limit(4).toPandas().to_string(index=False))
except Exception:
    print("fill the blanks of exercise 1 first")

# %% [markdown]
# ## Exercise 2: How far to look back
# *Level: modify · 20 minutes*
#
# **Input** `drops`, a list of daily drops; a drop is a list of reports, a report a dict with `key`, `day` (a date: the day for which the flight was
# scheduled) and `dep_delay`. The load below takes only days later than the newest one in its table, so it misses what comes late.
#
# **Goal** change `load` so that it looks back: it takes days later than (the newest day in the table before the drop, minus
# `back` days), and a report that comes again replaces the older one. It returns the table. Then write `smallest`: the fewest days back
# (0, 1, 2 ...) with which `load` misses no flight of the drops.
#
# **Example** a drop with a flight of 1 July, then one with flights of 1 and 2 July: `smallest` returns 1.

# %% tags=["start-2"]
drops = trial.daily_drops("week")
print(f"{len(drops)} drops, the last report: {drops[-1][-1]}")

# %% tags=["exercise-2"]
def load(drops, back):
    table = {}
    for drop in drops:
        newest = max((report["day"] for report in table.values()), default=None)
        for report in drop:
            # the load without a look-back was:
            # if newest is None or report["day"] > newest:
            if newest is None or report["day"] > newest - timedelta(days=back):  # SOLUTION
                table[report["key"]] = report  # SOLUTION
    return table


def smallest(drops):
    every = {report["key"] for drop in drops for report in drop}  # SOLUTION
    back = 0  # SOLUTION
    while set(load(drops, back)) != every:  # SOLUTION
        back += 1  # SOLUTION
    return back  # SOLUTION

# %% tags=["check-2"]
lab.check(2, (load, smallest))

# %% tags=["wrong-2"] says="Your load does not look back" breaks="minus"
def load(drops, back):
    table = {}
    for drop in drops:
        newest = max((report["day"] for report in table.values()), default=None)
        for report in drop:
            if newest is None or report["day"] > newest:
                table[report["key"]] = report
    return table


def smallest(drops):
    every = {report["key"] for drop in drops for report in drop}
    back = 0
    while set(load(drops, back)) != every:
        back += 1
    return back

# %% tags=["wrong-2"] says="later than means later" breaks="takes days later than"
def load(drops, back):
    table = {}
    for drop in drops:
        newest = max((report["day"] for report in table.values()), default=None)
        for report in drop:
            if newest is None or report["day"] >= newest - timedelta(days=back):
                table[report["key"]] = report
    return table


def smallest(drops):
    every = {report["key"] for drop in drops for report in drop}
    back = 0
    while set(load(drops, back)) != every:
        back += 1
    return back

# %% tags=["wrong-2"] says="With back=0 only days later" breaks="takes days later than (the newest day"
def load(drops, back):
    table = {}
    for drop in drops:
        newest = max((report["day"] for report in table.values()), default=None)
        for report in drop:
            if newest is None or report["day"] > newest - timedelta(days=max(1, back)):
                table[report["key"]] = report
    return table


def smallest(drops):
    every = {report["key"] for drop in drops for report in drop}
    back = 0
    while set(load(drops, back)) != every:
        back += 1
    return back

# %% tags=["wrong-2"] says="a flight of the day before the newest one counts" breaks="`back` days)"
def load(drops, back):
    table = {}
    for drop in drops:
        newest = max((report["day"] for report in table.values()), default=None)
        for report in drop:
            if newest is None or report["day"] > newest - timedelta(days=min(1, back)):
                table[report["key"]] = report
    return table


def smallest(drops):
    every = {report["key"] for drop in drops for report in drop}
    back = 0
    while set(load(drops, back)) != every:
        back += 1
    return back

# %% tags=["wrong-2"] says="moves while a drop is read" breaks="before the drop"
def load(drops, back):
    table = {}
    for drop in drops:
        for report in drop:
            newest = max((report["day"] for report in table.values()), default=None)
            if newest is None or report["day"] > newest - timedelta(days=back):
                table[report["key"]] = report
    return table


def smallest(drops):
    every = {report["key"] for drop in drops for report in drop}
    back = 0
    while set(load(drops, back)) != every:
        back += 1
    return back

# %% tags=["wrong-2"] says="a drop may hold late reports only" breaks="the newest day in the table"
def load(drops, back):
    table, newest = {}, None
    for drop in drops:
        for report in drop:
            if newest is None or report["day"] > newest - timedelta(days=back):
                table[report["key"]] = report
        newest = max((report["day"] for report in drop), default=newest)
    return table


def smallest(drops):
    every = {report["key"] for drop in drops for report in drop}
    back = 0
    while set(load(drops, back)) != every:
        back += 1
    return back

# %% tags=["wrong-2"] says="should replace the older one" breaks="a report that comes again replaces the older one"
def load(drops, back):
    table = {}
    for drop in drops:
        newest = max((report["day"] for report in table.values()), default=None)
        for report in drop:
            if newest is None or report["day"] > newest - timedelta(days=back):
                table.setdefault(report["key"], report)
    return table


def smallest(drops):
    every = {report["key"] for drop in drops for report in drop}
    back = 0
    while set(load(drops, back)) != every:
        back += 1
    return back

# %% tags=["wrong-2"] says="Where nothing is late, smallest returned 1. A smaller one is enough" breaks="(0, 1, 2 ...)"
def load(drops, back):
    table = {}
    for drop in drops:
        newest = max((report["day"] for report in table.values()), default=None)
        for report in drop:
            if newest is None or report["day"] > newest - timedelta(days=back):
                table[report["key"]] = report
    return table


def smallest(drops):
    every = {report["key"] for drop in drops for report in drop}
    back = 1
    while set(load(drops, back)) != every:
        back += 1
    return back

# %% tags=["wrong-2"] says="late by more than a day, smallest returned 1. A flight is missed" breaks="misses no flight of the drops"
def load(drops, back):
    table = {}
    for drop in drops:
        newest = max((report["day"] for report in table.values()), default=None)
        for report in drop:
            if newest is None or report["day"] > newest - timedelta(days=back):
                table[report["key"]] = report
    return table


def smallest(drops):
    every = {report["key"] for drop in drops for report in drop}
    return 0 if set(load(drops, 0)) == every else 1

# %% tags=["wrong-2"] says="late by more than a day, smallest returned 7. A smaller one" breaks="the fewest days back"
def load(drops, back):
    table = {}
    for drop in drops:
        newest = max((report["day"] for report in table.values()), default=None)
        for report in drop:
            if newest is None or report["day"] > newest - timedelta(days=back):
                table[report["key"]] = report
    return table


def smallest(drops):
    every = {report["key"] for drop in drops for report in drop}
    return next((back for back in (0, 1, 7, 30) if set(load(drops, back)) == every))

# %% tags=["wrong-2"] says="more than a week late, smallest returned 7. A flight is missed" breaks="with which `load` misses no flight"
def load(drops, back):
    table = {}
    for drop in drops:
        newest = max((report["day"] for report in table.values()), default=None)
        for report in drop:
            if newest is None or report["day"] > newest - timedelta(days=back):
                table[report["key"]] = report
    return table


def smallest(drops):
    every = {report["key"] for drop in drops for report in drop}
    return next((back for back in range(8) if set(load(drops, back)) == every), 7)

# %% tags=["wrong-2"] says="should return its table" breaks="It returns the table"
def load(drops, back):
    table = {}
    for drop in drops:
        newest = max((report["day"] for report in table.values()), default=None)
        for report in drop:
            if newest is None or report["day"] > newest - timedelta(days=back):
                table[report["key"]] = report
    return list(table.values())


def smallest(drops):
    every = {report["key"] for drop in drops for report in drop}
    back = 0
    while set(load(drops, back)) != every:
        back += 1
    return back

# %% tags=["wrong-2"] says="Where reports come again" breaks="misses no flight"
def load(drops, back):
    table = {}
    for drop in drops:
        newest = max((report["day"] for report in table.values()), default=None)
        for report in drop:
            if newest is None or report["day"] > newest - timedelta(days=back):
                table[report["key"]] = report
    return table


def smallest(drops):
    newest = {report["key"]: report for drop in drops for report in drop}
    back = 0
    while load(drops, back) != newest:
        back += 1
    return back

# %% tags=["nothing-2"] says="Where nothing is late"
def load(drops, back):
    table = {}
    for drop in drops:
        newest = max((report["day"] for report in table.values()), default=None)
        for report in drop:
            if newest is None or report["day"] > newest - timedelta(days=back):
                table[report["key"]] = report
    return table


def smallest(drops):
    return 1

# %% tags=["right-2"]
def load(drops, back):
    table, newest = {}, None
    for drop in drops:
        limit = newest and newest - timedelta(days=back)
        taken = [report for report in drop if limit is None or report["day"] > limit]
        table.update({report["key"]: report for report in taken})
        newest = max([newest, *(report["day"] for report in taken)] if newest
                     else (report["day"] for report in taken), default=newest)
    return table


def smallest(drops):
    needed, newest, known = 0, None, set()
    for drop in drops:
        days = [report["day"] for report in drop if report["key"] not in known]
        if newest and days:
            needed = max(needed, (newest - min(days)).days + 1)
        known.update(report["key"] for report in drop)
        newest = max([*days, *([newest] if newest else [])], default=None)
    return needed

# %% tags=["right-2"]
def load(drops, back):
    table = {}
    for drop in drops:
        known = [report["day"] for report in table.values()]
        for report in drop:
            if not known or (max(known) - report["day"]).days < back:
                table[report["key"]] = report
    return table


def smallest(drops):
    total = len({report["key"] for drop in drops for report in drop})
    return next(back for back in range(10_000) if len(load(drops, back)) == total)

# %% tags=["raises-2"] says="KeyError"
def load(drops, back):
    table = {}
    for drop in drops:
        newest = max((report["day"] for report in table.values()), default=None)
        for report in drop:
            if newest is None or report["date"] > newest - timedelta(days=back):
                table[report["key"]] = report
    return table


def smallest(drops):
    every = {report["key"] for drop in drops for report in drop}
    back = 0
    while set(load(drops, back)) != every:
        back += 1
    return back

# %% tags=["hint-2"]
# lab.hint(2)

# %% tags=["solution-2"]
# lab.solution(2)

# %% [markdown]
# ## Exercise 3: Landing a retried drop
# *Level: modify · 15 minutes*
#
# **Input** `path`, a Delta table of raw with `partition`, `offset` and `text`, and `messages`, a Spark frame with the same columns: a drop. Some of its
# messages may have landed before. The load below appends them once more.
#
# **Goal** change `land` so that it adds the messages of which the table does not have the address, partition and offset together. The same
# text at another address is another message. What has landed is not changed, and not written anew.
#
# **Example** the table has offsets 0 and 1 of partition 0; a drop with 1 and 2 adds one row.

# %% tags=["start-3"]
messages = raw.selectExpr("0 AS partition", "offset", "text").where("offset < 6")
look(messages)

# %% [markdown]
# A table to try it on has the first three of them: call `land(path, messages)` when you have changed it.

# %%
path = str(workspace("lab-02") / "raw")
messages.where("offset < 3").write.format("delta").mode("overwrite").save(path)
look(spark.read.format("delta").load(path))

# %% tags=["exercise-3"]
def land(path, messages):
    # the load that appends was:
    # messages.write.format("delta").mode("append").save(path)
    raw = DeltaTable.forPath(spark, path).alias("raw")  # SOLUTION
    same = "raw.partition = new.partition AND raw.offset = new.offset"  # SOLUTION
    merging = raw.merge(messages.alias("new"), same)  # SOLUTION
    merging.whenNotMatchedInsertAll().execute()  # SOLUTION

# %% tags=["check-3"]
lab.check(3, land)

# %% tags=["wrong-3"] says="times: it had landed before" breaks="of which the table does not have the address"
def land(path, messages):
    messages.write.format("delta").mode("append").save(path)

# %% tags=["wrong-3"] says="whose text came before" breaks="text at another address is another message"
def land(path, messages):
    spark.sql(f"""
        MERGE INTO delta.`{path}` AS raw USING {{new}} AS new
        ON raw.text <=> new.text
        WHEN NOT MATCHED THEN INSERT *""", new=messages)

# %% tags=["wrong-3"] says="its offset is taken in partition 0 only" breaks="partition and offset together"
def land(path, messages):
    spark.sql(f"""
        MERGE INTO delta.`{path}` AS raw USING {{new}} AS new
        ON raw.offset = new.offset
        WHEN NOT MATCHED THEN INSERT *""", new=messages)

# %% tags=["wrong-3"] says="Messages that raw had before are gone" breaks="What has landed is not changed"
def land(path, messages):
    messages.write.format("delta").mode("overwrite").save(path)

# %% tags=["wrong-3"] says="was changed by the retry" breaks="What has landed is not changed, and"
def land(path, messages):
    spark.sql(f"""
        MERGE INTO delta.`{path}` AS raw USING {{new}} AS new
        ON raw.partition = new.partition AND raw.offset = new.offset
        WHEN MATCHED THEN UPDATE SET *
        WHEN NOT MATCHED THEN INSERT *""", new=messages)

# %% tags=["wrong-3"] says="you wrote all of raw anew" breaks="and not written anew"
def land(path, messages):
    raw = spark.read.format("delta").load(path)
    new = messages.join(raw, ["partition", "offset"], "leftanti")
    raw.unionByName(new).write.format("delta").mode("overwrite").save(path)

# %% tags=["wrong-3"] says="A message without a text is missing" breaks="it adds the messages"
def land(path, messages):
    raw = spark.read.format("delta").load(path)
    new = messages.where("text IS NOT NULL").join(raw, ["partition", "offset"], "leftanti")
    new.write.format("delta").mode("append").save(path)

# %% tags=["wrong-3"] says="did not land as it came" breaks="adds the messages"
def land(path, messages):
    raw = spark.read.format("delta").load(path)
    new = messages.join(raw, ["partition", "offset"], "leftanti")
    new = new.selectExpr("partition", "offset", "replace(text, ' ', '') AS text")
    new.write.format("delta").mode("append").save(path)

# %% tags=["wrong-3"] says="a later one does not say that it has this one" breaks="partition and offset together"
def land(path, messages):
    raw = spark.read.format("delta").load(path)
    last = raw.groupBy("partition").agg({"offset": "max"}).withColumnRenamed("max(offset)", "last")
    new = messages.join(last, "partition", "left").where("last IS NULL OR offset > last").drop("last")
    new.write.format("delta").mode("append").save(path)

# %% tags=["nothing-3"] says="is missing"
def land(path, messages):
    spark.sql(f"INSERT INTO delta.`{path}` VALUES (0, 2, 'x')")

# %% tags=["right-3"]
def land(path, messages):
    raw = spark.read.format("delta").load(path)
    new = messages.join(raw, ["partition", "offset"], "leftanti")
    new.write.format("delta").mode("append").save(path)

# %% tags=["right-3"]
def land(path, messages):
    spark.sql(f"""
        MERGE INTO delta.`{path}` AS raw USING {{new}} AS new
        ON raw.partition = new.partition AND raw.offset = new.offset
        WHEN NOT MATCHED THEN INSERT *""", new=messages)

# %% tags=["raises-3"] says="UNRESOLVED"
def land(path, messages):
    spark.sql(f"""
        MERGE INTO delta.`{path}` AS raw USING {{new}} AS new
        ON raw.address = new.address
        WHEN NOT MATCHED THEN INSERT *""", new=messages)

# %% tags=["hint-3"]
# lab.hint(3)

# %% tags=["solution-3"]
# lab.solution(3)

# %% [markdown]
# ## Exercise 4: A policy for drift
# *Level: design · 40 minutes*
#
# **Input** a `contract`, `{field: {"type": "int" or "text", "required": True or False}}`, and a `drop`, a list of dicts with whole numbers,
# texts and None.
#
# **Goal** `decide` returns a verdict, the rows to load, and the contract from now on.
#
# - `"reject"` the drop as a whole (no rows, the same contract) where a required field is missing, is None, or can't be read as its type.
# - `"add"` where a new field is in at least half of the messages: it joins the contract, not required, as `int` if all its values are whole
#   numbers, else as `text`. Ignore a rarer new field.
# - `"load"` otherwise. A row has the fields of the new contract and no other. The text `"12"` is read as the int 12; any value can be read
#   as text. What is missing or can't be read in a field that is not required becomes None.
#
# **Example** `{"key": {"type": "text", "required": True}}` and `[{"key": "a", "gate": "B7"}]` give `"add"`, a row with both, a contract with
# both.

# %% tags=["start-4"]
print(*trial.messages(3), sep="\n")
trial.CONTRACT

# %% tags=["exercise-4"]
def decide(contract, drop):
    def read(value, kind):  # SOLUTION
        if value is None or kind == "text":  # SOLUTION
            return value if value is None else str(value)  # SOLUTION
        try:  # SOLUTION
            return int(value)  # SOLUTION
        except ValueError:  # SOLUTION
            return None  # SOLUTION
    # SOLUTION
    for field, rule in contract.items():  # SOLUTION
        values = [read(message.get(field), rule["type"]) for message in drop]  # SOLUTION
        if rule["required"] and None in values:  # SOLUTION
            return "reject", [], contract  # SOLUTION
    # SOLUTION
    grown = dict(contract)  # SOLUTION
    for field in {field for message in drop for field in message} - set(contract):  # SOLUTION
        values = [message[field] for message in drop if field in message]  # SOLUTION
        if len(values) >= len(drop) / 2:  # SOLUTION
            whole = all(isinstance(value, int) for value in values)  # SOLUTION
            grown[field] = {"type": "int" if whole else "text", "required": False}  # SOLUTION
    # SOLUTION
    rows = []  # SOLUTION
    for message in drop:  # SOLUTION
        rows.append({field: read(message.get(field), rule["type"])  # SOLUTION
                     for field, rule in grown.items()})  # SOLUTION
    return "add" if grown != contract else "load", rows, grown  # SOLUTION

# %% tags=["check-4"]
lab.check(4, decide)

# %% tags=["wrong-4"] says="is no reason to reject. Ignore it" breaks="Ignore a rarer new field"
def decide(contract, drop):
    def read(value, kind):
        if value is None or kind == "text":
            return value if value is None else str(value)
        try:
            return int(value)
        except ValueError:
            return None

    if {field for message in drop for field in message} - set(contract):
        return "reject", [], contract
    for field, rule in contract.items():
        values = [read(message.get(field), rule["type"]) for message in drop]
        if rule["required"] and None in values:
            return "reject", [], contract

    grown = dict(contract)
    for field in {field for message in drop for field in message} - set(contract):
        values = [message[field] for message in drop if field in message]
        if len(values) >= len(drop) / 2:
            whole = all(isinstance(value, int) for value in values)
            grown[field] = {"type": "int" if whole else "text", "required": False}

    rows = []
    for message in drop:
        rows.append({field: read(message.get(field), rule["type"])
                     for field, rule in grown.items()})
    return "add" if grown != contract else "load", rows, grown

# %% tags=["wrong-4"] says="too rare to be added" breaks="a rarer new field"
def decide(contract, drop):
    def read(value, kind):
        if value is None or kind == "text":
            return value if value is None else str(value)
        try:
            return int(value)
        except ValueError:
            return None

    for field, rule in contract.items():
        values = [read(message.get(field), rule["type"]) for message in drop]
        if rule["required"] and None in values:
            return "reject", [], contract

    grown = dict(contract)
    for field in {field for message in drop for field in message} - set(contract):
        values = [message[field] for message in drop if field in message]
        if values:
            whole = all(isinstance(value, int) for value in values)
            grown[field] = {"type": "int" if whole else "text", "required": False}

    rows = []
    for message in drop:
        rows.append({field: read(message.get(field), rule["type"])
                     for field, rule in grown.items()})
    return "add" if grown != contract else "load", rows, grown

# %% tags=["wrong-4"] says="A new field in all messages should be added" breaks="it joins the contract"
def decide(contract, drop):
    def read(value, kind):
        if value is None or kind == "text":
            return value if value is None else str(value)
        try:
            return int(value)
        except ValueError:
            return None

    for field, rule in contract.items():
        values = [read(message.get(field), rule["type"]) for message in drop]
        if rule["required"] and None in values:
            return "reject", [], contract

    grown = dict(contract)
    for field in {field for message in drop for field in message} - set(contract):
        values = [message[field] for message in drop if field in message]
        if False:
            whole = all(isinstance(value, int) for value in values)
            grown[field] = {"type": "int" if whole else "text", "required": False}

    rows = []
    for message in drop:
        rows.append({field: read(message.get(field), rule["type"])
                     for field, rule in grown.items()})
    return "add" if grown != contract else "load", rows, grown

# %% tags=["wrong-4"] says="at least half" breaks="at least half"
def decide(contract, drop):
    def read(value, kind):
        if value is None or kind == "text":
            return value if value is None else str(value)
        try:
            return int(value)
        except ValueError:
            return None

    for field, rule in contract.items():
        values = [read(message.get(field), rule["type"]) for message in drop]
        if rule["required"] and None in values:
            return "reject", [], contract

    grown = dict(contract)
    for field in {field for message in drop for field in message} - set(contract):
        values = [message[field] for message in drop if field in message]
        if len(values) > len(drop) / 2:
            whole = all(isinstance(value, int) for value in values)
            grown[field] = {"type": "int" if whole else "text", "required": False}

    rows = []
    for message in drop:
        rows.append({field: read(message.get(field), rule["type"])
                     for field, rule in grown.items()})
    return "add" if grown != contract else "load", rows, grown

# %% tags=["wrong-4"] says="of type text and not required" breaks="not required, as"
def decide(contract, drop):
    def read(value, kind):
        if value is None or kind == "text":
            return value if value is None else str(value)
        try:
            return int(value)
        except ValueError:
            return None

    for field, rule in contract.items():
        values = [read(message.get(field), rule["type"]) for message in drop]
        if rule["required"] and None in values:
            return "reject", [], contract

    grown = dict(contract)
    for field in {field for message in drop for field in message} - set(contract):
        values = [message[field] for message in drop if field in message]
        if len(values) >= len(drop) / 2:
            whole = all(isinstance(value, int) for value in values)
            grown[field] = {"type": "int" if whole else "text", "required": True}

    rows = []
    for message in drop:
        rows.append({field: read(message.get(field), rule["type"])
                     for field, rule in grown.items()})
    return "add" if grown != contract else "load", rows, grown

# %% tags=["wrong-4"] says="is of type int" breaks="all its values are whole"
def decide(contract, drop):
    def read(value, kind):
        if value is None or kind == "text":
            return value if value is None else str(value)
        try:
            return int(value)
        except ValueError:
            return None

    for field, rule in contract.items():
        values = [read(message.get(field), rule["type"]) for message in drop]
        if rule["required"] and None in values:
            return "reject", [], contract

    grown = dict(contract)
    for field in {field for message in drop for field in message} - set(contract):
        values = [message[field] for message in drop if field in message]
        if len(values) >= len(drop) / 2:
            whole = all(isinstance(value, int) for value in values)
            grown[field] = {"type": "text", "required": False}

    rows = []
    for message in drop:
        rows.append({field: read(message.get(field), rule["type"])
                     for field, rule in grown.items()})
    return "add" if grown != contract else "load", rows, grown

# %% tags=["wrong-4"] says="where a message lacks the new field" breaks="A row has the fields of the new contract"
def decide(contract, drop):
    def read(value, kind):
        if value is None or kind == "text":
            return value if value is None else str(value)
        try:
            return int(value)
        except ValueError:
            return None

    for field, rule in contract.items():
        values = [read(message.get(field), rule["type"]) for message in drop]
        if rule["required"] and None in values:
            return "reject", [], contract

    grown = dict(contract)
    for field in {field for message in drop for field in message} - set(contract):
        values = [message[field] for message in drop if field in message]
        if len(values) >= len(drop) / 2:
            whole = all(isinstance(value, int) for value in values)
            grown[field] = {"type": "int" if whole else "text", "required": False}

    rows = []
    for message in drop:
        rows.append({field: read(message.get(field), rule["type"])
                     for field, rule in grown.items() if field in message or field in contract})
    return "add" if grown != contract else "load", rows, grown

# %% tags=["wrong-4"] says="is not in your rows" breaks="fields of the new contract and no other"
def decide(contract, drop):
    def read(value, kind):
        if value is None or kind == "text":
            return value if value is None else str(value)
        try:
            return int(value)
        except ValueError:
            return None

    for field, rule in contract.items():
        values = [read(message.get(field), rule["type"]) for message in drop]
        if rule["required"] and None in values:
            return "reject", [], contract

    grown = dict(contract)
    for field in {field for message in drop for field in message} - set(contract):
        values = [message[field] for message in drop if field in message]
        if len(values) >= len(drop) / 2:
            whole = all(isinstance(value, int) for value in values)
            grown[field] = {"type": "int" if whole else "text", "required": False}

    rows = []
    for message in drop:
        rows.append({field: read(message.get(field), rule["type"])
                     for field, rule in contract.items()})
    return "add" if grown != contract else "load", rows, grown

# %% tags=["wrong-4"] says="A required field is missing in one message" breaks="where a required field is missing"
def decide(contract, drop):
    def read(value, kind):
        if value is None or kind == "text":
            return value if value is None else str(value)
        try:
            return int(value)
        except ValueError:
            return None

    for field, rule in contract.items():
        values = [read(message.get(field), rule["type"]) for message in drop]
        if rule["required"] and drop and not any(field in message for message in drop):
            return "reject", [], contract

    grown = dict(contract)
    for field in {field for message in drop for field in message} - set(contract):
        values = [message[field] for message in drop if field in message]
        if len(values) >= len(drop) / 2:
            whole = all(isinstance(value, int) for value in values)
            grown[field] = {"type": "int" if whole else "text", "required": False}

    rows = []
    for message in drop:
        rows.append({field: read(message.get(field), rule["type"])
                     for field, rule in grown.items()})
    return "add" if grown != contract else "load", rows, grown

# %% tags=["wrong-4"] says="Half a drop is no drop" breaks="the drop as a whole (no rows"
def decide(contract, drop):
    def read(value, kind):
        if value is None or kind == "text":
            return value if value is None else str(value)
        try:
            return int(value)
        except ValueError:
            return None

    for field, rule in contract.items():
        values = [read(message.get(field), rule["type"]) for message in drop]
        if rule["required"] and None in values:
            healthy = [message for message in drop if read(message.get(field), rule["type"]) is not None]
            return "reject", [{name: read(message.get(name), each["type"]) for name, each in contract.items()}
                              for message in healthy], contract

    grown = dict(contract)
    for field in {field for message in drop for field in message} - set(contract):
        values = [message[field] for message in drop if field in message]
        if len(values) >= len(drop) / 2:
            whole = all(isinstance(value, int) for value in values)
            grown[field] = {"type": "int" if whole else "text", "required": False}

    rows = []
    for message in drop:
        rows.append({field: read(message.get(field), rule["type"])
                     for field, rule in grown.items()})
    return "add" if grown != contract else "load", rows, grown

# %% tags=["wrong-4"] says="A required field is None in one message" breaks="is None, or can"
def decide(contract, drop):
    def read(value, kind):
        if value is None or kind == "text":
            return value if value is None else str(value)
        try:
            return int(value)
        except ValueError:
            return None

    for field, rule in contract.items():
        values = [read(message.get(field), rule["type"]) for message in drop]
        if rule["required"] and any(field not in message or (message[field] is not None and read(message[field], rule["type"]) is None) for message in drop):
            return "reject", [], contract

    grown = dict(contract)
    for field in {field for message in drop for field in message} - set(contract):
        values = [message[field] for message in drop if field in message]
        if len(values) >= len(drop) / 2:
            whole = all(isinstance(value, int) for value in values)
            grown[field] = {"type": "int" if whole else "text", "required": False}

    rows = []
    for message in drop:
        rows.append({field: read(message.get(field), rule["type"])
                     for field, rule in grown.items()})
    return "add" if grown != contract else "load", rows, grown

# %% tags=["wrong-4"] says="which is none: reject" breaks="can't be read as its type"
def decide(contract, drop):
    def read(value, kind):
        if value is None or kind == "text":
            return value if value is None else str(value)
        try:
            return int(value)
        except ValueError:
            return None

    for field, rule in contract.items():
        values = [read(message.get(field), rule["type"]) for message in drop]
        if rule["required"] and any(message.get(field) is None for message in drop):
            return "reject", [], contract

    grown = dict(contract)
    for field in {field for message in drop for field in message} - set(contract):
        values = [message[field] for message in drop if field in message]
        if len(values) >= len(drop) / 2:
            whole = all(isinstance(value, int) for value in values)
            grown[field] = {"type": "int" if whole else "text", "required": False}

    rows = []
    for message in drop:
        rows.append({field: read(message.get(field), rule["type"])
                     for field, rule in grown.items()})
    return "add" if grown != contract else "load", rows, grown

# %% tags=["wrong-4"] says="That is no reason to reject" breaks="is read as the int"
def decide(contract, drop):
    def read(value, kind):
        if value is None or kind == "text":
            return value if value is None else str(value)
        try:
            return value if isinstance(value, int) else None
        except ValueError:
            return None

    for field, rule in contract.items():
        values = [read(message.get(field), rule["type"]) for message in drop]
        if rule["required"] and None in values:
            return "reject", [], contract

    grown = dict(contract)
    for field in {field for message in drop for field in message} - set(contract):
        values = [message[field] for message in drop if field in message]
        if len(values) >= len(drop) / 2:
            whole = all(isinstance(value, int) for value in values)
            grown[field] = {"type": "int" if whole else "text", "required": False}

    rows = []
    for message in drop:
        rows.append({field: read(message.get(field), rule["type"])
                     for field, rule in grown.items()})
    return "add" if grown != contract else "load", rows, grown

# %% tags=["wrong-4"] says="should be 12 in the rows" breaks="read as the int 12"
def decide(contract, drop):
    def read(value, kind):
        if value is None or kind == "text":
            return value if value is None else str(value)
        try:
            return value if int(value) == value or value else value
        except ValueError:
            return None

    for field, rule in contract.items():
        values = [read(message.get(field), rule["type"]) for message in drop]
        if rule["required"] and None in values:
            return "reject", [], contract

    grown = dict(contract)
    for field in {field for message in drop for field in message} - set(contract):
        values = [message[field] for message in drop if field in message]
        if len(values) >= len(drop) / 2:
            whole = all(isinstance(value, int) for value in values)
            grown[field] = {"type": "int" if whole else "text", "required": False}

    rows = []
    for message in drop:
        rows.append({field: read(message.get(field), rule["type"])
                     for field, rule in grown.items()})
    return "add" if grown != contract else "load", rows, grown

# %% tags=["wrong-4"] says="it becomes None" breaks="in a field that is not required becomes None"
def decide(contract, drop):
    def read(value, kind):
        if value is None or kind == "text":
            return value if value is None else str(value)
        try:
            return int(value)
        except ValueError:
            return None

    for field, rule in contract.items():
        values = [read(message.get(field), rule["type"]) for message in drop]
        if None in [value for value, message in zip(values, drop) if rule['required'] or message.get(field) is not None]:
            return "reject", [], contract

    grown = dict(contract)
    for field in {field for message in drop for field in message} - set(contract):
        values = [message[field] for message in drop if field in message]
        if len(values) >= len(drop) / 2:
            whole = all(isinstance(value, int) for value in values)
            grown[field] = {"type": "int" if whole else "text", "required": False}

    rows = []
    for message in drop:
        rows.append({field: read(message.get(field), rule["type"])
                     for field, rule in grown.items()})
    return "add" if grown != contract else "load", rows, grown

# %% tags=["wrong-4"] says="A field that is not required may be missing" breaks="What is missing or can't be read in a field that is not required"
def decide(contract, drop):
    def read(value, kind):
        if value is None or kind == "text":
            return value if value is None else str(value)
        try:
            return int(value)
        except ValueError:
            return None

    for field, rule in contract.items():
        values = [read(message.get(field), rule["type"]) for message in drop]
        if (rule["required"] and None in values) or any(field not in message for message in drop):
            return "reject", [], contract

    grown = dict(contract)
    for field in {field for message in drop for field in message} - set(contract):
        values = [message[field] for message in drop if field in message]
        if len(values) >= len(drop) / 2:
            whole = all(isinstance(value, int) for value in values)
            grown[field] = {"type": "int" if whole else "text", "required": False}

    rows = []
    for message in drop:
        rows.append({field: read(message.get(field), rule["type"])
                     for field, rule in grown.items()})
    return "add" if grown != contract else "load", rows, grown

# %% tags=["wrong-4"] says="take them from" breaks="a `contract`"
def decide(contract, drop):
    def read(value, kind):
        if value is None or kind == "text":
            return value if value is None else str(value)
        try:
            return int(value)
        except ValueError:
            return None

    for field, rule in trial.CONTRACT.items():
        values = [read(message.get(field), rule["type"]) for message in drop]
        if rule["required"] and None in values:
            return "reject", [], contract

    grown = dict(contract)
    for field in {field for message in drop for field in message} - set(contract):
        values = [message[field] for message in drop if field in message]
        if len(values) >= len(drop) / 2:
            whole = all(isinstance(value, int) for value in values)
            grown[field] = {"type": "int" if whole else "text", "required": False}

    rows = []
    for message in drop:
        rows.append({field: read(message.get(field), rule["type"])
                     for field, rule in grown.items()})
    return "add" if grown != contract else "load", rows, grown

# %% tags=["wrong-4"] says="An empty drop is loaded" breaks="otherwise"
def decide(contract, drop):
    def read(value, kind):
        if value is None or kind == "text":
            return value if value is None else str(value)
        try:
            return int(value)
        except ValueError:
            return None

    if not drop:
        return "reject", [], contract
    for field, rule in contract.items():
        values = [read(message.get(field), rule["type"]) for message in drop]
        if rule["required"] and None in values:
            return "reject", [], contract

    grown = dict(contract)
    for field in {field for message in drop for field in message} - set(contract):
        values = [message[field] for message in drop if field in message]
        if len(values) >= len(drop) / 2:
            whole = all(isinstance(value, int) for value in values)
            grown[field] = {"type": "int" if whole else "text", "required": False}

    rows = []
    for message in drop:
        rows.append({field: read(message.get(field), rule["type"])
                     for field, rule in grown.items()})
    return "add" if grown != contract else "load", rows, grown

# %% tags=["wrong-4"] says="adds nothing to the contract" breaks="the same contract"
def decide(contract, drop):
    def read(value, kind):
        if value is None or kind == "text":
            return value if value is None else str(value)
        try:
            return int(value)
        except ValueError:
            return None

    grown = dict(contract)
    for field in {field for message in drop for field in message} - set(contract):
        grown[field] = {"type": "text", "required": False}
    for field, rule in contract.items():
        values = [read(message.get(field), rule["type"]) for message in drop]
        if rule["required"] and None in values:
            return "reject", [], grown

    grown = dict(contract)
    for field in {field for message in drop for field in message} - set(contract):
        values = [message[field] for message in drop if field in message]
        if len(values) >= len(drop) / 2:
            whole = all(isinstance(value, int) for value in values)
            grown[field] = {"type": "int" if whole else "text", "required": False}

    rows = []
    for message in drop:
        rows.append({field: read(message.get(field), rule["type"])
                     for field, rule in grown.items()})
    return "add" if grown != contract else "load", rows, grown

# %% tags=["wrong-4"] says="with numbers and a text is of type text" breaks="as `int` if all its values are whole"
def decide(contract, drop):
    def read(value, kind):
        if value is None or kind == "text":
            return value if value is None else str(value)
        try:
            return int(value)
        except ValueError:
            return None
    for field, rule in contract.items():
        values = [read(message.get(field), rule["type"]) for message in drop]
        if rule["required"] and None in values:
            return "reject", [], contract
    grown = dict(contract)
    for field in {field for message in drop for field in message} - set(contract):
        values = [message[field] for message in drop if field in message]
        if len(values) >= len(drop) / 2:
            whole = isinstance(values[0], int)
            grown[field] = {"type": "int" if whole else "text", "required": False}
    rows = []
    for message in drop:
        rows.append({field: read(message.get(field), rule["type"])
                     for field, rule in grown.items()})
    return "add" if grown != contract else "load", rows, grown

# %% tags=["wrong-4"] says="Any value can be read as text" breaks="any value can be read"
def decide(contract, drop):
    def read(value, kind):
        if value is None or kind == "text":
            return value if value is None else str(value)
        try:
            return int(value)
        except ValueError:
            return None
    for message in drop:
        if not all(isinstance(message.get(field), str) for field in ("key", "origin") if field in contract):
            return "reject", [], contract
    for field, rule in contract.items():
        values = [read(message.get(field), rule["type"]) for message in drop]
        if rule["required"] and None in values:
            return "reject", [], contract
    grown = dict(contract)
    for field in {field for message in drop for field in message} - set(contract):
        values = [message[field] for message in drop if field in message]
        if len(values) >= len(drop) / 2:
            whole = all(isinstance(value, int) for value in values)
            grown[field] = {"type": "int" if whole else "text", "required": False}
    rows = []
    for message in drop:
        rows.append({field: read(message.get(field), rule["type"])
                     for field, rule in grown.items()})
    return "add" if grown != contract else "load", rows, grown

# %% tags=["nothing-4"] says="should be loaded as it is"
def decide(contract, drop):
    rows = [{"key": message["key"], "gate": "B7"} for message in drop]
    return "add", rows, {**contract, "gate": {"type": "text", "required": False}}

# %% tags=["right-4"]
def decide(contract, drop):
    unreadable = object()

    def read(value, kind):
        if value is None:
            return None
        if kind == "text":
            return f"{value}"
        text = str(value)
        return int(text) if text.lstrip("-").isdigit() else unreadable

    new = {}
    for message in drop:
        for field in message.keys() - contract.keys():
            new.setdefault(field, []).append(message[field])
    after = {**contract}
    for field, values in new.items():
        if len(values) * 2 >= len(drop):
            kinds = {type(value) for value in values}
            after[field] = {"required": False, "type": "int" if kinds == {int} else "text"}
    table = []
    for message in drop:
        row = {field: read(message.get(field), after[field]["type"]) for field in after}
        for field, value in row.items():
            if value in (None, unreadable):
                if after[field]["required"]:
                    return ["reject", [], contract]
                row[field] = None
        table.append(row)
    return ["load" if len(after) == len(contract) else "add", table, after]

# %% tags=["raises-4"] says="KeyError"
def decide(contract, drop):
    return "load", [{field: message[field] for field in contract} for message in drop], contract["fields"]

# %% tags=["hint-4"]
# lab.hint(4)

# %% tags=["solution-4"]
# lab.solution(4)

# %% [markdown]
# ## Discussion
#
# A tempting answer to exercise 2 is "look back seven days, then we are safe". It computes seven days again with each load, and it is a
# guess about the future. The days that the new messages touch cost less and miss nothing, because raw tells which offsets are new.
#
# A tempting answer to exercise 4 is to let everything in: "we have raw, we can repair it later". True for the data, not for the readers of
# the table, who see an evening of cancelled flights until somebody notices. Raw makes a repair possible. A policy makes it known that one is
# needed. dbt's names for such policies are in `on_schema_change`: ignore, fail, append_new_columns, sync_all_columns.
#
# What no policy can know: that `delay` is the old `dep_delay` under a new name. That takes somebody who asks the source.
