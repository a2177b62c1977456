"""Who asks: the checks of RFC 8555 sections 6.2 to 6.5, in the order in which they cost more and more.

The nonce is taken last, of a request that is right otherwise: nobody uses up the nonce of another one.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

from registrar.acme.asked import Asked
from registrar.acme.jws import LARGEST, Signed, read_jws
from registrar.acme.keys import AccountKey, account_key
from registrar.acme.services import Services
from registrar.acme.strict_json import is_base64url, malformed
from registrar.database import accounts
from registrar.database.rows import Account, Status
from registrar.problem import Problem, ProblemType
from registrar.tenant import Tenant

MEDIA_TYPE: Final = "application/jose+json"
_LONGEST_NONCE: Final = 64


class Signer(Enum):
    """Who may sign a request."""

    ACCOUNT = "kid"
    KEY = "jwk"
    EITHER = "either"


def authenticate(
    services: Services,
    tenant: Tenant,
    signer: Signer,
    body: bytes,
    *,
    url: str,
    media_type: str,
    address: str,
    accept: str,
    query: Mapping[str, str],
) -> Asked:
    """The request, verified.

    Args:
        url: of the request, as its client has to have signed it.

    Raises:
        Problem: something is wrong with it.
    """
    if media_type != MEDIA_TYPE:
        raise malformed(f"a request is {MEDIA_TYPE} (RFC 8555 section 6.2)", status=415)
    if len(body) > LARGEST:
        raise malformed(f"a request has at most {LARGEST} octets", status=413)
    signed = read_jws(body)
    if signed.header.get("url") != url:
        raise Problem(ProblemType.UNAUTHORIZED, f"`url` in the header is not {url}, to which this was sent", status=403)
    nonce = signed.header.get("nonce")
    if not isinstance(nonce, str) or not 0 < len(nonce) <= _LONGEST_NONCE:
        raise _bad_nonce("the header has no nonce that could be one of ours")
    if not is_base64url(nonce):
        raise malformed("the nonce is not base64url (RFC 8555 section 6.5.2)")
    key, sender = _signer(services, tenant, signer, signed)
    signed.verify(key)
    is_good, following = services.nonces.exchange(tenant.name, nonce)
    if not is_good:
        raise _bad_nonce("the nonce was used before, has expired, or was never given out here")
    return Asked(services, tenant, services.clock(), url, signed, key, sender, following, address, accept, query)


def _bad_nonce(detail: str) -> Problem:
    return Problem(ProblemType.BAD_NONCE, detail)


def _signer(services: Services, tenant: Tenant, signer: Signer, signed: Signed) -> tuple[AccountKey, Account | None]:
    header: Mapping[str, Any] = signed.header
    if ("jwk" in header) == ("kid" in header):
        raise malformed("the header has either `jwk` or `kid`, and not both (RFC 8555 section 6.2)")
    if "jwk" in header:
        if signer is Signer.ACCOUNT:
            raise malformed("this is signed with `kid`, the URL of an account, and not with `jwk`")
        return account_key(header["jwk"]), None
    if signer is Signer.KEY:
        raise malformed("this is signed with `jwk`, the key itself, and not with `kid`")
    account = find_account(services, tenant, header["kid"])
    return account_key(dict(account.jwk)), account


def find_account(services: Services, tenant: Tenant, kid: object) -> Account:
    """The account that a `kid` is the URL of.

    Raises:
        Problem: there is none, or it was deactivated.
    """
    prefix = tenant.url("account", "")
    if not isinstance(kid, str) or not kid.startswith(prefix):
        raise malformed(f"`kid` is no URL of an account of this CA: they begin with {prefix}")
    with services.database.read() as connection:
        account = accounts.by_id(connection, tenant.name, kid.removeprefix(prefix))
    if account is None:
        raise Problem(ProblemType.ACCOUNT_DOES_NOT_EXIST, "there is no account at this `kid`")
    if account.status is not Status.VALID:
        raise Problem(ProblemType.UNAUTHORIZED, f"the account was {account.status}", status=401)
    return account
