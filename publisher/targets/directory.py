"""A target that is a folder: `www/` is what a web server may serve, `status.json` lies beside it and never inside."""

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, Final

from publisher.targets.protocol import StaticObject
from revocation.clock import epoch
from revocation.durable import make_folder, replace_file
from revocation.errors import TargetError
from revocation.paths import is_own_file

_PUBLIC_MODE: Final = 0o644
_PUBLIC_FOLDER_MODE: Final = 0o755
_PRIVATE_MODE: Final = 0o640
_PIECE: Final = 1 << 20
_LARGEST: Final = 1 << 30
_NOT_OURS: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO, errno.EISDIR})


class DirectoryTarget:
    """CRLs and issuer certificates as files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._www = folder / "www"
        self._status = folder / "status.json"

    def load_status(self) -> bytes | None:
        """The bytes of `status.json`."""
        return _read(self._status)

    def save_status(self, status: bytes) -> None:
        """Replace `status.json`."""
        _replace(self._status, status, _PRIVATE_MODE)

    def digest(self, path: str) -> str | None:
        """SHA-256 of a file below `www/`, read whole: a changed file is noticed whatever its size and times say."""
        with _opened(self._www / path) as source:
            return hashlib.file_digest(source, "sha256").hexdigest() if source else None

    def get(self, path: str) -> bytes | None:
        """A file below `www/`."""
        return _read(self._www / path)

    def put(self, thing: StaticObject) -> None:
        """Replace a file below `www/`, its mtime being when it was issued, and read it back.

        Raises:
            TargetError: it could not be written, or not read back as it was written; the old file is still there.
        """
        file = self._www / thing.path
        with _explained(file.parent, "cannot be made"):
            make_folder(file.parent, _PUBLIC_FOLDER_MODE)
        _replace(file, thing.data, _PUBLIC_MODE, mtime=epoch(thing.modified))
        if self.digest(thing.path) != hashlib.sha256(thing.data).hexdigest():
            raise TargetError("does not read back as it was written", where=str(file), advice="check the disk")

    def paths(self) -> list[str]:
        """The files below `www/` whose names are of our own form; those of others are let be."""
        with _explained(self._www, "cannot be read"):
            found = [file for pattern in ("crl/*/*", "issuer/*") for file in self._www.glob(pattern)]
        return sorted(path for file in found if is_own_file(path := file.relative_to(self._www).as_posix()))

    def remove(self, path: str) -> None:
        """Unlink a file below `www/`."""
        file = self._www / path
        with _explained(file, "cannot be removed"):
            file.unlink(missing_ok=True)


def _read(file: Path) -> bytes | None:
    with _opened(file) as source:
        return source.read() if source else None


@contextmanager
def _opened(file: Path) -> Iterator[BufferedReader | None]:
    """A regular file; None where there is none, or what no publisher put: a link, a pipe, a thing too large."""
    with _explained(file, "cannot be read"), ExitStack() as stack:
        try:
            source = os.fdopen(os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
        except OSError as error:
            if error.errno not in _NOT_OURS:
                raise
            yield None
            return
        stack.enter_context(source)
        status = os.fstat(source.fileno())
        yield source if stat.S_ISREG(status.st_mode) and status.st_size <= _LARGEST else None


def _replace(file: Path, data: bytes, mode: int, mtime: int | None = None) -> None:
    with _explained(file, "cannot be written"):
        replace_file(file, lambda out: _write(out, data), mode, mtime)


def _write(out: BinaryIO, data: bytes) -> None:
    for start in range(0, len(data), _PIECE):
        out.write(memoryview(data)[start : start + _PIECE])


@contextmanager
def _explained(file: Path, what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise TargetError(
            f"{what}: {error.strerror or error}",
            where=str(file),
            advice="what was published before is still there; see to room and rights, then run `revocast publish`",
        ) from error
