"""A PKI folder of either kind: where its index and certificates lie, and how it is read."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from revocation.issuer import Issuer
from signer.importers.entry import ImportEntry, ImportSource


@dataclass
class Layout:
    """A PKI folder with 0A (a user's) and 0B (a CA's) in index and certificates, and how it is read."""

    path: Path
    issuer: Issuer
    read: Callable[[Path, Issuer], ImportSource]
    by_serial: Path
    ca_certificate: Path

    @property
    def index(self) -> Path:
        return self.path / "index.txt"

    def entries(self) -> list[ImportEntry]:
        return list(self.read(self.path, self.issuer).entries)
