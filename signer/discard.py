"""Taking back what a clock that ran ahead had signed: or nothing could be signed until that time comes.

thisUpdate only rises, but what has not begun yet nobody can rely on, published or not. Numbers go on above.
"""

from sqlalchemy import Connection

from revocation import serials
from revocation.artifacts import Kind
from revocation.clock import iso
from revocation.config import IssuerProfile
from revocation.durations import show
from revocation.errors import Refused
from revocation.status import Revocation
from revocation.windows import SKEW
from signer.ledger import audit, dates, discarded, facts, issued, pages, responders
from signer.ledger.facts import Origin
from signer.ledger.issued import Issued
from signer.statuses import Done


def discard(connection: Connection, profile: IssuerProfile, origin: Origin) -> Done:
    """Take back what was signed for later than now, and let what was revoked since later than now be revoked now.

    Responder certificates too: their keys would lie there until that time has come, and the next look destroys them.
    What is ahead by no more than clocks may be apart is waited for, and publishers wait for it too.

    Raises:
        Refused: there is nothing of that kind.
    """
    issuer, now = profile.issuer, origin.now
    ahead = list(issued.later_than(connection, issuer, now + SKEW))
    responders_ahead = _take_back_responders(connection, profile, origin)
    redated = _redate(connection, profile, origin)
    if not ahead and not redated and not responders_ahead:
        raise Refused(
            f"nothing was signed for later than {iso(now + SKEW)}, and it is {iso(now)}",
            where=f"issuer {issuer.name}",
            advice=f"what is at most {show(SKEW)} ahead is waited for",
        )
    discarded.mark(connection, ahead, now)
    pages.forget(connection, issuer)  # what that clock took for expired comes back, and why entries left is noted anew
    what = f"{_words(ahead)} and {responders_ahead} responder certificates"
    detail = f"{what} of {issuer.name} discarded; {redated} revocations dated {iso(now)} instead of later"
    names = tuple(row.name for row in ahead)
    return Done(facts.revision_of(connection, issuer), detail, tuple(profile.complete_crls), names)


def _take_back_responders(connection: Connection, profile: IssuerProfile, origin: Origin) -> int:
    """How many there were."""
    found = responders.begun_later(connection, profile.issuer, origin.now + SKEW)
    for one in found:
        responders.take_back(connection, one)
        said = {"serial": serials.to_hex(one.serial), "key": one.key, "not_before": iso(one.not_before)}
        audit.record(connection, origin.now, "discard responder certificate", one.issuer, **said)
    return len(found)


def _redate(connection: Connection, profile: IssuerProfile, origin: Origin) -> int:
    """New facts for what is revoked since a time that has not come; how many there are."""
    later = dates.revoked_after(connection, profile.issuer, origin.now + SKEW)
    for serial in later:
        certificate = facts.find(connection, profile.issuer, serial)
        if certificate is not None and certificate.revocation is not None:
            said = certificate.revocation
            invalid = min(said.invalidity_date, origin.now) if said.invalidity_date else None
            facts.revoke(connection, profile.issuer, serial, Revocation(origin.now, said.reason, invalid), origin)
    dates.count_again(connection, profile.issuer)
    return len(later)


def _words(rows: list[Issued]) -> str:
    crls, responses = (sum(row.part.kind is kind for row in rows) for kind in (Kind.CRL, Kind.OCSP))
    return f"{crls} CRLs, {responses} bundles of OCSP responses"
