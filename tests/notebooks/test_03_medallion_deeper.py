"""What is special in the deeper notebook 03: the broker's death, the flagged aircraft, the clock change, costs, append-only."""
import pytest
import runs

SLUG = "03-medallion-deeper"


def said(slice, tag) -> str:
    return runs.said(runs.executed(SLUG, slice), tag)


def value(slice, expression):
    return runs.value(runs.executed(SLUG, slice), expression)


@pytest.mark.parametrize("slice", runs.SLICES)
def test_the_broker_died_inside_the_second_batch_and_nothing_was_lost(slice):
    broken, repaired = said(slice, "break-broker"), said(slice, "break-broker-repaired")
    assert "the query crashed" in broken and "batches begun: [0, 1]" in broken
    assert "the query went through" in repaired and "batches begun: [0, 1, 1" in repaired
    handed_over = value(slice, "handed_over")
    assert f"500 of {handed_over:,} rows" in broken and f"{handed_over:,} of {handed_over:,} rows" in repaired


@pytest.mark.parametrize("slice", runs.SLICES)
def test_unknown_aircraft_are_flagged_and_stay(slice):
    flagged = value(slice, "table('silver/flights').where('NOT aircraft_known').count()")
    assert flagged == value(slice, "int(truth('medallion_board', AUTUMN, lost=lost).aircraft_unknown.sum())") > 0


@pytest.mark.parametrize("slice", runs.SLICES)
def test_quarantine_names_its_rules_and_both_hours_of_the_clock_change_survive(slice):
    held = value(slice, "table('quarantine').groupBy('topic', 'rule').count().toPandas().values.tolist()")
    damaged = sum(count for topic, rule, count in held if topic == "reports-03" and rule != "delivered twice")
    assert damaged == value(slice, "round(sent['reports-03'] * 0.001)")
    assert not [rule for topic, rule, _ in held if topic == "codes-03" or rule == "clock against delay"]
    weather = {rule: count for topic, rule, count in held if topic == "weather-03"}
    windy = value(slice, "windy")
    assert weather == ({"wind above the record": windy} if windy else {}), "an hour that comes twice is no copy"
    assert value(slice, "table('silver/weather').count()") == value(slice, "sent['weather-03']") - windy


@pytest.mark.parametrize("slice", runs.SLICES)
def test_a_key_by_the_local_clock_takes_three_hours_for_copies(slice):
    assert value(slice, "[by_utc[0], by_local_clock[0]]") == [0, 3], "the night to 3 November is in both slices"


@pytest.mark.parametrize("slice", runs.SLICES)
def test_bronze_refuses_to_be_tidied(slice):
    assert "DELTA_CANNOT_MODIFY_APPEND_ONLY" in said(slice, "break-append-only")


@pytest.mark.parametrize("slice", ["other"])
def test_costs_count_live_files_and_promises_grow(slice):
    kept = value(slice, "costs['promises kept'].tolist()")
    assert kept == sorted(kept) and kept[-1] == 5 and kept[0] < 5
    assert value(slice, "int(costs['bytes'].min())") > 0
