"""How long a learner's code may take in a check, and what `exit()` does there: each ends in a sentence, none in a dead kernel.

A check runs in the kernel's main thread, so a timer can stop it between two steps of Python; one long step that is written in
C can't be stopped, nor can `os._exit`. In other threads, and on Windows, there is no limit.
"""
import contextlib
import signal
import sys
import threading
import time

from ..engines import running
from .outcomes import Ended

CALL, CHECK = 10.0, 120.0      # seconds of one call of the learner's function, and of a check as a whole
TICK = 0.25

_limits = []                   # those that run, outermost first
_last = 0.0                    # the last tick


class Halted(BaseException):
    """Raised in the learner's code to end it; no `except Exception` catches it, and an `except:` that does meets it again."""


class _Limit:
    def __init__(self, seconds: float, what: str):
        self.seconds, self.left, self.caught, self.what = seconds, seconds, False, what


@contextlib.contextmanager
def limited(seconds: float = CALL, given=lambda: "no arguments", what: str = "Your function did not return"):
    """A block of the learner's code: Ended, with the input that given() describes, where it takes longer or calls exit()."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return
    limit, outermost = _Limit(seconds, what), not _limits
    _limits.append(limit)
    try:
        try:
            with _watched() if outermost else contextlib.nullcontext():
                yield
        finally:
            _limits.remove(limit)
    except Halted as halted:
        _cancel_jobs()
        raise Ended(str(halted), f"input: {given()}") from None
    except SystemExit:
        raise Ended(LEAVES.format("sys.exit()"), f"input: {given()}") from None


LEAVES = "Your code calls {}, which ends Python. Leave it out: a function ends with return, and an error with raise."


@contextlib.contextmanager
def _watched():
    """The timer runs, and IPython's exit() and quit() raise Halted instead of ending the kernel."""
    global _last
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    traced, before, _last = sys.gettrace(), signal.signal(signal.SIGALRM, _tick), time.monotonic()
    if shell is not None:
        shell.ask_exit = _leave
    signal.setitimer(signal.ITIMER_REAL, TICK, TICK)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        sys.settrace(traced)
        if shell is not None:
            del shell.ask_exit


def _leave() -> None:
    raise Halted(LEAVES.format("exit()"))


def _tick(number, frame) -> None:
    global _last
    passed, _last = min(time.monotonic() - _last, 4 * TICK), time.monotonic()    # a lid that was closed is one tick
    for limit in _limits:
        limit.left -= passed
    late = next((limit for limit in _limits if limit.left <= 0), None)
    if late is None:
        return
    halted = Halted(f"{late.what} within {late.seconds:.0f} s. Look for a loop that never ends, or for work that is done again "
                    "and again.")
    if late.caught:
        _insist(frame, halted)
    late.caught = True
    raise halted


def _insist(frame, halted) -> None:
    """Raise again at the next line: code with an `except:` around a loop's body has caught the one before."""
    def trace(frame, event, arg):
        if event == "line":
            raise halted
        return trace

    while frame is not None and frame.f_globals.get("__package__") != __package__:
        frame.f_trace, frame = trace, frame.f_back
    sys.settrace(lambda *_: None)


def _cancel_jobs() -> None:
    """What the learner's code asked of Spark would go on."""
    context = running.context()
    if context is not None:
        with contextlib.suppress(Exception):
            context.cancelAllJobs()
