# %% [markdown] signature=["StatefulProcessor", "transformWithState", "registerTimer", "withWatermark"]
# # 08 Complex event processing: which events, in which order, mean that something has happened?
#
# ![Events of an aircraft come off a Kafka topic. They wait until the watermark has passed, then an automaton steps through them in order: a late arrival opens a run, a late departure ends it as a match, and after twelve hours a timer says never and forgets the run.](pictures/08-cep.svg)

# %% [markdown]
# ## In one minute
#
# | | |
# |---|---|
# | **Promise** | a pattern over several events, told soon after it is complete, and what did *not* follow as well |
# | **Price** | state for each key and each begun sequence, a time bound, and a say in which pairs count |
# | **When not** | one event is enough (a filter), or the question is how many (a window) |

# %% [markdown]
# ## Set up
#
# Spark has no operator for sequences. It has `transformWithState`: your own class, with state and timers for each key, kept in
# RocksDB. `scene` holds what is no part of the idea: the log, a replay without Spark, a drawing.

# %% tags=["setup"]
import pandas as pd, pyspark.sql.functions as F, pyspark.sql.streaming as streaming
from patternlab import emptied, faults, finish, kafka, look, measure, prove
from patternlab import spark_session, steps, timeline, truth, workspace
from patternlab.patterns.cep import scene
spark = spark_session("08-cep", **scene.STATE)
spark.version

# %% [markdown]
# ## Look at the data
#
# An aircraft comes late, and leaves late again: the delay was carried over. That is a **sequence** of two events: a late arrival,
# then a late departure of the same aircraft, within twelve hours. Late is more than 30 minutes.

# %% tags=["look-toy"]
toy = scene.by_hand("02:00 arrived A 45", "03:00 departed B 50",
                    "06:00 arrived B 5", "08:00 departed C 10",
                    "17:00 arrived C 60", "18:00 departed D 40")

look(pd.DataFrame(toy)[["arrival", "tailnum", "kind", "key", "delay"]])

# %% [markdown]
# Count by hand: A then B, and C then D. Two sequences.
#
# The real log has the same two kinds of events, of all aircraft, mixed. (Only flights *from* New York are published. What an aircraft did in
# between is not known, so this is a hint, not a proof, that the delay was carried.)

# %% tags=["look-real"]
log = scene.legs("week")
aircraft = {event["tailnum"] for event in log}

print(f"{len(log):,} events of {len(aircraft):,} aircraft")
look(pd.DataFrame(log)[["arrival", "tailnum", "kind", "key", "delay"]], rows=5)

# %% [markdown]
# The events go on a topic of one partition. Behind them comes an event of a `clock`, two days later: a watermark moves only when
# a later event is seen, and without one the last sequences would wait for ever.

# %% tags=["look-log"]
broker, work = kafka(), workspace("08-cep")
sent = broker.feed("legs-08", [*log, scene.clock(log)])

print(f"{sent:,} messages")
broker.peek("legs-08", n=3)

# %% [markdown]
# ## The naive way
#
# Put all events into a table and join it with itself: each late arrival with each late departure of that aircraft in the twelve
# hours after it. On the toy this is right.

# %% tags=["step-naive-toy"]
def joined(legs):
    legs.createOrReplaceTempView("legs")
    return spark.sql("""
        SELECT a.tailnum, a.key AS first, b.key AS second
        FROM legs AS a JOIN legs AS b USING (tailnum)
        WHERE a.kind = 'arrived' AND a.delay > 30
          AND b.kind = 'departed' AND b.delay > 30
          AND b.at BETWEEN a.at AND a.at + 12 * 3600000""")


look(joined(spark.createDataFrame(pd.DataFrame(toy))))

# %% [markdown]
# Now the real log. How often is one arrival answered by more than one departure?

# %% tags=["break-naive"]
naive = joined(spark.createDataFrame(pd.DataFrame(log))).toPandas()
several = naive["first"].duplicated(keep=False)

print(f"{len(naive):,} pairs for {naive['first'].nunique():,} late arrivals")
look(naive[several].sort_values("first"), rows=4)

