# %% [markdown] signature=["readStream", ".merge(", "io.debezium.connector.postgresql.PostgresConnector", "start_replication("]
# # 12 Change data capture: how do you follow a database you do not own, missing and inventing nothing?
#
# An airport's departure board is a table in somebody else's PostgreSQL. You want a copy that is right, soon, after
# any crash, and without asking its owner for more than a password.
#
# ```mermaid
# flowchart LR
#     board[(departure_board)] -- commits --> log[write-ahead log]
#     log -- slot --> debezium[Debezium in Kafka Connect]
#     debezium -- "one message a change" --> topic[[Kafka topic]]
#     topic -- "latest per key, MERGE" --> replica[(Delta replica)]
# ```

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
# Four real engines start: PostgreSQL, Kafka, Kafka Connect with Debezium, Spark. `source.empty()` drops what an
# earlier run left.

# %% tags=["setup"]
import contextlib, json, random, struct, threading, time, kafka as kafka_python, pandas as pd, psycopg2
from patternlab import connect, crash_after, kafka, measure, postgres, prove, spark_session, truth, workspace
from patternlab.patterns.cdc import board_changes, enlarged, killed_elsewhere, play, run_elsewhere, settled
began, source, worker, broker = time.time(), postgres(), connect(), kafka()
spark, home = spark_session("12-cdc"), workspace("12-cdc")
source, worker, broker

# %% [markdown]
# ## Look at the data
#
# A flight's row is inserted when it is scheduled, updated at each new estimate, and deleted when it has gone. The
# estimates on the way are assumed, a quarter of an hour each; the last one is the published departure. One late
# flight, six changes:

# %% tags=["look-toy"]
changes = board_changes("day")
lives = pd.DataFrame([{"op": change["op"], "at": change["at"], **change["row"]} for change in changes])
lengths = lives.groupby("key").op.agg(["size", "last"])
toy = lives[lives.key == lengths[(lengths["size"] == 6) & (lengths["last"] == "delete")].index[0]]
toy[["op", "at", "key", "estimate", "status"]]

# %% [markdown]
# The whole play: thousands of changes, and in the end a board with the flights that have not left. B6 sends its
# schedule in uploads: one transaction an hour, each row stamped when it was written. Watch those.

# %% tags=["look-board"]
def sql(query, *values):
    connection = psycopg2.connect(source.dsn)
    with connection, connection.cursor() as cursor:                  # commits at the end
        cursor.execute(query, values or None)
        names = [column.name for column in cursor.description or ()]
        found = pd.DataFrame(cursor.fetchall(), columns=names) if names else None
    connection.close()
    return found


BOARD = """create table departure_board (key text primary key, carrier text, flight int, origin text, dest text,
    scheduled timestamptz, estimate timestamptz, status text, updated_at timestamptz)"""
print({**truth("board_changes", "day"), "still on the board": len(truth("board", "day"))})

# %% [markdown]
# ## The naive way
#
# Ask every half hour for the rows whose `updated_at` is newer than the newest you have. On two changes of one flight
# it works:

# %% tags=["step-poll"]
def poll(at):
    newest = max([row["updated_at"] for row in polled], default=pd.Timestamp(0, tz="UTC"))
    rows = sql("select * from departure_board where updated_at > %s", newest)
    polled.extend(rows.to_dict("records"))


forgotten, _ = [worker.delete(name) for name in ("board", "replay", "outbox")], source.empty()
sql(BOARD)
polled = []
play(source.dsn, [c for c in changes if c["key"] == toy.key.iloc[0]][:2], tick=poll)
pd.DataFrame(polled)[["key", "estimate", "status"]]

# %% [markdown]
# On the whole play it does not. `sql` also makes a *slot*: the database keeps its log for us from here on; step 1
# reads it.

# %% tags=["step-poll-all"]
source.empty()
sql(BOARD + "; alter table departure_board replica identity full; create publication kept for table departure_board")
sql("select pg_create_logical_replication_slot('kept', 'pgoutput')")
polled, wal = [], {"query": sql("select pg_current_wal_lsn() - '0/0' as lsn").lsn[0]}
seconds = {"query": play(source.dsn, changes, tick=poll)}
wal["query"] = int(sql("select pg_current_wal_lsn() - '0/0' as lsn").lsn[0] - wal["query"])
copy = pd.DataFrame(polled).sort_values("updated_at").drop_duplicates("key", keep="last")
print(f"{len(changes):,} changes, {len(polled):,} seen; the copy has {len(copy):,} flights, the board has "
      f"{sql('select count(*) as n from departure_board').n[0]:,}")

