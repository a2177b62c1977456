"""Printing what others wrote: a reply or a status may come from somebody who wants to move the operator's cursor."""

import unicodedata
from typing import Final

_LONGEST: Final = 500
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def printable(text: str) -> str:
    """The text with every control, format and line-breaking character shown as its code, and cut after 500."""
    shown = "".join(_shown(character) for character in text[:_LONGEST])
    return shown + ("…" if len(text) > _LONGEST else "")


def _shown(character: str) -> str:
    return f"\\u{ord(character):04x}" if unicodedata.category(character) in _UNSEEN else character
