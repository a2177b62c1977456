"""Tokens: `rvc_` with a prefix, by which it is found, and a secret of 32 octets, of which SHA-256 alone is kept.

With so many random octets a digest that is fast to compute is as good as a slow one: there is nothing to guess.
"""

import hashlib
import hmac
import re
import secrets
from datetime import datetime
from typing import Final

from registrar.api.caller import Caller, not_recognised
from registrar.database import Database, tokens
from registrar.database.rows import Token

_OCTETS: Final = 32
_FORM: Final = re.compile(r"rvc_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_NOBODY: Final = bytes(32)
_NO_TOKEN: Final = "the token is none, or holds no more"  # noqa: S105 - what is said of one


def new_secret() -> tuple[str, str, bytes]:
    """A token, its prefix, and the digest of its secret."""
    prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(_OCTETS)
    return f"rvc_{prefix}_{secret}", prefix, _digest(secret)


def recognise(database: Database, text: str, now: datetime) -> Caller:
    """Whose token it is. One that is wrong, revoked or expired is answered alike.

    Raises:
        APIProblem: nobody's.
        DatabaseUnavailable: that cannot be seen now.
    """
    parts = _FORM.fullmatch(text)
    if parts is None:
        raise not_recognised(_NO_TOKEN)
    with database.read() as connection:
        found = tokens.by_prefix(connection, parts[1])
    is_right = hmac.compare_digest(_digest(parts[2]), found.digest if found else _NOBODY)
    if found is None or not is_right or not holds(found, now):
        raise not_recognised(_NO_TOKEN)
    return Caller(f"token {found.name}", tuple(found.scopes), tuple(found.issuers))


def holds(token: Token, now: datetime) -> bool:
    """Whether it is neither revoked nor expired."""
    return token.revoked_at is None and (token.expires_at is None or now < token.expires_at)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
