"""`kit.py stack`: the containers of docker-compose.yml from the host: up, build, down, status, test, kill.

Standard library only, and it imports nothing of the kit: who has docker needs no environment on the host. Every
refusal is one sentence that says what is wrong and the one thing to do.
"""
import argparse
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
IMAGE = "patternlab:local"
NEED_MB = 4000                     # the whole stack in a job was measured below this: docs/compose.md
PROFILE = ("--profile", "three-brokers")
STORE = ("--profile", "objectstore")
ALL = (*PROFILE, *STORE)            # of what may be there: down and ps must name it, or it stays unseen
# port setting, default, the services that have it
PORTS = [("PATTERNLAB_PORT_KAFKA", 29092, "kafka"), ("PATTERNLAB_PORT_POSTGRES", 5432, "postgres"),
         ("PATTERNLAB_PORT_CONNECT", 8083, "connect"), ("PATTERNLAB_PORT_SPARK", 8080, "spark-master"),
         ("PATTERNLAB_PORT_JUPYTER", 8888, "jupyter"), ("PATTERNLAB_PORT_UI", 4040, "jupyter")]
MORE_PORTS = [("PATTERNLAB_PORT_KAFKA_2", 29093, "kafka-2"), ("PATTERNLAB_PORT_KAFKA_3", 29094, "kafka-3")]
STORE_PORTS = [("PATTERNLAB_PORT_OBJECTSTORE", 8333, "objectstore")]
# what an image is made from: (its name in the image, the file of the checkout)
MADE_FROM = {"image/requirements.lock": "requirements.lock", "image/jars.lock": "patternlab/engines/jars.lock",
             "image/wheels.lock": "patternlab/engines/wheels.lock"}


class Refusal(Exception):
    """The stack can't do what was asked; the message is one sentence for a person."""


