"""Errors of the learner's own Python, said in plain words: cause and one fix, or None where Python's words are best.

Nothing is imported here that a fresh kernel does not have: each kernel of `kit.py start` loads this before its first cell.
"""
import builtins
import difflib
import dis
import inspect
import os
import re
import sys

from . import cells, shadows


def explain(error: BaseException, frames=()) -> "tuple[str, str] | None":
    """(what happened, the one thing to do) for an error of the learner's code; `frames`: the learner's, outermost first."""
    for look in (_taken_names, _hidden_module, _unknown_name, _missing_module, _nothing, _attribute, _key, _call):
        said = look(error, frames)
        if said:
            return said
    return None


def own_frames(trace) -> list:
    """The frames of a traceback that are neither a package's nor the kit's nor Python's: [(frame, line number)]."""
    away, found = (str(shadows.ROOT / "patternlab"), os.path.dirname(os.__file__), "<frozen"), []
    while trace:
        name = trace.tb_frame.f_code.co_filename
        if not (name.startswith(away) or "site-packages" in name or name.endswith((".pyx", ".pxi"))):     # Cython's
            found.append((trace.tb_frame, trace.tb_lineno))
        trace = trace.tb_next
    return found


def _taken_names(error, frames):
    """Names of Python's that the notebook gave to something else; Spark's functions first among them."""
    if not isinstance(error, (TypeError, ValueError, AttributeError)):
        return None
    python = vars(builtins)
    used = {name: frame.f_globals[name] for frame, _ in frames for name in _called(frame.f_code)
            if name in python and frame.f_globals.get(name, python[name]) is not python[name]}
    spark = sorted(name for name, value in used.items() if str(getattr(value, "__module__", "")).startswith("pyspark."))
    reached, step = set(), error.__traceback__
    while step:
        reached, step = reached | {step.tb_frame.f_code.co_name}, step.tb_next
    if not re.search(r"'Column' object|COLUMN_INTO_BOOL", str(error)):         # a column is what they give
        spark = [name for name in spark if name in reached or f"{name}()" in str(error)]
    if spark:
        listed = " and ".join(filter(None, [", ".join(spark[:-1]), spark[-1]]))
        return (f"{listed} {'are' if spark[1:] else 'is'} Spark's here, not Python's: an import such as `from "
                "pyspark.sql.functions import *` took the name.",
                f"Take it back, `from builtins import {', '.join(spark)}`, and write Spark's as F.{spark[0]}(...).")
    plain = sorted(name for name, value in used.items() if not callable(value))
    if plain and isinstance(error, TypeError) and "not callable" in str(error):
        return f"The notebook gave the name {plain[0]} to a value, so Python's {plain[0]}() is gone here.", \
            f"Run `del {plain[0]}` in a cell, and call the value otherwise."
    return None


