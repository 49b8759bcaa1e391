"""The learner's desk: copies of notebooks/ and labs/, laid, brought up to date and restored without losing their work.

desk/.laid.json remembers for each file the original that was laid and the content that the learner has not changed:
running a notebook (outputs, execution counts) is no change, editing a cell is one.
"""
import argparse
import hashlib
import json
import os
import shutil
import time
from pathlib import Path

from ..engines.place import ROOT, setting
from . import restore

FOLDERS = ("notebooks", "labs")
DEEPER = "-deeper.ipynb"


def desk() -> Path:
    """The desk's folder: PATTERNLAB_DESK, else desk/ in the checkout."""
    return Path(setting("DESK", str(ROOT / "desk"))).expanduser().resolve()


def originals() -> dict[str, Path]:
    """Every file that belongs on the desk, pictures too: its name there ("labs/03-medallion.ipynb") and the original."""
    return {path.relative_to(ROOT).as_posix(): path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*"))
            if path.is_file() and not any(part.startswith(".") or part == "__pycache__"
                                          for part in path.relative_to(ROOT).parts)}


def lay() -> dict[str, list[str]]:
    """Copy what the desk lacks; returns the names that were laid, and those of which a new version exists."""
    laid, memory, new = _memory(), desk(), {"laid": [], "newer": []}
    for name, original in originals().items():
        if not (memory / name).exists():
            _put(name, original, laid)
            new["laid"].append(name)
        elif laid.get(name, {}).get("original") != _bytes(original):
            new["newer"].append(name)
    _remember(laid)
    return new


def update(argv: list[str]) -> int:
    """Bring new versions of the files that the learner has not changed; say which were kept."""
    argparse.ArgumentParser("kit.py update", description="Bring new versions of the notebooks and labs on your desk "
                            "that you have not changed. Changed ones are kept and named.").parse_args(argv)
    laid, brought, kept = _memory(), [], []
    for name, original in originals().items():
        there, known = desk() / name, laid.get(name, {})
        if there.exists() and known.get("original") == _bytes(original):
            continue
        if not there.exists() or _content(there) in (known.get("content"), _content(original)):
            _put(name, original, laid)
            brought.append(name)
        else:
            kept.append(name)
    _remember(laid)
    for name in brought:
        print(f"new: {name}")
    for name in kept:
        print(f"kept yours: {name} (you changed it; `python3 kit.py reset {_short(name)}` takes the new one and sets "
              "yours aside)")
    print(f"Your desk has {len(brought)} new files; {len(kept)} of yours were kept." if brought or kept
          else "Your desk is up to date.")
    return 0


def reset(argv: list[str]) -> int:
    """Restore one file, or one exercise of a lab; what was there goes to desk/backup/."""
    parser = argparse.ArgumentParser("kit.py reset", description="Restore one notebook or lab on your desk, or one "
                                     "exercise of a lab. Your version is set aside in desk/backup/.")
    parser.add_argument("file", help="labs/03, notebooks/03-medallion, ...")
    parser.add_argument("exercise", nargs="?", type=int, help="the number of an exercise: restores only that one")
    chosen = parser.parse_args(argv)
    name = _find(chosen.file)
    original, there = originals()[name], desk() / name
    if chosen.exercise is not None:
        return _reset_exercise(name, original, there, chosen.exercise)
    aside = _set_aside(name, there)
    laid = _memory()
    _put(name, original, laid)
    _remember(laid)
    print(f"{name} is as it was laid." + (f" Yours is in {aside}." if aside else ""))
    return 0


def _reset_exercise(name: str, original: Path, there: Path, number: int) -> int:
    whole = json.loads(original.read_text(encoding="utf-8"))
    if not restore.tagged(whole, f"exercise-{number}"):
        raise ValueError(f"{name} has no exercise {number}. `python3 kit.py reset {_short(name)}` restores all of it.")
    if not there.exists():
        raise ValueError(f"There is no {name} on your desk. `python3 kit.py reset {_short(name)}` lays it.")
    mine = _read_notebook(there)
    aside = _set_aside(name, there)
    found = restore.exercise(mine, whole, number)
    _write(there, (json.dumps(mine, indent=1, ensure_ascii=False) + "\n").encode())
    for line in found:
        print(f"Exercise {number}: {line}.")
    print(f"Exercise {number} of {name} is as it was laid; reload the notebook in JupyterLab. "
          f"What you had is in {aside}.")
    return 0


def _read_notebook(path: Path) -> dict:
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        notebook["cells"]
        return notebook
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"{path} is no notebook any more (damaged). Reset the whole file.") from None


def _find(text: str) -> str:
    """The one original that `text` means: "labs/03", "desk/labs/03-medallion.ipynb", ..."""
    wanted = text.replace("\\", "/").strip("/").removeprefix("desk/")
    names = originals()
    found = [name for name in names if name == wanted or name.rsplit(".", 1)[0] == wanted]
    found = found or [name for name in names if name.startswith(wanted) and "/" in wanted
                      and not wanted.endswith("/") and not name[len(wanted):len(wanted) + 1].isdigit()]
    if len(found) > 1:                     # notebooks/03 is the lesson; its deeper notebook has a name of its own
        found = [name for name in found if not name.endswith(DEEPER)] or found
    if len(found) == 1:
        return found[0]
    if found:
        raise ValueError(f"{text!r} could be {', '.join(found)}. Write more of the name.")
    raise ValueError(f"There is no {text!r}. Write a folder and a number, for example labs/03 or notebooks/03; the "
                     f"desk has: {', '.join(_short(name) for name in names if name.count('/') == 1) or 'nothing yet'}.")


def _short(name: str) -> str:
    """The least that `reset` needs to know a file by."""
    folder, _, file = name.partition("/")
    if name.endswith(DEEPER):
        return name.rpartition(".")[0]
    return f"{folder}/{file.split('-')[0]}" if file[:2].isdigit() else name


def _set_aside(name: str, there: Path):
    if not there.exists():
        return None
    original = Path(name)
    aside = desk() / "backup" / original.parent / f"{original.stem}.{time.strftime('%Y%m%d-%H%M%S')}{original.suffix}"
    for number in range(2, 100):
        if not aside.exists():
            break
        aside = aside.with_name(f"{original.stem}.{time.strftime('%Y%m%d-%H%M%S')}-{number}{original.suffix}")
    aside.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(there, aside)
    return aside


def _put(name: str, original: Path, laid: dict) -> None:
    data = original.read_bytes()
    _write(desk() / name, data)
    laid[name] = {"original": hashlib.sha256(data).hexdigest(), "content": _content(desk() / name)}


def _write(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        scratch.write_bytes(data)
        os.replace(scratch, path)
    except OSError as error:
        raise OSError(f"The desk {desk()} can't be written ({error.strerror}). Set PATTERNLAB_DESK to a folder of your "
                      "own and start again.") from None


def _bytes(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _content(path: Path) -> str:
    """A hash of what a learner writes: of a notebook the cells' sources, of another file every byte."""
    if path.suffix != ".ipynb":
        return _bytes(path)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["cells"]
        kept = [(cell["cell_type"], "".join(cell["source"])) for cell in found]
    except (ValueError, KeyError, TypeError):
        return _bytes(path)
    return hashlib.sha256(json.dumps(kept).encode()).hexdigest()


def _memory() -> dict:
    try:
        return json.loads((desk() / ".laid.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _remember(laid: dict) -> None:
    _write(desk() / ".laid.json", (json.dumps(laid, indent=1, sort_keys=True) + "\n").encode())
