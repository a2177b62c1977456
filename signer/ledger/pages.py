"""The entries of CRLs, ready to be put one after the other: about a thousand to a page, in the order of their facts.

Pages follow from the facts and are brought up to them when somebody asks (`settle`); lost, they are made again. An
entry leaves its page when a later fact replaces it, or when its certificate has expired for long enough (`sweep`).
What left is noted as a departure: whoever compares two CRLs is told why a serial is on the first one alone.
"""

from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, delete, func, insert, select, update
from sqlalchemy.sql.elements import ColumnElement

from revocation import der
from revocation.clock import epoch
from revocation.issuer import Issuer
from signer.ledger.facts import REVOKED, status_of_certificate
from signer.ledger.schema import certificates, crl_paged, crl_pages, departures, facts

_PAGE: Final = 1024
_FOREVER: Final = (1 << 63) - 1
_FIELDS: Final = 3


@dataclass
class _Page:
    """One page in memory: `index` has revision, `until` and length of each entry, in turn.

    `until` is when the certificate has expired and its entry was recorded: what retention counts from.
    """

    id: int | None
    is_ca: bool
    index: "array[int]"
    entries: bytearray
    changed: bool = False

    @classmethod
    def empty(cls, is_ca: bool) -> "_Page":
        return cls(None, is_ca, array("q"), bytearray())

    @property
    def count(self) -> int:
        return len(self.index) // _FIELDS

    def add(self, revision: int, until: int, entry: bytes | bytearray) -> None:
        self.index.extend((revision, until, len(entry)))
        self.entries += entry
        self.changed = True

    def take_out(self, leaves: Callable[[int, int], bool]) -> list[tuple[int, bytes]]:
        """Drop the entries of which `leaves(revision, until)` is true; returns them with their revisions."""
        rows = list(zip(*[iter(self.index)] * _FIELDS, strict=True))
        entries, gone = self.entries, []
        self.index, self.entries, end = array("q"), bytearray(), 0
        for revision, until, length in rows:
            begin, end = end, end + length
            if leaves(revision, until):
                gone.append((revision, bytes(entries[begin:end])))
            else:
                self.add(revision, until, entries[begin:end])
        self.changed = bool(gone)
        return gone

    def row(self, issuer: Issuer) -> dict[str, object]:
        """As it stands in the table."""
        revisions = self.index[0::_FIELDS]
        return {
            "issuer": issuer.id,
            "is_ca": self.is_ca,
            "first_revision": min(revisions),
            "last_revision": max(revisions),
            "first_until": min(self.index[1::_FIELDS]),
            "count": self.count,
            "size": len(self.entries),
            "positions": self.index.tobytes(),
            "entries": bytes(self.entries),
        }


def settle(connection: Connection, issuer: Issuer, now: datetime) -> None:
    """Bring the pages up to the latest fact."""
    paged = connection.execute(select(crl_paged.c.revision).where(crl_paged.c.issuer == issuer.id)).scalar()
    newest = connection.execute(select(func.max(facts.c.revision)).where(facts.c.issuer == issuer.id)).scalar()
    if newest is None or newest == paged:
        return
    if paged is not None:
        _arrive(connection, issuer, paged)
        _take_out_replaced(connection, issuer, paged, now)
    _append(connection, issuer, _new_entries(connection, issuer, paged or 0))
    connection.execute(delete(crl_paged).where(crl_paged.c.issuer == issuer.id))
    connection.execute(insert(crl_paged).values(issuer=issuer.id, revision=newest))


def sweep(connection: Connection, issuer: Issuer, expired_before: datetime, covered: int, now: datetime) -> None:
    """Take out the entries that have appeared long enough past their certificate's expiry.

    Args:
        expired_before: what expired, and was recorded, before this.
        covered: facts up to this revision have been on a CRL of every scope.
    """
    before = epoch(expired_before)

    def leaves(revision: int, until: int) -> bool:
        return until < before and revision <= covered

    for id_ in _ids(connection, issuer, crl_pages.c.first_until < before, crl_pages.c.first_revision <= covered):
        page = _load(connection, id_)
        if gone := page.take_out(leaves):
            _save(connection, issuer, page)
            _depart(connection, issuer, page.is_ca, [entry for _, entry in gone], now)


def forget(connection: Connection, issuer: Issuer) -> None:
    """Drop the pages: the next `settle` makes them again from all facts."""
    connection.execute(delete(crl_pages).where(crl_pages.c.issuer == issuer.id))
    connection.execute(delete(crl_paged).where(crl_paged.c.issuer == issuer.id))


def measure(connection: Connection, issuer: Issuer, is_ca: bool | None) -> tuple[int, int]:
    """How many entries a scope has, and how many bytes they are; `is_ca` as in `entries`."""
    sums = select(func.coalesce(func.sum(crl_pages.c.count), 0), func.coalesce(func.sum(crl_pages.c.size), 0))
    count, size = connection.execute(sums.where(*_of_scope(issuer, is_ca))).one()
    return int(count), int(size)


def entries(connection: Connection, issuer: Issuer, is_ca: bool | None) -> Iterator[bytes]:
    """The entries, many to a piece: of CA certificates, of others, or (None) of all."""
    query = select(crl_pages.c.entries).where(*_of_scope(issuer, is_ca)).order_by(crl_pages.c.is_ca, crl_pages.c.id)
    for row in connection.execute(query.execution_options(yield_per=16)):
        yield row.entries


def _of_scope(issuer: Issuer, is_ca: bool | None) -> list[ColumnElement[bool]]:
    mine = [crl_pages.c.issuer == issuer.id]
    return mine if is_ca is None else [*mine, crl_pages.c.is_ca == is_ca]


