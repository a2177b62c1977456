"""External account binding (RFC 8555 section 7.3.4): a new account shows a key that the operator handed out."""

from registrar.acme.asked import Asked
from registrar.acme.jws import of_object
from registrar.acme.keys import account_key
from registrar.acme.strict_json import malformed, read_object
from registrar.database import accounts
from registrar.issuer_table import Need
from registrar.problem import Problem, ProblemType

_ALGORITHMS = ("HS256",)


def bound_to(asked: Asked, wanted: object) -> str | None:
    """The kid of the external account that a new account is bound to; None where it is to none.

    Raises:
        Problem: it lacks one that is needed, or shows none that is right.
    """
    need = asked.tenant.table.external_accounts
    if need is Need.OFF:
        return None
    if wanted is None:
        if need is Need.REQUIRED:
            what = "new accounts of this CA have an external account binding: ask its operator for a key"
            raise Problem(ProblemType.EXTERNAL_ACCOUNT_REQUIRED, what, status=403)
        return None
    signed = of_object(wanted, "the external account binding", _ALGORITHMS)
    kid = signed.header.get("kid")
    if "nonce" in signed.header or "jwk" in signed.header or not isinstance(kid, str):
        raise malformed("an external account binding has `alg`, `kid` and `url` in its header, and no nonce or jwk")
    if signed.header.get("url") != asked.url:
        raise malformed("`url` of the external account binding is not that of the request around it")
    if account_key(read_object(signed.payload, "the payload of the binding")).thumbprint != asked.key.thumbprint:
        raise malformed("the external account binding is about another key than that of the request")
    with asked.services.database.read() as connection:
        key = accounts.eab_key(connection, asked.tenant.name, kid)
    if key is None or key.revoked_at is not None:
        raise already_bound("no external account has this `kid`, or it was revoked")
    signed.verify_hmac(key.hmac_key)
    if key.account is not None and not key.reusable:
        raise already_bound("another account is bound to this `kid`: ask the operator for a new one")
    return kid


def already_bound(detail: str) -> Problem:
    """The problem that no account can be bound to it."""
    return Problem(ProblemType.UNAUTHORIZED, detail, status=403)
