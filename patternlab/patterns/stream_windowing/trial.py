"""The world of exercise 5 of lab 07: a day of reports under faults, batch by batch, and what must hold after each batch."""
import random
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

import pandas as pd

from ... import faults
from ...checking.calls import ask, kind
from ...checking.kinds import number as number_of
from ...checking.outcomes import Unfit, Wrong

LATENESS = timedelta(hours=6)


class _Memory(dict):
    """A dict that `ask` hands over as it is: the learner's function keeps its state in it."""


def run(answer, seed, late=0., twice=0., again=0.):
    """One run of exercise 5 under faults; raises Wrong at the first moment at which something is off."""
    generator = random.Random(seed)
    first = datetime(2013, 7, 1, 9)
    log = []
    for position in range(120):
        slot = first + timedelta(minutes=5 * position)
        log.append({"key": f"flight {position}", "origin": generator.choice(("EWR", "JFK")),
                    "scheduled": f"{slot:%Y-%m-%dT%H:%M:%SZ}", "arrival": f"{slot:%Y-%m-%dT%H:%M:%SZ}"})
    log = faults.late(log, late, (40, 600), seed)
    log = faults.duplicated(log, twice, seed, minutes=25)
    ends = f"{first + timedelta(days=2):%Y-%m-%dT%H:%M:%SZ}"
    log = [dict(event, scheduled=datetime.strptime(event["scheduled"], "%Y-%m-%dT%H:%M:%SZ")) for event in log]
    size = generator.choice((4, 7, 11))
    batches = [log[at:at + size] for at in range(0, len(log), size)]
    tick = {"key": "tick", "origin": "tick", "scheduled": datetime.strptime(ends, "%Y-%m-%dT%H:%M:%SZ"), "arrival": ends}
    memory, table, counted, ignored, punctual = _Memory(), [], {}, {}, set()
    newest, mark = first, first - timedelta(minutes=30)
    for number, batch in enumerate([*batches, [tick], []]):
        mark = max(mark, newest - timedelta(minutes=30))
        newest = max([newest, *(report["scheduled"] for report in batch)])
        made = _delivered(answer, number, batch, mark, memory)
        if generator.random() < again and (echo := _delivered(answer, number, batch, mark, memory)):
            raise Wrong("A batch that was delivered again was published again. Remember which numbers you have done.",
                        shown(echo[:4]))
        table += made
        for report in batch:
            window = report["scheduled"].replace(minute=0), report["origin"]
            taken = counted if window[0] + timedelta(hours=1) + LATENESS > mark else ignored
            taken.setdefault(window, set()).add(report["key"])
        _judge_sums(number, table, counted, ignored)
        _judge_panes(number, made, counted, mark, punctual)
    left = held(memory, len(batches) + 2)
    if left > 12 and left > 8 + _held_of_one_report(answer, first, tick):
        raise Wrong(f"When every window was over, your memory still held {left} values. Forget a window when the "
                    "watermark is six hours past its end.")


def _held_of_one_report(answer, first, tick):
    """What is left in memory of a single report, when its window is over: how the learner's notes are made, not how many."""
    memory, mark = _Memory(), first - timedelta(minutes=30)
    report = {"key": "flight 0", "origin": "EWR", "scheduled": first}
    for number, (batch, mark) in enumerate((([report], mark), ([tick], mark), ([], tick["scheduled"] - timedelta(minutes=30)))):
        _delivered(answer, number, batch, mark, memory)
    return held(memory, 3)


def _delivered(answer, number, batch, mark, memory):
    made = ask(answer, number, [dict(report) for report in batch], mark, memory)
    if not isinstance(made, (list, tuple)) or any(not isinstance(row, (list, tuple)) or len(row) != 4 for row in made):
        raise Unfit("Return a list of rows (begin, origin, pane, n), an empty one if there is nothing to say; yours is "
                    f"{kind(made)}.")
    return [_row(*row) for row in made]


