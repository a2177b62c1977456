"""Who can sign OCSP responses now: a delegate with a valid certificate and the key to it, or the CA key."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import Connection

from revocation.config import IssuerProfile
from revocation.errors import KeyUnavailable
from revocation.issuer import Issuer
from revocation.keykind import KeyKind, forbidden_key, kind_of
from signer.keys import SigningKey
from signer.keys.responder_keys import ResponderKeys
from signer.ledger import responders


@dataclass(frozen=True)
class Delegate:
    """A responder's key and the DER of its certificate; None of the CA itself, which may sign until `not_after`.

    Attributes:
        file: where the key lies; None of the CA's.
    """

    key: SigningKey
    certificate: bytes | None
    not_after: datetime
    file: Path | None = None

    @property
    def kind(self) -> KeyKind | None:
        """Of what kind its key is."""
        return kind_of(self.key.public_key_info)


def delegate(connection: Connection, keys: ResponderKeys, profile: IssuerProfile, now: datetime) -> Delegate | None:
    """The one to sign with now; None when none can.

    It is the one that lives longest of those with a key of the configured kind. Where there is none yet, or it would
    cut responses short although another does not, it is the one that lives longest of all.
    """
    found = list(_able(connection, keys, profile, now))
    if not found:
        return None
    enough = min(now + profile.compliance.lasting(profile.ocsp.expires), found[0].not_after)
    long = (one for one in found if one.not_after >= enough)
    return next((one for one in long if one.kind is profile.ocsp.responder_key), found[0])


def issuer_itself(key: SigningKey, issuer: Issuer) -> Delegate:
    """The CA key as the one to sign with."""
    return Delegate(key, None, issuer.not_after)


def _able(connection: Connection, keys: ResponderKeys, profile: IssuerProfile, now: datetime) -> Iterator[Delegate]:
    """Those that can sign now, the one that lives longest first.

    A key that is lost or damaged counts as none; so does one of before `br` was set, which that forbids.
    """
    for row in responders.with_key(connection, profile.issuer):
        if not row.not_before <= now < row.not_after:
            continue
        try:
            key = keys.load(row.key)
        except KeyUnavailable:
            continue
        public = x509.load_der_x509_certificate(row.der).public_key()
        is_its = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) == key.public_key_info
        if is_its and not forbidden_key(profile.compliance, key.public_key_info):
            yield Delegate(key, row.der, row.not_after, keys.file(row.key))
