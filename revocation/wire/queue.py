"""Sending messages over Redis or Valkey, working them off, and handing replies back."""

import logging
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Final

import redis
from pydantic import ValidationError
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq.serializers import JSONSerializer

from revocation.errors import QueueUnreachable
from revocation.messages import Message, Reply
from revocation.wire.claim import Claim
from revocation.wire.hints import CHANNEL, Hints
from revocation.wire.job import SafeJob, Task, Together
from revocation.wire.journal import Journal
from revocation.wire.route import ISSUES_QUEUE, LOOKS_QUEUE, PUBLISHER_QUEUE, SIGNER_QUEUE, job_id
from revocation.wire.sending import SendingQueue
from revocation.wire.unreachable import unreachable
from revocation.wire.workoff import work_off

__all__ = ["ISSUES_QUEUE", "LOOKS_QUEUE", "PUBLISHER_QUEUE", "SIGNER_QUEUE", "QueueUnreachable", "Wire"]

_LOG: Final = logging.getLogger("revocast.queue")
_REPLY_KEPT: Final = timedelta(hours=1)
_FAILURE_KEPT: Final = timedelta(days=1)
_POLL_SECONDS: Final = 0.02
_LARGEST_REPLY: Final = 1 << 20
_LONGEST_OWNER: Final = 64


class Wire:
    """A connection to the queue server.

    Args:
        url: `unix:///run/revocast/valkey.sock`, `redis://…` or `rediss://…`.
        seconds: how long one command may wait for a server that hangs. One that is not there is found out at once; a
            connection that a restarted server has closed is opened again.

    Attributes:
        journal: what is noted there of periodic work.
    """

    def __init__(self, url: str, seconds: float = 10.0) -> None:
        self._redis: redis.Redis = redis.Redis.from_url(
            url,
            socket_connect_timeout=min(5.0, seconds),
            socket_timeout=seconds,
            health_check_interval=30,
            retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
        )
        self.journal = Journal(self._redis)

    def ping(self) -> None:
        """Return if the server answers.

        Raises:
            QueueUnreachable: it does not.
        """
        try:
            self._redis.ping()
        except redis.RedisError as error:
            raise unreachable(error) from error

    def send(self, queue: str, message: Message) -> None:
        """Put a message into a queue.

        Raises:
            QueueUnreachable: nothing was sent.
        """
        lifetime = int((message.expires_at - message.issued_at).total_seconds())
        try:
            SendingQueue(queue, connection=self._redis, job_class=SafeJob, serializer=JSONSerializer).enqueue(
                str(message.verb),
                args=(message.model_dump_json(),),
                job_id=job_id(queue, message.id),
                ttl=max(1, lifetime),
                result_ttl=0,
                failure_ttl=int(_FAILURE_KEPT.total_seconds()),
            )
        except redis.RedisError as error:
            raise unreachable(error) from error

    def tell_publishers(self, message: Message) -> None:
        """Say to every publisher that listens that there is something new, and put the message into their queue.

        Out of the queue one takes it, who may be of a version that does not listen.

        Raises:
            QueueUnreachable: not all of it was said.
        """
        try:
            self._redis.publish(CHANNEL, message.id)
        except redis.exceptions.NoPermissionError:
            _LOG.warning("our user may not say on %s what is new: take the newest infra/valkey/users.acl", CHANNEL)
        except redis.RedisError as error:
            raise unreachable(error) from error
        self.send(PUBLISHER_QUEUE, message)

    def hints(self, wake: Callable[[], None]) -> Hints:
        """What a publisher hears of that: `wake` is called for each, and whenever it begins to listen."""
        return Hints(self._redis, wake)

    def forget_reply(self, message_id: str) -> None:
        """Take away what lies there as a reply, before its message is sent: whoever asks again wants a new one.

        Raises:
            QueueUnreachable: the server cannot be reached.
        """
        try:
            self._redis.delete(_reply_key(message_id))
        except redis.RedisError as error:
            raise unreachable(error) from error

    def claim(self, name: str, owner: str, seconds: int) -> Claim:
        """Whose `name` is for that many seconds: one tick, however many schedulers.

        A server that hung may do what nobody waited for any more, so a claim that was not answered may be found later.

        Args:
            owner: the same for each claim of one caller, and no other's.

        Raises:
            QueueUnreachable: the server cannot be reached. The claim may be made nevertheless.
        """
        key = f"revocast:tick:{name}"
        try:
            if self._redis.set(key, owner, nx=True, ex=max(1, seconds)):
                return Claim.NEW
            return Claim.OURS if self._is_owner(key, owner) else Claim.OTHERS
        except redis.RedisError as error:
            raise unreachable(error) from error

    def _is_owner(self, key: str, owner: str) -> bool:
        """No, where another thing lies there, or our user may not see it: then it counts as claimed by another."""
        try:
            return bool(self._redis.getrange(key, 0, _LONGEST_OWNER) == owner.encode())
        except redis.ResponseError as error:
            _LOG.warning("whose %s is cannot be seen: %s", key, error)
            return False

    def put_reply(self, *replies: Reply) -> None:
        """Offer replies to whoever asked, in one round trip; the ledger keeps them anyway.

        Raises:
            QueueUnreachable: the server cannot be reached.
        """
        try:
            with self._redis.pipeline(transaction=False) as pipeline:
                for reply in replies:
                    pipeline.set(_reply_key(reply.id), reply.model_dump_json(), ex=_REPLY_KEPT)
                pipeline.execute()
        except redis.RedisError as error:
            raise unreachable(error) from error

    def await_reply(self, message_id: str, seconds: float) -> Reply | None:
        """The reply to a message, waiting for it at most that many seconds; None when none came.

        What comes back is a claim, not a proof: who can write to the queue can forge it. What is no reply to this
        message is not taken for one, and the waiting goes on.

        Raises:
            QueueUnreachable: the server cannot be reached.
        """
        deadline = time.monotonic() + seconds
        while True:
            reply = self._reply(message_id)
            if reply is not None or time.monotonic() >= deadline:
                return reply
            time.sleep(_POLL_SECONDS)

    def _reply(self, message_id: str) -> Reply | None:
        try:
            raw = self._redis.getrange(_reply_key(message_id), 0, _LARGEST_REPLY)
        except redis.ResponseError:
            return None  # something else lies there
        except redis.RedisError as error:
            raise unreachable(error) from error
        try:
            reply = Reply.model_validate_json(raw)
        except ValidationError:
            return None
        return reply if reply.id == message_id else None

    def work(self, queue: str, tasks: Mapping[str, Task], ready: Callable[[], None] = lambda: None) -> None:
        """Work a queue off in this process, doing `tasks` and nothing else, until told to stop by a signal.

        Redis may be away at the start or at any time. `ready` is called whenever the worker begins to listen.
        """
        self.work_in_order({queue: tasks}, ready)

    def work_in_order(
        self,
        queues: Mapping[str, Mapping[str, Task]],
        ready: Callable[[], None] = lambda: None,
        together: Mapping[str, Together] = MappingProxyType({}),
    ) -> None:
        """The same for several queues, each with its tasks: one is looked at when those before it are empty.

        Args:
            together: does many messages of a queue at once, whichever of its tasks they are for.
        """
        work_off(self._redis, queues, together, ready)


def _reply_key(message_id: str) -> str:
    return f"reply:{message_id}"
