"""The certificates of delegated responders: every one that was made, and which still has its key.

A row is there before its key is, and so before its certificate: no key file is ever without a row that names it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, desc, insert, select, update

from revocation.clock import epoch, from_epoch
from revocation.issuer import Issuer
from signer.ledger.schema import responder_certificates


@dataclass(frozen=True)
class ResponderCertificate:
    """A delegated responder certificate whose key is still there.

    Attributes:
        der: empty until it is signed, and from when on it was taken back: then its key is destroyed at the next look.
    """

    id: int
    issuer: str
    serial: bytes
    der: bytes
    key: str
    not_before: datetime
    not_after: datetime


def add(connection: Connection, issuer: Issuer, *, serial: bytes, key: str, window: tuple[datetime, datetime]) -> None:
    """Record one that is going to be made, before its key is."""
    connection.execute(
        insert(responder_certificates).values(
            issuer=issuer.id,
            serial=serial,
            der=b"",
            key=key,
            not_before=epoch(window[0]),
            not_after=epoch(window[1]),
        )
    )


def set_certificate(connection: Connection, issuer: Issuer, serial: bytes, der: bytes) -> None:
    """Record that it is signed; its key must be durable."""
    mine = (responder_certificates.c.issuer == issuer.id, responder_certificates.c.serial == serial)
    connection.execute(update(responder_certificates).where(*mine).values(der=der))


def with_key(connection: Connection, issuer: Issuer) -> list[ResponderCertificate]:
    """Those of an issuer that are signed and whose key was not destroyed, the one that lives longest first."""
    return [responder for responder in all_with_key(connection) if responder.issuer == issuer.id and responder.der]


def begun_later(connection: Connection, issuer: Issuer, than: datetime) -> list[ResponderCertificate]:
    """Those of an issuer that are signed, whose key was not destroyed, and that nobody can rely on yet."""
    return [responder for responder in with_key(connection, issuer) if responder.not_before > than]


def take_back(connection: Connection, responder: ResponderCertificate) -> None:
    """From here on it counts as one that was never signed: nothing is signed with its key, which is destroyed."""
    mine = responder_certificates.c.id == responder.id
    connection.execute(update(responder_certificates).where(mine).values(der=b""))


def all_with_key(connection: Connection) -> list[ResponderCertificate]:
    """Those of every issuer whose key was not destroyed, or not even made, the one that lives longest first."""
    query = (
        select(responder_certificates)
        .where(responder_certificates.c.key_destroyed_at.is_(None))
        .order_by(desc(responder_certificates.c.not_after), desc(responder_certificates.c.id))
    )
    return [_responder(row) for row in connection.execute(query)]


def names(connection: Connection) -> set[str]:
    """Of every key that there ever was."""
    return set(connection.execute(select(responder_certificates.c.key)).scalars())


def mark_destroyed(connection: Connection, responder: ResponderCertificate, now: datetime) -> None:
    """Record that a key is gone."""
    connection.execute(
        update(responder_certificates)
        .where(responder_certificates.c.id == responder.id)
        .values(key_destroyed_at=epoch(now))
    )


def _responder(row: Row[Any]) -> ResponderCertificate:
    window = (from_epoch(row.not_before), from_epoch(row.not_after))
    return ResponderCertificate(row.id, row.issuer, row.serial, row.der, row.key, *window)
