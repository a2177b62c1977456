"""The certificates of an issuer that count for something now: neither expired nor revoked."""

from datetime import datetime

from sqlalchemy import Connection, func, select

from revocation.clock import from_epoch
from revocation.issuer import Issuer
from signer.ledger.certificate_pages import State, stands
from signer.ledger.facts import status_of_certificate
from signer.ledger.schema import certificates, facts

_JOINED = certificates.join(facts, status_of_certificate(), isouter=True)


def end_entities(connection: Connection, issuer: Issuer, now: datetime) -> tuple[int, datetime | None]:
    """How many are not of CAs, and when the last of them ends; None where of none of them it is known."""
    query = select(func.count(), func.max(certificates.c.not_after)).select_from(_JOINED)
    own = certificates.c.issuer == issuer.id, certificates.c.is_ca.is_(False)
    count, last = connection.execute(query.where(*own, stands(State.GOOD, now))).one()
    return int(count), from_epoch(last) if last is not None else None


def ca_certificates(connection: Connection, issuer: Issuer, now: datetime) -> list[tuple[bytes, bytes | None]]:
    """Serial and DER, where that is known, of those of CAs."""
    query = select(certificates.c.serial, certificates.c.der).select_from(_JOINED).order_by(certificates.c.serial)
    own = certificates.c.issuer == issuer.id, certificates.c.is_ca.is_(True)
    rows = connection.execute(query.where(*own, stands(State.GOOD, now)))
    return [(bytes(row.serial), None if row.der is None else bytes(row.der)) for row in rows]
