"""A job of many short tasks on both workers. It says when both are at work, and who did what in the end."""
import json
import socket
import time
from collections import Counter

from patternlab import spark_session

TASKS = 24
context = spark_session("slow").sparkContext


def work(numbers, seconds=0.5):
    for number in numbers:
        time.sleep(seconds)
        yield number * number, socket.gethostname()


for _ in range(60):
    quick = context.parallelize(range(8), 8).mapPartitions(lambda numbers: work(numbers, 0.2)).collect()
    hosts = {host for _, host in quick}
    if len(hosts) == 2:
        break
print("at work:", *sorted(hosts))
done = context.parallelize(range(TASKS), TASKS).mapPartitions(work).collect()
by = Counter(host for _, host in done)
print("result:", json.dumps({"squares": sorted(square for square, _ in done), "by": by}))
