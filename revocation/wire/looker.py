"""A thread that looks: at once, then every so often, and whenever it is woken. It never stops because a look failed.

A worker's main thread belongs to the queue; what is due must be done also while the queue is away or nobody asks.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from revocation.errors import RevocastError

_LOG: Final = logging.getLogger("revocast.looker")
_TOGETHER_SECONDS: Final = 0.5
_SOON_SECONDS: Final = 1.0
"""A look that is asked for within so long comes soon enough for what may wait a moment."""


class Looker:
    """Calls `look` now and then, never twice at a time.

    Args:
        look: does what is due; gives the seconds until it wants to be called again, or None for the usual period.
        period: seconds between two looks that nobody asked for.
    """

    def __init__(self, look: Callable[[], float | None], period: float = 60.0) -> None:
        self._look = look
        self._period = period
        self._woken = threading.Event()
        self._hurried = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="looker", daemon=True)

    def start(self) -> None:
        """Begin with a look at once."""
        self._thread.start()

    def wake(self) -> None:
        """Look as soon as the present look, if any, is over."""
        self._hurried.set()
        self._woken.set()

    def wake_soon(self) -> None:
        """The same, but not within half a second of when the last look began, nor where that asked for another one
        within a second: what comes until then is seen at once.

        For what comes often and may wait a moment, where a look costs others the interpreter.
        """
        self._woken.set()

    def stop(self, seconds: float) -> None:
        """Finish the present look, waiting for it at most that long, and look no more."""
        self._stopped.set()
        self.wake()
        self._thread.join(seconds)

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._woken.clear()
            self._hurried.clear()
            wait, begun = self._period, time.monotonic()
            try:
                asked = self._look()
                wait = self._period if asked is None else min(asked, self._period)
            except RevocastError as error:
                _LOG.error("%s", error)
            except Exception:
                _LOG.exception("a look failed; the next one is in %.0f s", wait)
            if wait <= min(_SOON_SECONDS, self._period):
                self._hurried.wait(wait)
                continue
            self._woken.wait(wait)
            self._hurried.wait(max(0.0, begun + _TOGETHER_SECONDS - time.monotonic()))
