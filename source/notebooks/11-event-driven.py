# %% [markdown] signature=["primary key (key, version)", "KafkaConsumer(", "group_id=group", "consumer.commit()", "lock table events", "fold("]
# # 11 Event-driven: what if the facts are the record, and every state a view of them?
#
# ![Programs append facts to a store, which refuses what was decided on an old version; a relay puts each fact on a topic; a board and mails read it, each in a group of its own, and so does an analyst without one](pictures/11-event-driven.svg)

# %% [markdown]
# ## In one minute
#
# | | |
# |---|---|
# | **Promise** | nothing that happened is overwritten; each state, also one nobody planned, can be computed from it |
# | **Price** | states lag behind, messages come twice, old events must be understood for ever |
# | **When not** | only the present state matters, or people may demand that you forget |

# %% [markdown]
# ## Set up
#
# Three engines start: PostgreSQL is the store of facts, Kafka carries them, and Spark is there for whoever wants all of
# history at once. All of them end with this kernel.

# %% tags=["setup"]
import psycopg2, pandas as pd, patternlab.patterns.event_driven as airport
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from patternlab import faults, kafka, lines, look, measure, postgres, prove
from patternlab import spark_session, steps, truth, workspace
spark, store, bus = airport.together(lambda: spark_session("11-event-driven"), postgres, kafka)
store, kafka()

# %% [markdown]
# ## Look at the data
#
# Five things can happen to a flight: it is scheduled, then departs or is cancelled, then arrives or is diverted. Each is a
# *fact*: it has happened, and nobody can change that. `key` is the flight, `version` counts its facts. Here are two
# lives:

# %% tags=["look-toy"]
DAY = airport.storm_day("month")
day = airport.facts(DAY)
toy = airport.two_lives(day)
look(pd.DataFrame(toy)[["key", "version", "kind", "occurred"]])

# %% [markdown]
# This lesson plays one day: of its slice the one with the most cancellations.

# %% tags=["look-day"]
happened = pd.Series([fact["kind"] for fact in day], name="facts")
published = truth("conservation", DAY)
print(f"{DAY[0]}: {published['scheduled']:,} flights, {len(day):,} facts")
look(happened.value_counts())

# %% [markdown]
# Only what is scheduled can depart, and only what has departed can arrive. So the numbers must add up, and you can say
# which ones.

# %% [markdown]
# ## The naive way
#
# Keep the state, and change it with each message: a table of counters, each one plus 1. (`desk_at` makes this one and those
# of later readers, and gives a connection.) On the two flights:

# %% tags=["step-counted"]
COUNT = """insert into counts values (%(kind)s, 1)
    on conflict (kind) do update set flights = counts.flights + 1"""


def count(facts):
    with desk, desk.cursor() as cursor:
        cursor.executemany(COUNT, facts)


desk = airport.desk_at(store)
count(toy)
look(store.sql("select * from counts"))

# %% [markdown]
# Right. Now the whole day, over a topic. A sender that gets no answer sends again, so some messages come twice; here
# five in a hundred. `told` puts facts on a topic of its own, and hands out what a reader of it gets.

# %% tags=["step-counted-day"]
store.sql("truncate counts")
count(airport.told(bus, faults.duplicated(day, share=0.05)))

counted = store.sql("select kind, flights as counted from counts")
counted["published"] = counted.kind.map(published)
look(counted)

# %% [markdown]
# Too many, and nothing in the table says which. Nor can it say how many were in the air at noon: each
# message has overwritten the answer.

# %% [markdown]
# ## Build it
#
# ### Step 1: facts, and a state made of them
#
# Let the facts be the record. A state is then a *fold*: begin with nothing, and `apply` one fact after the other. `apply`
# changes nothing, asks no clock and sends nothing, so the same facts always give the same state. A fact that it has seen
# leaves the state as it is.

# %% tags=["step-apply"]
NOTHING = {"version": 0, "status": None}


def apply(state, fact):
    if fact["version"] <= state["version"]:
        return state
    return {"version": fact["version"], "status": fact["kind"]}


def fold(facts, states=()):
    states = dict(states)
    for fact in facts:
        states[fact["key"]] = apply(states.get(fact["key"], NOTHING), fact)
    return states


