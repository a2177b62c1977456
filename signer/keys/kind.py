"""What a key is called, of whatever kind it is: as `--kind` has it where it can be made here."""

from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key


def name_of_kind(public_key_info: bytes) -> str:
    """The name of the kind of a SubjectPublicKeyInfo: `p256`, `rsa3072`, `mldsa65`."""
    key = load_der_public_key(public_key_info)
    if isinstance(key, rsa.RSAPublicKey):
        return f"rsa{key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return _CURVES.get(key.curve.name, key.curve.name)
    return next((name for kind, name in _OTHERS.items() if isinstance(key, kind)), type(key).__name__)


_CURVES = {"secp256r1": "p256", "secp384r1": "p384", "secp521r1": "p521"}
_OTHERS = {
    ed25519.Ed25519PublicKey: "ed25519",
    ed448.Ed448PublicKey: "ed448",
    mldsa.MLDSA44PublicKey: "mldsa44",
    mldsa.MLDSA65PublicKey: "mldsa65",
    mldsa.MLDSA87PublicKey: "mldsa87",
}
