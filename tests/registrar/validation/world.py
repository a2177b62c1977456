"""The challenge of all tests, the zone in which its names lie, and the network that finds them."""

import base64
import hashlib
from datetime import timedelta
from typing import Any

from registrar.problem import Identifier, Problem
from registrar.validation.challenge import Challenge, ChallengeType
from registrar.validation.config import Network
from registrar.validation.validate import validate

TOKEN = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"
KEY_AUTHORIZATION = f"{TOKEN}.9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI"
PATH = f"/.well-known/acme-challenge/{TOKEN}"
ACCOUNT = "https://ca.test/acme/home/acct/1"
DIGEST = hashlib.sha256(KEY_AUTHORIZATION.encode()).digest()
DIGEST_TEXT = base64.urlsafe_b64encode(DIGEST).rstrip(b"=").decode()

_MANY = "".join(f'_acme-challenge.many TXT "{number:03}{"x" * 200}"\n' for number in range(30))
_LONG = "".join(f"long{number} CNAME long{number + 1}\n" for number in range(30))

ZONE = f"""
www A 127.0.0.1
other A 127.0.0.1
loopback A 127.0.0.1
both AAAA ::1
both A 127.0.0.1
private A 10.1.2.3
metadata A 169.254.169.254
mapped AAAA ::ffff:127.0.0.1
alias CNAME www
empty TXT "no address"
loop-a CNAME loop-b
loop-b CNAME loop-a
{_LONG}
_acme-challenge.plain TXT "{DIGEST_TEXT}"
_acme-challenge.several TXT "another"
_acme-challenge.several TXT "{DIGEST_TEXT}"
_acme-challenge.split TXT "{DIGEST_TEXT[:20]}" "{DIGEST_TEXT[20:]}"
_acme-challenge.wrong TXT "not\\027[31mthis"
_acme-challenge.delegated CNAME proof.elsewhere
proof.elsewhere TXT "{DIGEST_TEXT}"
_acme-challenge.dangling CNAME nothing.elsewhere
_acme-challenge.loop CNAME _acme-challenge.pool
_acme-challenge.pool CNAME _acme-challenge.loop
_acme-challenge.other A 127.0.0.1
{_MANY}_acme-challenge.many TXT "{DIGEST_TEXT}"

_acme-challenge.a.ours CNAME proof.elsewhere
ours CAA 0 issue "ca.test"
a.ours A 127.0.0.1
_acme-challenge.theirs CNAME proof.elsewhere
theirs CAA 0 issue "other.test"
both-of-us CAA 0 issue "other.test"
both-of-us CAA 0 issue "CA.test"
nobody CAA 0 issue ";"
malformed CAA 0 issue "%%%%"
bad-parameter CAA 0 issue "ca.test; what is this"
wild CAA 0 issue "ca.test"
wild CAA 0 issuewild "other.test"
wild-only CAA 0 issuewild "ca.test"
wild-nobody CAA 0 issuewild ";"
mail-only CAA 0 iodef "mailto:hostmaster@test"
critical CAA 128 tbs "Unknown"
critical CAA 0 issue "ca.test"
uncritical CAA 0 tbs "Unknown"
upper CAA 0 ISSUE "other.test"
account CAA 0 issue "ca.test; accounturi={ACCOUNT}"
other-account CAA 0 issue "ca.test; accounturi={ACCOUNT}2"
two-accounts CAA 0 issue "ca.test; accounturi={ACCOUNT}; accounturi={ACCOUNT}"
by-dns CAA 0 issue "ca.test; validationmethods=dns-01"
by-http CAA 0 issue "ca.test; validationmethods=http-01,tls-alpn-01"
by-nothing CAA 0 issue "ca.test; validationmethods="
caa-alias CNAME theirs
below.caa-alias-above A 127.0.0.1
caa-loop CNAME caa-pool
caa-pool CNAME caa-loop
shielded.theirs CAA 0 issue "ca.test"
"""


def challenge(type_: ChallengeType | str, name: str, **changes: Any) -> Challenge:
    """One of the name, or of the address where it is one."""
    kind = "ip" if ":" in name or name.replace(".", "").isdecimal() else "dns"
    fields = {"token": TOKEN, "key_authorization": KEY_AUTHORIZATION, "account_uri": ACCOUNT, **changes}
    return Challenge(ChallengeType(type_), Identifier(kind, name), **fields)


def network(resolver: str, **changes: Any) -> Network:
    """One on which loopback is where everybody lives, whose times are short."""
    usual: dict[str, Any] = {
        "resolvers": [resolver],
        "private_addresses": ["127.0.0.0/8", "::1/128"],
        "dns_timeout": timedelta(seconds=2),
        "timeout": timedelta(seconds=5),
        "caa_identities": ["ca.test"],
    }
    return Network.model_validate(usual | changes)


def problem_of(asked: Challenge, over: Network) -> Problem:
    """Why it is not met."""
    try:
        validate(asked, over)
    except Problem as problem:
        return problem
    raise AssertionError("it was met")
