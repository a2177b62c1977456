"""Jobs that failed, and are tried again after pauses that double: none of them blocks the one behind it.

They wait in memory. RQ's own retry obeys what stands in the job's hash, and wants a scheduler beside each worker; and
what is lost with this process is asked for again by who asked, or found by the next look.
"""

import heapq
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from revocation.wire.job import SafeJob
from revocation.wire.safequeue import SafeQueue

_LONGEST_PAUSE: Final = 60.0
_TRIES: Final = 12
"""After six minutes: a message lives for ten, and a database may fail over meanwhile."""

_HEAVIEST: Final = 64 << 20
"""Characters of text that may wait in all."""


@dataclass(order=True)
class Retry:
    """A job that waits.

    Attributes:
        at: when it is tried again, by our clock.
        tries: how often it has failed.
        error: why, the last time.
    """

    at: float
    number: int
    job: SafeJob = field(compare=False)
    queue: SafeQueue = field(compare=False)
    tries: int = field(compare=False)
    error: str = field(compare=False)


class Again:
    """The jobs that wait, for as long as the process lives.

    Args:
        clock: seconds that only rise.

    Attributes:
        noted: the names of work whose failure was noted, and no success since.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.noted: set[str] = set()
        self._clock = clock
        self._waiting: list[Retry] = []
        self._numbers = itertools.count()
        self._weight = 0

    def put(self, job: SafeJob, queue: SafeQueue, tries: int, error: str) -> float | None:
        """Have it tried again, in how many seconds; None where it has failed often enough, or too much waits.

        Args:
            tries: how often it has failed, this time included.
        """
        if tries >= _TRIES or self._weight + len(job.text) > _HEAVIEST:
            return None
        pause = min(2.0 ** (tries - 1), _LONGEST_PAUSE)
        heapq.heappush(self._waiting, Retry(self._clock() + pause, next(self._numbers), job, queue, tries, error))
        self._weight += len(job.text)
        return pause

    def due(self) -> Iterator[Retry]:
        """Those whose pause is over, taken out; what fails meanwhile waits for its own."""
        now = self._clock()
        while self._waiting and self._waiting[0].at <= now:
            yield self._pop()

    def rest(self) -> Iterator[Retry]:
        """All of them, taken out."""
        while self._waiting:
            yield self._pop()

    def _pop(self) -> Retry:
        retry = heapq.heappop(self._waiting)
        self._weight -= len(retry.job.text)
        return retry
