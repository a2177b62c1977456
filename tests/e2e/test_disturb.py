"""What is planned to go wrong goes wrong, and a clock that is to be wrong is."""

import os
import random
import sys
import time
from pathlib import Path

import pytest

from tests.e2e.disturb import Disturbance, Planned, plan, settled
from tests.e2e.process import Program

OFF = 3600
ASKED_FOR_THE_TIME = "import os, time; print(int(time.time()), os.getpid()); print('ready'); time.sleep(3600)"


def nothing() -> None:
    """What a disturbance does that is only planned."""


CLOCKS = [Disturbance(f"advance signer-{number}", nothing, nothing, ahead=OFF) for number in range(9)]
KILLS = [Disturbance(f"kill signer-{number}", nothing, nothing) for number in range(9)]


def test_no_two_clocks_are_wrong_at_once_nor_is_a_program_disturbed_twice() -> None:
    """Over twenty plans."""
    for seed in range(20):
        planned = plan([*CLOCKS, *KILLS], 300, random.Random(seed))
        for number, one in enumerate(planned):
            for other in planned[number + 1 :]:
                if other.begins < one.ends:
                    assert not (one.what.ahead and other.what.ahead)
                    assert one.what.target != other.what.target


def test_clocks_run_ahead_now_and_then_alone() -> None:
    """Else nothing would be signed most of the time."""
    for seed in range(20):
        ran = [one for one in plan([*CLOCKS, *KILLS], 1500, random.Random(seed)) if one.what.ahead]
        assert 1 < len(ran) < 6


def test_clock_that_ran_ahead_has_settled_when_its_time_has_come() -> None:
    """A clock that was slow, and all else, are over when they are."""
    slow = Disturbance("set-back signer-1", nothing, nothing, ahead=-OFF)
    assert settled([Planned(5, 30, CLOCKS[0]), Planned(31, 40, slow), Planned(35, 60, KILLS[0])]) == 30 + OFF
    assert settled([Planned(31, 40, slow), Planned(35, 60, KILLS[0])]) == 0


@pytest.mark.judge("libfaketime")
@pytest.mark.parametrize("ahead", [OFF, -OFF])
def test_program_that_is_restarted_with_a_wrong_clock_has_it_until_the_next_restart(tmp_path: Path, ahead: int) -> None:
    """And nothing of it is left in shared memory."""
    command = [sys.executable, "-c", ASKED_FOR_THE_TIME]
    program = Program("clock", command, {**os.environ, "PYTHONUNBUFFERED": "1"}, tmp_path / "log")

    def shown() -> tuple[int, int]:
        program.await_ready()
        at, pid, _ = program.said().split()
        return int(at), int(pid)

    try:
        program.start()
        at, _ = shown()
        assert abs(at - time.time()) < OFF / 2
        program.restart(ahead)
        at, pid = shown()
        assert abs(at - ahead - time.time()) < OFF / 2
        assert list(Path("/dev/shm").glob(f"*faketime*_{pid}"))
        program.restart(0)
        at, _ = shown()
        assert abs(at - time.time()) < OFF / 2
    finally:
        program.kill()
    assert not list(Path("/dev/shm").glob(f"*faketime*_{pid}"))
