# %% [markdown] signature=["DataContract", "iter_errors(", "POLICIES", "userMetadata", "DESCRIBE HISTORY", "versionAsOf"]
# # 13 Data mesh: who answers for this data, and what have they promised?
#
# ![Operations, fleet and weather each hand rows and a contract to publish; what keeps its promises becomes a port, what does not is refused; a consumer finds the ports in a catalogue and publishes a product of its own](pictures/13-data-mesh.svg)

# %% [markdown]
# ## In one minute
#
# | | |
# |---|---|
# | **Promise** | whoever knows the data answers for it: a product, with a contract that runs at each publish |
# | **Price** | each domain needs people and a platform; words have to be agreed on |
# | **When not** | one team, few sources, nobody to build the platform |

# %% [markdown]
# ## Set up
#
# Spark, and a Kafka broker on which operations report. `mesh` is the folder where products will stand. `airport` is the
# world around this notebook: what the domains keep, and the contracts that they hand in.

# %% tags=["setup"]
import json, jsonschema, yaml, patternlab.patterns.data_mesh as airport
from patternlab import bars, dataset, kafka, look, measure, prove
from patternlab import spark_session, truth, workspace
spark, broker = airport.together(lambda: spark_session("13-data-mesh"), kafka)
mesh = workspace("13-data-mesh")
kafka()

# %% [markdown]
# ## Look at the data
#
# Three domains know things about a flight. Operations know when it left, the fleet knows its aircraft, the weather
# station knows its hour. A toy of six departures:

# %% tags=["look-toy"]
toy_departures = spark.sql("""
    SELECT * FROM VALUES
        ('f1', 'EWR', 'N14228', TIMESTAMP'2013-02-01 12:00', 2),
        ('f2', 'EWR', 'N24211', TIMESTAMP'2013-02-01 12:00', 40),
        ('f3', 'JFK', 'N14228', TIMESTAMP'2013-02-01 13:00', -5),
        ('f4', 'JFK', 'N24211', TIMESTAMP'2013-02-01 13:00', 0),
        ('f5', 'LGA', 'N14228', TIMESTAMP'2013-02-01 12:00', 75),
        ('f6', 'LGA', 'N24211', TIMESTAMP'2013-02-01 12:00', NULL)
        AS reports(key, origin, tailnum, hour, dep_delay)""")
look(toy_departures)

# %% [markdown]
# Now the real ones. Operations report on a topic, a message for each scheduled departure.

# %% tags=["look-topic"]
sent = broker.feed("operations-13", airport.reports("month"))
messages = spark.read.format("kafka").options(**broker.options("operations-13")).load()
as_report = f"from_json(string(value), '{airport.REPORT}') AS report"
reported = messages.selectExpr(as_report).select("report.*").cache()

print(f"{sent:,} messages, {reported.count():,} departures; the first message:")
print(broker.peek("operations-13", 1)["value"][0])

# %% [markdown]
# Fleet and weather keep files of their own: a register of aircraft, and an hourly record of each airport (folded).

# %% tags=["look-domains", "fold"]
# reads what the fleet and the weather station keep
register = spark.read.parquet(dataset("planes"))
register = register.select("tailnum", "manufacturer", "seats")
station = spark.read.parquet(dataset("weather", airport.station_days("month")))
station = station.selectExpr("origin", "time_hour AS hour", "wind_speed", "visib").cache()

register.createOrReplaceTempView("aircraft")
station.createOrReplaceTempView("weather")
look(station, 3)

# %% [markdown]
# ## The naive way
#
# A central team joins what it finds. It has two jobs, and they run every night. Spark accepts both on the toy: it finds each
# column that they name. The seats are right, too: each airport has the same two aircraft.

# %% tags=["step-naive-toy"]
JOBS = {
    "delay by visibility": """
        SELECT origin, visib, avg(dep_delay) FROM departures
        LEFT JOIN weather USING (origin, hour) GROUP BY origin, visib""",
    "seats by airport": """
        SELECT origin, sum(seats) AS seats FROM departures
        LEFT JOIN aircraft USING (tailnum) GROUP BY origin"""}


def night(what, departures):
    print(f"{what}:")
    killed[what] = 0
    departures.createOrReplaceTempView("departures")
    for job, query in JOBS.items():
        refused = airport.refusal(spark.sql, query)
        print(f"- {job}: {refused or 'accepted'}")
        killed[what] += bool(refused)


