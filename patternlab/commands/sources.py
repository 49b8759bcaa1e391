"""The percent sources of notebooks and labs: their cells, and the answers that a lab's source holds for its tests."""
import ast
import re
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

from ..engines.place import ROOT

LEVEL = re.compile(r"^\*Level: (fill in|modify|design) · (\d+) minutes\*$", re.M)
MARK = re.compile(r"\s*# SOLUTION\s*$", re.M)


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
    """The answers to one exercise that a source holds, as code; `wrong`, `nothing`, `raises` hold (code, what must be said)."""
    reference: str = ""
    start: str = ""
    wrong: list = field(default_factory=list)
    nothing: list = field(default_factory=list)
    right: list = field(default_factory=list)
    raises: list = field(default_factory=list)


def read(source: Path) -> list:
    """The cells of a percent source. Raises SourceError where it can't be read."""
    import jupytext
    text = source.read_text("utf-8")
    lines = [number for number, line in enumerate(text.splitlines(), 1) if re.match(r"# %%", line)]
    if not lines:
        raise refusal(source, 1, "there is no cell; begin each one with `# %%` or `# %% [markdown]`.")
    notebook = jupytext.reads(text, fmt="py:percent")
    cells = notebook.cells
    if len(cells) != len(lines):
        raise refusal(source, 1, "there is text before the first `# %%`; move it into a cell.")
    return [Cell(cell.cell_type, cell.source, tuple(cell.metadata.get("tags", ())), line,
                 {key: value for key, value in cell.metadata.items() if key != "tags"})
            for cell, line in zip(cells, lines)]


def headings(cell: Cell) -> list:
    """The level 2 headings of a markdown cell."""
    return re.findall(r"^## +(.+?) *$", cell.text, re.M) if cell.kind == "markdown" else []


def variants(source) -> dict:
    """{n: Variants} of a lab's source, as the tests run them; code without the # SOLUTION marks."""
    found = {}
    for cell in read(Path(source)):
        for tag in cell.tags:
            kind, _, number = tag.partition("-")
            if kind in ("exercise", "start", "wrong", "nothing", "right", "raises") and number.isdigit():
                entry = found.setdefault(int(number), Variants())
                code = "\n".join(MARK.sub("", line) for line in cell.text.splitlines())
                if kind in ("wrong", "nothing", "raises"):
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


def is_deeper(slug: str) -> bool:
    """NN-slug-deeper holds what the lesson NN-slug left out: its sections are free, and each proves something."""
    return slug.endswith("-deeper")


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


def refusal(source, line, sentence):
    path = source.relative_to(ROOT) if source.is_relative_to(ROOT) else source
    return SourceError(f"{path}:{line}: {sentence}")
