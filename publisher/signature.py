"""Signatures over bytes as they came: the TBS is sliced out of the DER and its digest verified, nothing is re-encoded.

A key or digest that is not named here does not verify: what is new is refused until somebody adds it.
"""

import hashlib
from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import (
    SHA3_256,
    SHA3_384,
    SHA3_512,
    SHA256,
    SHA384,
    SHA512,
    HashAlgorithm,
)
from cryptography.hazmat.primitives.serialization import load_der_public_key
from cryptography.x509.oid import ObjectIdentifier, SignatureAlgorithmOID

from revocation.errors import GateError
from revocation.rsassa_pss import DIGEST_BY_IDENTIFIER, is_pss_only

Parameters: TypeAlias = padding.PSS | padding.PKCS1v15 | ec.ECDSA | None

Signed: TypeAlias = tuple[memoryview, memoryview, bytes]
"""TBS, AlgorithmIdentifier and signature, as `der.signed_parts` finds them."""

Verifier: TypeAlias = Callable[[bytes | memoryview, bytes], None]
"""Takes a TBS and a signature."""

_OID: Final = SignatureAlgorithmOID
_ALGORITHMS: Final = (
    (ed25519.Ed25519PublicKey, {_OID.ED25519}),
    (ed448.Ed448PublicKey, {_OID.ED448}),
    (mldsa.MLDSA44PublicKey, {_OID.ML_DSA_44}),
    (mldsa.MLDSA65PublicKey, {_OID.ML_DSA_65}),
    (mldsa.MLDSA87PublicKey, {_OID.ML_DSA_87}),
    (
        ec.EllipticCurvePublicKey,
        {
            *(_OID.ECDSA_WITH_SHA256, _OID.ECDSA_WITH_SHA384, _OID.ECDSA_WITH_SHA512),
            *(_OID.ECDSA_WITH_SHA3_256, _OID.ECDSA_WITH_SHA3_384, _OID.ECDSA_WITH_SHA3_512),
        },
    ),
    (
        rsa.RSAPublicKey,
        {
            _OID.RSASSA_PSS,
            *(_OID.RSA_WITH_SHA256, _OID.RSA_WITH_SHA384, _OID.RSA_WITH_SHA512),
            *(_OID.RSA_WITH_SHA3_256, _OID.RSA_WITH_SHA3_384, _OID.RSA_WITH_SHA3_512),
        },
    ),
)
_WHOLE_MESSAGE: Final = (
    ed25519.Ed25519PublicKey,
    ed448.Ed448PublicKey,
    mldsa.MLDSA44PublicKey,
    mldsa.MLDSA65PublicKey,
    mldsa.MLDSA87PublicKey,
)
"""Keys that verify the message itself, and not its digest."""

_DIGESTS: Final = {hash_.name: hash_ for hash_ in (SHA256, SHA384, SHA512, SHA3_256, SHA3_384, SHA3_512)}


class Scheme(NamedTuple):
    """A key and how it signs OCSP responses: what a verifier is made of, in a form that can be sent elsewhere.

    Attributes:
        key_info: the SubjectPublicKeyInfo.
        algorithm: of the signature, a dotted OID.
        digest: as cryptography names it; None where the message itself is signed.
    """

    key_info: bytes
    algorithm: str
    digest: str | None


def verify_signature(key_info: bytes, signed: Signed, parameters: Parameters, hash_: HashAlgorithm | None) -> None:
    """Return if the key of a SubjectPublicKeyInfo signed a SIGNED structure as its AlgorithmIdentifier says.

    Args:
        parameters: what a parser made of the AlgorithmIdentifier, and so is `hash_`.

    Raises:
        GateError: another key or other bytes; or an algorithm that is weak, unknown or not of this kind of key.
    """
    tbs, algorithm, signature = signed
    if isinstance(parameters, padding.PSS):
        pss_digest(bytes(algorithm))
    verifier(key_info, parameters, hash_)(tbs, signature)


