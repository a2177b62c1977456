"""Responses out of LMDB, written by a publisher on the same host and seen here at once. Read only.

The environment is opened at the first look-up, since LMDB forbids to carry one across a fork, and with its lock file,
which this process must be able to write: without it the writer would reuse pages that are being read. LMDB leaves it
out by itself where the file system is mounted read-only for this process alone, so that is looked at here. The map
follows the writer's, and a store that was deleted and filled anew is noticed by its inode. So is a lock file that was:
it tells which transaction was the last, and one that no writer has open any more tells the same for ever. A file that
is shorter than it was, or than it says, was cut: reading on in the map would kill the process. Where no publisher has
made a store, or none lies any more, nothing may be said of any certificate: the store is unavailable. While a publisher
fills one, nothing may be said of what it does not have. One that is filled says of that that it is not known.
"""

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

import lmdb

from responder.lmdbsample import sample
from responder.source import SourceUnavailable, require_current
from revocation.certid import CertID
from revocation.store import (
    BOTH_HASHES,
    FILLED,
    ISSUERS_DATABASE,
    RESPONSES_DATABASE,
    STATUS_DATABASE,
    StoredResponse,
    StoreFormatError,
    issuer_key,
    require_whole,
    response_key,
)

T = TypeVar("T")
_log = logging.getLogger(__name__)
_FILLING = "being filled, and what it does not have yet is answered with tryLater"
_DATABASES = 4  # those of the format, and room for one of a later version
_LOCK_MODE = 0o660  # of a lock file that is made here: the writer has to open it too
_File = tuple[int, int]  # device and inode
_TRANSACTIONS = 48  # bits for LMDB's count of them, below the count of files that were opened


@dataclass(frozen=True)
class _Opened:
    """An open environment with its databases, and which file it is of.

    Attributes:
        lock: which lock file it has open; None where there can be none, on a medium that nobody can write.
        base: what the versions of this file begin with.
    """

    environment: lmdb.Environment
    issuers: Any
    responses: Any
    statuses: Any
    file: _File
    lock: _File | None
    base: int


