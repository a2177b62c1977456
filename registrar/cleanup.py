"""Letting go of what has ended, each kind after its own retention, a few hundred rows at a time.

No certificate depends on its order: whose it is stands with itself, and stays while it lives, so that its account can
revoke it to its last day. An order that is processed stays until it has ended, and so does a request of the API: it
alone knows of a certificate that the signer may have issued. Nonces and counts of rate limits end by themselves, in the
queue server.
"""

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, exists, select, tuple_

from registrar.config import Retention
from registrar.database import Database
from registrar.database.rows import Status
from registrar.database.schema import (
    accounts,
    authorizations,
    certificate_names,
    certificates,
    challenges,
    eab_keys,
    orders,
    requests,
)

_LOG: Final = logging.getLogger("revocast.registrar")
_BATCH: Final = 500
_PAUSE: Final = 1.0
"""How long others write between two batches, in times of what one takes: another process looks again now and then."""


@dataclass(frozen=True)
class Kind:
    """Rows of one kind whose time has come.

    Attributes:
        table: where they are.
        which: those.
        below: rows that belong to them, and go with them: their table, and the column that names the row above.
    """

    name: str
    table: Table
    which: ColumnElement[bool]
    below: tuple[tuple[Table, str], ...] = field(default=())


def clean_up(database: Database, retention: Retention, now: datetime, pause: float = _PAUSE) -> dict[str, int]:
    """Delete what has ended; how many rows of each kind went.

    Raises:
        DatabaseUnavailable: not all of it could be done; what was done is, and the rest is done next time.
    """
    done: dict[str, int] = {}
    for kind in _kinds(retention, now):
        count = 0
        begun = time.monotonic()
        while gone := _delete_some(database, kind):
            count += gone
            time.sleep(pause * (time.monotonic() - begun))
            begun = time.monotonic()
        done[kind.name] = count
    _LOG.info("cleaned up: %s", ", ".join(f"{count} {name}" for name, count in done.items()))
    return done


def _kinds(retention: Retention, now: datetime) -> Iterator[Kind]:
    """Authorizations go after both their own end and that of their order, which they say something of."""
    ended = and_(orders.c.expires_at <= now - retention.orders, orders.c.status != Status.PROCESSING.value)
    yield Kind("orders", orders, ended)
    ended = and_(
        authorizations.c.expires_at <= now - retention.authorizations,
        ~exists().where(orders.c.id == authorizations.c.order_id),
    )
    yield Kind("authorizations", authorizations, ended, ((challenges, "authorization_id"),))
    ended = certificates.c.not_after <= now - retention.certificates
    yield Kind("certificates", certificates, ended, ((certificate_names, "certificate"),))
    ended = and_(requests.c.created_at <= now - retention.requests, requests.c.body.is_(None))
    yield Kind("requests", requests, ended)
    ended = and_(
        accounts.c.status != Status.VALID.value,
        accounts.c.changed_at <= now - retention.accounts,
        ~exists().where(certificates.c.issuer == accounts.c.issuer, certificates.c.account == accounts.c.id),
        ~exists().where(orders.c.issuer == accounts.c.issuer, orders.c.account == accounts.c.id),
    )
    yield Kind("accounts", accounts, ended)
    ended = and_(
        eab_keys.c.revoked_at <= now - retention.accounts,
        ~exists().where(accounts.c.id == eab_keys.c.account),
    )
    yield Kind("external account keys", eab_keys, ended)


def _delete_some(database: Database, kind: Kind) -> int:
    """One batch in a transaction of its own: found without a lock, deleted by their keys."""
    key = tuple(kind.table.primary_key.columns)
    with database.read() as connection:
        found = [tuple(row) for row in connection.execute(select(*key).where(kind.which).limit(_BATCH))]
    if not found:
        return 0
    with database.write(durable=False) as connection:
        for table, column in kind.below:
            ids = [row[0] for row in found]
            connection.execute(delete(table).where(table.c[column].in_(ids)))
        return _delete(connection, kind, found)


def _delete(connection: Connection, kind: Kind, found: list[tuple[str, ...]]) -> int:
    key = tuple(kind.table.primary_key.columns)
    which = tuple_(*key).in_(found)
    return connection.execute(delete(kind.table).where(which, kind.which)).rowcount
