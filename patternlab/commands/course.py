"""The kit as one course, for `build`: what each notebook and lab takes, and the paths and plans made of it.

source/course.json says what belongs to a path or a plan; minutes are worked out here, from what is built and from the
measured seconds in source/seconds.json. The tables stand between marks in docs/learners.md and docs/instructors.md.
"""
import json
import math
import re

from ..engines.place import ROOT
from . import atlas, budget
from .seconds import how, measured
from .sources import LEVEL, SourceError

DATA = ROOT / "source" / "course.json"
LEARNERS, INSTRUCTORS = ROOT / "docs" / "learners.md", ROOT / "docs" / "instructors.md"
WORDS = 150                                # words of prose that a reader of a technical text takes in a minute
CELL = 1                                   # minutes for a visible cell: read the code, run it, read what it shows
BEGIN, END = "<!-- {}: made by `kit.py build` from source/course.json -->", "<!-- end: {} -->"
LENGTHS = "60", "120", "180", "360"
ENTRY = re.compile(r"(?P<lab>lab )?(\d\d)(?(lab)(?:: ([1-9](?:, [1-9])*))?|(?: deeper)?)")


def load() -> dict:
    """What course.json holds."""
    return json.loads(DATA.read_text("utf-8"))


# --- minutes

def patterns() -> dict:
    """{number: (slug, name)} of the tour and of all patterns that are here."""
    data = atlas.load()
    return {one["number"]: (f"{one['number']}-{one['slug']}", one["name"])
            for one in [data["tour"], *data["patterns"]] if one.get("here", True)}


def lesson(slug: str) -> int:
    """Minutes that a learner needs for a notebook alone: its prose, its visible cells, and the run."""
    found = budget.measure(slug, _cells(ROOT / "notebooks" / f"{slug}.ipynb"))
    return math.ceil(found.words / WORDS + CELL * len(found.sizes) + measured().get(slug, 0) / 60)


def _cells(file) -> list:
    return json.loads(file.read_text("utf-8"))["cells"] if file.exists() else []


def exercises(slug: str) -> dict:
    """{n: minutes} of a lab, as its exercises say; empty where there is no lab."""
    cells = [cell for cell in _cells(ROOT / "labs" / f"{slug}.ipynb") if cell["cell_type"] == "markdown"]
    text = "\n".join("".join(cell["source"]) for cell in cells)
    return {n: int(minutes) for n, (_, minutes) in enumerate(LEVEL.findall(text), 1)}


def entry(text: str) -> "tuple | None":
    """(minutes, markdown) of an entry of a path, such as "03", "03 deeper", "lab 03" or "lab 03: 1, 2".

    None for a pattern that is not here yet. SourceError where there is no such entry.
    """
    found, known = ENTRY.fullmatch(text), patterns()
    if not found or found[2] not in {one["number"] for one in atlas.load()["patterns"]} | set(known):
        raise _refused(text, "is no entry of a path; write 03, 03 deeper, lab 03 or lab 03: 1, 2")
    if found[2] not in known:
        return None
    slug, name = known[found[2]]
    if text.startswith("lab "):
        there = exercises(slug)
        chosen = [int(n) for n in found[3].split(", ")] if found[3] else list(there)
        if not there or set(chosen) - set(there):
            raise _refused(text, f"names an exercise that is not there; {slug} has {list(there)}")
        some = f", {_exercises(chosen)}" if found[3] else ""
        return sum(there[n] for n in chosen), f"[lab {found[2]}](../labs/{slug}.ipynb){some}"
    deeper = text.endswith(" deeper")
    slug, name = (f"{slug}-deeper", f"{found[2]} deeper") if deeper else (slug, f"{found[2]} {name}")
    if not (ROOT / "source" / "notebooks" / f"{slug}.py").exists():
        raise _refused(text, "names a notebook that is not there")
    return lesson(slug), f"[{name}](../notebooks/{slug}.ipynb)"


def _exercises(numbers) -> str:
    return f"exercise{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"


def _refused(text, why) -> SourceError:
    return SourceError(f"source/course.json: {text!r} {why}.")


# --- the pages

def minutes_table() -> str:
    """Minutes of each notebook and lab, as a table, and how many notebooks were run for it."""
    rows = ["| | lesson | lab, by exercise | deeper |", "|---|---|---|---|"]
    for number, (slug, name) in patterns().items():
        deeper = lesson(f"{slug}-deeper") if (ROOT / "source" / "notebooks" / f"{slug}-deeper.py").exists() else ""
        lab = exercises(slug)
        each = f"{sum(lab.values())} ({' + '.join(map(str, lab.values()))})" if lab else ""
        rows.append(f"| {number} {name} | {lesson(slug)} | {each} | {deeper} |")
    there = {file.stem for file in (ROOT / "notebooks").glob("[0-9][0-9]-*.ipynb")}
    ran = f"The runs of {len(there & set(measured()))} of {len(there)} notebooks are in these minutes, as measured: {how()}."
    return "\n".join([*rows, "", ran])


