"""Certificates that were issued, as the registrar knows them: whose they are, and what replaces them."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

from sqlalchemy import ColumnElement, Connection, Row, and_, bindparam, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from registrar.database.rows import Certificate
from registrar.database.schema import certificate_names, certificates

_ADD: Final = insert(certificates)
_ADD_NAMES: Final = insert(certificate_names)
_NEXT_CA: Final = select(func.min(certificates.c.ca)).where(
    certificates.c.issuer == bindparam("whose"), certificates.c.ca > bindparam("behind")
)
_BY_ID: Final = select(certificates).where(
    certificates.c.issuer == bindparam("whose"), certificates.c.id == bindparam("this")
)


def _certificate(row: Row[Any] | None) -> Certificate | None:
    return Certificate(**row._mapping) if row else None


def add(connection: Connection, certificate: Certificate) -> None:
    """Write a new one, and what it is found by."""
    connection.execute(_ADD, asdict(certificate))
    named = [
        {"issuer": certificate.issuer, "name": name, "certificate": certificate.id} for name in set(certificate.names)
    ]
    if named:
        connection.execute(_ADD_NAMES, named)


def by_id(connection: Connection, issuer: str, id_: str) -> Certificate | None:
    """The certificate of that id, which is its order's."""
    return _certificate(connection.execute(_BY_ID, {"whose": issuer, "this": id_}).one_or_none())


def by_serial(connection: Connection, issuer: str, ca: str, serial: str) -> Certificate | None:
    """The certificate of that serial of that CA."""
    return _one(connection, issuer, and_(certificates.c.ca == ca, certificates.c.serial == serial))


def of_serial(connection: Connection, issuer: str, serial: str) -> list[Certificate]:
    """The certificates of that serial, one at most of each CA that the issuer is or was: the newest first."""
    row = certificates.c
    query = select(certificates).where(row.issuer == issuer, row.ca.in_(_cas(connection, issuer)), row.serial == serial)
    query = query.order_by(row.not_before.desc(), row.id)
    return [Certificate(**found._mapping) for found in connection.execute(query)]


def _cas(connection: Connection, issuer: str) -> list[str]:
    """The CAs that an issuer is or was, each by one look into the index: there are few, and of certificates many."""
    found, last = list[str](), ""
    while (ca := connection.execute(_NEXT_CA, {"whose": issuer, "behind": last}).scalar()) is not None:
        found.append(ca)
        last = ca
    return found


def by_der(connection: Connection, issuer: str, serial: str, der: bytes) -> Certificate | None:
    """The certificate that is this one, whichever CA of the issuer signed it."""
    return next((one for one in of_serial(connection, issuer, serial) if one.der == der), None)


def by_certid(connection: Connection, issuer: str, certid: str) -> Certificate | None:
    """The certificate that has this CertID of RFC 9773."""
    return _one(connection, issuer, certificates.c.certid == certid)


def _one(connection: Connection, issuer: str, which: ColumnElement[bool]) -> Certificate | None:
    query = select(certificates).where(certificates.c.issuer == issuer, which)
    return _certificate(connection.execute(query).one_or_none())


def mark_replaced(connection: Connection, certificate: Certificate, order_id: str) -> bool:
    """Note which order is to replace it; false where that changed meanwhile."""
    row = certificates.c
    same = and_(row.id == certificate.id, row.issuer == certificate.issuer)
    before = row.replaced_by == certificate.replaced_by if certificate.replaced_by else row.replaced_by.is_(None)
    return connection.execute(update(certificates).where(same, before).values(replaced_by=order_id)).rowcount == 1


Position: TypeAlias = tuple[datetime, str]
"""Where a page ends: `not_before` and id of its last certificate."""


@dataclass(frozen=True)
class Wanted:
    """What is searched for; None for any."""

    name: str | None = None
    state: str | None = None
    expires_before: datetime | None = None
    expires_after: datetime | None = None


def search(
    connection: Connection, issuer: str, wanted: Wanted, after: Position | None, most: int, now: datetime
) -> list[Certificate]:
    """Certificates of an issuer, the newest first, those that come after a position."""
    row = certificates.c
    query = select(certificates).where(row.issuer == issuer, *_conditions(wanted, now))
    if wanted.name is not None:
        of_name = select(certificate_names.c.certificate).where(
            certificate_names.c.issuer == issuer, certificate_names.c.name == wanted.name
        )
        query = query.where(row.id.in_(of_name))
    if after is not None:
        begin, id_ = after
        query = query.where(or_(row.not_before < begin, and_(row.not_before == begin, row.id < id_)))
    query = query.order_by(row.not_before.desc(), row.id.desc()).limit(most)
    return [Certificate(**found._mapping) for found in connection.execute(query)]


def _conditions(wanted: Wanted, now: datetime) -> Iterator[ColumnElement[bool]]:
    row = certificates.c
    if wanted.expires_before is not None:
        yield row.not_after < wanted.expires_before
    if wanted.expires_after is not None:
        yield row.not_after > wanted.expires_after
    if wanted.state == "revoked":
        yield row.revoked_at.is_not(None)
    elif wanted.state == "expired":
        yield and_(row.revoked_at.is_(None), row.not_after <= now)
    elif wanted.state is not None:
        is_held = row.held_at.is_not(None) if wanted.state == "held" else row.held_at.is_(None)
        yield and_(row.revoked_at.is_(None), row.not_after > now, is_held)


def add_new(connection: Connection, certificate: Certificate) -> bool:
    """Write one unless it is there; whether it was new."""
    known = by_serial(connection, certificate.issuer, certificate.ca, certificate.serial)
    if known is not None:
        return False
    try:
        with connection.begin_nested():
            add(connection, certificate)
    except IntegrityError:  # somebody did so meanwhile
        return False
    return True
