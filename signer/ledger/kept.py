"""Messages about issuers whose key is offline: kept as they were signed, for the ceremony that acts on them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, select

from revocation.clock import epoch, from_epoch
from revocation.issuer import Issuer
from revocation.messages import Message
from signer.ledger.schema import facts, kept_messages


@dataclass(frozen=True)
class Kept:
    """A message that this ledger has done.

    Attributes:
        id: rises with each.
        message: the message's own id.
        text: the message as JSON, with its signature.
        source: of an import what it read, as JSON; see `signer.ceremony.entries`.
    """

    id: int
    message: str
    issuer: str
    recorded_at: datetime
    text: str
    source: str | None


def keep(connection: Connection, issuer: Issuer, message: Message, now: datetime, source: str | None = None) -> None:
    """Keep a message in the transaction that does what it asks."""
    values = {"issuer": issuer.id, "message": message.id, "recorded_at": epoch(now)}
    connection.execute(insert(kept_messages).values(**values, text=message.model_dump_json(), source=source))


def since(connection: Connection, after: int) -> Iterator[Kept]:
    """Those kept after one of that id (0 for all), in the order in which they were done."""
    query = select(kept_messages).where(kept_messages.c.id > after).order_by(kept_messages.c.id)
    for row in connection.execute(query):
        yield Kept(row.id, row.message, row.issuer, from_epoch(row.recorded_at), row.text, row.source)


def count_since(connection: Connection, issuer: Issuer, after: int) -> int:
    """How many there are of an issuer."""
    mine = (kept_messages.c.issuer == issuer.id, kept_messages.c.id > after)
    return int(connection.execute(select(func.count()).select_from(kept_messages).where(*mine)).scalar() or 0)


def is_of(connection: Connection, issuer: Issuer, message: str) -> bool:
    """Whether a message about that issuer was kept."""
    mine = (kept_messages.c.issuer == issuer.id, kept_messages.c.message == message)
    return connection.execute(select(kept_messages.c.id).where(*mine).limit(1)).one_or_none() is not None


def not_kept(connection: Connection, issuer: Issuer) -> int:
    """How many facts about an issuer came of messages that were not kept: before its key was said to be offline."""
    kept = select(kept_messages.c.message).where(kept_messages.c.issuer == issuer.id)
    query = select(func.count()).select_from(facts).where(facts.c.issuer == issuer.id, facts.c.message.not_in(kept))
    return int(connection.execute(query).scalar() or 0)
