"""The kit as one course: questions look back, paths fit into their days, plans add up, links lead to a heading."""
import json
import re

import pytest
import runs
import seconds as table

from patternlab.commands import atlas, build, course, seconds

LESSONS = {slug[:2]: slug for slug in runs.notebooks() if slug[:2].isdigit() and not build.is_deeper(slug)}
ALL = [("notebooks", slug) for slug in runs.notebooks()] + [("labs", slug) for slug in runs.labs()]


def text_of(folder, slug) -> str:
    return "\n".join(cell.source for cell in runs.load(slug, folder).cells if cell.cell_type == "markdown")


def tags_of(slug) -> set:
    return {tag for cell in runs.load(slug).cells for tag in cell.metadata.get("tags", [])}


# --- recall

@pytest.mark.parametrize("number", [number for number in LESSONS if number >= "03"])
def test_a_question_looks_two_lessons_back_or_more(number):
    """What was learned lately is remembered anyway. 01 and 02 have nothing so far behind them but the tour."""
    questions = text_of("notebooks", LESSONS[number]).partition("## Check yourself")[2].partition("## Go on")[0]
    asked = re.findall(r"^\d\. From (?:[\w -]+ \()?(\d\d)\)?: ", questions, re.M)
    assert asked and set(asked) <= set(LESSONS), "a question about an earlier pattern begins `From 03: `"
    assert min(map(int, asked)) <= int(number) - 2, f"all of {asked} are next door"


# --- minutes, paths and plans

@pytest.mark.parametrize("path", course.load()["paths"], ids=lambda path: path["name"])
def test_a_path_fits_into_its_days(path):
    minutes = [sum(found[0] for found in map(course.entry, day) if found) for day in path["days"]]
    assert sum(minutes) <= path["length"], minutes
    assert max(minutes) <= min(course.load()["day"], path["length"]), minutes
    assert min(minutes) >= 0.5 * path["length"] / len(minutes), f"a day is half empty: {minutes}"


def test_the_three_paths_that_are_promised_are_there():
    paths = {path["name"]: path for path in course.load()["paths"]}
    assert paths["Half a day"]["length"] == 240 and paths["Three days"]["length"] == 3 * 360 and len(paths) >= 4
    read = {said for day in paths["Three days"]["days"] for said in day if said.isdigit()}
    assert read == {"00", *(one["number"] for one in atlas.load()["patterns"])}, "three days see every pattern"


def test_minutes_are_those_of_prose_cells_run_and_exercises():
    """Counted a second way: from the sources, where the kit counts what is built."""
    for slug in LESSONS.values():
        code = [cell for cell in build.read(runs.source(slug, "notebooks")) if cell.kind == "code"]
        visible = [cell for cell in code if "fold" not in cell.tags]
        spent = course.lesson(slug) - len(visible) - seconds.measured().get(slug, 0) / 60
        assert 2 <= spent <= 30, f"{slug}: {spent:.0f} minutes for its prose"
        lab = runs.source(slug, "labs")
        told = re.findall(r"^# \*Level: .*· (\d+) minutes", lab.read_text("utf-8"), re.M) if lab.exists() else []
        assert course.exercises(slug) == {n: int(minutes) for n, minutes in enumerate(told, 1)}


@pytest.mark.parametrize("said", ["18", "3", "lab 03: 9", "09 deeper", "lab 00", "03: 1", "lab 03:1"])
def test_an_entry_of_a_path_that_is_not_there_is_refused(said):
    with pytest.raises(build.SourceError, match=r"source/course.json: '.+' (is no entry|names)"):
        assert course.entry(said) is not None


@pytest.mark.parametrize("number", course.plans())
def test_a_plan_adds_up_and_names_what_is_there(number):
    plan, slug = course.plans()[number], course.patterns()[number][0]
    for length in course.LENGTHS:
        assert 0.85 * int(length) <= course.total(number, length) <= int(length), length
    named = {plan["explain"], plan["keep"], plan["second"], *plan["cut"]}
    assert named <= tags_of(slug), named - tags_of(slug)
    assert plan["explain"].startswith("step-") and plan["keep"].startswith("break-") and plan["second"].startswith("break-")
    assert len({plan["keep"], plan["second"]}) == 2 and plan["cut"] and not {plan["explain"], plan["keep"]} & set(plan["cut"])
    there = set(course.exercises(slug))
    assert 1 in plan["exercises"]["120"] and set(plan["exercises"]["120"]) <= set(plan["exercises"]["180"]) <= there
    assert plan["neighbour"] in course.patterns() and plan["neighbour"] not in ("00", number)


