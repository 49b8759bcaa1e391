#!/usr/bin/env python3
"""The kit's one program: makes the environment (.venv) if it is not there, then hands over to `python -m patternlab`.

Standard library only. It must parse on Python 3.6, so that an old Python reads a sentence and not a SyntaxError.
"""
import sys

OLDEST, NEWEST = (3, 10), (3, 14)
if sys.version_info < (3, 6):
    sys.exit("This kit needs Python 3.10 to 3.14. Install one, or start it with another: python3.12 kit.py start")

import os

# what lies in the folders of the shell's PYTHONPATH may have the name of a module: none of it is asked for here
AWAY = {os.path.abspath(part) for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part}
sys.path[:] = [part for part in sys.path if part not in AWAY or part.startswith((sys.prefix, sys.base_prefix))]

import contextlib
import errno
import hashlib
import importlib.util
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
LENT = (ROOT / ".venv").is_symlink()        # another checkout's environment: used under its own name
VENV = (ROOT / ".venv").resolve()
PYTHON = VENV / "bin" / "python"
LOCK = ROOT / "requirements.lock"
STAMP = VENV / "kit-stamp"      # sha256 of the lock that is installed; written last: no stamp, not a whole environment
ABSENT = re.compile(r"requirement (\S+) .*\(from versions:")      # pip's words for an index without a package
NEED_GB = 4                     # while pip unpacks and builds; 1.9 GB stay


class Problem(Exception):
    """What happened, why, and the one thing to do, in one or two sentences."""


def main(argv):
    try:
        check_python()
        sys.path.insert(0, str(ROOT))
        from patternlab import cli
        if not argv or argv[0] not in cli.VERBS or argv[0] in cli.WITHOUT_ENVIRONMENT:
            return cli.main(argv)
        check_system()
        check_owner()
        ensure_environment(anew="--repair" in argv)
        hand_over(argv)
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. Nothing is half done: start again and it goes on.", file=sys.stderr)
        return 130


