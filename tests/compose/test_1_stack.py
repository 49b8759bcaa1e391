"""The stack that is up: healthy, closed to the network, without root, reachable from the host, fair, fault-proof.

The files of this folder run in the order of their names: the last one takes the stack down.
"""
import contextlib
import json
import subprocess
import time
import urllib.error
import urllib.request

import psycopg2
import pytest
from conftest import ROOT, kit
from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import KafkaAdminClient

SERVICES = ["connect", "jupyter", "kafka", "postgres", "spark-master", "spark-worker", "spark-worker"]
NUMBERS = 3000
BUCKET = """
from patternlab import objectstore
from deltalake import DeltaTable, QueryBuilder, write_deltalake
import pyarrow, sys
store = objectstore()
lake = store.bucket("kept") if "write" in sys.argv else "s3://kept"
if "write" in sys.argv:
    write_deltalake(f"{lake}/table", pyarrow.table({"n": [1, 2, 3]}), storage_options=store.options)
    print("conditional", [store.put(f"{lake}/name", content, only_if_new=True) for content in ("first", "second")])
# to_pyarrow_table() reads by pyarrow's threads, and of forty such programs twelve were aborted at their very end
query = QueryBuilder().register("t", DeltaTable(f"{lake}/table", storage_options=store.options))
print("rows", pyarrow.table(query.execute("SELECT * FROM t").read_all()).num_rows, store.kill())
"""


def settings():
    return kit.env_file()


def database(**changed):
    """A connection to the stack's database from the host, each statement a transaction of its own."""
    connection = psycopg2.connect(**{"host": "localhost", "user": "postgres", "dbname": "postgres",
                                     "password": settings()["POSTGRES_PASSWORD"], **changed})
    connection.autocommit = True
    return connection


def read(name, count):
    """`count` committed messages of a topic, read from the host; fewer where none comes for 20 s."""
    consumer = KafkaConsumer(name, bootstrap_servers="localhost:29092", auto_offset_reset="earliest",
                             isolation_level="read_committed", consumer_timeout_ms=20000)
    values = []
    for message in consumer:
        values.append(message.value)
        if len(values) == count:
            break
    consumer.close()
    return values


def topic(name):
    """An empty topic of that name, made from the host."""
    admin = KafkaAdminClient(bootstrap_servers="localhost:29092")
    if name in admin.list_topics():
        admin.delete_topics([name])
        time.sleep(1)
    admin.create_topics({name: {"num_partitions": 2, "replication_factor": 1}})
    admin.close()
    return name


def ask(url, data=None, method="GET"):
    body, headers = data and json.dumps(data).encode(), {"Content-Type": "application/json"}
    request = urllib.request.Request(url, body, headers, method=method)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.loads(answer.read() or b"null")


def test_everything_is_healthy_and_says_where_it_answers(stack):
    alive = [each for each in kit.containers() if each["State"] == "running"]
    assert sorted(each["Service"] for each in alive) == SERVICES
    assert {each["Health"] for each in alive} == {"healthy"}
    said = stack.run("status")
    for address in ("http://localhost:8888/lab?token=", "http://localhost:8080", "localhost:29092", "@localhost:5432/"):
        assert address in said
    idle = stack.memory()
    print(f"up in {stack.up_seconds:.0f} s; idle {sum(idle.values()):.0f} MB:",
          {name: round(used) for name, used in idle.items()})


def test_notebooks_and_their_executors_start_from_the_archive_of_the_image(stack):
    said = stack.inside("jupyter", "python", "-c", "from patternlab.engines import spark_jvm; print(spark_jvm.settings())")
    assert "-XX:SharedArchiveFile=/opt/patternlab/.patternlab/archives/spark-" in said
    assert "spark.executor.extraClassPath" in said


def test_env_has_secrets_for_the_owner_only(stack):
    assert len(settings()["JUPYTER_TOKEN"]) >= 32 and len(settings()["POSTGRES_PASSWORD"]) >= 32
    assert (ROOT / ".env").stat().st_mode & 0o077 == 0
    assert "/.env" in (ROOT / ".gitignore").read_text().split()


