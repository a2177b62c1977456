"""A source that remembers for a moment which certificates are not known, for one that takes long to be asked.

Whoever sends unknown serials costs such a source nothing more than the first time. What is remembered holds in one
state of the store alone, so a publication is seen by the next request, and for a second at most, in case the source
cannot tell its states apart. It is bounded: of a flood of different serials, those beyond are looked up each time.
"""

from collections.abc import Callable
from datetime import datetime
from time import monotonic
from typing import Final

from responder.source import Source
from revocation.certid import CertID
from revocation.store import StoredResponse

_MOST: Final = 1 << 14
_LIVES: Final = 1.0  # seconds


class Negatives:
    """`source`, asked once for what it does not know.

    Args:
        source: its `version` has to be cheap.
        elapsed: seconds of a clock that is never set.
    """

    def __init__(self, source: Source, elapsed: Callable[[], float] = monotonic) -> None:
        self._source = source
        self._elapsed = elapsed
        self._unknown: dict[CertID, None] = {}
        self._version: int | None = None
        self._until = 0.0
        self.version = source.version
        self.close = source.close

    def find(self, cert_id: CertID, now: datetime) -> StoredResponse | None:
        """See `Source.find`."""
        version = self.version()
        unknown = self._current(version)
        if cert_id in unknown:
            return None
        found = self._source.find(cert_id, now)
        if found is None and version is not None and len(unknown) < _MOST:
            unknown[cert_id] = None
        return found

    def _current(self, version: int | None) -> dict[CertID, None]:
        """Those of this state and second. A thread that was looking in the last one adds to a dictionary of its own."""
        if version != self._version or self._elapsed() >= self._until:
            self._unknown = {}
            self._version = version
            self._until = self._elapsed() + _LIVES
        return self._unknown
