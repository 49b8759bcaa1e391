# %% [markdown] signature=["@functions_framework.cloud_event", "KafkaConsumer(", "consumer.commit()", "on conflict do nothing", "sql.rowcount", "instance(FUNCTION"]
# # 15 Serverless: what if nothing runs until there is work?
#
# ![Departures wait on a topic; a trigger takes batches of them and calls a function, one message a call, in instances that it starts from nothing and ends again; the function writes its key and its effect into PostgreSQL in one transaction; what no try can process goes to a dead-letter topic, and each call is on a meter](pictures/15-serverless.svg)

# %% [markdown]
# ## In one minute
#
# | | |
# |---|---|
# | **Promise** | work starts a process; where there is none, nothing runs and nothing is paid |
# | **Price** | a first call waits, a call may come twice, and no memory lasts: state is outside |
# | **When not** | a steady high load, long jobs, or answers that must never wait |

# %% [markdown]
# ## Set up
#
# Kafka holds the work and PostgreSQL the state. The functions run in processes of this kernel, and none of them is there yet.
# There is no Spark in this lesson: its session would be what this pattern does without, a process that runs all day.

# %% tags=["setup"]
import time, pandas as pd, functions_framework, patternlab.patterns.serverless as airport
from kafka import KafkaConsumer
from patternlab import crash_after, faults, instance, instances, kafka, lines, look
from patternlab import measure, postgres, prove, truth, workspace
bus, store = airport.together(kafka, postgres)
bus, store, instances()

# %% [markdown]
# ## Look at the data
#
# Planes leave, and each departure is a message. The question is an easy one: at each airport, how many have left, and how
# many minutes late are they together? Six of them:

# %% tags=["look-toy"]
departures = airport.departures("day")
toy = departures[:6]
look(toy)

# %% [markdown]
# They wait on a topic. Its sender repeats what was not confirmed in time, so one in five comes twice.

# %% tags=["look-topic"]
twice = faults.duplicated(departures, share=0.2)
copies = len(twice) - len(departures)
TOPIC = bus.topic("departures")
bus.send(TOPIC, twice)

print(f"{len(departures):,} departures, {copies:,} copies")
look(bus.peek(TOPIC, 3)[["offset", "value"]])

# %% [markdown]
# A function is called with one message, in an envelope that many platforms share, a CloudEvent (package `cloudevents`).
# `source` and `id` name what has happened. A copy has the same name.

# %% tags=["look-event"]
from cloudevents.http import CloudEvent


def as_event(message, attempt=1):
    name = {"source": "/departures", "id": message["key"], "type": "departed"}
    return CloudEvent({**name, "attempt": str(attempt)}, message)


look([as_event(toy[0]).get_attributes()])

# %% [markdown]
# ## The naive way
#
# Write what you would write in any program: a counter in a variable, and a row for each call. `START` stands at the top of the
# file and runs once for each process; the function runs once for each call.

# %% tags=["step-counter"]
START = """
import os, signal, functions_framework, psycopg2
db = psycopg2.connect(os.environ["DSN"])
counted = 0
"""


@functions_framework.cloud_event
def count(event):
    global counted
    counted += 1
    with db, db.cursor() as sql:
        sql.execute("insert into naive values (%s, %s)", (event["id"], counted))


COUNTS = airport.deployed("counts", START, count)
airport.desk_at(store)

# %% [markdown]
# `instance` starts a process that serves the function, and `post` calls it. First the six:

# %% tags=["step-counted"]
def told(messages):
    with instance(COUNTS, "count", DSN=store.dsn) as worker:
        for message in messages:
            worker.post(as_event(message))


ASK = "select count(*) as rows, max(counted) as counted from naive"
told(toy)
look(store.sql(ASK))

# %% [markdown]
# Six and six. Now the real ones, and they come in two bursts. Between them there is no work, so nothing runs.

# %% tags=["step-counted-day"]
airport.cleared(store, instances())
for burst in airport.bursts(twice, 2):
    told(burst)

naive = store.sql(ASK)
print(f"{len(departures):,} departures")
look(naive)

# %% [markdown]
# Both are wrong. The variable went with each process, so it never came further than one of them. The rows outlive the processes,
# and count every copy.

