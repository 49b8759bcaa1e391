"""How a notebook reads, in numbers: the budgets of lessons, deeper notebooks and labs, and a table of them.

`kit.py build --budget` prints the table and what is too much; tests/test_style.py asserts the same. Tokens are counted and
not lines, because a budget of lines was kept by packing them. A token is what Python's tokenizer calls a name, number,
operator or string. Folded cells (tag fold) are counted apart: a reader opens them by choice.
"""
import ast
import io
import json
import re
import statistics
import tokenize
from dataclasses import dataclass, field

from .sources import is_deeper, is_tour

MEDIAN, NINE_IN_TEN, MOST = 55, 110, 160                  # tokens of a visible code cell
WIDE, WIDEST, WIDE_SHARE = 88, 96, 0.05                   # characters of a line; one line in twenty may be wider than WIDE
RATIO = 1.6                                               # code tokens for each word of prose
FOLDED, FOLDED_LINES = 4, 20                              # folded cells, and lines in one of them
CELLS = 20, 30                                            # visible code cells of a lesson
SECTIONS = {"": (0, 0), "In one minute": (0, 0), "Set up": (1, 1), "Look at the data": (2, 3), "The naive way": (2, 3),
            "Build it": (5, 12), "See it": (1, 2), "Predict": (1, 1), "Break it": (3, 7), "Looks right, not so fast": (1, 2),
            "Prove it": (2, 4), "Measure it": (1, 3), "When not, and the neighbours": (0, 0), "Check yourself": (0, 0),
            "Go on": (0, 0)}                              # visible code cells of a lesson, by section
ACTS = {"append", "extend", "add", "insert", "update", "remove", "discard", "clear", "pop", "setdefault", "write", "write_text",
        "write_bytes", "writelines", "send", "feed", "put", "produce", "flush", "print", "execute", "executemany", "commit",
        "save", "saveAsTable", "mkdir", "unlink", "rmtree", "kill", "close", "sleep"}      # done for what it changes
COUNTED = {tokenize.NAME, tokenize.NUMBER, tokenize.OP, tokenize.STRING}
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass
class Measure:
    """What was measured of one notebook; sizes are tokens of its visible code cells, in their order."""
    slug: str
    sizes: list
    folded: list                                          # lines of each folded cell
    lines: list                                           # of the visible code, without empty ones
    words: int
    sections: dict = field(default_factory=dict)          # visible code cells by section

    median = property(lambda self: statistics.median(self.sizes or [0]))
    most = property(lambda self: max(self.sizes, default=0))
    wide = property(lambda self: sum(len(line) > WIDE for line in self.lines) / max(1, len(self.lines)))
    widest = property(lambda self: max(map(len, self.lines), default=0))
    ratio = property(lambda self: sum(self.sizes) / max(1, self.words))

    @property
    def nine_in_ten(self) -> int:
        """The size that nine in ten cells do not pass."""
        return sorted(self.sizes)[min(len(self.sizes) - 1, int(len(self.sizes) * 0.9))] if self.sizes else 0


def measure(slug: str, cells: list) -> Measure:
    """Measure the cells of a built notebook (as nbformat has them, or as JSON)."""
    made, section = Measure(slug, [], [], [], 0, {"": 0}), ""
    for cell in cells:
        source = _source(cell)
        if cell["cell_type"] == "markdown":
            made.words += words(prose(source))
            heading = re.search(r"^## +(.+?) *$", source, re.M)
            section = heading.group(1) if heading else section
            made.sections.setdefault(section, 0)
        elif folded(cell):
            made.folded.append(len(source.splitlines()))
        elif source.strip():
            made.sizes.append(tokens(source))
            made.lines += [line for line in source.splitlines() if line.strip()]
            made.sections[section] += 1
    return made


def too_much(found: Measure, lesson: bool) -> list:
    """What is over its budget, in words; the number of cells and the sections are asked of a lesson only."""
    over = [(found.median > MEDIAN, f"median {found.median:g} tokens a cell, at most {MEDIAN}"),
            (found.nine_in_ten > NINE_IN_TEN, f"one cell in ten has {found.nine_in_ten} tokens, at most {NINE_IN_TEN}"),
            (found.most > MOST, f"a cell of {found.most} tokens, at most {MOST}"),
            (found.wide > WIDE_SHARE, f"{found.wide:.0%} of the lines are wider than {WIDE}, at most {WIDE_SHARE:.0%}"),
            (found.widest > WIDEST, f"a line of {found.widest} characters, at most {WIDEST}"),
            (found.ratio > RATIO, f"{found.ratio:.2f} tokens of code for a word of prose, at most {RATIO}"),
            (len(found.folded) > FOLDED, f"{len(found.folded)} folded cells, at most {FOLDED}"),
            (max(found.folded, default=0) > FOLDED_LINES, f"a folded cell of {max(found.folded, default=0)} lines, at most "
                                                          f"{FOLDED_LINES}")]
    if lesson:
        over.append((not CELLS[0] <= len(found.sizes) <= CELLS[1],
                     f"{len(found.sizes)} visible code cells, {CELLS[0]} to {CELLS[1]} are the budget"))
        for section, count in found.sections.items():
            least, most = SECTIONS.get(section, (0, MOST))
            over.append((not least <= count <= most, f"{section or 'Title'}: {count} visible code cells, "
                                                     f"{least} to {most} are the budget"))
    return [said for bad, said in over if bad]


