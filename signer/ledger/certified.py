"""The CA certificates that keys signed by this ledger, or were about to, beside the audit log and not in its place.

Who takes an entry off the log's end has to know of this too: `revocast audit verify` holds one against the other.
"""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection, insert, select

from signer.ledger.schema import certified

SIGNED: Final = "sign CA certificate"
"""The action of their entries in the audit log."""


def note(connection: Connection, issuer: str, serial: bytes) -> None:
    """Record one in the transaction that appends its entry to the audit log.

    Args:
        issuer: the id of who signs it.
    """
    connection.execute(insert(certified).values(issuer=issuer, serial=serial))


def of_all(connection: Connection) -> Iterator[tuple[str, bytes]]:
    """Issuer and serial of each, the first one first."""
    for row in connection.execute(select(certified.c.issuer, certified.c.serial).order_by(certified.c.id)):
        yield row.issuer, row.serial
