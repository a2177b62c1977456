"""What is published, as far as it is seen from this machine: its own targets, and of others what publishers tell.

Targets of [publisher] are read, and held against the marks. Those that `targets` of [jobs] names besides are on other
machines: their publishers note in the queue server what lies there. That is a claim, which `check` verifies.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from jobs.installation import Installation
from jobs.terminal import printable
from publisher.alarms import alarms
from publisher.rows import prune_rows
from publisher.targets.alarm import Alarm
from revocation.errors import ConfigurationError, RevocastError
from revocation.published import TargetStatus
from revocation.wire.statusnote import StatusNote

_SECONDS: Final = 2.0
_NOTHING: Final = "its publisher has told nothing in the queue server for a day, or since that was started"


@dataclass(frozen=True)
class Seen:
    """What was found.

    Attributes:
        alarms: what threatens a target.
        unseen: why nothing is known of some targets, by their names.
        at: when each target was looked at: now, or when its publisher told.
        left_out: of how many more artifacts a target has than its publisher could tell of.
    """

    statuses: Sequence[TargetStatus]
    alarms: Sequence[Alarm] = ()
    unseen: Mapping[str, str] = field(default_factory=dict)
    at: Mapping[str, datetime] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)

    @property
    def sentences(self) -> list[str]:
        """What is not known, for people."""
        whole = [f"{target} is not known: {why}" for target, why in self.unseen.items()]
        return whole + [f"{target}: there are {count} artifacts more" for target, count in self.left_out.items()]


def see(installation: Installation, now: datetime) -> Seen:
    """Every target that the configuration names.

    Raises:
        ConfigurationError: it names none, or the configuration of one cannot be used.
    """
    elsewhere = installation.targets_elsewhere
    if installation.publisher is None and not elsewhere:
        raise ConfigurationError(
            "the table [publisher] is missing",
            where=str(installation.path),
            advice="this command looks at the targets: run it where the publisher runs, or name those of publishers "
            "on your queue in `targets` of [jobs]",
        )
    here = installation.statuses(now)
    threats = alarms(installation.publisher) if installation.publisher else []
    looked = {status.target: now for status in here}
    try:
        told = _told(installation, elsewhere)
    except RevocastError as error:
        return Seen(here, threats, dict.fromkeys(elsewhere, str(error)), looked)
    unseen = {name: _NOTHING for name in elsewhere if name not in told}
    threats += [Alarm(name, "told", printable(alarm)) for name, note in told.items() for alarm in note.alarms]
    looked |= {name: note.at for name, note in told.items()}
    left_out = {name: note.left_out for name, note in told.items() if note.left_out}
    return Seen([*here, *(_known(note, installation) for note in told.values())], threats, unseen, looked, left_out)


def _told(installation: Installation, targets: Sequence[str]) -> dict[str, StatusNote]:
    if not targets or installation.jobs.queue is None:
        return {}
    from revocation.wire.queue import Wire  # rq and redis, only where there is a queue

    return Wire(installation.jobs.queue, _SECONDS).journal.told(targets)


def _known(note: StatusNote, installation: Installation) -> TargetStatus:
    """Its rows of what is configured here; whoever can write there can name anything."""
    status = note.status.model_copy(deep=True)
    prune_rows(status, installation.public.profiles)
    return status
