"""A command at a terminal of its own, and somebody who answers there."""

import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

REVOCAST = [sys.executable, "-P", "-m", "revocation"]


def at_terminal(
    folder: Path,
    answers: dict[str, str],
    *arguments: str,
    typed: str = "",
    out: BinaryIO | None = None,
    err: BinaryIO | None = None,
) -> tuple[int, str]:
    """The exit code of a command, and what was shown.

    Args:
        answers: by a part of what is shown, what is typed once it was.
        typed: is typed before anything is shown.
        out: where standard output goes, if not to the terminal.
        err: where standard error goes, if not to it.
    """
    ours, theirs = pty.openpty()
    os.write(ours, typed.encode())
    left = dict(answers)
    command = [*REVOCAST, *arguments]
    with subprocess.Popen(command, cwd=folder, stdin=theirs, stdout=out or theirs, stderr=err or theirs) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                piece = os.read(ours, 1 << 16)
            except OSError:  # how a terminal says that nobody is at its other end any more
                break
            if not piece:
                break
            shown += piece
            for question in [one for one in left if one.encode() in shown]:
                os.write(ours, left.pop(question).encode())
    os.close(ours)
    return process.returncode, shown.decode()
