"""What is special in 04 deeper: the wrong clock, the retry that doubles and the one that does not, layouts that agree."""
import pytest
import runs
from test_04_star_schema import numbers, row, said, span

from patternlab.flights import SLICES as KNOWN
from patternlab.truth import truth

SLUG = "04-star-schema-deeper"


@pytest.mark.parametrize("slice", runs.SLICES)
def test_the_weather_of_another_hour(slice):
    text, dirt = said("break-weather-hour", slice, SLUG), truth("weather_dirt", span(slice, SLUG))
    joined, wrong = row(text, "UTC hour taken for local")
    assert joined and wrong > .9 * joined, "the wrong clock finds rows, and nearly all of them are wrong"
    scheduled = truth("conservation", span(slice, SLUG))["scheduled"]
    assert row(text, "same moment in UTC") == [scheduled - dirt["flights_without"], 0]
    assert f"({dirt['repeated_local']} = {dirt['repeated_local']})" in said("prove-clock", slice, SLUG)


@pytest.mark.parametrize("slice", runs.SLICES)
def test_a_retry_doubles_a_part_and_replacing_heals_it(slice):
    text = said("break-retry", slice, SLUG)
    expected, doubled = numbers(text.splitlines()[-1])
    assert "crash" in text and doubled > expected > 0
    assert numbers(said("break-retry-repaired", slice, SLUG).splitlines()[-1]) == [expected, expected]


@pytest.mark.parametrize("slice", runs.SLICES)
def test_the_types_differ_where_an_operator_changed(slice):
    text, readings = said("step-scd-types", slice, SLUG), truth("operator_readings", span(slice, SLUG))
    flights = readings[readings.reading == "type 2"].flights.sum()
    assert numbers(text.splitlines()[0]) == [flights]
    if slice == "own":
        assert flights > 0 and len(truth("operator_switches", KNOWN["year"])) > 0
        table = [numbers(line.strip().partition(" ")[2]) for line in text.splitlines()[2:] if line.strip()]
        assert any(len(set(line)) > 1 for line in table), "the types differ where an operator changed"


@pytest.mark.parametrize("slice", runs.SLICES)
def test_a_snapshot_fills_up(slice):
    half, whole = runs.executed(SLUG, slice).value("[half, whole]")
    assert 0 < half["scheduled"] <= whole["scheduled"] and half["arrived"] < whole["arrived"]
    assert half["in_the_air"] > 0 == whole["in_the_air"]


@pytest.mark.parametrize("slice", runs.SLICES)
def test_layouts_agree_and_a_rename_is_cheap_in_the_star(slice):
    wide, star, aggregate = runs.executed(SLUG, slice).value("list(renamed.values())")
    assert 0 < star < wide and aggregate == star, "the aggregate uses the star's dimensions"
    assert said("prove-layouts", slice, SLUG).count("proved:") == 2
