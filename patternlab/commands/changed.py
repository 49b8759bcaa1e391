"""`kit.py test --changed`: which groups of tests a change can touch, and why. Read from the files, nothing is run.

A group is what tests/conftest.py keeps together: "notebook 03-medallion", "lab 03-medallion" or a file of tests ("test_kit").
It is touched when a changed file is among its own files or among those that they use: what they import, also inside of
functions and of programs in strings; the engines and truths that they name; the files whose names they hold.
A help for people at work: what a program finds out only while it runs is not seen. Before a change lands everything runs.
"""
import ast
import re
import subprocess
from pathlib import Path

from .. import patterns

ALWAYS = ("test_style",)                   # seconds, and it reads every file
EVERYTHING = ("requirements.lock", "pyproject.toml", "tests/conftest.py", "tests/seconds.py")
READ = {"test_docs": ("docs/", "README.md", "source/notebooks/", "notebooks/", "labs/"),     # what a test finds by looking
        "test_course": ("docs/", "source/course.json", "source/seconds.json", "source/notebooks/", "notebooks/", "labs/"),
        "test_vignettes": ("source/notebooks/",),
        "test_data": ("datasets/", "patternlab/patterns/"), "notebook 00-start-here": ("source/pictures/map.json",)}
PICTURES = ("source/pictures/",)           # looked at by test_style, which always runs
CONTAINERS = ("tests/compose/", "docker/", "docker-compose.yml", "Dockerfile", ".dockerignore", ".ci/stack/")
QUIET = (".ci/", ".devcontainer/", ".gitignore", "LICENSE", "docs/", "README.md", "CONTRIBUTING.md", "requirements.in")
LINES = 12                                 # of changed files that are shown


def choose(root: Path) -> tuple:
    """(groups that the changes of the checkout touch, lines that say why). RuntimeError where git can't tell."""
    base, name = _base(root)
    changed = sorted(set(_git(root, "diff", "--name-only", "--no-renames", "--relative", "-z", base).split("\0"))
                     | set(_git(root, "ls-files", "--others", "--exclude-standard", "-z").split("\0")) - {""})
    changed = [file for file in changed if file]
    if not changed:
        return [], [f"Nothing has changed since {base[:8]} ({name})."]
    files = {file for file in _git(root, "ls-files", "-z").split("\0") if file} | set(changed)
    touched = touches(root, files, changed)
    chosen = sorted({group for groups in touched.values() for group in groups})
    every = groups({file for file in files if (root / file).exists()})
    lines = [f"{len(changed):,} files have changed since {base[:8]} ({name}); they touch {len(chosen)} of {len(every)} groups:"]
    for file, mine in sorted(touched.items(), key=lambda entry: -len(entry[1]))[:LINES]:
        said = "everything" if len(mine) == len(every) else ", ".join(_short(mine, every))
        lines.append(f"  {file} -> {said}" + (" (and kit.py stack test, which is not run here)" if _in(file, CONTAINERS) else ""))
    return chosen, lines + [f"  ... and {len(changed) - LINES} more files"] * (len(changed) > LINES)


def _short(mine, every) -> list:
    """The names of some groups, with all notebooks and all labs in two words each."""
    said = []
    for kind in ("notebook ", "lab "):
        those = [group for group in mine if group.startswith(kind)]
        whole = len(those) > 2 and len(those) == sum(group.startswith(kind) for group in every)
        said += [f"all {kind.strip()}s"] if whole else those
    return said + [group for group in mine if group.startswith("test_")]


def groups(files) -> dict:
    """{group: its own files} of a checkout with these files."""
    found = {}
    for file in sorted(files):
        path = Path(file)
        if file.startswith(("source/notebooks/", "source/labs/")) or re.fullmatch(r"source/template-\w+\.py", file):
            kind = "labs" if "labs" in path.parts or path.stem == "template-lab" else "notebooks"
            room = patterns.room(path.stem)                 # what belongs to a pattern is called like it
            special = f"tests/notebooks/test_{path.stem.replace('-', '_')}.py"
            own = {file, f"{kind}/{path.stem}.ipynb", f"tests/test_{kind}.py", *([special] if kind == "notebooks" else [])}
            own |= {other for other in files if other.startswith("patternlab/") and room in Path(other).with_suffix("").parts}
            found[f"{kind[:-1]} {path.stem}"] = own & set(files)
        elif re.fullmatch(r"tests/test_\w+\.py", file) and path.stem not in ("test_notebooks", "test_labs"):
            found[path.stem] = {file}
    return found


def touches(root: Path, files: set, changed: list) -> dict:
    """{changed file: the groups that it touches, sorted}; a file that no rule knows touches all of them."""
    uses, every = uses_of(root, files), groups({file for file in files if (root / file).exists()})
    closures = {group: _closure(own, uses) for group, own in every.items()}
    touched = {}
    for file in changed:
        mine = {group for group, closure in closures.items() if file in closure}
        mine |= {group for group, places in READ.items() if group in every and _in(file, places)}
        known = mine or _in(file, CONTAINERS) or _in(file, (*QUIET, *PICTURES)) or not (root / file).exists()
        touched[file] = sorted(every if _in(file, EVERYTHING) or not known else mine | set(ALWAYS) & set(every))
    return touched


