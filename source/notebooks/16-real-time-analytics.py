# %% [markdown] signature=["readStream", "trigger(", "realTime=", "on conflict (hour, origin)", "approx_count_distinct("]
# # 16 Real-time analytics: how fresh can an answer be, and what does that cost?
#
# ![Departures and their corrections come over a topic, Spark's real-time mode enriches each of them, and one statement brings the flight and the roll-up up to date; many readers ask the roll-up, few ask the columns](pictures/16-real-time-analytics.svg)

# %% [markdown]
# ## In one minute
#
# | | |
# |---|---|
# | **Promise** | a number on the screen is milliseconds old, and thousands may ask for it each second |
# | **Price** | you choose the questions beforehand; corrections have to be taken back; a query runs day and night |
# | **When not** | nobody acts within minutes, or questions are new each time |

# %% [markdown]
# ## Set up
#
# PostgreSQL keeps rows, DuckDB keeps columns, Kafka carries what happens, and Spark enriches it on its way. All of them
# end with this kernel.

# %% tags=["setup"]
import duckdb, pandas as pd, patternlab.patterns.real_time_analytics as tower
from kafka import KafkaProducer
from patternlab import bars, emptied, kafka, look, measure, postgres, prove
from patternlab import spark_session, truth, workspace
spark, store, bus = tower.together(lambda: spark_session("16-real-time"), postgres, kafka)
store, kafka()

# %% [markdown]
# ## Look at the data
#
# An airline's screen shows, for each airport, how many planes have left and how late. Most departures of your slice have been
# processed; the last ones are still to come, *live*. `split` cuts there.

# %% tags=["look-live"]
history, live = tower.split("year")
print(f"{len(history):,} departures are history, {len(live):,} events will come live")
coming = pd.DataFrame(live)[["key", "version", "scheduled", "origin", "dep_delay"]]
look(coming.head(4))

# %% [markdown]
# Some of the live events are *corrections*: version 2 of a flight, whose delay was reported wrongly. Here is one, and what it
# corrects:

# %% tags=["look-corrections"]
corrections = [event for event in live if event["version"] == 2]
look(coming[coming.key == corrections[0]["key"]])

# %% [markdown]
# History lies in the lake, a Delta table, where yesterday's job has put it. Spark writes it here (a few seconds: its first job).

# %% tags=["look-lake"]
WORK = workspace("16-real-time")
LAKE = f"{WORK}/departures"

past = spark.read.parquet(tower.parquet(history, WORK))
past.write.format("delta").mode("overwrite").save(LAKE)
look(history, 2)

# %% [markdown]
# ## The naive way
#
# One table with a row for each flight, and one query for each view of the page. (`desk` is our connection, `copied` fills a table
# from a frame.) On six departures:

# %% tags=["step-exact"]
FLIGHT = """create table flight (
    key text primary key, version int, hour text, origin text, delay int)"""
EXACT = """select origin, count(*) as departures, sum(delay) as delay
    from flight group by origin"""

desk = tower.desk_at(store)
store.sql(FLIGHT)
tower.copied(desk, "flight", history.head(6))
look(store.sql(EXACT))

# %% [markdown]
# Right, and at once. Now all of history, and eight readers who ask as fast as they can for a moment. `asked` gives each a
# connection of its own.

# %% tags=["step-exact-all"]
store.sql("truncate flight")
with measure("16: history into rows") as m:
    m.rows = tower.copied(desk, "flight", history)

loads = {"events in rows": tower.asked(store, EXACT)}
look(tower.speeds(loads))

# %% [markdown]
# Every view reads every row again. The answer is right; it costs what it reads, and that grows with each day of the year.
# More readers only wait longer: each core is busy already.

# %% [markdown]
# ## Build it
#
# ### Step 1: events in milliseconds
#
# First the way of an event to the screen. Spark reads the topic and computes what the board needs: the hour, and whether
# the flight is late.

# %% tags=["step-enriched"]
EVENT = """from_json(cast(value as string),
    'key string, version int, scheduled string, origin string,
     dep_delay int, sent double') as event"""


