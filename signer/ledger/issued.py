"""What was signed and put into the exchange: a row per bundle, its number and revision reserved before it is signed."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    case,
    desc,
    func,
    insert,
    or_,
    select,
    update,
)

from revocation.artifacts import CRLName, Kind
from revocation.bundle.manifest import bundle_name
from revocation.clock import epoch, from_epoch, iso
from revocation.departed import Chunk
from revocation.issuer import Issuer
from revocation.part import Part
from revocation.published import CRLRow
from signer.ledger import continuity
from signer.ledger.crl_numbers import next_crl_number, subject_of
from signer.ledger.schema import issued


@dataclass(frozen=True)
class Issued:
    """One bundle, reserved or (with a size) stored in the exchange."""

    sequence: int
    part: Part
    crl_number: int | None
    base_revision: int
    revision: int
    this_update: datetime
    next_update: datetime
    size: int | None
    sha256: str | None
    slices: int | None = None
    hashes: str | None = None
    departed: int = 0

    @property
    def name(self) -> str:
        """Its name in the exchange."""
        return bundle_name(self.sequence, self.part)

    @property
    def said_window(self) -> dict[str, str]:
        """thisUpdate and nextUpdate, for people."""
        return {"this_update": iso(self.this_update), "next_update": iso(self.next_update)}

    @property
    def complete(self) -> bool:
        """Whether it needs nothing before it."""
        return self.base_revision == 0


def reserve(
    connection: Connection,
    issuer: Issuer,
    part: Part,
    *,
    base_revision: int,
    revision: int,
    this_update: datetime,
    next_update: datetime,
    slices: int | None = None,
    hashes: str | None = None,
    departed: int = 0,
    ahead_of: Issued | None = None,
) -> Issued:
    """Take the next sequence, and for a CRL the next number, in the transaction that reads what it will contain.

    Args:
        ahead_of: the first of a series, of which this one is another. Their numbers follow on each other.

    Raises:
        Unreconciled: a copy took the place of the ledger: what it would contain, or its number, is not known.
    """
    continuity.require_whole(connection)
    signed_at = ahead_of.this_update if ahead_of else this_update
    number = next_crl_number(connection, issuer, part, signed_at) if part.kind is Kind.CRL else None
    values = {
        "issuer": issuer.id,
        "kind": str(part.kind),
        "part": part.label,
        "slices": slices,
        "hashes": hashes,
        "departed": departed,
        "subject": subject_of(issuer),
        "crl_number": str(number) if number is not None else None,
        "base_revision": base_revision,
        "revision": revision,
        "this_update": epoch(this_update),
        "next_update": epoch(next_update),
        "ahead_of": ahead_of.sequence if ahead_of else None,
    }
    key = connection.execute(insert(issued).values(**values)).inserted_primary_key
    sequence = int(key[0]) if key else 0
    window = (this_update, next_update)
    return Issued(sequence, part, number, base_revision, revision, *window, None, None, slices, hashes, departed)


def mark_stored(connection: Connection, row: Issued, *, size: int, sha256: str | None, count: int) -> None:
    """Note that the bundle lies in the exchange, whole."""
    connection.execute(
        update(issued).where(issued.c.sequence == row.sequence).values(size=size, sha256=sha256, count=count)
    )


def stored_since_complete(connection: Connection, part: Part) -> list[Issued]:
    """The newest complete bundle of a part and the partial ones after it, oldest first; empty when there is none."""
    mine = {"of_issuer": part.issuer, "of_kind": str(part.kind), "of_part": part.label}
    return [_issued(row) for row in connection.execute(_SINCE_COMPLETE, mine)]


def note_published(connection: Connection, row: CRLRow, now: datetime) -> None:
    """Note that a CRL of this ledger is served, as somebody says; what is not one of ours is let be."""
    mine = (issued.c.issuer == row.issuer, issued.c.kind == str(Kind.CRL), issued.c.part == row.label)
    which = (*mine, issued.c.crl_number == str(row.number), issued.c.sha256 == row.sha256)
    connection.execute(update(issued).where(*which, issued.c.published_at.is_(None)).values(published_at=epoch(now)))


def note_accepted(connection: Connection, sha256s: Collection[str], now: datetime) -> None:
    """Note that CRLs of this ledger with these digests came to where they are published."""
    mine = (issued.c.kind == str(Kind.CRL), issued.c.sha256.in_(sha256s), issued.c.published_at.is_(None))
    connection.execute(update(issued).where(*mine).values(published_at=epoch(now)))


def last_published(connection: Connection, part: Part) -> Issued | None:
    """The newest CRL of a part that was seen published."""
    query = _of_part(part).where(issued.c.published_at.is_not(None)).order_by(desc(issued.c.sequence)).limit(1)
    row = connection.execute(query).one_or_none()
    return _issued(row) if row is not None else None


def last_stored(connection: Connection, part: Part) -> Issued | None:
    """The newest of a part that came into the exchange, whatever became of it there."""
    query = _of_part(part).where(issued.c.size.is_not(None)).order_by(desc(issued.c.sequence)).limit(1)
    row = connection.execute(query).one_or_none()
    return _issued(row) if row is not None else None


def oldest_valid_published(connection: Connection, part: Part, form: str, now: datetime) -> Issued | None:
    """The oldest CRL of a part and a form that was seen published and that relying parties may still rely on."""
    valid = (issued.c.published_at.is_not(None), issued.c.next_update > epoch(now), issued.c.hashes == form)
    row = connection.execute(_of_part(part).where(*valid).order_by(issued.c.sequence).limit(1)).one_or_none()
    return _issued(row) if row is not None else None


def of_row(connection: Connection, row: CRLRow) -> Issued | None:
    """The CRL of this ledger that a row speaks of."""
    part = Part(issuer=row.issuer, kind=Kind.CRL, label=row.label)
    which = (issued.c.crl_number == str(row.number), issued.c.sha256 == row.sha256)
    found = connection.execute(_of_part(part).where(*which)).one_or_none()
    return _issued(found) if found is not None else None


def stored_departed(connection: Connection, issuer: Issuer, since: Chunk) -> list[Issued]:
    """The newest stored bundle of each chunk of departures, from that chunk on."""
    mine = (issued.c.issuer == issuer.id, issued.c.kind == str(Kind.DEPARTED), issued.c.size.is_not(None))
    newest = select(func.max(issued.c.sequence)).where(*mine, issued.c.part >= str(since)).group_by(issued.c.part)
    rows = connection.execute(select(issued).where(issued.c.sequence.in_(newest)).order_by(issued.c.sequence))
    return [_issued(row) for row in rows]


def later_than(connection: Connection, issuer: Issuer, moment: datetime) -> Iterator[Issued]:
    """All that was signed for an issuer with a later thisUpdate, newest first, but what was taken back.

    A series that was begun before is meant to go on after that time.
    """
    later = (issued.c.this_update > epoch(moment), issued.c.discarded_at.is_(None))
    mine = (issued.c.issuer == issuer.id, *later, issued.c.kind != str(Kind.DEPARTED))
    first = select(issued.c.sequence).where(issued.c.issuer == issuer.id, *later)
    meant = or_(issued.c.ahead_of.is_(None), issued.c.ahead_of.in_(first))
    for row in connection.execute(select(issued).where(*mine, meant).order_by(desc(issued.c.sequence))):
        yield _issued(row)


def last_sequence(connection: Connection) -> int:
    """The sequence of the newest bundle that was reserved; 0 when there is none."""
    return int(connection.execute(select(func.max(issued.c.sequence))).scalar() or 0)


def ends_of_crls(connection: Connection, issuer: Issuer, but: Collection[str] = ()) -> dict[CRLName, datetime | None]:
    """Each CRL that was ever made or begun, and the last nextUpdate of those that were not taken back.

    Args:
        but: forms of CRLs whose nextUpdate does not count.
    """
    counts = and_(issued.c.discarded_at.is_(None), func.coalesce(issued.c.hashes, "").not_in(but))
    end = func.max(case((counts, issued.c.next_update)))
    mine = (issued.c.issuer == issuer.id, issued.c.kind == str(Kind.CRL))
    rows = connection.execute(select(issued.c.part, end).where(*mine).group_by(issued.c.part))
    return {CRLName.parse(part): from_epoch(last) if last is not None else None for part, last in rows}


def complete_names(connection: Connection, names: Sequence[str]) -> set[str]:
    """Those of the names in an exchange that are complete bundles of this ledger, and stored; of a series the first."""
    by_sequence = {int(name.partition("-")[0]): name for name in names}
    query = select(issued.c.sequence, issued.c.issuer, issued.c.kind, issued.c.part).where(
        *(issued.c.base_revision == 0, issued.c.size.is_not(None), issued.c.discarded_at.is_(None)),
        *(issued.c.ahead_of.is_(None), issued.c.sequence.in_(by_sequence)),
    )
    rows = connection.execute(query)
    found = {f"{row.sequence:012d}-{row.issuer}-{row.kind}-{row.part}.tar" for row in rows}
    return found & set(names)


def signed_ahead(connection: Connection, first: Issued) -> list[Issued]:
    """The others of the series that a CRL begins, reserved ones included, in the order of their numbers."""
    mine = (issued.c.ahead_of == first.sequence, issued.c.issuer == first.part.issuer)
    return [_issued(row) for row in connection.execute(select(issued).where(*mine).order_by(issued.c.sequence))]


def _of_part(part: Part) -> Select[Any]:
    """What was made of a part, but what was taken back, and those of a series behind the first."""
    mine = (issued.c.issuer == part.issuer, issued.c.kind == str(part.kind), issued.c.part == part.label)
    return select(issued).where(*mine, issued.c.discarded_at.is_(None), issued.c.ahead_of.is_(None))


def _issued(row: Row[Any]) -> Issued:
    part = Part(issuer=row.issuer, kind=Kind(row.kind), label=row.part)
    number = int(row.crl_number) if row.crl_number is not None else None
    times = (from_epoch(row.this_update), from_epoch(row.next_update))
    revisions = (row.base_revision, row.revision)
    made = (row.size, row.sha256, row.slices, row.hashes, row.departed or 0)
    return Issued(row.sequence, part, number, *revisions, *times, *made)


def _stored(table: Any) -> tuple[ColumnElement[bool], ...]:
    """What lies in the exchange of a part that is named when it is asked, as `_of_part` has it."""
    which = (table.c.issuer == bindparam("of_issuer"), table.c.kind == bindparam("of_kind"))
    mine = (*which, table.c.part == bindparam("of_part"), table.c.size.is_not(None))
    return (*mine, table.c.discarded_at.is_(None), table.c.ahead_of.is_(None))


_COMPLETE: Final = issued.alias()
_NEWEST_COMPLETE: Final = select(func.max(_COMPLETE.c.sequence)).where(
    *_stored(_COMPLETE), _COMPLETE.c.base_revision == 0
)
_SINCE_COMPLETE: Final = (
    select(issued)
    .where(*_stored(issued), issued.c.sequence >= _NEWEST_COMPLETE.scalar_subquery())
    .order_by(issued.c.sequence)
)
"""Built once: it is asked for each slice at each look, and to build it takes longer than to answer it."""
