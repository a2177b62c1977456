"""From the configuration of a target to the target itself; libraries are loaded for the kinds that are configured."""

import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from publisher.config import DirectoryTable, LMDBTable, RedisTable, S3Table, TargetTable
from publisher.targets.directory import DirectoryTarget
from publisher.targets.protocol import ResponseStore, StaticTarget
from revocation.artifacts import Kind
from revocation.certid import CertID
from revocation.config import PublicConfig
from revocation.errors import TargetError
from revocation.ocsppath import get_path, static_path
from revocation.paths import OCSP_PATH

if TYPE_CHECKING:
    from publisher.outdated import Outdated
    from publisher.targets.response_files import ResponseFiles, Stands
    from publisher.targets.static_responses import StaticResponses

_INDEX: Final = "ocsp-index"
_NOTES: Final = "objects"
_INDEX_SIZE: Final = 64 << 30
"""Address space, sparse."""
_INDEX_LOCK: Final = 0o600
"""Rights of its lock file: nobody but the publisher reads an index, so a responder cannot disturb it."""


def kinds_of(table: TargetTable) -> tuple[Kind, ...]:
    """What a target takes."""
    if not isinstance(table, DirectoryTable | S3Table):
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
def open_static(
    table: DirectoryTable | S3Table, public: PublicConfig, state: Path, outdated: "Outdated | None", stands: "Stands"
) -> "Iterator[StaticResponses]":
    """Static files of responses, with the index that says which there should be.

    Args:
        state: the publisher's folder, where lies what is known of a bucket.
        stands: asked of what others put into a bucket; a folder has one publisher.

    Raises:
        TargetError: they cannot be opened.
        ConfigurationError: the client of S3 is not installed or cannot be set up.
    """
    from publisher.targets.lmdb import LMDBTarget
    from publisher.targets.static_responses import StaticResponses

    issuers = [profile.issuer for profile in public.profiles.values()]
    with (
        LMDBTarget(_index(table, state), _INDEX_SIZE, _INDEX_LOCK) as index,
        _open_responses(table, public, state, stands) as files,
    ):
        shared = stands if isinstance(table, S3Table) else None
        yield StaticResponses(index, files, issuers, outdated.add if outdated else None, shared)


@contextmanager
def _open_responses(
    table: DirectoryTable | S3Table, public: PublicConfig, state: Path, stands: "Stands"
) -> "Iterator[ResponseFiles]":
    if isinstance(table, DirectoryTable):
        from publisher.targets.ocsp_files import OCSPFiles

        yield OCSPFiles(static_folder(table))
        return
    from publisher.targets.ocsp_objects import OCSPObjects
    from publisher.targets.s3_kinds import Kinds
    from publisher.targets.s3_notes import Notes
    from revocation.wire.s3 import connect

    bucket, private = connect(table.at(table.url)), connect(table.at(table.private_url))
    with Notes(_index(table, state) / _NOTES) as notes:
        yield OCSPObjects(bucket, private, table.name, Kinds(public).response, notes, stands)


def static_response(table: DirectoryTable | S3Table, cert_id: CertID) -> bytes | None:
    """The response that lies where a GET for a CertID looks for it; None where none does.

    Raises:
        TargetError: a bucket cannot be read.
    """
    if isinstance(table, DirectoryTable):
        path = static_path(cert_id)
        file = table.path / "www" / path if path is not None else None
        return file.read_bytes() if file is not None and file.is_file() else None
    from publisher.targets.s3_reading import read_object

    return read_object(table, get_path(cert_id))


def _index(table: DirectoryTable | S3Table, state: Path) -> Path:
    return table.path / _INDEX if isinstance(table, DirectoryTable) else state / _INDEX / table.name


def remove_static(table: DirectoryTable | S3Table, state: Path) -> bool:
    """Remove static files of responses that are not wanted any more: nobody would renew them. Whether there were any.

    Of a bucket a bounded number at a time; the next look removes others.

    Raises:
        TargetError: they cannot be removed.
    """
    index = _index(table, state)
    if not index.exists():
        return False
    if isinstance(table, S3Table):
        from publisher.targets.s3_reading import remove_some

        if remove_some(table, OCSP_PATH):
            return True
    try:
        if isinstance(table, DirectoryTable) and static_folder(table).exists():
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
