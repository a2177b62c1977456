"""Counts of rate limits in the queue server, by plain commands.

Counting elsewhere is done with scripts in the server. Who may run those may also run one that never ends, and then no
revocation goes through: so nobody may, and what two registrars do at once may be counted a little too high.
"""

from typing import Final

import redis
from limits.errors import StorageError
from limits.storage.base import SlidingWindowCounterSupport, Storage, TimestampedSlidingWindow

from revocation.clock import Clock

_PREFIX: Final = "revocast:limits:"


class QueueCounts(Storage, SlidingWindowCounterSupport, TimestampedSlidingWindow):
    """Sliding windows, each of two counters.

    Args:
        client: a connection to the queue server.
        clock: by which windows begin and end; one for all registrars.
    """

    def __init__(self, client: redis.Redis, clock: Clock) -> None:
        super().__init__(wrap_exceptions=True)
        self._client, self._clock = client, clock

    @property
    def base_exceptions(self) -> type[Exception]:
        """What becomes a StorageError."""
        return redis.RedisError

    def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count something, unless there was too much of it; of two at the same time both may be refused."""
        now = self._seconds()
        previous, current = self._keys(key, expiry, now)
        with self._client.pipeline() as pipeline:
            pipeline.get(previous)
            pipeline.incrby(current, amount)
            pipeline.expire(current, 2 * expiry)
            before, counted, _ = pipeline.execute()
        if int(int(before or 0) * self._rest(expiry, now) / expiry) + counted <= limit:  # a part of one is none
            return True
        self._client.decrby(current, amount)
        return False

    def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """What was counted in the window of before and in this one, each with the seconds that it still matters."""
        now = self._seconds()
        before, counted = self._client.mget(self._keys(key, expiry, now))
        rest = self._rest(expiry, now)
        return int(before or 0), rest, int(counted or 0), rest + expiry

    def clear_sliding_window(self, key: str, expiry: int) -> None:
        """Forget both windows."""
        self._client.delete(*self._keys(key, expiry, self._seconds()))

    def check(self) -> bool:
        """Whether the server answers."""
        try:
            return bool(self._client.ping())
        except redis.RedisError:
            return False

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count in a window that does not slide."""
        with self._client.pipeline() as pipeline:
            pipeline.incrby(_PREFIX + key, amount)
            pipeline.expire(_PREFIX + key, expiry)
            return int(pipeline.execute()[0])

    def get(self, key: str) -> int:
        """What was counted there."""
        return int(self._client.get(_PREFIX + key) or 0)

    def get_expiry(self, key: str) -> float:
        """When it is forgotten, seconds since 1970."""
        return self._seconds() + max(0, self._client.ttl(_PREFIX + key))

    def clear(self, key: str) -> None:
        """Forget it."""
        self._client.delete(_PREFIX + key)

    def reset(self) -> int | None:
        """Forgetting all is the administrator's: names are not listed here.

        Raises:
            StorageError: always.
        """
        raise StorageError(NotImplementedError("counts end by themselves"))

    def _seconds(self) -> float:
        return self._clock().timestamp()

    def _keys(self, key: str, expiry: int, now: float) -> tuple[str, str]:
        previous, current = self.sliding_window_keys(key, expiry, now)
        return _PREFIX + previous, _PREFIX + current

    @staticmethod
    def _rest(expiry: int, now: float) -> float:
        """For how long the window of before matters still."""
        return expiry - now % expiry
