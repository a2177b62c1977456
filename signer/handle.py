"""One message in, one reply out. What changes facts is checked, done and answered in one transaction of the ledger."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection

from revocation import serials
from revocation.clock import Clock, iso
from revocation.config import IssuerProfile
from revocation.errors import InputError, Refused, RevocastError
from revocation.messages import Excuse, Look, Message, Outcome, Release, Reply, Revoke, Verb, parse_message
from signer import statuses
from signer.config import Requester
from signer.ledger import audit, facts, replies
from signer.ledger.facts import Origin
from signer.look import Report, find_due, look
from signer.needed import needed
from signer.rights import authenticate, require_current, require_right
from signer.signer import Signer

_NO_ID = "0" * 32

Handler = Callable[[Signer, Message, Clock], Reply]
"""Replies to a message; raises Refused or InputError."""


def handle_text(signer: Signer, text: str, clock: Clock, handler: Handler | None = None) -> Reply:
    """The reply to what came over a queue, a pipe or from a file; never raises for what the text says.

    Args:
        handler: replies to the message; `handle` when there is none.
    """
    try:
        message = parse_message(text)
    except RevocastError as error:
        return _refused(_NO_ID, error, clock())
    try:
        return (handler or handle)(signer, message, clock)
    except RevocastError as error:
        return _refused(message.id, error, clock())


def handle(signer: Signer, message: Message, clock: Clock) -> Reply:
    """The reply to a message.

    Raises:
        Refused: expired, no right, or what it asks cannot be.
        InputError: its body is not what its verb needs.
    """
    if message.verb.changes_facts:
        requester = authenticate(signer.config, message)
        body = message.typed_body()
        if isinstance(body, Revoke | Release | Excuse):
            return _change(signer, message, body, requester, clock)
    else:
        require_current(message, clock())
        body = message.typed_body()
        if isinstance(body, Look):
            return _look(signer, message, body, clock)
    raise Refused(f"{message.verb} is not asked of the signer this way", where=f"message {message.id}")


def _look(signer: Signer, message: Message, body: Look, clock: Clock) -> Reply:
    if message.verb is Verb.DUE:
        return _list_due(signer, message, body, clock())
    return _report(message, look(signer, clock, (message.verb,), body), clock())


def _change(
    signer: Signer, message: Message, body: Revoke | Release | Excuse, requester: Requester, clock: Clock
) -> Reply:
    profile = _profile(signer, body.issuer)
    require_right(requester, message, profile.issuer)
    with signer.ledger.write() as connection:
        now = clock()
        if earlier := replies.earlier_reply(connection, message):
            again = "this id was refused before and stays so: ask with a new one"
            return earlier.model_copy(update={"advice": again}) if earlier.outcome is Outcome.REFUSED else earlier
        require_current(message, now)
        facts.ensure_issuer(connection, profile.issuer)
        reply = _reply(connection, signer, profile, message, body, Origin(requester.name, message.id, now))
        what = {**_subject(body), "revision": reply.revision, "requester": requester.name, "message": message.id}
        audit.record(connection, now, str(message.verb), profile.issuer.id, outcome=str(reply.outcome), **what)
        replies.keep_reply(connection, message, reply)
    return reply


def _reply(
    connection: Connection,
    signer: Signer,
    profile: IssuerProfile,
    message: Message,
    body: Revoke | Release | Excuse,
    origin: Origin,
) -> Reply:
    """Done, or refused: that is remembered too, or a message could be kept and replayed when it would be done."""
    try:
        revision, detail = _apply(connection, signer, profile, body, origin)
    except (Refused, InputError) as error:
        return _refused(message.id, error, origin.now)
    done = {"issuer": profile.issuer.id, "revision": revision, "detail": detail}
    return Reply(id=message.id, outcome=Outcome.DONE, at=origin.now, data=_concerned(connection, profile, body), **done)


def _concerned(connection: Connection, profile: IssuerProfile, body: Revoke | Release | Excuse) -> dict[str, object]:
    """The labels of the CRLs that have to be made anew, for whoever waits until they are published."""
    if isinstance(body, Excuse):
        return {"crls": list(profile.crls)}
    specs = statuses.listing(connection, profile, serials.from_hex(body.serial))
    return {"crls": [spec.label for spec in specs]}


def _apply(
    connection: Connection, signer: Signer, profile: IssuerProfile, body: Revoke | Release | Excuse, origin: Origin
) -> tuple[int, str]:
    if isinstance(body, Revoke):
        return statuses.revoke(connection, profile, body, signer.config.limits, origin)
    if isinstance(body, Excuse):
        return statuses.excuse(connection, profile, body, origin)
    return statuses.release(connection, profile, body, origin)


def _subject(body: Revoke | Release | Excuse) -> dict[str, object]:
    """What a change is about, for the audit log."""
    return {"serials": body.serials, "why": body.why} if isinstance(body, Excuse) else {"serial": body.serial}


def _profile(signer: Signer, name_or_id: str) -> IssuerProfile:
    try:
        return signer.public.profile(name_or_id)
    except InputError as error:
        raise Refused(error.what, where="issuer", advice=error.advice) from error


def _list_due(signer: Signer, message: Message, body: Look, now: datetime) -> Reply:
    found = [
        {"issuer": due.profile.issuer.id, "what": due.what, "why": due.why} for due in find_due(signer, now, hint=body)
    ]
    data = {"due": found, "parts": [part.as_json() for part in needed(signer, body, now)]}
    return Reply(id=message.id, outcome=Outcome.DONE, at=now, detail=f"{len(found)} due", data=data)


def _report(message: Message, report: Report, now: datetime) -> Reply:
    outcome = Outcome.FAILED if report.problems else Outcome.DONE
    problems = [str(problem) for problem in report.problems]
    waits = "what is due has to wait for the next second" if report.again_at else "nothing was due"
    detail = "; ".join(problems) or (f"{len(report.made)} made" if report.made else waits)
    data = {"made": report.made, "problems": problems, "again_at": iso(report.again_at) if report.again_at else None}
    return Reply(id=message.id, outcome=outcome, at=now, detail=detail, data=data)


def _refused(message_id: str, error: RevocastError, now: datetime) -> Reply:
    where = f"{error.where}: " if error.where else ""
    outcome = Outcome.REFUSED if isinstance(error, Refused | InputError) else Outcome.FAILED
    return Reply(id=message_id, outcome=outcome, at=now, detail=f"{where}{error.what}", advice=error.advice)
