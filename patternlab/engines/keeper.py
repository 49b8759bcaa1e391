"""The keeper of warm spares, a process: `python -m patternlab.engines.keeper FOLDER HOW`; it ends with its standard input.

It starts Spark JVMs ahead, has a child program exercise each, lends them to kernels that ask, and takes them back. Its questions
come over the loopback, a JSON line each, with the secret of FOLDER/keeper.json. It knows no Spark: what is done in a JVM is done
by kernels and by the exercise.
"""
import contextlib
import json
import os
import secrets
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from . import kernels, place, spares, spark_jvm

MOST_HEAP = 600              # MB that a JVM's heap may hold after a collection: what its users leave adds up
NEED = 2600                  # MB that must be free before a spare is started: it takes 900, a notebook wants the rest
TICK = 0.1


@dataclass(frozen=True)
class How:
    """How many JVMs are kept ready, and how many there may be with those that kernels have; whether the first is started before
    a kernel asks, and the next on a busy machine too; the rounds of an exercise; after how many idle seconds the spares go, and
    after how many users a JVM."""

    keep: int = 1
    most: int = 4
    ahead: bool = True
    busy: bool = False
    rounds: int = 3
    idle: float = 600
    users: int = 5


class Jvm:
    """A JVM of the keeper: state is "starting", "in exercise", "ready" or "lent"; `hold` is the FIFO's end, None once lent."""

    def __init__(self, root: Path):
        self.home = Path(tempfile.mkdtemp(prefix="jvm-", dir=root))
        self.users, self.state, self.since, self.exercise = 0, "starting", time.monotonic(), None
        fifo = self.home / "hold"
        os.mkfifo(fifo, 0o600)
        read = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        self.hold = os.open(fifo, os.O_WRONLY)
        os.set_blocking(read, True)
        self.log = place.state("logs") / f"spark-spare-{os.getpid()}-{self.home.name[4:]}.log"
        self.process = spark_jvm.launch(self.home, spark_jvm.pooled_flags(), self.log, read)
        os.close(read)
        self.facts = {"pid": self.process.pid, "started": round(psutil.Process(self.process.pid).create_time(), 1),
                      "hold": str(fifo), "home": str(self.home), "log": str(self.log), "key": spark_jvm.spare_key()}

    def answers(self) -> bool:
        """Whether the JVM has said where its gateway is; then facts have port and secret."""
        if "port" not in self.facts and (self.home / "gateway").is_file():
            self.facts["port"], self.facts["secret"] = spark_jvm.gateway(self.home / "gateway")
            (self.home / "facts.json").write_text(json.dumps(self.facts))
        return "port" in self.facts

    def train(self, rounds: int) -> None:
        """Start the child program that exercises the JVM and leaves it clean."""
        self.state = "in exercise"
        # its standard input is ours: when the keeper is killed, the exercise ends with it
        self.exercise = subprocess.Popen([sys.executable, "-m", "patternlab.engines.exercise", str(self.home),
                                          str(rounds)], stdin=subprocess.PIPE, start_new_session=True,
                                         env=dict(os.environ, PATTERNLAB_SPARE="0"))

    def let_go(self) -> None:
        """Close our end of its FIFO: the JVM ends unless a kernel holds it."""
        if self.hold is not None:
            os.close(self.hold)
            self.hold = None

    def end(self) -> None:
        """End it for good, and remove what it had on disk."""
        if self.exercise is not None and self.exercise.poll() is None:
            self.exercise.kill()
            self.exercise.wait()
        self.let_go()
        self.process.kill()                                  # nobody uses it, so there is nothing to end politely
        self.process.wait()
        shutil.rmtree(self.home, ignore_errors=True)
        if self.log.exists() and self.log.stat().st_size == 0:
            self.log.unlink()


