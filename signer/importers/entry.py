"""What every importer yields: one certificate as another system knows it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from revocation import serials
from revocation.errors import InputError
from revocation.status import Revocation


@dataclass(frozen=True, slots=True)
class ImportEntry:
    """One certificate.

    Attributes:
        serial: the exact content octets of its serial.
        not_after: its expiry; None where the source does not say (a CRL does not).
        is_ca: whether it is a CA's certificate; False where the source does not say.
        revocation: how it is revoked there; None when it is not.
        certificate: its DER, where the source has it.
        place: file and line, for messages.
        shard: of its CRL, where the source says so.
        says_kind: whether the source says `is_ca`.
        listed_at: the URLs of the CRL that lists it, where that names some of itself.
    """

    serial: bytes
    not_after: datetime | None
    is_ca: bool
    revocation: Revocation | None
    certificate: bytes | None
    place: str
    shard: int | None = None
    says_kind: bool = True
    listed_at: tuple[str, ...] = ()


@dataclass(frozen=True)
class ImportSource:
    """A source whose form was recognised, with entries that are read while they are iterated, once.

    A million lines are never held in memory, so an error on the last of them comes when the ones before it were
    handed out already: whoever applies the entries does so in one transaction, and gives it up on InputError.

    Attributes:
        description: what it is and where, for the audit log: `Easy-RSA PKI at /srv/pki`.
        entries: every certificate in it, each serial once. Raises InputError, with file and line, while iterated.
        crl_number: the highest CRL number that the source is known to have used; ours start above it.
        expected: about how many entries there are, for a progress bar; None where nobody can say.
    """

    description: str
    entries: Iterable[ImportEntry]
    crl_number: int | None = None
    expected: int | None = None


def each_once(entries: Iterable[ImportEntry]) -> Iterator[ImportEntry]:
    """The same entries, with each serial once.

    Raises:
        InputError: a serial comes a second time.
    """
    seen: set[bytes] = set()
    for entry in entries:
        if entry.serial in seen:
            raise InputError(
                f"serial {serials.to_hex(entry.serial)} appears a second time",
                where=entry.place,
                advice="an issuer uses each serial once: find out which of the two is right, and remove the other",
            )
        seen.add(entry.serial)
        yield entry
