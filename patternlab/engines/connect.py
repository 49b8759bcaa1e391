"""Kafka Connect (standalone) with Debezium's PostgreSQL connector, as a child of the kernel.

On the compose stack (PATTERNLAB_CONNECT is set) it is the stack's own Connect instead. What a connector does is its
configuration, and that is the notebook's: nothing is added to it here.
"""
import atexit
import contextlib
import json
import os
import shutil
import socket
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from . import environment, guard, jars, java, kernels, place, postgres
from .kafka import free_ports

TRIES = 3
_FLAGS = ["-Xms32m", "-Xmx256m", *java.FAST]
MEGABYTES = 300
_LOGGING = """status=error
appender.file.type=File
appender.file.name=FILE
appender.file.fileName=${sys:connect.log}
appender.file.layout.type=PatternLayout
appender.file.layout.pattern=%d %p %c{1} %m%n
rootLogger.level=warn
rootLogger.appenderRef.file.ref=FILE
logger.worker.name=org.apache.kafka.connect.runtime
logger.worker.level=info
"""
# no HTTP proxy of the machine may stand between the kernel and 127.0.0.1
_http = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_worker = None


class ConnectProblem(RuntimeError):
    """Connect or a connector failed; the message is what a person should read."""


class Connect:
    """A Connect worker by its REST address `url`; connectors are known by the names that the notebook gives them."""

    def __init__(self, url: str, log: "Path | None" = None, suffix: str = ""):
        self.url, self.log, self._suffix = url.rstrip("/"), log, suffix
        self._configs = {}

    def __repr__(self):
        return f"Kafka Connect at {self.url}"

    def put(self, name: str, config: dict) -> None:
        """Make the connector `name`, or change its configuration (a dict of strings, as Debezium documents them).

        ConnectProblem gives Connect's own reason where it refuses the configuration.
        """
        config = {key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in config.items()}
        self._ask("PUT", f"/connectors/{self._full(name)}/config", {**config, "name": self._full(name)})
        self._configs[name] = config

    def status(self, name: str) -> dict:
        """{'connector': state, 'task': state, 'reason': text}: states are RUNNING, FAILED, PAUSED, STOPPED, UNASSIGNED
        or MISSING; the reason is the connector's own, empty where it has not failed."""
        answer = self._ask("GET", f"/connectors/{self._full(name)}/status", missing_ok=True)
        if answer is None:
            return {"connector": "MISSING", "task": "MISSING", "reason": ""}
        task = (answer["tasks"] or [{"state": "UNASSIGNED"}])[0]
        trace = task.get("trace") or answer["connector"].get("trace") or ""
        return {"connector": answer["connector"]["state"], "task": task["state"], "reason": _reason(trace) if trace else ""}

    def wait(self, name: str, state: str = "RUNNING", seconds: float = 60) -> dict:
        """Wait until the connector `name` and its task are in `state`, and return the status.

        ConnectProblem, in one sentence, where it fails (with its own reason) or takes longer than `seconds`.
        """
        end, seen = time.monotonic() + seconds, None
        while time.monotonic() < end:
            seen = self.status(name)
            task = "STOPPED" if seen["connector"] == state == "STOPPED" else seen["task"]      # a stopped one has no task
            if seen["connector"] == task == state:
                return seen
            if "FAILED" in (seen["connector"], seen["task"]) and state != "FAILED":
                raise ConnectProblem(f"The connector {name} failed: {seen['reason']} {_advice(seen['reason'])}")
            time.sleep(0.1)
        raise ConnectProblem(f"The connector {name} is {seen and seen['task']} after {seconds:.0f} s and should be {state}. "
                             f"Look at connect().status({name!r}){f' and into {self.log}' if self.log else ''}.")

    def offsets(self, name: str) -> dict:
        """How far the connector `name` has stored that it is (of Debezium: {'lsn': position in the log, ...}); {} before that."""
        found = self._ask("GET", f"/connectors/{self._full(name)}/offsets")["offsets"]
        return (found[0]["offset"] or {}) if found else {}

    def delete(self, name: str) -> None:
        """Remove the connector `name` and the offsets it has stored: a new one of that name starts afresh. None: fine.

        Its slot in PostgreSQL stays, because the database does not know that nobody will come back for it.
        """
        full = self._full(name)
        if self._ask("GET", f"/connectors/{full}/status", missing_ok=True) is None:
            self._configs.pop(name, None)
            return
        self._ask("PUT", f"/connectors/{full}/stop")
        self.wait(name, "STOPPED", 30)
        self._ask("DELETE", f"/connectors/{full}/offsets")
        self._ask("DELETE", f"/connectors/{full}")
        self._configs.pop(name, None)

    def kill(self) -> bool:
        """On a worker that is not ours: say that it can't be killed from here, False."""
        print("The stack's Connect serves other notebooks too and is not killed from here; the notebook goes on.")
        return False

    def restart(self) -> None:
        """On a worker that is not ours: nothing to do."""

    def stop(self) -> None:
        """Remove this kernel's connectors."""
        global _worker
        _worker = None
        for name in list(self._configs):
            with contextlib.suppress(ConnectProblem):
                self.delete(name)

    def _full(self, name: str) -> str:
        return name + self._suffix

    def _ask(self, method: str, path: str, body: "dict | None" = None, missing_ok: bool = False):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"}, method=method)
        for attempt in range(40):
            try:
                with _http.open(request, timeout=30) as answer:
                    text = answer.read()
                    return json.loads(text) if text else {}
            except urllib.error.HTTPError as error:
                said = _message(error)
                if error.code == 404 and missing_ok:
                    return None
                # Connect is busy with the change before this one, or the task has not quite stopped
                if (error.code in (409, 503) or "stop" in said and path.endswith("/offsets")) and attempt < 39:
                    time.sleep(0.25)
                    continue
                name = path.split("/")[2] if path.count("/") > 1 else "Connect"
                raise ConnectProblem(f"Connect refuses {method} for {name.removesuffix(self._suffix)}: {said} "
                                     "Correct the configuration and put it again.") from None
            except OSError as error:
                raise ConnectProblem(self._gone(error)) from None

    def _gone(self, error: OSError) -> str:
        return f"Connect does not answer at {self.url} ({getattr(error, 'reason', error)}). Start the stack and try again."


