"""A lock beside the file of an SQLite database, `registrar.in-use`: while it is open, nobody puts another in its place.

Who goes on in a file that was taken away writes where nobody reads again.
"""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from revocation.durable import make_folder
from revocation.errors import Refused

_SUFFIX: Final = ".in-use"
_SHARED: Final = 0o660


def hold(database: Path) -> int:
    """Say that this process has it open, until the descriptor that is returned is closed. Raises OSError."""
    descriptor = _opened(database)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    return descriptor


@contextmanager
def alone_with(database: Path) -> Iterator[None]:
    """The block in which nobody has it open, nor opens it.

    Raises:
        Refused: somebody has.
        OSError: the lock cannot be made.
    """
    make_folder(database.parent, mode=0o700)
    descriptor = _opened(database)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Refused(
                "is in use: `revocast registrar`, `revocast worker registrar` or a command of theirs has it open, also "
                "where its file is gone, and would go on without what is restored",
                where=f"database {database}",
                advice="stop `revocast up`, or both services (revocast-registrar, revocast-validator), and ask again",
            ) from error
        yield
    finally:
        os.close(descriptor)


def _opened(database: Path) -> int:
    """The lock's file, whoever makes it for those who have the folder: two users may share it."""
    path = database.with_suffix(_SUFFIX)
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        descriptor = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    folder = path.parent.stat()
    if os.geteuid() == 0 != folder.st_uid:  # a service may be kept from it, and has a folder of its own
        os.fchown(descriptor, folder.st_uid, folder.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(folder.st_mode) & _SHARED)
    return descriptor
