"""What an issuer has certified that counts for something now: CAs, and how much else."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from sqlalchemy import Connection

from revocation import serials
from revocation.config import PublicConfig
from revocation.issuer import Issuer
from signer.importers.certificate import any_serial, serial_of
from signer.issuers.brought import parent_here
from signer.issuers.subject import shown_name
from signer.ledger import facts, living
from signer.signer import Signer


@dataclass(frozen=True)
class Living:
    """Certificates that have neither expired nor been revoked, as far as it is known here.

    Attributes:
        cas: those of other CAs, in words.
        others: how many there are of users; None where no ledger is here.
        until: when the last of these ends.
    """

    cas: tuple[str, ...]
    others: int | None = None
    until: datetime | None = None


def living_below(public: PublicConfig, signer: Signer | None, issuer: Issuer, now: datetime) -> Living:
    """By the ledger of this machine where it has one, and by the certificates of its configuration."""
    configured = {serial_of(one): name for name, one in _configured(public, issuer) if now < one.not_valid_after_utc}
    if signer is None:
        return Living(tuple(_words(serial, name) for serial, name in configured.items()))
    with signer.ledger.read() as connection:
        known = dict(_known(connection, issuer, now))
        ended = {one for one in configured if one not in known and _is_known(connection, issuer, one)}
        others, until = living.end_entities(connection, issuer, now)
    found = known | {serial: name for serial, name in configured.items() if serial not in ended}
    return Living(tuple(_words(serial, name) for serial, name in found.items()), others, until)


def _configured(public: PublicConfig, issuer: Issuer) -> Iterator[tuple[str, x509.Certificate]]:
    """The certificates of other issuers that this one made, with what those are called."""
    for profile in public.profiles.values():
        for one in profile.issuer.certificates:
            parent = parent_here(public, one)
            if parent is not None and parent.issuer.id == issuer.id:
                yield profile.issuer.name, one


def _known(connection: Connection, issuer: Issuer, now: datetime) -> Iterator[tuple[bytes, str]]:
    """Those of CAs that the ledger knows, but its own."""
    own = {serial_of(one) for one in issuer.certificates}
    for serial, der in living.ca_certificates(connection, issuer, now):
        if serial not in own:
            yield serial, _subject(der) if der else "a CA"


def _is_known(connection: Connection, issuer: Issuer, serial: bytes) -> bool:
    return facts.find(connection, issuer, serial) is not None


def _subject(der: bytes) -> str:
    with any_serial():
        return shown_name(x509.load_der_x509_certificate(der).subject)


def _words(serial: bytes, name: str) -> str:
    return f"{name} ({serials.to_hex(serial)})"
