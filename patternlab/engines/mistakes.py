"""Errors of the learner's own Python, said in plain words: cause and one fix, or None where Python's words are best.

Nothing is imported here that a fresh kernel does not have: each kernel of `kit.py start` loads this before its first cell.
"""
import builtins
import difflib
import dis
import inspect
import os
import pkgutil
import re
import sys

from . import cells, shadows


def explain(error: BaseException, frames=()) -> "tuple[str, str] | None":
    """(what happened, the one thing to do) for an error of the learner's code; `frames`: the learner's, outermost first."""
    for look in (_field, _taken_names, _hidden_module, _unknown_name, _missing_module, _nothing, _attribute, _key, _call):
        said = look(error, frames)
        if said:
            return said
    return None


def own_frames(trace) -> list:
    """The frames of a traceback that are neither a package's nor the kit's nor Python's: [(frame, line number)]."""
    away, found = (str(shadows.ROOT / "patternlab"), os.path.dirname(os.__file__), "<frozen"), []
    while trace:
        name = trace.tb_frame.f_code.co_filename           # that of a module written in Cython is relative
        if not (name.startswith(away) or "site-packages" in name) and (os.path.isabs(name) or name[:1] == "<"):
            found.append((trace.tb_frame, trace.tb_lineno))
        trace = trace.tb_next
    return found


def innermost(error):
    """The last step of an error's traceback, where it was raised; None where it was not raised yet."""
    step = error.__traceback__
    while step and step.tb_next:
        step = step.tb_next
    return step


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
    # they give a column for a column: then their names are no cause, nor are they where a method's name is wrong
    if re.search(r"COLUMN_INTO_BOOL|'Column' object is not callable", str(error)):
        spark = []
    if "'Column' object" not in str(error):
        spark = [name for name in spark if name in reached or f"{name}()" in str(error)]
    if spark:
        listed = " and ".join(filter(None, [", ".join(spark[:-1]), spark[-1]]))
        return (f"{listed} {'are' if spark[1:] else 'is'} Spark's here, not Python's: an import such as `from "
                "pyspark.sql.functions import *` took the name.",
                f"Take it back, `from builtins import {', '.join(spark)}`, and write Spark's as F.{spark[0]}(...).")
    plain = sorted(name for name, value in used.items() if f"'{type(value).__name__}' object is not callable" in str(error))
    if plain and isinstance(error, TypeError):
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
    name = (error.name or "".join(re.findall(r"'(\w+)'", str(error))[:1])) if isinstance(error, NameError) else ""
    if not name:
        return None
    if type(error).__module__.startswith("pandas"):
        return f"The text of .query() or .eval() names `{name}`, and the frame has no such column.", \
            f"Correct the name; a variable of Python's is written @{name} there."
    if isinstance(error, UnboundLocalError):
        return f"The function gives {name} a value, so {name} is its own there, and it is asked for before that.", \
            "Give it a value first, or call the function's own one otherwise."
    known = {*(frames[-1][0].f_globals if frames else ()), *(frames[-1][0].f_locals if frames else ()), *dir(builtins)}
    near = difflib.get_close_matches(name, [each for each in known if not each.startswith("_")], 2, .7)
    where = cells.defines(name)
    if cells.fresh() and (where == "above" or where is None and not near):
        return (f"This kernel has not run the cells above, so it does not know `{name}`: it is new, after a restart or "
                "after a long rest.", "Run > Run All Above Selected Cell, then this cell again.")
    if where == "above":
        return f"`{name}` is made by a cell above, which this kernel has not run, or not as far as that.", \
            "Run > Run All Above Selected Cell, then this cell again."
    if where:
        return f"`{name}` is made by a cell further down, which this kernel has not run.", "Run that cell first."
    return f"Nothing is called `{name}` here" + (f"; near names: {', '.join(near)}." if near else "."), \
        "Correct the name, or run the cell that makes it."


def _missing_module(error, frames):
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return None
    package, _, rest = error.name.partition(".")
    if rest and package in sys.modules:
        return f"{error.name.rpartition('.')[0]} has no module {error.name.rpartition('.')[2]}.", "Correct the name."
    # whoever installs a name that was typed wrong may get what somebody else has put there
    known = {*sys.stdlib_module_names, *(found.name for found in pkgutil.iter_modules())}
    near = difflib.get_close_matches(package, known, 2, .8)
    return f"This kernel's Python has no module {package}" + (f"; near names: {', '.join(near)}." if near else "."), \
        "Correct the name." if near else f"Correct the name, or bring the package that has it: %pip install {package}"


