"""Whether this machine's clock is behind what is published: then something is wrong with it, or was."""

from collections.abc import Sequence
from datetime import datetime

from revocation.clock import iso
from revocation.config import PublicConfig
from revocation.durations import show
from revocation.errors import RevocastError
from revocation.published import TargetStatus
from revocation.windows import SKEW


def clock_behind(statuses: Sequence[TargetStatus], public: PublicConfig, now: datetime) -> list[RevocastError]:
    """A problem for each target whose newest CRL starts later than now, by more than clocks may be apart."""
    found = []
    for status in statuses:
        newest = max(status.crls, key=lambda row: row.this_update, default=None)
        if newest is not None and newest.this_update > now + SKEW:
            found.append(
                RevocastError(
                    f"is published with the thisUpdate {iso(newest.this_update)}; the clock says {iso(now)}, "
                    f"{show(newest.this_update - now)} earlier",
                    where=f"{status.target}: {public.profiles[newest.issuer].crls[newest.label]}",
                    advice="set the clock right; if it ran ahead then: `revocast discard`",
                )
            )
    return found
