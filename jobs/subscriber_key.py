"""A key of somebody who wants a certificate, made where it is to be used, and a request that it signs.

It is no CA key, so it is not made in `signer/keys/`: it never comes near the signer. The rule that private keys are
loaded there and nowhere else holds here too: this one is made and written, and never read again.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from revocation.durable import write_new
from revocation.errors import InputError

_Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey

KINDS: Final[dict[str, Callable[[], _Key]]] = {
    "p256": partial(ec.generate_private_key, ec.SECP256R1()),
    "p384": partial(ec.generate_private_key, ec.SECP384R1()),
    "p521": partial(ec.generate_private_key, ec.SECP521R1()),
    "rsa2048": partial(rsa.generate_private_key, 65537, 2048),
    "rsa3072": partial(rsa.generate_private_key, 65537, 3072),
    "rsa4096": partial(rsa.generate_private_key, 65537, 4096),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
}
"""What may be made."""


def make_key(path: Path, kind: str) -> bytes:
    """Make a key in a new file (PEM, PKCS #8, not encrypted, for its owner alone); DER of a request that it signed.

    The request lies beside it, `.csr` behind its name: who gets no answer asks again with it, since a request that is
    signed anew is another one.

    Raises:
        InputError: something is there already, or it cannot be written.
    """
    request_path = request_beside(path)
    if request_path.exists():
        raise InputError("is there already, and is not written over", where=str(request_path))
    key = KINDS[kind]()
    hash_ = None if isinstance(key, ed25519.Ed25519PrivateKey) else SHA256()
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hash_)
    _write(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), 0o600)
    _write(request_path, request.public_bytes(Encoding.PEM), 0o644)
    return request.public_bytes(Encoding.DER)


def request_beside(path: Path) -> Path:
    """Where the request of a key lies."""
    return path.with_name(f"{path.name}.csr")


def take_back(path: Path) -> None:
    """Remove a key that was made for nothing, and its request."""
    for one in (path, request_beside(path)):
        one.unlink(missing_ok=True)


def _write(path: Path, data: bytes, mode: int) -> None:
    try:
        write_new(path, data, mode)
    except FileExistsError as error:
        raise InputError("is there already, and is not written over", where=str(path)) from error
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", where=str(path)) from error
