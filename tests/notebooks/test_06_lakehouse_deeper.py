"""What is special in 06 deeper: the lost commit and the refused one, two real writers, four refusals, a second one
that is refused, vectors that hide a row.
"""
import re

import pytest
import runs

from patternlab.engines import objectstore
from patternlab.patterns.lakehouse import bucket

SLUG = "06-lakehouse-deeper"


def said(tag, slice) -> str:
    return runs.said(runs.executed(SLUG, slice), tag)


def value(expression, slice):
    return runs.value(runs.executed(SLUG, slice), expression)


@pytest.mark.parametrize("slice", runs.SLICES)
def test_a_plain_put_loses_a_commit_and_a_conditional_one_refuses_it(slice):
    lost, kept = said("break-plain-put", slice), said("break-plain-put-repaired", slice)
    assert lost.count("is told: committed") == 2 and "version 1 holds the commit of Bob" in lost
    assert "Ada is told: committed" in kept and "Bob is told: refused" in kept
    assert "version 2 holds the commit of Ada" in kept


@pytest.mark.parametrize("slice", runs.SLICES)
def test_it_was_a_bucket_and_two_processes_wrote_to_it(slice):
    assert "s3://data-lake" in said("step-bucket", slice) and value("in_bucket", slice) == "s3://data-lake/departures"
    commits = [commit.get("writer") for commit in value("[{k: c.get(k) for k in ('writer',)} for c in log]", slice)]
    assert commits[0] is None and set(commits[1:]) == {"JFK", "EWR"}
    by_150 = {origin: -(-value(f"len(rows(f'{{lake}}/departures', \"origin = '{origin}'\"))", slice) // 150)
              for origin in ("JFK", "EWR")}
    assert all(commits.count(origin) >= least for origin, least in by_150.items())


@pytest.mark.parametrize("slice", runs.SLICES)
def test_a_check_refuses_what_is_unknown(slice):
    assert "DELTA_NEW_CHECK_CONSTRAINT_VIOLATION" in said("break-check", slice)
    unknown = value("truth('conservation', 'week')['cancelled']", slice) + 1            # and the planned flight
    assert f"{unknown} rows in" in said("break-check", slice)
    assert "possible_delay" in said("break-check-repaired", slice)


@pytest.mark.parametrize("slice", runs.SLICES)
def test_four_refusals_each_for_its_own_reason(slice):
    a_year, no_key = value("answers", slice)
    assert a_year["by Spark"].startswith("refused: CHECK constraint possible_delay")
    assert no_key["by Spark"].startswith("refused: NOT NULL constraint violated for column: key")
    assert a_year["by delta-rs"] == no_key["by delta-rs"] == "refused: Invalid data found: 1 rows failed validation check."


@pytest.mark.parametrize("slice", runs.SLICES)
def test_an_update_of_spark_that_comes_second_is_refused_and_goes_through_the_next_time(slice):
    second = said("break-second", slice)
    deleted = int(re.search(r"delta-rs: committed, ([\d,]+) rows deleted", second)[1].replace(",", ""))
    assert deleted > 0 and "Spark: refused: Transaction conflict detected" in second and "DELETE" in second
    newest = said("break-second-repaired", slice)
    assert re.search(r"UPDATE +Apache-Spark\n.*DELETE +delta-rs", newest), newest


@pytest.mark.parametrize("slice", runs.SLICES)
def test_the_feed_has_both_sides_of_an_update(slice):
    count = "changes.where(\"change = '{}'\").count()"
    before, after, gone = (value(count.format(kind), slice) for kind in ("update_preimage", "update_postimage", "delete"))
    assert before == after > 0 and gone > 0
    assert value("old_board", slice) != value("new_board", slice)


@pytest.mark.parametrize("slice", runs.SLICES)
def test_a_vector_rewrites_nothing_and_hides_a_row_from_those_who_know_it(slice):
    rewritten, marked = value("[rewritten, marked]", slice)
    assert rewritten["CopiedRows"] > 0 and rewritten["AddedFiles"] == 1 and rewritten["DeletionVectorsAdded"] == 0
    assert marked["CopiedRows"] == marked["AddedFiles"] == 0 and marked["DeletionVectorsAdded"] == 1
    old, new = said("break-old-reader", slice), said("break-old-reader-repaired", slice)
    left = value("left", slice)
    assert f"Spark: {left:,} rows. Without the vectors: {left + 1:,} rows." in old and "is there" in old
    assert f"Without the vectors: {left:,} rows." in new and "is gone" in new
    assert "deletionVectors" in said("break-protocol", slice)


def test_without_a_store_a_folder_takes_its_place(tmp_path, capsys):
    def none():
        raise objectstore.StoreProblem("It can't be had.")
    store = bucket.or_folder(none, tmp_path)
    assert capsys.readouterr().out == "It can't be had. The notebook goes on with a folder in place of the bucket.\n"
    lake = store.bucket("data-lake")
    assert store.put(f"{lake}/a/1", "first") and store.put(f"{lake}/a/1", b"second") and store.get(f"{lake}/a/1") == b"second"
    assert store.put(f"{lake}/a/1", "third", only_if_new=True) is False and store.put(f"{lake}/2", "", only_if_new=True) is True
    assert store.keys(lake) == ["2", "a/1"] and store.keys(store.bucket("data-lake")) == [] and store.options == {}


def test_a_writer_that_fails_is_said_with_its_last_words():
    with pytest.raises(RuntimeError, match="(?s)A writer failed.*ZeroDivisionError"):
        bucket.at_once(fails, [[1], [0]])


def fails(number):
    """A writer."""
    print(1 // number)