# %% [markdown]
# ## Build it
#
# ### Step 1: a function, and an instance of it
#
# State goes outside: the function adds to a row of PostgreSQL and keeps nothing. `stumble` (folded) is for later: it kills the
# process where a message asks for that.

# %% tags=["step-stumble", "fold"]
# a fault: the process is gone after its work and before its answer, on the first try
def stumble(event):
    if event.data.get("kill") and event["attempt"] == "1":
        os.kill(os.getpid(), signal.SIGKILL)


print("it goes into the file, beside the function")

# %% tags=["step-adds"]
@functions_framework.cloud_event
def handle(event):
    late = float(event.data["dep_delay"])
    with db, db.cursor() as sql:
        sql.execute("""
            update delays set departures = departures + 1, minutes = minutes + %s
            where origin = %s""", (late, event.data["origin"]))
    stumble(event)


ADDS = airport.deployed("adds", START, stumble, handle)
print("one message, one call, one transaction")

# %% [markdown]
# The first call waits for a process, its imports and a connection: a *cold* start. The next ones find all of that.

# %% tags=["step-instance"]
begun = time.monotonic()
with instance(ADDS, "handle", DSN=store.dsn) as worker:
    for departure in toy[:4]:
        outcome = worker.post(as_event(departure))
        print(f"{outcome} after {(time.monotonic() - begun) * 1000:,.1f} ms")
        begun = time.monotonic()

# %% [markdown]
# ### Step 2: a trigger, from zero and back
#
# Something has to see the message and start the process: on a cloud, the platform. Ours takes a free instance, or starts one
# where there is none.

# %% tags=["step-borrowed"]
free = []


def borrowed():
    try:
        return free.pop(), "warm"
    except IndexError:
        return instance(FUNCTION, "handle", DSN=store.dsn), "cold"


FUNCTION = ADDS
print("free:", free)

# %% [markdown]
# A call is "done", it "failed" (the function raised), or the process "died" without an answer. A dead one is not given back.

# %% tags=["step-call"]
trace = []


def call(message, attempt):
    begun = time.monotonic()
    worker, start = borrowed()
    outcome = worker.post(as_event(message, attempt))
    if outcome != "died":
        free.append(worker)
    trace.append((message["key"], start, outcome, begun, time.monotonic(), worker.pid))
    return outcome


call(toy[0], 1)
call(toy[1], 1)
look(airport.as_calls(trace))

# %% [markdown]
# Nobody can tell whether a process that died had done its work. So its message is tried again: at least once.

# %% tags=["step-deliver"]
TRIES = 3


def deliver(message):
    for attempt in range(1, TRIES + 1):
        if call(message, attempt) == "done":
            return True
    return False


print("delivered:", deliver(toy[0]))

# %% [markdown]
# The trigger reads batches. A pool of `concurrent.futures` calls at most two instances at a time. When the batch is settled, its
# offsets are committed; when nothing waits any more, the instances end. (A platform would wait some minutes.)

# %% tags=["step-play", "fold"]
# a reader in a group; all empty again; messages in two bursts, each of which calls the trigger
def reader(group):
    return KafkaConsumer(
        TOPIC, group_id=group, group_instance_id=group, bootstrap_servers=bus.bootstrap,
        auto_offset_reset="earliest", enable_auto_commit=False)
def again():
    airport.cleared(store, instances())
    free.clear()
    trace.clear()
    bus.topic(TOPIC)
    return airport.fresh("trigger")

def play(messages, settle):
    group = again()
    for burst in airport.bursts(messages, 2):
        bus.send(TOPIC, burst)
        trigger(group, settle)
    return store.sql("select * from delays order by origin")

print("each play begins with nothing")

# %% tags=["step-trigger"]
from concurrent.futures import ThreadPoolExecutor

LIMIT = 2


def trigger(group, settle):
    try:
        with reader(group) as consumer, ThreadPoolExecutor(LIMIT) as threads:
            for batch in airport.batches(consumer, most=25):
                done = list(threads.map(deliver, batch))
                settle(batch, done)
                consumer.commit()
    finally:
        while free:
            free.pop().stop()


print("from 0 to", LIMIT, "instances, and back")

