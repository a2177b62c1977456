"""Responder keys of a kind that a benchmark chooses."""

from pathlib import Path

from revocation.keykind import KeyKind
from signer.keys.protocol import SigningKey
from signer.keys.responder_keys import ResponderKeys
from tests.bench.raw import PrivateKey


class KeysOf(ResponderKeys):
    """Each is the same key."""

    def __init__(self, folder: Path, key: PrivateKey) -> None:
        super().__init__(folder)
        self._key = key

    def create(self, name: str, kind: KeyKind) -> SigningKey:
        """The key."""
        return self._keep(name, self._key)
