"""The helper's own promises that need no engine: names, proofs that can fail, measurements, workspaces."""
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import patternlab
from patternlab import measure, prove, scoreboard, workspace
from patternlab.engines import kernels, place
from patternlab.proof import NotProved, size

FLIGHTS = pd.DataFrame({"tail": ["N14228", "N24211", None], "distance": [1400, 1416, 1089], "speed": [6.1, 0.1 + 0.2, np.nan],
                        "seen": pd.to_datetime(["2013-01-01 05:00", "2013-01-01 05:29", None], utc=True)})


def test_the_names_are_there_and_an_unknown_one_is_a_sentence():
    assert {"spark_session", "kafka", "workspace", "dataset", "events", "replay", "faults", "crash_after", "torn", "truth",
            "prove", "measure", "progress", "scoreboard", "plane", "Lab"} <= set(dir(patternlab))
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
