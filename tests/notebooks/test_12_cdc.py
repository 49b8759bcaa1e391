"""Notebook 12: its kills really killed, its breaks really broke, and nothing is left on the source."""
import json
import re

import pytest
import runs


@pytest.fixture(scope="module")
def notebook():
    return runs.executed("12-cdc")


def value(notebook, expression: str):
    """A value of the notebook after its run, read from its kernel."""
    printed, error = runs.run_code(notebook, f"import json; print(json.dumps({expression}))")
    assert error is None, error
    return json.loads(printed)


def said(notebook, tag: str) -> str:
    cell, = [cell for cell in notebook.nb.cells if tag in cell.metadata.get("tags", [])]
    return runs.text(cell)


def test_the_log_has_every_change_and_polls_do_not(notebook):
    played, seen = (int(number.replace(",", "")) for number in
                    re.search(r"([\d,]+) changes, ([\d,]+) seen; the copy", said(notebook, "step-poll-all")).groups())
    assert seen < played
    assert value(notebook, "len(captured)") == played


def test_twenty_points_were_hit(notebook):
    points = value(notebook, "points")
    assert len(points) == 20
    kinds = [kind for kind, hit in points]
    assert kinds.count("connect") == kinds.count("snapshot") == kinds.count("spark") == 1
    assert kinds.count("before") == 11 and kinds.count("after") == 6
    assert all(hit for kind, hit in points), points


def test_a_killed_snapshot_leaves_ghosts_and_the_sweep_removes_them(notebook):
    assert value(notebook, "len(ghosts)") > 0
    assert said(notebook, "step-sweep").startswith("0 ghosts")


def test_naive_hand_overs_are_wrong(notebook):
    assert value(notebook, "sum(gap.values())") > 0
    assert value(notebook, "sum(stale.values())") > 0


def test_a_guard_by_number_keeps_the_old_gate(notebook):
    shown = said(notebook, "break-guard-by-number")
    gates = dict(re.findall(r"'([^']+)': '([^']+)'", shown))
    assert gates["by number alone"] != "Z9"
    assert gates["snapshot below the stream"] == gates["the board"] == "Z9"


def test_tombstones_are_rows_without_a_key(notebook):
    row = re.search(r"\|\s*NULL\|\s*(\d+)\|\s*0\|", said(notebook, "break-tombstone"))
    assert row and int(row[1]) > 0


def test_two_changes_in_one_merge_are_refused(notebook):
    assert "MULTIPLE_SOURCE_ROW" in said(notebook, "break-two-changes")


def test_a_slot_held_the_log_and_gave_it_back(notebook):
    held, log = value(notebook, "[int(left.held_mb[0]), int(left.log_mb[0])]")
    after = int(re.search(r"its log: (\d+) MB", said(notebook, "step-stack"))[1])
    assert held > 20 and log >= held and after < log - 20


def test_the_swap_is_one_transaction_of_two(notebook):
    shown = said(notebook, "step-transaction")
    assert "'total_order': 1" in shown and "'total_order': 2" in shown and "'event_count': 2" in shown


def test_latency_memory_and_slots(notebook):
    p50, p95 = map(int, re.search(r"p50 (\d+) ms, p95 (\d+) ms", said(notebook, "step-latency")).groups())
    assert 0 < p50 <= p95 < 5000
    stack = said(notebook, "step-stack")
    assert float(re.search(r": ([\d.]+) GB", stack)[1]) < 2
    assert "slots left on the source: 0" in stack
