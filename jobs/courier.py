"""Who carries messages to the signer and brings its replies back: the queue, or a signer process of our own."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from jobs.config import JobsConfig
from jobs.signer_process import SignerProcess
from revocation.errors import NoAnswer
from revocation.messages import Message, Reply
from revocation.wire.route import queue_of

_FIRST_WAIT = 5.0
_LONGEST_WAIT = 60.0


class Courier(Protocol):
    """The way to the signer."""

    def ask(self, messages: Sequence[Message], seconds: float) -> list[Reply]:
        """The replies, in the order of the messages. Raises NoAnswer."""


class QueueCourier:
    """Asks over the queue, and keeps a message until it is replied: a queue that was lost is told again."""

    def __init__(self, url: str) -> None:
        from revocation.wire.queue import Wire  # rq and redis, only where there is a queue

        self._wire = Wire(url)

    def reachable(self) -> None:
        """Return if the queue server answers.

        Raises:
            NoAnswer: it does not.
        """
        self._wire.ping()

    def ask(self, messages: Sequence[Message], seconds: float) -> list[Reply]:
        """Send all, then wait for each.

        Raises:
            NoAnswer: the queue could not be reached at first, or a reply did not come in time.
        """
        deadline = time.monotonic() + seconds
        for message in messages:
            self._wire.send(queue_of(message.verb), message)
        return [self._await(message, deadline) for message in messages]

    def _await(self, message: Message, deadline: float) -> Reply:
        wait = _FIRST_WAIT
        while True:
            left = deadline - time.monotonic()
            try:
                return self._wire.await_reply(message.id, max(0.0, min(wait, left)))
            except NoAnswer:
                if left <= wait:
                    raise
            wait = min(2 * wait, _LONGEST_WAIT)
            self._send_again(message)

    def _send_again(self, message: Message) -> None:
        try:
            self._wire.send(queue_of(message.verb), message)
        except NoAnswer:
            time.sleep(1)


def courier(config: Path, jobs: JobsConfig, *, no_queue: bool = False) -> Courier:
    """The queue where one is configured, else a signer process."""
    if jobs.queue is None or no_queue:
        return SignerProcess(config)
    return QueueCourier(jobs.queue)


def reachable_courier(config: Path, jobs: JobsConfig) -> Courier:
    """The queue where one is configured and answers, else a signer process: what unsigned requests may choose."""
    if jobs.queue is None:
        return SignerProcess(config)
    over_queue = QueueCourier(jobs.queue)
    try:
        over_queue.reachable()
    except NoAnswer:
        return SignerProcess(config)
    return over_queue
