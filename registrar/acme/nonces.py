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

    def exchange(self, issuer: str, nonce: str) -> tuple[bool, str]:
        """Whether it was given out and not taken before: from now on it is; and a new one. Raises QueueUnreachable."""

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

    def exchange(self, issuer: str, nonce: str) -> tuple[bool, str]:
        """Take one away and give one out, in one round trip; of two who take the same at once, one does."""
        new = secrets.token_urlsafe(_OCTETS)
        with reached(), self._client.pipeline(transaction=False) as pipeline:
            pipeline.getdel(_key(issuer, nonce))
            pipeline.set(_key(issuer, new), b"1", ex=self._seconds)
            taken, _ = pipeline.execute()
        return taken is not None, new

    def ping(self) -> None:
        """Return if the server answers."""
        with reached():
            self._client.ping()


def _key(issuer: str, nonce: str) -> str:
    return f"revocast:nonce:{issuer}:{nonce}"
