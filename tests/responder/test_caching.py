"""How long caches may keep an answer: never to nextUpdate, and not past the moment when a newer one should be there."""

import hashlib
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responder.caching import jittered, max_age, response_headers
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
    assert response_headers(stored(43200, 86400), NOW, HOUR, "0" * 64) == {
        "Last-Modified": "Sun, 01 Mar 2026 12:00:00 GMT",
        "Expires": "Mon, 02 Mar 2026 12:00:00 GMT",
        "Cache-Control": "max-age=3600, public, no-transform, must-revalidate",
    }
    latest = response_headers(stored(43200, 86400), NOW, HOUR, "ffff" + "0" * 60)
    assert latest["Cache-Control"] == "max-age=3151, public, no-transform, must-revalidate"


@given(seconds=st.integers(0, 10**6), tag=st.binary(min_size=32, max_size=32).map(bytes.hex))
def test_jitter_shortens_by_an_eighth_at_most(seconds: int, tag: str) -> None:
    """Never longer than what nextUpdate, the next response and the cap allow, and not by much."""
    assert seconds - seconds / 8 - 1 <= jittered(seconds, tag) <= seconds


def test_responses_made_together_are_not_fetched_anew_together() -> None:
    """A thousand of one slice, taken by a cache in one second: spread over more than 400 seconds of their last hour."""
    tags = [hashlib.sha256(bytes((n >> 8, n & 255))).hexdigest() for n in range(1000)]
    ages = [jittered(3600, tag) for tag in tags]
    assert max(ages) - min(ages) > 400
    assert max(ages.count(age) for age in set(ages)) < 15
