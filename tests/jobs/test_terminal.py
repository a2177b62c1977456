"""What others wrote is printed so that it can neither move the cursor nor look like something else."""

import pytest

from jobs.terminal import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("certificate 0A of demo is revoked", "certificate 0A of demo is revoked"),
        ("Prüfung — 日本", "Prüfung — 日本"),
        ("\x1b[2J\x1b]0;owned\x07", "\\u001b[2J\\u001b]0;owned\\u0007"),
        ("a\nb\rc\td", "a\\u000ab\\u000dc\\u0009d"),
        ("\u202egood\u2028\u200b", "\\u202egood\\u2028\\u200b"),
        ("\x9b31m", "\\u009b31m"),
    ],
)
def test_unseen_characters_are_shown_as_codes(text: str, shown: str) -> None:
    """Control, format and line-breaking characters; letters of any language stay."""
    assert printable(text) == shown


def test_long_text_is_cut() -> None:
    """A megabyte in a reply does not become a megabyte on the screen."""
    assert len(printable("x" * 1_000_000)) == 501