def _called(code) -> set:
    """The names that a piece of code looks up, those of attributes left out."""
    return {step.argval for step in dis.get_instructions(code) if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")}


def _hidden_module(error, frames):
    """A file beside the notebook that was taken for a module."""
    text, asked = str(error), (error.name or "") if isinstance(error, ImportError) else ""
    if type(error).__module__.startswith(("py4j", "pyspark")):
        from . import errors
        text = errors.described(error)
        if "Python worker" not in text and "Traceback" not in text:
            return None
    elif not isinstance(error, (ImportError, AttributeError)):
        return None
    for name, file in shadows.hiding().items():
        if asked.partition(".")[0] == name or str(file) in text or re.search(rf"(module|from|named) '{name}\b", text):
            return f"{shadows.said(file)}, so Python took your file instead.", \
                f"Rename {file.name}, restart the kernel and run the notebook from the top."
    return None


def _unknown_name(error, frames):
    if not isinstance(error, NameError):
        return None
    name = error.name or (re.search(r"'(\w+)'", str(error)) or " ?")[1]
    if isinstance(error, UnboundLocalError):
        return f"The function gives {name} a value, so {name} is its own there, and it is asked for before that.", \
            "Give it a value first, or call the function's own one otherwise."
    where = cells.defines(name)
    if where == "above" or where is None and cells.fresh():
        return (f"This kernel has not run the cells above, so it does not know `{name}`: it is new, after a restart or "
                "after a long rest.", "Run > Run All Above Selected Cell, then this cell again.")
    if where:
        return f"`{name}` is made by a cell further down, which this kernel has not run.", "Run that cell first."
    known = {*(frames[-1][0].f_globals if frames else ()), *(frames[-1][0].f_locals if frames else ()), *dir(builtins)}
    near = difflib.get_close_matches(name, [each for each in known if not each.startswith("_")], 2, .7)
    return f"Nothing is called `{name}` here" + (f"; near names: {', '.join(near)}." if near else "."), \
        "Correct the name, or run the cell that makes it."


def _missing_module(error, frames):
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return None
    return f"This kernel's Python has no module {error.name}.", \
        f"Correct the name, or bring the package that has it: %pip install {error.name.partition('.')[0]}"


def _nothing(error, frames):
    """A value that is None: most often what .show() or a function without return gave."""
    words = {AttributeError: r"'NoneType' object", TypeError: r"'NoneType' object (is not|cannot)|non-iterable NoneType|"
                                                             r"operand type\(s\).*'NoneType'|\(not \"NoneType\"\)"}
    if not re.search(words.get(type(error), "(?!)"), str(error)):
        return None
    return "A value in this line is None: the call that made it returned nothing.", \
        "Look where it was made: .show() and a function without `return` give None."


def _attribute(error, frames):
    if not isinstance(error, AttributeError) or not error.name or error.obj is None or inspect.ismodule(error.obj):
        return None
    kind, name = type(error.obj), error.name
    spark = getattr(sys.modules.get("pyspark.sql"), "DataFrame", None)
    if kind.__module__.startswith("pandas") and hasattr(spark, name):
        return f"This is a frame of pandas, and {name} is a method of Spark's frames.", \
            "Call it before .toPandas(), or do it in pandas' way."
    if kind.__module__.startswith("pandas") and hasattr(error.obj, "columns"):
        return (f"The frame has neither a column nor a method called {name}; its columns are {_listed(error.obj.columns)}.",
                "Correct the name.")
    known = [*dir(kind), *(getattr(error.obj, "columns", ()) if kind.__module__.startswith("pyspark") else ())]
    near = difflib.get_close_matches(name, [each for each in known if not each.startswith("_")], 2)
    return (f"{kind.__name__} has no {name}; near names: {', '.join(near)}.", "Correct the name.") if near else None


def _listed(names) -> str:
    return ", ".join(map(str, list(names)[:8])) + (" ..." if len(names) > 8 else "")


def _key(error, frames):
    if not isinstance(error, KeyError) or not error.args:
        return None
    step = error.__traceback__
    while step:
        frame, step = step.tb_frame, step.tb_next
        if frame.f_code.co_filename.replace("\\", "/").endswith("pandas/core/frame.py") and "self" in frame.f_locals:
            return f"The frame has no column {error.args[0]!r}; it has {_listed(frame.f_locals['self'].columns)}.", \
                "Correct the name; .columns shows what there is."
    if frames and frame is frames[-1][0]:
        return f"The dict has no key {error.args[0]!r}.", "Correct the key; .get(key) gives None where there is none."
    return None


def _call(error, frames):
    if not isinstance(error, TypeError):
        return None
    if "'Column' object is not callable" in str(error):
        return "A column has no method of that name.", "Correct the name; most functions are called as F.name(column)."
    found = re.match(r"(?:\w+\.)*(\w+)\(\) (?:missing \d+ required|takes .*but \d+ (?:was|were) given|got (?:an unexp|mult))",
                     str(error))
    homes = [frame.f_globals for frame, _ in reversed(frames) if found and found[1] in frame.f_globals]
    function = homes[0][found[1]] if homes else None
    if not callable(function):
        return None
    try:
        call = f"{found[1]}{inspect.signature(function)}"
    except (TypeError, ValueError):                        # some functions that are written in C do not say
        return None
    return f"The function is {call}, and it was called with other arguments.", "Give it the arguments that it takes."