def test_every_pattern_has_a_plan_and_every_length_a_frame():
    assert set(course.plans()) == set(LESSONS) - {"00"} and set(course.load()["frames"]) == set(course.LENGTHS)
    assert sum(minutes for _, minutes in course.load()["frames"]["60"]) == 60, "an hour has no lab, and no minute to spare"
    assert not course.wrong()


def test_a_lesson_takes_less_alone_than_in_front_of_people():
    [talked] = [minutes for said, minutes in course.load()["frames"]["180"] if said.startswith("the lesson in full")]
    assert all(course.lesson(slug) <= talked for number, slug in LESSONS.items() if number != "00")


@pytest.mark.parametrize("file", course.PARTS, ids=lambda file: file.name)
def test_the_tables_of_the_documents_are_those_of_today(file, tmp_path, monkeypatch):
    assert course.page(file) == file.read_text("utf-8"), "run python -m patternlab build and commit what it makes"
    lame = tmp_path / file.name
    lame.write_text(file.read_text("utf-8").replace("<!-- end: ", "<!-- and: "), "utf-8")
    monkeypatch.setattr(course, "ROOT", tmp_path)
    monkeypatch.setitem(course.PARTS, lame, course.PARTS[file])
    with pytest.raises(build.SourceError, match="must have these two lines once"):
        course.page(lame)


def test_seconds_are_kept_of_notebooks_that_are_there():
    assert seconds.measured() and set(seconds.measured()) <= set(runs.notebooks())
    assert all(1 <= taken <= runs.LIMIT for taken in seconds.measured().values())


def test_the_seconds_of_a_printed_run_are_read(tmp_path, monkeypatch):
    timings = [("notebooks", "01-etl", "own", 20.04), ("notebooks", "01-etl", "other", 31.0), ("notebooks", "02-elt", "own", 7.5),
               ("notebooks", "template-notebook", "own", 3.0), ("labs", "01-etl", "all variants", 50.0)]
    printed = "noise\n" + "\n".join(table.summary(timings, {"test_course.py": 1.0}, {}))
    assert seconds.printed(printed) == {"01-etl": 20.0, "02-elt": 7.5}
    monkeypatch.setattr(seconds, "FILE", tmp_path / "seconds.json")
    monkeypatch.setattr(seconds, "ROOT", tmp_path)
    (tmp_path / "source/notebooks").mkdir(parents=True)
    (tmp_path / "source/notebooks/01-etl.py").write_text("")
    seconds.FILE.write_text(json.dumps({"measured": "before", "seconds": {"01-etl": 1.0, "99-gone": 2.0}}))
    (tmp_path / "log").write_text(printed)
    assert seconds.taken(tmp_path / "log") == 0 and seconds.measured() == {"01-etl": 20.0}, "what has no source is left out"
    (tmp_path / "log").write_text("nothing")
    assert seconds.taken(tmp_path / "log") == 1 and seconds.measured() == {"01-etl": 20.0}


# --- links to a heading

def anchors(text) -> set:
    """What GitHub calls the headings of a text."""
    found = re.findall(r"^#+ +(.+?) *$", re.sub(r"^```.*?^```", "", text, flags=re.S | re.M), re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in found}


def heading_of(file) -> set:
    return anchors(text_of(file.parent.name, file.stem) if file.suffix == ".ipynb" else file.read_text("utf-8"))


def dead_anchors(text, file) -> list:
    links = re.findall(r"\]\((?!\w+:)([^)\s#]*)#([^)\s]+)\)", text)
    return [f"{there}#{anchor}" for there, anchor in links
            if anchor not in heading_of((file.parent / there).resolve() if there else file)]


def test_a_link_to_a_heading_finds_it():
    documents = [*runs.ROOT.glob("*.md"), *runs.ROOT.glob("docs/*.md"), *runs.ROOT.glob("datasets/*.md")]
    assert sum("#" in link for file in documents for link in re.findall(r"\]\(([^)]+)\)", file.read_text("utf-8"))) >= 2
    dead = {file.name: dead_anchors(file.read_text("utf-8"), file) for file in documents}
    for folder, slug in ALL:
        if slug[:2].isdigit():
            dead[f"{folder}/{slug}"] = dead_anchors(text_of(folder, slug), runs.ROOT / folder / f"{slug}.ipynb")
    assert not {name: found for name, found in dead.items() if found}
    assert dead_anchors("[a](install.md#no-such-heading)", runs.ROOT / "docs" / "learners.md") == ["install.md#no-such-heading"]
