"""One room per pattern: truth.py (the right answers), scene.py (the world around it), lab.py (the lab's checks). Here truths are
defined and found; a room's truth.py imports nothing that asks for one."""
import importlib.util
import keyword
import pkgutil
import re

DEFINED = {}                               # {name: (function, whether datasets/golden.json holds its numbers)}


def room(slug: str) -> str:
    """The room's name of a notebook or lab: "cdc" for 12-cdc and 12-cdc-deeper; "lambda_" for 09-lambda, a word of Python's."""
    name = re.sub(r"^\d+-", "", slug).removesuffix("-deeper").replace("-", "_")
    return f"{name}_" if keyword.iskeyword(name) else name


def define(name: str, frozen: bool = False):
    """Makes a function (slice, **args) the truth called `name`; slice comes as a pair of dates (first and last local day).

    frozen=True: what it returns for day, week, month and year without arguments is held in datasets/golden.json.
    """
    def register(function):
        other = DEFINED.get(name, (function,))[0]
        if (other.__module__, other.__qualname__) != (function.__module__, function.__qualname__):
            raise ValueError(f"Two functions define the truth {name!r}, in {other.__module__} and {function.__module__}; "
                             "rename one of them.")
        DEFINED[name] = (function, frozen)
        return function
    return register


def find() -> dict:
    """All truths, DEFINED, after every room's truth.py is imported."""
    for room in pkgutil.iter_modules(__path__, __name__ + "."):
        if importlib.util.find_spec(f"{room.name}.truth"):
            importlib.import_module(f"{room.name}.truth")
    return DEFINED
