# %% [markdown]
# # Lab 12: Change data capture
#
# Four exercises about a replica of a departure board. The messages are shaped as Debezium writes them; the checks
# send them twice, late and after deletes, as a real connector does after a crash. About 95 minutes.

# %% tags=["setup"]
import json
from delta.tables import DeltaTable
from pyspark.sql import functions as F, Window
from patternlab import Lab, spark_session
from patternlab.patterns.cdc.trial import small_table

spark = spark_session("lab 12", **{"spark.sql.shuffle.partitions": 1})
lab = Lab("12-cdc")
lab.progress()

# %% [markdown]
# ## Exercise 1: The latest row of each flight, merged
# *Level: fill in · 10 minutes*
#
# **Input** `table`, the path of a Delta table with `key`, `status`, `lsn`; `changes`, a Spark frame with these and
# `offset`. A key may come more than once, and after a restart of the connector old messages come again behind newer
# ones.
#
# **Goal** a function that brings the table up to date: one row a key, the one with the highest `lsn` ever seen.
#
# **Example** an empty table and the changes `UA/1 scheduled 10`, `UA/1 delayed 30`, `UA/1 scheduled 10` give `UA/1
# delayed 30`.
#
# The next cell makes a table with one flight and merges a newer change into it, to show the call; a first MERGE takes
# some seconds. What it does not do is the exercise.

# %% tags=["start-1"]
example = small_table([("UA/1", "scheduled", 10)])
columns = "key string, status string, lsn bigint"
newer = spark.createDataFrame([("UA/1", "delayed", 30)], columns)
target = DeltaTable.forPath(spark, example).alias("t")
merge = target.merge(newer.alias("s"), "s.key = t.key")
merge.whenMatchedUpdateAll().whenNotMatchedInsertAll().execute()
DeltaTable.forPath(spark, example).toDF().show()

# %% tags=["exercise-1"]
def upsert(table, changes):
    newest = Window.partitionBy("key").orderBy(F.desc("lsn"))  # SOLUTION
    one = changes.withColumn("rank", F.row_number().over(newest)).where("rank = 1").drop("rank", "offset")  # SOLUTION
    target = DeltaTable.forPath(changes.sparkSession, table).alias("t")
    merge = target.merge(one.alias("s"), "s.key = t.key")  # SOLUTION
    merge.whenMatchedUpdateAll("s.lsn > t.lsn").whenNotMatchedInsertAll().execute()  # SOLUTION

# %% tags=["check-1"]
lab.check(1, upsert)

# %% tags=["wrong-1"] says="You took the last message to arrive" breaks="the one with the highest lsn"
def upsert(table, changes):
    newest = Window.partitionBy("key").orderBy(F.desc("offset"))
    one = changes.withColumn("rank", F.row_number().over(newest)).where("rank = 1").drop("rank", "offset")
    target = DeltaTable.forPath(changes.sparkSession, table).alias("t")
    target.merge(one.alias("s"), "s.key = t.key").whenMatchedUpdateAll("s.lsn > t.lsn").whenNotMatchedInsertAll().execute()

# %% tags=["wrong-1"] says="the MERGE needs a guard" breaks="ever seen"
def upsert(table, changes):
    newest = Window.partitionBy("key").orderBy(F.desc("lsn"))
    one = changes.withColumn("rank", F.row_number().over(newest)).where("rank = 1").drop("rank", "offset")
    target = DeltaTable.forPath(changes.sparkSession, table).alias("t")
    target.merge(one.alias("s"), "s.key = t.key").whenMatchedUpdateAll().whenNotMatchedInsertAll().execute()

# %% tags=["wrong-1"] says="a flight more than once" breaks="one row a key"
def upsert(table, changes):
    changes.drop("offset").write.format("delta").mode("append").save(table)

# %% tags=["wrong-1"] says="A flight that was in the table is gone" breaks="brings the table up to date"
def upsert(table, changes):
    one = changes.groupBy("key").agg(F.max_by("status", "lsn").alias("status"), F.max("lsn").alias("lsn"))
    one.write.format("delta").mode("overwrite").save(table)

