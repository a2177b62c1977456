"""Looking at many files a part at a time: a round of millions ends within hours, and no look takes long."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from publisher.targets.lmdb import LMDBTarget
from revocation.clock import epoch

_A_MINUTE: Final = 20_000
_LEAST: Final = 1_000
_MOST: Final = 100_000
_ROUND: Final = b"round"


def next_part(index: LMDBTarget, now: datetime) -> Sequence[tuple[bytes, int]]:
    """Keys and nextUpdates of the responses whose turn it is: as many as the time since the last part gives.

    The index remembers how far a round came, unless it ended at once.
    """
    since, _, place = (index.noted(_ROUND) or b"").partition(b" ")
    seconds = epoch(now) - int(since) if since.isdigit() else 60
    count = max(_LEAST, min(_MOST, _A_MINUTE * seconds // 60))
    rows = index.row(place, count)
    goes_on = len(rows) == count
    if goes_on or place:
        index.note(_ROUND, f"{epoch(now)} ".encode() + (rows[-1][0] if goes_on else b""))
    return rows
