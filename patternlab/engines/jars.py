"""The locked jars: which there are, where they lie, and the fetch with checksums that brings them."""
import contextlib
import errno
import hashlib
import logging
import os
import queue
import shutil
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from . import network
from .place import setting, state

LOCK = Path(__file__).with_name("jars.lock")
DEFAULT = ("spark", "kafka", "connect", "debezium")  # `start` fetches them; a set besides is fetched by the lesson that needs it
FETCH = "python3 kit.py fetch"
THREADS = 4
TRIES = 3


class JarProblem(RuntimeError):
    """Jars are missing or can't be fetched; the message is what a person should read."""


@dataclass(frozen=True)
class Jar:
    """One line of jars.lock: which set it belongs to, its Maven coordinates, bytes and sha256."""

    set: str
    group: str
    artifact: str
    version: str
    size: int
    sha256: str

    @property
    def name(self) -> str:
        """The file name, as Maven calls it."""
        return f"{self.artifact}-{self.version}.jar"

    @property
    def path(self) -> Path:
        """Where it lies once fetched."""
        return state("jars") / self.name

    def here(self) -> bool:
        """Whether a file of the right size is there (its checksum was compared before it was moved there)."""
        try:
            return self.path.stat().st_size == self.size
        except OSError:
            return False


def locked(*sets: str) -> list[Jar]:
    """The jars of these sets in the lock's order; of all sets when none is named. ValueError names an unknown set."""
    jars = []
    for line in LOCK.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, coordinates, size, sha256 = line.split("\t")
            jars.append(Jar(name, *coordinates.split(":"), int(size), sha256))
    known = list(dict.fromkeys(jar.set for jar in jars))
    for name in sets:
        if name not in known:
            raise ValueError(f"There is no jar set {name!r}; the lock has: {', '.join(known)}.")
    return [jar for jar in jars if not sets or jar.set in sets]


def optional() -> list[Jar]:
    """The jars that only one lesson needs, and fetches."""
    return [jar for jar in locked() if jar.set not in DEFAULT]


def missing(*sets: str) -> list[Jar]:
    """The jars of these sets that are not there, or not in their full size."""
    return [jar for jar in locked(*sets) if not jar.here()]


def jar_paths(*sets: str) -> list[Path]:
    """The jars of these sets as paths, in the lock's order; JarProblem when one is missing or has the wrong size."""
    lacking = missing(*sets)
    if lacking:
        rest = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
        command = FETCH if set(sets) <= set(DEFAULT) else f"{FETCH} all"
        raise JarProblem(f"{lacking[0].name}{rest} of the engines' jars are not in {lacking[0].path.parent}, or not "
                         f"whole: run `{command}` and start again.")
    return [jar.path for jar in locked(*sets)]


def verify(*sets: str) -> list[Jar]:
    """The jars of these sets whose content is not what the lock says (reads every byte: about 0.1 s for 60 MB)."""
    return [jar for jar in locked(*sets) if not jar.here() or _sha256(jar.path) != jar.sha256]


def fetch(*sets: str, progress: bool = True) -> list[Path]:
    """Download what is missing of these sets (all sets when none is named) and return the paths as `jar_paths` does.

    Each jar is downloaded into a scratch folder, compared with its sha256, and moved into place in one step: what is in
    the jars folder is whole, an interrupted fetch goes on where it was, and two kits may fetch at once. JarProblem says
    in one sentence what is wrong (no network, wrong checksum, disk full, unwritable folder). PATTERNLAB_MAVEN names a
    mirror's address, PATTERNLAB_FROM a folder made by `kit.py pack`, which is asked before the network.
    """
    lacking = missing(*sets)
    if lacking:
        _sweep()
        need = sum(jar.size for jar in lacking)
        free = shutil.disk_usage(state("jars")).free
        if free < need + 50_000_000:
            raise JarProblem(f"The disk is full: the jars need {need / 1e6:.0f} MB and {state('jars')} has "
                             f"{free / 1e6:.0f} MB free. Make room, or set PATTERNLAB_STATE to a folder on another "
                             "disk, and start again.")
        bar = Bar("jars", need, len(lacking), quiet=not progress)
        try:
            with _scratch() as scratch, bar:
                _download(lacking, scratch, bar)
        except OSError as error:
            raise _disk(error) from None
    return jar_paths(*sets)


class Bar:
    """A progress bar in one line of a terminal; elsewhere a plain line about every ten percent."""

    def __init__(self, label: str, size: int, count: int, quiet: bool = False, out=None):
        self.label, self.size, self.count = label, size, count
        self.out = out or sys.stderr
        self.done = self.whole = self.plain = 0
        self.shown = self.last = 0.0
        self.quiet = quiet
        self.lock = threading.Lock()

    def add(self, size: int = 0, whole: int = 0) -> None:
        """`size` more bytes (less, when negative: an attempt that failed) and `whole` more files are there."""
        with self.lock:
            self.done += size
            self.whole += whole
            self._show(final=False)

    def _show(self, final: bool) -> None:
        if self.quiet:
            return
        share = min(1.0, self.done / self.size) if self.size else 1.0
        numbers = f"{share:4.0%}  {self.done / 1e6:.1f} of {self.size / 1e6:.1f} MB, {self.whole} of {self.count} files"
        if self.out.isatty():
            now = time.monotonic()
            if final or now - self.last > 0.1:
                self.last = now
                filled = int(share * 28)
                print(f"\r{self.label} [{'#' * filled}{'.' * (28 - filled)}] {numbers}\033[K", end="", file=self.out,
                      flush=True)
        elif int(share * 10) > self.plain or (final and self.plain < 10):
            self.plain = int(share * 10)
            print(f"{self.label} {numbers}", file=self.out, flush=True)

    def __enter__(self):
        return self

    def __exit__(self, *failed) -> None:
        with self.lock:
            if self.out.isatty() and not self.quiet:
                self._show(final=True)
                print(file=self.out, flush=True)


