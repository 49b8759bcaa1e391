"""The verbs of the kit: which module answers each, the help, and how failures become one sentence."""
# kit.py reads HELP with whatever Python it was started with: keep the top of this file to what Python 3.6 can parse.
import difflib
import importlib
import os
import sys
import time
import traceback

VERBS = {  # verb: (module below commands/, function, what it does)
    "start": ("start", "main", "lay your desk, fetch what is missing, open JupyterLab on it"),
    "test": ("tests", "main", "run every test on real engines (--changed: what your change touches; or pytest's: -k kafka)"),
    "doctor": ("doctor", "main", "look at everything the kit needs; say what is wrong and the one thing to do"),
    "fetch": ("fetch", "main", "download the engines' jars ahead (fetch all: what only one lesson needs too)"),
    "pack": ("fetch", "pack", "put packages and jars into a folder, for machines with no or bad network"),
    "update": ("desk", "update", "bring new versions of the notebooks and labs that you have not changed"),
    "reset": ("desk", "reset", "restore one file (reset labs/03) or one exercise (reset labs/03 2)"),
    "kernel": ("kernel", "main", "let VS Code or another Jupyter run the notebooks (--install, --remove)"),
    "clean": ("clean", "main", "empty the state folder (--progress: lab progress too; --venv: the environment too)"),
    "build": ("build", "main", "make notebooks/ and labs/ from source/"),
    "site": ("site", "main", "make pages of all lessons, executed, and of all labs: to look at before installing"),
    "bench": ("bench", "main", "measure the kit on this machine"),
    "stack": ("stack", "main", "run the kit on containers: stack up, stack down, stack test"),
}

WITHOUT_ENVIRONMENT = {"stack"}  # standard library only: who has containers needs no .venv

HELP = "\n".join([
    "Data-architecture patterns on real engines, in notebooks and labs.",
    "",
    "  python3 kit.py start     begin here; the first time it makes the environment (a few minutes)",
    "  python3 kit.py test      see everything tested",
    "",
    "All verbs (each explains itself with --help):",
] + ["  {:<8} {}".format(verb, what) for verb, (_, _, what) in VERBS.items()])


def main(argv):
    """Run one verb; returns the exit code. Failures that are sentences are printed as such, others leave a log."""
    if not argv or argv[0] in ("-h", "--help", "help"):
        return _print_help()
    verb, rest = argv[0], argv[1:]
    if verb not in VERBS:
        near = difflib.get_close_matches(verb, VERBS, 1)
        print("kit.py has no verb {!r}{}; `python3 kit.py` lists them.".format(
            verb, " (did you mean {}?)".format(near[0]) if near else ""), file=sys.stderr)
        return 2
    module, function, _ = VERBS[verb]
    try:
        return getattr(importlib.import_module("patternlab.commands." + module), function)(rest)
    except KeyboardInterrupt:
        print("\nInterrupted. Nothing is half done: start again and it goes on.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        return _nobody_reads()
    except Exception as error:
        return _report(verb, error)


def _print_help():
    try:
        print(HELP, flush=True)
    except BrokenPipeError:
        return _nobody_reads()
    return 0


def _nobody_reads():
    """The reader of a pipe has gone (kit.py doctor | head): what is left goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


def _report(verb, error):
    if isinstance(error, OSError):
        from .engines import owner
        said = owner.problem()
        if said:
            print(said, file=sys.stderr)
            return 1
    own = type(error).__module__.startswith("patternlab.")
    if own or type(error) in (RuntimeError, MemoryError, ValueError, OSError):
        print(str(error), file=sys.stderr)
        return 1
    from .engines.place import state
    try:
        log = state("logs") / "kit-{}.log".format(time.strftime("%Y%m%d-%H%M%S"))
        log.write_text(traceback.format_exc(), encoding="utf-8")
        where = "the details are in {}".format(log)
    except OSError:
        where = traceback.format_exc()
    print("kit.py {} failed: {}: {} ({}). Run `python3 kit.py doctor`.".format(
        verb, type(error).__name__, error, where), file=sys.stderr)
    return 1
