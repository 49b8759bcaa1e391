"""Health checks: `health.py kafka PORT`, `health.py http PORT PATH [TEXT in the answer]`, `health.py run PROGRAM ARGUMENT...`.

Docker starts one in every container again and again, and each costs a tenth of a second of a core, most of it docker's own.
So a check of a service that is starting waits for it and answers at once when it is there; a check of one that has been well
since its container was started begins with a pause. Nothing is imported that takes longer than the check itself.
"""
import os
import socket
import struct
import sys
import time

PAUSE, PATIENCE = 12, 8            # seconds; both together, and an answer's 4, are less than the check's time-out


def problem(kind: str, port: str, *rest: str) -> str:
    """What is wrong with the service, an empty text when nothing is."""
    if kind == "run":
        code = os.spawnvp(os.P_WAIT, port, (port, *rest))
        return f"{port} ended with {code}" if code else ""
    connection = socket.create_connection(("localhost", int(port)), timeout=4)
    if kind == "kafka":
        # ApiVersions, version 0, no client id: a TCP accept comes too early, an answer without an error code does not
        connection.sendall(struct.pack(">ihhih", 10, 18, 0, 1, -1))
        answer = connection.recv(10, socket.MSG_WAITALL)
        return "" if len(answer) == 10 and struct.unpack(">iih", answer)[2] == 0 else f"no answer: {answer!r}"
    path, *texts = rest
    connection.sendall(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
    answer = b"".join(iter(lambda: connection.recv(65536), b"")).decode("utf-8", "replace")
    return "" if " 200 " in answer.split("\r\n")[0] and all(text in answer for text in texts) else answer[:300] or "no answer"


# /tmp outlives a restart of the container, so the mark has the time when its first process was started
with open("/proc/1/stat") as stat:
    mark = f"/tmp/well-since-{stat.read().rpartition(')')[2].split()[19]}"
if os.path.exists(mark):
    time.sleep(PAUSE)
end = time.monotonic() + PATIENCE
while True:
    try:
        wrong = problem(*sys.argv[1:])
    except OSError as error:
        wrong = str(error)
    if not wrong or time.monotonic() > end:
        break
    time.sleep(0.3)
if not wrong:
    open(mark, "w").close()
sys.exit(wrong or 0)
