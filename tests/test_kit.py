"""kit.py and its verbs as a person meets them: real processes, real failures, a path with a space and an umlaut."""
import ast
import contextlib
import hashlib
import http.server
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path

import nbformat
import psutil
import pytest
import setuptools
# cold and home are fixtures
from kits import JARS, ROOT, background, cold, copy, home, kit, original, sentence, state_of, until, wheel  # noqa: F401
from processes import gone

from patternlab import cli
from patternlab.commands import clean
from patternlab.engines import guard, jars, spares


# --- the first words ------------------------------------------------------------------------------------------------
def test_no_verb_prints_the_help_and_makes_nothing(tmp_path):
    home = copy(tmp_path / "kit")
    done = kit(home)
    assert done.returncode == 0
    assert all(re.search(rf"^  {verb} ", done.stdout, re.M) for verb in cli.VERBS)
    assert "start here" in done.stdout or "python3 kit.py start" in done.stdout
    assert not (home / ".venv").exists() and not (home / ".patternlab").exists()


@pytest.mark.parametrize("verb", [(), ("doctor",)])
def test_a_reader_that_goes_away_is_no_error(home, verb):
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([sys.executable, home / "kit.py", *verb], stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize("verb", ["doctor", "start"])
def test_a_stack_that_is_misspelt_is_said_once(home, verb):
    said = sentence(kit(home, verb, PATTERNLAB_STACK="containers"), "PATTERNLAB_STACK is 'containers'", "Unset it")
    assert said.count("PATTERNLAB_STACK") == 1


def test_a_misspelt_verb_is_told_the_near_one(tmp_path):
    done = kit(copy(tmp_path / "kit"), "strat")
    assert done.returncode == 2 and "did you mean start?" in done.stderr


@pytest.mark.parametrize("verb", [verb for verb in cli.VERBS if verb != "test"])
def test_every_verb_explains_itself(home, verb):
    done = kit(home, verb, "--help")
    assert done.returncode == 0 and f"kit.py {verb}" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["kit.py", "patternlab/cli.py", "patternlab/__init__.py"])
def test_an_old_python_can_parse_what_it_reads(name):
    ast.parse((ROOT / name).read_text(encoding="utf-8"), feature_version=(3, 6))


def as_if(home, preparation):
    """`kit.py start` in an interpreter in which `preparation` was run first."""
    program = str(home / "kit.py")
    code = f"import runpy, sys; sys.argv = ['kit.py', 'start']; {preparation}; " \
           f"runpy.run_path({program!r}, run_name='__main__')"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("version", [(3, 6, 15), (3, 9, 0), (3, 15, 0)])
def test_a_python_that_is_too_old_or_too_new_is_a_sentence(tmp_path, version):
    done = as_if(copy(tmp_path / "kit"), f"sys.version_info = {version}")
    sentence(done, f"This is Python 3.{version[1]}", "3.10 to 3.14")
    assert not (tmp_path / "kit/.venv").exists()


def test_where_there_is_no_other_python_one_way_needs_no_administrator(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    sentence(as_if(copy(tmp_path / "kit"), "sys.version_info = (3, 15, 0)"), "uv python install 3.13", "conda")


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_a_python_without_venv_is_told_the_package(tmp_path, module):
    done = as_if(copy(tmp_path / "kit"), f"sys.modules[{module!r}] = None")
    sentence(done, module, f"sudo apt install python3.{sys.version_info[1]}-venv")
    assert not (tmp_path / "kit/.venv").exists()


# --- the environment, made for real from a lock of one small package ------------------------------------------------
def tiny(home):
    """The version of `tiny` in the environment of `home`, asked from another folder; `patternlab` imports as well."""
    code = "import patternlab, tiny; print(tiny.version, patternlab.__file__)"
    alone = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}   # as `kit.py test` sets it
    done = subprocess.run([home / ".venv/bin/python", "-c", code], cwd="/", env=alone, capture_output=True, text=True)
    version, _, where = done.stdout.strip().partition(" ")
    assert where == str(home / "patternlab/__init__.py"), done.stdout + done.stderr
    return version


