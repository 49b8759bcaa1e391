"""What is special in 05: what "never seen" loses, two things under one key, one thing under two, and any order."""
import ast
import re

import pytest
import runs

from patternlab.flights import rows
from patternlab.patterns.data_vault import scene
from patternlab.truth import truth

SLUG = "05-data-vault"


def said(tag, slice) -> str:
    return runs.said(runs.executed(SLUG, slice), tag)


def numbers(text):
    return [int(number.replace(",", "")) for number in re.findall(r"(?<![\w.-])\d[\d,]*(?![\w.-])", text)]


def span(slice):
    """First and last day that a run on this slice loads, whatever this process has in its environment."""
    return scene.history(runs.span(SLUG, slice, "month"))


@pytest.mark.parametrize("slice", runs.SLICES)
def test_a_short_slice_gets_four_weeks(slice):
    first, last = span(slice)
    assert (last - first).days == 27
    assert f"from {first} to {last}" in said("look-topics", slice)


@pytest.mark.parametrize("slice", runs.SLICES)
def test_never_seen_is_right_on_the_toy_and_wrong_on_schedules_that_come_back(slice):
    assert len(said("step-naive-toy", slice).strip().splitlines()) == 1 + 3, "three versions"
    wrong, asked = numbers(said("break-never-seen", slice).splitlines()[0])
    changes = truth("schedule_changes", span(slice))
    assert asked == changes["statements"] and wrong >= changes["lost"] > 0


@pytest.mark.parametrize("slice", runs.SLICES)
def test_the_satellites_rule_keeps_what_comes_back_on_the_toy(slice):
    kept = [line for line in said("step-satellite", slice).splitlines() if "UA11" in line]
    assert [line.split()[3] for line in kept] == ["0900", "0930", "0900"]


@pytest.mark.parametrize("slice", runs.SLICES)
def test_the_figure_says_the_share_that_truth_counts(slice):
    right, naive = runs.value(runs.executed(SLUG, slice), "[int(right), int(naive)]")
    changes = truth("schedule_changes", span(slice))
    assert (right, naive) == (changes["versions"], changes["never_seen"])


@pytest.mark.parametrize("slice", runs.SLICES)
def test_keys_without_a_separator_collide_and_with_one_they_do_not(slice):
    counts = truth("colliding_keys", scene.YEAR, carrier="9E")
    [shared] = numbers(said("break-collisions", slice).splitlines()[0])
    repaired = ast.literal_eval(said("break-collisions-repaired", slice).strip())
    assert counts["colliding"] > 0 and shared == 2 * counts["colliding"]
    assert repaired == {"departures": shared, "glued_keys": counts["colliding"], "separated_keys": shared}


@pytest.mark.parametrize("slice", runs.SLICES)
def test_the_hubs_count_fits_although_departures_were_merged(slice):
    fits = ast.literal_eval(said("break-count-fits", slice).strip())
    counts = truth("colliding_keys", scene.YEAR, carrier="9E")
    assert fits["rows_of_the_hub"] == fits["keys_of_the_satellite"] == counts["keys"]
    assert fits["business_keys"] == counts["departures"] > counts["keys"]


@pytest.mark.parametrize("slice", runs.SLICES)
def test_two_loaders_that_trim_differently_make_two_rows_of_one_aircraft(slice):
    [twice] = numbers(said("break-trim", slice).splitlines()[0])
    assert twice == truth("aircraft_sources", span(slice))["in_both"] > 0
    assert numbers(said("break-trim-repaired", slice)) == [0, truth("unknown_tails", span(slice))["known"]]


@pytest.mark.parametrize("slice", runs.SLICES)
def test_a_repeated_load_inserts_nothing_into_any_table(slice):
    assert runs.value(runs.executed(SLUG, slice), "list(again.values())") == [0, 0, 0, 0]


@pytest.mark.parametrize("slice", runs.SLICES)
def test_the_register_says_everything_twice_and_is_kept_once(slice):
    said_of, moved = {}, 0
    for line in scene.register(span(slice)):
        moved += said_of.get(line["tail_number"], line["operator"]) != line["operator"]
        said_of[line["tail_number"]] = line["operator"]
    inserted = ast.literal_eval(said("step-later", slice))
    assert inserted["register", "sat_register"] == len(rows("planes")) + moved


def test_orders_are_orders_and_a_satellite_keeps_its_own():
    steps = [(load, table) for load in "abc" for table in ("hub_x", "sat_x")]
    seen = {tuple(scene.any_order(steps, seed)) for seed in range(20)}
    assert len(seen) > 10, "other orders"
    for order in seen:
        assert sorted(order) == sorted(steps)
        assert [load for load, table in order if table == "sat_x"] == ["a", "b", "c"]
    assert any([load for load, table in order if table == "hub_x"] != ["a", "b", "c"] for order in seen)


def test_the_shuffled_steps_are_as_wild_as_the_text_says():
    steps = [tuple(step) for step in runs.value(runs.executed(SLUG, "other"), "list(inserts)")]
    assert len(steps) == 10 and "seed=5)" in runs.source(SLUG, "notebooks").read_text("utf-8")
    at = {step: number for number, step in enumerate(scene.any_order(steps, 5))}
    for table in ("hub_flight", "hub_aircraft", "link_departure"):
        assert at["last week", table] < at["first weeks", table]
    assert at["first weeks", "sat_schedule"] < at["last week", "hub_flight"]
    assert at["register", "sat_register"] < at["register", "hub_aircraft"]


OTHER_ORDERS = """
def _same(steps):
    mine = {name: table.limit(0) for name, table in tables.items()}
    for stage, table in steps:
        fresh = spark.sql(NEW[table], stage=stages[stage], known=mine[table])
        mine[table] = mine[table].union(fresh)
    return scene.identities(mine) == loaded
_first = ("first weeks", "sat_schedule")
_late = [step for step in inserts if step != _first] + [_first]
print([_same(scene.any_order(inserts, 35)), _same(scene.any_order(inserts, 81)), _same(_late)])
"""


def test_any_order_gives_the_same_vault_but_one_sources_days_out_of_theirs():
    printed, error = runs.run_code(runs.executed(SLUG, "other"), OTHER_ORDERS)
    assert error is None and ast.literal_eval(printed.strip().splitlines()[-1]) == [True, True, False], (printed, error)
