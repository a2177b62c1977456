"""The signature algorithm that a key has: RFC 5758 and 4055, 8410 for Edwards curves, 9881 for ML-DSA."""

from dataclasses import dataclass
from typing import Final, TypeAlias

from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm

from revocation import der, rsassa_pss
from revocation.errors import KeyUnavailable
from signer.keys.rsa_signature import RSASignature

Padding: TypeAlias = padding.PKCS1v15 | padding.PSS

_RSA_SHA256: Final = der.sequence(der.oid("1.2.840.113549.1.1.11"), der.tlv(der.NULL))
_ECDSA: Final = {
    SHA256: der.sequence(der.oid("1.2.840.10045.4.3.2")),
    SHA384: der.sequence(der.oid("1.2.840.10045.4.3.3")),
    SHA512: der.sequence(der.oid("1.2.840.10045.4.3.4")),
}
_WITHOUT_DIGEST: Final = {
    ed25519.Ed25519PublicKey: der.sequence(der.oid("1.3.101.112")),
    ed448.Ed448PublicKey: der.sequence(der.oid("1.3.101.113")),
    mldsa.MLDSA44PublicKey: der.sequence(der.oid("2.16.840.1.101.3.4.3.17")),
    mldsa.MLDSA65PublicKey: der.sequence(der.oid("2.16.840.1.101.3.4.3.18")),
    mldsa.MLDSA87PublicKey: der.sequence(der.oid("2.16.840.1.101.3.4.3.19")),
}
"""The parameters are absent (RFC 8410 section 3, RFC 9881 section 2)."""


@dataclass(frozen=True)
class Algorithm:
    """How a key signs.

    Attributes:
        identifier: DER of the AlgorithmIdentifier.
        hash: of what the digest is signed; None where the message itself is.
        padding: of RSA.
    """

    identifier: bytes
    hash: HashAlgorithm | None
    padding: Padding | None = None


def algorithm_of(key: PublicKeyTypes, signature: RSASignature | None, where: str) -> Algorithm:
    """The algorithm of a key; of RSA the one that is wanted.

    Raises:
        KeyUnavailable: a kind of key that cannot sign certificates, or not so.
    """
    if isinstance(key, rsa.RSAPublicKey):
        if signature is RSASignature.PSS:
            return Algorithm(rsassa_pss.ALGORITHM_IDENTIFIER, SHA256(), padding.PSS(padding.MGF1(SHA256()), 32))
        return Algorithm(_RSA_SHA256, SHA256(), padding.PKCS1v15())
    if signature is not None:
        raise KeyUnavailable(
            f'signature = "{signature}" is for RSA keys, and this is of another kind',
            where=where,
            advice="take `signature` out of the issuer in [[signer.issuers]]: other kinds have one each",
        )
    if isinstance(key, ec.EllipticCurvePublicKey):
        hash_: HashAlgorithm = SHA256() if key.key_size <= 256 else SHA384() if key.key_size <= 384 else SHA512()
        return Algorithm(_ECDSA[type(hash_)], hash_)
    for kind, identifier in _WITHOUT_DIGEST.items():
        if isinstance(key, kind):
            return Algorithm(identifier, None)
    raise KeyUnavailable(f"a key of the kind {type(key).__name__} cannot sign here", where=where)


def verify(key: PublicKeyTypes, algorithm: Algorithm, octets: bytes, signature: bytes) -> None:
    """Return if the key made a signature of a digest, or of a message where the algorithm signs that.

    Raises:
        InvalidSignature: it did not.
    """
    if isinstance(key, ec.EllipticCurvePublicKey) and algorithm.hash:
        key.verify(signature, octets, ec.ECDSA(Prehashed(algorithm.hash)))
    elif isinstance(key, rsa.RSAPublicKey) and algorithm.hash and algorithm.padding:
        key.verify(signature, octets, algorithm.padding, Prehashed(algorithm.hash))
    else:
        key.verify(signature, octets)  # type: ignore[union-attr,call-arg] # of the kinds that sign a message
