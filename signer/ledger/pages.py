"""The entries of CRLs, ready to be put one after the other: pages of a group each, in the order of their facts.

Pages follow from the facts and are brought up to them when somebody asks (`settle`); lost, they are made again. An
entry leaves its page when a later fact replaces it, or when its certificate has expired for long enough (`sweep`).
What left is noted as a departure.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, delete, func, insert, select, update
from sqlalchemy.sql.elements import ColumnElement

from revocation.clock import epoch
from revocation.departed import Why
from revocation.issuer import Issuer
from signer.ledger import departures
from signer.ledger.departures import Departure
from signer.ledger.facts import REVOKED, status_of_certificate
from signer.ledger.groups import Group, Selection
from signer.ledger.left import left_by
from signer.ledger.page import PAGE, Page, PagesDamaged, intact
from signer.ledger.schema import certificates, crl_paged, crl_pages, facts

_FOREVER: Final = (1 << 63) - 1
_GROUP: Final = (crl_pages.c.is_ca, crl_pages.c.shard, crl_pages.c.reason)


def settle(connection: Connection, issuer: Issuer, now: datetime) -> None:
    """Bring the pages up to the latest fact; damaged ones are made again."""
    paged = connection.execute(select(crl_paged.c.revision).where(crl_paged.c.issuer == issuer.id)).scalar()
    newest = connection.execute(select(func.max(facts.c.revision)).where(facts.c.issuer == issuer.id)).scalar()
    if newest is None or newest == paged:
        return
    try:
        if paged is not None:
            _take_out_replaced(connection, issuer, paged, now)
        _append(connection, issuer, _new_entries(connection, issuer, paged or 0))
    except PagesDamaged:
        forget(connection, issuer)
        paged = None
        _append(connection, issuer, _new_entries(connection, issuer, 0))
    if paged is None:
        departures.note(connection, issuer, left_by(connection, issuer), now)
    connection.execute(delete(crl_paged).where(crl_paged.c.issuer == issuer.id))
    connection.execute(insert(crl_paged).values(issuer=issuer.id, revision=newest))


def sweep(
    connection: Connection, issuer: Issuer, selection: Selection, before: datetime, covered: int, now: datetime
) -> None:
    """Take out the entries that have appeared long enough past their certificate's expiry.

    Args:
        selection: in which groups.
        before: what expired, and was recorded, before this.
        covered: facts up to this revision have been on every CRL that has to have them.
    """
    limit = epoch(before)
    old = (crl_pages.c.first_until < limit, crl_pages.c.first_revision <= covered)
    for id_ in _ids(connection, *selection.where(issuer, crl_pages), *old):
        page = _load(connection, id_)
        gone = page.take_out(lambda revision, until: until < limit and revision <= covered)
        if gone:
            _save(connection, issuer, page)
            departing = [Departure(entry, Why.EXPIRED, until) for _, until, entry in gone]
            departures.record(connection, issuer, page.group, departing, now)


def lists(connection: Connection, issuer: Issuer, serial: bytes) -> bool:
    """Whether a revoked certificate has an entry, or will have one at the next `settle`: it was not swept."""
    current = and_(status_of_certificate(), certificates.c.issuer == issuer.id, certificates.c.serial == serial)
    fact = select(facts.c.revision).join(certificates, current).where(facts.c.kind == REVOKED)
    revision = connection.execute(fact).scalar()
    if revision is None or revision > _paged(connection, issuer):
        return revision is not None
    try:
        return any(revision in _load(connection, id_) for id_ in _pages_with(connection, issuer, [revision]))
    except PagesDamaged:
        return True  # made again from the facts


def forget(connection: Connection, issuer: Issuer) -> None:
    """Drop the pages: the next `settle` makes them again from all facts."""
    connection.execute(delete(crl_pages).where(crl_pages.c.issuer == issuer.id))
    connection.execute(delete(crl_paged).where(crl_paged.c.issuer == issuer.id))


def measure(connection: Connection, issuer: Issuer, selection: Selection) -> tuple[int, int]:
    """How many entries a CRL has, and how many bytes they are."""
    sums = select(func.coalesce(func.sum(crl_pages.c.count), 0), func.coalesce(func.sum(crl_pages.c.size), 0))
    count, size = connection.execute(sums.where(*selection.where(issuer, crl_pages))).one()
    return int(count), int(size)


def groups(connection: Connection, issuer: Issuer) -> list[Group]:
    """Every group that has an entry."""
    query = select(*_GROUP).where(crl_pages.c.issuer == issuer.id).order_by(*_GROUP).distinct()
    return [Group(is_ca, shard, reason) for is_ca, shard, reason in connection.execute(query)]


def unsettled_groups(connection: Connection, issuer: Issuer) -> list[Group]:
    """Every group that the next `settle` adds an entry to."""
    shard = func.coalesce(certificates.c.shard, 0)
    query = (
        select(certificates.c.is_ca, shard, facts.c.reason)
        .join(certificates, and_(status_of_certificate(), certificates.c.serial == facts.c.serial))
        .where(facts.c.issuer == issuer.id, facts.c.revision > _paged(connection, issuer), facts.c.kind == REVOKED)
    )
    return [Group(*row) for row in connection.execute(query.distinct())]


def entries(connection: Connection, issuer: Issuer, selection: Selection) -> Iterator[bytes]:
    """The entries of a CRL, many to a piece; what did not change since the last one comes in the same order.

    Raises:
        PagesDamaged: the table was changed by somebody else, or the disk lost a bit.
    """
    mine = selection.where(issuer, crl_pages)
    query = select(crl_pages.c.entries, crl_pages.c.entries_sha256).where(*mine).order_by(*_GROUP, crl_pages.c.id)
    for row in connection.execute(query.execution_options(yield_per=16)):
        yield intact(row.entries, row.entries_sha256)


def _paged(connection: Connection, issuer: Issuer) -> int:
    """The revision up to which facts are in the pages; 0 when there are none."""
    return connection.execute(select(crl_paged.c.revision).where(crl_paged.c.issuer == issuer.id)).scalar() or 0


def _new_entries(connection: Connection, issuer: Issuer, after: int) -> Iterator[Any]:
    """The entries of current facts after a revision, in its order."""
    fact = (facts.c.revision, facts.c.entry, facts.c.recorded_at, facts.c.reason)
    query: Select[Any] = (
        select(*fact, certificates.c.not_after, certificates.c.is_ca, certificates.c.shard)
        .join(certificates, and_(status_of_certificate(), certificates.c.serial == facts.c.serial))
        .where(facts.c.issuer == issuer.id, facts.c.revision > after, facts.c.kind == REVOKED)
        .order_by(facts.c.revision)
    )
    return iter(connection.execute(query.execution_options(yield_per=PAGE)))


def _append(connection: Connection, issuer: Issuer, rows: Iterable[Any]) -> None:
    """Put entries behind the last ones of their group."""
    open_pages: dict[tuple[bool, int, int], Page] = {}
    for row in rows:
        key = (row.is_ca, row.shard or 0, row.reason)
        page = open_pages.get(key) or _last(connection, issuer, Group(*key))
        page.add(row.revision, _until(row), row.entry)
        open_pages[key] = page
        if page.count == PAGE:
            _save(connection, issuer, page)
            open_pages[key] = Page.empty(page.group)
    for page in open_pages.values():
        if page.changed:
            _save(connection, issuer, page)


def _until(row: Any) -> int:
    return _FOREVER if row.not_after is None else max(row.not_after, row.recorded_at)


def _last(connection: Connection, issuer: Issuer, group: Group) -> Page:
    """The page that entries are appended to."""
    mine = Selection(group.is_ca, group.shard, frozenset((group.reason,))).where(issuer, crl_pages)
    id_ = connection.execute(select(func.max(crl_pages.c.id)).where(*mine)).scalar()
    page = _load(connection, id_) if id_ is not None else None
    return page if page and page.count < PAGE else Page.empty(group)


def _take_out_replaced(connection: Connection, issuer: Issuer, paged: int, now: datetime) -> None:
    """Entries whose certificate has a fact that is not in the pages yet; what stays in its group does not depart."""
    replaced = {row.revision: _next_group(row) for row in connection.execute(_replaced(issuer, paged))}
    for id_ in _pages_with(connection, issuer, sorted(replaced)):
        page = _load(connection, id_)
        gone = page.take_out(lambda revision, _: revision in replaced)
        if not gone:
            continue
        _save(connection, issuer, page)
        departing = [
            Departure(entry, Why.MOVED if replaced[revision] else Why.RELEASED)
            for revision, _, entry in gone
            if replaced[revision] != page.group
        ]
        departures.record(connection, issuer, page.group, departing, now)


def _replaced(issuer: Issuer, paged: int) -> Select[Any]:
    """Facts in the pages that are not the latest of their certificate any more, with what that is now."""
    new = select(facts.c.issuer, facts.c.serial).where(facts.c.issuer == issuer.id, facts.c.revision > paged)
    newer = new.cte("newer").prefix_with("MATERIALIZED")  # the few newer facts come first, whatever a planner believes
    current = facts.alias("current")
    is_current = and_(current.c.issuer == certificates.c.issuer, current.c.revision == certificates.c.status_revision)
    return (
        select(facts.c.revision, certificates.c.is_ca, certificates.c.shard, current.c.kind, current.c.reason)
        .join(newer, and_(newer.c.issuer == facts.c.issuer, newer.c.serial == facts.c.serial))
        .join(certificates, and_(certificates.c.issuer == facts.c.issuer, certificates.c.serial == facts.c.serial))
        .join(current, is_current)
        .where(facts.c.kind == REVOKED)
        .where(facts.c.revision + 0 <= paged)  # not by the index on revisions: the newer facts lead to theirs
    )


def _next_group(row: Any) -> Group | None:
    """Where the entry of the current fact belongs; None when the certificate is not revoked any more."""
    return Group(row.is_ca, row.shard or 0, row.reason) if row.kind == REVOKED else None


def _pages_with(connection: Connection, issuer: Issuer, revisions: list[int]) -> list[int]:
    """The pages among whose revisions one of these (sorted) may be."""
    if not revisions:
        return []
    span = select(crl_pages.c.id, crl_pages.c.first_revision, crl_pages.c.last_revision)
    return [
        id_
        for id_, first, last in connection.execute(span.where(crl_pages.c.issuer == issuer.id)).all()
        if bisect_left(revisions, first) < bisect_right(revisions, last)
    ]


def _ids(connection: Connection, *which: ColumnElement[bool]) -> list[int]:
    return list(connection.execute(select(crl_pages.c.id).where(*which)).scalars())


def _load(connection: Connection, id_: int) -> Page:
    row = connection.execute(select(crl_pages).where(crl_pages.c.id == id_)).one()
    index = array("q")
    index.frombytes(intact(row.positions, row.positions_sha256))
    entries = bytearray(intact(row.entries, row.entries_sha256))
    return Page(id_, Group(row.is_ca, row.shard, row.reason), index, entries)


def _save(connection: Connection, issuer: Issuer, page: Page) -> None:
    if page.id is not None and not page.count:
        connection.execute(delete(crl_pages).where(crl_pages.c.id == page.id))
    elif page.id is not None:
        connection.execute(update(crl_pages).where(crl_pages.c.id == page.id).values(**page.row(issuer)))
    elif page.count:
        connection.execute(insert(crl_pages).values(**page.row(issuer)))