# %% tags=["wrong-1"] says="A new flight is missing" breaks="one row a key"
def upsert(table, changes):
    one = changes.groupBy("key").agg(F.max_by("status", "lsn").alias("status"), F.max("lsn").alias("lsn"))
    target = DeltaTable.forPath(changes.sparkSession, table).alias("t")
    target.merge(one.alias("s"), "s.key = t.key").whenMatchedUpdateAll("s.lsn > t.lsn").execute()

# %% tags=["wrong-1"] says="No row of the table changed" breaks="the highest lsn ever seen"
def upsert(table, changes):
    one = changes.groupBy("key").agg(F.max_by("status", "lsn").alias("status"), F.max("lsn").alias("lsn"))
    target = DeltaTable.forPath(changes.sparkSession, table).alias("t")
    target.merge(one.alias("s"), "s.key = t.key").whenNotMatchedInsertAll().execute()

# %% tags=["wrong-1"] says="the status of one message and the lsn of another" breaks="the one with the highest lsn"
def upsert(table, changes):
    one = changes.groupBy("key").agg(F.max("status").alias("status"), F.max("lsn").alias("lsn"))
    target = DeltaTable.forPath(changes.sparkSession, table).alias("t")
    target.merge(one.alias("s"), "s.key = t.key").whenMatchedUpdateAll("s.lsn > t.lsn").whenNotMatchedInsertAll().execute()

# %% tags=["nothing-1"] says="Your table is as it was"
def upsert(table, changes):
    return [{"key": "UA/1", "status": "delayed", "lsn": 30}]

# %% tags=["right-1"]
def upsert(table, changes):
    one = changes.groupBy("key").agg(F.max_by("status", "lsn").alias("status"), F.max("lsn").alias("lsn"))
    (DeltaTable.forPath(changes.sparkSession, table).alias("t").merge(one.alias("s"), "s.key = t.key and s.lsn > t.lsn or s.key = t.key")
     .whenMatchedUpdate("t.lsn < s.lsn", {"status": "s.status", "lsn": "s.lsn"}).whenNotMatchedInsertAll().execute())

# %% tags=["right-1"]
def upsert(table, changes):
    old = changes.sparkSession.read.format("delta").load(table)
    both = old.unionByName(changes, allowMissingColumns=True).groupBy("key")
    one = both.agg(F.max("lsn").alias("lsn"), F.max_by(F.struct("status", "offset"), "lsn").alias("row"))
    one.select("lsn", "row.*", "key").write.format("delta").mode("overwrite").option("overwriteSchema", True).save(table)

# %% tags=["raises-1"] says="UNRESOLVED_COLUMN"
def upsert(table, changes):
    changes.groupBy("flight").agg(F.max("lsn")).write.format("delta").mode("append").save(table)

# %% tags=["hint-1"]
# lab.hint(1)

# %% tags=["solution-1"]
# lab.solution(1)

# %% [markdown]
# ## Exercise 2: Deletes, tombstones and copies
# *Level: modify · 20 minutes*
#
# **Input** `messages`, a topic's messages in order: dicts of `key` and `value`, JSON texts; the value of a tombstone
# is None. At each crash a part of the log comes again, and the list may end in the middle of that. Some topics have
# no tombstones.
#
# **Goal** the rows that are on the board, as a list. The function below knows inserts and updates only: change it.
#
# **Example** a `c` at lsn 100, a `d` at 110, its tombstone, and the `c` of lsn 100 once more give no row.

# %% tags=["exercise-2"]
def replica(messages):
    table, seen = {}, {}
    for message in messages:
        key = json.loads(message["key"])["key"]
        if message["value"] is None:  # SOLUTION
            continue  # SOLUTION
        event = json.loads(message["value"])
        if event["source"]["lsn"] <= seen.get(key, 0):  # SOLUTION
            continue  # SOLUTION
        seen[key] = event["source"]["lsn"]  # SOLUTION
        if event["op"] == "d":  # SOLUTION
            table.pop(key)  # SOLUTION
            continue  # SOLUTION
        table[key] = event["after"]
    return list(table.values())

