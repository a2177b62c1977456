"""One publisher at a time: within a process (a store may be open once in it) and between processes (per target)."""

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from revocation.errors import TargetError

_IN_THIS_PROCESS: Final = threading.Lock()
_PATIENCE_SECONDS: Final = 300.0
_POLL_SECONDS: Final = 0.02


@contextmanager
def alone_in_process() -> Iterator[None]:
    """Hold off other threads."""
    with _IN_THIS_PROCESS:
        yield


@contextmanager
def target_lock(state: Path, target: str, patience: float = _PATIENCE_SECONDS) -> Iterator[None]:
    """Hold off other processes; the lock ends with the process, however that ends.

    Raises:
        TargetError: another publisher has held it for minutes, or the file cannot be made.
    """
    file = state / f"{target}.lock"
    try:
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise TargetError(
            f"cannot be written: {error.strerror}", where=str(file), advice="see to room and rights"
        ) from error
    try:
        _acquire(descriptor, target, file, patience)
        yield
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, target: str, file: Path, patience: float) -> None:
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise TargetError(
                    f"another publisher has been at work on target {target!r} for {patience:g} s",
                    where=str(file),
                    advice="does it hang? `fuser` shows which process has the file open",
                ) from None
            time.sleep(_POLL_SECONDS)
        else:
            return
