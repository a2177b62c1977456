"""The CRLs that were published, as files outside the targets: what a successor is held against is the last one.

Older ones are kept for whoever has to prove later what was published: so many of them, for so long.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

from publisher.config import ArchiveTable
from revocation.clock import epoch, from_epoch
from revocation.durable import make_folder, replace_content
from revocation.errors import TargetError

_SUFFIX: Final = ".crl"


class Archive:
    """A folder: `<issuer>/<label>/<CRL number>.crl`.

    Attributes:
        policy: how many of each stay, and for how long.
    """

    def __init__(self, folder: Path, policy: ArchiveTable) -> None:
        self._folder = folder
        self.policy = policy

    def last(self, issuer: str, label: str) -> bytes | None:
        """The CRL with the highest number.

        Raises:
            TargetError: it cannot be read.
        """
        with self._explained():
            kept = self._numbered(issuer, label)
            return kept[max(kept)].read_bytes() if kept else None

    def issued(self, issuer: str, label: str) -> dict[int, datetime]:
        """thisUpdate of each that is kept, by its number.

        Raises:
            TargetError: it cannot be read.
        """
        with self._explained():
            kept = self._numbered(issuer, label)
            return {number: from_epoch(int(file.stat().st_mtime)) for number, file in kept.items()}

    def get(self, issuer: str, label: str, number: int) -> bytes | None:
        """The CRL with that number; None when it is not kept.

        Raises:
            TargetError: it cannot be read.
        """
        with self._explained():
            file = self._file(issuer, label, number)
            return file.read_bytes() if file.exists() else None

    def digest(self, issuer: str, label: str, number: int) -> str | None:
        """SHA-256 of the CRL with that number, hexadecimal; None when it is not kept.

        Raises:
            TargetError: it cannot be read.
        """
        with self._explained():
            file = self._file(issuer, label, number)
            if not file.exists():
                return None
            with file.open("rb") as source:
                return hashlib.file_digest(source, "sha256").hexdigest()

    def keep(self, issuer: str, label: str, number: int, data: bytes, this_update: datetime) -> None:
        """Keep a CRL durably.

        Raises:
            TargetError: it cannot be written.
        """
        with self._explained():
            file = self._file(issuer, label, number)
            make_folder(file.parent, mode=0o700)
            if not (file.exists() and file.read_bytes() == data):
                replace_content(file, data, 0o600, mtime=epoch(this_update))

    def prune(self, now: datetime) -> None:
        """Let go of what the policy gives up, of every CRL that was ever published; never of the last of each.

        Raises:
            TargetError: it cannot be read or written.
        """
        with self._explained():
            for place in self._folder.glob("*/*/"):
                issuer, label = place.parts[-2:]
                for number in self.policy.given_up(self.issued(issuer, label), now):
                    self._file(issuer, label, number).unlink(missing_ok=True)

    def _file(self, issuer: str, label: str, number: int) -> Path:
        return self._folder / issuer / label / f"{number}{_SUFFIX}"

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
