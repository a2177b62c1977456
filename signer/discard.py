"""Taking back what a clock that ran ahead had signed: or nothing could be signed until that time comes.

thisUpdate only rises, but what has not begun yet nobody can rely on, published or not. Numbers go on above.
"""

from datetime import datetime

from sqlalchemy import Connection

from revocation.artifacts import Kind
from revocation.clock import iso
from revocation.config import IssuerProfile
from revocation.crlprofile import LONGEST_BACKDATE
from revocation.errors import Refused
from revocation.status import Revocation
from signer.ledger import dates, facts, issued
from signer.ledger.facts import Origin
from signer.ledger.issued import Issued
from signer.statuses import Done


def discard(connection: Connection, profile: IssuerProfile, origin: Origin) -> Done:
    """Take back what was signed for later than now, and let what was revoked since later than now be revoked now.

    Raises:
        Refused: there is nothing of that kind.
    """
    issuer, now = profile.issuer, origin.now
    recent = issued.later_than(connection, issuer, now - LONGEST_BACKDATE)
    ahead = [row for row in recent if row.this_update > _start(profile, row, now)]
    redated = _redate(connection, profile, origin)
    if not ahead and not redated:
        raise Refused(f"nothing was signed for later than {iso(now)}, which is now", where=f"issuer {issuer.name}")
    issued.mark_discarded(connection, ahead, now)
    detail = f"{_words(ahead)} of {issuer.name} discarded; {redated} revocations dated {iso(now)} instead of later"
    names = tuple(row.name for row in ahead)
    return Done(facts.revision_of(connection, issuer), detail, tuple(profile.complete_crls), names)


def _start(profile: IssuerProfile, row: Issued, now: datetime) -> datetime:
    """thisUpdate of what would be signed in the place of that."""
    spec = profile.crls.get(row.part.label) if row.part.kind is Kind.CRL else None
    return spec.window(now)[0] if spec else now


def _redate(connection: Connection, profile: IssuerProfile, origin: Origin) -> int:
    """New facts for what is revoked since a time that has not come; how many there are."""
    serials = dates.revoked_after(connection, profile.issuer, origin.now)
    for serial in serials:
        certificate = facts.find(connection, profile.issuer, serial)
        if certificate is not None and certificate.revocation is not None:
            said = certificate.revocation
            invalid = min(said.invalidity_date, origin.now) if said.invalidity_date else None
            facts.revoke(connection, profile.issuer, serial, Revocation(origin.now, said.reason, invalid), origin)
    dates.count_again(connection, profile.issuer)
    return len(serials)


def _words(rows: list[Issued]) -> str:
    crls, responses = (sum(row.part.kind is kind for row in rows) for kind in (Kind.CRL, Kind.OCSP))
    return f"{crls} CRLs and {responses} bundles of OCSP responses"