class _Stopped(Exception):
    """Another download has failed, or Ctrl-C: this one ends at its next chunk."""


def _download(jars: list[Jar], scratch: Path, bar: Bar) -> None:
    todo: queue.SimpleQueue = queue.SimpleQueue()
    for jar in sorted(jars, key=lambda jar: -jar.size):
        todo.put(jar)
    stop, failures = threading.Event(), []

    def work() -> None:
        while not stop.is_set():
            try:
                jar = todo.get_nowait()
            except queue.Empty:
                return
            try:
                _bring(jar, scratch, bar, stop)
            except _Stopped:
                return
            except Exception as error:
                failures.append(error)
                stop.set()

    threads = [threading.Thread(target=work, name=f"fetch-{n}", daemon=True) for n in range(min(THREADS, len(jars)))]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            while thread.is_alive():
                thread.join(0.2)
    except KeyboardInterrupt:
        stop.set()
        for thread in threads:
            thread.join(2)
        raise
    if failures:
        raise failures[0]


def _bring(jar: Jar, scratch: Path, bar: Bar, stop: threading.Event) -> None:
    if jar.here():  # another kit was faster
        bar.add(jar.size, whole=1)
        return
    stick = setting("FROM")
    source = Path(stick).expanduser() / "jars" / jar.name if stick else None
    if source is not None and source.is_file():
        loaded = Path(shutil.copyfile(source, scratch / jar.name))
        bar.add(jar.size)
        if _sha256(loaded) != jar.sha256:
            raise JarProblem(f"{source} is not the jar that jars.lock names: its checksum differs. Copy it again.")
    else:
        loaded = _from_maven(jar, scratch, bar, stop)
    os.replace(loaded, jar.path)
    bar.add(whole=1)


def _from_maven(jar: Jar, scratch: Path, bar: Bar, stop: threading.Event) -> Path:
    import requests

    mirror = setting("MAVEN")
    where = f"the mirror {mirror} (PATTERNLAB_MAVEN)" if mirror else "Maven Central"
    for attempt in range(1, TRIES + 1):
        got = 0

        @contextlib.contextmanager
        def watch(name, size):
            def more(chunk: int) -> None:
                nonlocal got
                if stop.is_set():
                    raise _Stopped
                got += chunk
                bar.add(chunk)
            yield more

        try:
            loaded = _resolve(jar, scratch / f"{jar.name}.{attempt}", mirror, watch)
        except OSError as error:  # requests' own are OSErrors too
            bar.add(-got)
            if in_the_way := network.reason(f"{type(error).__name__}: {error}", jar.name):
                raise JarProblem(in_the_way) from None
            if not isinstance(error, requests.RequestException):
                raise
            if isinstance(error, ValueError) and mirror:
                raise JarProblem(f"PATTERNLAB_MAVEN is {mirror!r}, which is no address: correct or unset it.") from None
            if attempt == TRIES or stop.wait(attempt):
                raise JarProblem(f"No network: {where} did not answer while {jar.name} was fetched "
                                 f"({type(error).__name__}). Connect, or set PATTERNLAB_FROM to a folder made by "
                                 "`kit.py pack`, and start again: it goes on where it was.") from None
            continue
        except RuntimeError:  # jgo's word for any answer but 200
            raise JarProblem(f"{where[0].upper()}{where[1:]} refused {jar.group}:{jar.artifact}:{jar.version}. Look "
                             "whether a proxy is in the way or PATTERNLAB_MAVEN is wrong, and start again.") from None
        bar.add(jar.size - got)
        if _sha256(loaded) == jar.sha256:
            return loaded
        if attempt == TRIES:
            raise JarProblem(f"The checksum of {jar.name} as {where} sent it is not the one in jars.lock: something on "
                             "the way changes files. Use another network, and start again.")
        bar.add(-jar.size)
    raise AssertionError("unreachable")


def _resolve(jar: Jar, cache: Path, mirror: str, watch) -> Path:
    from jgo.maven import MavenContext, PythonResolver

    logging.getLogger("jgo").setLevel(logging.CRITICAL)
    context = MavenContext(resolver=PythonResolver(progress_callback=watch), repo_cache=cache, local_repos=[],
                           remote_repos={"mirror": mirror.rstrip("/")} if mirror else None, timeout=30)
    return context.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _disk(error: OSError) -> JarProblem:
    if error.errno is None:  # has its own sentence already
        return JarProblem(str(error))
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return JarProblem(f"The disk is full: it filled up while jars were fetched to {state('jars')}. Make room, or "
                          "set PATTERNLAB_STATE to a folder on another disk, and start again: it goes on where it was.")
    return JarProblem(f"The jars can't be written to {error.filename or state('jars')} ({error.strerror or error}). "
                      "Set PATTERNLAB_STATE to a folder of your own and start again.")


@contextlib.contextmanager
def _scratch():
    folder = Path(tempfile.mkdtemp(prefix=f"fetch-{os.getpid()}-", dir=state("scratch")))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep() -> None:
    """Remove scratch folders that a killed fetch left behind."""
    import psutil

    for folder in state("scratch").glob("fetch-*-*"):
        pid = folder.name.split("-")[1]
        if pid.isdigit() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)
