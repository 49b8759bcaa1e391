"""What is special in 04: the naive joins lose what truth says they lose, each break breaks, and the retry and history heal."""
import re
from datetime import date

import pytest
import runs

from patternlab.flights import SLICES as KNOWN
from patternlab.truth import truth

SLUG = "04-star-schema"


def said(tag, slice):
    """What the cell with this tag showed."""
    [cell] = [cell for cell in runs.executed(SLUG, slice).nb.cells if tag in cell.metadata.get("tags", [])]
    return runs.text(cell)


def numbers(line):
    return [int(number.replace(",", "")) for number in re.findall(r"(?<![\w.])-?\d[\d,]*(?![\w.])", line)]


def row(text, name):
    """The numbers in the line that begins with this name."""
    return numbers(next(line for line in text.splitlines() if line.startswith(name))[len(name):])


def span(slice):
    """First and last day of a run on this slice, whatever this process has in its environment."""
    slice = runs.resolved(SLUG, slice)
    return KNOWN.get(slice or "year") or tuple(date.fromisoformat(day) for day in slice.split(".."))


@pytest.mark.parametrize("slice", runs.SLICES)
def test_naive_joins_lose_what_truth_says(slice):
    text, scheduled = said("break-naive-joins", slice), truth("conservation", span(slice))["scheduled"]
    known, natural = truth("unknown_tails", span(slice))["known"], truth("natural_join", span(slice))
    assert row(text, "published") == [scheduled, 0]
    assert row(text, "inner join on tailnum") == [known, scheduled - known]
    assert row(text, "natural join on year and tailnum") == [natural, scheduled - natural]
    assert natural < known < scheduled, "both joins lose flights in every slice"
    assert numbers(said("step-naive-toy", slice)) == [6, 6, 6], "and none on the toy"


@pytest.mark.parametrize("slice", runs.SLICES)
def test_the_weather_of_another_hour(slice):
    text, dirt = said("break-weather-hour", slice), truth("weather_dirt", span(slice))
    joined, wrong = row(text, "UTC hour taken for local")
    assert joined and wrong > .9 * joined, "the wrong clock finds rows, and nearly all of them are wrong"
    scheduled = truth("conservation", span(slice))["scheduled"]
    assert row(text, "same moment in UTC") == [scheduled - dirt["flights_without"], 0]
    assert numbers(text.splitlines()[0]) == [dirt["repeated_local"]]


@pytest.mark.parametrize("slice", runs.SLICES)
def test_a_change_to_null_is_not_seen_and_then_seen(slice):
    assert "operator`: 0, by" in said("break-null-blind", slice) and said("break-null-blind", slice).strip().endswith(": 1")
    assert said("break-null-repaired", slice).startswith("closed: 1, added: 1")


@pytest.mark.parametrize("slice", runs.SLICES)
def test_a_late_row_finds_its_flights_only_behind_an_inferred_member(slice):
    text, missing = said("break-late-row", slice), truth("missing_airports", span(slice))
    assert row(text, "careless load") == [0, missing["rows"]]
    to_san_juan, nowhere = row(text, "inferred member")
    assert 0 < to_san_juan <= missing["rows"] and nowhere == 0


@pytest.mark.parametrize("slice", runs.SLICES)
def test_a_retry_doubles_a_part_and_replacing_heals_it(slice):
    expected, doubled = numbers(said("break-retry", slice))
    assert doubled > expected > 0
    assert numbers(said("break-retry-repaired", slice)) == [expected, expected]


@pytest.mark.parametrize("slice", runs.SLICES)
def test_a_mean_of_means_is_another_number(slice):
    means, flights = re.findall(r"(-?[\d.]+) minutes", said("break-mean-of-means", slice))
    expected = truth("mean_delays", span(slice))
    assert float(flights) == round(expected["of_flights"], 2) and float(means) == round(expected["of_means"], 2)
    assert means != flights


@pytest.mark.parametrize("slice", runs.SLICES)
def test_the_words_about_switched_aircraft_fit_the_slice(slice):
    text, switched = said("step-scd-types", slice), truth("operator_switches", span(slice)).tailnum.nunique()
    if switched:
        assert text.startswith(f"{switched} aircraft that changed operator")
        table = text.splitlines()[2:]
        assert any(len(set(numbers(line))) > 1 for line in table), "the types differ where an operator changed"
    else:
        assert "None changed operator in this slice" in text
        assert all(len(set(numbers(line.partition(" ")[2]))) == 1 for line in text.splitlines()[2:] if line.strip())


@pytest.mark.parametrize("slice", runs.SLICES)
def test_layouts_agree_and_a_rename_is_cheap_in_the_star(slice):
    wide, star, aggregate = runs.executed(SLUG, slice).value("costs['renamed'].tolist()")
    assert 0 < star < wide and aggregate == star, "the aggregate uses the star's dimensions"
    assert said("step-five-questions", slice).count("proved:") == 2