look(pd.DataFrame(fold(toy + toy)).T)

# %% [markdown]
# Every fact was given twice, and counted once. `apply` never refuses: what has happened has happened. What somebody *wants*
# to happen, a command, can be refused, and that is decided before there is a fact.

# %% [markdown]
# ### Step 2: a store that says no to old decisions
#
# The store has one table, and rows are only added. The primary key is the idea: of each flight there is one version 2.
# `append` takes the version on which somebody has decided. Where there is more by now, that decision is void.

# %% tags=["step-store"]
EVENTS = """create table events (
    key text, version int, kind text, occurred timestamptz, body jsonb,
    position bigint generated always as identity,
    primary key (key, version))"""
INSERT = """insert into events (key, version, kind, occurred, body)
    values (%(key)s, %(version)s, %(kind)s, %(occurred)s, %(body)s)"""

store.sql("drop table if exists events")
store.sql(EVENTS)
look(store.sql("select indexdef from pg_indexes where tablename = 'events'"))

# %% tags=["step-append"]
class Conflict(Exception):
    """Somebody else was first."""


def append(desk, expected, fact):
    with desk, desk.cursor() as cursor:
        cursor.execute("select count(*) from events where key = %(key)s", fact)
        version = cursor.fetchone()[0]
        if version != expected:
            raise Conflict(f"expected version {expected}, it is {version}")
        cursor.execute(INSERT, {**fact, "version": expected + 1})


print("one transaction: ask, compare, insert")

# %% [markdown]
# Now two people at one moment, on two connections. A flight is scheduled, version 1. The captain reports that it has
# left, and has not committed. The dispatcher sees version 1, and cancels. `held_up` runs that beside us, until it waits.

# %% tags=["step-race"]
captain = psycopg2.connect(store.dsn)
dispatcher = psycopg2.connect(store.dsn)
planned = day[0]
leaves = {**planned, "version": 2, "kind": "departed"}
is_off = {**planned, "version": 2, "kind": "cancelled"}

store.sql("truncate events")
append(captain, 0, planned)
captain.cursor().execute(INSERT, leaves)
with airport.held_up(append, dispatcher, 1, is_off) as outcome:
    captain.commit()

print(outcome[0])

# %% [markdown]
# The question alone would not have helped: both saw version 1. The key let the second insert wait for the first
# transaction, and refused it. Whoever loses reads again, and decides again:

# %% tags=["step-conflict"]
MAY_BECOME = {
    "scheduled": {"departed", "cancelled"},
    "departed": {"arrived", "diverted"},
}


def decide(state, wanted):
    if wanted not in MAY_BECOME.get(state["status"], ()):
        raise ValueError(f"{state['status']} can't become {wanted}")


print(airport.refusal(append, dispatcher, 1, is_off))
raced = store.sql("select * from events order by version")
now = fold(raced.to_dict("records"))[planned["key"]]
print(airport.refusal(decide, now, "cancelled"))

# %% [markdown]
# ### Step 3: a bus, and readers who do not know each other
#
# A *relay* sends what stands behind its position, and notes the new one when the broker has answered for each. If it
# dies in between it sends again: never less than once. A position is drawn before its transaction commits, so a later one may appear first. The `lock` waits for
# all open inserts, and none is skipped.

# %% tags=["step-relay"]
WAITING = """lock table events in share mode;
    select key, version, kind, occurred, body, position from events
    where position > (select position from relayed) order by position"""


def relay():
    waiting = store.sql(WAITING).to_dict("records")
    with KafkaProducer(bootstrap_servers=bus.bootstrap) as producer:
        sent = []
        for event in waiting:
            message = airport.as_message(event)
            sent.append(producer.send(TOPIC, message, key=event["key"].encode()))
        for answer in sent:
            answer.get(timeout=30)
    if waiting:
        store.sql("update relayed set position = %s", waiting[-1]["position"])


look(store.sql("select * from relayed"))

# %% [markdown]
# The message's key is the flight, so all its facts are in one partition, in order. A reader belongs to a *group*; Kafka
# keeps how far each group has come. The first one keeps a departure board: first the effect, then the offset. It can
# bear a fact twice, because it takes newer versions only.