def test_the_environment_is_made_kept_brought_up_to_date_and_repaired(tmp_path):
    home, stick = copy(tmp_path / "Zürich kit"), tmp_path / "der Stick"
    lock = home / "requirements.lock"
    lock.write_text(wheel(stick / "wheels", "1.0"))
    ask = dict(PATTERNLAB_FROM=str(stick), PATTERNLAB_STATE=None, LC_ALL="C")
    log = home / ".patternlab/logs/install.log"

    first, second = [background(home, "fetch", "--help", **ask) for _ in range(2)]     # two kits at once
    said = first.communicate(timeout=120)[1] + second.communicate(timeout=120)[1]
    assert (first.returncode, second.returncode) == (0, 0), said
    assert said.count("ready after") == 1 and tiny(home) == "1.0"
    assert not list((home / ".patternlab/scratch").iterdir())

    made = log.stat().st_size
    done = kit(home, "fetch", "--help", PATTERNLAB_FROM="/nowhere", PATTERNLAB_STATE=None)
    assert done.returncode == 0 and log.stat().st_size == made, "a second start ran pip"

    lock.write_text(wheel(stick / "wheels", "2.0"))                                   # the lock has changed
    assert kit(home, "fetch", "--help", **ask).returncode == 0 and tiny(home) == "2.0"

    (home / ".venv/kit-stamp").unlink()                                               # killed halfway
    shutil.rmtree(next((home / ".venv/lib").glob("python3.*/site-packages/pip")))
    done = kit(home, "fetch", "--help", **ask)
    assert done.returncode == 0 and "making" in done.stderr and tiny(home) == "2.0", done.stderr

    lock.write_text(re.sub(r"sha256:\w+", "sha256:" + "0" * 64, wheel(stick / "wheels", "3.0")))
    sentence(kit(home, "fetch", "--help", **ask), "checksum", "requirements.lock", str(log))
    assert tiny(home) == "2.0"

    shutil.rmtree(stick / "wheels")
    (stick / "wheels").mkdir()
    sentence(kit(home, "fetch", "--help", **ask), "has no tiny==3.0", "kit.py pack")


def test_a_lent_environment_is_never_changed(home):
    (home / "requirements.lock").write_text("# other packages\n")
    stamp = Path(sys.prefix) / "kit-stamp"
    before = stamp.read_text()
    sentence(kit(home, "fetch"), "is a link to", "Remove the link")
    sentence(kit(home, "fetch", "--repair"), "is a link to")
    assert stamp.read_text() == before


def test_no_network_at_the_first_start_is_a_sentence(tmp_path):
    home = copy(tmp_path / "kit")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))                 # bound and not listening: a connection is refused
        nowhere = f"http://127.0.0.1:{closed.getsockname()[1]}/simple"
        done = kit(home, "start", PIP_INDEX_URL=nowhere, PIP_RETRIES="0", PIP_CONFIG_FILE=os.devnull,
                   PIP_NO_CACHE_DIR="1", PIP_FIND_LINKS=None, PIP_EXTRA_INDEX_URL=None, PATTERNLAB_STATE=None,
                   PATTERNLAB_FROM=None)
    sentence(done, "No network", "PATTERNLAB_FROM", "install.log")
    assert not (home / ".venv/kit-stamp").exists()


def obeying():
    """A prefix that makes root obey the modes of files, as everybody else does."""
    return ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path):
    home = copy(tmp_path / "kit")
    home.chmod(0o555)
    try:
        sentence(kit(home, "start", before=obeying(), PATTERNLAB_STATE=str(tmp_path / "state")), "can't be written",
                 "folder of your own")
        sentence(kit(home, "start", before=obeying(), PATTERNLAB_STATE=None), "can't be written", "PATTERNLAB_STATE")
    finally:
        home.chmod(0o755)
    assert not (home / ".venv").exists()


