"""The turn of a thread that writes several transactions in a row, and lets others write where a key takes its time."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Final

_PATIENCE_SECONDS: Final = 0.5
"""For so long others may wait to write: most keys have signed many times by then."""


class Turn:
    """What a thread has, once it acquired the lock by which the threads of a process write one after the other."""

    def __init__(self, lock: "threading.RLock") -> None:
        self._lock, self._is_held = lock, True

    def let_go(self) -> None:
        """Let others write, before it is over."""
        if self._is_held:
            self._is_held = False
            self._lock.release()

    def await_signature(self, sign: Callable[[], bytes]) -> bytes:
        """What a key signs; where that takes long, or for ever, nobody else waits for it."""
        done: Future[bytes] = Future()
        threading.Thread(target=_sign, args=(sign, done), name="signature", daemon=True).start()
        if not wait([done], _PATIENCE_SECONDS).done:
            self.let_go()
        return done.result()


def _sign(sign: Callable[[], bytes], done: Future[bytes]) -> None:
    try:
        done.set_result(sign())
    except BaseException as error:  # whoever waits is told
        done.set_exception(error)