class Embedded(guard.Own, Connect):
    """A worker of this kernel's own: a JVM with the locked jars, REST on 127.0.0.1 and a free port."""

    def __init__(self, folder: Path, bootstrap: str):
        self._folder, self._bootstrap = folder, bootstrap
        self._class_path = jars.fetch("kafka", "connect")
        plugin = folder / "plugins" / "debezium"
        plugin.mkdir(parents=True)
        for jar in jars.fetch("debezium"):
            shutil.copyfile(jar, plugin / jar.name)              # 6 MB: links are not followed on every system
        (folder / "log4j2.properties").write_text(_LOGGING)
        self._process = None
        super().__init__(f"http://127.0.0.1:{self._start()}", folder / "connect.log")

    def _settings(self, port: int) -> Path:
        file = self._folder / "worker.properties"
        converter = "org.apache.kafka.connect.json.JsonConverter"
        file.write_text("\n".join([
            f"bootstrap.servers={self._bootstrap}", f"listeners=http://127.0.0.1:{port}",
            f"key.converter={converter}", "key.converter.schemas.enable=false",
            f"value.converter={converter}", "value.converter.schemas.enable=false",
            f"offset.storage.file.filename={java.escaped(str(self._folder / 'offsets'))}", "offset.flush.interval.ms=1000",
            f"plugin.path={java.escaped(str(self._folder / 'plugins'))}", "plugin.discovery=service_load",
            "producer.linger.ms=5", "task.shutdown.graceful.timeout.ms=3000", ""]), encoding="utf-8")
        return file

    def _start(self, port: "int | None" = None) -> int:
        log, out = self._folder / "connect.log", self._folder / "connect.out"
        for attempt in range(TRIES):
            chosen = port or free_ports(1)[0]
            before = log.stat().st_size if log.exists() else 0
            command = [java.java(), *java.QUIET, *_FLAGS, f"-Dconnect.log={log}",
                       f"-Dlog4j2.configurationFile={(self._folder / 'log4j2.properties').as_uri()}",
                       f"-Djava.io.tmpdir={self._folder}",
                       f"@{java.argument_file(self._folder, self._class_path)}",
                       "org.apache.kafka.connect.cli.ConnectStandalone", self._settings(chosen)]
            self._process = guard.Guarded(command, out, cwd=self._folder, env=environment.child())
            if guard.wait_for(lambda: self._answers(chosen) or not self._process.alive(), 60, 0.05) and self._process.alive():
                return chosen
            self._process.stop()
            with open(log, errors="replace") if log.exists() else contextlib.nullcontext() as file:
                said = (file.seek(before), file.read())[1] if file else guard.tail(out)
            busy = "Address already in use" in said or "Failed to bind" in said
            if not busy:
                raise ConnectProblem(f"Connect did not start: {_reason(said)} Its log is {log}; restart the kernel.")
        raise ConnectProblem(f"The port {chosen} is busy: another program listens on it. End that program and start again.")

    def _answers(self, port: int) -> bool:
        try:
            with _http.open(f"http://127.0.0.1:{port}/connectors", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def restart(self) -> None:
        """Start the worker again with the connectors it had; they go on from the offsets that they last stored."""
        if self._process.alive():
            self._process.stop()
        self._start(int(self.url.rsplit(":", 1)[1]))
        for name, config in list(self._configs.items()):         # a standalone worker remembers offsets, not connectors
            self.put(name, config)

    def stop(self) -> None:
        """End the worker, and remove its offsets and logs."""
        global _worker
        _worker = None
        self._process.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _gone(self, error: OSError) -> str:
        if self._process.alive():
            return f"Connect runs and does not answer at {self.url}; its log is {self.log}. Call connect().restart()."
        return "Connect does not run: it was killed or it ended. Call connect().restart() and try again."


def start(bootstrap: str) -> Connect:
    """This kernel's Connect on the Kafka at `bootstrap`: started at the first call, the same object after that.

    Its jars are fetched on first use, with progress. ConnectProblem says in one sentence why it can't be had.
    """
    global _worker
    if _worker is None:
        named = place.setting("CONNECT")
        if named:
            _worker = _on_the_stack(named)
        else:
            kernels.need_memory("Kafka Connect", MEGABYTES)
            _worker = Embedded(Path(tempfile.mkdtemp(prefix="connect-", dir=kernels.run_folder())), bootstrap)
        atexit.register(_end)
    return _worker


def _end() -> None:
    if _worker is not None:
        _worker.stop()


def _on_the_stack(url: str) -> Connect:
    """The stack's worker; connectors that kernels of this host left there are removed."""
    import psutil
    here = "".join(letter for letter in socket.gethostname().lower() if letter.isalnum())[:20]
    worker = Connect(url, None, f"--{here}-{os.getpid()}")
    for name in worker._ask("GET", "/connectors"):
        plain, mark, owner = name.rpartition(f"--{here}-")
        if mark and owner.isdigit() and not psutil.pid_exists(int(owner)):
            with contextlib.suppress(ConnectProblem):
                Connect(url, None, mark + owner).delete(plain)
    return worker


def _message(error: urllib.error.HTTPError) -> str:
    try:
        text = json.loads(error.read())["message"]
    except (OSError, ValueError, KeyError, TypeError):
        text = f"{error.code} {error.reason}"
    text = text.split("You can also find the above list")[0]
    return " ".join(text.replace("Connector configuration is invalid and contains the following", "").split()).rstrip(".") + "."


def _reason(trace: str) -> str:
    """The innermost cause of a Java stack trace as one sentence, without its class name."""
    lines = [line.strip() for line in trace.splitlines() if line.strip()]
    causes = [line for line in lines if line.startswith("Caused by:")]
    told = [line for line in lines if "ERROR" in line or "Exception" in line] or lines or ["it gave no reason"]
    line = causes[-1] if causes else told[0]
    line = line.removeprefix("Caused by:").strip()
    head, colon, rest = line.partition(": ")
    if colon and ("Exception" in head or "Error" in head) and " " not in head:
        line = rest
    return line.rstrip(".") + "."


def _advice(reason: str) -> str:
    known = postgres.explain(reason)
    return known or "Correct its configuration or the database, and put it again."
