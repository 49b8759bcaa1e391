"""What a kernel knows of its notebook: whether its first cells have run, and which cell makes a name."""
import ast
import json
import os
import sys

_arrived = False                     # a name of the kit was imported by a cell


def shell():
    """IPython's shell where this process is a notebook's kernel, else None."""
    found = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return found if hasattr(found, "kernel") else None


def arrive() -> bool:
    """Note that a cell asked for the kit; whether it is the first of this kernel to do so."""
    global _arrived
    first, _arrived = not _arrived, True
    return first


def fresh() -> bool:
    """Whether this is a notebook's kernel that has not run the set-up cell."""
    return shell() is not None and not _arrived


def defines(name: str) -> "str | None":
    """"above" or "below": where the notebook has a cell that makes `name`, seen from the cell that runs; "" where none does.

    A Jupyter server names the notebook in JPY_SESSION_NAME; None where there is no such file to look into.
    """
    try:
        with open(os.environ.get("JPY_SESSION_NAME", ""), encoding="utf-8") as file:
            found = json.load(file)["cells"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    running, where = _running(), "above"
    for cell in found:
        if cell.get("id") == running:
            where = "below"
        elif cell.get("cell_type") == "code" and name in _made("".join(cell.get("source", ""))):
            return where
    return ""


def _running() -> "str | None":
    kernel = getattr(shell(), "kernel", None)
    parent = kernel.get_parent("shell") if kernel is not None else None
    return (parent or {}).get("metadata", {}).get("cellId")


def _made(code: str) -> set:
    """The names that a cell gives a value on its own level: assignments, imports, functions, classes, loops."""
    lines = ["pass" if line.lstrip()[:1] in ("%", "!") else line for line in code.splitlines()]
    try:
        waiting, names = [ast.parse("\n".join(lines))], set()
    except SyntaxError:
        return set()
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).partition(".")[0])
        if not isinstance(node, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            waiting += ast.iter_child_nodes(node)
    return names
