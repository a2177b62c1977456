"""What was asked over the API under which id: one key of a caller is one request, and one message to the signer.

One that has its body waits for its answer; it is taken away with the end, and put back by who asks the same again.
"""

from dataclasses import asdict

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from registrar.database.rows import Request
from registrar.database.schema import requests


def add(connection: Connection, one: Request) -> None:
    """Write it down, unless its id is there already."""
    try:
        with connection.begin_nested():
            connection.execute(insert(requests).values(**asdict(one)))
    except IntegrityError:
        return


def by_id(connection: Connection, issuer: str, id_: str) -> Request | None:
    """The request of that id."""
    query = select(requests).where(requests.c.issuer == issuer, requests.c.id == id_)
    row = connection.execute(query).one_or_none()
    return Request(**row._mapping) if row else None


def open_again(connection: Connection, one: Request) -> None:
    """Have it wait for its answer, again or for longer."""
    values = {"ca": one.ca, "verb": one.verb, "body": one.body, "created_at": one.created_at}
    connection.execute(update(requests).where(requests.c.id == one.id).values(**values))


def end(connection: Connection, id_: str, *, done: bool) -> None:
    """It has its answer: it is done, or refused."""
    values = {"body": None, "done": True} if done else {"body": None}
    connection.execute(update(requests).where(requests.c.id == id_).values(**values))


def waiting(connection: Connection, issuer: str, most: int) -> list[str]:
    """The ids of an issuer's that wait for their answer, the oldest first."""
    query = select(requests.c.id).where(requests.c.issuer == issuer, requests.c.body.is_not(None))
    return list(connection.scalars(query.order_by(requests.c.created_at).limit(most)))
