"""Files that are there whole or not at all, also after a power cut: write beside, fsync, rename, fsync the folder."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final

_SUFFIX: Final = ".part"
_LEFT_BEHIND: Final = 3600
"""Seconds after which a temporary file is what a killed process left, and no longer one that is being written."""


def replace_file(path: Path, write: Callable[[BinaryIO], None], mode: int, mtime: int | None = None) -> int:
    """Put what `write` writes in the place of a file, or where none is; what was there stays until then.

    Args:
        path: the file; folders on the way are made.
        write: writes the content to the open file that it is given.
        mode: the permissions of the new file.
        mtime: its time of modification, epoch seconds.

    Returns:
        Its size in bytes.

    Raises:
        OSError: it could not be written; nothing is left of the attempt.
    """
    make_folder(path.parent)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=_SUFFIX)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            write(file)
            file.flush()
            size = file.tell()
            _sweep(path.parent, os.fstat(descriptor).st_mtime - _LEFT_BEHIND)
            os.fchmod(descriptor, mode)
            if mtime is not None:
                os.utime(descriptor, (mtime, mtime))
            os.fsync(descriptor)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
    return size


def replace_content(path: Path, content: bytes, mode: int, mtime: int | None = None) -> None:
    """The same with content that is at hand."""

    def write(file: BinaryIO) -> None:
        file.write(content)

    replace_file(path, write, mode, mtime)


def write_new(path: Path, content: bytes, mode: int) -> None:
    """Make a file that was not there, as of a key; one that is there stays as it is.

    Args:
        path: the file; its folder is there.
        content: all of it, durable when this returns.
        mode: its permissions from its first moment on, less what the umask takes away.

    Raises:
        FileExistsError: something of that name is there.
        OSError: it could not be written; nothing is left of the attempt.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def make_folder(folder: Path, mode: int | None = None) -> None:
    """Make a folder and those above it that are missing, each durably in the one above.

    Args:
        mode: the permissions of what is made, whatever the umask; None leaves them to it.
    """
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    for place in reversed(missing):
        place.mkdir(exist_ok=True, mode=0o777 if mode is None else mode)
        if mode is not None:
            place.chmod(mode)
        sync_folder(place.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sweep(folder: Path, before: float) -> None:
    """Take away temporary files that were last written before a time of the file system's own clock."""
    for left in folder.glob(f".*{_SUFFIX}"):
        try:
            if left.stat().st_mtime < before:
                left.unlink()
        except FileNotFoundError:
            continue