class LMDBSource:
    """The store in the folder `path`, which need not exist yet."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._data = path / "data.mdb"
        self._name = str(self._data)  # a Path takes longer to be turned into one than to be looked at
        self._lock_name = str(path / "lock.mdb")
        self._files = 0
        self._opened: _Opened | None = None
        self._size = 0
        self._lock = Lock()
        self._readable = True
        self._filled = True

    def find(self, cert_id: CertID, now: datetime) -> StoredResponse | None:
        """See `Source.find`."""
        with self._lock:
            value = self._read(lambda opened: self._look_up(opened, cert_id))
        if value is None:
            return None
        try:
            stored = StoredResponse.decode(value)
        except StoreFormatError as error:
            raise SourceUnavailable(f"{self._path}: {error}") from error
        return require_current(stored, now)

    def version(self) -> int | None:
        """See `Source.version`."""
        with self._lock:
            try:
                return self._version()
            except (lmdb.Error, OSError):
                return None  # `find` will meet it too, and tell

    def sample(self, size: int) -> list[tuple[bytes, int]]:
        """See `Sampled.sample`."""
        with self._lock:
            return self._read(lambda opened: self._sample(opened, size))

    def close(self) -> None:
        """See `Source.close`."""
        with self._lock:
            self._close()

    def _read(self, look: Callable[[_Opened], T]) -> T:
        try:
            found = self._look(look)
        except (lmdb.Error, OSError) as error:
            self._close()
            if self._readable:
                _log.error("the store cannot be read, every answer is tryLater: %s: %s", self._path, error)
            self._readable = False
            raise SourceUnavailable(f"{self._path}: {error}") from error
        if not self._readable:
            _log.warning("the store can be read again: %s", self._path)
        self._readable = True
        return found

    def _look(self, look: Callable[[_Opened], T]) -> T:
        opened = self._current()
        try:
            return look(opened)
        except lmdb.MapResizedError:
            opened.environment.set_mapsize(0)  # take over the size that the writer gave it
            return look(opened)

    def _look_up(self, opened: _Opened, cert_id: CertID) -> bytes | None:
        """The response with the hash that was asked for, else the one that answers both."""
        with opened.environment.begin() as transaction:
            value = _value(transaction, opened, cert_id)
            if value is None:
                self._require_filled(transaction, opened)
            return value

    def _sample(self, opened: _Opened, size: int) -> list[tuple[bytes, int]]:
        with opened.environment.begin() as transaction:
            self._require_filled(transaction, opened)
        return sample(opened.environment, opened.issuers, opened.responses, size)

    def _require_filled(self, transaction: Any, opened: _Opened) -> None:
        """Return if what is not in the store is not known.

        Raises:
            SourceUnavailable: what is not there may only not be there yet.
        """
        was_filled, self._filled = self._filled, transaction.get(FILLED, db=opened.statuses) is not None
        if self._filled != was_filled:
            tell = _log.warning if self._filled else _log.error
            tell("the store %s: %s", "is filled" if self._filled else f"is {_FILLING}", self._path)
        if not self._filled:
            raise SourceUnavailable(f"{self._path}: it is {_FILLING}")

    def _version(self) -> int:
        opened = self._current()
        transaction = opened.environment.begin()
        number: int = transaction.id()
        transaction.abort()
        return opened.base | number

    def _current(self) -> _Opened:
        """The store that lies at the path now.

        Raises:
            OSError: there is none, or none that a publisher has made.
        """
        try:
            data = os.stat(self._name)  # noqa: PTH116 - see _name
        except (FileNotFoundError, NotADirectoryError):
            data = None
        file = (data.st_dev, data.st_ino) if data else None
        size = data.st_size if data else 0
        if self._opened and (self._opened.file != file or size < self._size or self._opened.lock != self._lock_file()):
            self._close()  # deleted or cut since
        self._size = size
        if not file or not size:
            raise OSError(
                f"data.mdb is {'empty' if file else 'not there'}: nothing was published yet, or it was deleted"
            )
        if not self._opened:
            self._opened = self._open(file)
        return self._opened

    def _lock_file(self) -> _File | None:
        try:
            lock = os.stat(self._lock_name)  # noqa: PTH116 - see _name
        except FileNotFoundError:
            return None
        return lock.st_dev, lock.st_ino

    def _writable_lock(self) -> _File | None:
        """The lock file, which is not opened for it: to close it again would give up LMDB's lock.

        Raises:
            OSError: it cannot be written, so LMDB would refuse it, or read without it.
        """
        lock = self._lock_file()
        if lock and not os.access(self._lock_name, os.W_OK):
            raise OSError(
                "lock.mdb cannot be written, and without it a publisher would write over what is being read: give this"
                " user the right to, and where systemd confines it, name a folder above the store in ReadWritePaths"
            )
        return lock

    def _open(self, file: _File) -> _Opened:
        lock = self._writable_lock()  # before it is opened: if it is replaced meanwhile, the next look finds another
        environment = lmdb.open(
            str(self._path), map_size=0, readonly=True, create=False, max_dbs=_DATABASES, mode=_LOCK_MODE
        )
        try:
            require_whole(environment, self._data)
            issuers = environment.open_db(ISSUERS_DATABASE, create=False)
            responses = environment.open_db(RESPONSES_DATABASE, create=False)
            statuses = environment.open_db(STATUS_DATABASE, create=False)
            lock = lock or self._writable_lock()  # made meanwhile, perhaps by a publisher and beyond our reach
        except lmdb.NotFoundError as error:
            environment.close()
            raise OSError("nothing was published yet: the store has no tables") from error
        except BaseException:
            environment.close()
            raise
        self._files += 1
        return _Opened(environment, issuers, responses, statuses, file, lock, self._files << _TRANSACTIONS)

    def _close(self) -> None:
        if self._opened:
            self._opened.environment.close()
            self._opened = None


def _value(transaction: Any, opened: _Opened, cert_id: CertID) -> bytes | None:
    key = issuer_key(cert_id.hash, cert_id.issuer_name_hash, cert_id.issuer_key_hash)
    issuer: bytes | None = transaction.get(key, db=opened.issuers)
    if issuer is None:
        return None
    for octet in (cert_id.hash.octet, BOTH_HASHES):
        value: bytes | None = transaction.get(response_key(issuer, octet, cert_id.serial), db=opened.responses)
        if value is not None:
            return value
    return None