# %% tags=["check-2"]
lab.check(2, replica)

# %% tags=["wrong-2"] says="an old one: a message that came again overwrote a newer one" breaks="a part of the log comes again"
def replica(messages):
    table, died = {}, {}
    for message in messages:
        event = message["value"] and json.loads(message["value"])
        key = json.loads(message["key"])["key"]
        if not event or event["source"]["lsn"] <= died.get(key, 0):
            continue
        if event["op"] == "d":
            table.pop(key, None)
            died[key] = event["source"]["lsn"]
        else:
            table[key] = event["after"]
    return list(table.values())

# %% tags=["wrong-2"] says="came again and brought it back" breaks="once more give no row"
def replica(messages):
    table, seen = {}, {}
    for message in messages:
        event = message["value"] and json.loads(message["value"])
        if event and event["op"] == "d":
            table.pop(event["before"]["key"], None)
            seen.pop(event["before"]["key"], None)
        elif event and event["source"]["lsn"] > seen.get(event["after"]["key"], 0):
            table[event["after"]["key"]] = event["after"]
            seen[event["after"]["key"]] = event["source"]["lsn"]
    return list(table.values())

# %% tags=["wrong-2"] says="nothing was ever deleted" breaks="the rows that are on the board"
def replica(messages):
    table, seen = {}, {}
    for message in messages:
        event = message["value"] and json.loads(message["value"])
        if event and event["after"] and event["source"]["lsn"] > seen.get(event["after"]["key"], 0):
            table[event["after"]["key"]] = event["after"]
            seen[event["after"]["key"]] = event["source"]["lsn"]
    return list(table.values())

# %% tags=["wrong-2"] says="without a key: a delete was read as a row" breaks="a d at 110"
def replica(messages):
    table = {}
    for message in messages:
        event = json.loads(message["value"] or "{}")
        row = event.get("after") or {"key": None, "status": None}
        table[row["key"]] = row
    return list(table.values())

# %% tags=["wrong-2"] says="without a key: a tombstone was read as a row" breaks="the value of a tombstone is None"
def replica(messages):
    table, seen = {}, {}
    for message in messages:
        key = json.loads(message["key"])["key"]
        if message["value"] is None:
            table[None] = {"key": None, "status": None}
            continue
        event = json.loads(message["value"])
        if event["source"]["lsn"] > seen.get(key, 0):
            seen[key], table[key] = event["source"]["lsn"], event["after"]
    return [row for row in table.values() if row]

# %% tags=["wrong-2"] says="this topic has no tombstones" breaks="Some topics have no tombstones"
def replica(messages):
    table, seen = {}, {}
    for message in messages:
        key = json.loads(message["key"])["key"]
        event = message["value"] and json.loads(message["value"])
        if event is None:
            if seen[key][1] == "d":
                table.pop(key, None)
        elif event["source"]["lsn"] > seen.get(key, (0,))[0]:
            seen[key] = event["source"]["lsn"], event["op"]
            table[key] = event["after"] or table[key]
    return list(table.values())

# %% tags=["wrong-2"] says="it came back to the board after a delete" breaks="the rows that are on the board, as a list"
def replica(messages):
    table, seen, gone = {}, {}, set()
    for message in messages:
        key, event = json.loads(message["key"])["key"], message["value"] and json.loads(message["value"])
        if event and event["source"]["lsn"] > seen.get(key, 0):
            seen[key], table[key] = event["source"]["lsn"], event["after"]
            if event["op"] == "d":
                gone.add(key)
    return [row for key, row in table.items() if key not in gone]

# %% tags=["wrong-2"] says="is not what its newest message says" breaks="inserts and updates"
def replica(messages):
    table, seen = {}, {}
    for message in messages:
        key, event = json.loads(message["key"])["key"], message["value"] and json.loads(message["value"])
        if event and event["source"]["lsn"] > seen.get(key, 0):
            seen[key] = event["source"]["lsn"]
            table[key] = event["after"] and (table.get(key) or event["after"])
    return [row for row in table.values() if row]

