"""Nonces (RFC 8555 section 6.5): each is taken once, by the issuer that gave it out, and forgotten after a while."""

import secrets
from datetime import timedelta
from typing import Final, Protocol

import redis

from registrar.queue_server import reached

_OCTETS: Final = 16


class Nonces(Protocol):
    """What remembers nonces that were given out."""

    def new(self, issuer: str) -> str:
        """A nonce, base64url. Raises QueueUnreachable."""

    def take(self, issuer: str, nonce: str) -> bool:
        """Whether it was given out and not taken before: from now on it is. Raises QueueUnreachable."""

    def ping(self) -> None:
        """Return if it works. Raises QueueUnreachable."""


class QueueNonces:
    """Nonces in the queue server, so that any registrar takes those of any other."""

    def __init__(self, client: redis.Redis, lifetime: timedelta) -> None:
        self._client = client
        self._seconds = int(lifetime.total_seconds())

    def new(self, issuer: str) -> str:
        """A nonce that lives as long as it may."""
        nonce = secrets.token_urlsafe(_OCTETS)
        with reached():
            self._client.set(_key(issuer, nonce), b"1", ex=self._seconds)
        return nonce

    def take(self, issuer: str, nonce: str) -> bool:
        """Take it away; of two who take it at once, one does."""
        with reached():
            return self._client.getdel(_key(issuer, nonce)) is not None

    def ping(self) -> None:
        """Return if the server answers."""
        with reached():
            self._client.ping()


def _key(issuer: str, nonce: str) -> str:
    return f"revocast:nonce:{issuer}:{nonce}"