killed = {}
night("toy", toy_departures)
look(spark.sql(JOBS["seats by airport"]))

# %% [markdown]
# On real data too, for some nights. Then operations call their column `airport`, as everybody in operations does.

# %% tags=["break-night"]
night("as it was", reported)
night("renamed", reported.withColumnRenamed("origin", "airport"))

# %% [markdown]
# Both jobs are dead, and they are not those of whoever renamed. Operations do not know that these jobs exist; the central
# team does not know why a column went. Nobody has broken a promise, because nobody made one.

# %% [markdown]
# ## Build it
#
# ### Step 1: a product has an owner and a contract
#
# A *data product* is data with somebody who answers for it, an address (its *output port*), and a contract. The contract is
# a file that a machine can read, in the form of the Open Data Contract Standard (ODCS). Here is that of operations, whole:

# %% tags=["step-contract"]
CONTRACT = """
apiVersion: v3.1.0
kind: DataContract
id: operations-departures
name: departures
domain: operations
version: 1.0.0
status: active
team: {name: operations}
schema:
- name: departures
  properties:
  - {name: key, logicalType: string, primaryKey: true, required: true,
     description: the flight}
  - name: origin
    logicalType: string
    required: true
    description: airport of departure
    quality:
    - {metric: invalidValues, arguments: {validValues: [EWR, JFK, LGA]}, mustBe: 0}
  - {name: tailnum, logicalType: string, description: the aircraft}
  - {name: hour, logicalType: timestamp, required: true,
     description: "scheduled hour, UTC"}
  - {name: dep_delay, logicalType: integer,
     description: "minutes behind the schedule, null: cancelled"}
  - {name: late, logicalType: boolean, required: true,
     description: left more than 15 minutes after its time}
slaProperties:
- {property: latency, value: 24, unit: h, element: departures.hour}
"""
contract = yaml.safe_load(CONTRACT)
look(airport.listed_columns(contract))

# %% [markdown]
# ODCS comes with a schema of its own, so a contract's form can be checked before any data is looked at. A good one, and one
# with a slip:

# %% tags=["step-form"]
STANDARD = jsonschema.Draft201909Validator(airport.odcs())


def misformed(contract):
    for error in STANDARD.iter_errors(contract):
        yield airport.told(error)


slip = yaml.safe_load(CONTRACT.replace("logicalType: boolean", "logicalType: yes/no"))
print("departures:", list(misformed(contract)) or "well formed")
print("with a slip:", *misformed(slip))

# %% [markdown]
# ### Step 2: a platform that publishes what keeps its promises
#
# Promises about rows become SQL. Each is an expression, and the most that it may be: 0 rows without an `origin`, 24 hours
# of age. (`size(collect_set(...))` is the number of different keys.) One aggregation then computes them all. What time it is comes as an argument: the data is of 2013.

# %% tags=["step-promises"]
def promises(contract):
    keys = ", ".join(airport.keys(contract))
    yield f"{keys} repeats", f"count(*) - size(collect_set(struct({keys})))", 0
    for column in airport.columns(contract):
        name, allowed = column["name"], airport.allowed(column)
        if column.get("required"):
            yield f"{name} is null", f"count_if({name} IS NULL)", 0
        if allowed:
            yield f"{name} is foreign", f"count_if({name} NOT IN ({allowed}))", 0


look(airport.said(promises(contract)))

# %% [markdown]
# Promises of service are called *objectives* (SLO): how old the newest row may be, which share of a column is known.

# %% tags=["step-objectives"]
def objectives(contract, now):
    for kind, column, value in airport.objectives(contract):
        if kind == "latency":
            age = f"timestampdiff(MINUTE, max({column}), timestamp'{now}') / 60"
            yield f"hours since {column}", age, value
        if kind == "completeness":
            unknown = f"100 * count_if({column} IS NULL) / nullif(count(*), 0)"
            yield f"percent without {column}", unknown, 100 - value


NOW = airport.evening("month")
look(airport.said(objectives(contract, NOW)))

# %% [markdown]
# The check: are these the columns that were promised, with their types, and no others? Then all counts, in one pass. It gives
# what was measured, or refuses and says what is broken.

# %% tags=["step-check"]
def check(rows, contract, now):
    airport.refuse(airport.wrong_columns(rows.dtypes, contract))
    promised = [*promises(contract), *objectives(contract, now)]
    values = rows.selectExpr(*[sql for _, sql, _ in promised]).first()

    measured, broken = {}, []
    for (promise, _, most), value in zip(promised, values):
        measured[promise] = value
        if value is None or value > most:
            broken.append(f"{promise}: {airport.shown(value)}, at most {most}")
    airport.refuse(broken)
    return measured


