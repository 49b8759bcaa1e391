# %% [markdown]
# # 12 Change data capture, deeper: what is in the log, and what does following it cost?
#
# [The lesson](12-cdc.ipynb) follows a departure board with Debezium and a guarded MERGE. Here is what it left out:
# the log decoded by hand, triggers, hand-overs that lose rows, ghosts, twenty kills, a column that somebody adds, a
# transaction of two, tombstones, the outbox, rows against columns, and a slot that nobody reads. The set-up is folded;
# it starts the four engines of the lesson again and knows nothing of it.

# %% tags=["setup", "fold"]
# the engines, and a board that nobody has written to
import contextlib, io, psycopg2, pandas as pd, pyarrow.dataset as ds
from delta.tables import DeltaTable
from kafka import KafkaProducer
from psycopg2.extras import LogicalReplicationConnection
from pyspark.sql import functions as F, Window
from patternlab import bars, connect, crash_after, faults, kafka, look, measure
from patternlab import postgres, prove, spark_session, truth, workspace
from patternlab.patterns import cdc

spark, source, worker = cdc.together(lambda: spark_session("12-cdc-deeper"), postgres, connect)
broker, home = kafka(), workspace("12-cdc-deeper")
for name in ("replay", "outbox"):
    worker.delete(name)
source.empty()

changes = cdc.board_changes("day")
print(f"{len(changes):,} changes of a departure board")

# %% [markdown]
# ## The log, decoded by hand
#
# The lesson counts a slot's messages by their first byte. Here you read all of them, with thirty lines of Python.
# First a play for the slot to keep. `cost` plays the changes, and says how many bytes the log grew by meanwhile, and how
# long it took.

# %% tags=["step-play"]
BOARD = """create table departure_board (key text primary key, carrier text, flight int,
    origin text, dest text, scheduled timestamptz, estimate timestamptz, status text,
    updated_at timestamptz); alter table departure_board replica identity full"""
SLOT = "select pg_create_logical_replication_slot(%s, 'pgoutput')"
source.sql(BOARD + "; create publication kept for table departure_board")
source.sql(SLOT, "kept")

costs = {"log": cdc.cost(changes)}
costs

# %% [markdown]
# A second connection, of a kind made for replication, starts to read at the slot. `payloads` hands out what comes until
# the log's present end, and then lets go of the slot. The first byte of each message is its kind:

# %% tags=["step-slot"]
def stream_of(slot):
    kind = LogicalReplicationConnection
    cursor = psycopg2.connect(source.dsn, connection_factory=kind).cursor()
    options = {"proto_version": "1", "publication_names": slot}
    cursor.start_replication(slot_name=slot, options=options)
    return cdc.payloads(cursor)


kinds = pd.Series([payload[:1].decode() for payload in stream_of("kept")])
look(kinds.value_counts())

# %% [markdown]
# `B` and `C` bound a transaction, and there are as many of each as the play has commits: an upload is one, with many
# inserts in it. Nothing is confirmed to the server by this reading, so the same messages come again at the next one.
# That is how a slot survives a reader that dies.
#
# Now the format. A row comes as a count, and then one value a column: `t`, its length and its text, or `n` for null.
# (`u`, a large value that did not change, does not occur here.) All numbers have their highest byte first.

# %% tags=["step-fields"]
def number(stream, size):
    return int.from_bytes(stream.read(size), "big")


def fields(stream, columns):
    row = {}
    for name in columns[:number(stream, 2)]:
        row[name] = None
        if stream.read(1) == b"t":
            row[name] = stream.read(number(stream, 4)).decode()
    return row


fields(io.BytesIO(b"\0\2" + b"n" + b"t\0\0\0\2UA"), ["gate", "carrier"])

# %% [markdown]
# Two columns: the first is null, the second is the text of two bytes, `UA`. Names end in a zero byte:

# %% tags=["step-word"]
def word(stream):
    return b"".join(iter(lambda: stream.read(1), b"\0")).decode()


word(io.BytesIO(b"departure_board\0..."))

# %% [markdown]
# Before the first change of a table an `R` describes it: a number by which the changes will call it, its schema and
# name, one letter about its old rows, and its columns. Each column has a flag (is it part of the key?), a name, and
# eight bytes about its type, which you do not need: the values are texts.

