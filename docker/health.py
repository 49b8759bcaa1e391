"""Health checks: `health.py kafka PORT`, or `health.py http PORT PATH [TEXT in the answer]`.

They run every few seconds in every container, so nothing is imported that takes longer than the check itself.
"""
import socket
import struct
import sys

kind, port, *rest = sys.argv[1:]
connection = socket.create_connection(("localhost", int(port)), timeout=4)
if kind == "kafka":
    # ApiVersions, version 0, no client id: a TCP accept comes too early, an answer without an error code does not
    connection.sendall(struct.pack(">ihhih", 10, 18, 0, 1, -1))
    answer = connection.recv(10, socket.MSG_WAITALL)
    sys.exit(0 if len(answer) == 10 and struct.unpack(">iih", answer)[2] == 0 else f"no answer: {answer!r}")
path, *texts = rest
connection.sendall(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
answer = b"".join(iter(lambda: connection.recv(65536), b"")).decode("utf-8", "replace")
sys.exit(0 if " 200 " in answer.split("\r\n")[0] and all(text in answer for text in texts) else answer[:300])
