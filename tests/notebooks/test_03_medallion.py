"""What is special in notebook 03: what each break did, that the halves leak, that the layers agree with the published data."""
import pytest
import runs

SLUG = "03-medallion"


def said(slice, tag) -> str:
    return runs.said(runs.executed(SLUG, slice), tag)


def value(slice, expression):
    return runs.value(runs.executed(SLUG, slice), expression)


@pytest.mark.parametrize("slice", runs.SLICES)
def test_the_naive_way_agrees_on_the_toy_and_loses_flights(slice):
    by_hand = "naive(scene.messages(toy)).merge(scene.by_hand(toy))"
    assert value(slice, f"len({by_hand})") == value(slice, "len({report['origin'] for report in toy})")
    assert value(slice, f"bool(({by_hand}.eval('flights == by_hand')).all())")
    assert value(slice, "int(answer.missing.sum())") > 0


@pytest.mark.parametrize("slice", runs.SLICES)
def test_the_table_refuses_damaged_rows(slice):
    assert "DELTA_VIOLATE_CONSTRAINT" in said(slice, "break-dirty") and "has_scheduled_time" in said(slice, "break-dirty")
    assert value(slice, "table('silver/flights').where('scheduled IS NULL').count()") == 0


@pytest.mark.parametrize("slice", runs.SLICES)
def test_a_crash_between_write_and_commit_doubles_only_the_careless_table(slice):
    assert value(slice, "runs") == ["crashed", "went through"]
    handed_over, batch = value(slice, "sent['weather-03']"), value(slice, "sent['weather-03'] - half")
    assert value(slice, "rows") == {"careless": handed_over + batch, "careful": handed_over}


@pytest.mark.parametrize("slice", runs.SLICES)
def test_a_repair_of_bronze_can_not_be_undone_from_above(slice):
    before, after, restored = value(slice, "[before, after, restored]")
    assert before["checksum"] != after["checksum"], "the repair changed nothing, so nothing was broken"
    assert before["hours with a gust"] != after["hours with a gust"]
    assert restored == before


@pytest.mark.parametrize("slice", runs.SLICES)
def test_the_two_halves_leak_exactly_the_cancelled_flights(slice):
    rule, right = value(slice, "with_the_rule"), value(slice, "expected")
    assert right["flights"] - rule["flights"] == value(slice, "int(board.cancelled.sum())") > 0
    assert rule["departed"] == right["departed"]
    assert abs(rule["mean_delay_min"] - right["mean_delay_min"]) < 1e-9
    assert right["flights"] == value(slice, "int(board.scheduled.sum())"), "the totals are those of the board"


@pytest.mark.parametrize("slice", runs.SLICES)
def test_quarantine_names_its_rules_and_both_hours_of_the_clock_change_survive(slice):
    held = value(slice, "table('quarantine').groupBy('topic', 'rule').count().toPandas().values.tolist()")
    damaged = sum(count for topic, rule, count in held if topic == "reports-03" and rule != "delivered twice")
    assert damaged == value(slice, "round(sent['reports-03'] * 0.001)")
    weather = {rule: count for topic, rule, count in held if topic == "weather-03"}
    windy = value(slice, "sum((hour['wind_speed'] or 0) > 254 for hour in events('observation', 'month'))")
    assert weather == ({"wind above the record": windy} if windy else {}), "an hour that comes twice is no copy"
    assert value(slice, "table('silver/weather').count()") == value(slice, "sent['weather-03']") - windy


@pytest.mark.parametrize("slice", ["own"])
def test_the_month_has_the_wind_that_the_rule_is_for(slice):
    assert "wind above the record" in value(slice, "held_back.rule.tolist()")


@pytest.mark.parametrize("slice", ["other"])
def test_a_null_does_not_satisfy_a_constraint_as_the_notebook_says(slice):
    path = value(slice, "str(lake / 'nulls')")
    client = runs.executed(SLUG, slice)
    for code in (f"spark.range(1).selectExpr('1.0D AS wind').write.format('delta').mode('overwrite').save({path!r})",
                 f"spark.sql('ALTER TABLE delta.`{path}` ADD CONSTRAINT possible CHECK (wind <= 254)')"):
        assert runs.run_code(client, code)[1] is None
    append = f"spark.range(1).selectExpr('CAST(NULL AS DOUBLE) AS wind').write.format('delta').mode('append').save({path!r})"
    assert "CHECK constraint possible" in (runs.run_code(client, append)[1] or "nothing was refused")