# %% tags=["step-relation"]
def relation(stream):
    table = number(stream, 4)
    word(stream)  # the schema
    word(stream)  # the table's name
    stream.read(1)
    columns = []
    for _ in range(number(stream, 2)):
        stream.read(1)
        columns.append(word(stream))
        stream.read(8)
    return table, columns


relation(io.BytesIO(b"\0\0\0\7public\0planes\0f\0\1" + b"\1carrier\0" + bytes(8)))

# %% [markdown]
# A change says that number, and then has up to two rows: `N` is the new one, `O` the old one, `K` only the old one's
# key. An insert has the new row, a delete the old one, an update both.

# %% tags=["step-decode"]
OPS = {b"I": "insert", b"U": "update", b"D": "delete"}


def decode(op, stream, tables):
    change = {"op": OPS[op]}
    columns = tables[number(stream, 4)]
    while side := stream.read(1):
        row = fields(stream, columns)
        change["key"] = row["key"]
        change["after" if side == b"N" else "before"] = row
    return change


decode(b"I", io.BytesIO(b"\0\0\0\7N\0\1t\0\0\0\2UA"), {7: ["key"]})

# %% [markdown]
# That is the whole format. One loop reads the play:

# %% tags=["step-read-log"]
def read_log(slot):
    tables, found = {}, []
    for payload in stream_of(slot):
        kind, stream = payload[:1], io.BytesIO(payload[1:])
        if kind == b"R":
            table, columns = relation(stream)
            tables[table] = columns
        elif kind in OPS:
            found.append(decode(kind, stream, tables))
    return found


captured = read_log("kept")
source.sql("select pg_drop_replication_slot('kept')")
captured[-1]

# %% [markdown]
# This is the last change of the play, with the whole old row in it. Is everything there, in the order in which it
# happened? Put together what was read of each flight, and compare with what was played.

# %% tags=["prove-log"]
claim = "the log has every change of every flight, in order"
prove(claim, cdc.lives(captured), cdc.lives(changes))

# %% [markdown]
# ## Triggers
#
# Where nobody may read the log, a trigger writes each change into a table of its own, inside the transaction of
# whoever makes the change. Its rows are numbered; the number is drawn when the statement runs.

# %% tags=["step-trigger"]
source.empty()
source.sql(BOARD)
source.sql("""create table board_log (id bigserial primary key, op text, key text);
create function log_change() returns trigger language plpgsql as $$ begin
    insert into board_log (op, key) values (lower(tg_op), coalesce(new.key, old.key));
    return null; end $$;
create trigger logs after insert or update or delete on departure_board
    for each row execute function log_change()""")
look(source.sql("select tgname, tgenabled from pg_trigger where tgname = 'logs'"))

# %% [markdown]
# The same play, with a poller that asks the new table, every half hour, for numbers above the highest it has.

# %% tags=["step-trigger-poll"]
def poll_log(at):
    newest = max(logged, default=0)
    logged.extend(source.sql("select id from board_log where id > %s", newest).id)


logged = []
costs["trigger"] = cdc.cost(changes, tick=poll_log)
print(f"{len(changes):,} changes, {len(logged):,} seen")

# %% [markdown]
# Deletes and double changes are there now. What is missing are uploads: a poll between their statements and their
# commit has moved on to a higher number, and never asks for theirs again. Side by side with the lesson's poller and
# with the log:

# %% tags=["figure-three-ways"]
fate = pd.DataFrame({
    "asking": truth("board_polled", "day"),
    "trigger": truth("board_triggered", "day"),
    "log": {"captured": len(captured)},
})
title = "A trigger misses what commits late, asking far more, the log nothing"
bars(fate.fillna(0), title, "changes");

# %% tags=["prove-trigger"]
expected = truth("board_triggered", "day")
prove("the trigger's log misses late commits only", len(logged), expected["captured"])
prove("what the trigger misses", len(changes) - len(logged), expected["late commit"])

# %% [markdown]
# And what do the writers pay for it?

# %% tags=["step-costs"]
look(pd.DataFrame(costs).T.rename_axis("captured by"))

# %% [markdown]
# The log was written anyway: reading it costs the writers nothing but the room of what a slow reader has not read. The
# trigger makes each of them write more, in transactions that are theirs, into a table that somebody must empty.
#
# ## Snapshot and stream, without a hand-over
#
# A copy needs the rows that are there, and the changes from then on. There are two obvious ways to put them together,
# and both are wrong. You try them with the reader from above. The copy keeps, of each flight, when its row was last
# written; `compared` counts what it lacks, what it has too much, and what is old in it.

