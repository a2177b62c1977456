"""Being told to stop: by a signal at any moment, and soon."""

import os
import signal
import subprocess
import sys
import threading
import time

from jobs.stop import Stop

AT_EACH_LINE = """
import os, signal, sys
from jobs.stop import Stop

def told_at(number):
    'Wait, and get SIGTERM at that line of the waiting; whether there were as many.'
    stop, seen = Stop.on(signal.SIGTERM), 0
    def trace(frame, event, argument):
        nonlocal seen
        seen += 1
        if seen == number:
            os.kill(os.getpid(), signal.SIGTERM)
        return trace
    sys.settrace(trace)
    stop.wait(0.01)
    sys.settrace(None)
    if seen >= number and not stop.wait(0):
        sys.exit(f'was not told at {number}')
    return seen >= number

number = 1
while told_at(number):
    number += 1
print(number)
"""


def test_stop_is_told_by_a_signal_at_any_line_of_the_waiting() -> None:
    """The handler runs between two steps of the very wait, and must not wait for what that holds."""
    done = subprocess.run([sys.executable, "-c", AT_EACH_LINE], capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) > 3


def test_stop_ends_a_long_wait_at_once() -> None:
    """The scheduler waits for half a minute, and ends when it is told."""
    stop = Stop.on(signal.SIGUSR1)
    timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGUSR1))
    began = time.monotonic()
    timer.start()
    assert stop.wait(30)
    assert time.monotonic() - began < 10
    signal.signal(signal.SIGUSR1, signal.SIG_DFL)


def test_stop_waits_as_long_as_it_is_told_nothing() -> None:
    """A wait is a pause, too."""
    began = time.monotonic()
    assert not Stop().wait(0.05)
    assert time.monotonic() - began >= 0.05
