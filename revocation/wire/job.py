"""An RQ job that runs nothing but our tasks, whatever stands in Redis.

A stock job imports and calls any function that somebody with write access names, calls back and posts to web hooks
named in the job's hash, repeats and retries itself, unpickles, and unpacks what is compressed without a bound. This one
reads a single field of the hash, as JSON and up to a size, and hands the one text in it to a function of a fixed table.
"""

import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final

from redis import Redis
from redis.exceptions import ResponseError, WatchError
from rq.exceptions import NoSuchJobError
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer

Task = Callable[[str], None]
Together = Callable[[Sequence[str]], None]
"""Does what a task does, with the texts of many jobs at once."""

LONGEST_SECONDS: Final = 3600
"""How long a task may take. The job cannot ask for another time."""

_FAILURE_SECONDS: Final = 24 * 3600
LARGEST: Final = 4 << 20
"""Bytes that the data of a job may have, packed and unpacked."""

_PREFIX: Final = "rq:job:"
_DATA: Final = "data"


class UnknownTask(ValueError):
    """The job names something that this worker does not do."""


class SafeJob(Job):
    """A job bound to a table of tasks; see `safe_job_class`."""

    tasks: ClassVar[Mapping[str, Task]] = {}
    queue_name: ClassVar[str] = ""

    def __init__(self, id: str | None = None, connection: Redis | None = None, serializer: Any = None) -> None:  # noqa: A002, ARG002 - RQ's signature
        super().__init__(id=id, connection=connection, serializer=JSONSerializer)

    def refresh(self) -> None:
        """Read the one field that counts, if it is of a size that counts.

        Raises:
            NoSuchJobError: there is no such job, or it is no hash, too large, or was changed meanwhile; it is dropped.
        """
        self.restore({_DATA: self._data_of_a_bounded_size()})

    def restore(self, raw_data: Any) -> None:
        """Take over what the job asks for, and none of what else stands in its hash.

        Raises:
            NoSuchJobError: the hash is not a job's; it is dropped.
        """
        try:
            self._data = _unpacked(raw_data[_DATA])
            self._func_name, self._instance, self._args, self._kwargs = json.loads(self._data)
        except (KeyError, ValueError, TypeError, RecursionError, zlib.error) as error:
            raise NoSuchJobError(f"job {self.id} is malformed") from error
        self._status = JobStatus.QUEUED
        self.origin = self.queue_name
        self.description = ascii(self._func_name)[:64]
        self.timeout: int = LONGEST_SECONDS
        self.result_ttl = 0
        self.failure_ttl = _FAILURE_SECONDS

    def _data_of_a_bounded_size(self) -> bytes:
        """The field, which is read only if it is still the one whose size was looked at."""
        with self.connection.pipeline() as pipeline:
            try:
                pipeline.watch(self.key)
                size: int = pipeline.hstrlen(self.key, _DATA)
                if not 0 < size <= LARGEST:
                    raise NoSuchJobError(f"job {self.id} is gone, or has {size} bytes of data")
                pipeline.multi()
                pipeline.hget(self.key, _DATA)
                (data,) = pipeline.execute()
            except (ResponseError, WatchError) as error:
                raise NoSuchJobError(f"what lies under the id {self.id} is not a job, or changes") from error
        if not isinstance(data, bytes):
            raise NoSuchJobError(f"job {self.id} is gone")
        return data

    @property
    def func(self) -> Task:
        """The task of that name.

        Raises:
            UnknownTask: the name is not in the table; it is never imported.
        """
        task = self.tasks.get(self.func_name) if isinstance(self.func_name, str) else None
        if task is None:
            raise UnknownTask(f"this worker has no task {self.func_name!r:.80}")
        return task

    @property
    def text(self) -> str:
        """What its task is given.

        Raises:
            UnknownTask: it names none of our tasks, or is not of the form that they have.
        """
        _ = self.func
        text = self.args[0] if isinstance(self.args, list) and len(self.args) == 1 else None
        if self.instance is not None or self.kwargs or not isinstance(text, str):
            raise UnknownTask(f"task {self.func_name} takes one text and nothing else")
        return text

    def _execute(self) -> None:
        self.func(self.text)


def data_size(connection: Redis, job_id: str) -> object:
    """Ask for the bytes of data that a job has: 0 when there is none."""
    return connection.hstrlen(_PREFIX + job_id, _DATA)


def _unpacked(raw: bytes) -> bytes:
    """What RQ compressed, never more than the bound: a small text may unpack to a very large one."""
    unpacker = zlib.decompressobj()
    text = unpacker.decompress(raw, LARGEST)
    if not unpacker.eof:
        raise ValueError("is truncated, or unpacks to more than the bound")
    return text


def safe_job_class(tasks: Mapping[str, Task], queue: str) -> type[SafeJob]:
    """The job class of a worker that works off `queue`, doing `tasks` and nothing else."""
    return type("BoundSafeJob", (SafeJob,), {"tasks": dict(tasks), "queue_name": queue})
