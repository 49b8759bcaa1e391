"""`kit.py kernel`: the kernel "Patterns Lab" in the user's Jupyter folder, for VS Code and for a Jupyter of their own.

Another Python has no patternlab, and a notebook's first cell can't mend that: the kernel must be the kit's.
"""
import argparse
import json
import os
import shutil
import sys
from pathlib import Path

from ..engines.place import ROOT, setting

NAME, TITLE = "patternlab", "Patterns Lab"


def main(argv: list[str]) -> int:
    """Install the kernel for this user, remove it, or say whether it is there."""
    parser = argparse.ArgumentParser("kit.py kernel", description="Let VS Code, or a Jupyter that is not the kit's, run the "
                                     f"notebooks: a kernel \"{TITLE}\" in your Jupyter folder, with the kit's Python.")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--install", action="store_true", help="put it there, or renew it")
    what.add_argument("--remove", action="store_true", help="take it away")
    chosen = parser.parse_args(argv)
    if chosen.remove:
        return remove()
    if chosen.install:
        return install()
    there = checkout()
    print(f"The kernel \"{TITLE}\" is installed, for the kit in {there}: {folder()}" if there else
          f"The kernel \"{TITLE}\" is not installed: `python3 kit.py kernel --install` does it.")
    return 0


def install() -> int:
    """Write the spec, in one step."""
    from ipykernel.kernelspec import RESOURCES

    before, target = checkout(), folder()
    scratch = target.with_name(f".{NAME}-{os.getpid()}")
    try:
        shutil.copytree(RESOURCES, scratch)
        (scratch / "kernel.json").write_text(json.dumps(spec(), indent=1) + "\n", encoding="utf-8")
        shutil.rmtree(target, ignore_errors=True)
        os.replace(scratch, target)
    except OSError as error:
        shutil.rmtree(scratch, ignore_errors=True)
        raise OSError(f"The kernel can't be written to {target} ({error.strerror}). Make that folder yours, or set "
                      "JUPYTER_DATA_DIR to one that is.") from None
    instead = f", in place of that of {before}" if before and before != str(ROOT) else ""
    print(f"The kernel \"{TITLE}\" is in {target}{instead}. Choose it for a notebook in VS Code or in your Jupyter; "
          "`python3 kit.py kernel --remove` takes it away.")
    return 0


def remove() -> int:
    """Take the spec away, whichever checkout wrote it."""
    if not checkout():
        print(f"There is no kernel \"{TITLE}\" in {folder().parent}: nothing to remove.")
        return 0
    shutil.rmtree(folder())
    print(f"The kernel \"{TITLE}\" is gone from {folder().parent}.")
    return 0


def spec() -> dict:
    """What Jupyter needs to start it. The kit sees to the rest of the environment when patternlab is imported."""
    own = {f"PATTERNLAB_{name}": setting(name) for name in ("STATE", "DESK", "SLICE", "JAVA") if setting(name)}
    # what must be there before Python is: no modules of another Python, wherever Jupyter or VS Code was started
    return {"argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"], "display_name": TITLE,
            "language": "python", "env": {"PYTHONPATH": str(ROOT), "PYTHONHOME": "", **own},
            "metadata": {"debugger": True, "patternlab": str(ROOT)}}


def folder() -> Path:
    """Where the spec is or would be: the user's Jupyter folder, or JUPYTER_DATA_DIR."""
    from jupyter_core.paths import jupyter_data_dir

    return Path(jupyter_data_dir()) / "kernels" / NAME


def checkout() -> str:
    """The checkout that the installed spec belongs to; "" where there is none, or one that is not the kit's."""
    try:
        return json.loads((folder() / "kernel.json").read_text(encoding="utf-8"))["metadata"]["patternlab"]
    except (OSError, ValueError, KeyError, TypeError):
        return ""
