"""The entries of the audit log, read one after the other, and the chain that each has to continue."""

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, Select, desc, select

from revocation.clock import from_epoch, iso
from revocation.errors import RevocastError
from signer.ledger.audit import link
from signer.ledger.schema import audit, certificates, issued

_WHERE: Final = "audit log"
_AT_ONCE: Final = 1000
_DIGEST_OCTETS: Final = 32
_NO_TIME: Final = 253_402_300_800
"""The year 10000, in epoch seconds."""
_LAST: Final = select(audit).order_by(desc(audit.c.id)).limit(1)
_FIRST: Final = select(audit).order_by(audit.c.id).limit(1)


class Entry(NamedTuple):
    """One entry; `detail` is JSON as it was written."""

    id: int
    at: int
    action: str
    issuer: str | None
    detail: str
    chain: bytes

    @property
    def written_at(self) -> datetime:
        """When."""
        return from_epoch(self.at)

    def follows(self, before: bytes) -> bool:
        """Whether its chain value is that of what it says, behind all that was before it."""
        values = {"at": self.at, "action": self.action, "issuer": self.issuer, "detail": self.detail}
        return self.chain == link(before, values)

    def __str__(self) -> str:
        return f"entry {self.id} ({self.action}, {iso(self.written_at)})"


class ChainBroken(RevocastError):
    """An entry is not what was written, or not where it was written."""


@dataclass(frozen=True)
class Extent:
    """How far a log goes: its first chain value, and the last entry."""

    log: str
    last: Entry


def entries(connection: Connection, *where: ColumnElement[bool]) -> Generator[Entry, None, None]:
    """Entries in their order, however many; those for which the conditions hold.

    Raises:
        ChainBroken: one was edited, and holds what none does.
    """
    yield from _read(connection, select(audit).where(*where).order_by(audit.c.id))


def latest_entries(connection: Connection) -> Generator[Entry, None, None]:
    """All of them, the last one first; no more is read than is taken, give or take a thousand.

    Raises:
        ChainBroken: as above.
    """
    yield from _read(connection, select(audit).order_by(desc(audit.c.id)))


def _read(connection: Connection, query: Select[Any]) -> Generator[Entry, None, None]:
    with connection.execute(query.execution_options(yield_per=_AT_ONCE)) as found:
        yield from map(_entry, found)


def intact_entries(connection: Connection) -> Iterator[Entry]:
    """All entries, each held against those before it.

    Raises:
        ChainBroken: one does not follow; that one was changed, or what stood before it.
    """
    before, last = b"", None
    with closing(entries(connection)) as found:
        for entry in found:
            if not entry.follows(before):
                raise ChainBroken(_broken(entry, last), where=_WHERE)
            yield entry
            before, last = entry.chain, entry


def extent(connection: Connection) -> Extent | None:
    """None of a log without entries.

    Raises:
        ChainBroken: the first or the last of them was edited, and holds what none does.
    """
    first, last = connection.execute(_FIRST).one_or_none(), connection.execute(_LAST).one_or_none()
    return Extent(_entry(first).chain.hex(), _entry(last)) if first and last else None


def chain_at(connection: Connection, number: int) -> str | None:
    """The chain value of an entry; None where there is none of that number."""
    found = connection.execute(select(audit.c.chain).where(audit.c.id == number)).scalar()
    return found.hex() if isinstance(found, bytes) else None


def require_entries(connection: Connection) -> None:
    """Return if the log has an entry, or nothing was ever imported or signed: each of that writes one.

    Raises:
        ChainBroken: it was emptied.
    """
    if connection.execute(_FIRST).first() is not None:
        return
    if any(connection.execute(select(table).limit(1)).first() for table in (certificates, issued)):
        raise ChainBroken("has no entry, and the ledger knows certificates: it was emptied", where=_WHERE)


def _entry(row: Row[Any]) -> Entry:
    """SQLite stores in a column whatever it is given.

    Raises:
        ChainBroken: what stands there was never written by a signer.
    """
    entry = Entry(row.id, row.at, row.action, row.issuer, row.detail, row.chain)
    texts = (entry.action, entry.detail, *([] if entry.issuer is None else [entry.issuer]))
    is_dated = isinstance(entry.at, int) and 0 <= entry.at < _NO_TIME
    is_chained = isinstance(entry.chain, bytes) and len(entry.chain) == _DIGEST_OCTETS
    if not (is_dated and is_chained and all(isinstance(text, str) for text in texts)):
        raise ChainBroken(f"entry {entry.id} was edited: it holds a value of a kind that none has", where=_WHERE)
    return entry


def _broken(entry: Entry, last: Entry | None) -> str:
    if last is None:
        return f"{entry} is not the first that was written: what stood before it is gone, or it was edited"
    gap = f" (numbers {last.id + 1} to {entry.id - 1} are missing)" if entry.id > last.id + 1 else ""
    what = "it was edited, or entries before it were removed, put in or moved"
    return f"{entry} does not follow entry {last.id}: {what}{gap}"
