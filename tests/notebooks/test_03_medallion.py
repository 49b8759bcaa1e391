"""What is special in notebook 03: what each break did, that the halves leak, that the layers agree with the published data."""
import json
import re

import pytest
import runs

SLUG = "03-medallion"


def said(slice, tag) -> str:
    """What the cell with this tag showed."""
    return runs.text(runs.tagged(runs.executed(SLUG, slice).nb.cells, tag)[0])


def value(slice, expression):
    """A value of the notebook after its run, read from its kernel."""
    printed, error = runs.run_code(runs.executed(SLUG, slice), f"import json; print(json.dumps({expression}))")
    assert error is None, error
    return json.loads(printed)


@pytest.mark.parametrize("slice", runs.SLICES)
def test_the_naive_way_agrees_on_the_toy_and_loses_flights(slice):
    assert value(slice, "bool((naive(spark.createDataFrame([(json.dumps(r),) for r in toy], 'value STRING'))"
                        ".merge(by_hand, on='origin').eval('flights == flights_by_hand')).all())")
    assert value(slice, "int(answer.missing.sum())") > 0


@pytest.mark.parametrize("slice", runs.SLICES)
def test_the_table_refuses_damaged_rows(slice):
    assert "DELTA_VIOLATE_CONSTRAINT" in said(slice, "break-dirty") and "has_scheduled_time" in said(slice, "break-dirty")
    assert value(slice, "numbers('silver/flights', 'count_if(scheduled IS NULL)')") == [0]


@pytest.mark.parametrize("slice", runs.SLICES)
def test_the_broker_died_inside_the_second_batch_and_nothing_was_lost(slice):
    broken, repaired = said(slice, "break-broker"), said(slice, "break-broker-repaired")
    assert "the query stopped" in broken and "batches begun: [0, 1]" in broken
    assert "batches begun: [0, 1, 1" in repaired
    handed_over = value(slice, "handed_over")
    assert f"500 of {handed_over:,} rows" in broken and f"{handed_over:,} of {handed_over:,} rows" in repaired


@pytest.mark.parametrize("slice", runs.SLICES)
def test_a_crash_between_write_and_commit_doubles_only_the_careless_table(slice):
    assert said(slice, "break-consumer").count("crashed and then went through") == 2
    handed_over, rows = value(slice, "handed_over"), value(slice, "rows")
    assert rows == {"careless": handed_over + min(500, handed_over - 500), "careful": handed_over}


@pytest.mark.parametrize("slice", runs.SLICES)
def test_a_repair_of_bronze_can_not_be_undone_from_above(slice):
    checksums = {tag: re.findall(r"silver (?:before|rebuilt).*?([0-9a-f]{16})$", said(slice, tag), re.M)
                 for tag in ("break-bronze", "break-bronze-repaired")}
    first, second = checksums["break-bronze"]
    assert first != second, "the repair changed nothing, so nothing was broken"
    assert checksums["break-bronze-repaired"] == [first, first]
    assert "DELTA_CANNOT_MODIFY_APPEND_ONLY" in said(slice, "break-append-only")


@pytest.mark.parametrize("slice", runs.SLICES)
def test_the_two_halves_leak_exactly_the_cancelled_flights(slice):
    leaked = value(slice, "int(by_rule['truth'].iloc[3] - by_rule['with the rule'].iloc[3])")
    assert leaked == value(slice, "int(board.cancelled.sum())") > 0
    assert value(slice, "bool(abs(by_rule.iloc[:3]['truth'] - by_rule.iloc[:3]['with the rule']).max() < 1e-9)")


@pytest.mark.parametrize("slice", runs.SLICES)
def test_quarantine_names_its_rules_and_both_hours_of_the_clock_change_survive(slice):
    held = value(slice, "table('quarantine').groupBy('topic', 'rule').count().toPandas().values.tolist()")
    damaged = sum(count for topic, rule, count in held if topic == "reports-03" and rule != "delivered twice")
    assert damaged == value(slice, "round(sent['reports-03'] * 0.001)")
    weather = {rule: count for topic, rule, count in held if topic == "weather-03"}
    windy = value(slice, "int((pd.read_parquet(dataset('weather', 'year')).wind_speed > 254).sum())")
    assert weather == ({"wind above the record": windy} if windy else {}), "an hour that comes twice is no copy"
    assert value(slice, "table('silver/weather').count()") == value(slice, "sent['weather-03']") - windy


@pytest.mark.parametrize("slice", runs.SLICES)
def test_unknown_aircraft_are_flagged_and_stay(slice):
    [flagged] = value(slice, "numbers('silver/flights', 'count_if(NOT aircraft_known)')")
    assert flagged == value(slice, "int(truth('medallion_board', 'year', lost=lost).aircraft_unknown.sum())") > 0


@pytest.mark.parametrize("slice", ["other"])
def test_a_null_does_not_satisfy_a_constraint_as_the_notebook_says(slice):
    path = value(slice, "str(lake / 'nulls')")
    client = runs.executed(SLUG, slice)
    for code in (f"spark.range(1).selectExpr('1.0D AS wind').write.format('delta').mode('overwrite').save({path!r})",
                 f"spark.sql('ALTER TABLE delta.`{path}` ADD CONSTRAINT possible CHECK (wind <= 254)')"):
        assert runs.run_code(client, code)[1] is None
    append = f"spark.range(1).selectExpr('CAST(NULL AS DOUBLE) AS wind').write.format('delta').mode('append').save({path!r})"
    assert "CHECK constraint possible" in (runs.run_code(client, append)[1] or "nothing was refused")


@pytest.mark.parametrize("slice", ["other"])
def test_costs_count_live_files_and_promises_grow(slice):
    kept = value(slice, "costs['promises kept'].tolist()")
    assert kept == sorted(kept) and kept[-1] == 5 and kept[0] < 5
    assert value(slice, "int(costs['bytes'].min())") > 0
