"""PostgreSQL and Connect as real processes: password, loopback, kill -9, restart, paths with spaces, slots, error sentences."""
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil
import psycopg2
import pytest
from processes import gone

from patternlab.engines import connect, kafka, place, postgres

CHILD = """
import sys, time
from patternlab.engines import connect, kafka, postgres
source = postgres.start()
pids, ports = [source.pid], [source.port]
if "connect" in sys.argv:
    broker = kafka.Kafka()
    worker = connect.start(broker.bootstrap)
    pids += [broker.pid, worker.pid]
    ports += [int(worker.url.rsplit(":", 1)[1])]
print("READY", source.dsn, *pids, *ports, flush=True)
time.sleep(600)
"""


def kernel(state: Path, *arguments):
    """A child like a kernel, with engines of its own: (process, dsn, pids and ports as integers)."""
    environment = dict(os.environ, PYTHONPATH=str(place.ROOT), PATTERNLAB_STATE=str(state))
    child = subprocess.Popen([sys.executable, "-c", CHILD, *arguments], env=environment, stdout=subprocess.PIPE, text=True)
    for line in child.stdout:
        if line.startswith("READY"):
            _, dsn, *numbers = line.split()
            return child, dsn, list(map(int, numbers))
    raise AssertionError(f"the child ended with {child.wait()} before its engines were ready")


def ask(dsn: str, query: str, *values):
    connection = psycopg2.connect(dsn, connect_timeout=5)
    connection.autocommit = True
    try:
        cursor = connection.cursor()
        cursor.execute(query, values)
        return cursor.fetchall() if cursor.description else None
    finally:
        connection.close()


@pytest.fixture(scope="module")
def source():
    yield postgres.start()
    postgres._end()


@pytest.fixture(scope="module")
def broker():
    broker = kafka.Kafka()
    yield broker
    broker.stop()


@pytest.fixture(scope="module")
def worker(broker):
    yield connect.start(broker.bootstrap)
    connect._end()


def debezium(source, **more) -> dict:
    return {"connector.class": "io.debezium.connector.postgresql.PostgresConnector", "plugin.name": "pgoutput",
            "database.hostname": source.host, "database.port": source.port, "database.user": source.user,
            "database.password": source.password, "database.dbname": source.database, "topic.prefix": source.database,
            "table.include.list": "public.board", "slot.name": "board", "publication.name": "board",
            "publication.autocreate.mode": "filtered", "poll.interval.ms": 50, **more}


# --- PostgreSQL -----------------------------------------------------------------------------------------------------
def test_one_server_per_kernel_that_decodes(source):
    assert postgres.start() is source
    assert ask(source.dsn, "show wal_level") == [("logical",)]
    assert ask(source.dsn, "show synchronous_commit") == [("on",)]
    assert ask(source.dsn, "select current_database()") == [(source.database,)]


def test_sql_answers_in_frames_and_commits(source):
    assert source.sql("create table said (n int, text text)").empty
    assert source.sql("insert into said values (%s, %s) returning n", 1, "5 % 3 ' --").n.tolist() == [1]
    assert ask(source.dsn, "select text from said") == [("5 % 3 ' --",)], "another session sees it"
    assert source.sql("select n, 5 % 3 as rest from said").to_dict("records") == [{"n": 1, "rest": 2}]
    assert list(source.sql("select * from said where n = %s", 7).columns) == ["n", "text"]
    source.sql("drop table said")


def test_password_is_needed(source):
    for dsn in (source.dsn.replace(f":{source.password}@", "@"), source.dsn.replace(source.password, "guess")):
        with pytest.raises(psycopg2.OperationalError, match="password"):
            psycopg2.connect(dsn, passfile="/nonexistent")


def test_listens_on_loopback_only(source):
    listening = [c.laddr for c in psutil.Process(source.pid).net_connections("inet") if c.status == psutil.CONN_LISTEN]
    assert {address.ip for address in listening} == {"127.0.0.1"} and {address.port for address in listening} == {source.port}


def test_kill_and_restart_keep_what_was_committed(source):
    ask(source.dsn, "create table kept (n int)")
    ask(source.dsn, "insert into kept select generate_series(1, 1000)")
    assert source.kill() is True
    with pytest.raises(psycopg2.OperationalError) as refused:
        ask(source.dsn, "select 1")
    assert "postgres().restart()" in postgres.explain(refused.value)
    source.restart()
    assert ask(source.dsn, "select count(*) from kept") == [(1000,)]


