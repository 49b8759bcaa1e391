"""The helper's own promises that need no engine: names, proofs that can fail, measurements, workspaces."""
import json
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import psutil
import pytest

import patternlab
from patternlab import measure, prove, scoreboard, workspace
from patternlab.engines import kernels, place
from patternlab.proof import NotProved, size

FLIGHTS = pd.DataFrame({"tail": ["N14228", "N24211", None], "distance": [1400, 1416, 1089], "speed": [6.1, 0.1 + 0.2, np.nan],
                        "seen": pd.to_datetime(["2013-01-01 05:00", "2013-01-01 05:29", None], utc=True)})


def test_the_names_are_there_and_an_unknown_one_is_a_sentence():
    assert {"spark_session", "kafka", "workspace", "dataset", "events", "replay", "faults", "crash_after", "torn", "truth",
            "prove", "measure", "progress", "scoreboard", "plane", "Lab", "killed"} <= set(dir(patternlab))
    for name in dir(patternlab):
        assert getattr(patternlab, name) is not None
    with pytest.raises(AttributeError, match="patternlab has no 'nothing'; it has: Lab, "):
        patternlab.nothing


def test_importing_the_helper_starts_nothing():
    code = "import sys, patternlab; print([m for m in ('pyspark', 'kafka', 'matplotlib') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], cwd=place.ROOT, capture_output=True, text=True).stdout.strip() == "[]"


@pytest.mark.parametrize("actual, expected, shown", [
    (328521, 328521, "(328,521 = 328,521)"), (np.int64(5), 5, "(5 = 5)"), (0.1 + 0.2, 0.3, "(0.3 = 0.3)"),
    ({"a": 1}, {"a": 1}, "({'a': 1} = {'a': 1})"), (True, True, "(True = True)"),
    (["MERGE"], ["MERGE"], "(['MERGE'] = ['MERGE'])"),
    (FLIGHTS, FLIGHTS.sample(frac=1, random_state=1)[["seen", "speed", "tail", "distance"]], "(3 rows = 3 rows, all equal)"),
    (FLIGHTS.astype({"distance": "float64"}), FLIGHTS.assign(seen=FLIGHTS["seen"].dt.tz_convert(None)), "(3 rows = 3 rows"),
    (pd.DataFrame({"d": [None, 1]}, dtype=object), pd.DataFrame({"d": [np.nan, 1]}), "(2 rows = 2 rows"),
])
def test_prove_shows_both_sides(capsys, actual, expected, shown):
    prove("it holds", actual, expected)
    assert capsys.readouterr().out.startswith(f"proved: it holds {shown}")


@pytest.mark.parametrize("actual, expected, says", [
    (3, 4, "difference: -1"), (0.3, 0.3001, "expected: 0.3001"), ({"a": 1}, {"a": 2, "b": 3}, "a: actual 1, expected 2"),
    ({1, 2}, {2, 3}, "only in actual: ['1']"), (None, 0, "actual:   None"), ("3", 3, "not proved: it holds"),
    (FLIGHTS, FLIGHTS[:2], "only in actual (1 rows), the first:"),
    (FLIGHTS, FLIGHTS.drop(columns="tail"), "only in actual: ['tail']"),
    (pd.concat([FLIGHTS, FLIGHTS[:1]]), FLIGHTS, "N14228"), (FLIGHTS, 3, "A frame was compared with 3"),
    (pd.DataFrame({"sum": [2**60]}), pd.DataFrame({"sum": [2**60 + 1]}), "1152921504606846976"),
    (FLIGHTS.assign(tail=["N14228", "N24211", "x"]), FLIGHTS, "only in expected (1 rows)"),
])
def test_prove_refuses_and_shows_where(actual, expected, says):
    with pytest.raises(NotProved) as refused:
        prove("it holds", actual, expected)
    assert says in str(refused.value)


def test_measure_counts_seconds_rows_and_bytes(tmp_path, capsys):
    (tmp_path / "_delta_log").mkdir()
    (tmp_path / "_delta_log" / "0.json").write_bytes(b"x" * 1000)
    (tmp_path / "part-0.parquet").write_bytes(b"x" * 2_500_000)
    with measure("load") as measured:
        measured.rows, measured.path = 1234, tmp_path
    assert capsys.readouterr().out.strip().endswith("1,234 rows, 2.5 MB")
    with measure("load") as measured:
        measured.rows = 5
    assert scoreboard().set_index("label").loc["load", "rows"] == 5, "a cell that runs again replaces its row"
    assert size(tmp_path / "part-0.parquet") == 2_500_000


