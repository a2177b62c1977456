"""How the periodic work stands: when each task runs, when it last succeeded, and whether that is too long ago. Pure.

A worker that hangs looks like one that works, so what counts is success alone: where there was none for two intervals
and the time that a publication may take, somebody has to look, whatever processes are alive.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from jobs.schedule import Task
from revocation.clock import iso
from revocation.messages import Verb
from revocation.published import TargetStatus
from revocation.windows import PUBLISHING, SKEW
from revocation.wire.notes import (
    REGISTRARS,
    Chore,
    Failure,
    Notes,
    of_publisher,
    of_registrar,
    of_scheduler,
    of_signer,
)

_PERIODS: Final = 2


class Standing(StrEnum):
    """How a task stands."""

    DONE = "done"
    FAILED = "failed"
    LATE = "late"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Progress:
    """One task; publishing to each target is one by itself.

    Attributes:
        target: that is published to.
        last_slot: when the present slot began.
        next_slot: when the next one begins.
        asked: when a scheduler last asked for it; None where that is not noted.
        success: when it last succeeded, by the notes or by what is published; None where neither says it.
        failure: what went wrong since.
        due: what of it is due, and why.
        unasked: what to look at where it is not seen here that a scheduler asks; empty where it is.
    """

    task: Task
    target: str | None
    standing: Standing
    last_slot: datetime
    next_slot: datetime
    asked: datetime | None = None
    success: datetime | None = None
    failure: Failure | None = None
    due: Sequence[str] = ()
    unasked: str = ""

    @property
    def name(self) -> str:
        """As it is shown."""
        return f"{self.task.verb} {self.target}" if self.target else str(self.task.verb)

    @property
    def trouble(self) -> str:
        """What is wrong; empty where nothing is."""
        if self.standing is Standing.FAILED and self.failure:
            return f"{self.name}: at {iso(self.failure.at)}: {self.failure.error}"
        if self.standing is not Standing.LATE:
            return ""
        since = f"since {iso(self.success)}" if self.success else "that is known"
        return f"{self.name}: no success {since}; {self._who}{self._why}"

    @property
    def _who(self) -> str:
        if self.unasked:
            return self.unasked
        if self.asked is None:
            return "that a scheduler has asked for it is not noted"
        if self.asked < self.last_slot - self.task.interval:
            return f"no scheduler has asked for it since {iso(self.asked)}"
        if isinstance(self.task.verb, Chore):
            return f"begun at {iso(self.asked)}: see the log of `scheduler`"
        return f"asked for at {iso(self.asked)}: see whether `worker {_worker(self.task.verb)}` hangs, and its log"

    @property
    def _why(self) -> str:
        return f"; it failed at {iso(self.failure.at)}: {self.failure.error}" if self.failure else ""

    def as_json(self) -> dict[str, object]:
        """The same for scripts; times in UTC, the interval in seconds."""
        times = {"last_slot": self.last_slot, "next_slot": self.next_slot, "asked": self.asked, "success": self.success}
        return {
            "task": self.task.verb,
            "target": self.target,
            "standing": self.standing,
            "interval": int(self.task.interval.total_seconds()),
            **{name: None if at is None else iso(at) for name, at in times.items()},
            "failure": self.failure.model_dump(mode="json") if self.failure else None,
            "due": list(self.due),
            "trouble": self.trouble or None,
        }


@dataclass(frozen=True)
class Known:
    """What is known of the work.

    Attributes:
        notes: None where they cannot be read.
        statuses: what is published: a CRL or response that is there was made, whatever the notes say.
        due: what is due and why, by task, and of publishing by target.
        unasked: what to look at where it is not seen here that a scheduler asks; empty where it is.
    """

    notes: Notes | None
    statuses: Sequence[TargetStatus] = ()
    due: Mapping[tuple[Verb | Chore, str | None], Sequence[str]] = field(default_factory=dict)
    unasked: str = ""


def patience(task: Task) -> timedelta:
    """How long it may be without success."""
    return _PERIODS * task.interval + PUBLISHING


def progress(all_tasks: Iterable[Task], targets: Iterable[str], known: Known, now: datetime) -> Iterator[Progress]:
    """How each task stands.

    Args:
        targets: those that are published to, here or elsewhere.
    """
    for task in all_tasks:
        if task.verb is Verb.PUBLISH:
            for target in targets:
                yield _progress(task, target, of_publisher(target), known, now)
        else:
            yield _progress(task, None, _name(task.verb), known, now)


def found_elsewhere(notes: Notes, shown: Iterable[Progress]) -> list[str]:
    """What a scheduler's check found where this configuration has none: it is as wrong as where it has one."""
    verbs = {one.task.verb for one in shown}
    failures = {chore: notes.failures.get(of_scheduler(chore)) for chore in Chore if chore not in verbs}
    return [f"{chore}: at {iso(failure.at)}: {failure.error}" for chore, failure in failures.items() if failure]


def other_failures(notes: Notes, shown: Iterable[Progress]) -> list[str]:
    """What was asked of a worker and failed, beside the periodic work: revocations above all."""
    named = {of_publisher(one.target) if one.target else _name(one.task.verb) for one in shown}
    named |= set(map(of_scheduler, Chore))
    return [f"{name}: {said(failure)}" for name, failure in notes.failures.items() if name not in named]


def said(failure: Failure) -> str:
    """A failure for people."""
    again = f"; it is tried again at {iso(failure.again_at)}" if failure.again_at else ""
    return f"failed at {iso(failure.at)}: {failure.error}{again}"


def _name(verb: Verb | Chore) -> str:
    if isinstance(verb, Chore):
        return of_scheduler(verb)
    return of_registrar(verb) if verb in REGISTRARS else of_signer(verb)


def _worker(verb: Verb) -> str:
    if verb in REGISTRARS:
        return "registrar"
    return "publisher" if verb is Verb.PUBLISH else "signer"


def _progress(task: Task, target: str | None, name: str, known: Known, now: datetime) -> Progress:
    slot = task.slot(now)
    notes = known.notes or Notes()
    told = [notes.successes[name]] if name in notes.successes else []
    shown = _shown(task.verb, target, known.statuses)
    success = max((at for at in (*told, *shown) if at <= now + SKEW), default=None)  # the future reassures for ever
    failure = notes.failures.get(name)
    if failure and success and failure.at < success:
        failure = None
    return Progress(
        task,
        target,
        _standing(task, success, failure, now) if known.notes is not None else Standing.UNKNOWN,
        task.begins(slot),
        task.begins(slot + 1),
        notes.asked.get(task.verb),
        success,
        failure,
        known.due.get((task.verb, target), ()),
        known.unasked,
    )


def _standing(task: Task, success: datetime | None, failure: Failure | None, now: datetime) -> Standing:
    """What a check has found is wrong now; other work may fail once, and is tried again."""
    if failure and isinstance(task.verb, Chore):
        return Standing.FAILED
    return Standing.LATE if success is None or now - success > patience(task) else Standing.DONE


def _shown(verb: Verb | Chore, target: str | None, statuses: Iterable[TargetStatus]) -> Iterator[datetime]:
    """When what is published was made. A response shows that there was a key for it."""
    for status in statuses if isinstance(verb, Verb) and verb not in REGISTRARS else ():
        if target not in (None, status.target):
            continue
        if verb in (Verb.GENERATE_CRLS, Verb.PUBLISH):
            yield from (row.this_update for row in status.crls)
        if verb is not Verb.GENERATE_CRLS:
            yield from (row.this_update for row in status.slices)
