"""What is special in lesson 10: what a patched table and a switch show to a reader, what logs and cuts lose."""
import re

import pytest
import runs

from patternlab.truth import truth

SLUG = "10-kappa"


pytestmark = pytest.mark.parametrize("slice", runs.SLICES)


@pytest.fixture
def notebook(slice):
    return runs.executed(SLUG, slice)


@pytest.fixture
def said(notebook):
    """What each tagged cell showed."""
    return {tag: runs.text(cell) for cell in notebook.nb.cells for tag in cell.metadata.get("tags", [])
            if cell.cell_type == "code"}


def numbers(text):
    return [int(found.replace(",", "")) for found in re.findall(r"\d[\d,]*", text)]


def test_a_reader_of_the_patched_table_saw_two_meanings_in_between(notebook):
    asked = runs.value(notebook, "asked")
    assert [row[0] for row in asked["in between"]] == [0, 15], "both meanings at once"
    assert len(asked["before"]) == len(asked["after"]) == 1
    late = {moment: sum(row[2] for row in rows) for moment, rows in asked.items()}
    assert late["after"] < late["in between"] < late["before"], "a number that is right by neither"


def test_during_the_switch_only_whole_versions_were_seen(notebook):
    seen = runs.value(notebook, "[list(map(list, answer)) for answer in reader.seen]")
    assert [[row[0] for row in answer] for answer in seen] == [[0], [15]]
    assert runs.value(notebook, "min(reader.seen.values())") >= 2


def test_version_1_went_on_while_version_2_replayed(notebook):
    """Both lag series end at 0; version 2 begins with all that version 1 had read, version 1 with nothing."""
    first, second = (runs.value(notebook, f"[int(n) for n in lag['version {n}']]") for n in (1, 2))
    past = runs.value(notebook, "len(past)")
    assert first[0] == 0 and second[0] == past and first[-1] == second[-1] == 0
    assert 0 < max(first) < past, "version 1 had a part to catch up with, never history"
    assert min(first + second) >= 0


def test_the_replay_loses_fewer_than_the_live_run_and_patience_loses_none(notebook):
    lost = runs.value(notebook, "lost")
    assert lost["live"] > lost["replay"] >= 0, lost
    assert runs.value(notebook, "int(patient_live['n'].sum())") == runs.value(notebook, "len(flown)")
    assert runs.value(notebook, "len(scene.differing(live, replayed))") > 0


def test_a_third_of_the_log_is_forgotten_without_an_error(notebook, said):
    gone, total = runs.value(notebook, "[gone, len(reports)]")
    assert gone == total // 3 == numbers(said["break-start-offset"])[0]
    assert runs.value(notebook, "told('board_short')")[0][1] == total - gone


def test_who_asks_for_offset_0_is_refused(notebook, said):
    assert said["break-refused"].startswith("StreamingQueryException: Some data may have been lost")
    assert runs.value(notebook, "spark.table('board_refused').count()") == 0


def test_the_compacted_topic_looks_whole_and_is_not(notebook, said):
    begin, last, kept = numbers(said["break-compacted"])
    assert begin == 0 and last == runs.value(notebook, "len(keyed)"), "its offsets look like those of a whole log"
    assert kept < last


def test_the_totals_are_those_of_the_published_table(notebook, slice):
    late = truth("late", runs.resolved(SLUG, slice) or "week")
    assert runs.value(notebook, "told('board_v1')")[0][2] == late["over_0"] > late["over_15"]
    assert runs.value(notebook, "told('board_v2')")[0][2] == late["over_15"] > 0


def test_every_figure_is_drawn(notebook):
    for cell in runs.tagged(notebook.nb.cells, "figure-"):
        assert any("image/png" in output.get("data", {}) for output in cell.outputs), cell.id