def test_a_file_in_place_of_the_state_folder_is_a_sentence(home):
    Path(os.environ["PATTERNLAB_STATE"]).write_text("")
    sentence(kit(home, "fetch"), "can't be written", "PATTERNLAB_STATE")


# --- the jars -------------------------------------------------------------------------------------------------------
class Mirror:
    """A Maven repository on this machine, made of the jars that are here; `spoil` changes what it answers."""

    def __init__(self):
        self.asked, self.spoil = [], lambda name, data, handler: data
        files = {f"/{jar.group.replace('.', '/')}/{jar.artifact}/{jar.version}/{jar.name}": JARS / jar.name
                 for jar in jars.locked(*jars.DEFAULT)}
        mirror = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                if self.path not in files:            # the .sha1 beside a jar: this repository has none
                    return self.send_error(404)
                name = self.path.rsplit("/", 1)[1]
                mirror.asked.append(name)
                data = files[self.path].read_bytes()
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(mirror.spoil(name, data, self))

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/"


@pytest.fixture
def mirror():
    mirror = Mirror()
    yield mirror
    mirror.server.shutdown()
    mirror.server.server_close()


def whole(home):
    """How many jars lie in the state folder of `home`; every one must be whole, and nothing else be there."""
    known = {jar.name: jar for jar in jars.locked()}
    files = list((state_of(home) / "jars").iterdir())
    for file in files:
        assert hashlib.sha256(file.read_bytes()).hexdigest() == known[file.name].sha256, file
    assert not list((state_of(home) / "scratch").glob("fetch-*"))
    return len(files)


def test_fetch_goes_on_after_every_kind_of_interruption(home, mirror):
    every = len(jars.locked(*jars.DEFAULT))
    ask = dict(PATTERNLAB_MAVEN=mirror.url)
    slow = threading.Event()

    def drip(name, data, handler):                    # the small ones come, the large ones take for ever
        if len(data) < 500_000:
            return data
        handler.wfile.write(data[:100_000])
        slow.wait(60)
        return b""
    mirror.spoil = drip
    here = state_of(home) / "jars"
    for number in (signal.SIGINT, signal.SIGKILL):
        before = len(list(here.glob("*.jar"))) if here.exists() else 0
        process = background(home, "fetch", **ask)
        if not before:                                # largest first: let four large ones through
            mirror.spoil = lambda name, data, handler: data if len(mirror.asked) <= 4 else drip(name, data, handler)
            until(lambda: here.exists() and len(list(here.glob("*.jar"))) == 4)
        until(lambda: len(list(process_scratch(home))) >= 1)
        process.send_signal(number)
        said = process.communicate(timeout=30)[1]
        if number == signal.SIGINT:
            assert process.returncode == 130 and "Interrupted" in said and whole(home) == 4
    assert list((state_of(home) / "scratch").glob("fetch-*")), "kill -9 leaves its scratch for the next to sweep"
    slow.set()
    mirror.spoil, kept = (lambda name, data, handler: data), len(list(here.glob("*.jar")))
    mirror.asked.clear()
    done = kit(home, "fetch", **ask)
    assert done.returncode == 0, done.stderr
    assert whole(home) == every and len(mirror.asked) == every - kept, "what was here was asked for again"
    again = kit(home, "fetch", PATTERNLAB_MAVEN="http://127.0.0.1:1/")
    assert again.returncode == 0 and "0 of them new" in again.stdout


def process_scratch(home):
    """Jars that are being downloaded at this moment."""
    return (state_of(home) / "scratch").glob("fetch-*/*/**/*.jar")


def test_a_jar_that_is_not_the_locked_one_is_refused(home, mirror):
    victim = jars.locked("spark")[0]
    mirror.spoil = lambda name, data, handler: bytes(len(data)) if name == victim.name else data
    sentence(kit(home, "fetch", PATTERNLAB_MAVEN=mirror.url), "checksum", victim.name, "another network")
    assert mirror.asked.count(victim.name) == jars.TRIES
    assert not (state_of(home) / "jars" / victim.name).exists() and whole(home) >= 1


