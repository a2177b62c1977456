"""An RQ job that runs nothing but our tasks, whatever stands in Redis.

A stock job imports and calls any function that somebody with write access names, calls back and posts to web hooks
named in the job's hash, and unpickles. This one takes one text, hands it to a function from a fixed table, and ignores
every other field that could name code or an address.
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from redis import Redis
from rq.exceptions import NoSuchJobError
from rq.job import Job
from rq.serializers import JSONSerializer

Task = Callable[[str], None]

_USUAL_SECONDS = 180
_LONGEST_SECONDS = 3600


class UnknownTask(ValueError):
    """The job names something that this worker does not do."""


class SafeJob(Job):
    """A job bound to a table of tasks; see `safe_job_class`."""

    tasks: ClassVar[Mapping[str, Task]] = {}

    def __init__(self, id: str | None = None, connection: Redis | None = None, serializer: Any = None) -> None:  # noqa: A002, ARG002 - RQ's signature
        super().__init__(id=id, connection=connection, serializer=JSONSerializer)

    def restore(self, raw_data: Any) -> None:
        """Take over the hash of a job, and none of what could reach code or the network.

        Raises:
            NoSuchJobError: the hash is not a job's; RQ then skips it.
        """
        try:
            super().restore(raw_data)
        except NoSuchJobError:
            raise
        except Exception as error:
            raise NoSuchJobError(f"job {self.id} is malformed") from error
        self._success_callback_name = self._failure_callback_name = self._stopped_callback_name = None
        self._success_callback = self._failure_callback = self._stopped_callback = None
        self.webhooks: list[Any] = []
        self.repeats_left = None
        self.timeout: int = _bounded(self.timeout)

    @property
    def func(self) -> Task:
        """The task of that name.

        Raises:
            UnknownTask: the name is not in the table; it is never imported.
        """
        task = self.tasks.get(self.func_name) if isinstance(self.func_name, str) else None
        if task is None:
            raise UnknownTask(f"this worker has no task {self.func_name!r}")
        return task

    def _execute(self) -> None:
        task = self.func
        if self.instance is not None or self.kwargs or len(self.args) != 1 or not isinstance(self.args[0], str):
            raise UnknownTask(f"task {self.func_name} takes one text and nothing else")
        task(self.args[0])


def _bounded(seconds: object) -> int:
    if isinstance(seconds, int) and seconds > 0:
        return min(seconds, _LONGEST_SECONDS)
    return _USUAL_SECONDS


def safe_job_class(tasks: Mapping[str, Task]) -> type[SafeJob]:
    """The job class of a worker that does `tasks` and nothing else."""
    return type("BoundSafeJob", (SafeJob,), {"tasks": dict(tasks)})
