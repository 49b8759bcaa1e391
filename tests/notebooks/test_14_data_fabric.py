"""What is special in 14: names lose flights, lineage loses an input and a column, a rename makes joins stale."""
import os
import subprocess
import sys

import pytest
import runs

from patternlab.engines import place
from patternlab.patterns.data_fabric import catalogues
from patternlab.patterns.data_fabric.truth import REFERENCES
from patternlab.truth import truth

SLUG = "14-data-fabric"


def said(tag, slice) -> str:
    return runs.said(runs.executed(SLUG, slice), tag)


def value(slice, expression):
    return runs.value(runs.executed(SLUG, slice), expression)


@pytest.mark.parametrize("slice", runs.SLICES)
def test_a_join_on_all_equal_names_loses_nearly_all_flights(slice):
    days = runs.span(SLUG, slice, "month")
    kept = truth("natural_join", days)
    assert f"planes: {kept:,} flights kept" in said("break-names", slice)
    assert kept < truth("conservation", days)["scheduled"] / 10
    assert "airports: 0 flights kept" in said("break-names", slice)


@pytest.mark.parametrize("slice", runs.SLICES)
def test_the_suggestions_are_the_true_references_and_the_threshold_matters(slice):
    assert sorted(value(slice, "list(suggestions.pair)")) == sorted(f"{left} = {right}" for left, right in REFERENCES)
    assert value(slice, "inclusion('flights.year', 'planes.year')") == 1, "inclusion alone does not refuse it"
    assert value(slice, "bool(holds.iloc[-1])") is False
    assert value(slice, "float(score.precision['inclusion'])") < 0.2
    assert value(slice, "float(score.recall['equal names'])") < 0.5
    assert value(slice, "float(score.precision.iloc[-1])") == value(slice, "float(score.recall.iloc[-1])") == 1
    assert value(slice, "int((suggestions.inclusion >= 0.9).sum())") == 5, "at 0.9 the tail number is lost"


@pytest.mark.parametrize("slice", runs.SLICES)
def test_the_listener_loses_the_table_behind_a_query_in_a_merge(slice):
    text = said("break-missed", slice)
    assert "makers is made of {'fleet_delays'}" in text and "plan reads {'planes'}" in text
    assert "makers.example comes from {'planes.tailnum'}" in text
    assert value(slice, "sorted(map(list, planned - edges))") == [["planes", "makers"]]


@pytest.mark.parametrize("slice", runs.SLICES)
def test_a_column_that_lineage_lost_leaks_until_its_values_are_looked_at(slice):
    assert "public_watchlist: aircraft delay" in said("step-act", slice)
    assert value(slice, "[i for i, o in carried if o == 'watchlist.aircraft']") == []
    assert "public_watchlist: delay" in said("break-by-value", slice)
    assert "public_makers: manufacturer delay" in said("break-by-value", slice)
    assert value(slice, "share") == 1


@pytest.mark.parametrize("slice", runs.SLICES)
def test_a_rename_makes_three_joins_stale_and_its_own_event_says_so(slice):
    assert value(slice, "len(stale)") == 3
    assert "faa" in said("break-stale", slice) and "UNRESOLVED_COLUMN" in said("break-stale", slice)
    assert value(slice, "changed") == ["airports"]
    assert value(slice, "sorted(renamed.left)") == ["flights.dest", "flights.origin", "weather.origin"]


@pytest.mark.parametrize("slice", runs.SLICES)
def test_what_was_broken_is_taken_back_so_that_cells_can_run_again(slice):
    assert value(slice, "spark.table('airports').columns[0]") == value(slice, "db.table('airports').columns[0]") == "faa"
    assert value(slice, "(TABLES / 'watchlist').is_dir() and not (LAKE / 'archived').exists()")
    assert value(slice, "len(spark.sql(' UNION ALL '.join(checks)).toPandas())") == 7, "step-verify"


@pytest.mark.parametrize("slice", runs.SLICES)
def test_events_of_an_earlier_run_do_not_count(slice):
    written = value(slice, "[name(written) for _, written in completed(emitted(EVENTS))]")
    assert written.count("departed") == 1, "the folder of the run before is empty, and so is its file"


def test_a_reference_in_a_catalogue_is_as_the_lab_says():
    for seed in range(21):
        tables, true = catalogues.catalogue(seed)
        assert catalogues.reference(tables) == true and len(true) == 6
        for left, right in true:
            (table, column), (other, key) = left.split("."), right.split(".")
            values, keys = tables[table][column], tables[other][key]
            filled = [each for each in values if each is not None]
            assert len(set(keys)) == len(keys) and len(filled) > 0.84 * len(values)
            assert sum(each in set(keys) for each in filled) > 0.84 * len(filled)
            assert len(set(filled) & set(keys)) > 2 / 3 * len(keys)


TRACED = """
from patternlab import emitted, spark_session, workspace
work = workspace("traced")
spark = spark_session("traced", lineage=work / "events.jsonl")
spark.range(3).write.format("delta").saveAsTable("one")
spark.sql("CREATE TABLE two USING delta AS SELECT id + 1 AS id FROM one")
read = {found["name"] for event in emitted(work / "events.jsonl") for found in event["inputs"]}
print("READ", sorted(name.rsplit("/", 1)[-1] for name in read))
"""


def test_the_listener_keeps_its_tables_in_a_kit_whose_path_has_a_space(tmp_path):
    state = tmp_path / "Käse & Co" / "state"
    state.mkdir(parents=True)
    (state / "jars").symlink_to(place.state("jars"))
    given = {**os.environ, "PYTHONPATH": str(place.ROOT), "PATTERNLAB_STATE": str(state)}
    done = subprocess.run([sys.executable, "-c", TRACED], capture_output=True, text=True, timeout=300, cwd=tmp_path, env=given)
    assert done.returncode == 0 and "READ ['one']" in done.stdout, done.stdout + done.stderr[-3000:]
