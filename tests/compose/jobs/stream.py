"""A stream from Kafka into Delta that goes on while messages come in; it ends when every number is in."""
import json
import sys
import time

from patternlab import kafka, spark_session, workspace

TOPIC, COUNT = sys.argv[1], int(sys.argv[2])
spark, folder = spark_session("stream"), workspace("stream")
table, broker = str(folder / "numbers"), kafka().bootstrap
numbers = (spark.readStream.format("kafka").option("kafka.bootstrap.servers", broker).option("subscribe", TOPIC)
           .option("startingOffsets", "earliest").load().selectExpr("CAST(CAST(value AS STRING) AS INT) AS number"))
query = (numbers.writeStream.format("delta").option("checkpointLocation", str(folder / "checkpoint"))
         .trigger(processingTime="1 second").start(table))
end, said = time.monotonic() + 200, False
while time.monotonic() < end:
    if query.exception() is not None:
        raise SystemExit(f"the stream has ended: {query.exception()}")
    rows = sum(progress["numInputRows"] for progress in query.recentProgress)
    if rows and not said:
        print("streaming:", rows, flush=True)
        said = True
    if rows >= COUNT:
        break
    time.sleep(0.5)
query.stop()
rows, distinct, total = spark.read.format("delta").load(table).selectExpr("count(*)", "count(DISTINCT number)",
                                                                          "sum(number)").first()
print("result:", json.dumps({"rows": rows, "distinct": distinct, "sum": total}))