def test_a_line_that_breaks_once_is_no_failure(home, mirror):
    victim = jars.locked("spark")[0]
    mirror.spoil = lambda name, data, handler: data[:1000] if mirror.asked.count(victim.name) == 1 == (
        name == victim.name) else data
    done = kit(home, "fetch", PATTERNLAB_MAVEN=mirror.url)
    assert done.returncode == 0 and mirror.asked.count(victim.name) == 2, done.stderr


def test_no_network_a_wrong_mirror_and_a_repository_without_the_jar(home, mirror):
    sentence(kit(home, "fetch", PATTERNLAB_MAVEN="http://127.0.0.1:1/m"), "No network", "start again")
    sentence(kit(home, "fetch", PATTERNLAB_MAVEN="nonsense"), "PATTERNLAB_MAVEN is 'nonsense'", "unset it")
    sentence(kit(home, "fetch", PATTERNLAB_MAVEN=mirror.url + "other"), "refused", "PATTERNLAB_MAVEN")


def test_a_full_disk_is_a_sentence(home):
    """A state folder on a file system of 2 MB."""
    folder = state_of(home)
    folder.mkdir()
    inside = f'mount -t tmpfs -o size=2m tmpfs "{folder}" && exec "$@"'
    rights = ["unshare", "--mount"] + (["--map-root-user"] if os.geteuid() else [])
    sentence(kit(home, "fetch", before=[*rights, "sh", "-c", inside, "sh"]), "The disk is full", "PATTERNLAB_STATE")
    sentence(kit(home, "start", before=[*rights, "sh", "-c", inside, "sh"]), "The disk is full", "Make room")


def test_damaged_jars_are_found_by_doctor_and_brought_again_from_a_stick(home):
    stick = home.parent / "stick"
    stick.mkdir()
    (stick / "jars").symlink_to(JARS)
    ask = dict(PATTERNLAB_FROM=str(stick), PATTERNLAB_MAVEN="http://127.0.0.1:1/")
    assert kit(home, "fetch", **ask).returncode == 0
    one, two = [state_of(home) / "jars" / jar.name for jar in jars.locked("kafka")[:2]]
    size = one.stat().st_size
    one.write_bytes(b"x" * size)                      # the right size, another content
    said = sentence(kit(home, "doctor"), f"{one.name} is damaged", "kit.py fetch")
    assert len(re.findall("^WRONG", said, re.M)) == said.count("checks found something wrong") == 1, said
    two.write_bytes(two.read_bytes()[:-1])            # cut short
    sentence(kit(home, "doctor"), "1 of ", two.name)
    done = kit(home, "fetch", **ask)
    assert done.returncode == 0 and "1 of them new" in done.stdout
    done = kit(home, "fetch", **ask)
    assert "is damaged: fetching it again" in done.stderr and whole(home) == len(jars.locked(*jars.DEFAULT))
    done = kit(home, "doctor")
    assert done.returncode == 0 and "Everything the kit needs is there" in done.stdout, done.stdout


def test_doctor_says_what_to_do_for_everything_that_is_wrong(home, monkeypatch):
    (home / "requirements.lock").write_text((home / "requirements.lock").read_text().replace("psutil==7", "psutil==6"))
    run = [sys.executable, "-m", "patternlab", "doctor"]
    done = subprocess.run(run, cwd=home, capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": str(home), "PATTERNLAB_JAVA": "/nowhere/java"})
    said = sentence(done, "psutil", "requirements.lock has changed", "PATTERNLAB_JAVA", "jars are missing")
    assert len(re.findall("^WRONG", said, re.M)) == 4 == len(re.findall(r"^WRONG.*\n       -> \w", said, re.M)), said


def test_doctor_names_an_engine_that_outlived_its_notebook(home):
    stick = home.parent / "stick"
    stick.mkdir()
    (stick / "jars").symlink_to(JARS)
    assert kit(home, "fetch", PATTERNLAB_FROM=str(stick)).returncode == 0
    engine = subprocess.Popen([sys.executable, "-c", "input()", str(state_of(home) / "run/1-0/kafka")],
                              stdin=subprocess.PIPE)
    sentence(kit(home, "doctor"), "engines of ended notebooks still run", f"kill {engine.pid}")
    engine.communicate(b"")
    assert kit(home, "doctor").returncode == 0


# --- the desk -------------------------------------------------------------------------------------------------------
def edit(file, number, source):
    notebook = nbformat.read(str(file), 4)
    notebook.cells[number - 1].source = source
    nbformat.write(notebook, str(file))


def run_all(file):
    """What running a notebook changes in its file: outputs and counts, no sources."""
    notebook = nbformat.read(file, 4)
    for n, cell in enumerate(notebook.cells, 1):
        cell.execution_count, cell.outputs = n, [nbformat.v4.new_output("stream", text="here\n")]
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, file)


