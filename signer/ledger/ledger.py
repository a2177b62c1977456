"""The database behind the ledger: opening, migrating, and the two kinds of transaction.

What is acknowledged survives a power cut, and what a writing transaction reads is still true when it writes: sqlite.py
and postgresql.py say how.
"""

import logging
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DatabaseError, OperationalError

from revocation.errors import ConfigurationError, RevocastError
from signer.ledger.postgresql import PostgreSQLStore
from signer.ledger.sqlite import SQLiteStore
from signer.ledger.store import WRITES, Store
from signer.ledger.turn import Turn

_LOG: Final = logging.getLogger("revocast.signer")
HEAD: Final = "0012"
"""The newest migration."""

_VERSION: Final = text("SELECT version_num FROM alembic_version")


class LedgerUnavailable(RevocastError):
    """The database is away, its disk is full, or another process holds it for too long."""


class Ledger:
    """An opened ledger, its schema up to date.

    Args:
        place: the file of an SQLite database, or the address of a PostgreSQL one.

    Raises:
        ConfigurationError: it cannot be opened, is no ledger, or was made by a later version.
    """

    def __init__(self, place: Path | str) -> None:
        self._store: Store = SQLiteStore(place) if isinstance(place, Path) else PostgreSQLStore(place)
        self._turn = threading.RLock()
        self._engine = self._store.engine()
        weakref.finalize(self, self._engine.dispose)  # connections end with whoever opened the ledger
        try:
            self._store.make()
            self._migrate()
        except (OSError, DatabaseError) as error:
            reason = error.strerror if isinstance(error, OSError) else error.orig
            raise ConfigurationError(
                f"cannot be opened: {reason}", where=self._store.where, advice=self._store.unopened
            ) from error

    def close(self) -> None:
        """Let go of the database; what was written is all in its file then."""
        self._engine.dispose()
        self._store.close()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the ledger and changes nothing.

        Raises:
            LedgerUnavailable: the database cannot be reached.
        """
        with self._reached("read"), self._reading() as connection:
            yield connection

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is all or nothing, alone with the ledger from its start, durable when it ends.

        Raises:
            LedgerUnavailable: the lock could not be had, the disk is full, the ledger was replaced, or migrated by a
                later version; nothing was recorded.
        """
        with self._writing() as connection:
            self._require_schema(connection)
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        self._require_same()
        try:
            with (
                self._turn,  # SQLite has who waits look again after a while: in one process the next one is woken
                self._engine.connect().execution_options(**{WRITES: True}) as connection,
                connection.begin(),
            ):
                yield connection
        except OperationalError as error:
            raise LedgerUnavailable(
                f"could not be written: {error.orig}",
                where=self._store.where,
                advice=self._store.unwritten,
            ) from error

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        """Several transactions of this thread in a row: what others write waits until it is over, or let go."""
        self._turn.acquire()
        turn = Turn(self._turn)
        try:
            yield turn
        finally:
            turn.let_go()

    @contextmanager
    def signing(self) -> Iterator[None]:
        """The right to sign: one process at a time looks at what is due and makes it.

        Raises:
            LedgerUnavailable: the database cannot be reached, or the ledger was replaced.
        """
        self._require_same()
        with self._reached("locked"), self._store.signing():
            yield

    @contextmanager
    def _reached(self, done: str) -> Iterator[None]:
        try:
            yield
        except OperationalError as error:
            raise LedgerUnavailable(
                f"could not be {done}: {error.orig}", where=self._store.where, advice=self._store.unread
            ) from error

    def _require_same(self) -> None:
        if not self._store.is_same():
            raise LedgerUnavailable(
                "was deleted or replaced while it was open: nothing is recorded or signed",
                where=self._store.where,
                advice="restart this process, once the right ledger is in its place (docs/disaster.md)",
            )

    def _require_schema(self, connection: Connection) -> None:
        """While this process runs, another one of a later version may have brought the schema further."""
        found = connection.execute(_VERSION).scalar()
        if found != HEAD:
            raise LedgerUnavailable(
                f"has the schema {found} since, and this process knows {HEAD}: nothing is recorded or signed",
                where=self._store.where,
                advice="a later version migrated it: upgrade Revocast here, and restart this process",
            )

    def _migrate(self) -> None:
        with self._reading() as connection:
            version = _version(connection)
        if version == HEAD:
            return
        with self._store.signing(), self._writing() as connection:
            version = _version(connection)
            if version != HEAD:
                _upgrade(connection)
        if version != HEAD:
            _LOG.info("%s: its schema is %s now, and was %s", self._store.where, HEAD, version or "none")


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(_VERSION).scalar()
    return str(found) if found else None


def _upgrade(connection: Connection) -> None:
    from alembic import command  # half a second to import, and needed once
    from alembic.config import Config
    from alembic.util.exc import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, HEAD)
    except CommandError as error:
        raise ConfigurationError(
            f"its schema is not one that this version knows: {error}", where="ledger", advice="upgrade Revocast"
        ) from error
