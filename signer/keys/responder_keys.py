"""The private keys of delegated OCSP responders: made here, kept as files that only the signer's user can read.

They are not encrypted: the passphrase would have to lie beside them. They live for days, and sign responses only.
Signers that share a ledger may each have a folder: a key is destroyed by who has it, so its name says in which it lies.
"""

import secrets
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from revocation.durable import make_folder, replace_content, sync_folder, write_new
from revocation.keykind import KeyKind
from signer.keys import local
from signer.keys.protocol import SigningKey

_NAME: Final = "folder.id"
"""The file with what a folder calls itself."""

_GENERATE: Final[dict[KeyKind, Callable[[], PrivateKeyTypes]]] = {
    KeyKind.P256: partial(ec.generate_private_key, ec.SECP256R1()),
    KeyKind.P384: partial(ec.generate_private_key, ec.SECP384R1()),
    KeyKind.P521: partial(ec.generate_private_key, ec.SECP521R1()),
    KeyKind.RSA2048: partial(rsa.generate_private_key, 65537, 2048),
    KeyKind.RSA3072: partial(rsa.generate_private_key, 65537, 3072),
    KeyKind.RSA4096: partial(rsa.generate_private_key, 65537, 4096),
    KeyKind.ED25519: ed25519.Ed25519PrivateKey.generate,
    KeyKind.MLDSA44: mldsa.MLDSA44PrivateKey.generate,
    KeyKind.MLDSA65: mldsa.MLDSA65PrivateKey.generate,
    KeyKind.MLDSA87: mldsa.MLDSA87PrivateKey.generate,
}


class ResponderKeys:
    """A folder of responder keys."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._loaded: dict[str, SigningKey] = {}

    def new_name(self) -> str:
        """A name in the folder for a key that is still to be made; to be called while nobody else does.

        Raises:
            OSError: the folder cannot be written.
        """
        return f"{self._own_name() or self._take_name()}-{secrets.token_hex(8)}.pem"

    def has_place_of(self, name: str) -> bool:
        """Whether the key of that name lies here, or did: one in another folder is for its signer to destroy.

        Names of before say nothing of their folder, which all signers shared then.
        """
        folder, hyphen, _ = name.partition("-")
        return not hyphen or folder == self._own_name()

    def names(self) -> set[str]:
        """Of all that lies in the folder."""
        return {file.name for file in self._folder.iterdir()} if self._folder.is_dir() else set()

    def file(self, name: str) -> Path:
        """Where the key of that name lies."""
        return self._folder / name

    def create(self, name: str, kind: KeyKind) -> SigningKey:
        """A new key under that name, durable before it is returned."""
        return self._keep(name, _GENERATE[kind]())

    def _own_name(self) -> str:
        """Empty where it has none yet."""
        place = self.file(_NAME)
        return place.read_text().strip() if place.exists() else ""

    def _take_name(self) -> str:
        make_folder(self._folder, mode=0o700)
        name = secrets.token_hex(4)
        replace_content(self.file(_NAME), f"{name}\n".encode(), 0o600)
        return name

    def _keep(self, name: str, key: PrivateKeyTypes) -> SigningKey:
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        make_folder(self._folder, mode=0o700)
        write_new(self.file(name), pem, 0o600)
        self._loaded[name] = local.of_private_key(key, f"responder key {name}")
        return self._loaded[name]

    def load(self, name: str) -> SigningKey:
        """The key of that name. Once its file was deleted, as of one that was stolen, it signs no more.

        Raises:
            KeyUnavailable: it is gone or damaged.
        """
        if name not in self._loaded or not self.file(name).exists():
            self._loaded.pop(name, None)
            self._loaded[name] = local.load(self.file(name), None)
        return self._loaded[name]

    def destroy(self, name: str) -> None:
        """Delete the key for good; it is gone durably when this returns, also if it was gone before.

        Raises:
            OSError: it cannot be deleted.
        """
        self._loaded.pop(name, None)
        self.file(name).unlink(missing_ok=True)
        if self._folder.exists():
            sync_folder(self._folder)
