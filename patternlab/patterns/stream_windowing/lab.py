"""Lab 07: what is right in each exercise, and what each usual mistake is told; the oracle foretells each answer."""
import random

import pandas as pd

from ...checking.calls import ask
from ...checking.outcomes import Exercise, Wrong
from ...checking.seeds import over_seeds
from ...checking.tables import rows, same_rows
from ...flights import events
from . import trial
from .oracle import HOUR, cuts, per_batch, records, spark_windows


def _foretold(log, patience, size=HOUR, time="scheduled"):
    """Rows that append mode publishes of `log` in the lab's batches."""
    run = spark_windows(cuts(records(log, time=time), per_batch(log)), patience, size)
    return pd.DataFrame([(pd.Timestamp(begin, unit="s"), origin, n) for (begin, origin), n in run.published.items()],
                        columns=["begin", "origin", "n"])


def _rows(frame) -> list:
    return sorted(zip(frame.begin.astype("datetime64[us]").astype(str), frame.origin, frame.n.astype(int)))


def mistakes(log):
    """What the check of exercise 1 knows by name: pairs of a sentence and the rows that its mistake publishes."""
    yield "You grouped by arrival: a late report moved to the hour in which it came in.", _foretold(log, HOUR, time="arrival")
    for minutes in (0, 1, 30, 90, 120, 180, 1440, 3600):
        yield (f"Your patience is not one hour: with {minutes} minutes Spark publishes just these windows.",
               _foretold(log, minutes * 60))
    for hours in (2, 3, 24):
        yield f"Your windows are {hours} hours long, not one.", _foretold(log, HOUR, hours * HOUR)


def hourly(answer):
    """Exercise 1: (function from reports to windows, the lab's `run` that streams the day through it)."""
    function, run = answer
    log = events("departed", "day")
    found = rows(ask(run, function, limit=100), columns=["begin", "origin", "n"])
    expected = _foretold(log, HOUR)
    if len(found) and (pd.to_datetime(found.begin).dt.minute != 0).any():
        raise Wrong("Your windows do not all begin at a full hour; each should be one hour long, side by side.")
    for sentence, published in mistakes(log) if _rows(found) != _rows(expected) else ():
        if _rows(found) == _rows(published):
            raise Wrong(sentence)
    same_rows(found, expected, key=["begin", "origin"], sentence="Not what Spark publishes with one hour")
    return "Every window is what Spark's rule foretells, with the reports that one hour of patience loses left out."


def _lost(log, patience, late=lambda time, mark: time - time % 60 + 60 <= mark):
    newest = lost = 0
    for time in log:
        newest = max(newest, time)
        lost += late(time, newest - patience)
    return lost