def _row(begin, origin, pane, n):
    """A row of the learner's in plain Python; Wrong where one of its values is of another kind."""
    if isinstance(begin, pd.Timestamp) or type(begin).__name__ == "datetime64":
        begin = pd.Timestamp(begin).to_pydatetime()
    if not isinstance(begin, datetime) or begin.tzinfo:
        raise Unfit(f"The begin of a row should be a datetime without a zone, as scheduled is; yours is {kind(begin)}.")
    if begin != begin.replace(minute=0, second=0, microsecond=0):
        raise Wrong(f"A window begins at a full hour; one of yours begins at {begin:%H:%M}.")
    if not isinstance(origin, str):
        raise Unfit(f"The origin of a row should be a text, yours is {kind(origin)}.")
    if not isinstance(pane, str) or pane not in ("early", "on time", "late"):
        raise Unfit(f"A pane is early, on time or late; yours is {kind(pane)}.")
    return begin, origin, pane, number_of(n, "The n of a row")


def shown(rows) -> list:
    """Rows as dicts, for a refusal to show."""
    return [dict(zip(("begin", "origin", "pane", "n"), row)) for row in rows]


def _judge_sums(number, table, counted, ignored):
    """What a reader has who sums the table, and one who takes the last row of each window; `ignored` came too late."""
    for window, keys in counted.items():
        rows = [row for row in table if row[:2] == window]
        total, late = sum(row[3] for row in rows), len(ignored.get(window, ()))
        if not rows:
            raise Wrong(f"After batch {number} no row speaks of a window that has reports.",
                        f"{window[0]:%H:%M} {window[1]}: {len(keys)} different reports")
        if total > len(keys) and len(rows) > 1 and all(row[3] >= 0 for row in rows):
            raise Wrong(f"After batch {number} the panes of one window sum to more than its reports: an earlier pane "
                        "was not taken back.", shown(rows[-4:]))
        if len(keys) < total <= len(keys) + late:
            raise Wrong(f"After batch {number} the panes of one window count reports that came when it was over. Ignore them.",
                        shown(rows[-4:]))
        if total != len(keys):
            raise Wrong(f"After batch {number} the panes of one window sum to {'more' if total > len(keys) else 'less'} "
                        "than the different reports that came for it.", shown(rows[-4:]))
        if rows[-1][3] != len(keys):
            raise Wrong(f"After batch {number} the last row of a window is not its whole count. Take the old count back "
                        "with a negative row, then say the new one.", shown(rows[-4:]))
    if stray := [row for row in table if row[:2] not in counted]:
        raise Wrong("You published a window for which no report was in time.", shown(stray[:3]))


def _judge_panes(number, made, counted, mark, punctual):
    """What each pane of this batch is called; `punctual` are the windows that have said on time."""
    said = {}
    for begin, origin, pane, _ in made:
        said.setdefault((begin, origin), set()).add(pane)
    for window, panes in said.items():
        over = window[0] + timedelta(hours=1) <= mark
        right = "early" if not over else "late" if window in punctual else "on time"
        if panes != {right}:
            raise Wrong(f"In batch {number} a window was published as {' and '.join(sorted(map(str, panes)))}; it should "
                        f"say {right}.", shown(row for row in made if row[:2] == window))
        if over:
            punctual.add(window)
    silent = [window for window in counted if window[0] + timedelta(hours=1) <= mark and window not in punctual]
    if silent:
        raise Wrong(f"In batch {number} the watermark reached the end of a window, and no pane said on time.",
                    f"{silent[0][0]:%H:%M} {silent[0][1]}, watermark {mark:%H:%M}")


def held(value, batches: int) -> int:
    """How many values a memory holds, in whatever it keeps them; the numbers of `batches`, and other small ones, are free."""
    if isinstance(value, int) and 0 <= value <= batches:
        return 0
    if isinstance(value, Mapping):
        return sum(held(item, batches) for pair in value.items() for item in pair)
    if hasattr(value, "dtype") or hasattr(value, "dtypes"):     # an array, a series, a frame
        return int(value.size)
    if isinstance(value, Collection) and not isinstance(value, (str, bytes)):
        return sum(held(item, batches) for item in value)
    return held(vars(value), batches) if hasattr(value, "__dict__") else 1
