"""A `SigningKey` over whatever makes one signature: of a digest, or of the message where the algorithm wants that."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from signer.keys.protocol import TBS


@dataclass(frozen=True)
class KeyByDigest:
    """A key that is asked for one signature after the other.

    Attributes:
        _hash: as hashlib names it; None where the message itself is signed.
        _sign: makes a signature of a digest, or of the message; raises KeyUnavailable when it cannot.
        _sign_many: the same of several, where that is less work than one after the other.
    """

    public_key_info: bytes
    algorithm_identifier: bytes
    _hash: str | None
    _sign: Callable[[bytes], bytes]
    _sign_many: Callable[[Sequence[bytes]], list[bytes]] | None = None

    def sign(self, tbs: TBS) -> bytes:
        """One signature."""
        return self._sign(tbs.digest(self._hash) if self._hash else tbs.read())

    def sign_many(self, batch: Sequence[bytes]) -> list[bytes]:
        """The signatures of a batch, in its order."""
        sign, hash_ = self._sign, getattr(hashlib, self._hash) if self._hash else None  # hashlib.new is twice as slow
        if self._sign_many is not None:
            return self._sign_many([hash_(octets).digest() for octets in batch] if hash_ else batch)
        if hash_ is None:
            return [sign(octets) for octets in batch]
        return [sign(hash_(octets).digest()) for octets in batch]
