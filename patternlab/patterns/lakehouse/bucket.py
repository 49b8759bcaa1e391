"""The world around the deeper notebook 06: a folder where no bucket is, two writers at once, what an engine said."""
import pickle
import re
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ...engines import guard
from ...engines.programs import Program, written

REPORT = "key STRING, scheduled TIMESTAMP, carrier STRING, flight INT, origin STRING, dest STRING, dep_delay INT"
IMPORTS = """import pathlib, pickle
import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, QueryBuilder, write_deltalake
"""


class Folder:
    """What stands in for an object store: the same calls on a folder, whose address is a path. It has no endpoint."""

    def __init__(self, home):
        """`home` is a folder; buckets are folders in it."""
        self.home, self.options = Path(home), {}

    def bucket(self, name: str) -> str:
        """An empty folder of this name, whatever it held before; returns its path."""
        shutil.rmtree(self.home / name, ignore_errors=True)
        (self.home / name).mkdir(parents=True)
        return str(self.home / name)

    def put(self, address: str, content, *, only_if_new: bool = False) -> bool:
        """Write a file, in place of what is there; with `only_if_new`: False, and no writing, where the name is taken."""
        Path(address).parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(address, "xb" if only_if_new else "wb") as file:
                file.write(content.encode() if isinstance(content, str) else content)
        except FileExistsError:
            return False
        return True

    def get(self, address: str) -> bytes:
        """The content of a file."""
        return Path(address).read_bytes()

    def keys(self, address: str) -> list:
        """The names of all files below a folder, in order."""
        return sorted(str(file.relative_to(address)) for file in Path(address).rglob("*") if file.is_file())

    def __repr__(self):
        return f"folder {self.home.name}"


def or_folder(start, home):
    """What `start()` returns, an object store; where it can't be had, why in one sentence, and a `Folder` in its place."""
    try:
        return start()
    except (RuntimeError, MemoryError, OSError) as problem:
        print(f"{problem} The notebook goes on with a folder in place of the bucket.")
        return Folder(Path(home) / "objects")


def at_once(function, calls: list, seconds: float = 90) -> list:
    """`function`, one of the notebook, in a process for each of `calls` (lists of arguments, Arrow tables too), all at once.

    A process has the names of deltalake and pa (pyarrow), and nothing else of the notebook. Returns what each printed;
    RuntimeError with its last words where one fails.
    """
    programs = []
    for arguments in calls:
        file = written("writer", IMPORTS, function,
                       "arguments = pickle.loads(pathlib.Path(__file__).with_suffix('.arguments').read_bytes())",
                       "print('ready', flush=True)", "assert input() == 'go'", f"{function.__name__}(*arguments)")
        file.with_suffix(".arguments").write_bytes(pickle.dumps(arguments))
        programs.append(Program(file))
    try:
        for program in programs:
            guard.wait_for(lambda: "ready" in _said(program) or program.poll() is not None, seconds)
        for program in programs:
            program.stdin.write(b"go\n")
            program.stdin.close()
        end = time.monotonic() + seconds
        for program in programs:
            if program.wait(max(1, end - time.monotonic())):
                raise RuntimeError(f"A writer failed. Its last words: {_said(program)[-800:].strip()}")
    finally:
        for program in programs:
            if program.poll() is None:
                program.kill()
                program.wait()
    return [_said(program).removeprefix("ready").strip() for program in programs]


def while_held(spark, update, meanwhile, home) -> str:
    """Run `update()` in a thread, and `meanwhile()` while it is held: "committed", or "refused: ..." for the update.

    It is held where its SQL calls held(x), which is x (an int), once `meanwhile` has ended. `home` is a folder that all of
    Spark's workers see.
    """
    begun, over = Path(home) / "held-begun", Path(home) / "held-over"
    for mark in (begun, over):
        mark.unlink(missing_ok=True)

    def held(number, begun=str(begun), over=str(over)):
        import os
        import time
        open(begun, "a").close()
        while not os.path.exists(over):
            time.sleep(0.02)
        return number

    spark.udf.register("held", held, "int")
    with ThreadPoolExecutor(1) as pool:
        updating = pool.submit(update)
        try:
            if not guard.wait_for(lambda: begun.exists() or updating.done(), 60) or updating.done():
                raise RuntimeError(f"The update did not wait: {updating.exception() if updating.done() else 'it never began'}")
            meanwhile()
        finally:
            over.touch()
        error = updating.exception()
    return f"refused: {reason(error)}" if error else "committed"


def _said(program) -> str:
    return guard.tail(program.log, 20_000)


def reason(error) -> str:
    """What an engine's error says, in one line of at most 80 letters: without Java's classes, Spark's codes and frames."""
    coded = re.search(r"\[[A-Z_.0-9]+\] (.+)", str(error))
    said = coded[1] if coded else str(error).strip().splitlines()[0].rpartition("error: ")[2]
    said = said.strip().rstrip(":")
    return said if len(said) <= 80 else said[:77] + "..."
