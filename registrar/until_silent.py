"""Asking the OCSP responder for many certificates in a row: once it does not answer, it is not asked for the others.

One that hangs takes a second each time, and what goes on without clients would stand still meanwhile.
"""

from registrar.published_status import Published, Responder, Statuses
from revocation.issuer import Issuer


class ResponderUntilSilent:
    """A responder, until it does not answer."""

    def __init__(self, responder: Responder) -> None:
        self._responder, self._is_silent = responder, False

    def ask(self, issuer: Issuer, serial: int) -> bytes | None:
        """Its answer of now; None where there is none, or was none before. Raises NoPlace."""
        if self._is_silent:
            return None
        self._is_silent = True  # also where there is no place
        found = self._responder.ask(issuer, serial)
        self._is_silent = found is None
        return found


class StatusesUntilSilent:
    """What is published, until nobody answers."""

    def __init__(self, statuses: Statuses) -> None:
        self._statuses, self._is_silent = statuses, False

    def published(self, issuer: Issuer, serial: int, *, fresh: bool = False) -> Published | None:
        """What is published of a certificate; None where nobody answers, or has answered before."""
        found = None if self._is_silent else self._statuses.published(issuer, serial, fresh=fresh)
        self._is_silent = found is None
        return found
