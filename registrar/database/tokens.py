"""Tokens of the API. Of a secret its digest is here, and nothing that could be sent in its place."""

from dataclasses import asdict
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from registrar.database.rows import Token
from registrar.database.schema import tokens


class NameInUse(Exception):
    """Another token has this name: the audit log tells them apart by it."""


_BY_PREFIX: Final = select(tokens).where(tokens.c.prefix == bindparam("this"))


def by_prefix(connection: Connection, prefix: str) -> Token | None:
    """The token with that prefix."""
    row = connection.execute(_BY_PREFIX, {"this": prefix}).one_or_none()
    return Token(**row._mapping) if row else None


def all_of(connection: Connection) -> list[Token]:
    """All of them, the newest first."""
    query = select(tokens).order_by(tokens.c.created_at.desc(), tokens.c.name)
    return [Token(**row._mapping) for row in connection.execute(query)]


def add(connection: Connection, token: Token) -> None:
    """Write a new one.

    Raises:
        NameInUse: there is, or was, one of that name.
    """
    try:
        with connection.begin_nested():
            connection.execute(insert(tokens).values(asdict(token)))
    except IntegrityError as error:
        raise NameInUse(token.name) from error


def revoke(connection: Connection, name: str, now: datetime) -> bool:
    """Let it hold no more; false where there is none, or it was revoked before."""
    mine = (tokens.c.name == name) & tokens.c.revoked_at.is_(None)
    return connection.execute(update(tokens).where(mine).values(revoked_at=now)).rowcount == 1
