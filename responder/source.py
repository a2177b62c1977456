"""Where the responder gets pre-signed responses from: LMDB on this host, or a Redis server."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from revocation.certid import CertID
from revocation.clock import epoch
from revocation.store import StoredResponse
from revocation.windows import SKEW


class SourceUnavailable(Exception):
    """The store cannot be read, so nothing may be said of a certificate: not even that it is unknown."""


class ResponseExpired(Exception):
    """The store holds a response whose nextUpdate has passed: it is not handed out (RFC 6960 section 4.2.2.1)."""


class ResponseTooEarly(Exception):
    """The store holds a response whose thisUpdate lies minutes ahead: a clock is wrong, and clients would reject it."""


def require_current(stored: StoredResponse, now: datetime) -> StoredResponse:
    """The same response.

    Raises:
        ResponseExpired: its nextUpdate has passed.
        ResponseTooEarly: its thisUpdate is more than `SKEW` after `now`.
    """
    if epoch(now) >= stored.next_update:
        raise ResponseExpired
    if stored.this_update > epoch(now + SKEW):
        raise ResponseTooEarly
    return stored


class Sampled(Protocol):
    """A store of which a few responses can be looked at without being asked for."""

    def sample(self, size: int) -> Iterable[tuple[bytes, int]]:
        """Issuer id and nextUpdate (epoch seconds) of some `size` responses of each issuer, of fewer where it has few.

        Raises:
            SourceUnavailable: the store could not be asked.
        """


class Source(Protocol):
    """A store in the format of `revocation.store`, read only."""

    def find(self, cert_id: CertID, now: datetime) -> StoredResponse | None:
        """The response to hand out for `cert_id`, or None where the store knows no such certificate.

        Raises:
            ResponseExpired: there is one, but at `now` its nextUpdate has passed.
            ResponseTooEarly: there is one, but its thisUpdate is more than `SKEW` after `now`.
            SourceUnavailable: the store could not be asked.
        """

    def version(self) -> int | None:
        """A number that no two states of the store share: what was found under it still holds.

        None where that cannot be said now: then nothing that was found before may be relied on.
        """

    def close(self) -> None:
        """Let go of the store; the next `find` opens it again."""


class Store(Source, Sampled, Protocol):
    """What this process answers out of, and judges whether it is ready by."""
