"""The course of a publisher's clock, from look to look: did it go on in steps, leap, or go back? Pure.

A clock that goes back was wrong before, or is wrong now, and nothing in the time itself says which. What was before
does: who comes back to where a leap began was ahead since then, and who comes back from where steps led is behind now.
A leap may be right, as after months without a look: once steps went on from there for a week, it is a step like others.

What a step is, the last looks say, however they come: each minute, by cron once a month, or some of them in a row and
then none for long. So the two longest of their gaps do not count: a clock that is wrong may leap more than once.
"""

from datetime import datetime, timedelta
from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict

from revocation.clock import from_epoch
from revocation.windows import SKEW

_LEAST: Final = timedelta(hours=1)
_SETTLED: Final = timedelta(days=7)
_NEVER: Final = from_epoch(0)
_GAPS: Final = 12
_LONGEST: Final = 2
_MOST_LEAPS: Final = 16
"""Of a machine that is on for minutes a day; a clock that is wrong does not leap so often."""


class Leap(BaseModel):
    """Two looks with more between them than there mostly is.

    Attributes:
        before: of the first look there ever was, long ago: its clock may have been wrong as well.
        went_on: the steps since, all together.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    before: AwareDatetime
    after: AwareDatetime
    went_on: timedelta = timedelta(0)

    def skips(self, now: datetime) -> bool:
        """Whether a time lies in it."""
        return self.before - SKEW <= now < self.after


class Course(BaseModel):
    """What is known of a clock at a look.

    Attributes:
        last: the time of the look.
        latest: how far looks came; later than the last where this clock is behind.
        gaps: between the looks before that, the latest last.
        leaps: those that are not settled yet, the oldest first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    last: AwareDatetime
    latest: AwareDatetime
    gaps: tuple[timedelta, ...] = ()
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
                return self._before(place)._on(now)
        return self.model_copy(update={"last": now})

    def _before(self, place: int) -> "Course":
        """Without a leap and what came after it, which is no measure any more."""
        wrong = min(leap.after - leap.before for leap in self.leaps[place:])
        gaps = tuple(gap for gap in self.gaps if gap < wrong)
        return Course(last=self.last, latest=self.leaps[place].before, gaps=gaps, leaps=self.leaps[:place])

    def _on(self, now: datetime) -> "Course":
        gap = max(now - self.latest, timedelta(0))
        if gap > max(_LEAST, 2 * self._step):
            leaps = [*self.leaps, Leap(before=self.latest, after=now)]
        else:
            leaps = [leap.model_copy(update={"went_on": leap.went_on + gap}) for leap in self.leaps]
        unsettled = tuple(leap for leap in leaps if leap.went_on < _SETTLED)[-_MOST_LEAPS:]
        gaps = (*self.gaps, gap)[-_GAPS:]
        return Course(last=now, latest=max(now, self.latest), gaps=gaps, leaps=unsettled)

    @property
    def _step(self) -> timedelta:
        """How long it takes from look to look, at most, but for the two longest gaps."""
        return max(sorted(self.gaps)[:-_LONGEST], default=timedelta(0))
