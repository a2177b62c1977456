"""Making a CA key where its URI says: in a file, encrypted, or on a token, which it never leaves."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from revocation.durable import make_folder, write_new
from revocation.errors import InputError
from signer.keys.logins import Logins
from signer.keys.opening import missing_library, open_key
from signer.keys.protocol import SigningKey
from signer.keys.shown import shown

KINDS: Final[dict[str, Callable[[], PrivateKeyTypes]]] = {
    "p256": partial(ec.generate_private_key, ec.SECP256R1()),
    "p384": partial(ec.generate_private_key, ec.SECP384R1()),
    "p521": partial(ec.generate_private_key, ec.SECP521R1()),
    "rsa2048": partial(rsa.generate_private_key, 65537, 2048),
    "rsa3072": partial(rsa.generate_private_key, 65537, 3072),
    "rsa4096": partial(rsa.generate_private_key, 65537, 4096),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "mldsa44": mldsa.MLDSA44PrivateKey.generate,
    "mldsa65": mldsa.MLDSA65PrivateKey.generate,
    "mldsa87": mldsa.MLDSA87PrivateKey.generate,
}
"""What a CA key may be made as, and how it is in memory."""

_LONGEST_PASSPHRASE: Final = 1023
"""Octets that OpenSSL takes."""


def generate_key(uri: str, kind: str, secret: bytes, logins: Logins) -> SigningKey:
    """Make a key of a kind of `KINDS` and open it; nothing that is there is ever written over.

    Args:
        secret: what the file is to be encrypted with, or the PIN of the token.

    Raises:
        InputError: something of that name is there, or no key of that kind can be made there.
        KeyUnavailable: the token cannot be used.
    """
    scheme, _, rest = uri.partition(":")
    if scheme == "file":
        _into_file(Path(rest), kind, secret)
    elif scheme == "pkcs11":
        try:
            from signer.keys.token.generate import generate_on_token
        except ModuleNotFoundError as error:
            raise missing_library(error, uri, "pkcs11") from error
        generate_on_token(uri, kind, secret, logins)
    else:
        raise InputError(
            "no key is made there from here",
            where=f"key {shown(uri)}",
            advice="make it where it is, and name it in `key`",
        )
    return open_key(uri, secret, None, logins)


def _into_file(path: Path, kind: str, passphrase: bytes) -> None:
    """PKCS #8, for its owner alone, durable when this returns."""
    if not passphrase:
        raise InputError("the passphrase is empty", where=f"key {path}", advice="a CA key is made encrypted")
    if len(passphrase) > _LONGEST_PASSPHRASE:
        raise InputError(
            f"the passphrase has {len(passphrase):,} octets, and {_LONGEST_PASSPHRASE:,} are the most",
            where=f"key {path}",
            advice="a shorter one",
        )
    pem = KINDS[kind]().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase))
    try:
        make_folder(path.parent)
        write_new(path, pem, 0o600)
    except FileExistsError as error:
        raise InputError("is there already, and is not written over", where=f"key {path}") from error
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", where=f"key {path}") from error
