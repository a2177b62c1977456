"""What left CRLs, and why: whoever compares a CRL with the one before is told of each serial that is gone."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, select

from revocation.clock import epoch, from_epoch
from revocation.crlbytes import serial_of
from revocation.departed import Departed, Why
from revocation.issuer import Issuer
from signer.ledger.groups import Group, Selection, columns
from signer.ledger.schema import departures


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
    shared = {"issuer": issuer.id, **columns(group), "recorded_at": epoch(now)}
    rows = [
        {**shared, "serial": serial_of(one.entry), "why": str(one.why), "expired_at": one.expired_at}
        for one in departing
    ]
    if rows:
        connection.execute(insert(departures), rows)


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


def since(connection: Connection, issuer: Issuer, selection: Selection, after: int) -> Iterator[Departed]:
    """What left the groups of a CRL after the departure with that id."""
    query = select(departures.c.serial, departures.c.why, departures.c.expired_at)
    mine = (*selection.where(issuer, departures), departures.c.id > after)
    for serial, why, expired_at in connection.execute(query.where(*mine).order_by(departures.c.id)):
        yield Departed(serial, Why(why), expired_at)
