"""The kit in shells of other people: each kind of variable that is found there, in a real kernel with real engines."""
import json
import os
import subprocess
import sys
import uuid

import nbformat
import pytest
import runs

from patternlab.engines import cgroups, environment, network, place

WORK = """
from datetime import datetime
from patternlab import bars, kafka, spark_session, workspace
spark, broker, folder = spark_session("anywhere"), kafka(), workspace("anywhere")
from pyspark.sql import functions as F

spark.range(1000).repartition(3).write.format("delta").save(f"{folder}/table")
broker.topic("t")
broker.feed("t", [{"n": n} for n in range(7)])
noon = spark.createDataFrame([(datetime(2013, 1, 1, 12),)], "t timestamp")
here = F.udf(lambda: datetime.fromtimestamp(0).hour, "int")
bars({"one": 1, "two": 2}, "A figure", "things");
print("found", [spark.read.format("delta").load(f"{folder}/table").count(),
       spark.read.format("kafka").options(**broker.options("t")).load().count(),
       noon.select(F.unix_timestamp("t")).first()[0], noon.select(here()).first()[0]])
"""
OLD_SPARK = "raise ImportError('this is an older Spark')"
ROWS = {
    "zone": {"TZ": "Asia/Kolkata"},
    "figures": {"MPLBACKEND": "Agg", "AWS_SESSION_TOKEN": "theirs", "AWS_ENDPOINT_URL": "http://nowhere",
                "TZ": "America/New_York"},
    "java": {"JAVA_TOOL_OPTIONS": "-XX:+UseG1GC -Xmx64m", "_JAVA_OPTIONS": "-Xmx64m", "CLASSPATH": "/nowhere",
             "JDK_JAVA_OPTIONS": "-XX:+UseZGC -XX:+NoSuchFlag", "JAVA_HOME": "/nowhere/java-8"},
    "proxy": {"ALL_PROXY": "socks5://127.0.0.1:9", "http_proxy": "127.0.0.1:9", "HTTPS_PROXY": "127.0.0.1:9", "NO_PROXY": ""},
    "spark": {"SPARK_HOME": "/nowhere/spark", "SPARK_LOCAL_DIRS": "/proc/nowhere", "SPARK_REMOTE": "sc://127.0.0.1:9",
              "SPARK_MASTER": "spark://127.0.0.1:9", "PYSPARK_SUBMIT_ARGS": "--no-such-option", "HADOOP_CONF_DIR": "/nowhere",
              "PYSPARK_PYTHON": "/nowhere/python", "SPARK_LOCAL_IP": "203.0.113.1",
              "LOG4J_CONFIGURATION_FILE": "/nowhere/log4j2.xml"},
    "letters": {"LC_ALL": "C", "LANG": "C", "PYTHONCOERCECLOCALE": "0"},
}
COLD = {"java", "spark", "letters"}      # what is about the start of a JVM can't be seen in one that runs already


@pytest.mark.parametrize("row", ROWS)
def test_engines_and_figures_work_whatever_the_shell_says(row, tmp_path):
    given = {"PATTERNLAB_SPARE": "0"} if row in COLD else {}
    given |= ROWS[row]
    if row == "letters":                                                # jars and data below a folder with other letters
        state = tmp_path / "Zürich état"
        state.mkdir()
        (state / "jars").symlink_to(place.state("jars"))
        given["PATTERNLAB_STATE"] = str(state)
    if row == "spark":
        old = tmp_path / "spark-3.5/python"
        (old / "pyspark").mkdir(parents=True)
        (old / "pyspark/__init__.py").write_text(OLD_SPARK)
        given["PYTHONPATH"] = os.pathsep.join([str(old), str(runs.ROOT)])
    client = runs.open_kernel(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(WORK)]), **given)
    try:
        runs.run_all(client, row)
        [cell] = client.nb.cells
        assert "found [1000, 7, 1357041600, 0]" in runs.text(cell)
        assert any("image/png" in output.get("data", {}) for output in cell.outputs), "no figure below the cell"
        assert not [output.text for output in cell.outputs if output.get("name") == "stderr"]
        page, inside = runs.value(client, "[spark.sparkContext.uiWebUrl, dict(__import__('os').environ)]")
        assert page.startswith("http://127.0.0.1:")
        left = {name for name, value in given.items() if inside.get(name) == value and not name.startswith("PATTERNLAB_")}
        assert left <= {"NO_PROXY", "LANG", "PYTHONCOERCECLOCALE"}, left
        found, _ = runs.run_code(client, "!python -c 'import sys; print(sys.prefix)'")
        assert found.strip() == sys.prefix, "`!pip` would be another Python's"
    finally:
        runs.close(client)


