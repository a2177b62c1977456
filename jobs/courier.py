"""Who carries messages to the signer and brings its replies back: the queue, or a signer process of our own."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import click

from jobs.config import JobsConfig
from jobs.installation import Installation
from jobs.signer_process import SignerProcess
from revocation.errors import NoAnswer, QueueUnreachable
from revocation.messages import Message, Reply
from revocation.wire.route import queue_of

if TYPE_CHECKING:
    from revocation.wire.queue import Wire

_FIRST_WAIT = 5.0
_LONGEST_WAIT = 60.0
_NO_REPLY = "see whether the signer's worker runs, and what its log says"
_PAUSE = 0.5
_SHORTEST_COMMAND = 0.1
_LONGEST_COMMAND = 2.0


class Courier(Protocol):
    """The way to the signer."""

    def ask(self, messages: Sequence[Message], seconds: float) -> list[Reply]:
        """The replies, in the order of the messages. Raises NoAnswer."""


class QueueCourier:
    """Asks over the queue, and keeps a message until it is replied: a queue that was lost is told again.

    Args:
        url: of the queue server.
    """

    def __init__(self, url: str) -> None:
        self._url = url

    def reachable(self, seconds: float) -> None:
        """Return if the queue server answers within that time.

        Raises:
            QueueUnreachable: it does not.
        """
        self._wire(seconds).ping()

    def ask(self, messages: Sequence[Message], seconds: float) -> list[Reply]:
        """Send all, then wait for each. A server that is away is waited for too, which is said on standard error.

        A reply that lies there already is of an earlier time, when a right was missing or a disk was full: it is taken
        away before the first sending. What the signer remembers of a message it replies again. Another who waits for
        the same id may lose a reply by that, and gets one when it sends again.

        Raises:
            NoAnswer: a reply did not come in time.
            QueueUnreachable: the queue server was away in the end.
        """
        deadline = time.monotonic() + seconds
        for message in messages:
            self._send(message, deadline, first=True)
        replies = []
        for message in messages:
            reply = self._await(message, deadline)
            if reply is None:
                raise NoAnswer(f"no reply within {seconds:.3g} s", where=f"message {message.id}", advice=_NO_REPLY)
            replies.append(reply)
        return replies

    def _await(self, message: Message, deadline: float) -> Reply | None:
        wait = _FIRST_WAIT
        while True:
            left = deadline - time.monotonic()
            try:
                reply = self._wire(left).await_reply(message.id, max(0.0, min(wait, left)))
            except QueueUnreachable:
                wait = _FIRST_WAIT  # it will come back empty, and its worker will be there at once
            else:
                if reply is not None or left <= wait:
                    return reply
                wait = min(2 * wait, _LONGEST_WAIT)
            self._send(message, deadline)

    def _send(self, message: Message, deadline: float, *, first: bool = False) -> None:
        """Send it, again and again until the server takes it."""
        told = False
        while True:
            left = deadline - time.monotonic()
            try:
                wire = self._wire(left)
                if first:
                    wire.forget_reply(message.id)
                return wire.send(queue_of(message.verb), message)
            except QueueUnreachable as error:
                if left <= _PAUSE:
                    raise
                if not told:
                    click.echo(f"{error.what}; trying again for {left:.0f} s", err=True)
                    told = True
            time.sleep(_PAUSE)

    def _wire(self, seconds: float) -> "Wire":
        """A connection on which no command waits for longer than that, nor for longer than a server may take."""
        from revocation.wire.queue import Wire  # rq and redis, only where there is a queue

        return Wire(self._url, max(_SHORTEST_COMMAND, min(_LONGEST_COMMAND, seconds)))


def courier(config: Path, jobs: JobsConfig, *, no_queue: bool = False) -> Courier:
    """The queue where one is configured, else a signer process."""
    if jobs.queue is None or no_queue:
        return SignerProcess(config)
    return QueueCourier(jobs.queue)


def reachable_courier(installation: Installation) -> Courier:
    """The queue where one is configured and answers, else a signer process: for unsigned requests.

    Raises:
        QueueUnreachable: it does not answer, and the keys are on another machine.
    """
    if installation.jobs.queue is None:
        return SignerProcess(installation.path)
    over_queue = QueueCourier(installation.jobs.queue)
    try:
        over_queue.reachable(_LONGEST_COMMAND)
    except NoAnswer:
        if not installation.has_signer:
            raise
        return SignerProcess(installation.path)
    return over_queue
