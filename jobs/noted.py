"""Where notes of the periodic work are read: in the queue server, or else in files of who does it on this machine."""

from datetime import datetime
from typing import TYPE_CHECKING

from jobs.installation import Installation
from revocation.published import TargetStatus
from revocation.wire.notefile import NoteFile
from revocation.wire.notes import Notes, all_names

if TYPE_CHECKING:
    from revocation.wire.journal import Journal

_SECONDS = 2.0


def read_notes(installation: Installation) -> Notes:
    """What is noted of all that this installation's configuration knows of.

    Raises:
        QueueUnreachable: a queue is configured, and cannot be reached.
        NotForUs: our user of the queue server may not read it.
    """
    if installation.jobs.queue is None:
        return _read_files(installation)
    from revocation.wire.queue import Wire  # rq and redis, only where there is a queue

    return Wire(installation.jobs.queue, _SECONDS).journal.read(all_names(installation.target_names))


def published(installation: Installation, journal: "Journal", now: datetime) -> list[TargetStatus]:
    """What every target says of itself, or, where none can be read from here, what publishers noted of their CRLs.

    Raises:
        QueueUnreachable: the queue cannot be reached.
        NotForUs: our user of the queue server may not read it.
    """
    statuses = installation.statuses(now)
    if any(status.crls or status.slices for status in statuses):
        return statuses
    return journal.published(installation.target_names)


def _read_files(installation: Installation) -> Notes:
    """The later time where both have one."""
    refreshed = NoteFile(installation.refreshed).read().successes
    if installation.publisher is None:
        return Notes(successes=refreshed)
    published = NoteFile(installation.publisher.noted).read().successes
    both = [*refreshed.items(), *published.items()]
    return Notes(successes=dict(sorted(both, key=lambda note: note[1])))
