"""What is special in notebook 07: the losses of 1 July, and that each of its breaks breaks in the way that the text says."""
import json
import re

import pytest
import runs

SLUG = "07-stream-windowing"


@pytest.fixture(scope="module")
def notebook():
    return runs.executed(SLUG)


@pytest.fixture(scope="module")
def said(notebook):
    """What each tagged cell showed."""
    return {tag: runs.text(cell) for cell in notebook.nb.cells for tag in cell.metadata.get("tags", [])
            if cell.cell_type == "code"}


def value(notebook, expression):
    """A plain value from the notebook's kernel; nothing is changed there."""
    printed, error = runs.run_code(notebook, f"import json; print(json.dumps({expression}, default=int))")
    assert error is None, error
    return json.loads(printed)


def numbers(text):
    return [int(found.replace(",", "")) for found in re.findall(r"\d[\d,]*", text)]


def test_the_losses_of_the_first_of_july(notebook):
    assert value(notebook, "{str(patience): lost for patience, lost in losses.items()}") == {"0": 304, "60": 134, "180": 12}


def test_the_books_close(notebook):
    """truth = published + open + missing in each row, and the oracle's loss is the missing part."""
    unaccounted = "ledger['truth'] - ledger[['published', 'open', 'missing']].sum(axis=1)"
    assert value(notebook, f"[int(n) for n in {unaccounted}]") == [0, 0, 0]
    assert value(notebook, "[len(forecast(p).late) for p in queries]") == value(notebook, "losses.tolist()")


def test_arrival_hours_are_wrong_and_their_sum_is_right(notebook):
    assert value(notebook, "int(off.sum())") > len(value(notebook, "both.index.tolist()")) / 2
    assert value(notebook, "(both['by arrival'].sum() == both['by schedule'].sum()).item()") is True


def test_the_modes_publish_at_different_times(notebook):
    """Append says the nine o'clock hour once, with G and without H; complete counts even H."""
    modes = value(notebook, "{mode: {str(number): text for number, text in modes[mode].items()} "
                            "for mode in ('append', 'update', 'complete')}")
    assert [said for said in modes["append"].values() if "09h" in said] == ["09h: 4"]
    assert "09h: 5" in modes["complete"]["4"] and "09h" not in modes["update"]["4"]


def test_one_record_from_the_future_loses_most_of_what_follows(notebook):
    reached, repaired, all_of_them = value(notebook, "[reached, repaired, len(today)]")
    assert reached < .7 * all_of_them and repaired > .9 * all_of_them


def test_a_silent_source_holds_everything_back(notebook):
    published = value(notebook, "[spark.table(query.name).count() for query in cases.values()]")
    assert published[1] == 0 and published[0] > 0 and published[2] > 0


def test_the_kill_was_a_kill_and_the_restart_took_up_there(notebook, said):
    code, begun, finished = map(int, re.search(r"exit code (-?\d+); batches begun: (\d+), finished: (\d+)",
                                               said["break-kill"]).groups())
    assert code == -9 and begun >= finished >= 2
    assert numbers(said["step-resume"])[0] == finished, "the first batch after the restart is the one that was not finished"


def test_without_the_checkpoint_windows_come_twice(notebook):
    assert value(notebook, "twice") > 0
    assert value(notebook, "spark.read.format('delta').load(table).count()") == value(notebook, "len(after_restart)")


def test_duplicates_count_twice_until_they_are_dropped(notebook):
    total, truth = value(notebook, "total"), value(notebook, "len(today)")
    assert total["raw"] > truth == total["once"]


def test_the_metric_is_below_the_loss(notebook):
    dropped = value(notebook, "[int(progress(query)['dropped'].sum()) for query in queries.values()]")
    assert dropped == [177, 98, 11]
    assert all(metric < lost for metric, lost in zip(dropped, value(notebook, "losses.tolist()")))


def test_how_the_log_is_read_decides(notebook):
    single, lived, replayed = (value(notebook, text) for text in (
        "ideal['0'] if '0' in ideal else ideal[0]", "len(spark_windows(live, 0).late)", "int(losses[0])"))
    assert single > lived > replayed > value(notebook, "len(forecast(0, len(reports)).late)") == 0


def test_every_figure_is_drawn(notebook):
    for cell in runs.tagged(notebook.nb.cells, "figure-"):
        assert any("image/png" in output.get("data", {}) for output in cell.outputs), cell.id