def main(argv=None) -> int:
    """Run one `stack` verb; 0 when it did what was asked, 1 after a refusal or a failed notebook."""
    parser = argparse.ArgumentParser(prog="kit.py stack", description="The stack of containers: a Spark cluster, "
                                     "Kafka, PostgreSQL, Connect and JupyterLab. See docs/compose.md.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="up|build|down|status|test|kill")
    verb = verbs.add_parser("up", help="build the image if there is none, start everything, wait until it is healthy")
    verb.add_argument("--build", action="store_true", help="build the image again first")
    verb.add_argument("--brokers", type=int, choices=(1, 3), default=1, help="one Kafka broker or three (default 1)")
    verb.add_argument("--objectstore", action="store_true", help="an object store too, for 06-lakehouse-deeper (150 MB more)")
    verb.add_argument("--workers", type=int, default=2, help="Spark workers, two cores each (default 2)")
    verbs.add_parser("build", help="build the image, and start nothing: the day before a workshop, while there is a network")
    verb = verbs.add_parser("down", help="stop and remove the containers; files, topics, tables and databases stay")
    verb.add_argument("--volumes", action="store_true", help="remove topics, tables and databases too (the desk stays)")
    verbs.add_parser("status", help="what runs, how it is, what memory it holds, where it answers")
    verb = verbs.add_parser("test", help="run notebooks on the stack from first to last cell, on a day of data")
    verb.add_argument("notebooks", nargs="*", metavar="NOTEBOOK", help="numbers or names, such as 03 (default: all)")
    verb = verbs.add_parser("kill", help="SIGKILL a service, as a power cut would")
    verb.add_argument("service", help="kafka, postgres, connect, spark-master, spark-worker-2, ...")
    asked = parser.parse_args(argv)
    try:
        return {"up": up, "build": build, "down": down, "status": status, "test": test, "kill": kill}[asked.verb](asked) or 0
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; what was started goes on (kit.py stack down ends it).", file=sys.stderr)
        return 130


# --- the verbs ------------------------------------------------------------------------------------------------------
def up(asked) -> None:
    check_docker()
    make_env()
    make_desk()
    if asked.build or not image_exists():
        build_image("up")
    else:
        check_image()
    profile = (PROFILE if asked.brokers == 3 else ()) + (STORE if asked.objectstore else ())
    check_ports(PORTS + (MORE_PORTS if asked.brokers == 3 else []) + (STORE_PORTS if asked.objectstore else []))
    started = time.monotonic()
    done = compose(*profile, "up", "--detach", "--wait", "--wait-timeout", "300", "--no-build",
                   "--scale", f"spark-worker={asked.workers}", check=False)
    if done.returncode:
        raise Refusal(why_not_up())
    print(f"Up in {time.monotonic() - started:.0f} s.\n{addresses()}")


def build(asked) -> None:
    check_engine()
    make_env()
    build_image("build")


def build_image(verb: str) -> None:
    started = time.monotonic()
    print("Building the image (some minutes the first time; it downloads about 1 GB) ...", flush=True)
    if compose("build", check=False).returncode:
        raise Refusal("The image could not be built: the lines above say why; without a network it can't be made, "
                      f"so connect and run `kit.py stack {verb}` again.")
    print(f"Built in {time.monotonic() - started:.0f} s.", flush=True)


def down(asked) -> None:
    check_engine()
    compose(*ALL, "down", "--remove-orphans", *(["--volumes"] if asked.volumes else []))
    print("Down. Topics, tables and databases are removed; the desk folder stays." if asked.volumes else
          "Down. Files, topics, tables and databases stay for the next `kit.py stack up`.")


def status(asked) -> None:
    check_engine()
    found = containers()
    if not found:
        print("The stack is down. Start it with: python3 kit.py stack up")
        return
    ids = [each["ID"] for each in found if each["State"] == "running"]
    memory = dict(line.split("\t") for line in docker("stats", "--no-stream", "--format", "{{.Name}}\t{{.MemUsage}}",
                                                      *ids).splitlines()) if ids else {}
    for each in sorted(found, key=lambda each: each["Name"]):
        how = each.get("Health") or (f"exited with {each['ExitCode']}" if each["State"] == "exited" else "")
        print(f"{each['Name']:28} {each['State']:10} {how:14} {memory.get(each['Name'], '')}".rstrip())
    if any(each["Service"] == "jupyter" and each["State"] == "running" for each in found):
        print(addresses())


def test(asked) -> int:
    check_engine()
    if not running("jupyter"):
        raise Refusal("The stack is down: start it with `python3 kit.py stack up`, then test it.")
    known = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
    chosen = [name for name in known if not asked.notebooks or any(fits(name, each) for each in asked.notebooks)]
    for each in asked.notebooks:
        if not any(fits(name, each) for name in known):
            raise Refusal(f"There is no notebook {each!r}; there are: {', '.join(known) or 'none'}.")
    if not chosen:
        raise Refusal("There is no notebook in notebooks/: build them with `python3 kit.py build`.")
    # a test runs every cell, on little data; learners get each notebook's own slice
    command = ["exec", "-T", "--env", f"PATTERNLAB_SLICE={setting('PATTERNLAB_SLICE', 'day')}", "jupyter",
               "docker/service", "run", "python", "-u", "docker/notebook.py"]
    failed = [name for name in chosen if compose(*command, f"notebooks/{name}.ipynb", check=False).returncode]
    print(f"{len(chosen) - len(failed)} of {len(chosen)} notebooks ran on the stack." +
          (f" Failed: {', '.join(failed)}." if failed else ""))
    return 1 if failed else 0


def kill(asked) -> None:
    check_engine()
    alive = sorted((each for each in containers() if each["State"] == "running"), key=lambda each: each["Name"])
    named = [each for each in alive if asked.service in (each["Service"], each["Name"]) or
             each["Name"].endswith(f"-{asked.service}")]
    if not named:
        services = sorted({each["Service"] for each in alive})
        raise Refusal(f"No running service is called {asked.service!r}; there are: "
                      f"{', '.join(services) or 'none (the stack is down)'}.")
    docker("kill", "--signal", "KILL", named[0]["ID"])
    print(f"{named[0]['Name']} is killed. Bring it back with: python3 kit.py stack up")


def fits(notebook: str, asked: str) -> bool:
    name = Path(asked).stem
    return notebook == name or notebook.split("-")[0] == name or notebook.split("-", 1)[-1] == name


# --- refusals -------------------------------------------------------------------------------------------------------
def check_engine() -> dict:
    """What the engine says about itself. Refusal: no docker, no compose v2, no engine that answers."""
    if not shutil.which("docker"):
        raise Refusal("There is no docker on this machine: install Docker Desktop, or Docker Engine with its compose "
                      "plugin, or use the kit without docker (python3 kit.py start).")
    version = subprocess.run(["docker", "compose", "version", "--short"], capture_output=True, text=True)
    if version.returncode or not version.stdout.strip().lstrip("v")[:1].isdigit():
        raise Refusal("This docker has no `docker compose` (version 2): install the compose plugin "
                      "(docker-compose-plugin, or docker-compose-v2 on Ubuntu) and start again.")
    number = version.stdout.strip().lstrip("v")
    if tuple(int(part) for part in number.split(".")[:2]) < (2, 20):
        raise Refusal(f"Docker compose is version {number} and the stack needs 2.20: update the compose plugin and start "
                      "again.")
    told = subprocess.run(["docker", "info", "--format", "{{json .}}"], capture_output=True, text=True)
    info = json.loads(told.stdout) if told.stdout.startswith("{") else {}
    if told.returncode or info.get("ServerErrors") or not info.get("ServerVersion"):
        reason = told.stderr + " ".join(info.get("ServerErrors") or [])
        if "permission denied" in reason.lower():
            raise Refusal("Docker runs, and this account may not use it: add it to the group docker "
                          "(sudo usermod -aG docker $USER), log in again, and start again.")
        raise Refusal("The docker engine is not running: start Docker Desktop (or `sudo systemctl start docker`) and start "
                      "again.")
    return info


def check_docker() -> None:
    """All that `up` needs of the engine. Refusal: as check_engine, or too little memory."""
    shortage = memory_refusal(check_engine().get("MemTotal", 0))
    if shortage:
        raise Refusal(shortage)


def memory_refusal(total: int) -> "str | None":
    """The sentence for an engine that has `total` bytes of memory; None when that is enough."""
    if total >= NEED_MB * 1_000_000:
        return None
    return (f"Docker has {total / 1e9:.1f} GB of memory and the stack needs {NEED_MB / 1000:.0f} GB: give it more "
            "(Docker Desktop: Settings, Resources), or use the kit without docker (python3 kit.py start).")


def check_image() -> None:
    """Refusal: the image was built from other locks, from another Dockerfile, or for another account."""
    files = sorted({**MADE_FROM, "Dockerfile": "Dockerfile",
                    **{name: name for name in (f"docker/{path.relative_to(ROOT / 'docker').as_posix()}"
                                               for path in (ROOT / "docker").rglob("*") if path.is_file())}}.items())
    told = subprocess.run(["docker", "run", "--rm", "--network", "none", "--entrypoint", "sh", image(), "-c",
                           'id -u; cat "$@"', "sh", *(name for name, _ in files)], capture_output=True).stdout
    uid, _, content = told.partition(b"\n")
    if uid.decode() != setting("PATTERNLAB_UID", "1000"):
        raise Refusal(f"The image was built for uid {uid.decode()} and not for yours: build it again with "
                      "`python3 kit.py stack up --build` (a few seconds).")
    if content == b"".join((ROOT / name).read_bytes() for _, name in files):
        return
    raise Refusal("The image was built from an older lock or Dockerfile than this checkout's: build it again with "
                  "`python3 kit.py stack up --build`.")


def check_ports(ports) -> None:
    """Refusal: a port is taken by a program that is not this stack. `ports` are rows of PORTS."""
    ours = {each["Service"] for each in containers() if each["State"] == "running"}
    seen = {}
    for name, default, service in ports:
        port = int(setting(name, str(default)))
        if port in seen:
            raise Refusal(f"{name} and {seen[port]} are both {port}: give one of them another number in .env.")
        seen[port] = name
        if service not in ours and taken(port):
            raise Refusal(f"Port {port} (for {service}) is taken by another program: end that program, or put {name}="
                          f"{free_port()} (any free port) into .env and start again.")


def taken(port: int) -> bool:
    with socket.socket() as probe:
        # a listener that just ended leaves connections behind, and those don't hinder docker
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def why_not_up() -> str:
    """Print the last words of what is not well; the sentence that names it."""
    ill = [each for each in containers() if each["State"] != "created" and       # created: it waited for another one
           (each["ExitCode"] if each["State"] == "exited" else each.get("Health") != "healthy")]
    for each in ill:
        print(f"--- {each['Name']}", file=sys.stderr, flush=True)
        subprocess.run(["docker", "logs", "--tail", "15", each["ID"]], stdout=sys.stderr)
    names = ", ".join(sorted({each["Service"] for each in ill})) or "a container"
    return (f"The stack did not come up: {names} is not well, and its last words are above. `python3 kit.py stack up` "
            "tries again, `docker compose logs` shows all.")


# --- what up prepares -----------------------------------------------------------------------------------------------
def env_file() -> dict:
    """The settings in .env, as docker compose reads them (plain NAME=value lines)."""
    try:
        lines = (ROOT / ".env").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    pairs = (line.partition("=") for line in lines if "=" in line and not line.lstrip().startswith("#"))
    return {name.strip(): value.strip().strip("\"'") for name, _, value in pairs}


def setting(name: str, default: str) -> str:
    return os.environ.get(name) or env_file().get(name) or default


def make_env() -> None:
    """Write what .env lacks: a Jupyter token, a database password, and the uid where it is not the usual one."""
    have, lines = env_file(), []
    for name in ("JUPYTER_TOKEN", "POSTGRES_PASSWORD"):
        if not have.get(name) and not os.environ.get(name):
            lines.append(f"{name}={secrets.token_hex(24)}")
    uid = os.getuid() if sys.platform == "linux" else 0
    if uid not in (0, 1000) and not setting("PATTERNLAB_UID", ""):
        lines.append(f"PATTERNLAB_UID={uid}")         # what the containers write on the desk is then this account's
    if lines:
        path = ROOT / ".env"
        path.touch(mode=0o600)
        path.chmod(0o600)
        old = path.read_text(encoding="utf-8").rstrip("\n") or "# Made by `kit.py stack up`, ignored by git: keep it private."
        path.write_text("\n".join([old, *lines]) + "\n", encoding="utf-8")


def make_desk() -> None:
    # docker would make it too, as root
    Path(ROOT, setting("PATTERNLAB_DESK", "desk")).mkdir(parents=True, exist_ok=True)


# --- docker ---------------------------------------------------------------------------------------------------------
def compose(*arguments: str, check: bool = True, **run) -> subprocess.CompletedProcess:
    """Run `docker compose` on the checkout's file. Refusal when it fails and `check` is set."""
    done = subprocess.run(["docker", "compose", "--file", str(ROOT / "docker-compose.yml"), *arguments], cwd=ROOT, **run)
    if check and done.returncode:
        raise Refusal(f"`docker compose {' '.join(arguments)}` failed; its own words are above.")
    return done


def docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise Refusal(f"`docker {' '.join(arguments[:2])}` failed: {done.stderr.strip()[-300:]}")
    return done.stdout


def containers() -> list:
    """All containers of the stack, stopped ones too: dicts of ID, Name, Service, State, Health, ExitCode."""
    told = compose(*ALL, "ps", "--all", "--format", "json", capture_output=True, text=True).stdout.strip()
    if told.startswith("["):                         # compose before 2.21
        return json.loads(told)
    return [json.loads(line) for line in told.splitlines()]


def running(service: str) -> bool:
    return any(each["Service"] == service and each["State"] == "running" for each in containers())


def image() -> str:
    return setting("PATTERNLAB_IMAGE", IMAGE)


def image_exists() -> bool:
    return subprocess.run(["docker", "image", "inspect", image()], capture_output=True).returncode == 0


def addresses() -> str:
    """Where the stack answers, one line each."""
    port = {name: setting(name, str(default)) for name, default, _ in PORTS}
    password = setting("POSTGRES_PASSWORD", "")
    if not password:                                 # started by plain `docker compose up`: the secrets are on a volume
        password = compose("exec", "-T", "postgres", "cat", "/keys/postgres", check=False, capture_output=True,
                           text=True).stdout.strip()
    token = setting("JUPYTER_TOKEN", "") or compose("exec", "-T", "jupyter", "cat", "/keys/jupyter", check=False,
                                                    capture_output=True, text=True).stdout.strip()
    return "\n".join([
        f"JupyterLab  http://localhost:{port['PATTERNLAB_PORT_JUPYTER']}/lab?token={token}",
        f"Spark       http://localhost:{port['PATTERNLAB_PORT_SPARK']}  "
        f"(a notebook's own page: http://localhost:{port['PATTERNLAB_PORT_UI']})",
        f"Kafka       localhost:{port['PATTERNLAB_PORT_KAFKA']}",
        f"PostgreSQL  postgresql://postgres:{password}@localhost:{port['PATTERNLAB_PORT_POSTGRES']}/postgres",
        f"Connect     http://localhost:{port['PATTERNLAB_PORT_CONNECT']}"])


if __name__ == "__main__":
    raise SystemExit(main())
