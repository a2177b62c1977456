"""Who waits for a server that is away, and for how long, with the time as an argument."""

from collections.abc import Iterator
from threading import Event

import pytest

from responder import breaker
from responder.breaker import REST, Breaker
from tests.responder.serverstore import Seconds

MOMENT = 0.05
"""Seconds that one request in each second waits."""


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long requests would have waited, one after the other."""
    found = list[float]()

    class Noting(Event):
        def wait(self, timeout: float | None = None) -> bool:
            found.append(timeout or 0.0)
            return self.is_set()

    monkeypatch.setattr(breaker, "Event", Noting)
    return found


@pytest.fixture
def away(waits: list[float], seconds: Seconds) -> Iterator[Breaker]:
    """Of a server that has just failed and answers no attempt until the test ends."""
    ended = Event()
    broken = Breaker(lambda: ended.wait(60), seconds, MOMENT)
    broken.failed()
    yield broken
    ended.set()


def ask(away: Breaker, seconds: Seconds, *times: float) -> None:
    """Requests at these times."""
    for seconds.now in times:
        assert not away.lets_through()


def test_one_request_a_second_waits_and_the_others_for_a_glimpse(
    away: Breaker, waits: list[float], seconds: Seconds
) -> None:
    """Else each of many would hold its process up for as long, one after the other."""
    ask(away, seconds, 1.5, *(REST + number / 4 for number in range(9)))
    assert [number for number, wait in enumerate(waits) if wait == MOMENT] == [0, 4, 8]
    assert max(wait for wait in waits if wait != MOMENT) < MOMENT / 100


def test_request_that_comes_alone_waits_longer(away: Breaker, waits: list[float], seconds: Seconds) -> None:
    """The attempt runs only while somebody waits, so one request every few seconds would see it end late."""
    ask(away, seconds, 4.0, 8.0, 8.5, 9.0, 9.5, 10.5)
    assert [wait >= MOMENT * 10 for wait in waits] == [True, True, False, False, False, True]
