"""Notebook 12: asking misses what the log has, its kills killed, its breaks broke, nothing is left on the source."""
import re

import pytest
import runs


@pytest.fixture(scope="module")
def notebook():
    return runs.executed("12-cdc")


def test_the_log_has_every_change_and_polls_do_not(notebook):
    played, seen = (int(number.replace(",", "")) for number in
                    re.search(r"([\d,]+) changes, ([\d,]+) seen", runs.said(notebook, "step-poll-all")).groups())
    assert seen < played
    assert runs.value(notebook, "int(sum(seen['the log'].values()))") == played
    assert runs.value(notebook, "int(seen['asking']['delete'])") == 0


def test_every_kill_hit(notebook):
    assert runs.value(notebook, "killed") == [True, True]
    begun, finished = map(int, re.search(r"'begun': (\d+), 'finished': (\d+)", runs.said(notebook, "break-spark")).groups())
    assert begun == finished + 1, "the job died in a batch"
    begun, finished = map(int, re.search(r"'begun': (\d+), 'finished': (\d+)", runs.said(notebook, "break-repaired")).groups())
    assert begun == finished


def test_a_guard_by_number_keeps_the_old_gate(notebook):
    shown = runs.said(notebook, "break-guard-by-number")
    gates = dict(re.findall(r"^([\w ]+): (\S+)$", shown, re.M))
    assert gates["by number alone"] != "Z9"
    assert gates["snapshot below the stream"] == gates["on the board"] == "Z9"


def test_two_changes_in_one_merge_are_refused(notebook):
    assert "MULTIPLE_SOURCE_ROW" in runs.said(notebook, "break-two-changes")


def test_the_flight_that_left_ends_in_a_tombstone(notebook):
    assert runs.value(notebook, "bool(of_one.value.isna().iloc[-1])")
    assert runs.value(notebook, "list(envelopes.op)[-1]") == "d"


def test_latency_memory_and_slots(notebook):
    p50, p95 = map(int, re.search(r"p50 (\d+) ms, p95 (\d+) ms", runs.said(notebook, "figure-latency")).groups())
    assert 0 < p50 <= p95 < 5000
    stack = runs.said(notebook, "step-stack")
    assert float(re.search(r": ([\d.]+) GB", stack)[1]) < 2
    assert "slots left on the source: 0" in stack
