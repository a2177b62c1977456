"""Asking the signer on behalf of a caller, whose name goes into the audit log; and what its reply means to them."""

import logging
from collections.abc import Mapping
from typing import Final

from registrar.api.asked import Asked, Begun
from registrar.api.problems import APIProblem, Kind, unavailable
from registrar.database import requests
from registrar.refusal import is_for_later, seconds_until_room, words
from revocation.errors import QueueUnreachable
from revocation.logs import about
from revocation.messages import Outcome, Reply
from revocation.refusalkind import RefusalKind

_LOG: Final = logging.getLogger("revocast.registrar")
SOON: Final = 5
"""Seconds."""
_KINDS: Final[Mapping[RefusalKind, Kind]] = {
    RefusalKind.PUBLIC_KEY: Kind.BAD_KEY,
    RefusalKind.COMPROMISED_KEY: Kind.BAD_KEY,
    RefusalKind.NAME: Kind.NAME,
    RefusalKind.REQUEST: Kind.UNREADABLE,
    RefusalKind.ISSUER: Kind.ISSUER,
    RefusalKind.ALREADY_REVOKED: Kind.REVOKED,
}
"""What is told of a refusal; of any other that the CA refuses."""


def ask(asked: Asked, begun: Begun) -> Reply | None:
    """The signer's reply; None where there is none yet, or it may do it later: it goes on without the client.

    Raises:
        APIProblem: it refuses, which ends the request, but for a certificate that is said to be revoked already, which
            has to be seen first; or the queue is away.
    """
    wait, what = asked.services.settings.finalize_wait.total_seconds(), (begun.verb, begun.tenant.name)
    try:
        reply = asked.services.signer.ask(begun.tenant, begun.verb, begun.body, begun.id, wait)
    except QueueUnreachable as error:
        _LOG.error("API: %s of %s cannot be asked: %s", *what, error, extra=about(message_id=begun.id))
        raise with_key(asked, unavailable("the signer cannot be asked now")) from error
    done = "waits" if reply is None else str(reply.outcome)
    _LOG.info(
        *("API: %s of %s, asked by %s: %s", *what, asked.caller.name, done),
        extra=about(message_id=begun.id),
    )
    if reply is None or is_for_later(reply):
        return None
    if reply.outcome is Outcome.REFUSED:
        problem = _problem(asked, reply)
        if problem.kind is not Kind.REVOKED:
            end(asked)
        raise with_key(asked, problem)
    return reply


def end(asked: Asked) -> None:
    """The client is told what came of it, and nobody asks again for it."""
    with asked.services.database.write() as connection:
        requests.end(connection, asked.message_id, done=False)


def ask_now(asked: Asked, begun: Begun) -> Reply:
    """The same, for what is done at once.

    Raises:
        APIProblem: also where there is no reply.
    """
    reply = ask(asked, begun)
    if reply is None:
        raise with_key(asked, unavailable("the signer has not answered yet", SOON))
    return reply


def said(reply: Reply) -> str:
    """What the signer said, in characters that can be seen."""
    return words(reply.detail)


def _problem(asked: Asked, reply: Reply) -> APIProblem:
    """By the kind of the refusal; of one that is missing, or not known here, no more than that it is one."""
    detail = f"the CA refuses: {words(reply.detail)}"
    if (seconds := seconds_until_room(reply, asked.now)) is not None:
        return APIProblem(Kind.TOO_MANY, detail, headers={"Retry-After": str(seconds)})
    kind = _KINDS.get(reply.kind, Kind.REFUSED) if reply.kind else Kind.REFUSED
    return APIProblem(kind, detail, words(reply.advice) if reply.advice else None)


def with_key(asked: Asked, problem: APIProblem) -> APIProblem:
    """A problem that tells under which key the same is asked again."""
    problem.headers = {**problem.headers, "Idempotency-Key": asked.key}
    return problem
