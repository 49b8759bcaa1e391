"""The names that notebooks import, and nothing else; each is loaded when it is first asked for."""
import importlib

from .truth import truth  # eager: the submodule of the same name would take the function's place otherwise

_HOME = {"spark_session": "session", "kafka": "session", "postgres": "session", "connect": "session", "workspace": "session",
         "dataset": "flights", "events": "flights", "replay": "flights",
         "faults": "faults", "crash_after": "faults", "torn": "faults",
         "prove": "proof", "measure": "proof", "progress": "proof", "scoreboard": "proof",
         "plane": "figures", "Lab": "lab"}
__all__ = sorted([*_HOME, "truth"])


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"patternlab has no {name!r}; it has: {', '.join(__all__)}.")
    module = importlib.import_module(f"{__name__}.{_HOME[name]}")
    value = globals()[name] = module if name == _HOME[name] == "faults" else getattr(module, name)
    return value


def __dir__():
    return __all__
