"""The kinds of keys that sign OCSP responses, whose issuers may have which, and what the BRs say of any key."""

from enum import StrEnum
from functools import lru_cache
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import load_der_public_key

from revocation.compliance import Compliance
from revocation.issuer import Issuer
from revocation.rsassa_pss import is_pss_only

_ML_DSA: Final = (mldsa.MLDSA44PublicKey, mldsa.MLDSA65PublicKey, mldsa.MLDSA87PublicKey)
_BR_CURVES: Final = frozenset({"secp256r1", "secp384r1", "secp521r1"})
_BR_SMALLEST_RSA: Final = 2048


class KeyKind(StrEnum):
    """A kind of key, as `responder_key` names it."""

    P256 = "p256"
    P384 = "p384"
    P521 = "p521"
    RSA2048 = "rsa2048"
    RSA3072 = "rsa3072"
    RSA4096 = "rsa4096"
    ED25519 = "ed25519"
    MLDSA44 = "mldsa44"
    MLDSA65 = "mldsa65"
    MLDSA87 = "mldsa87"

    @property
    def is_post_quantum(self) -> bool:
        """Whether it is a key of ML-DSA (FIPS 204, RFC 9881)."""
        return self in (KeyKind.MLDSA44, KeyKind.MLDSA65, KeyKind.MLDSA87)

    def check(self, issuer: Issuer, compliance: Compliance) -> None:
        """Return if responders of that issuer may have such a key.

        Raises:
            ValueError: they may not; says why, and what they may have.
        """
        if compliance is Compliance.BR and (self.is_post_quantum or self is KeyKind.ED25519):
            allowed = ", ".join(kind for kind in KeyKind if kind.startswith(("p", "rsa")))
            raise ValueError(
                f"ocsp: responder_key = {self.value!r}: the BRs, section 6.1.5, know RSA and NIST's curves alone, "
                f"which are {allowed}"
            )
        if self.is_post_quantum and not isinstance(load_der_public_key(issuer.public_key_info), _ML_DSA):
            raise ValueError(
                f"ocsp: responder_key = {self.value!r} wants an issuer with an ML-DSA key: whoever breaks another "
                "makes a responder of his own, and few clients of such an issuer can verify ML-DSA"
            )


def kind_of(public_key_info: bytes) -> KeyKind | None:
    """Of what kind a key is, from its SubjectPublicKeyInfo; None for one that none is made of."""
    try:
        return _kind(load_der_public_key(public_key_info))
    except (ValueError, UnsupportedAlgorithm):
        return None


def forbidden_key(compliance: Compliance, public_key_info: bytes) -> str | None:
    """Why nothing may be signed with the key of that SubjectPublicKeyInfo; None when it may (BRs section 6.1.5)."""
    if compliance is Compliance.PKIX or (found := _forbidden_by_brs(public_key_info)) is None:
        return None
    return (
        f"the BRs, section 6.1.5, know RSA from {_BR_SMALLEST_RSA} bits on, in whole octets, and the curves P-256, "
        f"P-384 and P-521 alone, and it is {found}"
    )


@lru_cache(maxsize=128)
def _forbidden_by_brs(public_key_info: bytes) -> str | None:
    """What the key is, where it is none of those."""
    try:
        key = load_der_public_key(public_key_info)
    except (ValueError, UnsupportedAlgorithm):
        return "of an unknown kind"
    if is_pss_only(public_key_info):
        return "RSA for RSASSA-PSS alone, which section 7.1.3.1.1 forbids"
    if isinstance(key, rsa.RSAPublicKey):
        return None if key.key_size >= _BR_SMALLEST_RSA and key.key_size % 8 == 0 else f"RSA of {key.key_size} bits"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return None if key.curve.name in _BR_CURVES else f"on the curve {key.curve.name}"
    return str(_kind(key) or "of another kind")


def _kind(key: PublicKeyTypes) -> KeyKind | None:
    if isinstance(key, rsa.RSAPublicKey):
        return {2048: KeyKind.RSA2048, 3072: KeyKind.RSA3072, 4096: KeyKind.RSA4096}.get(key.key_size)
    if isinstance(key, ec.EllipticCurvePublicKey):
        return {"secp256r1": KeyKind.P256, "secp384r1": KeyKind.P384, "secp521r1": KeyKind.P521}.get(key.curve.name)
    if isinstance(key, ed25519.Ed25519PublicKey):
        return KeyKind.ED25519
    kinds = zip(_ML_DSA, (KeyKind.MLDSA44, KeyKind.MLDSA65, KeyKind.MLDSA87), strict=True)
    return next((kind for type_, kind in kinds if isinstance(key, type_)), None)
