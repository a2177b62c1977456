"""A copy of an SQLite database of the registrar, made while it serves, and put back where one is gone."""

import os
import shutil
import sqlite3
import stat
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from registrar.database.database import HEAD
from registrar.database.in_use import alone_with
from revocation.durable import sync_folder
from revocation.errors import InputError, Refused


@dataclass(frozen=True)
class State:
    """What a copy holds.

    Attributes:
        schema: the migration that it has.
        accounts, certificates: how many there are.
    """

    schema: str
    accounts: int
    certificates: int


def copy_to(database: Path, copy: Path) -> State:
    """Write one state of it to a new file that its owner alone can read, by SQLite's online backup; nobody waits.

    Raises:
        InputError: there is no database, or it is damaged.
        FileExistsError: the copy is there already.
    """
    if not database.is_file():
        raise InputError("is not there", where=f"database {database}", advice="see `database` in [registrar]")
    with tempfile.TemporaryDirectory(dir=copy.parent, prefix=".copying-") as folder:
        part = Path(folder) / copy.name
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        try:
            with closing(_reading(database)) as source, closing(sqlite3.connect(part)) as target:
                source.backup(target)
                target.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.Error as error:
            raise InputError(f"cannot be copied: {error}", where=f"database {database}") from error
        state = inspect(part)
        _sync(part)
        copy.hardlink_to(part)  # unlike a rename it replaces nothing
    sync_folder(copy.parent)
    return state


def inspect(copy: Path) -> State:
    """What a file holds that nobody has open, read from its first page to its last.

    Raises:
        InputError: it is damaged, no database of a registrar, or of a later version.
    """
    where, advice = f"copy {copy}", "take another backup"
    try:
        with closing(_reading(copy)) as database:
            (found,) = database.execute("PRAGMA integrity_check(1)").fetchone()
            if found != "ok":
                raise InputError(f"is damaged: {found}", where=where, advice=advice)
            (schema,) = database.execute("SELECT version_num FROM alembic_version").fetchone()
            (accounts,) = database.execute("SELECT count(*) FROM accounts").fetchone()
            (certificates,) = database.execute("SELECT count(*) FROM certificates").fetchone()
    except (sqlite3.Error, TypeError) as error:
        raise InputError(f"is no database of a registrar: {error}", where=where, advice=advice) from error
    if str(schema) > HEAD:
        newer = f"has the schema {schema}, of a later version of Revocast: this one knows {HEAD}"
        raise InputError(newer, where=where, advice="restore it with that version or a later one")
    return State(str(schema), accounts, certificates)


def put_back(copy: Path, database: Path) -> State:
    """Put a copy where no database is, whole or not at all; it is migrated when it is opened.

    An empty file is none: it says what rights the database is to have, where two services share it.

    Raises:
        Refused: there is one already, or a process has one open that was there.
        InputError: the copy cannot be used.
        OSError: it cannot be written.
    """
    with alone_with(database):
        require_none(database)
        state = inspect(copy)
        _put(copy, database)
    return state


def _put(copy: Path, database: Path) -> None:
    with tempfile.TemporaryDirectory(dir=database.parent, prefix=".restoring-") as folder:
        beside = Path(folder) / database.name
        shutil.copyfile(copy, beside)
        beside.chmod(0o600)
        _sync(beside)
        if database.exists():
            rights = database.stat()
            os.chown(beside, -1, rights.st_gid)
            beside.chmod(stat.S_IMODE(rights.st_mode))
            beside.replace(database)
        else:
            database.hardlink_to(beside)  # unlike a rename it replaces nothing
    sync_folder(database.parent)


def require_none(database: Path) -> None:
    """Return if there is no database at that path, or an empty file.

    Raises:
        Refused: there is one.
    """
    for file in (database, *(database.with_name(database.name + suffix) for suffix in ("-wal", "-journal"))):
        if file.exists() and file.stat().st_size:
            raise Refused(
                "is there already, and nothing is put over it",
                where=str(file),
                advice=f"where it is damaged, or a registrar made an empty one: stop registrar and worker, then "
                f"`mkdir {database.parent}/before && mv {database}* {database.parent}/before/`",
            )


def _reading(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)


def _sync(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
