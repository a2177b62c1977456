"""A new key for an account (RFC 8555 section 7.3.5): the old one signs that the new one signs that it is wanted."""

from registrar.acme.accounts import change, document
from registrar.acme.asked import Answer, Asked
from registrar.acme.jws import ALGORITHMS, of_object
from registrar.acme.keys import AccountKey, account_key
from registrar.acme.strict_json import malformed, read_object
from registrar.database.accounts import KeyInUse
from registrar.problem import Problem, ProblemType


def key_change(asked: Asked) -> Answer:
    """Give the account the key by which the inner JWS is signed."""
    new = _new_key(asked)
    try:
        now = change(asked, thumbprint=new.thumbprint, jwk=dict(new.jwk))
    except KeyInUse as error:
        raise Problem(
            ProblemType.MALFORMED,
            "an account has this key already",
            status=409,
            headers={"Location": asked.account_url(error.account)},
        ) from error
    return Answer(document(asked, now))


def _new_key(asked: Asked) -> AccountKey:
    inner = of_object(asked.payload(), "the inner JWS", ALGORITHMS)
    if "kid" in inner.header or "jwk" not in inner.header:
        raise malformed("the inner JWS has the new key as `jwk`, and no `kid`")
    if "nonce" in inner.header:
        raise malformed("the inner JWS has no nonce")
    if inner.header.get("url") != asked.url:
        raise malformed("`url` of the inner JWS is not that of the outer one")
    new = account_key(inner.header["jwk"])
    inner.verify(new)
    wanted = read_object(inner.payload, "the payload of the inner JWS")
    if wanted.get("account") != asked.account_url(asked.account.id):
        raise malformed("`account` in the inner JWS is not the account that signs the outer one")
    if account_key(wanted.get("oldKey")).thumbprint != asked.account.thumbprint:
        raise malformed("`oldKey` in the inner JWS is not the key that the account has")
    return new