def enriched(topic):
    messages = spark.readStream.format("kafka").options(**bus.options(topic)).load()
    return messages.selectExpr(EVENT).selectExpr(
        "event.key", "event.version", "event.origin", "event.sent",
        "substring(event.scheduled, 1, 13) as hour",
        "event.dep_delay as delay",
        "event.dep_delay > 15 as late")


print(*enriched(bus.topic("departed-16")).columns)

# %% [markdown]
# Then it writes each event to another topic. The **trigger** decides when. With `processingTime` Spark gathers events, plans a
# batch, runs it, notes its place. With `realTime` one long batch runs all the time, and each event passes as it comes; the
# duration is only how often Spark notes its place.

# %% tags=["step-start"]
def start(topic, **trigger):
    messages = enriched(topic).selectExpr("to_json(struct(*)) as value")
    writer = messages.writeStream.format("kafka")
    return (
        writer.option("kafka.bootstrap.servers", bus.bootstrap)
        .option("topic", f"{topic}-out")
        .option("checkpointLocation", f"{WORK}/checkpoint-{topic}")
        .outputMode("update")
        .trigger(**trigger)
        .start())


print("start(topic, realTime='5 minutes') or start(topic, processingTime='1 second')")

# %% [markdown]
# A long batch holds a core for each partition of the topic, for ever. So our topics have one partition, and a query is stopped before the
# next one starts. Real-time mode has no aggregations in Spark 4.2: it enriches events, and the store adds them up.

# %% [markdown]
# ### Step 2: a roll-up in rows, and the events in columns
#
# A *roll-up* keeps what the page asks for, added up beforehand: a row for each hour and airport. The page then adds these rows,
# however many events are in each.

# %% tags=["step-rollup"]
BOARD = """drop table if exists board;
    create table board (
        hour text, origin text, n bigint, delay bigint, primary key (hour, origin))"""
ROLL_UP = """insert into board
    select hour, origin, count(*), sum(delay) from flight group by hour, origin"""
PAGE = """select origin, sum(n)::bigint as departures, sum(delay)::bigint as delay
    from board group by origin"""

store.sql(BOARD)
store.sql(ROLL_UP)
loads["roll-up in rows"] = tower.asked(store, PAGE)
look(tower.speeds(loads))

# %% [markdown]
# The second way keeps all events, and reads less of each. In a *column store* the values of a column lie together, so a
# query reads the two columns that it names. DuckDB takes the table from the lake.

# %% tags=["step-columns"]
columns = duckdb.connect()
columns.register("lake", tower.delta_table(LAKE))


def load_columns():
    columns.sql("drop table if exists flight")
    columns.sql(FLIGHT)
    columns.sql("insert into flight select key, version, hour, origin, delay from lake")


load_columns()
loads["events in columns"] = tower.asked(columns, EXACT)
look(tower.speeds(loads))

# %% [markdown]
# All three give the same numbers. Compare the lines, and do not quote them: readers and stores share this machine's cores.

# %% [markdown]
# ### Step 3: an upsert that takes back what it corrects
#
# A correction has to take its old value out of the roll-up. One statement does it: `old` is what we know of the flight, `new`
# is there only if the version is newer, and `change` adds the one and takes away the other.

# %% tags=["step-put"]
PUT = """
    with old as (select hour, origin, delay from flight where key = %(key)s),
    new as (
        insert into flight
        values (%(key)s, %(version)s, %(hour)s, %(origin)s, %(delay)s)
        on conflict (key) do update
        set version = excluded.version, hour = excluded.hour,
            origin = excluded.origin, delay = excluded.delay
        where flight.version < excluded.version
        returning hour, origin, delay),
    change as (
        select hour, origin, 1 as n, delay from new
        union all
        select old.hour, old.origin, -1, -old.delay from old, new)
    insert into board
    select hour, origin, sum(n), sum(delay) from change group by hour, origin
    on conflict (hour, origin) do update
    set n = board.n + excluded.n, delay = board.delay + excluded.delay"""
print("one statement, so a reader sees all of it or nothing")

# %% [markdown]
# A flight, its correction, and the correction once more (`as_spark` makes of an event what Spark makes of it):

# %% tags=["step-corrected"]
first, second = tower.as_spark(live[0], corrections[0])
CELL = "select * from board where hour = %(hour)s and origin = %(origin)s"
seen = []

