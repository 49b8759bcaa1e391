"""The world around pattern 06: first reports and corrections, a writer that dies, a reader that watches."""
import contextlib
import json
import shutil
import threading
import time
from functools import lru_cache
from pathlib import Path
from random import Random
from urllib.parse import unquote, urlparse

from ...engines.programs import Program, killed, written
from ...flights import days, events

REPORT = "key STRING, scheduled TIMESTAMP, carrier STRING, origin STRING, dest STRING, delay INT, revision INT"
# one first report in 30 is wrong, one in 200 is lost; one correction in 3 needs another
WRONG, LOST, TWICE = 30, 200, 3
PARTS = 24                                       # a slow source hands its rows over in so many parts


# --- the feed ---------------------------------------------------------------------------------------------------------
def reports(slice) -> list:
    """First reports of a slice, in order of arrival: dicts of REPORT, `revision` 0, delay None if cancelled.

    A wrong one says 0 minutes. Lost ones, and the one that `handed_in` holds, are not there.
    """
    published, wrong, lost = _feed(days(slice))
    return [{**report, "delay": 0 if report["key"] in wrong else report["delay"]}
            for report in published[:-1] if report["key"] not in lost]


def corrections(slice) -> list:
    """What comes later, in any order: the right report (highest revision), for some after a wrong revision 1."""
    published, wrong, lost = _feed(days(slice))
    late = [report for report in published if report["key"] in wrong or report["key"] in lost]
    made = []
    for number, report in enumerate(late):
        twice = number % TWICE == 0 and report["key"] in wrong
        if twice:
            made.append({**report, "delay": report["delay"] + 5, "revision": 1})
        made.append({**report, "revision": 1 + twice})
    return Random(6).sample(made, len(made))


def handed_in(slice):
    """The slice's last report, which comes by hand: an Arrow table of one row, with a column `gate`."""
    import pyarrow
    last = _feed(days(slice))[0][-1:]
    return arriving(last, 1).read_all().append_column("gate", pyarrow.array(["D7"]))


