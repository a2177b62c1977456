"""What became of each request for a ceremony: online it is requested and accepted, offline it is begun and signed.

An offline ledger that was lost and learned again what was published remembers that too: with what the next one goes on.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, desc, insert, select

from revocation.clock import epoch, from_epoch
from signer.ledger.schema import ceremonies


class Step(StrEnum):
    """What was done."""

    REQUESTED = "requested"
    ACCEPTED = "accepted"
    BEGUN = "begun"
    SIGNED = "signed"
    RECONCILED = "reconciled"


@dataclass(frozen=True)
class Ceremony:
    """A step of one.

    Attributes:
        request: SHA-256 of the request, hexadecimal.
        made_at: when the request was made, by the clock of the online machine.
        predecessor: the request of the ceremony before it; None of one that holds all messages there ever were.
        detail: what else is known of the step.
    """

    step: Step
    at: datetime
    request: str
    made_at: datetime
    predecessor: str | None
    detail: dict[str, Any]


def note(connection: Connection, ceremony: Ceremony) -> None:
    """Remember a step."""
    values = {"at": epoch(ceremony.at), "step": str(ceremony.step), "request": ceremony.request}
    values |= {"made_at": epoch(ceremony.made_at), "predecessor": ceremony.predecessor}
    detail = json.dumps(ceremony.detail, sort_keys=True, separators=(",", ":"))
    connection.execute(insert(ceremonies).values(**values, detail=detail))


def last(connection: Connection, step: Step) -> Ceremony | None:
    """The latest step of that kind."""
    query = select(ceremonies).where(ceremonies.c.step == str(step)).order_by(desc(ceremonies.c.id)).limit(1)
    row = connection.execute(query).one_or_none()
    return _ceremony(row) if row is not None else None


def of_request(connection: Connection, step: Step, request: str) -> Ceremony | None:
    """The latest step of that kind of a request."""
    mine = (ceremonies.c.step == str(step), ceremonies.c.request == request)
    row = connection.execute(select(ceremonies).where(*mine).order_by(desc(ceremonies.c.id)).limit(1)).one_or_none()
    return _ceremony(row) if row is not None else None


def all_of_request(connection: Connection, step: Step, request: str) -> list[Ceremony]:
    """Every step of that kind of a request, the oldest first."""
    mine = (ceremonies.c.step == str(step), ceremonies.c.request == request)
    return [_ceremony(row) for row in connection.execute(select(ceremonies).where(*mine).order_by(ceremonies.c.id))]


def all_of(connection: Connection, step: Step) -> list[Ceremony]:
    """Every step of that kind, the oldest first."""
    query = select(ceremonies).where(ceremonies.c.step == str(step)).order_by(ceremonies.c.id)
    return [_ceremony(row) for row in connection.execute(query)]


def _ceremony(row: Row[Any]) -> Ceremony:
    times = (from_epoch(row.at), row.request, from_epoch(row.made_at))
    return Ceremony(Step(row.step), *times, row.predecessor, json.loads(row.detail))
