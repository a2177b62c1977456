"""Whose turn it is to write to SQLite within a process: the time of all who wait runs together, whoever holds it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from revocation.errors import RevocastError

ADVICE: Final = "see `database` in [registrar]: is there room, do the rights fit, does the server run?"


class DatabaseUnavailable(RevocastError):
    """The database is away, its disk is full, or another process holds it for too long."""


class Turn:
    """SQLite has who waits look again after a while; here the next one is woken.

    Args:
        where: the database, for errors.
    """

    def __init__(self, where: str) -> None:
        self._where = where
        self._lock = threading.RLock()

    @contextmanager
    def taken(self, patience: float) -> Iterator[float]:
        """The block in which no other thread writes, with the seconds that are left to wait for other processes.

        Raises:
            DatabaseUnavailable: the others took longer than that.
        """
        began = time.monotonic()
        if not self._lock.acquire(timeout=patience):
            what = f"could not be written: others wrote, or waited to, for {patience:g} s"
            raise DatabaseUnavailable(what, where=self._where, advice=ADVICE)
        try:
            yield max(0.0, began + patience - time.monotonic())
        finally:
            self._lock.release()
