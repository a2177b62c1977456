"""CAA (RFC 8659): who may issue for a name, as its owner says in DNS; with RFC 8657, for which account, how proved."""

from typing import Final

from dns.rdtypes.ANY.CAA import CAA

from registrar.problem import Problem, ProblemType
from registrar.validation.caa_property import IssueValue
from registrar.validation.challenge import Challenge
from registrar.validation.config import Network
from registrar.validation.deadline import Deadline
from registrar.validation.failure import FORBIDDEN, MayPass, NoSuchName, shown
from registrar.validation.resolver import Resolver

_CRITICAL: Final = 0x80
_ISSUE: Final = b"issue"
_ISSUEWILD: Final = b"issuewild"
_KNOWN: Final = frozenset({_ISSUE, _ISSUEWILD, b"issuemail", b"iodef"})
"""`issuemail` (RFC 9495) is about S/MIME alone; of `iodef` nobody has to be told."""


def require_caa(challenge: Challenge, network: Network) -> None:
    """Return if CAA lets us issue for the name of a challenge that was met in this way; for addresses there is none.

    Asked again before issuance where the validation is hours old (Baseline Requirements 3.2.2.8: eight).

    Raises:
        Problem: it does not; says where the records are, and what they say.
        MayPass: whether it does cannot be found out now, which is no leave either.
    """
    if not network.caa or challenge.identifier.type != "dns":
        return
    name, records = _relevant(challenge.identifier.value, network)
    _require_known(name, records)
    wild = [one for one in records if one.tag.lower() == _ISSUEWILD] if challenge.is_wildcard else []
    deciding = wild or [one for one in records if one.tag.lower() == _ISSUE]
    if not deciding:
        return
    identities = tuple(one.lower() for one in challenge.caa_identities or network.caa_identities)
    values = [IssueValue.parse(one.value) for one in deciding]
    reasons = [one.why_not(identities, challenge.account_uri, challenge.type) for one in values]
    if all(reasons):
        raise _refused(name, f"{deciding[0].tag.decode().lower()} {shown('; '.join(dict.fromkeys(reasons)))}")


def _relevant(name: str, network: Network) -> tuple[str, list[CAA]]:
    """The records that count: of the name, or of the nearest one above that has some (section 3)."""
    resolver = Resolver(network, Deadline(network.timeout.total_seconds()))
    labels = name.split(".")
    for place in range(len(labels)):
        asked = ".".join(labels[place:])
        try:
            records = [one for one in resolver.look_up(asked, "CAA") if isinstance(one, CAA)]
        except NoSuchName:
            continue
        except Problem as problem:
            kind = MayPass if isinstance(problem, MayPass) else Problem
            raise kind(ProblemType.CAA, f"without an answer nothing is issued: {problem.detail}") from None
        if records:
            return asked, records
    return name, []


def _require_known(name: str, records: list[CAA]) -> None:
    for one in records:
        if one.flags & _CRITICAL and one.tag.lower() not in _KNOWN:
            raise _refused(name, f'there is a critical property "{shown(one.tag)}", which this CA does not know')


def _refused(name: str, what: str) -> Problem:
    return Problem(ProblemType.CAA, f"DNS, CAA of {name}: {what}", status=FORBIDDEN)
