"""The two files of an LMDB store, as its publisher finds them: whole, belonging together, or to be set aside."""

import errno
import logging
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import lmdb

from revocation.store import file_size

FILES: Final = ("data.mdb", "lock.mdb")
DAMAGED: Final = (
    lmdb.CorruptedError,
    lmdb.InvalidError,
    lmdb.PageNotFoundError,
    lmdb.PanicError,
    lmdb.VersionMismatchError,
)
_READ_ALL: Final = """
import sys, lmdb
with lmdb.open(sys.argv[1], map_size=0, readonly=True, max_dbs=4) as env, env.begin() as txn:
    for name in [bytes(name) for name, _ in txn.cursor()]:
        for _ in txn.cursor(env.open_db(name, txn, create=False)):
            pass
"""
_MADE_UMASK: Final = 0o022
_LOG: Final = logging.getLogger("revocast.publisher")


def files_there(folder: Path) -> list[tuple[int, int]]:
    """Which files lie there now: device and inode.

    Raises:
        OSError: one of them is gone.
    """
    found = [(folder / name).stat() for name in FILES]
    return [(file.st_dev, file.st_ino) for file in found]


def is_whole(folder: Path, env: Any) -> bool:
    """Whether every page can be read. A file cut short kills whoever touches what is gone, so a child tries it."""
    if (folder / "data.mdb").stat().st_size >= file_size(env):
        return True
    child = subprocess.run([sys.executable, "-c", _READ_ALL, str(folder)], check=False, capture_output=True)
    return child.returncode == 0


def is_current(env: Any) -> bool:
    """Whether the lock file tells the last transaction. One that readers made anew beside a writer does not.

    LMDB begins the next transaction after the one that the lock file tells: what came since would be written over.
    """
    with env.begin() as txn:
        told: int = txn.id()
    last: int = env.info()["last_txnid"]
    return told == last


def move_aside(folder: Path) -> None:
    """Keep what is no store any more for a look."""
    aside = folder / "damaged"
    aside.mkdir(exist_ok=True)
    for name in FILES:
        if (folder / name).exists():
            (folder / name).replace(aside / name)
    _LOG.error("%s: the store was damaged; it lies in %s now and a new one is filled", folder, aside)


def set_mode(file: Path, mode: int) -> None:
    """Give a file these rights, where it has others."""
    if stat.S_IMODE(file.stat().st_mode) != mode:
        file.chmod(mode)


def make_folder(folder: Path) -> None:
    """One that its group may enter, as it may read the files, whatever the umask; what is there stays as it is.

    Below a folder with the setgid bit it has that bit and its group, by which readers of another user are told. So no
    rights are changed afterwards: to who is not of that group it would be taken away again, or be forbidden.
    """
    if folder.is_dir():
        return
    before = os.umask(_MADE_UMASK)  # of the whole process, so only where a folder is made, and for no longer
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o750)  # above it there may be what others are to reach
    finally:
        os.umask(before)


def advice_for(error: Exception) -> str:
    """What to see to. LMDB locks a reader by the number of its process, which another PID namespace has once more."""
    if os.strerror(errno.EAGAIN) in str(error):
        return "is a container with the store that does not share this PID namespace? Have it share it, or take Redis"
    return "see to room, rights and `map_size_gib`"
