"""Runs notebooks and labs in real kernels, once each per test session, and keeps what came out.

A notebook runs twice, in one kernel: from the top in a fresh one on its "own" slice, then again on the "other". So two runs
show three things: it runs cold, a kernel bears a second run, and no number about the data is typed.
`executed("03-medallion", "own")` is the testbook client after that run: read its cells, `cell_output_text(tag)`, `ref(name)`;
do not change its variables, other tests share them. Only the newest kernel stays alive (each holds about a gigabyte), and
its variables are those of its newest run; asking for an older run makes it again, so tests are sorted (conftest.py).
"""
import ast
import copy
import json
import os
import re
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import nbformat
from testbook.client import TestbookNotebookClient

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import nothing  # noqa: E402
from patternlab.commands import build  # noqa: E402
from patternlab.commands import executed as kept  # noqa: E402
from patternlab.flights import SLICES as KNOWN  # noqa: E402
from patternlab.patterns import room  # noqa: E402,F401

SLICES = ["own", "other"]  # a notebook's own slice, and one that nobody wrote a number for: see resolved
OTHER_WEEK, OTHER_DAY = "2013-10-28..2013-11-03", "2013-11-03..2013-11-03"  # the autumn clock change is in both
LIMIT = 900  # seconds that one notebook may take, also on a busy machine
OWN_JVM = ["12-cdc"]  # what such a notebook holds is asserted: no other notebook may have used its JVM
# kernels of other people's machines: what these notebooks and labs prove must not depend on the zone
ELSEWHERE = {"04-star-schema": {"TZ": "Asia/Kolkata"}, "07-stream-windowing": {"TZ": "America/St_Johns"}}
LONG = 60  # lines of output that a reader still reads

timings = []  # ("notebooks" or "labs", slug, column, seconds): the tables at the end of the test run
_scratch = tempfile.TemporaryDirectory(prefix="patternlab tests ")
_runs, _failed, _labs, _alive = {}, {}, {}, []


def notebooks() -> list:
    """The slugs of all built notebooks, and the template's."""
    return [file.stem for file in sorted((ROOT / "notebooks").glob("*.ipynb"))] + ["template-notebook"]


def labs() -> list:
    """The slugs of all built labs, and the template's."""
    return [file.stem for file in sorted((ROOT / "labs").glob("*.ipynb"))] + ["template-lab"]


def source(slug: str, folder: str) -> Path:
    """The percent source of a notebook or lab (folder "notebooks" or "labs")."""
    return ROOT / "source" / (f"{slug}.py" if slug.startswith("template-") else f"{folder}/{slug}.py")


def load(slug: str, folder: str = "notebooks"):
    """The notebook as it is shipped; the templates are built on the spot."""
    built = ROOT / folder / f"{slug}.ipynb"
    text = build.build(source(slug, folder)) if slug.startswith("template-") else built.read_text("utf-8")
    return nbformat.reads(text, as_version=4)


def resolved(slug: str, slice: str) -> str | None:
    """What PATTERNLAB_SLICE is for a run on the "own" or the "other" slice; None where the notebook says it itself.

    The other slice of a notebook that names no slice but the day is a week, that of every other one is a single day: each
    meets little data and much.
    """
    if slice == "own":
        return None
    file = source(slug, "notebooks")
    named = {name for name in KNOWN if re.search(rf"""["']{name}["']""", file.read_text("utf-8"))}
    return OTHER_WEEK if named == {"day"} else OTHER_DAY


def span(slug: str, slice: str, own: str) -> tuple:
    """First and last day of a run on this slice, whatever this process has in its environment; `own` is the notebook's slice."""
    days = resolved(slug, slice)
    return tuple(map(date.fromisoformat, days.split(".."))) if days else KNOWN[own]


def executed(slug: str, slice: str = "own"):
    """The testbook client of notebook `slug` after its run on the "own" slice, or after the one on the "other" slice that
    follows in the same kernel.

    `client.ran` holds the cells of each run, as {slice: cells}; `client.nb.cells` are those of the newest. An error in a
    cell raises AssertionError, here and at every later call.
    """
    if (slug, slice) in _failed:
        raise _failed[slug, slice]
    client = _runs.get(slug)
    if client not in _alive or slice == "own" != client.slice:
        client = _runs[slug] = open_kernel(load(slug), **ELSEWHERE.get(slug, {}),
                                           **({"PATTERNLAB_SPARE": "0"} if slug in OWN_JVM else {}))
        client.ran = {}
        _run(client, slug, "own")
    if slice != client.slice:
        set_slice(client, resolved(slug, slice))
        client.nb.cells = copy.deepcopy(client.nb.cells)
        _run(client, slug, slice)
    return client


