# %% [markdown] signature=["sha2(", "ANTI JOIN", "lag(hashdiff)", "pit_flight"]
# # 05 Data vault: how do I keep what each source said, in whatever order it comes?
#
# ![Two sources fill two hubs, a link between them, and a satellite beside each hub](pictures/05-data-vault.svg)

# %% [markdown]
# ## In one minute
#
# | | |
# |---|---|
# | **Promise** | Keys, relations and descriptions are kept apart, and rows are only ever added. Any past day can be asked for, sources don't wait for each other, and a load that is repeated adds nothing. |
# | **Price** | More tables, and more joins in every question. Nobody wants to read a vault: it needs a mart on top. |
# | **When not** | One source, one small team, or a report that is needed next week. |

# %% [markdown]
# ## Set up
#
# Spark, a Kafka broker, and an empty schema. `scene` is the world around this notebook: two systems that describe flights
# and aircraft, each in its own words. A schedule has a history only over some weeks, so a short slice is stretched to four.

# %% tags=["setup"]
from patternlab import bars, kafka, look, measure, prove, scoreboard, steps, truth
from patternlab import dataset, spark_session, workspace
from patternlab.patterns.data_vault import scene
spark, broker = spark_session("05-data-vault"), kafka()
scene.open_schema(spark, workspace("05-data-vault"))

# %% [markdown]
# ## Look at the data
#
# What the schedules said on four days about two flights. Each line is a **statement**: on this day, this flight goes there at
# that time. UA 11 moves from 09:00 to 09:30 on the third day, and stays there.

# %% tags=["look-toy"]
toy = spark.sql("""
    SELECT * FROM VALUES
        (DATE'2013-02-01', 'UA', '11', 'EWR', 'ORD', '0900'),
        (DATE'2013-02-01', 'DL', '22', 'JFK', 'ATL', '1215'),
        (DATE'2013-02-02', 'UA', '11', 'EWR', 'ORD', '0900'),
        (DATE'2013-02-03', 'UA', '11', 'EWR', 'ORD', '0930'),
        (DATE'2013-02-04', 'UA', '11', 'EWR', 'ORD', '0930'),
        (DATE'2013-02-04', 'DL', '22', 'JFK', 'ATL', '1215')
        AS toy(day, carrier, flight, origin, dest, departs)""")
look(toy)

# %% [markdown]
# The real sources publish to two topics. The **schedules** say every day where each flight goes, when, and with which
# aircraft. The **register** describes every aircraft: on the first day, and again when the last week begins.

# %% tags=["look-topics"]
span = scene.history("month")
broker.feed("schedules-05", scene.schedules(span))
broker.feed("register-05", scene.register(span))
print(f"from {span[0]} to {span[1]}:")
for topic in ("schedules-05", "register-05"):
    print(broker.peek(topic, 1)["value"][0])

# %% [markdown]
# The blanks behind the register's tail numbers are made up for this lesson, as a file of fixed width would have them. Two
# systems rarely spell one thing alike.
#
# Both land in one Delta table, message by message, as they came. Two views read the fields.

# %% tags=["look-landed"]
topics = broker.options("schedules-05", "register-05")
spark.read.format("kafka").options(**topics).load().createOrReplaceTempView("messages")
spark.sql("""
    CREATE TABLE landed USING delta AS
    SELECT topic, partition, offset, string(value) AS message FROM messages""")

for source, fields in {"schedules": scene.SCHEDULE, "register": scene.REGISTER}.items():
    spark.sql(f"""
        CREATE OR REPLACE TEMP VIEW {source} AS
        SELECT said.* FROM (SELECT from_json(message, '{fields}') AS said
            FROM landed WHERE topic = '{source}-05')""")
    spark.table(source).cache()
print(f"{scene.inserted('landed'):,} statements have landed")

# %% [markdown]
# ## The naive way
#
# Most statements repeat what is known, and storing them all would bury the changes. So keep a statement when it was never
# seen before: one row for each schedule that a flight ever had, with the first day of it.

# %% tags=["step-naive-toy"]
NEVER_SEEN = """
    SELECT carrier, flight, origin, dest, departs, min(day) AS load_day
    FROM {said} GROUP BY carrier, flight, origin, dest, departs"""

toy.createOrReplaceTempView("toy")
look(spark.sql(NEVER_SEEN.format(said="toy")).orderBy("flight", "load_day"))

# %% [markdown]
# Right: UA 11 has two versions, DL 22 has one. Now the real schedules. A past day is asked for by taking the newest version
# up to that day, and what the source said on that day is known, so the two can be compared.

