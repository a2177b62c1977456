"""Starting `revocast` again: the commands that other rooms bring run in processes of their own, never by import."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from jobs import leash
from revocation.logs import VARIABLE as LOG

_HARMLESS: Final = frozenset(
    ("PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "XDG_RUNTIME_DIR", "VIRTUAL_ENV", "LD_LIBRARY_PATH", LOG)
)
_HARMLESS_BEGINNINGS: Final = ("LC_", "PYTHON", "SSL_CERT_")


def command_line(*arguments: str, config: Path | None = None) -> list[str]:
    """The argument list of a `revocast` command under this very interpreter.

    `-P` keeps the working directory off the module path, so that nobody's `redis.py` there is taken for the library.
    """
    chosen = ["--config", str(config)] if config else []
    return [sys.executable, "-P", "-m", "revocation", *arguments, *chosen]


def leashed(command: Sequence[str]) -> list[str]:
    """The same command on the leash: the kernel ends it with us, however we end."""
    return [sys.executable, "-I", "-S", leash.__file__, str(os.getpid()), *command]


def child_environment() -> dict[str, str]:
    """The environment of such a process: ours, with output that comes line by line."""
    return {**os.environ, "PYTHONUNBUFFERED": "1"}


def bare_environment() -> dict[str, str]:
    """The same for a process that needs no secret: a passphrase may stand in ours, under any name, so few pass."""
    return {
        name: value
        for name, value in child_environment().items()
        if name in _HARMLESS or name.startswith(_HARMLESS_BEGINNINGS)
    }
