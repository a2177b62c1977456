"""Reading what lies on a stick: regular files of a bounded size, never through a link, and nothing that blocks."""

import os
import stat
from pathlib import Path
from typing import Final

from revocation.errors import InputError

_ADVICE: Final = "have the stick written again, and find out who wrote to it"


def read_file(path: Path, largest: int) -> bytes:
    """All octets of a file.

    Raises:
        InputError: it cannot be read, is a link, a pipe or a device, or has more octets than that.
    """
    where = str(path)
    if path.is_symlink():  # told apart from other reasons; the opening below does not follow one either
        raise InputError("is a link, and a regular file is wanted", where=where, advice=_ADVICE)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            size = _size(descriptor, where, largest)
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                return file.read(size)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=where) from error


def _size(descriptor: int, where: str, largest: int) -> int:
    """How many octets an opened file has, where it is a regular one and has no more than that."""
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise InputError("is no regular file", where=where, advice=_ADVICE)
    if status.st_size > largest:
        raise InputError(f"has more than {largest} octets", where=where, advice=_ADVICE)
    return status.st_size


def require_folder(folder: Path) -> None:
    """Return if it is a folder, and no link to one.

    Raises:
        InputError: it is not.
    """
    if folder.is_symlink() or not folder.is_dir():
        what = "is a link, and a folder is wanted" if folder.is_symlink() else "is no folder"
        raise InputError(what, where=str(folder), advice=_ADVICE if folder.is_symlink() else None)
