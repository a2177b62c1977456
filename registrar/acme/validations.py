"""Having a challenge validated: by a worker, which is told so over the queue."""

from typing import Protocol

from revocation.clock import Clock
from revocation.messages import Validate, Verb, compose
from revocation.wire.queue import Wire
from revocation.wire.route import REGISTRAR_QUEUE


class Validations(Protocol):
    """Who validates challenges."""

    def ask(self, challenge_id: str) -> None:
        """Have it looked at soon. Raises QueueUnreachable: then the worker finds it by its own look."""


class QueuedValidations:
    """The workers of the registrar: one of them takes it."""

    def __init__(self, wire: Wire, clock: Clock) -> None:
        self._wire, self._clock = wire, clock

    def ask(self, challenge_id: str) -> None:
        """Send the message; nobody waits for a reply, since what comes of it stands in the database."""
        message = compose(Verb.VALIDATE, Validate(challenge=challenge_id), self._clock())
        self._wire.send(REGISTRAR_QUEUE, message)
