"""Which of the CA certificates that an issuer signs an order is for, so that what people agree to is done once.

No clock: it is the same when an order is shown and when it is confirmed a day later, unless one was signed in between.
"""

import json
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, func, select

from revocation.errors import Refused
from revocation.issuer import Issuer
from signer.auditing.log import Entry, entries
from signer.ledger import continuity
from signer.ledger.certified import SIGNED
from signer.ledger.schema import audit

UNSIGNED: Final = "unsigned CA certificate"
"""The key could not be used: the entry of that serial stands for no certificate, and its order is still to be done."""


@dataclass(frozen=True)
class Turn:
    """Which one it is.

    Attributes:
        number: 1 for the first that the issuer signs by this ledger.
        since: when the ledger was last put back from a copy, after which it may not know what was signed.
    """

    number: int
    since: datetime | None


def next_turn(connection: Connection, certifier: Issuer) -> Turn:
    """That of the next CA certificate of an issuer.

    Raises:
        Unreconciled: a copy took the place of the ledger, and it is not known what was signed since.
    """
    continuity.require_whole(connection)
    chapter = continuity.last_break(connection)
    done = _count(connection, certifier, SIGNED) - _count(connection, certifier, UNSIGNED)
    return Turn(done + 1, chapter[0] if chapter else None)


def require_turn(connection: Connection, certifier: Issuer, turn: Turn) -> None:
    """Return if no CA certificate was signed since the order was shown.

    Raises:
        Refused: one was.
    """
    if (found := next_turn(connection, certifier)) != turn:
        raise Refused(
            f"the order was for number {turn.number} of its CA certificates, and the next is number {found.number}: "
            "one was signed meanwhile",
            where=f"issuer {certifier.name}",
            advice="see `revocast audit show`, and whether this one is still wanted",
        )


def carried_out(connection: Connection, digest: str) -> Entry | None:
    """The entry of the signature by which an order was done; None where it was not."""
    with closing(entries(connection, audit.c.action == SIGNED)) as found:
        return next((one for one in found if json.loads(one.detail).get("order") == digest), None)


def _count(connection: Connection, certifier: Issuer, action: str) -> int:
    query = select(func.count()).where(audit.c.action == action, audit.c.issuer == certifier.id)
    return int(connection.execute(query).scalar_one())