for message in (first, second, second):
    with desk, desk.cursor() as cursor:
        cursor.execute(PUT, message)
        cursor.execute(CELL, message)
        seen.append([message["version"], *cursor.fetchone()])

look(pd.DataFrame(seen, columns=["version", "hour", "origin", "n", "delay"]))

# %% [markdown]
# The number stays, the sum grows by the correction, and a copy changes nothing. In columns the same rule is shorter,
# because there is no roll-up to mend. `reopen` (folded) brings both stores back to where history ends.

# %% tags=["step-reopen", "fold"]
# both stores as history has left them
REPLACE = """insert into flight values (?, ?, ?, ?, ?) on conflict (key) do update
    set version = excluded.version, hour = excluded.hour,
        origin = excluded.origin, delay = excluded.delay
    where flight.version < excluded.version"""
FIELDS = ["key", "version", "hour", "origin", "delay"]


def reopen():
    store.sql("delete from flight where key = any(%s)", coming.key.tolist())
    store.sql("truncate board")
    store.sql(ROLL_UP)
    load_columns()


reopen()
look(store.sql("select sum(n)::bigint as departures from board"))

# %% [markdown]
# ### Step 4: freshness, from end to end
#
# *Freshness* is the time from the event to the commit: from then on a reader can see it. `serve` takes what comes out of Spark,
# puts it into both stores, and notes the age of each event after each commit.

# %% tags=["step-serve"]
def put(messages):
    with desk, desk.cursor() as cursor:
        cursor.executemany(PUT, messages)


def serve(arriving):
    in_rows, in_columns = [], []
    for messages in arriving:
        put(messages)
        in_rows += tower.aged(messages)
        columns.executemany(REPLACE, tower.tuples(messages, *FIELDS))
        in_columns += tower.aged(messages)
    return in_rows, in_columns


print("an age is noted after the commit, not before")

# %% [markdown]
# A query that has started is not yet one that reads: so one event goes ahead, and the others follow when it has come out,
# 100 a second, sent from a thread beside us. Whatever happens, the query is stopped.

# %% tags=["step-freshness"]
def freshness(topic, **trigger):
    reopen()
    tower.topics(bus, topic)
    emptied(WORK / f"checkpoint-{topic}")
    query = start(topic, **trigger)
    try:
        bus.send(topic, live[:1])
        arriving = tower.arriving(bus, f"{topic}-out", len(live), query)
        put(next(arriving))
        with tower.sending(PRODUCER, topic, live[1:]):
            ages = serve(arriving)
        return *ages, len(query.recentProgress)
    finally:
        query.stop()


PRODUCER = KafkaProducer(bootstrap_servers=bus.bootstrap, linger_ms=0)
print(f"{len(live):,} events at 100 a second: about {len(live) / 100:.0f} s")

# %% [markdown]
# First a micro-batch every second, as most streams have it:

# %% tags=["step-every-second"]
slow, _, ended = freshness("every-second-16", processingTime="1 second")
print(f"{ended} batches")
look(tower.ages({"every second, in rows": slow}))

# %% [markdown]
# Half of a second of waiting is no fault: events come at any moment, and wait for the next batch. Then real-time mode, with the
# same code and another trigger:

# %% tags=["step-real-time"]
fast, fast_columns, ended = freshness("real-time-16", realTime="5 minutes")
board = store.sql("select hour, origin, n, delay from board")

print(f"{ended} batches have ended, and the board is complete")
look(tower.ages({
    "every second, in rows": slow,
    "real time, in rows": fast,
    "real time, in columns": fast_columns}))

# %% [markdown]
# No batch has ended, because none had to: five minutes are how often Spark notes its place. Keep that in mind.

# %% [markdown]
# ## See it
#
# Three numbers for each way to build the screen. Freshness is the age of what you see, latency the time you wait for it,
# and load is how many may ask. The first two should be short. The scales are logarithms.

# %% tags=["figure-three"]
ways = {
    "events in rows, real time": (fast, loads["events in rows"]),
    "events in columns, real time": (fast_columns, loads["events in columns"]),
    "roll-up in rows, every second": (slow, loads["roll-up in rows"]),
    "roll-up in rows, real time": (fast, loads["roll-up in rows"])}
