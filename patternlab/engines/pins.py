"""The packages of requirements.lock beside those that are installed; quick enough to be asked in every kernel (10 ms)."""
import os
import re
import sys
from pathlib import Path

from .place import ROOT

_LINE = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?==(\S+)", re.M)


def pinned(names=None) -> list:
    """The packages that the lock wants for this Python on this system: [(name, version)]; of `names` only, where given."""
    from packaging.requirements import Requirement

    wanted = []
    for line in (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines():
        if line and line[0] not in " #" and (names is None or _LINE.match(line)[1] in names):
            requirement = Requirement(line.rstrip(" \\"))
            if requirement.marker is None or requirement.marker.evaluate():
                wanted.append((requirement.name, str(requirement.specifier).removeprefix("==")))
    return wanted


def differing() -> list:
    """The packages that are not what the lock says: [(name, version here or "missing", version of the lock)]."""
    from importlib import metadata

    here, locked = _folders(), {}
    for name, version in _LINE.findall((ROOT / "requirements.lock").read_text(encoding="utf-8")):
        locked.setdefault(name, set()).add(version)
    found = []
    for name, version in pinned({name for name in locked if here.get(_plain(name)) not in locked[name]}):
        try:
            installed = metadata.version(name)             # a folder's name can mislead: these packages are asked
        except metadata.PackageNotFoundError:
            installed = "missing"
        if installed != version:
            found.append((name, installed, version))
    return found


def sentence() -> str:
    """What a learner must know of packages that differ, and the one thing to do; "" where all are as locked."""
    wrong = differing()
    if not wrong:
        return ""
    named = ", ".join(f"{name} is {here}, not {version}" for name, here, version in wrong[:2])
    more = f" (and {len(wrong) - 2} more)" if wrong[2:] else ""
    made = (Path(sys.prefix) / "kit-stamp").exists()
    return (f"Note: {named}{more}; the kit works with the versions of requirements.lock. "
            + ("Stop JupyterLab and run `python3 kit.py start --repair`." if made else
               "Install them in this Python, or open the notebook by `python3 kit.py start`."))


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _folders() -> dict:
    """{name: version} by the names of the metadata folders on sys.path; the first of a name counts, as for an import."""
    found = {}
    for home in sys.path:
        try:
            names = os.listdir(home or ".")
        except OSError:                                    # not a folder, or not there
            continue
        for name in names:
            if name.endswith(".dist-info"):
                package, _, version = name.removesuffix(".dist-info").partition("-")
                found.setdefault(_plain(package), version)
    return found
