"""What a publisher knows of the objects that it put into a bucket: so none is read, or listed, to find out.

A store on the publisher's own disk, sorted as S3 sorts keys. It may be lost: then the objects are found again and read.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple

import lmdb

from publisher.targets.lmdb_files import DAMAGED, is_whole, move_aside
from revocation.errors import TargetError

_SIZE: Final = 64 << 30
"""Address space, sparse."""
DIGEST_OCTETS: Final = 16


class Note(NamedTuple):
    """An object.

    Attributes:
        etag: its entity tag.
        digest: of what was put, with its headers; empty where this publisher did not put it.
    """

    etag: str
    digest: bytes


class Notes:
    """An open store of notes by path; close it.

    Raises:
        TargetError: it cannot be opened.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with self._explained():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._env = self._open()
            self._objects = self._env.open_db(b"objects")
            self._words = self._env.open_db(b"words")

    def __enter__(self) -> "Notes":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._env.close()

    def read(self, paths: Iterable[str]) -> dict[str, Note]:
        """What is known of some of these."""
        with self._explained(), self._env.begin(db=self._objects) as txn:
            found = {path: txn.get(path.encode()) for path in paths}
        return {path: _decoded(value) for path, value in found.items() if value is not None}

    def between(self, after: str, last: str | None) -> dict[str, Note]:
        """The notes of all paths that follow on one, up to another or, where that is None, to the end."""
        found = {}
        with self._explained(), self._env.begin(db=self._objects) as txn:
            cursor = txn.cursor()
            if cursor.set_range(after.encode() + b"\x00"):
                for key, value in cursor:
                    path = key.decode()
                    if last is not None and path > last:
                        break
                    found[path] = _decoded(value)
        return found

    def strange(self) -> list[str]:
        """The paths of objects that this publisher did not put."""
        with self._explained(), self._env.begin(db=self._objects) as txn:
            return [key.decode() for key, value in txn.cursor() if not _decoded(value).digest]

    def write(self, notes: Mapping[str, Note | None]) -> None:
        """Keep these, and forget those that are None."""
        if not notes:
            return
        with self._explained(), self._env.begin(db=self._objects, write=True) as txn:
            for path, note in sorted(notes.items()):
                if note is None:
                    txn.delete(path.encode())
                else:
                    txn.put(path.encode(), note.digest.ljust(DIGEST_OCTETS, b"\x00") + note.etag.encode())

    def word(self, name: str) -> str:
        """What was kept under a name; empty where nothing was."""
        with self._explained(), self._env.begin(db=self._words) as txn:
            return bytes(txn.get(name.encode(), b"")).decode()

    def keep(self, name: str, word: str) -> None:
        """Keep a word; written only where it is another."""
        if word != self.word(name):
            with self._explained(), self._env.begin(db=self._words, write=True) as txn:
                txn.put(name.encode(), word.encode())

    def _open(self) -> Any:
        try:
            env = self._environment()
            if is_whole(self._folder, env):
                return env
            env.close()
        except DAMAGED:
            pass
        move_aside(self._folder)
        return self._environment()

    def _environment(self) -> Any:
        return lmdb.open(str(self._folder), map_size=_SIZE, max_dbs=2, mode=0o600, readahead=False)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (lmdb.Error, OSError) as error:
            raise TargetError(
                f"what is known of the bucket cannot be read or written: {error}",
                where=str(self._folder),
                advice="see to room and rights; where it is damaged delete it: it is found out again",
            ) from error


def _decoded(value: bytes) -> Note:
    digest = bytes(value[:DIGEST_OCTETS])
    return Note(bytes(value[DIGEST_OCTETS:]).decode(), b"" if digest == bytes(DIGEST_OCTETS) else digest)
