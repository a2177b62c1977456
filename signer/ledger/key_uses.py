"""How often each key signed within the last hour, whoever used it: a row for each second in which it did.

What is older is forgotten. What lies more than an hour ahead does not count, and stays: the clock was ahead then, or is
slow now, and once it is right again the hour has what was signed in it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, and_, delete, insert, select, update

from revocation.clock import epoch, from_epoch
from signer.ledger.schema import key_uses

_HOUR = 3600


class Uses(NamedTuple):
    """How many signatures a key made in a second."""

    at: int
    number: int


def note(connection: Connection, key: str, number: int, now: datetime, *, for_revocation: bool) -> None:
    """Count signatures.

    Args:
        key: SHA-256 of its SubjectPublicKeyInfo, hexadecimal.
        for_revocation: whether what is signed is due because a status changed.
    """
    at, table = epoch(now), key_uses.c
    connection.execute(delete(key_uses).where(table.key == key, table.at <= at - _HOUR))
    row = and_(table.key == key, table.at == at, table.for_revocation.is_(for_revocation))
    if not connection.execute(update(key_uses).where(row).values(number=table.number + number)).rowcount:
        values = {"key": key, "at": at, "for_revocation": for_revocation, "number": number}
        connection.execute(insert(key_uses).values(values))


def take_back(connection: Connection, key: str, number: int, at: datetime, *, for_revocation: bool) -> None:
    """Count signatures no longer that were counted at that time, and then not made."""
    table = key_uses.c
    row = and_(table.key == key, table.at == epoch(at), table.for_revocation.is_(for_revocation))
    connection.execute(update(key_uses).where(row, table.number >= number).values(number=table.number - number))


def of_last_hour(
    connection: Connection, key: str, now: datetime, *, for_revocation: bool | None = None
) -> Sequence[Uses]:
    """What was counted, the oldest first; None is both kinds."""
    at, table = epoch(now), key_uses.c
    which = [table.key == key, table.at > at - _HOUR, table.at < at + _HOUR]
    if for_revocation is not None:
        which.append(table.for_revocation.is_(for_revocation))
    rows = connection.execute(select(table.at, table.number).where(*which).order_by(table.at))
    return [Uses(row.at, row.number) for row in rows]


def free_at(uses: Sequence[Uses], wanted: int) -> datetime:
    """From when on so many of them do not count any more.

    Raises:
        ValueError: they are fewer.
    """
    for one in uses:
        wanted -= one.number
        if wanted <= 0:
            return from_epoch(one.at) + timedelta(seconds=_HOUR)
    raise ValueError(f"{wanted} more than there are")
