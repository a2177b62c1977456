"""Requester keys (Ed25519): who may ask the signer to change facts. They sign messages and never an artifact."""

import base64
import binascii
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from revocation.durable import write_new
from revocation.ed25519 import public_key
from revocation.errors import InputError, Refused
from revocation.messages.envelope import Message


class RequesterKey:
    """The private key of one requester."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    @classmethod
    def generate(cls) -> "RequesterKey":
        """A new key."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def load(cls, path: Path, advice: str | None = None) -> "RequesterKey":
        """The key in a PEM file (PKCS #8, unencrypted, readable by its owner alone).

        Args:
            path: the file.
            advice: where its path is chosen, for the error that says what is wrong with it.

        Raises:
            InputError: unreadable, readable by others, or no Ed25519 key.
        """
        where = f"requester key {path}"
        try:
            if path.stat().st_mode & 0o077:
                raise InputError("can be read by others", where=str(path), advice=f"chmod 600 {path}")
            key = load_pem_private_key(path.read_bytes(), None)
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}", where=where, advice=advice) from error
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise InputError("is not an unencrypted PEM key", where=where, advice=advice) from error
        if not isinstance(key, Ed25519PrivateKey):
            raise InputError("is not an Ed25519 key", where=where, advice=advice)
        return cls(key)

    def save(self, path: Path) -> None:
        """Write the key durably to a new file that only its owner can read.

        Raises:
            FileExistsError: there is a file already; keys are never overwritten.
        """
        pem = self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        write_new(path, pem, 0o600)

    @property
    def public(self) -> str:
        """The public key as the signer's configuration names it: base64 of its 32 octets."""
        return base64.b64encode(self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()

    def sign(self, message: Message) -> Message:
        """The message with this key's signature."""
        signature = base64.b64encode(self._key.sign(message.signed_bytes())).decode()
        return message.model_copy(update={"signature": signature})


def verify_signature(message: Message, public: str) -> None:
    """Return if `public` (base64 of 32 octets) signed the message.

    Raises:
        Refused: unsigned, or not signed by that key.
    """
    if message.signature is None:
        raise Refused("is not signed", where=f"message {message.id}", advice=f"{message.verb} changes facts: sign it")
    try:
        public_key(public).verify(base64.b64decode(message.signature, validate=True), message.signed_bytes())
    except (InvalidSignature, ValueError, binascii.Error) as error:
        raise Refused(
            f"its signature is not that of requester {message.requester!r}",
            where=f"message {message.id}",
            advice="sign with the key whose `public_key` stands in [[signer.requesters]], where the signer runs",
        ) from error
