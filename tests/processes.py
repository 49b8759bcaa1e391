"""Whether processes and ports are gone: for every test of what an engine, or a kernel, leaves behind."""
import socket
import time

import psutil


def gone(pids, ports=(), seconds: float = 15) -> list:
    """What of the processes (ids) and ports (on 127.0.0.1) is still there after at most `seconds`: [] where nothing is."""
    end = time.monotonic() + seconds
    while True:
        left = [pid for pid in pids if _running(pid)]
        for port in ports:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    left.append(f"port {port}")
        if not left or time.monotonic() > end:
            return left
        time.sleep(0.1)


def _running(pid: int) -> bool:
    try:                                                    # it may end between two looks
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
