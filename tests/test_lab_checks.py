"""What a lab's check does besides its verdict: the cuts keep mistakes apart, and a check of seconds says so at once."""
from datetime import date, timedelta

import pytest
from jupyter_client.manager import start_new_kernel

from patternlab.patterns.stream_windowing import lab as stream_windowing
from patternlab.patterns.kappa import trial as kappa
from patternlab.flights import events

SPREAD = [date(2013, 7, 1), *(date(2013, 1, 4) + timedelta(days=45 * step) for step in range(8)), date(2013, 2, 9)]


@pytest.mark.parametrize("day", SPREAD, ids=str)
def test_the_cuts_of_lab_07_tell_every_mistake_from_the_right_answer(day):
    log = events("departed", (day, day))
    right = stream_windowing._rows(stream_windowing._foretold(log, stream_windowing.HOUR))
    for sentence, published in stream_windowing.mistakes(log):
        assert stream_windowing._rows(published) != right, f"{day}: {sentence}"


def test_the_day_of_lab_07_takes_nine_batches_and_its_mistakes_differ_from_each_other():
    log = events("departed", (SPREAD[0], SPREAD[0]))
    assert -(-len(log) // stream_windowing.per_batch(log)) <= 9, "each batch costs the learner a third of a second"
    right, *near = (stream_windowing._rows(stream_windowing._foretold(log, minutes * 60)) for minutes in (60, 59, 61))
    assert right not in near, "a minute of patience more or less must show"
    published = [tuple(stream_windowing._rows(frame)) for _, frame in stream_windowing.mistakes(log)]
    empty = sum(not rows for rows in published)     # a day and more of patience: both publish nothing
    assert empty == 2 and len(set(published)) == len(published) - 1
    lost = stream_windowing.spark_windows(stream_windowing.cuts(stream_windowing.records(log),
                                                                stream_windowing.per_batch(log)), 3600).lost
    assert sum(lost.values()) >= 10, "what one hour of patience loses must show in the windows"


def test_the_patience_of_lab_10_is_the_smallest_that_no_cut_can_break():
    """By the oracle of Spark's rule: in the worst cut it loses nothing, a minute less loses something, in any cut nothing."""
    losing = 0
    for log in kappa.logs():
        records, right = [(planned * 60, "EWR") for planned in log], kappa.needed(log)

        def lost(patience, size=1, live=True):
            return len(stream_windowing.spark_windows(stream_windowing.cuts(records, size, live), patience * 60).late)

        assert not any(lost(right, size, live) for size in (1, 2, 5) for live in (True, False)), log
        assert right == 0 or lost(right - 1) > 0, log
        losing += right > 0
    assert losing > 20, "logs on which every patience is enough would judge nothing"


SAYS = """
import os, tempfile
os.environ["PATTERNLAB_PROGRESS"] = tempfile.mkdtemp()
from patternlab.lab import Exercise, Lab, Wrong
lab = Lab("template-lab")
def check(answer):
    print("the check works")
    if answer < 0:
        raise Wrong("It is below zero.", [{"yours": answer}])
lab._exercises = {1: Exercise("Half", check, ("Less?", "Divide."), "Because.", works=lambda: "counts to a million, about 5 s")}
lab.check(1, ...)
"""


def test_the_line_of_a_check_of_seconds_comes_first_and_the_verdict_takes_its_place():
    manager, client = start_new_kernel()
    try:
        def heard(code):
            messages = []
            client.execute_interactive(code, timeout=60, output_hook=messages.append)
            return [(message["msg_type"], message["content"]) for message in messages
                    if message["msg_type"] not in ("status", "execute_input")]

        blank = heard(SAYS)
        assert [kind for kind, _ in blank] == ["stream"], "what is not attempted is answered at once, without the line"
        below = "not yet. It is below zero.\n     yours\n        -1"
        for answer, verdict in ((1, "right."), (-1, below), ("x", "your code raised")):
            (first, line), (printed, work), (last, update) = heard(f"lab.check(1, {answer!r})")
            assert (first, printed, last) == ("display_data", "stream", "update_display_data")
            assert line["data"]["text/plain"] == "Exercise 1, Half: this check counts to a million, about 5 s."
            assert work["text"] == "the check works\n"
            assert line["transient"]["display_id"] == update["transient"]["display_id"]
            said = update["data"]["text/plain"]
            assert said.startswith(f"Exercise 1, Half: {verdict}"), said
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_outside_a_notebook_the_line_is_printed_before_the_check_runs(tmp_path, monkeypatch, capsys):
    from patternlab.lab import Exercise, Lab
    monkeypatch.setenv("PATTERNLAB_PROGRESS", str(tmp_path))
    lab, before = Lab("template-lab"), []
    lab._exercises = {1: Exercise("Half", lambda answer: before.append(capsys.readouterr().out), ("Less?", "Divide."), "Because.",
                                  works=lambda: "counts to a million, about 5 s")}
    lab.check(1, 2)
    assert before == ["Exercise 1, Half: this check counts to a million, about 5 s.\n"]
    assert capsys.readouterr().out == "Exercise 1, Half: right.\n"
