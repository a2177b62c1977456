"""Online: whether the CRLs of a ceremony say what was recorded here before its request was made.

The offline machine does what the request has; whether that was all, this ledger knows. So a message that was taken
out on the way, or left out by the people there, is noticed when the CRL comes back, and by the CRL itself: the
transcript is signed by nobody.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from sqlalchemy import Connection

from revocation import serials
from revocation.clock import iso
from revocation.errors import Refused
from revocation.status import Reason
from revocation.visible import visible
from signer.ceremony.transcript import Transcript
from signer.ledger.groups import Selection
from signer.ledger.standing import Standing, standing
from signer.recovery.signed import SignedCRL

_MOST: Final = 10
_AND_MORE: Final = ", and of other certificates"


def left_out(
    connection: Connection,
    transcript: Transcript,
    crls: Sequence[SignedCRL],
    revisions: Mapping[str, int],
    allowed: Collection[str],
) -> dict[str, str]:
    """The messages of which the CRLs do not say what they ask for, by their ids, in words; all of them allowed.

    Args:
        revisions: by issuer id, what this ledger was at when the request was made.
        allowed: ids of messages that may be missing.

    Raises:
        Refused: others are missing too.
    """
    found: dict[str, str] = {}
    for id_, words in _missing(connection, crls, revisions):
        found[id_] = words if id_ not in found else f"{found[id_].removesuffix(_AND_MORE)}{_AND_MORE}"
    others = {id_: words for id_, words in found.items() if id_ not in allowed}
    if not others:
        return found
    said = set(transcript.left_out)
    lines = [f"{words}{' (by its transcript it was left out)' * (id_ in said)}" for id_, words in others.items()]
    more = f", and {len(lines) - _MOST} more" if len(lines) > _MOST else ""
    raise Refused(
        f"what it signed is not what was recorded here when the request was made: {'; '.join(lines[:_MOST])}{more}",
        where=f"ceremony of {iso(transcript.at)}, request sha256:{transcript.request}",
        advice="where people at the ceremony did not mean it, somebody took it out of the request: make another with "
        "`revocast ceremony request`; where they did, --leave-out with the id of each message",
    )


def _missing(
    connection: Connection, crls: Iterable[SignedCRL], revisions: Mapping[str, int]
) -> Iterator[tuple[str, str]]:
    for crl in crls:
        if crl.spec is None:
            continue
        selection = Selection.of(crl.spec)
        listed = {entry.serial: entry.revocation for entry in crl.entries}
        for one in standing(connection, crl.profile.issuer, revisions.get(crl.profile.issuer.id, 0)):
            if not selection.lists(one.group) or (one.not_after is not None and one.not_after <= crl.this_update):
                continue
            serial = serials.from_int(serials.to_int(one.serial))  # as a CRL is read back
            entry = listed.get(serial)
            says = (entry.revoked_at, entry.reason) if entry is not None else None
            wanted = (one.revoked_at, Reason(one.group.reason)) if one.revoked_at is not None else None
            if says != wanted:
                yield one.message, _in_words(one, crl)


def _in_words(one: Standing, crl: SignedCRL) -> str:
    what = f"revoked for {Reason(one.group.reason).name} since {iso(one.revoked_at)}" if one.revoked_at else "released"
    return (
        f"CRL number {crl.number} does not say that {serials.to_hex(one.serial)} is {what}, by message {one.message} "
        f"of {visible(one.requester)}, recorded at {iso(one.recorded_at)}"
    )