# %% [markdown]
# A join makes **pairs**, it does not know an order: whatever lies between the two, it pairs them. (On a quiet slice no pair may
# come on top.) It cannot say "and nothing followed" before the end. And it keeps every event for ever.

# %% [markdown]
# ## Build it
#
# A sequence is an **automaton**: it reads the events of one key in order, remembers how far each begun sequence has come, and
# forgets it when its time is over.

# %% [markdown]
# ### Step 1: the automaton, and what it counts
#
# A late arrival opens a **run**. The run is `fresh` until the next event, then `skipped`, and `matched` after its first late
# departure. Which of them may end a sequence is a choice, the **selection strategy**: strict, next, or any.

# %% tags=["step-strategies"]
LATE = 30
MINUTE = 60_000  # milliseconds
HORIZON = 720 * MINUTE  # twelve hours

FINDS = {"fresh": ["strict", "next", "any"],
         "skipped": ["next", "any"],
         "matched": ["any"]}
look(pd.Series(FINDS, name="finds").rename_axis("a run that is"))

# %% [markdown]
# `step` takes the runs of one aircraft and its next event. It returns the runs after it, and what has been found.

# %% tags=["step-automaton"]
def step(begun, event):
    at, kind, flight, delay = event
    runs, found = [], []
    for since, first, state in begun:
        if kind == "departed" and delay > LATE and at - since <= HORIZON:
            found += [(first, flight, at, strategy) for strategy in FINDS[state]]
            state = "matched"
        runs.append((since, first, "skipped" if state == "fresh" else state))
    if kind == "arrived" and delay > LATE:
        runs.append((at, flight, "fresh"))
    return runs, found


step([], scene.short(toy[0]))

# %% [markdown]
# A story of six events, one after the other. Between the late arrival A and the late departure C the aircraft leaves once on
# time: that breaks *strict*. D is late as well: only *any* pairs it with A.

# %% tags=["step-story"]
story = scene.by_hand("10:00 arrived A 45", "11:00 departed B 5",
                      "14:00 arrived B 10", "15:00 departed C 50",
                      "18:00 arrived C 60", "19:00 departed D 40")

look(scene.walked(story, step))

# %% [markdown]
# Read the last column: *strict* finds one sequence, *next* two, *any* three. Each finds all that the one before it finds. None
# is wrong: they answer different questions. So a number of matches means nothing without its strategy.

# %% [markdown]
# ### Step 2: in the order of event time, and not for ever
#
# A run has an end. After twelve hours nothing can match it any more, and it is forgotten. If nothing has matched it, that is a
# finding too: **never**.

# %% tags=["step-forget"]
def forget(begun, now):
    over = [run for run in begun if run[0] + HORIZON <= now]
    never = [(first, None, since + HORIZON, "never")
             for since, first, state in over if state != "matched"]
    return [run for run in begun if run not in over], never


forget([(0, "A", "fresh"), (0, "B", "matched"), (1, "C", "fresh")], now=HORIZON)

# %% [markdown]
# Events come in order of arrival. `advance` lets them wait until the watermark, `now`, has passed them: only then can nothing earlier
# come. What is due is sorted, and a copy is the same element of a set.

# %% tags=["step-advance"]
def advance(waiting, begun, now):
    due, found = {event for event in waiting if event[0] <= now}, []
    for event in sorted(due):
        begun, matches = step(begun, event)
        found += matches
    begun, never = forget(begun, now)
    return list(set(waiting) - due), begun, found + never


back = scene.backwards(story[:4])
advance(back + back, [], back[0][0])

# %% [markdown]
# The first four events of the story came backwards, and twice. What was found is what the story had there: A and C, by *next* and
# *any*. Nothing waits, and the run of A stays open.

# %% [markdown]
# ### Step 3: the same in Spark, per key, with state and timers
#
# Spark calls `handleInputRows` for each aircraft that has rows in a batch. This class only keeps them, and sets **timers**: one for
# when the newest row may be read and, if a row is late, one for when no run of these rows can be open any more.