# %% tags=["break-never-seen"]
never_seen = spark.sql(NEVER_SEEN.format(said="schedules"))
asked = spark.sql("""
    SELECT said.day, said.carrier, said.flight, said.departs AS source_said,
        max_by(kept.departs, kept.load_day) AS table_says
    FROM schedules AS said JOIN {kept} AS kept
        USING (carrier, flight, origin)
    WHERE kept.load_day <= said.day
    GROUP BY said.day, said.carrier, said.flight, said.origin, said.departs""",
    kept=never_seen).toPandas()
wrong = asked.query("source_said != table_says").sort_values(["carrier", "flight", "day"])
print(f"wrong departure time: {len(wrong):,} of {len(asked):,} statements")
look(wrong, 4)

# %% [markdown]
# Nothing failed, and the table answers with times of another day. Schedules come back: to the old time after a holiday, or
# to the weekday's time on Monday. What comes back has been seen before, so it is thrown away.

# %% [markdown]
# ## Build it
#
# Four steps: a **key** that needs no lookup, **hubs and a link** for what exists, **satellites** for what was said about it,
# and a **point-in-time table** to ask with.

# %% [markdown]
# ### Step 1: a key that everybody can compute
#
# A vault's key is a **hash of the business key**. Every loader computes it alone, so nobody waits for a lookup. But all must
# spell alike: trim, upper case, a token for NULL, and a separator between the parts.

# %% tags=["step-hash"]
spark.sql("""
    CREATE OR REPLACE TEMPORARY FUNCTION hash_of(parts ARRAY<STRING>)
    RETURNS STRING
    RETURN left(sha2(array_join(transform(parts,
        part -> coalesce(upper(trim(part)), '<null>')), '|'), 256), 16)""")

look(spark.sql("""
    SELECT hash_of(array('UA', '11', 'EWR')) AS one_flight,
        hash_of(array('ua ', '11', 'EWR')) AS spelled_otherwise,
        hash_of(array('UA', '1', '1EWR')) AS cut_elsewhere,
        hash_of(array('UA', '11', NULL)) AS without_origin"""))

# %% [markdown]
# The first two agree, the others don't: good. The hash is cut to 16 figures so that tables fit on this page; a real vault
# keeps all 64.
#
# Each source gets its keys, and a **hashdiff**: the fingerprint of everything that it says.

# %% tags=["step-stage"]
spark.sql("""
    CREATE OR REPLACE TEMP VIEW staged_schedules AS
    SELECT *, hash_of(array(carrier, flight, origin)) AS flight_key,
        hash_of(array(tailnum)) AS aircraft_key,
        hash_of(array(carrier, flight, origin, tailnum, string(day)))
            AS departure_key,
        hash_of(array(dest, departs)) AS hashdiff, 'schedules' AS source
    FROM schedules""")
spark.sql("""
    CREATE OR REPLACE TEMP VIEW staged_register AS
    SELECT *, trim(tail_number) AS tailnum, hash_of(array(tail_number)) AS aircraft_key,
        hash_of(array(operator, manufacturer, seats)) AS hashdiff,
        'register' AS source
    FROM register""")
staged = spark.table("staged_schedules").cache()
look(staged.select("flight_key", "dest", "departs", "hashdiff"), 3)

# %% [markdown]
# ### Step 2: hubs and a link
#
# A **hub** lists business keys, and nothing more. A **link** says that keys belong together: this flight, on this day, with
# this aircraft. Each row remembers when it was loaded and who said it first.

# %% tags=["step-tables"]
TABLES = {
    "hub_flight": "flight_key STRING, carrier STRING, flight STRING, origin STRING",
    "hub_aircraft": "aircraft_key STRING, tailnum STRING",
    "link_departure": "departure_key STRING, flight_key STRING, aircraft_key STRING",
    "sat_schedule": "flight_key STRING, hashdiff STRING, dest STRING, departs STRING",
    "sat_register": "aircraft_key STRING, hashdiff STRING, operator STRING, "
                    "manufacturer STRING, seats STRING"}

for table, columns in TABLES.items():
    spark.sql(f"""
        CREATE TABLE {table} ({columns}, load_day DATE, source STRING) USING delta""")
look(spark.sql("SHOW TABLES").where("NOT isTemporary").select("tableName"))

# %% [markdown]
# What is new in a load? Every key that the table does not have yet. The text is the same for hubs and links, for every source
# and for every load. A flight without an aircraft gets the key of NULL, so the link always leads somewhere.

