"""What every importer yields: one certificate as another system knows it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from revocation.status import Revocation


@dataclass(frozen=True)
class ImportEntry:
    """One certificate.

    Attributes:
        serial: the exact content octets of its serial.
        not_after: its expiry; None where the source does not say (a CRL does not).
        is_ca: whether it is a CA's certificate; False where the source does not say.
        revocation: how it is revoked there; None when it is not.
        certificate: its DER, where the source has it.
        place: file and line, for messages.
    """

    serial: bytes
    not_after: datetime | None
    is_ca: bool
    revocation: Revocation | None
    certificate: bytes | None
    place: str


@dataclass(frozen=True)
class ImportSource:
    """A source that was read and found to be whole.

    Attributes:
        description: what it is and where, for the audit log: `Easy-RSA at /srv/pki`.
        entries: every certificate in it, each serial once.
        crl_number: the highest CRL number that the source is known to have used; ours start above it.
    """

    description: str
    entries: Iterable[ImportEntry]
    crl_number: int | None = None
