"""The database behind the ledger: opening, migrating, and the two kinds of transaction.

SQLite, with WAL and synchronous=FULL: what is acknowledged survives a power cut. A writing transaction takes the write
lock at its start, so what it reads is still true when it writes.
"""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import DatabaseError, OperationalError

from revocation.durable import make_folder
from revocation.errors import ConfigurationError, RevocastError

_HEAD: Final = "0004"
_BUSY_SECONDS: Final = 30
_ADVICE: Final = "see `ledger` in [signer], and to the rights of its folder"


class LedgerUnavailable(RevocastError):
    """A transaction could not be written: the disk is full, or another process holds the ledger for too long."""


class Ledger:
    """An opened ledger, its schema up to date.

    Raises:
        ConfigurationError: the file cannot be opened, is no ledger, or was made by a later version.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._turn = threading.Lock()
        self._engine = _engine(path)
        try:
            make_folder(path.parent, mode=0o700)
            path.touch(mode=0o600)
            self._migrate()
        except (OSError, DatabaseError) as error:
            reason = error.strerror if isinstance(error, OSError) else error.orig
            raise ConfigurationError(f"cannot be opened: {reason}", where=f"ledger {path}", advice=_ADVICE) from error

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the ledger and changes nothing."""
        with self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is all or nothing, alone with the ledger from its start, durable when it ends.

        Raises:
            LedgerUnavailable: the lock could not be had, or the disk is full; nothing was recorded.
        """
        try:
            with (
                self._turn,  # SQLite has who waits look again after a while: in one process the next one is woken
                self._engine.connect().execution_options(revocast_writes=True) as connection,
                connection.begin(),
            ):
                yield connection
        except OperationalError as error:
            raise LedgerUnavailable(
                f"could not be written: {error.orig}",
                where=f"ledger {self._path}",
                advice="is the disk full, or another process holding it? Nothing was recorded",
            ) from error

    @contextmanager
    def signing(self) -> Iterator[None]:
        """The right to sign: one process at a time looks at what is due and makes it."""
        descriptor = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _migrate(self) -> None:
        with self.read() as connection:
            version = _version(connection)
        if version == _HEAD:
            return
        with self.signing(), self.write() as connection:
            if _version(connection) != _HEAD:
                _upgrade(connection)


def _engine(path: Path) -> Engine:
    engine = create_engine(URL.create("sqlite", database=str(path)), connect_args={"timeout": _BUSY_SECONDS})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun by _begin, with the lock that they need
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("revocast_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return str(found) if found else None


def _upgrade(connection: Connection) -> None:
    from alembic import command  # half a second to import, and needed once
    from alembic.config import Config
    from alembic.util.exc import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, _HEAD)
    except CommandError as error:
        raise ConfigurationError(
            f"its schema is not one that this version knows: {error}", where="ledger", advice="upgrade Revocast"
        ) from error
