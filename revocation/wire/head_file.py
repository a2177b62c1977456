"""Reading what lies in a folder as the head of the audit log: whoever can write there may have put anything."""

import errno
import os
import stat
from pathlib import Path
from typing import Final

from revocation.audithead import HEAD_NAME, LARGEST
from revocation.errors import InputError

_NO_FILE: Final = frozenset({errno.ELOOP, errno.ENXIO})
"""What opening a link says, and a socket."""


def read_head(folder: Path) -> bytes | None:
    """The content of the file; None where nothing lies. Never through a link, and never waiting for a pipe.

    Raises:
        InputError: it is no file, or too large for a head.
        OSError: it cannot be read.
    """
    try:
        descriptor = os.open(folder / HEAD_NAME, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno in _NO_FILE:
            raise no_head("is no file") from error
        raise
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise no_head("is no file")
        content = os.read(descriptor, LARGEST + 1)
    finally:
        os.close(descriptor)
    if len(content) > LARGEST:
        raise too_large()
    return content


def no_head(what: str) -> InputError:
    """What lies there is no head, whatever it holds."""
    return InputError(what, where=f"{HEAD_NAME} in the exchange", advice="whoever put it there is not the signer")


def too_large() -> InputError:
    """It was not read whole."""
    return no_head(f"is larger than a head of an audit log can be ({LARGEST} octets)")
