"""`kit.py start`: check memory, disk and port, fetch what is missing, lay the desk, run JupyterLab until Ctrl-C."""
import argparse
import contextlib
import fcntl
import json
import os
import re
import shutil
import signal
import socket
import sys
import time
import webbrowser

from ..engines import environment, jars, kernels, notebook, spares
from ..engines.place import ROOT, setting, stack, state
from . import clean, desk

FIRST = "notebooks/00-start-here.ipynb"
MEMORY_MB = 2048
DISK_MB = 1500
IDLE_MINUTES = "120"


def main(argv: list[str]) -> int:
    """Start JupyterLab; returns when it has ended and its kernels with it."""
    parser = argparse.ArgumentParser("kit.py start", description="Open JupyterLab on your desk. Ctrl-C ends it and "
                                     "every notebook's engines.")
    parser.add_argument("--port", type=int, help="this port and no other (default: the first free one from 8888 on)")
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    parser.add_argument("--repair", action="store_true", help="make the environment anew first (kit.py does it)")
    parser.add_argument("--ip", default="127.0.0.1", help="address to listen on (default 127.0.0.1: this machine only)")
    parser.add_argument("--new", action="store_true", help="start another one beside the one that runs on this desk")
    chosen = parser.parse_args(argv)
    idle_seconds()
    stack()
    turn = None if chosen.new else take_turn()
    if not chosen.new and (running := clean.servers(desk.desk())):
        return show(running[0], chosen)
    kernels.need_memory("JupyterLab with one notebook", MEMORY_MB)
    check_disk()
    if chosen.port is not None:
        check_port(chosen.port, chosen.ip)
    jars.fetch(*jars.DEFAULT)
    prepare_archives()
    found = desk.lay()
    if found["laid"]:
        print(f"Your desk is {desk.desk()}: {len(found['laid'])} files were laid on it.", file=sys.stderr)
    if found["newer"]:
        print(f"{len(found['newer'])} files on your desk have newer versions: `python3 kit.py update` brings them.",
              file=sys.stderr)
    return serve(chosen, turn)


def take_turn():
    """An open file whose lock is held until JupyterLab runs: of two starts at once the second waits, and is shown the first."""
    file = open(state("jupyter") / "start.lock", "w", encoding="ascii")
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another start is at work: waiting for it.", file=sys.stderr, flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
    except OSError:                               # a file system without locks: as one start alone would
        pass
    return file


def show(facts: dict, chosen) -> int:
    """Say that JupyterLab runs on this desk already, and open it where `start` would have."""
    address = f"http://127.0.0.1:{facts['port']}{facts['base_url'].rstrip('/')}{first_page()}?token={facts['token']}"
    print(f"JupyterLab runs on your desk already (process {facts['pid']}); this is its address. Ctrl-C in its terminal "
          f"ends it, `python3 kit.py start --new` starts another one.\n{address}", flush=True)
    if not chosen.no_browser and has_browser():
        webbrowser.open(address)
    return 0


def check_disk() -> None:
    """RuntimeError where the state folder's disk has too little room for an hour's work."""
    free = shutil.disk_usage(state()).free // 2**20
    if free < DISK_MB:
        raise RuntimeError(f"The disk is full: {state()} has {free:,} MB free and a notebook needs {DISK_MB:,}. Make "
                           "room (`python3 kit.py clean` empties the state folder) and start again.")


def idle_seconds() -> int:
    """After how many seconds an idle kernel is ended; RuntimeError where the setting is no number of minutes."""
    minutes = setting("IDLE_MINUTES", IDLE_MINUTES)
    if not re.fullmatch(r"\d+", minutes) or int(minutes) < 1:
        raise RuntimeError(f"PATTERNLAB_IDLE_MINUTES is {minutes!r}; it must be a whole number of minutes, 1 or more: "
                           "then the kernel of an idle notebook is ended. "
                           f"Unset it for {IDLE_MINUTES}; 10000 is a week.")
    return 60 * int(minutes)


