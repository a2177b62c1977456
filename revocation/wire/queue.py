"""Sending messages over Redis or Valkey, working them off, and handing replies back."""

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import redis
from pydantic import ValidationError
from rq import Queue
from rq.serializers import JSONSerializer
from rq.worker import SimpleWorker

from revocation.errors import NoAnswer
from revocation.messages import Message, Reply
from revocation.wire.job import SafeJob, Task, safe_job_class

SIGNER_QUEUE: Final = "signer"
PUBLISHER_QUEUE: Final = "publisher"

_REPLY_KEPT: Final = timedelta(hours=1)
_FAILURE_KEPT: Final = timedelta(days=1)
_POLL_SECONDS: Final = 0.02


class Wire:
    """A connection to the queue server.

    Args:
        url: `unix:///run/revocast/valkey.sock`, `redis://…` or `rediss://…`.
    """

    def __init__(self, url: str) -> None:
        self._redis: redis.Redis = redis.Redis.from_url(url, socket_connect_timeout=5)

    def send(self, queue: str, message: Message) -> None:
        """Put a message into a queue.

        Raises:
            NoAnswer: the server cannot be reached; nothing was sent.
        """
        try:
            Queue(queue, connection=self._redis, job_class=SafeJob, serializer=JSONSerializer).enqueue(
                str(message.verb),
                args=(message.model_dump_json(),),
                job_id=message.id,
                result_ttl=0,
                failure_ttl=int(_FAILURE_KEPT.total_seconds()),
            )
        except redis.RedisError as error:
            raise _unreachable(error) from error

    def claim(self, name: str, seconds: int) -> bool:
        """Whether the caller is the first to claim `name` within that many seconds: one tick, however many schedulers.

        Raises:
            NoAnswer: the server cannot be reached.
        """
        try:
            return bool(self._redis.set(f"revocast:tick:{name}", "1", nx=True, ex=max(1, seconds)))
        except redis.RedisError as error:
            raise _unreachable(error) from error

    def put_reply(self, reply: Reply) -> None:
        """Offer a reply to whoever asked; the ledger keeps it anyway.

        Raises:
            NoAnswer: the server cannot be reached.
        """
        try:
            self._redis.set(f"reply:{reply.id}", reply.model_dump_json(), ex=_REPLY_KEPT)
        except redis.RedisError as error:
            raise _unreachable(error) from error

    def await_reply(self, message_id: str, seconds: float) -> Reply:
        """The reply to a message, waiting for it at most that many seconds.

        What comes back is a claim, not a proof: who can write to the queue can forge it.

        Raises:
            NoAnswer: none came, or what came is no reply.
        """
        deadline = time.monotonic() + seconds
        while True:
            try:
                raw = self._redis.get(f"reply:{message_id}")
                if raw is not None:
                    return Reply.model_validate_json(bytes(raw))  # type: ignore[arg-type]  # redis types sync and async alike
            except redis.RedisError as error:
                raise _unreachable(error) from error
            except ValidationError as error:
                raise NoAnswer("what came back is not a reply", where=f"message {message_id}") from error
            if time.monotonic() >= deadline:
                raise NoAnswer(
                    f"no reply within {seconds:g} s",
                    where=f"message {message_id}",
                    advice=f"ask again with the same id: --id {message_id}",
                )
            time.sleep(_POLL_SECONDS)

    def work(self, queue: str, tasks: Mapping[str, Task]) -> None:
        """Work a queue off in this process, doing `tasks` and nothing else, until told to stop by a signal."""
        job_class = safe_job_class(tasks)
        worker = SimpleWorker(
            [Queue(queue, connection=self._redis, job_class=job_class, serializer=JSONSerializer)],
            connection=self._redis,
            job_class=job_class,
            serializer=JSONSerializer,
        )
        worker.work(logging_level="WARNING")


def _unreachable(error: redis.RedisError) -> NoAnswer:
    return NoAnswer(
        f"the queue cannot be reached ({type(error).__name__})",
        advice="is `revocast up` (or the queue server) running?",
    )