# %% tags=["step-board"]
PUT = """insert into board values (%(key)s, %(version)s, %(kind)s)
    on conflict (key) do update
    set version = excluded.version, status = excluded.status
    where board.version < excluded.version"""


def project(consumer, facts):
    with desk, desk.cursor() as cursor:
        cursor.executemany(PUT, facts)
    consumer.commit()


print("one row a flight; newer versions only")

# %% [markdown]
# `reader` joins a group; its instance has a name, so that whoever is started again after a crash takes the place of the
# dead one at once. `batches` hands out facts up to where the topic ends now.

# %% tags=["step-reader"]
BUS = {"bootstrap_servers": bus.bootstrap, "auto_offset_reset": "earliest",
       "enable_auto_commit": False}


def reader(group):
    return KafkaConsumer(TOPIC, group_id=group, group_instance_id=group, **BUS)


def follow(consumer, handle):
    with consumer:
        for facts in airport.batches(consumer):
            handle(consumer, facts)


TOPIC = bus.topic("facts", partitions=2)
print(bus.end_offsets(TOPIC))

# %% [markdown]
# The day, in four parts. After each of them the relay sends and the board follows, live; a copy of it is kept. `fresh`
# makes the group's name a new one.

# %% tags=["step-day"]
store.sql("truncate events, board restart identity; update relayed set position = 0")
TOPIC = bus.topic("facts", partitions=2)
group = airport.fresh("board")
boards = {}

for moment, part in airport.parts(day, 4).items():
    for fact in part:
        append(desk, fact["version"] - 1, fact)
    relay()
    follow(reader(group), project)
    cut = sum(bus.end_offsets(TOPIC).values())
    boards[moment, cut] = store.sql("select key, status from board")
    print(f"{cut:,} events, {len(boards[moment, cut]):,} flights on the board")

# %% [markdown]
# Commands go to the store, questions to the board: two models, each made for its own work. That is CQRS.
#
# In the evening somebody wants mails to the passengers of cancelled flights. That is a second group. It begins with
# the first event, and neither the store nor the board has heard of it:

# %% tags=["step-notices"]
def notify(consumer, facts):
    for fact in airport.cancelled(facts):
        mailed.append(fact["key"])
    consumer.commit()


mailed = []
follow(reader(airport.fresh("notices")), notify)
print(f"{len(mailed):,} mails")

# %% [markdown]
# Nor did anybody plan for an analyst, who asks for the airlines' mean delay and brings an engine for tables: Spark reads the
# topic from end to end, once, and writes a Delta table. It drops copies. Its first query takes some seconds.

# %% tags=["step-unplanned"]
FACT = "key string, version int, kind string, body struct<carrier: string, delay: int>"
PUNCTUAL = str(workspace("11-event-driven") / "punctual")

messages = spark.read.format("kafka").options(**bus.options(TOPIC)).load()
facts = messages.selectExpr(f"from_json(cast(value as string), '{FACT}') as fact")
facts.dropDuplicates().createOrReplaceTempView("facts")
punctual = spark.sql("""
    select fact.body.carrier, count(*) as arrivals, avg(fact.body.delay) as mean_delay
    from facts where fact.kind = 'arrived' group by 1""")
punctual.write.format("delta").mode("overwrite").save(PUNCTUAL)
delays = spark.read.format("delta").load(PUNCTUAL).toPandas()
look(delays)

# %% [markdown]
# ### Step 4: a snapshot and the rest
#
# The state at any moment is a fold of all events before it, and years of them take long. A *snapshot* is a state with
# its position; from there on only the tail is folded. Snapshots may be thrown away at any time. One every 500 events (folded):

# %% tags=["step-snapshots", "fold"]
# reads a stretch of events, takes snapshots: states, each with its position
STRETCH = "select * from events where position > %s and position <= %s order by position"


def stretch(after, until):
    return airport.rows_of(desk, STRETCH, after, until)


def take_snapshots(every):
    store.sql("truncate snapshots")
    states = {}
    for end in range(every, len(day), every):
        states = fold(stretch(end - every, end), states)
        store.sql("insert into snapshots values (%s, %s)", end, states)


take_snapshots(every=500)
look(store.sql("select position, pg_column_size(states) as bytes from snapshots"))

