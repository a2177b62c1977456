"""Durations as operators write them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revocation.durations import parse, show, spelled


@given(st.integers(0, 10**9))
def test_duration_shown_is_read_back(seconds: int) -> None:
    """What a message shows can be pasted into the configuration."""
    assert parse(show(timedelta(seconds=seconds))) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), (" 15 m ", 900), ("12h", 43200), ("7d", 604800), ("2w", 1209600), ("0s", 0)]
)
def test_duration_is_a_number_and_a_unit(text: str, seconds: int) -> None:
    """Five units, white space allowed."""
    assert parse(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(("seconds", "text"), [(0, "0s"), (90, "90s"), (3600, "1h"), (129600, "36h"), (1209600, "14d")])
def test_duration_is_shown_in_the_largest_exact_unit(seconds: int, text: str) -> None:
    """36 hours stay 36 hours: nothing is rounded."""
    assert show(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (43_199_999, "499d 23h 59m 59s"),
        (86_400 + 60, "1d 1m"),
        (90, "90s"),
        (5400, "90m"),
        (169 * 3600, "169h"),
        (0, "0s"),
    ],
)
def test_duration_that_no_unit_divides_is_spelled_out(seconds: int, text: str) -> None:
    """Nobody sees that 43199999s are 500 days but for a second."""
    assert spelled(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    "text", ["", "12", "h", "-1h", "1.5h", "1h30m", "1 month", "12H", "٣h", "9" * 18 + "w", "9" * 99 + "s"]
)
def test_duration_of_another_form_is_refused(text: str) -> None:
    """With the text in the message, and never another error than ValueError."""
    with pytest.raises(ValueError, match="duration"):
        parse(text)
