"""The course of a publisher's clock, from look to look: did it go on in steps, leap, or go back? Pure.

A clock that goes back was wrong before, or is wrong now, and nothing in the time itself says which. What was before
does: who comes back to where a leap began was ahead since then, and who comes back from where steps led is behind now.
A leap may be right, as after months without a look: once looks went on from there for a week, it is a step like others.
"""

from datetime import datetime, timedelta
from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict

from revocation.clock import from_epoch
from revocation.windows import SKEW

_LEAST: Final = timedelta(hours=1)
_SETTLED: Final = timedelta(days=7)
_NEVER: Final = from_epoch(0)


class Leap(BaseModel):
    """Two looks with more between them than there mostly is.

    Attributes:
        before: of the first look there ever was, long ago: its clock may have been wrong as well.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    before: AwareDatetime
    after: AwareDatetime

    def skips(self, now: datetime) -> bool:
        """Whether a time lies in it."""
        return self.before - SKEW <= now < self.after


class Course(BaseModel):
    """What is known of a clock at a look.

    Attributes:
        last: the time of the look.
        latest: how far looks came; later than the last where this clock is behind.
        step: between the two looks before that.
        leaps: those that are not settled yet, the oldest first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    last: AwareDatetime
    latest: AwareDatetime
    step: timedelta = timedelta(0)
    leaps: tuple[Leap, ...] = ()

    @classmethod
    def begun(cls, now: datetime) -> "Course":
        """Of the first look of which anything is known."""
        return cls(last=now, latest=now, leaps=(Leap(before=_NEVER, after=now),))

    @property
    def is_behind(self) -> bool:
        """Whether this clock shows less than steps had led to."""
        return self.last + SKEW < self.latest

    @property
    def sure(self) -> datetime:
        """The time that it is at least: by a later one nothing is let go of that could not be had again."""
        return min(self.leaps[0].before if self.leaps else self.latest, self.last)

    def went_back(self, now: datetime) -> bool:
        """Whether a look at that time has another clock than the one before it."""
        return now + SKEW < self.last

    def at(self, now: datetime) -> "Course":
        """What is known with one more look."""
        if now + SKEW >= self.latest:
            return self._on(now)
        for place, leap in enumerate(self.leaps):
            if leap.skips(now):
                if leap.before == _NEVER:
                    return self.begun(now)
                return self.model_copy(update={"latest": leap.before, "leaps": self.leaps[:place]})._on(now)
        return self.model_copy(update={"last": now})

    def _on(self, now: datetime) -> "Course":
        step = max(now - self.latest, timedelta(0))
        if step > max(_LEAST, 2 * self.step):
            leaps = (*self.leaps, Leap(before=self.latest, after=now))
        else:
            leaps = tuple(leap for leap in self.leaps if now - leap.after < _SETTLED)
        return Course(last=now, latest=max(now, self.latest), step=step, leaps=leaps)
