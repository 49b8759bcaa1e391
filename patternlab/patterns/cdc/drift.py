"""Exercise 3 of lab 12: rows whose schema changes on the way."""
from collections.abc import Mapping

from ...checking.calls import ask, kind
from ...checking.kinds import collection
from ...checking.outcomes import Unfit, Wrong
from ...checking.tables import rows as table
from ...checking.tables import same_rows

DRIFT = [{"key": "UA/1", "delay": 5}, {"key": "DL/2", "delay": None}, {"key": "AA/3", "delay": 0, "gate": None},
         {"key": "UA/4", "delay": "NA", "gate": "A1"}, {"key": "UA/5", "delay": 7, "gate": "B2"}, {"key": "B6/6"},
         {"key": "B6/7", "delay": 3, "gate": 9}]
CASES = [  # (columns, rows): the drift, the text's example, no row, nothing new, all refused, no column at first
    ({"key": str, "delay": int}, DRIFT),
    ({"key": str}, [{"key": "UA/1", "gate": "A1"}, {"key": "DL/2", "gate": 7}]),
    ({"key": str, "delay": int}, []),
    ({"key": str, "delay": int}, [{"key": "UA/1", "delay": 5}]),
    ({"key": str, "delay": int, "gate": str}, [{"key": "UA/1", "delay": "NA"}, {"key": "DL/2", "delay": 2.5, "gate": "A1"}]),
    ({}, [{"key": "UA/1"}, {"key": "DL/2", "delay": None}, {"key": "AA/3", "delay": 4}])]


def guard(answer):
    """The learner's guard(columns, rows) on rows whose schema changes on the way."""
    for columns, given in CASES:
        _judge(ask(answer, columns, given), columns, given)
    return "New fields widen the table, another type is kept apart, and no row is lost."


def _right(columns, given) -> tuple:
    columns, fit, refused = dict(columns), [], []
    for row in given:
        values = {name: value for name, value in row.items() if value is not None}
        if any(type(value) is not columns.get(name, type(value)) for name, value in values.items()):
            refused.append(row)
            continue
        for name, value in values.items():
            columns.setdefault(name, type(value))
        fit.append(row)
    return columns, fit, refused


def _judge(found, before, given):
    right, fitting, apart = _right(before, given)
    columns, good, refused = _read(found)
    if len(good) + len(refused) != len(given):
        raise Wrong("Rows that fit and refused rows must add up to all rows: you lost or doubled some.", good or given)
    if apart and not refused:
        name, value = _misfit(apart[0], right)
        raise Wrong(f"Nothing was refused. A {name} of {value!r} is not {right[name].__name__}: keep that row apart, for a "
                    "person to look at.", given)
    if fitting and not good:
        raise Wrong("Every row was refused. A row fits where each of its values has the type of its column, or is null.", refused)
    if apart and good == apart:
        raise Wrong("Rows that fit and refused rows are the other way round: first those that fit.", good)
    if any(None in row.values() and set(row) == set(before) for row in refused if row in fitting):
        raise Wrong("A null was refused. A null says nothing about the type: it fits every column.", refused)
    if silent := [name for name in right if name not in columns and name not in before]:
        raise Wrong(f"The new field {silent[0]} was dropped in silence. A field that nobody knows becomes a column.", good)
    if gone := [name for name in before if name not in columns]:
        raise Wrong(f"The column {gone[0]} was there before and is gone.", [columns])
    if other := [name for name in columns if columns[name] is not right.get(name)]:
        raise Wrong(f"The column {other[0]} has the wrong type, {columns[other[0]].__name__}: the first value that is not null "
                    "decides." if other[0] in right else f"The column {other[0]} is in no row that has a value for it.", given)
    _judge_refused(refused, apart, fitting, right)
    if lacking := [row for row in good if set(columns) - set(row)]:
        raise Wrong("Some rows lack a column. A field that a row does not have is null in it, older rows included.", lacking)
    if more := [row for row in good if set(row) - set(columns)]:
        raise Wrong("Some rows have a field that is no column.", more)
    if fitting:
        same_rows(good, [{name: row.get(name) for name in columns} for row in fitting], key="key")


def _read(found) -> tuple:
    """(columns, rows that fit, refused rows) as a dict and two lists of dicts; Unfit where they are of another kind."""
    if not isinstance(found, (tuple, list)) or len(found) != 3:
        raise Unfit("Return three things: the columns, the rows that fit, and the rows that were refused; yours is "
                    f"{kind(found)}.")
    columns, good, refused = found
    if not isinstance(columns, Mapping):
        raise Unfit(f"The first of the three should be the columns, a dict of name to type; yours is {kind(columns)}.")
    if named := [name for name in columns if not isinstance(columns[name], type)]:
        raise Unfit(f"The type of a column is a type of Python, such as str; that of {named[0]} is {kind(columns[named[0]])}.")
    if hasattr(good, "columns") or hasattr(good, "toPandas"):
        good = table(good).to_dict("records")
    for part, what in ((good, "The second of the three, the rows that fit,"), (refused, "The third, the refused rows,")):
        collection(part, what)
        if strange := [row for row in part if not isinstance(row, Mapping)]:
            raise Unfit(f"{what} should hold dicts; one of them is {kind(strange[0])}.")
    return dict(columns), [dict(row) for row in good], [dict(row) for row in refused]


def _judge_refused(refused, apart, fitting, columns):
    for row in refused:
        if row in fitting:
            raise Wrong("A row was refused in which every value has the type of its column. A new or a missing field is no "
                        "reason, nor is a null.", [row])
        if row not in apart:
            raise Wrong("You changed a refused row. Keep it as it came, so that a person sees what was sent.", [row])
    for row in apart:
        if row not in refused:
            name, value = _misfit(row, columns)
            raise Wrong(f"A row with a {name} of {value!r} fits, as you say, and {name} is {columns[name].__name__}. Refuse "
                        "exactly the rows in which a value has another type than its column.", [row])


def _misfit(row, columns):
    return next((name, value) for name, value in row.items()
                if value is not None and type(value) is not columns.get(name, type(value)))
