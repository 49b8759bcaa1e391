# %% [markdown] signature=["lineage=", "emitted(", "INTERSECT", "inputFiles()", "columnLineage", "COLUMNS(*)"]
# # 14 Data fabric: which joins can metadata find, and which of them hold?
#
# ![Profiles of values and lineage of runs make one graph of metadata; it suggests joins, which are verified before use, and carries tags to derived columns; what does not hold is refused](pictures/14-data-fabric.svg)

# %% [markdown]
# ## In one minute
#
# | | |
# |---|---|
# | **Promise** | metadata does integration work: it suggests joins, says whom a change hits, and carries a policy to every derived column |
# | **Price** | it must be collected all the time, and each conclusion verified; what nobody collected is not there |
# | **When not** | few sources, known by heart; or engines that tell nothing |

# %% [markdown]
# ## Set up
#
# This Spark session has a listener, OpenLineage's: it writes into a file what each statement reads and writes. Whoever uses the
# session need not know of it. DuckDB, a second engine, will look at columns.

# %% tags=["setup"]
import difflib, pandas as pd, patternlab.patterns.data_fabric as fabric
from patternlab import bars, emitted, look, measure, prove
from patternlab import scoreboard, spark_session, truth, workspace
LAKE = workspace("14-data-fabric")
spark = spark_session("14-data-fabric", lineage=LAKE / "events.jsonl")
LAKE.name

# %% [markdown]
# ## Look at the data
#
# Six flights, and a list of airlines. Somebody who has never seen either has to join them.

# %% tags=["look-toy"]
toy_flights = spark.sql("""
    SELECT * FROM VALUES ('UA', 1545), ('UA', 1714), ('AA', 1141),
        ('B6', 725), ('B6', 507), ('UA', 1696) AS flights(carrier, flight)""")
toy_airlines = spark.sql("""
    SELECT * FROM VALUES ('UA', 'United'), ('AA', 'American'), ('B6', 'JetBlue')
        AS airlines(carrier, name)""")
look(toy_flights)

# %% [markdown]
# Now the real ones: five tables of five owners, as Delta tables in one lake. This is what a plain catalogue knows of
# them: names.

# %% tags=["look-tables"]
TABLES = LAKE / "tables"
tables = fabric.land(spark, TABLES, "month")
rows = dict(zip(tables.table, tables.rows))
look(tables)

# %% [markdown]
# ## The naive way
#
# Let a program integrate: where two tables have columns of equal names, join on them. On the toy:

# %% tags=["step-names"]
def by_names(left, right):
    shared = [column for column in left.columns if column in right.columns]
    kept = left.join(right, shared).count() if shared else 0
    return shared, kept


by_names(toy_flights, toy_airlines)

# %% [markdown]
# All six. The same program, for the real flights and each of the other tables:

# %% tags=["break-names"]
flights = spark.table("flights")
for other in fabric.PUBLISHED[1:]:
    shared, kept = by_names(flights, spark.table(other))
    print(f"{other}: {kept:,} flights kept, joined on {shared}")

# %% [markdown]
# With `weather` and `airlines` the equal names mean the same: whoever is lost there has no partner. With `planes` nearly all
# flights are lost: `year` is the year of the flight in one table, and the year of building in the other. And `airports` has no
# equal name, though `origin` and `dest` are its codes. Names say what somebody called a thing.

# %% [markdown]
# ## Build it
#
# ### Step 1: collect what runs and values say
#
# People work as ever. They know their tables, and make new ones of them:

# %% tags=["step-work"]
QUERIES = {
    "departed": """SELECT carrier, tailnum, origin, dest, time_hour, dep_delay
        FROM flights WHERE dep_time IS NOT NULL""",
    "fleet_delays": """SELECT tailnum, manufacturer, avg(dep_delay) AS delay
        FROM departed JOIN planes USING (tailnum) GROUP BY ALL""",
    "watchlist": """SELECT tailnum AS aircraft, delay FROM fleet_delays
        ORDER BY delay DESC LIMIT 20""",
    "sightings": """SELECT concat(carrier, ' ', tailnum) AS label,
        max(time_hour) AS last_seen FROM departed
        WHERE tailnum IS NOT NULL GROUP BY ALL""",
    "makers": """SELECT manufacturer, avg(delay) AS delay, string(NULL) AS example
        FROM fleet_delays GROUP BY ALL""",
    "windy_hours": """SELECT origin, time_hour, wind_speed, avg(dep_delay) AS delay
        FROM departed JOIN weather USING (origin, time_hour) GROUP BY ALL"""}
for table, query in QUERIES.items():
    spark.sql(f"CREATE TABLE IF NOT EXISTS {table} USING delta AS {query}")
look(spark.table("sightings"))

# %% [markdown]
# The listener has seen it all. `emitted` waits for it and reads its file: one JSON object per event, a few per statement.
# `COMPLETE` events say what was read and what was written. A data set's name is its path; the last part will do.

# %% tags=["step-events"]
def name(entry):
    return entry["name"].rsplit("/", 1)[-1]


def completed(events):
    for event in events:
        if event["eventType"] == "COMPLETE" and event["outputs"]:
            yield list(map(name, event["inputs"])), event["outputs"][0]


EVENTS = LAKE / "events.jsonl"
for read, written in list(completed(emitted(EVENTS)))[-6:]:
    print(read, "->", name(written))

# %% [markdown]
# Values speak too. A **profile** counts, for each column, how many different values it has; where that is the number of rows, the
# column is a **key**. DuckDB does it because `COLUMNS(*)` asks all columns at once, in milliseconds. Profiles are always of
# February: in a day's sample, things look like keys that are none.

# %% tags=["step-profile"]
def profile(table):
    query = f"SELECT count(DISTINCT COLUMNS(*)) FROM {table}"
    found = fabric.described(db, table).assign(distinct=db.execute(query).fetchone())
    return found.assign(key=found.distinct == found.rows)


db = fabric.opened()
with measure("profiles of all columns"):
    profiles = pd.concat(map(profile, fabric.PUBLISHED), ignore_index=True)
look(profiles[profiles.column.isin(["tailnum", "year", "faa"])])

# %% [markdown]
# ### Step 2: a graph
#
# Each pair (read, written) is an edge. Only tables of the catalogue count, so files and Delta's own log drop out, and
# so does a table that a statement reads only to change it.

# %% tags=["step-edges"]
CATALOGUE = {*fabric.PUBLISHED, *QUERIES}


def table_edges(events):
    found = set()
    for read, written in completed(events):
        found |= {(table, name(written)) for table in read}
    return {(i, o) for i, o in found if i != o and {i, o} <= CATALOGUE}


edges = table_edges(emitted(EVENTS))
look(pd.DataFrame(sorted(edges), columns=["read", "written"]))

# %% [markdown]
# The same, column by column. The facet `columnLineage` has a list of input fields for each written column. What only chose the
# rows, a filter or a join's key, stands in a list of its own (`dataset`), and is no edge here.

# %% tags=["step-columns"]
def column_edges(events):
    found = set()
    for _, written in completed(events):
        lineage = written["facets"].get("columnLineage", {"fields": {}})
        for column, origin in lineage["fields"].items():
            for i in origin["inputFields"]:
                found.add((f"{name(i)}.{i['field']}", f"{name(written)}.{column}"))
    return found


carried = column_edges(emitted(EVENTS))
new = {(i, o) for i, o in carried if o.startswith(("fleet_delays", "sightings"))}
look(pd.DataFrame(sorted(new), columns=["from", "to"]))

# %% [markdown]
# ### Step 3: suggest joins, and verify them
#
# Which columns have each other's values? **Inclusion** is the share of the left side's different values that the right side
# has too.

