"""Lab 17's vignettes: each choice has its own sentence, none gives an answer away, each cell that is named is there."""
import re
from itertools import chain, product

import numpy as np
import pandas as pd
import pytest
import runs

from patternlab.checking.outcomes import Wrong
from patternlab.commands import atlas
from patternlab.commands.budget import words
from patternlab.patterns.choosing import four_changes, four_fashions, four_teams, needs
from patternlab.patterns.choosing.lab import EXERCISES
from patternlab.patterns.choosing.sixteen import ELSEWHERE, NAMES, called, spelled
from patternlab.patterns.choosing.vignettes import judged, refusal

FOURS = four_teams.TEAMS, four_changes.TEAMS, four_fashions.TEAMS
TEAMS = list(chain(*FOURS))
EACH = pytest.mark.parametrize("team", TEAMS, ids=lambda team: team.letter)
CELL = re.compile(r"\((\d\d-[a-z-]+): ([a-z0-9-]+)\)")
CELLS = runs.build.read(runs.source("17-choosing", "labs"))
LISTED = [cell for cell in CELLS if cell.kind == "markdown" and "| practice |" in cell.text]


def tags(slug) -> set:
    """Every tag of a notebook's source, fold and raises-exception aside: the names of its cells."""
    cells = runs.build.read(runs.source(slug, "notebooks"))
    return {tag for cell in cells for tag in cell.tags} - {"fold", "raises-exception"}


def text_of(team) -> str:
    """The cell of the lab that tells of this team, with its table of reasons."""
    found = [cell.text for cell in CELLS if cell.text.startswith(f"**{team.letter}, ")]
    assert len(found) == 1, f"the lab has {len(found)} texts for {team.letter}"
    return found[0]


def refusals(team) -> dict:
    """What every wrong pattern is told, usual or not."""
    return {pattern: refusal(team, pattern, team.reason) for pattern in NAMES if pattern not in team.right}


def test_there_are_twelve_teams_and_every_pattern_has_its_part():
    assert "".join(team.letter for team in TEAMS) == "ABCDEFGHIJKL" and all(len(four) == 4 for four in FOURS)
    fits, tempts = (set(chain(*parts)) for parts in ([team.right for team in TEAMS], [team.wrong for team in TEAMS]))
    assert fits | tempts == set(NAMES), "a pattern that is neither right nor tempting for anybody"
    assert len(fits) >= 12 and any(len(team.right) > 1 for team in TEAMS)


def test_the_sixteen_are_those_of_the_map():
    patterns = [one for one in atlas.load()["patterns"] if one["family"] != "choice"]
    assert {number: tuple(names) for number, names in NAMES.items()} == \
        {one["number"]: (one["slug"], one["name"]) for one in patterns}


@EACH
def test_a_text_has_sixty_to_ninety_words_and_the_reasons_that_are_judged(team):
    told, _, table = text_of(team).partition("\n\n|")
    assert 60 <= words(told.replace("*", "")) <= 90, words(told.replace("*", ""))
    assert sorted(re.findall(r"^\| `(\w+)` \|", table, re.M)) == team.reasons and len(team.reasons) == 5


def test_neither_length_nor_place_gives_the_deciding_reason_away():
    """Who always takes the longest line of a table, or the same place in it, is right in a third of them at most."""
    longest, places = 0, []
    for team in TEAMS:
        lines = re.findall(r"^\| `(\w+)` \| (.+) \|", text_of(team), re.M)
        longest += max(lines, key=lambda line: len(line[1]))[0] == team.reason
        places.append([key for key, _ in lines].index(team.reason))
    assert longest <= 4 and max(map(places.count, places)) <= 4, (longest, places)


@EACH
def test_a_text_names_no_pattern_that_fits_its_team(team):
    told = text_of(team).partition("\n\n|")[0].lower()
    names = chain(*[NAMES[number] for number in team.right])
    assert not [name for name in names if re.search(rf"\b{re.escape(name.lower())}\b", told)]


@EACH
def test_usual_mistakes_are_at_least_three_each_with_the_cell_where_it_was_seen(team):
    assert len(team.wrong) >= 3 and not set(team.wrong) & set(team.right) and set(team.wrong) <= set(NAMES)
    assert not [said for said in team.wrong.values() if not CELL.search(said)]


def test_every_sentence_is_its_own_short_and_ends():
    said = [*ELSEWHERE.values(), *chain(*[[*team.wrong.values(), *team.beside.values()] for team in TEAMS])]
    assert len(set(said)) == len(said)
    assert not [sentence for sentence in said if len(sentence.split()) > 45 or sentence[-1] not in ".?"]
    assert set(ELSEWHERE) == set(NAMES) and all(CELL.search(sentence) for sentence in ELSEWHERE.values())


