"""Online: the folder of a ceremony that was asked for by a ledger which is lost, taken in by the one in its place.

That ledger learned from what is published what there was. A folder that is no older, and says all of it, is what it
lacks: its CRLs are signed, and who filed it knows that it was the last. The transcript is signed by nobody, so of its
words none counts but the digest, and that no more than once: from then on this ledger knows what it asked for.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from revocation.errors import Refused
from signer.ceremony.transcript import Transcript
from signer.ceremony.waiting import last_kept
from signer.ledger import ceremonies, continuity, crl_numbers, facts
from signer.ledger.ceremonies import Ceremony, Step
from signer.recovery.signed import SignedCRL


def as_requested(
    connection: Connection, transcript: Transcript, crls: Sequence[SignedCRL], now: datetime, where: str
) -> Ceremony:
    """The request of such a ceremony, as of now: its CRLs have to say all that is recorded.

    Which messages it had is not known: the next has all since the last that was accepted here, and none is done twice.
    When it was made is not known either: before the first of its CRLs began.

    Raises:
        Refused: this ledger was never reconciled, or not since a copy took its place, or knows of later CRLs, or
            accepted a ceremony since.
    """
    if continuity.last_break(connection) is None:
        raise Refused(
            "answers no request that this ledger made",
            where=where,
            advice="it is of another ledger than that of `ledger` in [signer]; where this one was put in the place of "
            "one that is lost, `revocast ledger reconcile` first (docs/disaster.md)",
        )
    continuity.require_whole(connection)
    last = ceremonies.last(connection, Step.ACCEPTED)
    if last is not None and last.detail.get("breaks", 0) == continuity.breaks(connection):
        raise Refused(
            "answers no request that this ledger made, and since it was reconciled it accepted the ceremony of "
            f"request sha256:{last.request}",
            where=where,
            advice="take in the folder that the ceremony of a request of this ledger left, or have it written again; "
            "where that is refused, hold another: `revocast ceremony request --all`",
        )
    revisions = {}
    for profile in {crl.profile.issuer.id: crl.profile for crl in crls}.values():
        number = max(crl.number for crl in crls if crl.profile.issuer.id == profile.issuer.id)
        highest = crl_numbers.highest_crl_number(connection, profile.issuer)
        if number < highest:
            raise Refused(
                f"answers no request that this ledger made, and its last CRL number {number} of {profile.issuer.name} "
                f"is below {highest}, which is known here",
                where=where,
                advice="take in the folder of the last ceremony, or hold another",
            )
        revisions[profile.issuer.id] = facts.revision_of(connection, profile.issuer)
    detail = {"kept": last_kept(connection)[0], "revisions": revisions}
    made_at = min(now, *(crl.this_update for crl in crls))
    return Ceremony(Step.REQUESTED, now, transcript.request, made_at, None, detail)