def _new_entries(connection: Connection, issuer: Issuer, after: int) -> Iterator[Any]:
    """The entries of current facts after a revision, in its order."""
    query: Select[Any] = (
        select(facts.c.revision, facts.c.entry, facts.c.recorded_at, certificates.c.not_after, certificates.c.is_ca)
        .join(certificates, and_(status_of_certificate(), certificates.c.serial == facts.c.serial))
        .where(facts.c.issuer == issuer.id, facts.c.revision > after, facts.c.kind == REVOKED)
        .order_by(facts.c.revision)
    )
    return iter(connection.execute(query.execution_options(yield_per=_PAGE)))


def _append(connection: Connection, issuer: Issuer, rows: Iterable[Any]) -> None:
    """Put entries behind the last ones of their kind of certificate."""
    open_pages = {is_ca: _last(connection, issuer, is_ca) for is_ca in (False, True)}
    for row in rows:
        page = open_pages[row.is_ca]
        page.add(row.revision, _until(row), row.entry)
        if page.count == _PAGE:
            _save(connection, issuer, page)
            open_pages[row.is_ca] = _Page.empty(row.is_ca)
    for page in open_pages.values():
        if page.changed:
            _save(connection, issuer, page)


def _until(row: Any) -> int:
    return _FOREVER if row.not_after is None else max(row.not_after, row.recorded_at)


def _last(connection: Connection, issuer: Issuer, is_ca: bool) -> _Page:
    """The page that entries are appended to."""
    newest = select(func.max(crl_pages.c.id)).where(*_of_scope(issuer, is_ca))
    id_ = connection.execute(newest).scalar()
    page = _load(connection, id_) if id_ is not None else None
    return page if page and page.count < _PAGE else _Page.empty(is_ca)


def _take_out_replaced(connection: Connection, issuer: Issuer, paged: int, now: datetime) -> None:
    """Entries whose certificate has a fact that is not in the pages yet; it departs unless that lists it here again."""
    newer, current = facts.alias("newer"), facts.alias("current")
    query = (
        select(facts.c.revision, certificates.c.is_ca, current.c.kind)
        .join(newer, and_(newer.c.issuer == facts.c.issuer, newer.c.serial == facts.c.serial))
        .join(certificates, and_(certificates.c.issuer == facts.c.issuer, certificates.c.serial == facts.c.serial))
        .join(
            current,
            and_(current.c.issuer == certificates.c.issuer, current.c.revision == certificates.c.status_revision),
        )
        .where(newer.c.issuer == issuer.id, newer.c.revision > paged, facts.c.kind == REVOKED)
        .where(facts.c.revision + 0 <= paged)  # not by the index on revisions: the few newer facts lead to theirs
    )
    stays_on = {row.revision: row.is_ca if row.kind == REVOKED else None for row in connection.execute(query)}
    if not stays_on:
        return
    within = (crl_pages.c.last_revision >= min(stays_on), crl_pages.c.first_revision <= max(stays_on))
    for id_ in _ids(connection, issuer, *within):
        page = _load(connection, id_)
        if gone := page.take_out(lambda revision, _: revision in stays_on):
            _save(connection, issuer, page)
            departing = [entry for revision, entry in gone if stays_on[revision] != page.is_ca]
            _depart(connection, issuer, page.is_ca, departing, now)


def _arrive(connection: Connection, issuer: Issuer, paged: int) -> None:
    """What a new fact lists again has not left, whatever was noted before."""
    for is_ca in (False, True):
        listed = (
            select(facts.c.serial)
            .join(certificates, and_(status_of_certificate(), certificates.c.serial == facts.c.serial))
            .where(facts.c.issuer == issuer.id, facts.c.revision > paged, facts.c.kind == REVOKED)
            .where(certificates.c.is_ca == is_ca)
        )
        noted = (departures.c.issuer == issuer.id, departures.c.is_ca == is_ca, departures.c.serial.in_(listed))
        connection.execute(delete(departures).where(*noted))


def _depart(connection: Connection, issuer: Issuer, is_ca: bool, gone: Iterable[bytes], now: datetime) -> None:
    rows = [
        {"issuer": issuer.id, "serial": serial_of(entry), "is_ca": is_ca, "recorded_at": epoch(now)} for entry in gone
    ]
    if rows:
        connection.execute(insert(departures), rows)


def serial_of(entry: bytes) -> bytes:
    """The content octets of the serial in a CRL entry."""
    begin, end = der.expect(entry, 0, der.SEQUENCE)
    begin, end = der.expect(entry[:end], begin, der.INTEGER)
    return entry[begin:end]


def _ids(connection: Connection, issuer: Issuer, *which: ColumnElement[bool]) -> list[int]:
    return list(connection.execute(select(crl_pages.c.id).where(crl_pages.c.issuer == issuer.id, *which)).scalars())


def _load(connection: Connection, id_: int) -> _Page:
    row = connection.execute(
        select(crl_pages.c.is_ca, crl_pages.c.positions, crl_pages.c.entries).where(crl_pages.c.id == id_)
    ).one()
    index = array("q")
    index.frombytes(row.positions)
    return _Page(id_, bool(row.is_ca), index, bytearray(row.entries))


def _save(connection: Connection, issuer: Issuer, page: _Page) -> None:
    if page.id is not None and not page.count:
        connection.execute(delete(crl_pages).where(crl_pages.c.id == page.id))
    elif page.id is not None:
        connection.execute(update(crl_pages).where(crl_pages.c.id == page.id).values(**page.row(issuer)))
    elif page.count:
        connection.execute(insert(crl_pages).values(**page.row(issuer)))
