"""Exercises 2 and 3 of lab 07: what a patience loses, in theory and in Spark's batches, and what usual mistakes would count.

A mistake is named only where it gives every number that the learner's function gave: one log alone may agree by chance.
"""
import random

from ...checking.calls import ask
from ...checking.kinds import number, pair
from ...checking.outcomes import Unfit, Wrong
from ...checking.tables import judge
from ...flights import events
from .oracle import records, spark_windows


def _over(time, mark):
    """Whether the hour of `time` is over: the watermark has reached its end."""
    return time - time % 60 + 60 <= mark


# --- exercise 2
def _lost(log, wait, late=_over, moved=max):
    """Reports that are lost where the watermark is `moved(newest so far, planned)` minus the patience."""
    newest = lost = 0
    for time in log:
        newest = moved(newest, time)
        lost += late(time, newest - wait)
    return lost


def _by_the_one_before(log, wait):
    return sum(_over(time, before - wait) for before, time in zip([0, *log], log))


DEAF = "Your function loses the same whatever the patience is. The watermark is the newest time minus the patience."
LOST = [
    ("You judge each report by its own time, as if patience were a deadline. Its window decides.",
     lambda log, wait: _lost(log, wait, lambda time, mark: time < mark)),
    ("You judge each report by its own time, as if patience were a deadline. Its window decides.",
     lambda log, wait: _lost(log, wait, lambda time, mark: time <= mark)),
    ("You keep a window whose end the watermark has just reached. Spark publishes it then (<=).",
     lambda log, wait: _lost(log, wait, lambda time, mark: time - time % 60 + 60 < mark)),
    ("You compare with the begin of the window. A window is open until its end.",
     lambda log, wait: _lost(log, wait, lambda time, mark: time - time % 60 <= mark)),
    ("You compare with the begin of the window. A window is open until its end.",
     lambda log, wait: _lost(log, wait, lambda time, mark: time - time % 60 < mark)),
    ("Your watermark knows the whole log before it has come. When a report arrives, the newest one so far counts.",
     lambda log, wait: sum(_over(time, max(log) - wait) for time in log)),
    ("Your watermark follows the report before. It follows the newest so far, and a late report does not move it back.",
     _by_the_one_before),
    (DEAF, lambda log, wait: _lost(log, 0)),
    ("You count the reports that are kept. The question is how many are lost.",
     lambda log, wait: len(log) - _lost(log, wait))]


def _logs():
    """Logs of exercise 2 with a patience each: none, one report, nothing late, a watermark at an hour's end, and 20 by chance."""
    yield from (([], 0), ([550], 0), ([550, 610, 620], 30), ([550, 600, 555], 0), ([550, 630, 555], 30))
    generator = random.Random(7)
    for _ in range(20):
        log = [max(0, 15 * position + 15 - generator.choice((0, 0, 5, 30, 90, 200))) for position in range(60)]
        yield log, generator.choice((0, 15, 30, 60))


def patience(answer):
    """Exercise 2: (function (log, patience) -> lost, smallest multiple of 30 that loses less than 2 % of the week)."""
    function, minutes = pair(answer, 2, "lost", "patience")
    if callable(minutes) and not callable(function):
        raise Unfit("Give both in this order: lab.check(2, (lost, patience)).")
    cases = list(_logs())
    found = [number(ask(function, log, wait), "What lost(log, patience) returns") for log, wait in cases]
    right = [_lost(log, wait) for log, wait in cases]
    _refuse_one_number(found, right)
    at = next((at for at, one in enumerate(found) if one != right[at]), 0)
    log, wait = cases[at]
    judge(found, right, [(lambda rule=rule: [rule(*case) for case in cases], sentence) for sentence, rule in LOST],
          f"For a small log and a patience of {wait} your function returns {found[at]}, which is not what is lost.",
          f"the log, in minutes: {log}")
    _judge_patience(number(minutes, "patience"))
    return "The last steps of patience cost hours and save a handful of reports."


def _refuse_one_number(found, right):
    if len(set(found)) == 1 and found != right:
        raise Wrong(f"Your function returns {found[0]} for every log that was tried. How much is lost differs from log to log.")


