"""Validations in threads, over a stand-in for the database: how many at a time, how often, and what is recorded."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from registrar.problem import Identifier, Problem, ProblemType
from registrar.validating import MOST_WAITING, Validating
from registrar.validation.challenge import Challenge, ChallengeType
from registrar.validation.config import Network
from registrar.validation.failure import MayPass
from revocation.clock import fixed
from tests.registrar.standin import StandInRecords
from tests.waiting import until

NOW = fixed(datetime(2026, 11, 30, 12, tzinfo=UTC))
QUICK = Network(pause=timedelta(milliseconds=20), at_once=2)
Check = Callable[[Challenge, Network], None]


def records(*names: str) -> StandInRecords:
    """Challenges whose ids are the names that they are about."""
    return StandInRecords(
        {name: Challenge(ChallengeType.HTTP_01, Identifier("dns", name), "token", "token.key") for name in names}
    )


@contextmanager
def running(over: StandInRecords, check: Check, network: Network = QUICK) -> Iterator[Validating]:
    """Threads at work."""
    validating = Validating(over, network, NOW, check=check)
    validating.start()
    yield validating
    validating.stop(5)


def met(challenge: Challenge, network: Network) -> None:
    """Every challenge is."""


class Failing:
    """Fails with each of these in turn, and then no more.

    Attributes:
        tries: how often it was asked.
    """

    def __init__(self, *errors: Exception) -> None:
        self._errors = list(errors)
        self.tries = 0

    def __call__(self, challenge: Challenge, network: Network) -> None:
        self.tries += 1
        if self._errors:
            raise self._errors.pop(0)


def passing() -> MayPass:
    return MayPass(ProblemType.CONNECTION, "could not connect")


def test_challenge_that_is_met_is_recorded_as_valid() -> None:
    """Once, however often it is asked for; what nobody waits for is let be."""
    over = records("a", "b")
    with running(over, met) as validating:
        for name in ("a", "b", "a", "gone"):
            assert validating.ask(name)
        over.until_judged(2)
    assert (sorted(over.valid_ids), over.problems) == (["a", "b"], {})


def test_challenge_that_failed_for_good_is_tried_once() -> None:
    """The problem is recorded as it is."""
    over, check = records("a"), Failing(problem := Problem(ProblemType.UNAUTHORIZED, "answered with 404"))
    with running(over, check) as validating:
        validating.ask("a")
        over.until_judged(1)
    assert (check.tries, over.problems) == (1, {"a": problem})


def test_challenge_that_fails_by_the_network_is_tried_again() -> None:
    """It is met at the third try."""
    over, check = records("a"), Failing(passing(), passing())
    with running(over, check) as validating:
        validating.ask("a")
        over.until_judged(1)
    assert (check.tries, over.valid_ids) == (3, ["a"])


def test_challenge_that_fails_by_the_network_is_given_up_after_some_tries() -> None:
    """As many as are configured; the last problem is recorded."""
    over, check = records("a"), Failing(*(passing() for _ in range(9)))
    with running(over, check) as validating:
        validating.ask("a")
        over.until_judged(1)
    assert (check.tries, over.problems["a"].type) == (QUICK.tries, ProblemType.CONNECTION)


def test_pauses_between_tries_double() -> None:
    """By a clock of the test's own: 20 ms, then 40 ms."""
    over, check, at = records("a"), Failing(passing(), passing()), [0.0]
    validating = Validating(over, QUICK, NOW, clock=lambda: at[0], check=check)
    validating.ask("a")
    for moment, tries in ((0.0, 1), (0.019, 1), (0.021, 2), (0.060, 2), (0.062, 3)):
        at[0] = moment
        while (turn := validating.take()) is not None:
            validating.do(turn)
        assert check.tries == tries, moment
    assert over.valid_ids == ["a"]


def test_defect_of_ours_ends_as_such(caplog: pytest.LogCaptureFixture) -> None:
    """It is tried again as often as the network, then told without its words, which stand in the log."""
    over, check = records("a"), Failing(*(ZeroDivisionError("secret") for _ in range(9)))
    with running(over, check) as validating:
        validating.ask("a")
        over.until_judged(1)
    assert (check.tries, over.problems["a"].type) == (QUICK.tries, ProblemType.SERVER_INTERNAL)
    assert "secret" not in over.problems["a"].detail
    assert "ZeroDivisionError: secret" in caplog.text


def test_challenge_is_found_by_a_look_after_the_database_was_away() -> None:
    """What was asked for meanwhile is forgotten here, and stands there."""
    over = records("a")
    over.fails = True
    with running(over, met) as validating:
        validating.ask("a")
        until(lambda: not validating.known)
        over.fails = False
        validating.look()
        over.until_judged(1)
    assert over.valid_ids == ["a"]


def test_challenges_are_validated_several_at_a_time_and_no_more() -> None:
    """Two of four, where two are configured: one that hangs holds up no other."""
    over, barrier, now, most = records("a", "b", "c", "d"), threading.Barrier(2, timeout=5), [0], [0]
    lock = threading.Lock()

    def check(challenge: Challenge, network: Network) -> None:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        barrier.wait()
        with lock:
            now[0] -= 1

    with running(over, check) as validating:
        validating.look()
        over.until_judged(4)
    assert most == [2]


def test_no_more_wait_in_memory_than_is_bounded() -> None:
    """The others wait in the database, and are looked for again."""
    over = records(*(str(number) for number in range(MOST_WAITING + 5)))
    validating = Validating(over, QUICK, NOW, check=met)
    validating.look()
    assert len(validating.known) == MOST_WAITING
    assert not validating.ask("another")


def test_stopping_begins_nothing_more() -> None:
    """And waits for what is at hand."""
    over, begun, go_on = records("a", "b"), threading.Event(), threading.Event()

    def check(challenge: Challenge, network: Network) -> None:
        begun.set()
        go_on.wait(5)

    validating = Validating(over, Network(at_once=1), NOW, check=check)
    validating.start()
    validating.look()
    assert begun.wait(5)
    threading.Timer(0.05, go_on.set).start()
    validating.stop(5)
    assert over.valid_ids == ["a"]
