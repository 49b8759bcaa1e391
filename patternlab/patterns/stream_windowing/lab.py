"""Lab 07: what is right in each exercise, and what each usual mistake is told; the oracle foretells each answer."""
import pandas as pd

from ...checking.calls import ask, kind
from ...checking.kinds import pair
from ...checking.outcomes import Exercise, Unfit, Wrong
from ...checking.seeds import over_seeds
from ...checking.tables import rows, same_rows
from ...flights import events
from . import trial
from .losses import patience, spark_loss
from .oracle import HOUR, cuts, per_batch, records, spark_windows
from .sessions import add_report


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
    function, run = pair(answer, 1, "hourly", "run")
    if getattr(function, "__name__", "") == "run":
        raise Unfit("Give both in this order: lab.check(1, (hourly, run)).")
    log = events("departed", "day")
    streamed = ask(run, lambda reports: _streaming(ask(function, reports)), limit=100)
    found = _times(rows(streamed, columns=["begin", "origin", "n"]))
    expected = _foretold(log, HOUR)
    if not len(found):
        raise Wrong("Spark published nothing: either no watermark reached the end of a window, because the patience is longer "
                    "than the day, or a filter took every report.")
    if (found.begin != found.begin.dt.floor("h")).any():
        raise Wrong("Your windows do not all begin at a full hour; each should be one hour long, side by side.")
    together = spark_windows(cuts([(moment, "") for moment, _ in records(log)], per_batch(log)), HOUR).published
    if sorted(zip(found.begin, found.n)) == sorted((pd.Timestamp(begin, unit="s"), n) for (begin, _), n in together.items()):
        raise Wrong("Your windows count all airports together. Group by origin, too.")
    for sentence, published in mistakes(log) if _rows(found) != _rows(expected) else ():
        if _rows(found) == _rows(published):
            raise Wrong(sentence)
    same_rows(found, expected, key=["begin", "origin"], sentence="Not what Spark publishes with one hour")
    return "Every window is what Spark's rule foretells, with the reports that one hour of patience loses left out."


def _streaming(frame):
    """What the learner's function returned; Wrong, before a stream of seconds runs, where it is no table of windows."""
    if not getattr(frame, "isStreaming", False):
        batch = " that does not stream" if hasattr(frame, "isStreaming") else ""
        raise Unfit(f"Return a streaming frame, made of the reports that your function gets; yours is {kind(frame)}{batch}.")
    kinds = dict(frame.dtypes)
    if missing := [name for name in ("begin", "origin", "n") if name not in kinds]:
        raise Wrong(f"Your rows have no column {' and no '.join(missing)}; they have {', '.join(kinds)}.")
    if not kinds["begin"].startswith(("timestamp", "string")):
        raise Wrong(f"The column begin should be the time at which the window begins, yours is of type {kinds['begin']}.")
    if not kinds["n"].startswith(("bigint", "int", "smallint", "tinyint", "double", "float", "decimal")):
        raise Wrong(f"The column n should be a number, yours is of type {kinds['n']}.")
    return frame


def _times(found):
    """Rows with `begin` as a time, also where it is a text; Wrong where there is a null, or a text that is no time."""
    begin = pd.to_datetime(found.begin, errors="coerce")
    if begin.isna().any() or found.n.isna().any():
        raise Wrong("Some rows have no time as begin, or no number as n.", found[begin.isna() | found.n.isna()])
    return found.assign(begin=begin, n=found.n.astype(float))


def panes(answer):
    """Exercise 5: function (number, reports, watermark, memory) -> rows (begin, origin, pane, n).

    Judged with one fault at a time, so that the sentence names it, then on 20 seeds of all of them.
    """
    for fault, named in (({}, ""), ({"twice": .2}, "With reports that come twice: "),
                         ({"late": .3}, "With late reports: "), ({"again": .4}, "With batches that are delivered again: ")):
        try:
            trial.run(answer, 1, **fault)
        except Unfit:
            raise
        except Wrong as wrong:
            raise Wrong(named + wrong.sentence, wrong.show) from None
        if not fault:
            _judge_again(answer)
    over_seeds(20, lambda seed: trial.run(answer, seed, late=.3, twice=.1, again=.2), budget=20)
    return "Twenty runs with late, repeated and redelivered reports: at every moment the sums were right."


def _judge_again(answer):
    """The same run once more, with an empty memory: what is right once and wrong then was kept somewhere else."""
    try:
        trial.run(answer, 1)
    except Wrong as wrong:
        raise Unfit("Your function keeps something outside of memory: the same run, begun again with an empty memory, went "
                    f"wrong. {wrong.sentence}", wrong.show) from None


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
