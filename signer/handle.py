"""One message in, one reply out: what changes facts is done in one transaction, the rest can ask for what is due."""

from datetime import datetime

from revocation.clock import Clock, iso
from revocation.errors import Refused, RevocastError
from revocation.messages import Look, Message, Outcome, Reply, Verb, parse_message
from signer.ceremony.waiting import waiting_for_ceremony
from signer.change import apply, asked_of, take_out
from signer.delegates import delegate
from signer.finding import find_due
from signer.issuing.issue import issue_together
from signer.ledger import continuity
from signer.look import look
from signer.needed import needed
from signer.refusal import NO_ID, refused
from signer.rights import require_current
from signer.signer import Signer


def handle_text(signer: Signer, text: str, clock: Clock) -> Reply:
    """The reply to what came over a pipe or from a file; never raises for what the text says."""
    try:
        message = parse_message(text)
    except RevocastError as error:
        return refused(NO_ID, error, clock())
    try:
        return handle(signer, message, clock)
    except RevocastError as error:
        return refused(message.id, error, clock())


def handle(signer: Signer, message: Message, clock: Clock) -> Reply:
    """The reply to a message.

    Raises:
        Refused: expired, no right, or what it asks cannot be.
        InputError: its body is not what its verb needs.
    """
    if message.verb is Verb.ISSUE:
        (reply,) = issue_together(signer, [message.model_dump_json()], clock)
        return reply
    if message.verb.changes_facts:
        asked = asked_of(signer, message)
        with signer.ledger.write() as connection:
            reply = apply(connection, signer, asked, clock)
        take_out(signer, [reply])
        return reply
    require_current(message, clock())
    body = message.typed_body()
    if isinstance(body, Look):
        return _look(signer, message, body, clock)
    raise Refused(f"{message.verb} is not asked of the signer this way", where=f"message {message.id}")


def _look(signer: Signer, message: Message, body: Look, clock: Clock) -> Reply:
    if message.verb is Verb.DUE:
        return _list_due(signer, message, body, clock())
    return look(signer, clock, (message.verb,), body).reply(message.id, clock())


def _list_due(signer: Signer, message: Message, body: Look, now: datetime) -> Reply:
    """What a copy of the ledger says is due is not what it is, so `status` tells that it is one."""
    with signer.ledger.read() as connection:
        continuity.require_whole(connection)
    found = [
        {"issuer": due.profile.issuer.id, "what": due.what, "why": due.why} for due in find_due(signer, now, hint=body)
    ]
    found += waiting_for_ceremony(signer)
    parts = [part.as_json() for part in needed(signer, body, now)]
    data = {"due": found, "parts": parts, "delegates": _delegates(signer, now)}
    return Reply(id=message.id, outcome=Outcome.DONE, at=now, detail=f"{len(found)} due", data=data)


def _delegates(signer: Signer, now: datetime) -> list[dict[str, str | None]]:
    """Until when each issuer's delegate can sign responses; None where there is none."""
    found: list[dict[str, str | None]] = []
    with signer.ledger.read() as connection:
        for profile in signer.public.profiles.values():
            if not (profile.ocsp.direct or signer.is_offline(profile.issuer)) and now < profile.issuer.not_after:
                newest = delegate(connection, signer.responder_keys, profile, now)
                found.append({"issuer": profile.issuer.id, "not_after": iso(newest.not_after) if newest else None})
    return found
