"""What `status` says of the periodic work: success that is missing for too long, and what failed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from jobs.installation import Installation
from jobs.noted import read_notes
from jobs.progress import Known, found_elsewhere, other_failures, progress, said
from revocation.errors import RevocastError
from revocation.published import TargetStatus


@dataclass(frozen=True)
class Work:
    """What was found.

    Attributes:
        late: tasks without success for too long, whatever processes are alive.
        failed: what failed and is not over; it is tried again, or whoever asked was left without an answer.
        unknown: why nothing is known; empty where it is.
    """

    late: Sequence[str] = ()
    failed: Sequence[str] = ()
    unknown: str = ""

    @property
    def sentences(self) -> Iterator[str]:
        """The same for people."""
        yield from (f"late: {sentence}" for sentence in self.late)
        yield from (f"failed: {sentence}" for sentence in self.failed)
        if self.unknown:
            yield f"When periodic work last succeeded is not known: {self.unknown}"


def look_at_work(installation: Installation, statuses: Sequence[TargetStatus], now: datetime) -> Work:
    """How the periodic work over the queue stands. Without one nothing runs that could hang."""
    if installation.jobs.queue is None:
        return Work()
    try:
        notes = read_notes(installation)
    except RevocastError as error:
        return Work(unknown=str(error))
    shown = list(progress(installation.tasks, installation.target_names, Known(notes, statuses), now))
    late = [one.trouble for one in shown if one.trouble]
    failed = [f"{one.name}: {said(one.failure)}" for one in shown if one.failure and not one.trouble]
    return Work([*late, *found_elsewhere(notes, shown)], [*failed, *other_failures(notes, shown)])
