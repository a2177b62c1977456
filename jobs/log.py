"""The log of one service: readable by its owner alone, and never larger than twice its bound.

What a service writes may be caused by whoever can write to the queue, and must not fill the disk of the ledger.
"""

import contextlib
import os
from pathlib import Path
from types import TracebackType
from typing import Final

from revocation.clock import iso, now
from revocation.visible import visible

_LARGEST: Final = 5 << 20


class Log:
    """Lines with their time and the name of the service.

    Args:
        path: the file; when it has reached its bound it is put aside as `….log.1`, and the one before that is dropped.
        name: of the service.
    """

    def __init__(self, path: Path, name: str) -> None:
        self._path = path
        self._name = name
        self._descriptor = self._open()

    def __enter__(self) -> "Log":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)

    def write(self, line: str) -> None:
        """One line, whatever characters stand in it.

        A full disk loses it, and must do no more: who writes lines here empties a service's pipe.
        """
        with contextlib.suppress(OSError):
            if os.fstat(self._descriptor).st_size > _LARGEST:
                with contextlib.suppress(FileNotFoundError):  # put aside already, when no new one could be opened
                    self._path.replace(self._path.with_suffix(".log.1"))
                fresh = self._open()
                os.close(self._descriptor)
                self._descriptor = fresh
            os.write(self._descriptor, f"{iso(now())} {self._name} | {visible(line)}\n".encode(errors="replace"))

    def _open(self) -> int:
        return os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
