"""A key whose errors say which issuer it is of: there may be several on one token, or in one account."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from revocation.errors import KeyUnavailable
from signer.keys.protocol import TBS, SigningKey


@dataclass(frozen=True)
class NamedKey:
    """A signing key.

    Attributes:
        where: whose it is, for messages.
    """

    key: SigningKey
    where: str

    @property
    def public_key_info(self) -> bytes:
        """DER of the SubjectPublicKeyInfo."""
        return self.key.public_key_info

    @property
    def algorithm_identifier(self) -> bytes:
        """DER of the signature's AlgorithmIdentifier."""
        return self.key.algorithm_identifier

    def sign(self, tbs: TBS) -> bytes:
        """The content of the signature BIT STRING."""
        with self._named():
            return self.key.sign(tbs)

    def sign_many(self, batch: Sequence[bytes]) -> list[bytes]:
        """The signatures of many, in their order."""
        with self._named():
            return self.key.sign_many(batch)

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except KeyUnavailable as error:
            error.where = f"{self.where}, {error.where}"
            raise
