"""A copy of an SQLite ledger, made while signers go on: one state of it, whole, by SQLite's own online backup."""

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from revocation.errors import InputError


@dataclass(frozen=True)
class State:
    """How far a ledger has come.

    Attributes:
        schema: the migration that it has.
        sequence: of the newest bundle.
        revisions: of each issuer, by its id.
    """

    schema: str
    sequence: int
    revisions: dict[str, int]


def copy_to(ledger: Path, copy: Path) -> State:
    """Write a copy to a new file that its owner alone can read; what it holds.

    The ledger is not migrated, and writers are not kept waiting.

    Raises:
        InputError: there is no ledger, or it is damaged.
    """
    if not ledger.is_file():
        raise InputError("is not there", where=f"ledger {ledger}", advice="see `ledger` in [signer]")
    os.close(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    try:
        with closing(_reading(ledger)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
            target.execute("PRAGMA journal_mode=DELETE")
        state = inspect(copy)
    except sqlite3.Error as error:
        raise InputError(f"cannot be copied: {error}", where=f"ledger {ledger}") from error
    _sync(copy)
    return state


def inspect(ledger: Path) -> State:
    """What a file holds that nobody has open; it is read from its first page to its last.

    Raises:
        InputError: it is damaged, or no ledger.
    """
    where = f"ledger {ledger}"
    try:
        with closing(_reading(ledger)) as database:
            for line in database.execute("PRAGMA integrity_check(1)"):
                if line != ("ok",):
                    raise InputError(f"is damaged: {line[0]}", where=where, advice="take another backup")
            (schema,) = database.execute("SELECT version_num FROM alembic_version").fetchone()
            (sequence,) = database.execute("SELECT coalesce(max(sequence), 0) FROM issued").fetchone()
            revisions = dict(database.execute("SELECT id, revision FROM issuers ORDER BY id"))
    except (sqlite3.Error, TypeError) as error:
        raise InputError(f"is no ledger: {error}", where=where, advice="take another backup") from error
    return State(str(schema), int(sequence), revisions)


def _reading(ledger: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{ledger.absolute().as_uri()}?mode=ro", uri=True)


def _sync(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
