"""The names that notebooks import, and nothing else; each is loaded when it is first asked for."""
import importlib

from .engines import cells, environment, notebook
from .truth import truth  # eager: the submodule of the same name would take the function's place otherwise

_MODULES = {"session": "spark_session kafka postgres connect objectstore instance instances workspace open_schema",
            "tables": "look", "lab": "Lab", "flights": "dataset events replay", "faults": "faults crash_after torn",
            "engines.programs": "killed", "engines.lineage": "emitted",
            "proof": "prove measure progress scoreboard", "event_plane": "plane",
            "figures": "bars lines steps waterfall timeline", "streams": "emptied finish"}
_HOME = {name: module for module, names in _MODULES.items() for name in names.split()}
__all__ = sorted([*_HOME, "truth"])


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"patternlab has no {name!r}; it has: {', '.join(__all__)}.")
    if cells.arrive():                                     # once: what a cell sets later is meant
        environment.apply()
        notebook.arrive()
    module = importlib.import_module(f"{__name__}.{_HOME[name]}")
    value = globals()[name] = module if name == _HOME[name] == "faults" else getattr(module, name)
    return value


def __dir__():
    return __all__
