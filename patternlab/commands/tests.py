"""`kit.py test`: fetch what is missing, then pytest on tests/ (all but tests/compose, which is `kit.py stack test`)."""
import os
import subprocess
import sys

from ..engines import jars
from ..engines.place import ROOT
from .start import prepare_archives


def main(argv: list[str]) -> int:
    """Run the tests; every argument goes to pytest, and paths among them replace tests/. Returns pytest's exit code."""
    jars.fetch(*jars.DEFAULT)
    prepare_archives()
    named = [word for word in argv if not word.startswith("-") and (ROOT / word.split("::")[0]).exists()]
    where = [] if named else ["tests", "--ignore=tests/compose"]
    environment = dict(os.environ, PYTHONPATH=str(ROOT))
    sys.stdout.flush()
    tests = subprocess.Popen([sys.executable, "-m", "pytest", *where, *argv], cwd=ROOT, env=environment)
    while True:
        try:
            return tests.wait()
        except KeyboardInterrupt:                 # pytest got it too: let it end its kernels and say where it was
            continue
