"""The worlds of lab 01's first two exercises: clocks, and a folder with a partition per day that a load fills."""
from collections import Counter
from datetime import date, datetime

import pandas as pd

from ...checking.calls import kind
from ...checking.outcomes import Killed, Unfit, Wrong

# --- exercise 1: clock, day, what it means (None: no clock time), and what is said where an answer differs
EIGHTH = date(2013, 2, 8)
CLOCKS = [
    ("517", EIGHTH, datetime(2013, 2, 8, 5, 17), "517 is 17 minutes past five: the last two digits are the minutes."),
    ("1255", EIGHTH, datetime(2013, 2, 8, 12, 55), "1255 is 55 minutes past noon."),
    ("5", EIGHTH, datetime(2013, 2, 8, 0, 5), "5 is 00:05: a clock may have fewer than four digits."),
    ("0", EIGHTH, datetime(2013, 2, 8), "0 is the midnight with which the day begins, and a clock time like others."),
    ("2359", EIGHTH, datetime(2013, 2, 8, 23, 59), "2359 is the last minute of the day, not of another one."),
    ("2400", EIGHTH, datetime(2013, 2, 9), "2400 is a clock time: 24 hours after the day began."),
    ("2400", date(2013, 2, 28), datetime(2013, 3, 1), "The day after 28 February 2013 is 1 March."),
    ("2400", date(2012, 2, 28), datetime(2012, 2, 29), "2012 has a 29 February: let the calendar count the days."),
    ("2400", date(2013, 12, 31), datetime(2014, 1, 1), "The day after 31 December is 1 January of the next year."),
    ("1675", EIGHTH, None, "1675 is no clock time: no hour has 75 minutes."),
    ("60", EIGHTH, None, "60 is no clock time: the hour ends at 59."),
    ("2430", EIGHTH, None, "2430 is no clock time: 2400 is the last moment that is called so."),
    ("2401", EIGHTH, None, "2401 is no clock time: 2400 is the last moment of a day."),
    ("2500", EIGHTH, None, "2500 is no clock time: a day has 24 hours."),
    ("16:40", EIGHTH, None, "16:40 is not how this feed writes a clock. It is not for this rule to guess."),
    ("", EIGHTH, None, "An empty text is no clock time."),
    ("-100", EIGHTH, None, "-100 is no clock time, though int() reads it: a clock has digits only.")]
TWO_MIDNIGHTS = "2400 on 8 February became 00:00 of 8 February, a day too early: it ends the day, 0 begins it."


# --- exercise 2: reports of a few days; what a run loads, by day
COLUMNS, COLUMNS_SEEN = ["key", "day", "delay"], ["day", "key", "delay"]


def reports(of: dict) -> pd.DataFrame:
    """A frame of reports: {day: {key: delay}}."""
    rows = [(key, day, delay) for day, flights in of.items() for key, delay in flights.items()]
    return pd.DataFrame(rows, columns=COLUMNS)


FIRST = {"2013-02-08": {"UA/1": 3, "UA/2": -1, "B6/3": 40}, "2013-02-09": {"AA/4": 0, "DL/5": 12},
         "2013-02-10": {"UA/1": 7, "MQ/6": 75, "EV/7": 5}}
CORRECTED = {"2013-02-08": {"UA/1": 3, "UA/2": 19, "B6/3": 40}, "2013-02-09": {"AA/4": 0, "DL/5": 12},
             "2013-02-10": {"UA/1": 7, "EV/7": 5}}
EMPTIED = {"2013-02-08": {"UA/1": 3, "UA/2": 19, "B6/3": 40}, "2013-02-10": {"UA/1": 7, "EV/7": 5}}
LATER = {"2013-02-11": {"UA/1": 1, "WN/8": 2}}


class Crash:
    """`crash()`: kills at its call number `at`, and looks that behind each day stands one call (None: it only counts)."""

    def __init__(self, at, folder):
        self.calls, self.killed, self._at, self._folder = 0, False, at, folder

    def __call__(self):
        self.calls += 1
        if self._at is None:
            return
        found = table(self._folder)
        done = sum(all(row in found for row in of_days({day: flights})) for day, flights in FIRST.items())
        if self.calls == 1 and done != 1:
            there = f"{done} days were in the folder already" if done else "nothing of the reports was there as Parquet"
            raise Wrong(f"When crash() was called for the first time, {there}. "
                        "Leave it behind each day: write a day, call crash(), go on to the next.")
        if self.calls == self._at:
            self.killed = True
            raise Killed