# %% tags=["step-apply"]
def apply(copy, stream):
    for change in stream:
        copy.pop(change["key"], None)
        if change["op"] != "delete":
            copy[change["key"]] = pd.Timestamp(change["after"]["updated_at"])
    return copy


last = truth("board", "day").set_index("key").updated_at.to_dict()
whole = cdc.compared(apply({}, captured), last)
whole

# %% [markdown]
# Three zeros: from an empty table on, the whole log gives the board. But logs are not kept for ever, so a copy begins
# later. The first way: read the table, then make the slot. What is committed between the two is in neither.

# %% tags=["break-naive-gap"]
first = len(changes) * 2 // 5
source.empty()
source.sql(BOARD + "; create publication naive for table departure_board")
cdc.play(source.dsn, changes[:first])

snapshot = cdc.on_board()
cdc.play(source.dsn, changes[first:first + 100])
source.sql(SLOT, "naive")
cdc.play(source.dsn, changes[first + 100:first + 200])
gap = cdc.compared(apply(snapshot, read_log("naive")))
gap

# %% [markdown]
# A flight that is inserted in the gap is missing, one that is updated in it is stale, and one that leaves in it is a
# ghost. The second way: the slot is there first, so there is no gap. The snapshot takes longer than the stream, so it
# is loaded last, over rows that are newer.

# %% tags=["break-naive-stale"]
second = first + 600
snapshot = cdc.on_board()
cdc.play(source.dsn, changes[first + 200:second])
copy = apply({}, read_log("naive")) | snapshot
stale = cdc.compared(copy)
stale

# %% [markdown]
# Neither copy heals by itself: a flight's next change may be its delete, or never come. Debezium lets the snapshot and
# the slot begin at one point of the log. The lab's last exercise gets there in another way, without stopping anybody.

# %% tags=["prove-handover"]
prove("the whole log gives the board", whole, {"missing": 0, "ghosts": 0, "stale": 0})
prove("a snapshot before the slot is wrong", sum(gap.values()) > 0, True)
prove("a snapshot loaded last is wrong", sum(stale.values()) > 0, True)

# %% [markdown]
# ## Ghosts: killed in the middle of the snapshot
#
# From here on Debezium reads. What it is told is what the lesson told it, and that every event shall name its
# transaction.

# %% tags=["step-config"]
DEBEZIUM = {
    "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
    "plugin.name": "pgoutput",
    "publication.autocreate.mode": "filtered",
    "provide.transaction.metadata": True,
    "time.precision.mode": "isostring",
    "poll.interval.ms": 50,
}
look(pd.Series(DEBEZIUM, name="value"))

# %% [markdown]
# This connector's snapshot is slowed down, row by row, so that a SIGKILL hits it. While Connect lies dead, the board
# goes on and flights leave. On its restart it finds that no snapshot was completed, and takes a new one.

# %% tags=["break-snapshot-kill"]
TOPIC = broker.topic(f"{source.database}_replay.public.departure_board", partitions=3)
REPLAY = {**DEBEZIUM, **cdc.addresses("replay"), **cdc.SLOW_SNAPSHOT}
worker.put("replay", {**REPLAY, "table.include.list": "public.departure_board"})
cdc.arrived(TOPIC, least=100)
cut_short = worker.kill()
points = [["snapshot", cut_short]]

third = second + 300
cdc.play(source.dsn, changes[second:third])
worker.restart()
handover = cdc.settled("replay")
print(f"{points}; {sum(broker.end_offsets(TOPIC).values()):,} messages in the topic")

# %% [markdown]
# The functions of the lesson stand in the next three cells, folded: `read` makes rows of messages, `upsert` merges them,
# `follow` is the job, `board` is what a replica has without the deleted flights. New are a column `snapshot`, and that
# the list of the row's columns is handed in, because it will change.

# %% tags=["step-read", "fold"]
# the lesson's read()
ROW = """key string, carrier string, flight int, origin string, dest string,
    scheduled timestamp, estimate timestamp, status string, updated_at timestamp"""


