"""What a bundle covers that the one before it of the same part did not: since which revision, and by which messages."""

from sqlalchemy import Connection, desc, func, select

from signer.ledger.issued import Issued
from signer.ledger.schema import certificates, facts, issued


def revision_before(connection: Connection, row: Issued) -> int:
    """What stored bundles of the same part covered before that one; 0 where it is the first."""
    part = (issued.c.issuer == row.part.issuer, issued.c.kind == str(row.part.kind), issued.c.part == row.part.label)
    earlier = (issued.c.sequence < row.sequence, issued.c.size.is_not(None))
    query = select(func.max(issued.c.revision)).where(*part, *earlier)
    return int(connection.execute(query).scalar() or 0)


def messages_between(
    connection: Connection, issuer: str, after: int, upto: int, hashes: range | None, most: int
) -> list[str]:
    """The ids of the messages that changed statuses in these revisions, the latest first.

    Args:
        after: the revision behind which they begin.
        upto: the last one of them.
        hashes: of the slice whose certificates they are to be about; None for all of the issuer's.
    """
    latest = func.max(facts.c.revision)
    query = select(facts.c.message).where(facts.c.issuer == issuer, facts.c.revision.between(after + 1, upto))
    if hashes is not None:
        same = (certificates.c.issuer == facts.c.issuer, certificates.c.serial == facts.c.serial)
        query = query.where(*same, certificates.c.slice_hash.between(hashes.start, hashes.stop - 1))
    return list(connection.execute(query.group_by(facts.c.message).order_by(desc(latest)).limit(most)).scalars())