def test_ports_are_on_loopback_only(stack):
    ports = {kit.setting(name, str(default)) for name, default, _ in kit.PORTS}
    told = subprocess.run(["ss", "-Hltn"], capture_output=True, text=True, check=True).stdout
    rows = [line.split()[3] for line in told.splitlines()]
    listening = [row for row in rows if row.rpartition(":")[2] in ports]
    assert {row.rpartition(":")[2] for row in listening} == ports
    assert {row.rpartition(":")[0] for row in listening} == {"127.0.0.1"}, listening


def test_nobody_is_root_and_every_limit_is_stated(stack):
    for each in kit.containers():
        if each["State"] != "running":
            continue
        uids = kit.docker("top", each["ID"], "-eo", "uid,pid").split("\n")[1:]
        assert {row.split()[0] for row in uids if row.strip()} == {"1000"}, each["Name"]
        facts = json.loads(kit.docker("inspect", each["ID"]))[0]["HostConfig"]
        assert facts["Memory"] > 0 and facts["RestartPolicy"]["Name"] == "on-failure", each["Name"]
        assert facts["CapDrop"] == ["ALL"], each["Name"]


def test_jupyter_wants_the_token(stack):
    with pytest.raises(urllib.error.HTTPError) as refused:
        ask("http://localhost:8888/api/kernels")
    assert refused.value.code == 403
    assert ask(f"http://localhost:8888/api/kernels?token={settings()['JUPYTER_TOKEN']}") == []


def test_the_desk_is_laid_for_the_learner(stack):
    laid = {path.name for path in (ROOT / "desk" / "notebooks").glob("*.ipynb")}
    assert laid == {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}
    pictures = {path.name for path in (ROOT / "desk" / "notebooks" / "pictures").iterdir()}
    assert pictures == {path.name for path in (ROOT / "notebooks" / "pictures").iterdir()}, "and what they show"


def test_programs_on_the_host_reach_kafka_and_postgres(stack):
    producer = KafkaProducer(bootstrap_servers="localhost:29092")
    name = topic("from-the-host")
    for number in range(100):
        producer.send(name, str(number).encode())
    producer.close()
    assert sorted(int(value) for value in read(name, 100)) == list(range(100))
    cursor = database().cursor()
    cursor.execute("show wal_level")
    assert cursor.fetchone() == ("logical",)
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        database(password="postgres")
    cluster = ask("http://localhost:8080/json/")
    assert cluster["status"] == "ALIVE" and cluster["aliveworkers"] == 2 and cluster["cores"] == 4


def test_debezium_runs_and_writes_each_change_exactly_once(stack):
    cursor = database().cursor()
    cursor.execute("create table deliveries as select generate_series(1, 50) as id")
    cursor.execute("alter table deliveries add primary key (id)")
    topic("stack.public.deliveries")
    answer = ask("http://localhost:8083/connectors/deliveries/config", {
        "connector.class": "io.debezium.connector.postgresql.PostgresConnector", "plugin.name": "pgoutput",
        "database.hostname": "postgres", "database.dbname": "postgres", "database.user": "postgres",
        "database.password": settings()["POSTGRES_PASSWORD"], "topic.prefix": "stack",
        "table.include.list": "public.deliveries", "slot.name": "deliveries", "publication.name": "deliveries",
        "publication.autocreate.mode": "filtered", "exactly.once.support": "required"}, "PUT")
    assert answer["name"] == "deliveries"
    states = []
    for _ in range(120):
        with contextlib.suppress(urllib.error.HTTPError):       # for a moment it is not known yet: 404
            state = ask("http://localhost:8083/connectors/deliveries/status")
            states = [state["connector"]["state"], *(task["state"] for task in state["tasks"])]
        if states == ["RUNNING", "RUNNING"]:
            break
        time.sleep(0.5)
    assert states == ["RUNNING", "RUNNING"], states
    cursor.execute("insert into deliveries select generate_series(51, 80)")
    ids = [json.loads(value)["after"]["id"] for value in read("stack.public.deliveries", 80)]
    assert sorted(ids) == list(range(1, 81))
    ask("http://localhost:8083/connectors/deliveries", method="DELETE")
    for _ in range(50):
        cursor.execute("select active from pg_replication_slots where slot_name = 'deliveries'")
        if cursor.fetchone() == (False,):
            break
        time.sleep(0.2)
    cursor.execute("select pg_drop_replication_slot('deliveries')")
    cursor.execute("drop publication deliveries; drop table deliveries")


