"""Order, grouping, choice and summary of the tests: what shares a kernel stays together, so that each notebook runs once.

One process: quick tests first. Several (`-n 2 --dist loadgroup`, which `kit.py test` asks for): the groups that take longest
first, so that no process waits for the other at the end. `--groups` takes those that `kit.py test --changed` chose.
"""
import re

import pytest
import runs
import seconds

from patternlab.engines import place

reports = []  # of every test of this run, from all processes


def pytest_addoption(parser):
    parser.addoption("--groups", default="", help="run these groups only, with commas: 'notebook 03-medallion,test_kit'")


def last_run():
    """The file with the seconds of the runs before."""
    return place.state("tests") / "seconds.json"


def located(item) -> tuple:
    """(kind, group, turn) of a test: in one process they run in this order. A notebook's own slice has its turn first."""
    values = getattr(getattr(item, "callspec", None), "params", {})
    module = item.module.__name__.rpartition(".")[2]
    special = re.fullmatch(r"test_(\d\d)_(\w+)", module)
    slug = f"{special[1]}-{special[2].replace('_', '-')}" if special else values.get("slug", "")
    if special or module == "test_notebooks":
        return 2, f"notebook {slug}", runs.SLICES.index(values.get("slice", "own"))
    return (1, f"lab {slug}", 0) if module == "test_labs" else (0, module, 0)


@pytest.hookimpl(tryfirst=True)          # xdist reads the groups in the same hook
def pytest_collection_modifyitems(config, items):
    places = {item: located(item) for item in items}
    for item, (_, group, _) in places.items():
        item.add_marker(pytest.mark.xdist_group(group))
        item.user_properties.append(("group", group))
    if chosen := set(filter(None, config.getoption("groups").split(","))):
        away = [item for item in items if places[item][1] not in chosen]
        config.hook.pytest_deselected(items=away)
        items[:] = [item for item in items if places[item][1] in chosen]
    if hasattr(config, "workerinput"):   # every process must find the same order: the first one has read the file for all
        known = config.workerinput["seconds"]
        items.sort(key=lambda item: (-seconds.expected(places[item][1], known), *places[item][1:]))
    else:
        items.sort(key=places.get)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node):
    if not hasattr(node.config, "known_seconds"):
        node.config.known_seconds = seconds.remembered(last_run())
    node.workerinput["seconds"] = node.config.known_seconds


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item, nextitem):
    # a kernel that no later test asks for would keep its engines, and one of the two warm JVMs, until this process ends
    if nextitem is None or located(nextitem)[1] != located(item)[1]:
        runs.close_kernels()


def pytest_runtest_logreport(report):
    reports.append(report)


def pytest_terminal_summary(terminalreporter):
    _, files, tests = seconds.of(reports)
    if tests:
        terminalreporter.section("seconds (printed, never asserted)")
        for line in seconds.summary(runs.timings, files, tests):
            terminalreporter.write_line(line)


def pytest_sessionfinish(session, exitstatus):
    runs.close_all()
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["timings"] = runs.timings
    elif exitstatus == 0 and not session.config.getoption("keyword") and not any("::" in name for name in session.config.args):
        # whole groups only: a part of one must not pass for all of it
        seconds.remember(last_run(), seconds.of(reports)[0])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node, error):
    runs.timings.extend(getattr(node, "workeroutput", {}).get("timings", []))
