"""Which messages' facts a bundle brings out, so that a revocation is followed through the logs. Decides nothing."""

import logging
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from revocation.artifacts import Kind
from revocation.errors import RevocastError
from signer.ledger import brought_out, facts
from signer.ledger.issued import Issued
from signer.signer import Signer

_LOG: Final = logging.getLogger("revocast.signer")
_MOST: Final = 20
_FURTHEST: Final = 10_000
"""Facts that are looked at: those of an import of a million have one message, and are no news of each slice."""


def messages_in(signer: Signer, row: Issued) -> list[str]:
    """The ids of the messages whose facts a bundle covers, and the one before it of the same part did not.

    Of a slice those about its certificates; of a CRL all of the issuer's, since it covers a revision whatever it lists.
    At most twenty, the latest; none where the database does not answer: what was made is made.
    """
    try:
        with signer.ledger.read() as connection:
            after = max(brought_out.revision_before(connection, row), row.revision - _FURTHEST)
            slices = row.slices if row.part.kind is Kind.OCSP else None
            hashes = facts.slice_hashes(row.part.slice, slices) if slices else None
            return brought_out.messages_between(connection, row.part.issuer, after, row.revision, hashes, _MOST)
    except (SQLAlchemyError, RevocastError) as error:
        _LOG.debug("which messages %s brings out is not known: %s", row.name, error)
        return []
