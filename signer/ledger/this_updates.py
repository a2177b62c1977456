"""thisUpdate of what was signed last of a part: that of the next one is later, by whole seconds."""

from datetime import datetime

from sqlalchemy import Connection, func, or_, select

from revocation.clock import epoch, from_epoch
from revocation.part import Part
from signer.ledger import early
from signer.ledger.crl_numbers import numbered_with
from signer.ledger.early import ONE_SECOND
from signer.ledger.schema import issued


def latest(connection: Connection, part: Part, now: datetime) -> datetime | None:
    """thisUpdate of the newest bundle of a part, reserved ones included: the next must be later.

    Those of a series count once they have begun.

    A complete CRL and its delta never have the same: issued at one time they would need one number (RFC 5280, 5.2.3).
    """
    mine = (issued.c.issuer == part.issuer, issued.c.kind == str(part.kind), issued.c.part.in_(numbered_with(part)))
    counts = (issued.c.discarded_at.is_(None), or_(issued.c.ahead_of.is_(None), issued.c.this_update <= epoch(now)))
    found = connection.execute(select(func.max(issued.c.this_update)).where(*mine, *counts)).scalar()
    return from_epoch(found) if found is not None else None


def latest_before(connection: Connection, part: Part, now: datetime) -> datetime | None:
    """thisUpdate of the newest bundle of a part that is earlier than now: what was taken back may be published too."""
    mine = (issued.c.issuer == part.issuer, issued.c.kind == str(part.kind), issued.c.part.in_(numbered_with(part)))
    query = select(func.max(issued.c.this_update)).where(*mine, issued.c.this_update < epoch(now))
    found = connection.execute(query).scalar()
    return from_epoch(found) if found is not None else None


def require_later(connection: Connection, part: Part, now: datetime) -> None:
    """Return if the part was not signed for that time or a later one already: thisUpdate rises by whole seconds.

    Raises:
        TooEarly: it was.
    """
    found = latest(connection, part, now)
    early.require(now, found + ONE_SECOND if found else None)