# %% [markdown]
# Deletes leave no row behind to ask for; two changes between polls are one; and an upload that commits after the poll
# is stamped before it, so no later poll asks for it. A trigger that writes each change into a log table is the usual
# answer:

# %% tags=["step-trigger"]
def poll_log(at):
    last = max((int(part.id.max()) for part in logged if len(part)), default=0)
    logged.append(sql("select * from board_log where id > %s", last))


sql("drop table departure_board")
sql(BOARD + """; create table board_log (id bigserial primary key, op text, key text);
create function log_change() returns trigger language plpgsql as $$ begin
    insert into board_log (op, key) values (lower(tg_op), coalesce(new.key, old.key)); return null; end $$;
create trigger logs after insert or update or delete on departure_board for each row execute function log_change()""")
logged, wal["trigger"] = [], sql("select pg_current_wal_lsn() - '0/0' as lsn").lsn[0]
seconds["trigger"] = play(source.dsn, changes, tick=poll_log)
wal["trigger"] = int(sql("select pg_current_wal_lsn() - '0/0' as lsn").lsn[0] - wal["trigger"])
print(f"{len(changes):,} changes, {sum(map(len, logged)):,} seen, {wal['trigger'] / wal['query']:.1f} times the log")

# %% [markdown]
# ## Build it
#
# ### Step 1: read the log yourself
#
# Every commit is in the write-ahead log before it is answered. A slot and the plugin `pgoutput` turn it into
# messages: R describes a table, I, U and D are changes, B and C bound a transaction. Rows come as a count and then
# one value a column.

# %% tags=["step-fields"]
def fields(data, at, columns):
    row, (count,), at = {}, struct.unpack_from(">h", data, at), at + 2
    for name in columns[:count]:
        row[name], kind, at = None, data[at:at + 1], at + 1
        if kind == b"t":                                             # n is null, u an unchanged large value
            (size,) = struct.unpack_from(">i", data, at)
            row[name], at = data[at + 4:at + 4 + size].decode(), at + 4 + size
    return row, at


fields(b"\0\2" + b"n" + b"t\0\0\0\2UA", 0, ["gate", "carrier"])

# %% tags=["step-decode"]
def relation(data):
    names, at = [], data.index(b"\0", data.index(b"\0", 5) + 1) + 4   # behind schema, table, a letter and a count
    while at < len(data):                                            # a flag, the name, then its type: 8 bytes
        end = data.index(b"\0", at + 1)
        names, at = [*names, data[at + 1:end].decode()], end + 9
    return struct.unpack_from(">i", data, 1)[0], names


def decode(data, relations):
    found, at, number = {"op": {73: "c", 85: "u", 68: "d"}[data[0]]}, 5, struct.unpack_from(">i", data, 1)[0]
    while at < len(data):                                            # N is the new row, O the old one, K its key
        found["after" if data[at:at + 1] == b"N" else "before"], at = fields(data, at + 1, relations[number])
    return found


decode(b"I\0\0\0\7N\0\1t\0\0\0\2UA", {7: ["carrier"]})

# %% [markdown]
# That is the whole format. Below, a mark is written into the log, and the loop takes the slot's messages until the
# server says that it is past the mark. Then the slot must be free again. It reads the play that the poller watched.

# %% tags=["step-read-log"]
from psycopg2.extras import LogicalReplicationConnection


def read_log(slot, publication, seconds=60):
    end = sql("select pg_logical_emit_message(true, 'mark', '') - '0/0' as lsn").lsn[0]
    cursor = psycopg2.connect(source.dsn, connection_factory=LogicalReplicationConnection).cursor()
    cursor.start_replication(slot_name=slot, options={"proto_version": "1", "publication_names": publication})
    relations, found, give_up = {}, [], time.time() + seconds
    while cursor.wal_end < end and time.time() < give_up:
        message = cursor.read_message()
        if message and message.payload[:1] == b"R":
            relations.update([relation(message.payload)])
        elif message and message.payload[:1] in b"IUD":
            found.append({"lsn": message.data_start, **decode(message.payload, relations)})
    cursor.connection.close()
    sql("select pg_terminate_backend(active_pid, 5000) from pg_replication_slots where slot_name = %s", slot)
    return found


captured = read_log("kept", "kept")
sql("select pg_drop_replication_slot('kept')")
print(pd.Series([change["op"] for change in captured]).value_counts().to_dict(), captured[-1], sep="\n")

