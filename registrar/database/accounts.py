"""Accounts, and the keys of external accounts that they are bound to."""

from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, and_, bindparam, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from registrar.database.rows import Account, EABKey, Status
from registrar.database.schema import accounts, eab_keys


class KeyInUse(Exception):
    """Another account of the issuer has this key.

    Attributes:
        account: its id.
    """

    def __init__(self, account: str) -> None:
        super().__init__(f"account {account} has this key")
        self.account = account


class ChangedMeanwhile(Exception):
    """The account has another key by now, or was deactivated: what its former key signed changes nothing any more."""


class AlreadyBound(Exception):
    """Another account is bound to this external account, which may have one alone."""


_BY_ID: Final = select(accounts).where(accounts.c.issuer == bindparam("whose"), accounts.c.id == bindparam("this"))
_BY_THUMBPRINT: Final = select(accounts).where(
    accounts.c.issuer == bindparam("whose"), accounts.c.thumbprint == bindparam("key")
)


def _account(row: Row[Any] | None) -> Account | None:
    if row is None:
        return None
    found = Account(**row._mapping)
    return replace(found, status=Status(found.status))


def by_id(connection: Connection, issuer: str, id_: str) -> Account | None:
    """The account of that id."""
    return _account(connection.execute(_BY_ID, {"whose": issuer, "this": id_}).one_or_none())


def by_thumbprint(connection: Connection, issuer: str, thumbprint: str) -> Account | None:
    """The account whose key has that thumbprint (RFC 7638)."""
    return _account(connection.execute(_BY_THUMBPRINT, {"whose": issuer, "key": thumbprint}).one_or_none())


def add(connection: Connection, account: Account) -> None:
    """Write a new one.

    Raises:
        KeyInUse: there is one with its key, perhaps since a moment ago.
        AlreadyBound: its external account has another one.
    """
    if account.eab is not None:
        _bind(connection, account)
    try:
        with connection.begin_nested():
            connection.execute(insert(accounts).values(asdict(account)))
    except IntegrityError as error:
        raise _in_use(connection, account.issuer, account.thumbprint) from error


def change(connection: Connection, account: Account, **values: object) -> Account:
    """Change contacts, terms, status or key of a valid account, whose key is still what it was when it was read.

    Raises:
        KeyInUse: another account has the new key.
        ChangedMeanwhile: it is not.
    """
    row = accounts.c
    mine = and_(row.issuer == account.issuer, row.id == account.id)
    same = and_(row.status == Status.VALID.value, row.thumbprint == account.thumbprint)
    try:
        with connection.begin_nested():
            done = connection.execute(update(accounts).where(mine, same).values(**values)).rowcount
    except IntegrityError as error:
        raise _in_use(connection, account.issuer, str(values["thumbprint"])) from error
    found = by_id(connection, account.issuer, account.id)
    if done != 1 or found is None:
        raise ChangedMeanwhile
    return found


def _in_use(connection: Connection, issuer: str, thumbprint: str) -> KeyInUse:
    other = by_thumbprint(connection, issuer, thumbprint)
    return KeyInUse(other.id if other else "")


def _bind(connection: Connection, account: Account) -> None:
    """A key that is for one account alone is taken by the first: of two at the same time one finds it taken."""
    key = eab_keys.c
    free = or_(key.reusable, key.account.is_(None))
    mine = and_(key.issuer == account.issuer, key.kid == account.eab, key.revoked_at.is_(None), free)
    if connection.execute(update(eab_keys).where(mine).values(account=account.id)).rowcount != 1:
        raise AlreadyBound


_NEWEST_FIRST: Final = (eab_keys.c.created_at.desc(), eab_keys.c.kid)


def eab_key(connection: Connection, issuer: str, kid: str) -> EABKey | None:
    """The key of an external account."""
    query = select(eab_keys).where(eab_keys.c.issuer == issuer, eab_keys.c.kid == kid)
    row = connection.execute(query).one_or_none()
    return EABKey(**row._mapping) if row else None


def eab_keys_of(connection: Connection, issuer: str) -> list[EABKey]:
    """All of an issuer."""
    query = select(eab_keys).where(eab_keys.c.issuer == issuer).order_by(*_NEWEST_FIRST)
    return [EABKey(**row._mapping) for row in connection.execute(query)]


def add_eab_key(connection: Connection, key: EABKey) -> None:
    """Write a new one."""
    connection.execute(insert(eab_keys).values(asdict(key)))


def revoke_eab_key(connection: Connection, issuer: str, kid: str, now: datetime) -> bool:
    """Let no further account be bound to it; false where there is none, or it was revoked before."""
    mine = and_(eab_keys.c.issuer == issuer, eab_keys.c.kid == kid, eab_keys.c.revoked_at.is_(None))
    return connection.execute(update(eab_keys).where(mine).values(revoked_at=now)).rowcount == 1
