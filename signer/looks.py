"""Replies to unsigned looks over a queue: each kind is looked for once a second, however often somebody asks.

thisUpdate rises by whole seconds, so nothing is made twice within one, and a look costs as much as a thousand messages.
"""

from collections.abc import Callable
from datetime import datetime

from revocation.clock import Clock
from revocation.errors import Refused
from revocation.messages import Message, Outcome, Reply, Verb
from signer.handle import handle
from signer.rights import require_current
from signer.signer import Signer


class Looks:
    """Handles what anybody may ask.

    Args:
        wake: has somebody else look soon, for what became due between a look and an ask in the same second.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._woken_at: datetime | None = None
        self._last: dict[Verb, tuple[datetime, Reply]] = {}

    def handle(self, signer: Signer, message: Message, clock: Clock) -> Reply:
        """The reply of a look, or within the same second what the last one left to do.

        Raises:
            Refused: the message changes facts, or is not current.
            InputError: its body is not what its verb needs.
        """
        if message.verb.changes_facts:
            raise Refused(f"{message.verb} is not asked on this queue", where=f"message {message.id}")
        now = clock()
        require_current(message, now)
        began, last = self._last.get(message.verb, (None, None))
        if last is not None and began == now:
            return self._again(last, message)
        reply = handle(signer, message, clock)
        self._last[message.verb] = (now, reply)
        return reply

    def forget(self) -> None:
        """Facts were changed: what is due is another matter now."""
        self._last.clear()

    def _again(self, last: Reply, message: Message) -> Reply:
        if message.verb is Verb.DUE or last.outcome is not Outcome.DONE:
            return last.model_copy(update={"id": message.id})
        if self._woken_at != last.at:
            self._woken_at = last.at
            self._wake()
        detail = "nothing was due: it was looked at in this very second"
        return last.model_copy(update={"id": message.id, "detail": detail, "data": {**last.data, "made": []}})