def patience(answer):
    """Exercise 2: (function (log, patience) -> lost, smallest multiple of 30 that loses less than 2 % of the week)."""
    function, minutes = answer
    generator = random.Random(7)
    for _ in range(20):
        log = [max(0, 15 * position + 15 - generator.choice((0, 0, 5, 30, 90, 200))) for position in range(60)]
        wait = generator.choice((0, 15, 30, 60))
        found = ask(function, log, wait)
        if found == _lost(log, wait):
            continue
        if found in (_lost(log, wait, lambda time, mark: time < mark), _lost(log, wait, lambda time, mark: time <= mark)):
            raise Wrong("You judge each report by its own time, as if patience were a deadline. Its window decides.")
        if found == _lost(log, wait, lambda time, mark: time - time % 60 + 60 < mark):
            raise Wrong("You keep a window whose end the watermark has just reached. Spark publishes it then (<=).")
        if found == _lost(log, wait, lambda time, mark: time - time % 60 <= mark):
            raise Wrong("You compare with the begin of the window. A window is open until its end.")
        raise Wrong(f"For a small log and a patience of {wait} your function returns {found}, which is not what is lost.",
                    f"the log, in minutes: {log}")
    log = [time // 60 for time, _ in records(events("departed", "week"))]
    enough = next(wait for wait in range(0, 3000, 30) if _lost(log, wait) < .02 * len(log))
    if minutes == enough:
        return "The last steps of patience cost hours and save a handful of reports."
    if isinstance(minutes, (int, float)) and minutes * 60 == enough:
        raise Wrong("Your patience is in hours; the question asks for minutes.")
    if isinstance(minutes, (int, float)) and minutes > enough:
        raise Wrong("A smaller multiple of 30 loses less than 2 % too: a report may be later than the patience and count.")
    raise Wrong(f"With a patience of {minutes} minutes 2 % or more of the week are lost.")


def _spark_loss(batches, wait, mark_of="before", late=lambda time, mark: time - time % 60 + 60 <= mark):
    """What Spark drops, or what it would drop by the watermark of another moment: before, batch, own or record."""
    newest = mark = lost = 0
    for batch in batches:
        before, mark = mark, max(mark, newest - wait)
        own = max([mark, *(time - wait for time in batch)])
        for time in batch:
            newest = max(newest, time)
            lost += late(time, {"before": before, "batch": mark, "own": own, "record": newest - wait}[mark_of])
    return lost


def spark_loss(answer):
    """Exercise 3: function (batches of minutes, patience) -> how many records Spark drops. 20 logs decide."""
    def one(seed):
        generator = random.Random(seed)
        log = [max(0, 6 * position - generator.choice((0, 0, 0, 20, 90, 150, 240))) for position in range(160)]
        size, wait = generator.choice((5, 8, 13)), generator.choice((0, 20, 45))
        batches = [log[at:at + size] for at in range(0, len(log), size)]
        expected = len(spark_windows([[(60 * time, "") for time in batch] for batch in batches], 60 * wait).late)
        found = ask(answer, batches, wait)
        if found == expected:
            return
        for mark_of, sentence in (("record", "Your watermark moves with every record. Spark's moves between batches only."),
                                  ("batch", "You drop by the watermark that this batch publishes with. Spark drops by the one "
                                            "before it."),
                                  ("own", "Your batch drops by a watermark that its own records have moved.")):
            if found == _spark_loss(batches, wait, mark_of):
                raise Wrong(sentence)
        if found == _spark_loss(batches, wait, late=lambda time, mark: time < mark):
            raise Wrong("The watermark is right, but you judge each report by its own time. Its window decides.")
        raise Wrong(f"It counts {'more' if found > expected else 'fewer'} than Spark drops.",
                    f"patience {wait}, the first batches: {batches[:4]}")
    over_seeds(20, one, budget=10)
    return "Twenty logs, twenty times the number that Spark drops. With it you can foretell a run before you pay for it."


def _sessions(moments, gap):
    """Sessions of sorted moments: each ends `gap` after its last one, and those that touch are one."""
    found = []
    for moment in moments:
        begin, count = (found.pop()[::2] if found and moment <= found[-1][1] else (moment, 0))
        found.append((begin, moment + gap, count + 1))
    return found


def add_report(answer):
    """Exercise 4: function (sessions, moment, gap) -> sessions, in which 20 orders of the same moments agree."""
    def grown(order, gap):
        sessions = []
        for moment in order:
            sessions = ask(answer, sessions, moment, gap)
            if not isinstance(sessions, list):
                raise Wrong(f"Your function should return the list of sessions, not a {type(sessions).__name__}.")
        return sorted(tuple(session) for session in sessions)

    for order, gap, sentence in (
            ([0, 5], 20, "Two reports within the gap are one session, with both of them in its count."),
            ([20, 10], 20, "A report that comes late, before the begin of a session, must move that begin."),
            ([0, 30, 15], 20, "A report between two sessions must join both; yours still overlap."),
            ([0, 20], 20, "Two sessions that touch are one in Spark: a report at the very end of a session still joins it.")):
        if (found := grown(order, gap)) != _sessions(sorted(order), gap):
            raise Wrong(sentence, f"gap {gap}, reports in this order: {order}\nyour sessions: {found}")

    def one(seed):
        generator = random.Random(seed)
        gap, moments = generator.choice((20, 30)), sorted(generator.sample(range(0, 600, 10), 18))
        order = generator.sample(moments, len(moments))
        if (found := grown(order, gap)) != _sessions(moments, gap):
            raise Wrong("Your sessions are not the same in every order.", f"gap {gap}, order: {order}\nyours: {found}")
    over_seeds(20, one, budget=10)
    return "Twenty orders, the same sessions: merging is independent of the order of arrival."


def panes(answer):
    """Exercise 5: function (number, reports, watermark, memory) -> rows (begin, origin, pane, n).

    Judged with one fault at a time, so that the sentence names it, then on 20 seeds of all of them.
    """
    for fault, named in (({}, ""), ({"twice": .2}, "With reports that come twice: "),
                         ({"late": .3}, "With late reports: "), ({"again": .4}, "With batches that are delivered again: ")):
        try:
            trial.run(answer, 1, **fault)
        except Wrong as wrong:
            raise Wrong(named + wrong.sentence, wrong.show) from None
    over_seeds(20, lambda seed: trial.run(answer, seed, late=.3, twice=.1, again=.2), budget=20)
    return "Twenty runs with late, repeated and redelivered reports: at every moment the sums were right."


EXERCISES = {
    1: Exercise("A window and a patience", hourly,
                ("Which of the two times says what a report is about? The watermark and the window must use the same one.",
                 "reports.withWatermark(column, '60 minutes').groupBy(F.window(column, '1 hour'), 'origin')"),
                "The watermark follows the column that the windows are made of, and stands before the aggregation; only then "
                "can Spark tell when a window is over.",
                works=lambda: f"runs your stream over {len(events('departed', 'day')):,} reports, about 5 s"),
    2: Exercise("How much patience is enough?", patience,
                ("A report that is two hours late may still find its window open. When exactly is a window over?",
                 "window_end = scheduled - scheduled % 60 + 60; it is lost if window_end <= newest - patience"),
                "Patience is no deadline for a report: what is dropped is what belongs to a window that is already published.",
                minutes=20),
    3: Exercise("What Spark loses", spark_loss,
                ("Two watermarks belong to a batch: one that it drops by, one that it publishes by. When do they move?",
                 "before, mark = mark, max(mark, newest - patience) at the begin of a batch; drop by before"),
                "The watermark moves between batches only, and a batch drops by the one before its own. So bigger batches "
                "lose less, and a replay is kinder than the live stream.", minutes=20),
    4: Exercise("Sessions in any order", add_report,
                ("A late report can lie between two sessions and belong to both.",
                 "Begin with (moment, moment + gap, 1), swallow every session that it touches, keep the others."),
                "Merging all that touch makes the result depend on the set of moments, not on their order.", minutes=20),
    5: Exercise("Early, on time and late", panes,
                ("Write down what must survive a batch: the keys of each open window, what you last said, and which batch.",
                 "For a change: (begin, origin, pane, -said) if something was said, then (begin, origin, pane, count)."),
                "A reader who sums can't replace a row. Taking the old count back in the same batch keeps every sum right at "
                "every moment; remembering batch numbers and keys makes it right under retries.", minutes=40, starred=True),
}
