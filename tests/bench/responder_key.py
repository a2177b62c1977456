"""Responder keys of a kind that a benchmark chooses."""

from pathlib import Path

from revocation.keykind import KeyKind
from signer.keys import local
from signer.keys.protocol import SigningKey
from signer.keys.responder_keys import ResponderKeys
from tests.bench.raw import PrivateKey


class KeysOf(ResponderKeys):
    """One key, in memory, whatever is asked for."""

    def __init__(self, folder: Path, key: PrivateKey) -> None:
        super().__init__(folder)
        self._key = local.of_private_key(key, "a benchmark's")

    def create(self, name: str, kind: KeyKind) -> SigningKey:
        """The key."""
        return self._key

    def load(self, name: str) -> SigningKey:
        """The key."""
        return self._key
