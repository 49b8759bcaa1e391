"""The oracle of Spark's late filter against real Spark, window by window: three days, three patiences, two cuts (20 on one day).

Run as a program, this file drives Spark in a process of its own and prints what Spark did; the tests compare that with what
the oracle foretells. A stormy day, another one, and the day of the autumn clock change.
"""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from patternlab import events, faults  # noqa: E402
from patternlab.patterns.stream_windowing import cuts, records, spark_windows  # noqa: E402

DAYS, PATIENCES, CUTS = ("2013-07-01", "2013-07-10", "2013-11-03"), (0, 60, 180), (20, 50)
# batches of 20 on the stormy day only: each is a batch of real Spark, and the other days show nothing else with them
CASES = [(day, cut, patience) for day in DAYS for cut in CUTS for patience in PATIENCES if cut == 50 or day == DAYS[0]]
SEEDS = range(20)


def log_of(day):
    return events("departed", f"{day}..{day}")


def small():
    """The first 120 reports of the stormy day, whose orders are tried one by one."""
    return log_of(DAYS[0])[:120]


def closed(log):
    """`log`, and a record four days later that lets every window close."""
    return [*log, {"origin": "tick", "scheduled": "2013-07-06T00:00:00Z"}]


def flat(windows):
    return sorted([begin, origin, n] for (begin, origin), n in windows.items())


