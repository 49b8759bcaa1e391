"""The object store as a real process, and the wheel that brings it: conditions, keys, kill -9, restart, refusals in sentences."""
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from kits import JARS, wheel
from processes import gone

from patternlab.commands import doctor, fetch
from patternlab.engines import network, objectstore, place, s3, wheels

CHILD = """
import time
from patternlab import objectstore
store = objectstore()
assert objectstore() is store and store.put(store.bucket("lake") + "/name", "mine") and store.get("s3://lake/name") == b"mine"
print("READY", store.pid, *store._ports, flush=True)
time.sleep(600)
"""


def kernel():
    """A child like a kernel, with a store of its own: (process, the store's pid, its ports)."""
    child = subprocess.Popen([sys.executable, "-c", CHILD], env={**os.environ, "PYTHONPATH": str(place.ROOT)}, text=True,
                             stdout=subprocess.PIPE)
    for line in child.stdout:
        if line.startswith("READY"):
            pid, *ports = map(int, line.split()[1:])
            return child, pid, ports
    raise AssertionError(f"the child ended with {child.wait()} before its store was ready")


@pytest.fixture(scope="module")
def store():
    own = objectstore.start()
    yield own
    own.stop()
    assert gone([own.pid], own._ports) == [] and not sockets(own._ports)


def sockets(ports) -> list:
    return [file for port in ports for file in Path("/tmp").glob(f"seaweedfs-*-{port}.sock")]


# --- the store ----------------------------------------------------------------------------------------------------------
def test_a_put_replaces_and_a_conditional_put_does_not(store):
    lake = store.bucket("lake")
    name = f"{lake}/a name/with Zürich + 100 %.json"
    assert lake == "s3://lake" and store.put(name, "first") and store.put(name, b"second") and store.get(name) == b"second"
    assert store.put(name, "third", only_if_new=True) is False and store.get(name) == b"second"
    assert store.put(f"{lake}/new", "", only_if_new=True) is True and store.get(f"{lake}/new") == b""
    assert store.keys(lake) == ["a name/with Zürich + 100 %.json", "new"]
    assert store.keys(f"{lake}/a name") == ["with Zürich + 100 %.json"]
    with pytest.raises(KeyError, match="no object s3://lake/nothing"):
        store.get(f"{lake}/nothing")
    with pytest.raises(ValueError, match="must be like 's3://bucket/key'"):
        store.get("/lake/new")
    assert store.keys(store.bucket("lake")) == [], "bucket() makes an empty bucket"


def test_more_names_than_one_answer_holds(store):
    many = store.bucket("many")
    names = [f"{number:04}" for number in range(1005)]
    for name in names:
        store.put(f"{many}/{name}", "")
    assert store.keys(many) == names and store.keys(store.bucket("many")) == []


def test_it_asks_for_keys_and_listens_on_loopback_only(store):
    for key, secret in ((objectstore.KEY, "guess"), ("somebody", "guess")):
        with pytest.raises(s3.Refused) as refused:
            s3.Client(store.endpoint, key, secret).ask("GET", "lake")
        assert refused.value.status == 403
    listening = [c.laddr for c in psutil.Process(store.pid).net_connections("inet") if c.status == psutil.CONN_LISTEN]
    assert {address.ip for address in listening} == {"127.0.0.1"} and {address.port for address in listening} == set(store._ports)


def test_what_was_stored_is_there_after_a_kill(store):
    kept = f"{store.bucket('kept')}/object"
    store.put(kept, "x" * 100_000)
    pid = store.pid
    assert store.kill() is True and gone([pid], store._ports) == []
    with pytest.raises(OSError):
        store.get(kept)
    store.restart()
    assert store.get(kept) == b"x" * 100_000 and store.pid != pid


def test_two_at_once_and_a_kill_of_the_kernel_leaves_nothing():
    first, second = kernel(), kernel()
    try:
        assert not set(first[2]) & set(second[2])
    finally:
        for child, *_ in (first, second):
            child.send_signal(signal.SIGKILL)
            child.wait()
    for _, pid, ports in (first, second):
        assert gone([pid], ports) == [] and sockets(ports) == []


def test_a_store_of_the_stack_that_is_not_there_is_a_sentence(monkeypatch):
    monkeypatch.setenv("PATTERNLAB_OBJECTSTORE", "http://lab:secret@127.0.0.1:1")
    with pytest.raises(objectstore.StoreProblem, match=r"http://127.0.0.1:1.* does not answer.* stack up --objectstore") as said:
        objectstore.start()
    assert "secret" not in str(said.value)


