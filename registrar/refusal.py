"""What a refusal of the signer is in ACME (RFC 8555 section 6.7): by its kind, with the words of the signer.

A kind that is missing, from a signer of before, or not known here, from a later one, counts as the request's.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from registrar.problem import Problem, ProblemType
from revocation.messages import Outcome, Reply
from revocation.refusalkind import RefusalKind

_LONGEST: Final = 500
_LATEST: Final = 3600

_TYPES: Final[Mapping[RefusalKind, tuple[ProblemType, int]]] = {
    RefusalKind.PUBLIC_KEY: (ProblemType.BAD_PUBLIC_KEY, 400),
    RefusalKind.COMPROMISED_KEY: (ProblemType.BAD_PUBLIC_KEY, 400),
    RefusalKind.NAME: (ProblemType.REJECTED_IDENTIFIER, 400),
    RefusalKind.VALIDITY: (ProblemType.MALFORMED, 400),
    RefusalKind.ISSUER: (ProblemType.SERVER_INTERNAL, 500),
    RefusalKind.REQUESTER: (ProblemType.SERVER_INTERNAL, 500),
    RefusalKind.MESSAGE: (ProblemType.SERVER_INTERNAL, 500),
}


def is_for_later(reply: Reply) -> bool:
    """Whether the same is asked again: the signer failed, had too much to do, or was asked too late."""
    return reply.outcome is Outcome.FAILED or (
        reply.outcome is Outcome.REFUSED and reply.kind in (RefusalKind.LATER, RefusalKind.KEY_AWAY)
    )


def problem_of(reply: Reply, now: datetime) -> Problem:
    """What a client is told of a refusal."""
    if (seconds := seconds_until_room(reply, now)) is not None:
        return Problem(ProblemType.RATE_LIMITED, _refused(reply), status=429, retry_after=seconds)
    type_, status = _TYPES.get(reply.kind or RefusalKind.REQUEST, (ProblemType.BAD_CSR, 400))
    return Problem(type_, _refused(reply), status=status)


def seconds_until_room(reply: Reply, now: datetime) -> int | None:
    """When the signer does more of it, where enough were had within the hour; None of another refusal."""
    retry_at = reply.data.get("retry_at")
    if retry_at is None and reply.kind is not RefusalKind.RATE:
        return None
    try:
        return max(1, min(_LATEST, int((datetime.fromisoformat(str(retry_at)) - now).total_seconds()) + 1))
    except (ValueError, TypeError):
        return _LATEST


def has_room_again(reply: Reply, now: datetime) -> bool:
    """Whether it says that there were enough until a time that has passed: the signer has been asked again since."""
    try:
        return reply.outcome is Outcome.REFUSED and datetime.fromisoformat(str(reply.data["retry_at"])) <= now
    except (KeyError, ValueError, TypeError):
        return False


def words(text: str) -> str:
    """What the signer says, in characters that can be seen."""
    return "".join(one for one in text[:_LONGEST] if one.isprintable()) or "it does not say why"


def _refused(reply: Reply) -> str:
    return f"the CA refuses: {words(reply.detail)}"