def _run(client, slug: str, slice: str) -> None:
    """Run the notebook and note what came out; after a failure on its own slice there is no second run in that kernel."""
    client.slice = slice
    try:
        seconds = run_all(client, slug if slice == "own" else f"{slug}, second run in its kernel, on {resolved(slug, slice)}")
    except AssertionError as error:
        for failed in SLICES[SLICES.index(slice):]:
            _failed[slug, failed] = error
        close(client)
        raise
    client.ran[slice] = client.nb.cells
    if slice == "own" and not slug.startswith("template-"):
        kept.keep(client.nb, slug, seconds, ROOT / "notebooks" / f"{slug}.ipynb")        # `kit.py site` makes its page of it
    timings.append(("notebooks", slug, slice, seconds))


def set_slice(client, slice: str) -> None:
    """Make every later cell of the kernel work on another slice; fails where the helper does not see it."""
    printed, error = run_code(client, f"import os; os.environ['PATTERNLAB_SLICE'] = {slice!r}; import patternlab.flights; "
                                      "print([str(day) for day in patternlab.flights.days('year')])")
    assert error is None and printed.strip() == str(slice.split("..")), f"the slice did not change: {printed} {error}"


def open_kernel(notebook, **settings):
    """A testbook client with a fresh kernel in a scratch folder, without PATTERNLAB_SLICE and with `settings` in its
    environment; the kernel that was open before is shut down.
    """
    close_kernels()
    folder = tempfile.mkdtemp(dir=_scratch.name)
    env = {name: value for name, value in os.environ.items() if name != "PATTERNLAB_SLICE"}
    env |= {"PYTHONPATH": str(ROOT), "PATTERNLAB_PROGRESS": folder, **settings}
    client = TestbookNotebookClient(notebook, kernel_name="python3", timeout=LIMIT,
                                    resources={"metadata": {"path": folder}})
    with client.setup_kernel(cleanup_kc=False, env=env):
        _alive.append(client)
    return client


def close(client) -> None:
    """Shut the client's kernel down; its engines end with it."""
    if client in _alive:
        _alive.remove(client)
        client._cleanup_kernel()


def close_kernels() -> None:
    """Shut down what is open."""
    for client in list(_alive):
        close(client)


def close_all() -> None:
    """Shut down what is open and remove the scratch folder."""
    close_kernels()
    _scratch.cleanup()


def run_all(client, what: str) -> float:
    """Run all cells within LIMIT seconds in all; AssertionError names the cell that failed. Returns the seconds."""
    began = time.monotonic()
    for index, cell in enumerate(client.nb.cells):
        if cell.cell_type != "code":
            continue
        client.timeout = max(1, int(LIMIT - (time.monotonic() - began)))
        try:
            client.execute_cell(index)
        except Exception as error:
            said = re.sub(r"\x1b\[[0-9;]*m", "", str(error))[-3000:]
            raise AssertionError(f"{what}: cell {index} failed ({cell.id}):\n{cell.source}\n---\n{said}") from None
    return time.monotonic() - began


def run_code(client, code: str) -> tuple:
    """Run a cell of code at the end of the notebook: (what it printed, None or 'ErrorName: message')."""
    cell = nbformat.v4.new_code_cell(code, metadata={"tags": ["raises-exception"]})
    client.nb.cells.append(cell)
    client.timeout = LIMIT
    try:
        client.execute_cell(len(client.nb.cells) - 1)
    finally:
        client.nb.cells.remove(cell)
    errors = [f"{output.ename}: {output.evalue}" for output in cell.outputs if output.output_type == "error"]
    return text(cell), errors[0] if errors else None


def text(cell) -> str:
    """What a code cell showed, as plain text (errors too)."""
    shown = []
    for output in cell.get("outputs", []):
        if output.output_type == "stream":
            shown.append(output.text)
        elif output.output_type == "error":
            shown.append(f"{output.ename}: {output.evalue}")
        else:
            shown.append(output.get("data", {}).get("text/plain", "") + "\n")
    return "".join(shown)


# --- what every finished run must show; each function returns a list of complaints

def said(client, tag: str) -> str:
    """What the cell with this tag showed in the client's newest run."""
    [cell] = [cell for cell in client.nb.cells if tag in cell.metadata.get("tags", [])]
    return text(cell)


def value(client, expression: str):
    """A plain value out of the notebook's kernel after its run, by way of JSON; nothing is changed there."""
    printed, error = run_code(client, f"import json; print(json.dumps({expression}, default=int))")
    assert error is None, error
    return json.loads(printed)


def proofs(cells) -> list:
    """Every prove-* cell holds prove( and printed at least one `proved:` for each."""
    wrong = []
    for cell in tagged(cells, "prove-"):
        calls = sum(isinstance(node, ast.Call) and getattr(node.func, "id", "") == "prove"
                    for node in ast.walk(ast.parse(cell.source)))
        printed = len(re.findall(r"^proved: ", text(cell), re.M))
        if not calls or printed < calls:
            wrong.append(f"{cell.id}: {calls} prove(...) and {printed} lines `proved:`")
    return wrong


