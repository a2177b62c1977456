"""PostgreSQL, for signers on several machines: its advisory locks do what SQLite's lock files do.

A writing transaction waits for the lock first and takes its snapshots after that, so what it reads is still true when
it writes; a reading one sees one state (REPEATABLE READ). Whoever else writes there must go through the ledger too.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import NullPool

from revocation.errors import ConfigurationError
from signer.ledger.store import BUSY_SECONDS, WRITES

_WRITING: Final = "1919252079, 1"
_SIGNING: Final = "1919252079, 2"
"""Advisory locks are two numbers; the first is `revo` in ASCII, so that other programs are unlikely to use it."""

_REACHED: Final = {"connect_timeout": 10}
_WATCHED: Final = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 4, "tcp_user_timeout": 30_000}
"""A server that vanished is noticed within half a minute (libpq's names, for our end of a TCP connection)."""

_WATCHING: Final = "; ".join(
    f"SET {name} = {value}"
    for name, value in {
        "tcp_keepalives_idle": 10,
        "tcp_keepalives_interval": 5,
        "tcp_keepalives_count": 4,
        "tcp_user_timeout": 30_000,
    }.items()
)
"""And so is a signer, by the server, where it would keep the locks of one whose machine is gone for two hours."""

_DURABLE: Final = """
SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local')
"""


class PostgreSQLStore:
    """One database of a PostgreSQL server; the password, if it needs one, is libpq's to find."""

    unopened = "see `ledger` in [signer]: does the server run, and may this user connect and make tables there?"
    unread = "does the server run, and can it be reached? It is tried again at the next look"
    unwritten = "does the server run? Ask again with the same id: what was recorded is not done twice"

    def __init__(self, address: str) -> None:
        self._address = address
        self.where = f"ledger {urlsplit(address)._replace(query='').geturl()}"
        self._url = _url(address, self.where)

    def engine(self) -> Engine:
        """Connections to the server; one that broke meanwhile is replaced."""
        engine = self._engine(pool_pre_ping=True)
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
        return engine

    def make(self) -> None:
        """The database is its administrator's to make."""

    @contextmanager
    def signing(self) -> Iterator[None]:
        """A lock of a session of its own: it ends with the connection."""
        engine = self._engine(poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"SELECT pg_advisory_lock({_SIGNING})"))
            yield

    def is_same(self) -> bool:
        """A server that was replaced has ended all connections, and who connects anew looks at what it has."""
        return True

    def close(self) -> None:
        """Nothing is held."""

    def _engine(self, **options: Any) -> Engine:
        try:
            engine = create_engine(self._url, connect_args=self._own_or(_REACHED | _WATCHED), **options)
        except ModuleNotFoundError as error:
            raise ConfigurationError(
                "PostgreSQL needs a package that is not installed",
                where=self.where,
                advice="pip install 'revocast[postgresql]'",
            ) from error
        event.listen(engine, "connect", _watch)
        return engine

    def _own_or(self, defaults: dict[str, int]) -> dict[str, int]:
        """Without what the address says itself."""
        return {name: value for name, value in defaults.items() if name not in self._url.query}


def _url(address: str, where: str) -> Any:
    try:
        return make_url(address).set(drivername="postgresql+psycopg")
    except (ArgumentError, ValueError) as error:  # the latter of a port that is no number
        raise ConfigurationError(
            "is no address of a database", where=where, advice="write postgresql://USER@HOST/DATABASE"
        ) from error


def _watch(connection: Any, _record: object) -> None:
    """Without effect on a unix socket, whose ends see each other die."""
    connection.execute(_WATCHING)
    connection.commit()


def _prepare(connection: Any, _record: object) -> None:
    """What is acknowledged survives a power cut of the server, whatever its default is."""
    from signer.ledger.binary_cursor import BinaryServerCursor  # psycopg is there now, and elsewhere not needed

    connection.server_cursor_factory = BinaryServerCursor
    connection.execute(_DURABLE)
    connection.execute(f"SET lock_timeout = '{BUSY_SECONDS}s'")
    connection.commit()


def _begin(connection: Connection) -> None:
    if connection.get_execution_options().get(WRITES):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITING})")
    else:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