# %% tags=["wrong-2"] says="has more than one row" breaks="the rows that are on the board"
def replica(messages):
    board, seen = [], {}
    for message in messages:
        key, event = json.loads(message["key"])["key"], message["value"] and json.loads(message["value"])
        if event and event["source"]["lsn"] > seen.get(key, 0):
            seen[key] = event["source"]["lsn"]
            board = [row for row in board if event["op"] != "d" or row["key"] != key]
            board += [event["after"]] if event["after"] else []
    return board

# %% tags=["wrong-2"] says="should be a table, yours is" breaks="as a list"
def replica(messages):
    events = [json.loads(message["value"]) for message in messages if message["value"]]
    events = sorted(events, key=lambda event: event["source"]["lsn"])
    newest = {(event["after"] or event["before"])["key"]: event["after"] for event in events}
    return {key: row for key, row in newest.items() if row}

# %% tags=["nothing-2"] says="is missing: no message deletes it"
def replica(messages):
    return []

# %% tags=["right-2"]
def replica(messages):
    events = [json.loads(message["value"]) for message in messages if message["value"]]
    newest = {}
    for event in sorted(events, key=lambda event: event["source"]["lsn"]):
        newest[(event["after"] or event["before"])["key"]] = event["after"]
    return [row for row in newest.values() if row]

# %% tags=["right-2"]
import pandas


def replica(messages):
    events = [json.loads(message["value"]) for message in messages if message["value"]]
    newest = pandas.DataFrame(columns=["lsn", "status", "key"])
    for event in sorted(events, key=lambda event: event["source"]["lsn"]):
        key = (event["after"] or event["before"])["key"]
        newest = newest[newest.key != key]
        if event["op"] != "d":
            newest.loc[len(newest) + event["source"]["lsn"]] = event["source"]["lsn"], event["after"]["status"], key
    return newest

# %% tags=["raises-2"] says="TypeError"
def replica(messages):
    return [json.loads(message["value"])["after"] for message in messages]

# %% tags=["hint-2"]
# lab.hint(2)

# %% tags=["solution-2"]
# lab.solution(2)

# %% [markdown]
# ## Exercise 3: A schema that somebody else changes
# *Level: modify · 20 minutes*
#
# **Input** `columns`, a dict of column name to Python type, and `rows`, the dicts of `after` in order.
#
# **Goal** three things: the columns, widened by every new field (its type is that of its first value that is not
# None); the rows that fit, each with all columns (None where it has none); the rows that were refused, as they came:
# those with a value of another type.
#
# **Example** `{"key": str}` and `{"key": "UA/1", "gate": "A1"}`, `{"key": "DL/2", "gate": 7}` give the columns key
# and gate, one row, and one refused row.

# %% tags=["exercise-3"]
def guard(columns, rows):
    fit, refused = [], []
    for row in rows:
        values = {name: value for name, value in row.items() if value is not None}  # SOLUTION
        if any(type(value) is not columns.get(name, type(value)) for name, value in values.items()):  # SOLUTION
            refused.append(row)  # SOLUTION
            continue  # SOLUTION
        for name, value in values.items():  # SOLUTION
            columns.setdefault(name, type(value))  # SOLUTION
        fit.append(row)

    complete = []
    for row in fit:
        complete.append({name: row.get(name) for name in columns})
    return columns, complete, refused

# %% tags=["check-3"]
lab.check(3, guard)

# %% tags=["wrong-3"] says="Nothing was refused" breaks="those with a value of another type"
def guard(columns, rows):
    for row in rows:
        columns.update({name: type(value) for name, value in row.items() if value is not None and name not in columns})
    return columns, [{name: row.get(name) for name in columns} for row in rows], []

# %% tags=["wrong-3"] says="dropped in silence" breaks="the columns, widened by every new field"
def guard(columns, rows):
    fit = [row for row in rows if all(row.get(name) is None or type(row[name]) is kind for name, kind in columns.items())]
    return columns, [{name: row.get(name) for name in columns} for row in fit], [row for row in rows if row not in fit]

