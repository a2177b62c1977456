"""What waits for the signer, taken further by this server: a client may never come back, and it is done all the same.

Without that a certificate would be nobody's: in no list, without renewal information, not revoked by its account. It is
done here and not by the worker that validates, which reaches out to strangers and has no key for the signer.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final, Protocol, TypeAlias

_LOG: Final = logging.getLogger("revocast.registrar")

LOOKS_EVERY: Final = 5.0
"""Seconds."""

_MOST: Final = 10_000
"""Of each issuer."""

_LONGEST: Final = 600.0
_BESIDE: Final = 1.0
"""So many seconds longer than a client waits itself, who is to hear of a refusal first."""

Place: TypeAlias = tuple[str, str]
"""The name of an issuer, and the id of what waits there."""


def by_turns(each: Mapping[str, Sequence[str]]) -> list[Place]:
    """What waits at several issuers, one of each after the other: one that has many keeps no other's waiting."""
    rows = zip_longest(*([(name, id_) for id_ in ids] for name, ids in each.items()))
    return [place for row in rows for place in row if place is not None]


class Waiting(Protocol):
    """What waits for the signer, of one kind."""

    @property
    def kind(self) -> str:
        """In a word, for the log."""

    def waiting(self, most: int) -> Sequence[Place]:
        """Those that wait, so many of each issuer, the oldest first, at the beginning of a round.

        Raises:
            DatabaseUnavailable: it cannot be seen which there are.
        """

    def pursue(self, place: Place) -> float | None:
        """Take one further; the seconds after which it is asked for again, where the signer says when."""


@dataclass(frozen=True)
class Turn:
    """When one is pursued next, in seconds that only rise, and how long the pause before it is."""

    at: float
    pause: float


class Pursuing:
    """Takes further what waits, each after pauses that double, up to ten minutes.

    Args:
        what: of which kind.
        wait: seconds for which a client waits for the signer itself.
        clock: seconds that only rise.
    """

    def __init__(self, what: Waiting, wait: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._what, self._clock = what, clock
        self._first = wait + _BESIDE
        self._turns: dict[Place, Turn] = {}

    def look(self) -> None:
        """Pursue those whose turn has come.

        Raises:
            DatabaseUnavailable: it cannot be seen which there are.
        """
        now = self._clock()
        first = Turn(now + self._first, self._first)
        self._turns = {place: self._turns.get(place, first) for place in self._what.waiting(_MOST)}
        for place, turn in list(self._turns.items()):
            if turn.at <= now:
                pause = self._pause(place, turn)
                self._turns[place] = Turn(self._clock() + pause, pause)

    def _pause(self, place: Place, turn: Turn) -> float:
        """Pursue one; in how many seconds again, if it goes on."""
        try:
            told = self._what.pursue(place)
        except Exception:  # a defect of one is not to keep the others waiting
            _LOG.exception("%s %s of %s is not taken further", self._what.kind, place[1], place[0])
            told = None
        return min(_LONGEST, 2 * turn.pause) if told is None else told
