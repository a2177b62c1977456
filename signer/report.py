"""What a look did, by its kinds of work: who asked for one kind is told of that one."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from revocation.clock import iso
from revocation.errors import RevocastError
from revocation.messages import Outcome, Reply, Verb
from signer.ledger.issued import Issued


@dataclass
class Report:
    """What a look did.

    A task stands before each thing; None where it concerns all of them.
    """

    _made: list[tuple[Verb | None, str, Issued | None]] = field(default_factory=list)
    _problems: list[tuple[Verb | None, RevocastError]] = field(default_factory=list)
    _waits: list[tuple[Verb | None, datetime]] = field(default_factory=list)

    @property
    def made(self) -> list[str]:
        """What was signed, in words."""
        return [what for _, what, _ in self._made]

    @property
    def bundles(self) -> list[tuple[str, Issued | None]]:
        """The same with the row of the bundle that it lies in; a responder certificate lies in none."""
        return [(what, row) for _, what, row in self._made]

    @property
    def problems(self) -> list[RevocastError]:
        """What could not be made, and why, each once: a missing key keeps every slice from being made."""
        return list({str(problem): problem for _, problem in self._problems}.values())

    @property
    def again_at(self) -> datetime | None:
        """When to look again, because something had to wait for the next second."""
        return min((until for _, until in self._waits), default=None)

    def waits_until(self, moment: datetime) -> bool:
        """Whether something has to wait, and not longer than until then."""
        return self.again_at is not None and self.again_at <= moment

    def add(self, other: "Report") -> None:
        """What a part of the look did."""
        self._made += other._made
        self._problems += other._problems
        self._waits += other._waits

    def of(self, task: Verb) -> "Report":
        """What concerns one kind of work."""
        concerned = (task, None)
        return Report(
            [one for one in self._made if one[0] in concerned],
            [one for one in self._problems if one[0] in concerned],
            [one for one in self._waits if one[0] in concerned],
        )

    def has_made(self, task: Verb, what: str, row: Issued | None) -> None:
        """Something was signed."""
        self._made.append((task, what, row))

    def tell(self, task: Verb | None, problems: Iterable[RevocastError]) -> None:
        """Something could not be made, or is not as it should be."""
        self._problems += ((task, problem) for problem in problems)

    def wait(self, task: Verb | None, until: datetime) -> None:
        """Something is to be looked at again then."""
        self._waits.append((task, until))

    def reply(self, message_id: str, now: datetime) -> Reply:
        """To who asked for the look."""
        outcome = Outcome.FAILED if self.problems else Outcome.DONE
        problems = [str(problem) for problem in self.problems]
        waits = "what is due has to wait for the next second" if self.again_at else "nothing was due"
        detail = "; ".join(problems) or (f"{len(self.made)} made" if self.made else waits)
        data = {"made": self.made, "problems": problems, "again_at": iso(self.again_at) if self.again_at else None}
        return Reply(id=message_id, outcome=outcome, at=now, detail=detail, data=data)
