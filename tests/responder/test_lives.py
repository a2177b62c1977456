"""When the responder stops starting anew what ends, with the time as an argument."""

import pytest

from responder.counts import RESTARTS, alone
from responder.lives import MOST_EARLY, SETTLED, Lives
from revocation.errors import RevocastError


def test_too_many_early_deaths_in_a_row_are_an_error() -> None:
    """The fifth of them, and each before it was a restart."""
    sheet = alone()
    lives = Lives(sheet)
    for number in range(MOST_EARLY - 1):
        lives.began(100.0 * number)
        lives.ended(100.0 * number + 1)
    lives.began(1000)
    with pytest.raises(RevocastError, match="5 times in a row"):
        lives.ended(1000 + SETTLED - 0.1)
    assert sheet[RESTARTS] == MOST_EARLY - 1


def test_crashes_now_and_then_are_put_up_with_for_ever() -> None:
    """One that was there for a while begins the count anew."""
    sheet = alone()
    lives = Lives(sheet)
    for number in range(50):
        lives.began(100.0 * number)
        lives.ended(100.0 * number + (SETTLED if number % MOST_EARLY == 0 else 1))
    assert sheet[RESTARTS] == 50
