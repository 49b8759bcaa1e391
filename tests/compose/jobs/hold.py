"""A notebook that has its share of the cluster and keeps it: it counts, says so, and holds on for some seconds."""
import json
import sys
import time

from patternlab import spark_session

spark = spark_session(sys.argv[1])
count = spark.range(1_000_000, numPartitions=4).selectExpr("sum(id)").first()[0]
print("counted:", count, flush=True)
time.sleep(float(sys.argv[2]))
print("result:", json.dumps({"count": spark.range(1_000_000, numPartitions=4).count(), "first": count}))