tower.three(ways, "How fresh, how fast, for how many: no number implies another")

# %% [markdown]
# The trigger moves the first column only, the roll-up moves the other two. Whoever says "real-time" without saying which of the
# three is meant has said nothing.

# %% [markdown]
# ## Predict
#
# The real-time query was stopped when all live events were out. You will start it again, on the same checkpoint. How many
# events will it send a second time?

# %% tags=["predict"]
guess = 10
print(f"your guess: {guess:,} of {len(live):,}")

# %% [markdown]
# ## Break it
#
# ### A correction counts twice
#
# Many roll-ups are append-only: whatever comes is added. It is the shorter statement. `on_both` (folded) plays messages into a
# roll-up of each kind, both from where history ends.

# %% tags=["break-both", "fold"]
# departures on the board by PUT and by APPEND, and how many too many that is
def on_both(messages):
    reopen()
    store.sql("drop table if exists appended")
    store.sql("create table appended (like board including all)")
    store.sql("insert into appended select * from board")
    put(messages)
    with desk, desk.cursor() as cursor:
        cursor.executemany(APPEND, messages)
    right = int(truth("corrected_board", "year").n.sum())
    total = "select sum(n)::bigint as n from {}"
    counts = [store.sql(total.format(name)).n[0] for name in ("board", "appended")]
    too_many = [int(count) - right for count in counts]
    kinds = ["upsert", "append-only"]
    return pd.DataFrame({"roll-up": kinds, "departures": counts, "too many": too_many})


told = tower.messages_of(bus, "real-time-16-out")[:len(live)]
print(f"{len(told):,} messages came out of Spark")

# %% tags=["break-append"]
APPEND = """
    insert into appended values (%(hour)s, %(origin)s, 1, %(delay)s)
    on conflict (hour, origin) do update
    set n = appended.n + 1, delay = appended.delay + excluded.delay"""

once = on_both(told)
print(f"{len(corrections):,} corrections among {len(told):,} messages")
look(once)

# %% [markdown]
# Each corrected flight has left twice, with both of its delays in the sum. The repair is `PUT`. It costs a row for each flight:
# whoever wants to take something back has to know what it was.

# %% [markdown]
# ### A restart sends everything again
#
# Now the query that was stopped. Its checkpoint is there, and nothing new is on the topic. `quiet` waits until nothing more comes
# out, stops the query, and gives all messages.

# %% tags=["break-restart"]
before = bus.end_offsets("real-time-16-out")[0]
query = start("real-time-16", realTime="5 minutes")
told_again = tower.quiet(bus, "real-time-16-out", query, before)
again = len(told_again) - before
print(f"{again:,} events were sent again, your guess was {guess:,}")

# %% [markdown]
# Spark notes its place when a batch ends, and the first one had not. A shorter duration makes that less, not nothing: between
# Spark and Kafka it is *at least once*. So what do the two roll-ups make of it?

# %% tags=["break-twice"]
twice = on_both(told_again)
look(twice)

# %% [markdown]
# The append-only one has counted each event twice. For the upsert a copy is a version that it has. One guard, two faults.

# %% [markdown]
# ### A roll-up that explodes
#
# More questions want more columns. Somebody asks for destinations, then for aircraft, and each column goes into the roll-up's
# key:

# %% tags=["break-explodes"]
LEVELS = ["origin", "hour, origin", "hour, origin, dest", "hour, origin, dest, tailnum"]
kept = {}
for level in LEVELS:
    kept[f"by {level}"] = len(columns.sql(f"select distinct {level} from lake"))
kept["all events"] = len(history)

most = kept[f"by {LEVELS[-1]}"] / len(history)
title = f"By destination and aircraft, {most:.0%} of the events have a row of their own"
bars(kept, title, "rows", log=True);

# %% [markdown]
# Such a roll-up costs an upsert for each event, and saves nothing. The repair is to choose: a second small roll-up for the
# second question, and columns for questions that are asked seldom.

# %% [markdown]
# ### A sum of distinct numbers
#
# How many aircraft have flown? A roll-up by airport has a number for each, and the page adds them up:

