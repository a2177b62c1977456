"""An operator who goes on revoking whatever happens, and keeps what the signer acknowledged."""

import random
import threading
from collections.abc import Collection
from typing import Final, Self

from revocation.errors import NoAnswer
from revocation.messages import Outcome
from tests.e2e.site import Site

_PATIENCE: Final = 10.0
_PAUSE: Final = 0.5
REASONS: Final = {"keyCompromise": 1, "affiliationChanged": 3, "superseded": 4, "cessationOfOperation": 5}


class Operator:
    """Revokes one certificate after the other; one that gets no answer is asked for again, with the same message.

    Attributes:
        acknowledged: the reason (CRLReason) of each certificate that the signer said is recorded.
        problems: what it was told instead.
        repeated: how often it had to ask again.
    """

    def __init__(self, site: Site, serials: Collection[int], draw: random.Random) -> None:
        self._site, self._draw = site, draw
        self._left = sorted(serials)
        draw.shuffle(self._left)
        self.acknowledged: dict[int, int] = {}
        self.problems: list[str] = []
        self.repeated = 0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Once what was begun is answered."""
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        while self._left and not self._end.wait(_PAUSE):
            self._revoke(self._left.pop(), self._draw.choice(sorted(REASONS)))

    def _revoke(self, serial: int, reason: str) -> None:
        message = self._site.revocation(serial, reason)
        while True:
            try:
                reply = self._site.ask(message, _PATIENCE)
            except NoAnswer:
                self.repeated += 1
                continue
            if reply.outcome is Outcome.DONE:
                self.acknowledged[serial] = REASONS[reason]
            else:
                self.problems.append(f"revocation of {serial:X}: {reply.outcome}: {reply.detail}")
            return