def table(folder) -> list:
    """What a reader of the folder sees: (day, key, delay) of all its Parquet files, sorted.

    A file without a column `day` has that of its folder, as pandas and Spark read it.
    """
    rows = []
    for file in sorted(folder.rglob("*.parquet")):
        try:
            frame = pd.read_parquet(file, partitioning=None)
        except (OSError, ValueError):
            raise Wrong(f"{file.name} is called Parquet, and a reader can't read it. Write it by to_parquet.") from None
        if "day" not in frame.columns and file.parent.name.startswith("day="):
            frame["day"] = file.parent.name.removeprefix("day=")
        if missing := [name for name in COLUMNS if name not in frame.columns]:
            raise Wrong(f"A file of yours has no column {missing[0]}. Write the rows as they are.", frame.head(3))
        if odd := [delay for delay in frame["delay"] if isinstance(delay, str) or delay != delay]:
            raise Unfit(f"delay should be a number in each row, yours has {kind(odd[0])}. Write the rows as they are.")
        rows += [(str(day), str(key), int(delay)) for key, day, delay in frame[COLUMNS].itertuples(index=False)]
    return sorted(rows)


def of_days(*parts: dict) -> list:
    """What the table must hold: (day, key, delay), sorted."""
    days = [each for part in parts for each in part.items()]
    return sorted((day, key, delay) for day, flights in days for key, delay in flights.items())


def after_each_run(run, folder, days) -> None:
    """Wrong unless each run leaves the table right: one after a crash, a corrected, an emptied, one of another day.

    `run(reports, days, crashed)` calls the learner's function; `crashed` says whether it is to be killed on its way.
    """
    first = of_days(FIRST)
    old = folder / "day=2013-02-08" / "part-of-last-year.parquet"
    old.parent.mkdir()
    reports({"2013-02-08": {"UA/2": 99}}).to_parquet(old)
    run(FIRST, days, True)
    run(FIRST, days, False)
    found = table(folder)
    if not [row for row in found if row[2] != 99]:
        raise Wrong("Nothing of the reports is in the folder. Write each day's rows as Parquet in its partition.")
    _compare(found, first, "After a crash and a second run")
    run(CORRECTED, days, False)
    found = table(folder)
    if found == first:
        raise Wrong("A second load brought a correction, and the table still has the old rows. Which of two rows is "
                    "right, only the newest extract knows.", shown(found, "UA/2"))
    if {("2013-02-08", "UA/2", -1), ("2013-02-08", "UA/2", 19)} <= set(found):
        raise Wrong("A corrected flight is there twice, with its old and its new delay.", shown(found, "UA/2"))
    if ("2013-02-10", "MQ/6", 75) in found:
        raise Wrong("A flight that the newest extract no longer has is still there. A day is replaced as a whole.",
                    shown(found, "MQ/6"))
    _compare(found, of_days(CORRECTED), "After a correction")
    run(EMPTIED, days, False)
    found = table(folder)
    if any(day == "2013-02-09" for day, *_ in found):
        raise Wrong("All reports of 9 February were withdrawn, and the table still has them. The days are in `days`, "
                    "also one without rows.", shown(found, day="2013-02-09"))
    _compare(found, of_days(EMPTIED), "After all reports of a day were withdrawn")
    run(LATER, list(LATER), False)
    found = table(folder)
    if not set(of_days(EMPTIED)) <= set(found):
        raise Wrong("A later load took away days that it has nothing to do with. Replace the extract's days only.")
    _compare(found, of_days(EMPTIED, LATER), "After a load of another day")


def _compare(found, right, when):
    if ("2013-02-08", "UA/2", 99) in found:
        raise Wrong("A file that an earlier job left in the partition still counts. Replacing a day means all of its "
                    "files, whatever their names.", shown(found, "UA/2"))
    twice = [row for row, count in Counter(found).items() if count > 1]
    if twice:
        raise Wrong(f"{when} the table has rows twice: the days before the crash were added again.",
                    shown(found, twice[0][1]))
    if lacking := [row for row in right if row not in found]:
        raise Wrong(f"{when} the table lacks a report.", rows(lacking[:1]))
    if surplus := [row for row in found if row not in right]:
        raise Wrong(f"{when} the table has a row that no extract brought.", rows(surplus[:1]))


def shown(found, key=None, day=None) -> list:
    """The rows of a flight or of a day, to be looked at."""
    return rows([row for row in found if key in (None, row[1]) and day in (None, row[0])])


def rows(found) -> list:
    return [dict(zip(COLUMNS_SEEN, row)) for row in found]
