"""Working queues off until a signal says to stop: worker after worker, since one ends where Redis is in disorder."""

import contextlib
import logging
import signal
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import redis
from rq.serializers import JSONSerializer

from revocation.clock import now
from revocation.wire.again import Again
from revocation.wire.job import SafeJob, Task, Together, safe_job_class
from revocation.wire.journal import Journal
from revocation.wire.notes import of_job
from revocation.wire.safequeue import SafeQueue
from revocation.wire.worker import SafeWorker

Queues = Mapping[str, Mapping[str, Task]]
"""The tasks of each queue, by name; the first is worked off first."""

Togethers = Mapping[str, Together]
"""Of the queues whose jobs are done many at once: what does them."""

_LOG: Final = logging.getLogger("revocast.worker")
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 5.0
_WORKER_TTL: Final = 20
_BOOKKEEPING: Final = {"rq:queues": "set", "rq:workers": "set"}


class _Stop(BaseException):
    """A signal came while no worker listened for it."""


def work_off(connection: redis.Redis, queues: Queues, together: Togethers, ready: Callable[[], None]) -> None:
    """Work queues off, one when those before it are empty, until a signal says to stop.

    Redis may go away or be found in disorder, however often.
    The pauses grow while no worker comes to listen, and begin anew when one did.
    """
    listened = False

    def listening() -> None:
        nonlocal listened
        listened = True
        ready()

    pause, again = _FIRST_PAUSE, Again()
    with contextlib.suppress(_Stop):
        while True:
            if _one_run(connection, queues, together, listening, again):
                break
            _listen_for_signals()
            pause = _FIRST_PAUSE if listened else min(2 * pause, _LONGEST_PAUSE)
            listened = False
            _LOG.warning("the queue is out of order; listening again in %.1f s", pause)
            time.sleep(pause)
    _give_up(again, Journal(connection))


def _give_up(again: Again, journal: Journal) -> None:
    """What waits is lost with this process: who asked asks again."""
    for retry in again.rest():
        _LOG.warning("%s %s failed and is not tried again: %s", retry.job.description, retry.job.id, retry.error)
        journal.failed({of_job(retry.queue.name, retry.job.func_name): retry.error}, now())


def _one_run(
    connection: redis.Redis, queues: Queues, together: Togethers, ready: Callable[[], None], again: Again
) -> bool:
    """Whether a worker ran and was told to stop; False when it ended for another reason."""
    _listen_for_signals()
    try:
        _clear_disorder(connection, queues)
        worker = SafeWorker(
            [_safe_queue(connection, name, tasks, together.get(name)) for name, tasks in queues.items()],
            connection=connection,
            job_class=SafeJob,
            queue_class=SafeQueue,
            serializer=JSONSerializer,
            worker_ttl=_WORKER_TTL,
            ready=ready,
            again=again,
        )
        worker.work(logging_level="WARNING")
    except redis.RedisError as error:
        _LOG.warning("Redis: %s", error)
        return False
    return worker.told_to_stop


def _safe_queue(connection: redis.Redis, name: str, tasks: Mapping[str, Task], together: Together | None) -> SafeQueue:
    job_class = safe_job_class(tasks, name)
    return SafeQueue(name, connection=connection, job_class=job_class, serializer=JSONSerializer, together=together)


def _clear_disorder(connection: redis.Redis, queues: Iterable[str]) -> None:
    """Remove what stands under a name of ours and is of another type, which would stop us for ever."""
    expected = dict(_BOOKKEEPING)
    for queue in queues:
        expected |= {f"rq:queue:{queue}": "list", f"rq:failed:{queue}": "zset", f"rq:workers:{queue}": "set"}
    for key, type_ in expected.items():
        if connection.type(key) not in (type_.encode(), b"none"):
            connection.delete(key)


def _listen_for_signals() -> None:
    def stop(signum: int, frame: object) -> None:  # noqa: ARG001 - Python's signature
        raise _Stop

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