def _nothing(error, frames):
    """A value that is None: most often what .show() or a function without return gave."""
    words = {AttributeError: r"'NoneType' object", TypeError: r"'NoneType' object (is not|cannot)|non-iterable NoneType|"
                                                             r"operand type\(s\).*'NoneType'|\(not \"NoneType\"\)"}
    if not re.search(words.get(type(error), "(?!)"), str(error)):
        return None
    return "A value in this line is None, where something else is needed.", \
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
    known = [*dir(kind), *getattr(error.obj, "__dict__", ()),
             *(getattr(error.obj, "columns", ()) if kind.__module__.startswith("pyspark") else ())]
    if name in known:                                      # it is there, and says itself why it can't be had
        return None
    near = difflib.get_close_matches(name, [each for each in known if not each.startswith("_")], 2)
    return (f"{kind.__name__} has no {name}; near names: {', '.join(near)}.", "Correct the name.") if near else None


def _listed(names) -> str:
    return ", ".join(map(str, list(names)[:8])) + (" ..." if len(names) > 8 else "")


def _key(error, frames):
    if not isinstance(error, KeyError) or not error.args:
        return None
    key, step = error.args[0], innermost(error)
    if frames and step.tb_frame is frames[-1][0]:          # no function was in between: a lookup in brackets, or a raise
        done = [each for each in dis.get_instructions(step.tb_frame.f_code) if each.offset == step.tb_lasti]
        if not any(each.opname in ("BINARY_SUBSCR", "DELETE_SUBSCR") or "[]" in each.argrepr for each in done):
            return None
        key = key.item() if hasattr(type(key), "item") else key            # numpy's
        return f"The dict has no key {key!r}.", "Correct the key; .get(key) gives None where there is none."
    inner, step, own = [], error.__traceback__, [frame for frame, _ in frames]
    while step:                                            # pandas' functions below the learner's last line
        frame, step = step.tb_frame, step.tb_next
        of_pandas = "pandas/core/" in frame.f_code.co_filename.replace("\\", "/") and "self" in frame.f_locals
        inner = [] if frame in own else [*inner, frame] if of_pandas else inner
    return next(filter(None, (_row(key, frame) for frame in inner)), None) or _column(key, inner)


def _field(error, frames):
    """A field that a Row of Spark's has not, asked for in brackets or by a point."""
    step = innermost(error)
    given = step.tb_frame.f_locals if step and step.tb_frame.f_code.co_name in ("__getitem__", "__getattr__") else {}
    row, name = given.get("self"), given.get("item")
    if not hasattr(type(row), "asDict") or not isinstance(name, str):
        return None
    return f"The row has no field {name!r}; it has {_listed(getattr(row, '__fields__', ()))}.", \
        "Correct the name; .asDict() shows what there is."


def _row(key, frame):
    """What is said of a label that one of pandas' functions which look for a row did not find."""
    given, done = frame.f_locals, frame.f_code.co_name
    asked = {"_get_label": given.get("label"), "_get_value": given.get("index", given.get("label")), "xs": given.get("key")}
    if done not in asked or asked[done] is not key or given.get("axis", 0) != 0:
        return None
    table = getattr(given["self"], "obj", given["self"])
    if key in table.index:
        return None
    return (f"No row of the {type(table).__name__} has the label {key!r}; the labels are {_listed(table.index)}.",
            "Correct the label; .index shows what there is, and .iloc counts.")


def _column(key, inner):
    """What is said of columns that pandas did not find, where the first of its functions is one of a frame or its groups."""
    table = getattr(inner[0].f_locals["self"], "obj", inner[0].f_locals["self"]) if inner else None
    rows = any(frame.f_locals.get("axis_num", frame.f_locals.get("axis")) in (0, "index") for frame in inner
               if frame.f_code.co_name in ("_drop_axis", "_get_label", "xs", "_getitem_iterable"))
    if rows or not hasattr(table, "columns"):
        return None
    names, found = [key], re.match(r"Columns? not found: (.*)|Column\(s\) (\[.*\]) do not|None of (.*) are in .*columns"
                                   r"|(\[.*\]) not (?:in index|found in axis)", key) if isinstance(key, str) else None
    if found:
        listed = re.sub(r", dtype=.*", "", next(filter(None, found.groups())))
        names = re.findall(r"'([^']*)'", listed) or [listed]
    elif not isinstance(key, (str, int)) or str(key).startswith("None of ["):
        return None
    lacking = [name for name in names if name not in table.columns]
    return (f"The frame has no column {' and no '.join(map(repr, lacking))}; it has {_listed(table.columns)}.",
            "Correct the name; .columns shows what there is.") if lacking else None


def _call(error, frames):
    if not isinstance(error, TypeError):
        return None
    if "'Column' object is not callable" in str(error):
        return "A column has no method of that name.", "Correct the name; most functions are called as F.name(column)."
    found = re.match(r"(\w+)\(\) (?:missing \d+ required|takes .*but \d+ (?:was|were) given|got (?:an unexp|mult))",
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
