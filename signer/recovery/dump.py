"""Backups of a ledger in PostgreSQL, by the server's own programs: pg_dump and pg_restore.

The state that a manifest tells is read just before the dump: the dump may hold a little more, and never less.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, func, inspect, select, text
from sqlalchemy.exc import DatabaseError

from revocation.errors import ConfigurationError, InputError, Refused
from signer.ledger.copying import State
from signer.ledger.postgresql import PostgreSQLStore
from signer.ledger.schema import issued, issuers

_FORM: Final = ("--no-owner", "--no-privileges")
_ADVICE: Final = "Debian's postgresql-client brings it; it is to be of the server's version or a later one"


def dump_to(address: str, copy: Path) -> State:
    """Write a dump to a new file that its owner alone can read; what it holds at least. The ledger is not migrated.

    Raises:
        ConfigurationError: the database cannot be opened, or is no ledger.
        InputError: pg_dump is not there, or failed.
    """
    with _reading(address) as connection:
        state = _state(connection)
    os.close(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    _run("pg_dump", *_FORM, "--format=custom", f"--file={copy}", f"--dbname={address}")
    return state


def restore_from(copy: Path, address: str) -> None:
    """Fill an empty database with a dump, all or nothing.

    Raises:
        ConfigurationError: the database cannot be opened.
        Refused: it is not empty.
        InputError: pg_restore is not there, or failed.
    """
    with _reading(address) as connection:
        tables = inspect(connection).get_table_names()
    if tables:
        raise Refused(
            f"is not empty: it has the table {tables[0]}, and nothing is put over it",
            where=f"ledger {address.partition('?')[0]}",
            advice="make another database for it, and name that in [signer]",
        )
    _run("pg_restore", *_FORM, "--single-transaction", "--exit-on-error", f"--dbname={address}", str(copy))


@contextmanager
def _reading(address: str) -> Iterator[Connection]:
    store = PostgreSQLStore(address)
    engine = store.engine()
    try:
        with engine.connect() as connection, connection.begin():
            yield connection
    except DatabaseError as error:
        raise ConfigurationError(f"cannot be read: {error.orig}", where=store.where, advice=store.unopened) from error
    finally:
        engine.dispose()


def _state(connection: Connection) -> State:
    schema = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    sequence = connection.execute(select(func.max(issued.c.sequence))).scalar()
    rows = connection.execute(select(issuers.c.id, issuers.c.revision))
    return State(str(schema), int(sequence or 0), {row.id: row.revision for row in rows})


def _run(program: str, *arguments: str) -> None:
    try:
        subprocess.run([program, *arguments], check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise InputError("is not installed", where=program, advice=_ADVICE) from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.strip().splitlines()[:1] or [f"it ended with {error.returncode}"]
        raise InputError(f"failed: {said[0]}", where=program, advice=_ADVICE) from error
