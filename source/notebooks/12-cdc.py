# %% [markdown] signature=["readStream", ".merge(", "io.debezium.connector.postgresql.PostgresConnector", "pg_create_logical_replication_slot("]
# # 12 Change data capture: how do you follow a database you do not own, missing and inventing nothing?
#
# ![A departure board commits into its write-ahead log; Debezium reads the log through a slot and writes one Kafka message a change; the latest change of each flight is merged into a Delta replica](pictures/12-cdc.svg)

# %% [markdown]
# ## In one minute
#
# | | |
# |---|---|
# | **Promise** | every committed change, once, in order for each row; the replica equals the source at a stated log position |
# | **Price** | a slot on the source that holds its log, messages that come twice, a schema that somebody else changes |
# | **When not** | you need the intent behind a change, a nightly copy is enough, or the tables are somebody's private matter |

# %% [markdown]
# ## Set up
#
# Four real engines start, which takes a moment: PostgreSQL, Kafka, Kafka Connect with Debezium, and Spark. The
# database plays the part of somebody else's. All of them end with this kernel.

# %% tags=["setup"]
import json, psycopg2, pandas as pd, patternlab.patterns.cdc as cdc
from pyspark.sql import functions as F, Window
from patternlab import bars, connect, kafka, look, measure, postgres, prove
from patternlab import scoreboard, spark_session, steps, truth, workspace
spark, source, worker = cdc.together(lambda: spark_session("12-cdc"), postgres, connect)
source, worker, kafka()

# %% [markdown]
# ## Look at the data
#
# An airport's departure board is a table. A flight's row is inserted when the flight is scheduled, updated at each new
# estimate, and deleted when the plane has gone. The published data know only the last estimate; the ones on the way
# are assumed, a quarter of an hour apart. Here is the whole life of one late flight, six changes:

# %% tags=["look-toy"]
changes = cdc.board_changes("day")
life = cdc.one_flight(changes)
look(cdc.as_table(life))

# %% [markdown]
# Now all flights. You want a copy of this table: a right one, soon, after any crash. Its owner gives you a password and
# as little time as possible.

# %% tags=["look-board"]
BOARD = """create table departure_board (key text primary key, carrier text, flight int,
    origin text, dest text, scheduled timestamptz, estimate timestamptz, status text,
    updated_at timestamptz, gate text)"""
worker.delete("board")
source.empty()
source.sql(BOARD)

played = truth("board_changes", "day")
print(f"{len(changes):,} changes: {played}")

# %% [markdown]
# More updates than inserts, and most flights are deleted again. One airline, B6, sends its schedule in
# uploads: one transaction an hour, and each row is stamped when it is written, not when it is committed. Remember
# those.
#
# ## The naive way
#
# Ask every half hour for the rows whose `updated_at` is newer than the newest you have. `play` runs the changes
# against the board and calls `poll` every half hour of the board's clock. First two changes of one flight:

# %% tags=["step-poll"]
def poll(at):
    newest = max((row["updated_at"] for row in polled), default="epoch")
    rows = source.sql("select * from departure_board where updated_at > %s", newest)
    polled.extend(rows.to_dict("records"))


polled = []
cdc.play(source.dsn, life[:2], tick=poll)
look(pd.DataFrame(polled)[["key", "estimate", "status"]])

# %% [markdown]
# Both changes were seen. Now the whole play. Before it begins, the database is asked for a *publication*, which says
# what table is meant, and a *slot*: from here on it keeps its log for you. Step 1 reads it.

# %% tags=["step-poll-all"]
KEPT = f"{source.database}_kept"
source.sql("truncate departure_board; create publication kept for table departure_board")
source.sql(f"select pg_create_logical_replication_slot('{KEPT}', 'pgoutput')")

polled = []
cdc.play(source.dsn, changes, tick=poll)
on_board = source.sql("select key from departure_board")
print(f"{len(changes):,} changes, {len(polled):,} seen")
print(f"flights: {pd.DataFrame(polled).key.nunique():,} copied, {len(on_board):,} there")

# %% [markdown]
# The copy is wrong in three ways. A deleted row is not there to be asked for, so the copy keeps every flight for ever.
# Two changes between two polls look like one. And an upload that commits after a poll is stamped *before* it: no later
# poll asks for that.
#
# ## Build it
#
# ### Step 1: look into the log
#
# A database writes each change into its write-ahead log before it answers the commit; from it, it recovers after a
# crash. So the log has every change, deletes too, in order of commit. A slot hands it out as messages. The first byte
# says what a message is:

# %% tags=["step-log"]
in_log = source.sql(
    """select chr(get_byte(data, 0)) as message, count(*) as found
    from pg_logical_slot_get_binary_changes(%s, null, null,
        'proto_version', '1', 'publication_names', 'kept')
    group by 1 order by 2 desc""", KEPT)
source.sql("select pg_drop_replication_slot(%s)", KEPT)
look(in_log)

# %% [markdown]
# `I`, `U` and `D` are inserts, updates and deletes, `B` and `C` bound a transaction, `R` describes a table. Add up the
# first three and compare with the play: nothing is missing. The deeper notebook decodes these bytes by hand.
#
# ### Step 2: let Debezium follow it
#
# Debezium is a connector: a program inside Kafka Connect that reads a slot and writes one Kafka message a change.
# First it takes a *snapshot* of the rows that are there. Where things are comes from `addresses`; all else that it is
# told stands here:

# %% tags=["step-config"]
CONFIG = {
    **cdc.addresses("board"),
    "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
    "plugin.name": "pgoutput",
    "table.include.list": "public.departure_board",
    "publication.autocreate.mode": "disabled",
    "snapshot.mode": "initial",
    "tombstones.on.delete": True,
    "time.precision.mode": "isostring",
    "poll.interval.ms": 50,
}
look(pd.Series({**CONFIG, "database.password": "(not shown)"}, name="value"), rows=20)

# %% [markdown]
# The owner's part is three statements: whole old rows in the log, a publication, a slot. Then two thirds of the play
# go by: this is the board that you find when you arrive.

# %% tags=["step-board"]
first = len(changes) * 2 // 3
OWN = f"{source.database}_board"
source.empty()
source.sql(BOARD)
source.sql("alter table departure_board replica identity full")
source.sql(f"create publication {OWN} for table departure_board")
source.sql(f"select pg_create_logical_replication_slot('{OWN}', 'pgoutput')")

cdc.play(source.dsn, changes[:first])
look(source.sql("select status, count(*) as flights from departure_board group by 1"))

# %% [markdown]
# One detail for later. A clerk has changed the gate of one flight and has not yet committed, when somebody else commits
# and Debezium takes its snapshot: the snapshot can't see the gate.

# %% tags=["step-connector"]
moved = cdc.untouched(changes, first)
clerk = psycopg2.connect(source.dsn)
clerk.cursor().execute("update departure_board set gate = 'Z9' where key = %s", (moved,))
source.sql("select pg_logical_emit_message(true, 'somebody', 'else')")

TOPIC = kafka().topic(f"{OWN}.public.departure_board", partitions=2)
worker.put("board", CONFIG)
print(f"{cdc.arrived(TOPIC, least=1):,} messages so far")

# %% [markdown]
# The board goes on, the clerk commits, and `settled` waits until all that is committed by now is in the topic; it
# returns the position in the log that was reached. Then you read the messages of a flight that has left:

# %% tags=["step-stream"]
second = first + len(changes) // 12
cdc.play(source.dsn, changes[first:second])
clerk.commit()
print(f"at position {cdc.settled('board'):,} of the log")

arrived = kafka().peek(TOPIC, 1_000_000)
tombstones = arrived[arrived.value.isna()]
of_one = arrived[arrived.key == tombstones.key.iloc[-1]]
look(of_one[["offset", "key", "value"]])

# %% [markdown]
# The key is the flight. The value is an *envelope*, and the last message has none. Unpacked:

# %% tags=["step-envelope"]
envelopes = pd.json_normalize([json.loads(text) for text in of_one.value.dropna()])
look(envelopes[["op", "before.status", "after.status", "source.lsn"]])

# %% [markdown]
# `r` is a row of the snapshot, `u` an update with the row before and after, `d` a delete with the old row; `lsn` is
# the position in the log. The message without a value is the *tombstone*: it tells Kafka's compaction that the key may
# go. It is no change.
#
# ### Step 3: one row for each key, by position
#
# After a crash messages come twice, so the order of arrival is not enough. The order that counts is the source's: its
# log position. And a row of the snapshot stands below everything streamed, whatever its number says. Why, you see
# later.

# %% tags=["step-read"]
ROW = """key string, carrier string, flight int, origin string, dest string,
    scheduled timestamp, estimate timestamp, status string, updated_at timestamp,
    gate string"""
EVENT = f"op string, before struct<{ROW}>, after struct<{ROW}>, source struct<lsn bigint>"