# %% [markdown]
# ### Step 2: let Debezium do it
#
# Debezium reads the same slot, first takes a snapshot of what is there, and writes one Kafka message a change.
# Nothing is hidden: this dict is all that it is told. The board holds two fifths of the play when it begins.

# %% tags=["step-config"]
def config(name, table):
    own = f"{source.database}_{name}"
    return {"connector.class": "io.debezium.connector.postgresql.PostgresConnector", "plugin.name": "pgoutput",
            "database.hostname": source.host, "database.port": source.port, "database.dbname": source.database,
            "database.user": source.user, "database.password": source.password, "topic.prefix": own,
            "table.include.list": f"public.{table}", "slot.name": own, "publication.name": own,
            "publication.autocreate.mode": "filtered", "snapshot.mode": "initial", "tombstones.on.delete": True,
            "time.precision.mode": "isostring", "poll.interval.ms": 50, "provide.transaction.metadata": True,
            "topic.creation.default.partitions": 1, "topic.creation.default.replication.factor": 1}


pd.Series({**config("board", "departure_board"), "database.password": "(not shown)"}).to_frame("value")

# %% tags=["step-connector"]
source.empty()
sql(BOARD + "; alter table departure_board replica identity full")
first, second = len(changes) * 2 // 5, len(changes) * 3 // 5
play(source.dsn, changes[:first])
TOPIC = broker.topic(f"{source.database}_board.public.departure_board", partitions=3)
worker.put("board", config("board", "departure_board"))
worker.wait("board")

# %% [markdown]
# Let the board go on. `settled` says when everything committed so far is in the topic: it writes marks into the log
# and waits until Connect has stored a position behind it. Then look at one flight's messages by eye.

# %% tags=["step-envelope"]
play(source.dsn, changes[first:second])
position = settled("board")
messages = broker.peek(TOPIC, 1_000_000)
gone = messages[messages.value.isna()].key.iloc[-1]
for message in map(json.loads, messages[messages.key == gone].value.fillna("null")):
    print(message and {"op": message["op"], "lsn": message["source"]["lsn"], "tx": message["source"]["txId"],
                       **{side: message[side] and message[side]["status"] for side in ("before", "after")}})

# %% [markdown]
# `r` is a row of the snapshot, `u` an update with both images, `d` a delete with the old one. The last message has no
# value at all: the *tombstone* tells Kafka's compaction that the key may go. It is no change.
#
# ### Step 3: one row for each key, by position
#
# Arrival order is not enough, because messages come twice after a crash. The order that counts is the source's: its
# log position. A row of the snapshot stands below everything streamed, whatever its number says (you will see why).

# %% tags=["step-latest"]
ROW = """key string, carrier string, flight int, origin string, dest string, scheduled timestamp, estimate timestamp,
    status string, updated_at timestamp"""


def read(messages, row):
    event = F.from_json(F.col("value").cast("string"), f"op string, before struct<{row}>, after struct<{row}>, "
                        "source struct<lsn bigint, snapshot string>")
    return (messages.where("value is not null")                      # a tombstone is for Kafka, not for us
            .select("partition", "offset", event.alias("e"))
            .where("e.op in ('r', 'c', 'u', 'd')")
            .selectExpr("inline(array(coalesce(e.after, e.before)))", "e.op = 'd' as gone", "partition", "offset",
                        "e.source.snapshot", "struct(e.op <> 'r' as streamed, e.source.lsn as lsn) as position"))


def latest(changed):
    newest = Window.partitionBy("key").orderBy(F.desc("position"), F.desc("offset"))
    return changed.withColumn("rank", F.row_number().over(newest)).where("rank = 1").drop("rank")


from delta.tables import DeltaTable
from pyspark.sql import functions as F, Window
topic = spark.read.format("kafka").option("kafka.bootstrap.servers", broker.bootstrap).option("subscribe", TOPIC).load()
of_it = F.col("key") == json.loads(gone)["key"]
latest(read(topic, ROW)).select("key", "status", "gone", "position").where(of_it).show(truncate=False)

# %% [markdown]
# ### Step 4: MERGE with a guard
#
# A MERGE finds the row by key and replaces it only if the position is newer. A deleted flight stays as a row with
# `gone`: without it, a copy of an old message would find nothing and bring the flight back. The position makes the
# batch safe to run twice.

# %% tags=["step-merge"]
def upsert(batch, table, row):
    replica = DeltaTable.forPath(batch.sparkSession, table)
    newest = latest(read(batch, row)).drop("partition", "offset", "snapshot")
    (replica.alias("t").merge(newest.alias("s"), "s.key = t.key").withSchemaEvolution()
     .whenMatchedUpdateAll("s.position > t.position").whenNotMatchedInsertAll().execute())


