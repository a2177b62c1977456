"""More in a file that people write too: all of it or nothing, whoever else does so at the same time."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from revocation import durable


def append(path: Path, more: bytes, check: Callable[[bytes], object]) -> None:
    """Put octets on a line of their own behind those of a file, as `rewrite` does.

    Args:
        check: looks at what the file will be; what it raises leaves the file as it is.

    Raises:
        OSError: it cannot be written, and is as it was.
    """

    def appended(present: bytes) -> bytes:
        content = present + (b"" if present.endswith(b"\n") or not present else b"\n") + more
        check(content)
        return content

    rewrite(path, appended)


def rewrite(path: Path, change: Callable[[bytes], bytes]) -> None:
    """Put in the place of a file what becomes of what is in it now, at once and durably.

    A link stays one, and owner and permissions are those of before.

    Args:
        change: the new content, of the present one; what it raises leaves the file as it is.

    Raises:
        OSError: it cannot be written, and is as it was.
    """
    place = path.resolve()
    with _alone(place.parent):
        present, state = place.read_bytes(), place.stat()
        content = change(present)

        def write(file: BinaryIO) -> None:
            os.fchown(file.fileno(), state.st_uid, state.st_gid)
            file.write(content)

        durable.replace_file(place, write, state.st_mode & 0o777)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Within, no other process puts something behind a file there: what it read would be written over."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
