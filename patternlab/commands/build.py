"""`build`: makes notebooks/ and labs/ from the percent sources, and tells tests which answers a lab's source holds.

A source that breaks a rule is refused with file, line and one sentence, and its built file stays as it was.
"""
import argparse
import ast
import hashlib
import re
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

from ..engines.place import ROOT

ANATOMY = ("In one minute", "Set up", "Look at the data", "The naive way", "Build it", "See it", "Predict", "Break it",
           "Looks right, not so fast", "Prove it", "Measure it", "When not, and the neighbours", "Check yourself",
           "Sources")
NOTEBOOK_TAGS = re.compile(r"(prove|break|figure|look|step)-[a-z0-9-]+|predict|raises-exception|setup|parameters")
LAB_TAGS = re.compile(r"(exercise|check|hint|solution|start|wrong|right|raises)-[1-9]|setup|figure-[a-z0-9-]+")
TEST_ONLY = re.compile(r"(wrong|right|raises)-[1-9]")
LEVEL = re.compile(r"^\*Level: (fill in|modify|design) · (\d+) minutes\*$", re.M)
MARK = re.compile(r"\s*# SOLUTION\s*$", re.M)
KERNEL = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
          "language_info": {"name": "python"}}


class SourceError(ValueError):
    """A source breaks a rule; the message is one sentence that begins with file:line."""


@dataclass
class Cell:
    """One cell of a source: kind 'markdown' or 'code', its text without comment marks, tags, other keys, first line."""
    kind: str
    text: str
    tags: tuple
    line: int
    extra: dict = field(default_factory=dict)


@dataclass
class Variants:
    """The answers to one exercise that a source holds, as code; `wrong` and `raises` hold (code, what must be said)."""
    reference: str = ""
    start: str = ""
    wrong: list = field(default_factory=list)
    right: list = field(default_factory=list)
    raises: list = field(default_factory=list)


def main(argv: list | None = None) -> int:
    """Build all sources, or those named; returns 0 only when every source is right and every built file is its own."""
    parser = argparse.ArgumentParser("kit.py build", description="Make notebooks/ and labs/ from source/.")
    parser.add_argument("names", nargs="*", help="03-medallion, source/labs/03-medallion.py, ...; without: all")
    parser.add_argument("--check", action="store_true", help="write nothing, say which built files differ")
    chosen = parser.parse_args(argv)
    check, names = chosen.check, {Path(name).stem for name in chosen.names}
    wanted = {source: target for source, target in targets().items() if not names or source.stem in names}
    unknown = names - {source.stem for source in wanted}
    if unknown:
        print(f"There is no source for {', '.join(sorted(unknown))} in source/notebooks or source/labs.")
        return 2
    wrong = 0
    for source, target in wanted.items():
        try:
            text = build(source)
        except SourceError as error:
            wrong += 1
            print(error)
            continue
        if not target.exists() or target.read_text("utf-8") != text:
            wrong += check
            print(f"{'differs from its source' if check else 'built'}: {target.relative_to(ROOT)}")
            if not check:
                target.parent.mkdir(exist_ok=True)
                target.write_bytes(text.encode())
    made = set(targets().values())
    for file in sorted(ROOT.glob("notebooks/*.ipynb")) + sorted(ROOT.glob("labs/*.ipynb")):
        if file not in made:
            wrong += 1
            print(f"has no source: {file.relative_to(ROOT)}")
    if check and wrong:
        print("Run python -m patternlab build and commit what it makes.")
    return 1 if wrong else 0


def targets() -> dict:
    """{source: built file} for every source of the kit, in order."""
    return {source: ROOT / folder / f"{source.stem}.ipynb" for folder in ("notebooks", "labs")
            for source in sorted((ROOT / "source" / folder).glob("[0-9][0-9]-*.py"))}


def build(source: Path) -> str:
    """The text of the notebook or lab that `source` makes: deterministic, without outputs. Raises SourceError."""
    import nbformat
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
    cells = read(source)
    lab = is_lab(source)
    (check_lab if lab else check_notebook)(source, cells)
    made, used = [], set()
    for cell in cells:
        if any(TEST_ONLY.fullmatch(tag) for tag in cell.tags):
            continue
        text = cell.text
        if lab and any(tag.startswith("exercise-") for tag in cell.tags):
            text = blanked(text)
            try:
                ast.parse(text)
            except SyntaxError as error:
                shown = text.splitlines()[(error.lineno or 1) - 1].strip()
                raise _error(source, cell.line, f"the learner's cell does not parse near {shown!r}: "
                             "mark whole statements with # SOLUTION.") from None
        make = new_code_cell if cell.kind == "code" else new_markdown_cell
        metadata = {"tags": list(cell.tags)} if cell.tags else {}
        made.append(make(text, id=_cell_id(source.stem, cell, used), metadata=metadata))
    notebook = new_notebook(cells=made, metadata=KERNEL)
    nbformat.validate(notebook)
    return nbformat.writes(notebook) + "\n"


