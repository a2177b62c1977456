"""A worker whose Redis may be away, restarted, empty or written by an enemy: it goes on, and runs our tasks only.

RQ's own worker obeys commands from a channel, can be suspended by a key, hands jobs on to dependents, repeats and rate
limits that stand in Redis, and quits at the first thing that it does not expect there. None of that is needed by tasks
which any later look repeats, so it is left out: what remains is to take a job, do its task, and forget or keep it.
"""

import contextlib
import logging
import signal
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import redis
from rq.job import JobStatus
from rq.registry import FailedJobRegistry
from rq.serializers import JSONSerializer
from rq.timeouts import JobTimeoutException
from rq.worker import SimpleWorker
from rq.worker.base import WorkerStatus

from revocation.errors import RevocastError
from revocation.wire.job import LONGEST_SECONDS, SafeJob, Task, Together, UnknownTask, safe_job_class
from revocation.wire.safequeue import SafeQueue

Queues = Mapping[str, Mapping[str, Task]]
"""The tasks of each queue, by name; the first is worked off first."""

Togethers = Mapping[str, Together]
"""Of the queues whose jobs are done many at once: what does them."""

_LOG: Final = logging.getLogger("revocast.worker")
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 5.0
_HEARTBEAT: Final = 5.0
_AT_ONCE: Final = 50
_WORKER_TTL: Final = 20
_BOOKKEEPING: Final = {"rq:queues": "set", "rq:workers": "set"}


class SafeWorker(SimpleWorker):
    """A worker in this process that heeds nothing in Redis but its queue.

    Args:
        ready: called when it is connected and listens.
    """

    max_connection_wait_time = 2.0

    def __init__(self, *args: Any, ready: Callable[[], None], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._ready = ready
        self._heartbeat_at = 0.0
        self.told_to_stop = False

    def bootstrap(self, *args: Any, **kwargs: Any) -> None:
        """Register, then say that we listen."""
        super().bootstrap(*args, **kwargs)
        self._ready()

    def subscribe(self) -> None:
        """Take no commands: they could stop the worker or its task."""

    def check_for_suspension(self, burst: bool) -> None:
        """Take no suspension."""

    def set_shutdown_requested_date(self) -> None:
        """Write nothing from within a signal handler."""

    def request_stop(self, signum: int, frame: Any) -> None:
        """Finish the task at hand, then stop."""
        self.told_to_stop = True
        super().request_stop(signum, frame)

    def set_state(self, state: str, pipeline: Any = None) -> None:
        """Know it here; that others see it in Redis is a courtesy."""
        self._state = state
        with contextlib.suppress(redis.RedisError):
            super().set_state(state, pipeline=pipeline)

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        """Tell who looks at Redis that we live: a courtesy too, so a job that was taken is not lost or late for it."""
        if time.monotonic() < self._heartbeat_at:
            return
        self._heartbeat_at = time.monotonic() + _HEARTBEAT
        with contextlib.suppress(redis.RedisError):
            super().heartbeat(timeout, pipeline=pipeline)

    def register_death(self) -> None:
        """Say so, if there is anybody to say it to."""
        with contextlib.suppress(redis.RedisError):
            super().register_death()

    def run_maintenance_tasks(self) -> None:
        """Forget old failures, before each wait, and none of the rest: it acts on what anybody may have written."""
        for queue in self.queues:
            FailedJobRegistry(queue=queue, job_class=SafeJob, serializer=JSONSerializer).cleanup()

    def execute_job(self, job: SafeJob, queue: SafeQueue) -> None:
        """Do the task; keep the job for a day when it failed.

        It is forgotten before it is done: taken out of the queue it is lost with this process anyway, and whoever reads
        its reply and sends the same message again at once must not see that one forgotten in its place.

        Where a queue's jobs are done many at once, so are those that wait behind it. If that fails, each is done by
        itself, so that what one of them breaks is none of the others' harm.
        """
        self.set_state(WorkerStatus.BUSY)
        jobs = [job, *(queue.more(_AT_ONCE - 1) if queue.together else ())]
        with contextlib.suppress(redis.RedisError):  # what stays there ends with its time
            self.connection.delete(*(one.key for one in jobs))
        if len(jobs) == 1 or queue.together is None or not self._do_together(jobs, queue.together):
            for one in jobs:
                self._do(one, queue)
        self.set_state(WorkerStatus.IDLE)

    def _do_together(self, jobs: Sequence[SafeJob], together: Together) -> bool:
        """Whether all of them are done."""
        try:
            texts = [job.text for job in jobs]
            with self.death_penalty_class(LONGEST_SECONDS, JobTimeoutException, job_id=jobs[0].id):
                together(texts)
        except Exception as error:  # whatever it is, it is met again by the job that it comes from
            _LOG.warning("%d jobs could not be done at once, each is done by itself: %s", len(jobs), error)
            return False
        return True

    def _do(self, job: SafeJob, queue: SafeQueue) -> None:
        try:
            with self.death_penalty_class(LONGEST_SECONDS, JobTimeoutException, job_id=job.id):
                job.perform()
        except UnknownTask as error:
            _LOG.warning("dropped job %s: %s", job.id, error)
        except Exception as error:  # whatever a task raises, the next one is done
            self._keep(job, queue, error)

    def _keep(self, job: SafeJob, queue: SafeQueue, error: Exception) -> None:
        explained = isinstance(error, RevocastError)
        _LOG.error("%s %s failed: %s", job.description, job.id, error, exc_info=None if explained else error)
        job._status = JobStatus.FAILED
        FailedJobRegistry(queue=queue, job_class=SafeJob, serializer=JSONSerializer).add(
            job, ttl=job.failure_ttl, exc_string=f"{type(error).__name__}: {error!s:.2000}"
        )


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

    pause = _FIRST_PAUSE
    with contextlib.suppress(_Stop):
        while True:
            if _one_run(connection, queues, together, listening):
                return
            _listen_for_signals()
            pause = _FIRST_PAUSE if listened else min(2 * pause, _LONGEST_PAUSE)
            listened = False
            _LOG.warning("the queue is out of order; listening again in %.1f s", pause)
            time.sleep(pause)


def _one_run(connection: redis.Redis, queues: Queues, together: Togethers, ready: Callable[[], None]) -> bool:
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