# --- the machine ----------------------------------------------------------------------------------------------------
def check_python():
    here = sys.version_info[:2]
    if OLDEST <= here <= NEWEST:
        return
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        other = "python3.{}".format(minor)
        found = shutil.which(other)
        if found and subprocess.call([found, "-c", ""], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0:
            advice = "You have one: {} {}".format(other, " ".join(["kit.py"] + sys.argv[1:]))
            break
    else:
        advice = "Install one beside it, which takes no administrator: `uv python install 3.13`, then " \
                 "`$(uv python find 3.13) {}`; docs/install.md says where uv comes from, and how conda does it".format(
                     " ".join(["kit.py"] + (sys.argv[1:] or ["start"])))
    raise Problem("This is Python {}.{}, and the kit needs 3.10 to 3.14 (its packages are made for these). {}".format(
        here[0], here[1], advice))


def check_system():
    if os.name == "nt":
        raise Problem("Spark does not run on plain Windows without extra files from elsewhere. Start the kit in WSL2 "
                      "(`wsl --install`, then work in Ubuntu), or with Docker: docker compose up (docs/install.md).")


def check_owner():
    """A start with sudo leaves files that the next one, without, fails for in many ways: said before."""
    from patternlab.engines import owner
    said = owner.problem()
    if said:
        raise Problem(said)
    said = owner.remark()
    if said:
        say("Note: {}".format(said))


def state():
    """The state folder, as patternlab has it."""
    from patternlab.engines import place
    try:
        return place.state()
    except OSError as error:
        raise Problem(str(error))


# --- the environment ----------------------------------------------------------------------------------------------
def ensure_environment(anew=False):
    """Make .venv hold what the lock says. Two kits at once: the second waits. Killed halfway: the next repairs."""
    try:
        wanted = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    except OSError as error:
        raise Problem("{} can't be read ({}). The checkout is not whole: clone or unpack it again.".format(
            LOCK, error.strerror))
    if is_whole(wanted) and not anew:
        note_place()
        return
    if LENT:
        raise Problem("{} is a link to {}, whose packages are not those of this checkout's lock. Remove the link and "
                      "start again: the kit makes an environment of its own.".format(ROOT / ".venv", VENV))
    with only_one():
        if is_whole(wanted) and not anew:       # the kit that we waited for has made it
            return
        check_room()
        folder = state() / "logs"
        folder.mkdir(exist_ok=True)
        log = folder / "install.log"
        began = time.time()
        make_venv(log, anew)
        install(log)
        note_place()
        STAMP.write_text(wanted + "\n", encoding="ascii")
        say("environment: ready after {:.0f} s".format(time.time() - began))


def is_whole(wanted):
    try:
        return STAMP.read_text(encoding="ascii").strip() == wanted and PYTHON.exists()
    except (OSError, ValueError):
        return False


@contextlib.contextmanager
def only_one():
    """One kit at a time makes the environment: a lock on the checkout's folder itself, so that no file is left."""
    import fcntl
    handle = os.open(str(ROOT), os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                say("Another kit is making the environment in this checkout: waiting for it.")
                fcntl.flock(handle, fcntl.LOCK_EX)
            # a file system without locks: go on, as one kit alone would
        yield
    finally:
        os.close(handle)


def check_room():
    free = shutil.disk_usage(str(ROOT)).free / 1e9
    if free < NEED_GB:
        raise Problem("The disk is full: making the environment takes {} GB in {} and {:.1f} GB are free. Make room "
                      "and start again.".format(NEED_GB, ROOT, free))


def make_venv(log, anew):
    """An environment with a working pip; one that works is kept, anything else is made anew."""
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            package = "python3.{}-venv".format(sys.version_info[1])
            raise Problem("This Python has no module {} (some Linux systems package it apart). Install it, on Debian "
                          "and Ubuntu with `sudo apt install {}`, and start again.".format(module, package))
    if not anew and PYTHON.exists() and quiet([str(PYTHON), "-I", "-m", "pip", "--version"], log) == 0:
        return
    say("environment: making {}".format(VENV))
    try:
        if VENV.exists():
            remove(VENV)
        VENV.mkdir()
    except OSError as error:
        raise unwritable(error)
    if quiet([sys.executable, "-I", "-m", "venv", str(VENV)], log) != 0:
        raise explain(log, "Python could not make the environment {}".format(VENV))


def remove(path):
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(str(path))
    else:
        path.unlink()


def install(log):
    """Install the lock, every file compared with its hash; setuptools first: it builds pyspark, a source package."""
    lock = LOCK.read_text(encoding="utf-8")
    scratch = Path(tempfile.mkdtemp(prefix="install-{}-".format(os.getpid()), dir=str(below_state("scratch"))))
    builder = scratch / "builder.txt"
    builder.write_text("".join(re.findall(r"(?m)^setuptools==.*(?:\n[ #].*)*\n?", lock)), encoding="utf-8")
    try:
        if builder.stat().st_size:
            pip(["-r", str(builder)], log, scratch, 1)
        pip(["-r", str(LOCK), "--no-build-isolation"], log, scratch, about(lock))
    finally:
        shutil.rmtree(str(scratch), ignore_errors=True)


def about(lock):
    """How many packages of the lock one machine takes: different names, without those of some systems only."""
    entries = re.findall(r"(?m)^([a-z0-9-]+)[^=\n]*==\S+(.*)$", lock)
    return len({name for name, rest in entries if not re.search("platform|implementation|os_name", rest)})


def below_state(name):
    folder = state() / name
    folder.mkdir(exist_ok=True)
    return folder


def pip(arguments, log, scratch, most):
    command = [str(PYTHON), "-I", "-m", "pip", "install", "--require-hashes", "--no-input", "--no-color",
               "--disable-pip-version-check", "--progress-bar", "off"] + arguments
    source = os.environ.get("PATTERNLAB_FROM", "").strip()
    if source:
        wheels = Path(source).expanduser().resolve() / "wheels"
        if not wheels.is_dir():
            raise Problem("PATTERNLAB_FROM is {}, and there is no folder wheels in it. Name a folder made by "
                          "`kit.py pack`, or unset it.".format(source))
        command += ["--no-index", "--find-links", str(wheels)]
    # pip builds in TMPDIR, and /tmp is memory on some systems; PIP_USER would send packages out of the environment
    environment = dict(os.environ, TMPDIR=str(scratch), PIP_USER="0")
    for name in ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PYTHONHOME", "__PYVENV_LAUNCHER__"):
        environment.pop(name, None)
    with open(str(log), "a", encoding="utf-8") as file, Steps(most) as steps:
        file.write("\n$ {}\n".format(" ".join(command)))
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   env=environment)
        try:
            for raw in process.stdout:
                line = raw.decode("utf-8", "replace")
                file.write(line)
                steps.see(line)
            code = process.wait()
        except BaseException:
            process.terminate()
            process.wait()
            raise
    if code != 0:
        if not source:
            ask_again(log, scratch, environment)
        raise explain(log, "pip could not install the packages")


def ask_again(log, scratch, environment):
    """pip tells a line that is down and an index without the package alike; asked in detail, it says which it was."""
    from patternlab.engines import network
    said = tail_of(log)
    absent = ABSENT.search(said)
    if not absent or network.DOWN.search(said) or network.reason(said, "it"):
        return
    with open(str(log), "a", encoding="utf-8") as file:
        file.write("\nAsked in detail:\n")
        file.flush()
        subprocess.call([str(PYTHON), "-I", "-m", "pip", "download", "-vv", "--no-deps", "--no-input", "--no-color",
                         "--retries", "0", "--disable-pip-version-check", "-d", str(scratch), absent.group(1)],
                        stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, env=environment)


class Steps:
    """pip's many lines as one: how many packages are here, what it is at, how long it took."""

    def __init__(self, most):
        self.most, self.count, self.what, self.began, self.plain = most, 0, "asking for packages", time.time(), 0
        self.ended = None

    def __enter__(self):
        import threading
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._tick, daemon=True)
        if sys.stderr.isatty():
            self.thread.start()
        return self

    def __exit__(self, *failed):
        self.ended.set()
        if self.thread.is_alive():
            self.thread.join(2)
        if sys.stderr.isatty():
            print(file=sys.stderr, flush=True)

    def _tick(self):
        while not self.ended.wait(0.5):
            self.show()

    def show(self):
        width = shutil.get_terminal_size().columns - 1
        text = "environment: {:.0f} s, {} of about {} packages, {}".format(
            time.time() - self.began, self.count, self.most, self.what)
        print("\r" + text[:width].ljust(width), end="", file=sys.stderr, flush=True)

    def see(self, line):
        line = line.strip()
        if line.startswith("Collecting "):
            self.count += 1
            self.what = line.split()[1].split("==")[0]
        elif line.startswith(("Downloading ", "Using cached ")):
            self.what = " ".join(line.split()[-3:] if line.endswith(")") else line.split()[-1:]).rsplit("/", 1)[-1]
        elif line.startswith("Building wheel"):
            self.what = "building pyspark"
        elif line.startswith("Installing collected"):
            self.what = "unpacking them"
        else:
            return
        if not sys.stderr.isatty() and self.most > 1:
            mark = self.count // 25 if not self.what.startswith(("building", "unpacking")) else self.what
            if mark != self.plain:
                self.plain = mark
                print("environment: {:.0f} s, {} of about {} packages, {}".format(
                    time.time() - self.began, self.count, self.most, self.what), file=sys.stderr, flush=True)


