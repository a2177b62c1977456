"""The log of one service: readable by its owner alone, and never larger than twice its bound.

What a service writes may be caused by whoever can write to the queue, and must not fill the disk of the ledger.
"""

import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, TypeAlias

from revocation.clock import iso, now
from revocation.logs import is_structured
from revocation.visible import visible

_LARGEST: Final = 5 << 20

Tell: TypeAlias = Callable[[str], None]
"""Prints a line for the operator."""


class Log:
    """Lines with their time and the name of the service.

    Args:
        path: the file; when it has reached its bound it is put aside as `….log.1`, and the one before that is dropped.
        name: of the service.
        tell: says to the operator, once, that it cannot be written.
    """

    def __init__(self, path: Path, name: str, tell: Tell) -> None:
        self._path = path
        self._name = name
        self._tell = tell
        self._descriptor: int | None = None
        self._told = False

    def __enter__(self) -> "Log":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)

    def write(self, line: str) -> None:
        """One line, whatever characters stand in it.

        A full disk or a folder that is gone loses it, and must do no more: who writes lines here empties a service's
        pipe.
        """
        try:
            os.write(self._opened(), f"{self._formed(line)}\n".encode(errors="replace"))
            self._told = False
        except OSError as error:
            if not self._told:
                self._told = True
                self._tell(f"{self._name}: its log {self._path} cannot be written: {error.strerror or error}")

    def _formed(self, line: str) -> str:
        """A line of a log that is JSON stays one; what else such a service says becomes one."""
        if not is_structured():
            return f"{iso(now())} {self._name} | {visible(line)}"
        if line.startswith("{") and line.endswith("}"):
            return visible(line)
        return json.dumps({"time": iso(now()), "level": "INFO", "service": self._name, "message": visible(line)})

    def _opened(self) -> int:
        """The descriptor of a file that has not reached its bound."""
        if self._descriptor is None:
            self._descriptor = self._open()
        elif os.fstat(self._descriptor).st_size > _LARGEST:
            with contextlib.suppress(FileNotFoundError):  # put aside already, when no new one could be opened
                self._path.replace(self._path.with_suffix(".log.1"))
            fresh = self._open()
            os.close(self._descriptor)
            self._descriptor = fresh
        return self._descriptor

    def _open(self) -> int:
        return os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