# %% tags=["step-inclusion"]
def inclusion(left, right):
    mine, a = fabric.parts(left)
    yours, b = fabric.parts(right)
    return db.execute(f"""
        WITH mine AS (SELECT DISTINCT {a} FROM {mine} WHERE ({a}) IS NOT NULL),
            common AS (FROM mine INTERSECT SELECT {b} FROM {yours})
        SELECT (SELECT count(*) FROM common) / (SELECT count(*) FROM mine)
        """).fetchone()[0]


print(f"tailnum: {inclusion('flights.tailnum', 'planes.tailnum'):.3f}")
print(f"year:    {inclusion('flights.year', 'planes.year'):.3f}")

# %% [markdown]
# So inclusion alone does not refuse `year`: every year of a flight is a year in which aircraft were built. What refuses it is
# the right side: a reference leads to *one* row, so it must lead to a key. And where the left side has one or two
# values, as flags have, inclusion says nothing. `comparable` lists what to compare: columns of one type, and, since no single
# column is a key of `weather`, pairs of columns that both tables have.

# %% tags=["step-suggest"]
def compare(profiles):
    pairs = fabric.comparable(db, profiles)
    return pairs.assign(inclusion=list(map(inclusion, pairs.left, pairs.right)))


def suggest(pairs):
    return pairs[pairs.key & (pairs.distinct > 2) & (pairs.inclusion >= 0.5)]


with measure("suggestions"):
    pairs = compare(profiles)
    suggestions = suggest(pairs)
print(f"{len(pairs)} comparisons")
look(suggestions[["left", "right", "inclusion"]], text="{:.3f}")

# %% [markdown]
# A suggestion is a guess until it is **verified**, on the very tables that will be joined: a left join must neither lose nor
# multiply rows, and most of them must find something. Beside the suggestions, the join by names from above:

# %% tags=["step-verify"]
def check(left, right):
    mine, yours, on = fabric.condition(left, right)
    return f"""SELECT '{left} = {right}' AS pair, {rows[mine]} AS rows,
        count(*) AS joined, count_if({on}) AS matched
        FROM {mine} AS l LEFT JOIN {yours} AS r ON {on}"""


checks = list(map(check, suggestions.left, suggestions.right))
checks.append(check("flights.tailnum+year", "planes.tailnum+year"))
checked = spark.sql(" UNION ALL ".join(checks)).toPandas()
holds = (checked.joined == checked["rows"]) & (checked.matched >= checked["rows"] / 2)
look(checked.assign(accepted=holds))

# %% [markdown]
# No left join here loses a row, and none multiplies one. But in the last, by names, hardly any row finds its aircraft: refused.
#
# ### Step 4: act
#
# The tail number identifies an aircraft, and its owner may be a person: it gets the tag *personal*. An accepted join says that
# `planes.tailnum` is the same thing, so it gets the tag too. From there the tag follows the edges, as far as they go.

# %% tags=["step-reached"]
def reached(found, edges):
    while new := {to for source, to in edges if source in found} - found:
        found = found | new
    return found


tagged = reached({"flights.tailnum", "planes.tailnum"}, carried)
sorted(tagged)

# %% [markdown]
# `sightings.label` has another name and other values, and no catalogue of names would find it. Now a program acts on it: for each
# table that holds a tagged column, a view without it.

# %% tags=["step-act"]
def publish(tagged):
    for table, hidden in fabric.by_table(QUERIES, tagged):
        but = f"EXCEPT ({', '.join(hidden)})" if hidden else ""
        spark.sql(f"""CREATE OR REPLACE TEMP VIEW public_{table} AS
            SELECT * {but} FROM {table}""")
        print(f"public_{table}:", *spark.table(f"public_{table}").columns)


publish(tagged)

# %% [markdown]
# ## See it
#
# The graph of tables as Spark told it. Red tables hold a tagged column, whose name stands in them.

# %% tags=["figure-lineage"]
derived = {column for column in tagged if column.split(".")[0] in QUERIES}
title = f"A tag on the tail number reaches {len(derived)} derived columns"
fabric.draw_lineage(edges, tagged, title);

