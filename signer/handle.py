"""One message in, one reply out. What changes facts is checked, done and answered in one transaction of the ledger."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection

from revocation.clock import iso
from revocation.config import IssuerProfile
from revocation.errors import InputError, Refused, RevocastError
from revocation.messages import Look, Message, Outcome, Release, Reply, Revoke, Verb, parse_message
from signer import statuses
from signer.config import Requester
from signer.ledger import audit, facts, replies
from signer.ledger.facts import Origin
from signer.look import Report, find_due, look
from signer.rights import authenticate, require_current, require_right
from signer.signer import Signer

_NO_ID = "0" * 32

Handler = Callable[[Signer, Message, datetime], Reply]
"""Replies to a message at a time; raises Refused or InputError."""


def handle_text(signer: Signer, text: str, now: datetime, handler: Handler | None = None) -> Reply:
    """The reply to what came over a queue, a pipe or from a file; never raises for what the text says.

    Args:
        handler: replies to the message; `handle` when there is none.
    """
    try:
        message = parse_message(text)
    except RevocastError as error:
        return _refused(_NO_ID, error, now)
    try:
        return (handler or handle)(signer, message, now)
    except RevocastError as error:
        return _refused(message.id, error, now)


def handle(signer: Signer, message: Message, now: datetime) -> Reply:
    """The reply to a message.

    Raises:
        Refused: expired, no right, or what it asks cannot be.
        InputError: its body is not what its verb needs.
    """
    if message.verb.changes_facts:
        requester = authenticate(signer.config, message)
        body = message.typed_body()
        if isinstance(body, Revoke | Release):
            return _change(signer, message, body, requester, now)
    else:
        require_current(message, now)
        body = message.typed_body()
        if isinstance(body, Look):
            return _look(signer, message, body, now)
    raise Refused(f"{message.verb} is not asked of the signer this way", where=f"message {message.id}")


def _look(signer: Signer, message: Message, body: Look, now: datetime) -> Reply:
    if message.verb is Verb.DUE:
        return _list_due(signer, message, body, now)
    return _report(message, look(signer, now, (message.verb,), body), now)


def _change(signer: Signer, message: Message, body: Revoke | Release, requester: Requester, now: datetime) -> Reply:
    profile = _profile(signer, body.issuer)
    require_right(requester, message, profile.issuer)
    with signer.ledger.write() as connection:
        if earlier := replies.earlier_reply(connection, message):
            again = "this id was refused before and stays so: ask with a new one"
            return earlier.model_copy(update={"advice": again}) if earlier.outcome is Outcome.REFUSED else earlier
        require_current(message, now)
        facts.ensure_issuer(connection, profile.issuer)
        reply = _reply(connection, signer, profile, message, body, Origin(requester.name, message.id, now))
        what = {"serial": body.serial, "revision": reply.revision, "requester": requester.name, "message": message.id}
        audit.record(connection, now, str(message.verb), profile.issuer.id, outcome=str(reply.outcome), **what)
        replies.keep_reply(connection, message, reply)
    return reply


def _reply(
    connection: Connection,
    signer: Signer,
    profile: IssuerProfile,
    message: Message,
    body: Revoke | Release,
    origin: Origin,
) -> Reply:
    """Done, or refused: that is remembered too, or a message could be kept and replayed when it would be done."""
    try:
        revision, detail = _apply(connection, signer, profile, body, origin)
    except (Refused, InputError) as error:
        return _refused(message.id, error, origin.now)
    issuer = profile.issuer.id
    return Reply(id=message.id, outcome=Outcome.DONE, at=origin.now, issuer=issuer, revision=revision, detail=detail)


def _apply(
    connection: Connection, signer: Signer, profile: IssuerProfile, body: Revoke | Release, origin: Origin
) -> tuple[int, str]:
    if isinstance(body, Revoke):
        return statuses.revoke(connection, profile, body, signer.config.limits, origin)
    return statuses.release(connection, profile, body, origin)


def _profile(signer: Signer, name_or_id: str) -> IssuerProfile:
    try:
        return signer.public.profile(name_or_id)
    except InputError as error:
        raise Refused(error.what, where="issuer", advice=error.advice) from error


def _list_due(signer: Signer, message: Message, body: Look, now: datetime) -> Reply:
    found = [
        {"issuer": due.profile.issuer.id, "what": due.what, "why": due.why} for due in find_due(signer, now, hint=body)
    ]
    return Reply(id=message.id, outcome=Outcome.DONE, at=now, detail=f"{len(found)} due", data={"due": found})


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