def test_a_block_that_fails_is_not_measured():
    with pytest.raises(ZeroDivisionError), measure("never"):
        1 / 0
    assert "never" not in set(scoreboard()["label"])


def test_a_workspace_is_empty_and_this_kernels_own():
    folder = workspace("helper-test")
    (folder / "left").write_text("x")
    assert workspace("helper-test") == folder and not any(folder.iterdir())
    with pytest.raises(ValueError, match="can't name a folder"):
        workspace("../up")
    kernels.forget()
    assert not folder.exists()


def test_settings_are_checked(monkeypatch, tmp_path):
    monkeypatch.setenv("PATTERNLAB_STACK", "cloud")
    with pytest.raises(ValueError, match="PATTERNLAB_STACK is 'cloud'; it must be 'embedded' or 'compose'"):
        place.stack()
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("PATTERNLAB_STATE", str(tmp_path / "file"))
    with pytest.raises(OSError, match="can't be written .* Set PATTERNLAB_STATE to a folder of your own"):
        place.state("run")


FATHER = """import subprocess, sys, time
child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], start_new_session=True)
print(child.pid, *sys.argv[1:], flush=True)
time.sleep(600)
"""


def adopt(owner: int, jvm: int) -> None:
    """Facts as a kernel writes them that has adopted a JVM of somebody else."""
    folder = place.state("run", f"test-{owner}")
    started = round(psutil.Process(owner).create_time(), 1)
    (folder / "kernel.json").write_text(json.dumps({"app": "a test", "pid": owner, "started": started, "jvm": jvm}))


def test_a_program_dies_with_all_below_it_and_the_jvm_it_adopted(tmp_path):
    """Three real processes: the program, its child in a session of its own, and one that is its own by the facts alone."""
    file = tmp_path / "father.py"
    file.write_text(FATHER)
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    families = []

    def said():
        words = file.with_suffix(".log").read_text().split()
        if words:
            program, = (child for child in psutil.Process().children() if str(file) in child.cmdline())
            adopt(program.pid, stranger.pid)
            families.append([member.pid for member in kernels.family(program.pid)])
        return len(words) == 3
    try:
        assert patternlab.killed(file, "two", 3, when=said) == -9
        assert file.with_suffix(".log").read_text().split()[1:] == ["two", "3"]
        (program, *others), = families
        assert set(others) == {int(file.with_suffix(".log").read_text().split()[0]), stranger.pid}
        assert not any(kernels.running(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
                       for pid in (program, *others))
        assert stranger.wait(5) == -9
    finally:
        stranger.kill()
        shutil.rmtree(place.state("run", f"test-{program}"))


@pytest.mark.parametrize("code, when, says", [
    ("print('my last words'); raise SystemExit(3)", lambda: False, "ended by itself with exit code 3. Its last words.*my last"),
    ("import time; print('still here', flush=True); time.sleep(600)", lambda: False, "did not get there in time.*still here"),
])
def test_a_program_that_is_not_killed_at_its_point_is_said(tmp_path, code, when, says):
    file = tmp_path / "short.py"
    file.write_text(code)
    with pytest.raises(RuntimeError, match=f"(?s)short was to be killed in the middle of its work and {says}"):
        patternlab.killed(file, when=when, seconds=5)
    assert not [child for child in psutil.Process().children() if str(file) in child.cmdline()], "it is ended in any case"


def test_a_condition_that_fails_leaves_no_program_behind(tmp_path):
    file = tmp_path / "asked.py"
    file.write_text("import time; time.sleep(600)")
    with pytest.raises(ZeroDivisionError):
        patternlab.killed(file, when=lambda: 1 / 0)
    assert not [child for child in psutil.Process().children() if str(file) in child.cmdline()]


def test_the_memory_of_a_kernel_counts_the_jvm_that_it_adopted():
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    owner = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        alone, held = kernels.memory_held(owner.pid)
        adopt(owner.pid, stranger.pid)
        both, more = kernels.memory_held(owner.pid)
        assert (alone, both) == (1, 2) and more > held > 0
        owner.kill(), owner.wait()
        assert kernels.memory_held(owner.pid) == (0, 0), "the facts of a kernel that is gone name nobody's JVM"
    finally:
        for process in (stranger, owner):
            process.kill()
            process.wait()
        shutil.rmtree(place.state("run", f"test-{owner.pid}"))
