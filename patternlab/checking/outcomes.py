"""What a check can say: Wrong, Raised, a Result; what a trial can do: Killed; and Exercise, to which a check belongs."""
from dataclasses import dataclass, field


class Wrong(Exception):
    """A check's refusal: one sentence for the learner and, where it helps, a small frame or text to look at."""

    def __init__(self, sentence: str, show=None):
        super().__init__(sentence)
        self.sentence, self.show = sentence, show


class Unfit(Wrong):
    """A refusal of an answer's kind, as text for a number: no seed and no other input can change it."""


class Ended(Wrong):
    """A refusal after which no further input is tried: the learner's function did not return, or wanted to end Python."""


class Killed(BaseException):
    """A trial ends the process here. A BaseException, so that no `except Exception` of a learner survives it."""


class Raised(Exception):
    """The learner's code raised `error` when it was given `given` (a text); `calls.ask` makes it."""

    def __init__(self, error: Exception, given: str):
        super().__init__(str(error))
        self.error, self.given = error, given


@dataclass(frozen=True)
class Exercise:
    """One exercise. `check(answer)` returns None or a closing sentence, or raises Wrong; hints = (direction, call)."""
    title: str
    check: callable
    hints: tuple
    why: str
    minutes: int = 10
    starred: bool = False
    works: callable = None  # works() completes "this check ..." where it takes seconds; the verdict replaces that line


@dataclass
class Result:
    """What a check found: outcome is 'not attempted', 'right', 'not yet' or 'raised'."""
    outcome: str
    sentence: str = ""
    seconds: float = field(default=0.0, compare=False)