# %% tags=["break-distinct"]
DISTINCT = """select origin, count(distinct tailnum) as aircraft
    from lake group by origin order by origin"""
aircraft = columns.sql(DISTINCT).df()
summed = aircraft.aircraft.sum()
print(f"summed: {summed:,} aircraft")
look(aircraft)

# %% [markdown]
# An aircraft that flew from two airports is counted twice. Counts, sums and maxima may be rolled up further; distinct numbers and
# quantiles may not. The repair is a *sketch*: a few kilobytes that can be merged, and say about how many. `approx_count_distinct` is
# one, `hll_sketch_agg` keeps it.

# %% tags=["break-sketch"]
past.createOrReplaceTempView("past")
by_airport = spark.sql("""
    select origin, approx_count_distinct(tailnum, 0.05) as about,
        hll_sketch_agg(tailnum, 12) as sketch
    from past group by origin""")
sketches = spark.createDataFrame(by_airport.collect(), by_airport.schema)

union = "hll_sketch_estimate(hll_union_agg(sketch)) as aircraft"
merged = sketches.selectExpr(union).first().aircraft
print(f"summed: {summed:,}, merged sketches: about {merged:,}")

# %% [markdown]
# ## Looks right, not so fast
#
# The roll-up's mean latency would please anybody. But the page asks 20 questions at once, and is there when the slowest of them is
# answered. From the latencies that were measured:

# %% tags=["look-mean"]
latency = loads["roll-up in rows"].milliseconds
page = tower.slowest_of(latency, 20)
over = (page > pd.Series(latency).quantile(0.99)).mean()

print(f"a question: mean {latency.mean():.1f} ms, a page of 20: mean {page.mean():.1f} ms")
print(f"{over:.0%} of the pages wait longer than 99 of 100 questions do")

# %% [markdown]
# Each page draws 20 times, so the slow hundredth is not rare. Say p99, and of what: of a question or of a page.

# %% [markdown]
# ## Prove it
#
# The roll-up against an exact query over all messages, at the same offset of the topic. The exact query knows no upsert: it takes
# the newest version of each flight, in columns.

# %% tags=["prove-same-offset"]
ALL = """
    select hour, origin, count(*) as n, sum(delay)::bigint as delay from (
        select distinct on (key) hour, origin, delay from (
            select key, version, hour, origin, delay from lake
            union all select key, version, hour, origin, delay from topic)
        order by key, version desc)
    group by hour, origin"""

