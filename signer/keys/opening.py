"""One URI per key: its scheme says where the key is, and which module knows how to use it there.

A module is imported when a key of its scheme is opened: an installation needs the libraries of the schemes it uses.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from revocation.errors import KeyUnavailable
from signer.keys.logins import Logins
from signer.keys.protocol import SigningKey
from signer.keys.rsa_signature import RSASignature
from signer.keys.shown import shown
from signer.keys.token.uri import SCHEME, TokenURI

_Opener = Callable[[str, bytes | None, RSASignature | None, Logins], SigningKey]
"""Takes what `open_key` takes."""

_UNATTENDED: Final = Logins()


def open_key(
    uri: str, secret: bytes | None, signature: RSASignature | None = None, logins: Logins = _UNATTENDED
) -> SigningKey:
    """The key that a URI names.

    Args:
        secret: the passphrase of a file, the PIN of a token; None while none was looked for.
        signature: how an RSA key is to sign; None for PKCS #1 v1.5, and for keys of other kinds.
        logins: how far to go with a PIN.

    Raises:
        Locked: a secret is needed.
        WrongPassphrase: the secret is not the right one.
        KeyUnavailable: anything else keeps the key from being used.
    """
    opener = _OPENERS.get(uri.partition(":")[0])
    if opener is None:
        raise KeyUnavailable("is no URI of a key", where=f"key {shown(uri)}", advice=f"known are {', '.join(_OPENERS)}")
    return opener(uri, secret, signature, logins)


def token_of(uri: str) -> str:
    """Which token an opened key lies on, for messages: several may have one label. Empty for a key on none."""
    if not uri.startswith(SCHEME):
        return ""
    from signer.keys.token.login import find_token, name_of
    from signer.keys.token.module import module_at

    asked = TokenURI.parse(uri)
    return name_of(find_token(module_at(asked.module or ""), asked, f"key {shown(uri)}"))


def _file(uri: str, secret: bytes | None, signature: RSASignature | None, _: Logins) -> SigningKey:
    from signer.keys import local

    return local.load(Path(uri.removeprefix("file:")), secret, signature)


def _pkcs11(uri: str, secret: bytes | None, signature: RSASignature | None, logins: Logins) -> SigningKey:
    try:
        from signer.keys.token.key import open_token_key
    except ModuleNotFoundError as error:
        raise missing_library(error, uri, "pkcs11") from error
    return open_token_key(uri, secret, signature, logins)


def _awskms(uri: str, _: bytes | None, signature: RSASignature | None, __: Logins) -> SigningKey:
    try:
        from signer.keys.kms.key import open_kms_key
    except ModuleNotFoundError as error:
        raise missing_library(error, uri, "awskms") from error
    return open_kms_key(uri, signature)


def missing_library(error: ModuleNotFoundError, uri: str, extra: str) -> KeyUnavailable:
    """A library that the scheme needs: other keys do without it."""
    return KeyUnavailable(
        f"needs {error.name}, which is not installed",
        where=f"key {shown(uri)}",
        advice=f"pip install 'revocast[{extra}]'",
    )


_OPENERS: Final[dict[str, _Opener]] = {"file": _file, "pkcs11": _pkcs11, "awskms": _awskms}
