"""Processes that answer questions, when they hang: nobody waits for them for ever."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from revocation.processes import Processes

MODULE = "publisher.verifying"
NOTHING = b"[]\n"
"""The question whether the signatures of no responses are right."""


def stopped(patience: float) -> Processes:
    """Processes that were started, and hang."""
    processes = Processes(MODULE, "testing", patience=patience)
    processes.start()
    for pid in processes.pids:
        os.kill(pid, signal.SIGSTOP)
    return processes


@pytest.mark.parametrize("octets", [0, 1 << 20], ids=["read", "write"])
def test_process_that_hangs_is_killed_and_nothing_is_answered(octets: int, caplog: pytest.LogCaptureFixture) -> None:
    """Whether its answer is waited for, or its pipe is full before it has the question."""
    with stopped(0.1) as processes:
        pids = processes.pids
        assert [processes.ask(NOTHING + bytes(octets)) for _ in range(len(pids) + 1)] == [None] * (len(pids) + 1)
        assert caplog.text.count("a process for testing hung for 0.1 s and is killed") == len(pids)
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_processes_that_are_killed_keep_nobody_waiting(caplog: pytest.LogCaptureFixture) -> None:
    """What was asked is not answered, and nothing is told: it was meant."""
    with stopped(60) as processes, ThreadPoolExecutor() as pool:
        asked = [pool.submit(processes.ask, NOTHING) for _ in range(len(processes.pids) + 1)]
        processes.kill()
        assert [one.result() for one in asked] == [None] * len(asked)
        pids = processes.pids
    assert caplog.text == ""
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_none_is_started_after_the_end_was_told() -> None:
    """The look that goes on would have processes again, and be waited for."""
    with Processes(MODULE, "testing") as processes:
        processes.kill()
        processes.start()
        assert processes.pids == []


def test_end_waits_for_no_process_that_hangs() -> None:
    """None is left afterwards, however long an answer would be waited for: a revocation waits for the end of a look."""
    with stopped(3600) as processes:
        pids = processes.pids
    assert pids
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_ctrl_c_at_a_terminal_ends_no_process_that_is_asked() -> None:
    """It reaches them as well, and who asks finishes what it does, and ends them."""
    with Processes(MODULE, "testing") as processes:
        processes.start()
        for _ in range(2):
            assert {processes.ask(NOTHING) for _ in processes.pids} == {b"yes"}
            for pid in processes.pids:
                os.kill(pid, signal.SIGINT)
        assert {processes.ask(NOTHING) for _ in processes.pids} == {b"yes"}


def test_process_whose_answer_nobody_takes_ends_without_a_word() -> None:
    """Who asked was killed: what both would write into one log is no defect."""
    command, pipe = [sys.executable, "-P", "-m", MODULE], subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        process.stdin.write(len(NOTHING).to_bytes(4, "big") + NOTHING)
        process.stdin.flush()
        assert (process.stderr.read(), process.wait(30)) == (b"", 0)
