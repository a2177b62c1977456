"""A stand-in for the registrar's database: challenges in memory, and what was recorded of them."""

import threading
from collections.abc import Mapping, Sequence
from datetime import datetime

from registrar.problem import Problem
from registrar.validation.challenge import Challenge


class StandInRecords:
    """Records of challenges by their ids.

    Attributes:
        valid_ids: in the order in which they were recorded.
        problems: of those that are invalid.
        fails: whether it is away.
    """

    def __init__(self, challenges: Mapping[str, Challenge]) -> None:
        self.challenges = dict(challenges)
        self.valid_ids: list[str] = []
        self.problems: dict[str, Problem] = {}
        self.fails = False
        self.changed = threading.Condition()

    def challenge(self, challenge_id: str, now: datetime) -> Challenge | None:
        if self.fails:
            raise OSError("the database is away")
        return self.challenges.get(challenge_id)

    def valid(self, challenge_id: str, now: datetime) -> None:
        with self.changed:
            del self.challenges[challenge_id]
            self.valid_ids.append(challenge_id)
            self.changed.notify_all()

    def invalid(self, challenge_id: str, problem: Problem, now: datetime) -> None:
        with self.changed:
            del self.challenges[challenge_id]
            self.problems[challenge_id] = problem
            self.changed.notify_all()

    def waiting(self, now: datetime, most: int) -> Sequence[str]:
        return list(self.challenges)[:most]

    def until_judged(self, count: int, seconds: float = 10) -> None:
        """Return once so many have a verdict."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.valid_ids) + len(self.problems) >= count, seconds)