def read(messages):
    event = F.from_json(F.col("value").cast("string"), EVENT).alias("event")
    changed = messages.where("value is not null").select("offset", event)
    return changed.selectExpr(
        "inline(array(coalesce(event.after, event.before)))",
        "event.op",
        "struct(event.op <> 'r' as streamed, event.source.lsn as lsn) as position",
        "offset",
    )


messages = spark.read.format("kafka").options(**kafka().options(TOPIC)).load()
read(messages).printSchema()

# %% [markdown]
# So a message becomes a row of the board, with the kind of change and its position beside it. Of each key the newest
# one counts. Of the flight from above one row is left, the delete:

# %% tags=["step-latest"]
def latest(changed):
    newest = Window.partitionBy("key").orderBy(F.desc("position"), F.desc("offset"))
    ranked = changed.withColumn("rank", F.row_number().over(newest))
    return ranked.where("rank = 1").drop("rank")


gone = envelopes["before.key"].iloc[-1]
of_it = latest(read(messages)).where(F.col("key") == gone)
look(of_it.select("key", "status", "op", "position.lsn"))

# %% [markdown]
# ### Step 4: MERGE with a guard
#
# MERGE, on a `DeltaTable`, finds the row of each key and replaces it only if the new position is higher: that guard
# makes a batch safe to run twice. A deleted flight stays as a row with `op = 'd'`. Without it, a copy of an old message
# would find nothing and bring the flight back.

# %% tags=["step-merge"]
from delta.tables import DeltaTable


def upsert(batch, table):
    newest = latest(read(batch)).drop("offset").alias("s")
    replica = DeltaTable.forPath(batch.sparkSession, table).alias("t")
    merge = replica.merge(newest, "s.key = t.key")
    merge = merge.whenMatchedUpdateAll("s.position > t.position")
    merge.whenNotMatchedInsertAll().execute()


REPLICA = str(workspace("12-cdc") / "replica")
POSITION = "position struct<streamed: boolean, lsn: bigint>"
spark.sql(f"create table delta.`{REPLICA}` ({ROW}, op string, {POSITION}) using delta")
print(DeltaTable.forPath(spark, REPLICA).toDF().columns)

# %% [markdown]
# `follow` is the whole job: a stream that takes what is new in the topic, hands it to `upsert`, and stops. Its
# checkpoint remembers how far it has read.

# %% tags=["step-follow"]
def follow(table, handle):
    messages = spark.readStream.format("kafka").options(**kafka().options(TOPIC)).load()
    writer = messages.writeStream.option("checkpointLocation", f"{table}-checkpoint")
    writer = writer.foreachBatch(lambda batch, number: handle(batch, table))
    writer.trigger(availableNow=True).start().awaitTermination(120)


follow(REPLICA, upsert)
cdc.batches(REPLICA)

# %% [markdown]
# One batch was begun and finished. Without the deleted flights the replica should be the board:

# %% tags=["step-compare"]
def board():
    rows = DeltaTable.forPath(spark, REPLICA).toDF().where("op <> 'd'")
    return rows.drop("op", "position").toPandas()


replica_then = board()
source_then = source.sql("select * from departure_board")
print(f"{len(replica_then):,} flights in the replica, {len(source_then):,} on the board")

# %% [markdown]
# ## See it
#
# One play, watched in two ways: by asking every half hour, and through the slot.

# %% tags=["figure-methods"]
found = in_log.set_index("message").found.to_dict()
inserts = sum(row["status"] == "scheduled" for row in polled)
seen = {
    "asking": {"insert": inserts, "update": len(polled) - inserts, "delete": 0},
    "the log": {"insert": found["I"], "update": found["U"], "delete": found["D"]},
}
missed = 1 - len(polled) / len(changes)
bars(seen, f"Asking misses {missed:.0%} of the changes, the log none", "changes seen");

# %% [markdown]
# Whoever asks never hears of a delete, and so never of the end of a flight's story. Asking more often brings back some of
# the updates, at the cost of whoever owns the database, and not one delete.
#
# ## Predict
#
# Below, Connect is killed while it sends, and the Spark job in the middle of a batch. How many messages will the topic
# hold twice? Write down your guess.

# %% tags=["predict"]
guess = 500
job = cdc.elsewhere("follow(REPLICA, at_work(upsert))", read, latest, upsert, follow,
                    TOPIC=TOPIC, EVENT=EVENT, REPLICA=REPLICA)
print(f"your guess: {guess:,} duplicates")

