"""A whole time that work may take, however slowly octets drip."""

import time
from collections.abc import Callable


class Deadline:
    """An end that no answer of others moves.

    Args:
        seconds: from now.
        clock: seconds that only rise.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._at = clock() + seconds
        self.seconds = seconds

    def left(self) -> float:
        """Seconds until it.

        Raises:
            TimeoutError: it is past.
        """
        left = self._at - self._clock()
        if left <= 0:
            raise TimeoutError(f"took longer than {self.seconds:g} s")
        return left
