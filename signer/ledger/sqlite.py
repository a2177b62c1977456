"""SQLite, with WAL and synchronous=FULL: what is acknowledged survives a power cut.

A writing transaction takes the write lock at its start, so what it reads is still true when it writes.
"""

import fcntl
import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event

from revocation.durable import make_folder
from signer.ledger.store import BUSY_SECONDS, WRITES

_SIGNING: Final = ".lock"
_IN_USE: Final = ".in-use"


class SQLiteStore:
    """A database file on a local disk, and lock files beside it: for who signs, and for who has it open."""

    unopened = "see `ledger` in [signer], and to room and rights in its folder"
    unread = "see to room and rights in its folder, and to its disk"
    unwritten = "is the disk full, or another process holding it? Nothing was recorded"

    def __init__(self, path: Path) -> None:
        self._path = path
        self.where = f"ledger {path}"
        self._opened: tuple[int, int] | None = None
        self._in_use: int | None = None

    def engine(self) -> Engine:
        """Connections to the file."""
        url = URL.create("sqlite", database=str(self._path))
        engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
        return engine

    def make(self) -> None:
        """Make the file, for its owner alone; as long as the process has it open, nobody puts another in its place."""
        make_folder(self._path.parent, mode=0o700)
        self._in_use = _open_lock(self._path, _IN_USE)
        fcntl.flock(self._in_use, fcntl.LOCK_SH)
        weakref.finalize(self, _close, self._in_use)
        self._path.touch(mode=0o600)
        self._opened = _identity(self._path)

    def is_same(self) -> bool:
        """Whether the file at the path is the one that was opened."""
        return self._opened is None or _identity(self._path) == self._opened

    def close(self) -> None:
        """Let go of the lock that says that it is open."""
        if self._in_use is not None:
            fcntl.flock(self._in_use, fcntl.LOCK_UN)

    @contextmanager
    def signing(self) -> Iterator[None]:
        """A lock on the file beside it."""
        descriptor = _open_lock(self._path, _SIGNING)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


@contextmanager
def alone_with(path: Path) -> Iterator[None]:
    """The block in which nobody has the ledger at that path open.

    Raises:
        BlockingIOError: somebody has.
    """
    make_folder(path.parent, mode=0o700)
    descriptor = _open_lock(path, _IN_USE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def _open_lock(path: Path, suffix: str) -> int:
    return os.open(path.with_suffix(suffix), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _close(descriptor: int) -> None:
    with suppress(OSError):
        os.close(descriptor)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def _prepare(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun by _begin, with the lock that they need
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