def variants(source) -> dict:
    """{n: Variants} of a lab's source, as the tests run them; code without the # SOLUTION marks."""
    found = {}
    for cell in read(Path(source)):
        for tag in cell.tags:
            kind, _, number = tag.partition("-")
            if kind in ("exercise", "start", "wrong", "right", "raises") and number.isdigit():
                entry = found.setdefault(int(number), Variants())
                code = "\n".join(MARK.sub("", line) for line in cell.text.splitlines())
                if kind in ("wrong", "raises"):
                    getattr(entry, kind).append((code, cell.extra.get("says", "")))
                elif kind == "right":
                    entry.right.append(code)
                else:
                    setattr(entry, "reference" if kind == "exercise" else kind, code)
    return found


def reference(lab: str, n: int) -> str:
    """The code that answers exercise n of lab "03-medallion"."""
    source = ROOT / "source" / "labs" / f"{lab}.py"
    return variants(source if source.exists() else ROOT / "source" / f"{lab}.py")[n].reference


def is_lab(source: Path) -> bool:
    """Labs lie in a folder labs, or have a name that ends in -lab."""
    return source.parent.name == "labs" or source.stem.endswith("-lab")


def is_tour(slug: str) -> bool:
    """00-start-here is a tour of the kit, not a pattern: the anatomy's sections do not apply to it, other rules do."""
    return slug.startswith("00-")


def read(source: Path) -> list:
    """The cells of a percent source. Raises SourceError where it can't be read."""
    import jupytext
    text = source.read_text("utf-8")
    lines = [number for number, line in enumerate(text.splitlines(), 1) if re.match(r"# %%", line)]
    if not lines:
        raise _error(source, 1, "there is no cell; begin each one with `# %%` or `# %% [markdown]`.")
    notebook = jupytext.reads(text, fmt="py:percent")
    cells = notebook.cells
    if len(cells) != len(lines):
        raise _error(source, 1, "there is text before the first `# %%`; move it into a cell.")
    return [Cell(cell.cell_type, cell.source, tuple(cell.metadata.get("tags", ())), line,
                 {key: value for key, value in cell.metadata.items() if key != "tags"})
            for cell, line in zip(cells, lines)]


def blanked(code: str) -> str:
    """An exercise as the learner gets it: statements marked # SOLUTION become `...`; an assignment keeps its names."""
    made, run = [], []
    for line in code.splitlines() + [None]:
        if line is not None and MARK.search(line):
            run.append(MARK.sub("", line))
            continue
        if run:
            made += _blank(run)
            run = []
        if line is not None:
            made.append(line)
    return "\n".join(made)


def _blank(run: list) -> list:
    indent = re.match(r"\s*", run[0]).group()
    text = textwrap.dedent("\n".join(run))
    if text.rstrip().endswith(","):  # an argument or an item
        return [f"{indent}...,"]
    try:
        body = ast.parse(text).body
    except SyntaxError:  # part of a statement: one blank in its place
        return [f"{indent}..."]
    if indent and not all(isinstance(statement, (ast.Assign, ast.AnnAssign)) for statement in body):
        return [f"{indent}..."]  # the rest of a function; outside of functions names stay, the check needs them
    made = []
    for statement in body:
        if isinstance(statement, ast.Assign):
            names = [ast.unparse(target).strip("()") for target in statement.targets]
            target = statement.targets[0]
            value = ", ".join(["..."] * len(target.elts)) if isinstance(target, ast.Tuple) else "..."
            made.append(f"{indent}{' = '.join(names)} = {value}")
        elif isinstance(statement, ast.AnnAssign):
            made.append(f"{indent}{ast.unparse(statement.target)}: {ast.unparse(statement.annotation)} = ...")
        elif not made:
            made.append(f"{indent}...")
    return made


# --- the rules of a source

def check_notebook(source: Path, cells: list) -> None:
    """Raises SourceError unless headings, tags and metadata are as the anatomy wants them."""
    _check_tags(source, cells, NOTEBOOK_TAGS, repeatable=r"raises-exception")
    if not cells[0].text.startswith("# "):
        raise _error(source, cells[0].line, "the first cell must be the title: `# 03 Medallion: the question`.")
    last = -1
    for cell in cells:
        if MARK.search(cell.text):
            raise _error(source, cell.line, "# SOLUTION belongs in a lab; a notebook shows all of its code.")
        if "raises-exception" in cell.tags and not any(tag.startswith("break-") for tag in cell.tags):
            raise _error(source, cell.line, "a cell that may raise needs a break-<slug> tag too; a test asks for it.")
        for heading in headings(cell):
            if is_tour(source.stem):
                continue
            if heading not in ANATOMY:
                raise _error(source, cell.line, f"unknown section {heading!r}; the sections are: {', '.join(ANATOMY)}.")
            if ANATOMY.index(heading) <= last:
                raise _error(source, cell.line, f"section {heading!r} comes too late or twice; it follows "
                             f"{ANATOMY[ANATOMY.index(heading) - 1]!r}.")
            last = ANATOMY.index(heading)
    missing = [name for name in ANATOMY if name not in [h for cell in cells for h in headings(cell)]]
    if missing and not is_tour(source.stem):
        raise _error(source, cells[-1].line, f"section {missing[0]!r} is missing.")
    if not cells[0].extra.get("signature") and not is_tour(source.stem):
        raise _error(source, cells[0].line, "the title cell must name the calls that make the pattern: "
                     '`# %% [markdown] signature=["writeStream", ".merge("]`.')


