"""Instances of functions, real processes: they start, answer, say what is wrong with a file, and end, whoever is killed."""
import os
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest
from cloudevents.http import CloudEvent
from processes import gone

from patternlab import instance, instances
from patternlab.engines import functions, guard, place

HANDLER = """
import os, time
import functions_framework

@functions_framework.cloud_event
def handle(event):
    if event.data.get("ends"):
        os.kill(os.getpid(), 9)
    time.sleep(event.data.get("sleeps", 0))
    print("delay", float(event.data["delay"]), os.environ.get("COLOUR"), event["id"], flush=True)
"""


def event(**data):
    return CloudEvent({"type": "departed", "source": "/test", "id": "UA/1"}, {"delay": 3, **data})


@pytest.fixture()
def file(tmp_path):
    path = tmp_path / "a folder ü" / "main.py"
    path.parent.mkdir()
    path.write_text(HANDLER)
    yield path
    functions.stop()


def test_done_failed_and_died(file):
    with instance(file, "handle", COLOUR="blue") as worker:
        assert instances() == [worker] and worker.alive() and str(worker.port) in repr(worker)
        assert [worker.post(event()), worker.post(event(delay="soon")), worker.post(event())] == ["done", "failed", "done"]
        log = worker.log.read_text()
        assert "could not convert string to float: 'soon'" in log, "what the function raised is in its log"
        assert worker.post(event(ends=True)) == "died"
        assert not worker.alive() and instances() == []
        with pytest.raises(functions.FunctionProblem, match="was ended, so it can't be called. Start another one"):
            worker.post(event())
    assert gone([worker.pid], [worker.port]) == []


def test_settings_reach_the_function(file):
    with instance(file, "handle", COLOUR="blue") as worker:
        assert worker.post(event()) == "done"
    assert "delay 3.0 blue UA/1" in worker.log.read_text()


def test_one_that_does_not_answer_in_time_is_killed(file):
    with instance(file, "handle") as worker:
        assert worker.post(event(sleeps=30), seconds=0.5) == "died"
        assert gone([worker.pid], [worker.port]) == []


def test_stop_and_kill_leave_no_process_no_port_and_no_file(file):
    for end in ("stop", "kill"):
        worker = instance(file, "handle")
        guard = worker._process._guard.pid
        getattr(worker, end)()
        assert gone([worker.pid, guard], [worker.port]) == [] and instances() == []
        assert not worker._told.exists() and "ended" in repr(worker)
        getattr(worker, end)()                             # twice is no error


def test_only_this_machine_and_no_proxy(file, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    with instance(file, "handle") as worker:
        assert worker.post(event()) == "done"
        listening = {c.laddr.ip for c in psutil.Process(worker.pid).net_connections() if c.status == psutil.CONN_LISTEN}
        assert listening == {"127.0.0.1"}


@pytest.mark.parametrize("code, said", [
    ("def handle(:\n", r"SyntaxError: invalid syntax \(line 1\)\. Mend it, write the file again"),
    ("import nothing_of_that_name\n", "ModuleNotFoundError: No module named 'nothing_of_that_name'"),
    ("x = 1\n", "can't be served: MissingTargetException: .* function named 'handle'"),
    ("\nraise ValueError('no database')\n", r"ValueError: no database \(line 2\)\."),
    ("import os\nos.environ['DSN']\n", r"KeyError: 'DSN' \(line 2\)\."),
    ("import psycopg2\npsycopg2.connect('postgresql://x@127.0.0.1:1/x')\n", r"connection to server at .* failed: .*\."),
    ("import os\nos._exit(3)\n", "it ended without a word")])
def test_a_file_that_cannot_be_served_says_why(file, code, said):
    file.write_text(code)
    with pytest.raises(functions.FunctionProblem, match=said):
        instance(file, "handle")
    assert instances() == []


def test_a_file_that_is_not_there_and_one_that_never_serves(file, monkeypatch):
    with pytest.raises(functions.FunctionProblem, match="There is no file .*nowhere.py: write the function into it "
                                                        "first"):
        instance(file.with_name("nowhere.py"), "handle")
    file.write_text("import time\ntime.sleep(60)\n")
    monkeypatch.setattr(functions, "STARTS", 0.5)
    with pytest.raises(functions.FunctionProblem, match="handle of main.py can't be served"):
        instance(file, "handle")
    assert instances() == []


def test_without_memory_none_starts(file, monkeypatch):
    monkeypatch.setattr(functions, "MEGABYTES", 10 ** 9)
    with pytest.raises(MemoryError, match="An instance of a function needs"):
        instance(file, "handle")


def test_whoever_is_interrupted_as_it_starts_leaves_no_instance(file, monkeypatch):
    monkeypatch.setattr(guard, "_GUARD", "import time\ntime.sleep(0.5)\n" + guard._GUARD)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)      # where two tests run at a time, it is ignored
    try:
        threading.Timer(0.25, signal.pthread_kill, [threading.main_thread().ident, signal.SIGINT]).start()
        with pytest.raises(KeyboardInterrupt):
            instance(file, "handle")
    finally:
        signal.signal(signal.SIGINT, before)
    time.sleep(1)                                          # the guard starts it now
    left = [other for other in psutil.process_iter() if str(file) in _words(other)]
    assert psutil.wait_procs(left, 5)[1] == [] and instances() == []


def _words(process) -> list:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


OWNER = """
import sys, time
from patternlab import instance
workers = [instance(sys.argv[1], "handle") for _ in range(2)]
print(*[number for worker in workers for number in (worker.pid, worker._process._guard.pid, worker.port)], flush=True)
"""


@pytest.mark.parametrize("end", ["kill -9", "an exception", "its normal end"])
def test_whoever_is_killed_no_instance_is_left(file, end):
    code = OWNER + {"kill -9": "time.sleep(600)", "an exception": "raise ValueError", "its normal end": ""}[end]
    owner = subprocess.Popen([sys.executable, "-c", code, str(file)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                             text=True, env={**os.environ, "PYTHONPATH": str(place.ROOT)})
    numbers = list(map(int, owner.stdout.readline().split()))
    pids, ports = [*numbers[0::3], *numbers[1::3]], numbers[2::3]
    assert len(pids) == 4
    if end == "kill -9":
        owner.send_signal(signal.SIGKILL)
    owner.wait(30)
    owner.stdout.close()
    assert gone(pids, ports, seconds=10) == []