@pytest.fixture(scope="module")
def spark_did():
    """What Spark did, by case: published, open, sizes, state_rows, dropped."""
    done = subprocess.run([sys.executable, __file__], capture_output=True, text=True, timeout=900,
                          env={**{k: v for k, v in os.environ.items() if k != "PATTERNLAB_SLICE"}, "PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("day, cut, patience", CASES)
def test_the_oracle_foretells_every_window(spark_did, day, cut, patience):
    seen, log = spark_did[f"{day} {cut} {patience}"], records(log_of(day))
    run = spark_windows(cuts(log, cut), patience * 60)
    assert [n for n in seen["sizes"] if n] == [len(batch) for batch in cuts(log, cut)], "the cuts are not those asked for"
    assert seen["published"] == flat(run.published)
    assert seen["open"] == flat(run.open)
    assert seen["state_rows"] == run.state_rows and seen["dropped"] == run.dropped
    lost = len(log) - sum(n for *_, n in seen["published"] + seen["open"])
    assert lost == len(run.late) == sum(run.lost.values())
    assert sum(run.dropped) < lost or not lost > 20, "the metric counts groups, so it must be below the loss"


def test_patience_cuts_and_days_differ(spark_did):
    """The cases are not all one: the loss falls with patience, and with longer batches."""
    def lost(day, cut, patience):
        return len(log_of(day)) - sum(n for *_, n in spark_did[f"{day} {cut} {patience}"]["published"]
                                      + spark_did[f"{day} {cut} {patience}"]["open"])
    assert [lost(DAYS[0], 20, patience) for patience in PATIENCES] == [304, 134, 12]
    assert [lost(DAYS[0], 50, patience) for patience in PATIENCES] == [146, 59, 5]
    assert [lost(DAYS[1], 50, patience) for patience in PATIENCES] == [112, 58, 16]


def test_sliding_windows(spark_did):
    seen = spark_did["sliding"]
    run = spark_windows(cuts(records(log_of(DAYS[0])), 50), 3600, every=1200)
    assert seen["published"] == flat(run.published) and seen["open"] == flat(run.open)


def test_a_live_stream_with_its_batches_without_data(spark_did):
    """The same log sent piece by piece while the query runs: with the batches that Spark really made, empty ones too."""
    seen, log = spark_did["live"], records(log_of(DAYS[0]))
    assert 0 in seen["sizes"][:-1], "no batch without data came between others"
    batches, at = [], 0
    for size in seen["sizes"]:
        batches.append(log[at:at + size])
        at += size
    assert at == len(log)
    run = spark_windows(batches, 0)
    assert seen["published"] == flat(run.published)
    assert len(run.late) > len(spark_windows(cuts(log, 50), 0).late), "live loses more than the replay of the backlog"


@pytest.mark.parametrize("seed", SEEDS)
def test_a_patient_stream_equals_the_batch_in_any_order(spark_did, seed):
    """The twenty orders share a query and its watermark, which is at least as far as each would have alone."""
    mine = [[begin, origin.partition(" ")[2], n] for begin, origin, n in spark_did["orders"]["published"]
            if origin.partition(" ")[0] == str(seed)]
    batch = {}
    for window in records(small()):
        window = (window[0] - window[0] % 3600, window[1])
        batch[window] = batch.get(window, 0) + 1
    assert mine == flat(batch)


def test_the_orders_were_cut_differ_and_nothing_else_came(spark_did):
    seen = spark_did["orders"]
    assert [n for n in seen["sizes"] if n] == [1000, 1000, 401], "50 reports of each order in a batch, and the end of time"
    assert len({tuple(report["key"] for report in faults.shuffled(small(), seed)) for seed in SEEDS}) == len(SEEDS)
    assert sum(n for *_, n in seen["published"]) == len(SEEDS) * len(small())


def main():
    from kafka import KafkaProducer
    from pyspark.sql import functions as F

    from patternlab import kafka, progress, spark_session, workspace
    spark, broker = spark_session("test-oracle", **{"spark.sql.shuffle.partitions": 1}), kafka()
    work, did = workspace("test-oracle"), {}

    def send(topic, log):
        producer = KafkaProducer(bootstrap_servers=broker.bootstrap, linger_ms=5)
        for report in log:
            producer.send(topic, value=json.dumps(report).encode())
        producer.close()

    def start(name, topic, cut, patience, every="1 hour", **trigger):
        lines = spark.readStream.format("kafka").options(**broker.options(topic, maxOffsetsPerTrigger=cut)).load()
        report = F.from_json(F.col("value").cast("string"), "origin string, scheduled timestamp").alias("report")
        windows = (lines.select(report).select("report.*").withWatermark("scheduled", f"{patience} minutes")
                   .groupBy(F.window("scheduled", "1 hour", every), "origin").count())
        return (windows.writeStream.format("memory").queryName(name).option("checkpointLocation", str(work / name))
                .trigger(**(trigger or {"availableNow": True})).start())

    def note(case, query):
        assert query.awaitTermination(600) or not query.isActive, case
        name = query.name
        made = {int(file.name) for file in (work / name / "commits").glob("[0-9]*")}
        steps = progress(query).drop_duplicates("batch", keep="last")
        steps = steps[steps["batch"].isin(made)]
        rows = [spark.table(name).selectExpr("unix_timestamp(window.start)", "origin", "count"),
                spark.read.format("statestore").load(str(work / name)).selectExpr(
                    "unix_timestamp(key.window.start)", "key.origin", "value.count")]
        published, waiting = (sorted(map(list, part.collect())) for part in rows)
        did[case] = {"published": published, "open": waiting, "sizes": steps["rows"].tolist(),
                     "state_rows": steps["state_rows"].tolist(), "dropped": steps["dropped"].tolist()}

    for day in DAYS:
        topic = broker.topic(f"day-{day}")
        send(topic, log_of(day))
        queries = {f"{day} {cut} {patience}": start(f"q{len(did) + n}", topic, cut, patience)
                   for n, (its_day, cut, patience) in enumerate(CASES) if its_day == day}
        for case, query in queries.items():
            note(case, query)
    sliding = start("sliding", f"day-{DAYS[0]}", 50, 60, "20 minutes")
    topic, log = broker.topic("live"), log_of(DAYS[0])
    live = start("live", topic, 1000, 0, processingTime="0 seconds")
    for at in range(0, len(log), 50):
        send(topic, log[at:at + 50])
        live.processAllAvailable()
    live.stop()
    note("live", live)
    note("sliding", sliding)
    # twenty orders side by side, each a group of its own: the n-th report of each, then the next; 50 of each in a batch
    orders = [faults.shuffled(small(), seed) for seed in SEEDS]
    mixed = [dict(report, origin=f"{seed} {report['origin']}") for turn in zip(*orders) for seed, report in zip(SEEDS, turn)]
    topic = broker.topic("orders")
    send(topic, closed(mixed))
    note("orders", start("orders", topic, 50 * len(SEEDS), 2 * 24 * 60))
    print(json.dumps(did))


if __name__ == "__main__":
    main()
