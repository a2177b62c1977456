"""One URI per key: its scheme says where the key is, and which module knows how to use it there.

A module is imported when a key of its scheme is opened: an installation needs the libraries of the schemes it uses.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from revocation.errors import KeyUnavailable
from signer.keys.protocol import SigningKey
from signer.keys.rsa_signature import RSASignature

_Opener = Callable[[str, bytes | None, RSASignature | None], SigningKey]
"""Takes what `open_key` takes."""


def open_key(uri: str, secret: bytes | None, signature: RSASignature | None = None) -> SigningKey:
    """The key that a URI names.

    Args:
        secret: the passphrase of a file; None while none was looked for.
        signature: how an RSA key is to sign; None for PKCS #1 v1.5, and for keys of other kinds.

    Raises:
        Locked: a secret is needed.
        WrongPassphrase: the secret is not the right one.
        KeyUnavailable: anything else keeps the key from being used.
    """
    opener = _OPENERS.get(uri.partition(":")[0])
    if opener is None:
        raise KeyUnavailable("is no URI of a key", where=f"key {uri}", advice=f"known are {', '.join(_OPENERS)}")
    return opener(uri, secret, signature)


def _file(uri: str, secret: bytes | None, signature: RSASignature | None) -> SigningKey:
    from signer.keys import local

    return local.load(Path(uri.removeprefix("file:")), secret, signature)


_OPENERS: Final[dict[str, _Opener]] = {"file": _file}
