"""How text and durations are shown to the operator, above all text of others: it may want to move their cursor."""

import unicodedata
from datetime import timedelta
from typing import Final

_LONGEST: Final = 500
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def printable(text: str) -> str:
    """The text with every control, format and line-breaking character shown as its code, and cut after 500."""
    shown = "".join(_shown(character) for character in text[:_LONGEST])
    return shown + ("…" if len(text) > _LONGEST else "")


def _shown(character: str) -> str:
    return f"\\u{ord(character):04x}" if unicodedata.category(character) in _UNSEEN else character


def span(value: timedelta | None) -> str:
    """A duration in its two largest units: `11h 4m`, `-3m 10s`."""
    if value is None:
        return "-"
    seconds = int(abs(value).total_seconds())
    parts = [(seconds // 86400, "d"), (seconds // 3600 % 24, "h"), (seconds // 60 % 60, "m"), (seconds % 60, "s")]
    first = next((index for index, (count, _) in enumerate(parts) if count), 3)
    text = " ".join(f"{count}{unit}" for count, unit in parts[first : first + 2])
    return f"-{text}" if value < timedelta(0) else text
