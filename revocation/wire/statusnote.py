"""What a publisher tells of a target in the queue server, for who can read neither the target nor its marks. Pure.

It is a claim, as every note: `status` shows it as the publisher's word, and `check` fetches and verifies.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from pydantic import BaseModel, ConfigDict

from revocation.instant import Instant
from revocation.published import Count, TargetStatus
from revocation.visible import visible

_MOST_ROWS: Final = 1000
_MOST_SENTENCES: Final = 20
_LONGEST_SENTENCE: Final = 500


class StatusNote(BaseModel):
    """One target, as its publisher saw it last.

    Attributes:
        at: when that was.
        status: with the rows that are to be renewed first, where there are more than a note can carry.
        left_out: how many rows it could not.
        alarms: what threatens the target.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    at: Instant
    status: TargetStatus
    left_out: Count = 0
    alarms: tuple[str, ...] = ()

    @classmethod
    def read(cls, text: bytes) -> "StatusNote":
        """What is noted, without what only a later version knows, in the status too: a note is no proof of anything.

        Raises:
            ValueError: it is none.
        """
        return cls.model_validate_json(text, extra="ignore")

    def text(self) -> str:
        """As it is noted."""
        return self.model_dump_json(exclude={"status": self.status.unsaid})


def note_of(status: TargetStatus, alarms: Iterable[str], now: datetime) -> StatusNote:
    """What is told of a target: its rows and what is in their way, and not which bundles it has taken."""
    crls = sorted(status.crls, key=lambda row: row.renew_at)[:_MOST_ROWS]
    slices = sorted(status.slices, key=lambda row: row.renew_at)[:_MOST_ROWS]
    told = TargetStatus(
        target=status.target,
        kinds=status.kinds,
        updated_at=status.updated_at,
        crls=sorted(crls, key=lambda row: (row.issuer, row.label)),
        slices=sorted(slices, key=lambda row: (row.issuer, row.slice)),
        set_aside=[
            one.model_copy(update={"reason": _short(one.reason)}) for one in status.set_aside[-_MOST_SENTENCES:]
        ],
        held=[one.model_copy(update={"reason": _short(one.reason)}) for one in status.held[:_MOST_SENTENCES]],
        leftovers=status.leftovers[:_MOST_SENTENCES],
        put_back=status.put_back[:_MOST_SENTENCES],
        disturbed=status.disturbed[-_MOST_SENTENCES:],
        scheduled=sorted(status.scheduled, key=lambda one: one.this_update)[:_MOST_ROWS],
    )
    left_out = len(status.crls) + len(status.slices) - len(crls) - len(slices)
    sentences = tuple(_short(alarm) for alarm in list(alarms)[:_MOST_SENTENCES])
    return StatusNote(at=now, status=told, left_out=left_out, alarms=sentences)


def _short(sentence: str) -> str:
    return visible(sentence[:_LONGEST_SENTENCE])