def test_update_brings_what_is_untouched_and_keeps_what_is_yours(home):
    desk = home / "desk"
    done = kit(home, "update")
    assert done.returncode == 0 and {file.relative_to(desk).as_posix() for file in desk.rglob("*.ipynb")} == {
        file.relative_to(home).as_posix() for folder in ("notebooks", "labs") for file in (home / folder).glob("*.ipynb")}
    picture = "notebooks/pictures/03-medallion.svg"
    assert (desk / picture).read_text() == "<svg>old</svg>", "a notebook's picture lies beside it"
    assert "Your desk is up to date." in kit(home, "update").stdout

    run_all(desk / "notebooks/03-medallion.ipynb")                       # run is not changed
    edit(desk / "labs/03-medallion.ipynb", 2, "answer = 'mine'")         # changed
    edit(desk / "labs/04-star-schema.ipynb", 2, "answer = 'mine'")       # changed, and there is nothing new of it
    for name in ("notebooks/03-medallion", "labs/03-medallion"):
        original(home, name, "print('new')", "answer = ...")
    (home / picture).write_text("<svg>new</svg>")
    done = kit(home, "update")
    assert (desk / picture).read_text() == "<svg>new</svg>" and f"new: {picture}" in done.stdout
    assert "new: notebooks/03-medallion.ipynb" in done.stdout and "kept yours: labs/03-medallion.ipynb" in done.stdout
    assert "04-star-schema" not in done.stdout and "kit.py reset labs/03" in done.stdout
    assert "print('new')" in (desk / "notebooks/03-medallion.ipynb").read_text()
    assert "'mine'" in (desk / "labs/03-medallion.ipynb").read_text()
    (desk / "notebooks/00-start-here.ipynb").unlink()
    assert "new: notebooks/00-start-here.ipynb" in kit(home, "update").stdout


def test_reset_restores_a_file_or_one_exercise_and_sets_yours_aside(home):
    desk = home / "desk"
    kit(home, "update")
    lab = desk / "labs/03-medallion.ipynb"
    edit(lab, 1, "mine_too = 1")
    edit(lab, 2, "answer = 'mine'")
    run_all(lab)
    done = kit(home, "reset", "labs/03", "2")
    assert done.returncode == 0, done.stderr
    first, second = nbformat.read(lab, 4).cells
    assert (first.source, second.source, second.outputs) == ("mine_too = 1", "answer = ...", [])
    assert first.outputs, "the other exercise lost its output"
    done = kit(home, "reset", "labs/03-medallion.ipynb")
    assert done.returncode == 0 and lab.read_bytes() == (home / "labs/03-medallion.ipynb").read_bytes()
    kept = list((desk / "backup/labs").iterdir())
    assert len(kept) == 2 and any("'mine'" in file.read_text() for file in kept)
    assert any(str(file) in done.stdout and "mine_too" in file.read_text() for file in kept)
    sentence(kit(home, "reset", "labs/99"), "There is no 'labs/99'", "labs/03")
    sentence(kit(home, "reset", "labs/03", "7"), "no exercise 7")
    sentence(kit(home, "reset", "labs/0"), "There is no 'labs/0'")
    original(home, "notebooks/03-medallion-deeper", "print('deeper')")
    kit(home, "update")
    for name in ("03-medallion", "03-medallion-deeper"):
        edit(desk / f"notebooks/{name}.ipynb", 1, "mine = 1")
    assert "notebooks/03-medallion.ipynb is as" in kit(home, "reset", "notebooks/03").stdout, "the lesson, not the deeper one"
    assert "notebooks/03-medallion-deeper.ipynb is as" in kit(home, "reset", "notebooks/03-medallion-deeper").stdout
    (desk / "notebooks/pictures/03-medallion.svg").unlink()
    assert kit(home, "reset", "notebooks/pictures/03-medallion.svg").returncode == 0
    assert (desk / "notebooks/pictures/03-medallion.svg").exists()
    lab.write_text("not a notebook")
    sentence(kit(home, "reset", "labs/03", "1"), "Reset the whole file")
    assert kit(home, "reset", "desk/labs/03").returncode == 0 and nbformat.read(lab, 4)