departures = reported.selectExpr("*", "coalesce(dep_delay > 15, false) AS late")
check(departures, contract, NOW)

# %% [markdown]
# Some rules hold for all products, whoever owns them. The domains agree on them together, and the platform runs them: a
# *policy* is a function of a contract.

# %% tags=["step-policies"]
def has_owner(contract):
    return contract.get("team", {}).get("name")


def is_described(contract):
    return all(airport.meanings(contract).values())


POLICIES = {"an owner": has_owner, "a key": airport.keys,
            "all described": is_described, "an objective": airport.objectives}


def obey(contract):
    for name, holds in POLICIES.items():
        if not holds(contract):
            airport.refuse([f"policy {name}"])


print(airport.refusal(obey, contract) or "departures obey all policies")

# %% [markdown]
# `publish` is the platform's one door: form, policies, promises, and then one atomic version of a Delta table. A promise that
# the platform can't run is refused too, for nobody would see it broken. The contract and what was measured travel inside that
# version, as its `userMetadata`. What was checked is what is written.

# %% tags=["step-publish"]
def publish(rows, contract, now):
    airport.refuse(misformed(contract))
    airport.refuse(airport.unrunnable(contract))
    obey(contract)
    rows = rows.persist()
    try:
        note = {"contract": contract, "measured": check(rows, contract, now)}
        version = rows.write.format("delta").mode("overwrite")
        version = version.option("overwriteSchema", True)
        version = version.option("userMetadata", json.dumps(note))
        version.save(airport.address(mesh, contract))
    finally:
        rows.unpersist()


publish(departures, contract, NOW)
print("published by", contract["team"]["name"])

# %% [markdown]
# The other domains hand in their drafts, each its own YAML file. The first try is not always good:

# %% tags=["step-domains"]
drafts = {"aircraft": register, "conditions": station}
first_try = {}

for name, rows in drafts.items():
    first_try[name] = airport.refusal(publish, rows, airport.draft(name), NOW)
    print(f"{name} refused: {first_try[name]}")

# %% [markdown]
# The platform has said what is missing, and to whom. No central team had to read anything. The owners mend their own files:

# %% tags=["step-mended", "fold"]
# mends the two drafts, as their owners do, and publishes them
mended = {name: airport.draft(name) for name in drafts}
airport.columns(mended["aircraft"])[2]["description"] = "seats for passengers"
mended["conditions"]["team"] = {"name": "weather"}

for name, rows in drafts.items():
    publish(rows, mended[name], NOW)
    print(f"{name}: published by {mended[name]['team']['name']}")

# %% [markdown]
# ### Step 3: a catalogue that nobody has to keep
#
# A consumer needs to find a port, to know its columns and what is promised, and to read it. All of that stands in the
# ports' own logs, so the catalogue asks them. It can't be out of date.

# %% tags=["step-catalogue"]
CAME_UNDER = "get_json_object(userMetadata, '$.contract.version') AS contract"


def log(port):
    history = spark.sql(f"DESCRIBE HISTORY delta.`{port}`").where("userMetadata IS NOT NULL")
    return history.selectExpr("version", "userMetadata", CAME_UNDER)


def catalogue():
    found = {}
    for port in airport.published(mesh):
        about = json.loads(log(port).first().userMetadata)
        about["address"] = str(port)
        found[f"{port.parent.name}.{port.name}"] = about
    return found


shelf = catalogue()
look(airport.listed(shelf))

# %% [markdown]
# ### Step 4: a consumer's own product
#
# The punctuality team wants delays by weather. From the catalogue it knows that both ports have `origin` and `hour`, and
# that the two are the weather's key (the columns with a star): so a join can't repeat a departure. It asks nobody.

# %% tags=["step-joined"]
def port(name):
    return spark.read.format("delta").load(shelf[name]["address"])


by_weather = port("operations.departures").drop("tailnum").join(
    port("weather.conditions"), ["origin", "hour"], "left")
folders = airport.folders(by_weather)
kept, known = by_weather.cache().selectExpr(
    "count(*)", "100 * count(visib) / count(*)").first()
print(f"{kept:,} departures, the weather of {known:.2f} % is known")

