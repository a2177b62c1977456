"""When an artifact may be published: from thisUpdate until nextUpdate, and no longer than its profile allows."""

from datetime import datetime, timedelta

from revocation.clock import iso
from revocation.durations import show
from revocation.errors import Expired, GateError, NotYetValid
from revocation.windows import SKEW


def check_window(this_update: datetime, next_update: datetime, now: datetime) -> None:
    """Return if `now` lies in the window.

    Raises:
        NotYetValid: it starts later, however much: a clock that is slow must not cost a bundle.
        Expired: it has ended.
        GateError: it ends before it starts.
    """
    if next_update <= this_update:
        raise GateError(f"its nextUpdate {iso(next_update)} is not after its thisUpdate {iso(this_update)}")
    if next_update <= now:
        raise Expired(f"it has expired: nextUpdate was {iso(next_update)} and it is {iso(now)}")
    if this_update > now:
        raise NotYetValid(
            f"its thisUpdate {iso(this_update)} is not reached yet; held until then",
            advice="compare the clocks of the signer and of this machine" if this_update > now + SKEW else None,
        )


def check_length(this_update: datetime, next_update: datetime, expires: timedelta) -> None:
    """Return if the window is no longer than the profile's, give or take the skew of clocks.

    Raises:
        GateError: it is longer.
    """
    if next_update - this_update > expires + SKEW:
        raise GateError(
            f"its window of {show(next_update - this_update)} is longer than `expires` of the profile ({show(expires)})"
        )