# %% tags=["wrong-3"] says="A null was refused" breaks="value that is not None"
def guard(columns, rows):
    fit, refused = [], []
    for row in rows:
        good = all(type(value) is columns.setdefault(name, type(value)) for name, value in row.items())
        (fit if good else refused).append(row)
    return columns, [{name: row.get(name) for name in columns} for row in fit], refused

# %% tags=["wrong-3"] says="Some rows lack a column" breaks="each with all columns"
def guard(columns, rows):
    fit, refused = [], []
    for row in rows:
        good = all(value is None or type(value) is columns.setdefault(name, type(value)) for name, value in row.items())
        (fit if good else refused).append(row)
    return columns, fit, refused

# %% tags=["wrong-3"] says="The column gate has the wrong type" breaks="its type is that of its first value that is not None"
def guard(columns, rows):
    fit, refused = [], []
    for row in rows:
        kinds = {name: columns.setdefault(name, type(value)) for name, value in row.items()}
        good = all(value is None or kinds[name] in (type(value), type(None)) for name, value in row.items())
        (fit if good else refused).append(row)
    return columns, [{name: row.get(name) for name in columns} for row in fit], refused

# %% tags=["wrong-3"] says="is off in gate" breaks="None where it has none"
def guard(columns, rows):
    fit, refused = [], []
    for row in rows:
        good = all(value is None or type(value) is columns.setdefault(name, type(value)) for name, value in row.items())
        (fit if good else refused).append(row)
    return columns, [{name: row.get(name, "") for name in columns} for row in fit], refused

# %% tags=["wrong-3"] says="You changed a refused row" breaks="as they came"
def guard(columns, rows):
    fit, refused = [], []
    for row in rows:
        good = all(value is None or type(value) is columns.setdefault(name, type(value)) for name, value in row.items())
        (fit if good else refused).append(row)
    return columns, *([{name: row.get(name) for name in columns} for row in side] for side in (fit, refused))

# %% tags=["wrong-3"] says="must add up to all rows" breaks="the rows that were refused"
def guard(columns, rows):
    fit, refused = [], []
    for row in rows:
        good = all(value is None or type(value) is columns.setdefault(name, type(value)) for name, value in row.items())
        (fit if good else refused).append(row)
    return columns, [{name: row.get(name) for name in columns} for row in fit], []

# %% tags=["wrong-3"] says="A new or a missing field is no reason" breaks="the rows that fit"
def guard(columns, rows):
    fit, refused = [], []
    for row in rows:
        good = set(row) == set(columns) and all(value is None or type(value) is columns[name] for name, value in row.items())
        (fit if good else refused).append(row)
    new = {name: type(value) for row in rows for name, value in reversed(row.items()) if value is not None}
    return {**new, **columns} | {"gate": str}, fit, refused

# %% tags=["wrong-3"] says="fits, as you say, and gate is str" breaks="a value of another type"
def guard(columns, rows):
    known, fit, refused = dict(columns), [], []
    for row in rows:
        good = all(value is None or type(value) is known.get(name, type(value)) for name, value in row.items())
        (fit if good else refused).append(row)
        if good:
            for name, value in row.items():
                columns.setdefault(name, type(value)) if value is not None else None
    return columns, [{name: row.get(name) for name in columns} for row in fit], refused

# %% tags=["wrong-3"] says="Return three things" breaks="three things"
def guard(columns, rows):
    fit, refused = [], []
    for row in rows:
        good = all(value is None or type(value) is columns.setdefault(name, type(value)) for name, value in row.items())
        (fit if good else refused).append(row)
    return [{name: row.get(name) for name in columns} for row in fit], refused

# %% tags=["wrong-3"] says="is a type of Python, such as str" breaks="column name to Python type"
def guard(columns, rows):
    fit, refused = [], []
    for row in rows:
        good = all(value is None or type(value) is columns.setdefault(name, type(value)) for name, value in row.items())
        (fit if good else refused).append(row)
    return {name: kind.__name__ for name, kind in columns.items()}, [{name: row.get(name) for name in columns} for row in fit], refused

# %% tags=["nothing-3"] says="must add up to all rows"
def guard(columns, rows):
    return {"key": str, "gate": str}, [{"key": "UA/1", "gate": "A1"}], [{"key": "DL/2", "gate": 7}]

