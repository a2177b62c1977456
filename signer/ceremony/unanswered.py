"""Online: whether there is an OCSP response, of a ceremony or of one before, for each certificate that is to have one.

The transcript, which says what bundles there are, is signed by nobody: who takes bundles of responses out of it keeps
clients at a `good` of before.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from revocation import serials
from revocation.clock import iso
from revocation.config import IssuerProfile
from revocation.errors import Refused
from signer.ceremony.brought import Answers, stored_answers
from signer.ceremony.entries import read_kept
from signer.ceremony.transcript import Transcript
from signer.ledger import facts, kept
from signer.ledger.schema import certificates
from signer.ledger.standing import standing
from signer.signer import Signer
from signer.unanswered import answered

_ALL: Final = range(facts.SLICE_HASHES)
_BLOCK: Final = 10_000
_MOST: Final = 10


def without_response(
    connection: Connection,
    signer: Signer,
    transcript: Transcript,
    answers: Answers,
    revisions: Mapping[str, int],
    at: datetime,
    allowed: Collection[str],
) -> dict[str, str]:
    """The messages about certificates for which there is no response, by their ids, in words; all of them allowed.

    Args:
        answers: the newest that the ceremony brought.
        revisions: by issuer id, what this ledger was at when the request was made.
        at: what has expired by then needs none.
        allowed: ids of messages that may not have been done.

    Raises:
        Refused: others lack one, or what is published of them is not what is recorded.
    """
    found: dict[str, str] = {}
    for profile in signer.offline:
        until = revisions.get(profile.issuer.id, 0)
        lacking = _lacking(connection, profile, answers, until, at)
        if lacking:
            before = {serial: said for (_, serial), said in stored_answers(signer, profile, at).items()}
            left = {serial for serial, is_revoked in lacking.items() if before.get(serial) is not is_revoked}
            found |= _by_message(connection, profile, left, before.keys(), until)
    others = [words for id_, words in found.items() if id_ not in allowed]
    if others:
        more = f"; and of {len(others) - _MOST} more messages" if len(others) > _MOST else ""
        raise Refused(
            f"lacks OCSP responses: {'; '.join(others[:_MOST])}{more}",
            where=f"ceremony of {iso(transcript.at)}, request sha256:{transcript.request}",
            advice="somebody took bundles out of the folder and its transcript: take it in as the ceremony left it, or "
            "have it written again; where people there left a message out, --leave-out with its id",
        )
    return found


def _lacking(
    connection: Connection, profile: IssuerProfile, answers: Answers, until: int, at: datetime
) -> dict[bytes, bool]:
    """The certificates that a ceremony answers for and this one did not, and whether each is revoked.

    One that changed after the request was made is left to the next.
    """
    conditions = [*answered(profile), certificates.c.revision <= until]
    since = profile.ocsp.answered_since(at)
    blocks = facts.live_statuses(connection, profile.issuer, _ALL, since, _BLOCK, only=conditions)
    known = ((_minimal(serial), revoked_at is not None) for block in blocks for serial, revoked_at, _ in block)
    return {serial: revoked for serial, revoked in known if (profile.issuer.id, serial) not in answers}


def _by_message(
    connection: Connection, profile: IssuerProfile, left: set[bytes], published: Collection[bytes], until: int
) -> dict[str, str]:
    """In words, by the message that says of them what is to be answered.

    Of some that message was not kept, since the key was here then: the offline machine may not know them, and does
    where it answered before.
    """
    found: dict[str, list[bytes]] = defaultdict(list)
    for serial, id_ in _said(connection, profile, left, until):
        left.discard(serial)
        if id_ is not None or serial in published:
            found[id_ or ""].append(serial)
    found[""] += sorted(left & set(published))
    return {id_: _in_words(profile, id_, which) for id_, which in found.items() if which}


def _said(
    connection: Connection, profile: IssuerProfile, left: Collection[bytes], until: int
) -> Iterator[tuple[bytes, str | None]]:
    """Of each certificate the message of its latest fact, or the import that brought it first; None: was not kept."""
    by_fact: dict[bytes, str | None] = {}
    for one in standing(connection, profile.issuer, until) if left else ():
        serial = _minimal(one.serial)
        if serial in left:
            by_fact[serial] = one.message if kept.is_of(connection, profile.issuer, one.message) else None
    yield from by_fact.items()
    rest = {*left} - by_fact.keys()
    for message in kept.since(connection, 0) if rest else ():
        if message.source is not None and message.issuer == profile.issuer.id:
            mine = {_minimal(entry.serial) for entry in read_kept(message.source).entries} & rest
            yield from ((serial, message.message) for serial in sorted(mine))
            rest -= mine


def _minimal(serial: bytes) -> bytes:
    """As a response is read back."""
    return serials.from_int(serials.to_int(serial))


def _in_words(profile: IssuerProfile, id_: str, which: Sequence[bytes]) -> str:
    shown = ", ".join(map(serials.to_hex, which[:_MOST])) + (f" and {len(which) - _MOST} more" if which[_MOST:] else "")
    by = f", by message {id_}" if id_ else ""
    return f"none says of {shown} of {profile.issuer.name} what is recorded here{by}"
