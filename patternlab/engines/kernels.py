"""Which kernels have engines running, what memory is left for another one, and the folders that dead kernels left."""
import contextlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse
from pathlib import Path

from . import cgroups, place

EXERCISE = "a warm spare in exercise"      # what the keeper's exercise calls itself: it is no notebook
_mine = None
_watchers = []         # they remove links when this kernel is gone


def _started(pid: int) -> float:
    import psutil
    try:
        return round(psutil.Process(pid).create_time(), 1)
    except psutil.Error:
        return 0.0


def running(pid: int) -> bool:
    """Whether a process of that id is there."""
    return _started(pid) > 0


def _facts(folder: Path) -> dict:
    try:
        return json.loads((folder / "kernel.json").read_text())
    except (OSError, ValueError):
        return {}


def _prefix() -> str:
    # containers that share a lake see each other's folders but not each other's processes
    return f"{platform.node()}-" if place.stack() == "compose" else ""


def live(exercises: bool = False) -> list:
    """The facts of every kernel with engines: dicts of app, pid, started, folder, jvm; `exercises`: those of spares too."""
    found = []
    for folder in place.state("run").iterdir():
        facts = _facts(folder)
        if facts and _started(facts["pid"]) == facts["started"] and (exercises or facts["app"] != EXERCISE):
            found.append({**facts, "folder": str(folder)})
    return found


def sweep() -> int:
    """Remove the run and work folders of kernels that are gone; how many were removed."""
    alive, removed = {Path(kernel["folder"]).name for kernel in live(exercises=True)}, 0
    for home in (place.state("run"), place.shared("work")):
        for folder in home.iterdir():
            owner = folder.name.rsplit("--", 1)[-1]
            if owner.startswith(_prefix()) and owner not in alive and _stale(folder):
                shutil.rmtree(folder, ignore_errors=True)
                removed += 1
    return removed


def _stale(folder: Path) -> bool:
    # a kernel that starts at this very moment has a folder, and writes its facts a moment later
    try:
        return time.time() - folder.stat().st_mtime > 10 or bool(_facts(folder))
    except OSError:
        return False


def run_folder() -> Path:
    """This kernel's own folder for the data and logs of its engines; registered, so that no sweep takes it."""
    global _mine
    if _mine is None or not _mine.exists() or _facts(_mine).get("pid") != os.getpid():
        _mine = place.state("run", f"{_prefix()}{os.getpid()}-{int(_started(os.getpid()) * 10):x}")
        name_kernel("a notebook")
        sweep()
    return _mine


def name_kernel(app: str, jvm: int = 0) -> None:
    """Say which notebook this kernel is, for the refusal that another kernel may have to print; `jvm` is its Spark's pid."""
    folder = _mine or run_folder()
    scratch = folder / "kernel.tmp"
    scratch.write_text(json.dumps({"app": app, "pid": os.getpid(), "started": _started(os.getpid()), "jvm": jvm}))
    os.replace(scratch, folder / "kernel.json")


def work_folder(name: str) -> Path:
    """An empty folder for this kernel's tables, on the storage that the whole cluster sees."""
    folder = _plain(place.shared("work")) / f"{name}--{run_folder().name}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _plain(folder: Path) -> Path:
    """`folder` by a path without spaces or other letters that a URI would quote: Spark's state reader quotes them twice.

    Where the checkout has such letters, this is a link in the system's temporary folder; a process that waits for this
    kernel's end removes it, whatever ended the kernel.
    """
    if urllib.parse.quote(str(folder)) == str(folder) or os.name == "nt":
        return folder
    link = Path(tempfile.gettempdir()) / f"patternlab-{run_folder().name}"
    if not link.is_symlink():
        link.symlink_to(folder, target_is_directory=True)
        _watchers.append(subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", "import os, sys; sys.stdin.read(); os.unlink(sys.argv[1])", str(link)],
            stdin=subprocess.PIPE, start_new_session=True))
    return link


def _end_watchers() -> None:
    while _watchers:
        watcher = _watchers.pop()
        watcher.stdin.close()
        watcher.wait(10)


def available() -> int:
    """Memory that a new process can have, in bytes: of the machine, or what a limit of this process's cgroup leaves."""
    import psutil
    free, limited = psutil.virtual_memory().available, cgroups.free()
    return free if limited is None else max(0, min(free, limited))


def family(pid: "int | None" = None) -> list:
    """Process `pid` (this kernel without one), all below it, and the Spark JVMs that they adopted with all below those.

    psutil processes, the one of `pid` first; those that end meanwhile may be left out, [] where there is none of that id.
    """
    import psutil
    adopted = {kernel["pid"]: kernel["jvm"] for kernel in live() if kernel.get("jvm")}
    members, roots = {}, [pid or os.getpid()]
    while roots:
        with contextlib.suppress(psutil.Error):
            root = psutil.Process(roots.pop(0))
            found = {process.pid: process for process in [root, *root.children(recursive=True)] if process.pid not in members}
            members.update(found)
            roots += [adopted[each] for each in found if adopted.get(each, each) not in members]
    return list(members.values())


def memory_held(pid: "int | None" = None) -> tuple:
    """(processes, bytes) of the `family` of process `pid` (this kernel without one); shared pages count once where known."""
    import psutil
    sizes = []
    for process in family(pid):
        with contextlib.suppress(psutil.Error):          # one that ended since the list was made holds nothing
            sizes.append(getattr(process.memory_full_info(), "pss", 0) or process.memory_info().rss)
    return len(sizes), sum(sizes)


def need_memory(what: str, megabytes: int) -> None:
    """Refuse in one sentence to start `what` where less than `megabytes` are free; names the kernels that hold memory."""
    from . import spares
    free = available() // 2**20
    if free < megabytes and spares.release():              # a warm spare is the first to go
        free = available() // 2**20
    if free >= megabytes:
        return
    holders = sorted({kernel["app"] for kernel in live() if kernel["pid"] != os.getpid()})
    holding = f" These notebooks hold memory: {', '.join(holders)}; shut one down." if holders else \
        " Close other programs, or give the machine (or container) more memory."
    raise MemoryError(f"{what} needs {megabytes:,} MB of free memory and {free:,} MB are free.{holding}")


def forget() -> None:
    """Remove this kernel's folders: its engines have ended."""
    if _mine is not None and _facts(_mine).get("pid") == os.getpid():
        for folder in place.shared("work").glob(f"*--{_mine.name}"):
            shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(_mine, ignore_errors=True)
        _end_watchers()
