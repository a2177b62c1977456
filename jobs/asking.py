"""Whether schedulers still ask. Signer and publishers look by themselves, so nothing else shows that none does. Pure.

Without any, a publisher that missed a hint is told of no bundle, `check_published` is not made, and work that was lost
waits for the next look: worth knowing, and no emergency. Who asks otherwise, by `jobs.api` or cron, has none and misses
none: one is missed where the queue server knows of one, or the configuration wants what only a scheduler does.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from revocation.clock import iso
from revocation.windows import SKEW
from revocation.wire.notes import Notes

_PATIENCE: Final = timedelta(minutes=5)
"""A scheduler asks every minute at least: one that is restarted or held up misses fewer."""
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

    @property
    def goes_on(self) -> bool:
        """Whether what is not done now will be asked for again."""
        return self.last is not None and not self.trouble


def asking(notes: Notes, now: datetime, *, expected: bool) -> Asking:
    """Whether one has asked within five minutes; a time to come counts for nothing.

    Args:
        expected: whether there has to be one, though none is noted.
    """
    last = max((at for at in notes.asked.values() if at <= now + SKEW), default=None)
    if last is None:
        return Asking(None, f"that any scheduler has asked is not noted: {_LOOK}" if expected else "")
    if now - last < _PATIENCE:
        return Asking(last, "")
    return Asking(last, f"no scheduler has asked since {iso(last)}: {_LOOK}")
