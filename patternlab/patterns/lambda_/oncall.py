"""The world of lab 09's design: histories of two numbers, each with one fault or none, and a rule that says which layer lies."""
import random

from ...checking.calls import ask, kind
from ...checking.outcomes import Unfit, Wrong

ANSWERS = ("nothing", "speed code", "speed dead", "seam", "batch")
EVERY, LAG = 6, 5                   # readings from batch to batch; reports that a healthy speed layer may be behind


class Board:
    """A log, two layers and a board, in numbers: `reading()` goes ten minutes on and says what was missing and moved."""

    def __init__(self, chance):
        self._chance, self.readings, self.batches = chance, 0, 0
        self.drift = self.next_off = 0                     # flights on time too many a reading; what the next seam is off by
        self.dead = self.stale = False
        self._wrong = self._uncounted = self._off = 0      # since the last batch

    def reading(self) -> dict:
        """One more reading; the batch runs at each sixth one, unless it is stale."""
        self.readings += 1
        self._wrong += self.drift
        self._uncounted = self._uncounted + self._chance.randint(40, 60) if self.dead else 0
        lag = 0 if self.dead else self._chance.randint(0, LAG)
        missing = self._uncounted + self._off + lag
        if self.readings % EVERY or self.stale:
            return {"missing": missing, "moved": None}
        moved = self._chance.randint(0, lag) - self._wrong + round((self._uncounted + self._off) * 0.8)
        self._wrong, self._uncounted, self._off = 0, 0, self.next_off
        self.batches += 1
        return {"missing": min(self._off, 0), "moved": moved}


def history(kind_of, chance, healed=False) -> list:
    """The readings of a board on which, after a while, this goes wrong; healed: and is mended before the last of them."""
    board = Board(chance)
    told = [board.reading() for _ in range(EVERY * chance.randint(1, 3))]
    if kind_of == "speed code":
        board.drift = chance.choice((-1, 1)) * chance.randint(4, 8)
        told += [board.reading() for _ in range(EVERY + chance.randint(0, 4))]
    elif kind_of == "speed dead":
        told += [board.reading() for _ in range(chance.randint(0, 2))]
        board.dead = True
        told += [board.reading() for _ in range(EVERY * healed + chance.randint(2, 3))]
    elif kind_of == "seam":
        board.next_off = chance.choice((-1, 1)) * chance.randint(8, 30)
        told += [board.reading() for _ in range(EVERY + chance.randint(2, 5))]
    elif kind_of == "batch":
        board.stale = True
        told += [board.reading() for _ in range(EVERY + chance.randint(3, 9))]
    else:
        told += [board.reading() for _ in range(chance.randint(0, 5))]
    if healed:
        board.dead, board.drift, board.next_off, board.stale = False, 0, 0, False
        told += [board.reading()]
        wanted = {"speed code": 2, "speed dead": chance.randint(0, 1)}.get(kind_of, 1)      # batches until all is well
        wanted += board.batches
        while board.batches < wanted:
            told += [board.reading()]
        told += [board.reading() for _ in range(chance.randint(1, 4))]
    return told


def judge(answer, told, right, what) -> None:
    """Wrong, with a sentence, unless the rule says `right` of these readings."""
    mine = ask(answer, [dict(reading) for reading in told])
    if not isinstance(mine, str):
        raise Unfit(f"blame should return one of {', '.join(map(repr, ANSWERS))}; yours returned {kind(mine)}.")
    if mine not in ANSWERS:
        raise Unfit(f"blame should return one of {', '.join(map(repr, ANSWERS))}; yours returned {mine!r}.")
    mine = str(mine)
    if mine == right:
        return
    raise Wrong(_sentence(mine, right, what),
                [{name: "None" if number is None else number for name, number in reading.items()} for reading in told[-8:]])


def _sentence(mine, right, what) -> str:
    if what == "empty":
        return "Without a reading nothing can be known to be wrong."
    if what == "late" and mine == "batch":
        return "You said 'batch' of one that is late: only where 9 readings or more had none is it what is wrong."
    if what in ("healed speed dead", "healed seam") and mine == "speed code":
        return ("A batch moved the board because reports had been missing or doubled before it, and now none is. That is not the "
                "code: both layers agreed on what both had counted.")
    if what.startswith("healed"):
        return f"You said {mine!r} of what was over: the readings since then are healthy. Judge what is true now."
    evidence = {"nothing": f"Nothing is wrong: up to {LAG} missing, or moved, is the delay of a healthy speed layer",
                "speed code": "The speed code is wrong: nothing was missing or doubled, and still the batch moved the board",
                "speed dead": "The speed layer is dead: missing grows with every reading, by all that has come",
                "batch": f"The batch is stale: it has not run for more than {EVERY + 2} readings, and all else is healthy",
                "seam": "The seam is off: reports are " + ("doubled, and fewer than none are missing" if what == "doubled" else
                                                             "missing, and as many at one reading as at the next")}
    return f"{evidence[right]}; you said {mine!r}."


def edges(answer) -> None:
    """Histories made by hand: the numbers at which a Goal's clause begins or ends, and those that begin anywhere."""
    for told, right, what in EDGES:
        judge(answer, [{"missing": missing, "moved": moved} for missing, moved in told], right, what or right)


def _quiet(*missing) -> list:
    """Readings at which no batch ran."""
    return [(number, None) for number in missing]


EDGES = [
    ([*_quiet(3, 1, 4), (0, -31)], "speed code", ""),                             # the Example
    (_quiet(2, 0, 4), "nothing", ""),                                              # no batch yet
    ([*_quiet(1), (0, 2), *_quiet(3, 0, 4, 1, 2, 5, 0, 3)], "nothing", "late"),
    ([*_quiet(1), (0, 2), *_quiet(3, 0, 4, 1, 2, 5, 0, 3, 1)], "batch", ""),
    (_quiet(2, 0, 4, 1, 2, 5, 0, 3, 1), "batch", ""),
    *(([*_quiet(2, 5), (0, moved), *_quiet(4, 1)], "nothing", "") for moved in (5, -5)),
    *(([*_quiet(2, 5), (0, moved), *_quiet(4, 1)], "speed code", "") for moved in (6, -6)),
    ([*_quiet(1, 3), (0, 2), *_quiet(7, 6, 6)], "seam", ""),
    ([*_quiet(1, 3), (0, 2), *_quiet(61, 64, 60)], "seam", ""),
    ([*_quiet(1, 3), (-1, 2), *_quiet(0, -1, -1)], "seam", "doubled"),
    ([*_quiet(2, 48, 99), (0, 77), *_quiet(44, 95)], "speed dead", ""),            # dead before the batch, and after it
]


def trial(answer, seed) -> None:
    """No reading, each fault, nothing, and faults that are over: a dozen histories of a seed."""
    chance = random.Random(seed)
    judge(answer, [], "nothing", "empty")
    for fault in ("nothing",) * 4 + ANSWERS[1:]:
        told = history(fault, chance)
        judge(answer, told, fault, "doubled" if told[-1]["missing"] < 0 else fault)
    for fault in ANSWERS[1:]:
        judge(answer, history(fault, chance, healed=True), "nothing", f"healed {fault}")
