"""Folders that only this user may enter, and where the socket of an embedded queue fits (107 bytes, by the kernel)."""

import hashlib
import os
import re
import stat
import tempfile
from pathlib import Path
from typing import Final

from revocation.errors import InputError

LONGEST_SOCKET: Final = 107
_PLAIN: Final = re.compile(r"[A-Za-z0-9/._+-]+")  # what needs no escape in a URL, nor in Redis' list of clients
SOCKET_NAME: Final = "valkey.sock"


def make_private(folder: Path) -> Path:
    """The folder, made with mode 0700 or found to be this user's own.

    Raises:
        InputError: it is a link, somebody else's, or open to others.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise InputError("is not a folder of this user", where=str(folder), advice="remove it, or name another place")
    if found.st_mode & 0o077:
        raise InputError("can be entered by others", where=str(folder), advice=f"chmod 700 {folder}")
    return folder


def socket_place(data: Path) -> Path:
    """Where the queue's socket of a data folder lies: in its `run/`; where that is too deep or not plain, elsewhere.

    Raises:
        InputError: no place that is short enough was found.
    """
    marked = f"revocast-{os.getuid()}-{hashlib.sha256(os.fsencode(data.resolve())).hexdigest()[:8]}"
    places = [data.resolve() / "run"]
    shared = (os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir())
    places += [Path(folder) / marked for folder in shared if folder and Path(folder).is_dir()]
    for place in places:
        if len(os.fsencode(place / SOCKET_NAME)) <= LONGEST_SOCKET and _PLAIN.fullmatch(str(place)):
            return place / SOCKET_NAME
    raise InputError(
        f"cannot hold a unix socket (a plain path of at most {LONGEST_SOCKET} bytes), nor $XDG_RUNTIME_DIR or $TMPDIR",
        where=str(data),
        advice="choose a data folder with a shorter path, of letters, digits and . _ - +",
    )
