"""Serials that may be missing from CRLs on an operator's word: nothing in the ledger explains it."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from sqlalchemy import Connection, insert, select

from revocation.clock import epoch
from revocation.departed import Departed, Why
from revocation.issuer import Issuer
from signer.ledger.facts import Origin
from signer.ledger.schema import excuses


def record(connection: Connection, issuer: Issuer, serials: Iterable[bytes], why: str, origin: Origin) -> None:
    """Note that these serials are excused, by whom, and why."""
    shared = {"issuer": issuer.id, "why": why, "requester": origin.requester, "message": origin.message}
    rows = [{**shared, "serial": serial, "recorded_at": epoch(origin.now)} for serial in serials]
    connection.execute(insert(excuses), rows)


def since(connection: Connection, issuer: Issuer, moment: datetime) -> Iterator[Departed]:
    """What was excused since then."""
    query = select(excuses.c.serial).where(excuses.c.issuer == issuer.id, excuses.c.recorded_at >= epoch(moment))
    for serial in connection.execute(query.order_by(excuses.c.id)).scalars():
        yield Departed(serial, Why.EXCUSED)
