"""A clock that remembers how far it came: one that is wrong for a moment may be right before and after."""

from datetime import datetime

from revocation.clock import Clock


class Furthest:
    """A clock, in the place of another.

    Attributes:
        shown: the latest time that it showed.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.shown = clock()

    def __call__(self) -> datetime:
        """What that one shows."""
        now = self._clock()
        self.shown = max(self.shown, now)
        return now
