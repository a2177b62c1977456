"""Times in what others write: RFC 3339 with a zone, and such that they exist in UTC too."""

from datetime import UTC, datetime
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, AwareDatetime


def _in_utc(moment: datetime) -> datetime:
    """Refuse what lies before the year 1 or after 9999 in UTC: no later step could say it, or compare with it."""
    try:
        moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("is before the year 1 or after the year 9999 in UTC") from None
    return moment


def _whole(moment: datetime) -> datetime:
    if moment.microsecond:
        raise ValueError("has a fraction of a second, which no certificate can have (RFC 5280 section 4.1.2.5)")
    return moment


Instant: TypeAlias = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A time of a message, a reply or a row, with the zone that it was written with: a signature covers that."""

WholeInstant: TypeAlias = Annotated[Instant, AfterValidator(_whole)]
"""One that can stand in a certificate."""
