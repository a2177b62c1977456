"""How certificates stand by the latest fact of each, and whose message that was: to hold a CRL against."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, select

from revocation.clock import from_epoch
from revocation.issuer import Issuer
from revocation.status import Reason
from signer.ledger.facts import REVOKED, status_of_certificate
from signer.ledger.groups import Group
from signer.ledger.schema import certificates, facts


@dataclass(frozen=True)
class Standing:
    """A certificate about which there is a fact.

    Attributes:
        revoked_at: None where it was released.
        group: in which its entry belongs, or did.
        message: the id of the message that says so.
    """

    serial: bytes
    not_after: datetime | None
    revoked_at: datetime | None
    group: Group
    message: str
    requester: str
    recorded_at: datetime


_CERTIFICATE: Final = (certificates.c.serial, certificates.c.not_after, certificates.c.is_ca, certificates.c.shard)
_FACT: Final = (
    facts.c.kind,
    facts.c.revoked_at,
    facts.c.reason,
    facts.c.message,
    facts.c.requester,
    facts.c.recorded_at,
)


def message_of(connection: Connection, issuer: Issuer, serial: bytes) -> str | None:
    """The id of the message of the latest fact about a certificate; None where there is none."""
    mine = (certificates.c.issuer == issuer.id, certificates.c.serial == serial)
    found = connection.execute(select(facts.c.message).join(certificates, status_of_certificate()).where(*mine))
    return found.scalar()


def standing(connection: Connection, issuer: Issuer, until: int) -> Iterator[Standing]:
    """Those whose latest fact is of that revision or an earlier one."""
    query = (
        select(*_CERTIFICATE, *_FACT)
        .join(facts, status_of_certificate())
        .where(certificates.c.issuer == issuer.id, facts.c.revision <= until)
        .order_by(facts.c.revision)
    )
    for row in connection.execute(query):
        reason = row.reason if row.kind == REVOKED else int(Reason.certificateHold)  # only a hold ends
        yield Standing(
            serial=row.serial,
            not_after=from_epoch(row.not_after) if row.not_after is not None else None,
            revoked_at=from_epoch(row.revoked_at) if row.kind == REVOKED else None,
            group=Group(row.is_ca, row.shard or 0, reason),
            message=row.message,
            requester=row.requester,
            recorded_at=from_epoch(row.recorded_at),
        )
