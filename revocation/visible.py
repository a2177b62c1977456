"""How text of others is shown in a log or on a terminal, where it may want to look like something else."""

import unicodedata
from typing import Final

_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_BLANK_LETTERS: Final = frozenset(
    "\u115f\u1160\u3164\uffa0\u17b4\u17b5\u2800\u034f\u180b\u180c\u180d\u180f"
    + "".join(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
)
"""Fillers of Hangul, inherent vowels of Khmer, the blank of Braille, the joiner of graphemes, selectors of variations:
letters and signs by category, and empty."""


def visible(text: str) -> str:
    """The text with every control, format and line-breaking character, and what else is empty, shown as its code."""
    return text if text.isascii() and text.isprintable() else "".join(map(_shown, text))


def _shown(character: str) -> str:
    is_unseen = unicodedata.category(character) in _UNSEEN or character in _BLANK_LETTERS
    return f"\\u{ord(character):04x}" if is_unseen else character
