"""Notebooks on the stack, from first to last cell, beside the same notebook embedded: no line of them differs.

`kit.py stack test` runs all of them; here run one stream, one batch and change data capture (or those that
PATTERNLAB_STACK_NOTEBOOKS names).
"""
import os
import re
import subprocess
import sys
import time

import pytest
from conftest import ROOT

HERE = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
NAMED = os.environ.get("PATTERNLAB_STACK_NOTEBOOKS", "07 03 12").split()
CHOSEN = [name for each in NAMED for name in HERE if name.split("-")[0] == each]


def test_there_is_a_stream_a_batch_and_change_data_capture():
    assert len(CHOSEN) >= 3, f"of {NAMED} only these are built: {CHOSEN}; all: {HERE}"


@pytest.mark.parametrize("name", CHOSEN)
def test_notebook(stack, watched, name):
    said = stack.run("test", name)
    seconds, proofs = re.search(rf"{name} +([\d.]+) s, (\d+) proofs", said).groups()
    assert int(proofs) > 0, said
    total = max(sum(sample.values()) for sample in watched)
    peak = {container: round(max(sample.get(container, 0) for sample in watched)) for container in watched[-1]}
    print(f"{name}: {seconds} s on the stack, {proofs} proofs; memory at peak {total:.0f} MB: {peak}")
    assert total < 4000, peak


def test_the_same_notebook_embedded_and_on_the_stack(stack):
    name = CHOSEN[0]
    started = time.monotonic()
    done = subprocess.run([sys.executable, "docker/notebook.py", f"notebooks/{name}.ipynb"], cwd=ROOT, text=True,
                          env=dict(os.environ, PYTHONPATH=str(ROOT)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    embedded = time.monotonic() - started
    assert done.returncode == 0, done.stdout[-4000:]
    started = time.monotonic()
    said = stack.run("test", name)
    proofs = [re.search(r"(\d+) proofs", text).group(1) for text in (done.stdout, said)]
    print(f"{name}: embedded {embedded:.1f} s, on the stack {time.monotonic() - started:.1f} s")
    assert proofs[0] == proofs[1]
