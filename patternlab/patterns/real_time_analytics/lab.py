"""Lab 16: what is right in each exercise, and what each usual mistake is told."""
import contextlib
import pickle
from collections.abc import Mapping

from ...checking.calls import ask, describe, fits, kind
from ...checking.kinds import number, pair
from ...checking.outcomes import Exercise, Raised, Unfit, Wrong
from ...checking.seeds import over_seeds
from ...checking.tables import equal
from . import dashboard, trial

MEASURES, SUMS, FINAL = ("n", "delay", "late", "most"), ("n", "delay"), ("n", "mean", "most", "aircraft")
SIZE = 2_000                                               # bytes of a part in exercise 3


def rolled_up(answer):
    """roll_up(events): eleven lists of events, each with its sentence."""
    for events, said in trial.ROLLED:
        mine = _cells(ask(answer, events), MEASURES, "roll_up")
        if not equal(mine, trial.roll_up(events)):
            raise Wrong(said, _shown(mine) or events)
    return "A row for each hour and origin, and each measure can be added up further."


def _cells(mine, measures, name) -> dict:
    """{(hour, origin): {measure: number}} of an answer, with these measures only."""
    if not isinstance(mine, Mapping):
        raise Unfit(f"{name} should make a dict of rows, and yours made {kind(mine)}.")
    for cell, row in mine.items():
        if not isinstance(cell, tuple) or len(cell) != 2:
            raise Wrong(f"Each key should be a pair (hour, origin), and yours has {describe(cell)}.")
        if str(cell[1]).startswith("2013-"):
            raise Wrong(f"Each key is a pair of the hour and the origin, in that order, and yours has {describe(cell)}.")
        if not isinstance(row, Mapping):
            raise Wrong(f"Each row should be a dict of measures, and yours for {describe(cell)} is {kind(row)}.")
        if missing := [measure for measure in measures if measure not in row]:
            raise Wrong(f"Your row for {describe(cell)} has no {missing[0]}.")
    return {cell: {measure: number(row[measure], f"The {measure} of {describe(cell)}") for measure in measures}
            for cell, row in mine.items()}


def _shown(cells) -> list:
    return [{"your hour": hour, "origin": origin, **row} for (hour, origin), row in cells.items()]


def corrected(answer):
    """put(state, event): eighteen streams, each with its sentence, then ten of forty events."""
    first, again = (_played(answer, [trial.ONE], "The first event") for _ in range(2))
    if first and not again:
        raise Wrong("On a second, empty board it was not put: your function remembers outside of the state.")
    for events, said in trial.STREAMS:
        mine = _played(answer, events, said)
        if not equal(mine, trial.board(events)):
            came = [{"": "came", **event} for event in events]
            raise Wrong(said, came + [{"": "yours", **row} for row in _named(mine)])
    over_seeds(10, lambda seed: _streamed(answer, seed))
    return "Corrections, moves, copies and any order: the board is what the newest versions say."


def _named(cells) -> list:
    return [{"hour": hour, "origin": origin, **row} for (hour, origin), row in cells.items()]


def _played(answer, events, said) -> dict:
    state = {"flights": {}, "board": {}}
    for event in events:
        state = ask(answer, state, dict(event))
        if not isinstance(state, Mapping) or "board" not in state:
            raise Unfit(f"put should return the state, a dict with flights and board; yours returned {kind(state)}.")
    return _cells(state["board"], SUMS, "put")


def _streamed(answer, seed):
    events = trial.stream(seed)
    mine, right = _played(answer, events, "40 events"), trial.board(events)
    if not equal(mine, right):
        cell = next(cell for cell in {**mine, **right} if not equal(mine.get(cell), right.get(cell)))
        raise Wrong(f"After 40 events the cell {describe(cell)} is off.",
                    _named({cell: mine[cell]}) if cell in mine else None)