@lru_cache(maxsize=4)
def _feed(span) -> tuple:
    """Published reports in order of arrival, keys of those whose first report is wrong, and of those whose is lost."""
    published = [{"key": report["key"], "scheduled": report["scheduled"], "carrier": report["carrier"],
                  "origin": report["origin"], "dest": report["dest"], "delay": report["dep_delay"], "revision": 0}
                 for report in events("report", span)]
    flown = [report["key"] for report in published[:-1] if report["delay"] not in (None, 0)]
    wrong = set(Random(4).sample(flown, len(flown) // WRONG))
    others = [report["key"] for report in published[:-1] if report["key"] not in wrong]
    return published, wrong, set(Random(5).sample(others, len(others) // LOST))


# --- writers ----------------------------------------------------------------------------------------------------------
def arriving(reports: list, parts: int = PARTS, stall: bool = False):
    """Reports as rows that arrive in `parts`: a RecordBatchReader. With `stall`, the last third never comes."""
    import pyarrow as pa
    schema = pa.schema({
        "key": "string", "scheduled": pa.timestamp("us", "UTC"), "carrier": "string", "origin": "string",
        "dest": "string", "delay": "int32", "revision": "int32"})
    table = pa.Table.from_pylist([{**report, "scheduled": None} for report in reports], schema)
    texts = pa.array([report["scheduled"].rstrip("Z") for report in reports])
    times = texts.cast(pa.timestamp("us")).cast(schema.field(1).type)
    table = table.set_column(1, schema.field(1), times)
    size = -(-len(table) // parts)

    def batches():
        for first in range(0, len(table), size):
            if stall and first >= len(table) * 2 / 3:
                print("two thirds are handed over", flush=True)
                input()                                             # for ever: it ends by SIGKILL, or with the kernel
            yield from table.slice(first, size).combine_chunks().to_batches()
    return pa.RecordBatchReader.from_batches(schema, batches())


def killed_midway(write, folder, reports: list) -> int:
    """`write(folder, arriving)`, a function of the notebook, in a process of its own that gets SIGKILL while it works.

    It is killed when two thirds of the reports have been handed to it, and some of them are in a file: an engine writes behind
    the hand-over, and for a few reports it writes none before the end, so a second later it is killed anyway. Its exit code: -9.
    """
    file = written("writer", "import json, pathlib, sys", "from deltalake import write_deltalake",
                   "from patternlab.patterns.lakehouse.scene import arriving", write,
                   "reports = json.loads(pathlib.Path(__file__).with_suffix('.json').read_text(encoding='utf-8'))",
                   f"{write.__name__}({str(folder)!r}, arriving(reports, stall=True))")
    file.with_suffix(".json").write_text(json.dumps(reports), encoding="utf-8")
    before, since = _written(folder), []
    program = Program(file)

    def midway():
        if "two thirds" in program.log.read_text(errors="replace"):
            since.append(time.monotonic())
        return since and (_written(folder) != before or since[-1] - since[0] > 1)
    return killed(program, when=midway)


def _written(folder) -> dict:
    """{data file: (its size, when it was written)} of all in a folder."""
    return {file: (file.stat().st_size, file.stat().st_mtime_ns) for file in Path(folder).rglob("*.parquet")}


def emptied(folder) -> str:
    """The path of a folder that is there and empty."""
    shutil.rmtree(folder, ignore_errors=True)
    Path(folder).mkdir(parents=True)
    return str(folder)


def checksum(rows) -> str:
    """16 hexadecimal digits of an Arrow table: the same for the same rows in any order, another for any other rows."""
    import pandas
    hashes = pandas.util.hash_pandas_object(rows.to_pandas(), index=False)
    return f"{int(hashes.sum()):016x}"


def parts(rows, number: int):
    """An Arrow table in so many slices of about one size, in its order."""
    size = -(-len(rows) // number)
    for first in range(0, len(rows), size):
        yield rows.slice(first, size)


def listing(folder) -> list:
    """What lies in a table's folder: dicts of file and bytes, data first, without checksums (.crc)."""
    files = [file for file in Path(folder).rglob("*") if file.is_file() and file.suffix != ".crc"]
    names = {str(file.relative_to(folder)): file.stat().st_size for file in files}
    return [{"file": name, "bytes": names[name]} for name in sorted(names, key=lambda name: (name[0] == "_", name))]


def on_disk(folder) -> set:
    """Names of the data files that lie in a table's folder, whether its log names them or not."""
    return {file.name for file in Path(folder).glob("*.parquet")}


# --- readers ----------------------------------------------------------------------------------------------------------
@contextlib.contextmanager
def watching(read):
    """Call `read()` again and again in a thread while the block runs: a list of what it answered, in order."""
    answers, errors, over = [], [], threading.Event()

    def again():
        try:
            while not over.is_set():
                answers.append(read())
                time.sleep(0.1)
        except Exception as error:
            errors.append(error)
    reader = threading.Thread(target=again, daemon=True)
    reader.start()
    try:
        yield answers
    finally:
        over.set()
        reader.join(30)
    if errors:
        raise errors[0]
    answers.append(read())                                          # and once more, when all is done


def opened(table, questions: dict) -> dict:
    """Kilobytes of the files that Spark opens for each question ({name: condition}) to a frame of a whole table."""
    plans = {name: table.where(question).inputFiles() for name, question in questions.items()}
    return {name: sum(Path(unquote(urlparse(file).path)).stat().st_size for file in files) / 1000
            for name, files in plans.items()}


def while_growing(rows, commit, ask, commits: int = 80):
    """`commit(part)` for each of `commits` parts of an Arrow table, and on the way `ask()`: milliseconds of both.

    Returns a pandas frame with the columns "a question" and "a commit", index `files`: each the shortest of three.
    """
    import pandas
    size, taken, lately = max(1, len(rows) // commits), {}, []
    for number in range(1, commits + 1):
        part = rows.slice((number - 1) * size, size)
        committed = _milliseconds(lambda: commit(part))
        if number % 10 > 7 or number % 10 == 0:
            lately.append((committed, _milliseconds(ask)))
        if number % 10 == 0:
            taken[number] = [min(times) for times in zip(*lately[-3:])]
    return pandas.DataFrame(taken, ["a commit", "a question"]).T.rename_axis("files")


def _milliseconds(act) -> float:
    began = time.perf_counter()
    act()
    return 1000 * (time.perf_counter() - began)


# --- what a log says, as tables ---------------------------------------------------------------------------------------
def told(log) -> list:
    """Pairs of version and action of a log, a dict each: version, action, what (an operation, or a file)."""
    return [{"version": version, "action": kind, "what": said.get("operation") or said.get("path", "")[:20]}
            for version, action in log for kind, said in action.items()]


def ranges(files: dict, *columns) -> list:
    """Of each file ({name: its add action}) the rows, and least and greatest values of these columns: dicts."""
    found = []
    for file in files.values():
        stats = json.loads(file["stats"])
        ends = [[str(stats[end][name])[:16] for end in ("minValues", "maxValues")] for name in columns]
        found.append({"rows": stats["numRecords"], **{name: " to ".join(pair) for name, pair in zip(columns, ends)}})
    return found
