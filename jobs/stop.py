"""Being told to stop by a signal, and waiting for it.

Python runs a signal's handler in the main thread, between any two steps of what that does: while it waits for a
`threading.Event` it often holds the event's lock, which `set` in a handler would then wait for for ever. So a handler
takes no lock: it sets a flag, and writes to a pipe that wakes whoever waits.
"""

import os
import select
import signal


class Stop:
    """Whether to stop. It lasts as long as the process."""

    def __init__(self) -> None:
        self._told = False
        self._reader, self._writer = os.pipe()
        self._woken = select.poll()
        self._woken.register(self._reader, select.POLLIN)

    @classmethod
    def on(cls, *signals: signal.Signals) -> "Stop":
        """Told by any of these signals, from now on."""
        stop = cls()
        for number in signals:
            signal.signal(number, lambda *_: stop.set())
        return stop

    def set(self) -> None:
        """Tell it; safe in a signal handler, whatever that interrupted."""
        if not self._told:
            self._told = True
            os.write(self._writer, b".")

    def is_set(self) -> bool:
        """Whether it was told."""
        return self._told

    def wait(self, seconds: float) -> bool:
        """Wait that long, or until it is told; whether it was."""
        if not self._told:
            self._woken.poll(1000 * seconds)
        return self._told