# %% [markdown]
# `play` (folded) sends messages in two bursts, and calls the trigger for each. Nothing is to be settled yet.

# %% tags=["step-played"]
right = truth("first_departures", "day")
added = play(twice, airport.nothing)
print("instances now:", len(instances()))
look(airport.beside(added, right))

# %% [markdown]
# Nothing was lost between the bursts, though every process of the first was gone before the second. But copies are counted.

# %% [markdown]
# ### Step 3: a key, in one transaction with the effect
#
# Whoever may be called twice has to know it. The event's name goes into a table with a primary key, *in the transaction of the
# effect*: both are there, or neither. `rowcount` says whether the name is new.

# %% tags=["step-once"]
@functions_framework.cloud_event
def handle(event):
    late = float(event.data["dep_delay"])
    with db, db.cursor() as sql:
        sql.execute("insert into seen values (%s, %s) on conflict do nothing",
                    (event["source"], event["id"]))
        if sql.rowcount:
            sql.execute("""
                update delays set departures = departures + 1, minutes = minutes + %s
                where origin = %s""", (late, event.data["origin"]))
    stumble(event)


FUNCTION = ONCE = airport.deployed("once", START, stumble, handle)
look(airport.beside(play(twice, airport.nothing), right))

# %% [markdown]
# Right, with the same copies. Two instances may meet at one key: the second insert waits for the first transaction, and then
# does nothing.

# %% [markdown]
# ### Step 4: dead letters, for what no try can help
#
# Some messages fail each time: *poison*. One of them must not hold up its batch. What failed goes on a topic of its own, and then
# the whole batch may be committed.

# %% tags=["step-letters"]
def dead_letters(batch, done):
    failed = [message for message, well in zip(batch, done) if not well]
    bus.send(DEAD, failed)


DEAD = bus.topic("dead-letters")
poisoned = airport.with_poison(twice)
settled = play(poisoned, dead_letters)
calls = airport.as_calls(trace)
print(f"{len(poisoned):,} messages, {len(calls):,} calls")
look(bus.peek(DEAD)[["offset", "key", "value"]])

# %% [markdown]
# ## See it
#
# How long does a message wait for its answer? All calls of that run:

# %% tags=["figure-humps"]
half = calls.groupby("start").ms.median()
title = f"Two humps: a cold call takes {half.cold / half.warm:,.0f} times as long as a warm one"
airport.humps(calls, title);

# %% [markdown]
# A mean would describe neither hump. Cold is whoever comes first after a silence, or when all instances are busy.
#
# A platform keeps the same trace, as its meter. Ours is a Delta table, written by `deltalake`, again without Spark. The processes
# and their seconds are real. **The bill is a model**: prices are parameters, and the database is not on it.

# %% tags=["step-meter", "fold"]
# the trace goes into a Delta table, and is read back
from deltalake import DeltaTable, write_deltalake

METER = str(workspace("15-serverless") / "meter")


def metered():
    write_deltalake(METER, airport.as_calls(trace), mode="overwrite")
    return DeltaTable(METER).to_pandas()


look(metered(), rows=3)

# %% tags=["step-bill"]
PRICE = {"call": 0.20 / 1_000_000, "GB-second": 0.000_016_7, "machine-hour": 0.05}
GIGABYTES = 0.125


def costs(calls):
    return PRICE["call"] + calls.ms / 1000 * GIGABYTES * PRICE["GB-second"]


print(f"{costs(metered()).sum() * 1_000_000:,.1f} millionths of a dollar")

# %% [markdown]
# ## Predict
#
# In the next run a few messages kill their process after the COMMIT and before the answer. How many departures will be
# counted by the function *without* a key?

# %% tags=["predict"]
guess = len(departures)
print(f"your guess: {guess:,}; {len(departures):,} planes have left")

# %% [markdown]
# ## Break it
#
# ### SIGKILL after the COMMIT
#
# Copies, poison, and now kills. First the function of step 1:

# %% tags=["break-killed"]
trouble = airport.with_kills(poisoned, 4)
FUNCTION = ADDS
unkeyed = play(trouble, dead_letters).departures.sum()
too_many = unkeyed - len(departures)

