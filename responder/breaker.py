"""Not asking again for a moment what has just not answered, so that a dead server does not hold up every request.

Whether it answers again is tried by a thread, which may wait for long; requests wait for it a moment at most. Without
that moment it would not come to run: fastpysgi holds the interpreter's lock also while it has nothing to do. So where
requests are rare one waits for longer: nobody stands behind it, and an attempt over a long way takes many moments.
"""

from collections.abc import Callable
from threading import Event, Lock, Thread
from time import monotonic
from typing import Final

REST: Final = 2.0
"""Seconds after a failure in which nobody tries."""
PATIENCE: Final = 0.05
"""Seconds that a request waits for who tries, one in each second."""
_ALONE: Final = 10
"""Times as long waits one that comes a second or more after the last."""
_GLIMPSE: Final = 0.0002  # seconds that the others wait: one turn for the thread


class Breaker:
    """Who may ask.

    Args:
        attempt: asks for little. Whether there was an answer.
        clock: seconds that only rise.
        patience: see `PATIENCE`.
    """

    def __init__(
        self, attempt: Callable[[], bool], clock: Callable[[], float] = monotonic, patience: float = PATIENCE
    ) -> None:
        self._attempt = attempt
        self._clock = clock
        self._patience = patience
        self._lock = Lock()
        self._again_at: float | None = None
        self._waits_at = float("-inf")
        self._asked_at = float("-inf")
        self._thread: Thread | None = None
        self._done = Event()

    def lets_through(self) -> bool:
        """Whether to ask; after a failure not until an attempt has worked, once every `REST` seconds."""
        with self._lock:
            if self._again_at is None:
                return True
            now = self._clock()
            is_alone, self._asked_at = now >= self._asked_at + 1, now
            if not self._is_trying():  # it is none either in a process that was forked since
                if now < self._again_at:
                    return False
                self._done = Event()
                self._thread = Thread(target=self._try, args=(self._done,), daemon=True)
                self._thread.start()
            seconds, done = _GLIMPSE, self._done
            if now >= self._waits_at:
                seconds, self._waits_at = self._patience * (_ALONE if is_alone else 1), now + 1
        done.wait(seconds)
        return self._again_at is None

    def failed(self) -> bool:
        """There was no answer. Whether that is news."""
        with self._lock:
            is_news = self._again_at is None
            self._again_at = self._clock() + REST
            return is_news

    def _is_trying(self) -> bool:
        return self._thread is not None and self._thread.is_alive() and not self._done.is_set()

    def _try(self, done: Event) -> None:
        worked = False
        try:
            worked = self._attempt()
        finally:
            with self._lock:
                self._again_at = None if worked else self._clock() + REST
            done.set()
