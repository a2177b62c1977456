"""What unsigned messages ask for, until the next look does it: the looker's thread signs, and replies.

The thread that takes messages from the queue signs nothing and waits for nobody who does, or what is revoked meanwhile
would not be recorded. However many ask, one look answers them all.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from revocation.config import IssuerProfile
from revocation.errors import Refused, RevocastError
from revocation.messages import Look, Message, Reply, Verb
from revocation.published import CRLRow, SliceRow
from signer.ledger.early import ONE_SECOND
from signer.refusal import refused
from signer.report import Report

_MOST: Final = 1000
"""Messages that wait at a time: anybody may send them."""


@dataclass(frozen=True)
class Batch:
    """Those that one look answers.

    Attributes:
        hint: what they say is published; None where nobody asks.
    """

    tasks: Mapping[str, Verb]
    hint: Look | None

    def replies(self, report: Report, now: datetime) -> list[Reply]:
        """To each what became of the kind of work that it asked for."""
        return [report.of(task).reply(id_, now) for id_, task in self.tasks.items()]

    def failed(self, error: Exception, now: datetime) -> list[Reply]:
        """To each that there was no look."""
        if not isinstance(error, RevocastError):
            error = RevocastError(f"the look failed: {type(error).__name__}: {error}", advice="see the signer's log")
        return [refused(id_, error, now) for id_ in self.tasks]


class Asked:
    """The messages that wait, and together what they say is published: of each CRL and slice what was said last.

    Args:
        profiles: what is configured, by issuer id. No more is kept of what is said.
        wake: has the looker look soon.
    """

    def __init__(self, profiles: Mapping[str, IssuerProfile], wake: Callable[[], None]) -> None:
        self._profiles, self._wake = profiles, wake
        self._lock = threading.Lock()
        self._tasks: dict[str, Verb] = {}
        self._crls: dict[tuple[str, str], CRLRow] = {}
        self._slices: dict[tuple[str, int], SliceRow] = {}
        self._taken_at: datetime | None = None

    def add(self, message: Message, body: Look) -> None:
        """Have the next look answer a message; one that is sent again is answered once.

        Raises:
            Refused: too many wait already.
        """
        with self._lock:
            is_first = not self._tasks
            if len(self._tasks) >= _MOST and message.id not in self._tasks:
                raise Refused(f"{_MOST} messages wait for a look", where=f"message {message.id}", advice="ask later")
            self._tasks[message.id] = message.verb
            self._crls |= {(row.issuer, row.label): row for row in body.crls if self._has_crl(row)}
            self._slices |= {(row.issuer, row.slice): row for row in body.slices if self._has_slice(row)}
        if is_first:
            self._wake()

    def take(self, now: datetime) -> Batch:
        """Those that wait; none within the second in which some were taken: nothing can be made twice in it."""
        with self._lock:
            if not self._tasks or self._taken_at == now:
                return Batch({}, None)
            hint = Look(crls=tuple(self._crls.values()), slices=tuple(self._slices.values()))
            batch = Batch(self._tasks, hint)
            self._taken_at, self._tasks, self._crls, self._slices = now, {}, {}, {}
            return batch

    def next_at(self) -> datetime | None:
        """From when on those that wait now can be taken."""
        with self._lock:
            return self._taken_at + ONE_SECOND if self._tasks and self._taken_at else None

    def _has_crl(self, row: CRLRow) -> bool:
        return row.issuer in self._profiles and row.label in self._profiles[row.issuer].crls

    def _has_slice(self, row: SliceRow) -> bool:
        return row.issuer in self._profiles and row.slice < self._profiles[row.issuer].ocsp.slices
