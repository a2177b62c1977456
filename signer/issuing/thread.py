"""A thread in which certificates are issued, many together: a key that is slow or hangs keeps nothing else waiting.

The thread that takes messages from the queue only puts them here. They wait in memory: what is lost with this process
is asked again by who asked, with the same id, and nothing is issued twice.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Final

from revocation.clock import Clock
from revocation.errors import NoAnswer, Refused, RevocastError
from revocation.messages import Reply, parse_message
from revocation.refusalkind import RefusalKind
from signer.issuing.answer import not_done
from signer.refusal import NO_ID

_LOG: Final = logging.getLogger("revocast.signer")
_AT_ONCE: Final = 20
"""A transaction with so many is short enough for revocations to wait for."""
_MOST: Final = 1000
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 10.0


class IssuingThread:
    """Takes messages in, and offers a reply to each.

    Args:
        issue: does many at once; raises only where the ledger cannot be used: then it is tried again.
        put: offers replies. What it cannot offer is asked for again.
        told: what went wrong with all of them; None when they are done again.
    """

    def __init__(
        self,
        issue: Callable[[Sequence[str]], Sequence[Reply]],
        put: Callable[..., None],
        clock: Clock,
        told: Callable[[Exception | None], None] = lambda _: None,
    ) -> None:
        self._issue, self._put, self._clock, self._told = issue, put, clock, told
        self._waiting: list[str] = []
        self._is_troubled = True  # as far as is known: what a process before this one noted is over with a success
        self._turn = threading.Lock()
        self._woken = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="issuing", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Finish what is being issued, waiting for it at most that long, and issue no more."""
        self._stopped.set()
        self._woken.set()
        self._thread.join(seconds)

    def add(self, texts: Sequence[str]) -> None:
        """Have messages done soon; where too many wait already, say so."""
        with self._turn:
            room = max(0, _MOST - len(self._waiting))
            self._waiting += texts[:room]
        self._woken.set()
        for text in texts[room:]:
            busy = Refused(f"{_MOST} others wait for a certificate", where="signer", advice="ask again in a minute")
            busy.kind = RefusalKind.LATER
            self._offer([not_done(_id_of(text), busy, self._clock())])

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._woken.wait()
            self._woken.clear()
            while (texts := self._take()) and not self._stopped.is_set():
                self._do(texts)

    def _take(self) -> list[str]:
        with self._turn:
            taken, self._waiting = self._waiting[:_AT_ONCE], self._waiting[_AT_ONCE:]
            return taken

    def _do(self, texts: Sequence[str]) -> None:
        """Until it is done: while the ledger is away nothing else can be issued either, and messages expire."""
        pause = 0.0
        while not self._stopped.wait(pause):
            try:
                self._offer(self._issue(texts))
            except RevocastError as error:
                pause = min(2 * pause or _FIRST_PAUSE, _LONGEST_PAUSE)
                _LOG.error("nothing could be issued; it is tried again in %.1f s: %s", pause, error)
                self._tell(error)
            except Exception as error:
                _LOG.exception("issuing failed")
                self._tell(error)
                self._give_up(texts, error)
                return
            else:
                if self._is_troubled:
                    self._tell(None)
                return

    def _tell(self, error: Exception | None) -> None:
        self._is_troubled = error is not None
        self._told(error)

    def _give_up(self, texts: Sequence[str], error: Exception) -> None:
        """What one of them breaks is none of the others' harm: each is done by itself."""
        if len(texts) > 1:
            for text in texts:
                self._do([text])
            return
        failed = RevocastError(f"issuing failed: {type(error).__name__}", where="signer", advice="see the signer's log")
        self._offer([not_done(_id_of(texts[0]), failed, self._clock())])

    def _offer(self, replies: Sequence[Reply]) -> None:
        try:
            self._put(*replies)
        except NoAnswer as error:
            _LOG.warning("%s", error)


def _id_of(text: str) -> str:
    try:
        return parse_message(text).id
    except RevocastError:
        return NO_ID