def read(messages, row):
    origin = "source struct<lsn bigint, snapshot string>"
    kind = f"op string, before struct<{row}>, after struct<{row}>, {origin}"
    event = F.from_json(F.col("value").cast("string"), kind).alias("event")
    changed = messages.where("value is not null").select("offset", event)
    position = "struct(event.op <> 'r' as streamed, event.source.lsn as lsn) as position"
    row = "inline(array(coalesce(event.after, event.before)))"
    return changed.selectExpr(row, "event.op", "event.source.snapshot", position, "offset")


messages = spark.read.format("kafka").options(**broker.options(TOPIC)).load()
print(read(messages, ROW).columns)

# %% tags=["step-follow", "fold"]
# the lesson's latest() and upsert() in one, and follow()
def upsert(batch, table, row):
    newest = Window.partitionBy("key").orderBy(F.desc("position"), F.desc("offset"))
    ranked = read(batch, row).withColumn("rank", F.row_number().over(newest))
    latest = ranked.where("rank = 1").drop("rank", "offset", "snapshot").alias("s")
    merge = DeltaTable.forPath(spark, table).alias("t").merge(latest, "s.key = t.key")
    merge = merge.withSchemaEvolution()
    merge.whenMatchedUpdateAll("s.position > t.position").whenNotMatchedInsertAll().execute()


def follow(table, handle, row):
    arriving = spark.readStream.format("kafka").options(**broker.options(TOPIC)).load()
    writer = arriving.writeStream.option("checkpointLocation", f"{table}-checkpoint")
    writer = writer.foreachBatch(lambda batch, number: handle(batch, table, row))
    writer.trigger(availableNow=True).start().awaitTermination(120)


print("upsert, follow")

# %% [markdown]
# And this is the replica, still empty:

# %% tags=["step-replicas", "fold"]
# the lesson's board(), and an empty replica
def board(table):
    rows = DeltaTable.forPath(spark, table).toDF().where("op <> 'd'")
    return rows.drop("op", "position").toPandas()


TRIAL = f"{home}/trial"
POSITION = "position struct<streamed: boolean, lsn: bigint>"
spark.sql(f"create table delta.`{TRIAL}` ({ROW}, op string, {POSITION}) using delta")
look(DeltaTable.forPath(spark, TRIAL).detail().select("format", "numFiles"))

# %% [markdown]
# Follow the topic with the lesson's `upsert`. Then see whom the replica has that the board has not:

# %% tags=["break-ghosts"]
follow(TRIAL, upsert, ROW)
ghosts = set(board(TRIAL).key) - cdc.on_board().keys()
print(f"{len(ghosts)} flights in the replica have left the board")

# %% [markdown]
# The first snapshot had read flights that left while Connect was dead. The second one does not mention them, the
# stream begins after it, and so no message will ever delete them. Repair: when a snapshot is complete, its last row
# says so, and the rows of an older one go. Once over all messages: the guard lets nothing in, the sweep takes the
# ghosts.

# %% tags=["step-sweep"]
def sweep(batch, table, row):
    upsert(batch, table, row)
    last = read(batch, row).where("snapshot = 'last'")
    complete = last.agg(F.max("position.lsn")).first()[0]
    if complete:
        older = f"not position.streamed and position.lsn < {complete}"
        DeltaTable.forPath(spark, table).delete(older)


sweep(messages, TRIAL, ROW)
left = set(board(TRIAL).key) - cdc.on_board().keys()
print(f"{len(left)} ghosts left")

# %% tags=["prove-ghosts"]
prove("a snapshot cut short leaves ghosts", len(ghosts) > 0, cut_short)
prove("ghosts after the sweep", len(left), 0)

# %% [markdown]
# ## Twenty kill points
#
# The board goes on in nineteen parts, and at each of them something dies: Connect by SIGKILL, or, most often, the batch
# itself, before its MERGE or after it, never reaching its checkpoint. With the killed snapshot these are twenty points.
# (The lesson kills the Spark job together with its JVM.)

# %% tags=["break-crash"]
def crashed(kind):
    def dies(batch, table, row):
        if kind == "after":
            sweep(batch, table, row)
        crash_after(1)()

    try:
        follow(TRIAL, dies, ROW)
    except Exception as error:
        return "Crash" in str(error)


cdc.play(source.dsn, changes[third:third + 20])
cdc.settled("replay")
points.append(["before", crashed("before")])
points

