"""What is special in 02: the filter misses what it must miss, a retry doubles one drop, a drift empties one evening."""
import re

import pytest
import runs

from patternlab.patterns.elt import scene
from patternlab.truth import truth

SLUG = "02-elt"


def said(tag, slice) -> str:
    return runs.said(runs.executed(SLUG, slice), tag)


def numbers(line) -> list:
    return [int(number.replace(",", "")) for number in re.findall(r"(?<![\w.])\d[\d,]*(?![\w.])", line)]


def span(slice) -> tuple:
    return runs.span(SLUG, slice, "month")


def hours(text) -> dict:
    """{hour: [flights, departed, on_time]} of the table that LATEST shows."""
    found = re.findall(r"(\d{4}-\d\d-\d\d \d\d:\d\d):\d\d +([\d,]+) +([\d,]+) +([\d,]+)", text)
    return {hour: [int(count.replace(",", "")) for count in counts] for hour, *counts in found}


@pytest.mark.parametrize("slice", runs.SLICES)
def test_the_naive_filter_is_right_on_two_drops_and_misses_the_late_ones(slice):
    two, three = said("step-naive-toy", slice).strip().splitlines()
    assert numbers(two) == [4, 4] and numbers(three) == [5, 6]
    until_noon, afternoon, _ = scene.drops(span(slice))
    newest = max(report["scheduled"] for report in until_noon)
    missed = sum(report["scheduled"] <= newest for report in afternoon)
    reports = len(until_noon) + len(afternoon)
    assert numbers(said("break-naive", slice)) == [reports, reports - missed, missed] and missed > 0


@pytest.mark.parametrize("slice", runs.SLICES)
def test_a_retry_that_appends_counts_one_drop_twice_and_replacing_days_does_not(slice):
    until_noon, afternoon, _ = scene.drops(span(slice))
    known = len(until_noon) + len(afternoon)
    assert numbers(said("break-append", slice)) == [2, known + len(afternoon), known]
    assert numbers(said("break-append-repaired", slice)) == [2, known, known]
    assert numbers(said("step-land", slice)) == [len(afternoon), 0], "landing by address is idempotent too"


@pytest.mark.parametrize("slice", runs.SLICES)
def test_the_drift_cancels_the_evening_until_the_query_reads_both_names(slice):
    right = truth("otp_by_hour", span(slice)).groupby("hour")[["flights", "departed", "on_time"]].sum()
    right = {f"{hour:%Y-%m-%d %H:%M}": counts.tolist() for hour, counts in right.iterrows()}
    broken, repaired = hours(said("break-drift", slice)), hours(said("break-drift-repaired", slice))
    assert len(broken) == len(repaired) == 5 and max(broken) == max(right)
    assert broken[max(broken)] == [right[max(right)][0], 0, 0], "the last hour is of the evening alone"
    assert repaired == {hour: right[hour] for hour in repaired}
    lost = sum(right[hour][1] - broken[hour][1] for hour in broken)
    assert lost > 0 and [counts[0] for counts in broken.values()] == [right[hour][0] for hour in broken]
    assert "has not read: []" in said("break-drift-repaired", slice), "new SQL is no new data"
    raw = said("break-drift-raw", slice)
    assert '"delay": ' in raw and "dep_delay" not in raw and raw.count("True") == 3


@pytest.mark.parametrize("slice", runs.SLICES)
def test_merging_parts_has_equal_rows_and_other_sums(slice):
    merged, replaced = map(numbers, said("break-merge-parts", slice).strip().splitlines()[-2:])
    assert merged[0] == replaced[0] == len(truth("otp_by_hour", span(slice)))
    assert merged[1] < replaced[1] == truth("conservation", span(slice))["scheduled"]


@pytest.mark.parametrize("slice", runs.SLICES)
def test_the_filter_misses_more_when_it_runs_more_often(slice):
    client = runs.executed(SLUG, slice)
    often, once = (truth("missed_by_filter", span(slice), every=every)[0] for every in (6, 24))
    assert runs.value(client, "cadence")["four times a day"] == often > once == runs.value(client, "cadence")["once a day"]
    evening = {report["key"] for report in scene.drops(span(slice))[2]}
    by_day = truth("missed_by_day", span(slice))
    assert by_day.missed.sum() == often
    shown = -int(runs.value(client, "int(missed.later_than_newest.sum())"))
    assert often - len(evening) <= shown <= often, "the figure was drawn before the evening came"
    assert runs.value(client, "int(missed.days_touched.abs().sum())") == 0
