"""`kit.py test --changed` chooses what a change touches, in real git repositories; and the seconds at the end of a run."""
import json
import os
import re
import subprocess
import sys

import pytest
import seconds
from runs import ROOT

from patternlab.commands import changed

KIT = {  # a small kit: a file for each road by which one file uses another
    "patternlab/__init__.py": '_MODULES = {"session": "kafka connect", "proof": "prove"}\nfrom .truth import truth\n',
    "patternlab/truth.py": "def truth(name):\n    return name\n",
    "patternlab/proof.py": "def prove():\n    from .engines import place\n",
    "patternlab/session.py": "from .engines import place\n",
    "patternlab/engines/__init__.py": "",
    "patternlab/engines/place.py": "import os\n",
    "patternlab/engines/kafka.py": "LOCK = 'jars.lock'\n",
    "patternlab/engines/connect.py": "from . import kafka\n",
    "patternlab/engines/jars.lock": "a jar\n",
    "patternlab/patterns/__init__.py": "",
    "patternlab/patterns/cdc/truth.py": "from .. import define\n\n\n@define('board')\ndef board():\n    return 1\n",
    "patternlab/patterns/elt/scene.py": "",
    "patternlab/commands/__init__.py": "",
    "patternlab/commands/fetch.py": "",
    "source/notebooks/02-elt.py": "# %%\nfrom patternlab import kafka, prove, truth\ntruth('board')\n",
    "source/notebooks/12-cdc.py": "# %%\nfrom patternlab import connect\n",
    "source/notebooks/12-cdc-deeper.py": "# %%\nprint(1)\n",
    "source/labs/12-cdc.py": "# %%\nprint(1)\n",
    "notebooks/12-cdc.ipynb": "{}",
    "tests/conftest.py": "", "tests/runs.py": "", "tests/helped.py": "",
    "tests/test_notebooks.py": "import runs\n", "tests/test_labs.py": "import runs\n",
    "tests/notebooks/test_12_cdc.py": "import runs\n",
    "tests/test_style.py": "", "tests/test_docs.py": "",
    "tests/test_kit.py": "import importlib\nVERB = 'fetch'\nimportlib.import_module('patternlab.commands.' + VERB)\n",
    "tests/test_engines.py": "import helped\nPROGRAM = '''\nfrom patternlab import kafka\nbroker = kafka()\n'''\n",
    "tests/compose/test_1_stack.py": "", "docs/install.md": "", "README.md": "", "requirements.lock": "", "LICENSE": "",
}


def git(home, *words):
    name = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *name, *words], cwd=home, check=True, capture_output=True)


@pytest.fixture
def home(tmp_path):
    """The small kit in a git repository of its own, on a branch with nothing changed since main."""
    for name, text in KIT.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "all")
    git(tmp_path, "switch", "-q", "-c", "work")
    return tmp_path


def chosen(home, *names, text="# changed\n"):
    """What is chosen after the named files have changed, without the gates of style, which every change gets."""
    for name in names:
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(KIT.get(name, "") + text)
    groups, _ = changed.choose(home)
    assert "test_style" in groups
    return [group for group in groups if group != "test_style"]


ALL = ["lab 12-cdc", "notebook 02-elt", "notebook 12-cdc", "notebook 12-cdc-deeper", "test_docs", "test_engines", "test_kit"]


@pytest.mark.parametrize("name, expected", [
    ("source/notebooks/02-elt.py", ["notebook 02-elt", "test_docs"]),
    ("notebooks/12-cdc.ipynb", ["notebook 12-cdc", "test_docs"]),
    ("tests/notebooks/test_12_cdc.py", ["notebook 12-cdc"]),
    ("source/labs/12-cdc.py", ["lab 12-cdc"]),
    ("patternlab/patterns/cdc/truth.py", ["lab 12-cdc", "notebook 02-elt", "notebook 12-cdc", "notebook 12-cdc-deeper"]),
    ("patternlab/patterns/elt/scene.py", ["notebook 02-elt"]),
    ("patternlab/engines/connect.py", ["notebook 12-cdc"]),
    ("patternlab/engines/kafka.py", ["notebook 02-elt", "notebook 12-cdc", "test_engines"]),       # in a program in a string
    ("patternlab/engines/jars.lock", ["notebook 02-elt", "notebook 12-cdc", "test_engines"]),
    ("patternlab/proof.py", ["notebook 02-elt"]),                                                  # offered lazily
    ("patternlab/commands/fetch.py", ["test_kit"]),
    ("tests/helped.py", ["test_engines"]),
    ("tests/test_labs.py", ["lab 12-cdc"]),
    ("docs/install.md", ["test_docs"]), ("tests/compose/test_1_stack.py", []), ("LICENSE", []),
    ("tests/conftest.py", ALL), ("requirements.lock", ALL), ("something/nobody/knows.py", ALL)])