# %% [markdown]
# Look at `watchlist` once more, in the figure and in the list of views. We come back to it.

# %% [markdown]
# ## Predict
#
# The owner of `airports` will rename the column `faa`. How many of the accepted joins can't be run from then on?

# %% tags=["predict"]
guess = 1
print(f"your guess: {guess}")

# %% [markdown]
# ## Break it
#
# ### An input that the lineage missed
#
# Somebody adds an example to each manufacturer, an aircraft from `planes`, by a `MERGE` from a query. The plan of that query knows
# its files, so it is a witness of its own:

# %% tags=["break-missed"]
EXAMPLES = """SELECT manufacturer, max(tailnum) AS tailnum
    FROM planes GROUP BY manufacturer"""
spark.sql(f"""
    MERGE INTO makers AS m USING ({EXAMPLES}) AS e
    ON m.manufacturer = e.manufacturer
    WHEN MATCHED THEN UPDATE SET example = e.tailnum""")


def tables_of(query):
    return {file.rsplit("/", 2)[-2] for file in spark.sql(query).inputFiles()}


edges = table_edges(emitted(EVENTS))
carried = column_edges(emitted(EVENTS))
print("the lineage says that makers is made of", {i for i, o in edges if o == "makers"})
print("the query's plan reads", tables_of(EXAMPLES))
print("makers.example comes from", {i for i, o in carried if o == "makers.example"})

# %% [markdown]
# Ask this graph whom a change of `planes` hits, and `makers` is not on the list: this listener (version 1.53) loses a table that
# stands behind a query in a `MERGE`. The column edges have it, so they can repair the graph.
#
# Columns can be lost as well. Here is the public view of the watch list, made from the tag:

# %% tags=["break-leak"]
look(spark.table("public_watchlist"), 3)

# %% [markdown]
# Tail numbers, in public. For `ORDER BY ... LIMIT` over a renamed column the same version has no edge. The other half of the
# metadata finds it: the *values* of `aircraft` lie in `planes.tailnum`.

# %% tags=["break-by-value"]
fabric.reload(db, TABLES, ["watchlist"])
share = inclusion("watchlist.aircraft", "planes.tailnum")
print(f"watchlist.aircraft in planes.tailnum: {share:.3f}")

if share >= 0.5:
    tagged = reached({*tagged, "watchlist.aircraft"}, carried)
publish(tagged)

# %% [markdown]
# ### Stale metadata
#
# The owner of `airports` renames the column, as announced. Nobody tells the catalogue. (The table's first version is read, so
# that this cell can run again.)

# %% tags=["break-rename"]
spark.sql("""CREATE OR REPLACE TABLE airports USING delta AS
    SELECT faa AS iata, * EXCEPT (faa) FROM airports VERSION AS OF 0""")
accepted = suggestions[suggestions.pair.isin(checked.pair[holds])]
stale = accepted[accepted.right == "airports.faa"]
print(f"your guess: {guess}; joins that name the old column: {len(stale)}")

# %% [markdown]
# One of them, used as it was accepted:

# %% tags=["break-stale", "raises-exception"]
spark.sql(check("flights.dest", "airports.faa"))

# %% [markdown]
# Metadata is **active** when a change starts something. The run of the rename has told which columns it wrote. Where they
# are not those of the profiles, profile and suggest again: values do not care about names.

# %% tags=["break-noticed"]
told = {}
for _, written in completed(emitted(EVENTS)):
    fields = written["facets"]["schema"]["fields"]
    told[name(written)] = [field["name"] for field in fields]
changed = fabric.outdated(profiles, told)
fabric.reload(db, TABLES, changed)
print("not as profiled:", changed)

again = suggest(compare(pd.concat(map(profile, fabric.PUBLISHED), ignore_index=True)))
renamed = again[again.right == "airports.iata"]
look(renamed[["left", "right", "inclusion"]], text="{:.3f}")

