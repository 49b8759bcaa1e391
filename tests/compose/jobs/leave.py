"""Leaves something on each kind of storage, or looks whether it is still there: `leave.py leave|look`."""
import json
import sys
from pathlib import Path

import psycopg2

from patternlab import kafka, spark_session
from patternlab.engines import place

LAKE, DESK = Path(place.setting("LAKE")) / "kept", Path("/opt/patternlab/desk/kept.txt")
spark = spark_session("leave")
database = psycopg2.connect(place.setting("POSTGRES"))
database.autocommit = True
cursor = database.cursor()
if sys.argv[1] == "leave":
    from kafka import KafkaProducer
    spark.range(100).write.format("delta").mode("overwrite").save(str(LAKE))
    DESK.write_text("the learner's")
    producer = KafkaProducer(bootstrap_servers=kafka().bootstrap)
    topic = kafka().topic("kept")
    for number in range(100):
        producer.send(topic, str(number).encode())
    producer.close()
    cursor.execute("drop table if exists kept; create table kept as select generate_series(1, 100) as number")
from kafka import KafkaAdminClient  # noqa: E402  (only after the topic may have been made)

there = "kept" in KafkaAdminClient(bootstrap_servers=kafka().bootstrap).list_topics()
cursor.execute("select to_regclass('public.kept')")
found = {
    "file": DESK.read_text() if DESK.exists() else "",
    "table": spark.read.format("delta").load(str(LAKE)).count() if LAKE.exists() else 0,
    "messages": sum(kafka().end_offsets("kept").values()) if there else 0,
    "database": 0,
}
if cursor.fetchone()[0]:
    cursor.execute("select count(*) from kept")
    found["database"] = cursor.fetchone()[0]
print("result:", json.dumps(found))
