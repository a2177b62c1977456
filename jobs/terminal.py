"""How text and durations are shown to the operator, above all text of others: it may want to move their cursor."""

from datetime import timedelta
from typing import Final

from revocation.visible import visible

_LONGEST: Final = 500


def printable(text: str) -> str:
    """The text with every control, format and line-breaking character shown as its code, and cut after 500."""
    return visible(text[:_LONGEST]) + ("…" if len(text) > _LONGEST else "")


def span(value: timedelta | None) -> str:
    """A duration in its two largest units: `11h 4m`, `-3m 10s`."""
    if value is None:
        return "-"
    seconds = int(abs(value).total_seconds())
    parts = [(seconds // 86400, "d"), (seconds // 3600 % 24, "h"), (seconds // 60 % 60, "m"), (seconds % 60, "s")]
    first = next((index for index, (count, _) in enumerate(parts) if count), 3)
    text = " ".join(f"{count}{unit}" for count, unit in parts[first : first + 2])
    return f"-{text}" if value < timedelta(0) else text
