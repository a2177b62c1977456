"""A private key in this process's memory: EC, RSA, Edwards-curve or ML-DSA, as PKCS #8 in a file."""

import hashlib
import logging
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, mldsa, padding, rsa, utils
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
    load_pem_private_key,
)

from revocation import der
from revocation.errors import KeyUnavailable, WrongPassphrase
from signer.keys.protocol import TBS

_WholeMessage = (
    ed25519.Ed25519PrivateKey
    | ed448.Ed448PrivateKey
    | mldsa.MLDSA44PrivateKey
    | mldsa.MLDSA65PrivateKey
    | mldsa.MLDSA87PrivateKey
)
"""What signs the message itself."""

_LocalPrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | _WholeMessage

_LOG: Final = logging.getLogger("revocast.signer")
_OTHERS: Final = 0o077

_RSA_SHA256: Final = der.sequence(der.oid("1.2.840.113549.1.1.11"), der.tlv(der.NULL))
_WITHOUT_DIGEST: Final = {
    ed25519.Ed25519PrivateKey: der.sequence(der.oid("1.3.101.112")),
    ed448.Ed448PrivateKey: der.sequence(der.oid("1.3.101.113")),
    mldsa.MLDSA44PrivateKey: der.sequence(der.oid("2.16.840.1.101.3.4.3.17")),
    mldsa.MLDSA65PrivateKey: der.sequence(der.oid("2.16.840.1.101.3.4.3.18")),
    mldsa.MLDSA87PrivateKey: der.sequence(der.oid("2.16.840.1.101.3.4.3.19")),
}
"""The parameters are absent (RFC 8410 section 3, RFC 9881 section 2)."""

_ECDSA: Final = {
    SHA256: der.sequence(der.oid("1.2.840.10045.4.3.2")),
    SHA384: der.sequence(der.oid("1.2.840.10045.4.3.3")),
    SHA512: der.sequence(der.oid("1.2.840.10045.4.3.4")),
}


class Locked(KeyUnavailable):
    """A key file is encrypted, and no passphrase was given for it."""


@dataclass(frozen=True)
class LocalKey:
    """A `SigningKey` over a key of cryptography's.

    Attributes:
        _hash: as hashlib names it; None where the message itself is signed.
        _sign: makes a signature of a digest, or of the message.
    """

    public_key_info: bytes
    algorithm_identifier: bytes
    _hash: str | None
    _sign: Callable[[bytes], bytes]

    def sign(self, tbs: TBS) -> bytes:
        """One signature."""
        return self._sign(tbs.digest(self._hash) if self._hash else tbs.read())

    def sign_many(self, batch: Sequence[bytes]) -> list[bytes]:
        """The signatures of a batch, in its order."""
        sign = self._sign
        if self._hash is None:
            return [sign(octets) for octets in batch]
        hash_ = getattr(hashlib, self._hash)  # twice as fast as hashlib.new, which shows in a million
        return [sign(hash_(octets).digest()) for octets in batch]


def of_private_key(key: object, where: str) -> LocalKey:
    """The signing key over a loaded private key, with the algorithm that RFC 5758, 4055, 8410 or 9881 gives it.

    Raises:
        KeyUnavailable: a kind of key that cannot sign certificates.
    """
    if not isinstance(key, _LocalPrivateKey):
        raise KeyUnavailable(f"a key of the kind {type(key).__name__} cannot sign here", where=where)
    info = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return _ecdsa(key, info)
    if isinstance(key, rsa.RSAPrivateKey):
        return _rsa(key, info)
    algorithm = next(encoded for kind, encoded in _WITHOUT_DIGEST.items() if isinstance(key, kind))
    return LocalKey(info, algorithm, None, key.sign)


def _ecdsa(key: ec.EllipticCurvePrivateKey, info: bytes) -> LocalKey:
    hash_: HashAlgorithm = SHA256() if key.key_size <= 256 else SHA384() if key.key_size <= 384 else SHA512()
    algorithm = ec.ECDSA(utils.Prehashed(hash_))
    return LocalKey(info, _ECDSA[type(hash_)], hash_.name, lambda digest: key.sign(digest, algorithm))


def _rsa(key: rsa.RSAPrivateKey, info: bytes) -> LocalKey:
    scheme, hash_ = padding.PKCS1v15(), utils.Prehashed(SHA256())
    return LocalKey(info, _RSA_SHA256, "sha256", lambda digest: key.sign(digest, scheme, hash_))


def load(path: Path, passphrase: bytes | None) -> LocalKey:
    """The key in a PEM or DER file.

    Raises:
        Locked: it is encrypted and there is no passphrase.
        KeyUnavailable: absent, unreadable, wrong passphrase, or not a key that can sign.
    """
    where = f"key {path}"
    try:
        data = path.read_bytes()
        _warn_if_open(path)
    except OSError as error:
        raise KeyUnavailable(f"cannot be read: {error.strerror}", where=where) from error
    loader = load_pem_private_key if b"-----BEGIN" in data else load_der_private_key
    try:
        key = loader(data, passphrase)
    except TypeError as error:
        if passphrase is None:
            raise Locked("is encrypted and no passphrase is configured", where=where, advice=_HOW_TO_UNLOCK) from error
        return load(path, None)  # a passphrase is configured for a key that is not encrypted
    except (ValueError, UnsupportedAlgorithm) as error:
        if passphrase is None:
            raise KeyUnavailable("is not a private key in PEM or DER", where=where) from error
        raise WrongPassphrase(
            "the passphrase is wrong, or the file is damaged", where=where, advice=_HOW_TO_UNLOCK
        ) from error
    return of_private_key(key, where)


def _warn_if_open(path: Path) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & _OTHERS:
        _LOG.warning("key %s can be used by other users too (mode %04o): chmod 600 %s", path, mode, path)


_HOW_TO_UNLOCK: Final = (
    "set `passphrase` of the issuer in [[signer.issuers]] to file:PATH, env:NAME, credential:NAME or prompt"
)