def test_a_change_chooses_what_it_touches(home, name, expected):
    assert chosen(home, name) == expected


def test_what_is_committed_on_the_branch_counts_and_what_came_before_does_not(home):
    assert changed.choose(home) == ([], [changed.choose(home)[1][0]])
    assert changed.choose(home)[1][0].startswith("Nothing has changed since")
    assert chosen(home, "source/labs/12-cdc.py") == ["lab 12-cdc"]
    git(home, "commit", "-q", "-a", "-m", "the lab")
    assert chosen(home, "docs/install.md") == ["lab 12-cdc", "test_docs"]
    git(home, "switch", "-q", "main")
    git(home, "merge", "-q", "work")
    assert chosen(home) == ["test_docs"], "on main, what is not committed"


def test_a_file_that_is_gone_touches_those_that_still_name_it(home):
    (home / "tests/helped.py").unlink()
    (home / "source/notebooks/12-cdc-deeper.py").unlink()
    assert chosen(home) == ["test_docs", "test_engines"]


def test_the_reasons_are_a_few_lines(home):
    groups, lines = changed.choose(home)
    for number in range(40):
        (home / f"docs/{number}.md").write_text("new")
    (home / "tests/conftest.py").write_text("# changed\n")
    (home / "tests/compose/test_1_stack.py").write_text("# changed\n")
    groups, lines = changed.choose(home)
    assert re.match(r"42 files have changed since \w{8} \(main\); they touch 8 of 8 groups", lines[0])
    assert lines[1] == "  tests/conftest.py -> everything" and lines[-1].endswith("and 30 more files")
    (home / "tests/test_notebooks.py").write_text("import runs, sys\n")
    assert "  tests/test_notebooks.py -> all notebooks, test_style" in changed.choose(home)[1]
    assert len(lines) == changed.LINES + 2 and "  docs/0.md -> test_docs, test_style" in lines


def test_without_a_repository_or_a_commit_it_is_a_sentence(tmp_path):
    with pytest.raises(RuntimeError, match="asks git what has changed, and `git rev-parse` said: .*Run `kit.py test`"):
        changed.choose(tmp_path)
    git(tmp_path, "init", "-q")
    with pytest.raises(RuntimeError, match="asks git what has changed"):
        changed.choose(tmp_path)


def checkout():
    """The files of this checkout, without git: what lies in the folders that are committed."""
    places = ("patternlab", "source", "notebooks", "labs", "tests", "datasets", "docs", "docker")
    found = [file for place in places for file in (ROOT / place).rglob("*")] + [ROOT / "kit.py", ROOT / "requirements.lock"]
    return {file.relative_to(ROOT).as_posix() for file in found if file.is_file() and "__pycache__" not in file.parts}


def test_in_this_checkout_every_group_is_touched_by_its_own_files_and_each_file_has_a_rule():
    files = checkout()
    groups, touched = changed.groups(files), changed.touches(ROOT, files, sorted(files))
    for group, own in groups.items():
        assert own and all(group in touched[file] for file in own), group
    assert touched["patternlab/engines/place.py"] == touched["requirements.lock"] == sorted(groups)
    alone = [file for file, mine in touched.items() if file.startswith("source/notebooks/")
             and len([group for group in mine if group.startswith("notebook ")]) != 1]
    assert not alone, "a notebook's source touches that notebook only"
    assert not {"tests/test_kit.py", "tests/test_engines.py"} & {file for file, mine in touched.items() if len(mine) > 3}


