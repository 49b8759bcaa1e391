"""Notebooks on the stack, from first to last cell; one of them embedded too: no line of it differs.

`kit.py stack test` runs all of them; here run the lessons of one batch, one stream and change data capture (or those that
PATTERNLAB_STACK_NOTEBOOKS names).
"""
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import ROOT

HERE = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb") if not path.stem.endswith("-deeper"))
NAMED = os.environ.get("PATTERNLAB_STACK_NOTEBOOKS", "03 07 12").split()
CHOSEN = [name for each in NAMED for name in HERE if name.split("-")[0] == each]


def test_each_notebook_that_is_asked_for_is_there():
    assert len(CHOSEN) == len(NAMED) >= 3, f"asked for {NAMED}, found {CHOSEN} of {HERE}"


def told(name: str, said: str) -> tuple:
    """(seconds, proofs) in what docker/notebook.py printed about a notebook."""
    seconds, proofs = re.search(rf"{name} +([\d.]+) s, (\d+) proofs", said).groups()
    return float(seconds), int(proofs)


def said_embedded(name: str) -> str:
    """What docker/notebook.py prints about the notebook on this machine's own engines; fails where the run does.

    .ci/stack/run has begun it while the image was made, and PATTERNLAB_STACK_EMBEDDED names the file that it writes.
    """
    begun = os.environ.get("PATTERNLAB_STACK_EMBEDDED")
    if not begun:
        done = subprocess.run([sys.executable, "docker/notebook.py", f"notebooks/{name}.ipynb"], cwd=ROOT, text=True,
                              env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert done.returncode == 0, done.stdout[-4000:]
        return done.stdout
    for _ in range(900):
        said = Path(begun).read_text()
        if "\nended: " in said:
            break
        time.sleep(1)
    assert said.endswith("\nended: 0\n"), said[-4000:]
    return said


@pytest.mark.parametrize("name", CHOSEN)
def test_notebook(stack, watched, name):
    seconds, proofs = told(name, stack.run("test", name))
    assert proofs > 0
    total = max(sum(sample.values()) for sample in watched)
    peak = {container: round(max(sample.get(container, 0) for sample in watched)) for container in watched[-1]}
    print(f"{name}: {seconds:.1f} s on the stack, {proofs} proofs; memory at peak {total:.0f} MB: {peak}")
    assert total < 4000, peak
    if name == CHOSEN[0]:
        embedded, the_same = told(name, said_embedded(name))
        print(f"{name}: embedded {embedded:.1f} s, on the stack {seconds:.1f} s")
        assert the_same == proofs
