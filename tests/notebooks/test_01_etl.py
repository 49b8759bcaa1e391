"""What is special in 01: strict parsing dies, lenient parsing loses, a crash doubles what is appended, UTC moves rows."""
import re

import pandas
import pytest
import runs

from patternlab.flights import SLICES as KNOWN
from patternlab.patterns.etl import scene
from patternlab.truth import truth

SLUG = "01-etl"


def said(tag, slice) -> str:
    return runs.said(runs.executed(SLUG, slice), tag)


def value(slice, expression):
    return runs.value(runs.executed(SLUG, slice), expression)


def span(slice) -> tuple:
    return runs.span(SLUG, slice, "month")


def published(slice):
    """The departures of a run's slice as the evening has them: none whose report could not be read."""
    return truth("etl_departures", span(slice), lost=scene.unreadable(scene.feed(span(slice))["damaged"]))


@pytest.mark.parametrize("slice", runs.SLICES)
def test_strict_parsing_dies_and_lenient_parsing_loses_what_it_can_not_read(slice):
    assert "CANNOT_PARSE_TIMESTAMP" in said("break-strict", slice)
    assert value(slice, "len(naive(toy, 'to_timestamp').collect())") == value(
        slice, "toy.where('left_at IS NOT NULL').count()") == 5, "and on the toy it is right"
    damaged = scene.feed(span(slice))["damaged"]
    gone = sum(kind != "zone" for kind in damaged.values()) + truth("clock_2400", span(slice))["dep_time"]
    assert truth("conservation", span(slice))["departed"] - value(slice, "lenient") == gone > 0


@pytest.mark.parametrize("slice", runs.SLICES)
def test_the_evening_is_conserved_by_reason(slice):
    feed, happened = scene.feed(span(slice)), truth("conservation", span(slice))
    kinds = list(feed["damaged"].values())
    expected = {"extracted": happened["scheduled"], "cancelled": -happened["cancelled"],
                "no clock time": -(kinds.count("colon") + kinds.count("minute")),
                "contradicts its delay": -kinds.count("zone")}
    assert value(slice, "{name: int(number) for name, number in parts.items()}") == {
        name: number for name, number in expected.items() if number}
    assert value(slice, "int(loaded)") == len(published(slice))


@pytest.mark.parametrize("slice", runs.SLICES)
def test_a_crash_doubles_the_days_before_it_where_they_are_appended_and_none_where_they_are_replaced(slice):
    per_day = published(slice).groupby("day").size()
    assert "made to crash" in said("break-append", slice) and "made to crash" in said("break-replace", slice)
    right = int(per_day.head(2).sum())
    assert value(slice, "[right, appended, replaced]") == [right, right + int(per_day.iloc[0]), right]


@pytest.mark.parametrize("slice", runs.SLICES)
def test_utc_partitions_have_wrong_totals_and_lose_the_next_day(slice):
    rows = published(slice)
    utc = rows.scheduled.dt.date
    local, moved = rows.day.value_counts(), utc.value_counts()
    wrong = int((local != moved.reindex(local.index).fillna(0)).sum())
    assert f"{wrong} of {len(local)} daily totals are wrong" in said("break-utc", slice) and wrong > 0
    first = rows.day.min()
    touched = utc.isin([first, first + pandas.Timedelta(days=1)])
    lost = int((touched & (rows.day != first)).sum())
    numbers = re.findall(r": ([\d,]+)", said("break-utc-reload", slice))
    before, after = (int(number.strip(",").replace(",", "")) for number in numbers)
    assert before - after == lost and (lost > 0) == (len(local) > 1)


@pytest.mark.parametrize("slice", runs.SLICES)
def test_dropped_duplicates_have_the_right_count_and_old_rows(slice):
    corrections = len(scene.feed(span(slice))["corrections"])
    assert value(slice, "[len(unique), morning - evening]") == [len(published(slice)), corrections]
    assert value(slice, "int(stale)") > 0


@pytest.mark.parametrize("slice", runs.SLICES)
def test_a_changed_rule_wins_the_colons_and_reads_everything_again(slice):
    colons = list(scene.feed(span(slice))["damaged"].values()).count("colon")
    assert value(slice, "int(won)") == colons > 0
    assert value(slice, "changed.rows") == value(slice, "morning")


@pytest.mark.parametrize("slice", ["other"])
def test_the_target_refuses_a_clock_that_contradicts_its_delay_whoever_writes_it(slice):
    code = """spark.sql("INSERT INTO departures SELECT offset, key, day, origin, scheduled, departed + INTERVAL 1 HOUR, "
                        "delay_min FROM departures LIMIT 1")"""
    error = runs.run_code(runs.executed(SLUG, slice), code)[1] or "nothing was refused"
    assert "DELTA_VIOLATE_CONSTRAINT" in error and "clocks_agree" in error


def test_a_damaged_report_is_what_its_kind_says_and_2400_is_never_one():
    for slice in (KNOWN["month"], KNOWN["day"]):
        feed = scene.feed(slice)
        by_key = {report["key"]: report for report in feed["reports"]}
        assert min(list(feed["damaged"].values()).count(kind) for kind in scene.KINDS) > 0
        for key, kind in feed["damaged"].items():
            clock = by_key[key]["left_at"]
            assert (":" in clock) == (kind == "colon") and (int(clock[-2:]) > 59) == (kind == "minute"), clock
        assert not {report["key"] for report in feed["corrections"]} & set(feed["damaged"])
        midnight = sum(report["left_at"] == "2400" for report in feed["reports"])
        assert midnight == truth("clock_2400", slice)["dep_time"]
