"""Online: what a ceremony is asked for, from the ledger that recorded it."""

from typing import Final

from sqlalchemy import Connection

from revocation.clock import Clock
from revocation.config import IssuerProfile
from revocation.errors import ConfigurationError, Refused
from signer.ceremony.request import Header, RequestIssuer, digest_of, encode
from signer.ceremony.waiting import last_kept
from signer.ledger import audit, ceremonies, continuity, crl_numbers, facts, kept, lost
from signer.ledger.ceremonies import Ceremony, Step
from signer.signer import Signer

_ADVICE: Final = "offline = true of an issuer in [[signer.issuers]] says that its key is elsewhere (docs/ceremony.md)"

_BEFORE: Final = "recorded before its key was said to be offline"
_LEARNED: Final = "learned from what is published, or recorded before its key was said to be offline"
_COPY: Final = (
    "begin the offline ledger as a copy of this one (`revocast backup`, there `revocast restore` and `revocast ledger "
    "reconcile`), then --copied-ledger"
)
_IN_ITS_PLACE: Final = (
    "`revocast ceremony accept` the folder of the last ceremony, from where it was filed, first; where that is lost, "
    "or not taken in: --copied-ledger too, with the offline ledger as it is (docs/disaster.md)"
)


def collect(signer: Signer, clock: Clock, *, everything: bool, copied: bool) -> tuple[Header, bytes]:
    """A request, with the messages since the last accepted ceremony, remembered as one that was made.

    The revisions of the issuers go on far above what it says: the offline ledger numbers what it signs up to that, so
    that what is published compares with the facts of this ledger.

    Args:
        clock: asked once nothing can be recorded meanwhile: what the request has was recorded before it was made.
        everything: all messages there ever were, for an offline ledger that lacks some.
        copied: whether the offline ledger began as a copy of this one, and so has what was recorded before.

    Raises:
        ConfigurationError: no issuer's key is offline.
        Refused: something was recorded of which no message was kept.
    """
    if not signer.offline:
        raise ConfigurationError("has no issuer whose key is offline", where="[[signer.issuers]]", advice=_ADVICE)
    with signer.ledger.write() as connection:
        now = clock()
        accepted = None if everything else ceremonies.last(connection, Step.ACCEPTED)
        after = last_kept(connection)[0] if accepted else 0
        if accepted is None and not copied:
            _require_kept(connection, signer)
        messages = list(kept.since(connection, after))
        header = Header(
            made_at=now,
            predecessor=accepted.request if accepted else None,
            issuers=tuple(_issuer(connection, profile) for profile in signer.offline),
            messages=len(messages),
        )
        data = encode(header, ((one.recorded_at, one.text, one.source) for one in messages))
        digest = digest_of(data)
        revisions = {one.id: one.revision - (lost.REVISIONS - 1) for one in header.issuers}
        detail = {"kept": max((one.id for one in messages), default=after), "revisions": revisions}
        ceremonies.note(connection, Ceremony(Step.REQUESTED, now, digest, now, header.predecessor, detail))
        audit.record(connection, now, "ceremony request", None, request=digest, messages=len(messages))
    return header, data


def _require_kept(connection: Connection, signer: Signer) -> None:
    """Return if the message of each fact was kept.

    Raises:
        Refused: some were recorded before the issuer's key was said to be offline.
    """
    is_in_place = continuity.last_break(connection) is not None
    for profile in signer.offline:
        if count := kept.not_kept(connection, profile.issuer):
            raise Refused(
                f"{count} facts were {_LEARNED if is_in_place else _BEFORE}: their messages were not kept",
                where=f"issuer {profile.issuer.name}",
                advice=_IN_ITS_PLACE if is_in_place else _COPY,
            )


def _issuer(connection: Connection, profile: IssuerProfile) -> RequestIssuer:
    issuer = profile.issuer
    before = facts.ensure_issuer(connection, issuer)
    facts.leave_out_revisions(connection, issuer, lost.REVISIONS)
    floor = crl_numbers.crl_floor(connection, issuer)
    return RequestIssuer(
        id=issuer.id,
        name=issuer.name,
        revision=before + lost.REVISIONS - 1,
        crl_number=str(floor) if floor is not None else None,
    )
