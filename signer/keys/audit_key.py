"""The key that signs the head of the audit log, and nothing else: made when first asked for, beside the responder keys.

It is not encrypted: what it signs, a signer signs by itself. Who has it can make a log look whole to those that saw
none of it before, and not to whoever kept a head.
"""

import base64
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from revocation.audithead import AuditHead
from revocation.durable import make_folder, replace_content
from revocation.errors import KeyUnavailable

AUDIT_KEY: Final = "audit.key"


class AuditSigner:
    """An Ed25519 key in memory."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    @property
    def public(self) -> str:
        """base64 of the 32 octets of the public key, as `audit_keys` of [public] names it."""
        return base64.b64encode(self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()

    def sign(self, head: AuditHead) -> AuditHead:
        """The head with its signature; it names this key already."""
        return head.model_copy(update={"signature": base64.b64encode(self._key.sign(head.signed_bytes())).decode()})


def load_audit_key(folder: Path) -> AuditSigner:
    """The key in that folder; a new one, durable, where there is none. To be called while nobody else does.

    Raises:
        KeyUnavailable: the file cannot be read or written, or is damaged.
    """
    path = folder / AUDIT_KEY
    try:
        if not path.exists():
            _make(path)
        key = load_pem_private_key(path.read_bytes(), None)
    except OSError as error:
        raise KeyUnavailable(f"cannot be used: {error.strerror}", where=f"audit key {path}") from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyUnavailable("is not an unencrypted PEM key", where=f"audit key {path}", advice=_LOST) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyUnavailable("is not an Ed25519 key", where=f"audit key {path}", advice=_LOST)
    return AuditSigner(key)


def _make(path: Path) -> None:
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    make_folder(path.parent, mode=0o700)
    replace_content(path, pem, 0o600)


_LOST: Final = "put it back from a backup, or move it away: another is made, for `audit_keys` of [public] to name"
