"""Orders with their authorizations and challenges: written together, so that an order is one commit."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Table,
    Update,
    and_,
    bindparam,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from registrar.database.rows import JSON, Authorization, Challenge, Order, Status
from registrar.database.schema import authorizations, challenges, orders

_ADD_ORDER: Final = insert(orders)
_ADD_AUTHORIZATION: Final = insert(authorizations)
_ADD_CHALLENGE: Final = insert(challenges)


def _this(table: Table) -> ColumnElement[bool]:
    return and_(table.c.issuer == bindparam("whose"), table.c.id == bindparam("this"))


def _below(table: Table, column: str) -> ColumnElement[bool]:
    return and_(table.c.issuer == bindparam("whose"), table.c[column] == bindparam("above"))


def _same(table: Table) -> ColumnElement[bool]:
    return and_(_this(table), table.c.status == bindparam("before"))


_ORDER: Final = select(orders).where(_this(orders))
_AUTHORIZATION: Final = select(authorizations).where(_this(authorizations))
_AUTHORIZATIONS: Final = select(authorizations).where(_below(authorizations, "order_id")).order_by(authorizations.c.id)
_CHALLENGES: Final = select(challenges).where(_below(challenges, "authorization_id")).order_by(challenges.c.type)
_CHALLENGE: Final = select(challenges).where(challenges.c.id == bindparam("this"))
_CHANGE_ORDER: Final = update(orders).where(_same(orders))
_CHANGE_PROCESSED: Final = _CHANGE_ORDER.where(orders.c.message == bindparam("asked"))
_PROCESSED: Final = (
    select(orders.c.id)
    .where(orders.c.issuer == bindparam("whose"), orders.c.status == literal_column("'processing'"))
    .order_by(orders.c.created_at)
    .limit(bindparam("most"))
)
_CHANGE_AUTHORIZATION: Final = update(authorizations).where(_same(authorizations))
_CHANGE_CHALLENGE: Final = update(challenges).where(_same(challenges))


def _changed(
    connection: Connection, statement: Update, one: Order | Authorization | Challenge, values: Mapping[str, object]
) -> bool:
    """Whether it was changed: its status was still what it was when it was read."""
    found = {"whose": one.issuer, "this": one.id, "before": one.status.value}
    return connection.execute(statement, {**found, **values}).rowcount == 1


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
    connection.execute(_ADD_ORDER, asdict(order))
    connection.execute(_ADD_AUTHORIZATION, [asdict(one) for one in authorized])
    connection.execute(_ADD_CHALLENGE, [asdict(one) for one in offered])


def order(connection: Connection, issuer: str, id_: str) -> Order | None:
    """The order of that id."""
    row = connection.execute(_ORDER, {"whose": issuer, "this": id_}).one_or_none()
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
    found = connection.execute(_AUTHORIZATIONS, {"whose": issuer, "above": order_id})
    return [_authorization(row) for row in found]


def authorizations_of_all(connection: Connection, issuer: str, ids: Sequence[str]) -> dict[str, list[Authorization]]:
    """Those of several orders, by the ids of the orders."""
    row, found = authorizations.c, {id_: list[Authorization]() for id_ in ids}
    for one in connection.execute(select(authorizations).where(row.issuer == issuer, row.order_id.in_(ids))):
        found[one.order_id].append(_authorization(one))
    return found


def authorization(connection: Connection, issuer: str, id_: str) -> Authorization | None:
    """The authorization of that id."""
    row = connection.execute(_AUTHORIZATION, {"whose": issuer, "this": id_}).one_or_none()
    return _authorization(row) if row else None


def challenges_of(connection: Connection, issuer: str, authorization_id: str) -> list[Challenge]:
    """Those of an authorization, always in one sequence."""
    found = connection.execute(_CHALLENGES, {"whose": issuer, "above": authorization_id})
    return [_challenge(row) for row in found]


def challenge(connection: Connection, id_: str, issuer: str | None = None) -> Challenge | None:
    """The challenge of that id, of one issuer or, for the worker that validates, of any."""
    row = connection.execute(_CHALLENGE, {"this": id_}).one_or_none()
    found = _challenge(row) if row else None
    return found if found and issuer in (None, found.issuer) else None


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
    return _changed(connection, _CHANGE_CHALLENGE, one, {"status": status.value, **values})


def change_authorization(
    connection: Connection, one: Authorization, status: Status, expires_at: datetime | None = None
) -> bool:
    """Change it, if its status is still what it was; false where it is not."""
    values: dict[str, object] = {"status": status.value} | ({"expires_at": expires_at} if expires_at else {})
    return _changed(connection, _CHANGE_AUTHORIZATION, one, values)


def begin(connection: Connection, one: Order, csr: bytes, message: str) -> bool:
    """Have a pending order be processed; false where somebody else did so first."""
    values = {"status": Status.PROCESSING.value, "csr": csr, "message": message}
    return _changed(connection, _CHANGE_ORDER, one, values)


def processed(connection: Connection, issuer: str, most: int) -> list[str]:
    """The ids of an issuer's orders that wait for their certificate, the oldest first."""
    return list(connection.scalars(_PROCESSED, {"whose": issuer, "most": most}))


def put_back(connection: Connection, one: Order) -> bool:
    """Have an order that is processed be as before; false where it has ended meanwhile."""
    values = {"status": Status.PENDING.value, "csr": None, "message": None}
    return _changed(connection, _CHANGE_PROCESSED, one, {"asked": one.message, **values})


def end(connection: Connection, one: Order, status: Status, problem: JSON | None = None) -> bool:
    """End what is processed; false where somebody else did so first, or it is processed for another CSR by now."""
    values = {"status": status.value, "problem": problem}
    return _changed(connection, _CHANGE_PROCESSED, one, {"asked": one.message, **values})


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
