"""What is special in 13: a rename kills two jobs of others or stops at its owner, two lates are found, a join loses flights."""
import jsonschema
import pytest
import runs
import yaml

from patternlab.patterns import data_mesh as airport
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
    before, after = said("break-night", slice).split("renamed:")
    assert before.count("accepted") == 2 and "dead" not in before
    assert after.count("dead, UNRESOLVED") == 2 and "accepted" not in after


@pytest.mark.parametrize("slice", runs.SLICES)
def test_with_a_contract_it_stops_at_its_owner_and_consumers_read_on(slice):
    text = said("break-rename", slice)
    assert "origin: string wanted, nothing found" in text and "airport: not in the contract" in text
    assert text.count("accepted") == 2 and "dead" not in text
    assert value(slice, "newest") == 0, "nothing was published under the first contract but its first version"


@pytest.mark.parametrize("slice", runs.SLICES)
def test_each_fault_is_refused_by_the_promise_that_it_breaks(slice):
    reasons = value(slice, "{row['what came']: row['refused for'] for row in stopped}")
    departures = right("delay_by_weather", slice)
    newark = int((departures.origin == "EWR").sum())
    assert reasons["two rows again"] == "key repeats: 2, at most 0"
    assert reasons["one airport lost, two misspelt"] == \
        f"origin is null: {newark:,}, at most 0; origin is foreign: {len(departures) - newark:,}, at most 0"
    assert reasons["card numbers too"] == "card: not in the contract"
    assert reasons["three days old"].startswith("hours since hour: 7")


@pytest.mark.parametrize("slice", runs.SLICES)
def test_the_second_major_version_leaves_the_first_to_whoever_pinned_it(slice):
    assert value(slice, "(last, pinned.columns[1], port('operations.departures').columns[1])") == [0, "origin", "airport"]
    assert "2.0.0" in said("break-major", slice) and "1.0.0" in said("break-major", slice)
    assert value(slice, "killed") == {"toy": 0, "as it was": 0, "renamed": 2, "renamed, and refused": 0,
                                      "renamed, contract 2": 2, "renamed, pinned to 1": 0}


@pytest.mark.parametrize("slice", runs.SLICES)
def test_what_the_consumer_measured_is_a_promise_that_the_next_publish_may_break(slice):
    weather, product = said("break-silent", slice).splitlines()
    departures = right("delay_by_weather", slice)
    unknown = 100 * (departures.visib.isna() | (departures.origin == "EWR")).mean()
    assert weather == "conditions: all promises hold"
    assert product.startswith("delay_by_weather: percent without visib: ")
    assert float(product.split()[4].strip(",")) == round(unknown, 2)


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


@pytest.mark.parametrize("slice", runs.SLICES)
def test_the_objective_was_measured_at_the_publish(slice):
    unknown = right("delay_by_weather", slice).visib.isna().mean() * 100
    promised = value(slice, "shelf['punctuality.delay_by_weather']['contract']['slaProperties'][1]['value']")
    assert promised == int(100 - unknown + 1e-9)
    assert value(slice, "shelf['punctuality.delay_by_weather']['measured']['percent without visib']") == pytest.approx(unknown)


SLIPS = {"domain: operations": ("", "domain: a word wanted, None found"),
         "domain: operations\n": ("domain: ../elsewhere\n", "domain: a word wanted, '../elsewhere' found"),
         "version: 1.0.0\n": ("", "$: 'version' is a required property"),
         "version: 1.0.0": ("version: 1.0", "$.version: 1.0 is not of type 'string'"),
         "logicalType: string, description: the aircraft": ("description: the aircraft", "a logicalType is missing"),
         "logicalType: integer": ("logicaltype: integer", "('logicaltype' was unexpected)"),
         "invalidValues": ("foreignValues", "quality[0].metric: 'foreignValues' is not one of"),
         "metric: invalidValues": ("metric: nullValues", "only the metric invalidValues that mustBe 0 can be run"),
         "mustBe: 0": ("mustBeLessThan: 5", "not metric invalidValues, mustBeLessThan 5"),
         "EWR, JFK": ("NO, JFK", "origin: False among validValues is no string"),
         "JFK, LGA": ("JFK, 2013-01-01", "is no string (a text like NO or 2013-01-01 needs quotes)"),
         "team: {name: operations}": ("team: [{username: o}]", "team: a name wanted, a list found"),
         "property: latency": ("property: frequency", "objective frequency: only latency and completeness can be run"),
         "unit: h": ("unit: d", "objective latency: a number in h wanted, 24 d found"),
         "departures.hour": ("departures.time", "objective latency: departures.time is no column of departures"),
         "description: the aircraft": ("unique: true", "tailnum: unique can't be run")}


@pytest.mark.parametrize("what", SLIPS)
def test_a_contract_with_a_slip_is_refused_in_a_sentence(what):
    text = runs.source(SLUG, "notebooks").read_text().split('CONTRACT = """')[1].split('"""')[0]
    slip, words = SLIPS[what]
    assert what in text
    contract = yaml.safe_load(text.replace(what, slip))
    errors = jsonschema.Draft201909Validator(airport.odcs()).iter_errors(contract)
    said = [airport.told(error) for error in errors] or airport.unrunnable(contract)
    assert words in "; ".join(said)


def test_a_value_of_a_contract_is_a_text_of_sql_whatever_stands_in_it():
    rule = {"metric": "invalidValues", "arguments": {"validValues": ["O'Hare", "a\\b", 'x") OR ("']}, "mustBe": 0}
    assert airport.allowed({"quality": [rule]}) == r"""'O\'Hare', 'a\\b', 'x") OR ("'"""
