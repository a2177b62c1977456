"""What does not wait for a slice that is being signed whole: news, once a second, between two batches of signatures.

The slice was read before and says so by its thisUpdate: what is signed in between is newer, whichever is put first.
"""

from collections.abc import Callable

from revocation.clock import Clock
from signer.ledger.early import ONE_SECOND


class Meanwhile:
    """Called again and again while a slice is signed.

    Args:
        known: what `news` gave before it was found what is due: a fact of since then was recorded meanwhile too. None
            where something had to wait, and not for long.
        news: rises with every fact.
        make: makes what cannot wait; whether nothing of it had to wait, as the second of two CRLs in a second does.
    """

    def __init__(self, clock: Clock, known: int | None, news: Callable[[], int], make: Callable[[], bool]) -> None:
        self._clock, self._news, self._make = clock, news, make
        self._next = clock() + ONE_SECOND
        self._known = known

    def __call__(self) -> None:
        """Look for news, if a second began since the last time: thisUpdate rises by whole ones.

        The slice goes on for as long as what was made took, or large CRLs and facts that keep coming would hold it up.
        """
        if (now := self._clock()) < self._next:
            return
        self._next = now + ONE_SECOND
        if (known := self._news()) != self._known:
            self._known = known if self._make() else None
            ended = self._clock()
            self._next = ended + max(ONE_SECOND, ended - now)
