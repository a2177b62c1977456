"""Counting for rate limits in the queue server, by plain commands: nobody may run scripts there.

The library's own storage runs Lua in the server, which whoever could open it could then do as well. A hit is counted
and looked at in one transaction, and taken back if it is one too many. So hits at the same time may keep each other out
for a moment, and let none through that is too many.
"""

from typing import Final

import redis
from limits.storage import Storage
from limits.storage.base import SlidingWindowCounterSupport, TimestampedSlidingWindow

from revocation.clock import Clock, epoch

_PREFIX: Final = "revocast:limits"


class QueueCounts(Storage, SlidingWindowCounterSupport, TimestampedSlidingWindow):
    """Counters by window: a key each, which is gone when nobody can ask for it any more.

    Args:
        client: the queue server.
        clock: for which window it is.
    """

    STORAGE_SCHEME = None

    def __init__(self, client: redis.Redis, clock: Clock) -> None:
        super().__init__(wrap_exceptions=True)
        self._client, self._clock = client, clock

    @property
    def base_exceptions(self) -> type[Exception]:
        """What becomes a StorageError."""
        return redis.RedisError

    def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count a hit, unless it is one too many."""
        before, current, left = self._windows(key, expiry)
        with self._client.pipeline() as pipeline:
            pipeline.get(before)
            pipeline.incrby(current, amount)
            pipeline.expire(current, 2 * expiry)
            previous, count, _ = pipeline.execute()
        if int(int(previous or 0) * left / expiry) + count <= limit:
            return True
        self._client.decrby(current, amount)
        return False

    def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """The count of the previous window and the seconds that it still matters; the same of the current one."""
        before, current, left = self._windows(key, expiry)
        with self._client.pipeline() as pipeline:
            pipeline.get(before)
            pipeline.get(current)
            previous, count = (int(found or 0) for found in pipeline.execute())
        return previous, left if previous else 0.0, count, left + expiry

    def clear_sliding_window(self, key: str, expiry: int) -> None:
        """Forget both windows."""
        self._client.delete(*self._windows(key, expiry)[:2])

    def get(self, key: str) -> int:
        """A counter."""
        return int(self._client.get(f"{_PREFIX}:{key}") or 0)

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count in one window that begins with its first hit."""
        with self._client.pipeline() as pipeline:
            pipeline.incrby(f"{_PREFIX}:{key}", amount)
            pipeline.expire(f"{_PREFIX}:{key}", expiry, nx=True)
            count, _ = pipeline.execute()
        return int(count)

    def get_expiry(self, key: str) -> float:
        """When a counter is gone, epoch seconds."""
        return epoch(self._clock()) + max(0, int(self._client.ttl(f"{_PREFIX}:{key}")))

    def check(self) -> bool:
        """Whether the server answers."""
        return bool(self._client.ping())

    def clear(self, key: str) -> None:
        """Forget a counter."""
        self._client.delete(f"{_PREFIX}:{key}")

    def reset(self) -> int | None:
        """Nothing: who limits others does not look through all keys of the server."""
        return None

    def _windows(self, key: str, expiry: int) -> tuple[str, str, float]:
        """The keys of the previous and the current window, and the seconds that are left of the current one."""
        now = epoch(self._clock())
        before, current = self.sliding_window_keys(f"{_PREFIX}:{key}", expiry, now)
        return before, current, float(expiry - now % expiry)