# %% tags=["step-hubs"]
KEYS = """
    SELECT {columns}, min(day) AS load_day, min(source) AS source
    FROM {{stage}} ANTI JOIN {{known}} USING ({key})
    GROUP BY {columns}"""

def filled(text, table):
    columns = TABLES[table].replace(" STRING", "")
    return text.format(columns=columns, key=columns.split(",")[0])

keyed = ("hub_flight", "hub_aircraft", "link_departure")
NEW = {table: filled(KEYS, table) for table in keyed}
print(NEW["hub_aircraft"])

# %% [markdown]
# There are three loads: the schedules of the first weeks, those of the last week, and the register with both of its
# readings. A load inserts what is new, and never updates.

# %% tags=["step-stages"]
last = scene.last_week(span)
stages = {"first weeks": staged.where(f"day < '{last}'"),
          "last week": staged.where(f"day >= '{last}'"),
          "register": spark.table("staged_register")}
print(f"{', '.join(stages)}; the last week begins on {last}")

# %% [markdown]
# No table needs a number that another one gives, so all tables of a load are filled at the same time. Here are the keys of the
# first weeks, and then those of the register.

# %% tags=["step-load"]
def load(stage, table):
    fresh = spark.sql(NEW[table], stage=stages[stage], known=spark.table(table))
    fresh.write.insertInto(table)


inserts = scene.at_once(load, *[("first weeks", table) for table in keyed])
inserts |= scene.at_once(load, ("register", "hub_aircraft"))
inserts

# %% [markdown]
# The schedules and the register both name aircraft. The register came second, so it added only those that no flight had
# used. Nobody had to agree on who comes first.

# %% [markdown]
# ### Step 3: a satellite keeps changes
#
# A **satellite** holds what was said about a key. It takes a statement when its hashdiff differs from the **latest one before
# it**, and not when it is merely unknown. Here is the rule, on the toy, with a fifth day: UA 11 goes back to 09:00.

# %% tags=["step-satellite"]
SATELLITE = """
    WITH said AS (
        SELECT {columns}, day AS load_day, source, true AS fresh FROM {{stage}}
        UNION ALL SELECT *, false FROM {{known}}),
    compared AS (
        SELECT *, lag(hashdiff) OVER (
            PARTITION BY {key} ORDER BY load_day, fresh) AS latest
        FROM said)
    SELECT * EXCEPT (fresh, latest) FROM compared
    WHERE fresh AND (latest IS NULL OR hashdiff <> latest)"""

for table in ("sat_schedule", "sat_register"):
    NEW[table] = filled(SATELLITE, table)

fifth_day = spark.sql("""
    SELECT *, carrier || flight AS flight_key, 'toy' AS source,
        hash_of(array(dest, departs)) AS hashdiff
    FROM (SELECT * FROM {toy} UNION ALL
        SELECT DATE'2013-02-05', 'UA', '11', 'EWR', 'ORD', '0900')""", toy=toy)
nothing = spark.table("sat_schedule").limit(0)
kept = spark.sql(NEW["sat_schedule"], stage=fifth_day, known=nothing)
look(kept.orderBy("flight_key", "load_day"))

# %% [markdown]
# UA 11 has three versions: nine, half past nine, nine. The naive rule would have kept two. Nothing is closed or updated: a
# version ends where the next one begins, and `lead` can say where.
#
# Now the satellites, then everything of the last week.

# %% tags=["step-later"]
inserts |= scene.at_once(
    load, ("first weeks", "sat_schedule"), ("register", "sat_register"))
inserts |= scene.at_once(
    load, *[("last week", table) for table in (*keyed, "sat_schedule")])
inserts

# %% [markdown]
# The link grows with every flight, the satellite with every change. The register said everything twice, and its satellite
# has it once, and again only what changed: what is said often and changes rarely costs nothing.

# %% [markdown]
# ### Step 4: ask for a day
#
# Which version held on a day? Without help, every question has to search for it, in each satellite. A **point-in-time table**
# (PIT) does the search once: for each flight and day, the `load_day` of the version that held.

# %% tags=["step-pit"]
with measure("point-in-time table") as made:
    spark.sql("""
        CREATE TABLE pit_flight USING delta AS
        WITH days AS (SELECT DISTINCT load_day AS day FROM link_departure)
        SELECT flight_key, day, max(load_day) AS schedule_day
        FROM days JOIN sat_schedule ON load_day <= day
        GROUP BY flight_key, day""")
    made.rows = scene.inserted("pit_flight")
