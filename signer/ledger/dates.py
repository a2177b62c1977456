"""The latest date since which something is revoked: nothing that says so can be signed for an earlier time."""

from datetime import datetime
from typing import Final

from sqlalchemy import BindParameter, Connection, bindparam, func, select, update

from revocation.clock import epoch, from_epoch
from revocation.issuer import Issuer
from signer.ledger import early
from signer.ledger.schema import certificates, facts, issuers

_DATE: Final[BindParameter[int]] = bindparam("date")
_LATER: Final = (
    update(issuers).where(issuers.c.id == bindparam("the_issuer"), issuers.c.dated < _DATE).values(dated=_DATE)
)
"""Built once: a burst of revocations executes it thousands of times."""


def note(connection: Connection, issuer: Issuer, revoked_at: datetime) -> None:
    """Something is revoked since then."""
    connection.execute(_LATER, {"the_issuer": issuer.id, "date": epoch(revoked_at)})


def latest(connection: Connection, issuer: Issuer) -> datetime:
    """The latest date; 1970 where nothing is revoked."""
    return from_epoch(connection.execute(select(issuers.c.dated).where(issuers.c.id == issuer.id)).scalar() or 0)


def require_passed(connection: Connection, issuer: Issuer, now: datetime) -> None:
    """Return if nothing is said to be revoked later than `now`, the time of what is to be signed.

    Raises:
        TooEarly: something is; a clock was put back since.
    """
    early.require(now, latest(connection, issuer))


def revoked_after(connection: Connection, issuer: Issuer, now: datetime) -> list[bytes]:
    """The serials of what is revoked since a time that has not come."""
    current = (certificates.c.issuer == facts.c.issuer, certificates.c.status_revision == facts.c.revision)
    query = select(facts.c.serial).where(facts.c.issuer == issuer.id, facts.c.revoked_at > epoch(now), *current)
    return list(connection.execute(query.order_by(facts.c.revision)).scalars())


def count_again(connection: Connection, issuer: Issuer) -> None:
    """What is the latest date follows from the facts that hold now: one that was corrected counts no longer."""
    current = (certificates.c.issuer == facts.c.issuer, certificates.c.status_revision == facts.c.revision)
    found = select(func.max(facts.c.revoked_at)).where(facts.c.issuer == issuer.id, *current)
    dated = connection.execute(found).scalar() or 0
    connection.execute(update(issuers).where(issuers.c.id == issuer.id).values(dated=dated))
