"""What was signed and taken back before it was published: it counts no longer, but for its number."""

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import Connection, select, update

from revocation.artifacts import Kind
from revocation.clock import epoch, from_epoch
from revocation.published import CRLRow
from signer.ledger.issued import Issued
from signer.ledger.schema import issued


def mark(connection: Connection, rows: Iterable[Issued], now: datetime) -> None:
    """Take back what was never published: it counts no longer, except that its number is not used again."""
    for row in rows:
        own = issued.c.sequence == row.sequence
        connection.execute(update(issued).where(own).values(discarded_at=epoch(now)))


def is_all_later(connection: Connection, issuers: Collection[str], now: datetime) -> bool:
    """Whether these issuers signed something for later than now, and all of that was taken back."""
    later = (issued.c.issuer.in_(issuers), issued.c.this_update > epoch(now), issued.c.ahead_of.is_(None))
    discarded = list(connection.execute(select(issued.c.discarded_at.is_not(None)).where(*later)).scalars())
    return bool(discarded) and all(discarded)


def any_after(connection: Connection, row: Issued) -> bool:
    """Whether something of the same part that was signed after it was taken back."""
    part = row.part
    mine = (issued.c.issuer == part.issuer, issued.c.kind == str(part.kind), issued.c.part == part.label)
    later = (issued.c.sequence > row.sequence, issued.c.discarded_at.is_not(None))
    return connection.execute(select(issued.c.sequence).where(*mine, *later).limit(1)).one_or_none() is not None


def of_row(connection: Connection, row: CRLRow) -> datetime | None:
    """thisUpdate of the CRL that a row speaks of, where that is one of this ledger and was taken back."""
    mine = (issued.c.issuer == row.issuer, issued.c.kind == str(Kind.CRL), issued.c.part == row.label)
    which = (*mine, issued.c.crl_number == str(row.number), issued.c.sha256 == row.sha256)
    query = select(issued.c.this_update).where(*which, issued.c.discarded_at.is_not(None))
    found = connection.execute(query).scalar()
    return from_epoch(found) if found is not None else None
