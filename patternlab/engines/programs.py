"""A program beside the kernel: a Python file in a process of its own, which can be killed together with its Spark JVM."""
import contextlib
import inspect
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

from . import environment as variables
from . import guard, kernels


class Program(subprocess.Popen):
    """The running program; what it prints goes to the file `log`. It is killed when `killed` says so, or ends by itself."""

    def __init__(self, file, *args, **environment):
        """Start the Python file `file` with `args` (as texts), in this kernel's environment and `environment`.

        Its standard input is a pipe from the kernel: a program that reads it ends when the kernel does.
        """
        self.log = Path(file).with_suffix(".log")
        with open(self.log, "wb") as out:
            super().__init__([sys.executable, str(file), *map(str, args)], stdin=subprocess.PIPE, stdout=out, stderr=out,
                             env={**os.environ, "PYTHONPATH": variables.modules(), **environment}, start_new_session=True)


def written(name: str, *parts) -> Path:
    """The file `name`.py, in a new folder of this kernel, with these parts: lines of code, and functions of the notebook, whose
    source is taken. What such a function uses besides its arguments must stand in the lines.
    """
    code = [part if isinstance(part, str) else textwrap.dedent(inspect.getsource(part)) for part in parts]
    file = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=kernels.run_folder())) / f"{name}.py"
    file.write_text("\n".join(code), encoding="utf-8")
    return file


def killed(program, *args, when, seconds: float = 120) -> int:
    """Run the Python file `program` with `args`, SIGKILL it and its Spark JVM once `when()` is true; its exit code, -9.

    `program` may also be a `Program` that runs already. `when` is asked a hundred times a second. All its processes are
    gone when this returns. RuntimeError, with the program's last words, where it ends by itself before that or `when()` is
    not true within `seconds` (it is ended then, too).
    """
    running = program if isinstance(program, Program) else Program(program, *args)
    due, give_up = False, time.monotonic() + seconds
    try:
        while not due and running.poll() is None and time.monotonic() < give_up:
            due = when()
            time.sleep(0 if due else 0.01)
    finally:
        code = _end(running)
    if not due or code != -signal.SIGKILL:
        how = "did not get there in time" if code == -signal.SIGKILL else f"ended by itself with exit code {code}"
        raise RuntimeError(f"{running.log.stem} was to be killed in the middle of its work and {how}. Its last words, from "
                           f"{running.log}: {guard.tail(running.log, 800).strip() or '(none)'}")
    return code


def _end(running: Program) -> int:
    import psutil
    family = kernels.family(running.pid)
    for member in family:                                   # the program first: it shall not see its JVM go
        with contextlib.suppress(psutil.Error):
            member.kill()
    code = running.wait()
    running.stdin.close()
    if not guard.wait_for(lambda: not any(map(_runs, family)), 15):
        raise RuntimeError(f"Of {running.log.stem} these processes are there 15 s after SIGKILL: "
                           f"{[member.pid for member in family if _runs(member)]}. Restart the kernel.")
    return code


def _runs(process) -> bool:
    import psutil
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE    # who must bury it is another's matter
    except psutil.Error:
        return False