def test_every_cell_that_a_sentence_names_is_in_its_notebook():
    named = CELL.findall(" ".join([*ELSEWHERE.values(), *chain(*[team.wrong.values() for team in TEAMS])]))
    assert len(named) >= 60
    assert not [(slug, tag) for slug, tag in named if tag not in tags(slug)]


def test_a_sentence_of_a_pattern_that_is_beside_the_point_names_a_cell_of_its_own_lesson():
    for number, sentence in ELSEWHERE.items():
        assert CELL.findall(sentence)[0][0] == f"{number}-{NAMES[number][0]}", sentence


@EACH
def test_no_refusal_names_a_pattern_that_fits(team):
    """Neither by number, slug or name, nor by a cell of its lesson; a general sentence names no pattern but its own."""
    for number, (pattern, said) in product(team.right, refusals(team).items()):
        slug, name = NAMES[number]
        for word in (number, slug, name, slug.replace("-", " "), name.split()[0] if number == "11" else name):
            assert not re.search(rf"(?<![\w-]){re.escape(word)}(?![\w])", said, re.I), f"{pattern} is told: {said}"


@EACH
def test_all_choices_are_judged_and_only_the_right_ones_pass(team):
    """Sixteen patterns by five reasons, as a learner types them."""
    for pattern, reason in product(NAMES, team.reasons):
        said = judged(team, (pattern, reason))
        assert (said == "") == (pattern in team.right and reason == team.reason), (pattern, reason, said)
        assert said == "" or said[-1] in ".?"
        assert pattern in team.right or said == (team.wrong.get(pattern) or ELSEWHERE[pattern])
        assert pattern not in team.right or reason == team.reason or team.beside[reason] in said


@pytest.mark.parametrize("n", (1, 2, 3))
def test_a_check_takes_each_single_choice_and_says_what_is_right_so_far(n):
    teams = FOURS[n - 1]
    good = {team.letter: (team.right[0], team.reason) for team in teams}
    for team, pattern, reason in [(team, *choice) for team in teams for choice in product(NAMES, team.reasons)]:
        answer = {**good, team.letter: (pattern, reason)}
        if pattern in team.right and reason == team.reason:
            assert EXERCISES[n].check(answer)
            continue
        with pytest.raises(Wrong) as told:
            EXERCISES[n].check(answer)
        assert told.value.sentence.startswith("Right so far: ") and f". {team.letter}: " in told.value.sentence
        assert told.value.show is None, "one is wrong, so nothing stands below"


def test_several_refusals_stand_below_each_other_and_what_is_left_out_is_open():
    with pytest.raises(Wrong) as told:
        EXERCISES[1].check({"A": ("02", "deletes"), "b": ("01", "idle"), "C": ("07", "once")})
    assert told.value.sentence.startswith("Right so far: C. A: A query on a timetable")
    assert told.value.show.startswith("B: A nightly job") and told.value.show.endswith("D is still open.")


@pytest.mark.parametrize("number", NAMES)
def test_a_pattern_may_be_spelled_by_number_slug_and_name(number):
    slug, name = NAMES[number]
    for text in (number, int(number), str(int(number)), np.int64(number), slug, slug.upper(), name, name.lower(),
                 f"{number} {name}", f"{number}-{slug}", f" {name} ", slug.replace("-", "_"), f"{number}: {slug}",
                 called(number)):
        assert spelled(text) == (number, ""), text


def test_each_name_may_be_copied_from_the_table_of_the_lab_as_it_stands_there():
    table = next(cell.text for cell in CELLS if "| 01 ETL |" in cell.text)
    copied = re.findall(r"\d\d [A-Z][^|]*?(?= \|)", table)
    assert [spelled(text)[0] for text in copied] == [text[:2] for text in copied]
    assert [spelled(text[3:])[0] for text in copied] == [text[:2] for text in copied] and len(copied) == 16
    assert spelled("Data Vault 2.0") == ("05", "")


@pytest.mark.parametrize("text, said", [
    ("serverles", "Do you mean 15 Serverless?"), ("dta vault", "Do you mean 05 Data vault?"),
    ("kapa", "Do you mean 10 Kappa?"), ("17", "from 01 to 16"), (0, "from 01 to 16"),
    ("notebook 12", "Do you mean 12 Change data capture?"), ("12.0", "Do you mean 12 Change data capture?"),
    ("12 or 15", "names two patterns, 12 Change data capture and 15 Serverless"),
    ("ETL and CDC", "names two patterns, 01 ETL and 12 Change data capture"), ("9" * 99, "the number 9999999999:"),
    ("12 ELT", "names two patterns, 12 Change data capture and 02 ELT"),
    ("a blockchain", "A number from the table above is enough"), ("-", "There is no pattern")])
def test_a_typo_is_told_what_is_near(text, said):
    number, sentence = spelled(text)
    assert number is None and said in sentence and sentence[-1] in ".?"


