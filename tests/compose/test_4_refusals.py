"""What needs a stack that is down: each way it can't start, provoked for real (one sentence each), and the dev container.

These come last: the stack that .ci/stack/run has brought up serves the other tests first, and is then taken down for good.
"""
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, kit


@pytest.fixture(scope="module", autouse=True)
def nothing_runs():
    """The stack is down, and its volumes are gone."""
    kit.compose(*kit.ALL, "down", "--volumes", "--remove-orphans", capture_output=True)


def refused(*arguments, **environment) -> str:
    """What `kit.py stack ARGUMENTS` says when it refuses."""
    done = subprocess.run([sys.executable, "kit.py", "stack", *arguments], cwd=ROOT, capture_output=True, text=True,
                          env={**os.environ, **environment})
    assert done.returncode == 1, done.stdout + done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1 and lines[0].endswith(".") and "Traceback" not in lines[0], done.stderr
    return lines[0]


def start(image: str, volume: str) -> tuple:
    """(exit code, error output) of the jupyter service in a container of its own."""
    done = subprocess.run(["docker", "run", "--rm", "--network", "none", "--volume", volume, image], capture_output=True,
                          text=True, timeout=120)
    return done.returncode, done.stderr


@pytest.fixture()
def programs(tmp_path):
    """A folder for PATH that has only what it is given."""
    def have(*names):
        for name in names:
            (tmp_path / name).symlink_to(next(Path(folder) / name for folder in os.environ["PATH"].split(os.pathsep)
                                              if (Path(folder) / name).exists()))
        return str(tmp_path)
    return have


def test_no_docker(programs):
    assert refused("up", PATH=programs()).startswith("There is no docker on this machine")


def test_no_compose(programs, tmp_path):
    # a docker client without its plugins; some packages put those where no setting can hide them
    plain = tmp_path / "docker"
    plain.write_text('#!/bin/sh\necho "docker: \'compose\' is not a docker command." >&2\nexit 1\n')
    plain.chmod(0o755)
    assert "has no `docker compose`" in refused("up", PATH=f"{tmp_path}:/nonexistent")


def test_engine_not_running():
    assert refused("up", DOCKER_HOST="unix:///nonexistent/docker.sock").startswith("The docker engine is not running")


def test_too_little_memory():
    total = kit.check_engine()["MemTotal"]
    assert kit.memory_refusal(total) is None
    assert "has 2.1 GB of memory and the stack needs 4 GB" in kit.memory_refusal(2_100_000_000)


def test_a_port_is_taken():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        said = refused("up", PATTERNLAB_PORT_POSTGRES=str(port))
    assert said.startswith(f"Port {port} (for postgres) is taken") and "PATTERNLAB_PORT_POSTGRES=" in said


def test_an_image_from_an_older_lock(tmp_path):
    (tmp_path / "Dockerfile").write_text(f"FROM {kit.image()}\nUSER root\n"
                                         "RUN echo '# older' >>image/jars.lock\nUSER learner\n")
    kit.docker("build", "--tag", "patternlab:older", str(tmp_path))
    try:
        assert "older lock" in refused("up", PATTERNLAB_IMAGE="patternlab:older")
        # plain `docker compose up` is told by the service itself
        code, said = start("patternlab:older", f"{ROOT}/patternlab:/opt/patternlab/patternlab:ro")
        assert code == 1 and said.startswith("This image was built from an older lock"), said
    finally:
        kit.docker("image", "rm", "--force", "patternlab:older")


def test_a_desk_of_another_account(tmp_path):
    tmp_path.chmod(0o755)
    (tmp_path / "desk").mkdir(mode=0o755)
    os.chown(tmp_path / "desk", 1234, 1234)
    code, said = start(kit.image(), f"{tmp_path}/desk:/opt/patternlab/desk")
    assert code == 1 and "belongs to uid 1234 and this container is uid 1000" in said, said


def test_the_dev_container_has_the_embedded_stack():
    definition = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    assert (ROOT / ".devcontainer" / definition["build"]["dockerfile"]).resolve() == ROOT / "Dockerfile"
    settings = [f"--env={name}={value.replace('${containerWorkspaceFolder}', '/workspaces/kit')}"
                for name, value in definition["containerEnv"].items()]
    python = definition["customizations"]["vscode"]["settings"]["python.defaultInterpreterPath"]
    code = ("import patternlab; spark = patternlab.spark_session('dev'); broker = patternlab.kafka(); "
            "print('ran', spark.range(100).count(), broker.topic('dev', partitions=3), patternlab.__file__)")
    said = kit.docker("run", "--rm", "--init", "--network", "none", "--user", definition["remoteUser"], *settings,
                      "--volume", f"{ROOT}:/workspaces/kit:ro", "--workdir", "/workspaces/kit", kit.image(), python, "-c",
                      code)
    assert "ran 100 dev /workspaces/kit/patternlab/__init__.py" in said


def test_stack_down_and_wrong_names():
    assert refused("test").startswith("The stack is down")
    assert refused("kill", "kafka").startswith("No running service is called 'kafka'")
