"""kit.py as a person runs it, for tests: a checkout of one's own in a path with a space and an umlaut, and real processes."""
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from patternlab.engines import place  # noqa: E402

JARS = place.state("jars")  # of the kit that runs these tests


@pytest.fixture(autouse=True)
def cold(monkeypatch):
    """No kit here keeps or takes a warm JVM, but where a test says so: these tests count what a verb leaves behind."""
    monkeypatch.setenv("PATTERNLAB_SPARE", "0")
    monkeypatch.delenv("PATTERNLAB_SPARES", raising=False)   # the keeper of this test run is no kit's of a test


def kit(home, *argv, timeout=120, before=(), **settings):
    """Run `kit.py argv` of the checkout `home` to its end; `settings` are added to the environment (None: removed)."""
    environment = {name: value for name, value in {**os.environ, **settings}.items() if value is not None}
    return subprocess.run([*before, sys.executable, str(home / "kit.py"), *argv], env=environment, capture_output=True,
                          text=True, timeout=timeout, stdin=subprocess.DEVNULL)


def background(home, *argv, **settings):
    """The same, started and not waited for; what it says is in `stderr`. It heeds SIGINT also where this run does not: a
    shell's job in the background is told to ignore it, and children inherit that."""
    environment = {name: value for name, value in {**os.environ, **settings}.items() if value is not None}
    return subprocess.Popen([sys.executable, home / "kit.py", *argv], env=environment, text=True,
                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))


def sentence(done, *parts):
    """The run failed with code 1, said every one of `parts`, and showed no traceback."""
    said = done.stdout + done.stderr
    assert done.returncode == 1, said
    assert "Traceback" not in said
    for part in parts:
        assert part in said, said
    return said


def until(what, seconds=20.0):
    """Wait for `what()` to be true; says so when it does not become true in time."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, f"not true after {seconds} s: {what}"
        time.sleep(0.05)


def copy(folder):
    """A checkout of the kit's program in `folder`, with small notebooks and labs, without an environment."""
    for name in ("kit.py", "requirements.lock"):
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    shutil.copytree(ROOT / "patternlab", folder / "patternlab", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("notebooks/00-start-here", "notebooks/03-medallion", "labs/03-medallion", "labs/04-star-schema"):
        original(folder, name, f"print('{name}')", "answer = ...")
    (folder / "notebooks/pictures").mkdir()
    (folder / "notebooks/pictures/03-medallion.svg").write_text("<svg>old</svg>")
    return folder


def original(home, name, *sources):
    """Write `name`.ipynb into the checkout: one code cell per source, tagged exercise-1, exercise-2, ..."""
    cells = [nbformat.v4.new_code_cell(source, id=f"cell-{n}", metadata={"tags": [f"exercise-{n}"]})
             for n, source in enumerate(sources, 1)]
    file = home / f"{name}.ipynb"
    file.parent.mkdir(exist_ok=True)
    file.write_text(nbformat.writes(nbformat.v4.new_notebook(cells=cells)) + "\n", encoding="utf-8")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A checkout with the environment of this test run, and a desk and a state folder of its own."""
    home = copy(tmp_path / "Zürich kit")
    assert (Path(sys.prefix) / "kit-stamp").exists(), "run these tests by `python3 kit.py test`"
    (home / ".venv").symlink_to(sys.prefix)
    monkeypatch.delenv("PATTERNLAB_DESK", raising=False)
    monkeypatch.setenv("PATTERNLAB_STATE", str(home / "der Zustand"))
    return home


def wheel(folder, version):
    """A package `tiny` in a wheel; returns its line in a lock."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"tiny-{version}-py3-none-any.whl"
    about = f"tiny-{version}.dist-info"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("tiny.py", f"version = '{version}'\n")
        archive.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: tiny\nVersion: {version}\n")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\n"
                         "Tag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", f"tiny.py,,\n{about}/METADATA,,\n{about}/WHEEL,,\n{about}/RECORD,,\n")
    return f"tiny=={version} \\\n    --hash=sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}\n    # via test\n"


def state_of(home):
    return home / "der Zustand"
