"""The exchange: where the signer puts bundles and publishers find them. A local folder, a stick, a bucket.

Duties of every implementation: `put` is atomic and durable (a name is there whole or not at all, also after a power
cut), names sort in the order of the ledger, and reading never changes anything.
"""

import errno
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from revocation.audithead import HEAD_NAME
from revocation.bundle.manifest import is_bundle_name
from revocation.durable import replace_content, replace_file
from revocation.errors import BundleError, Unreadable
from revocation.wire.head_file import read_head

_MODE: Final = 0o640
_READING: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_NO_BUNDLE: Final = frozenset({errno.ENOENT, errno.ELOOP})


@dataclass(frozen=True)
class Stored:
    """A bundle that lies in the exchange.

    Attributes:
        version: changes whenever the file does; says nothing else.
    """

    name: str
    size: int
    version: str = ""


class Exchange(Protocol):
    """What is done with an exchange; its text is where it is.

    A folder raises OSError, a bucket ExchangeError, where it cannot be used.
    """

    def put(self, name: str, write: Callable[[BinaryIO], None]) -> int:
        """Store what `write` writes under `name`, replacing nothing half-way; returns its size."""

    def list(self) -> list[Stored]:
        """All bundles, sorted by name."""

    def open(self, name: str) -> BinaryIO:
        """A seekable reader. Raises BundleError when there is no such bundle, Unreadable when it may be read later."""

    def remove(self, name: str) -> None:
        """Take a bundle out; one that is gone already is no error."""

    def is_there(self) -> bool:
        """Whether there is a place at all: a folder that nobody made yet is none.

        One in which nothing is mounted is there.
        """

    def put_head(self, head: bytes) -> None:
        """Put the signed head of the audit log beside the bundles, in the place of the one before."""

    def head(self) -> bytes | None:
        """What lies there as the head of the audit log; None where nothing does.

        Raises:
            InputError: it is no file, or too large for a head.
        """


class FolderExchange:
    """An exchange that is a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __str__(self) -> str:
        return str(self.folder)

    def put(self, name: str, write: Callable[[BinaryIO], None]) -> int:
        """Write it durably under another name, then rename."""
        if not is_bundle_name(name):
            raise ValueError(f"{name!r} is not a bundle's name")
        return replace_file(self.folder / name, write, _MODE)

    def list(self) -> list[Stored]:
        """Every regular file with a bundle's name; links, folders and half-written files are none."""
        if not self.folder.is_dir():
            return []
        with os.scandir(self.folder) as entries:
            found = [_stored(entry) for entry in entries if is_bundle_name(entry.name)]
        return sorted((stored for stored in found if stored), key=lambda stored: stored.name)

    def open(self, name: str) -> BinaryIO:
        """Open for reading, never through a link, and never what would have a reader wait: a pipe, a device."""
        if not is_bundle_name(name):
            raise BundleError("is not a bundle's name", where=repr(name))
        try:
            descriptor = os.open(self.folder / name, _READING)
        except OSError as error:
            kind = BundleError if error.errno in _NO_BUNDLE else Unreadable
            raise kind(f"cannot be opened: {error.strerror}", where=f"bundle {name}") from error
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise BundleError("is no regular file", where=f"bundle {name}")
        return os.fdopen(descriptor, "rb")

    def remove(self, name: str) -> None:
        """Unlink it."""
        if is_bundle_name(name):
            (self.folder / name).unlink(missing_ok=True)

    def is_there(self) -> bool:
        """Whether it is a folder, be it by a link."""
        return self.folder.is_dir()

    def put_head(self, head: bytes) -> None:
        """Write it durably under another name, then rename."""
        replace_content(self.folder / HEAD_NAME, head, _MODE)

    def head(self) -> bytes | None:
        """Read it."""
        return read_head(self.folder)


def _stored(entry: os.DirEntry[str]) -> Stored | None:
    """What a directory entry is, unless it is no regular file or was taken out meanwhile."""
    try:
        if not entry.is_file(follow_symlinks=False):
            return None
        status = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    return Stored(entry.name, status.st_size, f"{status.st_size}-{status.st_mtime_ns}-{status.st_ctime_ns}")
