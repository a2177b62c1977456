"""Where responses lie for GETs, as whoever keeps them in step with an index sees it: a folder, a bucket."""

from collections.abc import Collection, Iterator, Mapping
from typing import Protocol

from revocation.certid import CertID
from revocation.store import StoredResponse


class ResponseFiles(Protocol):
    """Files or objects by path, below the one for OCSP. What fails raises TargetError."""

    @property
    def seal(self) -> bytes | None:
        """The word that was left when all was as it should be."""

    def set_seal(self, seal: bytes) -> None:
        """Leave a word."""

    def path_of(self, cert_id: CertID) -> str | None:
        """Where the response for a CertID lies; None where it can lie nowhere."""

    def read(self, path: str) -> bytes | None:
        """What lies at a path; None where nothing does, or nothing of ours."""

    def holds(self, path: str, stored: StoredResponse | None) -> bool:
        """Whether the right thing lies at a path; of None, whether nothing does."""

    def put(self, things: Mapping[str, StoredResponse]) -> None:
        """Put them in the places of what lies there, durably."""

    def remove(self, paths: Collection[str]) -> None:
        """Take away what lies there."""

    def walk(self) -> Iterator[str]:
        """The paths of what may have to go; once all that `holds` denies was put."""

    def recall_some(self) -> list[str]:
        """Where `holds` does not look itself, look at some of what lies there; the paths of what may have to go."""
