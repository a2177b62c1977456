"""How long the processes lived that others are started in place of: some deaths are accidents, a row of them is not.

A process that ends soon after its start each time will not do better at the next: the port is another's, or a library
is broken. Then the whole has to end, so that the supervisor above sees it.
"""

from typing import Final

from responder.counts import RESTARTS, Sheet
from revocation.errors import RevocastError

SETTLED: Final = 10.0
"""Seconds after which a process has shown that it can be started."""
MOST_EARLY: Final = 5
"""Deaths in a row, each before that, that are put up with."""


class Lives:
    """The lives of what does one task, one after the other."""

    def __init__(self, sheet: Sheet) -> None:
        """`sheet` is where restarts are counted: that of the process which starts them."""
        self._sheet = sheet
        self._born = 0.0
        self._early = 0

    def began(self, at: float) -> None:
        """One more began, at that second of a clock that only goes forward."""
        self._born = at

    def ended(self, at: float) -> None:
        """The last one ended, and another is to be started.

        Raises:
            RevocastError: it was the last of too many that ended early.
        """
        self._early = self._early + 1 if at - self._born < SETTLED else 0
        if self._early == MOST_EARLY:
            raise RevocastError(
                f"a server ended {MOST_EARLY} times in a row within {SETTLED:.0f} s of its start",
                advice="look above for why; another process may have taken the port",
            )
        self._sheet[RESTARTS] += 1
