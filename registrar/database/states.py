"""What is known of a certificate's state: what the signer said, in the order of its revisions, and what is published.

A reply of the signer is a claim, and stands as one until a response that somebody signed says the same (`seen_at`).
"""

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, or_, update

from registrar.database.rows import Certificate
from registrar.database.schema import certificates

_SKEW: Final = timedelta(minutes=5)
_HOLD: Final = "certificateHold"


@dataclass(frozen=True)
class State:
    """Revoked, or on hold, since when and why; live where nothing is set."""

    revoked_at: datetime | None = None
    held_at: datetime | None = None
    reason: str | None = None

    @property
    def kind(self) -> str:
        """As one that does not ask since when."""
        return "revoked" if self.revoked_at else "held" if self.held_at else "live"

    @classmethod
    def of(cls, one: Certificate) -> "State":
        """That of a row."""
        return cls(one.revoked_at, one.held_at, one.reason)

    @classmethod
    def published(cls, revoked_at: datetime | None, reason: str | None) -> "State":
        """That of a response."""
        return cls(held_at=revoked_at, reason=reason) if reason == _HOLD else cls(revoked_at, reason=reason)


def record_told(
    connection: Connection, issuer: str, ca: str, serial: str, state: State, revision: int | None, now: datetime
) -> None:
    """Note what the signer says that it recorded, unless a later revision is noted: ids are answered again."""
    if revision is None:
        return
    row = certificates.c
    mine = and_(row.issuer == issuer, row.ca == ca, row.serial == serial)
    is_newer = or_(row.revision.is_(None), row.revision < revision)
    _set(connection, and_(mine, is_newer), state, revision=revision, state_at=now, seen_at=None)


def record_revoked_before(
    connection: Connection, issuer: str, ca: str, serial: str, since: datetime, now: datetime
) -> None:
    """Note that it is revoked, as others asked for: since when at the latest, and not why."""
    row = certificates.c
    mine = and_(row.issuer == issuer, row.ca == ca, row.serial == serial, row.revoked_at.is_(None))
    _set(connection, mine, State(revoked_at=since), state_at=now, seen_at=None)


def forget_seen(connection: Connection, issuer: str, ca: str, serial: str) -> None:
    """Note that something else may be published since: whoever asks for it next has it looked at."""
    row = certificates.c
    mine = and_(row.issuer == issuer, row.ca == ca, row.serial == serial)
    connection.execute(update(certificates).where(mine).values(seen_at=None))


def record_seen(
    connection: Connection, one: Certificate, state: State, this_update: datetime, now: datetime
) -> Certificate:
    """Note what is published, and give the certificate as it is known now.

    What says something else than the signer said counts if it was signed after that, or for good.
    """
    said_at = one.state_at or one.revoked_at or one.held_at  # rows of before have the date of the state alone
    since = said_at if said_at is None or one.seen_at else said_at + _SKEW
    is_same = state.kind == State.of(one).kind
    if not (is_same or since is None or this_update >= since or state.revoked_at):
        return one
    if is_same and one.seen_at and state == State.of(one):
        return one
    row = certificates.c
    unchanged = and_(row.state_at == one.state_at, row.revision == one.revision)
    values: dict[str, Any] = {"state_at": max(this_update, one.state_at or this_update), "seen_at": now}
    if not _set(connection, and_(row.id == one.id, row.issuer == one.issuer, unchanged), state, **values):
        return one  # something was noted meanwhile
    return replace(one, **asdict(state), **values)


def _set(connection: Connection, which: ColumnElement[bool], state: State, **more: object) -> bool:
    return connection.execute(update(certificates).where(which).values(**asdict(state), **more)).rowcount == 1
