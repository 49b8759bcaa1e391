"""Whose files these are: what a start with sudo left behind is found before something else fails for it.

Standard library only: kit.py asks before there is an environment.
"""
import os
import shlex
from pathlib import Path

from .place import ROOT, setting


def problem() -> str:
    """The sentence, with its one command, where the kit would meet files that another account closed to it; else ""."""
    state = Path(setting("STATE", str(ROOT / ".patternlab"))).expanduser()
    desk = Path(setting("DESK", str(ROOT / "desk"))).expanduser()
    places = {state: _foreign(state), desk: _foreign(desk)}
    if _is_mine(ROOT):                            # where the checkout is somebody's who shares it, so is its environment
        places[ROOT / ".venv"] = _foreign(ROOT / ".venv", deep=False)
    return _sentence(places)


def remark() -> str:
    """The same for what only makes Python slower (__pycache__), and a word to whoever starts with sudo now; else ""."""
    if os.geteuid() == 0:
        if os.environ.get("SUDO_UID", "0") != "0" and ROOT.stat().st_uid != 0:
            return ("The kit needs no sudo, and what it writes now will belong to root: end it, and start it without.")
        return ""
    folders = [folder for folder in (ROOT / "patternlab").rglob("__pycache__")]
    return _sentence({folder: _foreign(folder) for folder in folders})


def _sentence(places: dict) -> str:
    found = [path for path in places.values() if path]
    if not found:
        return ""
    tops = {ROOT if ROOT in path.parents else place for place, path in places.items() if path}
    who = _name(found[0].lstat().st_uid)
    why = "the kit was started with sudo once, and needs none" if who == "root" else "another account started the kit here"
    listed = " ".join(shlex.quote(str(top)) for top in sorted(tops))
    return (f"{found[0]} belongs to {who} and is closed to you: {why}. Type  sudo chown -R \"$(id -un)\" {listed}  and "
            "start again without sudo.")


def _foreign(place: Path, deep: bool = True):
    """The first thing at or below `place` that belongs to another account and can't be written; None where all is well."""
    if os.geteuid() == 0 or place.is_symlink() or not os.path.lexists(place):
        return None
    if _is_closed(place):
        return place
    for folder, folders, files in os.walk(place) if deep else ():
        for name in (*folders, *files):
            path = Path(folder, name)
            if not path.is_symlink() and _is_closed(path):
                return path
    return None


def _is_mine(path) -> bool:
    return os.lstat(path).st_uid == os.geteuid()


def _is_closed(path) -> bool:
    try:
        return not _is_mine(path) and not os.access(path, os.W_OK)
    except OSError:                               # gone since it was listed
        return False


def _name(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
