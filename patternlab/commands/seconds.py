"""How long each notebook runs: measured, or read from what a run of the tests printed, and kept in source/seconds.json.

course.py makes minutes of it. `kit.py bench notebooks --write` measures, `kit.py bench --log FILE` reads.
"""
import json
import os
import re

from ..engines.place import ROOT
from . import executed

FILE = ROOT / "source" / "seconds.json"
ROW = re.compile(r"\b[\d.]+ s +([\d.]+) s +(?:[\d.]+ s +)?(\d\d-[\w-]+)\s*$", re.M)        # as tests/seconds.py prints


def measured() -> dict:
    """{notebook: seconds of a run from the top, on its own slice, in a fresh kernel}; empty where nothing was measured."""
    return json.loads(FILE.read_text("utf-8"))["seconds"] if FILE.exists() else {}


def how() -> str:
    """How they were measured, in words."""
    return json.loads(FILE.read_text("utf-8"))["measured"] if FILE.exists() else "not yet"


def note(seconds: dict, said: str) -> None:
    """Keep measured seconds; notebooks that were not measured now keep theirs, and those that are gone are left out."""
    sources = {file.stem for file in (ROOT / "source" / "notebooks").glob("*.py")}
    known = {**measured(), **{slug: round(taken, 1) for slug, taken in seconds.items()}}
    kept = {slug: taken for slug, taken in sorted(known.items()) if slug in sources}
    FILE.write_text(json.dumps({"measured": said, "seconds": kept}, indent=1) + "\n", "utf-8")


def printed(text: str) -> dict:
    """{notebook: seconds on its own slice} out of what a run of the tests printed at its end."""
    table = text.partition("notebook, by slice")[2].partition("all variants")[0]
    return {slug: float(seconds) for seconds, slug in ROW.findall(table)}


def taken(log) -> int:
    """Keep the seconds that a file with the output of `kit.py test` has; returns 0 where it has some."""
    found = printed(log.read_text("utf-8"))
    note(found, "two notebooks at a time, in a run of the tests")
    print(f"{len(found)} notebooks are in {FILE.relative_to(ROOT)}; now run python3 kit.py build")
    return 0 if found else 1


def run(slugs: list) -> dict:
    """{notebook: seconds} of each once, run-all on its own slice, in a fresh kernel."""
    import nbformat
    print("\nNotebooks, run-all on their own slice, seconds (once each)")
    seconds = {}
    for slug in slugs:
        seconds[slug] = executed.run(nbformat.read(ROOT / "notebooks" / f"{slug}.ipynb", 4), slug)
        print(f"  {slug:<24} {seconds[slug]:6.1f}", flush=True)
    return seconds


def one_at_a_time() -> str:
    """How `run` measures, in words; other work on the machine makes every figure worse, so its load is named."""
    return f"one notebook at a time, on {os.cpu_count()} cores under a load of {os.getloadavg()[0]:.0f}"
