"""What `revocast schedule` finds: how each task stands, what of it is due, and what could not be found out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from jobs.asking import Asking
from jobs.due import due_by_task
from jobs.installation import Installation
from jobs.noted import read_notes
from jobs.overview import lines
from jobs.progress import Known, Progress, found_elsewhere, other_failures, progress, said
from jobs.wanted import Wanted, ask_signer, look_at_exchange
from revocation.clock import iso
from revocation.errors import ConfigurationError, RevocastError
from revocation.messages import Verb
from revocation.published import TargetStatus
from revocation.wire.notes import REGISTRARS, Chore, Notes

_UNKNOWN = 3


@dataclass(frozen=True)
class TasksFound:
    """All of it.

    Attributes:
        failures: what was asked of workers beside the tasks, and failed.
        signer: why the signer said nothing; None where it was not asked.
        queue: why it is not known when work last succeeded.
        found: what a check that another machine's configuration asks for has found.
        asking: whether schedulers ask; None where there is no queue, or it cannot be read.
    """

    shown: Sequence[Progress]
    failures: Sequence[str]
    signer: str | None
    queue: str
    found: Sequence[str] = ()
    asking: Asking | None = None

    @property
    def exit_code(self) -> int:
        """0 where all is well, 1 where somebody has to look, 3 where that is not known."""
        if self.found or self.unasked or any(one.trouble for one in self.shown):
            return 1
        return _UNKNOWN if self.queue or self.signer else 0

    @property
    def unasked(self) -> str:
        """Why nothing will be asked for; empty where it will, or needs no asking."""
        return self.asking.trouble if self.asking else ""

    @property
    def _is_asked(self) -> bool:
        """Whether a scheduler asks, as far as that can be read."""
        return self.asking is None or self.asking.goes_on

    def as_json(self) -> dict[str, object]:
        """For scripts."""
        return {
            "exit_code": self.exit_code,
            "tasks": [one.as_json() for one in self.shown],
            "failures": list(self.failures),
            "found": list(self.found),
            "schedulers": self.unasked or None,
            "signer": "not asked" if self.signer is None else self.signer or "answered",
            "queue": self.queue or None,
        }

    @property
    def sentences(self) -> Iterator[str]:
        """Why each task is due, or that nothing of it is; then what is wrong."""
        for one in self.shown:
            yield from (f"{one.name}: due: {sentence}" for sentence in one.due)
            if (
                self.signer == ""
                and not one.due
                and isinstance(one.task.verb, Verb)
                and one.task.verb not in REGISTRARS
            ):
                again = "" if one.unasked or not self._is_asked else f"; asked for again at {iso(one.next_slot)}"
                yield f"{one.name}: nothing is due{again}"
        for one in self.shown:
            if one.trouble:
                yield one.trouble
            elif one.failure:
                yield f"{one.name}: {said(one.failure)}"
        yield from self.found
        if self.unasked:
            yield self.unasked
        yield from self.failures
        if self.queue:
            yield f"When work last succeeded is not known: {self.queue}"
        if self.signer:
            yield f"The signer {self.signer}."


def find_tasks(installation: Installation, seconds: float | None, now: datetime) -> TasksFound:
    """Look at what is published, ask the signer, and read what is noted.

    Args:
        seconds: for the signer; None not to ask it.

    Raises:
        ConfigurationError: the configuration cannot be used.
    """
    if not installation.hears_signer:
        seconds = None
    statuses, wanted = _published(installation, seconds, now)
    artifacts = lines(statuses, installation.public, wanted, now)
    due = due_by_task(wanted.due, artifacts, installation.public)
    notes, trouble = _notes(installation)
    known = Known(notes, statuses, due, unasked=installation.unasked)
    shown = list(progress(installation.tasks, installation.target_names, known, now))
    heard = installation.asking(notes, now)
    notes = notes or Notes()
    signer = None if seconds is None else wanted.trouble
    return TasksFound(shown, other_failures(notes, shown), signer, trouble, found_elsewhere(notes, shown), heard)


def _is_of_signer(verb: Verb | Chore) -> bool:
    """Whether what it says is due, or is not, may be of that: its own work, and what it makes for publishers."""
    return isinstance(verb, Verb) and verb not in REGISTRARS


def _published(
    installation: Installation, seconds: float | None, now: datetime
) -> tuple[Sequence[TargetStatus], Wanted]:
    """What is published, and what there should be; the schedule is shown also where neither can be read."""
    try:
        statuses = installation.statuses(now)
        asked = look_at_exchange(installation) if seconds is None else ask_signer(installation, statuses, seconds)
    except ConfigurationError:
        raise
    except RevocastError as error:
        return [], Wanted(trouble=f"was not asked: {error}")
    return statuses, asked


def _notes(installation: Installation) -> tuple[Notes | None, str]:
    """And why they cannot be read."""
    try:
        return read_notes(installation), ""
    except RevocastError as error:
        return None, str(error)