def test_a_stray_slot_holds_the_log_back_and_empty_drops_it(source):
    ask(source.dsn, "select pg_create_logical_replication_slot('stray', 'pgoutput')")
    ask(source.dsn, "create table noise as select n, repeat('x', 900) as filler from generate_series(1, 20000) n")
    ask(source.dsn, "select pg_switch_wal()")
    ask(source.dsn, "checkpoint")
    held, = ask(source.dsn, "select pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) from pg_replication_slots")[0]
    before, = ask(source.dsn, "select sum(size) from pg_ls_waldir()")[0]
    assert held > 16_000_000
    source.empty()
    ask(source.dsn, "checkpoint")
    assert ask(source.dsn, "select count(*) from pg_replication_slots") == [(0,)]
    assert ask(source.dsn, "select count(*) from pg_tables where schemaname = 'public'") == [(0,)]
    oldest, = ask(source.dsn, "select min(name) from pg_ls_waldir() where name ~ '^[0-9A-F]{24}$'")[0]
    current, = ask(source.dsn, "select pg_walfile_name(pg_current_wal_lsn())")[0]
    assert before > 16_000_000 and oldest >= current, "the checkpoint gave the segments back that the slot held"


def test_a_slot_in_use_is_explained(source):
    from psycopg2.extras import LogicalReplicationConnection
    source.empty()
    ask(source.dsn, "create publication everything for all tables")
    readers = [psycopg2.connect(source.dsn, connection_factory=LogicalReplicationConnection).cursor() for _ in range(2)]
    readers[0].create_replication_slot("mine", output_plugin="pgoutput")
    options = {"proto_version": "1", "publication_names": "everything"}
    readers[0].start_replication(slot_name="mine", options=options)
    with pytest.raises(psycopg2.Error) as refused:
        readers[1].start_replication(slot_name="mine", options=options)
    assert postgres.explain(refused.value).startswith("The slot is in use")
    for reader in readers:
        reader.connection.close()
    source.empty()


def test_a_slot_left_too_long_is_explained(source):
    source.empty()
    ask(source.dsn, "alter system set max_slot_wal_keep_size = '16MB'")
    ask(source.dsn, "select pg_reload_conf()")
    try:
        ask(source.dsn, "select pg_create_logical_replication_slot('forgotten', 'pgoutput')")
        for round in range(3):
            ask(source.dsn, f"create table noise{round} as select n, repeat('x', 900) as filler from generate_series(1, 30000) n")
            ask(source.dsn, "checkpoint")
        assert ask(source.dsn, "select wal_status from pg_replication_slots") == [("lost",)]
        with pytest.raises(psycopg2.Error) as refused:
            ask(source.dsn, "select count(*) from pg_logical_slot_get_binary_changes("
                              "'forgotten', null, null, 'proto_version', '1', 'publication_names', 'p')")
        assert "take a new snapshot" in postgres.explain(refused.value)
    finally:
        ask(source.dsn, "alter system reset max_slot_wal_keep_size")
        ask(source.dsn, "select pg_reload_conf()")
        source.empty()


def test_the_three_ways_to_run(tmp_path):
    """Root drops to an account, or uses a user namespace where that account can't reach the folder; a user runs it itself."""
    program = postgres._program("postgres")
    if os.geteuid():
        assert postgres.run_as(program, tmp_path) == ([], {})
        return
    open_folder = Path("/tmp") / f"patternlab-test-{os.getpid()}"
    closed = open_folder / "closed"
    closed.mkdir(parents=True, mode=0o700)
    open_folder.chmod(0o711)
    (closed / "inside").mkdir()
    try:
        before, account = postgres.run_as(program, open_folder)
        assert before == [] and account["user"] == 65534
        before, account = postgres.run_as(program, closed / "inside")
        assert "--user" in before and account == {}
        server = postgres.Embedded(closed / "inside")
        assert ask(server.dsn, "select 1") == [(1,)]
        server._process.stop()
        # what a normal user does, done by a normal user: the whole start in a child that has given up root
        script = "import os; os.setgroups([]); os.setgid(65534); os.setuid(65534)\n" \
                 "from patternlab.engines import postgres\nserver = postgres.start()\n" \
                 "assert postgres.run_as(postgres._program('postgres'), server._folder) == ([], {})\nprint(server.port)"
        mine = open_folder / "mine"
        mine.mkdir()
        os.chown(mine, 65534, 65534)
        environment = dict(os.environ, PYTHONPATH=os.pathsep.join([str(place.ROOT), *filter(None, sys.path)]),
                           PATTERNLAB_STATE=str(mine), HOME=str(mine))
        done = subprocess.run([_readable_python(), "-c", script], env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0 and int(done.stdout), done.stderr
    finally:
        import shutil
        shutil.rmtree(open_folder)


def _readable_python() -> str:
    """A Python of this version that every account may read: ours, or the system's where ours lies in root's home."""
    here = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    for python in (sys.executable, f"/usr/bin/{here}", f"/usr/local/bin/{here}"):
        if postgres._ends_well([python, "-c", "import ctypes"], user=65534, group=65534, extra_groups=[]):
            return python
    raise AssertionError(f"no {here} that an account without rights can run: put the environment where all may read it")


def test_a_busy_port_is_said(source, tmp_path):
    import socket
    folder = Path("/tmp") / f"patternlab-busy-{os.getpid()}"
    folder.mkdir()
    folder.chmod(0o711)
    server = postgres.Embedded(folder)
    server._process.stop()
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)      # closed connections of the server still linger there
        taken.bind(("127.0.0.1", server.port))
        taken.listen()
        with pytest.raises(postgres.PostgresProblem, match=f"port {server.port} is busy"):
            server._start(server.port)
    server.stop()