def verifier(key_info: bytes, parameters: Parameters, hash_: HashAlgorithm | None) -> Verifier:
    """What returns if that key signed a TBS with a signature, and else raises GateError: for many of them.

    Raises:
        GateError: the algorithm is weak, unknown or not of this kind of key.
    """
    if is_pss_only(key_info) and not isinstance(parameters, padding.PSS):
        raise GateError("its signature is no RSASSA-PSS, and the key is for that alone (RFC 4055 section 1.2)")
    key = load_der_public_key(key_info)
    verify: Callable[[bytes, bytes | memoryview], None]
    if isinstance(key, _WHOLE_MESSAGE) and hash_ is None:
        whole = key
        verify = lambda signature, tbs: whole.verify(signature, bytes(tbs))  # noqa: E731 - one of three
    elif isinstance(key, ec.EllipticCurvePublicKey) and isinstance(parameters, ec.ECDSA):
        elliptic, digest, ecdsa = key, _digest(hash_), ec.ECDSA(Prehashed(_strong(hash_)))
        verify = lambda signature, tbs: elliptic.verify(signature, digest(tbs), ecdsa)  # noqa: E731 - as above
    elif isinstance(key, rsa.RSAPublicKey) and isinstance(parameters, padding.PKCS1v15 | padding.PSS):
        modular, scheme, digest, prehashed = key, parameters, _digest(hash_), Prehashed(_strong(hash_))
        verify = lambda signature, tbs: modular.verify(signature, digest(tbs), scheme, prehashed)  # noqa: E731
    else:
        raise GateError("its signature algorithm is not one of the key's")

    def verified(tbs: bytes | memoryview, signature: bytes) -> None:
        try:
            verify(signature, tbs)
        except InvalidSignature as error:
            raise GateError("its signature is not that of the key which should have signed it") from error

    return verified


def parameters_of(key: PublicKeyTypes, hash_: HashAlgorithm | None, algorithm: ObjectIdentifier) -> Parameters:
    """The parameters where the parser gives only the digest (OCSP): of PSS, those that are taken (`pss_digest`).

    Raises:
        GateError: the algorithm is of another kind of key.
    """
    if not any(isinstance(key, kind) and algorithm in algorithms for kind, algorithms in _ALGORITHMS):
        raise GateError("its signature algorithm is not one of the key's")
    if hash_ is None:
        return None
    if algorithm == _OID.RSASSA_PSS:
        return padding.PSS(padding.MGF1(hash_), hash_.digest_size)
    return padding.PKCS1v15() if isinstance(key, rsa.RSAPublicKey) else ec.ECDSA(hash_)


def pss_digest(algorithm_identifier: bytes) -> str:
    """The digest of an RSASSA-PSS signature.

    Raises:
        GateError: its parameters are none of those that are taken.
    """
    digest = DIGEST_BY_IDENTIFIER.get(algorithm_identifier)
    if digest is None:
        raise GateError("the parameters of its RSASSA-PSS signature are none that are accepted (RFC 4055 section 3.1)")
    return digest


@lru_cache(maxsize=128)
def verifier_by(scheme: Scheme) -> Verifier:
    """The verifier of a scheme.

    Raises:
        GateError: the algorithm is weak, unknown or not of this kind of key.
    """
    key = load_der_public_key(scheme.key_info)
    if scheme.digest is not None and scheme.digest not in _DIGESTS:
        raise GateError(f"it is signed over a {scheme.digest} digest, which is not accepted")
    hash_ = _DIGESTS[scheme.digest]() if scheme.digest is not None else None
    return verifier(scheme.key_info, parameters_of(key, hash_, ObjectIdentifier(scheme.algorithm)), hash_)


def _strong(hash_: HashAlgorithm | None) -> HashAlgorithm:
    if hash_ is None or hash_.name not in _DIGESTS:
        raise GateError(f"it is signed over a {hash_.name if hash_ else 'missing'} digest, which is not accepted")
    return hash_


def _digest(hash_: HashAlgorithm | None) -> Callable[[bytes | memoryview], bytes]:
    algorithm = getattr(hashlib, _strong(hash_).name.replace("-", "_"))
    return lambda tbs: algorithm(tbs).digest()
