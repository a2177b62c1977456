"""http-01 (RFC 8555 section 8.3): the key authorization at a path that the CA names, on port 80."""

from http import HTTPStatus
from typing import Final

from registrar.problem import Problem, ProblemType
from registrar.validation.challenge import Challenge
from registrar.validation.config import Network
from registrar.validation.deadline import Deadline
from registrar.validation.failure import FORBIDDEN, shown
from registrar.validation.fetch import MOST_BODY, Answer, fetch
from registrar.validation.place import first_place, redirected
from registrar.validation.resolver import Resolver

_MOST_REDIRECTS: Final = 10
_REDIRECTS: Final = frozenset(
    {
        HTTPStatus.MOVED_PERMANENTLY,
        HTTPStatus.FOUND,
        HTTPStatus.SEE_OTHER,
        HTTPStatus.TEMPORARY_REDIRECT,
        HTTPStatus.PERMANENT_REDIRECT,
    }
)


def validate_http_01(challenge: Challenge, network: Network, resolver: Resolver, deadline: Deadline) -> None:
    """Return if the key authorization is there.

    Raises:
        Problem: it is not; says what was asked, where, and what came back.
    """
    answer = _followed(challenge, network, resolver, deadline)
    if answer.status != HTTPStatus.OK:
        raise Problem(
            ProblemType.UNAUTHORIZED,
            f"{answer.where} answered with status {answer.status}, and 200 is wanted",
            status=FORBIDDEN,
        )
    if len(answer.body) > MOST_BODY:
        raise _wrong(answer, f"more than {MOST_BODY} octets")
    if answer.body.rstrip() != challenge.key_authorization.encode("ascii"):
        packed = f" (Content-Encoding: {shown(answer.encoding)})" if answer.encoding else ""
        raise _wrong(answer, f'"{shown(answer.body)}"{packed}')


def _followed(challenge: Challenge, network: Network, resolver: Resolver, deadline: Deadline) -> Answer:
    """The answer at the end of all redirects."""
    place, seen = first_place(challenge, network), set[str]()
    for _ in range(_MOST_REDIRECTS + 1):
        seen.add(str(place))
        answer = fetch(place, resolver, network, deadline)
        if answer.status not in _REDIRECTS:
            return answer
        if answer.location is None:
            raise Problem(ProblemType.CONNECTION, f"{answer.where} redirects, and does not say where to")
        place = redirected(place, answer.location, network)
        if str(place) in seen:
            raise Problem(
                ProblemType.CONNECTION, f"{answer.where} redirects to {shown(str(place))}, and so on in a loop"
            )
    raise Problem(ProblemType.CONNECTION, f"{answer.where} redirects, after {_MOST_REDIRECTS} redirects already")


def _wrong(answer: Answer, what: str) -> Problem:
    detail = f"{answer.where} answered with {what}, and the key authorization of this account is wanted"
    return Problem(ProblemType.INCORRECT_RESPONSE, detail, status=FORBIDDEN)
