"""Keys of delegates that a copy of the ledger does not know: what it can use it takes up, the others are destroyed.

The folder of responder keys belongs to one ledger, and outlives it where only the ledger was lost.
"""

import re
import secrets
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import Connection

from revocation import serials
from revocation.errors import KeyUnavailable
from revocation.issuer import Issuer
from signer.ledger import audit, responders
from signer.recovery.evidence import Collected
from signer.signer import Signer

_NAME: Final = re.compile(r"([0-9a-f]{8}-)?[0-9a-f]{16}\.pem")
_SERIAL_BITS: Final = 126


def take_up_keys(connection: Connection, signer: Signer, collected: Collected, now: datetime) -> None:
    """Have the ledger name each key in the folder.

    One whose certificate stands in a published response can sign on. The others are named as keys that were never
    certified, which the next look destroys.
    """
    known = responders.names(connection)
    certified = dict(_certified(collected))
    issuer = next(iter(collected.issuers.values())).profile.issuer
    for name in sorted(signer.responder_keys.names()):
        if name in known or not _NAME.fullmatch(name):
            continue
        owner, certificate = certified.get(_public(signer, name), (issuer, None))
        serial = serials.from_int(certificate.serial_number if certificate else secrets.randbits(_SERIAL_BITS))
        window = (certificate.not_valid_before_utc, certificate.not_valid_after_utc) if certificate else (now, now)
        responders.add(connection, owner, serial=serial, key=name, window=window)
        if certificate:
            responders.set_certificate(connection, owner, serial, certificate.public_bytes(Encoding.DER))
        what = {"key": name, "serial": serials.to_hex(serial), "usable": certificate is not None}
        audit.record(connection, now, "take up responder key", owner.id, **what)


def _certified(collected: Collected) -> Iterator[tuple[bytes, tuple[Issuer, x509.Certificate]]]:
    for evidence in collected.issuers.values():
        for der in evidence.responders:
            certificate = x509.load_der_x509_certificate(der)
            public = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            yield public, (evidence.profile.issuer, certificate)


def _public(signer: Signer, name: str) -> bytes:
    """Of the key in a file; nothing where it is damaged."""
    try:
        return signer.responder_keys.load(name).public_key_info
    except KeyUnavailable:
        return b""
