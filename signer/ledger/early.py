"""Not yet: thisUpdate rises by whole seconds, and nothing is signed for a time before what it says was revoked."""

from datetime import datetime, timedelta
from typing import Final

ONE_SECOND: Final = timedelta(seconds=1)


class TooEarly(Exception):
    """What is to be signed has to wait until `not_before`."""

    def __init__(self, not_before: datetime) -> None:
        super().__init__(not_before)
        self.not_before = not_before


def require(now: datetime, not_before: datetime | None) -> None:
    """Return if that time has come.

    Raises:
        TooEarly: it has not.
    """
    if not_before is not None and now < not_before:
        raise TooEarly(not_before)
