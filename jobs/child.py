"""One process of `revocast up`: started on a leash, its output kept in a log, its `ready` waited for."""

import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from jobs.log import Log, Tell
from jobs.process import bare_environment, child_environment, leashed

_LONGEST_LINE: Final = 16_000
_PIPE_SIZE: Final = 60_000


@dataclass(frozen=True)
class Service:
    """What is to run.

    Attributes:
        name: its name in reports, and of its log.
        command: the argument list; the program as an absolute path.
        mark: what stands in the line that says it serves; the whole line unless the line is a log's.
        secret: handed over by a pipe whose number follows `secret_option`; never on a command line or on a disk.
        secret_option: the option that takes the number.
        inherits: whether it gets our whole environment, where passphrases may stand; what others get holds none.
    """

    name: str
    command: tuple[str, ...]
    mark: str = "ready"
    secret: bytes | None = None
    secret_option: str = ""
    inherits: bool = False


class Child:
    """One run of a service.

    Args:
        service: what runs.
        logs: the folder of its log.
        tell: says to the operator that the log cannot be written.
    """

    def __init__(self, service: Service, logs: Path, tell: Tell) -> None:
        self.service = service
        self._tell = tell
        self.ready = threading.Event()
        self.last_lines: deque[str] = deque(maxlen=12)
        self._log_path = logs / f"{service.name.replace(' ', '-')}.log"
        self.process = self._start()
        self._reader = threading.Thread(target=self._read, name=f"log of {service.name}", daemon=True)
        self._reader.start()

    def exit_code(self) -> int | None:
        """How it ended, with all that it wrote in the log; None while it runs."""
        code = self.process.poll()
        if code is not None:
            self._reader.join(timeout=2)
        return code

    def ask_to_stop(self) -> None:
        """Ask it to finish what it does and end."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def wait(self, seconds: float) -> bool:
        """Wait for its end; whether it came by itself. What does not end in time is killed, with its own children."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)  # its own session: nobody else's processes are in the group
            self.process.wait()
            return False
        finally:
            self._reader.join(timeout=2)
        return True

    def _start(self) -> subprocess.Popen[str]:
        with _secret_pipe(self.service) as (arguments, descriptors):
            return subprocess.Popen(
                leashed((*self.service.command, *arguments)),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=child_environment() if self.service.inherits else bare_environment(),
                pass_fds=descriptors,
                start_new_session=True,  # Ctrl-C reaches the supervisor alone, which then stops us in order
                text=True,
                errors="replace",
            )

    def _read(self) -> None:
        stream: IO[str] | None = self.process.stdout
        if stream is None:
            return
        with stream, Log(self._log_path, self.service.name, self._tell) as log:
            while raw := stream.readline(_LONGEST_LINE):
                line = raw.rstrip("\n")
                self.last_lines.append(line)
                log.write(line)
                if line == self.service.mark or (self.service.mark != "ready" and self.service.mark in line):
                    self.ready.set()


@contextmanager
def _secret_pipe(service: Service) -> Iterator[tuple[list[str], tuple[int, ...]]]:
    """The option and the descriptor by which a child gets its secret, open until it was started."""
    if service.secret is None:
        yield [], ()
        return
    if len(service.secret) > _PIPE_SIZE:
        raise ValueError("the passphrases do not fit into a pipe")
    read_end, write_end = os.pipe()
    try:
        os.write(write_end, service.secret)
        os.close(write_end)
        yield [service.secret_option, str(read_end)], (read_end,)
    finally:
        os.close(read_end)
