"""What is special in 13: a rename kills two jobs of others or stops at its owner, two lates are found, a join loses flights."""
import pytest
import runs

from patternlab.truth import truth

SLUG = "13-data-mesh"


def said(tag, slice) -> str:
    return runs.said(runs.executed(SLUG, slice), tag)


def value(slice, expression):
    return runs.value(runs.executed(SLUG, slice), expression)


def right(name, slice):
    return truth(name, runs.span(SLUG, slice, "month"))


@pytest.mark.parametrize("slice", runs.SLICES)
def test_a_rename_kills_both_jobs_of_the_centre(slice):
    before, after = said("break-night", slice).split("the night after:")
    assert before.count("done") == 2 and "dead" not in before
    assert after.count("dead, UNRESOLVED") == 2 and "done" not in after


@pytest.mark.parametrize("slice", runs.SLICES)
def test_with_a_contract_it_stops_at_its_owner_and_consumers_read_on(slice):
    text = said("break-rename", slice)
    assert "origin: string wanted, nothing found" in text and text.count("done") == 2 and "dead" not in text
    assert value(slice, "newest") == 0, "nothing was published under the first contract but its first version"


@pytest.mark.parametrize("slice", runs.SLICES)
def test_each_fault_is_refused_by_the_promise_that_it_breaks(slice):
    reasons = value(slice, "{row['what came']: row['refused for'] for row in stopped}")
    departures = right("delay_by_weather", slice)
    newark = int((departures.origin == "EWR").sum())
    assert reasons["two rows again"] == "key repeats: 2"
    assert reasons["one airport lost, two misspelt"] == \
        f"origin is null: {newark}; origin is foreign: {len(departures) - newark}"
    assert reasons["three days old"].startswith("hours since hour: 7")


@pytest.mark.parametrize("slice", runs.SLICES)
def test_the_second_major_version_leaves_the_first_to_whoever_pinned_it(slice):
    assert value(slice, "(last, pinned.columns[1], port('operations.departures').columns[1])") == [0, "origin", "airport"]
    assert "2.0.0" in said("break-major", slice) and "1.0.0" in said("break-major", slice)


@pytest.mark.parametrize("slice", runs.SLICES)
def test_one_word_with_two_meanings_is_found_by_a_policy_and_by_no_promise(slice):
    late = right("late", slice)
    assert value(slice, "late") == {"operations.departures": late["over_15"], "fleet.turns": late["over_0"]}
    assert late["over_15"] < late["over_0"]
    assert "policy one meaning" in said("break-one-meaning", slice)
    assert value(slice, "sorted(shelf)") == ["fleet.aircraft", "fleet.turns", "operations.departures",
                                             "punctuality.delay_by_weather", "weather.conditions"]
    assert value(slice, "shelf['fleet.turns']['contract']['version']") == "2.0.0"


@pytest.mark.parametrize("slice", runs.SLICES)
def test_a_join_of_two_good_ports_loses_flights_that_nobody_promised(slice):
    known, flights = right("unknown_tails", slice)["known"], right("conservation", slice)["scheduled"]
    assert 0 < known < flights and f"{known:,} departures are left" in said("break-kept", slice)


@pytest.mark.parametrize("slice", runs.SLICES)
def test_first_drafts_are_refused_by_policies_and_mended_by_their_owners(slice):
    assert value(slice, "first_try") == {"aircraft": "policy all described", "conditions": "policy an owner"}
    assert value(slice, "publishes") == {"fleet": 3, "operations": 2, "weather": 1, "punctuality": 1, "the centre": 0}


@pytest.mark.parametrize("slice", runs.SLICES)
def test_the_objective_was_measured_at_the_publish(slice):
    unknown = right("delay_by_weather", slice).visib.isna().mean() * 100
    promised = value(slice, "shelf['punctuality.delay_by_weather']['contract']['slaProperties'][1]['value']")
    assert promised == int(100 - unknown + 1e-9)
    assert value(slice, "shelf['punctuality.delay_by_weather']['measured']['percent without visib']") == pytest.approx(unknown)
