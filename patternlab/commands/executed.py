"""Executed notebooks: running one in a kernel of its own, and the runs that are kept in the state folder.

`site` and `bench` run notebooks here; tests/runs.py keeps the runs that it makes anyway. A kept run has a checksum of all
that it came from: the notebook as shipped, what it imports, the locks, the data's checksums. Where one of these has changed
since, the run is not taken.
"""
import asyncio
import contextlib
import functools
import hashlib
import os
import signal
import tempfile
import time
from pathlib import Path

from ..engines import environment
from ..engines.place import ROOT, state

SECONDS = 900                              # that one cell may take, also on a busy machine
USED = ("patternlab/**/*.py", "patternlab/**/*.lock", "requirements.lock", "datasets/*.json")


def run(notebook, name: str) -> float:
    """Execute all cells of an nbformat notebook, in place: a fresh kernel, a scratch folder, its own slice.

    Returns the seconds. RuntimeError names the cell that failed, or that was running when the kernel died or 900 s had passed.
    KeyboardInterrupt at Ctrl-C and at SIGTERM, when the kernel has ended.
    """
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="patternlab run ") as folder:
        given = environment.child(PATTERNLAB_PROGRESS=folder)
        given.pop("PATTERNLAB_SLICE", None)
        client = _client()(notebook, timeout=SECONDS, kernel_name="python3", extra_arguments=["--log-level=CRITICAL"],
                           resources={"metadata": {"path": folder}})
        try:
            client.execute(env=given)
        except (CellExecutionError, CellTimeoutError, DeadKernelError, asyncio.CancelledError) as error:
            if client.interrupted:
                raise KeyboardInterrupt from None
            why = f"{error.ename}: {error.evalue}" if isinstance(error, CellExecutionError) else \
                f"it took more than {SECONDS} s" if isinstance(error, CellTimeoutError) else "its kernel died"
            raise RuntimeError(f"{name} did not run through: its cell `{client.at.id}` failed ({why.strip()}). "
                               f"Run `python3 kit.py test -k {name}`, which shows the cell.") from None
    return time.monotonic() - began


def _client():
    """nbclient's client, but for signals: at Ctrl-C that one ends its kernel twice, and says AssertionError."""
    from nbclient import NotebookClient

    class Client(NotebookClient):
        at, interrupted = None, False                            # the cell that runs

        async def async_start_new_kernel(self, **kwargs):
            self.task, self.on_cell_start = asyncio.current_task(), self.begin
            with contextlib.suppress(RuntimeError):              # another thread than the main one gets no signals
                for number in (signal.SIGINT, signal.SIGTERM):
                    asyncio.get_running_loop().add_signal_handler(number, self.leave)
            await super().async_start_new_kernel(**kwargs)

        def begin(self, cell, cell_index):
            self.at = cell
            if self.interrupted:
                self.task.cancel()

        def leave(self):
            self.interrupted = True
            if self.at is not None:                              # a kernel that is only starting would print a traceback
                self.task.cancel()

    return Client


def keep(notebook, name: str, seconds: float, shipped: Path, folder: "Path | None" = None) -> Path:
    """Write an executed notebook into `folder` (the state folder's runs/), with the checksum of what it came from.

    `shipped` is the notebook without outputs; `seconds` what the run took. The file appears whole or not at all.
    """
    import copy

    import nbformat
    kept = copy.deepcopy(notebook)
    for cell in kept.cells:
        cell.metadata.pop("execution", None)                     # when each cell ran on this machine
    kept.metadata["patternlab"] = {"stamp": stamp(shipped), "seconds": round(seconds, 1)}
    file = (folder or state("runs")) / f"{name}.ipynb"
    half = file.with_name(f"{name}.{os.getpid()}.half")
    half.write_text(nbformat.writes(kept), encoding="utf-8")
    os.replace(half, file)
    return file


def kept(shipped: Path, folder: "Path | None" = None):
    """The kept run of a shipped notebook as an nbformat notebook, or None: there is none, or something has changed since."""
    import nbformat
    file = (folder or state("runs")) / shipped.name
    try:
        found = nbformat.reads(file.read_text(encoding="utf-8"), as_version=4)
    except (OSError, ValueError):                                # not there, or no notebook
        return None
    return found if found.metadata.get("patternlab", {}).get("stamp") == stamp(shipped) else None


def forget() -> None:
    """Remove all kept runs of the state folder."""
    for file in state("runs").glob("*"):
        file.unlink()


def stamp(shipped: Path) -> str:
    """The checksum of a notebook as shipped and of what its outputs depend on."""
    return hashlib.sha256(shipped.read_bytes() + _used()).hexdigest()[:32]


@functools.lru_cache(maxsize=1)
def _used() -> bytes:
    """The checksum of what a notebook may import, of the locks, and of the list of the data's own checksums."""
    total = hashlib.sha256()
    for file in sorted(file for pattern in USED for file in ROOT.glob(pattern)):
        name = file.relative_to(ROOT)
        if name.parts[:2] != ("patternlab", "commands"):         # verbs: nothing that a notebook shows comes from them
            total.update(name.as_posix().encode() + file.read_bytes())
    return total.digest()