def test_nothing_else_is_touched():
    kept = {"HOME": "/h", "SSL_CERT_FILE": "/c", "PATTERNLAB_SLICE": "day", "JUPYTER_TOKEN": "t", "TZ": "UTC",
            "https_proxy": "http://proxy:3128", "GOOGLE_CLOUD_PROJECT": "a", "JAVA": "x", "GIT_DIR": "g"}
    assert {name: value for name, value in environment.cleaned(kept).items() if name in kept} == kept
    assert environment.taken(kept) == []
    clean = environment.cleaned(kept)
    assert environment.cleaned(clean) == clean, "cleaned twice is cleaned once"


def test_what_a_program_sets_after_its_first_import_stays():
    code = ("import os; from patternlab import prove; assert 'PGHOST' not in os.environ; os.environ['PGHOST'] = 'mine'; "
            "from patternlab import look, Lab; assert os.environ['PGHOST'] == 'mine'")
    subprocess.run([sys.executable, "-c", code], cwd=runs.ROOT, env={**os.environ, "PGHOST": "theirs"}, check=True)


def test_a_cluster_keeps_the_address_that_its_own_stack_needs():
    assert "SPARK_LOCAL_IP" not in environment.cleaned({"PATTERNLAB_STACK": "compose", "SPARK_LOCAL_IP": "10.0.0.1"})


@pytest.mark.parametrize("given, becomes", [("proxy:3128", "http://proxy:3128"), ("socks5h://p:1", None),
                                            ("https://p", "https://p"), ("HTTP://p:1", "HTTP://p:1")])
def test_a_proxy_is_mended_where_it_can_be(given, becomes):
    assert environment.cleaned({"http_proxy": given}).get("http_proxy") == becomes
    assert environment.cleaned({"no_proxy": "a.b"})["no_proxy"] == "a.b,127.0.0.1,localhost"
    assert environment.cleaned({"NO_PROXY": "a.b , c"})["no_proxy"] == "a.b,c,127.0.0.1,localhost", "as requests reads it"


def test_doctor_names_what_is_taken_away_and_asks_java_without_it():
    shell = {name: value for row in ROWS.values() for name, value in row.items()} | {"PYTHONPATH": "/nowhere/spark/python"}
    done = subprocess.run([sys.executable, runs.ROOT / "kit.py", "doctor"], env={**os.environ, **shell}, capture_output=True,
                          text=True, timeout=120)
    [note] = [line for line in done.stdout.splitlines() if line.startswith("note   shell: ")]
    for name in {*shell} - {"NO_PROXY", "LC_ALL", "LANG", "PYTHONCOERCECLOCALE"}:
        assert f"{name} " in note, name
    [java] = [line for line in done.stdout.splitlines() if " java: " in line]
    assert java.startswith("ok     java: openjdk version"), java


@pytest.mark.parametrize("given", ["u:p@h:1", "http://u:p/w@h:1", "http://h:1", "h:1"])
def test_an_address_is_shown_without_its_password(given):
    assert network.without_password(given) in ("http://h:1", "h:1")


def test_doctor_shows_no_password_and_names_what_kit_py_takes_itself(tmp_path):
    (tmp_path / "random.py").write_text("raise ImportError('a random.py of their own')")
    shell = {"HTTPS_PROXY": "somebody:secret@proxy:3128", "PYTHONWARNINGS": "ignore", "PYTHONINSPECT": "1",
             "PYTHONIOENCODING": "ascii", "PYTHONPATH": str(tmp_path), "PATTERNLAB_DESK": "/nowhere/Zürich"}
    done = subprocess.run([sys.executable, runs.ROOT / "kit.py", "doctor"], env={**os.environ, **shell}, capture_output=True,
                          text=True, timeout=120, stdin=subprocess.DEVNULL)
    assert "secret" not in done.stdout and "HTTPS_PROXY becomes http://proxy:3128" in done.stdout
    assert "PYTHONPATH becomes" in done.stdout
    for name in ("PYTHONWARNINGS", "PYTHONINSPECT", "PYTHONIOENCODING"):
        assert f"{name} not passed on" in done.stdout, done.stdout
    assert "codec" not in done.stdout and "Traceback" not in done.stderr, "and no prompt at the end"


