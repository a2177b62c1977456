"""The private keys of delegated OCSP responders: made here, kept as files that only the signer's user can read.

They are not encrypted: the passphrase would have to lie beside them. They live for days, and sign responses only.
"""

import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from revocation.durable import make_folder, sync_folder
from signer.keys import local
from signer.keys.protocol import SigningKey


class ResponderKeys:
    """A folder of responder keys."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._loaded: dict[str, SigningKey] = {}

    def create(self) -> tuple[str, SigningKey]:
        """A new P-256 key: its name in the folder, durable before it is returned, and the key."""
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        name = f"{secrets.token_hex(8)}.pem"
        make_folder(self._folder, mode=0o700)
        descriptor = os.open(self._folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        sync_folder(self._folder)
        self._loaded[name] = local.of_private_key(key, f"responder key {name}")
        return name, self._loaded[name]

    def load(self, name: str) -> SigningKey:
        """The key of that name.

        Raises:
            KeyUnavailable: it is gone or damaged.
        """
        if name not in self._loaded:
            self._loaded[name] = local.load(self._folder / name, None)
        return self._loaded[name]

    def destroy(self, name: str) -> None:
        """Delete the key for good."""
        self._loaded.pop(name, None)
        (self._folder / name).unlink(missing_ok=True)