def new_table(name):
    table = str(home / name)
    position = "position struct<streamed: boolean, lsn: bigint>"
    spark.sql(f"create table delta.`{table}` ({ROW}, gone boolean, {position}) using delta")
    return table


REPLICA = new_table("replica")
print(spark.read.format("delta").load(REPLICA).columns)

# %% tags=["step-follow"]
def follow(table, topic, handle, row):
    messages = (spark.readStream.format("kafka").option("kafka.bootstrap.servers", kafka().bootstrap)
                .option("subscribe", topic).option("startingOffsets", "earliest").load())
    query = (messages.writeStream.option("checkpointLocation", f"{table}-checkpoint").trigger(availableNow=True)
             .foreachBatch(lambda batch, number: handle(batch, table, row)).start())
    query.awaitTermination(120)


def board(table):
    return spark.read.format("delta").load(table).where("not gone").drop("gone", "position").toPandas()


follow(REPLICA, TOPIC, upsert, ROW)
replica_then, source_then = board(REPLICA), sql("select * from departure_board")
print(f"at log position {position:,}: {len(replica_then):,} flights in the replica, {len(source_then):,} on the board")

# %% [markdown]
# ### Step 5: what else travels in the log
#
# The owner adds a column. Debezium tells nobody: the next message has one field more, and a fixed schema drops it in
# silence. So look first, then widen. Next, two flights swap gates in one transaction. A reader that stops between its
# two events sees one gate twice; so each event names its transaction.

# %% tags=["step-schema-change"]
def unknown(messages, row):
    names = F.explode(F.expr("json_object_keys(get_json_object(cast(value as string), '$.after'))"))
    known = {part.split()[0] for part in row.split(",")}
    return {found[0] for found in messages.select(names).distinct().collect()} - known


sql("alter table departure_board add column gate text")
sql("update departure_board set gate = 'A' || flight % 40")
settled("board")
print("fields nobody knows:", unknown(topic, ROW))
ROW = ROW + ", gate string"
follow(REPLICA, TOPIC, upsert, ROW)
board(REPLICA)[["key", "status", "gate"]].head(3)

# %% tags=["step-transaction"]
pair = sql("select key, gate from departure_board order by gate, key").drop_duplicates("gate").head(2)
swap = "update departure_board set gate = case gate when %s then %s else %s end where key in (%s, %s)"
sql(swap, pair.gate.iloc[0], pair.gate.iloc[1], pair.gate.iloc[0], *pair.key)
settled("board")
events = [json.loads(value) for value in broker.peek(TOPIC, 1_000_000).value if value]
bounds = [json.loads(value) for value in broker.peek(f"{source.database}_board.transaction", 1_000_000).value]
newest = max(events, key=lambda event: event["source"]["lsn"])["source"]["txId"]
for event in sorted(events, key=lambda event: event["source"]["lsn"]):
    if event["source"]["txId"] == newest:
        print({"gate": event["after"]["gate"], **event["transaction"]})
print(next(bound for bound in bounds if bound["status"] == "END" and bound["id"].startswith(f"{newest}:")))

# %% [markdown]
# Rows say *what* changed, never *why*. Who owns the database can write the why as a row of an `outbox` table in the
# same transaction; Debezium's event router turns such rows into messages of a topic. One insert, committed or not, is
# the message:

# %% tags=["step-outbox"]
sql("""create table boarding (key text primary key); create table outbox (id uuid primary key default gen_random_uuid(),
    aggregatetype text, aggregateid text, type text, payload jsonb)""")
router = {"transforms": "router", "transforms.router.type": "io.debezium.transforms.outbox.EventRouter",
          "transforms.router.table.expand.json.payload": True, "tombstones.on.delete": False,
          "snapshot.mode": "no_data",
          "transforms.router.route.topic.replacement": source.database + "_${routedByValue}"}
NOTICES = broker.topic(f"{source.database}_notices")
worker.put("outbox", {**config("outbox", "outbox"), **router})
worker.wait("outbox")
sql("insert into outbox (aggregatetype, aggregateid, type, payload) values ('notices', 'test', 'hello', '{}')")
settled("outbox")
broker.peek(NOTICES)[["key", "value"]]

# %% [markdown]
# ## See it
#
# Three ways to capture, one play. Each bar is all changes of the board; hatched is what nobody downstream will ever
# hear of.

# %% tags=["figure-methods"]
found = {"query": truth("board_polled", "day"), "trigger": truth("board_triggered", "day"),
         "log": {"captured": len(captured), "delete": 0, "overwritten": 0, "late commit": 0}}