# %% [markdown]
# Two points so far. All others go like this: the owners write a part of the play, and meanwhile something is killed;
# Connect, while it is sending. A batch that died is tried again by the next run, with the same messages, and meets whatever the dead one left behind.

# %% tags=["step-point"]
def point(kind, part):
    if kind != "connect":
        with cdc.going_on(source.dsn, part):
            return [kind, crashed(kind)]
    sent = cdc.arrived(TOPIC)
    with cdc.going_on(source.dsn, part, pace=0.01):
        cdc.arrived(TOPIC, least=sent + 5)
        hit = worker.kill()
    worker.restart()
    return [kind, hit]


order = ("before " * 7 + "after connect after " + "before " * 7 + "after").split()
len(order)

# %% [markdown]
# Eighteen parts for eighteen points:

# %% tags=["break-twenty-points"]
for kind, part in zip(order, cdc.parts(changes[third + 20:], len(order))):
    points.append(point(kind, part))
end = cdc.settled("replay")
follow(TRIAL, sweep, ROW)

hits = pd.DataFrame(points, columns=["killed", "hit"])
look(hits.value_counts())

# %% [markdown]
# The table counts the points by what was killed and whether it was hit: every one was. Debezium began again at its last
# note after each of its two deaths, the job at its checkpoint after each of the others. How often did a change come?

# %% tags=["step-duplicates"]
streamed = read(messages, ROW).where(f"position.streamed and position.lsn > {handover}")
stream = streamed.select("key", "position.lsn").toPandas()
once = stream.drop_duplicates("lsn")
in_order = once.groupby("key").lsn.is_monotonic_increasing
print(f"up to log position {end:,}, {len(stream) - len(once):,} changes came twice")

# %% [markdown]
# How many it is differs from run to run: it depends on when Debezium had taken its last note. So a change is in the topic
# at least once. In the replica it counts exactly once:

# %% tags=["prove-kills"]
now = source.sql("select * from departure_board")
prove("each change of the nineteen parts, once", len(once), len(changes) - third)
prove("flights whose changes are out of order", sum(~in_order), 0)
prove("after all kills the replica equals the board", board(TRIAL), now)

# %% [markdown]
# ## A column that somebody else adds
#
# The owner alters the table. Debezium tells nobody: the next message has one field more, and a fixed list of columns
# drops it in silence. So look into the messages for fields that nobody knows.

# %% tags=["step-schema-change"]
source.sql("alter table departure_board add column gate text")
source.sql("update departure_board set gate = 'A' || flight % 40")
cdc.settled("replay")

names = "json_object_keys(get_json_object(cast(value as string), '$.after'))"
found = messages.selectExpr(f"explode({names}) as field").distinct().toPandas()
new = set(found.field) - set(read(messages, ROW).columns)
print("fields nobody knows:", new)

# %% [markdown]
# Then widen the list. `withSchemaEvolution` in the MERGE lets Delta add the column to the replica.

# %% tags=["prove-schema"]
WIDER = ROW + ", gate string"
follow(TRIAL, sweep, WIDER)
now = source.sql("select * from departure_board")
prove("one field was new", new, {"gate"})
prove("with its column the replica equals the board", board(TRIAL), now)

# %% [markdown]
# ## Two changes that belong together
#
# Two flights swap their gates in one transaction. A reader that stops between its two events sees one gate twice. That
# is why each event names its transaction and its place in it:

# %% tags=["step-transaction"]
pair = source.sql("""select gate, min(key) as key from departure_board
    group by 1 order by 1 limit 2""")
(one, other), keys = pair.gate, tuple(pair.key)
source.sql("""update departure_board set gate = case gate when %s then %s else %s end
    where key in %s""", one, other, one, keys)
cdc.settled("replay")

two = cdc.events_of(TOPIC)[-2:]
look([{"gate": event["after"]["gate"], **event["transaction"]} for event in two])

# %% [markdown]
# A topic of its own says when a transaction begins and when it is complete, with the number of its events. A reader
# that wants both gates or none waits for that.

# %% tags=["prove-transaction"]
bounds = cdc.events_of(f"{source.database}_replay.transaction")
ids = [event["source"]["txId"] for event in two]
counts = [bound["event_count"] for bound in bounds if bound["id"].startswith(f"{ids[0]}:")]
prove("both events name one transaction", ids[0], ids[1])
prove("its end says that it has two", counts[-1], 2)

