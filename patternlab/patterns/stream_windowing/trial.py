"""The world of exercise 5 of lab 07: a day of reports under faults, batch by batch, and what must hold after each batch."""
import random
from datetime import datetime, timedelta

from ... import faults
from ...checking.calls import ask
from ...checking.outcomes import Wrong

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
    memory, table, counted, newest, mark, punctual = _Memory(), [], {}, first, first - timedelta(minutes=30), set()
    for number, batch in enumerate([*batches, [tick], []]):
        mark = max(mark, newest - timedelta(minutes=30))
        newest = max([newest, *(report["scheduled"] for report in batch)])
        made = _delivered(answer, number, batch, mark, memory)
        if generator.random() < again and (echo := _delivered(answer, number, batch, mark, memory)):
            raise Wrong("A batch that was delivered again was published again. Remember which numbers you have done.",
                        echo[:4])
        table += made
        for report in batch:
            window = report["scheduled"].replace(minute=0), report["origin"]
            if window[0] + timedelta(hours=1) + LATENESS > mark:
                counted.setdefault(window, set()).add(report["key"])
        _judge_panes(number, table, made, counted, mark, punctual)
    left = _leaves(memory)
    if left > 12:
        raise Wrong(f"When every window was over, your memory still held {left} values. Forget a window when the "
                    "watermark is six hours past its end.")


def _delivered(answer, number, batch, mark, memory):
    made = ask(answer, number, [dict(report) for report in batch], mark, memory)
    if not isinstance(made, list) or any(not isinstance(row, (list, tuple)) or len(row) != 4 for row in made):
        raise Wrong("Return a list of rows (begin, origin, pane, n), an empty one if there is nothing to say.")
    return made


def _judge_panes(number, table, made, counted, mark, punctual):
    sums, last = {}, {}
    for begin, origin, _, n in table:
        sums[begin, origin] = sums.get((begin, origin), 0) + n
        last[begin, origin] = n
    for window, keys in counted.items():
        rows, total = [row for row in table if tuple(row[:2]) == window], sums.get(window, 0)
        if total > len(keys) and len(rows) > 1 and all(row[3] >= 0 for row in rows):
            raise Wrong(f"After batch {number} the panes of one window sum to more than its reports: an earlier pane "
                        "was not taken back.", rows[-4:])
        if total != len(keys):
            raise Wrong(f"After batch {number} the panes of one window sum to {'more' if total > len(keys) else 'less'} "
                        "than the different reports that came for it.", rows[-4:])
        if last[window] != len(keys):
            raise Wrong(f"After batch {number} the last row of a window is not its whole count. Take the old count back "
                        "with a negative row, then say the new one.", rows[-4:])
    if stray := [row for row in table if tuple(row[:2]) not in counted]:
        raise Wrong("You published a window for which no report was in time.", stray[:3])
    said = {}
    for begin, origin, pane, _ in made:
        said.setdefault((begin, origin), set()).add(pane)
    for window, panes in said.items():
        over = window[0] + timedelta(hours=1) <= mark
        right = "early" if not over else "late" if window in punctual else "on time"
        if panes != {right}:
            raise Wrong(f"In batch {number} a window was published as {' and '.join(sorted(map(str, panes)))}; it should "
                        f"say {right}.", [row for row in made if tuple(row[:2]) == window])
        if over:
            punctual.add(window)
    silent = [window for window in counted if window[0] + timedelta(hours=1) <= mark and window not in punctual]
    if silent:
        raise Wrong(f"In batch {number} the watermark reached the end of a window, and no pane said on time.",
                    f"{silent[0][0]:%H:%M} {silent[0][1]}, watermark {mark:%H:%M}")


def _leaves(value) -> int:
    if isinstance(value, dict):
        return sum(map(_leaves, value.values()))
    return sum(map(_leaves, value)) if isinstance(value, (list, tuple, set, frozenset)) else 1
