"""What left CRLs, and why: whoever compares a CRL with the one before is told of each serial that is gone."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Final

from sqlalchemy import Connection, Select, delete, func, insert, or_, select
from sqlalchemy.sql.elements import ColumnElement

from revocation.clock import epoch, from_epoch
from revocation.crlbytes import serial_of
from revocation.departed import Departed, Why
from revocation.issuer import Issuer
from signer.ledger.groups import Group, columns
from signer.ledger.schema import departures

_DAY: Final = 86400


@dataclass(frozen=True)
class Departure:
    """An entry that left its group.

    Attributes:
        expired_at: when its certificate had expired; None where that is not the reason.
    """

    entry: bytes
    why: Why
    expired_at: int | None = None


def record(connection: Connection, issuer: Issuer, group: Group, departing: Iterable[Departure], now: datetime) -> None:
    """Note what left a group."""
    left = ((group, Departed(serial_of(one.entry), one.why, one.expired_at)) for one in departing)
    note(connection, issuer, left, now)


def note(connection: Connection, issuer: Issuer, left: Iterable[tuple[Group, Departed]], now: datetime) -> None:
    """Note what left which group."""
    shared = {"issuer": issuer.id, "recorded_at": epoch(now)}
    rows = [
        {**shared, **columns(group), "serial": one.serial, "why": str(one.why), "expired_at": one.expired_at}
        for group, one in left
    ]
    if rows:
        connection.execute(insert(departures), rows)


def on_day(connection: Connection, issuer: Issuer, day: date) -> set[Departed]:
    """All that was noted on a day."""
    query: Select[Any] = select(departures.c.serial, departures.c.why, departures.c.expired_at)
    rows = connection.execute(query.where(*_on(issuer, day)))
    return {Departed(serial, Why(why), expired_at) for serial, why, expired_at in rows}


def note_on_day(connection: Connection, issuer: Issuer, left: Iterable[tuple[Group, Departed]], day: date) -> None:
    """Note what had left which group on a day, and was told of by a ledger that was lost."""
    note(connection, issuer, left, datetime.combine(day, time(), UTC))


def newest(connection: Connection, issuer: Issuer) -> int:
    """The id of the latest departure; 0 when there is none."""
    return int(
        connection.execute(select(func.max(departures.c.id)).where(departures.c.issuer == issuer.id)).scalar() or 0
    )


def swept_until(connection: Connection, issuer: Issuer) -> datetime:
    """Expiries after this were never swept: the earliest there can be, where none was."""
    mine = (departures.c.issuer == issuer.id, departures.c.why == str(Why.EXPIRED))
    swept = connection.execute(select(func.max(departures.c.expired_at)).where(*mine)).scalar()
    return from_epoch(swept) if swept is not None else issuer.not_before


def places(connection: Connection, issuer: Issuer, serial: bytes) -> set[tuple[bool, int]]:
    """Kind and shard of which the certificate was taken to be, before it turned out to be another."""
    mine = (departures.c.issuer == issuer.id, departures.c.serial == serial, departures.c.why == str(Why.MOVED))
    query = select(departures.c.is_ca, departures.c.shard).where(*mine).distinct()
    return {(is_ca, shard) for is_ca, shard in connection.execute(query)}


def days_after(connection: Connection, issuer: Issuer, id_: int) -> set[date]:
    """The days (UTC) in which something was noted that follows on that departure."""
    new = (departures.c.issuer == issuer.id, departures.c.id > id_)
    seconds = connection.execute(select(departures.c.recorded_at).where(*new).distinct()).scalars()
    return {from_epoch(one).date() for one in seconds}


def ids(connection: Connection, issuer: Issuer, day: date) -> list[int]:
    """The departures of a day, in the order in which they were noted."""
    query = select(departures.c.id).where(*_on(issuer, day)).order_by(departures.c.id)
    return list(connection.execute(query).scalars())


def between(connection: Connection, issuer: Issuer, day: date, first: int, last: int) -> Iterator[Departed]:
    """The departures of a day from one id to another, both included."""
    query: Select[Any] = select(departures.c.serial, departures.c.why, departures.c.expired_at)
    mine = (*_on(issuer, day), departures.c.id.between(first, last))
    for serial, why, expired_at in connection.execute(query.where(*mine).order_by(departures.c.id)):
        yield Departed(serial, Why(why), expired_at)


def prune(connection: Connection, issuer: Issuer, before: date) -> None:
    """Forget the days before that one; but not until when expired entries were swept."""
    latest = select(func.max(departures.c.expired_at)).where(departures.c.issuer == issuer.id).scalar_subquery()
    old = (departures.c.issuer == issuer.id, departures.c.recorded_at < _start(before))
    spare = or_(departures.c.expired_at.is_(None), departures.c.expired_at < latest)
    connection.execute(delete(departures).where(*old, spare))


def _on(issuer: Issuer, day: date) -> tuple[ColumnElement[bool], ...]:
    start = _start(day)
    return departures.c.issuer == issuer.id, departures.c.recorded_at.between(start, start + _DAY - 1)


def _start(day: date) -> int:
    return epoch(datetime.combine(day, time(), UTC))
