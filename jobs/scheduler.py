"""`revocast scheduler`: asks, slot by slot, for the work that may be due. It remembers nothing that could be lost.

Each slot is claimed in the queue server first, so any number of schedulers act as one. The server may be away,
restarted or empty: what could not be sent stays due, and one look makes up for all that were missed.
"""

import logging
import secrets
import signal
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

import click

from jobs.installation import Installation
from jobs.noted import published
from jobs.published_check import PublishedCheck
from jobs.reconcile import looks
from jobs.schedule import Task, Tick, current, next_slot
from jobs.stop import Stop
from revocation import cli
from revocation.clock import now as clock_now
from revocation.errors import ConfigurationError, NoAnswer, RevocastError
from revocation.logs import about, log_to_stderr
from revocation.messages import ACMECleanup, Body, Message, Publish, Verb, compose
from revocation.published import TargetStatus
from revocation.wire.claim import Claim
from revocation.wire.notes import Chore
from revocation.wire.route import queue_of

_LOG: Final = logging.getLogger("revocast.scheduler")
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 30.0
_LONGEST_SLEEP: Final = 30.0


class Sender(Protocol):
    """The part of `Wire` that a scheduler needs."""

    def claim(self, name: str, owner: str, seconds: int) -> Claim:
        """Whose a tick is."""

    def send(self, queue: str, message: Message) -> None:
        """Put a message into a queue."""

    @property
    def journal(self) -> "Asked":
        """Where it is noted."""


class Asked(Protocol):
    """The part of a journal that a scheduler needs."""

    def asked(self, task: Verb | Chore, now: datetime) -> None:
        """Note that it was asked for."""


class Scheduler:
    """The loop's body, without its clock: what is claimed, and what is sent for it.

    Args:
        sender: the queue.
        all_tasks: what is to be asked, and how often.
        read_statuses: what is published at a time.
        do: begins what a scheduler does itself, and does not wait for it.
    """

    def __init__(
        self,
        sender: Sender,
        all_tasks: Sequence[Task],
        read_statuses: Callable[[datetime], Sequence[TargetStatus]],
        do: Callable[[Chore], None],
    ) -> None:
        self._do = do
        self._sender = sender
        self._tasks = all_tasks
        self._read_statuses = read_statuses
        self._owner = secrets.token_hex(16)
        self._sent: set[str] = set()
        self._unsent: dict[str, Message] = {}

    def look(self, now: datetime) -> list[Tick]:
        """Send what is due at `now` and not claimed; returns the ticks that were ours.

        Raises:
            NoAnswer: the queue cannot be reached. What was not sent is due at the next look.
        """
        ours = []
        ticks = current(self._tasks, now)
        names = {tick.name for tick in ticks}
        self._sent &= names
        self._unsent = {name: message for name, message in self._unsent.items() if name in names}
        for tick in ticks:
            if self._is_to_be_sent(tick):
                self._send(tick, now)
                ours.append(tick)
        return ours

    def next_look(self, now: datetime) -> datetime:
        """When something will be due again."""
        return next_slot(self._tasks, now)

    def _is_to_be_sent(self, tick: Tick) -> bool:
        """Whether it is ours and was not sent. A new claim is of a server that knows of nothing sent before."""
        claim = self._sender.claim(tick.name, self._owner, tick.seconds)
        if claim is Claim.NEW:
            self._sent.discard(tick.name)
            self._unsent.pop(tick.name, None)
        return claim is not Claim.OTHERS and tick.name not in self._sent

    def _send(self, tick: Tick, now: datetime) -> None:
        """Send its message; the same again where the server did not say whether it took it, so that it is done once."""
        verb, message = tick.task.verb, self._unsent.get(tick.name)
        if isinstance(verb, Chore):
            self._do(verb)
            self._note(tick, now)
            _LOG.info("began %s", verb)
            return
        if message is None or message.expires_at <= now:
            message = compose(verb, self._body(verb, now), now)
        self._unsent[tick.name] = message
        self._sender.send(queue_of(verb), message)
        del self._unsent[tick.name]
        self._note(tick, now)
        _LOG.info("asked for %s", verb, extra=about(message_id=message.id))

    def _note(self, tick: Tick, now: datetime) -> None:
        self._sender.journal.asked(tick.task.verb, now)
        self._sent.add(tick.name)

    def _body(self, verb: Verb, now: datetime) -> Body:
        if verb is Verb.PUBLISH:
            return Publish()
        if verb is Verb.ACME_CLEANUP:
            return ACMECleanup()
        try:
            statuses = self._read_statuses(now)
        except RevocastError as error:
            _LOG.warning("what is published cannot be read, so the signer is told nothing of it: %s", error)
            statuses = []
        return looks(statuses)[verb]


@click.command()
@cli.config_option
def scheduler(config: Path | None) -> None:
    """Ask for periodic work over the queue, in UTC, until stopped. Any number may run; each tick is done once."""
    from revocation.wire.queue import Wire

    log_to_stderr("scheduler")
    installation = Installation.read(config)
    if installation.jobs.queue is None:
        raise ConfigurationError(
            "[jobs] names no queue", where=str(installation.path), advice="without one, run `revocast refresh` by cron"
        )
    wire = Wire(installation.jobs.queue)
    check = PublishedCheck(installation.path, wire.journal, clock_now)
    work = Scheduler(
        wire, installation.tasks, lambda now: published(installation, wire.journal, now), lambda _: check.start()
    )
    run(work, Stop.on(signal.SIGTERM, signal.SIGINT), clock_now)


def run(work: Scheduler, stop: Stop, now: Callable[[], datetime]) -> None:
    """Look at once and then again and again until `stop`, which also finds out that the queue was restarted empty.

    Says `ready` after the first look that reached the queue.
    """
    pause, ready = _FIRST_PAUSE, False
    while not stop.is_set():
        moment = now()
        try:
            work.look(moment)
        except NoAnswer as error:
            _LOG.warning("%s; trying again in %.0f s", error, pause)
            stop.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
            continue
        pause = _FIRST_PAUSE
        if not ready:
            click.echo("ready")
            ready = True
        wait = (work.next_look(moment) - now()).total_seconds()
        stop.wait(min(max(wait, 0.0), _LONGEST_SLEEP))
