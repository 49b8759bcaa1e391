"""Health checks for an image without curl: `health.py kafka HOST:PORT`, `health.py http URL [TEXT in the answer]`."""
import sys
import urllib.request

kind, where, *text = sys.argv[1:]
if kind == "kafka":
    from kafka import KafkaAdminClient

    # a TCP accept comes too early: a broker is there when it answers
    admin = KafkaAdminClient(bootstrap_servers=where, request_timeout_ms=4000)
    admin.list_topics()
    admin.close()
else:
    answer = urllib.request.urlopen(where, timeout=4).read().decode()
    sys.exit(0 if all(each in answer for each in text) else f"{text} not in the answer of {where}")