methods = pd.DataFrame(found).T[::-1]
unseen = 1 - methods.captured["query"] / len(changes)
axes = methods.plot.barh(stacked=True, figsize=(8, 2.8), width=0.7, ec="black", color=["0.8", "0.3", "0.55", "1.0"],
                         title=f"Asking every half hour misses {unseen:.0%} of the changes; the log misses none")
for pieces, hatch in zip(axes.containers, ("", "///", "xxx", "...")):
    for piece in pieces:
        piece.set_hatch(hatch)
axes.set_xlabel("changes of the board")
axes.legend(ncols=4, loc="upper center", bbox_to_anchor=(0.45, -0.25), frameon=False);

# %% [markdown]
# ## Predict
#
# Below, Connect, the Spark job or a batch of it dies at 20 points. How many messages will the topic hold twice? Write
# down your guess.

# %% tags=["predict"]
guess = 1_000
print(f"your guess: {guess:,} duplicates")

# %% [markdown]
# ## Break it
#
# ### Snapshot, then stream, without a hand-over
#
# Read the table, then make the slot: what is committed between the two is in neither. Make the slot first and load
# the slower snapshot last: it puts old rows over newer ones. Both with the reader of step 1:

# %% tags=["break-naive-gap"]
def now():
    return {row.key: row.updated_at for row in sql("select key, updated_at from departure_board").itertuples()}


def off(copy, stream, board, loaded_last=()):
    for change in stream:
        copy.pop(change.get("before", {}).get("key"), None)
        if "after" in change:
            copy[change["after"]["key"]] = pd.Timestamp(change["after"]["updated_at"])
    copy.update(loaded_last)
    return {"missing": len(board.keys() - copy.keys()), "ghosts": len(copy.keys() - board.keys()),
            "stale": sum(copy[key] != board[key] for key in board.keys() & copy.keys())}


expected = truth("board", "day").set_index("key").updated_at.map(pd.Timestamp)
print("the whole log:", off({}, captured, expected.to_dict()))

# %% tags=["break-naive-handover"]
third = second + 400
sql("create publication naive for table departure_board")
snapshot = now()                                                     # read, then make the slot: a gap
play(source.dsn, changes[second:second + 100])
sql("select pg_create_logical_replication_slot('naive', 'pgoutput')")
play(source.dsn, changes[second + 100:second + 200])
gap = off(snapshot, read_log("naive", "naive"), now())
snapshot = now()                                                     # the slot is there, the snapshot is loaded last
play(source.dsn, changes[second + 200:third])
stale = off({}, read_log("naive", "naive"), now(), loaded_last=snapshot)
sql("select pg_drop_replication_slot('naive')")
print({"snapshot before the slot": gap, "snapshot loaded last": stale})

# %% [markdown]
# ### Two changes of one flight in one MERGE; a tombstone read as a row
#
# Leave `latest` out: Delta can't know which of two source rows wins, and refuses the batch. (Engines that take either
# are worse.) Leave `value is not null` out: each tombstone parses to a row of nulls, and a MERGE that finds no such
# key inserts it.

# %% tags=["raises-exception", "break-two-changes"]
(DeltaTable.forPath(spark, REPLICA).alias("t").merge(read(topic, ROW).alias("s"), "s.key = t.key")
 .whenMatchedUpdate("s.position > t.position", {"status": "s.status"}).execute())

# %% tags=["break-tombstone"]
envelope = f"op string, before struct<{ROW}>, after struct<{ROW}>"
careless = topic.select(F.from_json(F.col("value").cast("string"), envelope).alias("e"))
careless = careless.selectExpr("e.op", "coalesce(e.after, e.before).key as key")
careless.groupBy("op").agg(F.count("*").alias("rows"), F.count("key").alias("with a key")).orderBy("op").show()

# %% [markdown]
# ### Killed in the middle of the snapshot
#
# A second connector, slowed down to be hit. While it lies dead the board goes on, and one transaction stays open: its
# change is written, not committed. On restart Debezium takes a second snapshot.

# %% tags=["break-snapshot-kill"]
REPLAY, fourth = broker.topic(f"{source.database}_replay.public.departure_board", partitions=3), third + 300
slow = "select * from public.departure_board where pg_sleep(0.003)::text = ''"
worker.put("replay", {**config("replay", "departure_board"), "snapshot.fetch.size": 20,
                      "snapshot.select.statement.overrides": "public.departure_board",
                      "snapshot.select.statement.overrides.public.departure_board": slow})
