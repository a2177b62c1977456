"""What one signature takes at the least, by the library that makes it: a digest where it wants one, and its call."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pkcs11.mechanisms import Mechanism

from signer.keys.token.key import find_key
from signer.keys.token.module import module_at
from signer.keys.token.uri import TokenURI
from tests.building.ca_places import PlacedKey
from tests.building.kms import KMS
from tests.building.softhsm import MODULE

Sign = Callable[[bytes], object]

_HASHES: Final[dict[str, Any]] = {"p384": SHA384(), "p521": SHA512()}
_DIGEST_INFO: Final = bytes.fromhex("3031300d060960864801650304020105000420")


def bare_sign(placed: PlacedKey, kms: KMS) -> Sign:
    """What signs a message with that key."""
    algorithm = placed.kind.algorithm
    hash_ = _HASHES.get(algorithm, SHA256())
    digest = getattr(hashlib, hash_.name)
    if placed.kind.place == "file":
        return _in_memory(placed, hash_, digest)
    if placed.kind.place == "token":
        return _on_token(placed.uri, algorithm, digest)
    name = "RSASSA_PKCS1_V1_5_SHA_256" if algorithm.startswith("rsa") else f"ECDSA_SHA_{hash_.digest_size * 8}"
    fixed = {"KeyId": placed.uri.removeprefix("awskms:"), "MessageType": "DIGEST", "SigningAlgorithm": name}
    return lambda message: kms.client.sign(Message=digest(message).digest(), **fixed)["Signature"]


def _in_memory(placed: PlacedKey, hash_: Any, digest: Any) -> Sign:
    assert placed.secret
    file = Path(placed.uri.removeprefix("file:"))
    key: Any = load_pem_private_key(file.read_bytes(), placed.secret.read_bytes().strip())
    prehashed = Prehashed(hash_)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        ecdsa, sign = ec.ECDSA(prehashed), key.sign
        return lambda message: sign(digest(message).digest(), ecdsa)
    if isinstance(key, rsa.RSAPrivateKey):
        scheme = padding.PKCS1v15()
        return lambda message: key.sign(digest(message).digest(), scheme, prehashed)
    return key.sign  # type: ignore[no-any-return]


def _on_token(uri: str, algorithm: str, digest: Any) -> Sign:
    """In one session; the login is that of the process."""
    module, asked = module_at(MODULE), TokenURI.parse(uri)
    (token,) = (one for one in module.tokens() if one.label == asked.token)
    key = find_key(token.open(), asked, uri)
    if algorithm == "ed25519":
        return lambda message: key.sign(message, mechanism=Mechanism.EDDSA)
    if algorithm.startswith("rsa"):
        return lambda message: key.sign(_DIGEST_INFO + digest(message).digest(), mechanism=Mechanism.RSA_PKCS)
    return lambda message: key.sign(digest(message).digest(), mechanism=Mechanism.ECDSA)
