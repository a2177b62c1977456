"""The seam between what is signed and whatever holds the key: a file, a token, a cloud service."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, Final, Protocol

from revocation.errors import KeyUnavailable

_PIECE: Final = 1 << 20


class TBS(Protocol):
    """Something to be signed. A token or a cloud service wants its digest, Ed25519 and ML-DSA the message itself."""

    def digest(self, algorithm: str) -> bytes:
        """Its hash; `algorithm` as hashlib names it."""

    def read(self) -> bytes:
        """All of it."""


@dataclass(frozen=True)
class BytesTBS:
    """A TBS that is in memory."""

    data: bytes

    def digest(self, algorithm: str) -> bytes:
        """Its hash."""
        digest: bytes = getattr(hashlib, algorithm)(self.data).digest()  # hashlib.new takes twice as long
        return digest

    def read(self) -> bytes:
        """The bytes."""
        return self.data


@dataclass(frozen=True)
class FileTBS:
    """A TBS that lies in a file, `size` octets from `begin` on; what was written is flushed.

    Attributes:
        known: digests that were taken while it was written, by algorithm.
    """

    file: BinaryIO
    begin: int
    size: int
    known: Mapping[str, bytes] = field(default_factory=dict)

    def digest(self, algorithm: str) -> bytes:
        """Its hash."""
        if algorithm in self.known:
            return self.known[algorithm]
        digest = hashlib.new(algorithm)
        end = self.begin + self.size
        for at in range(self.begin, end, _PIECE):
            digest.update(os.pread(self.file.fileno(), min(_PIECE, end - at), at))
        return digest.digest()

    def read(self) -> bytes:
        """The bytes."""
        return os.pread(self.file.fileno(), self.size, self.begin)


class Locked(KeyUnavailable):
    """A key wants a secret, and none was given for it."""


class KeyAway(KeyUnavailable):
    """A key did not answer, after tries that took their time: it is not asked again before the next look."""


class SigningKey(Protocol):
    """A private key, wherever it is. The X.509 encoding of the signature is its duty."""

    @property
    def public_key_info(self) -> bytes:
        """DER of the SubjectPublicKeyInfo."""

    @property
    def algorithm_identifier(self) -> bytes:
        """DER of the signature's AlgorithmIdentifier, the same inside the TBS and outside."""

    def sign(self, tbs: TBS) -> bytes:
        """The content of the signature BIT STRING. Raises KeyUnavailable when the key cannot be used."""

    def sign_many(self, batch: Sequence[bytes]) -> list[bytes]:
        """The signatures of many that are in memory, in their order. Several threads may ask at once."""
