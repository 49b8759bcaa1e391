"""What is special in 06: a folder is torn and a table is not, who is refused, what VACUUM takes, a layout."""
import pytest
import runs

SLUG = "06-lakehouse"


def said(slice, tag) -> str:
    return runs.said(runs.executed(SLUG, slice), tag)


def value(slice, expression):
    return runs.value(runs.executed(SLUG, slice), expression)


@pytest.mark.parametrize("slice", runs.SLICES)
def test_the_same_kill_tears_a_folder_and_leaves_a_table_as_it_was(slice):
    reported, left = value(slice, "[len(reports), len(pd.read_parquet(plain))]")
    handed_over = value(slice, "scene.arriving(reports).read_all().num_rows")
    assert handed_over == reported, "the writer was given every report"
    assert 0 < left < reported and abs(left / reported - 2 / 3) < 0.1, "it died when two thirds had come"
    assert value(slice, "rows_kept") == reported
    assert slice == "other" or value(slice, "len(unnamed)") > 0, "it had written files, and no log names them"


@pytest.mark.parametrize("slice", runs.SLICES)
def test_the_log_has_three_commits_and_the_delete_wrote_a_file(slice):
    assert value(slice, "[len(live(toy_table, version)) for version in range(3)]") == [1, 2, 2]
    assert "DELETE" in said(slice, "look-log") and "remove" in said(slice, "look-log")
    assert said(slice, "step-commits").count(".parquet") == 3


@pytest.mark.parametrize("slice", runs.SLICES)
def test_both_engines_stand_in_one_history(slice):
    text = said(slice, "step-evolve")
    assert "Apache-Spark" in text and "delta-rs" in text
    assert "SchemaMismatchError" in said(slice, "break-schema")
    with_gate = "delta(departures, versionAsOf=2).where('gate IS NOT NULL').count()"
    assert value(slice, with_gate) == 1, "Spark reads the other's row"


@pytest.mark.parametrize("slice", runs.SLICES)
def test_the_second_writer_is_refused_and_then_not(slice):
    assert "CommitFailedError" in said(slice, "break-conflict")
    refused, done, flights = value(slice, "[refused, done['num_updated_rows'], to_los_angeles]")
    assert refused == 0 and done == flights > 0
    gates = value(slice, "{row.gate: row['count'] for row in delta(departures).groupBy('gate').count().collect()}")
    assert gates["B1"] == flights and None not in gates, "Spark's change is there too"


@pytest.mark.parametrize("slice", runs.SLICES)
def test_vacuum_leaves_what_the_newest_version_needs_and_takes_the_past(slice):
    there, newest, lying = value(slice, "[sorted(there), sorted(live(loads)), lying]")
    assert there == newest and lying > len(newest)
    assert value(slice, "sorted(set(live(loads, before)) & there)") == []
    assert "rror" in said(slice, "break-past")
    listed = value(slice, "versions[['files needed', 'still there']].values.tolist()")
    assert len(listed) == value(slice, "before") + 5 and [needed for needed, still in listed if still < needed], \
        "the history lists what can't be read"


@pytest.mark.parametrize("slice", runs.SLICES)
def test_a_layout_serves_its_questions_and_no_others(slice):
    time, clustered = value(slice, "list(skipping.values())")
    assert clustered["to Los Angeles"] < time["to Los Angeles"] / 2
    assert clustered["of Delta Air Lines"] < time["of Delta Air Lines"]
    assert time["at one moment"] < clustered["at one moment"], "what was side by side is everywhere now"
    if slice == "own":                                       # on a day, some hours have no flight that is so late
        files = value(slice, "sum(file['size'] for file in live(loads, before).values()) / 1000")
        assert abs(time["late by an hour"] - files) < 1, "every file"


@pytest.mark.parametrize("slice", runs.SLICES)
def test_corrections_count_whatever_their_order(slice):
    answers = value(slice, "times.rows.tolist()")
    assert len(answers) == 2 and answers[0] < answers[1], "the reader saw the version before and the one after"
    assert value(slice, "len({report['key'] for report in corrections}) < len(corrections)"), "some flights have two"
    table = value(slice, "delta(departures).where('revision > 0').count()")
    assert table == value(slice, "len({report['key'] for report in corrections})")


@pytest.mark.parametrize("slice", ["own"])
def test_small_files_cost_a_question_its_time(slice):
    first, last = value(slice, "[taken['a question'].iloc[0], taken['a question'].iloc[-1]]")
    assert last > first > 0
