"""Whether OCSP slices have become too large for the certificates that there are; said when a worker begins."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import func, select

from revocation.slicing import too_large
from signer.finding import live
from signer.ledger.facts import not_expired
from signer.ledger.schema import certificates
from signer.signer import Signer


def large_slices(signer: Signer, now: datetime) -> Iterator[str]:
    """Of each issuer with slices that are too large on average, how many it should have."""
    for profile in live(signer, now, None):
        answered = not_expired(profile.ocsp.answered_since(now))
        query = select(func.count()).where(certificates.c.issuer == profile.issuer.id, answered)
        with signer.ledger.read() as connection:
            responses = connection.execute(query).scalar_one() * len(profile.ocsp.responses)
        if said := too_large(profile, responses // profile.ocsp.slices, responses):
            yield said
