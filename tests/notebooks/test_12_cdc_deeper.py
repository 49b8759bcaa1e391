"""Notebook 12, deeper: twenty points were hit, each naive way is really wrong, and the forgotten slot held the log."""
import re

import pytest
import runs


@pytest.fixture(scope="module")
def notebook():
    return runs.executed("12-cdc-deeper")


def test_the_decoded_log_has_every_change_and_a_trigger_has_not(notebook):
    assert runs.value(notebook, "len(captured)") == runs.value(notebook, "len(changes)") > runs.value(notebook, "len(logged)")


def test_twenty_points_were_hit(notebook):
    points = runs.value(notebook, "points")
    assert len(points) == 20
    kinds = [kind for kind, hit in points]
    assert kinds.count("connect") == kinds.count("snapshot") == 1
    assert kinds.count("before") == 15 and kinds.count("after") == 3
    assert all(hit for kind, hit in points), points


def test_a_killed_snapshot_leaves_ghosts_and_the_sweep_removes_them(notebook):
    assert runs.value(notebook, "len(ghosts)") > 0
    assert runs.said(notebook, "step-sweep").startswith("0 ghosts")


def test_naive_hand_overs_are_wrong(notebook):
    assert runs.value(notebook, "sum(gap.values())") > 0
    assert runs.value(notebook, "sum(stale.values())") > 0


def test_tombstones_are_rows_without_a_key(notebook):
    assert runs.value(notebook, "int(rows.key.isna().sum())") > 0
    assert re.search(r"null\s+[\d,]+\s+0", runs.said(notebook, "break-tombstone"))


def test_a_slot_held_the_log_and_gave_it_back(notebook):
    held, log, after = runs.value(notebook, "[int(forgotten.held_mb[0]), with_slot, without]")
    assert held > 20 and log >= held and after < log - 20
    assert "0 slots left" in runs.said(notebook, "step-slot-dropped")


def test_the_swap_is_one_transaction_of_two(notebook):
    assert runs.value(notebook, "[event['transaction']['total_order'] for event in two]") == [1, 2]
    assert runs.value(notebook, "sorted(event['after']['gate'] for event in two)") == runs.value(notebook, "sorted([one, other])")


def test_two_writes_lose_and_invent(notebook):
    assert runs.value(notebook, "[told['row first']['lost'], told['message first']['invented']]") == [6, 6]
