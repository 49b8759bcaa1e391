"""A cell that works longer than two seconds says what Spark does: a line below it, gone when the cell ends.

The line is no output. It goes to the page as a message of its own (a `comm_msg` that only the small JupyterLab extension in
`labextensions/` knows, other pages pass over it), so no notebook file, no output and no order of outputs has a trace of it.
One daemon thread for the kernel's life sends it; it sleeps between cells and through each cell's first two seconds. py4j
gives each Python thread a connection of its own, so it waits for no call of the notebook's and none waits for it.
"""
import contextlib
import logging
import os
import queue
import threading
import time

from . import cells, place, running

AFTER, EVERY = 2.0, 0.5        # seconds of a cell without a line; seconds between two lines
ID = "patternlab-busy"         # as in labextensions/patternlab-busy/static/busy.js

_cells = queue.SimpleQueue()   # the cells that began, for the thread
_now = None                    # the one that runs


class _Cell:
    """A running cell: the request that began it, the page's id of it, when it began, and how its line is sent."""

    def __init__(self, kernel):
        parent = kernel.get_parent("shell") or {}
        self.kernel, self.request, self.began = kernel, parent.get("header", {}), time.monotonic()
        self.id = parent.get("metadata", {}).get("cellId")
        self.ended, self.shown, self.lock = threading.Event(), False, threading.Lock()

    def send(self, line: "str | None") -> None:
        """Show `line`; None takes it away and is the last word. The lock is never held while the JVM is asked."""
        with self.lock:
            if line is None:
                self.ended.set()
            elif self.ended.is_set():
                return
            if line is not None or self.shown:
                self.shown = line is not None
                self.kernel.session.send(self.kernel.iopub_socket, "comm_msg", parent=self.request, ident=ID.encode(),
                                         content={"comm_id": ID, "data": {"cell": self.id, "line": line}})


def install() -> None:
    """Show the line from this cell on; nothing where no page shows this kernel, or it is there already.

    A Jupyter server gives its kernels JPY_SESSION_NAME, one that a test or a program started has none.
    PATTERNLAB_BUSY=0 switches the line off, PATTERNLAB_BUSY=1 on, whoever started the kernel.
    """
    shell = cells.shell()
    wanted = place.setting("BUSY", "1" if "JPY_SESSION_NAME" in os.environ else "0") == "1"
    if _now is not None or not wanted or shell is None:
        return
    thread = threading.Thread(target=_watch, name=ID, daemon=True)
    for name in (None, "py4j.java_gateway", "py4j.clientserver"):    # a JVM that is gone is no news from here
        logging.getLogger(name).addFilter(lambda record: record.thread != thread.ident)
    _begin(shell.kernel)                                             # the cell that asks for the session is the first
    shell.events.register("pre_run_cell", lambda info: _begin(shell.kernel))
    shell.events.register("post_run_cell", lambda result: _now.send(None))
    thread.start()


def _begin(kernel) -> None:
    global _now
    if _now is not None:
        _now.send(None)
    _now = _Cell(kernel)
    _cells.put(_now)


def _watch() -> None:
    while True:
        cell = _cells.get()
        cell.ended.wait(max(0.0, cell.began + AFTER - time.monotonic()))
        while not cell.ended.is_set():
            try:
                doing = _doing()
            except Exception:                      # no session, one that stops, a JVM that was killed: the cell knows
                doing = []
            with contextlib.suppress(Exception):   # a kernel that shuts down has closed its sockets
                cell.send(" · ".join([*(doing or ["working"]), f"{time.monotonic() - cell.began:.0f} s"]))
            cell.ended.wait(EVERY)


def _doing() -> list:
    """What Spark does now: ["stream q_hourly: batch 12", "Spark: job 14, 3 of 8 tasks"], [] for nothing."""
    context = running.context()
    if context is None:
        return []
    doing = []
    for query in running.queries():
        progress = query.lastProgress()
        batch = "starting" if progress is None else f"batch {progress.batchId()}"
        doing.append(" ".join(filter(None, ["stream", query.name()])) + f": {batch}")
    tracker = context._jsc.statusTracker()
    jobs = list(tracker.getActiveJobIds())
    job = tracker.getJobInfo(max(jobs)) if jobs else None
    if job is not None:
        active = set(tracker.getActiveStageIds())          # numActiveTasks stays 0 until a first task has ended
        begun = [stage for number, stage in ((number, tracker.getStageInfo(number)) for number in job.stageIds())
                 if stage is not None and (number in active or stage.numCompletedTasks())]
        done, tasks = sum(stage.numCompletedTasks() for stage in begun), sum(stage.numTasks() for stage in begun)
        doing.append(f"Spark: job {max(jobs)}" + (f", {done} of {tasks} tasks" if tasks else ""))
    return doing
