"""Lab 01: what is right in each exercise, and what each usual mistake is told."""
import tempfile
from datetime import datetime
from pathlib import Path

from ...checking.calls import ask, do, fits, kind
from ...checking.kinds import pair
from ...checking.outcomes import Exercise, Killed, Unfit, Wrong
from ...checking.seeds import over_seeds
from . import offsets, quarantine, trial


def clock(answer):
    """to_timestamp(hhmm, day): some clocks, each with its sentence."""
    for at, (hhmm, day, right, said) in enumerate(trial.CLOCKS):
        mine = (ask if at == 0 else do)(answer, hhmm, day)
        if mine is not None and not isinstance(mine, datetime):
            raise Unfit(f"to_timestamp should return a datetime or None, yours returned {kind(mine)}.")
        if mine is not None and mine != mine:
            raise Unfit("Your function returned NaT, which is not None. For what is no clock time return None.")
        if mine is not None and mine.tzinfo:
            raise Wrong("Your datetime has a time zone. The clock on the wall has none yet; UTC comes later.", [
                {"hhmm": hhmm, "day": day, "yours": mine}])
        if mine == right:
            continue
        if hhmm == "2400" and mine == datetime(day.year, day.month, day.day):
            said = trial.TWO_MIDNIGHTS
        elif mine and right and hhmm != "2400" and mine.time() == right.time():
            said = f"The clock was read on {day}, and your moment is on {mine.date()}."
        raise Wrong(said, [{"hhmm": hhmm, "day": str(day), "yours": str(mine)}])
    return "Counted, not parsed: 2400 needs no rule of its own, and what is no clock time stays out."


def replacing(answer):
    """load(reports, days, folder, crash): real Parquet files in a folder, a crash behind each day, five runs."""
    days = list(trial.FIRST)
    for kill_at in (2, 1, 3):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)

            def run(reports, days, crashed):
                crash = trial.Crash(kill_at if crashed else None, folder)
                try:
                    do(answer, trial.reports(reports), list(days), folder, crash)
                except Killed:
                    return
                if crash.killed:
                    raise Wrong("You caught the crash. A process that is gone catches nothing: let it end your function.")
                if crashed or crash.calls != len(days):
                    raise Wrong(f"crash() was called {crash.calls} times for {len(days)} days. Leave it behind each "
                                "day, or nobody knows what a crash does.")
            trial.after_each_run(run, folder, days)
    return "A crash, a second run, a correction, an emptied day: each day is what its last load made of it."


def bounded(answer):
    """run(topic, state, load): for each of 20 seeds a dozen runs on a topic that grows; load is killed now and then."""
    fits(answer, None, None, None)
    over_seeds(20, lambda seed: offsets.trial(answer, seed))
    return "Twenty topics that never rest: each message loaded once, and each crashed load repeated as it was."


def two_tables(answer):
    """(load, reenter): for each of 20 seeds a load and a re-entry, killed at some write and run again."""
    load, reenter = pair(answer, 4, "load", "reenter")
    fits(load, None, None, None, None)
    fits(reenter, None, None, None)
    over_seeds(20, lambda seed: quarantine.trial(load, reenter, seed))
    return "Twenty mornings, two kills each: every message is in one table, before the rule was fixed and after it."


EXERCISES = {
    1: Exercise("A clock that knows 2400", clock,
                ("A clock is a number of hours and minutes since the day began. Which combinations exist?",
                 "// and % by 100; minutes below 60; hours below 24, or the number is 2400. Then a timedelta."),
                "Hours and minutes behind midnight are a duration, and a duration of 24 hours leads to the next day by "
                "itself, over the end of a month too. Parsing asks another question: is this text on my list?"),
    2: Exercise("Append becomes replace", replacing,
                ("What makes a second run add? A file name that is new each time, and files that nobody takes away.",
                 "For each day of `days`: shutil.rmtree(partition, ignore_errors=True), make it anew, write, crash()."),
                "A partition is the unit of a load: what is in it is thrown away and made again from the extract, "
                "whoever wrote it. So it does not matter how far the last attempt came, or which rows it had.",
                minutes=20),
    3: Exercise("Where the last extract ended", bounded,
                ("When are the bounds of a run known, and what must survive a crash so that they stay the same?",
                 "Without state['planned']: state['planned'] = topic.ends(). Read from done.get(partition, 0), load, "
                 "then let planned become done."),
                "The plan is kept before anything is read, so whoever comes after a crash repeats the same load. What "
                "is done is noted after the load. The ends are asked once: what comes meanwhile is for the next run.",
                minutes=25),
    4: Exercise("Out of quarantine, without losing anything", two_tables,
                ("Of every message ask: in which table is it after each single write? Which of two reports is newer?",
                 "try parse, except ValueError: a reject. Before a row enters, compare its offset with that of the row "
                 "that is there, the newest first; enter the target first, leave rejects after it."),
                "A reject is a message with a reason, under its offset, so it can be judged again. Between two writes "
                "the process may die: in both tables is a state that the next run repairs, in neither is a loss.",
                minutes=40, starred=True)}