# %% [markdown]
# Tables move as well. Who knows a path loses the table; who knows its name asks the catalogue where it is. `ask` is a
# **logical query**: it has names in braces, and no path.

# %% tags=["break-moved"]
def ask(query):
    frames = {table: spark.read.format("delta").load(at) for table, at in places.items()}
    return spark.sql(query, **frames).toPandas()


places = {"watchlist": str(TABLES / "watchlist")}
WORST = "SELECT count(*) AS aircraft, max(delay) AS worst FROM {watchlist}"
before = ask(WORST)

places = {"watchlist": fabric.move(TABLES / "watchlist", LAKE / "archived")}
after = ask(WORST)
fabric.move(LAKE / "archived", TABLES / "watchlist")
look(after)

# %% [markdown]
# The files lay elsewhere, the query is the same, and so is its answer. They are home again (last line). The owner of `airports`
# takes the rename back as well (folded), so that each cell above can run again.

# %% tags=["break-back", "fold"]
fabric.move(LAKE / "archived", TABLES / "watchlist")   # if the cell above was interrupted
spark.sql("""CREATE OR REPLACE TABLE airports USING delta AS
    SELECT * FROM airports VERSION AS OF 0""")
fabric.reload(db, TABLES, ["airports"])
print("as before:", *spark.table("airports").columns[:3], "...")

# %% [markdown]
# ## Looks right, not so fast
#
# Tools score how alike two names are, and sort. A column of scores looks like evidence:

# %% tags=["break-names-alike"]
def alike(left, right):
    one, other = fabric.parts(left)[1], fabric.parts(right)[1]
    return difflib.SequenceMatcher(None, one, other).ratio()


likely = pairs[pairs.pair.str.match("flights.* = (planes|airlines|airports)")]
likely = likely.assign(names_alike=list(map(alike, likely.left, likely.right)))
best = likely.nlargest(4, "names_alike")
look(best[["pair", "names_alike", "inclusion", "key"]])

# %% [markdown]
# `year` has a perfect score, and it is the trap. `dst` is an airport's rule for summer time. And `faa`, the code that `origin`
# and `dest` do lead to, has no letter in common with them, so its score is 0. A score of names says how people call things, not
# whether a join keeps its rows.

# %% [markdown]
# ## Prove it
#
# Lineage first, against plans: Spark is asked, query by query, which tables' files each one opens.

# %% tags=["prove-lineage"]
planned = {(read, table) for table, query in QUERIES.items() for read in tables_of(query)}
planned |= {(read, "makers") for read in tables_of(EXAMPLES)}
known = {(i, o) for i, o in fabric.between_tables(carried) if {i, o} <= CATALOGUE}
prove("edges of inputs and of columns are the tables of the executed plans",
      edges | known, planned)
prove("the inputs alone lack one of them", planned - edges, {("planes", "makers")})

# %% [markdown]
# Then the joins. Expected values come from `truth`, which compares sets in pandas.

# %% tags=["prove-joins"]
prove("the suggestions are the true references, with their inclusion",
      dict(zip(suggestions.pair, suggestions.inclusion)),
      truth("references", fabric.FEBRUARY))
prove("a left join keeps the row count, on each of them and by names",
      list(checked.joined), list(checked["rows"]))
prove("as many rows find a partner, in each join, and in the one by names",
      dict(zip(checked.pair, checked.matched)), truth("partners", "month"))
prove("accepted are the true references that at least half of the rows follow",
      set(accepted.pair), truth("followed", "month"))

# %% [markdown]
# Last what metadata did. `fabric.holding` reads the files of all eleven tables, and says in which columns a tail number stands.

# %% tags=["prove-acts"]
prove("the tag is on the columns that hold tail numbers, and on no other",
      tagged, fabric.holding(TABLES, CATALOGUE, "month"))
prove("the rename changed a name, and no inclusion",
      list(renamed.inclusion), list(stale.inclusion))
