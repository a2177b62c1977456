"""Certificates by the names that they were issued for; of what was imported, where the certificate itself is here."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, insert, or_, select

from revocation.issuer import Issuer
from revocation.status import Reason
from signer.importers.names import names_in
from signer.ledger.facts import REVOKED, not_expired, status_of_certificate
from signer.ledger.schema import certificate_names, certificates, facts

_IS_FINAL: Final = and_(facts.c.kind == REVOKED, facts.c.reason != int(Reason.certificateHold))


def learn(connection: Connection, issuer: str, certificates_: Mapping[bytes, bytes]) -> None:
    """Record the names of certificates that come from elsewhere; those that are there already stay.

    Args:
        issuer: its id.
        certificates_: DER by serial.
    """
    rows = [
        {"name": name, "issuer": issuer, "serial": serial}
        for serial, der in certificates_.items()
        for name in names_in(der)
    ]
    if not rows:
        return
    its = (certificate_names.c.issuer == issuer, certificate_names.c.serial.in_([row["serial"] for row in rows]))
    there = {(row.name, row.serial) for row in connection.execute(select(certificate_names).where(*its))}
    if new := [row for row in rows if (row["name"], row["serial"]) not in there]:
        connection.execute(insert(certificate_names), new)


def live_with(connection: Connection, issuer: Issuer, name: str, now: datetime, most: int) -> Sequence[bytes]:
    """The serials of an issuer's certificates with a name that can still be revoked: not expired, nor revoked for good.

    Args:
        most: how many at most.
    """
    return _with(connection, issuer, name, now, most, or_(facts.c.kind.is_(None), ~_IS_FINAL))


def revoked_with(connection: Connection, issuer: Issuer, name: str, now: datetime, most: int) -> Sequence[bytes]:
    """The serials of those that are not expired, and revoked for good."""
    return _with(connection, issuer, name, now, most, _IS_FINAL)


def _with(
    connection: Connection, issuer: Issuer, name: str, now: datetime, most: int, stands: ColumnElement[bool]
) -> Sequence[bytes]:
    same = and_(
        certificates.c.issuer == certificate_names.c.issuer, certificates.c.serial == certificate_names.c.serial
    )
    query = (
        select(certificates.c.serial)
        .join(certificate_names, same)
        .join(facts, status_of_certificate(), isouter=True)
        .where(certificate_names.c.name == name, certificate_names.c.issuer == issuer.id, not_expired(now))
        .where(stands)
        .order_by(certificates.c.revision)
        .limit(most)
    )
    return [bytes(row.serial) for row in connection.execute(query)]
