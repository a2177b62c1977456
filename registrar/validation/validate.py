"""A challenge from the first question to the verdict: what is to be proved, and then whether CAA lets us issue."""

import re
from typing import Final

from registrar.problem import Problem, ProblemType
from registrar.validation.caa import require_caa
from registrar.validation.challenge import Challenge, ChallengeType
from registrar.validation.config import Network
from registrar.validation.deadline import Deadline
from registrar.validation.dns_01 import validate_dns_01
from registrar.validation.http_01 import validate_http_01
from registrar.validation.resolver import Resolver
from registrar.validation.tls_alpn_01 import validate_tls_alpn_01

_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{1,256}")
_KEY_AUTHORIZATION: Final = re.compile(r"[A-Za-z0-9_-]{1,256}\.[A-Za-z0-9_-]{1,128}")


def validate(challenge: Challenge, network: Network) -> None:
    """Return if the challenge is met, and CAA lets us issue; takes `network.timeout` at most for each.

    Raises:
        Problem: it is not; says what was asked, where, and what came back.
        MayPass: of these what the network may have done, so that it may do better in some seconds.
    """
    _require_sense(challenge)
    deadline = Deadline(network.timeout.total_seconds())
    resolver = Resolver(network, deadline)
    match challenge.type:
        case ChallengeType.HTTP_01:
            validate_http_01(challenge, network, resolver, deadline)
        case ChallengeType.DNS_01:
            validate_dns_01(challenge, resolver)
        case ChallengeType.TLS_ALPN_01:
            validate_tls_alpn_01(challenge, network, resolver, deadline)
    require_caa(challenge, network)


def _require_sense(challenge: Challenge) -> None:
    """Refuse what no client may be offered (RFC 8555 section 8.3 and 8.4, RFC 8738 section 7)."""
    is_dns_01 = challenge.type is ChallengeType.DNS_01
    if challenge.is_wildcard and not is_dns_01:
        raise Problem(ProblemType.MALFORMED, f"a wildcard is proved by dns-01 alone, and not by {challenge.type}")
    if is_dns_01 and challenge.identifier.type != "dns":
        raise Problem(ProblemType.MALFORMED, "dns-01 proves names alone, and no addresses")
    if not _TOKEN.fullmatch(challenge.token) or not _KEY_AUTHORIZATION.fullmatch(challenge.key_authorization):
        raise Problem(ProblemType.MALFORMED, "the token or the key authorization is not of the form of RFC 8555")
