"""Unsigned messages from the queue: what is due is listed at once, and made by the next look, which replies then."""

from datetime import datetime

from revocation.clock import Clock
from revocation.errors import Refused, RevocastError
from revocation.messages import Look, Message, Reply, Verb, parse_message
from signer.asked import Asked
from signer.handle import handle
from signer.refusal import NO_ID, refused
from signer.rights import require_current
from signer.signer import Signer


class Looks:
    """Handles what anybody may ask.

    Args:
        asked: answers what is more than a question.
    """

    def __init__(self, signer: Signer, asked: Asked) -> None:
        self._signer, self._asked = signer, asked
        self._last: tuple[datetime, Reply] | None = None

    def handle(self, text: str, clock: Clock) -> Reply | None:
        """The reply to a message; None where the next look replies. Never raises for what the text says."""
        try:
            message = parse_message(text)
        except RevocastError as error:
            return refused(NO_ID, error, clock())
        try:
            return self._handle(message, clock)
        except RevocastError as error:
            return refused(message.id, error, clock())

    def forget(self) -> None:
        """Facts were changed: what is due is another matter now."""
        self._last = None

    def _handle(self, message: Message, clock: Clock) -> Reply | None:
        if message.verb.changes_facts:
            raise Refused(f"{message.verb} is not asked on this queue", where=f"message {message.id}")
        require_current(message, clock())
        body = message.typed_body()
        if message.verb is Verb.DUE or not isinstance(body, Look):
            return self._due(message, clock)
        self._asked.add(message, body)
        return None

    def _due(self, message: Message, clock: Clock) -> Reply:
        """What is due, within the same second what it was before: finding it costs as much as a thousand messages."""
        now = clock()
        if self._last is not None and self._last[0] == now:
            return self._last[1].model_copy(update={"id": message.id})
        reply = handle(self._signer, message, clock)
        self._last = (now, reply)
        return reply
