"""Where the ledger broke off, and where it went on: a copy took its place, and learned again what was signed since.

Until it has, nothing is signed and no fact is changed: a CRL could forget a revocation, or repeat a number.
"""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, desc, func, insert, select

from revocation.clock import epoch, from_epoch, iso
from revocation.errors import Refused
from revocation.messages import Message
from revocation.refusalkind import RefusalKind
from signer.ledger.schema import continuity

_RESTORED: Final = "restored"
_RECONCILED: Final = "reconciled"
_LATEST: Final = select(continuity).order_by(desc(continuity.c.id)).limit(1)


class Unreconciled(Refused):
    """A copy was put in the place of the ledger, and what was signed since is not in it yet."""

    kind = RefusalKind.LATER


def note_restored(connection: Connection, now: datetime, detail: str) -> None:
    """A copy took the place of the ledger: from here on nothing is signed until it is reconciled."""
    connection.execute(insert(continuity).values(at=epoch(now), kind=_RESTORED, detail=detail, sequence=0))


def note_reconciled(connection: Connection, now: datetime, detail: str, sequence: int) -> None:
    """The ledger knows again what was published; bundles up to that sequence are not of its making."""
    connection.execute(insert(continuity).values(at=epoch(now), kind=_RECONCILED, detail=detail, sequence=sequence))


def require_whole(connection: Connection) -> None:
    """Return if nothing is missing that the ledger once knew.

    Raises:
        Unreconciled: a copy took its place since it was last reconciled.
    """
    _require_reconciled(connection.execute(_LATEST).one_or_none())


def require_remembered(connection: Connection, message: Message) -> None:
    """Return if a message whose id is not known was never done: what is older the ledger may have forgotten.

    Raises:
        Unreconciled: as above.
        Refused: the message was composed before the ledger was reconciled.
    """
    row = connection.execute(_LATEST).one_or_none()
    _require_reconciled(row)
    if row is not None and message.issued_at < from_epoch(row.at):
        raise Refused(
            f"was composed at {iso(message.issued_at)}, before the ledger was restored and reconciled at "
            f"{iso(from_epoch(row.at))}: whether it was done then is not known any more",
            where=f"message {message.id}",
            advice="see whether it is still wanted, and ask again",
        )


def last_break(connection: Connection) -> tuple[datetime, str] | None:
    """Since when the ledger goes on behind a break, and what became of it then; None of one that never broke off.

    A database that lost its last transactions is reconciled as it is, and was not restored before.
    """
    row = connection.execute(_LATEST).one_or_none()
    return (from_epoch(row.at), str(row.detail)) if row else None


def breaks(connection: Connection) -> int:
    """How much became of the ledger that way; more with each time, whatever the clock says."""
    return int(connection.execute(select(func.count()).select_from(continuity)).scalar_one())


def sequence(connection: Connection) -> int:
    """Bundles up to this one were made before the ledger was reconciled; 0 where it never was."""
    return int(connection.execute(select(func.max(continuity.c.sequence))).scalar() or 0)


def _require_reconciled(row: Row[Any] | None) -> None:
    if row is not None and row.kind == _RESTORED:
        raise Unreconciled(
            f"was {row.detail} at {iso(from_epoch(row.at))}, and not reconciled with what was published since: "
            "nothing is signed, and no fact is changed",
            where="ledger",
            advice="`revocast ledger reconcile`, with the CRLs that are published; at ceremonies, with the folder "
            "of the last one (docs/disaster.md)",
        )
