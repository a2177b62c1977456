"""Which public keys a CA may have."""

from functools import cache, lru_cache
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from revocation.compliance import Compliance
from revocation.ed25519 import weak_point
from revocation.errors import KeyUnavailable, Refused
from revocation.keykind import forbidden_key
from revocation.refusalkind import RefusalKind
from revocation.rsassa_pss import allows, is_pss_only
from signer.issuers.keyform import deviation
from signer.keys.algorithms import algorithm_of
from signer.refusal import refused_as

ENCODE_ANEW: Final = (
    "the key can stay: have the request made again, where it is an EC key in a file after "
    "`openssl pkey -in KEY -ec_param_enc named_curve -ec_conv_form uncompressed`"
)
"""What helps where `deviation` finds something."""

_SMALLEST_RSA: Final = 2048
_SMALLEST_CURVE: Final = 256
_SMALLEST_EXPONENT: Final = 1 << 16
_LARGEST_EXPONENT: Final = (1 << 256) - 1
"""BRs section 6.1.6; many clients read 32 bits of it at most."""

_LARGEST_SMALL_FACTOR: Final = 1 << 20
"""Those of which anybody would find one in a second; the BRs name 751 (section 6.1.6)."""
"""The modulus has none of these (BRs section 6.1.6, NIST SP 800-89 section 5.3.3)."""


@refused_as(RefusalKind.PUBLIC_KEY)
def require_strong(public_key_info: bytes, compliance: Compliance, where: str, *, is_certified: bool = False) -> None:
    """Return if a CA may have that key.

    Args:
        is_certified: it has certificates already, whose octets its key keeps: in other ones it would be another issuer.

    Raises:
        Refused: it is weak, cannot sign certificates, the BRs do not know its kind, or it is encoded as clients refuse.
    """
    found = weakness(public_key_info, where) or forbidden_key(compliance, public_key_info) or disclosed(public_key_info)
    if found:
        raise Refused(f"its key: {found}", where=where, advice="make another: `revocast key generate`")
    if not (found := deviation(public_key_info, compliance)):
        return
    if not is_certified:
        raise Refused(f"its key: {found}", where=where, advice=ENCODE_ANEW)
    if compliance is Compliance.BR:
        raise Refused(
            f"its key: {found}; its certificates have it so, and none may have it again under `br`: "
            "this CA cannot be renewed here",
            where=where,
            advice="make another CA, with a key of its own, before this one ends",
        )


def weakness(public_key_info: bytes, where: str) -> str | None:
    """Why nothing may be signed with a key, whoever's it is; None when it may."""
    try:
        key = load_der_public_key(public_key_info)
        algorithm_of(key, None, where)
    except (ValueError, UnsupportedAlgorithm):
        return "is of no kind that is known here"
    except KeyUnavailable as error:
        return error.what
    if is_pss_only(public_key_info) and not allows(public_key_info):
        return (
            "is for RSASSA-PSS with parameters of its own (RFC 4055 section 3.3), and what is signed here has SHA-256, "
            "MGF1 with SHA-256 and a salt of 32 octets"
        )
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < _SMALLEST_RSA:
            return f"RSA of {key.key_size} bits is weak: {_SMALLEST_RSA} at least"
        exponent = key.public_numbers().e
        if exponent < _SMALLEST_EXPONENT or exponent % 2 == 0:
            return f"RSA with the exponent {exponent} is weak: odd, and above {_SMALLEST_EXPONENT}"
        if exponent > _LARGEST_EXPONENT:
            return f"RSA with an exponent of {exponent.bit_length()} bits: 256 at most (BRs section 6.1.6)"
    if isinstance(key, ec.EllipticCurvePublicKey) and key.key_size < _SMALLEST_CURVE:
        return f"the curve {key.curve.name} is weak: one of {_SMALLEST_CURVE} bits at least"
    if isinstance(key, ed25519.Ed25519PublicKey):
        return weak_point(key)
    return None


@lru_cache(maxsize=128)
def disclosed(public_key_info: bytes) -> str | None:
    """Why whoever sees an RSA key has the private one; None where nobody has.

    Of a modulus that is a prime, or a power, d is computed at once (BRs section 6.1.6). The test for primes takes some
    milliseconds, so of a stranger's key it comes behind the proof of possession.

    Args:
        public_key_info: of a key that can be loaded.
    """
    key = load_der_public_key(public_key_info)
    if not isinstance(key, rsa.RSAPublicKey):
        return None
    import gmpy2  # a hundredth of a second, and only where keys are judged

    modulus = key.public_numbers().n
    if gmpy2.gcd(modulus, _small_primes()) != 1:
        return f"is RSA with a factor of {_LARGEST_SMALL_FACTOR} at most: whoever sees it finds the private key"
    if gmpy2.is_power(modulus) or gmpy2.is_prime(modulus):
        return "is RSA with a modulus that is a prime, or a power: whoever sees it has the private key (BRs 6.1.6)"
    return None


@cache
def _small_primes() -> int:
    """All of them multiplied, which takes a hundredth of a second."""
    import gmpy2

    product: int = gmpy2.primorial(_LARGEST_SMALL_FACTOR)
    return product
