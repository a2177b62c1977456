"""A target that is an LMDB store of OCSP responses; its format is `revocation/store.py`. Local disks only.

One process writes, readers in others see each transaction whole and at once. Readers need to write the lock file
and nothing else, so that is the one file their group may write. The map is large and sparse: it never has to grow
under a reader. Readers that opened another lock file are not seen, and their pages would be written over: so nothing is
written once the files were deleted or replaced.
"""

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import lmdb

from publisher.targets.lmdb_change import changes_of, decoded, forms_there, what_is_there
from publisher.targets.lmdb_files import (
    DAMAGED,
    FILES,
    advice_for,
    files_there,
    is_current,
    is_whole,
    make_folder,
    move_aside,
    set_mode,
)
from publisher.targets.lmdb_reading import ENTRIES, STATUS, status_in
from publisher.targets.protocol import Answer, Replaces
from revocation.errors import TargetError
from revocation.store import (
    FILLED,
    ISSUERS_DATABASE,
    NEXT_UPDATE,
    OLD_NAMES,
    RESPONSES_DATABASE,
    STATUS_DATABASE,
    StoredResponse,
    file_size,
    in_octets,
    next_update_in,
)

_DATA_MODE: Final = 0o640
_LOCK_MODE: Final = 0o660
_READERS: Final = 1024
_SWEPT_AT_ONCE: Final = 20_000
_SWEPT: Final = b"swept/"
_NOTED: Final = b"noted/"
_LOG: Final = logging.getLogger("revocast.publisher")


