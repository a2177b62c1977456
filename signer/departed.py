"""Telling publishers why entries left CRLs: bundles of a day (UTC) each, in chunks of bounded size.

A chunk is due when something was noted that no stored bundle has, or when its bundle is gone from the exchange. It is
put before the CRL that lacks the entries: whoever sees that CRL can find out why.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Final

from sqlalchemy import Connection

from revocation import departed
from revocation.artifacts import Kind
from revocation.departed import KEPT, Chunk, first_kept
from revocation.issuer import Issuer
from revocation.part import Part
from signer.ledger import departures, facts, issued
from signer.ledger.issued import Issued
from signer.produce import File, put_bundle
from signer.signer import Signer

LINES: Final = 100_000
"""Of a chunk: at most some 29 MB, with the longest serials that the ledger takes."""


@dataclass(frozen=True, order=True)
class _Due:
    """A chunk to be written; the one that ends first comes first, so what is stored has no gap before its end."""

    last: int
    first: int
    chunk: Chunk


def tell_departures(signer: Signer, issuer: Issuer, now: datetime, listed: Mapping[str, int] | None = None) -> None:
    """Put what is due into the exchange.

    Args:
        listed: the names and sizes of what lies there, where that is to be looked at too.

    Raises:
        OSError: the exchange cannot be written.
    """
    with signer.ledger.read() as connection:
        due = sorted(_due(connection, issuer, now, listed))
    for one in due:
        _put(signer, issuer, one, now)


def _due(connection: Connection, issuer: Issuer, now: datetime, listed: Mapping[str, int] | None) -> Iterator[_Due]:
    first_day = first_kept(now)
    stored = issued.stored_departed(connection, issuer, Chunk(first_day, 0))
    told = max((row.departed for row in stored), default=0)
    gone = {Chunk.parse(row.part.label) for row in stored if listed is not None and listed.get(row.name) != row.size}
    days = departures.days_after(connection, issuer, told) | {chunk.day for chunk in gone}
    for day in (day for day in days if day >= first_day):
        ids = departures.ids(connection, issuer, day)
        for number, start in enumerate(range(0, len(ids), LINES)):
            chunk, last = Chunk(day, number), ids[min(start + LINES, len(ids)) - 1]
            if last > told or chunk in gone:
                yield _Due(last, ids[start], chunk)


def _put(signer: Signer, issuer: Issuer, due: _Due, now: datetime) -> None:
    with signer.ledger.write() as connection:
        left = list(departures.between(connection, issuer, due.chunk.day, due.first, due.last))
        row = _reserve(connection, issuer, due, now)
    text = departed.write(left)
    put_bundle(signer, row, [File.of(due.chunk.path(issuer.id), text, len(left))], len(left))


def _reserve(connection: Connection, issuer: Issuer, due: _Due, now: datetime) -> Issued:
    return issued.reserve(
        connection,
        issuer,
        Part(issuer=issuer.id, kind=Kind.DEPARTED, label=str(due.chunk)),
        base_revision=0,
        revision=facts.revision_of(connection, issuer),
        this_update=now,
        next_update=datetime.combine(due.chunk.day, time(), UTC) + KEPT,
        departed=due.last,
    )
