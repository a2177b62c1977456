"""SQLite, with WAL and synchronous=FULL: what is acknowledged survives a power cut.

A writing transaction takes the write lock at its start, so what it reads is still true when it writes.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event

from revocation.durable import make_folder
from signer.ledger.store import BUSY_SECONDS, WRITES


class SQLiteStore:
    """A database file on a local disk, and a lock file beside it."""

    unopened = "see `ledger` in [signer], and to room and rights in its folder"
    unread = "see to room and rights in its folder, and to its disk"
    unwritten = "is the disk full, or another process holding it? Nothing was recorded"

    def __init__(self, path: Path) -> None:
        self._path = path
        self.where = f"ledger {path}"

    def engine(self) -> Engine:
        """Connections to the file."""
        url = URL.create("sqlite", database=str(self._path))
        engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
        return engine

    def make(self) -> None:
        """Make the file, for its owner alone."""
        make_folder(self._path.parent, mode=0o700)
        self._path.touch(mode=0o600)

    @contextmanager
    def signing(self) -> Iterator[None]:
        """A lock on the file beside it."""
        descriptor = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _prepare(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun by _begin, with the lock that they need
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
