"""The exercise of a warm spare, a child program of the keeper: `python -m patternlab.engines.exercise FOLDER ROUNDS`.

It adopts the JVM as any kernel does, goes through what notebooks do until the code is compiled, and leaves the JVM clean.
`first` is the warm-up of Spark's archive.
"""
import json
import os
import sys
import threading
from pathlib import Path

from . import kafka, kernels, shared_jvm, spares, spark


def main(argv: list) -> int:
    """Exercise the JVM whose folder is argv[0] in argv[1] rounds, fewer where a file `wanted` appears in the folder."""
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    home = Path(argv[0])
    facts = json.loads((home / "facts.json").read_text())
    held = spares.Held(facts, os.open(facts["hold"], os.O_WRONLY | os.O_NONBLOCK))
    kernels.name_kernel(kernels.EXERCISE)
    work = kernels.work_folder("exercise")
    broker = None
    try:
        spark.adopt(held)
        session = spark.start(kernels.EXERCISE)
        for number in range(int(argv[1])):
            first(session, work / f"round-{number}")
            broker = broker or kafka.Kafka()
            _streams(session, broker, work / f"round-{number}")
            if (home / "wanted").exists():
                break
        shared_jvm.forget(spark.kept())
    finally:
        if broker is not None:
            broker.stop()
        kernels.forget()
    return 0


def _end_with_stdin() -> None:
    sys.stdin.read()
    os._exit(1)                                              # the keeper is gone


def first(spark, folder: Path) -> None:
    """What every notebook does first: rows into Delta, back, a merge, a windowed stream. Spark's archive is made by it.

    A round of five times as much (merges of every kind, joins, history) made the archive 30 s later, and started no session
    sooner that could be told from the noise; as exercise it took two minutes and 1.2 GB.
    """
    from delta.tables import DeltaTable
    from pyspark.sql import functions as F
    table, view = str(folder / "warm"), f"warm_{folder.name}".replace("-", "_")
    rows = spark.range(1000).selectExpr("id", "id % 7 AS k", "timestamp_seconds(id) AS t")
    rows.write.format("delta").save(table)
    DeltaTable.forPath(spark, table).alias("t").merge(rows.alias("s"), "t.id = s.id").whenMatchedUpdateAll().execute()
    spark.read.format("delta").load(table).groupBy("k").agg(F.count("*"), F.sum("id")).toPandas()
    query = (spark.readStream.format("delta").load(table).groupBy(F.window("t", "1 minute"), "k").count().writeStream
             .format("memory").queryName(view).outputMode("complete").trigger(availableNow=True).start())
    query.awaitTermination(60)
    spark.table(view).collect()
    spark.read.parquet(*[str(f) for f in Path(table).glob("*.parquet")][:1]).selectExpr("to_json(struct(*)) j").collect()


def _streams(session, broker, folder: Path) -> None:
    """A topic is written, read in batches into a window and into a Delta table."""
    from pyspark.sql import functions as F
    name = f"exercise-{folder.name}"
    topic = broker.topic(name)
    rows = session.range(400).selectExpr("CAST(id AS string) AS key",
                                         "to_json(struct(id, id % 7 AS k, timestamp_seconds(id * 60) AS t)) AS value")
    rows.write.format("kafka").option("kafka.bootstrap.servers", broker.bootstrap).option("topic", topic).save()
    source = broker.options(topic)
    parsed = F.from_json(F.col("value").cast("string"), "id INT, k INT, t TIMESTAMP").alias("m")
    session.read.format("kafka").options(**source).load().select("offset", parsed).select("offset", "m.*").toPandas()
    stream = session.readStream.format("kafka").options(**source, maxOffsetsPerTrigger=100).load().select("offset", parsed)
    stream = stream.select("offset", "m.*").withWatermark("t", "1 minute")

    def each(batch, number):
        batch.write.format("delta").mode("append").options(txnAppId=name, txnVersion=number).save(str(folder / "each"))
    counts = stream.groupBy(F.window("t", "1 hour"), "k").count().writeStream.format("memory").queryName(name.replace("-", "_"))
    for query in (counts, stream.writeStream.foreachBatch(each)):
        started = query.option("checkpointLocation", str(folder / f"c{id(query)}")).trigger(availableNow=True).start()
        started.awaitTermination(60)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
