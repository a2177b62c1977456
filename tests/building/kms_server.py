"""moto's server, repaired where its KMS is not KMS: it hashes digests again, and takes the longest salt of RSASSA-PSS.

KMS itself signs what is said to be a digest as it is, with a salt as long as the digest.
"""

from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from moto.kms import utils
from moto.kms.responses import KmsResponse
from moto.server import main

_HASHES = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}
_sign_before = KmsResponse.sign


class _Digest(bytes):
    """A message that is a digest."""


def _repaired_sign(self: KmsResponse) -> Any:
    before = self._get_param
    is_digest = before("MessageType") == "DIGEST"
    self._get_param = lambda name, if_none=None: (  # type: ignore[method-assign]
        _Digest(before(name)) if name == "Message" and is_digest else before(name, if_none)
    )
    return _sign_before(self)


def _hash(algorithm: str, message: bytes) -> Any:
    hash_ = _HASHES[algorithm[-3:]]()
    return Prehashed(hash_) if isinstance(message, _Digest) else hash_


def _rsa(self: Any, message: bytes, signing_algorithm: str) -> bytes:
    hash_ = _HASHES[signing_algorithm[-3:]]()
    pss = padding.PSS(padding.MGF1(hash_), hash_.digest_size)
    scheme = pss if "PSS" in signing_algorithm else padding.PKCS1v15()
    signature: bytes = self.private_key.sign(bytes(message), scheme, _hash(signing_algorithm, message))
    return signature


def _ecdsa(self: Any, message: bytes, signing_algorithm: str) -> bytes:
    signature: bytes = self.private_key.sign(bytes(message), ec.ECDSA(_hash(signing_algorithm, message)))
    return signature


if __name__ == "__main__":
    KmsResponse.sign = _repaired_sign  # type: ignore[method-assign]
    utils.RSAPrivateKey.sign = _rsa  # type: ignore[method-assign]
    utils.ECDSAPrivateKey.sign = _ecdsa  # type: ignore[method-assign]
    main()
