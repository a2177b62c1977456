"""Files below `www/ocsp/`, in batches: each is there whole or not at all, with mtime = thisUpdate, and is read back.

A folder of our own among them, which no web server is to serve, holds what is being written: it is on the same file
system whatever else is mounted where.
"""

import contextlib
import errno
import os
import shutil
import stat
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from revocation.certid import CertID
from revocation.durable import make_folder, replace_file, sync_folder
from revocation.errors import TargetError
from revocation.ocsppath import static_path
from revocation.paths import OCSP_PATH
from revocation.store import StoredResponse

_OWN: Final = ".publisher"
_FILE_MODE: Final = 0o644
_FOLDER_MODE: Final = 0o755
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITE: Final = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
_LARGEST: Final = 1 << 20
_FEW: Final = 64
"""Up to so many files are waited for one by one; for more, all that the machine has to write is."""


class OCSPFiles:
    """The files below a folder; paths are relative to it.

    Raises:
        TargetError: the folder cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._staging = folder / _OWN
        with self._explained():
            make_folder(folder, _FOLDER_MODE)
            self._staging.mkdir(exist_ok=True, mode=0o700)

    @property
    def seal(self) -> bytes | None:
        """The word that was left when all files were as they should be."""
        return self._read("seal", self._staging)

    def set_seal(self, seal: bytes) -> None:
        """Leave a word.

        Raises:
            TargetError: it could not be written.
        """

        def write(out: BinaryIO) -> None:
            out.write(seal)

        with self._explained():
            replace_file(self._staging / "seal", write, 0o600)

    def path_of(self, cert_id: CertID) -> str | None:
        """Where web servers look for the response for a CertID."""
        path = static_path(cert_id)
        return path.removeprefix(OCSP_PATH) if path is not None else None

    def recall_some(self) -> list[str]:
        """Nothing: what lies in a folder is looked at whenever it is asked for."""
        return []

    def read(self, path: str) -> bytes | None:
        """What lies at a path; None where nothing does, or nothing of ours: a link, a pipe, a thing too large."""
        return self._read(path, self._folder)

    def holds(self, path: str, stored: StoredResponse | None) -> bool:
        """Whether the right thing lies at a path, with its time and readable for all; of None, whether nothing does."""
        with self._explained():
            if stored is None:
                return not self._is_there(path)
            with _opened(f"{self._folder}/{path}") as descriptor:
                if descriptor is None:
                    return False
                status = os.fstat(descriptor)
                right = (len(stored.der), stored.this_update, _FILE_MODE)
                found = (status.st_size, int(status.st_mtime), stat.S_IMODE(status.st_mode))
                return found == right and os.read(descriptor, len(stored.der) + 1) == stored.der

    def put(self, things: Mapping[str, StoredResponse]) -> int:
        """Put files in the places of what lies there, durably, and read them back; how many.

        Raises:
            TargetError: one could not be written, or not read back as it was written.
        """
        few = len(things) <= _FEW
        with self._explained():
            for n, stored in enumerate(things.values()):
                self._stage(f"{n}", stored, wait=few)
            if not few:
                os.sync()
            for n, path in enumerate(things):
                self._move(f"{n}", path, wait=few)
            self._sync_folders(things, one_by_one=few)
        for path, stored in things.items():
            if not self.holds(path, stored):
                raise TargetError(
                    "does not read back as it was written", where=f"{self._folder}/{path}", advice="check the disk"
                )
        return len(things)

    def remove(self, paths: Collection[str]) -> int:
        """Take away files, and folders that are empty then; of how many paths."""
        with self._explained():
            for path in paths:
                with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                    (self._folder / path).unlink()
            folders = {parent for path in paths for parent in self._folders_to(path)}
            for parent in sorted(folders, key=lambda folder: -len(folder.parts)):
                _remove_or_sync(parent)
            if paths:
                sync_folder(self._folder)
        return len(paths)

    def walk(self) -> Iterator[str]:
        """The paths of all files, and of whatever else is no folder."""
        with self._explained():
            waiting = [""]
            while waiting:
                folder = waiting.pop()
                with os.scandir(f"{self._folder}/{folder}") as entries:
                    for entry in entries:
                        path = f"{folder}{entry.name}"
                        if entry.is_dir(follow_symlinks=False):
                            waiting += [f"{path}/"] if path != _OWN else []
                        else:
                            yield path

    def _read(self, path: str, below: Path) -> bytes | None:
        with self._explained(), _opened(f"{below}/{path}") as descriptor:
            if descriptor is None or os.fstat(descriptor).st_size > _LARGEST:
                return None
            return os.read(descriptor, _LARGEST)

    def _is_there(self, path: str) -> bool:
        """A folder on the way to other files is not at the path."""
        try:
            return not stat.S_ISDIR((self._folder / path).lstat().st_mode)
        except (FileNotFoundError, NotADirectoryError):
            return False

    def _stage(self, name: str, stored: StoredResponse, *, wait: bool) -> None:
        descriptor = os.open(f"{self._staging}/{name}", _WRITE, _FILE_MODE)
        try:
            if os.write(descriptor, stored.der) != len(stored.der):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), f"{self._staging}/{name}")
            os.fchmod(descriptor, _FILE_MODE)
            os.utime(descriptor, (stored.this_update, stored.this_update))
            if wait:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _move(self, name: str, path: str, *, wait: bool) -> None:
        """Most folders are there already, and nothing is in the way."""
        staged, place = self._staging / name, self._folder / path
        try:
            staged.replace(place)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            self._make_way(path, wait=wait)
            staged.replace(place)

    def _make_way(self, path: str, *, wait: bool) -> None:
        """Folders where they are missing, in the place of whatever is none; no folder where the file belongs."""
        for folder in reversed(self._folders_to(path)):
            if folder.is_symlink() or not folder.is_dir():
                folder.unlink(missing_ok=True)
                folder.mkdir()
                folder.chmod(_FOLDER_MODE)
                if wait:
                    sync_folder(folder.parent)
        place = self._folder / path
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)

    def _folders_to(self, path: str) -> list[Path]:
        """The folders on the way to a file, the innermost first, without ours."""
        return list((self._folder / path).parents)[: path.count("/")]

    def _sync_folders(self, paths: Collection[str], *, one_by_one: bool) -> None:
        if not one_by_one:
            os.sync()
            return
        for folder in {(self._folder / path).parent for path in paths}:
            sync_folder(folder)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise TargetError(
                f"cannot be written or read: {error.strerror}",
                where=str(error.filename or self._folder),
                advice="what was published before is still there; see to room, inodes (`df -i`) and rights, then run "
                "`revocast publish`",
            ) from error


def _remove_or_sync(folder: Path) -> None:
    """Take an empty folder away; of another make durable that something left it."""
    try:
        folder.rmdir()
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
            raise
        with contextlib.suppress(NotADirectoryError):
            sync_folder(folder)


@contextmanager
def _opened(place: str) -> Iterator[int | None]:
    """A regular file; None where there is none."""
    try:
        descriptor = os.open(place, _READ)
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO, errno.EACCES):
            raise
        yield None
        return
    try:
        yield descriptor if stat.S_ISREG(os.fstat(descriptor).st_mode) else None
    finally:
        os.close(descriptor)
