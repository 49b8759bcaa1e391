"""Notebook 12, deeper: twenty points were hit, each naive way is really wrong, and the forgotten slot held the log."""
import json
import re

import pytest
import runs


@pytest.fixture(scope="module")
def notebook():
    return runs.executed("12-cdc-deeper")


def value(notebook, expression: str):
    """A value of the notebook after its run, read from its kernel."""
    printed, error = runs.run_code(notebook, f"import json; print(json.dumps({expression}))")
    assert error is None, error
    return json.loads(printed)


def said(notebook, tag: str) -> str:
    cell, = [cell for cell in notebook.nb.cells if tag in cell.metadata.get("tags", [])]
    return runs.text(cell)


def test_the_decoded_log_has_every_change_and_a_trigger_has_not(notebook):
    assert value(notebook, "len(captured)") == value(notebook, "len(changes)") > value(notebook, "len(logged)")


def test_twenty_points_were_hit(notebook):
    points = value(notebook, "points")
    assert len(points) == 20
    kinds = [kind for kind, hit in points]
    assert kinds.count("connect") == kinds.count("snapshot") == 1
    assert kinds.count("before") == 15 and kinds.count("after") == 3
    assert all(hit for kind, hit in points), points


def test_a_killed_snapshot_leaves_ghosts_and_the_sweep_removes_them(notebook):
    assert value(notebook, "len(ghosts)") > 0
    assert said(notebook, "step-sweep").startswith("0 ghosts")


def test_naive_hand_overs_are_wrong(notebook):
    assert value(notebook, "sum(gap.values())") > 0
    assert value(notebook, "sum(stale.values())") > 0


def test_tombstones_are_rows_without_a_key(notebook):
    assert value(notebook, "int(rows.key.isna().sum())") > 0
    assert re.search(r"null\s+[\d,]+\s+0", said(notebook, "break-tombstone"))


def test_a_slot_held_the_log_and_gave_it_back(notebook):
    held, log, after = value(notebook, "[int(forgotten.held_mb[0]), with_slot, without]")
    assert held > 20 and log >= held and after < log - 20
    assert "0 slots left" in said(notebook, "step-slot-dropped")


def test_the_swap_is_one_transaction_of_two(notebook):
    assert value(notebook, "[event['transaction']['total_order'] for event in two]") == [1, 2]
    assert value(notebook, "sorted(event['after']['gate'] for event in two)") == value(notebook, "sorted([one, other])")


def test_two_writes_lose_and_invent(notebook):
    assert value(notebook, "[told['row first']['lost'], told['message first']['invented']]") == [6, 6]
