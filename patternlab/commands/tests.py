"""`kit.py test`: fetch what is missing, then pytest on tests/ (all but tests/compose, which is `kit.py stack test`)."""
import contextlib
import os
import shutil
import subprocess
import sys

from ..engines import environment, jars, kernels, spares
from ..engines.place import ROOT, state
from . import changed, executed
from .start import prepare_archives

TWO_NEED = 6e9          # bytes: two notebooks with all their engines, and pytest


def main(argv: list[str]) -> int:
    """Run the tests; every argument goes to pytest, and paths among them replace tests/. Returns pytest's exit code.

    Without arguments it is a whole run, and when all has passed the site (`kit.py site`) is made of the notebooks' runs: then
    the exit code says too whether every page is there and right.

    --changed runs what a change since the main branch can touch, and says why. Two notebooks run at a time, because one
    spends half its time waiting; -n 0 or -n 4 asks for another number.
    """
    argv, whole = list(argv), not argv
    if "--changed" in argv:
        argv.remove("--changed")
        groups, lines = changed.choose(ROOT)
        print("\n".join(lines))
        if not groups:
            return 0
        argv.append(f"--groups={','.join(groups)}")
    jars.fetch(*jars.DEFAULT)
    prepare_archives()
    named = [word for word in argv if not word.startswith("-") and (ROOT / word.split("::")[0]).exists()]
    where = [] if named else ["tests", "--ignore=tests/compose"]
    given = environment.child()
    two = os.cpu_count() > 1 and kernels.available() > TWO_NEED and not {"--pdb", "--trace"} & set(argv)
    apart = ["-n", "2" if two else "0", "--dist", "loadgroup", "--no-loadscope-reorder"]       # a later -n wins
    sys.stdout.flush()
    everything = not [word for word in argv if not word.startswith("-")]
    if whole:
        executed.forget()                         # the site is of this run, not of an earlier one
    # two JVMs serve all kernels of the run one after another; what exercises them are the notebooks
    folder = state("spares") / f"tests-{os.getpid()}"
    given["PATTERNLAB_SPARES"] = str(folder)
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        if spares.wanted():
            stack.enter_context(spares.Keeper(folder, keep=2, most=2, rounds=0, users=15, busy=True, ahead=everything))
        tests = subprocess.Popen([sys.executable, "-m", "pytest", *where, *apart, *argv], cwd=ROOT, env=given)
        while True:
            try:
                code = tests.wait()
                break
            except KeyboardInterrupt:             # pytest got it too: let it end its kernels and say where it was
                continue
    return _site() if whole and code == 0 else code


def _site() -> int:
    """Make the site of the runs that the tests have kept; 1 where a page is missing or wrong."""
    from . import site
    print("site: pages of the notebooks as they ran in these tests, and of the labs", flush=True)
    try:
        return site.make(state("site"), *site.shipped())
    except site.SiteError as error:
        print(error, file=sys.stderr)
        return 1
