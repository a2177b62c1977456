"""A key of AWS KMS as a `SigningKey`: EC and RSA by digest. Each signature is verified before it is used.

Which key an alias means is asked once in a process: signatures are asked of that key itself, whatever the
alias means later.
"""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from revocation.errors import KeyUnavailable
from signer.keys.algorithms import Algorithm, algorithm_of, verify
from signer.keys.by_digest import KeyByDigest
from signer.keys.kms.client import client, explained, told
from signer.keys.kms.uri import KMSKey
from signer.keys.protocol import SigningKey
from signer.keys.rsa_signature import RSASignature

AT_ONCE: Final = 4
"""Requests that are on their way: each takes some milliseconds, most of which nobody works."""

_USAGE: Final = "SIGN_VERIFY"
_ECDSA: Final = {"sha256": "ECDSA_SHA_256", "sha384": "ECDSA_SHA_384", "sha512": "ECDSA_SHA_512"}


@dataclass(frozen=True)
class _Found:
    """A key that KMS has.

    Attributes:
        id: of the key itself, never an alias; KMS gives its ARN.
    """

    id: str
    public: PublicKeyTypes


def open_kms_key(uri: str, signature: RSASignature | None) -> SigningKey:
    """The key that an `awskms:` URI names.

    Raises:
        KeyUnavailable: it is not there, may not be used, or cannot sign as X.509 wants it.
    """
    where = f"key {uri}"
    try:
        asked = KMSKey.parse(uri)
    except ValueError as error:
        raise KeyUnavailable(str(error), where=where) from error
    found = _found(asked, where)
    _require_digests(found.public, where)
    algorithm = algorithm_of(found.public, signature, where)
    use = _Use(asked, found, algorithm, _name(found.public, algorithm, where), where)
    info = found.public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return KeyByDigest(
        info, algorithm.identifier, algorithm.hash.name if algorithm.hash else None, use.sign, use.sign_many
    )


@dataclass(frozen=True)
class _Use:
    """What makes a signature.

    Attributes:
        name: of the algorithm, as KMS has it.
    """

    asked: KMSKey
    found: _Found
    algorithm: Algorithm
    name: str
    where: str

    def sign(self, digest: bytes) -> bytes:
        """The signature of a digest, verified; of EC it is as X.509 has it, which is how KMS gives it."""
        with explained("kms:Sign", self.found.id, self.where):
            answer = client(self.asked.region).sign(
                KeyId=self.found.id, Message=digest, MessageType="DIGEST", SigningAlgorithm=self.name
            )
        signature = told(answer, "Signature", bytes, self.where)
        try:
            verify(self.found.public, self.algorithm, digest, signature)
        except InvalidSignature as error:
            raise KeyUnavailable(
                "KMS gave a signature that its public key does not verify; it is not used", where=self.where
            ) from error
        return signature

    def sign_many(self, batch: Sequence[bytes]) -> list[bytes]:
        """Those of many, verified, in their order; after one that fails no more are asked for."""
        failed = threading.Event()

        def sign(digest: bytes) -> bytes:
            if failed.is_set():
                return b""  # of one that nobody comes to: the error of one before it is raised first
            try:
                return self.sign(digest)
            except Exception:
                failed.set()
                raise

        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="kms") as pool:
            return list(pool.map(sign, batch))


@cache
def _found(asked: KMSKey, where: str) -> _Found:
    """Asked once in a process; a failure is asked again."""
    with explained("kms:GetPublicKey", asked.name, where):
        answer = client(asked.region).get_public_key(KeyId=asked.name)
    usage, id_ = told(answer, "KeyUsage", str, where), told(answer, "KeyId", str, where)
    if usage != _USAGE:
        raise KeyUnavailable(f"the key is for {usage}, and {_USAGE} is wanted", where=where)
    try:
        return _Found(id_, load_der_public_key(told(answer, "PublicKey", bytes, where)))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyUnavailable("the key is of a kind that is not known here", where=where) from error


def _require_digests(key: PublicKeyTypes, where: str) -> None:
    """Return if KMS signs digests with such a key.

    Raises:
        KeyUnavailable: it wants the message, or something that is made of it otherwise.
    """
    if isinstance(key, ed25519.Ed25519PublicKey):
        raise KeyUnavailable(
            "it is Ed25519, of which KMS signs messages of 4,096 octets at most, and a CRL is larger",
            where=where,
            advice="take a key of ECC_NIST_P256, ECC_NIST_P384, ECC_NIST_P521 or RSA",
        )
    if isinstance(key, mldsa.MLDSA44PublicKey | mldsa.MLDSA65PublicKey | mldsa.MLDSA87PublicKey):
        raise KeyUnavailable(
            "it is ML-DSA, which KMS signs for a CRL by EXTERNAL_MU alone, and that was tested with no KMS",
            where=where,
            advice="take a key of ECC_NIST_P256, ECC_NIST_P384, ECC_NIST_P521 or RSA, or ML-DSA in a file",
        )


def _name(key: PublicKeyTypes, algorithm: Algorithm, where: str) -> str:
    if isinstance(key, ec.EllipticCurvePublicKey) and algorithm.hash:
        return _ECDSA[algorithm.hash.name]
    if isinstance(key, rsa.RSAPublicKey):
        return "RSASSA_PSS_SHA_256" if isinstance(algorithm.padding, padding.PSS) else "RSASSA_PKCS1_V1_5_SHA_256"
    raise KeyUnavailable(f"a key of the kind {type(key).__name__} in KMS cannot sign here", where=where)
