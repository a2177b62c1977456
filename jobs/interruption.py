"""Ctrl-C and SIGTERM while somebody waits for a command: both end the waiting, and the command says what it has got."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interruptible(*signals: signal.Signals) -> Iterator[None]:
    """Within, these signals raise KeyboardInterrupt, as Ctrl-C does; afterwards they do what they did before."""
    earlier = {number: signal.signal(number, _interrupt) for number in signals}
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - Python's signature
    raise KeyboardInterrupt
