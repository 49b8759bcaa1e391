"""A notebook that has its share of the cluster and keeps it: it counts, says so, and holds on until it is told a line."""
import json
import sys

from patternlab import spark_session

spark = spark_session(sys.argv[1])
count = spark.range(1_000_000, numPartitions=4).selectExpr("sum(id)").first()[0]
print("counted:", count, flush=True)
assert sys.stdin.readline(), "nobody told this job to go on"
print("result:", json.dumps({"count": spark.range(1_000_000, numPartitions=4).count(), "first": count}))
