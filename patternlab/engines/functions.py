"""Instances of functions: each is a process of this kernel's own that serves one function of one file, by HTTP and CloudEvents.

The file is written for `functions-framework`. Each instance imports it anew, and that is most of a cold start. One call at a
time, on 127.0.0.1 only; all instances end with the kernel, whatever ends that.
"""
import itertools
import os
import sys
import tempfile
from pathlib import Path

from . import environment, guard, kernels

MEGABYTES = 80                     # of one instance with its guard
STARTS = 20                        # seconds within which an instance serves
_SERVE = '''
import os, sys
from functions_framework import create_app
from werkzeug.serving import WSGIRequestHandler, make_server
class Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"                      # the connection is kept: a warm call needs no new one
    def log_request(self, *_): pass
    def setup(self):
        super().setup()
        self.connection.setsockopt(6, 1, 1)            # TCP_NODELAY: an answer does not wait for an acknowledgement
name, source, told = sys.argv[1:]
server = make_server("127.0.0.1", 0, create_app(name, source, "cloudevent"), request_handler=Handler)
with open(told + ".new", "w") as file:
    file.write(str(server.port))
os.rename(told + ".new", told)
server.serve_forever()
'''
_numbers = itertools.count(1)
_running = {}                      # pid -> Instance, of those that nobody has ended
_folder = None


class FunctionProblem(RuntimeError):
    """An instance can't be had, or was ended; the message is what a person should read."""


class Instance(guard.Own):
    """A process that serves the function `name` of the Python file `source`: `post` calls it, `stop` and `kill` end it.

    In a `with` block it ends with the block. `pid`, `port` and `log` (a file) are its own.
    """

    def __init__(self, source, name: str, **settings):
        """Start it, and return when it serves; `settings` are added to its environment variables.

        FunctionProblem where the file can't be served, with what Python says of it; MemoryError where too little is free.
        """
        import requests
        self.source, self.name, self._ended = Path(source), name, False
        if not self.source.is_file():
            raise FunctionProblem(f"There is no file {self.source}: write the function into it first.")
        kernels.need_memory("An instance of a function", MEGABYTES)
        self._told = _home() / f"{next(_numbers)}.port"
        self.log = self._told.with_suffix(".log")
        command = [sys.executable, "-c", _SERVE, name, self.source, self._told]
        self._process = guard.Guarded(command, self.log, cwd=self.source.parent, patience=2.0, litter=[self._told],
                                      env=environment.child(PYTHONPATH=environment.modules(), **settings))
        _running[self.pid] = self
        try:
            serves = guard.wait_for(lambda: self._told.exists() or not self.alive(), STARTS, 0.005) and self.alive()
        except BaseException:                              # the cell was interrupted
            self.kill()
            raise
        if not serves:
            self.kill()
            raise FunctionProblem(f"The function {name} of {self.source.name} can't be served: {_reason(self.log)} "
                                  "Mend it, write the file again, and start another instance. All that was said is in "
                                  f"{self.log}.")
        self.port = int(self._told.read_text())
        self._http = requests.Session()
        self._http.trust_env = False                       # no proxy stands between this machine and itself

    def post(self, event, seconds: float = 10) -> str:
        """Call the function with a CloudEvent and wait for its answer: "done"; "failed" where it raised; "died" where the
        process ended without an answer, or gave none in time and was killed for that.

        FunctionProblem where this kernel has ended the instance before. What a function raised stands in `log`.
        """
        import requests
        from cloudevents.conversion import to_structured
        if self._ended:
            raise FunctionProblem(f"This instance (process {self.pid}) was ended, so it can't be called. Start another "
                                  "one.")
        headers, body = to_structured(event)
        try:
            answer = self._http.post(f"http://127.0.0.1:{self.port}/", headers=headers, data=body, timeout=seconds)
        except requests.RequestException:
            self.kill()
            return "died"
        return "done" if answer.ok else "failed"

    def alive(self) -> bool:
        """True while its process runs."""
        return self._process.alive()

    def kill(self) -> bool:
        """SIGKILL, in the middle of whatever it does; True."""
        return self._end(self._process.kill)

    def stop(self) -> None:
        """End it politely: by SIGTERM, and after two seconds for good."""
        self._end(self._process.stop)

    def _end(self, end) -> bool:
        end()
        self._ended = True
        _running.pop(self.pid, None)
        if hasattr(self, "_http"):
            self._http.close()
        return True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def __repr__(self):
        state = "ended" if self._ended else f"port {self.port}"
        return f"{self.name} of {self.source.name}, process {self.pid}, {state}"


def running() -> list:
    """The instances that run now."""
    return [instance for instance in list(_running.values()) if instance.alive()]


def stop() -> None:
    """End all instances of this kernel."""
    for instance in list(_running.values()):
        instance.stop()


def _home() -> Path:
    global _folder
    if _folder is None or not _folder.exists():
        _folder = Path(tempfile.mkdtemp(prefix="functions-", dir=kernels.run_folder()))
    return _folder


def _reason(log: Path) -> str:
    """What Python said at the end of a log, in one line, with a full stop."""
    lines = [line.strip() for line in guard.tail(log, 4000).splitlines() if line.strip()]
    where = [line for line in lines if line.startswith("File ") and "site-packages" not in line and "<" not in line]
    last = (lines or ["it ended without a word"])[-1].removeprefix("functions_framework.exceptions.")
    place = where[-1].split(", in ")[0].split(", ", 1)[-1] if where and os.sep in where[-1] else ""
    return f"{last.rstrip('.')}{f' ({place})' if place else ''}."