# --- clean ----------------------------------------------------------------------------------------------------------
def test_clean_refuses_while_a_kernel_lives_and_keeps_progress_unless_asked(home):
    state, desk = state_of(home), home / "desk"
    kit(home, "update")
    code = "from patternlab.engines import kernels; kernels.run_folder(); kernels.name_kernel('03-medallion'); " \
           "print('up', flush=True); input()"
    kernel = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                              env={**os.environ, "PYTHONPATH": str(home)})
    assert kernel.stdout.readline() == "up\n"
    (state / "progress").mkdir()
    (state / "progress/03-medallion.json").write_text("{}")
    sentence(kit(home, "clean"), "in use by the notebook 03-medallion", str(kernel.pid))
    kernel.communicate("")
    assert (state / "run").exists()
    done = kit(home, "clean")
    assert done.returncode == 0 and [entry.name for entry in state.iterdir()] == ["progress"], done.stdout + done.stderr
    assert kit(home, "clean", "--progress").returncode == 0 and not list(state.iterdir())
    assert (desk / "labs/03-medallion.ipynb").exists() and (home / ".venv").exists()
    assert kit(home, "clean", "--venv").returncode == 0
    assert not os.path.lexists(home / ".venv") and Path(sys.executable).exists(), "the link goes, not what it points to"


# --- start ----------------------------------------------------------------------------------------------------------
@contextlib.contextmanager
def started(home, *argv, **settings):
    """`kit.py start` on the desk of `home`, with this test run's jars and archives: (process, address, its lines)."""
    away = home.parent / "a home"
    away.mkdir(exist_ok=True)
    environment = {**os.environ, "PATTERNLAB_STATE": str(JARS.parent),
                   "PATTERNLAB_DESK": str(home / "desk"), "HOME": str(away)}
    for name in [name for name in environment if name.startswith(("JUPYTER", "JPY_", "XDG_"))]:
        environment.pop(name)
    process = subprocess.Popen([sys.executable, home / "kit.py", "start", "--no-browser", *argv], env=environment | settings,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True)
    lines = []
    try:
        for line in process.stdout:
            lines.append(line.strip())
            if line.startswith("http://"):
                break
        else:
            raise AssertionError("\n".join(lines))
        yield process, lines[-1], lines
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdout.close()