# %% tags=["step-waits"]
class Waits(streaming.StatefulProcessor):
    def init(self, handle):
        self.timer = handle.registerTimer
        self.memory = handle.getValueState("memory", """
            waiting array<struct<at: long, kind: string, flight: string, delay: long>>,
            begun array<struct<since: long, flight: string, state: string>>""")

    def handleInputRows(self, key, rows, timerValues):
        new = [(row.at, row.kind, row.key, row.delay) for row in rows if row.kind != "clock"]
        if new:
            waiting, begun = self.memory.get() or ([], [])
            self.memory.update((waiting + new, begun))
            newest = max(new)[0]
            self.timer(newest)
            if any(delay > LATE for *_, delay in new):
                self.timer(newest + HORIZON)
        yield from ()


Waits.__name__

# %% [markdown]
# A timer fires when the watermark has passed it. Then `advance`, the function that you tried without Spark, does the work. An
# aircraft without anything in memory costs nothing: its state is cleared.

# %% tags=["step-chain"]
Match = scene.Match  # only this row's names go to the workers, not all of scene


class Chain(Waits):
    def handleExpiredTimer(self, key, timerValues, expiredTimerInfo):
        now = timerValues.getCurrentWatermarkInMs()
        waiting, begun = self.memory.get() or ([], [])
        waiting, begun, found = advance(waiting, begun, now)
        if waiting or begun:
            self.memory.update((waiting, begun))
        else:
            self.memory.clear()
        for match in found:
            yield Match(key[0], *match, now)


Chain.__name__

# %% [markdown]
# The rest is a stream as in 07: a topic, a watermark, a key, a sink. The clock's event must reach the processor, which skips it:
# a filter before it would be pushed below the watermark, and the watermark would never move.

# %% tags=["step-arriving"]
SHAPE = "tailnum string, kind string, key string, delay long, at long"


def arriving(topic, per_batch):
    source = broker.options(topic, maxOffsetsPerTrigger=per_batch)
    messages = spark.readStream.format("kafka").options(**source).load()
    event = F.from_json(F.col("value").cast("string"), SHAPE)
    events = messages.select(event.alias("event")).select("event.*")
    return events.withColumn("moment", F.timestamp_millis("at"))


