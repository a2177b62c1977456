"""What the HTTP server has to say of its connections: anybody can break one as often as they like, and fills no log."""

import logging
import sys
import threading
import time
from collections.abc import Callable
from typing import Final

_LOG: Final = logging.getLogger("revocast.registrar")
_SELDOM: Final = 60.0


class ConnectionLog:
    """A connection that broke is told at the level DEBUG; of defects one in a minute at most has its traceback.

    Args:
        clock: seconds that only rise.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._next = clock()
        self._left_out = 0

    def say(self, text: str, level: int, *, is_error: bool) -> None:
        """Say something; of an error also what is being handled."""
        error = sys.exc_info()[1] if is_error else None
        if isinstance(error, OSError) or (error is None and level < logging.WARNING):  # those of TLS too
            _LOG.debug("%s", text)
            return
        left_out = self._left_out_before()
        if left_out is not None:
            more = f" ({left_out} more since the last one that was told)" if left_out else ""
            _LOG.log(max(level, logging.WARNING), "%s%s", text, more, exc_info=error)

    def _left_out_before(self) -> int | None:
        """How many were left out since the last one; None where this one is too."""
        with self._lock:
            now = self._clock()
            if now < self._next:
                self._left_out += 1
                return None
            self._next, left_out, self._left_out = now + _SELDOM, self._left_out, 0
            return left_out