def quiet(command, log):
    with open(str(log), "a", encoding="utf-8") as file:
        file.write("\n$ {}\n".format(" ".join(command)))
        file.flush()
        try:
            return subprocess.call(command, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT)
        except OSError as error:
            file.write("{}\n".format(error))
            return 1


def tail_of(log):
    """What the last command wrote into its log."""
    return log.read_text(encoding="utf-8", errors="replace").rsplit("\n$ ", 1)[-1]


def explain(log, what):
    """pip's or venv's failure in one sentence, by the tail of its log."""
    from patternlab.engines import network
    tail = tail_of(log)
    if re.search(r"DO NOT MATCH THE HASHES", tail):
        return Problem("A package's checksum is not the one in requirements.lock: something on the way changes files, "
                       "or a mirror is broken. Use another network, and start again. Details: {}".format(log))
    if re.search(r"No space left on device|Disk quota exceeded", tail):
        return Problem("The disk is full: it filled up while packages were installed in {}. Make room and start again: "
                       "it goes on. Details: {}".format(VENV, log))
    absent = ABSENT.search(tail)
    source = os.environ.get("PATTERNLAB_FROM", "").strip()
    if absent and source:
        return Problem("{} (PATTERNLAB_FROM) has no {} for this system and Python 3.{}. Run `python3 kit.py pack {}` "
                       "on a machine of this kind that has a network, or unset it.".format(
                           source, absent.group(1), sys.version_info[1], source))
    in_the_way = network.reason(tail, "the packages")
    if in_the_way:
        return Problem("{} Details: {}".format(in_the_way, log))
    if network.DOWN.search(tail):
        return Problem("No network: the packages can't be fetched, and the first start needs them. Connect, or set "
                       "PATTERNLAB_FROM to a folder made by `kit.py pack`, and start again. Details: {}".format(log))
    if absent:
        return without(absent.group(1), re.search(r"(?m)^Looking in indexes: (\S+?),?(?: |$)", tail), log)
    if re.search(r"Read-only file system|Permission denied", tail):
        return Problem("{} can't be written. Copy the kit into a folder of your own and start again. Details: "
                       "{}".format(VENV, log))
    errors = re.findall(r"(?m)^ *(?:ERROR|Error): *(.+)$", tail)
    return Problem("{} ({}). Start again; if it fails the same way, the whole output is in {}".format(
        what, errors[0].strip() if errors else "no reason given", log))