look(spark.table("pit_flight").orderBy("flight_key", "day"), 3)

# %% [markdown]
# A question is then a join on equal values. What was known when the last week began, and has changed since?

# %% tags=["step-as-of"]
AS_OF = """
    SELECT day, carrier, flight, origin, dest, departs
    FROM pit_flight AS pit JOIN hub_flight USING (flight_key)
    JOIN sat_schedule AS sat ON sat.flight_key = pit.flight_key
        AND sat.load_day = schedule_day"""

known = spark.sql(AS_OF)
changed = spark.sql("""
    SELECT carrier, flight, origin, was.departs AS known_then, now.departs AS known_today
    FROM {known} AS was JOIN {known} AS now USING (carrier, flight, origin)
    WHERE was.day = '{last}' AND now.day = '{today}'
        AND was.departs <> now.departs
    """, known=known, last=last, today=span[1])
look(changed.orderBy("carrier", "flight"), 4)

# %% [markdown]
# Both columns are right: one as of then, one as of the last day. The vault has forgotten neither.
#
# ## See it
#
# Both rules load the same statements, day after day. How many versions does each have by then?

# %% tags=["figure-versions"]
rules = {"differs from the latest": spark.table("sat_schedule"), "never seen": never_seen}
curves = {}
for rule, kept in rules.items():
    days = kept.selectExpr(f"datediff(load_day, '{span[0]}') AS day").toPandas()
    curves[rule] = days.day.value_counts().sort_index().cumsum()

right, naive = (curve.iloc[-1] for curve in curves.values())
steps(curves, f"'Never seen' loses {1 - naive / right:.0%} of the versions",
      "days after the first load", "versions stored");

# %% [markdown]
# ## Predict
#
# Two flights can get one key, if somebody joins the parts of the key without a separator. Take carrier, flight number,
# month, day and origin of every departure of the year: how many of these texts will mean more than one departure?

# %% tags=["predict"]
guess = 10
print(f"You think that {guess:,} keys would mean more than one departure.")

# %% [markdown]
# ## Break it
#
# **A key without separator.** A colleague adds a hub of departures, and glues the parts of the key together. One carrier's
# year is enough to see what happens.

# %% tags=["break-collisions"]
published = spark.read.parquet(dataset("flights", scene.YEAR)).where("carrier = '9E'")
spark.sql("""
    SELECT carrier || flight || month || day || origin AS glued,
        carrier, flight, month, day, origin FROM {published}
    """, published=published).cache().createOrReplaceTempView("departures")

shared = spark.sql("""
    SELECT * FROM departures SEMI JOIN (
        SELECT glued FROM departures GROUP BY glued HAVING count(*) > 1)
        USING (glued)""")
shared.createOrReplaceTempView("shared")
print(f"{shared.count():,} departures of 9E share their key with another one")
look(shared.orderBy("glued", "month"), 4)

# %% [markdown]
# The 11th of January and the 1st of November are the same letters. No hash can repair that: it is given one text. With a
# separator between the parts, as in step 1, it is given two.

# %% tags=["break-collisions-repaired"]
repaired = spark.sql("""
    SELECT count(*) AS departures, count(DISTINCT glued) AS glued_keys,
        count(DISTINCT hash_of(array(carrier, string(flight), string(month),
            string(day), origin))) AS separated_keys
    FROM shared""").first()
print(repaired.asDict())

# %% [markdown]
# **Two loaders that trim differently.** The register's loader was written by another team, and it hashes the tail number as it
# comes: with the blanks. Ours loads the schedules.

# %% tags=["break-trim"]
spark.sql("""
    CREATE OR REPLACE TEMP VIEW careless_hub AS
    SELECT DISTINCT tailnum, aircraft_key, 'schedules' AS loader FROM staged_schedules
    UNION ALL SELECT DISTINCT tailnum, left(sha2(tail_number, 256), 16), 'register'
    FROM staged_register""")
twice = spark.sql("""
    SELECT tailnum, count(DISTINCT aircraft_key) AS hub_rows FROM careless_hub
    GROUP BY tailnum HAVING hub_rows > 1""").orderBy("tailnum")
print(f"aircraft with two rows in the hub: {twice.count():,}")
look(spark.table("careless_hub").join(twice.limit(1), "tailnum").orderBy("loader"))

# %% [markdown]
# One aircraft has two keys. A flight leads to the first, the register's facts hang on the second, and the join between
# them is empty. Nothing was rejected. With one rule for both loaders, how many flights find their operator? The
# register does not know every aircraft, so it will not be all.

