"""dns-01 (RFC 8555 section 8.4): the digest of the key authorization in a TXT record below the name."""

import base64
from typing import Final

from dns.rdtypes.ANY.TXT import TXT

from registrar.problem import Problem, ProblemType
from registrar.validation.challenge import Challenge
from registrar.validation.failure import FORBIDDEN, shown
from registrar.validation.resolver import Resolver

_SHOWN: Final = 3
"""Of the records that are there."""


def validate_dns_01(challenge: Challenge, resolver: Resolver) -> None:
    """Return if one of the TXT records is the digest. A wildcard is proved at the name that it is below.

    Raises:
        Problem: none is; says what was asked, and what came back.
    """
    name = f"_acme-challenge.{challenge.identifier.value}"
    wanted = base64.urlsafe_b64encode(challenge.digest).rstrip(b"=")
    found = [b"".join(record.strings) for record in resolver.look_up(name, "TXT") if isinstance(record, TXT)]
    if wanted in found:
        return
    if not found:
        raise Problem(ProblemType.UNAUTHORIZED, f"DNS, TXT of {name}: there is no such record", status=FORBIDDEN)
    texts = ", ".join(f'"{shown(text)}"' for text in found[:_SHOWN])
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    detail = f'DNS, TXT of {name}: is {texts}{more}, and "{wanted.decode()}" is wanted'
    raise Problem(ProblemType.INCORRECT_RESPONSE, detail, status=FORBIDDEN)
