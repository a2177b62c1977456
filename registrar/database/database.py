"""The database: opening, migrating, and the two kinds of transaction."""

import logging
import os
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DatabaseError, OperationalError

from registrar.database import opening
from registrar.database.in_use import hold
from registrar.database.opening import BUSY_SECONDS, HURRIED, PATIENCE, WRITES
from registrar.database.turn import ADVICE, DatabaseUnavailable, Turn
from registrar.database.writable import Writable, write_the_same
from revocation.durable import make_folder
from revocation.errors import ConfigurationError

_LOG: Final = logging.getLogger("revocast.registrar")
HEAD: Final = "0006"
"""The newest migration."""

_VERSION: Final = text("SELECT version_num FROM alembic_version")
_MIGRATING: Final = text("SELECT pg_advisory_xact_lock(1919252079, 3)")  # `revo` in ASCII; 1 and 2 are a ledger's

_READ_ONLY: Final = "25006"  # of PostgreSQL, as of a standby


class Database:
    """An opened database, its schema up to date.

    Args:
        place: the file of an SQLite database, or the address of a PostgreSQL one.
        patience: seconds for which a transaction of SQLite waits for others to end; those of PostgreSQL wait for half a
            minute.

    Attributes:
        commits: how many writing transactions there were.

    Raises:
        ConfigurationError: it cannot be opened, or was made by a later version.
    """

    def __init__(self, place: Path | str, patience: float = BUSY_SECONDS) -> None:
        self.where = f"database {_shown(place)}"
        self.commits = 0
        self._patience: float = BUSY_SECONDS  # to migrate, which another process may be at
        self._writable = Writable()
        self._let_go: Callable[[], object] = list
        try:
            if isinstance(place, Path):
                make_folder(place.parent, mode=0o700)
                self._let_go = weakref.finalize(self, os.close, hold(place))
            self._engine = opening.sqlite(place) if isinstance(place, Path) else opening.postgresql(place, self.where)
            weakref.finalize(self, self._engine.dispose)
            self._turn = Turn(self.where) if isinstance(place, Path) else None
            self._migrate()
            self._file = place if isinstance(place, Path) else None
            self._identity = _identity(place) if isinstance(place, Path) else None
            self._patience = patience
        except (OSError, DatabaseError) as error:
            reason = error.strerror if isinstance(error, OSError) else error.orig
            raise ConfigurationError(f"cannot be opened: {reason}", where=self.where, advice=ADVICE) from error

    def close(self) -> None:
        """Let go of it."""
        self._engine.dispose()
        self._let_go()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that changes nothing.

        Raises:
            DatabaseUnavailable: it cannot be reached.
        """
        options = {PATIENCE: self._patience}
        with (
            self._reached("read"),
            self._engine.connect().execution_options(**options) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[Connection]:
        """A transaction that is all or nothing, durable when it ends.

        Args:
            durable: whether it waits for the disk; else it may be lost with the power, until a durable one follows. For
                what its client can do once more, such as an order that is not finalized.

        Raises:
            DatabaseUnavailable: it cannot be reached, or held for too long, or its disk is full: nothing is changed.
        """
        options = {WRITES: True, HURRIED: not durable}
        with (
            self._reached("written"),
            self._turn.taken(self._patience) if self._turn else nullcontext(self._patience) as left,
            self._engine.connect().execution_options(**options, **{PATIENCE: left}) as connection,
            connection.begin(),
        ):
            yield connection
        self.commits += 1

    def require_writable(self, now: datetime) -> None:
        """Return if it took what was written when that was last tried, some seconds ago at most.

        Raises:
            DatabaseUnavailable: it did not.
        """
        self._writable.require(self._write_the_same, now)

    def _write_the_same(self) -> None:
        if self._file and _identity(self._file) != self._identity:
            what = "its file is gone, or another one: what is written now nobody will read"
            raise DatabaseUnavailable(what, where=self.where, advice="put it back where it was, and start anew")
        with self.write(durable=False) as connection:
            write_the_same(connection)

    @contextmanager
    def _reached(self, done: str) -> Iterator[None]:
        try:
            yield
        except DatabaseError as error:
            if not isinstance(error, OperationalError) and getattr(error.orig, "sqlstate", "") != _READ_ONLY:
                raise
            raise DatabaseUnavailable(f"could not be {done}: {error.orig}", where=self.where, advice=ADVICE) from error

    def _migrate(self) -> None:
        with self.read() as connection:
            if _version(connection) == HEAD:
                return
        from alembic import command
        from alembic.config import Config

        with self.write() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(_MIGRATING)
            version = _version(connection)
            if version is not None and version > HEAD:
                raise ConfigurationError(
                    f"its schema is {version}, of a later version of Revocast: this one knows {HEAD}",
                    where=self.where,
                    advice="run the version that made it, or a later one",
                )
            config = Config()
            config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
        if version != HEAD:
            _LOG.info("%s: its schema is %s now, and was %s", self.where, HEAD, version or "none")


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.execute(_VERSION).scalar_one_or_none()
    return version


def _shown(place: Path | str) -> str:
    return str(place) if isinstance(place, Path) else urlsplit(place)._replace(query="").geturl()
