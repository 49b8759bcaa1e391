"""One real Kafka broker for a kernel (KRaft, from the locked jars), or the one that PATTERNLAB_KAFKA names."""
import base64
import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from pathlib import Path

from . import environment, guard, java, jars, kernels, place
from .topics import Topics

_FLAGS = ["-Xms64m", "-Xmx256m", *java.FAST]
_LOG4J = """status=error
appender.file.type=File
appender.file.name=F
appender.file.fileName=${sys:patternlab.log}
appender.file.layout.type=PatternLayout
appender.file.layout.pattern=%d %p %c{1} %m%n
rootLogger.level=warn
rootLogger.appenderRef.file.ref=F
logger.start.name=kafka.server.KafkaRaftServer
logger.start.level=info
"""
_PROPERTIES = """process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
controller.listener.names=CONTROLLER
log.dirs={data}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=1000
broker.heartbeat.interval.ms=250
num.network.threads=2
num.io.threads=2
log.cleaner.dedupe.buffer.size=16777216
log.segment.delete.delay.ms=1000
"""
_TEMPLATE = ("meta.properties", "bootstrap.checkpoint")     # all that formatting writes: nothing in it names a path or a port


def _class_path() -> list:
    return jars.jar_paths("kafka")


def _command(folder: Path, main: str, *arguments, flags=()) -> list:
    # the argument files of two starts must not be mixed up: each broker has its folder
    return [str(part) for part in (java.java(), *java.QUIET, *_FLAGS, *flags, f"-Dpatternlab.log={folder / 'server.log'}",
            f"-Dlog4j2.configurationFile={(folder / 'log4j2.properties').as_uri()}", f"-Djava.io.tmpdir={folder}",
            f"@{java.argument_file(folder, _class_path())}", main, *arguments)]


def free_ports(count: int) -> list:
    """`count` different TCP ports of 127.0.0.1 that were free a moment ago."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


class Kafka(Topics):
    """A broker: `bootstrap` is "host:port", `topic` makes an empty one, `peek` shows messages, `kill` and `restart` are real."""

    def __init__(self, bootstrap: str = ""):
        """Start this kernel's broker; with `bootstrap`, use the one that runs there instead."""
        self.bootstrap, self._process, self._own = bootstrap, None, not bootstrap
        if self._own:
            self._folder = Path(tempfile.mkdtemp(prefix="kafka-", dir=kernels.run_folder()))
            self.log = self._folder / "server.log"
            for attempt in range(3):                        # another program can take a port between choosing and binding it
                try:
                    self._lay()
                    self._start()
                    return
                except RuntimeError:
                    if attempt == 2 or "in use" not in guard.tail(self.log, 4000):
                        raise

    # --- the process ----------------------------------------------------------------------------------------------
    def _lay(self) -> None:
        """Fresh folders: properties with free ports, and the data folder as the format tool leaves it."""
        shutil.rmtree(self._folder, ignore_errors=True)
        data = self._folder / "data"
        data.mkdir(parents=True)
        port, controller = free_ports(2)
        self.bootstrap = f"127.0.0.1:{port}"
        self._properties = self._folder / "server.properties"
        self._properties.write_text(_PROPERTIES.format(port=port, controller=controller, data=java.escaped(str(data))))
        (self._folder / "log4j2.properties").write_text(_LOG4J)
        template = place.state("templates") / f"kafka-{_version()}"
        if not all((template / name).exists() for name in _TEMPLATE):
            self._format(template, data)
        for name in _TEMPLATE:
            shutil.copy(template / name, data / name)

    def _format(self, template: Path, data: Path) -> None:
        cluster = "-"
        while cluster.startswith("-"):                      # the format tool takes such an id for an option (1 in 64)
            cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        done = subprocess.run(_command(self._folder, "kafka.tools.StorageTool", "format", "-t", cluster,
                                       "-c", self._properties), capture_output=True, text=True, timeout=60,
                              env=environment.child())
        if done.returncode:
            raise RuntimeError(f"Kafka's storage could not be formatted: {(done.stderr or done.stdout).strip()[-300:]} "
                               "Run `python3 kit.py doctor`.")
        scratch = template.with_suffix(f".{os.getpid()}.tmp")
        scratch.mkdir(parents=True, exist_ok=True)
        for name in _TEMPLATE:
            shutil.copy(data / name, scratch / name)
        shutil.rmtree(template, ignore_errors=True)
        with contextlib.suppress(OSError):                  # another kit was faster: its template is as good
            os.replace(scratch, template)

    def _start(self, flags=None, patience: float = 5.0) -> None:
        kernels.need_memory("Kafka", 400)
        seen = self.log.stat().st_size if self.log.exists() else 0
        flags = java.archive_flags("kafka", _class_path(), _FLAGS) if flags is None else flags
        self._process = guard.Guarded(_command(self._folder, "kafka.Kafka", self._properties, flags=flags),
                                      self._folder / "out.txt", patience=patience, env=environment.child())

        def ready():
            if not self._process.alive():
                return True
            if not self.log.exists():
                return False
            with open(self.log, errors="replace") as lines:
                lines.seek(seen)
                return "Kafka Server started" in lines.read()
        if not guard.wait_for(ready, 60) or not self._process.alive():
            self._process.kill()
            raise RuntimeError(f"The Kafka broker did not start within 60 s. Its own words are in {self.log}; "
                               "run `python3 kit.py doctor` to see what is wrong.")

    def alive(self) -> bool:
        """True while the broker's process runs (a broker that is not ours counts as running)."""
        return not self._own or (self._process is not None and self._process.alive())

    @property
    def pid(self) -> int:
        """The broker's process id; 0 where the broker is not this kernel's own."""
        return self._process.pid if self._own and self._process else 0

    def kill(self) -> bool:
        """SIGKILL the broker, as a power cut would; True. Where it is not ours to kill: says so, and returns False."""
        if not self._own:
            print("This broker runs in a container, and a notebook can't kill it: "
                  "run `python3 kit.py stack kill kafka` on the host. The notebook goes on with the broker alive.")
            return False
        self._process.kill()
        return True

    def restart(self) -> None:
        """Start the broker again on the same data and the same port; returns when it answers."""
        if self._own:
            if self._process.alive():
                self._process.stop()
            self._start()

    def stop(self) -> None:
        """End the broker; its data goes with the kernel's folder."""
        if self._own and self._process is not None:
            self._process.stop()

    def __repr__(self):
        return f"Kafka({self.bootstrap})"


def _version() -> str:
    return next(path.stem.rsplit("-", 1)[-1] for path in _class_path() if path.name.startswith("kafka-server-common"))


def make_archive() -> bool:
    """Make the broker's class-data-sharing archive by one warm-up run. False: it was there."""
    def warm_up(extra):
        broker = Kafka.__new__(Kafka)
        broker._own, broker._folder = True, kernels.run_folder() / "kafka"
        broker.log = broker._folder / "server.log"
        broker._lay()
        broker._start(extra, patience=120)                 # the dump is written at the JVM's exit
        from kafka import KafkaProducer
        broker.topic("warm")
        producer = KafkaProducer(bootstrap_servers=broker.bootstrap)
        producer.send("warm", b"1")
        producer.flush()
        producer.close()
        broker.peek("warm", 1)
        broker._process.stop(120)
    made = java.make_archive("kafka", _class_path(), _FLAGS, warm_up)
    kernels.forget()
    return made
