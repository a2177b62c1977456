"""What was issued for whom, and what is still to be signed: decided first, then signed, then handed out.

A serial is assigned when it is decided. What is never signed, since its key was lost meanwhile, stays assigned: it is
answered `good`, which says no more than that it is not revoked, and nobody has a certificate with it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Select, Table, bindparam, delete, func, insert, select, union_all, update

from revocation.clock import epoch, from_epoch
from revocation.errors import Refused
from revocation.messages import Message, Reply
from signer.keys.purpose import Purpose
from signer.ledger.schema import (
    certificate_names,
    certificates,
    issuances,
    issuers,
    responder_certificates,
    unsigned_certificates,
)

_HOUR: Final = timedelta(hours=1)


def _taken_in(table: Table) -> Select[Any]:
    """By issuer, so that the primary key finds it."""
    known = table.c.issuer.in_(select(issuers.c.id))
    return select(table.c.serial).where(known, table.c.serial == bindparam("the_serial"))


_TAKEN: Final = union_all(_taken_in(certificates), _taken_in(responder_certificates))


@dataclass(frozen=True)
class Issuance:
    """One that was decided.

    Attributes:
        issuer: its id.
        asked_by: whom the requester asks for, as it says.
        subject: as text of RFC 4514.
    """

    message: str
    issuer: str
    serial: bytes
    requester: str
    asked_by: str | None
    profile: str
    subject: str
    not_before: datetime
    at: datetime


@dataclass(frozen=True)
class Unsigned:
    """What is to be signed.

    Attributes:
        tbs: the TBSCertificate.
        reply: what is said once it is signed, without the certificate.
    """

    issuer: str
    serial: bytes
    purpose: Purpose
    tbs: bytes
    reply: Reply


def add(connection: Connection, issuance: Issuance, names: Iterable[str]) -> None:
    """Record one whose certificate is registered, in the transaction that decides it."""
    values = {name: getattr(issuance, name) for name in issuance.__dataclass_fields__}
    times = {"not_before": epoch(issuance.not_before), "at": epoch(issuance.at)}
    connection.execute(insert(issuances).values(values | times))
    which = {"issuer": issuance.issuer, "serial": issuance.serial}
    if rows := [{"name": name, **which} for name in names]:
        connection.execute(insert(certificate_names), rows)


def is_taken(connection: Connection, serial: bytes) -> bool:
    """Whether any issuer of this ledger has assigned a serial: so it is unique for each name, whoever has that name."""
    return connection.execute(_TAKEN, {"the_serial": serial}).first() is not None


def of_last_hour(connection: Connection, requester: str, now: datetime) -> int:
    """How many certificates a requester had issued."""
    query = select(func.count()).where(issuances.c.requester == requester, issuances.c.at > epoch(now - _HOUR))
    return int(connection.execute(query).scalar_one())


def free_at(connection: Connection, requester: str, now: datetime, most: int) -> datetime:
    """From when on it has fewer than so many within the hour."""
    latest = (
        select(issuances.c.at)
        .where(issuances.c.requester == requester, issuances.c.at > epoch(now - _HOUR))
        .order_by(issuances.c.at.desc())
        .offset(most - 1)
        .limit(1)
    )
    return from_epoch(connection.execute(latest).scalar_one()) + _HOUR


def put_unsigned(connection: Connection, message: Message, unsigned: Unsigned) -> None:
    """Keep what is to be signed, in the transaction that decides it."""
    connection.execute(
        insert(unsigned_certificates).values(
            message=message.id,
            digest=message.content_digest(),
            issuer=unsigned.issuer,
            serial=unsigned.serial,
            purpose=unsigned.purpose,
            tbs=unsigned.tbs,
            reply=unsigned.reply.model_dump_json(),
        )
    )


def unsigned_of(connection: Connection, message: Message) -> Unsigned | None:
    """What was decided for a message and not handed out yet.

    Raises:
        Refused: the id was used for another message.
    """
    table = unsigned_certificates
    row = connection.execute(select(table).where(table.c.message == message.id)).one_or_none()
    if row is None:
        return None
    if row.digest != message.content_digest():
        raise Refused("this id was used for another message", where=f"message {message.id}", advice="take a new id")
    return Unsigned(row.issuer, row.serial, Purpose(row.purpose), row.tbs, Reply.model_validate_json(row.reply))


def put_certificate(connection: Connection, message: str, unsigned: Unsigned, der: bytes) -> bytes:
    """Store what was signed; the certificate that counts: where two signed the same, that of the first."""
    which = (certificates.c.issuer == unsigned.issuer, certificates.c.serial == unsigned.serial)
    stored = update(certificates).where(*which, certificates.c.der.is_(None)).values(der=der)
    if not connection.execute(stored).rowcount:
        return certificate_of(connection, unsigned.issuer, unsigned.serial)
    connection.execute(delete(unsigned_certificates).where(unsigned_certificates.c.message == message))
    return der


def certificate_of(connection: Connection, issuer: str, serial: bytes) -> bytes:
    """The DER of a certificate that was handed out.

    Raises:
        LookupError: the ledger does not have it.
    """
    which = (certificates.c.issuer == issuer, certificates.c.serial == serial)
    found = connection.execute(select(certificates.c.der).where(*which)).scalar()
    if found is None:
        raise LookupError(f"{serial.hex()} of {issuer} is not signed")
    return bytes(found)