print(f"{unkeyed:,} counted, {len(departures):,} have left, your guess was {guess:,}")
print(f"{too_many:,} too many: {copies:,} copies, and 4 kills")

# %% [markdown]
# The effect was there, the answer was not, and the trigger did what it must: it called again. Then the function of step 3:

# %% tags=["break-killed-once"]
FUNCTION = ONCE
DEAD = bus.topic("dead-letters")
with measure("15: a day in two bursts, each from zero"):
    board = play(trouble, dead_letters)

calls = metered()
letters = bus.peek(DEAD, 100)
seen = store.sql("select id from seen")
received = sum(bus.end_offsets(TOPIC).values())
print(f"{board.departures.sum():,} counted, {len(departures):,} have left")
look(calls.outcome.value_counts())

# %% [markdown]
# The same deaths, and the same number of calls. A retry is free of harm where its effect has a name.

# %% [markdown]
# ### A poison message, and no dead letters
#
# The usual first version says: a batch is done when all of it is. `trigger` is called three times, as a platform would:

# %% tags=["break-blocked"]
class Blocked(Exception):
    """The batch is not done, so it comes again."""


def all_or_nothing(batch, done):
    if not all(done):
        first, last = batch[0]["offset"], batch[-1]["offset"]
        raise Blocked(f"{first} to {last}: {done.count(False)} failed")


group = again()
bus.send(TOPIC, poisoned)
refused = []
for _ in range(3):
    try:
        trigger(group, all_or_nothing)
    except Blocked as blocked:
        refused.append(str(blocked))

refused

# %% [markdown]
# The same offsets each time, for ever. The good ones of the batch are called again and again, and are paid again. What stands
# behind them waits. The repair is step 4, and the same group goes on:

# %% tags=["break-unblocked"]
COUNTED = "select sum(departures)::int as counted from delays"

waiting = len(departures) - store.sql(COUNTED).counted[0]
trigger(group, dead_letters)
still = len(departures) - store.sql(COUNTED).counted[0]
print(f"{waiting:,} departures waited, now {still:,} do")

# %% [markdown]
# ### The trigger dies before its commit
#
# It may happen to whoever calls, too. Here it crashes in its second batch: all calls are done, and no offset says so.

# %% tags=["break-trigger"]
def crashes(batch, done):
    dead_letters(batch, done)
    crash()


crash = crash_after(2)
group = again()
bus.send(TOPIC, twice)
try:
    trigger(group, crashes)
except faults.Crash as crashed:
    print(crashed)

trigger(group, dead_letters)
redelivered = store.sql("select * from delays")
print(f"{len(trace):,} calls for {len(twice):,} messages")

# %% [markdown]
# A whole batch came again, and the table will show none of it (below, proved). Committing first would have lost the batch
# instead.

# %% [markdown]
# ## Looks right, not so fast
#
# Another, shorter evening, and somebody has deployed the function without a key. The numbers are right at every airport:

# %% tags=["break-total-fits"]
FUNCTION = ADDS
few = departures[:90]
evening = play(airport.odd_evening(few), dead_letters)
published = truth("first_departures", "day", most=90)
look(airport.beside(evening, published)[["origin", "departures", "published"]])

# %% [markdown]
# Sums can't see what cancels out. Names can: ask how often each one was done.

# %% tags=["break-by-name"]
tried = airport.as_calls(trace)
well = tried[tried.outcome == "done"].id.value_counts()
times = well.reindex(pd.DataFrame(few).key, fill_value=0)
look(times[times != 1])

# %% [markdown]
# One departure is a dead letter that nobody has read, and another one of the same airport was counted twice.

# %% [markdown]
# ## Prove it
#
# With one in five twice, poison, and processes killed behind their COMMIT. And nothing runs any more:

# %% tags=["prove-table"]
prove("copies, kills, poison: the table = truth", board, right)
prove("a batch that came again: the table = truth", redelivered, right)
prove("without a key, too many", too_many, copies + 4)
prove("instances that run now", len(instances()), 0)
prove("their processes are gone", airport.gone(calls.process_id), True)

# %% tags=["prove-conserved"]
done = int((calls.outcome == "done").sum())
names = {message["key"] for message in trouble}
prove("received = processed + dead-lettered", received, done + len(letters))
prove("each name is one of the two", set(seen.id) | set(letters.key), names)
prove("no name is both", set(seen.id) & set(letters.key), set())

