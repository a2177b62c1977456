"""The first step of issuing, in the ledger: decide, assign the serial, and keep what is to be signed."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from revocation import serials
from revocation.clock import iso
from revocation.errors import InputError, Refused
from revocation.messages import Outcome, Reply
from revocation.refusalkind import RefusalKind
from signer.change import Asked
from signer.issuers.certify import require_unrevoked
from signer.issuers.pointers import shard_in
from signer.issuing.answer import again, with_certificate
from signer.issuing.draft import Draft
from signer.issuing.names import COMMON_NAME
from signer.issuing.prepare import Prepared
from signer.keys.limited_key import LimitedKey, Use
from signer.keys.limits import NotNow
from signer.ledger import audit, certified, continuity, facts, issuances, replies
from signer.ledger.issuances import Issuance, Unsigned
from signer.refusal import refused, refused_as
from signer.rights import require_current
from signer.signer import Signer

_SIGN: str = "sign certificate"


@dataclass(frozen=True)
class Reserved:
    """What is to be signed, and by which key."""

    prepared: Prepared
    unsigned: Unsigned
    key: LimitedKey


@refused_as(RefusalKind.MESSAGE)
def reserve(connection: Connection, signer: Signer, prepared: Prepared, now: datetime) -> Reply | Reserved:
    """What was replied before, a refusal that is remembered, or what is to be signed now.

    Raises:
        Refused: expired, or the id was used for another message, or may have been done before the ledger was restored;
            or the requester had enough for an hour. Nothing was written.
        LimitReached: the key may not sign it, or not now. Nothing was written.
    """
    message, issuer = prepared.asked.message, prepared.asked.profile.issuer
    if earlier := replies.earlier_reply(connection, message):
        return with_certificate(connection, earlier) if earlier.outcome is Outcome.DONE else again(earlier)
    require_current(message, now)
    if unsigned := issuances.unsigned_of(connection, message):
        return _once_more(connection, signer, prepared, unsigned, now)
    continuity.require_remembered(connection, message)
    facts.ensure_issuer(connection, issuer)
    try:
        made = _allowed(connection, signer, prepared)
    except (Refused, InputError) as error:
        return _refuse(connection, prepared.asked, error, now)
    key = prepared.key
    if key is None:
        raise TypeError("a draft has a key")
    _require_rate(connection, prepared.asked, now)
    key.permit(connection, Use(lasts=made.window.not_after - made.window.not_before), now)
    return Reserved(prepared, _record(connection, prepared, made, key, now), key)


@refused_as(RefusalKind.MESSAGE)
def _allowed(connection: Connection, signer: Signer, prepared: Prepared) -> Draft:
    """The draft, if the ledger has nothing against it.

    Raises:
        Refused: it has.
    """
    made = prepared.draft
    if not isinstance(made, Draft):
        raise made
    _require_trusted(connection, signer, prepared, made.public_key_info)
    if issuances.is_taken(connection, made.serial):  # once in 2 to the 126
        raise Refused("the serial that was drawn is taken", advice="ask again with a new id")
    return made


def _require_trusted(connection: Connection, signer: Signer, prepared: Prepared, public_key_info: bytes) -> None:
    issuer = prepared.asked.profile.issuer
    with refused_as(RefusalKind.ISSUER):
        require_unrevoked(connection, signer, issuer)
        signer.stolen.require_not_stolen(issuer.public_key_info)
    with refused_as(RefusalKind.COMPROMISED_KEY):
        signer.stolen.require_not_stolen(public_key_info)


def _once_more(
    connection: Connection, signer: Signer, prepared: Prepared, unsigned: Unsigned, now: datetime
) -> Reserved:
    """What was decided before, and could not be signed: the same, if it may still be."""
    made, key = prepared.draft, prepared.key
    if not isinstance(made, Draft):
        raise made
    if key is None or made.kind.purpose is not unsigned.purpose:
        raise Refused("its profile was changed since it was decided", advice="ask with a new id")
    _require_trusted(connection, signer, prepared, made.public_key_info)
    key.permit(connection, Use(), now)
    return Reserved(prepared, unsigned, key)


def _refuse(connection: Connection, asked: Asked, error: Refused | InputError, now: datetime) -> Reply:
    reply = refused(asked.message.id, error, now)
    said = {**_who(asked), "outcome": str(reply.outcome), "refusal": reply.detail}
    audit.record(connection, now, str(asked.message.verb), asked.profile.issuer.id, **said)
    replies.keep_reply(connection, asked.message, reply)
    return reply


def _require_rate(connection: Connection, asked: Asked, now: datetime) -> None:
    most = asked.requester.issues_per_hour
    if most is None or (had := issuances.of_last_hour(connection, asked.requester.name, now)) < most:
        return
    at = issuances.free_at(connection, asked.requester.name, now, most)
    raise NotNow(
        f"had {had} certificates issued within the hour, and may have {most}: none before {iso(at)}",
        where=f"requester {asked.requester.name}",
        advice="issues_per_hour of [[signer.requesters]], where the signer runs",
        again_at=at,
    )


def _record(connection: Connection, prepared: Prepared, made: Draft, key: LimitedKey, now: datetime) -> Unsigned:
    """Before it is signed: no signature is without a record."""
    asked, profile, serial = prepared.asked, prepared.asked.profile, made.serial
    issuer, is_ca, end = profile.issuer, made.kind.is_ca, made.window.not_after
    shard = shard_in(profile, serials.to_int(serial), is_ca=is_ca)
    revision = facts.register(connection, issuer, serial, not_after=end, is_ca=is_ca, der=None, shard=shard)
    issuances.add(
        connection,
        Issuance(
            asked.message.id,
            issuer.id,
            serial,
            asked.requester.name,
            asked.body.asked_by,
            prepared.body.profile,
            made.subject,
            made.window.not_before,
            now,
        ),
        [*map(str, made.names), *(f"{COMMON_NAME}{one}" for one in made.common_names)],
    )
    tbs = made.tbs(key.algorithm_identifier)
    if is_ca:
        certified.note(connection, issuer.id, serial)
    act = certified.SIGNED if is_ca else _SIGN
    said = {**_who(asked), **_what(made), "tbs_sha256": hashlib.sha256(tbs).hexdigest()}
    audit.record_signing(connection, now, act, issuer.id, key, made.kind.purpose, **said)
    unsigned = Unsigned(issuer.id, serial, made.kind.purpose, tbs, _reply(asked, made, revision, now))
    issuances.put_unsigned(connection, asked.message, unsigned)
    return unsigned


def _who(asked: Asked) -> Mapping[str, object]:
    body = asked.body.model_dump(mode="json", include={"profile", "asked_by"}, exclude_none=True)
    return {"requester": asked.requester.name, "message": asked.message.id, **body}


def _what(made: Draft) -> Mapping[str, object]:
    return {
        "serial": serials.to_hex(made.serial),
        "subject": made.subject,
        "names": list(map(str, made.names)),
        "subject_key": hashlib.sha256(made.public_key_info).hexdigest(),
        "not_before": iso(made.window.not_before),
        "not_after": iso(made.window.not_after),
    }


def _reply(asked: Asked, made: Draft, revision: int, now: datetime) -> Reply:
    issuer, serial = asked.profile.issuer, serials.to_hex(made.serial)
    window = {"not_before": iso(made.window.not_before), "not_after": iso(made.window.not_after)}
    named = ", ".join(map(str, made.names)) or made.subject
    return Reply(
        id=asked.message.id,
        outcome=Outcome.DONE,
        at=now,
        issuer=issuer.id,
        revision=revision,
        detail=f"certificate {serial} of {issuer.name} is issued for {named}, until {window['not_after']}",
        asked=asked.message.content_digest(),
        data={"serial": serial, **window},
    )