reopen()
done = 0
for offset in (len(told) // 2, len(told)):
    put(told[done:offset])
    done = offset
    columns.register("topic", pd.DataFrame(told[:offset]))
    exact = columns.sql(ALL).df()
    rolled_up = store.sql("select * from board")
    prove(f"roll-up = exact query, offset {offset}", rolled_up, exact)

# %% [markdown]
# The board as it was when the live run ended, and what the restart left, against the truth: pandas, over the published table
# and the corrections, which has seen no message.

# %% tags=["prove-board"]
right = truth("corrected_board", "year")
prove("live board = truth", board, right)
prove("corrections counted twice", once["too many"].tolist(), [0, len(corrections)])
prove("events sent again", again, len(live))
prove("a restart behind the upsert", twice["too many"][0], 0)

# %% [markdown]
# Freshness is a promise, a *service level objective*: 99 of 100 events are on the board within so many seconds. This page
# promises five, on a machine that does other work too. Both triggers keep it: who needs no better need not pay for real time.

# %% tags=["prove-fresh"]
SLO = 5.0
seconds = pd.DataFrame({"every second": slow, "real time": fast}).quantile(0.99)
prove("p99 within five seconds, every second", seconds["every second"] < SLO, True)
prove("p99 within five seconds, real time", seconds["real time"] < SLO, True)
prove("batches that real time had to end for it", ended, 0)

# %% [markdown]
# An approximate number has a *stated error*, and that is a standard deviation: `rsd` for `approx_count_distinct`, 1.04 / 64 for
# this sketch. Three of them hold in 997 of 1,000 cases, and here.

# %% tags=["prove-distinct"]
known = truth("aircraft_by_origin", "year").set_index("origin").aircraft
every = known.pop("all")
about = {row.origin: row.about for row in sketches.collect()}
off = (pd.Series(about) / known - 1).abs().max()

prove("distinct aircraft per airport", aircraft.aircraft.tolist(), known.tolist())
prove("approximate within 3 standard deviations", off <= 3 * 0.05, True)
prove("merged sketches too", abs(merged / every - 1) <= 3 * 1.04 / 64, True)

# %% [markdown]
# ## Measure it
#
# Rows or columns? Three questions, each to both stores, with eight readers: all from the events, all from the roll-up, and one
# hour of the roll-up.

# %% tags=["figure-stores"]
hour = live[-1]["scheduled"][:13]
HOUR = f"select origin, n, delay from board where hour = '{hour}'"
columns.sql("create or replace table board as from exact")

loads["roll-up in columns"] = tower.asked(columns, PAGE)
loads["one hour in rows"] = tower.asked(store, HOUR)
loads["one hour in columns"] = tower.asked(columns, HOUR)
by_store = tower.by_store(loads)
best = by_store.loc["events"].idxmax()
title = f"All events: {best} answer more often; mind the other questions"
bars(by_store, title, "queries a second", log=True);

# %% [markdown]
# Columns win where a query reads much: each value costs little, each query costs something. Rows win where an index leads to the few
# rows that are asked for. On a small slice little is read, so look at which way the first pair goes there.

# %% [markdown]
# ## When not, and the neighbours
#
# | pattern | differs in | choose it when |
# |---|---|---|
# | stream windowing ([07](07-stream-windowing.ipynb)) | computes an answer, once, when time has passed; here answers are served while they change | completeness matters more than age |
# | Lambda ([09](09-lambda.ipynb)) | a batch mends what the fast path got wrong; here corrections come the same way | the fast path may be rough |
# | change data capture ([12](12-cdc.ipynb)) | copies what a database says; it can feed this board | the source is a database |
# | star schema ([04](04-star-schema.ipynb)) | bears questions that nobody foresaw; here they are chosen | people explore, and wait |
#
# *Real-time* is said of four things: how fresh, how fast a query, how many queries, how soon somebody acts. A stream that is
# read by a report of yesterday is none of them.
#
# Pinot, Druid and ClickHouse are stores made for this. Ask each of them the question of this page: what does a correction
# do to a roll-up?

# %% [markdown]
# ## Check yourself
#
# 1. A page is fed in real time and shows numbers that are ten seconds old. How? <details><summary>Answer</summary>Freshness ends
#    at the commit; then come the query's latency, caches, and how often the page asks. Each has to be measured where the reader
#    is.</details>
# 2. Why does the upsert need a table with a row for each flight? <details><summary>Answer</summary>To take the old value out of
#    the roll-up it has to know it, and to tell a copy it has to know the version.</details>
# 3. Which of these can be rolled up from hours to days: count, mean, maximum, p99, distinct aircraft?
#    <details><summary>Answer</summary>Count and maximum; the mean as sum and count; p99 and distinct only as a sketch,
#    approximately.</details>
# 4. From 07: what does a watermark promise, and why is there none here? <details><summary>Answer</summary>That nothing older will
#    be counted, so a window can close. Here nothing closes: a late event, or a correction, changes the board.</details>
# 5. From 11: a consumer is killed between its effect and its offset. What does this board show?
#    <details><summary>Answer</summary>The right numbers: what comes again has a version that is not newer.</details>

# %% [markdown]
# ## Go on
#
# - [The lab](../labs/16-real-time-analytics.ipynb): a roll-up, corrections that move an hour, aggregates that can be merged, and
#   three views for six questions.
# - [Spark: real-time mode](https://spark.apache.org/docs/latest/streaming/real-time-mode.html)
# - [Apache Pinot: stream ingestion with upsert](https://docs.pinot.apache.org/basics/data-import/upsert)
# - [The Tail at Scale](https://doi.org/10.1145/2408776.2408794), Jeffrey Dean and Luiz André Barroso, 2013: why pages meet the
#   slow hundredth
# - [HyperLogLog](https://algo.inria.fr/flajolet/Publications/FlFuGaMe07.pdf), Flajolet, Fusy, Gandouet and Meunier, 2007