# %% [markdown]
# Departures whose weather nobody knows are kept, and the share of the others becomes a promise: what was measured, rounded
# down. So it holds now, and the next publish has to keep it. With that the consumer publishes in its turn.

# %% tags=["step-consumer"]
PRODUCT = """
apiVersion: v3.1.0
kind: DataContract
id: punctuality-delay-by-weather
name: delay_by_weather
domain: punctuality
version: 1.0.0
status: active
team: {name: punctuality}
schema:
- name: delay_by_weather
  properties:
  - {name: key, logicalType: string, primaryKey: true, required: true,
     description: the flight}
  - {name: origin, logicalType: string, required: true,
     description: airport of departure}
  - {name: hour, logicalType: timestamp, required: true,
     description: "scheduled hour, UTC"}
  - {name: dep_delay, logicalType: integer,
     description: "minutes behind the schedule, null: cancelled"}
  - {name: late, logicalType: boolean, required: true,
     description: left more than 15 minutes after its time}
  - {name: wind_speed, logicalType: number, description: miles an hour}
  - {name: visib, logicalType: number, description: "how far one sees, miles"}
slaProperties:
- {property: latency, value: 24, unit: h, element: delay_by_weather.hour}
- {property: completeness, value: KNOWN, unit: percent,
   element: delay_by_weather.visib}
"""
with measure("the new product: promised, checked, published"):
    promised = PRODUCT.replace("KNOWN", str(int(known)))
    publish(by_weather, yaml.safe_load(promised), NOW)

shelf = catalogue()
look(airport.listed(shelf))

# %% [markdown]
# A fourth port stands on the shelf, and is found as the others are. A consumer has become an owner.

# %% [markdown]
# ## See it
#
# All products against all policies, as the platform runs them. A hatched box was refused at the first try, and mended by
# its owner.

# %% tags=["figure-matrix"]
title = "Every product passes; what did not at first, its owner mended"
airport.matrix(shelf, POLICIES, first_try, title);

# %% [markdown]
# Nobody sat in a meeting for this picture. A new product adds a row, a new policy a column, and both are computed.

# %% [markdown]
# ## Predict
#
# Further down somebody joins departures with the fleet's port, on `tailnum`. Of a hundred departures, how many are left
# in the result?

# %% tags=["predict"]
guess = 99
print(f"your guess: {guess} of 100")

# %% [markdown]
# ## Break it
#
# ### The same rename
#
# Operations try again to call the column `airport`, and this time there is a contract. Then the central team's two jobs run,
# on the port instead of what they found.

# %% tags=["break-rename"]
renamed = departures.withColumnRenamed("origin", "airport")
refused = airport.refusal(publish, renamed, contract, NOW)
newest = log(shelf["operations.departures"]["address"]).first().version

print(f"refused: {refused}\ntheir port's newest version is still {newest}\n")
night("renamed, and refused", port("operations.departures"))

# %% [markdown]
# The error comes to those who can mend it, by day, and with a name. Consumers read the last good version. Their data gets
# older meanwhile, and the latency that was promised says how long that may last.
#
# Other faults, each stopped by the promise that it breaks. None of them is published:

# %% tags=["break-refusals"]
stopped = []
for fault, rows in airport.spoiled(departures).items():
    refused = airport.refusal(check, rows, contract, NOW)
    stopped.append({"what came": fault, "refused for": refused})

look(stopped)

# %% [markdown]
# One promise was measured before it was made: how many departures have weather. It is worth something at the next publish.
# Newark's station falls silent. Its owner promised no hour of Newark, so the weather's contract holds. And the consumer's?

# %% tags=["break-silent", "fold"]
# checks what comes of a silent Newark: the weather by its contract, and the consumer's join by its own
silent = station.where("origin <> 'EWR'")
worse = departures.drop("tailnum").join(silent, ["origin", "hour"], "left")

for rows, terms in ((silent, mended["conditions"]), (worse, yaml.safe_load(promised))):
    refused = airport.refusal(check, rows, terms, NOW)
    print(f"{terms['name']}: {refused or 'all promises hold'}")

# %% [markdown]
# What was measured once is what stops the next publish (only a promise of 0 percent can't fail). The owner of the join hears
# of it first, and its readers keep the version that they have.

# %% [markdown]
# ### A rename that is meant
#
# A contract may change, under a new major version. The old one stays readable: the log knows which table version came
# under which contract. Operations publish 2.0.0.