def test_path_with_spaces_second_kernel_and_kill_9(source, tmp_path):
    """A second kernel in a state folder with spaces and another letter, next to this one; its SIGKILL leaves nothing of it."""
    state = Path("/tmp") / f"pattern lab {os.getpid()} ü"
    (state / "jars").parent.mkdir()
    (state / "jars").symlink_to(place.state("jars"))
    child, dsn, numbers = kernel(state, "connect")
    pids, ports = numbers[:3], numbers[3:]
    try:
        assert ask(dsn, "select 1") == [(1,)] and ask(source.dsn, "select 1") == [(1,)]
        with urllib.request.urlopen(f"http://127.0.0.1:{ports[-1]}/connector-plugins", timeout=10) as plugins:
            assert b"PostgresConnector" in plugins.read(), "Connect finds Debezium on such a path"
        assert int(re.search(r":(\d+)/", dsn)[1]) != source.port
        family = {process.pid for process in psutil.Process(child.pid).children(recursive=True)} | set(pids)
        assert len(family) >= 6
        child.send_signal(signal.SIGKILL)
        child.wait()
        assert gone(family, seconds=10) == []
        listening = {c.laddr.port for c in psutil.net_connections("inet") if c.status == psutil.CONN_LISTEN}
        assert not listening & set(ports)
    finally:
        child.kill()
        child.stdout.close()
        import shutil
        shutil.rmtree(state)


# --- Connect --------------------------------------------------------------------------------------------------------
def test_captures_through_a_kill(source, broker, worker):
    source.empty()
    ask(source.dsn, "create table board (key int primary key, status text)")
    ask(source.dsn, "insert into board select n, 'scheduled' from generate_series(1, 100) n")
    topic = broker.topic(f"{source.database}.public.board")
    worker.put("board", debezium(source))
    assert worker.wait("board")["reason"] == ""
    assert ends(broker, topic, 100)
    assert worker.kill() is True
    ask(source.dsn, "update board set status = 'gone'")
    with pytest.raises(connect.ConnectProblem, match="restart"):
        worker.status("board")
    worker.restart()
    worker.wait("board")
    assert ends(broker, topic, 200), "the connector goes on where it was, under the name that it had"
    worker.delete("board")
    assert worker.status("board")["connector"] == "MISSING"
    source.empty()


def ends(broker, topic, count, seconds=20) -> bool:
    end = time.time() + seconds
    while time.time() < end and sum(broker.end_offsets(topic).values()) < count:
        time.sleep(0.1)
    return sum(broker.end_offsets(topic).values()) >= count


def test_rest_on_loopback_only(worker):
    assert worker.url.startswith("http://127.0.0.1:")
    listening = {c.laddr.ip for c in psutil.Process(worker.pid).net_connections("inet") if c.status == psutil.CONN_LISTEN}
    assert {ip.removeprefix("::ffff:") for ip in listening} == {"127.0.0.1"}


def test_a_refused_configuration_gives_connects_own_reason(source, worker):
    with pytest.raises(connect.ConnectProblem, match='database "nowhere" does not exist'):
        worker.put("wrong", debezium(source, **{"database.dbname": "nowhere"}))


def test_a_failed_connector_gives_its_own_reason(source, broker, worker):
    """Two connectors on one slot: the second fails, and the sentence says that the slot is in use."""
    source.empty()
    ask(source.dsn, "create table board (key int primary key, status text)")
    broker.topic(f"{source.database}.public.board")
    worker.put("first", debezium(source))
    worker.wait("first")
    end = time.time() + 20
    while time.time() < end and ask(source.dsn, "select active from pg_replication_slots") != [(True,)]:
        time.sleep(0.1)
    once = {"topic.prefix": "second", "slot.max.retries": 1, "slot.retry.delay.ms": 100, "errors.max.retries": 0}
    worker.put("second", debezium(source, **once))
    with pytest.raises(connect.ConnectProblem, match="The connector second failed: .*slot is in use"):
        worker.wait("second", "STOPPED", 40)
    for name in ("first", "second"):
        worker.delete(name)
    source.empty()


def test_the_sentences_for_what_a_connector_says():
    trace = "org.apache.kafka.connect.errors.ConnectException: outer\n\tat a.b\nCaused by: org.postgresql.util.PSQLException: " \
            'ERROR: replication slot "board" is active for PID 77\n\tat c.d'
    assert connect._reason(trace) == 'ERROR: replication slot "board" is active for PID 77.'
    assert "slot is in use" in connect._advice(connect._reason(trace))
    assert "holds the log back" in postgres.explain("could not write to file: No space left on device")
    assert postgres.explain("something else") is None
