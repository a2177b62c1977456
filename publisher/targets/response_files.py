"""Where responses lie for GETs, as whoever keeps them in step with an index sees it: a folder, a bucket."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Protocol, TypeAlias

from revocation.certid import CertID
from revocation.store import StoredResponse

Stands: TypeAlias = Callable[[str, bytes, StoredResponse | None], bool]
"""Whether what lies at a path, put by another publisher, may stay there instead of ours, or where we have none."""


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

    def put(self, things: Mapping[str, StoredResponse]) -> int:
        """Put them in the places of what lies there, durably, unless that may stand; how many were put."""

    def remove(self, paths: Collection[str]) -> int:
        """Take away what lies there, unless that may stand; from how many paths."""

    def walk(self) -> Iterator[str]:
        """The paths of what may have to go; once all that `holds` denies was put."""

    def recall_some(self) -> list[str]:
        """Where `holds` does not look itself, look at some of what lies there; the paths of what may have to go."""
