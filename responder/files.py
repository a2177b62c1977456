"""CRLs and issuer certificates out of the folder that a directory target fills, for the embedded mode.

Only names of the shape that `revocation.paths` gives are looked for, and no link is followed on the way to them. What
is read is what was opened: a publisher replaces files by renaming, so one that is being sent never changes.
"""

import errno
import hashlib
import os
import re
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Final

from revocation.artifacts import Kind
from revocation.paths import MEDIA_TYPES

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,100}")
_SUFFIXES: Final = {Kind.CRL: (".crl", ".pem", ".json"), Kind.ISSUER: (".cer", ".p7c")}
_DEEPEST: Final = 4
_MOST_DIGESTS: Final = 4096
_NOT_THERE: Final = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO}
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True)
class StaticFile:
    """A file to be served.

    Attributes:
        content: open for reading; whoever asked for it closes it.
        size: octets.
        modified: epoch seconds: the thisUpdate of a CRL.
        sha256: of the content, hexadecimal.
    """

    content: BufferedReader
    media_type: str
    size: int
    modified: int
    sha256: str


class StaticFiles:
    """The files below `root`, with the digests of those that were asked for before."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._digests: dict[tuple[str, int, int, int, int], str] = {}

    def open(self, kind: Kind, path: str) -> StaticFile | None:
        """The file that a URL names by `path` below the folder of its kind, or None where there is none to be served.

        Raises:
            OSError: there is one, and it cannot be read.
        """
        *folders, name = path.split("/")
        if len(folders) > _DEEPEST or not all(_NAME.fullmatch(part) for part in (*folders, name)):
            return None
        suffix = Path(name).suffix
        if suffix not in _SUFFIXES[kind]:
            return None
        content = _open(self._root, [kind.value, *folders], name)
        if content is None:
            return None
        with ExitStack() as undo:
            undo.callback(content.close)
            status = os.fstat(content.fileno())
            key = (f"{kind}/{path}", status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
            sha256 = self._digest(key, content)
            undo.pop_all()
            return StaticFile(content, MEDIA_TYPES[suffix], status.st_size, int(status.st_mtime), sha256)

    def _digest(self, key: tuple[str, int, int, int, int], content: BufferedReader) -> str:
        """The digest of a file, worked out once for each version of it."""
        if known := self._digests.get(key):
            return known
        digest = hashlib.file_digest(content, "sha256").hexdigest()
        content.seek(0)
        if len(self._digests) >= _MOST_DIGESTS:
            self._digests.clear()  # of versions that are long gone, most of them
        self._digests[key] = digest
        return digest


def _open(root: Path, folders: list[str], name: str) -> BufferedReader | None:
    """The file `name` in `folders` below `root`, or None if something on the way is missing or is a link."""
    try:
        with _folder(root, None) as start:
            return os.fdopen(_descend(start, folders, name), "rb")
    except OSError as error:
        if error.errno in _NOT_THERE:
            return None
        raise


def _descend(folder: int, folders: list[str], name: str) -> int:
    if not folders:
        return _regular(os.open(name, _FILE, dir_fd=folder))
    with _folder(folders[0], folder) as below:
        return _descend(below, folders[1:], name)


def _regular(descriptor: int) -> int:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileNotFoundError(errno.ENOENT, "not a file")
    return descriptor


@contextmanager
def _folder(path: str | Path, parent: int | None) -> Iterator[int]:
    """A descriptor of a folder; only the root may be reached by a link, since the operator named it."""
    descriptor = os.open(path, _FOLDER if parent is None else _FOLDER | os.O_NOFOLLOW, dir_fd=parent)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
