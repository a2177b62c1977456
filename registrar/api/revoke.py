"""Revoking, holding and releasing: any certificate of the issuer that the signer knows, whoever issued it how."""

from typing import Final

from registrar.api.asked import Answer, Asked
from registrar.api.certificates import known, require_unchanged
from registrar.api.former_keys import is_of_a_key_that_is_gone, issuer_of
from registrar.api.models import Changed, RevokeRequest, Status
from registrar.api.problems import APIProblem, Kind, unavailable
from registrar.api.recording import record
from registrar.api.scopes import HOLD, REVOKE
from registrar.api.seen import note
from registrar.api.signer import SOON, ask_now, end, said, with_key
from registrar.api.status import look
from registrar.database.rows import Certificate
from revocation.messages import Change, Release, Revoke, Verb
from revocation.status import Reason

_GONE: Final = (
    "its issuer has another key now: have the CA with the former one in [[public.issuers]] under another name, or "
    "`revocast revoke` it where the signer runs"
)


def revoke(asked: Asked) -> Answer:
    """Revoke it for good."""
    body = asked.body
    if not isinstance(body, RevokeRequest):
        raise TypeError("it has its body")
    asked.caller.require(REVOKE)
    one = _found(asked)
    wanted = Revoke(
        issuer=issuer_of(asked, one).id,
        asked_by=asked.caller.name,
        serial=asked.serial_hex,
        reason=body.reason,
        revoked_at=body.revoked_at,
        invalidity_date=body.invalidity_date,
    )
    return _change(asked, one, Verb.REVOKE, wanted)


def hold(asked: Asked) -> Answer:
    """Put it on hold: revoked, until it is released or revoked for good."""
    asked.caller.require(HOLD)
    one = _found(asked)
    wanted = Revoke(
        issuer=issuer_of(asked, one).id,
        asked_by=asked.caller.name,
        serial=asked.serial_hex,
        reason=Reason.certificateHold.name,
    )
    return _change(asked, one, Verb.REVOKE, wanted)


def release(asked: Asked) -> Answer:
    """End a hold."""
    asked.caller.require(HOLD)
    one = _found(asked)
    wanted = Release(issuer=issuer_of(asked, one).id, asked_by=asked.caller.name, serial=asked.serial_hex)
    return _change(asked, one, Verb.RELEASE, wanted)


def _found(asked: Asked) -> Certificate | None:
    """The certificate, as it is known here.

    Raises:
        APIProblem: it is not as If-Match says.
    """
    one = known(asked)
    require_unchanged(asked, one)
    return one


def _change(asked: Asked, one: Certificate | None, verb: Verb, wanted: Change) -> Answer:
    """Have it recorded by the signer, and note here what it says, where the certificate is known."""
    begun = asked.begin(verb, wanted)
    try:
        reply = ask_now(asked, begun)
    except APIProblem as problem:
        if problem.kind is Kind.REVOKED:
            found = _require_published(asked, one, wanted, problem.detail)
            end(asked)
            if _is_held(found):
                raise with_key(asked, APIProblem(Kind.HELD, problem.detail, problem.advice)) from problem
        if problem.kind is Kind.REFUSED and is_of_a_key_that_is_gone(asked, one):
            problem.advice = _GONE
        raise
    record(asked.services, begun, reply)
    answer = Changed(
        id=asked.message_id,
        issuer=asked.tenant.name,
        serial=asked.serial_hex,
        detail=said(reply),
        revision=reply.revision,
    )
    return Answer(answer, headers={"Idempotency-Key": asked.key})


def _is_hold(wanted: Change) -> bool:
    return isinstance(wanted, Revoke) and wanted.reason == Reason.certificateHold.name


def _is_held(found: Status) -> bool:
    return found.status == "revoked" and found.reason == Reason.certificateHold.name


def _require_published(asked: Asked, one: Certificate | None, wanted: Change, said: str) -> Status:
    """What is published, if that is what is said: that it is revoked already, whoever had it revoked; it is noted.

    What is on hold is so for who wants it on hold alone; else it has to be revoked for good.

    Raises:
        APIProblem: it is not, or not yet: who forges replies could say so of any certificate.
    """
    try:
        found = look(asked.services, issuer_of(asked, one), asked.serial_number)
    except APIProblem:
        found = None
    if found is None or found.status != "revoked" or (_is_held(found) and not _is_hold(wanted)):
        raise with_key(asked, unavailable(f"{said}; and that is not seen published yet", SOON))
    if one is not None:
        note(asked.services, one, found, asked.now)
    return found
