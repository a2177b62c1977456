"""Orders with their authorizations and challenges: written together, so that an order is one commit."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, insert, or_, select, update

from registrar.database.rows import JSON, Authorization, Challenge, Order, Status
from registrar.database.schema import authorizations, challenges, orders


def _order(row: Row[Any]) -> Order:
    found = Order(**row._mapping)
    return replace(found, status=Status(found.status))


def _authorization(row: Row[Any]) -> Authorization:
    found = Authorization(**row._mapping)
    return replace(found, status=Status(found.status))


def _challenge(row: Row[Any]) -> Challenge:
    found = Challenge(**row._mapping)
    return replace(found, status=Status(found.status))


def add(
    connection: Connection, order: Order, authorized: Sequence[Authorization], offered: Sequence[Challenge]
) -> None:
    """Write a new order with all that belongs to it."""
    connection.execute(insert(orders).values(asdict(order)))
    connection.execute(insert(authorizations), [asdict(one) for one in authorized])
    connection.execute(insert(challenges), [asdict(one) for one in offered])


def order(connection: Connection, issuer: str, id_: str) -> Order | None:
    """The order of that id."""
    row = connection.execute(select(orders).where(orders.c.issuer == issuer, orders.c.id == id_)).one_or_none()
    return _order(row) if row else None


def orders_of(
    connection: Connection, issuer: str, account: str, after: tuple[datetime, str] | None, most: int
) -> list[Order]:
    """Orders of an account, the oldest first, those that come after one."""
    query = select(orders).where(orders.c.issuer == issuer, orders.c.account == account)
    if after is not None:
        at, id_ = after
        query = query.where(or_(orders.c.created_at > at, and_(orders.c.created_at == at, orders.c.id > id_)))
    query = query.order_by(orders.c.created_at, orders.c.id).limit(most)
    return [_order(row) for row in connection.execute(query)]


def authorizations_of(connection: Connection, issuer: str, order_id: str) -> list[Authorization]:
    """Those of an order, always in one sequence."""
    query = select(authorizations).where(authorizations.c.issuer == issuer, authorizations.c.order_id == order_id)
    return [_authorization(row) for row in connection.execute(query.order_by(authorizations.c.id))]


def authorization(connection: Connection, issuer: str, id_: str) -> Authorization | None:
    """The authorization of that id."""
    query = select(authorizations).where(authorizations.c.issuer == issuer, authorizations.c.id == id_)
    row = connection.execute(query).one_or_none()
    return _authorization(row) if row else None


def challenges_of(connection: Connection, issuer: str, authorization_id: str) -> list[Challenge]:
    """Those of an authorization, always in one sequence."""
    query = select(challenges).where(challenges.c.issuer == issuer, challenges.c.authorization_id == authorization_id)
    return [_challenge(row) for row in connection.execute(query.order_by(challenges.c.type))]


def challenge(connection: Connection, id_: str, issuer: str | None = None) -> Challenge | None:
    """The challenge of that id, of one issuer or, for the worker that validates, of any."""
    query = select(challenges).where(challenges.c.id == id_)
    if issuer is not None:
        query = query.where(challenges.c.issuer == issuer)
    row = connection.execute(query).one_or_none()
    return _challenge(row) if row else None


def asked(connection: Connection, before: datetime, most: int) -> list[str]:
    """The ids of challenges that wait for their validation since before that time, those that wait longest first."""
    above = and_(
        authorizations.c.id == challenges.c.authorization_id,
        authorizations.c.status == Status.PENDING.value,
        authorizations.c.expires_at > before,
    )
    waits = and_(challenges.c.status == Status.PROCESSING.value, challenges.c.asked_at <= before)
    query = select(challenges.c.id).join(authorizations, above).where(waits)
    return list(connection.execute(query.order_by(challenges.c.asked_at).limit(most)).scalars())


def change_challenge(connection: Connection, one: Challenge, status: Status, **values: object) -> bool:
    """Change it, if its status is still what it was; false where it is not."""
    same = and_(challenges.c.id == one.id, challenges.c.issuer == one.issuer, challenges.c.status == one.status.value)
    done = connection.execute(update(challenges).where(same).values(status=status.value, **values))
    return done.rowcount == 1


def change_authorization(
    connection: Connection, one: Authorization, status: Status, expires_at: datetime | None = None
) -> bool:
    """Change it, if its status is still what it was; false where it is not."""
    row = authorizations.c
    same = and_(row.id == one.id, row.issuer == one.issuer, row.status == one.status.value)
    values: dict[str, object] = {"status": status.value} | ({"expires_at": expires_at} if expires_at else {})
    return connection.execute(update(authorizations).where(same).values(**values)).rowcount == 1


def begin(connection: Connection, one: Order, csr: bytes, message: str) -> bool:
    """Have a pending order be processed; false where somebody else did so first."""
    same = and_(orders.c.id == one.id, orders.c.issuer == one.issuer, orders.c.status == Status.PENDING.value)
    values = {"status": Status.PROCESSING.value, "csr": csr, "message": message}
    return connection.execute(update(orders).where(same).values(**values)).rowcount == 1


def end(connection: Connection, one: Order, status: Status, problem: JSON | None = None) -> bool:
    """End what is processed; false where somebody else did so first."""
    same = and_(orders.c.id == one.id, orders.c.issuer == one.issuer, orders.c.status == Status.PROCESSING.value)
    values = {"status": status.value, "problem": problem}
    return connection.execute(update(orders).where(same).values(**values)).rowcount == 1


def are_authorized(
    connection: Connection, issuer: str, account: str, names: Sequence[tuple[str, bool]], now: datetime
) -> bool:
    """Whether an account has a valid authorization for each of these names.

    Args:
        names: value without `*.`, and whether it is for a wildcard.
    """
    row = authorizations.c
    query = select(row.value, row.wildcard).where(
        row.issuer == issuer,
        row.account == account,
        row.value.in_({value for value, _ in names}),
        row.expires_at > now,
        row.status == Status.VALID.value,
    )
    found = {(value, wildcard) for value, wildcard in connection.execute(query)}
    return set(names) <= found
