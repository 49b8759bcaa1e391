"""Truths of pattern 12: what the board says in the end, and what each way of looking at it sees."""
import pandas as pd

from .. import define
from .scene import COLUMNS, board_changes, schedule


@define("board")
def board(slice, changes=None) -> pd.DataFrame:
    """The board after the first `changes` changes (None: all): a frame of COLUMNS, one row a flight on it, times in UTC."""
    table = {}
    for change in board_changes(slice)[:changes]:
        if change["op"] == "delete":
            table.pop(change["key"])
        else:
            table[change["key"]] = change["row"]
    found = pd.DataFrame(list(table.values()), columns=COLUMNS)
    return found.assign(**{name: pd.to_datetime(found[name]) for name in ("scheduled", "estimate", "updated_at")})


@define("board_changes")
def board_counts(slice) -> dict:
    """How many changes of each kind the board gets: {'insert': n, 'update': n, 'delete': n}."""
    return {op: sum(change["op"] == op for change in board_changes(slice)) for op in ("insert", "update", "delete")}


@define("board_polled")
def board_polled(slice, minutes=30) -> dict:
    """What a poller by updated_at sees: {'captured': n, 'delete': n, 'overwritten': n, 'late commit': n}; they add up to all
    changes. A change is captured where a poll returned the row as that change left it."""
    table, mark, captured = {}, "", set()
    for kind, what in _committed(slice, minutes):
        if kind == "tick":
            seen = {(row["key"], row["updated_at"]) for row in table.values() if row["updated_at"] > mark}
            captured |= seen
            mark = max([mark, *(stamp for _, stamp in seen)])
        elif what["op"] == "delete":
            table.pop(what["key"])
        else:
            table[what["key"]] = what["row"]
    return _tally(slice, lambda n, change: change["op"] != "delete" and (change["key"], change["at"]) in captured)


@define("board_triggered")
def board_triggered(slice, minutes=30) -> dict:
    """What a poller by number of a trigger's log sees, in the form of 'board_polled'. Numbers are drawn as statements run."""
    number = {(change["key"], change["at"]): n for n, change in enumerate(board_changes(slice))}
    logged, last, captured = [], -1, set()
    for kind, what in _committed(slice, minutes):
        if kind == "change":
            logged.append(number[what["key"], what["at"]])
        else:
            new = {n for n in logged if n > last}
            captured |= new
            last, logged = max([last, *new]), []
    return _tally(slice, lambda n, change: n in captured)


def _committed(slice, minutes):
    """Ticks and changes in the order in which they become visible."""
    uploads = {}
    for kind, what in schedule(board_changes(slice), minutes):
        if kind == "commit":
            yield from (("change", change) for change in uploads.pop(what))
        elif kind == "change" and what["commit"] != what["at"]:
            uploads.setdefault(what["commit"], []).append(what)
        else:
            yield kind, what


def _tally(slice, seen) -> dict:
    found = {"captured": 0, "delete": 0, "overwritten": 0, "late commit": 0}
    for n, change in enumerate(board_changes(slice)):
        late = change["commit"] != change["at"]
        found["captured" if seen(n, change) else "delete" if change["op"] == "delete" else "late commit" if late
              else "overwritten"] += 1
    return found
