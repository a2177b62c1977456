"""From the configuration of a target to the target itself; libraries are loaded for the kinds that are configured."""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from publisher.config import DirectoryTable, LMDBTable, RedisTable, S3Table, TargetTable
from publisher.targets.directory import DirectoryTarget
from publisher.targets.protocol import ResponseStore, StaticTarget
from revocation.artifacts import Kind
from revocation.config import PublicConfig
from revocation.errors import TargetError
from revocation.issuer import Issuer
from revocation.paths import OCSP_PATH

if TYPE_CHECKING:
    from publisher.targets.static_responses import StaticResponses

_INDEX: Final = "ocsp-index"
_INDEX_SIZE: Final = 64 << 30
"""Address space, sparse."""
_INDEX_LOCK: Final = 0o600
"""Rights of its lock file: nobody but the publisher reads an index, so a responder cannot disturb it."""


def kinds_of(table: TargetTable) -> tuple[Kind, ...]:
    """What a target takes."""
    if isinstance(table, S3Table):
        return (Kind.CRL, Kind.ISSUER)
    if not isinstance(table, DirectoryTable):
        return (Kind.OCSP,)
    return (Kind.CRL, Kind.ISSUER, Kind.OCSP) if table.ocsp else (Kind.CRL, Kind.ISSUER)


def static_folder(table: DirectoryTable) -> Path:
    """Where responses lie as static files."""
    return table.path / "www" / OCSP_PATH


def open_files(table: DirectoryTable | S3Table, public: PublicConfig) -> StaticTarget:
    """The target of CRLs and issuer certificates, for one look.

    Raises:
        ConfigurationError: it is a bucket, and the client of S3 is not installed or cannot be set up.
    """
    if isinstance(table, DirectoryTable):
        return DirectoryTarget(table.path)
    from publisher.targets.s3 import S3Target
    from publisher.targets.s3_kinds import Kinds

    return S3Target(table, Kinds(public))


def open_store(table: LMDBTable | RedisTable) -> AbstractContextManager[ResponseStore]:
    """The store of responses; close it.

    Raises:
        TargetError: it cannot be opened.
    """
    if isinstance(table, RedisTable):
        from publisher.targets.redis import RedisTarget

        return RedisTarget(table)
    from publisher.targets.lmdb import LMDBTarget

    return LMDBTarget(table.path, table.map_size_gib << 30)


@contextmanager
def open_static(table: DirectoryTable, issuers: Iterable[Issuer]) -> "Iterator[StaticResponses]":
    """Static files of responses, with the index that says which there should be.

    Raises:
        TargetError: they cannot be opened.
    """
    from publisher.targets.lmdb import LMDBTarget
    from publisher.targets.ocsp_files import OCSPFiles
    from publisher.targets.static_responses import StaticResponses

    with LMDBTarget(table.path / _INDEX, _INDEX_SIZE, _INDEX_LOCK) as index:
        yield StaticResponses(index, OCSPFiles(static_folder(table)), issuers)


def remove_static(table: DirectoryTable) -> bool:
    """Remove static files of responses that are not wanted any more: nobody would renew them. Whether there were any.

    Raises:
        TargetError: they cannot be removed.
    """
    index = table.path / _INDEX
    if not index.exists():
        return False
    try:
        if static_folder(table).exists():
            shutil.rmtree(static_folder(table))
        shutil.rmtree(index)  # last: it says that there is something to remove
    except OSError as error:
        raise TargetError(
            f"cannot be removed: {error.strerror}", where=str(error.filename or index), advice="remove it by hand"
        ) from error
    return True


def saved_status(table: LMDBTable | RedisTable) -> bytes | None:
    """The status that lies in a store, read without opening it for writing; None when there is none.

    Raises:
        TargetError: it cannot be read.
    """
    if isinstance(table, RedisTable):
        from publisher.targets import redis_reading

        return redis_reading.read_status(table)
    from publisher.targets.lmdb_reading import read_status

    return read_status(table.path)