def _judge_patience(minutes):
    log = [time // 60 for time, _ in records(events("departed", "week"))]
    enough = next(wait for wait in range(0, 3000, 30) if _lost(log, wait) < .02 * len(log))
    if minutes == enough:
        return
    for unit, found in (("hours", minutes * 60), ("seconds", minutes / 60)):
        if found == enough:
            raise Wrong(f"Your patience is in {unit}; the question asks for minutes.")
    if minutes % 30 or minutes < 0:
        raise Wrong(f"Your patience is {minutes:g}. The question asks for a multiple of 30: 0, 30, 60 ...")
    if minutes > enough:
        raise Wrong("A smaller multiple of 30 loses less than 2 % too: a report may be later than the patience and count.")
    raise Wrong(f"With a patience of {minutes:g} minutes 2 % or more of the week are lost.")


# --- exercise 3
def _spark_loss(batches, wait, mark_of="before", late=_over, moved=max, empty=True):
    """What Spark drops, or what it would drop by the watermark of another moment: before, batch, own or record."""
    newest = mark = lost = 0
    for batch in batches:
        if not batch and not empty:
            continue
        before, mark = mark, moved(mark, newest - wait)
        own = max([mark, *(time - wait for time in batch)])
        if moved is not max and batch:
            newest = 0
        for time in batch:
            newest = max(newest, time)
            lost += late(time, {"before": before, "batch": mark, "own": own, "record": newest - wait}[mark_of])
    return lost


DROPPED = [
    ("Your watermark moves with every record. Spark's moves between batches only.", {"mark_of": "record"}),
    ("You drop by the watermark that this batch publishes with. Spark drops by the one before it.", {"mark_of": "batch"}),
    ("Your batch drops by a watermark that its own records have moved.", {"mark_of": "own"}),
    ("The watermark is right, but you judge each report by its own time. Its window decides.",
     {"late": lambda time, mark: time < mark}),
    ("The watermark is right, but you judge each report by its own time. Its window decides.",
     {"late": lambda time, mark: time <= mark}),
    ("The watermark is right, but you keep a window whose end it has just reached. That window is over (<=).",
     {"late": lambda time, mark: time - time % 60 + 60 < mark}),
    ("The watermark is right, but you compare it with the begin of the window. A window is open until its end.",
     {"late": lambda time, mark: time - time % 60 <= mark}),
    ("Your watermark moves back after a batch of late reports. It never does.", {"moved": lambda mark, new: new}),
    ("You skip batches without data. The watermark moves in them, too.", {"empty": False})]


def _cut_logs():
    """Batches of exercise 3, a patience each: none, one report, nothing late, without data, all late, and 20 by chance."""
    yield from (([], 0), ([[]], 0), ([[550]], 0), ([[550], [610], [620], [650]], 0), ([[550], [600], [], [555]], 0),
                ([[550], [700], [], [555]], 0), ([[550], [700], [555], [710], [558]], 0),
                ([[550], [], [700], [], [], [555, 560]], 20))
    for seed in range(1, 21):
        generator = random.Random(seed)
        log = [max(0, 6 * position - generator.choice((0, 0, 0, 20, 90, 150, 240))) for position in range(160)]
        size, wait = generator.choice((5, 8, 13)), generator.choice((0, 20, 45))
        batches = [log[at:at + size] for at in range(0, len(log), size)]
        if seed % 2:
            batches.insert(generator.randrange(len(batches)), [])
        yield batches, wait


def spark_loss(answer):
    """Exercise 3: function (batches of minutes, patience) -> how many records Spark drops, on logs by hand and 20 by chance."""
    cases = list(_cut_logs())
    found = [number(ask(answer, batches, wait), "What spark_loss(batches, patience) returns") for batches, wait in cases]
    right = [len(spark_windows([[(60 * time, "") for time in batch] for batch in batches], 60 * wait).late)
             for batches, wait in cases]
    _refuse_one_number(found, right)
    mistakes = [(lambda rule=rule: [_spark_loss(*case, **rule) for case in cases], sentence) for sentence, rule in DROPPED]
    mistakes.append((lambda: [_spark_loss(batches, 0) for batches, _ in cases], DEAF))
    at = next((at for at, one in enumerate(found) if one != right[at]), 0)
    batches, wait = cases[at]
    judge(found, right, mistakes, f"It counts {'more' if found[at] > right[at] else 'fewer'} than Spark drops of this log.",
          f"patience {wait}, the first batches: {batches[:4]}")
    return "Twenty logs, twenty times the number that Spark drops. With it you can foretell a run before you pay for it."
