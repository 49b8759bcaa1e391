"""Exercises 1 and 2 of lab 10: reports beside a version 1; cuts of a log, and the patience that no cut can break."""
from random import Random

from ...checking.calls import ask, describe, kind
from ...checking.kinds import number
from ...checking.outcomes import Unfit, Wrong

DELAYS = (-22, 0, 3, 15, 16, 7, 61, 15, 0, 31, 14, 120)
FIRST, THEN = 8, 10                 # reports that version 1 has read; that are there at the first call


def reports() -> list:
    """A dozen reports of departures, in order of arrival."""
    origins = ("EWR", "JFK", "LGA")
    return [{"key": f"flight-{number:02}", "origin": origins[number % 3], "dep_delay": delay}
            for number, delay in enumerate(DELAYS)]


def rows(reports, late=lambda delay: delay > 15) -> list:
    """What a board holds of them."""
    return [{**report, "late": late(report["dep_delay"])} for report in reports]


# --- exercise 2, cuts: log, ends of the live batches, and the batches
NO_REST = "Nothing came after the last end, so there is no further batch."
CUTS = [([550, 610, 555, 620], [2, 3, 4], [[550, 610], [555], [620]],
         "The live run read 2 reports, then 1, then 1."),
        ([550, 610, 555, 620, 630], [1, 1, 4, 5], [[550], [], [610, 555, 620], [630]],
         "An end that comes twice is a batch without reports. It counts: the watermark moves with it."),
        ([550, 610, 610, 555], [1, 3], [[550], [610, 610], [555]],
         "What came after the last end is a batch too, the last one."),
        ([550, 610], [0, 2], [[], [550, 610]], "A first end of 0 is a first batch without reports."),
        ([550, 610, 555], [], [[550, 610, 555]], "Without any end, the whole log is one batch."),
        ([550, 610], [2], [[550, 610]], NO_REST),
        ([], [], [], "An empty log has no batch.")]


def cut(answer) -> None:
    """live_batches(log, ends): a few logs, each with the mistake that it finds."""
    for log, ends, right, sentence in CUTS:
        found = ask(answer, log, ends)
        if not hasattr(found, "__iter__") or isinstance(found, (str, bytes, dict, set)):
            raise Unfit(f"What live_batches returns should be a list, yours is {kind(found)}.")
        batches = []
        for batch in found:
            if not hasattr(batch, "__iter__") or isinstance(batch, (str, bytes)):
                raise Unfit("live_batches should return a list of batches, each a list of reports; yours has "
                            f"{describe(batch)}.")
            batches.append(list(batch))
            if nested := [report for report in batches[-1] if hasattr(report, "__iter__")]:
                raise Unfit(f"A batch should hold planned times, which are numbers; one of yours holds {describe(nested[0])}.")
        if batches == right:
            continue
        shown = [{"log": log, "ends": ends, "yours": batches}]
        strange = [report for batch in batches for report in batch if report not in log]
        if log is CUTS[0][0] and batches == [log[at:at + size] for at, size in zip(_sums(ends), ends)]:
            sentence = "You took the ends as sizes. An end is the offset after a batch's last report."
        elif log and batches == [*right, []]:
            sentence = NO_REST
        elif strange:
            sentence = f"A batch should hold planned times of the log, and {describe(strange[0])} is none of them."
        elif sum(batches, []) != log:
            sentence = f"Your batches do not hold the log's reports in their order, each once. {sentence}"
        raise Wrong(sentence, shown)


def _sums(sizes):
    at = 0
    for size in sizes:
        yield at
        at += size


# --- exercise 2, patience
def needed(log) -> int:
    """The smallest patience that loses nothing, however the log is cut."""
    newest, most = None, 0
    for planned in log:
        if newest is not None:
            most = max(most, newest - (planned - planned % 60 + 60) + 1)
        newest = planned if newest is None else max(newest, planned)
    return most


def logs():
    """Logs of planned minutes: by hand, then at random."""
    yield [550, 700, 555]
    yield [550, 660, 599]
    yield [550, 659, 599]
    yield [600, 550]
    yield [550]
    yield []
    yield [550, 560, 570]
    yield [900, 540, 545, 1000, 610]
    random = Random(10)
    for _ in range(60):
        moments = sorted(random.randrange(300, 1400) for _ in range(random.randrange(2, 30)))
        yield sorted(moments, key=lambda moment: moment + random.choice([0, 5, 20, 90, 300]))


def patience(answer) -> None:
    """enough(log): the smallest patience, on many logs."""
    for log in logs():
        found, right = number(ask(answer, log), "What enough returns"), needed(log)
        if found == right:
            continue
        shown = f"log: {log}\nyours: {found}"
        if found < 0:
            raise Wrong("A patience is never below 0.", shown)
        if found > right:
            latest = max([0] + [max(log[:at]) - planned for at, planned in enumerate(log) if at])
            said = ("You took the longest lateness. That is safe, and more than is needed: a report is lost only when "
                    "its whole hour has ended." if found == latest else "A smaller patience loses nothing either.")
            raise Wrong(said, shown)
        late = next((planned for at, planned in enumerate(log) if at
                     and planned - planned % 60 + 60 <= max(log[:at]) - found), None)
        if late is None:
            raise Wrong("Nothing is lost with your patience, but it should be in whole minutes.", shown)
        raise Wrong(f"With your patience the report planned for minute {late} is lost in the worst cut: its hour has "
                    "ended by the watermark.", shown)
