"""Keys of accounts: which are accepted (RFC 8555 section 6.2, RFC 7518, RFC 8037), and how they are compared."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from registrar.acme.strict_json import decode, encode
from registrar.problem import Problem, ProblemType
from revocation.ed25519 import weak_point

PublicKey = EllipticCurvePublicKey | RSAPublicKey | Ed25519PublicKey

_MEMBERS: Final = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n"), "OKP": ("crv", "kty", "x")}
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
"""Members of private keys (RFC 7518 section 6), of whichever kind."""
_NAMES: Final = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
_CURVES: Final = tuple(_NAMES.values())
_SMALLEST, _LARGEST = 2048, 4096
_LEAST_EXPONENT, _LONGEST_EXPONENT = 65537, 32


@dataclass(frozen=True)
class AccountKey:
    """The public key of an account.

    Attributes:
        key: as joserfc verifies with it.
        jwk: its members, and no others.
        thumbprint: of RFC 7638, with SHA-256.
        public: as cryptography has it.
    """

    key: Key
    jwk: Mapping[str, str]
    thumbprint: str
    public: PublicKey

    @property
    def public_key_info(self) -> bytes:
        """The DER of its SubjectPublicKeyInfo."""
        return self.public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def bad_key(detail: str) -> Problem:
    """The problem that a key is not accepted."""
    return Problem(ProblemType.BAD_PUBLIC_KEY, detail)


def account_key(jwk: object) -> AccountKey:
    """The key that a JWK says.

    Raises:
        Problem: badPublicKey, for one that is none, or of a kind or size that is not accepted, or a private one.
    """
    if not isinstance(jwk, dict) or not isinstance(kty := jwk.get("kty"), str) or kty not in _MEMBERS:
        raise bad_key("the key is no JWK of kind EC, RSA or OKP")
    if jwk.keys() & _PRIVATE:
        raise bad_key("the JWK holds a private key, which is to stay with you: make a new one")
    members = {name: jwk.get(name) for name in _MEMBERS[kty]}
    if not all(isinstance(value, str) for value in members.values()):
        raise bad_key(f"a JWK of kind {kty} has {', '.join(_MEMBERS[kty])}, all of them texts")
    return _read(json.dumps(members))


def key_of(public: object) -> AccountKey | None:
    """The same of a public key from elsewhere, a CSR or a certificate; None for one that no account could have."""
    if not isinstance(public, PublicKey):
        return None
    try:
        return account_key(_jwk_of(public))
    except Problem:
        return None


def _jwk_of(public: PublicKey) -> dict[str, str]:
    """The one JWK that a key has: coordinates as long as the curve is, other numbers as short as they can be."""
    match public:
        case EllipticCurvePublicKey():
            size, point = (public.curve.key_size + 7) // 8, public.public_numbers()
            curve = _NAMES.get(public.curve.name, public.curve.name)
            return {"kty": "EC", "crv": curve, "x": _number(point.x, size), "y": _number(point.y, size)}
        case RSAPublicKey():
            numbers = public.public_numbers()
            return {"kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e)}
    return {"kty": "OKP", "crv": "Ed25519", "x": encode(public.public_bytes_raw())}


def _number(value: int, size: int | None = None) -> str:
    return encode(value.to_bytes(size or (value.bit_length() + 7) // 8))


@lru_cache(maxsize=4096)
def _read(text: str) -> AccountKey:
    jwk: dict[str, Any] = json.loads(text)
    try:
        match jwk["kty"]:
            case "EC":
                _require_curve(jwk, _CURVES)
                key: Key = ECKey.import_key(jwk)
            case "OKP":
                _require_curve(jwk, ("Ed25519",))
                key = OKPKey.import_key(jwk)
            case _:
                _require_size(jwk)
                key = RSAKey.import_key(jwk)
        public = key.get_op_key("verify")
    except (JoseError, ValueError, TypeError, OverflowError, UnsupportedAlgorithm):
        raise bad_key("the JWK is none that can be read, or its numbers are no key") from None
    if not isinstance(public, PublicKey):
        raise bad_key("the key is of a kind that is not accepted")
    if _jwk_of(public) != jwk:  # else one key would have many thumbprints, and as many accounts
        raise bad_key("the numbers of the JWK are longer or shorter than RFC 7518 has them (sections 6.2.1.2, 6.3.1.1)")
    if isinstance(public, RSAPublicKey):
        _check_rsa(public)
    if isinstance(public, Ed25519PublicKey) and (found := weak_point(public)):
        raise bad_key(f"the key is {found}")
    return AccountKey(key, jwk, key.thumbprint(), public)


def _require_curve(jwk: Mapping[str, Any], known: tuple[str, ...]) -> None:
    if jwk["crv"] not in known:
        raise bad_key(f"keys of kind {jwk['kty']} are on {', '.join(known)}")


def _require_size(jwk: Mapping[str, Any]) -> None:
    bits = int.from_bytes(decode(jwk["n"], "n")).bit_length()
    if not _SMALLEST <= bits <= _LARGEST:
        raise bad_key(f"RSA keys have {_SMALLEST} to {_LARGEST} bits, and this one has {bits}")


def _check_rsa(public: RSAPublicKey) -> None:
    numbers = public.public_numbers()
    if numbers.n % 2 == 0 or numbers.e < _LEAST_EXPONENT or numbers.e.bit_length() > _LONGEST_EXPONENT:
        raise bad_key("the exponent of an RSA key is 65537, or a little more")
