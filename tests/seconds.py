"""Where the time of a test run went: the table at its end, and what the next run needs to begin with its longest groups.

A group is what shares a kernel or an engine and therefore one process: a notebook, a lab, or a file of tests (conftest.py).
"""
import json
from pathlib import Path

SLOWEST = 10
# seconds, roughly: only their order matters, and only in a first run
GUESS = {"notebook": 200, "lab": 100, "test_oracle": 180, "test_kit": 120, "test_engines": 120, "test_postgres_connect": 60,
         "test_data": 60, "test_matchers": 40, "test_changed": 30, "test_objectstore": 20}
SHORT = 10  # what a group that nothing is known of is taken for


def remembered(file: Path) -> dict:
    """{group: seconds} of the runs before; empty where there was none, or the file is not whole."""
    try:
        return {str(group): float(seconds) for group, seconds in json.loads(file.read_text("utf-8")).items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def remember(file: Path, groups: dict) -> None:
    """Keep the seconds of the groups that ran; those that did not keep what they had."""
    unfinished = file.with_suffix(".new")
    unfinished.write_text(json.dumps(remembered(file) | {group: round(seconds, 1) for group, seconds in groups.items()},
                                     indent=0, sort_keys=True), "utf-8")
    unfinished.replace(file)


def expected(group: str, known: dict) -> float:
    """Seconds that a group takes: as last time, else by its kind."""
    return known.get(group) or GUESS.get(group) or GUESS.get(group.partition(" ")[0], SHORT)


def of(reports) -> tuple:
    """({group: seconds}, {file: seconds}, {test: seconds}) of pytest's reports; a test has its set-up and its end in it.

    What the process of a report calls itself is cut off: xdist adds "@group" to the name of a test.
    """
    groups, files, tests = {}, {}, {}
    for report in reports:
        group = dict(report.user_properties).get("group", "")
        test = report.nodeid.removesuffix(f"@{group}").removeprefix("tests/")
        for table, key in ((groups, group), (files, test.partition("::")[0]), (tests, test)):
            table[key] = table.get(key, 0) + report.duration
    return groups, files, tests


def table(title: str, rows: dict) -> list:
    """The lines of one table, longest first: `rows` is {name: {column: seconds}}, sorted by the first column.

    No line for no rows.
    """
    if not rows:
        return []
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    lines = ["".join(f"{column:>14}  " for column in columns) + title]
    for name, row in sorted(rows.items(), key=lambda entry: -entry[1].get(columns[0], 0)):
        lines.append("".join(f"{row[column]:>12.1f} s  " if column in row else " " * 16 for column in columns) + name)
    return [*lines, ""]


def summary(timings, files: dict, tests: dict) -> list:
    """The lines at the end of a run: `timings` as runs.timings has them, `files` and `tests` as `of` gives them."""
    kinds = {"notebooks": {}, "labs": {}}
    for kind, slug, column, seconds in timings:
        kinds[kind].setdefault(slug, {})[column] = seconds
    both = {slug: {"both runs": sum(row.values()), **row} for slug, row in kinds["notebooks"].items()}
    slowest = dict(sorted(tests.items(), key=lambda entry: -entry[1])[:SLOWEST])
    return [*table("notebook, by slice", both), *table("lab", kinds["labs"]),
            *table("test file", {file: {"seconds": seconds} for file, seconds in files.items()}),
            *table(f"the {len(slowest)} slowest tests", {test: {"seconds": seconds} for test, seconds in slowest.items()})]
