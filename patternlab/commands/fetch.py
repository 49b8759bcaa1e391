"""`kit.py fetch` brings the engines' jars and wheels; `kit.py pack` fills a folder for machines without a network."""
import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from ..engines import jars, network, wheels
from ..engines.place import ROOT


def main(argv: list[str]) -> int:
    """Download the jars that are missing; `all` takes what only one lesson needs too, jars and wheels."""
    parser = argparse.ArgumentParser("kit.py fetch", description="Download the engines' jars, each compared with its "
                                     "checksum. Interrupted, it goes on where it was.")
    parser.add_argument("what", nargs="?", choices=["all"], help="all: also what only one lesson needs, which that lesson "
                        "would fetch when it first asks")
    parser.add_argument("--all", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args(argv)
    sets = () if chosen.what or chosen.all else jars.DEFAULT
    before = len(jars.missing(*sets))
    broken = jars.verify(*sets) if not before else []
    for jar in broken:
        print(f"{jar.name} is damaged: fetching it again.", file=sys.stderr)
        jar.path.unlink()
    paths = jars.fetch(*sets)
    size = sum(path.stat().st_size for path in paths) / 1e6
    print(f"{len(paths)} jars, {size:.1f} MB, are in {paths[0].parent} ({before + len(broken)} of them new).")
    return 0 if sets else _all_wheels()


def _all_wheels() -> int:
    """Bring every wheel; one that can't be had keeps nothing else from working: the exit code says so, and a sentence."""
    code = 0
    for name in wheels.locked():
        try:
            print(f"{name} is in {wheels.bring(name)}.")
        except wheels.WheelProblem as problem:
            print(problem, file=sys.stderr)
            code = 1
    return code


def pack(argv: list[str]) -> int:
    """Put packages (for this kind of machine and this Python) and jars into a folder, and the wheels that are here."""
    parser = argparse.ArgumentParser(
        "kit.py pack", description="Put packages and jars into FOLDER. On another machine, PATTERNLAB_FROM=FOLDER "
        "python3 kit.py start then needs no network. What `kit.py fetch all` has brought is packed too. Packages "
        "are for this system and this Python version: pack once on each kind of machine, into one folder.")
    parser.add_argument("folder", metavar="FOLDER", type=Path)
    folder = parser.parse_args(argv).folder.expanduser().resolve()
    (folder / "jars").mkdir(parents=True, exist_ok=True)
    for source in [*jars.fetch(*jars.DEFAULT), *(jar.path for jar in jars.optional() if jar.here())]:
        target = folder / "jars" / source.name
        if not target.exists() or target.stat().st_size != source.stat().st_size:
            shutil.copyfile(source, target)
    print("packages: fetching them into the folder", file=sys.stderr)
    done = subprocess.run([sys.executable, "-m", "pip", "download", "--require-hashes", "--no-build-isolation",
                           "--quiet", "--disable-pip-version-check", "-r", str(ROOT / "requirements.lock"), "-d",
                           str(folder / "wheels")], stderr=subprocess.PIPE, text=True, errors="replace")
    sys.stderr.write(done.stderr)
    if done.returncode:
        raise RuntimeError(network.reason(done.stderr, "the packages") or "The packages could not be fetched (pip's reason "
                           "is above). Connect, and start again: what is in the folder already is kept.")
    for name in filter(wheels.here, wheels.locked()):
        wheels.download(name, folder / "wheels")
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6
    print(f"{folder} holds {size:,.0f} MB. On the other machines: PATTERNLAB_FROM={folder} python3 kit.py start")
    return 0