# %% [markdown]
# The bill, once as a sum over the meter and once call by call:

# %% tags=["prove-bill"]
one_by_one = sum(costs(call) for call in calls.itertuples())
prove("the meter's bill", round(costs(calls).sum(), 12), round(one_by_one, 12))

# %% [markdown]
# ## Measure it
#
# Calls cost by the piece, a machine costs by the hour, idle or not. So what does an hour cost, by how many calls come in it? One
# machine is drawn, the calls are the warm ones of the run above.

# %% tags=["figure-crossover"]
warm = calls[calls.start == "warm"]
one = costs(warm).mean()
crossover = PRICE["machine-hour"] / one
busy = crossover * warm.ms.mean() / 1000 / 3600

hourly = pd.Index([0, crossover, crossover * 1.5])
cents = {"by the call": pd.Series(hourly * one * 100, hourly),
         "always on": pd.Series(PRICE["machine-hour"] * 100, hourly)}
title = f"Up to {crossover:,.0f} calls an hour, functions cost less"
lines(cents, title, "calls an hour (model)", "cents an hour");
print(f"there, one machine would be busy {busy:.0%} of the time")

# %% [markdown]
# Beyond the crossing, an always-on process is cheaper, if it can bear the load. With slower calls, or other prices, the lines cross
# elsewhere: change `PRICE`, run the cell again.

# %% [markdown]
# ## When not, and the neighbours
#
# | pattern | differs in | choose it when |
# |---|---|---|
# | event-driven ([11](11-event-driven.ipynb)) | its readers run all the time and keep their place; here a trigger does that for them | there is always work, or order matters |
# | a stream processor ([07](07-stream-windowing.ipynb)) | holds windows and state in its own memory; here each call begins with nothing | a result needs many events at once |
# | ETL ([01](01-etl.ipynb)) | one long job by the clock; here many short ones by the message | the work comes once a night |
# | an always-on service | pays for silence, and never starts cold | the load is steady and the tail must be short |
#
# Every instance opens a connection of its own. Two hundred instances at once are two hundred connections, and a PostgreSQL with its
# usual settings refuses those beyond a hundred: limit the instances, or put a pool between. The lab has that exercise.
#
# *Stateless* does not mean that there is no state. It means that somebody else has it.

# %% [markdown]
# ## Check yourself
#
# 1. Why must key and effect be one transaction? <details><summary>Answer</summary>A kill can come between two. With the key first,
#    the effect is lost for ever; with the effect first, it happens twice.</details>
# 2. Why is the topic's offset no good as the key? <details><summary>Answer</summary>A sender that repeats a message gives it another
#    offset. The offset names a place on the topic, and the event's id what has happened.</details>
# 3. What is wrong with a batch that must succeed as a whole? <details><summary>Answer</summary>One poison message keeps it, and all
#    behind it, for ever; its good messages are called each time.</details>
# 4. From 11: a mail is to be sent for each cancellation. Does a key in the database make it once?
#    <details><summary>Answer</summary>Not the mail: no transaction reaches the letter box. The key must travel with it, to whoever
#    delivers.</details>
# 5. From 07: why does a window not fit into such a function? <details><summary>Answer</summary>It must hold many events until a
#    watermark passes. An instance may be gone after any of them, so state and clock would have to be outside.</details>

# %% [markdown]
# ## Go on
#
# - [The lab](../labs/15-serverless.ipynb): which key, which part of a batch, which price, and how many at once.
# - [Cloud Programming Simplified: A Berkeley View on Serverless Computing](https://arxiv.org/abs/1902.03383), Jonas and others, 2019
# - [Serverless Computing: One Step Forward, Two Steps Back](https://arxiv.org/abs/1812.03651), Hellerstein and others, 2018
# - [CloudEvents, the specification](https://github.com/cloudevents/spec/blob/main/cloudevents/spec.md): what an event's name is
# - [Functions Framework for Python](https://github.com/GoogleCloudPlatform/functions-framework-python)
# - [AWS Lambda: handling errors for an SQS event source](https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html):
#   partial batch responses
