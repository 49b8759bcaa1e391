"""What is special in the deeper notebook 07: cuts decide, and silence, a skewed key, a lost checkpoint and copies do harm."""
import pytest
import runs

SLUG = "07-stream-windowing-deeper"


@pytest.fixture(scope="module")
def notebook():
    return runs.executed(SLUG)


def test_the_losses_of_the_first_of_july(notebook):
    """By the oracle, which test_oracle.py compares with Spark for these very cuts; the metric counts groups, so it is below."""
    assert runs.value(notebook, "list(oracle.losses(reports, 20, waits).values())") == [304, 134, 12]
    assert runs.value(notebook, "[sum(oracle.foretell(reports, 20, wait).dropped) for wait in waits]") == [177, 98, 11]
    assert runs.value(notebook, "[int(n) for n in metric.values()]") == [74, 39, 5]


def test_a_report_is_spared_and_another_dropped_by_the_batch_before(notebook):
    traces = [runs.value(notebook, f"oracle.traced({name}, 1, 0).iloc[-1].to_dict()") for name in ("spared", "dropped")]
    assert [(trace["drops by"], trace["publishes by"], trace["dropped"]) for trace in traces] == [
        ("09:10", "11:40", ""), ("11:40", "11:50", "L")]


def test_more_patience_keeps_more_windows(notebook):
    assert runs.value(notebook, "[max(rows) for rows in kept]") == sorted({*runs.value(notebook, "[max(rows) for rows in kept]")})


def test_how_the_log_is_read_decides(notebook):
    single, lived, replayed, whole = runs.value(notebook, "[int(lost[0]) for lost in ways.values()]")
    assert single > lived > replayed > whole == 0


def test_a_silent_source_holds_everything_back(notebook):
    published = runs.value(notebook, "standing['published'].to_dict()")
    assert published["silent_topic"] == 0 < published["heartbeat"] == published["idle_partition"]
    waiting = runs.value(notebook, "standing['windows kept'].to_dict()")
    assert waiting["silent_topic"] == runs.value(notebook, "len(hours)") > waiting["heartbeat"]


def test_the_idle_partition_is_idle(notebook):
    assert 0 in runs.value(notebook, "list(broker.end_offsets('halves-07').values())")


@pytest.mark.parametrize("slice", runs.SLICES)
def test_a_coarse_key_gives_all_work_to_few_readers_and_a_finer_one_shares_it_out(slice):
    notebook = runs.executed(SLUG, slice)
    skewed, even = (runs.value(notebook, f"{name}['reports'].tolist()") for name in ("skewed", "even"))
    assert len(skewed) == len(even) == 8 and sum(skewed) == sum(even) == runs.value(notebook, "len(reports)")
    assert skewed.count(0) >= 5 and min(even) > 0, "three airports can't feed eight readers, hundreds of aircraft can"
    assert max(skewed) >= 1.5 * max(even), "the work is as slow as its fullest partition"


@pytest.mark.parametrize("slice", runs.SLICES)
def test_the_finer_key_costs_the_order_of_an_airport_and_keeps_that_of_an_aircraft(slice):
    overtaken = runs.value(runs.executed(SLUG, slice), "overtaken")
    assert overtaken["key: airport"]["origin"] == 0 < overtaken["key: aircraft"]["origin"]
    assert overtaken["key: aircraft"]["tailnum"] == 0


def test_without_the_checkpoint_windows_come_twice(notebook):
    assert runs.value(notebook, "twice") > 0
    assert runs.value(notebook, "spark.read.format('delta').load(table).count()") == runs.value(notebook, "len(undisturbed)")


def test_duplicates_count_twice_until_they_are_dropped(notebook):
    raw, once, truth = runs.value(notebook, "[int(total['raw']), int(total['once']), len(reports)]")
    assert raw > truth == once
    assert runs.value(notebook, "suspicious") > 0


def test_every_figure_is_drawn(notebook):
    for cell in runs.tagged(notebook.nb.cells, "figure-"):
        assert any("image/png" in output.get("data", {}) for output in cell.outputs), cell.id
