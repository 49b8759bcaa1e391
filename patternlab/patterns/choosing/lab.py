"""Lab 17: what is right in each exercise, and what each mistake is told. The vignettes are in four_*.py."""
import textwrap
from collections.abc import Mapping

from ...checking.calls import ask, describe, kind
from ...checking.outcomes import Exercise, Unfit, Wrong
from ...checking.seeds import over_seeds
from . import four_changes, four_fashions, four_teams, needs
from .vignettes import chosen, judged


# --- 1, 2, 3
def named(teams, done):
    """The check of four vignettes: all are judged; the first refusal is the sentence, the others stand below it."""
    def check(answer):
        if not isinstance(answer, Mapping):
            raise Unfit(f"The answer should be a dict, a pair for each letter, and yours is {kind(answer)}.")
        given = {str(letter).strip().upper(): value for letter, value in answer.items()}
        letters = [team.letter for team in teams]
        if odd := [letter for letter in given if letter not in letters]:
            raise Wrong(f"There is no vignette {odd[0][:20]} in this exercise: its letters are {_and(letters)}.")
        said = {team.letter: judged(team, given[team.letter]) for team in teams if team.letter in given}
        good = [letter for letter, sentence in said.items() if not sentence]
        refused = [f"{letter}: {sentence}" for letter, sentence in said.items() if sentence]
        still = [letter for letter in letters if letter not in given]
        if not given:
            raise Wrong(f"There is no vignette in your answer yet. Give a pair for each of {_and(letters)}.")
        if refused or still:
            begin = f"Right so far: {_and(good)}. " if good else "None is right yet. "
            told = refused + ([f"{_and(still)} {'are' if len(still) > 1 else 'is'} still open."] if still else [])
            raise Wrong(begin + told[0], _below(told[1:]))
        pairs = ", ".join(f"{team.letter} {chosen(team, given[team.letter])}" for team in teams)
        return " ".join([f"{pairs}.", *[team.closing for team in teams if team.closing], done])
    return check


def _below(lines):
    """The other refusals, wrapped, one after the other; None where there is none."""
    return "\n".join(textwrap.fill(line, 110, subsequent_indent="   ") for line in lines) or None


def _and(letters) -> str:
    return " and ".join(filter(None, [", ".join(letters[:-1]), letters[-1]]))


# --- 4
def fitting(choose):
    """choose(need, measured): cases with one clause each, then 20 seeds."""
    for need, measured, said in needs.CASES:
        _compare(choose, need, measured, said)
    over_seeds(20, lambda seed: _compare(choose, *needs.world(seed), "Eleven rows, several needs at once."))
    return "Twenty teams, each with a list of its own. Where it is empty, one of the needs has to give way."


def _compare(choose, need, measured, said):
    mine = ask(choose, need, measured)
    if isinstance(mine, (str, Mapping)) or not isinstance(mine, (list, tuple)):
        raise Unfit(f"choose should return a list of names, and yours returned {kind(mine)}.")
    if odd := [name for name in mine if not isinstance(name, str)]:
        raise Unfit(f"choose should return names, and yours has {describe(odd[0], 60)} in its list.")
    mine = [str(name) for name in mine]
    if mine != needs.right(need, measured):
        show = [{"": "need", "name": "", "lines": "", **need}]
        show += [{"": "yours" if row["name"] in mine else "", **row} for row in measured]
        raise Wrong(f"{said} Yours returned {', '.join(mine) or 'no name'}.", _table(show))


def _table(rows) -> str:
    """Rows as aligned text, all of them: what is chosen from is longer than what a check usually shows."""
    import pandas
    columns = list(dict.fromkeys(column for row in rows for column in row))
    shown = [{column: str(row.get(column, "")) for column in columns} for row in rows]
    return pandas.DataFrame(shown).to_string(index=False)


EXERCISES = {
    1: Exercise("Four teams", named(four_teams.TEAMS, "Each was decided by one fact of five, and the others were as true."),
                ("Ask of each fact: if it were the other way round, would another pattern fit? Only one such fact is "
                 "in each table.",
                 "Of each team look for what it can't bear: a row that stays, an empty year that is paid for, a "
                 "number that moves after it was seen, a harmless step that is taken for a crime."),
                "A reason decides when its contrary would change the choice. What every pattern can do, such as few "
                "rows or few readers, decides nothing, and most facts of a text are of that kind.",
                minutes=15),
    2: Exercise("One fact changes", named(four_changes.TEAMS, "No old choice was a mistake, until one fact changed."),
                ("What did the old pattern rely on? The change takes exactly that away.",
                 "E: what would a second reading of five years need? F: who may decide which source is right? G: why "
                 "were there two programs? H: who hears of a change first, and who could have said it before?"),
                "An architecture fits a set of facts. Written down with its reason, a choice says by itself when it "
                "has to be looked at again: when that fact changes.",
                minutes=20),
    3: Exercise("Where a fashion pulls", named(four_fashions.TEAMS,
                                               "The smallest pattern that bears the deciding fact is the one to run."),
                ("Take away what the team could do, and what others of its kind do. What must the answer be able to "
                 "bear?",
                 "I: when is the wrong number put right, and by whom? J: against what is a yes checked? K: true now "
                 "or true then? L: what may lie on a disk, even for an hour?"),
                "Freshness, size and tools are what texts like these talk about most, and they rule patterns out. "
                "What is left is decided by what a number may do after it was seen, and by what may be kept.",
                minutes=25),
    4: Exercise("Choose by what was measured", fitting,
                ("Write one function that says whether a found number meets a limit, with None on either side; then "
                 "list the needs.",
                 "fits = lambda found, most: most is None or (found is not None and found <= most); sorted(..., "
                 "key=lambda row: (row['lines'], row['name'])). Without a change no rebuild is asked for."),
                "Needs only refuse, so their order can't matter and none is weighed against another. What is left is "
                "ranked by what it takes to keep it. A weighted sum would let a cheap pattern pay for a wrong number.",
                minutes=35, starred=True)}