def uses_of(root: Path, files: set) -> dict:
    """{file: the files that it uses directly} for every Python file, notebook source and JSON file."""
    named, defined, lazy = {}, {}, _lazy(root)
    for file in files:
        if not _in(file, (*CONTAINERS, *PICTURES)) and not file.endswith(".ipynb"):
            named.setdefault(Path(file).name, set()).add(file)
        if file.startswith("patternlab/") and (root / file).suffix == ".py" and (root / file).exists():
            for truth in re.findall(r"\bdefine\(\s*[\"'](\w+)[\"']", (root / file).read_text("utf-8")):
                defined[truth] = file
    found = {}
    for file in files:
        path = root / file
        if path.suffix not in (".py", ".json") or not path.exists():
            continue
        text, mine = path.read_text("utf-8"), set()
        if path.suffix == ".json":
            words = set(re.findall(r'"([\w./-]+\.\w+)"', text))
        else:
            modules, words = _read(text)
            for module, names, level in modules:
                mine |= _resolved(file, module, names, level, files, lazy)
        mine |= {other for word in words for other in named.get(word.rpartition("/")[2], ()) if other.endswith(word)}
        mine |= {defined[truth] for truth in re.findall(r"\btruth\(\s*[\"'](\w+)[\"']", text) if truth in defined}
        found[file] = mine - {file}
    return found


def _read(text: str) -> tuple:
    """(modules, words) of a program: [(module, names taken from it, dots before it)], and the names of files in it."""
    modules, words = [], set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            modules += [(alias.name, [], 0) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules.append((node.module or "", [alias.name for alias in node.names], node.level))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if re.fullmatch(r"[\w./-]+\.\w+", node.value):
                words.add(node.value)
                modules.append((node.value.lstrip("."), [], node.value.startswith(".") * 1))       # import_module(".a.b")
            elif re.fullmatch(r"patternlab(\.\w+)*\.", node.value):          # import_module("patternlab.commands." + verb)
                modules.append((node.value.rstrip("."), ["*"], 0))
            elif "import " in node.value:
                inner = _program(node.value)
                modules += inner[0]
                words |= inner[1]
    return modules, words


def _program(text: str) -> tuple:
    """The same of a string that may be a program; the lines that import where it does not parse as a whole."""
    try:
        return _read(text)
    except SyntaxError:
        lines = re.findall(r"\bfrom (patternlab[.\w]*) import ([\w, ]+)", text)
        return [(module, re.split(r"[, ]+", names), 0) for module, names in lines], set()


def _resolved(file: str, module: str, names: list, level: int, files: set, lazy: dict) -> set:
    """The files of the checkout that one import takes; packages on the way to a module are imported too."""
    parts = [*Path(file).parts[:-level], *filter(None, module.split("."))] if level else module.split(".")
    beside = [[*folder, *parts] for folder in (Path(file).parts[:-1], ["tests"], ["datasets"])]
    homes = [parts] if parts[:1] == ["patternlab"] else beside
    found = set()
    for home in homes:
        for step in range(1, len(home) + 1):
            found |= _module(home[:step], files)
        for name in names:
            found |= _module([*home, name], files)
            if name == "*":
                found |= {other for other in files if other.startswith("/".join(home) + "/") and other.endswith(".py")}
            if home == ["patternlab"]:             # its names come when asked for, and a session's names are engines
                found |= {other for place in lazy.get(name, ()) for other in _module(["patternlab", *place], files)}
    return found


def _module(parts: list, files: set) -> set:
    return {f"{'/'.join(parts)}.py", f"{'/'.join(parts)}/__init__.py"} & files


def _lazy(root: Path) -> dict:
    """{name: the modules that it needs} of what patternlab offers lazily: see patternlab/__init__.py and session.py."""
    text = (root / "patternlab/__init__.py").read_text("utf-8") if (root / "patternlab/__init__.py").exists() else ""
    table = re.search(r"^_MODULES = (\{.*?\})", text, re.M | re.S)
    homes = {name: [(module,)] for module, names in ast.literal_eval(table[1] if table else "{}").items()
             for name in names.split()}
    for name, mine in homes.items():
        mine.append(("engines", name))             # session.py starts an engine by its name
    homes.get("connect", []).append(("engines", "kafka"))         # Connect works on the kernel's broker
    return homes


def _closure(own: set, uses: dict) -> set:
    found, waiting = set(), list(own)
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting += uses.get(file, ())
    return found


def _in(file: str, places) -> bool:
    return any(file == place or place.endswith("/") and file.startswith(place) for place in places)


def _base(root: Path) -> tuple:
    """(commit, its name) that the work began at: where it left the main branch, else the last commit."""
    for branch in ("origin/HEAD", "origin/main", "origin/master", "main", "master"):
        done = _run(root, "merge-base", "HEAD", branch)
        if done.returncode == 0:
            return done.stdout.strip(), branch
    return _git(root, "rev-parse", "--verify", "HEAD").strip(), "the last commit: there is no branch main"


def _git(root: Path, *words: str) -> str:
    done = _run(root, *words)
    if done.returncode:
        raise RuntimeError(f"`kit.py test --changed` asks git what has changed, and `git {words[0]}` said: "
                           f"{done.stderr.strip() or 'nothing'}. Run `kit.py test`, which needs no git.")
    return done.stdout


def _run(root: Path, *words: str):
    try:
        return subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    except FileNotFoundError:
        raise RuntimeError("`kit.py test --changed` asks git what has changed, and there is no git here. "
                           "Install git, or run `kit.py test`.") from None