def without(package, index, log):
    """The index answers, and has no such package, or none for this machine."""
    if index:
        return Problem("The package index {} has no {} for this system and Python 3.{}: a mirror that is behind, or not "
                       "whole. Ask whoever runs it, or unset PIP_INDEX_URL (`pip config list` shows where it was set), "
                       "and start again. Details: {}".format(index.group(1), package, sys.version_info[1], log))
    return Problem("The package index has no {} for this system and Python 3.{}: packages are made for Linux and macOS on "
                   "x86-64 and ARM. Start the kit on one of these, or with Docker (docs/compose.md). Details: {}".format(
                       package, sys.version_info[1], log))


def unwritable(error):
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Problem("The disk is full ({}). Make room and start again.".format(ROOT))
    return Problem("The folder {} can't be written ({}). Copy the kit into a folder of your own and start "
                   "again.".format(ROOT, error.strerror))


def note_place():
    """`import patternlab` works from everywhere: a .pth file, in ASCII whatever the path's letters."""
    if LENT:
        return                      # it already names the other checkout
    line = "import sys; sys.path.append({})\n".format(ascii(str(ROOT)))
    for folder in VENV.glob("lib/python3.*/site-packages"):
        note = folder / "patternlab.pth"
        with contextlib.suppress(OSError):
            if not note.exists() or note.read_text(encoding="ascii") != line:
                note.write_text(line, encoding="ascii")


def say(text):
    print(text, file=sys.stderr, flush=True)


def hand_over(argv):
    """Become the environment's Python. Not by -m: that would look for modules in the folder where the person is."""
    # LC_ALL and PYTHONUTF8 before Python starts: names of files with other letters than ASCII are read by them
    environment = dict(os.environ, PYTHONPATH=str(ROOT), LC_ALL="C.UTF-8", PYTHONUTF8="1")
    for name in ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONOPTIMIZE", "PYTHONWARNINGS", "PYTHONSAFEPATH",
                 "PYTHONINSPECT", "PYTHONIOENCODING"):
        if os.environ.get(name):
            environment["PATTERNLAB_SHELL_" + name] = os.environ[name]       # doctor names it
        if name != "PYTHONPATH":
            environment.pop(name, None)
    code = "import sys; sys.path.pop(0); from patternlab.cli import main; sys.exit(main(sys.argv[1:]))"
    sys.stdout.flush()
    os.execve(str(PYTHON), [str(PYTHON), "-c", code] + argv, environment)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
