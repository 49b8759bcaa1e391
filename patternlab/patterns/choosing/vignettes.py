"""A vignette of lab 17: which patterns fit its team, the reason that decides, and a sentence for every other choice.

The texts stand in the lab. The four of an exercise have a module: four_teams, four_changes, four_fashions.
"""
import difflib
from dataclasses import dataclass

from ...checking.calls import describe, kind
from .sixteen import ELSEWHERE, called, spelled


@dataclass(frozen=True)
class Vignette:
    """One team. Patterns are numbers ("07"); reasons are the keys of the table below its text."""
    letter: str
    right: tuple              # the patterns that fit, one or more
    reason: str               # the key that decides
    wrong: dict               # {usual wrong pattern: why not for this team, with the cell of a lesson}
    beside: dict              # {another key: why it does not decide}
    closing: str = ""         # where several fit: what parts them

    @property
    def reasons(self) -> list:
        """All keys of the table, in alphabetical order."""
        return sorted([self.reason, *self.beside])


def refusal(vignette: Vignette, pattern: str, reason: str) -> str:
    """What this choice is told, '' where it is right: a wrong pattern first, then a reason that does not decide."""
    if pattern not in vignette.right:
        return vignette.wrong.get(pattern) or ELSEWHERE[pattern]
    if reason != vignette.reason:
        return f"The pattern fits, the reason does not decide. {vignette.beside[reason]}"
    return ""


def judged(vignette: Vignette, given) -> str:
    """What a typed answer is told, '' where it is right: a pair of a pattern, in any spelling, and a reason's key."""
    if isinstance(given, str) or not isinstance(given, (tuple, list)) or len(given) != 2:
        return f"An answer is a pair, as in (\"02 ELT\", \"cheap\"): a pattern and a reason. Yours is {kind(given)}."
    pattern, reason = (part.item() if hasattr(part, "item") else part for part in given)
    for part, what in ((pattern, "pattern"), (reason, "reason")):
        if isinstance(part, bool) or not isinstance(part, (str, int) if what == "pattern" else str) or part == "":
            give = "its number or name" if what == "pattern" else "a key of the table"
            return f"The {what} is {describe(part, 60)}: give {give}."
    number, said = spelled(pattern)
    if said:
        turned = _key(pattern) in vignette.reasons and spelled(reason)[0]
        return "The pattern comes first, then the reason." if turned else said
    if _key(reason) not in vignette.reasons:
        near = difflib.get_close_matches(_key(reason), vignette.reasons, 1, 0.6)
        meant = f"Do you mean {near[0]}?" if near else f"The keys of its table are {', '.join(vignette.reasons)}."
        return f"There is no reason {reason[:40]!r}. {meant}"
    return refusal(vignette, number, _key(reason))


def _key(text) -> str:
    return str(text).strip().strip("`").lower()


def chosen(vignette: Vignette, given) -> str:
    """The pattern of a right answer, as a sentence calls it."""
    return called(spelled(given[0])[0])
