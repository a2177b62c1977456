"""Validations in threads, several at a time: those that fail by the network are tried again after pauses that double.

What waits here waits in memory. What is lost with this process still stands in the database as asked for, where the
next look finds it.
"""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from registrar.problem import Problem, ProblemType
from registrar.validation.challenge import Challenge
from registrar.validation.config import Network
from registrar.validation.failure import MayPass
from registrar.validation.validate import validate
from revocation.clock import Clock
from revocation.logs import about

_LOG: Final = logging.getLogger("revocast.registrar")

MOST_WAITING: Final = 1000
"""Challenges that may wait in memory; the others wait in the database."""


class Records(Protocol):
    """What is recorded of challenges. Repeating any of it changes nothing."""

    def challenge(self, challenge_id: str, now: datetime) -> Challenge | None:
        """What is to be validated; None where nobody waits for it any more."""

    def valid(self, challenge_id: str, now: datetime) -> None:
        """It is met."""

    def invalid(self, challenge_id: str, problem: Problem, now: datetime) -> None:
        """It failed for good, and why."""

    def waiting(self, now: datetime, most: int) -> Sequence[str]:
        """The ids of those whose clients are ready, and which have no verdict; the oldest first."""


@dataclass(order=True)
class Turn:
    """A challenge that waits.

    Attributes:
        at: from when on, by our clock.
        tries: how often it has failed.
    """

    at: float
    number: int
    challenge_id: str = field(compare=False)
    tries: int = field(compare=False)


class Validating:
    """Threads that validate challenges, each once at a time.

    Args:
        network: how long, how often, and how many at a time.
        now: the clock of what is recorded.
        clock: seconds that only rise, for the pauses.
        check: what validates one challenge.

    Attributes:
        known: the ids of those that wait here or are at hand.
    """

    def __init__(
        self,
        records: Records,
        network: Network,
        now: Clock,
        clock: Callable[[], float] = time.monotonic,
        check: Callable[[Challenge, Network], None] = validate,
    ) -> None:
        self._records, self._network, self._now, self._clock, self._check = records, network, now, clock, check
        self._turns: list[Turn] = []
        self.known: set[str] = set()
        self._numbers = itertools.count()
        self._stopped = False
        self._changed = threading.Condition()
        self._threads = [
            threading.Thread(target=self._run, name=f"validating-{number}", daemon=True)
            for number in range(network.at_once)
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self, seconds: float) -> None:
        """Begin nothing more, and wait at most so long for what is at hand."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        until = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def ask(self, challenge_id: str) -> bool:
        """Have one validated as soon as a thread is free; whether it is taken, now or before."""
        with self._changed:
            if challenge_id in self.known:
                return True
            if len(self.known) >= MOST_WAITING:
                return False
            self.known.add(challenge_id)
            self._put(challenge_id, 0, 0.0)
            return True

    def look(self) -> None:
        """Take up what the database says is waiting, whatever became of the messages about it."""
        for challenge_id in self._records.waiting(self._now(), MOST_WAITING):
            if not self.ask(challenge_id):
                _LOG.warning("%d challenges wait: the others are looked for in a minute", MOST_WAITING)
                return

    def _put(self, challenge_id: str, tries: int, pause: float) -> None:
        heapq.heappush(self._turns, Turn(self._clock() + pause, next(self._numbers), challenge_id, tries))
        self._changed.notify()

    def take(self) -> Turn | None:
        """The next turn whose time has come; None where there is none now."""
        with self._changed:
            return heapq.heappop(self._turns) if self._turns and self._turns[0].at <= self._clock() else None

    def do(self, turn: Turn) -> None:
        """Take a turn; where it leads to no verdict there is another one later."""
        pause = None
        try:
            pause = self._try(turn)
        except Exception:  # a database that is away: the next look finds the challenge
            _LOG.exception("challenge %s: what came of it is not recorded", turn.challenge_id)
        with self._changed:
            if pause is None:
                self.known.discard(turn.challenge_id)
            else:
                self._put(turn.challenge_id, turn.tries + 1, pause)

    def _run(self) -> None:
        while (turn := self._awaited()) is not None:
            self.do(turn)

    def _awaited(self) -> Turn | None:
        """The next turn, waiting for it; None in the end."""
        with self._changed:
            while not self._stopped:
                if (turn := self.take()) is not None:
                    return turn
                self._changed.wait(self._turns[0].at - self._clock() if self._turns else None)
        return None

    def _try(self, turn: Turn) -> float | None:
        """Validate it, and record the verdict; in how many seconds to try again where there is none yet."""
        challenge = self._records.challenge(turn.challenge_id, self._now())
        if challenge is None:
            return None
        what = f"challenge {turn.challenge_id} ({challenge.type} of {challenge.identifier.value})"
        problem = self._problem_of(challenge, what)
        if problem is None:
            self._records.valid(turn.challenge_id, self._now())
            _LOG.info("%s is met", what, extra=about(challenge=turn.challenge_id))
            return None
        tries = turn.tries + 1
        if isinstance(problem, MayPass) and tries < self._network.tries:
            pause: float = self._network.pause.total_seconds() * 2**turn.tries
            _LOG.info("%s is tried again in %g s: %s", what, pause, problem.detail)
            return pause
        self._records.invalid(turn.challenge_id, problem, self._now())
        _LOG.warning(
            "%s failed (%s, %d tries): %s",
            what,
            problem.type,
            tries,
            problem.detail,
            extra=about(challenge=turn.challenge_id),
        )
        return None

    def _problem_of(self, challenge: Challenge, what: str) -> Problem | None:
        """Why it is not met; a defect of ours is no verdict of the network, and no reason to try for ever."""
        try:
            self._check(challenge, self._network)
        except Problem as problem:
            return problem
        except Exception:
            _LOG.exception("%s could not be validated by a defect of this server", what)
            return MayPass(
                ProblemType.SERVER_INTERNAL, "the server could not validate this, by its own fault", status=500
            )
        return None
