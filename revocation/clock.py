"""The one place that reads the clock. Entry points call `now()`; everything below them takes it as an argument."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeAlias

Clock: TypeAlias = Callable[[], datetime]
"""What long work asks for the time again and again: `now`, or in tests and for a single moment `fixed`."""


def now() -> datetime:
    """The current time, UTC, whole seconds: the resolution of every time in a CRL or an OCSP response."""
    return datetime.now(UTC).replace(microsecond=0)


def seconds_until(moment: datetime) -> float:
    """How long it still is until then, with fractions: who waits for a second to begin does not miss half of it."""
    return (moment - datetime.now(UTC)).total_seconds()


def fixed(moment: datetime) -> Clock:
    """A clock that stands still."""
    return lambda: moment


def epoch(moment: datetime) -> int:
    """`moment` as whole seconds since 1970-01-01T00:00:00Z."""
    return int(moment.timestamp())


def from_epoch(seconds: int) -> datetime:
    """The UTC time that many seconds after 1970-01-01T00:00:00Z."""
    return datetime.fromtimestamp(seconds, UTC)


def iso(moment: datetime) -> str:
    """`moment` as people and JSON read it: `2026-03-01T12:00:00Z`."""
    plain = moment.astimezone(UTC).replace(tzinfo=None)
    return f"{plain.isoformat(timespec='seconds')}Z"  # strftime writes the year 848 with three digits
