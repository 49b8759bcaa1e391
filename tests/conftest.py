"""Order, grouping and summary of the tests: what shares a kernel stays together, so that each notebook runs once.

One process: quick tests first. Several (`-n 2 --dist loadgroup`, which `kit.py test` asks for): the long ones first, so that no
process waits for the other at the end.
"""
import re

import pytest
import runs


@pytest.hookimpl(tryfirst=True)          # xdist reads the groups in the same hook
def pytest_collection_modifyitems(config, items):
    def place(item):
        values = getattr(getattr(item, "callspec", None), "params", {})
        module = item.module.__name__.rpartition(".")[2]
        special = re.fullmatch(r"test_(\d\d)_(\w+)", module)
        slug = f"{special[1]}-{special[2].replace('_', '-')}" if special else values.get("slug", "")
        if special or module == "test_notebooks":
            return 2, slug, runs.resolved(slug, values.get("slice", "own")) or ""
        return (1, slug, "") if module == "test_labs" else (0, module, "")

    places = {item: place(item) for item in items}
    for item, where in places.items():
        item.add_marker(pytest.mark.xdist_group(" ".join(map(str, where))))
    items.sort(key=places.get, reverse=hasattr(config, "workerinput"))


def pytest_terminal_summary(terminalreporter):
    if runs.timings:
        terminalreporter.section("run times (printed, never asserted)")
        for what, slice, seconds in runs.timings:
            terminalreporter.write_line(f"{what:<28} {slice:<26} {seconds:7.1f} s")


def pytest_sessionfinish(session):
    runs.close_all()
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["timings"] = runs.timings


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node, error):
    runs.timings.extend(getattr(node, "workeroutput", {}).get("timings", []))