# %% [markdown]
# And the state after half of the day's events:

# %% tags=["step-state-at"]
def state_at(cut):
    position, states = airport.newest_snapshot(desk, cut)
    return fold(stretch(position, cut), states)


look(airport.tally(state_at(len(day) // 2)))

# %% [markdown]
# ## See it
#
# The counters of the naive way know one moment. The events know all of them:

# %% tags=["figure-day"]
so_far = airport.over_time(stretch(0, len(day)))
most = so_far["in the air"].max()
title = f"{published['cancelled']:,} are cancelled, at most {most:,} are in the air at once"
steps(dict(so_far.items()), title, f"hours since {DAY[0]} 00:00 UTC", "flights");

# %% [markdown]
# At each moment the four add up to all flights. No counter was kept for this figure.

# %% [markdown]
# ## Predict
#
# Below, a consumer that counts is killed between its offset and its effect, while it works in batches of at most 500
# messages. It starts again and reads to the end. By how many will its count be wrong?

# %% tags=["predict"]
guess = 100
print(f"your guess: {guess:,} of {len(day):,}")

# %% [markdown]
# ## Break it
#
# ### Twice, and in another order
#
# Now five in a hundred facts come twice, and each may come up to six hours late. A board that
# takes what comes last, and ours:

# %% tags=["break-boards", "fold"]
# makes a board of the facts that went astray, and compares it with the truth
def wrong_by(put):
    with desk, desk.cursor() as cursor:
        cursor.execute("truncate board")
        cursor.executemany(put, astray)
    board = store.sql("select key, status from board")
    return airport.differing(board, truth("flight_states", DAY))


twice = faults.duplicated(day, share=0.05)
astray = airport.told(bus, faults.shuffled(twice, within=360))
print(f"{len(astray):,} messages")

# %% tags=["break-astray"]
LAST = """insert into board values (%(key)s, %(version)s, %(kind)s)
    on conflict (key) do update
    set version = excluded.version, status = excluded.status"""

unguarded = wrong_by(LAST)
guarded = wrong_by(PUT)
print(f"wrong flights: {unguarded:,} where the last wins, {guarded:,} by version")

# %% [markdown]
# They have landed, and the careless board says for ever that they have departed. The repair is the last line of `PUT`: a
# version that is not newer changes nothing.

# %% [markdown]
# ### SIGKILL between offset and effect
#
# A counter can't be guarded so. `counted_by` makes a consumer of our functions, a program of its own, and kills it
# when it comes to `here()` in its second batch. Then the consumer is started again, and reads to the end.

# %% tags=["break-killed-once", "fold"]
# kills a consumer, starts it again, and says what was counted
def counted_by(opened, handle):
    store.sql("truncate counts, places")
    group = airport.killed_once(follow, opened, handle)
    follow(opened(group), handle)
    return int(store.sql("select sum(flights) as total from counts").total[0])


print(f"each consumer has {len(day):,} events to read")

# %% tags=["break-offset-first"]
def offset_first(consumer, facts):
    consumer.commit()
    airport.here()
    count(facts)


lost = len(day) - counted_by(reader, offset_first)
print(f"offset first: {lost:,} events are missing, your guess was {guess:,}")

# %% [markdown]
# Kafka believes that the batch is done, so nobody brings it again: it is lost. The other way round:

# %% tags=["break-effect-first"]
def effect_first(consumer, facts):
    count(facts)
    airport.here()
    consumer.commit()


doubled = counted_by(reader, effect_first) - len(day)
print(f"effect first: {doubled:,} events are counted twice")

# %% [markdown]
# Kafka and PostgreSQL share no transaction. So let one of them commit: the offset goes into the same PostgreSQL
# transaction as the effect, in the table `places`. The reader belongs to no group, and seeks what *that* says (folded).

# %% tags=["break-resumed", "fold"]
# a consumer that begins where the table places says
def resumed(group):
    consumer = KafkaConsumer(client_id=group, **BUS)
    consumer.assign([TopicPartition(TOPIC, 0), TopicPartition(TOPIC, 1)])
    with desk, desk.cursor() as cursor:
        cursor.execute("select part, next from places")
        for part, offset in cursor:
            consumer.seek(TopicPartition(TOPIC, part), offset)
    return consumer


print("places has a row for each partition")

# %% tags=["break-exact"]
MOVE = """insert into places values (%(part)s, %(offset)s + 1)
    on conflict (part) do update set next = excluded.next"""


def one_transaction(consumer, facts):
    with desk, desk.cursor() as cursor:
        cursor.executemany(COUNT, facts)
        cursor.executemany(MOVE, facts)
        airport.here()


exact = counted_by(resumed, one_transaction)
print(f"one transaction: {exact - len(day):,} events too many or missing")

# %% [markdown]
# ### A replay that sends mails
#
# The notices had a bug. It is mended, and they are built again from the first event: a new group, as before. (Where nothing
# was cancelled on your day, there is nothing to send.)

# %% tags=["break-mails-again"]
mailed = []
follow(reader(airport.fresh("notices")), notify)
follow(reader(airport.fresh("notices-mended")), notify)
again = len(mailed) - len(set(mailed))
print(f"{again:,} passengers' mails were sent a second time")

# %% [markdown]
# A projection can be built again because nobody sees it being built; a mail is seen. The repair: whoever acts on the
# outside notes the event's name, key and version, and acts only on a new one.

# %% tags=["break-mails-once"]
NOTE = "insert into notified values (%(key)s, %(version)s) on conflict do nothing"


def notify_once(consumer, facts):
    with desk, desk.cursor() as cursor:
        for fact in airport.cancelled(facts):
            cursor.execute(NOTE, fact)
            if cursor.rowcount:
                mailed.append(fact["key"])
    consumer.commit()


store.sql("truncate notified")
mailed = []
follow(reader(airport.fresh("notices")), notify_once)
follow(reader(airport.fresh("notices-mended")), notify_once)
print(f"{len(mailed):,} mails, {len(set(mailed)):,} flights")

# %% [markdown]
# A kill between mail and commit would still send one again: no transaction reaches a letter box. So let the event's name
# travel with the mail; then whoever delivers it can drop copies.

# %% [markdown]
# ## Looks right, not so fast
#
# Another evening, the same counters. The number of departures is right to the flight:

# %% tags=["break-count-fits"]
odd = pd.DataFrame(airport.told(bus, airport.without_one(day)))
departures = (odd.kind == "departed").sum()
print(f"departed: {departures:,} counted, {published['departed']:,} published")

seen = odd.groupby("key").version.agg(list)
whole = seen.map(lambda found: found == list(range(1, len(found) + 1)))
look(seen[~whole].rename("versions"))

# %% [markdown]
# One flight has departed twice, another never, and has landed all the same. A sum can't see it. The versions can: of each
# flight they must be 1, 2, 3, without a gap and without a copy.

# %% [markdown]
# ## Prove it
#
# At each of the four stops: what the live board showed, a fold of all events, and a snapshot with its tail. And the truth,
# which has never seen an event.

# %% tags=["prove-any-cut"]
for stop, (moment, cut) in enumerate(boards, 1):
    live = boards[moment, cut]
    whole_fold = airport.as_board(fold(stretch(0, cut)))
    from_snapshot = airport.as_board(state_at(cut))
    right = truth("flight_states", DAY, at=moment)

    prove(f"stop {stop}: fold = live board", whole_fold, live)
    prove(f"stop {stop}: snapshot and tail = fold", from_snapshot, whole_fold)
    prove(f"stop {stop}: live board = truth", live, right)

# %% tags=["prove-conserved"]
end = so_far.iloc[-1]
flights = published["scheduled"]
prove("landed + cancelled = scheduled", end.landed + end.cancelled, flights)
prove("landed = departed", end.landed, published["departed"])
prove("most in the air at once", most, truth("most_in_the_air", DAY))

# %% [markdown]
# Then what was killed, doubled and replayed:

# %% tags=["prove-once"]
prove("of two commands one has won", raced.kind.tolist(), ["scheduled", "departed"])
prove("wrong flights behind the guard", guarded, 0)
prove("one transaction counts each event once", exact, len(day))
prove("flights that got a mail", len(set(mailed)), published["cancelled"])
prove("mails", len(mailed), published["cancelled"])
prove("a projection that nobody planned", delays, truth("carrier_delays", DAY))

# %% [markdown]
# ## Measure it
#
# How long does a state at some moment take, and what do snapshots save? Ten moments, each with a snapshot every 200
# events, every 500, and so on; the last point has none.

# %% tags=["figure-replay"]
stops = range(len(day) // 10, len(day) + 1, len(day) // 10)
spent = {}
for every in (200, 500, 1000, len(day)):
    take_snapshots(every)
    with measure(f"11: {len(stops)} states, a snapshot every {every}") as m:
        for cut in stops:
            state_at(cut)
    spent[every] = m.seconds / len(stops) * 1000

none = f"{spent[len(day)]:.0f} ms without snapshots"
title = f"A state takes {none}, {spent[200]:.0f} ms with one every 200 events"
apart = "events between two snapshots"
lines({"one state": pd.Series(spent)}, title, apart, "milliseconds");

# %% [markdown]
# With years of events the right end of this line rises; the left one grows with the number of flights only. Many snapshots
# cost room instead, and somebody has to take them.

# %% [markdown]
# ## When not, and the neighbours
#
# | pattern | differs in | choose it when |
# |---|---|---|
# | CDC ([12](12-cdc.ipynb)) | facts are inferred from rows that somebody overwrote; here they are written on purpose | you do not own the writer |
# | Kappa ([10](10-kappa.ipynb)) | the log serves computations; here it is also what commands are checked against | nobody decides on the state |
# | a queue | a message is gone when it is done; here it stays, and a new reader gets all | work is to be shared out |
# | serverless ([15](15-serverless.ipynb)) | a reader starts with the message and ends after it; here readers run all the time | work comes seldom, or in bursts |
# | a table with an audit | the state is the record, history an addition that may be wrong | only the present counts |
#
# *Event-driven* has four meanings (Fowler). *Notification*: something changed, come and ask. *State transfer*: the message
# holds what you need. *Event sourcing*: the events are the record. *CQRS*: one model for commands, one for questions.
# Each can be had without the others.
#
# Kafka alone is no event store: it can't read one flight's events, nor refuse an old version. And a record that never
# forgets needs a plan for people who may ask for that.

# %% [markdown]
# ## Check yourself
#
# 1. Why does the primary key decide, and not the question before the insert? <details><summary>Answer</summary>Two
#    transactions can both get the old answer, because neither sees what the other has not committed. A key admits one
#    of them.</details>
# 2. "The relay sends at least once", says a slide. How do you find out whether that is so, and whether the board can bear it?
#    <details><summary>Answer</summary>Kill it between sending and noting, and count. The last part comes twice; versions that
#    are not newer change nothing on the board, and counters would be wrong.</details>
# 3. You rebuild a projection. Which of its doings must not happen again? <details><summary>Answer</summary>Those that
#    somebody outside sees: mails, payments, calls. They need the event's name, or stand in a reader of their
#    own.</details>
# 4. From 01: what makes a load safe to repeat, and what does so here? <details><summary>Answer</summary>There a run
#    replaces whole partitions; here an event has a name (key, version), and a second one of that name does
#    nothing.</details>
# 5. From 07: a colleague draws departures per hour, by the hour in which a reader got them. The bus stood still all night.
#    What does the figure show? <details><summary>Answer</summary>The reader's work: a peak in the morning that nobody flew.
#    A fact says when it `occurred`, and a window is about that.</details>

# %% [markdown]
# ## Go on
#
# - [The lab](../labs/11-event-driven.ipynb): a fold that bears any delivery, old events and snapshots, a consumer that
#   may die anywhere, and a projection nobody planned.
# - [What do you mean by "event-driven"?](https://martinfowler.com/articles/201701-event-driven.html), Martin Fowler, 2017
# - [Event Sourcing](https://martinfowler.com/eaaDev/EventSourcing.html), Martin Fowler, 2005: gateways, and replays that act
# - [CQRS Documents](https://cqrs.files.wordpress.com/2010/11/cqrs_documents.pdf), Greg Young, 2010
# - [Apache Kafka: message delivery semantics](https://kafka.apache.org/documentation/#semantics)
# - [PostgreSQL: explicit locking](https://www.postgresql.org/docs/current/explicit-locking.html)