# %% [markdown]
# `elsewhere` started a second Python with a Spark of its own and your four functions in it. It warms up and waits for
# its turn.
#
# ## Break it
#
# ### Two changes of one flight in one MERGE
#
# Leave `latest` out, and hand the MERGE all changes as they came.

# %% tags=["raises-exception", "break-two-changes"]
everything = read(messages).drop("offset").alias("s")
replica = DeltaTable.forPath(spark, REPLICA).alias("t")
merge = replica.merge(everything, "s.key = t.key")
merge.whenMatchedUpdateAll("s.position > t.position").execute()

# %% [markdown]
# Delta refuses: several rows of the batch want the same row of the table, and it can't know which of them should win.
# Engines that take either one are worse. The repair is the step that you left out.

# %% tags=["break-one-a-flight"]
of_each = arrived[arrived.value.notna()].groupby("key").size()
print(f"{of_each.sum():,} changes of {len(of_each):,} flights, {of_each.max()} of one")

# %% [markdown]
# ### SIGKILL to Connect, SIGKILL to Spark
#
# The owners play on to the end. In the middle of it Connect is killed while it sends, and they do not wait for it. It
# starts again with nothing in its memory.

# %% tags=["break-connect"]
sent = cdc.arrived(TOPIC)
with cdc.going_on(source.dsn, changes[second:]):
    print(f"{cdc.arrived(TOPIC, least=sent + 50):,} messages when the kill comes")
    killed = [worker.kill()]
    worker.restart()

end = cdc.settled("board")
print(f"the play has ended, and all of it up to position {end:,} is in the topic")

# %% [markdown]
# Debezium notes its position only now and then. After the kill it begins again at its last note, and what it had sent
# since comes a second time; how much differs from run to run. Nothing is lost, because the slot kept the log for it.
# Now the Spark job, half a second into a batch:

# %% tags=["break-spark"]
killed.append(cdc.killed_in_batch(job, rest=0.5))
print("batches:", cdc.batches(REPLICA))

# %% [markdown]
# One batch was begun and never finished; whether its MERGE went through, nobody knows. The repair is to run the job
# again. It takes the messages of the unfinished batch once more, and if their MERGE had gone through, the guard lets
# none of them in.

# %% tags=["break-repaired"]
with measure("12-cdc: after the kills") as m:
    follow(REPLICA, upsert)
    m.rows = len(changes) - second

now = board()
print("batches:", cdc.batches(REPLICA))
print(f"at position {end:,}: {len(now):,} flights in the replica")

# %% [markdown]
# The replica took each change once. And the topic?

# %% tags=["break-twice"]
told = read(messages).select("key", "op", "gate", "offset", "position.*").toPandas()
stream = told[told.streamed]
twice = len(stream) - stream.lsn.nunique()
print(f"{twice:,} messages came twice, your guess was {guess:,}")

# %% [markdown]
# ## Looks right, not so fast
#
# Guard by the number alone, as many examples do. The replica has as many flights as the board, and one gate in it is
# wrong for ever. It is the clerk's:

# %% tags=["break-guard-by-number"]
of_it = told[told.key == moved]
on_board = source.sql("select gate from departure_board where key = %s", moved)

print("by number alone:", of_it.sort_values("lsn").gate.iloc[-1])
print("snapshot below the stream:", of_it.sort_values(["streamed", "lsn"]).gate.iloc[-1])
print("on the board:", on_board.gate[0])
look(of_it[["op", "gate", "lsn"]])

# %% [markdown]
# The clerk wrote before the snapshot was taken and committed after it. So the message of the update has the smaller
# number and the newer news. That is why the position of step 3 has two parts.
#
# ## Prove it
#
# First what was seen, against a simulation of the play that never touches a database. Then the replica.

# %% tags=["prove-captured"]
asking = truth("board_polled", "day")
prove("asking by updated_at captures what the truth says", len(polled), asking["captured"])
prove("the log has every insert, update and delete", seen["the log"], played)

# %% tags=["prove-replica"]
at_the_end = source.sql("select * from departure_board")
without_gates = at_the_end.drop(columns="gate")

prove("at a stated position the first replica equaled the board", replica_then, source_then)
prove("after all kills the replica equals the board", now, at_the_end)
prove("the board equals the truth", without_gates, truth("board", "day"))

# %% [markdown]
# The topic holds changes at least once. Dropping those whose position was seen leaves each of them exactly once, in
# order for each flight. The one more than the play has is the clerk's.

