"""Certificates that were issued, as the registrar knows them: whose they are, and what replaces them."""

from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, and_, bindparam, insert, select, update

from registrar.database.rows import Certificate
from registrar.database.schema import certificates

_ADD: Final = insert(certificates)
_BY_ID: Final = select(certificates).where(
    certificates.c.issuer == bindparam("whose"), certificates.c.id == bindparam("this")
)


def _certificate(row: Row[Any] | None) -> Certificate | None:
    return Certificate(**row._mapping) if row else None


def add(connection: Connection, certificate: Certificate) -> None:
    """Write a new one."""
    connection.execute(_ADD, asdict(certificate))


def by_id(connection: Connection, issuer: str, id_: str) -> Certificate | None:
    """The certificate of that id, which is its order's."""
    return _certificate(connection.execute(_BY_ID, {"whose": issuer, "this": id_}).one_or_none())


def by_serial(connection: Connection, issuer: str, ca: str, serial: str) -> Certificate | None:
    """The certificate of that serial of that CA."""
    return _one(connection, issuer, and_(certificates.c.ca == ca, certificates.c.serial == serial))


def by_certid(connection: Connection, issuer: str, certid: str) -> Certificate | None:
    """The certificate that has this CertID of RFC 9773."""
    return _one(connection, issuer, certificates.c.certid == certid)


def _one(connection: Connection, issuer: str, which: ColumnElement[bool]) -> Certificate | None:
    query = select(certificates).where(certificates.c.issuer == issuer, which)
    return _certificate(connection.execute(query).one_or_none())


def record_revoked(connection: Connection, issuer: str, ca: str, serial: str, now: datetime) -> None:
    """Note that it is revoked, since when it was first noted."""
    mine = and_(certificates.c.issuer == issuer, certificates.c.ca == ca, certificates.c.serial == serial)
    connection.execute(update(certificates).where(mine, certificates.c.revoked_at.is_(None)).values(revoked_at=now))


def mark_replaced(connection: Connection, certificate: Certificate, order_id: str) -> bool:
    """Note which order is to replace it; false where that changed meanwhile."""
    row = certificates.c
    same = and_(row.id == certificate.id, row.issuer == certificate.issuer)
    before = row.replaced_by == certificate.replaced_by if certificate.replaced_by else row.replaced_by.is_(None)
    return connection.execute(update(certificates).where(same, before).values(replaced_by=order_id)).rowcount == 1
