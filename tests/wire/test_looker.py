"""The thread that looks by itself in every worker."""

import threading
import time

import pytest

from revocation.errors import TargetError
from revocation.wire.looker import Looker
from tests.waiting import until


def test_looker_goes_on_after_whatever_a_look_ends_with() -> None:
    """An explained error and a defect alike: woken again, it looks again."""
    ends: list[Exception | None] = [TargetError("full"), ZeroDivisionError(), None]
    looked = threading.Semaphore(0)

    def look() -> None:
        looked.release()
        end = ends.pop(0)
        if end:
            raise end

    looker = Looker(look, period=3600)
    looker.start()
    for _ in range(2):
        assert looked.acquire(timeout=10)
        looker.wake()
    assert looked.acquire(timeout=10)
    looker.stop(10)
    assert ends == []


def test_looker_looks_though_nobody_wakes_it() -> None:
    """At the start, after its period, and when the look before asked for one sooner."""
    looked = threading.Semaphore(0)
    for period, asked in ((0.01, None), (3600, 0.01)):

        def look(wait: float | None = asked) -> float | None:
            looked.release()
            return wait

        looker = Looker(look, period)
        looker.start()
        assert all(looked.acquire(timeout=10) for _ in range(3))
        looker.stop(10)


def test_waking_during_a_look_leads_to_another() -> None:
    """What became due while a look was under way is not left for a minute."""
    begun, go_on = threading.Semaphore(0), threading.Semaphore(0)

    def look() -> None:
        begun.release()
        go_on.acquire()

    looker = Looker(look, period=3600)
    looker.start()
    assert begun.acquire(timeout=10)
    looker.wake()
    go_on.release()
    assert begun.acquire(timeout=10)
    go_on.release()
    looker.stop(10)


def assert_only_a_hurry_leads_to_another(looker: Looker, looks: list[None]) -> None:
    """Started, it looks; woken softly, it does not for a while; and then it does."""
    looker.start()
    until(lambda: looks)
    for _ in range(30):
        looker.wake_soon()
        time.sleep(0.01)
    assert len(looks) == 1
    looker.wake()
    until(lambda: len(looks) == 2)


def test_what_may_wait_a_moment_is_looked_at_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not looked at until a while after the last look began, unless somebody is in a hurry; and then it is."""
    monkeypatch.setattr("revocation.wire.looker._TOGETHER_SECONDS", 60)
    looks: list[None] = []
    looker = Looker(lambda: looks.append(None), period=3600)
    assert_only_a_hurry_leads_to_another(looker, looks)
    monkeypatch.setattr("revocation.wire.looker._TOGETHER_SECONDS", 0.1)
    looker.wake()
    until(lambda: len(looks) == 3)
    looker.wake_soon()
    until(lambda: len(looks) == 4)
    looker.stop(5)


def test_what_may_wait_a_moment_waits_for_the_look_that_is_asked_for_within_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A look before would find nothing that it may do; who is in a hurry is not kept waiting."""
    monkeypatch.setattr("revocation.wire.looker._SOON_SECONDS", 60)
    monkeypatch.setattr("revocation.wire.looker._TOGETHER_SECONDS", 0)
    looks: list[None] = []
    looker = Looker(lambda: looks.append(None) or 60, period=3600)
    assert_only_a_hurry_leads_to_another(looker, looks)
    looker.stop(5)
