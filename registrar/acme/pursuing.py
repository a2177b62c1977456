"""Orders that are processed, taken further by this server: a client may never come back, and its certificate is issued.

Without that the certificate would be nobody's: no renewal information, no revocation by its account. It is done here
and not by the worker that validates, which reaches out to strangers and has no key for the signer.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from registrar.acme.issuing import pursue
from registrar.acme.services import Services
from registrar.database import orders as stored
from registrar.database.rows import Order, Status
from registrar.problem import Problem

_LOG: Final = logging.getLogger("revocast.registrar")

LOOKS_EVERY: Final = 5.0
"""Seconds."""

_MOST: Final = 10_000
_LONGEST: Final = 600.0
_BESIDE: Final = 1.0
"""So many seconds longer than a client that finalizes waits itself, who is to hear of a refusal first."""


@dataclass(frozen=True)
class Turn:
    """When an order is pursued next, in seconds that only rise, and how long the pause before it is."""

    at: float
    pause: float


class Pursuing:
    """Takes orders further, each after pauses that double, up to ten minutes.

    Args:
        clock: seconds that only rise.
    """

    def __init__(self, services: Services, clock: Callable[[], float] = time.monotonic) -> None:
        self._services, self._clock = services, clock
        self._first = services.settings.finalize_wait.total_seconds() + _BESIDE
        self._turns: dict[tuple[str, str], Turn] = {}

    def look(self) -> None:
        """Pursue those whose turn has come.

        Raises:
            DatabaseUnavailable: it cannot be seen which there are.
        """
        now = self._clock()
        with self._services.database.read() as connection:
            waiting = stored.processed(connection, _MOST)
        first = Turn(now + self._first, self._first)
        self._turns = {place: self._turns.get(place, first) for place in waiting}
        for place, turn in list(self._turns.items()):
            if turn.at <= now:
                pause = self._pause(place, turn)
                self._turns[place] = Turn(self._clock() + pause, pause)

    def _pause(self, place: tuple[str, str], turn: Turn) -> float:
        """Pursue one; in how many seconds again, if it goes on."""
        try:
            self._pursue(*place)
        except Problem as problem:
            return float(problem.retry_after or _LONGEST)
        except Exception:  # a defect of one is not to keep the others waiting
            _LOG.exception("order %s of %s is not taken further", place[1], place[0])
        return min(_LONGEST, 2 * turn.pause)

    def _pursue(self, issuer: str, id_: str) -> Order | None:
        with self._services.database.read() as connection:
            one = stored.order(connection, issuer, id_)
        tenant = self._services.tenants.get(issuer)
        if one is None or one.status is not Status.PROCESSING or tenant is None:
            return one
        return pursue(self._services, tenant, one, 0.0)
