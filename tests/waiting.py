"""Waiting for other processes, which is the one thing for which a test may let time pass."""

import socket
import time
from collections.abc import Callable


def until(true: Callable[[], object], seconds: float = 30) -> None:
    """Return as soon as it is true; fail when it does not become so in time."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def until_listening(port: int, seconds: float = 10) -> None:
    """Return as soon as a server on this machine takes connections; fail when it does not in time."""

    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    until(listens, seconds)
