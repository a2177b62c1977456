"""What was asked over the API under which id: one key of a caller is one request, and one message to the signer."""

from datetime import datetime

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from registrar.database.schema import requests


def is_same(connection: Connection, id_: str, issuer: str, digest: str, now: datetime) -> bool:
    """Whether nothing else was asked under this id; from now on it stands for this."""
    try:
        with connection.begin_nested():
            connection.execute(insert(requests).values(id=id_, issuer=issuer, digest=digest, created_at=now))
    except IntegrityError:
        query = select(requests.c.issuer, requests.c.digest).where(requests.c.id == id_)
        return tuple(connection.execute(query).one()) == (issuer, digest)
    return True