def path_tables() -> str:
    """The paths: a table for each, a row for each day."""
    parts = []
    for path in load()["paths"]:
        days = [[found for found in map(entry, day) if found] for day in path["days"]]
        parts += [f"**{path['name']}.** {path['for']}", "", "| day | read, then do | minutes |", "|---|---|---|"]
        for n, day in enumerate(days, 1):
            each = "; ".join(f"{said} ({minutes})" for minutes, said in day)
            parts.append(f"| {n} | {each} | {sum(minutes for minutes, _ in day)} |")
        parts.append("")
    return "\n".join(parts).rstrip()


def frame_table(length: str) -> str:
    """The frame of one length: its parts, with minutes; a lab's are the least and the most of all patterns."""
    rows, lengths = [f"| {length} minutes | minutes |", "|---|---|"], [total(number, length) for number in plans()]
    labs = [lab_minutes(number, length) for number in plans()]
    for said, minutes in load()["frames"][length]:
        rows.append(f"| {said} | {_range(labs) if minutes == 'lab' else minutes} |")
    return "\n".join([*rows, f"| **in all** | **{_range(lengths)}** |"])


def _range(numbers) -> str:
    return f"{min(numbers)}" if min(numbers) == max(numbers) else f"{min(numbers)} to {max(numbers)}"


def plans() -> dict:
    """{number: plan} of the patterns that are here."""
    return {number: plan for number, plan in load()["plans"].items() if number in patterns()}


def lab_minutes(number: str, length: str) -> int:
    """Minutes of the exercises that a plan of this length has: those that it names, at 360 all."""
    there = exercises(patterns()[number][0])
    chosen = plans()[number]["exercises"].get(length, list(there) if length == "360" else [])
    return sum(there[n] for n in chosen)


def total(number: str, length: str) -> int:
    """Minutes of a pattern's plan, all parts together."""
    return sum(lab_minutes(number, length) if minutes == "lab" else minutes for _, minutes in load()["frames"][length])


def plan_table() -> str:
    """A row for each pattern: what its plans of four lengths keep, and what goes first."""
    rows = ["| pattern | 60: explain, break | 120: also | 180: also | 360: also | goes first |", "|---|---|---|---|---|---|"]
    for number, plan in plans().items():
        slug, name = patterns()[number]
        deeper = "deeper" if (ROOT / "source" / "notebooks" / f"{slug}-deeper.py").exists() else "another slice"
        some = {length: _exercises(plan["exercises"][length]) for length in ("120", "180")}
        rows.append(f"| [{number} {name}](../notebooks/{slug}.ipynb) "
                    f"| `{plan['explain']}`, `{plan['keep']}` ({total(number, '60')}) "
                    f"| `{plan['second']}`; {some['120']} ({total(number, '120')}) "
                    f"| all breaks; {some['180']} ({total(number, '180')}) "
                    f"| whole lab; {deeper}; {plan['neighbour']} ({total(number, '360')}) "
                    f"| {', '.join(f'`{tag}`' for tag in plan['cut'])} |")
    return "\n".join(rows)


PARTS = {LEARNERS: {"minutes": minutes_table, "paths": path_tables},
         INSTRUCTORS: {**{f"plan {n}": lambda n=n: frame_table(n) for n in LENGTHS}, "plans": plan_table}}


def page(file) -> str:
    """The text of docs/learners.md or docs/instructors.md with the tables of today between their marks."""
    text = file.read_text("utf-8")
    for name, table in PARTS[file].items():
        begin, end = BEGIN.format(name), END.format(name)
        if text.count(begin) != 1 or text.count(end) != 1:
            raise SourceError(f"{file.relative_to(ROOT)} must have these two lines once: {begin} and {end}")
        text = re.sub(f"{re.escape(begin)}.*?{re.escape(end)}", lambda _: f"{begin}\n{table()}\n{end}", text, flags=re.S)
    return text


def wrong() -> list:
    """What the course says of the kit and is not so, in sentences."""
    known = patterns()
    here, planned = set(known) - {"00"}, set(load()["plans"])
    return [f"{known[number][0]} has no plan in source/course.json: write one." for number in sorted(here - planned)]
