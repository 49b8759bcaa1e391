"""`kit.py clean`: empty the state folder, but for the learner's progress; never while something that uses it runs."""
import argparse
import json
import os
import shutil
import sys
from pathlib import Path

from ..engines import kernels, spares
from ..engines.place import ROOT, state


def main(argv: list[str]) -> int:
    """Empty the state folder; --progress takes the labs' progress too, --venv the environment."""
    parser = argparse.ArgumentParser("kit.py clean", description="Empty the state folder (jars, archives, logs, what "
                                     "dead notebooks left). Your desk is never touched.")
    parser.add_argument("--progress", action="store_true", help="remove the progress of your labs too")
    parser.add_argument("--venv", action="store_true", help="remove the environment too (made anew at the next start)")
    chosen = parser.parse_args(argv)
    users = in_use()
    if users:
        raise RuntimeError(f"The state folder is in use by {', '.join(users)}. End that first (Ctrl-C in its terminal, "
                           "or shut the notebook down), then clean.")
    home, size = state(), 0
    for entry in home.iterdir():
        if entry.name != "progress" or chosen.progress:
            size += weight(entry)
            remove(entry)
    venv = ROOT / ".venv"
    if chosen.venv and os.path.lexists(venv):
        size += weight(venv)
        remove(venv)
    but = "" if chosen.progress else " but for the progress of your labs"
    print(f"{home} is empty{but}: {size / 1e6:,.0f} MB freed.")
    return 0


def in_use() -> list[str]:
    """What runs on this state folder now, as a person would call it."""
    users = [f"the notebook {kernel['app']} (pid {kernel['pid']})" for kernel in kernels.live()]
    users += [f"a warm spare of Spark's JVM (pid {jvm['pid']})" for jvm in spares.look() if jvm["state"] != "lent"]
    return users + [f"JupyterLab at port {facts['port']} (pid {facts['pid']})" for facts in servers()]


def servers(desk: Path | None = None) -> list[dict]:
    """The JupyterLabs that `start` runs on this state folder (on one desk only, where it is named): what each says."""
    import psutil

    found = []
    for file in (state() / "jupyter" / "runtime").glob("jpserver-*.json"):
        try:
            facts = json.loads(file.read_text(encoding="utf-8"))
            alive = "patternlab" in " ".join(psutil.Process(facts["pid"]).cmdline())
        except (OSError, ValueError, KeyError, psutil.Error):
            continue
        if alive and (desk is None or Path(facts.get("root_dir", "")).resolve() == desk):
            found.append(facts)
    return found


def sweep_servers() -> None:
    """Remove the notes of JupyterLabs that were killed, and of their kernels."""
    alive = {facts["pid"] for facts in servers()}
    runtime = state() / "jupyter" / "runtime"
    for file in runtime.glob("jpserver-*"):
        if file.stem.split("-")[1] not in map(str, alive):
            file.unlink(missing_ok=True)
    if not alive:
        for file in runtime.glob("kernel-*.json"):
            file.unlink(missing_ok=True)


def weight(path: Path) -> int:
    """Bytes of a file or of everything in a folder; a link weighs nothing."""
    if path.is_symlink():
        return 0
    if path.is_file():
        return path.stat().st_size
    return sum(file.lstat().st_size for file in path.rglob("*") if not file.is_dir())


def remove(path: Path) -> None:
    """Remove a file, a link (not what it points to), or a folder."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return

    def force(function, name, _):                 # PostgreSQL's folders may be closed even to their owner
        os.chmod(os.path.dirname(name), 0o700)
        os.chmod(name, 0o700)
        function(name)
    shutil.rmtree(path, **{"onexc" if sys.version_info >= (3, 12) else "onerror": force})
