"""What came of a validation: the worker's side of authorizations. Repeating any of it changes nothing."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from registrar.database import Database, accounts
from registrar.database import orders as stored
from registrar.database.rows import Authorization, Challenge, Status
from registrar.problem import Identifier, Problem


@dataclass(frozen=True)
class Pending:
    """A challenge that is to be validated.

    Attributes:
        issuer: the name of the issuer, as in [[registrar.issuers]].
        account: the id of the account, as it stands in its URL.
        asked_at: when its client said that it is ready.
    """

    challenge_id: str
    issuer: str
    account: str
    type: str
    identifier: Identifier
    token: str
    key_authorization: str
    is_wildcard: bool
    asked_at: datetime


def waiting(database: Database, before: datetime, most: int) -> list[str]:
    """The ids of challenges that wait since before that time: whatever became of the messages about them."""
    with database.read() as connection:
        return stored.asked(connection, before, most)


def to_validate(database: Database, challenge_id: str, now: datetime) -> Pending | None:
    """What is to be validated; None where nobody waits for it any more."""
    with database.read() as connection:
        one = stored.challenge(connection, challenge_id)
        above = stored.authorization(connection, one.issuer, one.authorization_id) if one else None
        if one is None or above is None or not _waits(one, above, now):
            return None
        account = accounts.by_id(connection, one.issuer, above.account)
    if account is None or account.status is not Status.VALID:
        return None
    return Pending(
        challenge_id=one.id,
        issuer=one.issuer,
        account=account.id,
        type=one.type,
        identifier=above.identifier,
        token=one.token,
        key_authorization=f"{one.token}.{account.thumbprint}",
        is_wildcard=above.wildcard,
        asked_at=one.asked_at or now,
    )


def record_valid(database: Database, challenge_id: str, now: datetime) -> None:
    """The challenge shows that the name is the account's: its authorization is valid for its lifetime."""
    with database.write(durable=False) as connection:
        one = stored.challenge(connection, challenge_id)
        above = stored.authorization(connection, one.issuer, one.authorization_id) if one else None
        if one is None or above is None or not _waits(one, above, now):
            return
        if stored.change_authorization(connection, above, Status.VALID, now + timedelta(seconds=above.lifetime)):
            stored.change_challenge(connection, one, Status.VALID, validated_at=now, problem=None)


def record_invalid(database: Database, challenge_id: str, problem: Problem, now: datetime) -> None:
    """The challenge failed for good: its authorization is invalid, and its order with it."""
    with database.write() as connection:
        one = stored.challenge(connection, challenge_id)
        above = stored.authorization(connection, one.issuer, one.authorization_id) if one else None
        if one is None or above is None or not _waits(one, above, now):
            return
        if stored.change_authorization(connection, above, Status.INVALID):
            stored.change_challenge(connection, one, Status.INVALID, validated_at=now, problem=problem.as_json())


def _waits(one: Challenge, above: Authorization, now: datetime) -> bool:
    return one.status is Status.PROCESSING and above.status_at(now) is Status.PENDING
