"""What a requester signed: checked, done and answered in one transaction of the ledger, once for each id."""

from contextlib import suppress

from sqlalchemy import Connection

from revocation.clock import Clock
from revocation.config import IssuerProfile
from revocation.errors import InputError, Refused
from revocation.issuer import Issuer
from revocation.messages import Change, Discard, Excuse, Message, Outcome, Raise, Release, Reply, Revoke
from signer import statuses
from signer.config import Limits, Requester
from signer.discard import discard
from signer.excuse import excuse
from signer.ledger import audit, facts, replies
from signer.ledger.facts import Origin
from signer.refusal import refusal
from signer.rights import require_current, require_right
from signer.signer import Signer
from signer.statuses import Done


def change(signer: Signer, message: Message, body: Change, requester: Requester, clock: Clock) -> Reply:
    """Do what a message asks whose signature was verified; the reply, which stays the same for its id.

    Raises:
        Refused: expired, no right, or its id was used for another message.
    """
    profile = _profile(signer, body.issuer)
    require_right(requester, message, profile.issuer)
    with signer.ledger.write() as connection:
        now = clock()
        if earlier := replies.earlier_reply(connection, message):
            again = "this id was refused before and stays so: ask with a new one"
            return earlier.model_copy(update={"advice": again}) if earlier.outcome is Outcome.REFUSED else earlier
        require_current(message, now)
        facts.ensure_issuer(connection, profile.issuer)
        origin = Origin(requester.name, message.id, now)
        reply = _reply(connection, profile, body, signer.config.limits, origin)
        _note(connection, profile.issuer, message, body, reply, origin)
        replies.keep_reply(connection, message, reply)
    for name in reply.data.get("discarded", ()):
        with suppress(OSError):  # then the next look takes it out, as it does with what is superseded
            signer.exchange.remove(name)
    return reply


def _reply(connection: Connection, profile: IssuerProfile, body: Change, limits: Limits, origin: Origin) -> Reply:
    """Done, or refused: that is remembered too, or a message could be kept and replayed when it would be done."""
    try:
        done = _do(connection, profile, body, limits, origin)
    except (Refused, InputError) as error:
        return refusal(origin.message, error, origin.now)
    return Reply(
        id=origin.message,
        outcome=Outcome.DONE,
        at=origin.now,
        issuer=profile.issuer.id,
        revision=done.revision,
        detail=done.detail,
        data={"crls": list(done.crls), **({"discarded": list(done.discarded)} if done.discarded else {})},
    )


def _do(connection: Connection, profile: IssuerProfile, body: Change, limits: Limits, origin: Origin) -> Done:
    match body:
        case Revoke():
            return statuses.revoke(connection, profile, body, limits, origin)
        case Release():
            return statuses.release(connection, profile, body, origin)
        case Raise():
            return statuses.raise_reason(connection, profile, body, limits, origin)
        case Excuse():
            return excuse(connection, profile, body, origin)
        case Discard():
            return discard(connection, profile, body, origin)
    raise TypeError(f"nobody does what a {type(body).__name__} asks")


def _note(connection: Connection, issuer: Issuer, message: Message, body: Change, reply: Reply, origin: Origin) -> None:
    """What was asked, by whom, and what came of it, for the audit log."""
    what = body.model_dump(mode="json", exclude={"issuer", "published"}, exclude_none=True)
    what |= {name: found for name in ("discarded",) if (found := reply.data.get(name))}
    who = {"requester": origin.requester, "message": origin.message}
    done = {"outcome": str(reply.outcome), "revision": reply.revision}
    audit.record(connection, origin.now, str(message.verb), issuer.id, **what, **who, **done)


def _profile(signer: Signer, name_or_id: str) -> IssuerProfile:
    try:
        return signer.public.profile(name_or_id)
    except InputError as error:
        raise Refused(error.what, where="issuer", advice=error.advice) from error
