"""The seam between what is signed and whatever holds the key: a file, a token, a cloud service."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


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
        return hashlib.new(algorithm, self.data).digest()

    def read(self) -> bytes:
        """The bytes."""
        return self.data


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

    def sign_many(self, batch: Sequence[TBS]) -> list[bytes]:
        """The signatures of a batch, in its order."""