def claims(cells) -> list:
    """What the prove-* cells claimed, as (tag, claims in order): the text before the two sides, with # for every number."""
    return [(next(tag for tag in cell.metadata.tags if tag.startswith("prove-")),
             [re.sub(r"\d[\d,.]*", "#", claim) for claim in re.findall(r"^proved: (.+?) \(", text(cell), re.M)])
            for cell in tagged(cells, "prove-")]


def breaks(cells) -> list:
    """Every cell that is allowed to raise did raise; every break-* cell showed something."""
    wrong = []
    for cell in tagged(cells, "break-"):
        raised = any(output.output_type == "error" for output in cell.outputs)
        if "raises-exception" in cell.metadata.tags and not raised:
            wrong.append(f"{cell.id}: the break did not break, nothing was raised")
        if not cell.outputs:
            wrong.append(f"{cell.id}: showed nothing")
    return wrong


def noise(cells) -> list:
    """Nothing on stderr, no wall of text, no code cell without an output."""
    wrong = []
    for cell in (cell for cell in cells if cell.cell_type == "code"):
        first = cell.source.strip().splitlines()[0] if cell.source.strip() else "an empty cell"
        if not cell.outputs:
            wrong.append(f"no output: {first}")
        for output in cell.outputs:
            if output.output_type == "stream" and output.name == "stderr":
                wrong.append(f"stderr: {output.text.strip()[:200]!r} from {first}")
        lines = max(text(cell).count("\n"), sum(str(output.get("data", {}).get("text/html", "")).count("<tr")
                                                for output in cell.outputs))
        if lines > LONG:
            wrong.append(f"{lines} lines of output (at most {LONG}): {first}")
    return wrong


def tagged(cells, begin: str) -> list:
    """Code cells with a tag that begins so."""
    return [cell for cell in cells if cell.cell_type == "code"
            and any(tag.startswith(begin) for tag in cell.metadata.get("tags", []))]


# --- labs

def transcript(slug: str) -> dict:
    """What the lab's checks said, in one kernel: {n: {"shipped" | "wrong" | "nothing" | "right" | ...: [Said]}}.

    Each exercise's variants replace its exercise cell, with the cell start-n before each of them where the lab has one.
    """
    if slug not in _labs:
        began = time.monotonic()
        client = open_kernel(load(slug, "labs"), **ELSEWHERE.get(slug, {}))
        try:
            run_all(client, slug)
            _labs[slug] = _play(client, build.variants(source(slug, "labs")))
        finally:
            close(client)
        timings.append(("labs", slug, "all variants", time.monotonic() - began))
        seconds = sorted(said["seconds"] for entry in _labs[slug].values()
                         for kind in ("wrong", "nothing", "right", "raises", "reference") for said in entry[kind])
        timings.append(("labs", slug, "slowest check", seconds[-1]))
        timings.append(("labs", slug, "19 of 20 checks", seconds[int(len(seconds) * 0.95)]))
    return _labs[slug]


def _play(client, variants) -> dict:
    cells = {tag: cell for cell in client.nb.cells for tag in cell.metadata.get("tags", [])}
    heard = {n: {"shipped": [_result(client, n, text(cells[f"check-{n}"]))]} for n in variants}
    for n, variant in sorted(variants.items()):
        check = cells[f"check-{n}"].source
        here = heard[n]
        here["locked"] = run_code(client, f"lab.solution({n})")[0]

        def say(code):
            if variant.start:
                run_code(client, variant.start)
            _, error = run_code(client, code)
            return _result(client, n, error or "", check)

        here["raises"] = [say(code) | {"says": says} for code, says in variant.raises]
        here["wrong"] = [say(code) | {"says": says} for code, says in variant.wrong]
        here["nothing"] = [say(code) | {"what": "nothing", "none": False, "says": says} for code, says in variant.nothing]
        for idle in nothing.answers(n, variant.reference, check):
            _, error = run_code(client, idle.code) if idle.code else ("", None)
            said = _result(client, n, error or "", idle.check)
            here["nothing"].append(said | {"what": idle.what, "none": idle.none, "says": ""})
        here["right"] = [say(code) for code in variant.right]
        here["reference"] = [say(variant.reference)]
        here["open"] = run_code(client, f"lab.solution({n})")[0]
        here["hints"] = [run_code(client, f"lab.hint({n})")[0] for _ in range(2)]
    return heard


def _result(client, n, printed, check=None) -> dict:
    """{outcome, sentence, seconds, text, error}: text is what the learner sees, error what the cell raised."""
    error = None
    if check is not None and not printed:
        printed, error = run_code(client, check)
    elif check is not None:
        error = printed
    code = f"import json; r = lab.results[{n}]; print(json.dumps([r.outcome, r.sentence, r.seconds]))"
    outcome, sentence, seconds = json.loads(run_code(client, code)[0])
    return {"outcome": outcome, "sentence": sentence, "seconds": seconds, "text": printed, "error": error}
