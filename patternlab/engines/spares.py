"""A kernel's side of the warm spares: take one from the keeper, give it back, and see what the keeper has.

A spare is a Spark JVM that was started and exercised ahead. Its standard input is a FIFO, and it ends when nobody holds the other
end: who holds that owns the JVM, so no kill -9 can leave one behind. The keeper (keeper.py) holds it until a kernel does.
Nothing needs a spare: without a keeper, and on any doubt, a kernel starts a JVM of its own.
"""
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from . import environment, guard, place

PATIENCE = 10.0        # seconds that a kernel waits for a spare that is being exercised: a JVM of its own takes as long


def folder() -> Path:
    """Where the keeper of this kit has its facts and its JVMs' folders; PATTERNLAB_SPARES names another keeper's."""
    named = place.setting("SPARES")
    return Path(named) if named else place.state("spares")


def wanted() -> bool:
    """Whether spares are used here: not on the cluster, and not with PATTERNLAB_SPARE=0."""
    return place.stack() == "embedded" and place.setting("SPARE", "1") != "0" and hasattr(os, "mkfifo")


class Held:
    """A JVM that is no child of this process and lives as long as this process holds its FIFO (Popen's poll, kill, wait)."""

    def __init__(self, facts: dict, hold: int):
        self.facts, self.pid, self.stdin = facts, facts["pid"], os.fdopen(hold, "wb", buffering=0)

    def poll(self) -> "int | None":
        """None while the JVM runs, -1 afterwards (its code is its parent's to know)."""
        return None if alive(self.facts) else -1

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def wait(self, seconds: float) -> None:
        if not guard.wait_for(lambda: self.poll() is not None, seconds):
            raise subprocess.TimeoutExpired(f"the JVM {self.pid}", seconds)


def alive(facts: dict) -> bool:
    """Whether the process of `facts` (pid, started) runs; a zombie does not."""
    import psutil
    try:
        process = psutil.Process(facts["pid"])
        return round(process.create_time(), 1) == facts["started"] and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def claim(key: str, patience: float = PATIENCE) -> "Held | None":
    """A spare of that key for this process, None where there is none; waits up to `patience` seconds for one in exercise."""
    if not wanted():
        return None
    give_up = time.monotonic() + patience
    with contextlib.suppress(OSError, ValueError, KeyError):
        while True:
            with _asked(ask="claim", key=key, pid=os.getpid(), last=time.monotonic() > give_up) as (answer, line):
                if "jvm" in answer:
                    # held before it is told: from here on this process's death ends the JVM
                    held = Held(answer["jvm"], os.open(answer["jvm"]["hold"], os.O_WRONLY | os.O_NONBLOCK))
                    with contextlib.suppress(OSError):       # a keeper that is gone need not know
                        line.write("held\n")
                        line.flush()
                    return held
            if not answer.get("soon"):
                return None
            time.sleep(0.1)
    return None


def hand_back(held: Held, megabytes: int) -> bool:
    """Give a clean JVM back, whose heap holds `megabytes`; False where nobody takes it, and then it is the caller's to end."""
    with contextlib.suppress(OSError, ValueError):
        with _asked(ask="return", pid=held.pid, heap=megabytes) as (answer, _):
            if answer.get("held"):
                held.stdin.close()
                return True
    return False


def look(home: "Path | None" = None) -> list:
    """What a keeper (this kit's, or the one of folder `home`) has: dicts of pid, state ("starting", "in exercise", "ready",
    "lent"), users and megabytes; [] without a keeper."""
    with contextlib.suppress(OSError, ValueError):
        with _asked(home, ask="look") as (answer, _):
            return answer["jvms"]
    return []


def ready(home: Path, seconds: float, but=()) -> "dict | None":
    """What `look` says of a JVM that is ready, other than those with a pid in `but`; None where there is none in time."""
    found = []

    def there() -> bool:
        found[:] = [jvm for jvm in look(home) if jvm["state"] == "ready" and jvm["pid"] not in but]
        return bool(found)
    return found[0] if guard.wait_for(there, seconds, 0.1) else None


def release() -> int:
    """Ask the keeper to end the spares that nobody uses, because memory is short; how many it ends."""
    with contextlib.suppress(OSError, ValueError):
        with _asked(ask="release") as (answer, _):
            return answer["released"]
    return 0


@contextlib.contextmanager
def _asked(home: "Path | None" = None, **question):
    """(the keeper's answer to one question, the open line to it); OSError or ValueError where no keeper answers in 3 s."""
    facts = json.loads(((home or folder()) / "keeper.json").read_text())
    if not alive(facts):
        raise OSError("the keeper is gone")
    with socket.create_connection(("127.0.0.1", facts["port"]), timeout=3) as connection:
        with connection.makefile("rw", encoding="utf-8") as line:
            line.write(json.dumps({"secret": facts["secret"], **question}) + "\n")
            line.flush()
            yield json.loads(line.readline()), line


class Keeper:
    """Runs a keeper as long as this object is open (or this process lives): `with Keeper(folder): ...`, or `close()`."""

    def __init__(self, home: Path, keep: int = 1, **how):
        """Keep `keep` JVMs warm in folder `home`; `how` are further fields of keeper.How."""
        home.mkdir(parents=True, exist_ok=True)
        with open(place.state("logs") / "keeper.log", "ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "patternlab.engines.keeper", str(home), json.dumps({"keep": keep, **how})],
                stdin=subprocess.PIPE, stdout=out, stderr=out, env=environment.child(PYTHONPATH=environment.modules()),
                start_new_session=True, cwd=place.ROOT)    # not where `start` was typed: -m looks for modules there
        self.pid = self._process.pid

    def close(self) -> None:
        """End the keeper and every JVM that nobody else holds."""
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *failed):
        self.close()