# %% tags=["prove-once"]
once = stream.sort_values("offset").drop_duplicates("lsn")
in_order = once.groupby("key").lsn.is_monotonic_increasing
prove("each change since the snapshot, once", len(once), len(changes) - first + 1)
prove("flights whose changes are out of order", sum(~in_order), 0)

# %% [markdown]
# ## Measure it
#
# How long does a change take from its commit to a consumer of the topic? Thirty inserts, one after the other:

# %% tags=["figure-latency"]
PROBE = "insert into departure_board (key) values (%s)"
lags = cdc.lags(TOPIC, 30, lambda number: source.sql(PROBE, f"probe {number}"))
p50, p95 = lags.quantile([0.5, 0.95])
print(f"insert to consumer: p50 {p50:.0f} ms, p95 {p95:.0f} ms of {len(lags)}")

title = f"Half of the inserts are with a consumer within {p50:.0f} ms"
share = pd.Series(lags.rank(pct=True).to_numpy() * 100, lags.to_numpy()).sort_index()
steps({"arrived": share}, title, "milliseconds after the insert", "inserts (%)");

# %% [markdown]
# Most of that time is the connector's own pause between two looks at the log (`poll.interval.ms`). The last cell is
# folded, because it only tidies up: it gives back what was borrowed from the source, its slot.

# %% tags=["step-stack", "fold"]
# what the notebook holds, and its slot given back
from patternlab.engines.kernels import memory_held

processes, held = memory_held()
print(f"memory of {processes} processes: {held / 1e9:.2f} GB")

worker.delete("board")
source.empty()
slots = source.sql("select 1 from pg_replication_slots where database = current_database()")
print(f"slots left on the source: {len(slots)}")
look(scoreboard())

# %% [markdown]
# ## When not, and the neighbours
#
# | pattern | differs in | choose it when |
# |---|---|---|
# | event sourcing ([11](11-event-driven.ipynb)) | events are written on purpose and carry the intent; here they are inferred from rows | you own the writer |
# | ELT ([02](02-elt.ipynb)) | copies states on a timetable; what happened in between is gone | a nightly copy is enough |
# | outbox (deeper) | the owner publishes a contract instead of its tables | you need the why, or a stable schema |
# | real-time analytics ([16](16-real-time-analytics.ipynb)) | serves many questions on fresh rows; changes from here can feed it | people watch a number |
# | triggers (deeper) | captured inside the writer's transaction, paid by the writer | there is no access to the log |
#
# Do not follow tables that are somebody's private matter: each `alter table` of theirs becomes your outage. And agree
# with the owner what happens to a slot that nobody reads: `max_slot_wal_keep_size` makes the server give up on it
# before its disk is full.

# %% [markdown]
# ## Check yourself
#
# 1. Why does a poll by updated_at miss an upload that it could see a minute later?
#    <details><summary>Answer</summary>Rows are stamped when they are written and appear when the transaction commits;
#    the poll before the commit moved its mark past them.</details>
# 2. What does a tombstone delete in your replica? <details><summary>Answer</summary>Nothing: the delete event before
#    it did. It lets Kafka's compaction forget the key.</details>
# 3. Why must a snapshot row stand below every streamed row? <details><summary>Answer</summary>A transaction that was
#    open during the snapshot wrote before the snapshot's position and commits after it.</details>
# 4. From 03: where would the raw messages of the topic belong? <details><summary>Answer</summary>In bronze,
#    unchanged, with partition and offset as lineage; the replica can be rebuilt from them.</details>
# 5. From 07: does a watermark order the changes of one flight? <details><summary>Answer</summary>No. It bounds how
#    late an event may be; changes are ordered by the log's position, which has no lateness.</details>

# %% [markdown]
# ## Go on
#
# - [The lab](../labs/12-cdc.ipynb): merge, deletes and copies, a schema that changes, and DBLog's hand-over.
# - [The deeper notebook](12-cdc-deeper.ipynb): the log decoded by hand, triggers, ghosts, twenty kills, the outbox, a
#   forgotten slot.
# - [DBLog: A Watermark Based Change-Data-Capture Framework](https://arxiv.org/abs/2010.12597), Andreakis and Papapanagiotou, 2020
# - [Debezium connector for PostgreSQL](https://debezium.io/documentation/reference/stable/connectors/postgresql.html)
# - [PostgreSQL: logical decoding concepts](https://www.postgresql.org/docs/current/logicaldecoding-explanation.html)
# - [Delta Lake: upsert into a table with MERGE](https://docs.delta.io/latest/delta-update.html)
