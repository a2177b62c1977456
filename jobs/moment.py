"""Times as people type them on a command line."""

from datetime import UTC, datetime
from typing import Any

import click


class Moment(click.ParamType[datetime]):
    """A time such as `2026-03-01T12:00:00Z`, or a date; without a zone it is UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The time in UTC, whole seconds."""
        if isinstance(value, datetime):
            return value
        try:
            found = datetime.fromisoformat(value)
            zoned = found if found.tzinfo else found.replace(tzinfo=UTC)
            return zoned.astimezone(UTC).replace(microsecond=0)
        except (ValueError, OverflowError):  # the second one: before the year 1 or after 9999 in UTC
            self.fail(f"{value!r} is not a time: write 2026-03-01T12:00:00Z or 2026-03-01", param, ctx)
