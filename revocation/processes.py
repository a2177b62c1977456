"""Processes of our own that answer questions, one for each core: for work that threads would wait for each other with.

OpenSSL lets go of the interpreter for each signature and has to get it back, which beside threads that work takes as
long as a third of a signature. A question and an answer are octets, behind their number; who asks knows what they
mean, and what to do when no answer comes because the process was killed. One that hangs is killed here.
"""

import logging
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from queue import SimpleQueue
from threading import Lock
from time import monotonic
from types import TracebackType
from typing import IO, Final

_LOG: Final = logging.getLogger("revocast")
_SIZE: Final = 4
"""Octets of the number before a question, big-endian."""
PATIENCE: Final = 60.0
"""Seconds in which a question is answered, many times over, by a process that does not hang."""
_GRACE: Final = 1.0
"""Seconds in which they end by themselves, once nobody waits for an answer any more: others wait for their end."""

_Process = subprocess.Popen[bytes]


class Processes:
    """Started when they are first wanted, ended by the end of a `with`; each answers one question after the other.

    Args:
        module: what they run, which calls `serve`.
        work: what they do, for the log.
        spare: how many more of them than cores: so that each core has work while one waits for its next question.
        patience: seconds after which one that was asked is killed.
    """

    def __init__(self, module: str, work: str, *, spare: int = 0, patience: float = PATIENCE) -> None:
        self._command = (sys.executable, "-P", "-m", module)
        self._work, self._spare, self._patience = work, spare, patience
        self._processes: list[_Process] = []
        self._idle: SimpleQueue[_Process | None] = SimpleQueue()
        self._starting = Lock()
        self._is_refused = False
        self._is_over = False

    def __enter__(self) -> "Processes":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        processes, self._processes = self._processes, []
        until = monotonic() + _GRACE
        for process in processes:
            for pipe in _pipes(process):
                pipe.close()  # it ends when nothing comes any more, or nobody takes its answer
        for process in processes:
            try:
                process.wait(max(0.0, until - monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def start(self) -> None:
        """Start them, if they do not run; where they cannot be started, nothing is answered."""
        with self._starting:
            if self._processes or self._is_refused or self._is_over:
                return
            for _ in range(len(os.sched_getaffinity(0)) + self._spare):
                try:
                    process = subprocess.Popen(self._command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
                    os.set_blocking(_pipes(process)[0].fileno(), False)
                except OSError as error:
                    _LOG.warning("%s takes longer: no process can be started: %s", self._work, error.strerror)
                    self._is_refused = True
                    return
                self._processes.append(process)
                self._idle.put(process)

    def kill(self) -> None:
        """End them at once and for good, whatever they do: what they were asked is not answered. Any thread may."""
        with self._starting:
            self._is_over = True
            for process in self._processes:
                process.kill()

    @property
    def pids(self) -> list[int]:
        """Of those that were started."""
        return [process.pid for process in self._processes]

    def ask(self, question: bytes) -> bytes | None:
        """The answer of one that is idle, waiting for it; None where none runs, or it ended. Any thread may ask."""
        if not self._processes:
            return None
        process = self._idle.get()
        answer = self._ask(process, question) if process else None
        self._idle.put(process if answer is not None else None)
        if process and answer is None and not self._is_over:
            _LOG.warning("a process ended: %s takes longer without it", self._work)
        return answer

    def _ask(self, process: _Process, question: bytes) -> bytes | None:
        until = monotonic() + self._patience
        into, out = _pipes(process)
        try:
            _write_by(until, into, len(question).to_bytes(_SIZE, "big") + question)
            head = _read_by(until, out, _SIZE)
            return _read_by(until, out, int.from_bytes(head, "big"))
        except TimeoutError:
            self._kill(process)
        except (OSError, ValueError):  # it ended, or all of them were ended meanwhile
            pass
        return None

    def _kill(self, process: _Process) -> None:
        _LOG.warning("a process for %s hung for %s s and is killed", self._work, self._patience)
        process.kill()
        process.wait()


def _pipes(process: _Process) -> tuple[IO[bytes], IO[bytes]]:
    """Into it, and out of it."""
    assert process.stdin  # noqa: S101 - both are pipes
    assert process.stdout  # noqa: S101 - as above
    return process.stdin, process.stdout


def _write_by(until: float, pipe: IO[bytes], octets: bytes) -> None:
    """All of them, in as many turns as it takes.

    Raises:
        TimeoutError: nobody took them in time.
    """
    rest = memoryview(octets)
    while rest:
        _wait(until, pipe, select.POLLOUT)
        rest = rest[pipe.write(rest) or 0 :]


def _read_by(until: float, pipe: IO[bytes], size: int) -> bytes:
    """As many octets.

    Raises:
        TimeoutError: they did not come in time.
        BrokenPipeError: no more come.
    """
    pieces = list[bytes]()
    while size:
        _wait(until, pipe, select.POLLIN)
        if not (piece := pipe.read(size)):
            raise BrokenPipeError
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _wait(until: float, pipe: IO[bytes], event: int) -> None:
    """Until it can be read or written, or has broken, which the next call tells."""
    poll = select.poll()
    poll.register(pipe, event)
    if not poll.poll(max(0.0, until - monotonic()) * 1000):
        raise TimeoutError


def _read(source: IO[bytes]) -> bytes | None:
    """What stands behind its number; None where nothing, or not all of it, comes any more."""
    size = int.from_bytes(head, "big") if len(head := source.read(_SIZE)) == _SIZE else 0
    octets = source.read(size)
    return octets if len(head) == _SIZE and len(octets) == size else None


def serve(answer: Callable[[bytes], bytes]) -> None:
    """In such a process: answer until nothing comes any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # from a terminal it reaches us too, and who asks ends us
    source, out = sys.stdin.buffer, sys.stdout.buffer
    while (question := _read(source)) is not None:
        said = answer(question)
        try:
            out.write(len(said).to_bytes(_SIZE, "big") + said)
            out.flush()
        except BrokenPipeError:
            os._exit(0)  # who asked was killed; what is left to write is for nobody