def check_lab(source: Path, cells: list) -> None:
    """Raises SourceError unless every exercise is complete: text, cells, variants for the tests."""
    _check_tags(source, cells, LAB_TAGS, repeatable=r"(wrong|right|raises)-[1-9]")
    if not cells[0].text.startswith("# "):
        raise _error(source, cells[0].line, "the first cell must be the title: `# Lab 03: Medallion`.")
    at = {int(match.group(1)): cell for cell in cells for heading in headings(cell)
          if (match := re.match(r"Exercise (\d+): \S", heading))}
    numbers = sorted(at)
    if numbers != list(range(1, len(numbers) + 1)) or not numbers:
        raise _error(source, cells[0].line, f"exercises are numbered from 1 (`## Exercise 1: ...`); found {numbers}.")
    for n in numbers:
        here = at[n]
        if not LEVEL.search(here.text):
            raise _error(source, here.line, f"exercise {n} needs the line `*Level: fill in · 10 minutes*` "
                         "(fill in, modify or design).")
        for part in ("**Input**", "**Goal**", "**Example**"):
            if part not in here.text:
                raise _error(source, here.line, f"exercise {n} says no {part}.")
        one = {kind: [cell for cell in cells if f"{kind}-{n}" in cell.tags]
               for kind in ("exercise", "check", "hint", "solution", "wrong", "right", "raises")}
        for kind, holds in (("exercise", "# SOLUTION"), ("check", f"lab.check({n},"), ("hint", f"# lab.hint({n})"),
                            ("solution", f"# lab.solution({n})")):
            if not one[kind]:
                raise _error(source, here.line, f"exercise {n} has no cell tagged {kind}-{n}.")
            if holds not in one[kind][0].text:
                raise _error(source, one[kind][0].line, f"the cell {kind}-{n} does not hold `{holds}`.")
        for kind, least in (("wrong", 3), ("right", 1), ("raises", 1)):
            if len(one[kind]) < least:
                raise _error(source, here.line, f"exercise {n} has {len(one[kind])} cells tagged {kind}-{n}; "
                             f"at least {least} must be there.")
            early = [cell for cell in one[kind] if cell.line < one["check"][0].line]
            if early:
                raise _error(source, early[0].line, f"{kind}-{n} must follow the cell check-{n}.")
        said = [cell.extra.get("says") for cell in one["wrong"]]
        for cell, says in zip(one["wrong"], said):
            if not says or said.count(says) > 1:
                raise _error(source, cell.line, f"each wrong-{n} cell needs a says=\"...\" of its own, "
                             "the words that the check must answer.")
    if "Discussion" not in headings([cell for cell in cells if cell.kind == "markdown" and headings(cell)][-1]):
        raise _error(source, cells[-1].line, "the last section must be `## Discussion`.")
    for cell in cells:
        if MARK.search(cell.text) and not any(tag.startswith("exercise-") for tag in cell.tags):
            raise _error(source, cell.line, "# SOLUTION stands outside an exercise cell.")


def headings(cell: Cell) -> list:
    """The level 2 headings of a markdown cell."""
    return re.findall(r"^## +(.+?) *$", cell.text, re.M) if cell.kind == "markdown" else []


def _check_tags(source, cells, known, repeatable):
    seen = {}
    for cell in cells:
        for tag in cell.tags:
            if not known.fullmatch(tag):
                raise _error(source, cell.line, f"unknown tag {tag!r}; known are {known.pattern}.")
            if tag in seen and not re.fullmatch(repeatable, tag):
                raise _error(source, cell.line, f"tag {tag!r} stands on line {seen[tag]} already; tags are unique.")
            seen[tag] = cell.line


def _cell_id(slug, cell, used):
    """A tagged cell's id is its tag, others have a hash of their text; a number follows where that is taken."""
    named = [tag for tag in cell.tags if tag != "raises-exception"]
    begin = named[0] if named else hashlib.sha1(f"{slug}\n{cell.kind}\n{cell.text}".encode()).hexdigest()[:12]
    found, number = begin[:60], 1
    while found in used:
        number += 1
        found = f"{begin[:60]}-{number}"
    used.add(found)
    return found


def _error(source, line, sentence):
    path = source.relative_to(ROOT) if source.is_relative_to(ROOT) else source
    return SourceError(f"{path}:{line}: {sentence}")
