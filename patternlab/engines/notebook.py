"""What the kit does in a notebook's kernel: errors in plain words, a word on a file or package that is in the way, and the
streams of an interrupted cell are ended.

An error is a cause and one fix above a traceback that is cut to the notebook's own lines; `%tb` shows all of it. `install`
does it from the first name on that a cell imports from patternlab. In kernels of `kit.py start` it is there before the first
cell: STARTUP lies among IPython's startup files.
"""
import contextlib
import errno
import linecache
import re
import sys
import traceback

from . import cells, mistakes, running, shadows

STARTUP = """# laid by kit.py start: errors in plain words from the first cell on
from patternlab.engines import notebook as _patternlab
_patternlab.install()
"""
ENGINES = ("pyspark", "py4j", "kafka", "psycopg2")
BARE = re.compile(r"(?:External|Arrow|Cast|Parquet|Object Store|DataFusion|Generic)\b[^:\n]{0,20} error: ")


def install() -> None:
    """In a notebook, show errors by this module's rules; elsewhere, do nothing."""
    shell = cells.shell()
    if shell is None or getattr(shell, "_patternlab_errors", False):
        return
    shell.set_custom_exc((Exception, KeyboardInterrupt), _handler)
    shell.events.register("pre_run_cell", _begin)
    shell.events.register("post_run_cell", _end)
    shell._patternlab_errors = True


def arrive() -> None:
    """At the first name of the kit that a notebook's kernel asks for: `install`, and say what is in the way."""
    if cells.shell() is None:
        return
    install()
    from . import pins
    for file in shadows.hiding().values():
        print(f"Note: {shadows.said(file)}. Rename it and restart the kernel, or something fails far away from it.")
    with contextlib.suppress(Exception):                   # a lock that can't be read is the doctor's matter
        if said := pins.sentence():
            print(said)


# --- errors ---------------------------------------------------------------------------------------------------------
def explain(error: BaseException) -> "tuple[str, str] | None":
    """(what happened, the one thing to do) for an error of an engine or of the learner's own code; None where unknown."""
    said = mistakes.explain(error, mistakes.own_frames(error.__traceback__))
    if said is None and (_of_engine(error) or getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT)):
        from . import errors
        said = errors.translate(error)
    return said


def _of_engine(error) -> bool:
    names, step = [type(error).__module__], error.__traceback__
    while step and isinstance(error, ConnectionError):     # how a JVM that was killed is met
        names, step = [*names, step.tb_frame.f_globals.get("__name__", "")], step.tb_next
    return _of_delta_rs(error) or any(name.partition(".")[0] in ENGINES for name in names)


def _of_delta_rs(error) -> bool:
    """Its own errors, and the bare Exception that it raises in the middle of a query."""
    own = getattr(sys.modules.get("deltalake.exceptions"), "DeltaError", ())
    return isinstance(error, own) or type(error) is Exception and bool(BARE.match(str(error)))


def _lines(error) -> "list | None":
    """What is said of an error above the notebook's own lines; None: what Python says."""
    if type(error).__module__.startswith("psycopg2"):
        from . import postgres
        said = postgres.explain(error)
        return ([f"What happened: {said}"] if said else []) + [f"PostgreSQL's words: {str(error).strip()[:400]}"]
    if _own_sentence(error):
        return [str(error)]
    said, first = explain(error), _first_words(error)
    if said:
        whose = "The engine's" if _of_engine(error) else "Python's"
        return [f"What happened: {said[0]}", f"What to do: {said[1]}",
                f"{whose} words: {type(error).__name__}: {first[:200]} (%tb shows all of them)"]
    if not _of_engine(error):
        return [f"{_words(error)} (%tb shows all of it)"] if _is_deep(error) else None
    from . import spark
    log = None if _of_delta_rs(error) else spark.log_path()
    return [f"{type(error).__name__}: {first[:400]}", *([f"More is in {log}; %tb shows all of it."] if log else [])]


def _words(error) -> str:
    said = str(error).strip().splitlines()
    return f"{type(error).__name__}: {' '.join(map(str.strip, said[:4]))[:400]}".rstrip(": ")


def _is_deep(error) -> bool:
    """Whether Python's traceback would be long: it goes through a package or the kit, or through many functions."""
    own, step = [frame for frame, _ in mistakes.own_frames(error.__traceback__)], error.__traceback__
    while step and step.tb_frame not in own:               # IPython's
        step = step.tb_next
    below = 0
    while step:
        below, step = below + 1, step.tb_next
    return bool(own) and (below > len(own) or below > 8)


def _first_words(error) -> str:
    if not _of_engine(error):
        return (str(error).strip().splitlines() or [""])[0]
    from . import errors
    return errors.first_words(error)


def _own_sentence(error) -> bool:
    """Whether the kit itself refused, in whole sentences: NotProved, or a plain error that was raised in its code."""
    if type(error).__module__.startswith("patternlab."):
        return True
    step = mistakes.innermost(error)
    return (type(error) in (RuntimeError, MemoryError, ValueError, OSError, TimeoutError, ImportError) and step is not None
            and step.tb_frame.f_code.co_filename.startswith(str(shadows.ROOT / "patternlab")) and str(error).rstrip()[-1:] == ".")


def _own_lines(error) -> list:
    lines = [(frame, number, linecache.getline(frame.f_code.co_filename, number).strip())
             for frame, number in mistakes.own_frames(error.__traceback__)[-4:]]
    return [f"  line {number}, in {frame.f_code.co_name}: {line}" for frame, number, line in lines if line]


def _interrupt(error) -> "BaseException | None":
    """The interrupt that an error comes from: py4j often fails at what pyspark asks of it on the way out of the cell."""
    seen = error
    while seen is not None and not isinstance(seen, KeyboardInterrupt):
        seen = seen.__context__ if _of_engine(error) else None
    return seen


def _handler(shell, kind, error, trace, tb_offset=None):
    interrupt = _interrupt(error)
    if interrupt is not None:
        kind, error, trace = type(interrupt), interrupt, interrupt.__traceback__
    try:
        lines = _lines(error)
        if lines is None:                                  # a cell that Python can't read comes here before it runs
            return shell.showtraceback((kind, error, trace), running_compiled_code=bool(mistakes.own_frames(trace)))
    except Exception:                                      # such as an error whose str() fails: IPython would take us out
        lines, error = traceback.format_exception(kind, error, trace), RuntimeError("it can't be looked at")
    sys.last_type, sys.last_value, sys.last_traceback = kind, error, trace
    shown = [*lines, *_own_lines(error)]
    shell._showtraceback(kind, error, shown)
    return shown


# --- the streams of a cell ------------------------------------------------------------------------------------------
_before = None         # ids of the queries that ran when the cell began


def _active() -> list:
    """Spark's own objects of the queries that run; [] without a session or where its JVM does not answer."""
    try:
        return running.queries()
    except Exception:
        return []


def _begin(info) -> None:
    global _before
    _before = {query.id().toString() for query in _active()}


def _end(result) -> None:
    """After an interrupt: a query that the cell began would run on, and the cell could not be run again."""
    if _before is None or _interrupt(result.error_in_exec) is None:
        return
    for query in _active() or _active():                   # the first question may meet the connection that broke
        if query.id().toString() not in _before:
            named = " ".join(filter(None, ["the stream", query.name()]))
            with contextlib.suppress(Exception):
                query.stop()
                print(f"The cell was interrupted, and {named} that it began was stopped: it can be run again.")
