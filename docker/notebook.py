"""In the jupyter container (and embedded, to compare): run one notebook from first to last cell in a kernel of its own, and say how it went.

A cell tagged raises-exception must raise, every other cell must not, and every proof must have printed `proved:`.
"""
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

SECONDS = 600


def run(path: Path) -> int:
    """The number of proofs that the notebook printed. AssertionError or CellExecutionError when it is not well."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=SECONDS, kernel_name="python3", extra_arguments=["--log-level=ERROR"],
                   resources={"metadata": {"path": tempfile.gettempdir()}}).execute()
    proofs = 0
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        tags = cell.metadata.get("tags", [])
        raised = [out for out in cell.outputs if out.output_type == "error"]
        if "raises-exception" in tags:
            assert raised, f"This cell of {path.stem} must raise, and did not:\n{cell.source}"
        printed = "".join(out.text for out in cell.outputs if out.output_type == "stream").count("proved: ")
        if any(tag.startswith("prove-") for tag in tags):
            assert printed, f"This cell of {path.stem} must prove something, and printed no proof:\n{cell.source}"
        proofs += printed
    return proofs


if __name__ == "__main__":
    started, name = time.monotonic(), Path(sys.argv[1])
    try:
        proved = run(name)
    except (AssertionError, CellExecutionError) as problem:
        print(problem)
        print(f"{name.stem:28} FAILED after {time.monotonic() - started:.1f} s", flush=True)
        raise SystemExit(1) from None
    print(f"{name.stem:28} {time.monotonic() - started:6.1f} s, {proved} proofs", flush=True)