def test_the_groups_are_those_of_the_tests_themselves():
    """What conftest.py calls a group of this very collection is what a change can choose."""
    some = ["notebook template-notebook", "lab template-lab", "test_docs"]
    done = subprocess.run([sys.executable, "-m", "pytest", *(f"tests/test_{name}.py" for name in ("notebooks", "labs", "docs")),
                           "--collect-only", "-q", f"--groups={','.join(some)}"], cwd=ROOT, capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": str(ROOT)})
    names = [line for line in done.stdout.splitlines() if "::" in line]
    words = [group.rpartition(" ")[2] for group in some]
    assert all(any(word in name for name in names) for word in words), done.stdout[-2000:] + done.stderr
    assert all(any(word in name for word in words) for name in names)
    assert set(some) <= set(changed.groups(checkout()))


# --- the seconds ----------------------------------------------------------------------------------------------------
PROGRAM = """
import time, pytest

@pytest.mark.parametrize("n", range(3))
def test_one(n):
    time.sleep(n / 10)
"""


def small_run(tmp_path, processes):
    """A run of two files of tests with this conftest.py and a state folder of its own: its lines."""
    (tmp_path / "tests").mkdir()
    for file in ("conftest.py", "runs.py", "nothing.py", "seconds.py"):
        text = (ROOT / "tests" / file).read_text().replace("Path(__file__).resolve().parents[1]", f"Path({str(ROOT)!r})")
        (tmp_path / "tests" / file).write_text(text)
    for name in ("test_a", "test_b"):
        (tmp_path / f"tests/{name}.py").write_text(PROGRAM + "\n\ndef test_run():\n    import runs\n    runs.timings.append("
                                                   f"('notebooks', {name!r}, 'own', 12.5))\n")
    done = subprocess.run([sys.executable, "-m", "pytest", "-v", "-n", processes, "--dist", "loadgroup", "--no-loadscope-reorder",
                           "-p", "no:cacheprovider", "tests"], cwd=tmp_path, capture_output=True, text=True,
                          env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
                          | {"PATTERNLAB_STATE": str(tmp_path / "state"), "PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("processes", ["0", "2"])
def test_the_table_has_the_seconds_of_every_process(tmp_path, processes):
    lines = small_run(tmp_path, processes)
    assert sum(line.endswith(" s  " + name) and "12.5 s" in line for line in lines for name in ("test_a", "test_b")) == 2
    slowest = lines[next(n for n, line in enumerate(lines) if "slowest tests" in line) + 1:]
    assert [re.split(r" s  ", line)[1] for line in slowest[:2]] in (
        [f"test_{one}.py::test_one[2]", f"test_{other}.py::test_one[2]"] for one, other in ("ab", "ba"))
    known = seconds.remembered(tmp_path / "state/tests/seconds.json")
    assert set(known) == {"test_a", "test_b"} and all(value > 0.2 for value in known.values())


def test_what_took_longest_in_the_last_run_goes_first(tmp_path):
    (tmp_path / "state/tests").mkdir(parents=True)
    seconds.remember(tmp_path / "state/tests/seconds.json", {"test_a": 1, "test_b": 100})
    ran = [line for line in small_run(tmp_path, "1") if "PASSED" in line]
    assert ["test_b" in line for line in ran] == [True] * 4 + [False] * 4, ran


def test_what_is_remembered_survives_a_torn_file_and_a_partial_run(tmp_path):
    file = tmp_path / "seconds.json"
    assert seconds.remembered(file) == {}
    for torn in ('{"test_a": 1', "[1]", '{"test_a": "long"}'):
        file.write_text(torn)
        assert seconds.remembered(file) == {}
    seconds.remember(file, {"test_a": 1.04, "test_b": 2})
    seconds.remember(file, {"test_b": 3})
    assert json.loads(file.read_text()) == {"test_a": 1.0, "test_b": 3}
    assert seconds.expected("test_b", seconds.remembered(file)) == 3
    assert seconds.expected("notebook 99-new", {}) > seconds.expected("lab 99-new", {}) > seconds.expected("test_new", {}) > 0


def test_a_table_is_sorted_and_aligned():
    lines = seconds.table("lab", {"a": {"all variants": 5, "slowest check": 1.25}, "b": {"all variants": 120.04}})
    assert lines == ["  all variants   slowest check  lab", "       120.0 s                  b",
                     "         5.0 s           1.2 s  a", ""]
    assert seconds.table("lab", {}) == []
