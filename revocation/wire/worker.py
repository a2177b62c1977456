"""A worker whose Redis may be away, restarted, empty or written by an enemy: it goes on, and runs our tasks only.

RQ's own worker obeys commands from a channel, can be suspended by a key, hands jobs on to dependents, repeats and rate
limits that stand in Redis, and quits at the first thing that it does not expect there. None of that is needed by tasks
which any later look repeats, so it is left out: what remains is to take a job, do its task, and forget or keep it.
"""

import contextlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import redis
from rq.job import JobStatus
from rq.registry import FailedJobRegistry
from rq.serializers import JSONSerializer
from rq.timeouts import JobTimeoutException
from rq.worker import SimpleWorker
from rq.worker.base import WorkerStatus

from revocation.clock import now
from revocation.errors import InputError, RevocastError
from revocation.logs import about
from revocation.wire.again import Again
from revocation.wire.job import LONGEST_SECONDS, SafeJob, Together, UnknownTask
from revocation.wire.journal import Journal
from revocation.wire.notes import of_job
from revocation.wire.route import message_of
from revocation.wire.safequeue import SafeQueue

_LOG: Final = logging.getLogger("revocast.worker")
_HEARTBEAT: Final = 5.0
_AT_ONCE: Final = 50
_TRYING_SECONDS: Final = 1.0


class SafeWorker(SimpleWorker):
    """A worker in this process that heeds nothing in Redis but its queue.

    Args:
        ready: called when it is connected and listens, and when the server is back after it was away.
        again: jobs that failed before, which outlive this worker.
    """

    max_connection_wait_time = 2.0

    def __init__(self, *args: Any, ready: Callable[[], None], again: Again, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._ready = ready
        self._again = again
        self._journal = Journal(self.connection)
        self._heartbeat_at = 0.0
        self.told_to_stop = False

    def bootstrap(self, *args: Any, **kwargs: Any) -> None:
        """Register, then say that we listen."""
        super().bootstrap(*args, **kwargs)
        self._ready()

    def register_birth(self) -> None:
        """Let others see in Redis that we are here: a courtesy too, which who spoils that list must not make us owe."""
        with contextlib.suppress(redis.ResponseError):
            super().register_birth()

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
        """Try again what failed and forget old failures, before each wait.

        Not for long where each try takes long: a database that hangs would keep what is new waiting for all of them.
        None of the rest: it acts on what anybody may have written.
        """
        until = time.monotonic() + _TRYING_SECONDS
        for retry in self._again.due():
            self.set_state(WorkerStatus.BUSY)
            self._do(retry.job, retry.queue, retry.tries)
            self.set_state(WorkerStatus.IDLE)
            if time.monotonic() >= until:
                break
        for queue in self.queues:
            FailedJobRegistry(queue=queue, job_class=SafeJob, serializer=JSONSerializer).cleanup()
        if any(queue.was_lost for queue in self.queues):  # the server has just answered
            for queue in self.queues:
                queue.was_lost = False
            self._ready()

    def execute_job(self, job: SafeJob, queue: SafeQueue) -> None:
        """Do the task; when it failed try it again later, and keep the job for a day.

        It is forgotten before it is done: taken out of the queue it is lost with this process anyway, and whoever reads
        its reply and sends the same message again at once must not see that one forgotten in its place.

        Where a queue's jobs are done many at once, so are those that wait behind it. If that fails, each is done by
        itself, so that what one of them breaks is none of the others' harm.
        """
        self.set_state(WorkerStatus.BUSY)
        jobs = [job, *(queue.more(_AT_ONCE - 1) if queue.together else ())]
        with contextlib.suppress(redis.RedisError):  # what stays there ends with its time
            self.connection.delete(*(one.key for one in jobs))
        if len(jobs) > 1 and queue.together and self._do_together(jobs, queue.together):
            for one in jobs:
                self._note_success(one, queue)
        else:
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

    def _do(self, job: SafeJob, queue: SafeQueue, tries: int = 0) -> None:
        try:
            with self.death_penalty_class(LONGEST_SECONDS, JobTimeoutException, job_id=job.id):
                job.perform()
        except UnknownTask as error:
            _LOG.warning("dropped job %s: %s", job.id, error, extra=_about(job))
        except Exception as error:  # whatever a task raises, the next one is done
            pause = self._again.put(job, queue, tries + 1, str(error)) if _may_pass(error) else None
            self._note_failure(job, queue, error, pause)
            self._keep(job, queue, error)
        else:
            self._note_success(job, queue, tries)

    def _note_failure(self, job: SafeJob, queue: SafeQueue, error: Exception, pause: float | None) -> None:
        explained = isinstance(error, RevocastError)
        then = "it is not tried again" if pause is None else f"it is tried again in {pause:.0f} s"
        trace = None if explained else error
        what = (job.description, job.id, then, error)
        _LOG.error("%s %s failed, %s: %s", *what, exc_info=trace, extra=_about(job))
        name = of_job(queue.name, job.func_name)
        again_at = None if pause is None else now() + timedelta(seconds=pause)
        self._journal.failed({name: str(error)}, now(), again_at)
        self._again.noted.add(name)

    def _note_success(self, job: SafeJob, queue: SafeQueue, tries: int = 0) -> None:
        if tries:
            _LOG.info("%s %s is done, after it failed %d times", job.description, job.id, tries, extra=_about(job))
            with contextlib.suppress(redis.RedisError):
                FailedJobRegistry(queue=queue, job_class=SafeJob, serializer=JSONSerializer).remove(job)
        name = of_job(queue.name, job.func_name)
        if name in self._again.noted:
            self._journal.over([name])
            self._again.noted.discard(name)

    def _keep(self, job: SafeJob, queue: SafeQueue, error: Exception) -> None:
        job._status = JobStatus.FAILED
        FailedJobRegistry(queue=queue, job_class=SafeJob, serializer=JSONSerializer).add(
            job, ttl=job.failure_ttl, exc_string=f"{type(error).__name__}: {error!s:.2000}"
        )


def _about(job: SafeJob) -> Mapping[str, object]:
    return about(message_id=message_of(str(job.id)))


def _may_pass(error: Exception) -> bool:
    """Whether the same job may do better later: not what is wrong in itself, nor what took its hour already."""
    return not isinstance(error, InputError | JobTimeoutException)