def test_two_notebooks_run_at_once(stack, watched):
    first, second = stack.job("hold.py", "first"), stack.job("hold.py", "second")
    first.wait_for("counted: 499999500000")
    second.wait_for("counted: 499999500000", 60)
    assert first.process.poll() is None, "the first must still hold its share while the second counts"
    active = ask("http://localhost:8080/json/")["activeapps"]
    assert sorted((app["name"], app["cores"]) for app in active) == [("first", 2), ("second", 2)]
    first.go_on()
    second.go_on()
    assert second.result()["count"] == first.result()["count"] == 1_000_000
    total = max(sum(sample.values()) for sample in watched)
    print("two notebooks at once, MB at peak:", round(total))
    assert total < 4000


def test_a_worker_is_killed_in_a_job(stack):
    job = stack.job("slow.py")
    hosts = job.wait_for("at work:").split()[2:]
    assert len(hosts) == 2, "both workers must be at work before a kill means anything"
    time.sleep(2)
    victim = stack.ids("spark-worker")[0]
    assert victim[:12] in {host[:12] for host in hosts}
    kit.docker("kill", "--signal", "KILL", victim)
    result = job.result()
    assert result["squares"] == sorted(number * number for number in range(24))
    assert sum(result["by"].values()) == 24
    stack.run("up")
    assert len(stack.ids("spark-worker")) == 2


def test_the_broker_is_restarted_in_a_stream(stack):
    name = topic("restart")
    job = stack.job("stream.py", name, NUMBERS)
    producer = KafkaProducer(bootstrap_servers="localhost:29092", delivery_timeout_ms=120000)
    sent = [producer.send(name, str(number).encode()) for number in range(NUMBERS // 3)]
    producer.flush()
    job.wait_for("streaming:")
    said = stack.run("kill", "kafka")
    assert "is killed" in said
    assert stack.ids("kafka") == []
    sent += [producer.send(name, str(number).encode()) for number in range(NUMBERS // 3, 2 * NUMBERS // 3)]
    stack.run("up")
    sent += [producer.send(name, str(number).encode()) for number in range(2 * NUMBERS // 3, NUMBERS)]
    producer.flush(120)
    producer.close()
    assert all(each.succeeded() for each in sent)
    assert job.result() == {"rows": NUMBERS, "distinct": NUMBERS, "sum": NUMBERS * (NUMBERS - 1) // 2}


def test_a_killed_database_comes_back_with_its_rows(stack):
    cursor = database().cursor()
    cursor.execute("create table survivors as select generate_series(1, 1000) as number")
    cursor.execute("select pg_create_logical_replication_slot('survivor', 'pgoutput')")
    stack.run("kill", "postgres")
    stack.run("up")
    cursor = database().cursor()
    cursor.execute("select count(*), sum(number) from survivors")
    assert cursor.fetchone() == (1000, 500500)
    cursor.execute("select pg_drop_replication_slot('survivor')")
    cursor.execute("drop table survivors")


def test_the_object_store_is_there_where_it_is_asked_for(stack):
    python = ("jupyter", "docker/service", "run", "python", "-c")
    said = stack.inside(*python, "import patternlab\ntry: patternlab.objectstore()\nexcept RuntimeError as said: print(said)")
    assert "does not answer" in said and "stack up --objectstore" in said
    stack.run("up", "--objectstore")
    try:
        said = stack.inside(*python, BUCKET, "write")
        assert "conditional [True, False]" in said and "rows 3 False" in said
        with pytest.raises(urllib.error.HTTPError, match="403"):            # it is reachable from the host, and asks for keys
            urllib.request.urlopen("http://localhost:8333/kept/name", timeout=10)
        stack.run("kill", "objectstore")
        stack.run("up", "--objectstore")
        assert "rows 3 False" in stack.inside(*python, BUCKET)
    finally:
        kit.compose("--profile", "objectstore", "rm", "--stop", "--force", "objectstore", capture_output=True)
