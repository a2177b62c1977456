"""Not asking again for a moment what has just not answered, so that a dead server does not hold up every request."""

from collections.abc import Callable
from threading import Lock
from time import monotonic
from typing import Final

REST: Final = 2.0
"""Seconds in which nobody asks after a failure; then one does, for all."""


class Breaker:
    """Who may ask.

    Args:
        clock: seconds that only rise.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._again_at: float | None = None

    def lets_through(self) -> bool:
        """Whether to ask; after a failure once every `REST` seconds, until that works."""
        with self._lock:
            if self._again_at is None:
                return True
            if self._clock() < self._again_at:
                return False
            self._again_at = self._clock() + REST
            return True

    def failed(self) -> bool:
        """There was no answer. Whether that is news."""
        with self._lock:
            is_news = self._again_at is None
            self._again_at = self._clock() + REST
            return is_news

    def worked(self) -> bool:
        """There was one. Whether that is news."""
        with self._lock:
            is_news = self._again_at is not None
            self._again_at = None
            return is_news