def test_the_documents_hold_the_whole_list():
    text = (runs.ROOT / "docs/install.md").read_text("utf-8")
    for rule in environment.RULES:
        for name in rule.names.split():
            assert f"`{name}`" in text, f"docs/install.md says nothing about {name}"


# --- the memory that a control group leaves -------------------------------------------------------------------------
LIMIT = 400 * 2**20
IN_GROUP = """
import subprocess, sys
from patternlab.engines import cgroups, kernels
before = cgroups.kills()
print(kernels.available(), flush=True)
subprocess.run([sys.executable, "-c", "held = b'x' * (600 * 2**20)"], stderr=subprocess.DEVNULL)
print(cgroups.kills() - before)
"""


def test_free_memory_is_that_of_the_processes_own_group_and_its_kills_are_counted():
    above = next((folder for _, folder in cgroups.groups() if os.access(folder, os.W_OK)), None)
    if above is None or os.geteuid() != 0:
        pytest.skip("a control group with a memory limit can be made by root only, where one is mounted")
    version = next(version for version, folder in cgroups.groups() if folder == above)
    group = above / f"patternlab-{uuid.uuid4().hex[:8]}"
    group.mkdir()
    try:
        (group / ("memory.max" if version == 2 else "memory.limit_in_bytes")).write_text(str(LIMIT))
        script = f"echo $$ > {group}/cgroup.procs; exec {sys.executable} -"
        done = subprocess.run(["sh", "-c", script], input=IN_GROUP, capture_output=True, text=True, timeout=60,
                              env={**os.environ, "PYTHONPATH": str(runs.ROOT)})
        free, killed = map(int, done.stdout.split())
        assert LIMIT * 0.7 < free <= LIMIT, done.stderr
        assert killed == 1
    finally:
        group.rmdir()


TREES = {
    "version 2, a limit above its own group": (
        "0::/user/app", "cgroup2 {top} cgroup2 rw 0 0",
        {"user/memory.max": "500", "user/memory.current": "300", "user/memory.stat": "inactive_file 50\nanon 9",
         "user/app/memory.max": "max", "user/app/memory.current": "100", "user/app/memory.stat": "inactive_file 1",
         "user/app/memory.events": "oom 3\noom_kill 2"}, 250, 2),
    "version 2, a container that sees its path on the host": (
        "0::/system/docker-1", "cgroup2 {top} cgroup2 rw 0 0",
        {"memory.max": "900", "memory.current": "100", "memory.stat": "inactive_file 0", "memory.events": "oom_kill 0"}, 800, 0),
    "version 1": (
        "4:memory:/job\n1:cpu:/", "cgroup {top} cgroup rw,memory 0 0",
        {"job/memory.limit_in_bytes": "700", "job/memory.usage_in_bytes": "400", "job/memory.stat": "total_inactive_file 20",
         "job/memory.oom_control": "under_oom 0\noom_kill 1"}, 320, 1),
    "no limit": ("0::/", "cgroup2 {top} cgroup2 rw 0 0", {"cgroup.procs": ""}, None, 0),
}


@pytest.mark.parametrize("name", TREES)
def test_limits_are_read_as_linux_writes_them(tmp_path, name):
    mine, mounts, files, free, killed = TREES[name]
    top = tmp_path / "sys/fs/cgroup"
    for file, text in {"proc/self/cgroup": mine, "proc/mounts": mounts.format(top="/sys/fs/cgroup"),
                       **{f"sys/fs/cgroup/{file}": text for file, text in files.items()}}.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text + "\n")
    assert top.exists() and (cgroups.free(tmp_path), cgroups.kills(tmp_path)) == (free, killed)