def is_lesson(folder: str, slug: str) -> bool:
    """A lesson keeps the budget of cells and sections; the tour, a deeper notebook and a lab are as long as they need."""
    return folder == "notebooks" and not is_tour(slug) and not is_deeper(slug)


def report(files: list) -> int:
    """Print a line for each notebook, and below it what is too much and which statements pack two thoughts; returns how many
    notebooks are over a budget."""
    over = 0
    print(f"{'':30}{'visible':>8}{'folded':>8}{'median':>8}{'9 in 10':>8}{'most':>8}{'wide':>8}{'code/prose':>12}")
    for file in files:
        cells = json.loads(file.read_text("utf-8"))["cells"]
        found = measure(file.stem, cells)
        said = too_much(found, is_lesson(file.parent.name, file.stem)) + packed_cells(cells)
        over += bool(said)
        print(f"{file.parent.name + '/' + file.stem:30}{len(found.sizes):8}{len(found.folded):8}{found.median:8g}"
              f"{found.nine_in_ten:8}{found.most:8}{found.wide:8.0%}{found.ratio:12.2f}", *said, sep="\n      ")
    return over


# --- what is counted

def folded(cell) -> bool:
    """Whether JupyterLab shows the cell's output and hides its code."""
    return bool(cell["metadata"].get("jupyter", {}).get("source_hidden"))


def tokens(source: str) -> int:
    """How many tokens a cell has; lines of magics count nothing."""
    plain = "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in source.splitlines())
    count = depth = 0
    for token in tokenize.generate_tokens(io.StringIO(plain).readline):
        name = tokenize.tok_name[token.type]          # from 3.12 on an f-string comes in parts: one string, as before
        depth -= name == "FSTRING_END"
        count += depth == 0 and (token.type in COUNTED or name == "FSTRING_END")
        depth += name == "FSTRING_START"
    return count


def prose(text: str) -> str:
    """The words that a reader reads: no code, pictures, tables, folded answers, comments or link addresses."""
    for part in (r"```.*?```", r"<svg.*?</svg>", r"<details>.*?</details>", r"<!--.*?-->", r"<[^>]+>", r"^\s*\|.*$"):
        text = re.sub(part, " ", text, flags=re.M if part.startswith("^") else re.S)
    return re.sub(r"\]\([^)]*\)", "]", text)


def words(text: str) -> int:
    """How many words a text has."""
    return len(re.findall(r"[\w'’.,-]*\w[\w'’.,-]*", text))


def _source(cell) -> str:
    return cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])


# --- one thought a statement

def packed_cells(cells: list) -> list:
    """packed() of every visible code cell, and the imports that stand elsewhere than where the set-up is."""
    said, before = [], ""
    for cell in cells:
        source = _source(cell)
        if cell["cell_type"] == "markdown":
            before = source
        elif not folded(cell):
            said += packed(source)
            if "setup" not in cell["metadata"].get("tags", []):
                said += late_imports(source, before)
    return said


def packed(source: str) -> list:
    """The statements of a cell that pack two thoughts, each in a sentence with its line."""
    tree, said = ast.parse(source), []
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Tuple):
            if sum(isinstance(item, ast.Call) for item in node.value.elts) > 1:
                said.append((node, "calls joined by a comma: a statement each, or a table of what they return"))
        elif isinstance(node, (*COMPREHENSIONS, ast.Lambda)):
            inside = [other for other in ast.walk(node) if other is not node and isinstance(other, (*COMPREHENSIONS, ast.Lambda))]
            if inside:
                said.append((node, "a comprehension or lambda inside another one: give the inner one a name"))
            if not isinstance(node, ast.Lambda):
                acts = [_called(other) for other in ast.walk(node) if isinstance(other, ast.Call) and _called(other) in ACTS]
                if acts:
                    said.append((node, f"{acts[0]}() inside a comprehension does something: write a loop"))
        for block in ("body", "orelse", "finalbody"):
            statements = getattr(node, block, [])
            for one, other in zip(statements, statements[1:]) if isinstance(statements, list) else ():
                if other.lineno == one.end_lineno:
                    said.append((other, "two statements on one line: a line each"))
    return [f"{_line(source, node)!r}: {sentence}" for node, sentence in said]


def late_imports(source: str, before: str = "") -> list:
    """Imports at the top of a cell that is no set-up, unless the text `before` it names what they bring, in `code letters`."""
    named, said = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]+)`", before)))), []
    for node in ast.parse(source).body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            what = {alias.name.partition(".")[0] for alias in node.names} | set((getattr(node, "module", "") or "").split("."))
            if not what & named:
                said.append(f"{_line(source, node)!r}: imports stand in the set-up, or the text before the cell names what comes")
    return said


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _line(source: str, node) -> str:
    return source.splitlines()[node.lineno - 1].strip()[:70]
