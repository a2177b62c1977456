"""Asking the signer on behalf of a caller, whose name goes into the audit log; and what its reply means to them."""

import logging
from datetime import datetime
from typing import Final

from registrar.api.asked import Asked
from registrar.api.problems import APIProblem, Kind, unavailable
from revocation.errors import QueueUnreachable
from revocation.logs import about
from revocation.messages import Change, Outcome, Reply, Verb

_LOG: Final = logging.getLogger("revocast.registrar")
_LONGEST: Final = 500
_SOON: Final = 5
_LATEST: Final = 3600


def ask(asked: Asked, verb: Verb, body: Change) -> Reply | None:
    """The signer's reply; None where there is none yet, or it may do it later.

    Raises:
        APIProblem: it refuses; or the queue is away.
    """
    id_, wait = asked.message_id, asked.services.settings.finalize_wait.total_seconds()
    asked.require_once()
    try:
        reply = asked.services.signer.ask(asked.tenant, verb, body, id_, wait)
    except QueueUnreachable as error:
        _LOG.error("API: %s of %s cannot be asked: %s", verb, asked.tenant.name, error, extra=about(message_id=id_))
        raise _with_id(unavailable("the signer cannot be asked now"), id_) from error
    done = "waits" if reply is None else str(reply.outcome)
    _LOG.info(
        *("API: %s of %s, asked by %s: %s", verb, asked.tenant.name, asked.caller.name, done),
        extra=about(message_id=id_),
    )
    if reply is None or reply.outcome is Outcome.FAILED:
        return None
    if retry_at := reply.data.get("retry_at"):
        raise _with_id(unavailable(_visible(reply.detail), _seconds_until(str(retry_at), asked.now)), id_)
    if reply.outcome is Outcome.REFUSED:
        advice = _visible(reply.advice) if reply.advice else None
        raise _with_id(APIProblem(Kind.REFUSED, f"the CA refuses: {_visible(reply.detail)}", advice), id_)
    return reply


def ask_now(asked: Asked, verb: Verb, body: Change) -> Reply:
    """The same, for what is done at once.

    Raises:
        APIProblem: also where there is no reply.
    """
    reply = ask(asked, verb, body)
    if reply is None:
        raise _with_id(unavailable("the signer has not answered yet", _SOON), asked.message_id)
    return reply


def said(reply: Reply) -> str:
    """What the signer said, in characters that can be seen."""
    return _visible(reply.detail)


def _with_id(problem: APIProblem, id_: str) -> APIProblem:
    problem.headers = {**problem.headers, "Idempotency-Key": id_}
    return problem


def _visible(text: str) -> str:
    return "".join(one for one in text[:_LONGEST] if one.isprintable()) or "it does not say why"


def _seconds_until(moment: str, now: datetime) -> int:
    try:
        return max(1, min(_LATEST, int((datetime.fromisoformat(moment) - now).total_seconds()) + 1))
    except (ValueError, TypeError):
        return _LATEST
