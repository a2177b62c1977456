"""A series of CRLs: one ceremony signs those of a year, each of which begins while the one before it is still valid."""

from datetime import timedelta
from typing import Final

from pydantic import Field, model_validator

from revocation.configfile import Table
from revocation.durations import Duration, show

_SHORTEST: Final = timedelta(hours=1)
_EARLY: Final = 10


class CRLSeries(Table):
    """How many CRLs a ceremony signs at once, and how far apart they begin."""

    count: int = Field(ge=2, le=400, description="How many, the first of which begins at the ceremony.")
    every: Duration = Field(description="From the beginning of one to that of the next; `renewal` is the same.")

    @model_validator(mode="after")
    def _not_too_often(self) -> "CRLSeries":
        if self.every < _SHORTEST:
            raise ValueError(f"every ({show(self.every)}) must be at least {show(_SHORTEST)}")
        return self

    @property
    def ahead(self) -> timedelta:
        """How far after the ceremony the last one begins."""
        return (self.count - 1) * self.every

    def early(self, expires: timedelta) -> timedelta:
        """How long before the end of the last one the next ceremony is due: once it is the only one that is left.

        Or when a tenth of the series is left, where that is more.
        """
        return max(expires, self.count * self.every / _EARLY)