# %% tags=["break-trim-repaired"]
found = {}
for loader, key in {"as it comes": "left(sha2(tail_number, 256), 16)",
                    "one rule for all": "hash_of(array(tail_number))"}.items():
    described = spark.sql(f"SELECT DISTINCT {key} AS aircraft_key FROM register")
    found[loader] = spark.table("link_departure").join(described, "aircraft_key").count()
print({loader: f"{number:,} flights with an operator" for loader, number in found.items()})

# %% [markdown]
# ## Looks right, not so fast
#
# Back to the glued keys. Before a hub goes live, somebody checks it: as many rows as its satellite has keys, and no key
# there twice. Does the check see the collisions?

# %% tags=["break-count-fits"]
fits = spark.sql("""
    WITH satellite AS (SELECT sha2(glued, 256) AS departure_key, * FROM departures),
        hub AS (SELECT DISTINCT departure_key FROM satellite)
    SELECT (SELECT count(*) FROM hub) AS rows_of_the_hub,
        count(DISTINCT departure_key) AS keys_of_the_satellite,
        count(DISTINCT carrier, flight, month, day, origin) AS business_keys
    FROM satellite""").first()
print(fits.asDict())

# %% [markdown]
# The first two fit exactly, and they always will: both were merged by the same hash. A count of hashes can't judge a hash.
# Compare with the business keys, before they are hashed.

# %% [markdown]
# ## Prove it
#
# Expected values come from `truth`: a second computation, in pandas, from the published file. First, what the vault holds.

# %% tags=["prove-contents"]
said, named = truth("schedule_changes", span), truth("aircraft_sources", span)
either = named["in_schedules"] + named["in_register"] - named["in_both"]
tails = spark.sql("SELECT count(tailnum) FROM hub_aircraft").first()[0]
versions = spark.sql("""
    SELECT carrier, flight, origin, sat.load_day, dest, departs
    FROM hub_flight JOIN sat_schedule AS sat USING (flight_key)""")
prove("every flight is one row of its hub",
      spark.table("hub_flight").count(), said["flights"])
prove("every aircraft of either source is one row of its hub", tails, either)
prove("every statement about a departure is one row of the link",
      spark.table("link_departure").count(), said["statements"])
prove("the satellite has every change, and those that went back",
      versions, truth("schedule_history", span))

# %% [markdown]
# Second, a load comes again: the first weeks, although the last one has been there since.

# %% tags=["prove-repeated"]
first_weeks = [step for step in inserts if step[0] == "first weeks"]
again = scene.at_once(load, *first_weeks)
prove("a load that comes again inserts nothing", again, dict.fromkeys(again, 0))

# %% [markdown]
# Third, order. **Hubs and links may be loaded in any order at all; a satellite asks that each source's own days come in
# theirs.** So all steps are shuffled: the last week's keys before the first's, satellites before their hubs. Try other seeds.

# %% tags=["prove-order"]
tables = {table: spark.table(table) for table in TABLES}
loaded = scene.identities(tables)

vault = {name: table.limit(0) for name, table in tables.items()}
for stage, table in scene.any_order(inserts, seed=5):
    fresh = spark.sql(NEW[table], stage=stages[stage], known=vault[table])
    vault[table] = vault[table].union(fresh)
prove("all steps in another order give the same vault",
      scene.identities(vault), loaded)

# %% [markdown]
# What does depend on the order is in a key's `source` and `load_day`: who said it first. And a day that comes late breaks the
# satellite's condition: its neighbour was dropped as "no change" without it. Then the satellite is built again from the
# landed statements, which is why they are kept.
#
# Last, the past. Every statement of every day comes back out, and the PIT agrees with the search that it saves.

# %% tags=["prove-past"]
SEARCH = """
    SELECT day, carrier, flight, origin, dest, departs
    FROM (SELECT flight_key, day FROM pit_flight) AS asked
    JOIN hub_flight USING (flight_key)
    JOIN sat_schedule AS sat ON sat.flight_key = asked.flight_key
    WHERE sat.load_day = (
        SELECT max(other.load_day) FROM sat_schedule AS other
        WHERE other.flight_key = asked.flight_key AND other.load_day <= asked.day)"""

with measure("as-of, searching") as search:
    searched = spark.sql(SEARCH).toPandas()
    search.rows = len(searched)
with measure("as-of, by the PIT") as looked_up:
    answered = known.toPandas()
    looked_up.rows = len(answered)

