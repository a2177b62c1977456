"""Where the responder gets pre-signed responses from: the seam that LMDB fills now and a remote store may later."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from revocation.certid import CertID
from revocation.store import StoredResponse


class SourceUnavailable(Exception):
    """The store cannot be read, so nothing may be said of a certificate: not even that it is unknown."""


class ResponseExpired(Exception):
    """The store holds a response whose nextUpdate has passed: it is not handed out (RFC 6960 section 4.2.2.1)."""


class ResponseTooEarly(Exception):
    """The store holds a response whose thisUpdate lies minutes ahead: a clock is wrong, and clients would reject it."""


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


class Sampled(Protocol):
    """A store of which a few responses can be looked at without being asked for."""

    def sample(self, size: int) -> Iterable[tuple[bytes, int]]:
        """Issuer id and nextUpdate (epoch seconds) of about `size` responses of each issuer that has so many.

        Raises:
            SourceUnavailable: the store could not be asked.
        """