# %% tags=["right-3"]
def guard(columns, rows):
    def fits(row):
        return all(value is None or type(value) is columns.setdefault(name, type(value)) for name, value in row.items())
    sides = [(fits(row), row) for row in rows]
    return columns, [{name: row.get(name) for name in columns} for good, row in sides if good], [row for good, row in sides if not good]

# %% tags=["right-3"]
import pandas


def guard(columns, rows):
    fit, refused = [], []
    for row in rows:
        good = all(value is None or type(value) is columns.setdefault(name, type(value)) for name, value in row.items())
        (fit if good else refused).append(row)
    names = sorted(columns)
    return {name: columns[name] for name in names}, pandas.DataFrame(fit, columns=names), tuple(refused)

# %% tags=["raises-3"] says="KeyError"
def guard(columns, rows):
    return columns, [row for row in rows if type(row["delay"]) is columns["delay"]], []

# %% tags=["hint-3"]
# lab.hint(3)

# %% tags=["solution-3"]
# lab.solution(3)

# %% [markdown]
# ## Exercise 4: DBLog's hand-over
# *Level: design · 45 minutes*
#
# **Input** `source`, `replica` and `state`. Between any two of your calls the owners write to the table.
# `source.watermark()` writes a mark into the log and returns its name; `source.chunk(after, size)` are the next rows
# by key, at most ten; `source.log(position)` are the events behind a position: dicts of `position`, and `mark` or
# `key` and `row` (None: deleted). `replica.put(row)` and `replica.delete(key)` write. `state` is a dict that survives
# a kill.
#
# **Goal** copy the table chunk by chunk without a lock while you apply the log, and return when both are done. Keep
# `state["position"]`, up to where the log is applied, after each event. Your function is killed once at a random call
# and started again, 100 times. In the end the replica equals the source at that position; no row ever went back; no
# chunk that was written is read again.
#
# **Example** the chunk had read F07 at version 3; between the two marks the log says F07 is at version 9. The chunk's
# row is dropped.

# %% tags=["exercise-4"]
def hand_over(source, replica, state):
    def apply(until):  # SOLUTION
        touched = set()  # SOLUTION
        for event in source.log(state.get("position", 0)):  # SOLUTION
            if "key" in event:  # SOLUTION
                touched.add(event["key"])  # SOLUTION
                if event["row"] is None:  # SOLUTION
                    replica.delete(event["key"])  # SOLUTION
                else:  # SOLUTION
                    replica.put(event["row"])  # SOLUTION
            state["position"] = event["position"]  # SOLUTION
            if event.get("mark") == until:  # SOLUTION
                break  # SOLUTION
        return touched  # SOLUTION

    while not state.get("done"):  # SOLUTION
        low = source.watermark()  # SOLUTION
        rows = source.chunk(state.get("last", ""), 10)  # SOLUTION
        high = source.watermark()  # SOLUTION
        apply(low)  # SOLUTION
        touched = apply(high)  # SOLUTION
        for row in rows:  # SOLUTION
            if row["key"] not in touched:  # SOLUTION
                replica.put(row)  # SOLUTION
        if rows:  # SOLUTION
            state["last"] = rows[-1]["key"]  # SOLUTION
        else:  # SOLUTION
            state["done"] = True  # SOLUTION

# %% tags=["check-4"]
lab.check(4, hand_over)

# %% tags=["wrong-4"] says="A row of a chunk overwrote a newer one" breaks="no row ever went back"
def hand_over(source, replica, state):
    while not state.get("done"):
        rows = source.chunk(state.get("last", ""), 10)
        for event in source.log(state.get("position", 0)):
            replica.delete(event["key"]) if event["row"] is None else replica.put(event["row"])
            state["position"] = event["position"]
        for row in rows:
            replica.put(row)
        state["last" if rows else "done"] = rows[-1]["key"] if rows else True

# %% tags=["wrong-4"] says="You asked for 100 rows at once" breaks="at most ten"
def hand_over(source, replica, state):
    for row in source.chunk("", 100):
        replica.put(row)