def mergeable(answer):
    """(partial, merge, final): parts of flights, merged, against all of them together; and how large a part gets."""
    partial, merge, final = pair(answer, 3, "partial", "merge", "final")
    if getattr(partial, "__name__", "") == "final" and getattr(final, "__name__", "") == "partial":
        raise Unfit("Give them in this order: partial, merge, final.")
    for function, count in ((partial, 1), (merge, 2), (final, 1)):
        fits(function, *[None] * count)
    for parts, said in trial.PARTS:
        _same(_merged(partial, merge, final, parts), sum(parts, []), said)
    first, second, third = (trial.many(seed, 200) for seed in (1, 2, 3))
    grouped = _read(merge, ask(partial, first), _read(merge, ask(partial, second), ask(partial, third)))
    _same(_final(_read(final, grouped)), first + second + third,
          "Three parts, the last two merged before the first: how parts are grouped must not matter.")
    part = ask(partial, trial.many(4, 5_000))
    try:
        size = len(pickle.dumps(part))
    except Exception:
        raise Unfit(f"A part should be plain values, which can be sent, and yours is {kind(part)}.") from None
    if size > SIZE:
        raise Wrong(f"Of 5,000 flights your part has {size:,} bytes, and {SIZE:,} are allowed. Keep what can be added, "
                    "not what was added.")
    return "Parts of any size merge in any order, and each stays as small as the first."


def _merged(partial, merge, final, parts) -> dict:
    whole = ask(partial, parts[0])
    for part in parts[1:]:
        whole = _read(merge, whole, ask(partial, part))
    return _final(_read(final, whole))


def _read(function, *parts):
    """The call of merge or final; where it can't read a part, which partial or merge has made, that is said."""
    try:
        return ask(function, *parts)
    except Raised as raised:
        if not isinstance(raised.error, (TypeError, LookupError, AttributeError)):
            raise
        raise Wrong(f"Your {getattr(function, '__name__', 'function')} can't read a part that your functions made, "
                    f"{describe(parts[-1])}: {type(raised.error).__name__}, {str(raised.error).rstrip('.')}.") from None


def _final(mine) -> dict:
    if not isinstance(mine, Mapping):
        raise Unfit(f"final should return a dict, and yours returned {kind(mine)}.")
    if missing := [name for name in FINAL if name not in mine]:
        raise Wrong(f"What final returns has no {missing[0]}.", [dict(mine)])
    return {name: mine[name] if mine[name] is None else number(mine[name], f"The {name}") for name in FINAL}


def _same(mine, flights, said):
    if not equal(mine, trial.final(flights)):
        raise Wrong(said, [mine])


def dashboards(answer):
    """(VIEWS, ANSWERS): six questions on twenty days, in DuckDB."""
    views, answers = dashboard.kinds(*pair(answer, 4, "VIEWS", "ANSWERS"))
    with contextlib.closing(dashboard.connected()) as base:
        over_seeds(20, lambda seed: dashboard.trial(base, views, answers, seed))
    return "Six questions on twenty days, from views that are a fraction of the flights."


EXERCISES = {
    1: Exercise("A roll-up", rolled_up,
                ("Which events have left at all? And what would the largest delay be before the first one?",
                 "Skip a delay of None. The hour is event['scheduled'][:13]; begin `most` with the first delay, "
                 "not with 0."),
                "A roll-up keeps what can be added up further: number, sum, maximum. The mean is not among "
                "them, because it "
                "is the sum divided by the number, at the moment somebody asks."),
    2: Exercise("Corrections that are right", corrected,
                ("What was the flight's old cell, and its old delay? And is this event newer than what you know?",
                 "Keep each flight's newest event in state['flights'], also one with delay None; take the old "
                 "one out of its cell, "
                 "then put the new one into its own."),
                "To take something back you have to know what it was: so there is a row for each flight beside "
                "the board. Its "
                "version makes copies and late originals harmless, and stays when a flight is off the board.",
                minutes=20),
    3: Exercise("Parts that can be merged", mergeable,
                ("Which of the four numbers can be computed from the same four numbers of two parts? What else "
                 "has to travel?",
                 "A part is n, the sum, the largest (None for no flight) and bits: bits |= 1 << place(tail). "
                 "Merge adds, adds, "
                 "takes the larger one, and ORs."),
                "Sum, number and maximum merge, the mean follows from two of them. Distinct aircraft do not, "
                "but the bits of "
                "a sketch do: setting a bit twice is setting it once, so it matters not in which parts an "
                "aircraft flew.",
                minutes=20),
    4: Exercise("Three views for six questions", dashboards,
                ("Write beside each question its columns and its measure. Which questions share columns, and "
                 "which measure can't be "
                 "added up at all?",
                 "One view by hour and origin (n, sum, late), one by carrier and origin (n, most), one by "
                 "origin with its distinct "
                 "aircraft; all of flights where delay is not null."),
                "A view serves all questions whose columns it has and whose measures add up. One view with all "
                "columns serves "
                "everything and is as long as the flights; one that holds a distinct number serves that one question.",
                minutes=40, starred=True)}