while sum(broker.end_offsets(REPLAY).values()) < 100:
    time.sleep(0.01)
killed = worker.kill()
quiet = now().keys() & set(truth("board", "day").key) - {change["key"] for change in changes[third:]}
late, straggler = max(quiet), psycopg2.connect(source.dsn)
straggler.cursor().execute("update departure_board set gate = 'Z9' where key = %s", (late,))
play(source.dsn, changes[third:fourth])
worker.restart()
settled("replay")
straggler.commit()
handover = settled("replay")
print(f"killed: {killed}; messages in the topic: {sum(broker.end_offsets(REPLAY).values()):,}")

# %% tags=["break-ghosts"]
GHOSTS = new_table("ghosts")
follow(GHOSTS, REPLAY, upsert, ROW)
ghosts = set(board(GHOSTS).key) - set(sql("select key from departure_board").key)
print(f"{len(ghosts)} flights in the replica that have left the board, for example {sorted(ghosts)[:2]}")

# %% [markdown]
# The first snapshot had read flights that left while Connect was dead. The second one does not mention them, the
# stream begins after it, and so no message will ever delete them. Repair: when a snapshot is complete, rows of an
# older one go.

# %% tags=["step-sweep"]
def sweep(batch, table, row):
    upsert(batch, table, row)
    done = read(batch, row).where("snapshot = 'last'").agg(F.max("position.lsn")).first()[0]
    if done:
        DeltaTable.forPath(batch.sparkSession, table).delete(f"not position.streamed and position.lsn < {done}")


TRIAL = new_table("trial")
follow(TRIAL, REPLAY, sweep, ROW)
print(f"{len(set(board(TRIAL).key) - set(sql('select key from departure_board').key))} ghosts left")

# %% [markdown]
# ### Nineteen more kills
#
# The board goes on in nineteen parts. At each one something dies: Connect by SIGKILL, the Spark job (a process of its
# own, with its JVM; it starts now and waits for its turn) by SIGKILL in the middle of a batch, or, most often, the
# batch itself before or after its MERGE, never reaching its checkpoint. Connect notes now and then how far it has
# sent; killed in between, it begins again at its last note, so what it sent since comes twice. How much that is
# differs from run to run.

# %% tags=["break-crash"]
def crashed(before):
    try:
        follow(TRIAL, REPLAY, lambda *batch: (before or sweep(*batch), crash_after(1)()), ROW)
    except Exception as error:
        return "Crash" in str(error)


def everything():
    topic = spark.read.format("kafka").option("kafka.bootstrap.servers", broker.bootstrap).option("subscribe", REPLAY)
    return read(topic.load(), ROW)


job = run_elsewhere(f"follow({TRIAL!r}, {REPLAY!r}, at_work(sweep), {ROW!r})", read, latest, upsert, sweep, follow)
chance = random.Random(12)
kinds = chance.sample(["connect", "spark", "before", "after"], counts=[1, 1, 13, 4], k=19)
print(*kinds)

