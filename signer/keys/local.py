"""A private key in this process's memory: EC, RSA, Edwards-curve or ML-DSA, as PKCS #8 in a file."""

import logging
import stat
from functools import partial
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
    load_pem_private_key,
)

from revocation.errors import KeyUnavailable, WrongPassphrase
from signer.keys.algorithms import algorithm_of
from signer.keys.by_digest import KeyByDigest
from signer.keys.protocol import Locked
from signer.keys.rsa_signature import RSASignature

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


def of_private_key(key: object, where: str, signature: RSASignature | None = None) -> KeyByDigest:
    """The signing key over a loaded private key.

    Args:
        signature: how an RSA key is to sign; None for PKCS #1 v1.5, and for keys of other kinds.

    Raises:
        KeyUnavailable: a kind of key that cannot sign certificates, or not so.
    """
    if not isinstance(key, _LocalPrivateKey):
        raise KeyUnavailable(f"a key of the kind {type(key).__name__} cannot sign here", where=where)
    public = key.public_key()
    info = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    algorithm = algorithm_of(public, signature, where)
    make = partial(KeyByDigest, info, algorithm.identifier, algorithm.hash.name if algorithm.hash else None)
    if isinstance(key, ec.EllipticCurvePrivateKey) and algorithm.hash:
        ecdsa = ec.ECDSA(Prehashed(algorithm.hash))
        return make(lambda digest: key.sign(digest, ecdsa))
    if isinstance(key, rsa.RSAPrivateKey) and algorithm.hash and algorithm.padding:
        scheme, prehashed = algorithm.padding, Prehashed(algorithm.hash)
        return make(lambda digest: key.sign(digest, scheme, prehashed))
    return make(key.sign)  # type: ignore[arg-type] # of the kinds that sign a message


def load(path: Path, passphrase: bytes | None, signature: RSASignature | None = None) -> KeyByDigest:
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
        try:
            return load(path, None, signature)  # a passphrase is configured for a key that is not encrypted
        except Locked:
            raise WrongPassphrase("the passphrase is empty", where=where, advice=_HOW_TO_UNLOCK) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        if passphrase is None:
            raise KeyUnavailable("is not a private key in PEM or DER", where=where) from error
        raise WrongPassphrase(
            "the passphrase is wrong, or the file is damaged", where=where, advice=_HOW_TO_UNLOCK
        ) from error
    return of_private_key(key, where, signature)


def _warn_if_open(path: Path) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & _OTHERS:
        _LOG.warning("key %s can be used by other users too (mode %04o): chmod 600 %s", path, mode, path)


_HOW_TO_UNLOCK: Final = (
    "set `passphrase` of the issuer in [[signer.issuers]] to file:PATH, env:NAME, credential:NAME or prompt"
)
