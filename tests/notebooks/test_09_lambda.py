"""What is special in 09: a seam in event time loses late reports, drifted code heals at a batch, emptying loses the rest."""
import re

import pytest
import runs

from patternlab.flights import SLICES as KNOWN
from patternlab.flights import events
from patternlab.patterns.lambda_ import scene
from patternlab.truth import truth

SLUG = "09-lambda"


def said(tag, slice) -> str:
    return runs.said(runs.executed(SLUG, slice), tag)


def value(slice, expression):
    return runs.value(runs.executed(SLUG, slice), expression)


def span(slice) -> tuple:
    return runs.span(SLUG, slice, "day")


def numbers(text) -> list:
    return [int(found.replace(",", "")) for found in re.findall(r"\d[\d,]*", text)]


@pytest.mark.parametrize("slice", runs.SLICES)
def test_the_naive_ways_are_right_on_the_toy_and_wrong_on_the_log(slice):
    assert numbers(said("step-naive-toy", slice)) == [6, 5, 5, 8, 5, 6, 10, 7, 7], "reports, batch alone, speed alone"
    batch, speed, right = (int(row.split()[-1].replace(",", "")) for row in said("break-naive", slice).splitlines()[1:])
    until = len(scene.endings(span(slice))) * 5 // 8
    assert right == truth("punctuality", span(slice), until=until).on_time.sum() > batch
    assert speed - right == truth("never_arrived", span(slice), until=until) > 0


@pytest.mark.parametrize("slice", runs.SLICES)
def test_a_seam_in_event_time_loses_what_was_due_before_the_batch_and_came_after_it(slice):
    cuts = value(slice, "cuts")
    lost = truth("fallen_between", span(slice), seam=cuts[6], until=cuts[7])
    assert value(slice, "lost") == lost > 0
    assert value(slice, "int(by_offset)") == cuts[7]


@pytest.mark.parametrize("slice", runs.SLICES)
def test_drifted_code_is_wrong_by_what_never_arrived_and_heals_at_the_batch_while_alone_it_stays(slice):
    cuts = value(slice, "cuts")
    never = [truth("never_arrived", span(slice), since=cuts[begin], until=cuts[end])
             for begin, end in [(6, 8), (6, 9), (9, 9), (9, 10), (9, 11)]]
    assert value(slice, "drifted.errors()['served'].tolist()") == never and never[1] > 0 == never[2]
    alone = [truth("never_arrived", span(slice), since=cuts[6], until=cuts[end]) for end in (8, 9, 9, 10, 11)]
    assert value(slice, "drifted.errors()['speed alone'].tolist()") == alone
    assert value(slice, "sound.errors()[['speed alone', 'served']].sum().tolist()") == [0, 0]


@pytest.mark.parametrize("slice", runs.SLICES)
def test_the_batch_alone_is_a_saw(slice):
    stale = value(slice, "whole.errors()['batch alone'].tolist()")
    assert stale[3] == stale[7] == 0 and min(stale[:3] + stale[4:7] + stale[8:]) > 0


@pytest.mark.parametrize("slice", runs.SLICES)
def test_an_emptied_speed_view_is_right_until_something_comes_while_the_batch_runs(slice):
    kept, log, board = numbers(said("look-emptied", slice))
    assert kept == 0 and log == board
    log, by_seam, emptied = numbers(said("break-emptied", slice))
    cuts = value(slice, "cuts")
    assert log == by_seam == cuts[12] and log - emptied == cuts[12] - (cuts[11] + cuts[12]) // 2 > 0


@pytest.mark.parametrize("slice", ["other"])
def test_the_master_refuses_a_change_and_landing_twice_adds_nothing(slice):
    notebook = runs.executed(SLUG, slice)
    refused = runs.run_code(notebook, "spark.sql('DELETE FROM master WHERE offset = 0')")[1]
    assert "DELTA_CANNOT_MODIFY_APPEND_ONLY" in refused
    before = value(slice, "spark.table('master').count()")
    runs.run_code(notebook, "land(before := spark.table('master').count())")
    assert value(slice, "spark.table('master').count()") == before


def test_notes_are_taken_in_a_thread_without_an_active_session_as_after_a_cell_that_was_stopped():
    elsewhere = "__import__('concurrent.futures').futures.ThreadPoolExecutor().submit"
    assert value("own", f"{elsewhere}(scene.Notes, span, first_batch, recent, ever).result()") == []
    assert value("own", "spark.streams.active") == []


def test_every_flight_has_one_end_and_they_come_in_order():
    for slice in (KNOWN["day"], KNOWN["week"]):
        log = scene.endings(slice)
        assert len({report["key"] for report in log}) == len(log) == truth("conservation", slice)["scheduled"]
        assert [report["arrival"] for report in log] == sorted(report["arrival"] for report in log)
        assert all((report["arr_delay"] is None) == (report["kind"] != "arrived") for report in log)
        assert {report["key"] for report in log} == {event["key"] for event in events("scheduled", slice)}


def test_a_report_that_landed_twice_is_taken_twice_and_one_that_no_layer_has_is_left_out():
    notes = scene.Notes.__new__(scene.Notes)
    notes.append({"now": 4, "seam": 2, "covered": [1, 3]})
    assert notes.accounts([0, 1, 1, 2]) == {"left out": 1, "taken twice": 1}


def test_a_topic_is_rewound_only_where_it_holds_something_else():
    class Broker:
        ends, fed = {0: 20}, []

        def end_offsets(self, name):
            return self.ends

        def feed(self, name, log):
            self.fed.append(len(log))

    broker = Broker()
    assert scene.rewind(broker, "t", list(range(60)), list(range(0, 65, 5)), 4) == 15 and not broker.fed
    assert scene.rewind(broker, "t", list(range(60)), list(range(0, 65, 5)), 7) == 30 and broker.fed == [35]


def test_every_figure_is_drawn():
    for cell in runs.tagged(runs.executed(SLUG).nb.cells, "figure-"):
        assert any("image/png" in output.get("data", {}) for output in cell.outputs), cell.id
