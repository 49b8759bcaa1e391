"""Ends a process that doesn't read its standard input together with the kernel that owns it, even after kill -9.

A tiny Python parent holds the read end of a pipe from the kernel. When the kernel is gone the pipe closes, and the
parent ends its child: politely first, then for good.
"""
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

_GUARD = '''
import json, os, signal, subprocess, sys, threading
signal.signal(signal.SIGINT, signal.SIG_IGN)
how = json.loads(sys.argv[1])
child = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, **how["as"])
try:
    os.write(how["tell"], b"%d\\n" % child.pid); os.close(how["tell"])
except OSError: child.kill()                       # whoever has started it was interrupted, and does not listen
def owner_gone():
    try:
        while os.read(0, 4096): pass
    except OSError: pass
    child.send_signal(how["stop"])
    try: child.wait(how["patience"])
    except subprocess.TimeoutExpired: child.kill()
threading.Thread(target=owner_gone, daemon=True).start()
code = child.wait()
for path in how["litter"]:
    try: os.unlink(path)
    except OSError: pass
sys.exit(code & 255)
'''


class Guarded:
    """A running child process: `pid` is the child's own, not the guard's."""

    def __init__(self, command, log: Path, *, env=None, cwd=None, stop_signal=signal.SIGTERM, patience=5.0,
                 litter=(), **child):
        """Start `command` (a list of strings), its output appended to `log`.

        It is stopped by `stop_signal`, and after `patience` seconds for good; the files `litter` are removed then, however
        it ended. `child` (user, group, extra_groups) goes to the child alone: the guard stays who the kernel is.
        """
        ready, tell = os.pipe()
        how = {"stop": int(stop_signal), "patience": patience, "tell": tell, "as": child, "litter": list(map(str, litter))}
        arguments = [sys.executable, "-I", "-S", "-c", _GUARD, json.dumps(how), *map(str, command)]
        with os.fdopen(ready) as answer:
            try:
                with open(log, "ab") as out:
                    self._guard = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=out, stderr=out, env=env,
                                                   cwd=cwd, pass_fds=(tell,), start_new_session=True)
            finally:
                os.close(tell)
            try:
                line = answer.readline().strip()
            except BaseException:                      # interrupted: nobody would know what to end
                self._guard.stdin.close()
                raise
        if not line:
            raise RuntimeError(f"{Path(str(command[0])).name} could not be started; the reason is in {log}.")
        self.pid = int(line)

    def alive(self) -> bool:
        return self._guard.poll() is None

    def wait(self, seconds: float) -> bool:
        """True as soon as the process has ended, False after `seconds`."""
        try:
            self._guard.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        """SIGKILL, and wait until the process is gone."""
        if self.alive():
            try:
                os.kill(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.wait(10)
        self._guard.stdin.close()

    def stop(self, seconds: float = 8.0) -> None:
        """End it politely (its stop signal), then for good after the guard's patience."""
        if self.alive():
            self._guard.stdin.close()
            if not self.wait(seconds):
                self.kill()


class Own:
    """What an engine offers that is a process of this kernel's own: `self._process` is its Guarded."""

    @property
    def pid(self) -> int:
        """The process id of the engine itself."""
        return self._process.pid

    def kill(self) -> bool:
        """SIGKILL, in the middle of whatever it does; True. What it had stored is there after `restart()`."""
        self._process.kill()
        return True


def tail(log: Path, characters: int = 1200) -> str:
    """The end of a log file, for an error's text."""
    try:
        return Path(log).read_text(errors="replace")[-characters:]
    except OSError:
        return ""


def wait_for(condition, seconds: float, every: float = 0.02) -> bool:
    """Poll `condition()` until it is true (True) or `seconds` have passed (False)."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(every)
    return bool(condition())