class Keeping:
    """The keeper's state: its JVMs, and what it does every tick and for every question."""

    def __init__(self, root: Path, how: How):
        self.root, self.how, self.jvms = root, how, []
        self.secret, self.load, self.failures, self.first = secrets.token_hex(16), [], 0, True
        self.asked = time.monotonic() if how.ahead else -how.idle        # when a spare was last wanted
        for home in root.glob("jvm-*"):      # what a killed keeper left; a JVM that a kernel still holds keeps its folder
            with contextlib.suppress(OSError, ValueError):
                if spares.alive(json.loads((home / "facts.json").read_text())):
                    continue
            shutil.rmtree(home, ignore_errors=True)

    def tick(self) -> None:
        self.load = [*self.load[-49:], psutil.cpu_percent()]
        for jvm in list(self.jvms):
            if jvm.process.poll() is not None:
                self.failures += jvm.state != "lent"
                self.drop(jvm)
            elif jvm.state == "starting" and jvm.answers():
                jvm.train(self.how.rounds)
            elif jvm.state == "in exercise" and jvm.exercise.poll() is not None:
                if jvm.exercise.returncode:
                    self.failures += 1
                    self.drop(jvm)
                else:
                    jvm.state, jvm.since = "ready", time.monotonic()
            elif jvm.state == "starting" and time.monotonic() - jvm.since > 90:
                self.failures += 1
                self.drop(jvm)
        spare, idle = self.spare(), time.monotonic() - self.asked > self.how.idle
        if len(spare) > (0 if idle else self.how.keep):          # the one that is least warm goes
            self.drop(min(spare, key=lambda jvm: (jvm.state == "ready", jvm.users)))
        elif len(spare) < self.how.keep and not idle and self.may_start():
            self.jvms.append(Jvm(self.root))

    def spare(self) -> list:
        return [jvm for jvm in self.jvms if jvm.state != "lent"]

    def may_start(self) -> bool:
        quiet = self.how.busy or self.first or len(self.load) == 50 and sum(self.load) / 50 < 40
        self.first = False
        return quiet and self.failures < 3 and len(self.jvms) < self.how.most and kernels.available() > NEED * 2**20

    def drop(self, jvm: Jvm) -> None:
        note(f"{jvm.facts['pid']} ends, {jvm.state} after {jvm.users} users")
        self.jvms.remove(jvm)
        jvm.end()

    def answer(self, asked: dict, line) -> None:
        """Answer one question on its line: claim, return, look, release."""
        reply = getattr(self, f"on_{asked['ask']}")(asked, line)
        if reply is not None:
            say(line, reply)

    def on_claim(self, asked: dict, line) -> "dict | None":
        self.asked = time.monotonic()
        fitting = [jvm for jvm in self.spare() if jvm.facts["key"] == asked["key"]]
        ready = [jvm for jvm in fitting if jvm.state == "ready"]
        if not ready:
            for jvm in fitting:
                if jvm.state == "in exercise":
                    (jvm.home / "wanted").touch()            # the exercise ends after its round
            return {"soon": bool(fitting) and not asked["last"]}
        jvm = max(ready, key=lambda jvm: jvm.users)
        told = ""
        with contextlib.suppress(OSError):                   # a kernel that is stopped here may go on later, and have it
            say(line, {"jvm": {**jvm.facts, "users": jvm.users}})
            told = line.readline()
        if told == "held\n":
            jvm.let_go()
            jvm.state, jvm.users = "lent", jvm.users + 1
            self.load = []                                   # the kernel works now: the next spare waits until it is quiet again
            note(f"{jvm.facts['pid']} goes to {asked['pid']}")
        else:
            self.drop(jvm)                                   # nobody knows what the kernel did with it

    def on_return(self, asked: dict, line) -> dict:
        for jvm in self.jvms:
            if jvm.facts["pid"] == asked["pid"] and jvm.state == "lent":
                break
        else:
            return {"held": False}
        note(f"{jvm.facts['pid']} comes back after {jvm.users} users, {asked['heap']} MB on its heap")
        if jvm.users >= self.how.users or asked["heap"] > MOST_HEAP or kernels.available() < NEED * 2**20 // 2:
            return {"held": False}
        jvm.hold = os.open(jvm.home / "hold", os.O_WRONLY | os.O_NONBLOCK)
        jvm.state, self.asked = "ready", time.monotonic()
        return {"held": True}

    def on_look(self, asked: dict, line) -> dict:
        return {"jvms": [{"pid": jvm.facts["pid"], "state": jvm.state, "users": jvm.users,
                          "megabytes": kernels.memory_held(jvm.facts["pid"])[1] >> 20} for jvm in self.jvms]}

    def on_release(self, asked: dict, line) -> dict:
        gone = self.spare()
        for jvm in gone:
            self.drop(jvm)
        self.asked = time.monotonic() - self.how.idle                 # none is started until one is asked for again
        return {"released": len(gone)}


def note(what: str) -> None:
    """A line of the keeper's log."""
    print(time.strftime("%H:%M:%S"), what, flush=True)


def say(line, answer: dict) -> None:
    line.write(json.dumps(answer) + "\n")
    line.flush()


def main(argv: list) -> int:
    """Keep spares in folder argv[0] until standard input closes; argv[1] is How as JSON."""
    root = Path(argv[0])
    keeping = Keeping(root, How(**json.loads(argv[1])))
    with socket.create_server(("127.0.0.1", 0)) as server:
        facts = {"pid": os.getpid(), "started": round(psutil.Process().create_time(), 1),
                 "port": server.getsockname()[1], "secret": keeping.secret}
        scratch = root / f"keeper.{os.getpid()}.tmp"
        scratch.touch(0o600)
        scratch.write_text(json.dumps(facts))
        os.replace(scratch, root / "keeper.json")
        try:
            serve(keeping, server)
        finally:
            with contextlib.suppress(OSError, ValueError):
                if json.loads((root / "keeper.json").read_text()) == facts:
                    (root / "keeper.json").unlink()
            for jvm in keeping.jvms:
                jvm.end() if jvm.state != "lent" else None
    return 0


def serve(keeping: Keeping, server) -> None:
    """Tick and answer until standard input closes."""
    while True:
        ready, _, _ = select.select([server, sys.stdin], [], [], TICK)
        if sys.stdin in ready and not os.read(0, 1024):
            return
        keeping.tick()
        if server in ready:
            connection, _ = server.accept()
            connection.settimeout(5)
            # one that hangs up, stays silent or talks nonsense must not end the keeper
            with connection, contextlib.suppress(OSError, ValueError, KeyError, AttributeError):
                with connection.makefile("rw", encoding="utf-8") as line:
                    asked = json.loads(line.readline())
                    if secrets.compare_digest(asked.pop("secret"), keeping.secret):
                        keeping.answer(asked, line)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
