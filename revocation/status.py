"""What can be said of a certificate: good, or revoked with a date, a reason and perhaps an invalidity date."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from revocation.errors import InputError


class Reason(IntEnum):
    """CRLReason of RFC 5280 section 5.3.1. 7 is unused; removeFromCRL (8) belongs to delta CRLs alone."""

    unspecified = 0
    keyCompromise = 1  # noqa: N815 - the RFC's own names
    cACompromise = 2  # noqa: N815
    affiliationChanged = 3  # noqa: N815
    superseded = 4
    cessationOfOperation = 5  # noqa: N815
    certificateHold = 6  # noqa: N815
    privilegeWithdrawn = 9  # noqa: N815
    aACompromise = 10  # noqa: N815

    @classmethod
    def parse(cls, text: str) -> "Reason":
        """The reason of that name, in any case: `keyCompromise`, `CACompromise`, `key_compromise`.

        Raises:
            InputError: no such reason.
        """
        wanted = text.strip().replace("_", "").replace("-", "").lower()
        for reason in cls:
            if reason.name.lower() == wanted:
                return reason
        raise InputError(f"{text!r} is not a revocation reason", advice="one of " + ", ".join(r.name for r in cls))


@dataclass(frozen=True)
class Revocation:
    """That a certificate is revoked: since when, why, and since when its key is suspected (RFC 5280 section 5.3.2)."""

    revoked_at: datetime
    reason: Reason = Reason.unspecified
    invalidity_date: datetime | None = None
