"""Order and summary of the tests: quick ones first, then notebook by notebook, so that each one runs in one kernel once."""
import re

import runs


def pytest_configure(config):
    config.addinivalue_line("markers", "anyslice: runs every notebook on a slice that nobody wrote a number for")


def pytest_collection_modifyitems(items):
    def place(item):
        values = getattr(getattr(item, "callspec", None), "params", {})
        special = re.fullmatch(r"test_(\d\d)_(\w+)", item.module.__name__.rpartition(".")[2])
        slug = f"{special[1]}-{special[2].replace('_', '-')}" if special else values.get("slug")
        if special or "test_notebooks" in item.module.__name__:
            return 2, slug, runs.resolved(slug, values.get("slice")) or ""
        return (1 if "test_labs" in item.module.__name__ else 0), "", ""
    items.sort(key=place)


def pytest_terminal_summary(terminalreporter):
    if runs.timings:
        terminalreporter.section("run times (printed, never asserted)")
        for what, slice, seconds in runs.timings:
            terminalreporter.write_line(f"{what:<28} {slice:<26} {seconds:7.1f} s")


def pytest_sessionfinish():
    runs.close_all()
