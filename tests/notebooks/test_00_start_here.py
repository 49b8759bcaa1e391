"""What is special in notebook 00: the map shows what is there, the shown proof fails, the first pipeline is quick and right."""
import json
import re

import pytest
import runs

SLUG = "00-start-here"


def value(slice, expression):
    """A value of the notebook after its run, read from its kernel."""
    printed, error = runs.run_code(runs.executed(SLUG, slice), f"import json; print(json.dumps({expression}))")
    assert error is None, error
    return json.loads(printed)


@pytest.mark.parametrize("slice", ["own"])
def test_the_map_has_sixteen_patterns_and_marks_those_that_are_here(slice):
    assert len(value(slice, "PLACES")) == 16
    there = {file.name[:2] for file in (runs.ROOT / "notebooks").glob("*.ipynb")} - {"00", "17"}
    assert value(slice, "sorted(present & set(at))") == sorted(there)
    ends = {end for pair in value(slice, "QUESTIONS") for end in pair.split()}
    assert ends == set(value(slice, "at")), "every pattern hangs on a question"


@pytest.mark.parametrize("slice", ["own"])
def test_the_false_claim_is_refused_with_both_numbers(slice):
    shown = runs.text(runs.tagged(runs.executed(SLUG, slice).nb.cells, "break-claim")[0])
    day = value(slice, "day")
    assert "NotProved" in shown and f"{day['departed']:,}" in shown and f"{day['scheduled']:,}" in shown


@pytest.mark.parametrize("slice", runs.SLICES)
def test_the_first_pipeline_holds_every_departure_and_draws_it(slice):
    assert value(slice, "table.count()") == value(slice, "day")["departed"] > 0
    figure = runs.tagged(runs.executed(SLUG, slice).nb.cells, "figure-first")[0]
    assert any("image/png" in output.get("data", {}) for output in figure.outputs)


def test_what_where_to_go_names_is_there():
    text = runs.load(SLUG).cells
    table = next(cell.source for cell in text if "| you want to |" in cell.source)
    for number in re.findall(r"\| (\d\d) ", table):
        assert list((runs.ROOT / "notebooks").glob(f"{number}-*.ipynb")), f"notebook {number} is recommended and missing"
    for number in re.findall(r"lab (\d\d)", table):
        assert list((runs.ROOT / "labs").glob(f"{number}-*.ipynb")), f"lab {number} is recommended and missing"
