"""Ed25519 public keys, and those among them that need no private key: points of small order (RFC 8032, RFC 7748).

Under each of those one signature is that of every message, or of every few. Libraries load them, and verify with them.
"""

import base64
import binascii
from typing import Annotated, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import AfterValidator

_P: Final = 2**255 - 19
_SIGN: Final = 1 << 255
"""The bit above y: the sign of x (RFC 8032 section 5.1.2)."""

_EIGHTH: Final = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
"""y of two of the four points of order 8; the other two have -y."""

_SMALL: Final = frozenset({0, 1, _P - 1, _EIGHTH, _P - _EIGHTH})
"""y of the eight points whose order divides 8; with either sign of x, also where x is 0 and has none."""


def weak_point(key: Ed25519PublicKey) -> str | None:
    """Why signatures of a key prove nothing; None where they do."""
    return weak_octets(key.public_bytes(Encoding.Raw, PublicFormat.Raw))


def weak_octets(octets: bytes) -> str | None:
    """The same of the 32 octets of a key."""
    y = int.from_bytes(octets, "little") & ~_SIGN
    if y >= _P:
        return "Ed25519 with a point that is not encoded as it must be (RFC 8032 section 5.1.3)"
    if y in _SMALL:
        return "Ed25519 with a point of small order: anybody can sign with it (RFC 7748 section 6.1)"
    return None


def public_key(text: str) -> Ed25519PublicKey:
    """The key that is base64 of its 32 octets, as configuration and heads of audit logs have it.

    Raises:
        ValueError: it is none, or one that anybody can sign with.
    """
    try:
        octets = base64.b64decode(text, validate=True)
        key = Ed25519PublicKey.from_public_bytes(octets)
    except (ValueError, binascii.Error):
        raise ValueError("is not base64 of the 32 octets of an Ed25519 public key") from None
    if found := weak_octets(octets):
        raise ValueError(f"is {found}")
    return key


def _checked(text: str) -> str:
    public_key(text)
    return text


PublicKeyText = Annotated[str, AfterValidator(_checked)]
"""base64 of such a key."""