# %% tags=["break-major"]
second = CONTRACT.replace("name: origin", "name: airport").replace("1.0.0", "2.0.0")
publish(renamed, yaml.safe_load(second), NOW)

address = shelf["operations.departures"]["address"]
look(log(address).select("version", "contract"))

# %% [markdown]
# Who reads whatever is newest is broken all the same. A consumer who has not moved yet pins the newest version of contract 1:

# %% tags=["break-pinned"]
last = log(address).where("contract LIKE '1.%'").first().version
pinned = spark.read.format("delta").option("versionAsOf", last).load(address)

night("renamed, contract 2", port("operations.departures"))
night("renamed, pinned to 1", pinned)

# %% [markdown]
# A pinned version gets no new rows, and `VACUUM` takes it away when its files are old enough. So it buys time, and how much
# belongs in the contract. Who needs new rows in the old form asks operations for two ports, side by side, for a while.

# %% [markdown]
# ### One word, two owners
#
# The fleet publishes which departures put an aircraft behind its plan, made from the port of operations. Its contract is
# well formed, and every promise holds.

# %% tags=["break-two-lates"]
turns = port("operations.departures").selectExpr(
    "key", "tailnum", "coalesce(dep_delay > 0, false) AS late")
publish(turns, airport.draft("turns"), NOW)

shelf = catalogue()
late = {}
for name in ("operations.departures", "fleet.turns"):
    late[name] = port(name).where("late").count()
bars(late, "One word, and two numbers", "departures that are late");

# %% [markdown]
# The same departures, the same column name, and two numbers, both of them right: for operations a flight is late after 15
# minutes, for the fleet after its time. Whoever joins the two compares words. No promise within *one* contract can see it.
# A policy over all of them can:

# %% tags=["break-one-meaning"]
def one_meaning(contract):
    mine = airport.meanings(contract)
    for entry in shelf.values():
        theirs = airport.meanings(entry["contract"])
        for word in mine.keys() & theirs.keys():
            if entry["contract"]["id"] != contract["id"] and mine[word] != theirs[word]:
                return False
    return True


POLICIES["one meaning"] = one_meaning
print("turns refused:", airport.refusal(publish, turns, airport.draft("turns"), NOW))

# %% [markdown]
# From now on one name has one description in the whole mesh. That is *federated* governance: the domains agree on
# a rule, and a machine holds it. The fleet takes a word of its own. A column goes, so it is a new major version:

# %% tags=["break-agreed"]
publish(turns.withColumnRenamed("late", "behind"), airport.draft("turns-2"), NOW)

shelf = catalogue()
look(airport.listed(shelf)[["port", "contract", "owner"]])

# %% [markdown]
# ## Looks right, not so fast
#
# Who builds the aircraft that are late most? Two ports with good contracts, joined on the key of one of them. A tidy table:

# %% tags=["break-kept"]
joined = port("operations.departures").join(port("fleet.aircraft"), "tailnum")
joined.createOrReplaceTempView("joined")
left = joined.count()
share = 100 * left / departures.count()

print(f"{left:,} departures are left: {share:.1f} of 100, your guess was {guess}")
look(spark.sql("""
    SELECT manufacturer, count(*) AS departures, avg(dep_delay) AS mean_delay
    FROM joined GROUP BY manufacturer ORDER BY departures DESC LIMIT 4"""))

# %% [markdown]
# The fleet promised that each of *its* aircraft has seats. That it knows all aircraft it never promised: some airlines' are
# missing from its register. Each row is right, and the table is about other flights than you think.
#
# What nobody published as an objective, nobody owes you. `delay_by_weather` keeps all departures, and says which share has
# weather.

# %% [markdown]
# ## Prove it
#
# The products hold what was published by the airports, computed again in pandas. And the share that the contract
# speaks of was measured at the publish:

# %% tags=["prove-products"]
right = truth("delay_by_weather", "month")
entry = shelf["punctuality.delay_by_weather"]

prove("each departure with its weather", port("punctuality.delay_by_weather"), right)
prove("percent without weather, as measured at the publish",
      entry["measured"]["percent without visib"], 100 * right.visib.isna().mean())

# %% [markdown]
# Every product passes every policy. And an auditor in pandas, who has not seen our SQL, finds no broken promise:

# %% tags=["prove-kept"]
for name, entry in shelf.items():
    refused = airport.refusal(obey, entry["contract"])
    broken = airport.audited(entry, port(name).toPandas(), NOW)
    prove(f"what {name} breaks", refused + broken or "nothing", "nothing")

