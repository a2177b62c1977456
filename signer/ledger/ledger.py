"""The database behind the ledger: opening, migrating, and the two kinds of transaction.

SQLite by default (WAL, synchronous=FULL: what is acknowledged survives a power cut). A writing transaction takes the
write lock at its start, so what it reads is still true when it writes.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import OperationalError

from revocation.errors import ConfigurationError, RevocastError

_HEAD: Final = "0001"
_BUSY_SECONDS: Final = 30


class LedgerBusy(RevocastError):
    """Another process holds the ledger for longer than we wait."""


class Ledger:
    """An opened ledger, its schema up to date."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        self._path = (
            Path(self._url.database) if self._url.get_backend_name() == "sqlite" and self._url.database else None
        )
        if self._path:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._engine = _engine(url, self._path)
        self._migrate()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the ledger and changes nothing."""
        with self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is all or nothing, alone with the ledger from its start, durable when it ends.

        Raises:
            LedgerBusy: the lock could not be had.
        """
        with self._engine.connect().execution_options(revocast_writes=True) as connection:
            try:
                transaction = connection.begin()
            except OperationalError as error:
                raise LedgerBusy(
                    "is held by another process", where=f"ledger {self._url.render_as_string()}"
                ) from error
            with transaction:
                yield connection

    @contextmanager
    def signing(self) -> Iterator[None]:
        """The right to sign: one process at a time looks at what is due and makes it."""
        if self._path is None:
            yield
            return
        descriptor = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _migrate(self) -> None:
        with self._engine.connect() as connection:
            version = _version(connection)
        if version == _HEAD:
            return
        with self.signing(), self.write() as connection:
            if _version(connection) != _HEAD:
                _upgrade(connection)


def _engine(url: str, path: Path | None) -> Engine:
    if path is None:
        return create_engine(url)
    engine = create_engine(url, connect_args={"timeout": _BUSY_SECONDS})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    if not path.exists():
        path.touch(mode=0o600)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun by _begin_sqlite, with the lock that they need
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("revocast_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    connection.rollback() if not connection.get_execution_options().get("revocast_writes") else None
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