@pytest.mark.parametrize("given, said", [
    ("12", "An answer is a pair"), (("12",), "An answer is a pair"), (None, "An answer is a pair"),
    ({"12": "few"}, "An answer is a pair"), (("12", None), "The reason is None"),
    ((None, "deletes"), "The pattern is None"), (("12", 5), "The reason is 5"),
    ((True, "deletes"), "The pattern is True"), (("", "deletes"), "The pattern is ''"),
    (("deletes", "12"), "The pattern comes first"), (("12", "delete"), "Do you mean deletes?"),
    (("12", "love"), "The keys of its table are deletes, few, minute, three, wards"),
    ((np.nan, "deletes"), "The pattern is nan"), ((-12, "deletes"), "from 01 to 16"),
    ((10 ** 5000, "deletes"), "from 01 to 16"), ((12.5, "deletes"), "The pattern is 12.5"),
    ((12.0, "minute"), "The pattern fits")])
def test_an_answer_of_another_kind_gets_a_sentence_about_it(given, said):
    sentence = judged(TEAMS[0], given)
    assert said in sentence and sentence[-1] in ".?"


def test_the_checklist_has_three_tables_and_its_cells_are_there():
    headings = [re.search(r"^### (\w+)", cell.text, re.M).group(1) for cell in LISTED]
    assert headings == ["Selection", "Implementation", "Maintenance"]
    named = []
    for cell in LISTED:
        rows = [row for row in cell.text.splitlines() if row.startswith("| ")][1:]
        assert 5 <= len(rows) <= 8
        for row in rows:
            found = re.findall(r"\[(\d\d-[a-z-]+)\]\(\.\./notebooks/\1\.ipynb\) `([a-z0-9-]+)`", row)
            assert found and len(found) == row.count("../notebooks/"), row
            named += found
    assert not [(slug, tag) for slug, tag in named if tag not in tags(slug)]
    assert len({slug[:2] for slug, _ in named}) >= 13, "nearly every lesson left something to take along"


def test_the_worlds_of_exercise_4_have_teams_with_and_without_a_choice():
    fits = [len(needs.right(*needs.world(seed))) for seed in range(1, 21)]
    assert 3 <= fits.count(0) <= 10 and sum(fit > 1 for fit in fits) >= 5, fits


def test_the_oracle_of_exercise_4_says_what_the_cases_were_written_for():
    """The cases that speak of an empty list have one, and where a limit is met all rows fit."""
    for need, measured, said in needs.CASES:
        fits = needs.right(need, measured)
        if re.search(r"the list is empty|does not fit\.$|All those of a year|not met|does not meet|are too many", said):
            assert len(fits) < max(1, len(measured)), said
        if re.search(r"meets it|does not matter|nobody rebuilds|all of them|fits as well|One row|All rows|by name", said):
            assert len(fits) == len(measured), said


@pytest.mark.parametrize("change", [
    tuple, np.array, pd.Index, lambda names: [np.str_(name) for name in names], lambda names: names + [],
    lambda names: pd.Series(names, dtype=object)])
def test_a_list_of_names_of_any_kind_is_right(change):
    assert EXERCISES[4].check(lambda need, measured: change(needs.right(need, measured)))


@pytest.mark.parametrize("change, said", [
    (set, "return a list of names"), (iter, "return a list of names"), (dict.fromkeys, "return a list of names"),
    (", ".join, "return a list of names"), (lambda names: names or None, "returned None"),
    (lambda names: [(name,) for name in names], "should return names"), (lambda names: names[:1], "All rows that fit"),
    (lambda names: sorted(names), "fewest lines first"),
    (lambda names: [*names, *names[:1]], "One row meets every need"),
    (lambda names: names or ["none"], "Yours returned none, and none of its rows is called 'none'"),
    (lambda names: np.array([names]), "return a list of names")])
def test_another_kind_of_list_gets_its_sentence(change, said):
    with pytest.raises(Wrong) as told:
        EXERCISES[4].check(lambda need, measured: change(needs.right(need, measured)))
    assert said in told.value.sentence


def test_a_year_without_time_for_rebuilds_is_a_limit_too():
    """Who takes a limit of 0 for None is told so by a small case, in each of the five."""
    def choose(need, measured):
        return needs.right({key: None if key == "rebuild" and not value else value for key, value in need.items()}, measured)

    with pytest.raises(Wrong, match="0 is a limit like any other, and any rebuild"):
        EXERCISES[4].check(choose)


def test_what_fails_only_where_needs_meet_is_found_by_the_seeds():
    """It forgets to look at the lines as soon as the rule never changes: no small case has both."""
    def choose(need, measured):
        free = need | {"people": 9} if not need["changes"] else need
        return needs.right(free, measured)

    with pytest.raises(Wrong, match=r"It failed on \d+ of 20 seeds, first on seed \d+: Eleven rows"):
        EXERCISES[4].check(choose)