# %% tags=["wrong-4"] says="flights are missing" breaks="copy the table chunk by chunk"
def hand_over(source, replica, state):
    for event in source.log(state.get("position", 0)):
        replica.delete(event["key"]) if event["row"] is None else replica.put(event["row"])
        state["position"] = event["position"]

# %% tags=["wrong-4"] says="you began again with the first chunk" breaks="no chunk that was written is read again"
def hand_over(source, replica, state):
    last, done = "", False
    while not done:
        low, rows, high = source.watermark(), source.chunk(last, 10), source.watermark()
        inside, touched = False, set()
        for event in source.log(state.get("position", 0)):
            if "key" in event:
                touched |= {event["key"]} if inside else set()
                replica.delete(event["key"]) if event["row"] is None else replica.put(event["row"])
            state["position"] = event["position"]
            inside = inside or event.get("mark") == low
            if event.get("mark") == high:
                break
        for row in rows:
            if row["key"] not in touched:
                replica.put(row)
        last, done = (rows[-1]["key"], False) if rows else (last, True)

# %% tags=["wrong-4"] says="applied again behind a newer one" breaks="after each event"
def hand_over(source, replica, state):
    while not state.get("done"):
        low = source.watermark()
        rows = source.chunk(state.get("last", ""), 10)
        high, inside, touched = source.watermark(), False, set()
        for event in source.log(state.get("position", 0)):
            if "key" in event:
                touched |= {event["key"]} if inside else set()
                replica.delete(event["key"]) if event["row"] is None else replica.put(event["row"])
            inside = inside or event.get("mark") == low
            if event.get("mark") == high:
                break
        state["position"] = event["position"]
        for row in rows:
            if row["key"] not in touched:
                replica.put(row)
        state["last" if rows else "done"] = rows[-1]["key"] if rows else True

# %% tags=["wrong-4"] says="some event of the log was skipped" breaks="the replica equals the source at that position"
def hand_over(source, replica, state):
    while not state.get("done"):
        low = source.watermark()
        rows = source.chunk(state.get("last", ""), 10)
        high, inside, touched = source.watermark(), False, set()
        for event in source.log(state.get("position", 0)):
            state["position"] = event["position"]
            if "key" in event:
                touched |= {event["key"]} if inside else set()
                replica.delete(event["key"]) if event["row"] is None else replica.put(event["row"])
            inside = inside or event.get("mark") == low
            if event.get("mark") == high:
                break
        for row in rows:
            if row["key"] not in touched:
                replica.put(row)
        state["last" if rows else "done"] = rows[-1]["key"] if rows else True

# %% tags=["wrong-4"] says="their deletes were not applied" breaks="None: deleted"
def hand_over(source, replica, state):
    while not state.get("done"):
        low = source.watermark()
        rows = source.chunk(state.get("last", ""), 10)
        high, inside, touched = source.watermark(), False, set()
        for event in source.log(state.get("position", 0)):
            if "key" in event:
                touched |= {event["key"]} if inside else set()
                if event["row"] is not None:
                    replica.put(event["row"])
            state["position"] = event["position"]
            inside = inside or event.get("mark") == low
            if event.get("mark") == high:
                break
        for row in rows:
            if row["key"] not in touched:
                replica.put(row)
        state["last" if rows else "done"] = rows[-1]["key"] if rows else True

# %% tags=["wrong-4"] says="yours is not there" breaks="Keep state"
def hand_over(source, replica, state):
    position = 0
    while not state.get("done"):
        low = source.watermark()
        rows = source.chunk(state.get("last", ""), 10)
        high, inside, touched = source.watermark(), False, set()
        for event in source.log(position):
            if "key" in event:
                touched |= {event["key"]} if inside else set()
                replica.delete(event["key"]) if event["row"] is None else replica.put(event["row"])
            position = event["position"]
            inside = inside or event.get("mark") == low
            if event.get("mark") == high:
                break
        for row in rows:
            if row["key"] not in touched:
                replica.put(row)
        state["last" if rows else "done"] = rows[-1]["key"] if rows else True