# %% [markdown]
# ## A tombstone read as a row
#
# Leave `value is not null` out of `read`. Every tombstone then parses to a row of nulls; a MERGE that finds no such key
# inserts it, at every run once more.

# %% tags=["break-tombstone"]
kind = f"op string, before struct<{ROW}>, after struct<{ROW}>"
careless = messages.selectExpr(f"from_json(cast(value as string), '{kind}') as event")
key = "coalesce(event.after, event.before).key as key"
rows = careless.selectExpr("event.op", key).toPandas()
look(rows.groupby("op", dropna=False).key.agg(rows="size", keyed="count"))

# %% tags=["prove-tombstone"]
tombstones = broker.peek(TOPIC, 1_000_000).value.isna().sum()
prove("each tombstone is a row without a key", rows.key.isna().sum(), tombstones)

# %% [markdown]
# ## The outbox, and two writes with a crash between them
#
# Rows say *what* changed, never *why*. Who owns the database can write the why as a row of an `outbox` table, in the
# same transaction as the change. Debezium's event router turns such rows into messages of a topic, so a consumer sees
# a contract and not somebody's tables.

# %% tags=["step-outbox"]
source.sql("""create table boarding (way text, key text); create table outbox (
    id uuid primary key default gen_random_uuid(),
    aggregatetype text, aggregateid text, type text, payload jsonb)""")
ROUTER = {
    **DEBEZIUM,
    **cdc.addresses("outbox"),
    "table.include.list": "public.outbox",
    "transforms": "router",
    "transforms.router.type": "io.debezium.transforms.outbox.EventRouter",
    "transforms.router.table.expand.json.payload": True,
    "transforms.router.route.topic.replacement": source.database + "_${routedByValue}",
    "tombstones.on.delete": False,
    "snapshot.mode": "no_data",
}
NOTICES = broker.topic(f"{source.database}_notices")
worker.put("outbox", ROUTER)
worker.wait("outbox")

# %% [markdown]
# The usual way to tell others has no outbox: write the row, then send the message. Or the other way round. Each way gets
# a topic:

# %% tags=["step-send"]
TOPICS = {
    "row first": broker.topic(f"{source.database}_row"),
    "message first": broker.topic(f"{source.database}_message"),
    "outbox": NOTICES,
}
producer = KafkaProducer(bootstrap_servers=broker.bootstrap)


def send(way, key):
    return producer.send(TOPICS[way], key=key.encode()).get(timeout=5)


send("row first", "test").offset

# %% [markdown]
# In the function below, `crash()` stands where a process can die. An exception inside the `with` rolls the transaction
# back.

# %% tags=["break-dual-write"]
NOTE = """insert into outbox (aggregatetype, aggregateid, type, payload)
    values ('notices', %s, 'closed', '{}')"""


def close_gate(way, key, crash):
    if way == "message first":
        send(way, key)
    with psycopg2.connect(source.dsn) as connection, connection.cursor() as cursor:
        cursor.execute("insert into boarding values (%s, %s)", (way, key))
        if way == "outbox":
            cursor.execute(NOTE, (key,))
        crash()
    crash()
    if way == "row first":
        send(way, key)


close_gate("outbox", "test", crash_after(3))
print("the gate is closed, and nothing died")

# %% [markdown]
# Sixty gates each way. Every tenth process dies: with the row first, after the commit; else, before it.

# %% tags=["break-outbox"]
DIES_AT = {"row first": 2, "message first": 1, "outbox": 1}
for way in TOPICS:
    for place, change in enumerate(changes[:60]):
        crash = crash_after(DIES_AT[way] if place % 10 == 9 else 0)
        with contextlib.suppress(faults.Crash):
            close_gate(way, change["key"], crash)

producer.close()
cdc.settled("outbox")
told = {way: cdc.told(way, topic) for way, topic in TOPICS.items()}
look(pd.DataFrame(told).rename_axis("gates"))

# %% [markdown]
# `told` compares the gates in the table with the keys in the topic. The row first loses messages, the message first
# invents gates that never closed. One transaction does neither, and the log carries it to the topic.

# %% tags=["prove-outbox"]
right = {"committed": 54, "lost": 0, "invented": 0}
prove("through the outbox nothing is lost or invented", told["outbox"], right)
prove("lost by the row first", told["row first"]["lost"], 6)
prove("invented by the message first", told["message first"]["invented"], 6)

