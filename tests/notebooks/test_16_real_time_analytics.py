"""What is special in 16: append-only counts corrections and replays twice, a stopped query sends all again, no batch ends."""
import threading
import time
from collections import namedtuple
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pytest
import runs

from patternlab.checking.outcomes import Raised, Wrong
from patternlab.patterns import real_time_analytics as tower
from patternlab.patterns.real_time_analytics import lab
from patternlab.patterns.real_time_analytics.truth import EVERY, LIVE, MORE
from patternlab.truth import truth

SLUG = "16-real-time-analytics"


def said(tag, slice) -> str:
    return runs.said(runs.executed(SLUG, slice), tag)


def value(slice, expression):
    return runs.value(runs.executed(SLUG, slice), expression)


def span(slice) -> tuple:
    return runs.span(SLUG, slice, "year")


@pytest.mark.parametrize("slice", runs.SLICES)
def test_a_correction_counts_twice_where_rows_are_only_added(slice):
    departed = truth("conservation", span(slice))["departed"]
    live = min(LIVE, departed // 2)
    corrections = -(-live // EVERY)
    assert value(slice, "[len(live), len(corrections)]") == [live + corrections, corrections]
    assert value(slice, "once.departures.tolist()") == [departed, departed + corrections]


@pytest.mark.parametrize("slice", runs.SLICES)
def test_a_query_that_is_stopped_in_its_first_batch_sends_all_again(slice):
    again, came = value(slice, "[again, len(live)]")
    assert again == came > 0 and value(slice, "ended") == 0, "no batch had ended"
    doubled = value(slice, "twice['too many'].tolist()")
    assert doubled == [0, came + value(slice, "len(corrections)")]
    assert f"{again:,} events were sent again" in said("break-restart", slice)


@pytest.mark.parametrize("slice", runs.SLICES)
def test_micro_batches_end_and_each_event_has_an_age(slice):
    ages = value(slice, "[len(slow), len(fast), len(fast_columns), len(live) - 1]")
    assert len(set(ages)) == 1, "all but the one that went ahead"
    assert value(slice, "min(slow + fast + fast_columns)") > 0
    assert int(said("step-every-second", slice).split()[0]) >= 1, "batches of a second have ended"


@pytest.mark.parametrize("slice", runs.SLICES)
def test_the_finest_roll_up_is_as_long_as_the_events(slice):
    kept = value(slice, "kept")
    assert list(kept.values()) == sorted(kept.values()), "each further column makes it longer"
    assert kept["by origin"] <= 3 and kept["by hour, origin, dest, tailnum"] > 0.95 * kept["all events"]


@pytest.mark.parametrize("slice", runs.SLICES)
def test_distinct_numbers_do_not_add_up_and_sketches_do(slice):
    whole = truth("aircraft_by_origin", span(slice)).set_index("origin").aircraft["all"]
    summed, merged = value(slice, "[summed, merged]")
    assert summed > whole, "aircraft fly from more than one airport"
    assert abs(merged - whole) < summed - whole


@pytest.mark.parametrize("slice", runs.SLICES)
def test_nothing_of_the_lesson_runs_on(slice):
    assert value(slice, "[query.name for query in spark.streams.active]") == []
    threads = value(slice, "[thread.name for thread in __import__('threading').enumerate()]")
    assert not [name for name in threads if name.endswith(("(ask)", "(send)"))]


def test_live_events_are_departures_and_their_corrections_come_later():
    for day in (date(2013, 2, 9), date(2013, 11, 28)):
        history, live = tower.split((day, day))
        departed = truth("conservation", (day, day))["departed"]
        assert len(history) + sum(event["version"] == 1 for event in live) == departed
        first = {event["key"]: (at, event["dep_delay"]) for at, event in enumerate(live) if event["version"] == 1}
        for at, event in enumerate(live):
            if event["version"] == 2:
                assert first[event["key"]][0] < at and event["dep_delay"] == first[event["key"]][1] + MORE


class Slow:
    """A producer that takes what it gets."""

    def __init__(self):
        self.sent = []

    def partitions_for(self, topic):
        return {0}

    def send(self, topic, message, key):
        self.sent.append(message)
        return self

    def add_errback(self, note):
        return self

    def flush(self, seconds):
        pass


def test_whoever_sends_stops_when_the_cell_fails():
    producer, events = Slow(), [{"key": str(number)} for number in range(1000)]
    with pytest.raises(KeyError), tower.sending(producer, "topic", events):
        time.sleep(0.1)
        raise KeyError("the cell")
    count = len(producer.sent)
    assert 0 < count < 100
    time.sleep(0.1)
    assert len(producer.sent) == count and not [t for t in threading.enumerate() if t.name.endswith("(send)")]


def test_readers_end_and_their_error_is_the_one_that_is_told():
    import duckdb
    base = duckdb.connect()
    load = tower.asked(base, "select 1", readers=3, seconds=0.1)
    assert load.per_second > 0 and len(load.milliseconds) > 0
    with pytest.raises(duckdb.Error, match="nowhere"):
        tower.asked(base, "select * from nowhere", readers=3, seconds=0.1)
    assert not [t for t in threading.enumerate() if t.name.endswith("(ask)")]


def test_a_page_waits_for_its_slowest_question():
    assert tower.slowest_of([1, 2, 3, 9, 5, 6, 7], 3).tolist() == [3, 9]
    assert tower.slowest_of([4, 1], 3).tolist() == [4], "too few for a page: they are asked again"


# --- answers to lab 16 that nobody wrote for it

def reference(n: int) -> dict:
    made, variant = {}, runs.build.variants(runs.source(SLUG, "labs"))[n]
    exec(variant.start + "\n" + variant.reference, made)
    return made


Cell = namedtuple("Cell", "hour origin")


@dataclass
class Part:
    n: int
    sum: int
    most: object
    bits: int


def test_other_forms_of_a_roll_up_and_of_parts_are_right():
    roll_up = reference(1)["roll_up"]
    assert lab.rolled_up(lambda events: {Cell(*cell): row for cell, row in roll_up(events).items()})
    assert lab.rolled_up(lambda events: {cell: {name: Decimal(int(value)) for name, value in row.items()}
                                         for cell, row in roll_up(events).items()})
    partial, merge, final = (reference(3)[name] for name in ("partial", "merge", "final"))
    assert lab.mergeable((lambda flights: Part(**partial(flights)), lambda one, other: Part(**merge(vars(one), vars(other))),
                          lambda part: final(vars(part))))


def test_keys_the_wrong_way_round_and_parts_that_hold_no_values_are_told():
    roll_up, parts = reference(1)["roll_up"], reference(3)
    with pytest.raises(Wrong, match="in that order"):
        lab.rolled_up(lambda events: {cell[::-1]: row for cell, row in roll_up(events).items()})
    with pytest.raises(Wrong, match="can't read a part"):
        lab.mergeable((lambda flights: iter([parts["partial"](flights)]), parts["merge"], parts["final"]))


@pytest.mark.parametrize("query", [
    "select hour as aircraft, sum(n) as by_carrier from by_hour group by hour",
    "with flights as (select * from BY_HOUR) select hour, sum(n) as flights from flights group by hour;"])
def test_a_view_is_read_where_a_query_names_it_as_a_table(query):
    made = reference(4)
    assert lab.dashboards((made["VIEWS"], {**made["ANSWERS"], "departures per hour": query}))


@pytest.mark.parametrize("view", ["select * from read_csv('/etc/hostname')", "selec 1", "select * from nowhere"])
def test_a_view_that_duckdb_refuses_is_shown_with_its_error(view):
    made = reference(4)
    with pytest.raises(Raised) as raised:
        lab.dashboards(({**made["VIEWS"], "aircraft": view}, made["ANSWERS"]))
    assert raised.value.given.endswith("your view aircraft")
