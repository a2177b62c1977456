"""Delegated OCSP responders that can sign now: certificate valid, key there, and the two belonging together."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import Connection

from revocation.errors import KeyUnavailable
from revocation.issuer import Issuer
from signer.keys import SigningKey
from signer.keys.responder_keys import ResponderKeys
from signer.ledger import responders


@dataclass(frozen=True)
class Delegate:
    """A responder's key and the DER of its certificate."""

    key: SigningKey
    certificate: bytes
    not_after: datetime


def delegates(connection: Connection, keys: ResponderKeys, issuer: Issuer, now: datetime) -> Iterator[Delegate]:
    """Those that can sign now, the one that lives longest first. A key that is lost or damaged counts as none."""
    for row in responders.with_key(connection, issuer):
        if not row.not_before <= now < row.not_after:
            continue
        try:
            key = keys.load(row.key)
        except KeyUnavailable:
            continue
        public = x509.load_der_x509_certificate(row.der).public_key()
        if public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) == key.public_key_info:
            yield Delegate(key, row.der, row.not_after)
