"""Starting `revocast` again: the commands that other rooms bring run in processes of their own, never by import."""

import os
import sys
from pathlib import Path


def command_line(*arguments: str, config: Path | None = None) -> list[str]:
    """The argument list of a `revocast` command under this very interpreter.

    `-P` keeps the working directory off the module path, so that nobody's `redis.py` there is taken for the library.
    """
    chosen = ["--config", str(config)] if config else []
    return [sys.executable, "-P", "-m", "revocation", *arguments, *chosen]


def child_environment() -> dict[str, str]:
    """The environment of such a process: ours, with output that comes line by line."""
    return {**os.environ, "PYTHONUNBUFFERED": "1"}
