"""The rules of a source: sections and their order, tags, what an exercise must hold. A broken one is a SourceError."""
import re
from pathlib import Path

from .sources import LEVEL, MARK, headings, is_deeper, is_tour, refusal

ANATOMY = ("In one minute", "Set up", "Look at the data", "The naive way", "Build it", "See it", "Predict", "Break it",
           "Looks right, not so fast", "Prove it", "Measure it", "When not, and the neighbours", "Check yourself", "Go on")
FOLD = "fold"                              # plumbing: JupyterLab shows the cell's output, its code is one click away
NOTEBOOK_TAGS = re.compile(r"(prove|break|figure|look|step)-[a-z0-9-]+|predict|raises-exception|setup|parameters|fold")
LAB_TAGS = re.compile(r"(exercise|check|hint|solution|start|wrong|nothing|right|raises)-[1-9]|setup|figure-[a-z0-9-]+|fold")


def check_notebook(source: Path, cells: list) -> None:
    """Raises SourceError unless tags are known and a lesson keeps the anatomy; a deeper notebook's sections are free."""
    _check_tags(source, cells, NOTEBOOK_TAGS, repeatable=r"raises-exception|fold")
    if not cells[0].text.startswith("# "):
        raise refusal(source, cells[0].line, "the first cell must be the title: `# 03 Medallion: the question`.")
    for cell in cells:
        if MARK.search(cell.text):
            raise refusal(source, cell.line, "# SOLUTION belongs in a lab; a notebook shows all of its code.")
        if "raises-exception" in cell.tags and not any(tag.startswith("break-") for tag in cell.tags):
            raise refusal(source, cell.line, "a cell that may raise needs a break-<slug> tag too; a test asks for it.")
    if is_deeper(source.stem):
        _check_deeper(source, cells)
    elif not is_tour(source.stem):
        _check_anatomy(source, cells)


def _check_anatomy(source, cells):
    last = -1
    for cell in cells:
        for heading in headings(cell):
            if heading not in ANATOMY:
                raise refusal(source, cell.line, f"unknown section {heading!r}; the sections are: {', '.join(ANATOMY)}.")
            if ANATOMY.index(heading) <= last:
                raise refusal(source, cell.line, f"section {heading!r} comes too late or twice; it follows "
                              f"{ANATOMY[ANATOMY.index(heading) - 1]!r}.")
            last = ANATOMY.index(heading)
    found = [heading for cell in cells for heading in headings(cell)]
    missing = [name for name in ANATOMY if name not in found]
    if missing:
        raise refusal(source, cells[-1].line, f"section {missing[0]!r} is missing.")
    if not cells[0].extra.get("signature"):
        raise refusal(source, cells[0].line, "the title cell must name the calls that make the pattern: "
                      '`# %% [markdown] signature=["writeStream", ".merge("]`.')


def _check_deeper(source, cells):
    if not re.match(rf"# {source.stem[:2]} \S[^\n]*, deeper: [^\n]*\?", cells[0].text):
        raise refusal(source, cells[0].line, f"the title of a deeper notebook is `# {source.stem[:2]} Name, deeper: question?`.")
    section, holds = cells[0], {}                         # the cell that opens a section: its code cells' tags
    for cell in cells:
        if headings(cell):
            section = cell
        if cell.kind == "code":
            holds.setdefault(section.line, (section, []))[1].extend(cell.tags)
    for opens, tags in holds.values():
        name = (headings(opens) or ["Set up"])[-1]
        if name != "Set up" and not any(tag.startswith("prove-") for tag in tags):
            raise refusal(source, opens.line, f"section {name!r} proves nothing: give one of its cells a tag prove-<slug>.")