prove("the logical query survives the move", after, before)
prove("and its answer is right", after.to_dict("records")[0], truth("watchlist", "month"))

# %% [markdown]
# ## Measure it
#
# Four ways to suggest joins. **Precision** is the share of the suggestions that are true, **recall** the share of the true
# references that are suggested. True are the five of flights, and the airport of a weather station.

# %% tags=["step-score"]
one = pairs[pairs.width == 1]
ways = {
    "equal names": one[one.same_name],
    "inclusion": one[one.inclusion >= 0.5],
    "inclusion in a key": suggest(one),
    "and two columns": suggestions,
}
score = fabric.score(ways)
title = "Values find what names miss; a key refuses what only looks alike"
bars(score, title, "share", text="{:.2f}");

# %% [markdown]
# The threshold is a choice. At 0.9 the tail number would go, since many aircraft are not in the file: look at its inclusion above. And
# what did it cost?

# %% tags=["step-scoreboard"]
print(f"lineage coverage: {len(edges & planned)} of {len(planned)} edges by inputs alone")
look(scoreboard())

# %% [markdown]
# ## When not, and the neighbours
#
# Not a fabric: three sources that a team knows by heart; engines that tell nothing of their runs; and no fabric replaces a model: it
# finds that two columns join, not what their row means.
#
# | pattern | differs in | choose it when |
# |---|---|---|
# | Catalogue | passive: people read it | nobody acts on it by program |
# | [Data mesh (13)](13-data-mesh.ipynb) | owners promise; responsibility moves, not metadata | owners exist, and can be asked. Both go together |
# | [Star schema (04)](04-star-schema.ipynb) | joins are designed, with keys of their own | the questions are known |
# | [Data vault (05)](05-data-vault.ipynb) | keeps what each source said, by business key | sources change, and history must stay |

# %% [markdown]
# ## Check yourself
#
# 1. Inclusion of `flights.year` in `planes.year` is 1.0. Why is it no join?
#    <details><summary>Answer</summary><code>planes.year</code> is no key: a flight would meet every aircraft built in that year.</details>
# 2. A slide says that metadata "integrates the data". What has to run before you believe it?
#    <details><summary>Answer</summary>A suggestion that is tried: the join keeps its rows and finds its keys. And a policy that acts: the tag that reaches a derived column. A catalogue that is only read is a document.</details>
# 3. A tag follows columns. Why not filters and join keys too?
#    <details><summary>Answer</summary>They chose rows, and are not in the value. With them nearly every column would be tagged.</details>
# 4. From 04: a natural join lost flights there, too. What would have shown it at once?
#    <details><summary>Answer</summary>The count of rows before and after: a left join on a reference keeps it.</details>
# 5. From 12: a connector meets a column that was renamed. What do its events and the ones here have in common?
#    <details><summary>Answer</summary>Each says which columns were written. A reader that compares them with what it knows notices at once.</details>

# %% [markdown]
# ## Go on
#
# Do it yourself in the [lab](../labs/14-data-fabric.ipynb).
#
# Sources:
#
# - OpenLineage, [Spark integration](https://openlineage.io/docs/integrations/spark/), and its [column lineage facet](https://openlineage.io/docs/spec/facets/dataset-facets/column_lineage_facet/): what the events hold
# - OpenLineage, [issue 3942](https://github.com/OpenLineage/OpenLineage/issues/3942): a `MERGE` whose source is filtered lacks that
#   input, in other versions too
# - TopQuadrant, [Metadata and data fabric](https://archive.topquadrant.com/metadata-and-data-fabric/): where the words passive
#   and active metadata come from; a fabric rests on the active kind
# - Hasso Plattner Institute, [SPIDER](https://hpi.de/naumann/projects/completed-projects/spider-data-profiling.html): inclusion
#   dependencies first, then heuristics for the foreign keys among them; and what makes it fast over many tables
# - DuckDB, [COLUMNS expression](https://duckdb.org/docs/sql/expressions/star.html): one question to all columns
