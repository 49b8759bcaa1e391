"""What is special in lesson 07: the losses of 1 July, and that each of its breaks breaks in the way that the text says."""
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


def numbers(text):
    return [int(found.replace(",", "")) for found in re.findall(r"\d[\d,]*", text)]


def test_the_losses_of_the_first_of_july(notebook):
    assert runs.value(notebook, "{str(patience): lost for patience, lost in losses.items()}") == {"0": 146, "60": 59, "180": 5}


def test_the_books_close(notebook):
    """truth = published + open + missing in each row, and the oracle's loss is the missing part."""
    unaccounted = "ledger['truth'] - ledger[['published', 'open', 'missing']].sum(axis=1)"
    assert runs.value(notebook, f"[int(n) for n in {unaccounted}]") == [0, 0, 0]
    foretold = "[len(oracle.foretell(reports, 50, p).late) for p in queries]"
    assert runs.value(notebook, foretold) == runs.value(notebook, "losses.tolist()")
    assert runs.value(notebook, "len(lost)") == 59, "the figure marks the reports that an hour of patience loses"


def test_arrival_hours_are_wrong_and_their_sum_is_right(notebook):
    assert runs.value(notebook, "int(off.sum())") > len(runs.value(notebook, "both.index.tolist()")) / 2
    assert runs.value(notebook, "(both['by arrival'].sum() == both['planned'].sum()).item()") is True


def test_the_modes_publish_at_different_times(notebook):
    """Append says the nine o'clock hour once, with G and without H; complete counts even H."""
    modes = runs.value(notebook, "{mode: {str(number): text for number, text in modes[mode].items()} "
                            "for mode in ('append', 'update', 'complete')}")
    assert [said for said in modes["append"].values() if "09h" in said] == ["09h: 4"]
    assert "09h: 5" in modes["complete"]["4"] and "09h" not in modes["update"]["4"]


def test_the_shapes_differ_as_the_text_says(said):
    """Six reports: once in tumbling windows, twice in sliding ones, and sessions end after a gap."""
    counted = {}
    for line in said["step-shapes"].splitlines()[1:]:
        shape, *_, count = line.split()
        counted.setdefault(shape, []).append(int(count))
    assert sum(counted["tumbling"]) == 6 == sum(counted["session"]) and sum(counted["sliding"]) == 12


def test_one_record_from_the_future_loses_most_of_what_follows(notebook):
    reached, repaired, all_of_them = map(int, runs.value(notebook, "[reached, repaired, len(reports)]"))
    assert reached < .7 * all_of_them and repaired > .9 * all_of_them


def test_the_kill_was_a_kill_and_the_restart_took_up_there(notebook, said):
    code, begun, finished = map(int, re.search(r"exit code (-?\d+); batches begun: (\d+), finished: (\d+)",
                                               said["break-kill"]).groups())
    assert code == -9 and begun >= finished >= 2
    assert numbers(said["step-resume"])[0] == finished, "the first batch after the restart is the one that was not finished"


def test_the_metric_is_below_the_loss(notebook):
    dropped = runs.value(notebook, "[int(n) for n in metric.values()]")
    lost = runs.value(notebook, "losses.tolist()")
    assert dropped == [74, 39, 5]
    assert dropped[0] < lost[0] and dropped[1] < lost[1] and dropped[2] <= lost[2]


def test_patience_buys_completeness_and_costs_time_and_memory(notebook):
    columns = ("counted", "added latency", "windows kept")
    price = [runs.value(notebook, f"price[{column!r}].astype(float).tolist()") for column in columns]
    assert all(column == sorted(column) and len(set(column)) == 3 for column in price)


def test_every_figure_is_drawn(notebook):
    for cell in runs.tagged(notebook.nb.cells, "figure-"):
        assert any("image/png" in output.get("data", {}) for output in cell.outputs), cell.id
