"""Keys of which a certificate is revoked for a compromise: none of them is certified again.

Whoever has a stolen key could use the new certificate as its owner does (BRs section 6.1.1.3). What counts is the key,
however it is encoded. A certificate that the ledger does not have itself says nothing of its key.
"""

import hashlib
import threading
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import Connection, and_, select

from revocation import serials
from revocation.errors import Refused
from revocation.status import Reason
from signer.importers.certificate import any_serial
from signer.issuers.keyvalue import key_value
from signer.issuing.request import WHERE
from signer.ledger.facts import REVOKED
from signer.ledger.schema import certificates, facts, issuers

_STOLEN: Final = (Reason.keyCompromise, Reason.cACompromise)
_AT_ONCE: Final = 1000


class StolenKeys:
    """Those that one ledger knows, read once and kept for the life of the process, then what came since."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._known: dict[bytes, tuple[str, bytes]] = {}
        self._read: dict[str, int] = {}

    def require_not_stolen(self, public_key_info: bytes) -> None:
        """Return unless a certificate of that key is revoked for a compromise, by the ledger as it was last read.

        Raises:
            Refused: one is.
        """
        if found := self._known.get(_digest(public_key_info)):
            issuer, serial = found
            raise Refused(
                f"its key is compromised: certificate {serials.to_hex(serial)} of {issuer} is revoked for that",
                where=WHERE,
                advice="have another key made, and another request",
            )

    def read_on(self, connection: Connection) -> None:
        """Learn what was revoked since it was read last: in the transaction in which keys are held against it."""
        with self._turn:
            for issuer in connection.execute(select(issuers.c.id, issuers.c.name, issuers.c.revision)).all():
                if issuer.revision > self._read.get(issuer.id, -1):
                    self._learn(connection, issuer.id, issuer.name)
                    self._read[issuer.id] = issuer.revision

    def _learn(self, connection: Connection, issuer: str, name: str) -> None:
        same = and_(certificates.c.issuer == facts.c.issuer, certificates.c.serial == facts.c.serial)
        query = (
            select(facts.c.serial, certificates.c.der)
            .join(certificates, same)
            .where(facts.c.issuer == issuer, facts.c.revision > self._read.get(issuer, -1))
            .where(facts.c.kind == REVOKED, facts.c.reason.in_(_STOLEN), certificates.c.der.is_not(None))
        )
        with connection.execute(query.execution_options(yield_per=_AT_ONCE)) as rows:
            for row in rows:
                if (digest := _digest_of_certificate(row.der)) is not None:
                    self._known[digest] = name, row.serial


def _digest_of_certificate(data: bytes) -> bytes | None:
    """None of one whose key nobody could certify: it is of no kind that is known here."""
    try:
        with any_serial():
            key = x509.load_der_x509_certificate(data).public_key()
        return _digest(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    except (ValueError, UnsupportedAlgorithm):
        return None


def _digest(public_key_info: bytes) -> bytes:
    return hashlib.sha256(key_value(public_key_info)).digest()