def check_port(port: int, ip: str = "127.0.0.1") -> None:
    """RuntimeError where `port` can't be had."""
    if not 1 <= port <= 65535:
        raise RuntimeError(f"{port} is no port: name one from 1024 to 65535, or leave --port away.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ip, port))
        except OSError as error:
            raise RuntimeError(f"Port {port} can't be used ({error.strerror}): another program has it, or it is "
                               "reserved. Name another one, or leave --port away and a free one is taken.") from None


def prepare_archives() -> None:
    """Make the archives that let JVMs start in half the time; everything works without: a failure is only a note."""
    began = time.monotonic()
    try:
        from ..engines.java import make_archives
        if len(list(state("archives").glob("*.json"))) < 2:
            print("Preparing fast starts of Kafka and Spark (once, under a minute).", file=sys.stderr)
        made = make_archives()
        if made:
            print(f"archives: made {', '.join(made)} in {time.monotonic() - began:.0f} s", file=sys.stderr)
    except Exception as error:
        print(f"Note: engines will start more slowly, an archive could not be made ({error}).", file=sys.stderr)


def serve(chosen, turn=None) -> int:
    """Run JupyterLab in this process, its output in a log, until a signal ends it and every kernel with it."""
    place_jupyter()
    place_startup(state("jupyter", "ipython"))
    clean.sweep_servers()
    log = state("logs") / "jupyter.log"
    if log.exists() and log.stat().st_size > 5_000_000:
        log.unlink()
    with output_to(log) as terminal:
        try:
            from jupyterlab.labapp import LabApp
            server = LabApp.initialize_server(argv=[f"--{name}={value}" for name, value in settings(chosen).items()])
        except SystemExit:
            raise RuntimeError(f"JupyterLab could not start; the reason is at the end of {log}.") from None
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: server.stop(from_signal=True))

        def announce() -> None:
            print(f"JupyterLab runs on your desk; Ctrl-C ends it and its notebooks. Its log is {log}\n"
                  f"http://127.0.0.1:{server.port}{first_page()}?token={server.identity_provider.token}",
                  file=terminal, flush=True)
            if turn:
                turn.close()                      # it is known from here on (clean.servers)

        server.io_loop.add_callback(announce)
        with spares.Keeper(state("spares")) if spares.wanted() else contextlib.nullcontext():
            server.start()
        print("JupyterLab has ended, and its notebooks with it.", file=terminal, flush=True)
    return 0


def settings(chosen) -> dict:
    """JupyterLab's settings: the learner's desk, nothing that asks the internet, idle kernels ended."""
    return {
        "ServerApp.root_dir": desk.desk(), "ServerApp.ip": chosen.ip, "ServerApp.allow_root": True,
        "ServerApp.port": chosen.port or 8888, "ServerApp.port_retries": 0 if chosen.port else 200,
        "ServerApp.open_browser": not chosen.no_browser and has_browser(), "LabApp.default_url": first_page(),
        "LabApp.news_url": None, "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
        "LabApp.extension_manager": "readonly", "FileContentsManager.delete_to_trash": False,
        "LabApp.extra_labextensions_path": ROOT / "patternlab" / "engines" / "labextensions",    # the line of busy.py
        "LanguageServerManager.autodetect": False,     # it would run npm, which writes into the home folder
        "MappingKernelManager.cull_idle_timeout": idle_seconds(),
        "MappingKernelManager.cull_interval": 60, "MappingKernelManager.cull_connected": True,
    }


def first_page() -> str:
    """The page that JupyterLab opens on."""
    return f"/lab/tree/{FIRST}" if (desk.desk() / FIRST).exists() else "/lab"


def has_browser() -> bool:
    """Whether a window can be opened (on a server without one, Python would open a text browser in this terminal)."""
    return sys.platform == "darwin" or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))


def place_jupyter() -> None:
    """Everything that Jupyter, IPython and matplotlib write goes below the state folder; kernels get a clean environment."""
    environment.apply()
    for name, folder in {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime",
                         "IPYTHONDIR": "ipython", "MPLCONFIGDIR": "matplotlib"}.items():
        os.environ[name] = str(state("jupyter", folder))
    os.environ["PATTERNLAB_STATE"] = str(state())
    quiet = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
    (state("jupyter", "config", "labconfig") / "page_config.json").write_text(json.dumps(quiet), encoding="utf-8")


def place_startup(home) -> None:
    """Lay the kit's startup file into the IPython folder `home`: errors in plain words from the first cell on."""
    folder = home / "profile_default" / "startup"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "00-patternlab.py").write_text(notebook.STARTUP, encoding="utf-8")


@contextlib.contextmanager
def output_to(log):
    """What this process and its children print goes to `log`; yields a file that still is the terminal."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    with open(log, "ab") as file, os.fdopen(os.dup(1), "w", encoding="utf-8", errors="replace") as terminal:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            yield terminal
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os.dup2(kept[0], 1)
            os.dup2(kept[1], 2)
            os.close(kept[0])
            os.close(kept[1])
