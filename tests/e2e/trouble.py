"""What is being done to the servers, as the monitor is told: it may excuse what relying parties see meanwhile."""

import threading
from collections import Counter


class Trouble:
    """Counts what began and what is over; any thread may ask.

    Whoever disturbs says so before it does, and that it is over before it mends: a server that was killed is away
    between the two for sure.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def told(self, what: str) -> None:
        """`kill valkey` and the like begins, or is over."""
        with self._lock:
            self._counts[what] += 1

    def count(self, *kinds: str) -> int:
        """How often one of these began or was over."""
        with self._lock:
            return sum(self._counts[kind] for kind in kinds)