# %% [markdown]
# ## Rows against columns
#
# Why copy a database at all, and not ask it? Here are the same flights many times over, as rows in PostgreSQL and as
# columns out of the replica, and a question about all of them.

# %% tags=["step-archive"]
with measure("12-cdc-deeper: the replica, many times over") as m:
    columns, m.rows = cdc.enlarged(source.dsn, board(TRIAL), home / "columns")


def slip_by_columns():
    groups = columns.to_table(columns=["carrier", "slip"]).group_by("carrier")
    return groups.aggregate([("slip", "sum")]).to_pandas()


look(slip_by_columns(), rows=3)

# %% [markdown]
# Both shapes must give the same answer.

# %% tags=["prove-shapes"]
SLIP = "select carrier, sum(slip)::float as slip_sum from archive group by carrier"
prove("both shapes give each carrier's slip", slip_by_columns(), source.sql(SLIP))

# %% [markdown]
# They do. Then the time: for that question, for one about a single flight, and for a change of one. First in PostgreSQL,
# where the key has an index:

# %% tags=["step-rows"]
ONE = f"{keys[0]}/1"
FIND = "select * from archive where key = %s"
CHANGE = "update archive set dest = 'ZRH' where key = %s"
of_rows = {
    "slip of each carrier": cdc.milliseconds(source.sql, SLIP),
    "one flight": cdc.milliseconds(source.sql, FIND, ONE),
    "one change": cdc.milliseconds(source.sql, CHANGE, ONE),
}
look(pd.Series(of_rows, name="rows (ms)"))

# %% [markdown]
# Then with the columns. Parquet files are never changed in place, so a change of one flight is made where the replica
# really lives, in the Delta table: it writes a new file and a new entry of the table's log.

# %% tags=["step-two-shapes"]
def find_one():
    return columns.to_table(filter=ds.field("key") == ONE)


def change_one():
    DeltaTable.forPath(spark, TRIAL).update(f"key = '{keys[0]}'", {"dest": "'ZRH'"})


of_columns = [cdc.milliseconds(work) for work in (slip_by_columns, find_one, change_one)]
look(pd.DataFrame({"rows (ms)": of_rows}).assign(**{"columns (ms)": of_columns}))

# %% [markdown]
# Each shape wins where it was built for: columns for the question about all, rows for the single flight, and above all
# for the change of one. That is why there are two systems, and something that keeps them alike.
#
# ## A slot left behind
#
# Nobody reads this slot, and the server keeps all of its log for whoever may come back: the disk of the *source* fills.
# First the two connectors go, with their slots. Then a slot is made and forgotten, while tables of noise are written.

# %% tags=["break-slot"]
for name in ("replay", "outbox"):
    worker.delete(name)
source.empty()
source.sql(SLOT, "forgotten")
cdc.noise(rounds=3)

with_slot = cdc.log_size()
forgotten = source.sql("""select slot_name, active, wal_status,
    round((pg_current_wal_lsn() - restart_lsn) / 1e6)::int as held_mb
    from pg_replication_slots""")
look(forgotten)

# %% [markdown]
# The slot is not active, and it holds all that. `log_size` makes a checkpoint, which throws away the log that nobody
# needs any more, and says what is left. Drop the slot:

# %% tags=["step-slot-dropped"]
source.sql("select pg_drop_replication_slot('forgotten')")
without = cdc.log_size()
slots = source.sql("select slot_name from pg_replication_slots")
print(f"the log: {with_slot} MB with the slot, {without} MB without; {len(slots)} slots left")

# %% [markdown]
# Agree with the owner what happens to a slot that nobody reads. `max_slot_wal_keep_size` makes the server give up on it
# before its disk is full, at the price of a new snapshot.

# %% tags=["prove-slot"]
prove("a forgotten slot held more than 20 MB of log", with_slot - without > 20, True)

# %% [markdown]
# ## Go on
#
# - [The lesson](12-cdc.ipynb) and [its lab](../labs/12-cdc.ipynb), whose last exercise is DBLog's hand-over.
# - [PostgreSQL: logical replication message formats](https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html)
# - [Debezium outbox event router](https://debezium.io/documentation/reference/stable/transformations/outbox-event-router.html)
# - [DBLog: A Watermark Based Change-Data-Capture Framework](https://arxiv.org/abs/2010.12597), Andreakis and Papapanagiotou, 2020
