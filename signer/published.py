"""What others say is published, of this signer's own CRLs: kept in memory, written down when a CRL is made anyway.

It is somebody's word, so it decides nothing that could hurt: an entry that has expired leaves CRLs only when one that
was signed, and is said to be published, has shown it.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection

from revocation.config import IssuerProfile
from revocation.crlspec import CRLSpec
from revocation.part import Part
from revocation.published import CRLRow
from signer.ledger import discarded, issued
from signer.ledger.issued import Issued


class Published:
    """The newest row of each CRL that was told."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, str], CRLRow] = {}

    def hear(self, rows: Iterable[CRLRow], profiles: Mapping[str, IssuerProfile]) -> None:
        """Somebody says that these are published: anybody, so no more is kept than there are CRLs configured."""
        own = (row for row in rows if row.issuer in profiles and row.label in profiles[row.issuer].crls)
        self._told |= {(row.issuer, row.label): row for row in own}

    def last(self, connection: Connection, part: Part, now: datetime) -> Issued | None:
        """The newest CRL of a part that was signed here and is known to be published; in a writing transaction."""
        told = self._told.get((part.issuer, part.label))
        if told is not None:
            issued.note_published(connection, told, now)
        return issued.last_published(connection, part)

    def taken_back(self, connection: Connection, last: Issued, now: datetime) -> datetime | None:
        """thisUpdate of a CRL that was taken back and is published, so that `last` cannot follow on it any more.

        Until that time `last` could, whatever its own thisUpdate; a publisher that came later refuses it.
        """
        told = self._told.get((last.part.issuer, last.part.label))
        if told is None or told.number >= (last.crl_number or 0) or told.this_update < last.this_update:
            return None
        begun = discarded.of_row(connection, told)
        return begun if begun is not None and last.this_update <= begun < now else None

    def base(self, connection: Connection, complete: CRLSpec, now: datetime) -> Issued | None:
        """What a delta to a complete CRL builds on: the oldest of its scope that is published and still valid.

        Of the same scope and reasons, and pointing to the delta: RFC 5280 section 5.2.4 wants that of a base.
        """
        part = complete.part
        told = self._told.get((part.issuer, part.label))
        known = issued.oldest_valid_published(connection, part, complete.form, now)
        if known is not None or told is None or told.next_update <= now:
            return known
        row = issued.of_row(connection, told)
        return row if row is not None and row.hashes == complete.form else None
