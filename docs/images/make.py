"""Makes the pictures of the README from what the kit really shows: python docs/images/make.py [plane] [check].

plane.png is the signature figure of notebook 07, as a run of it draws it; check.png is what a check of lab 07 prints for a usual
wrong answer (the first `wrong-1` cell of its source), typeset.
"""
import base64
import contextlib
import io
import os
import sys
import textwrap
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))

from patternlab.commands import build  # noqa: E402


def run(cells: list) -> list:
    """The cells with their outputs, run in a kernel of their own."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in cells])
    NotebookClient(notebook, kernel_name="python3", timeout=600).execute(env={**os.environ, "PYTHONPATH": str(ROOT)})
    return notebook.cells


def plane() -> None:
    """Notebook 07 up to its signature figure; the figure's own bytes."""
    cells = [cell for cell in build.read(ROOT / "source" / "notebooks" / "07-stream-windowing.py") if cell.kind == "code"]
    last = next(number for number, cell in enumerate(cells) if "figure-plane" in cell.tags)
    done = run([cell.text for cell in cells[:last + 1]])
    image = next(output.data["image/png"] for output in done[-1].outputs if "image/png" in output.get("data", {}))
    (HERE / "plane.png").write_bytes(base64.b64decode(image))


def check() -> None:
    """What the learner sees: a wrong answer, its check, and what the check says."""
    source = ROOT / "source" / "labs" / "07-stream-windowing.py"
    answers = build.variants(source)[1]
    cells = [cell for cell in build.read(source) if cell.kind == "code"
             and not any(build.TEST_ONLY.fullmatch(tag) for tag in cell.tags)]
    first = next(number for number, cell in enumerate(cells) if "exercise-1" in cell.tags)
    ask = next(cell.text for cell in cells if "check-1" in cell.tags)
    done = run([*(cell.text for cell in cells[:first]), answers.wrong[0][0], ask])
    said = "".join(output.text for output in done[-1].outputs if output.output_type == "stream")
    wrapped = [part for line in said.splitlines() for part in textwrap.wrap(line, 96, break_on_hyphens=False) or [""]]
    answer = [part for line in answers.wrong[0][0].splitlines() for part in textwrap.wrap(line, 96, subsequent_indent=" " * 12,
              drop_whitespace=False, break_on_hyphens=False)]
    shown = [(line, "#222222") for line in [*answer, "", *ask.splitlines(), ""]] + [(line, "#B03A00") for line in wrapped]
    figure = plt.figure(figsize=(9, 0.28 * len(shown) + 0.3))
    for number, (line, colour) in enumerate(shown):
        figure.text(0.02, 1 - (number + 1) / (len(shown) + 1), line, family="monospace", fontsize=10, color=colour)
    with contextlib.redirect_stdout(io.StringIO()):
        figure.savefig(HERE / "check.png", dpi=110)


if __name__ == "__main__":
    for picture in (plane, check):
        if len(sys.argv) < 2 or picture.__name__ in sys.argv:
            picture()
