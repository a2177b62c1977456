"""The physical limit of responses: one signature, or one verification, after the other, in two threads; and a peer."""

import hashlib
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from tests.authority import NOW, Authority

THREADS = 2
_SIZE = 250
_PIECE = 100
_SECONDS = 1.5
_PREHASHED = utils.Prehashed(SHA256())

_WholeMessage: TypeAlias = (
    ed25519.Ed25519PrivateKey | mldsa.MLDSA44PrivateKey | mldsa.MLDSA65PrivateKey | mldsa.MLDSA87PrivateKey
)
PrivateKey: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | _WholeMessage

KEYS: dict[str, Callable[[], PrivateKey]] = {
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "rsa2048": lambda: rsa.generate_private_key(65537, 2048),
    "rsa3072": lambda: rsa.generate_private_key(65537, 3072),
    "rsa4096": lambda: rsa.generate_private_key(65537, 4096),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "mldsa44": mldsa.MLDSA44PrivateKey.generate,
    "mldsa65": mldsa.MLDSA65PrivateKey.generate,
    "mldsa87": mldsa.MLDSA87PrivateKey.generate,
}
"""By what `--key` calls them."""


def signer_of(key: PrivateKey) -> Callable[[bytes], bytes]:
    """A digest and a signature over it, or one over the message: what no response can do without."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        algorithm = ec.ECDSA(_PREHASHED)
        return lambda message: key.sign(hashlib.sha256(message).digest(), algorithm)
    if not isinstance(key, rsa.RSAPrivateKey):
        return key.sign
    scheme = padding.PKCS1v15()
    return lambda message: key.sign(hashlib.sha256(message).digest(), scheme, _PREHASHED)


def raw_sign_per_second(key: PrivateKey) -> float:
    """Signatures over messages of the size of a ResponseData."""
    return _per_second(signer_of(key), _messages())


def raw_verify_per_second(key: PrivateKey) -> float:
    """Verifications of such signatures."""
    sign, messages = signer_of(key), _messages()
    signed = [(sign(message), message) for message in messages]
    public = key.public_key()
    if isinstance(public, ec.EllipticCurvePublicKey):
        algorithm = ec.ECDSA(_PREHASHED)
        return _per_second(lambda pair: public.verify(pair[0], hashlib.sha256(pair[1]).digest(), algorithm), signed)
    if not isinstance(public, rsa.RSAPublicKey):
        return _per_second(lambda pair: public.verify(*pair), signed)
    scheme = padding.PKCS1v15()
    return _per_second(
        lambda pair: public.verify(pair[0], hashlib.sha256(pair[1]).digest(), scheme, _PREHASHED), signed
    )


def builder_per_second(key: PrivateKey) -> float:
    """cryptography's OCSPResponseBuilder with an embedded certificate, in one thread: it holds the interpreter."""
    authority = Authority()
    leaf = (
        x509.CertificateBuilder()
        .subject_name(authority.certificate.subject)
        .issuer_name(authority.certificate.subject)
        .public_key(key.public_key())
        .serial_number(1 << 126)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=1))
        .sign(authority.key, SHA256())
    )
    digest = SHA256() if isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) else None
    certificates, responder_id = [leaf], ocsp.OCSPResponderEncoding.HASH
    good, next_update = ocsp.OCSPCertStatus.GOOD, NOW + timedelta(days=1)

    def build(_: object) -> bytes:
        builder = ocsp.OCSPResponseBuilder().add_response(
            leaf, authority.certificate, SHA256(), good, NOW, next_update, None, None
        )
        builder = builder.responder_id(responder_id, leaf).certificates(certificates)
        return builder.sign(key, digest).public_bytes(Encoding.DER)

    return _per_second(build, range(_PIECE), threads=1)


def _messages() -> list[bytes]:
    return [number.to_bytes(_SIZE, "big") for number in range(_PIECE)]


def _per_second(work: Callable[[Any], object], items: Sequence[object], threads: int = THREADS) -> float:
    """How often in the time that a measurement takes."""
    ends = time.perf_counter() + _SECONDS

    def go(_: int) -> int:
        done = 0
        while time.perf_counter() < ends:
            for item in items:
                work(item)
            done += len(items)
        return done

    begun = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        done = sum(pool.map(go, range(threads)))
    return done / (time.perf_counter() - begun)