def api(address, call, /, **body):
    """One call of the server's API, with the token of `address`."""
    base, _, token = address.partition("/lab")[0], *address.partition("?token=")[1:]
    request = urllib.request.Request(f"{base}/api/{call}", headers={"Authorization": f"token {token}"},
                                     data=json.dumps(body).encode() if body else None)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def run_in_kernel(address, session, code):
    """What `code` prints in the kernel of a session, over the same socket that the browser uses."""
    import websocket

    base, _, token = address.partition("/lab")[0], *address.partition("?token=")[1:]
    where = f"{base.replace('http', 'ws')}/api/kernels/{session['kernel']['id']}/channels?token={token}"
    line = websocket.create_connection(where, timeout=60)
    header = dict(msg_id="one", msg_type="execute_request", username="", session="one", version="5.3")
    line.send(json.dumps(dict(channel="shell", header=header, parent_header={}, metadata={},
                              content=dict(code=code, silent=False))))
    printed = ""
    while True:
        message = json.loads(line.recv())
        if message.get("parent_header", {}).get("msg_id") != "one":
            continue
        if message["msg_type"] == "stream":
            printed += message["content"]["text"]
        elif message["msg_type"] == "error":
            raise AssertionError("\n".join(message["content"]["traceback"]))
        elif message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
            line.close()
            return printed


SHELL = {"ALL_PROXY": "socks5://127.0.0.1:9", "http_proxy": "127.0.0.1:9", "LC_ALL": "C", "TZ": "Asia/Kolkata",
         "MPLBACKEND": "Agg", "SPARK_REMOTE": "sc://127.0.0.1:9", "PYTHONSTARTUP": "/nowhere.py",
         "PYTHONPATH": "/nowhere/spark/python", "JAVA_HOME": "/nowhere/java"}


def test_start_gives_notebooks_a_clean_environment(home):
    """What kept JupyterLab from starting, and what notebooks must not see, all at once; engines: test_environment.py."""
    asked = """import os, sys, time; import matplotlib.pyplot
print([os.environ.get(name) for name in ("ALL_PROXY", "http_proxy", "LC_ALL", "TZ", "SPARK_REMOTE", "PYTHONPATH",
                                         "PYTHONSTARTUP")],
      time.timezone, matplotlib.get_backend(), os.access(os.environ["JAVA_HOME"] + "/bin/java", os.X_OK), os.environ["PATH"])"""
    with started(home, **SHELL) as (process, address, lines):
        session = api(address, "sessions", path="notebooks/x.ipynb", name="x", type="notebook", kernel={"name": "python3"})
        said = run_in_kernel(address, session, asked)
    there = [None, "http://127.0.0.1:9", "C.UTF-8", "UTC", None, str(home), None]
    assert said.startswith(f"{there} 0 "), said
    assert "inline True" in said and f" {sys.prefix}/bin:" in said, said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_start_opens_the_desk_and_leaves_no_process(home, number, monkeypatch):
    monkeypatch.setenv("PATTERNLAB_SPARE", "1")              # this one keeps a warm spare, with a keeper of its own
    with started(home) as (process, address, lines):
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/lab/tree/notebooks/00-start-here\.ipynb\?token=\w{20,}", address)
        assert len(lines) <= 6, lines
        with urllib.request.urlopen(address, timeout=20) as answer:
            page = answer.read()
            assert answer.status == 200 and b"jupyter-config-data" in page and b"patternlab-busy" in page
        script = "patternlab-busy/static/busy.js"                                      # the line of a cell that works
        with urllib.request.urlopen(f"{address.partition('/lab')[0]}/lab/extensions/{script}", timeout=20) as answer:
            assert answer.read() == (home / "patternlab/engines/labextensions" / script).read_bytes()
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(address.partition("/lab")[0] + "/api/contents", timeout=20)
        assert refused.value.code == 403, "the desk can be read without the token"
        session = api(address, "sessions", path="notebooks/00-start-here.ipynb", name="", type="notebook",
                      kernel={"name": "python3"})
        said = run_in_kernel(address, session,
                             "import os, patternlab; print(os.getpid(), os.getcwd(), patternlab.__file__)")
        kernel, where = said.strip().split(" ", 1)
        assert where == f"{home / 'desk/notebooks'} {home / 'patternlab/__init__.py'}"
        with pytest.raises(AssertionError, match="has not run the cells above, so it does not know `lab`"):
            run_in_kernel(address, session, "lab.check(1, late)")
        assert guard.wait_for(lambda: spares.look(JARS.parent / "spares"), 60), "start keeps no spare"
        spare = spares.look(JARS.parent / "spares")[0]["pid"]
        family = {int(kernel), *(member.pid for member in psutil.Process(process.pid).children(recursive=True))}
        assert spare in family
        if number == signal.SIGINT:
            done = kit(home, "doctor", PATTERNLAB_STATE=str(JARS.parent))
            assert re.search(rf"ok     spare: warm JVMs of Spark: [a-z ]+ \(pid {spare}, ", done.stdout), done.stdout
            sentence(kit(home, "clean", PATTERNLAB_STATE=str(JARS.parent)), "in use by", "JupyterLab at port")
        process.send_signal(number)
        process.wait(30)
        if number == signal.SIGINT:
            assert process.returncode == 0 and "has ended" in process.stdout.read()
        assert gone(family) == []
    written = [file for file in (home.parent / "a home").rglob("*") if file.is_file()]
    assert not written, f"written outside the state folder: {written}"


