"""What is special in notebook 00: the map shows what is there, the shown proof fails, the first pipeline is quick and right."""
import re

import pytest
import runs

from patternlab.commands import atlas

SLUG = "00-start-here"


def value(slice, expression):
    return runs.value(runs.executed(SLUG, slice), expression)


def test_the_map_has_seventeen_patterns_and_links_those_that_are_here():
    patterns = {one["number"]: one for one in atlas.load()["patterns"]}
    assert list(patterns) == [f"{number:02}" for number in range(1, 18)]
    assert not atlas.wrong([slug for slug in runs.notebooks() if slug[:2].isdigit()]), "here is what has a notebook"
    text = "\n".join(cell.source for cell in runs.load(SLUG).cells)
    for number, one in patterns.items():
        assert one["family"] in atlas.load()["families"] and 4 <= len(one["question"].split()) <= 16, one
        assert (f"[{number} {one['name']}]({number}-{one['slug']}.ipynb)" in text) == one["here"]
        assert one["here"] or f"{number} {one['name']}" in text, "a planned one is named"
    for file in [*runs.ROOT.glob("labs/*.ipynb"), *runs.ROOT.glob("notebooks/*-deeper.ipynb")]:
        assert file.name in text, "labs and deeper notebooks are linked too"


def test_the_maps_picture_shows_every_pattern_and_every_question():
    picture, data = atlas.PICTURE.read_text("utf-8"), atlas.load()
    assert picture == atlas.draw() and atlas.draw() == atlas.draw(), "run python -m patternlab build and commit what it makes"
    assert len({tuple(one["at"]) for one in data["patterns"]}) == 17, "each has a place of its own"
    shown = re.findall(r"<text[^>]*>([^<]*)", picture)
    for number in (one["number"] for one in data["patterns"]):
        assert number in shown
    said = " ".join(shown)
    assert all(question in said for _, _, question in data["arrows"])
    ends = {end for begin, end, _ in data["arrows"]} | {begin for begin, _, _ in data["arrows"]}
    assert ends == {one["number"] for one in data["patterns"]} - {"17"}, "every pattern hangs on a question; the choice on all"
    here = [one["here"] for one in data["patterns"]]
    assert (f"{sum(here)} of 17 are here" in said) == (not all(here)), "said while it is not all of them"
    assert data["patterns"][-1]["question"] in said, "the choice has its question beside its box"


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


def test_where_to_go_has_every_pattern_that_is_here():
    rows = re.findall(r"^\| (.+) \| (\d\d) .* \| (?:lab (\d\d))? \|$", atlas.wants(), re.M)
    assert [number for _, number, _ in rows] == [one["number"] for one in atlas.load()["patterns"] if one["here"]]
    assert len({want for want, _, _ in rows}) == len(rows) and all(lab in ("", number) for _, number, lab in rows)


def test_what_where_to_go_names_is_there():
    text = runs.load(SLUG).cells
    table = next(cell.source for cell in text if "| you want to |" in cell.source)
    for number in re.findall(r"\| (\d\d) ", table):
        assert list((runs.ROOT / "notebooks").glob(f"{number}-*.ipynb")), f"notebook {number} is recommended and missing"
    for number in re.findall(r"lab (\d\d)", table):
        assert list((runs.ROOT / "labs").glob(f"{number}-*.ipynb")), f"lab {number} is recommended and missing"
