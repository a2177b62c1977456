"""Keys of every kind: of CAs, and what a signature of each is called."""

from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa

from revocation.keykind import KeyKind
from tests.authority import CAKey

CA_KEYS: dict[str, Callable[[], CAKey]] = {
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "p521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "rsa2048": lambda: rsa.generate_private_key(65537, 2048),
    "rsa3072": lambda: rsa.generate_private_key(65537, 3072),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "mldsa44": mldsa.MLDSA44PrivateKey.generate,
    "mldsa65": mldsa.MLDSA65PrivateKey.generate,
    "mldsa87": mldsa.MLDSA87PrivateKey.generate,
}
"""Of what kinds CA keys are tested with."""

_RSA = "300d06092a864886f70d01010b0500"
_DILITHIUM = "300b0609608648016503040"

ALGORITHMS = {
    "p256": "300a06082a8648ce3d040302",
    "p384": "300a06082a8648ce3d040303",
    "p521": "300a06082a8648ce3d040304",
    "rsa2048": _RSA,
    "rsa3072": _RSA,
    "rsa4096": _RSA,
    "ed25519": "300506032b6570",
    "mldsa44": f"{_DILITHIUM}311",
    "mldsa65": f"{_DILITHIUM}312",
    "mldsa87": f"{_DILITHIUM}313",
}
"""The AlgorithmIdentifier of each, as RFC 5758, 4055, 8410 and 9881 have it: NULL for RSA, for others nothing."""


def ca_key_for(kind: KeyKind) -> CAKey:
    """A CA key that may certify a responder key of that kind."""
    return CA_KEYS["mldsa65" if kind.is_post_quantum else "p256"]()