# %% tags=["wrong-4"] says="made five thousand calls and has not ended" breaks="return when both are done"
def hand_over(source, replica, state):
    while True:
        low = source.watermark()
        rows = source.chunk(state.get("last", ""), 10)
        high, inside, touched = source.watermark(), False, set()
        for event in source.log(state.get("position", 0)):
            if "key" in event:
                touched |= {event["key"]} if inside else set()
                replica.delete(event["key"]) if event["row"] is None else replica.put(event["row"])
            state["position"] = event["position"]
            inside = inside or event.get("mark") == low
            if event.get("mark") == high:
                break
        for row in rows:
            if row["key"] not in touched:
                replica.put(row)
        state["last" if rows else "done"] = rows[-1]["key"] if rows else True

# %% tags=["wrong-4"] says="was read again" breaks="no chunk that was written is read again"
def hand_over(source, replica, state):
    while not state.get("done"):
        low = source.watermark()
        rows = source.chunk(state.get("last", ""), 10) and source.chunk(state.get("last", ""), 10)
        high, inside, touched = source.watermark(), False, set()
        for event in source.log(state.get("position", 0)):
            if "key" in event:
                touched |= {event["key"]} if inside else set()
                replica.delete(event["key"]) if event["row"] is None else replica.put(event["row"])
            state["position"] = event["position"]
            inside = inside or event.get("mark") == low
            if event.get("mark") == high:
                break
        for row in rows:
            if row["key"] not in touched:
                replica.put(row)
        state["last" if rows else "done"] = rows[-1]["key"] if rows else True

# %% tags=["nothing-4"] says="flights are missing"
def hand_over(source, replica, state):
    state["position"] = 0

# %% tags=["right-4"]
def hand_over(source, replica, state):
    after = state.get("after", "")
    while after is not None:
        low = source.watermark()
        waiting = {row["key"]: row for row in source.chunk(after, 7)}
        high, last, inside = source.watermark(), max(waiting, default=None), False
        for event in source.log(state.get("position", 0)):
            mark = event.get("mark")
            inside = inside or mark == low
            if mark is None:
                waiting.pop(event["key"], None) if inside else None
                replica.put(event["row"]) if event["row"] else replica.delete(event["key"])
            state["position"] = event["position"]
            if mark == high:
                break
        for row in waiting.values():
            replica.put(row)
        after = state["after"] = last

# %% tags=["right-4"]
import numpy


def hand_over(source, replica, state):
    state.setdefault("after", "")
    state |= {"position": state.get("position", numpy.int64(0))}
    while "done" not in state:
        low, rows, high = source.watermark(), source.chunk(state["after"], 3), source.watermark()
        events = [event for event in source.log(state["position"])]
        end = next(number for number, event in enumerate(events) if event.get("mark") == high)
        begin = next(number for number, event in enumerate(events) if event.get("mark") == low)
        changed = {event.get("key") for event in events[begin:end]}
        for event in events[:end + 1]:
            if event.get("row"):
                replica.put(dict(event["row"]))
            elif "key" in event:
                replica.delete(event["key"])
            state.update(position=numpy.int64(event["position"]))
        for row in rows:
            replica.put(dict(row)) if row["key"] not in changed else None
        state.update({"after": rows[-1]["key"]} if rows else {"done": True})

# %% tags=["raises-4"] says="KeyError"
def hand_over(source, replica, state):
    for event in source.log(state["position"]):
        replica.put(event["row"])

# %% tags=["hint-4"]
# lab.hint(4)

# %% tags=["solution-4"]
# lab.solution(4)

# %% [markdown]
# ## Discussion
#
# The tempting wrong solution of exercise 4 reads a chunk, applies the log, and writes the chunk last. It passes every
# test in which nobody changes a row in that moment. The second tempting one locks the table; then it is right, and
# the owner of the table will not let you run it twice.
#
# In exercise 2 the tempting one forgets the position of a deleted key. What is inherent: to be safe against an old
# message you must remember deleted keys as long as an old message may come, and only the topic's retention says how
# long that is.
#
# In exercise 3 nothing tells a renamed column from one that was dropped and another that was added. Only its owner
# knows.