half = -(-sent // 2)
arriving("legs-08", half)

# %% [markdown]
# The log lies in order, so a patience of one minute will do. What is found goes to a Delta table.

# %% tags=["step-watch"]
def watch(events, key, processor, shape, name):
    keyed = events.withWatermark("moment", "1 minute").groupBy(key)
    found = keyed.transformWithState(processor, shape, "append", "eventTime")
    writer = found.writeStream.format("delta").trigger(availableNow=True)
    checkpoint = emptied(work / f"{name}-checkpoint")
    return writer.option("checkpointLocation", checkpoint).start(emptied(work / name))


MATCH = """tailnum string, first string, second string,
           at long, strategy string, decided long"""
print(MATCH)

# %% [markdown]
# Two batches, ten to fifteen seconds: Spark starts Python workers, and each call of the state is a message between the two.

# %% tags=["step-run"]
with measure("the stream"):
    finish(watch(arriving("legs-08", half), "tailnum", Chain(), MATCH, "legs"))

found = scene.table(work / "legs")
found["strategy"].value_counts()

# %% [markdown]
# ### Step 4: another automaton, the same frame
#
# A thief tests a stolen card with small payments within a minute, then buys for much. Three small ones arm the automaton for five
# minutes. The payments are **synthetic**, and always those of 8 July 2013: they were made for one week, so another slice has none.

# %% tags=["step-card"]
SMALL, LARGE = 5, 200  # dollars


def test(tries, armed, payment):
    at, amount, _ = payment
    if amount <= SMALL:
        tries = [earlier for earlier in tries if at - earlier <= MINUTE] + [at]
        return tries, at + 5 * MINUTE if len(tries) >= 3 else armed, False
    if amount >= LARGE and at <= armed:
        return [], 0, True
    return tries, armed, False


test([10_000, 20_000], 0, (30_000, 1.25, "p1"))

# %% [markdown]
# Around it stand the same two methods, with the memory of a card: what waits, the times of the small payments, and until when a large
# one means fraud. (They are folded: click to read them.)

# %% tags=["fold"]
# A card keeps its payments until the watermark has passed them, and wakes up once more to forget.
class Cards(streaming.StatefulProcessor):
    def init(self, handle):
        paid = "struct<at: long, amount: double, id: string>"
        self.handle = handle
        self.memory = handle.getValueState("card", f"waiting array<{paid}>, tries array<long>, armed long")

    def handleInputRows(self, key, rows, timerValues):
        new = [(row.at, row.amount, row.id) for row in rows if row.card != "clock"]
        if new:
            waiting, tries, armed = self.memory.get() or ([], [], 0)
            self.memory.update((waiting + new, tries, armed))
            self.handle.registerTimer(max(new)[0])
            self.handle.registerTimer(max(new)[0] + 5 * MINUTE)
        return iter([])


Cards.__name__

# %% tags=["fold"]
# What is due is tested in its order; a card with nothing under way is forgotten.
Caught = scene.Caught


class Frauds(Cards):
    def handleExpiredTimer(self, key, timerValues, expiredTimerInfo):
        now = timerValues.getCurrentWatermarkInMs()
        waiting, tries, armed = self.memory.get() or ([], [], 0)
        for payment in sorted(payment for payment in waiting if payment[0] <= now):
            tries, armed, fraud = test(tries, armed, payment)
            if fraud:
                yield Caught(payment[2], key[0])
        waiting = [payment for payment in waiting if payment[0] > now]
        if waiting or now < max([armed, *[at + MINUTE for at in tries]]):
            self.memory.update((waiting, tries, armed))
        else:
            self.memory.clear()


Frauds.__name__

# %% [markdown]
# The automaton only reads what is small or large; the stream, here from a file, leaves out the rest before it comes to the state.

# %% tags=["step-fraud"]
paid = spark.readStream.schema("id string, card string, at long, amount double")
near = paid.parquet(scene.payday(work / "paid"))
near = near.where(f"amount <= {SMALL} OR amount >= {LARGE}")
timed = near.withColumn("moment", F.timestamp_millis("at"))

finish(watch(timed, "card", Frauds(), "id string, card string", "cards"))
caught = scene.table(work / "cards")
look(caught, rows=3)

# %% [markdown]
# ## See it
#
# One aircraft: of all late arrivals, one that is in the most sequences. The upper lane has its flights from New York, the others a
# bar for each sequence, from the arrival to the departure that ends it.

# %% tags=["figure-aircraft"]
title, spans = scene.drawn(log, found)
counts = scene.beside({"found": found})["found"]

print("of all aircraft:", counts.to_dict())
timeline(spans, title, "time (UTC)");

# %% [markdown]
# A delay runs through a day: one arrival may be followed by several late departures. *Any* counts each of them, *next* only the
# first. Which one you want depends on what you do with it: one alarm an arrival is *next*.

# %% [markdown]
# ## Predict
#
# Now the log comes as logs do: every other arrival is reported one to five hours late, and one event in ten comes twice. You give
# each event to `step` as it comes, and count the sequences of *any*. More than before, or fewer? Write a number; nobody grades it.

# %% tags=["predict"]
arrived, departed = scene.by_kind(log)
mixed = faults.duplicated(departed + faults.late(arrived, 0.5, (60, 300)), 0.1)

guess = int(counts["any"])
print(f"any, in order: {counts['any']:,}. You expect {guess:,} in the mixed log.")

# %% [markdown]
# ## Break it
#
# **END before START, and copies.** The same automaton, without waiting.

# %% tags=["break-order"]
def at_once(log):
    planes, told = {}, []
    for event in log:
        tail = event["tailnum"]
        planes[tail], matches = step(planes.get(tail, []), scene.short(event))
        told += [(tail, *match) for match in matches]
    return scene.matches(told)


right = truth("sequences", "week")
hasty = at_once(mixed)
print(f"your guess: {guess:,}")
look(scene.beside({"right": right, "mixed, at once": hasty}))

# %% [markdown]
# Two faults work against each other. A departure that overtakes its arrival is a sequence less. A copy of the arrival opens a
# second run, and a copy of the departure ends it again: sequences more. The sum says nothing about either. (A quiet slice has few
# sequences to lose.)
#
# The repair is built already: wait for the watermark, sort, take a copy once. `scene.replayed` does what the stream does, with
# your `advance` and without Spark.

# %% tags=["step-order-repaired"]
patient = scene.replayed(mixed, advance, patience=301)
look(scene.beside({"right": right, "mixed, patience 301": patient.found}))

# %% [markdown]
# **"Never" said too early.** One station is slow: three of ten departures are reported one to three hours after they happened.
# The automaton takes the newest event for the time and waits one minute, then 90 minutes, then three hours.

# %% tags=["break-negation"]
slow = scene.by_arrival(arrived + faults.late(departed, 0.3, (60, 170)))
runs = {patience: scene.replayed(slow, advance, patience) for patience in (1, 90, 180)}

for patience, run in runs.items():
    alarms = scene.pairs(run.found, "never")
    false = alarms - scene.pairs(right, "never")
    print(f"patience {patience}: {len(alarms):,} times never, {len(false):,} false")

# %% [markdown]
# "It did not happen" is a sentence about time: it is true only when nothing can come any more. A departure that was reported
# later found its time already over, and was dropped. With more patience than the slowest report, no alarm is false.

# %% [markdown]
# ## Looks right, not so fast
#
# Is the waiting worth it? On the first log, taken in order of arrival, the impatient way gives the same pairs, strategy by
# strategy.

# %% tags=["look-arrival"]
tidy = at_once(log)
look(pd.DataFrame({"first log": scene.wrong(tidy, right),
                   "mixed log": scene.wrong(hasty, right)}).rename_axis("pairs wrong in"))

# %% [markdown]
# It is right there because of the log, not because of the code: each report of it came in the minute in which it happened.
# Nobody promises that, nor that Spark gives you the rows of a key sorted, which it happens to do with one partition. A test on
# a tidy log cannot see the difference.

# %% [markdown]
# And the cards? Now, and only now, what was caught meets the labels, which are a file of their own.

# %% tags=["look-frauds"]
frauds = scene.frauds()
hits = frauds & set(caught["id"])

print(f"{len(caught)} caught, {len(frauds)} frauds, {len(hits)} in both")
print(f"precision {len(hits) / len(caught):.2f}, recall {len(hits) / len(frauds):.2f}")

# %% [markdown]
# As many caught as there are frauds, and yet one is innocent and one got away. **Precision** is the share of the caught that is
# fraud, **recall** the share of the fraud that is caught. You need both: a thief may be patient, and an honest card may look like
# a thief's.

# %% [markdown]
# ## Prove it
#
# The truth knows no automaton and no state: it compares every event with every later one of its aircraft, every large payment with
# the small ones before it. Pairs are compared, not numbers: of the stream, of the two repaired runs, of the cards.

# %% tags=["prove-strategies"]
prove("the stream finds what brute force finds, in each strategy and never",
      scene.sequences(found), right)

strict, following, every = (scene.pairs(found, name) for name in counts.index)
prove("strict lies within next, next within any", strict <= following <= every, True)

prove("mixed and doubled, patience 301", scene.sequences(patient.found), right)
prove("slow reports, patience 180", scene.sequences(runs[180].found), right)
prove("card testing", caught, truth("card_tests", scene.PAYDAY))

# %% [markdown]
# After the last horizon nothing may be left: neither memory nor timers. What is forgotten too late costs, for ever.

# %% tags=["prove-forgotten"]
def state(name, **options):
    reader = spark.read.format("statestore").options(**options)
    return reader.load(str(work / f"{name}-checkpoint"))


memory = state("legs", stateVarName="memory"), state("cards", stateVarName="card")
timers = [state(name, readRegisteredTimers="true") for name in ("legs", "cards")]
left = [one.count() for one in (*memory, *timers)]
prove("memory and timers after the last horizon", left, [0] * 4)

# %% [markdown]
# ## Measure it
#
# What does patience buy, on the slow log, and what does it cost? Minutes to the answer, the median: from the event that completes a
# sequence (or the end of its twelve hours) to the newest event when it is said, by the log's own clock.

# %% tags=["look-price"]
look(scene.price(runs, right))

# %% [markdown]
# Every answer waits at least as long as the patience, the right ones as well. And what does the automaton remember meanwhile? The state
# store can be read like a table, as it was after each batch: here after the second.

# %% tags=["look-state"]
second = state("legs", stateVarName="memory", batchId=1)
sizes = "size(value.begun) runs", "size(value.waiting) waiting"
kept = second.selectExpr("key.tailnum", *sizes)
look(kept.orderBy("runs", "waiting", ascending=False), rows=4)

# %% [markdown]
# The second half of the log is still waiting: its watermark comes with the next batch. In small batches little waits, and the runs
# remain: each late arrival, for twelve hours.

# %% tags=["figure-memory"]
alive = runs[180].open
title = f"At most {alive.max():,} begun sequences are kept, of {len(log):,} events"
steps({"": alive}, title, "watermark (hours since the first event)", "open runs");

# %% [markdown]
# The curve follows the delays of the days. Without the time bound it would only grow: that is the leak of an automaton that
# waits for ever.

# %% [markdown]
# ## When not, and the neighbours
#
# Flink has a library for this (CEP: `next` is strict, `followedBy` is next, `followedByAny` is any), and SQL has
# `MATCH_RECOGNIZE`. In Spark you write the automaton yourself.
#
# | pattern | differs in | choose it when |
# |---|---|---|
# | a filter | looks at one event | one event says all, as a single payment above a limit |
# | [07 stream windowing](07-stream-windowing.ipynb) | asks for an amount in a time, not for an order | "how many" is the question |
# | a join of two streams | pairs, with a time bound | each event has one partner, and a key names it |
# | [11 Event-driven](11-event-driven.ipynb) | reacts to each event, and keeps facts | another service must act on it |

# %% [markdown]
# ## Check yourself
#
# 1. A late arrival is followed by an on-time departure, then by two late ones. How many pairs has each strategy?
#    <details><summary>Answer</summary>Strict none: the very next event is not a late departure. Next one, any two.</details>
# 2. Why can "was not followed" not be said without a time bound?
#    <details><summary>Answer</summary>Because it could still be followed. With a bound it is true once the watermark has passed the end of the bound.</details>
# 3. A copy of an event comes. Why does the automaton here count it once?
#    <details><summary>Answer</summary>What waits is read as a set, so equal events are one. A copy that comes after the watermark is dropped as late.</details>
# 4. From stream windowing (07): the topic falls silent, with one departure missing that would end the pattern. When is "never" said?
#    <details><summary>Answer</summary>Not at all while it is silent. The watermark follows event times in the data, so a later event must come.</details>
# 5. From ETL (01): the job is killed and restarted. Why is no match in the Delta table twice?
#    <details><summary>Answer</summary>The batch that was cut off is run again from its checkpoint with the same offsets and state, and the sink knows the number of a batch that it has. In 01 you built that yourself, by replacing a partition.</details>

# %% [markdown]
# ## Go on
#
# The [lab](../labs/08-cep.ipynb) lets you write the two-state automaton, find three late departures in a row, say "not followed"
# at the right time, and catch card testing with a bounded memory.
#
# - Wu, Diao, Rizvi, [High-performance complex event processing over streams](https://doi.org/10.1145/1142473.1142520), SIGMOD
#   2006: sequences as automata (SASE).
# - Agrawal et al., [Efficient pattern matching over event streams](https://doi.org/10.1145/1376616.1376634), SIGMOD 2008: the
#   selection strategies, and repetition (SASE+).
# - Apache Spark 4.2, [Structured Streaming: transformWithState](https://spark.apache.org/docs/4.2.0/streaming/structured-streaming-transform-with-state.html).
# - Apache Flink, [FlinkCEP](https://nightlies.apache.org/flink/flink-docs-stable/docs/libs/cep/): contiguity, and what may not
#   follow.
