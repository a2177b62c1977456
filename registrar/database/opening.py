"""The engines of both kinds of database. What is acknowledged survives a power cut, unless it says that it need not."""

from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from revocation.durable import make_folder
from revocation.errors import ConfigurationError

WRITES: Final = "revocast_writes"
"""The execution option of a connection whose transaction writes."""

HURRIED: Final = "revocast_hurried"
"""The same of one that does not wait for the disk: a power cut may take it back, as a whole, and breaks nothing."""

PATIENCE: Final = "revocast_patience"
"""The same of SQLite: for how many seconds its transaction waits for those of other processes."""

BUSY_SECONDS: Final = 30
"""How long a writing transaction waits for another one."""

REQUEST_SECONDS: Final = 5
"""The same where somebody waits for an answer, with one of the threads."""

_CONNECTIONS: Final = 32
_WATCHED: Final = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 30_000,
}
"""A server that vanished is noticed within half a minute (libpq's names)."""


def sqlite(path: Path) -> Engine:
    """A file for its owner alone, in WAL mode: who reads waits for nobody. Raises OSError."""
    make_folder(path.parent, mode=0o700)
    path.touch(mode=0o600)
    engine = create_engine(
        URL.create("sqlite", database=str(path)), connect_args={"timeout": BUSY_SECONDS}, pool_size=_CONNECTIONS
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def postgresql(address: str, where: str) -> Engine:
    """Connections to a server; one that broke meanwhile is replaced.

    Raises:
        ConfigurationError: the address is none, or the client of PostgreSQL is not installed.
    """
    try:
        url = make_url(address).set(drivername="postgresql+psycopg")
        options = {name: value for name, value in _WATCHED.items() if name not in url.query}
        engine = create_engine(url, connect_args=options, pool_pre_ping=True, pool_size=_CONNECTIONS)
    except (ArgumentError, ValueError) as error:  # the latter of a port that is no number
        advice = "write postgresql://USER@HOST/DATABASE"
        raise ConfigurationError("is no address of a database", where=where, advice=advice) from error
    except ModuleNotFoundError as error:
        advice = "pip install 'revocast[postgresql]'"
        raise ConfigurationError(
            "PostgreSQL needs a package that is not installed", where=where, advice=advice
        ) from error
    event.listen(engine, "connect", _prepare_postgresql)
    event.listen(engine, "begin", _begin_postgresql)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun by _begin_sqlite, with the lock that they need
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    """Who writes takes the write lock at once, so what it reads is still true when it writes."""
    options = connection.get_execution_options()
    connection.exec_driver_sql(f"PRAGMA busy_timeout={int(1000 * options[PATIENCE])}")
    if not options.get(WRITES):
        connection.exec_driver_sql("BEGIN")
        return
    connection.exec_driver_sql(f"PRAGMA synchronous={'NORMAL' if options.get(HURRIED) else 'FULL'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_postgresql(connection: Connection) -> None:
    if connection.get_execution_options().get(HURRIED):
        connection.exec_driver_sql("SET LOCAL synchronous_commit TO off")


def _prepare_postgresql(connection: Any, _record: object) -> None:
    connection.execute(f"SET lock_timeout = '{BUSY_SECONDS}s'")
    connection.execute(
        "SELECT set_config('synchronous_commit', 'on', false) "
        "WHERE current_setting('synchronous_commit') IN ('off', 'local')"
    )
    connection.commit()
