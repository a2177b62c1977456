"""What the ledger says of entries that left CRLs."""

from sqlalchemy import Connection, select

from revocation.departed import Departed, Why
from revocation.issuer import Issuer
from signer.ledger.groups import EVERYTHING, Selection
from signer.ledger.schema import departures


def left(connection: Connection, issuer: Issuer, selection: Selection = EVERYTHING, after: int = 0) -> list[Departed]:
    """What left the groups of a selection since the departure with that id, in its order."""
    query = select(departures.c.serial, departures.c.why, departures.c.expired_at)
    mine = (*selection.where(issuer, departures), departures.c.id > after)
    rows = connection.execute(query.where(*mine).order_by(departures.c.id))
    return [Departed(serial, Why(why), expired_at) for serial, why, expired_at in rows]
