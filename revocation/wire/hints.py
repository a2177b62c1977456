"""Hints that there is a new bundle, on a channel of the queue server: every publisher that listens there hears each.

Nothing of it lies in the server and nobody is on a list, so there is nothing to lose, to fill or to spoil. Who does not
listen misses a hint, and so looks whenever it begins to listen: at its start, and after each time that the server, or
the way to it, was away. That way may also end without a word, so who hears nothing for a while asks.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import redis

CHANNEL: Final = "revocast:bundles"

_LOG: Final = logging.getLogger("revocast.hints")
_QUIET_SECONDS: Final = 10.0
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 5.0
_LONGEST_ID: Final = 64
_REMEMBERED: Final = 100


class Hints:
    """What comes of hints, in a publisher: it wakes once for each, although the queue may bring it too.

    Args:
        connection: to the server; listening takes a connection of its own from it.
        wake: called for each hint, and whenever listening begins.
        quiet: seconds without a word after which the server is asked whether it is there, and as many again until it
            counts as away.

    Attributes:
        listens: whether the server has said that it lets us, since it was away last.
    """

    def __init__(self, connection: redis.Redis, wake: Callable[[], None], quiet: float = _QUIET_SECONDS) -> None:
        self._redis = connection
        self._wake = wake
        self._quiet = quiet
        self._heard: deque[str] = deque(maxlen=_REMEMBERED)
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self.listens = False

    def listen(self) -> None:
        """Listen, in a thread."""
        threading.Thread(target=self._listen_on_and_on, name="hints", daemon=True).start()

    def stop(self) -> None:
        """Listen no more, once the server says anything or nothing."""
        self._stopped.set()

    def take(self, message_id: str) -> None:
        """Wake, if that hint is not one of the last that were heard: the look that followed knows of its bundle."""
        with self._lock:
            is_new = message_id not in self._heard
            self._heard.append(message_id[:_LONGEST_ID])
        if is_new:
            self._wake()

    def _listen_on_and_on(self) -> None:
        """Listen again after whatever ended it; the log says that it did, once until it succeeds."""
        pause, told = _FIRST_PAUSE, False
        while not self._stopped.is_set():
            try:
                self._listen_once()
            except redis.RedisError as error:
                if self.listens:
                    pause, told, self.listens = _FIRST_PAUSE, False, False
                if not told and not self._stopped.is_set():
                    _LOG.warning(
                        "hints of new bundles are not all heard, what is new waits for a look: %s", _why(error)
                    )
                    told = True
            self._stopped.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _listen_once(self) -> None:
        """Hear one hint after the other.

        Raises:
            redis.RedisError: the server went away, says nothing any more, or does not let us listen.
        """
        untyped: Any = self._redis
        with untyped.pubsub() as channel:
            channel.subscribe(CHANNEL)
            asked = False
            while not self._stopped.is_set():
                said = channel.get_message(timeout=self._quiet)
                if said is not None:
                    asked = False
                    self._hear(said["type"], said["data"])
                elif asked:
                    raise redis.TimeoutError("the server does not answer")
                else:
                    asked = True
                    channel.ping()

    def _hear(self, kind: str, data: object) -> None:
        if kind == "subscribe":
            self.listens = True
            self._wake()
        elif kind == "message" and isinstance(data, bytes):
            self.take(data[:_LONGEST_ID].decode("ascii", "replace"))


def _why(error: redis.RedisError) -> str:
    if isinstance(error, redis.exceptions.NoPermissionError):
        return f"our user may not listen on {CHANNEL}, take the newest infra/valkey/users.acl"
    return f"the queue server is away ({type(error).__name__})"
