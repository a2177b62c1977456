"""Keys of which a certificate is revoked: a stolen one gets no other certificate, and of any other it is told.

Whoever has a stolen key could use the new certificate as its owner does; that the old one is revoked would help nobody.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, or_, select

from revocation import serials
from revocation.clock import from_epoch, iso
from revocation.errors import Refused
from revocation.status import Reason
from signer.auditing.log import entries
from signer.importers.certificate import serial_of
from signer.issuers.brought import parent_here
from signer.issuers.keyvalue import key_value
from signer.issuers.order import Order
from signer.ledger.certified import SIGNED
from signer.ledger.facts import REVOKED, status_of_certificate
from signer.ledger.schema import audit, certificates, facts, issuers
from signer.signer import Signer

_STOLEN: Final = (Reason.keyCompromise, Reason.cACompromise)
_AT_ONCE: Final = 1000


@dataclass(frozen=True)
class RevokedCertificate:
    """That a certificate of a key is revoked, and why."""

    serial: str
    issuer: str
    since: str
    reason: Reason

    def __str__(self) -> str:
        return f"its certificate {self.serial} of {self.issuer} is revoked since {self.since} ({self.reason.name})"


def require_trusted(connection: Connection, signer: Signer, order: Order) -> list[RevokedCertificate]:
    """The revoked certificates of the key that is to be certified, if neither it nor that of its issuer was stolen.

    Raises:
        Refused: the ledger has a certificate of one of them that is revoked for a compromise.
    """
    found = []
    for ca in dict.fromkeys((order.certifier, order.ca)):
        found = list(_revoked(connection, signer, ca.public_key_info))
        for one in found:
            if one.reason in _STOLEN:
                raise Refused(
                    f"its key is compromised: {one}",
                    where=f"issuer {ca.name}",
                    advice="make another key, and a CA under another name that takes its place: docs/custody.md",
                )
    return found


def _revoked(connection: Connection, signer: Signer, public_key_info: bytes) -> Iterator[RevokedCertificate]:
    """Those that the ledger has: known by their octets, by the audit log, or by the files of the configuration.

    What counts is the key, however it is encoded: a point may be compressed, and RSA have one of two identifiers.
    """
    value = key_value(public_key_info)
    named = {*_recorded(connection, public_key_info), *_configured(signer, value)}
    serials_ = [serial for _, serial in named]
    wanted = or_(certificates.c.is_ca, facts.c.reason.in_(_STOLEN), certificates.c.serial.in_(serials_))
    columns = (certificates.c.issuer, certificates.c.serial, certificates.c.der, facts.c.revoked_at, facts.c.reason)
    query = (
        select(*columns, issuers.c.name)
        .join(facts, status_of_certificate())
        .join(issuers, issuers.c.id == certificates.c.issuer)
        .where(facts.c.kind == REVOKED, wanted)
    )
    with connection.execute(query.execution_options(yield_per=_AT_ONCE)) as rows:
        for row in rows:
            if (row.issuer, row.serial) in named or value in (row.der or b""):
                since = iso(from_epoch(row.revoked_at))
                yield RevokedCertificate(serials.to_hex(row.serial), row.name, since, Reason(row.reason))


def _recorded(connection: Connection, public_key_info: bytes) -> Iterator[tuple[str | None, bytes]]:
    """Issuer and serial of the certificates of a key that were made here."""
    wanted = hashlib.sha256(public_key_info).hexdigest()
    with closing(entries(connection, audit.c.action == SIGNED, audit.c.detail.contains(wanted))) as found:
        for entry in found:
            detail = json.loads(entry.detail)
            if detail.get("subject_key") == wanted:
                yield entry.issuer, serials.from_hex(detail["serial"])


def _configured(signer: Signer, value: bytes) -> Iterator[tuple[str | None, bytes]]:
    """Those in the files of the configuration whose issuer is one of it."""
    for profile in signer.public.profiles.values():
        if key_value(profile.issuer.public_key_info) != value:
            continue
        for one in profile.issuer.certificates:
            parent = parent_here(signer.public, one)
            yield (parent.issuer if parent else profile.issuer).id, serial_of(one)
