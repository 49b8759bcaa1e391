"""Fixtures for the stack's tests: a stack that runs, commands in its containers, and the memory that it holds.

These tests work on the checkout they lie in and remove its stack's volumes at the end: .ci/stack/run gives them a copy.
"""
import json
import logging
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
JOBS = Path(__file__).with_name("jobs")
TOP, ESCAPES = "\x1b[H", re.compile(r"\x1b\[[0-9;]*[A-Za-z]")          # `docker stats` writes each sample over the one before
sys.path.insert(0, str(ROOT))

from patternlab.commands import stack as kit  # noqa: E402  (the kit is found by the line above)


# brokers are killed here, and the client says thousands of lines about it
logging.getLogger("kafka").setLevel(logging.CRITICAL)


class Stack:
    """The stack of this checkout, from the host, as a person uses it."""

    def __init__(self):
        self.up_seconds = 0.0

    def run(self, *arguments, expect: int = 0, timeout: float = 900) -> str:
        """`kit.py stack ...`: its output (both streams); fails unless it ends with `expect`."""
        done = subprocess.run([sys.executable, "kit.py", "stack", *arguments], cwd=ROOT, text=True, timeout=timeout,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert done.returncode == expect, done.stdout[-6000:]
        return done.stdout

    def up(self, *arguments) -> float:
        started = time.monotonic()
        self.run("up", *arguments)
        return time.monotonic() - started

    def inside(self, service: str, *command, timeout: float = 300, stdin: str = "") -> str:
        """What `command` prints in a service's container; fails where it does."""
        done = kit.compose("exec", "-T", service, *command, check=False, text=True, timeout=timeout, input=stdin,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert done.returncode == 0, done.stdout[-6000:]
        return done.stdout

    def job(self, name: str, *arguments):
        """Start a job of jobs/ in the jupyter container: a Job whose lines can be awaited."""
        return Job(name, arguments)

    def ids(self, service: str) -> list:
        return sorted(each["ID"] for each in kit.containers()
                      if (each["Service"], each["State"]) == (service, "running"))

    def memory(self) -> dict:
        """{container: megabytes} now, as `docker stats` counts them."""
        running = [each["ID"] for each in kit.containers() if each["State"] == "running"]
        rows = kit.docker("stats", "--no-stream", "--format", "{{.Name}}\t{{.MemUsage}}", *running)
        return {name: megabytes(used) for name, used in (line.split("\t") for line in rows.splitlines())}


class Job:
    """A job that runs in the jupyter container while the test does something else."""

    def __init__(self, name, arguments):
        self.process = subprocess.Popen(
            ["docker", "compose", "exec", "-T", "jupyter", "docker/service", "run", "python", "-u",
             f"tests/compose/jobs/{name}", *map(str, arguments)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)
        self.lines, self._new = [], threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            with self._new:
                self.lines.append(line.rstrip("\n"))
                self._new.notify_all()
        with self._new:
            self.lines.append(None)
            self._new.notify_all()

    def go_on(self) -> None:
        """Tell the job a line."""
        print(file=self.process.stdin, flush=True)

    def wait_for(self, start: str, seconds: float = 180) -> str:
        """The job's first line that begins with `start`; fails when the job ends or `seconds` pass without one."""
        def found():
            return next((line for line in self.lines if line and line.startswith(start)), None)
        with self._new:
            self._new.wait_for(lambda: found() or None in self.lines, seconds)
        assert found(), "\n".join(filter(None, self.lines))[-6000:]
        return found()

    def result(self, seconds: float = 300) -> dict:
        """The JSON of the job's last line, after it has ended well."""
        assert self.process.wait(seconds) == 0, "\n".join(filter(None, self.lines))[-6000:]
        return json.loads(self.wait_for("result: ", 10).removeprefix("result: "))


def megabytes(text: str) -> float:
    """The used part of what `docker stats` prints: '188.5MiB / 768MiB' is 188.5."""
    used = text.split("/")[0].strip()
    unit = next(each for each in ("GiB", "MiB", "KiB", "B") if used.endswith(each))
    return float(used.removesuffix(unit)) * {"GiB": 1024, "MiB": 1, "KiB": 1 / 1024, "B": 1 / 1024**2}[unit]


@pytest.fixture(scope="session")
def stack():
    """The stack, up and healthy. At the end of all tests it is taken down with its volumes."""
    running = Stack()
    running.up_seconds = running.up()       # quick where .ci/stack/run has brought it up
    yield running
    running.run("down", "--volumes")


@pytest.fixture()
def watched(stack):
    """Samples of the containers' memory, {name: megabytes}, taken all the time while a test runs."""
    # one client for the whole test: to start one for each sample costs a tenth of a core, which the notebooks need
    stream = subprocess.Popen(["docker", "stats", "--format", "{{.Name}}\t{{.MemUsage}}"], text=True, stdout=subprocess.PIPE)
    ours, samples = {each["Name"] for each in kit.containers()}, []

    def read():
        sample = {}
        for line in stream.stdout:
            if TOP in line and sample:
                samples.append(sample)
                sample = {}
            name, _, used = ESCAPES.sub("", line.strip()).partition("\t")
            if name in ours and not used.startswith("--"):           # --: it has not been looked at yet
                sample[name] = megabytes(used)
    reader = threading.Thread(target=read)
    reader.start()
    yield samples
    stream.terminate()
    stream.wait()
    reader.join(30)
