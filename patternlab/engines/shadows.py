"""Files beside a notebook that have the name of a module: `import kafka` takes kafka.py, and what follows fails far away."""
import os
import sys
from importlib.machinery import PathFinder
from pathlib import Path

from .place import ROOT


HARMLESS = {"test", "this", "antigravity", "idlelib", "turtledemo", "py"}     # nobody imports these for their work


def hiding(folder=None) -> dict:
    """{module: the file or package in `folder` (the current one) that hides a module of Python's or of a package}."""
    folder, found = Path(folder or os.getcwd()), {}
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return found
    if folder.resolve() == ROOT:                           # the checkout's own folder: patternlab is meant to be taken
        return found
    path = [place for place in sys.path if place and Path(place).resolve() not in (folder.resolve(), ROOT)]
    for entry in entries:
        name = entry.stem if entry.suffix == ".py" else entry.name if (entry / "__init__.py").is_file() else ""
        if name.isidentifier() and name not in HARMLESS and name not in sys.builtin_module_names and _elsewhere(name, path):
            found[name] = entry
    return found


def _elsewhere(name: str, path: list) -> bool:
    if name == "patternlab":
        return True
    spec = PathFinder.find_spec(name, path)
    return spec is not None and spec.origin is not None    # a folder without code has no origin, and hides nothing


def said(file: Path) -> str:
    """What a file of `hiding` does, as a part of a sentence."""
    owner = "Python's own module" if file.stem in sys.stdlib_module_names else "the package"
    return f"{file.name} in {file.parent.name or file.parent} hides {owner} {file.stem}"
