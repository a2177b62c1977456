"""Revoking, holding and releasing: any certificate of the issuer that the signer knows, whoever issued it how."""

from registrar.api.asked import Answer, Asked
from registrar.api.certificates import known, require_unchanged
from registrar.api.models import Changed, RevokeRequest
from registrar.api.scopes import HOLD, REVOKE
from registrar.api.signer import ask_now, said
from registrar.database import certificates
from revocation.messages import Change, Release, Revoke, Verb
from revocation.status import Reason


def revoke(asked: Asked) -> Answer:
    """Revoke it for good."""
    body = asked.body
    if not isinstance(body, RevokeRequest):
        raise TypeError("it has its body")
    asked.caller.require(REVOKE)
    wanted = Revoke(
        issuer=asked.tenant.issuer.id,
        asked_by=asked.caller.name,
        serial=asked.serial_hex,
        reason=body.reason,
        revoked_at=body.revoked_at,
        invalidity_date=body.invalidity_date,
    )
    return _change(asked, Verb.REVOKE, wanted, revoked_at=asked.now, reason=body.reason, held_at=None)


def hold(asked: Asked) -> Answer:
    """Put it on hold: revoked, until it is released or revoked for good."""
    asked.caller.require(HOLD)
    wanted = Revoke(
        issuer=asked.tenant.issuer.id,
        asked_by=asked.caller.name,
        serial=asked.serial_hex,
        reason=Reason.certificateHold.name,
    )
    return _change(asked, Verb.REVOKE, wanted, held_at=asked.now, reason=Reason.certificateHold.name)


def release(asked: Asked) -> Answer:
    """End a hold."""
    asked.caller.require(HOLD)
    wanted = Release(issuer=asked.tenant.issuer.id, asked_by=asked.caller.name, serial=asked.serial_hex)
    return _change(asked, Verb.RELEASE, wanted, held_at=None, reason=None)


def _change(asked: Asked, verb: Verb, wanted: Change, **state: object) -> Answer:
    """Have it recorded by the signer, and note it here where the certificate is known."""
    one = known(asked)
    require_unchanged(asked, one)
    reply = ask_now(asked, verb, wanted)
    if one is not None:
        with asked.services.database.write() as connection:
            certificates.record_state(connection, one, **state)
    answer = Changed(
        id=asked.message_id,
        issuer=asked.tenant.name,
        serial=asked.serial_hex,
        detail=said(reply),
        revision=reply.revision,
    )
    return Answer(answer, headers={"Idempotency-Key": asked.key})
