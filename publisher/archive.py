"""The CRLs that were published, as files outside the targets: what a successor is held against is the last one.

Older ones are kept for whoever has to prove later what was published: so many of them, for so long.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

from publisher.config import ArchiveTable
from revocation.clock import epoch
from revocation.durable import make_folder, replace_file
from revocation.errors import TargetError

_SUFFIX: Final = ".crl"


class Archive:
    """A folder: `<issuer>/<label>/<CRL number>.crl`."""

    def __init__(self, folder: Path, policy: ArchiveTable) -> None:
        self._folder = folder
        self._policy = policy

    def last(self, issuer: str, label: str) -> bytes | None:
        """The CRL with the highest number.

        Raises:
            TargetError: it cannot be read.
        """
        with self._explained():
            kept = self._numbered(issuer, label)
            return kept[max(kept)].read_bytes() if kept else None

    def keep(self, issuer: str, label: str, number: int, data: bytes, this_update: datetime, now: datetime) -> None:
        """Keep a CRL durably, and let go of those that the policy gives up; never of the last.

        Raises:
            TargetError: it cannot be written.
        """
        place = self._folder / issuer / label
        with self._explained():
            make_folder(place, mode=0o700)
            file = place / f"{number}{_SUFFIX}"
            if not (file.exists() and file.read_bytes() == data):
                replace_file(file, _writer(data), 0o600, mtime=epoch(this_update))
            kept = self._numbered(issuer, label)
            oldest = epoch(now - self._policy.age)
            for place_in_order, old in enumerate(sorted(kept, reverse=True)):
                too_many, too_old = place_in_order >= self._policy.count, kept[old].stat().st_mtime < oldest
                if place_in_order and (too_many or too_old):
                    kept[old].unlink(missing_ok=True)

    def _numbered(self, issuer: str, label: str) -> dict[int, Path]:
        files = (self._folder / issuer / label).glob(f"*{_SUFFIX}")
        return {int(file.stem): file for file in files if file.stem.isdigit()}

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise TargetError(
                f"the archive of published CRLs cannot be read or written: {error.strerror}",
                where=str(error.filename or self._folder),
                advice="nothing is published without it; see to room and rights, then run `revocast publish`",
            ) from error


def _writer(data: bytes) -> Callable[[BinaryIO], None]:
    def write(out: BinaryIO) -> None:
        out.write(data)

    return write