# %% tags=["break-twenty-points"]
points, size = [["snapshot", killed]], -(-(len(changes) - fourth) // len(kinds))
for kind, at in zip(kinds, range(fourth, len(changes), size)):
    writer = threading.Thread(target=play, args=(source.dsn, changes[at:at + size]))
    writer.start()
    if kind == "spark":
        hit = killed_elsewhere(job, rest=chance.uniform(0, 1))
    elif kind == "connect":
        time.sleep(chance.uniform(0, 0.2))
        hit, _ = worker.kill(), worker.restart()
    else:
        writer.join()
        hit = crashed(kind == "before")
    points.append([kind, hit])
    writer.join()
end, _ = settled("replay"), follow(TRIAL, REPLAY, sweep, ROW)
stream = everything().selectExpr("key", "offset", "position.*").where(f"streamed and lsn > {handover}").toPandas()
print(f"up to log position {end:,}, {len(stream) - stream.lsn.nunique():,} changes came twice (your guess: {guess:,})")
pd.DataFrame(points, columns=["killed", "hit"]).groupby("killed").hit.agg(points="size", hit="sum")

# %% [markdown]
# ### Two writes, one crash
#
# The usual way to tell others: write the row, then send the message. Or the other way round. Every tenth call dies in
# between. The outbox of step 5 gets the same crashes.

# %% tags=["break-dual-write"]
NOTE = "insert into outbox (aggregatetype, aggregateid, type, payload) values ('notices', %s, 'closed', '{}')"


def close_gate(way, key, send, crash):
    send(key) if way == "message first" else None
    with psycopg2.connect(source.dsn) as connection, connection.cursor() as cursor:    # an exception rolls back
        cursor.execute("insert into boarding values (%s)", (f"{way}:{key}",))
        cursor.execute(NOTE, (key,)) if way == "outbox" else None
        crash()
    crash()
    send(key) if way == "row first" else None
    return f"{key} is closed"


close_gate("outbox", "test", None, crash_after(3))

# %% tags=["break-outbox"]
told, producer = {}, kafka_python.KafkaProducer(bootstrap_servers=broker.bootstrap)
for way in ("row first", "message first", "outbox"):
    notes = NOTICES if way == "outbox" else broker.topic(f"{source.database}_dual")
    for number, change in enumerate(changes[:60]):
        crash = crash_after(3 if number % 10 < 9 else 2 if way == "row first" else 1)
        with contextlib.suppress(Exception):
            close_gate(way, change["key"], lambda key: producer.send(notes, key=key.encode()).get(5), crash)
    settled("outbox")
    heard = set(broker.peek(notes, 10_000).key.str.strip('"')) - {"test"}
    done = {key.split(":", 1)[1] for key in sql("select key from boarding").key if key.startswith(way)} - {"test"}
    told[way] = {"committed": len(done), "lost": len(done - heard), "invented": len(heard - done)}
pd.DataFrame(told)

# %% [markdown]
# ### A slot left behind
#
# Nobody reads this slot, and the server keeps all of its log for whoever may come back: the disk of the *source* fills.
# Once it is dropped, and no other slot needs that part, a checkpoint gives the room back; the last cell measures it.

# %% tags=["break-slot"]
def log_mb():
    sql("checkpoint")
    used = "select sum(size) / 1e6 as mb from pg_ls_waldir() where name <= pg_walfile_name(pg_current_wal_lsn())"
    return round(float(sql(used).mb[0]))                             # files beyond it are empty ones, kept for later


sql("select pg_create_logical_replication_slot('forgotten', 'pgoutput')")
for round_ in range(3):
    sql("create table noise as select n, repeat('x', 500) as filler from generate_series(1, 40000) n; drop table noise")
left = sql("""select active, wal_status, round((pg_current_wal_lsn() - restart_lsn) / 1e6)::int as held_mb
    from pg_replication_slots where slot_name = 'forgotten'""").assign(log_mb=log_mb())
sql("select pg_drop_replication_slot('forgotten')")
left

# %% [markdown]
# ## Looks right, not so fast
#
# Guard by the number alone, as most examples do: the replica has as many flights as the board. One gate is wrong for
# ever. The open transaction wrote *before* the second snapshot's position and committed after it: its number is
# smaller, its news is newer.

# %% tags=["break-guard-by-number"]
events = everything().where(F.col("key") == late)
by_number = events.withColumn("position", F.struct(F.lit(True).alias("streamed"), "position.lsn"))
print({"flight": late, "by number alone": latest(by_number).first().gate,
       "snapshot below the stream": latest(events).first().gate,
       "the board": sql("select gate from departure_board where key = %s", late).gate[0]})

# %% [markdown]
# ## Prove it
#
# What the pollers and the log saw, against a simulation of the play that never touches a database. Then the replicas.

# %% tags=["prove-captured"]
prove("asking by updated_at captures what the truth says", len(polled), truth("board_polled", "day")["captured"])
prove("the trigger's log misses late commits only", sum(map(len, logged)), truth("board_triggered", "day")["captured"])
by_flight, in_log = {}, {}
for change in changes:
    by_flight.setdefault(change["key"], []).append(change["op"][0])
for change in captured:
    image = change.get("after", change.get("before"))
    in_log.setdefault(image["key"], []).append({"c": "i"}.get(change["op"], change["op"]))
prove("the log has every change of every flight, in order", in_log, by_flight)

# %% tags=["prove-replica"]
prove("at a stated position the first replica equaled the board", replica_then, source_then)
prove("after all kills the replica equals the board", board(TRIAL), sql("select * from departure_board"))
expected = truth("board", "day")
for name in ("scheduled", "estimate", "updated_at"):
    expected[name] = pd.to_datetime(expected[name])
prove("the board equals the truth", sql("select * from departure_board").drop(columns="gate"), expected)

# %% [markdown]
# At least once, made exactly once: the topic holds changes twice, and dropping those whose position was seen leaves
# each once.

# %% tags=["prove-once"]
once = stream.sort_values("offset").drop_duplicates("lsn")
prove("each change of the nineteen parts, once", len(once), len(changes) - fourth)
arrived = once.groupby("key").lsn.agg(list)
prove("flights whose changes are out of order", sum(lsns != sorted(lsns) for lsns in arrived), 0)
prove("through the outbox nothing is lost or invented", told["outbox"], {"committed": 54, "lost": 0, "invented": 0})
prove("lost by the row first", told["row first"]["lost"], 6)
prove("invented by the message first", told["message first"]["invented"], 6)

# %% [markdown]
# ## Measure it
#
# How long from an insert to a consumer? And what does each way cost the source, which is not yours?

# %% tags=["step-latency"]
consumer = kafka_python.KafkaConsumer(TOPIC, bootstrap_servers=broker.bootstrap, fetch_max_wait_ms=10)
consumer.poll(timeout_ms=1000)
lags = []
for number in range(50):
    sent = time.time()
    sql("insert into departure_board (key) values (%s)", f"probe {number}")
    consumer.poll(timeout_ms=5000)
    lags.append((time.time() - sent) * 1000)
consumer.close()
sql("delete from departure_board where key like 'probe %'")
lags = pd.Series(lags)
print(f"insert to consumer: p50 {lags.quantile(.5):.0f} ms, p95 {lags.quantile(.95):.0f} ms of {len(lags)}")

# %% [markdown]
# OLTP against OLAP: the same rows many times over, as rows in PostgreSQL and as columns out of the replica. A
# question about all flights, a question about one, a change of one. Each shape wins where it was built for. Last, all three ways side by side, and what the stack holds.

# %% tags=["step-two-shapes"]
import timeit, pyarrow.dataset as ds
one = ds.field("key") == f"{late}/1"
with measure("12-cdc: the replica, many times over") as m:
    columns, m.rows = enlarged(source.dsn, board(TRIAL), home / "columns")
work = {"mean slip of each carrier": ("select carrier, avg(slip) from archive group by carrier",
        lambda: columns.to_table(columns=["carrier", "slip"]).group_by("carrier").aggregate([("slip", "mean")])),
        "one flight": (f"select * from archive where key = '{late}/1'", lambda: columns.filter(one).to_table()),
        "one change": (f"update archive set status = 'late' where key = '{late}/1'",
                       lambda: DeltaTable.forPath(spark, TRIAL).update(f"key = '{late}'", {"gate": "gate"}))}
pd.DataFrame({name: {"rows": timeit.timeit(lambda: sql(query), number=1), "columns": timeit.timeit(scan, number=1)}
              for name, (query, scan) in work.items()}).mul(1000).round(1).rename("{} (ms)".format)

# %% tags=["step-stack"]
import patternlab
from patternlab.engines.kernels import memory_held
table = methods.loc[["query", "trigger", "log"]].assign(lag=["15 min", "15 min", f"{lags.median():.0f} ms"])
display(table.assign(**{"log bytes a change": [int(wal[way] / len(changes)) for way in ("query", "trigger", "query")],
                        "seconds of the play": [round(seconds[way], 1) for way in ("query", "trigger", "query")]}))
processes, held = memory_held()
print(f"memory of {processes} processes: {held / 1e9:.2f} GB")
print(f"from set-up to here: {time.time() - began:.0f} s")
forgotten, _ = [worker.delete(name) for name in ("board", "replay", "outbox")], source.empty()
slots = sql("select 1 from pg_replication_slots where database = current_database()")
print(f"slots left on the source: {len(slots)}; its log: {log_mb()} MB, {left.log_mb[0]} MB when one was forgotten")
patternlab.scoreboard()

# %% [markdown]
# ## When not, and the neighbours
#
# | pattern | differs in | choose it when |
# |---|---|---|
# | event sourcing (11) | events are written on purpose and carry the intent; here they are inferred from rows | you own the writer |
# | ELT (02) | copies states on a timetable; what happened in between is gone | a nightly copy is enough |
# | outbox (here) | the owner publishes a contract instead of its tables | you need the why, or a stable schema |
# | triggers | captured inside the writer's transaction, paid by the writer | there is no access to the log |
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
# ## Sources
#
# - [DBLog: A Watermark Based Change-Data-Capture Framework](https://arxiv.org/abs/2010.12597), Andreakis and Papapanagiotou, 2020
# - [Debezium connector for PostgreSQL](https://debezium.io/documentation/reference/stable/connectors/postgresql.html)
# - [Debezium outbox event router](https://debezium.io/documentation/reference/stable/transformations/outbox-event-router.html)
# - [PostgreSQL: logical decoding concepts](https://www.postgresql.org/docs/current/logicaldecoding-explanation.html)
# - [PostgreSQL: logical replication message formats](https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html)
