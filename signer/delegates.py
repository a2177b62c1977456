"""Delegated OCSP responders that can sign now: certificate valid, key there, and the two belonging together."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import Connection

from revocation.config import IssuerProfile
from revocation.errors import KeyUnavailable
from revocation.keykind import KeyKind, kind_of
from signer.keys import SigningKey
from signer.keys.responder_keys import ResponderKeys
from signer.ledger import responders


@dataclass(frozen=True)
class Delegate:
    """A responder's key and the DER of its certificate."""

    key: SigningKey
    certificate: bytes
    not_after: datetime

    @property
    def kind(self) -> KeyKind | None:
        """Of what kind its key is."""
        return kind_of(self.key.public_key_info)


def delegate(connection: Connection, keys: ResponderKeys, profile: IssuerProfile, now: datetime) -> Delegate | None:
    """The one to sign with now; None when none can.

    It is the one that lives longest of those with a key of the configured kind; where there is none yet, of all others.
    """
    found = list(_able(connection, keys, profile, now))
    return next((one for one in found if one.kind is profile.ocsp.responder_key), found[0] if found else None)


def _able(connection: Connection, keys: ResponderKeys, profile: IssuerProfile, now: datetime) -> Iterator[Delegate]:
    """Those that can sign now, the one that lives longest first. A key that is lost or damaged counts as none."""
    for row in responders.with_key(connection, profile.issuer):
        if not row.not_before <= now < row.not_after:
            continue
        try:
            key = keys.load(row.key)
        except KeyUnavailable:
            continue
        public = x509.load_der_x509_certificate(row.der).public_key()
        if public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) == key.public_key_info:
            yield Delegate(key, row.der, row.not_after)
