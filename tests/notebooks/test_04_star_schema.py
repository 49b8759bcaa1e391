"""What is special in 04: the naive joins lose what truth says they lose, each break breaks, and history heals."""
import re

import pytest
import runs

from patternlab.flights import SLICES as KNOWN
from patternlab.truth import truth

SLUG = "04-star-schema"


def said(tag, slice, slug=SLUG) -> str:
    return runs.said(runs.executed(slug, slice), tag)


def numbers(line):
    return [int(number.replace(",", "")) for number in re.findall(r"(?<![\w.])-?\d[\d,]*(?![\w.])", line)]


def row(text, name):
    """The numbers in the line that begins with this name."""
    lines = [line.strip() for line in text.splitlines()]
    return numbers(next(line for line in lines if line.startswith(name))[len(name):])


def span(slice, slug=SLUG) -> tuple:
    return runs.span(slug, slice, "month")


@pytest.mark.parametrize("slice", runs.SLICES)
def test_naive_joins_lose_what_truth_says(slice):
    text, scheduled = said("break-naive-joins", slice), truth("conservation", span(slice))["scheduled"]
    known, natural = truth("unknown_tails", span(slice))["known"], truth("natural_join", span(slice))
    assert numbers(text.splitlines()[0]) == [scheduled, known, natural]
    assert natural < known < scheduled, "both joins lose flights in every slice"
    assert numbers(said("step-naive-toy", slice)) == [6, 6], "and none on the toy"


@pytest.mark.parametrize("slice", runs.SLICES)
def test_one_grain_is_a_key_and_the_other_only_looks_like_one(slice):
    text, scheduled = said("step-grain", slice), truth("conservation", span(slice))["scheduled"]
    found = numbers(text.strip().splitlines()[-1])
    assert found == [scheduled, scheduled]
    repeated = truth("grain", KNOWN["year"])
    assert f"without the origin: {repeated['without_origin']:,}, with it: 0" in text and repeated["without_origin"] > 0


@pytest.mark.parametrize("slice", runs.SLICES)
def test_the_second_load_closes_versions_and_adds_their_successors(slice):
    closed, added = numbers(said("step-merge", slice).splitlines()[-1])
    switches = truth("operator_switches", KNOWN["year"])
    late = (switches.since >= "2013-07-01").sum()
    assert closed == late > 0 and added > closed


@pytest.mark.parametrize("slice", runs.SLICES)
def test_a_change_to_null_is_not_seen_and_then_seen(slice):
    blind, seen = said("break-null-blind", slice).strip(), said("break-null-repaired", slice).strip()
    assert len(blind.splitlines()) == 2 and "2200-01-01" in blind, "one version, and it is open"
    assert len(seen.splitlines()) == 3 and "null" in seen, "two versions"
    assert [line.split()[-2] for line in seen.splitlines()[1:]] == ["2014-01-01", "2200-01-01"], "the sale closes the first"


@pytest.mark.parametrize("slice", runs.SLICES)
def test_a_late_row_finds_its_flights_only_behind_an_inferred_member(slice):
    text, missing = said("break-late-found", slice), truth("missing_airports", span(slice))
    assert row(text, "careless load") == [0, missing["rows"]]
    to_san_juan, nowhere = row(text, "inferred members")
    assert 0 < to_san_juan <= missing["rows"] and nowhere == 0
    assert "Luis Munoz Marin" in said("break-late-row", slice)


@pytest.mark.parametrize("slice", runs.SLICES)
def test_a_mean_of_means_is_another_number(slice):
    means, flights = re.findall(r"(-?[\d.]+) minutes", said("break-mean-of-means", slice))
    expected = truth("mean_delays", span(slice))
    assert float(flights) == round(expected["of_flights"], 2) and float(means) == round(expected["of_means"], 2)
    assert means != flights


@pytest.mark.parametrize("slice", runs.SLICES)
def test_history_costs_its_rows_and_saves_its_flights(slice):
    wrong, more = runs.executed(SLUG, slice).value("[wrong, more]")
    readings = truth("operator_readings", span(slice)).pivot(index="operator", columns="reading", values="flights").fillna(0)
    moved = int((readings["type 2"] - readings["type 1"]).clip(lower=0).sum())
    assert wrong == moved and more == len(truth("operator_switches", KNOWN["year"]))
    assert slice == "other" or wrong > 0
