"""How long caches may keep an answer: never to nextUpdate, and not past the moment when a newer one should be there."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responder.caching import max_age, response_headers
from revocation.clock import epoch, from_epoch
from revocation.store import StoredResponse
from tests.authority import NOW

HOUR = timedelta(hours=1)
START = epoch(NOW)


def stored(fresh: int, lives: int) -> StoredResponse:
    """A response of NOW that is to be replaced, and expires, after so many seconds."""
    return StoredResponse(START, START + lives, START + fresh, b"\x30\x00")


@pytest.mark.parametrize(
    ("fresh", "lives", "age", "seconds"),
    [
        (43200, 86400, 0, 3600),  # the cap
        (43200, 86400, 43200 - 600, 600),  # the replacement is due before
        (43200, 86400, 43200 - 1, 1),
        (43200, 86400, 43200, 60),  # overdue: look again soon
        (43200, 86400, 86400 - 30, 29),  # overdue and about to expire
        (43200, 86400, 86400 - 1, 0),
        (86400, 86400, 86400 - 100, 99),  # planned for the very end
        (90000, 86400, 86400 - 100, 99),  # planned for after the end
    ],
)
def test_max_age_of_a_response(fresh: int, lives: int, age: int, seconds: int) -> None:
    """By the response's times and its age."""
    assert max_age(stored(fresh, lives), from_epoch(START + age), HOUR) == seconds


@given(fresh=st.integers(0, 10**6), lives=st.integers(1, 10**6), age=st.integers(0, 10**6), cap=st.integers(0, 10**6))
def test_max_age_never_reaches_next_update(fresh: int, lives: int, age: int, cap: int) -> None:
    """Whatever the times, as long as the response may be handed out at all."""
    if age < lives:
        seconds = max_age(stored(fresh, lives), from_epoch(START + age), timedelta(seconds=cap))
        assert 0 <= seconds <= cap
        assert age + seconds < lives


def test_headers_are_those_of_rfc_9919() -> None:
    """Dates end in GMT, as HTTP's do and peers' do not."""
    assert response_headers(stored(43200, 86400), NOW, HOUR) == {
        "Last-Modified": "Sun, 01 Mar 2026 12:00:00 GMT",
        "Expires": "Mon, 02 Mar 2026 12:00:00 GMT",
        "Cache-Control": "max-age=3600, public, no-transform, must-revalidate",
    }
