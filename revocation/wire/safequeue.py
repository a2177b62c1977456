"""A queue from which a worker takes jobs and nothing else, however much of what else somebody pushed into it.

An id is looked at as bytes, and decoded once its length and its characters are those of an id. What is no job is
dropped many at a time: twenty thousand ids that somebody made up hold up the messages behind them by a second.
"""

import logging
import re
from collections.abc import Iterable
from typing import Any, Final

import redis
from rq import Queue
from rq.exceptions import NoSuchJobError

from revocation.wire.job import LARGEST, SafeJob, Together, data_size

_LOG: Final = logging.getLogger("revocast.worker")
_ID: Final = re.compile(rb"[A-Za-z0-9_-]{1,64}")
_BATCH: Final = 500
_HEAVIEST: Final = 16 << 20
"""What the ids of a queue may weigh: a hundred thousand of ours, and no more than a worker may read at once."""


class SafeQueue(Queue):
    """A queue from which whatever is no job of ours is dropped.

    Args:
        together: does many jobs of the queue at once; None where each is done by itself.

    Attributes:
        was_lost: whether its server went away while one waited for it, and nobody has looked at that yet.
    """

    def __init__(self, *args: Any, together: Together | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.together = together
        self.was_lost = False

    @classmethod
    def dequeue_any(
        cls, queues: Iterable[Queue], timeout: int | None, connection: redis.Redis, **_: Any
    ) -> tuple[SafeJob, "SafeQueue"] | None:
        """The next job of the first queue that has one, waiting for it.

        RQ's second list, of what was taken, is left out: a lost job is asked for again, and ids there could be poison.

        Raises:
            DequeueTimeout: there was none within `timeout` seconds.
        """
        by_key: dict[str, SafeQueue] = {queue.key: queue for queue in queues}
        while True:
            try:
                popped = cls.lpop(list(by_key), timeout, connection=connection)
            except (redis.ConnectionError, redis.TimeoutError):
                for queue in by_key.values():
                    queue.was_lost = True
                raise
            if popped is None:
                return None
            key, raw = popped
            queue = by_key[key.decode()]
            job = queue.job_of(raw)
            if job is not None:
                return job, queue
            queue.drop_what_is_no_job()

    def job_of(self, raw: bytes) -> SafeJob | None:
        """The job of an id; None when it is no id, or there is no such job."""
        if not _ID.fullmatch(raw):
            _LOG.warning("dropped an id of %d bytes that is none of ours: %.60r", len(raw), raw[:60])
            return None
        try:
            job: SafeJob = self.job_class.fetch(raw.decode("ascii"), connection=self.connection)
        except NoSuchJobError as error:
            _LOG.warning("dropped what is no job: %.200s", error)
            return None
        return job

    def more(self, most: int) -> list[SafeJob]:
        """Up to so many further jobs that wait already, taken out of the queue; an id that is none ends them."""
        waiting = self._waiting()[:most]
        ids = waiting[: next((place for place, raw in enumerate(waiting) if not _ID.fullmatch(raw)), most)]
        with self.connection.pipeline(transaction=False) as pipeline:
            for raw in ids:
                pipeline.lrem(self.key, 1, raw)
            taken = [raw for raw, count in zip(ids, pipeline.execute(), strict=True) if count]  # no other worker has it
        return [job for raw in taken if (job := self.job_of(raw)) is not None]

    def drop_what_is_no_job(self) -> None:
        """Go through the ids that wait, from the first, and drop those of no job until there is a job.

        Nothing else is taken out, so whatever happens meanwhile no job is lost by it.
        """
        dropped = 0
        while ids := self._waiting():
            odd = self._of_no_job(ids)
            with self.connection.pipeline(transaction=False) as pipeline:
                for raw in odd:
                    pipeline.lrem(self.key, 1, raw)
                pipeline.execute()
            dropped += len(odd)
            if len(odd) < len(ids):
                break
        if dropped:
            _LOG.warning("dropped %d entries of the queue %s that are no jobs", dropped, self.name)

    def _waiting(self) -> list[bytes]:
        """The ids at the head. None where all together are too heavy to be ours: then the queue is emptied unread."""
        weight = self.connection.memory_usage(self.key, samples=0) or 0
        if weight > _HEAVIEST:
            self.connection.delete(self.key)
            _LOG.warning("emptied the queue %s, whose ids took %d bytes", self.name, weight)
            return []
        ids: list[bytes] = self.connection.lrange(self.key, 0, _BATCH - 1)
        return ids

    def _of_no_job(self, ids: list[bytes]) -> list[bytes]:
        proper = [raw for raw in ids if _ID.fullmatch(raw)]
        with self.connection.pipeline(transaction=False) as pipeline:
            for raw in proper:
                data_size(pipeline, raw.decode("ascii"))
            sizes = dict(zip(proper, pipeline.execute(raise_on_error=False), strict=True))
        return [raw for raw in ids if not _is_job(sizes.get(raw))]


def _is_job(size: object) -> bool:
    """Whether that is the size of a job's data; an error instead of a size says that there is no hash."""
    return isinstance(size, int) and 0 < size <= LARGEST