statements = truth("schedule_statements", span).drop(columns="tailnum")
of_that_day = answered.merge(statements[["day", "carrier", "flight", "origin"]])
prove("every past day is reproduced, statement by statement", of_that_day, statements)
prove("the point-in-time table answers as the search does", answered, searched)

# %% [markdown]
# ## Measure it
#
# Your guess first, and what truth counts. Then the price of history: rows that each load inserted, by table.

# %% tags=["step-guess"]
collisions = truth("colliding_keys", scene.YEAR)
print(f"your guess: {guess:,}, colliding keys: {collisions['colliding']:,} "
      f"of {collisions['keys']:,}")
board = [{"load": stage, "table": table, "rows": rows}
         for (stage, table), rows in inserts.items()]
look(board, len(board))

# %% tags=["step-inserts"]
added = {table: rows for (stage, table), rows in inserts.items() if stage == "last week"}
bars(added, f"{added['link_departure']:,} statements, {added['sat_schedule']:,} changes",
     "rows inserted by the last week", hatch=["sat_schedule"]);

# %% [markdown]
# The question of the last proof was asked both ways, for every flight on every day: with the search in it, and by the PIT.

# %% tags=["step-seconds"]
look(scoreboard())

# %% [markdown]
# The PIT has a price of its own, once a load; the search has it in every question, and once more for each further satellite.
#
# ## When not, and the neighbours
#
# Not a vault: one source whose owner you can ask; a small team that wants answers this week; reports that read the tables
# directly. On a vault there is always a mart.
#
# | pattern | differs in | choose it when |
# |---|---|---|
# | [Star schema (04)](04-star-schema.ipynb) | shaped like the questions; context is overwritten or versioned by policy | people ask; put it on top of a vault |
# | [Medallion (03)](03-medallion.ipynb) | layers with promises; silver already decides who is right | few sources, one reading of them |
# | Event sourcing ([11](11-event-driven.ipynb)) | keeps what happened, not what sources said | you own the application |
# | [Change data capture (12)](12-cdc.ipynb) | follows one database, change by change | a vault needs its changes rather than daily statements |

# %% [markdown]
# ## Check yourself
#
# 1. Why does a link's loader not wait for the hubs?
#    <details><summary>Answer</summary>It computes their keys itself, from the business keys. A surrogate key would have to be looked up.</details>
# 2. A library offers `load_satellite(rows)`. What must you know of it before you trust a history to it?
#    <details><summary>Answer</summary>What is in its hashdiff and how that was trimmed and spelled; what it does with a statement that comes twice, or comes back; whose clock its load date is. That is the pattern, and a call hides it.</details>
# 3. A satellite has no column `valid_to`. Where does a version end?
#    <details><summary>Answer</summary>Where the next one begins: `lead(load_day)`. Storing it would mean updates, and two loaders at once would fight over them.</details>
# 4. From 04: a star's dimension of type 2 has the same history. Why both?
#    <details><summary>Answer</summary>The star decides which history is worth keeping, for its questions. The vault keeps what every source said, so a star can be made again.</details>
# 5. From 03: which layer comes nearest to a vault?
#    <details><summary>Answer</summary>Silver's place, with bronze's manners: keys are conformed, but no statement is corrected or dropped.</details>

# %% [markdown]
# ## Go on
#
# Do it yourself in the [lab](../labs/05-data-vault.ipynb): hash keys, a satellite that keeps what comes back, two spellings
# of one manufacturer, and a PIT with a bridge.
#
# Sources:
#
# - D. Linstedt, M. Olschimke, [Building a Scalable Data Warehouse with Data Vault 2.0](https://www.sciencedirect.com/book/9780128025109): the method, by its author
# - D. Linstedt, [DV modeling specification](https://web.archive.org/web/20121130131024/http://danlinstedt.com/datavaultcat/standards/dv-modeling-specification-v1-0-8/),
#   2010: what each kind of table may hold
# - Scalefree, [Maintaining the hash diff](https://scalefree.com/knowledge/webinars/data-vault-friday/maintaining-the-hash-diff):
#   a new column in a satellite, and how not to reload everything
# - R. Bouman, [Do we still need to talk about Data Vault 2.0 hash keys?](https://rpbouman.blogspot.com/2017/05/): the case
#   against, with the odds of a collision
# - Datavault-UK, [hash.sql](https://github.com/Datavault-UK/dbtvault/blob/release/0.9.1/macros/supporting/hash.sql) of dbtvault:
#   separator, NULL token and upper case in a package that many use