# %% [markdown]
# The consumer has used ports only: the files that its query reads lie there. Then what was broken:

# %% tags=["prove-breaks"]
used = {shelf[name]["address"] for name in ("operations.departures", "weather.conditions")}
words = truth("late", "month")
prove("folders that the consumer has read", folders, used)
prove("a refused rename leaves the first version", newest, 0)
prove("who pinned contract 1 reads origin, in all rows",
      pinned.where("origin IS NOT NULL").count(), len(right))
prove("late by operations", late["operations.departures"], words["over_15"])
prove("late by the fleet", late["fleet.turns"], words["over_0"])
prove("departures whose aircraft the fleet knows",
      left, truth("unknown_tails", "month")["known"])

# %% [markdown]
# ## Measure it
#
# One column was renamed four times. How many of the central team's two jobs died of it each time, and would have needed
# somebody there to mend them?

# %% tags=["figure-changes"]
title = "A contract, and a version that is pinned, keep a rename from others"
renames = {what: jobs for what, jobs in killed.items() if "renamed" in what}
axes = bars(renames, title, "jobs of others that a rename has killed")
axes.locator_params(axis="x", integer=True);

# %% [markdown]
# The third bar had a contract, too: who reads whatever is newest has not read it.
#
# A new consumer's lead time is the second number. The machine's part stands above, at its publish: seconds. The rest is
# writing a contract, and that needs nobody else.

# %% [markdown]
# ## When not, and the neighbours
#
# | pattern | differs in | choose it when |
# |---|---|---|
# | Data fabric ([14](14-data-fabric.ipynb)) | one place integrates, helped by metadata; here each owner does | owners can't be found, or have no people |
# | Medallion ([03](03-medallion.ipynb)) | promises by layer, one team; here by domain, many teams | one team can know all sources |
# | Lakehouse ([06](06-lakehouse.ipynb)) | how a table is kept; a mesh says by whom, and for whom | always: the ports are such tables |
# | CDC ([12](12-cdc.ipynb)) | reads a database that promised nothing | its owner will not publish |
#
# A mesh is no tool, and a catalogue is no governance: rules that nobody runs are wishes. Nor is each source system a
# domain, or each team its own warehouse.
#
# With one team, or without a platform, all of this is overhead. Contracts that run are worth it all the same.

# %% [markdown]
# ## Check yourself
#
# 1. Why are the rows persisted before they are checked? <details><summary>Answer</summary>Else Spark would compute them
#    twice, once for the check and once for the write, and a source that changes in between would publish what was never
#    checked.</details>
# 2. A contract holds, and the number is wrong for its reader. How can that be? <details><summary>Answer</summary>The word
#    means something else to its owner, or the reader relies on what nobody promised, such as a join that keeps all
#    rows.</details>
# 3. Why is `now` an argument of the check? <details><summary>Answer</summary>So that a check can be repeated: a test, or a
#    look at last year's data, gets the answer of that moment.</details>
# 4. From 06: why does a reader never see half a publish? <details><summary>Answer</summary>A version exists once its
#    entry is in the log, and the entry is one atomic step. Files without one are not part of the table.</details>
# 5. From 03: what did a quarantine do with bad rows, and what does a contract? <details><summary>Answer</summary>A
#    quarantine sets the rows aside and lets the rest pass. A contract refuses the whole version, because its reader was
#    promised all of it.</details>

# %% [markdown]
# ## Go on
#
# - [The lab](../labs/13-data-mesh.ipynb): a contract that stops bad rows, a policy about card numbers, the test of a change,
#   and a product of your own.
# - [How to move beyond a monolithic data lake to a distributed data mesh](https://martinfowler.com/articles/data-monolith-to-mesh.html), Zhamak Dehghani, 2019
# - [Data mesh principles and logical architecture](https://martinfowler.com/articles/data-mesh-principles.html), Zhamak Dehghani, 2020: the four principles
# - [Data Mesh](https://www.oreilly.com/library/view/data-mesh/9781492092384/), Zhamak Dehghani, O'Reilly 2022
# - [Open Data Contract Standard](https://bitol-io.github.io/open-data-contract-standard/latest/), Bitol, LF AI & Data
# - [Delta Lake: table batch reads and writes](https://docs.delta.io/delta-batch/): `userMetadata`, and reading an older version
