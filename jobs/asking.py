"""Whether schedulers still ask. Signer and publishers look by themselves, so nothing else shows that none does. Pure.

Without any, a publisher that missed a hint is told of no bundle, `check_published` is not made, and work that was lost
waits for the next look: worth knowing, and no emergency.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from jobs.schedule import Task
from revocation.clock import iso
from revocation.windows import SKEW
from revocation.wire.notes import Notes

_SLOTS: Final = 5
"""Of the most frequent task: a scheduler that is restarted or held up misses fewer."""
_LOOK: Final = "signer and publishers look by themselves; see whether `revocast scheduler` runs or hangs, and its log"


@dataclass(frozen=True)
class Asking:
    """What is noted of schedulers.

    Attributes:
        last: when one last asked for anything; None where that is not noted.
        trouble: what is wrong; empty where nothing is.
    """

    last: datetime | None
    trouble: str


def asking(all_tasks: Iterable[Task], notes: Notes, now: datetime) -> Asking:
    """Whether one has asked within five slots of the most frequent task; a time to come counts for nothing."""
    last = max((at for at in notes.asked.values() if at <= now + SKEW), default=None)
    often = min(all_tasks, key=lambda task: task.interval)
    if last is None:
        return Asking(None, f"that any scheduler has asked is not noted: {_LOOK}")
    if often.slot(now) - often.slot(last) < _SLOTS:
        return Asking(last, "")
    return Asking(last, f"no scheduler has asked since {iso(last)}: {_LOOK}")
