"""The world around pattern 07: reports by hand, readers of partitions, the books of a query, and the program that is killed."""
import inspect
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd

from ...engines import running
from ...engines.programs import Program
from ...flights import days
from ...proof import progress
from ...streams import emptied, finish
from .oracle import cuts, foretell, rows


# --- reports by hand, and their queries ------------------------------------------------------------------------------
def by_hand(*texts) -> list:
    """Reports of EWR on 1 July in order of arrival, each from a text "A 09:10 09:12": its key, planned, and left."""
    day, made = "2013-07-01T", []
    for key, planned, left in map(str.split, texts):
        made.append({"key": key, "origin": "EWR", "scheduled": f"{day}{planned}:00Z", "arrival": f"{day}{left}:00Z"})
    return sorted(made, key=lambda report: report["arrival"])


def first_day(slice="day") -> tuple:
    """The first day of a slice, itself a slice: on one day a batch is short enough to show what patience loses."""
    first, _ = days(slice)
    return first, first


def closed(reports) -> list:
    """`reports` and a last one, four days on, that lets every window close: key, origin and aircraft "tick"."""
    last = max(report["scheduled"] for report in reports)
    at = f"{datetime.fromisoformat(last[:-1]) + timedelta(days=4):%Y-%m-%dT%H:%M:%SZ}"
    return [*reports, {"key": "tick", "origin": "tick", "tailnum": "tick", "scheduled": at, "arrival": at}]


def side_by_side(orders) -> list:
    """Several orders as one log: the first report of each, then the second; origin and aircraft carry the order's number."""
    made = []
    for turn in zip(*orders):
        for number, report in enumerate(turn):
            named = {name: f"{number:02} {report[name]}" for name in ("origin", "tailnum")}
            made.append({**report, **named})
    return made


def repeated(frame, name: str, times: int):
    """A frame as each of the orders of side_by_side must give it: its column `name` carries the order's number."""
    return pd.concat([frame.assign(**{name: f"{number:02} " + frame[name]}) for number in range(times)])


def standing(queries):
    """Wait for queries, each into a table of its own name: a frame of their batches, reports published, windows kept."""
    spark, made = running.session(), {}
    for query in queries:
        batches = progress(finish(query))
        made[query.name] = {"batches": len(batches), "published": int(spark.table(query.name).toPandas()["n"].sum()),
                            "windows kept": int(batches["state_rows"].iloc[-1])}
    return pd.DataFrame.from_dict(made, orient="index")


class Said(dict):
    """What a query with foreachBatch(said.note) says: {batch: "09h: 3  10h: 2"}."""

    def note(self, batch, number):
        """Note the rows (begin, n) of a batch."""
        self[number] = "  ".join(sorted(f"{row.begin:%H}h: {row.n}" for row in batch.collect()))


def retold(reports, size, queries, said: dict):
    """A frame with a row a batch: the keys that it reads, the first query's watermark, and what was said in each mode."""
    reads = {number: " ".join(report["key"] for report in batch) for number, batch in enumerate(cuts(reports, size))}
    watermark = progress(queries[0]).set_index("batch")["watermark"].dt.strftime("%H:%M")
    return pd.DataFrame({"reads": reads, "watermark": watermark, **said}).fillna("")


def show(function) -> None:
    """Print the code of a function without its docstring."""
    code = inspect.getsource(function)
    head, _, body = code.split('"""', 2)
    print(head.rstrip() + body.rstrip())


# --- readers of partitions -------------------------------------------------------------------------------------------
def worked_off(broker, topic: str, seconds: float):
    """A topic, read to its end by one thread a partition that begin together; each report costs its reader `seconds`.

    A frame of the reports in the order in which they were handled, with `partition` and `at`, in seconds since the begin.
    """
    from kafka import KafkaConsumer, TopicPartition
    ends, handled = broker.end_offsets(topic), []
    together = threading.Barrier(len(ends), timeout=60)

    def read(partition):
        with KafkaConsumer(bootstrap_servers=broker.bootstrap, fetch_max_wait_ms=50) as consumer:
            place = TopicPartition(topic, partition)
            consumer.assign([place])
            consumer.seek_to_beginning(place)
            consumer.position(place)
            together.wait()
            began = time.perf_counter()
            while consumer.position(place) < ends[partition]:
                for message in consumer.poll(1000).get(place, ()):
                    time.sleep(seconds)
                    handled.append({**json.loads(message.value), "partition": partition, "at": time.perf_counter() - began})

    with ThreadPoolExecutor(len(ends)) as pool:
        list(pool.map(read, ends))
    return pd.DataFrame(handled)


