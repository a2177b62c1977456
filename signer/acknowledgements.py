"""Replies that say `done`, until the next CRL can be signed: so an acknowledged revocation is on a CRL very soon.

What is recorded in the second of a CRL has to wait for the next one, since thisUpdate rises by whole seconds. Its reply
waits with it: nobody is told anything false, and who waits for the publication waits no longer for that.
"""

import threading
from collections.abc import Callable, Iterable
from datetime import datetime

from revocation.messages import Reply


class Acknowledgements:
    """Those that wait.

    Args:
        put: offers replies to who asked. What it cannot offer is asked for again.
    """

    def __init__(self, put: Callable[..., None]) -> None:
        self._put = put
        self._lock = threading.Lock()
        self._waiting: list[tuple[datetime, Reply]] = []

    def add(self, replies: Iterable[tuple[datetime, Reply]]) -> None:
        """Keep replies, each until its time."""
        with self._lock:
            self._waiting += replies

    def next_at(self) -> datetime | None:
        """When the first of those that wait is to be offered."""
        with self._lock:
            return min((at for at, _ in self._waiting), default=None)

    def hand_out(self, now: datetime) -> None:
        """Offer those whose time has come, in the order in which they were added.

        Raises:
            QueueUnreachable: they could not be offered.
        """
        with self._lock:
            ready = [reply for at, reply in self._waiting if at <= now]
            self._waiting = [(at, reply) for at, reply in self._waiting if at > now]
        if ready:
            self._put(*ready)