def check_lab(source: Path, cells: list) -> None:
    """Raises SourceError unless every exercise is complete: text, cells, variants for the tests."""
    _check_tags(source, cells, LAB_TAGS, repeatable=r"(wrong|nothing|right|raises)-[1-9]|fold")
    if not cells[0].text.startswith("# "):
        raise refusal(source, cells[0].line, "the first cell must be the title: `# Lab 03: Medallion`.")
    at = {int(match.group(1)): cell for cell in cells for heading in headings(cell)
          if (match := re.match(r"Exercise (\d+): \S", heading))}
    numbers = sorted(at)
    if numbers != list(range(1, len(numbers) + 1)) or not numbers:
        raise refusal(source, cells[0].line, f"exercises are numbered from 1 (`## Exercise 1: ...`); found {numbers}.")
    for n in numbers:
        here = at[n]
        if not LEVEL.search(here.text):
            raise refusal(source, here.line, f"exercise {n} needs the line `*Level: fill in · 10 minutes*` "
                         "(fill in, modify or design).")
        for part in ("**Input**", "**Goal**", "**Example**"):
            if part not in here.text:
                raise refusal(source, here.line, f"exercise {n} says no {part}.")
        one = {kind: [cell for cell in cells if f"{kind}-{n}" in cell.tags]
               for kind in ("exercise", "check", "hint", "solution", "wrong", "nothing", "right", "raises")}
        for kind, holds in (("exercise", "# SOLUTION"), ("check", f"lab.check({n},"), ("hint", f"# lab.hint({n})"),
                            ("solution", f"# lab.solution({n})")):
            if not one[kind]:
                raise refusal(source, here.line, f"exercise {n} has no cell tagged {kind}-{n}.")
            if holds not in one[kind][0].text:
                raise refusal(source, one[kind][0].line, f"the cell {kind}-{n} does not hold `{holds}`.")
        for kind, least in (("wrong", 3), ("right", 1), ("raises", 1)):
            if len(one[kind]) < least:
                raise refusal(source, here.line, f"exercise {n} has {len(one[kind])} cells tagged {kind}-{n}; "
                             f"at least {least} must be there.")
            early = [cell for cell in one[kind] if cell.line < one["check"][0].line]
            if early:
                raise refusal(source, early[0].line, f"{kind}-{n} must follow the cell check-{n}.")
        said = [cell.extra.get("says") for cell in one["wrong"]]
        for cell, says in zip(one["wrong"], said):
            if not says or said.count(says) > 1:
                raise refusal(source, cell.line, f"each wrong-{n} cell needs a says=\"...\" of its own, "
                             "the words that the check must answer.")
        text = _words("\n".join(cell.text for cell in cells if here.line <= cell.line < one["check"][0].line))
        for cell in one["wrong"]:
            clause = _words(cell.extra.get("breaks", ""))
            if clause not in text:
                raise refusal(source, cell.line, f"breaks=\"...\" must quote the exercise's text, and {clause!r} is not in it.")
        for cell in one["nothing"]:
            if not cell.extra.get("says"):
                raise refusal(source, cell.line, f"a nothing-{n} cell needs says=\"...\", the words that the check must answer.")
    if "Discussion" not in headings([cell for cell in cells if cell.kind == "markdown" and headings(cell)][-1]):
        raise refusal(source, cells[-1].line, "the last section must be `## Discussion`.")
    for cell in cells:
        if MARK.search(cell.text) and not any(tag.startswith("exercise-") for tag in cell.tags):
            raise refusal(source, cell.line, "# SOLUTION stands outside an exercise cell.")


def _words(text):
    return " ".join(re.sub(r"[*`]", "", text).split()).lower()


def _check_tags(source, cells, known, repeatable):
    seen = {}
    for cell in cells:
        for tag in cell.tags:
            if not known.fullmatch(tag):
                raise refusal(source, cell.line, f"unknown tag {tag!r}; known are {known.pattern}.")
            if tag in seen and not re.fullmatch(repeatable, tag):
                raise refusal(source, cell.line, f"tag {tag!r} stands on line {seen[tag]} already; tags are unique.")
            seen[tag] = cell.line
        if FOLD in cell.tags and cell.kind != "code":
            raise refusal(source, cell.line, "only code can be folded; take the tag fold away.")