def test_a_busy_port_is_a_sentence(home):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        sentence(kit(home, "start", "--no-browser", "--port", port), f"Port {port} can't be used", "leave --port away")
    sentence(kit(home, "start", "--no-browser", "--port", "70000"), "70000 is no port")


def test_two_kits_start_at_once(home):
    with started(home) as (_, one, _), started(home, "--new") as (_, two, _):
        assert one.split("/lab")[0] != two.split("/lab")[0]
        assert api(one, "status")["kernels"] == api(two, "status")["kernels"] == 0
        again = kit(home, "start", "--no-browser", PATTERNLAB_STATE=str(JARS.parent), PATTERNLAB_DESK=str(home / "desk"))
        assert again.returncode == 0 and "runs on your desk already" in again.stdout and "--new" in again.stdout
        said = again.stdout.split()[-1]
        assert said in (one, two), "the address, with its token"
        elsewhere = clean.servers(home / "another desk")
        assert elsewhere == [], "who works at another desk is not told of this one"


# --- the files that name versions -----------------------------------------------------------------------------------
def test_the_lock_pins_everything_with_hashes_and_names_no_host():
    lock = (ROOT / "requirements.lock").read_text()
    entries = re.findall(r"(?m)^([a-z0-9-]+)(?:\[\w+\])?==(\S+).*((?:\n    --hash=sha256:[0-9a-f]{64}(?: \\)?)+)", lock)
    assert len(entries) == len(re.findall(r"(?m)^\w", lock)) > 100
    assert not re.search(r"https?:|--(?:index|extra|find|trusted)", lock)
    pins = {name: {version for other, version, _ in entries if other == name} for name, _, _ in entries}
    for line in (ROOT / "requirements.in").read_text().splitlines():
        if line and not line.startswith("#"):
            name, _, version = line.split("#")[0].strip().partition("==")
            name = re.split(r"[<>=]", name)[0].lower()
            assert name in pins and (not version or pins[name] == {version}), line


def test_conda_and_the_project_file_take_the_same_pins_and_pythons():
    conda = (ROOT / "environment.yml").read_text()
    minor = int(re.search(r"- python=3\.(\d+)\n", conda)[1])
    project = (ROOT / "pyproject.toml").read_text()
    oldest, newest = map(int, re.search(r'requires-python = ">=3\.(\d+),<3\.(\d+)"', project).groups())
    program = (ROOT / "kit.py").read_text()
    assert f"OLDEST, NEWEST = (3, {oldest}), (3, {newest - 1})" in program and oldest <= minor < newest
    assert conda.index("--require-hashes") < conda.index("-r requirements.lock") and "==" not in conda
    assert 'dependencies = { file = ["requirements.in"] }' in project
    packages = {str(file.parent.relative_to(ROOT)).replace("/", ".") for file in (ROOT / "patternlab").rglob("*.py")}
    included = re.search(r'^\[tool.setuptools.packages.find\]\ninclude = \["(.*)"\]$', project, re.M)[1]
    assert set(setuptools.find_packages(ROOT, include=[included])) == packages, "every room is a package"