def by_reader(handled, readers: int):
    """A frame of what each of `readers` partitions had of worked_off: reports, keys, and its seconds until the end."""
    found = handled.groupby("partition").agg(reports=("key", "size"), keys=("key", "nunique"), seconds=("at", "max"))
    return found.reindex(range(readers), fill_value=0).round(2)


def overtaken(handled, names) -> dict:
    """{column: how many reports of worked_off were handled after a later one with the same value in it} for columns `names`."""
    arrived = pd.to_datetime(handled["arrival"])
    return {name: int((arrived < arrived.groupby(handled[name]).cummax()).sum()) for name in names}


# --- books: where every report is ---------------------------------------------------------------------------------------
def books(truth, published, waiting):
    """Per window (begin, origin): its reports in truth, published, open (in the state store), and missing (in neither)."""
    sides = {}
    for side, frame in {"truth": truth, "published": published, "open": waiting}.items():
        frame = frame.toPandas() if hasattr(frame, "toPandas") else frame
        sides[side] = frame.astype({"begin": "datetime64[us]"}).set_index(["begin", "origin"])["n"]
    sides = pd.concat(sides, axis=1).fillna(0).astype(int)
    return sides.assign(missing=sides["truth"] - sides["published"] - sides["open"])


def side(found: dict, name: str):
    """One side of the books {patience: books}, as rows to compare: patience, begin, origin, n (zeros left out)."""
    every = pd.concat({patience: kept[name] for patience, kept in found.items()}, names=["patience"]).rename("n")
    return every[every != 0].reset_index()


def foreseen(truth, reports, size, patiences) -> dict:
    """{patience: books} as the oracle foretells them for a log that is read `size` reports a batch."""
    made = {}
    for patience in patiences:
        run = foretell(reports, size, patience)
        lost = rows(run.lost).set_index(["begin", "origin"])["n"]
        made[patience] = books(truth, rows(run.published), rows(run.open)).assign(missing=lost).fillna(0).astype(int)
    return made


# --- the program that is killed -----------------------------------------------------------------------------------------
class Elsewhere(Program):
    """A program with a Spark of its own, which starts at once and then does what it is told. It ends with the kernel."""

    def __init__(self, file, broker):
        lines = ["import json, sys", "from pyspark.sql import functions as F", "from patternlab import kafka, spark_session",
                 "conf = {'spark.sql.shuffle.partitions': 1, 'spark.ui.enabled': False}",
                 "spark, broker = spark_session('07-elsewhere', **conf), kafka()",
                 "for line in sys.stdin:", "    exec(json.loads(line), globals())"]
        Path(file).write_text("\n".join(lines), encoding="utf-8")
        self._rehearsal, self._job = emptied(Path(file).with_suffix(".rehearsal")), ""
        super().__init__(file, PATTERNLAB_KAFKA=broker.bootstrap)

    def learn(self, *functions, rehearse, **constants) -> None:
        """Give it functions, by their source, and constants. The last function starts a query: job(topic, per_batch, folder).

        It rehearses the job with `rehearse`, the first two of these, so that nothing is cold when it counts.
        """
        self._job = functions[-1].__name__
        for name, constant in constants.items():
            self._tell(f"{name} = {constant!r}")
        for function in functions:
            self._tell(inspect.getsource(function))
        self.go(*rehearse, self._rehearsal)

    def go(self, *arguments) -> None:
        """Let it do its job with these arguments."""
        self._tell(f"{self._job}{arguments!r}.awaitTermination()")

    def _tell(self, code: str) -> None:
        self.stdin.write(json.dumps(code).encode() + b"\n")
        self.stdin.flush()


def batches(folder) -> tuple:
    """(begun, finished): the batches that a query has noted in `folder`/checkpoint."""
    begun, finished = (len(list(Path(folder, "checkpoint", part).glob("[0-9]*"))) for part in ("offsets", "commits"))
    return begun, finished


def in_the_middle(folder, after: int = 2) -> bool:
    """Whether a batch has begun and not finished, with at least `after` whole ones before it."""
    begun, finished = batches(folder)
    return begun > finished >= after
