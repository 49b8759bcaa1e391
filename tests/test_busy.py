"""The line of a cell that works: it is on its way to the page while the cell runs, and in no output, ever."""
import os
import re
from contextlib import contextmanager

import pytest
from jupyter_client.manager import KernelManager

from patternlab.engines import busy, place

THREADS = f"""
import threading
print([thread.name for thread in threading.enumerate()].count({busy.ID!r}))
"""
SLOW = """print('before')
slept = spark.range(8).repartition(8).selectExpr("id", "reflect('java.lang.Thread', 'sleep', 1000L) AS word")
slow = slept.selectExpr("sum(id + length(word))")                 # 28 and eight times 'null'; no Python worker in it
"""


class Kernel:
    """A kernel of one's own; `run` tells what a page would be sent for a cell."""

    def __init__(self, client):
        self.client = client

    def run(self, code: str, interrupt=None) -> tuple:
        """(the lines in order, None for "gone"; everything else that came, as (type, its text)). `interrupt` is called
        at the first line."""
        request, lines, outputs = self.client.execute(code), [], []
        while True:
            message = self.client.get_iopub_msg(timeout=120)
            if message["parent_header"].get("msg_id") != request:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "comm_msg" and content["comm_id"] == busy.ID:
                lines.append(content["data"]["line"])
                if interrupt and len(lines) == 1:
                    interrupt()
            elif kind == "stream":
                outputs.append((content["name"], content["text"]))
            elif kind == "error":
                outputs.append((kind, content["ename"]))
            elif kind == "execute_result":
                outputs.append((kind, content["data"]["text/plain"]))
            elif kind == "status" and content["execution_state"] == "idle":
                return lines, outputs
            elif kind not in ("status", "execute_input"):
                outputs.append((kind, str(content)))


@contextmanager
def kernel(**settings):
    """A kernel as a Jupyter client starts it, with `settings` in its environment; its process ends with the block."""
    env = {name: value for name, value in os.environ.items() if name not in ("JPY_SESSION_NAME", "PATTERNLAB_BUSY")}
    manager = KernelManager()
    manager.start_kernel(env={**env, "PYTHONPATH": str(place.ROOT), **settings}, cwd="/")
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        yield Kernel(client), manager
    finally:
        client.stop_channels()
        manager.shutdown_kernel()


@pytest.fixture(scope="module")
def forced():
    with kernel(PATTERNLAB_BUSY="1") as (running, manager):
        lines, outputs = running.run("import time\nfrom patternlab import spark_session\nspark = spark_session('busy')")
        assert [kind for kind, _ in outputs] == ["stdout"], "the address of Spark's pages and nothing else"
        assert all(line is None or line.endswith(" s") for line in lines)
        yield running, manager


def test_a_job_is_told_while_it_runs_and_leaves_nothing(forced):
    lines, outputs = forced[0].run(SLOW + "print(slow.first()[0])\n'a value'")
    told = [re.match(r"Spark: job \d+, \d+ of (\d+) tasks · \d+ s", line) for line in lines[:-1]]
    assert any(line and int(line[1]) >= 8 for line in told), lines             # eight that sleep, and those of the other stages
    assert lines[-1] is None and None not in lines[:-1], "gone, once, at the end"
    assert "".join(text for kind, text in outputs if kind == "stdout") == "before\n60\n", outputs
    assert outputs[-1] == ("execute_result", "'a value'") and len(outputs) <= 3, outputs


def test_a_query_is_told_by_its_name_and_batch(forced):
    lines, outputs = forced[0].run("""
query = (spark.readStream.format("rate").load().writeStream.format("noop").queryName("q_hourly")
         .trigger(processingTime="1 second").start())
time.sleep(6)
query.stop()""")
    assert any(line.startswith("stream q_hourly: batch ") for line in lines[:-1]), lines
    assert lines[-1] is None and outputs == []


def test_an_interrupt_is_told_as_one_wherever_it_hits(forced):
    """pyspark asks its JVM on the way out of an interrupted cell, over the connection that the interrupt broke."""
    code = "try:\n    raise KeyboardInterrupt\nfinally:\n    spark._jvm.java.lang.Integer.parseInt('no number')"
    assert forced[0].run(code)[1] == [("error", "KeyboardInterrupt")]
    assert forced[0].run("spark._jvm.java.lang.Integer.parseInt('no number')")[1] == [("error", "NumberFormatException")]


def test_what_ends_a_cell_ends_its_line(forced):
    running, manager = forced
    lines, outputs = running.run("time.sleep(3)\n1 / 0")
    assert lines[0].startswith("working · ") and lines[-1] is None
    assert outputs == [("error", "ZeroDivisionError")]
    lines, outputs = running.run(SLOW + "slow.first()[0]", manager.interrupt_kernel)
    assert lines[-1] is None and outputs[0] == ("stdout", "before\n")
    assert outputs[-1] == ("error", "KeyboardInterrupt"), outputs
    lines, outputs = running.run(SLOW + "print(slow.first()[0])")
    assert any(line.startswith("Spark: job ") for line in lines[:-1]), "it speaks again after an interrupt"
    assert "".join(text for _, text in outputs) == "before\n60\n"


def test_a_short_cell_has_no_line_and_the_kernel_one_thread(forced):
    connections = "import psutil; print(len([c for c in psutil.Process().net_connections() if c.status == 'ESTABLISHED']))"
    lines, before = forced[0].run(connections)
    assert lines == []
    for _ in range(3):
        assert forced[0].run("time.sleep(4)")[0]
    assert forced[0].run(connections)[1] == before, "no connection to the JVM more than before"
    assert forced[0].run(THREADS) == ([], [("stdout", "1\n")])


def test_a_killed_jvm_is_no_news_of_the_line(forced):
    lines, outputs = forced[0].run("""
import logging, os, signal
logging.basicConfig()                                # as a notebook that wants to see logs
from patternlab.engines import spark as engine
time.sleep(2.5)
os.kill(engine._jvm["process"].pid, signal.SIGKILL)
time.sleep(3)
print("over")""")
    assert len(lines) > 4 and lines[-2].startswith("working · ") and lines[-1] is None
    assert outputs == [("stdout", "over\n")]
    lines, outputs = forced[0].run("spark = spark_session('again')\n" + SLOW + "print(slow.first()[0])")
    assert any(line.startswith("Spark: job ") for line in lines[:-1]), "and it follows the next JVM"
    assert {kind for kind, _ in outputs} == {"stdout"} and outputs[-1][1].endswith("60\n"), outputs


@pytest.mark.parametrize("settings", [{}, {"PATTERNLAB_BUSY": "0", "JPY_SESSION_NAME": "lesson.ipynb"}],
                         ids=["a client's kernel", "switched off"])
def test_no_line_and_no_thread(settings):
    with kernel(**settings) as (running, _):
        lines, outputs = running.run("import time\nfrom patternlab.engines import busy\nbusy.install()\ntime.sleep(3)")
        assert (lines, outputs) == ([], [])
        assert running.run(THREADS) == ([], [("stdout", "0\n")])


def test_a_servers_kernel_has_the_line():
    with kernel(JPY_SESSION_NAME="lesson.ipynb") as (running, _):
        lines, outputs = running.run("import time\nfrom patternlab.engines import busy\nbusy.install()\ntime.sleep(3)")
        assert lines[0].startswith("working · ") and lines[-1] is None and outputs == []