def test_the_stacks_store_is_used_and_not_killed(store, monkeypatch, capsys):
    keys = f"{store.options['AWS_ACCESS_KEY_ID']}:{store.options['AWS_SECRET_ACCESS_KEY']}"
    monkeypatch.setenv("PATTERNLAB_OBJECTSTORE", store.endpoint.replace("//", f"//{keys}@"))
    other = objectstore.start()
    assert other.options == store.options and other.put(f"{other.bucket('theirs')}/x", "y") and other.kill() is False
    assert "is not killed from here" in capsys.readouterr().out and store.get("s3://theirs/x") == b"y"


# --- the wheel that brings it ---------------------------------------------------------------------------------------------
@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """A wheel `tiny` on a stick, in a lock of its own; nothing is there yet. The stick's folder."""
    stick = tmp_path / "stick"
    (tmp_path / "lock").write_text(f"# of a test\n{wheel(stick / 'wheels', '1.0')}")
    monkeypatch.setattr(wheels, "LOCK", tmp_path / "lock")
    monkeypatch.setenv("PATTERNLAB_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("PATTERNLAB_FROM", str(stick))
    return stick


def test_a_wheel_is_brought_once(tiny, capsys):
    assert not wheels.here("tiny") and "tiny" in re.search("([^;]*) not fetched", doctor.optional())[1]
    home = wheels.bring("tiny")
    assert (home / "tiny.py").exists() and "Fetching tiny-1.0" in capsys.readouterr().out
    assert wheels.bring("tiny") == home and capsys.readouterr().out == ""
    assert "tiny" in re.match("([^;]*) fetched, in", doctor.optional())[1]
    assert not list(place.state("scratch").iterdir()), "nothing half done is left"
    wheels.download("tiny", tiny / "again")
    assert [file.name for file in (tiny / "again").iterdir()] == ["tiny-1.0-py3-none-any.whl"]


def refused() -> str:
    with pytest.raises(wheels.WheelProblem) as problem:
        wheels.bring("tiny")
    assert not wheels.here("tiny") and not list(place.state("scratch").iterdir())
    said = str(problem.value)
    assert "\n" not in said and said.endswith(".")
    return said


def test_a_wheel_with_another_checksum_is_refused(tiny):
    wheels.LOCK.write_text(re.sub(r"sha256:\w{4}", "sha256:0000", wheels.LOCK.read_text()))
    assert refused().startswith("The checksum of tiny is not one of those in wheels.lock")


def test_a_stick_without_the_wheel(tiny):
    next((tiny / "wheels").iterdir()).unlink()
    assert f"{tiny} (PATTERNLAB_FROM) has no tiny for this system" in refused()


def test_a_system_without_the_wheel(tiny, monkeypatch):
    monkeypatch.delenv("PATTERNLAB_FROM")
    file = next((tiny / "wheels").iterdir())
    file.rename(file.with_name("tiny-1.0-py3-none-win_arm64.whl"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tiny / "wheels"))
    assert "tiny 1.0 is not published for this system" in refused()


def test_no_network(tiny, monkeypatch):
    monkeypatch.delenv("PATTERNLAB_FROM")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    for name, value in {"PIP_INDEX_URL": "http://127.0.0.1:1/simple", "PIP_RETRIES": "0", "PIP_CONFIG_FILE": os.devnull}.items():
        monkeypatch.setenv(name, value)
    assert refused().startswith("No network: tiny can't be fetched")
    monkeypatch.setattr(network, "DOWN", re.compile("nothing"))
    assert "is not published" in refused()


def test_fetch_all_says_where_it_is_and_which_it_could_not_bring(tiny, capsys):
    (place.state() / "jars").symlink_to(JARS)
    assert fetch.main(["all"]) == 0 and f"tiny is in {wheels.home('tiny')}" in capsys.readouterr().out
    wheels.LOCK.write_text(wheels.LOCK.read_text() + "gone==2.0 \\\n    --hash=sha256:00\n")
    assert fetch.main(["--all"]) == 1 and "has no gone for this system" in capsys.readouterr().err
    assert fetch.main([]) == 0 and "tiny" not in capsys.readouterr().out


def test_the_lock_has_the_store_for_every_system_that_it_is_published_for():
    assert list(wheels.locked()) == [objectstore.WHEEL] == list(wheels.MEGABYTES)
    assert wheels.entry(objectstore.WHEEL).count("--hash=sha256:") == 6
    with pytest.raises(KeyError, match="has no 'other'"):
        wheels.entry("other")