class LMDBTarget:
    """An open store; close it, since a process may have it open once.

    Args:
        map_size: octets of address space.
        lock_mode: the rights of its lock file, which who is to read the store needs to write.

    Raises:
        TargetError: the store cannot be opened.
    """

    def __init__(self, folder: Path, map_size: int, lock_mode: int = _LOCK_MODE) -> None:
        self._folder = folder
        self._damaged = False
        with self._explained():
            make_folder(folder)
            self._env = self._open(map_size)
            self._files = files_there(self._folder)
            self._drop_old_layout()
            self._responses = self._env.open_db(RESPONSES_DATABASE)
            self._issuers = self._env.open_db(ISSUERS_DATABASE)
            self._statuses = self._env.open_db(STATUS_DATABASE)
            self._fill_up()
            set_mode(folder / "data.mdb", _DATA_MODE)
            set_mode(folder / "lock.mdb", lock_mode)
            self._env.reader_check()

    def __enter__(self) -> "LMDBTarget":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._env.close()
        if self._damaged:
            move_aside(self._folder)

    def load_status(self) -> bytes | None:
        """The status, if the store still holds as many responses as when it was saved."""
        with self._explained(), self._env.begin() as txn:
            return status_in(txn, self._statuses, self._responses)

    def save_status(self, status: bytes) -> None:
        """Keep the status, and how many responses there are."""
        with self._explained(), self._writing() as txn:
            txn.put(STATUS, status, db=self._statuses)
            txn.put(ENTRIES, str(txn.stat(self._responses)["entries"]).encode(), db=self._statuses)

    def introduce(self, keys: Iterable[tuple[bytes, bytes]]) -> None:
        """Bring the table of issuers up to date, written only where it is not: responses of others are not found."""
        wanted = dict(keys)
        with self._explained():
            with self._env.begin(db=self._issuers) as txn:
                known = {bytes(key): bytes(issuer) for key, issuer in txn.cursor()}
            if known != wanted:
                with self._writing(self._issuers) as txn:
                    txn.drop(self._issuers, delete=False)
                    for key, issuer in wanted.items():
                        txn.put(key, issuer)

    def put(self, answers: Iterable[Answer], replaces: Replaces) -> int:
        """Store in one transaction what `replaces` admits, and read it back.

        In the order of the keys, so that each page of the store is gone through once.

        Raises:
            TargetError: it could not be written, or not read back as it was written.
        """
        answers = list(answers)
        with self._changing() as txn:
            forms = forms_there(txn, answers)
            changes = changes_of(answers, what_is_there(txn, answers, forms), forms, replaces)
            for key in sorted(key for key, value in changes.items() if value is None):
                txn.delete(key)
            admitted = sorted([change for change in changes.items() if change[1] is not None])
            txn.cursor().putmulti(admitted)
        with self._explained(), self._env.begin(db=self._responses) as txn:
            written = txn.cursor().getmulti([key for key, _ in admitted])
        if written != admitted:
            key, _ = next(iter(set(admitted).difference(written)))
            raise TargetError(
                f"key {key.hex()} does not read back as it was written",
                where=str(self._folder),
                advice="check the disk",
            )
        return len(admitted)

    def withdraw(self, keys: Iterable[bytes], wrong: Callable[[bytes, StoredResponse], bool]) -> int:
        """Delete what is wrong, in one transaction."""
        count = 0
        with self._changing() as txn:
            for key in keys:
                current = decoded(txn.get(key))
                if current is not None and wrong(key, current):
                    count += txn.delete(key)
        return count

    def sweep(self, issuer: bytes, expired_before: int) -> int:
        """Go on from where the last sweep stopped, look at a bounded number of answers, delete the long expired."""
        before = in_octets(expired_before)
        with self._changing() as txn:
            cursor = txn.cursor()
            found = cursor.set_range(bytes(txn.get(_SWEPT + issuer, db=self._statuses) or issuer))
            expired = [
                key
                for key, value in (islice(cursor, _SWEPT_AT_ONCE) if found else ())
                if value[NEXT_UPDATE] < before and key.startswith(issuer) and next_update_in(value) is not None
            ]
            place = cursor.key()  # empty at the end
            for key in expired:
                txn.delete(key)
            txn.put(_SWEPT + issuer, place if place.startswith(issuer) else issuer, db=self._statuses)
        return len(expired)

    def read(self, keys: Iterable[bytes]) -> dict[bytes, StoredResponse]:
        """The answers that lie at some of the keys."""
        with self._explained(), self._env.begin(db=self._responses) as txn:
            found = ((key, decoded(txn.get(key))) for key in keys)
            return {key: stored for key, stored in found if stored is not None}

    def row(self, after: bytes, count: int) -> list[tuple[bytes, int]]:
        """Keys and nextUpdates of the answers that follow on a key, in order, at most `count` of them."""
        with self._explained(), self._env.begin(db=self._responses) as txn:
            cursor = txn.cursor()
            if not cursor.set_range(after + b"\x00"):
                return []
            found = ((bytes(key), decoded(value)) for key, value in islice(cursor, count))
            return [(key, stored.next_update if stored else 0) for key, stored in found]

    def noted(self, name: bytes) -> bytes | None:
        """What was noted under a name."""
        with self._explained(), self._env.begin(db=self._statuses) as txn:
            value = txn.get(_NOTED + name)
        return bytes(value) if value is not None else None

    def note(self, name: bytes, value: bytes) -> None:
        """Keep a word for whoever has the store as its index."""
        with self._explained(), self._writing(self._statuses) as txn:
            txn.put(_NOTED + name, value)

    def set_filled(self, *, is_filled: bool) -> None:
        """Keep the word that everything is there, or take it back; written only where it is another."""
        with self._explained():
            with self._env.begin(db=self._statuses) as txn:
                was_filled = txn.get(FILLED) is not None
            if is_filled != was_filled:
                with self._writing(self._statuses) as txn:
                    txn.put(FILLED, b"1") if is_filled else txn.delete(FILLED)

    @contextmanager
    def _changing(self) -> Iterator[Any]:
        """A transaction on the responses that keeps their count; a count that was wrong before stays wrong."""
        with self._explained(), self._writing(self._responses) as txn:
            before = txn.stat(self._responses)["entries"]
            yield txn
            counted = txn.get(ENTRIES, db=self._statuses)
            if counted is not None and counted.isdigit():
                count = int(counted) + txn.stat(self._responses)["entries"] - before
                txn.put(ENTRIES, str(count).encode(), db=self._statuses)

    @contextmanager
    def _writing(self, database: Any = None) -> Iterator[Any]:
        with self._env.begin(db=database, write=True) as txn:
            yield txn
            self._require_same_files()
        self._require_same_files()
        self._fill_up()

    def _drop_old_layout(self) -> None:
        """Nobody would renew what is in there: who still reads it is to find nothing, not what was true once."""
        for name in OLD_NAMES:
            with suppress(lmdb.NotFoundError):
                database = self._env.open_db(name, create=False)
                with self._env.begin(write=True) as txn:
                    txn.drop(database)

    def _require_same_files(self) -> None:
        if files_there(self._folder) != self._files:
            raise OSError(f"{' or '.join(FILES)} was replaced while the store was open")

    def _fill_up(self) -> None:
        """Make the file as long as its last page says: LMDB does not write a page at its end that is free again.

        So a reader who finds it shorter knows that it was cut, without touching what is gone, which would kill it.
        """
        file, whole = self._folder / "data.mdb", file_size(self._env)
        if file.stat().st_size < whole:
            os.truncate(file, whole)

    def _open(self, map_size: int) -> Any:
        """The environment; what is no store any more is kept aside for a look, and a new one begun by replay."""
        try:
            env = self._environment(map_size)
        except DAMAGED:
            move_aside(self._folder)
            return self._environment(map_size)
        if not is_whole(self._folder, env):
            env.close()
            move_aside(self._folder)
            env = self._environment(map_size)
        if not is_current(env):
            env.close()
            (self._folder / "lock.mdb").unlink()  # responders notice it, and open the new one
            _LOG.error("%s: lock.mdb was not of the last transaction; it is made anew", self._folder)
            env = self._environment(map_size)
        return env

    def _environment(self, map_size: int) -> Any:
        return lmdb.open(
            str(self._folder), map_size=map_size, max_dbs=8, mode=_DATA_MODE, max_readers=_READERS, readahead=False
        )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (lmdb.Error, OSError) as error:
            self._damaged = self._damaged or isinstance(error, DAMAGED)
            raise TargetError(
                f"the store cannot be read or written: {error}",
                where=str(self._folder),
                advice=f"what was published before is still there; {advice_for(error)}, then run `revocast publish`",
            ) from error
