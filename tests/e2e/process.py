"""One program of the site: started, paused, killed with all that it started, and started again."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e import wrong_clock
from tests.waiting import until

_READY_SECONDS = 90.0


def family(pid: int) -> list[int]:
    """A process and all below it; those that are gone meanwhile are left out."""
    found = [pid]
    with suppress(OSError):
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            with suppress(OSError):
                found += [one for child in children.read_text().split() for one in family(int(child))]
    return found


def signal_family(pid: int, number: int) -> None:
    """To a process and all below it, the uppermost first, so that none is started anew meanwhile."""
    for one in family(pid):
        with suppress(ProcessLookupError):
            os.kill(one, number)


@dataclass
class Program:
    """What is run, and how it is known to be there.

    Attributes:
        log: both outputs, of all its lives.
        is_ready: None where it says `ready` on a line of its own.
        ahead: seconds by which its clock is wrong from the next start on; less than none for one that is slow.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    is_ready: Callable[[], bool] | None = None
    starts: int = 0
    ahead: int = 0
    _process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)
    _from: int = 0
    _turn: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def start(self) -> None:
        """Start it; see `await_ready`."""
        self.starts += 1
        self._from = self.log.stat().st_size if self.log.exists() else 0
        environment = {**self.environment, **(wrong_clock.told(self.ahead) if self.ahead else {})}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment
            )

    def restart(self, ahead: int) -> None:
        """Kill it, and start it again with a clock that is wrong by so many seconds."""
        with self._turn:
            self.kill()
            self.ahead = ahead
            self.start()

    def await_ready(self) -> None:
        """Return when it says that it is ready; fail when it ends before, with its own words."""
        until(lambda: self._has_ended() or self._says_ready(), _READY_SECONDS)
        assert not self._has_ended(), f"{self.name} ended:\n{self.said()}"

    def said(self) -> str:
        """What it wrote since it was started last."""
        return self.log.read_bytes()[self._from :].decode(errors="replace")

    def revive(self) -> None:
        """Start it again where it ended by itself: `Restart=always` of its unit."""
        with self._turn:  # or who kills it at this moment leaves one that nobody knows of
            if self._process is not None and self._process.poll() is not None:
                self.start()

    def await_revived(self, seconds: float) -> None:
        """Return when it is ready, however often it has to be started; `revive` is somebody else's to call."""
        until(lambda: not self._has_ended() and self._says_ready(), seconds)

    def kill(self) -> None:
        """It and all that it started, at once, as a machine that loses its power."""
        with self._turn:
            self._signal(signal.SIGSTOP, signal.SIGKILL)
            process, self._process = self._process, None
            if process:
                process.wait()
                wrong_clock.forget(process.pid)

    def pause(self) -> None:
        """Let it stand still."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def stop(self, seconds: float) -> bool:
        """Ask it to end, and say whether it did within that time; kill it where it did not."""
        assert self._process
        self._process.terminate()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return False
        self._process = None
        return True

    def _has_ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def _says_ready(self) -> bool:
        return self.is_ready() if self.is_ready else "ready" in self.said().splitlines()

    def _signal(self, *numbers: int) -> None:
        """To it and all below it, unless it has ended: its number may be somebody else's then."""
        with self._turn:
            if self._process and self._process.poll() is None:
                for number in numbers:
                    signal_family(self._process.pid, number)
