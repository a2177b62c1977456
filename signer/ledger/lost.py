"""What a ledger that was lost had used up: sequences, times and revisions that are not used again.

How far it had come is known of what lies in the exchange, at least. So the one in its place goes on far above: no
ledger records or puts out so much between two backups.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, insert, select, text

from revocation.clock import epoch
from revocation.errors import InputError
from revocation.issuer import Issuer
from revocation.part import Part
from signer.ledger.crl_numbers import subject_of
from signer.ledger.schema import issued

REVISIONS: Final = 1 << 32
"""How many revisions are left out."""

_SEQUENCES: Final = 10_000_000
_HIGHEST: Final = 990_000_000_000
"""A sequence has twelve digits."""


_OF_A_LOST_SERIES: Final = 0
"""No bundle has this sequence."""


def adopt(
    connection: Connection,
    issuer: Issuer,
    part: Part,
    sequence: int,
    window: tuple[datetime, datetime],
    *,
    ahead: bool = False,
) -> None:
    """Note a bundle that was made by the ledger of before: what follows is later. It counts as one never stored.

    Args:
        ahead: whether it is one of a series that begins later: what follows need not wait for it.
    """
    known = select(issued.c.sequence).where(issued.c.sequence == sequence)
    if connection.execute(known).one_or_none() is not None:
        return
    values = {"issuer": issuer.id, "kind": str(part.kind), "part": part.label, "subject": subject_of(issuer)}
    times = {"this_update": epoch(window[0]), "next_update": epoch(window[1])}
    revisions = {"sequence": sequence, "base_revision": 0, "revision": 0}
    revisions |= {"ahead_of": _OF_A_LOST_SERIES} if ahead else {}
    connection.execute(insert(issued).values(**values, **times, **revisions))


def leave_out_sequences(connection: Connection, highest: int) -> None:
    """Have bundles go on far above all that may have been made.

    Raises:
        InputError: there is no room above.
    """
    end = highest + _SEQUENCES
    if end >= _HIGHEST:
        raise InputError(
            f"holds a bundle with the sequence {highest}, above which there is no room",
            where="exchange",
            advice="no ledger gets that far: take that bundle out, and look who may write there",
        )
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT setval(pg_get_serial_sequence('issued', 'sequence'), :end)"), {"end": end})
        return
    changed = connection.execute(text("UPDATE sqlite_sequence SET seq = :end WHERE name = 'issued'"), {"end": end})
    if not changed.rowcount:
        connection.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES ('issued', :end)"), {"end": end})
