"""`revocast up` as a process of its own, with and without a terminal."""

import contextlib
import os
import pty
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

REVOCAST = [sys.executable, "-m", "revocation"]
URL = "http://localhost:8889"


@contextmanager
def up(data: Path, *options: str, **streams: int) -> Iterator["subprocess.Popen[str]"]:
    """`up` on a folder; whatever happens, it and its processes are gone afterwards."""
    command = [*REVOCAST, "up", "--data", str(data), "--port", "0", *options]
    with subprocess.Popen(command, text=True, **streams) as process:
        try:
            yield process
        finally:
            process.kill()


def up_once(data: Path, *options: str | Path) -> "subprocess.CompletedProcess[str]":
    """`up --once` without a terminal."""
    command = [*REVOCAST, "up", "--data", data, "--port", "0", "--once", *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def up_on_a_terminal(data: Path, typed: bytes, *options: str) -> tuple[int, str]:
    """Run `up --once` on a pseudo-terminal, typing something whenever a passphrase is asked for."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(REVOCAST[0], [*REVOCAST, "up", "--data", str(data), "--port", "0", "--once", *options])  # noqa: S606 - no shell is wanted
    shown, asked = b"", 0
    while select.select([terminal], [], [], 120)[0]:
        try:
            part = os.read(terminal, 4096)
        except OSError:  # the other end is closed
            break
        shown += part
        if shown.count(b"Passphrase of") > asked:
            asked += 1
            os.write(terminal, typed + b"\n")
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode()


def on_a_terminal(data: Path, *options: str) -> tuple[int, int]:
    """The process id of an `up` on a pseudo-terminal of its own, and that terminal."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(REVOCAST[0], [*REVOCAST, "up", "--data", str(data), "--port", "0", *options])  # noqa: S606 - no shell
    return pid, terminal


def rest(terminal: int) -> str:
    """What is shown until the other end is closed."""
    shown = b""
    with contextlib.suppress(OSError):
        while part := os.read(terminal, 4096):
            shown += part
    return shown.decode()


def children(data: Path) -> dict[str, int]:
    """The processes of `up`, by the name of their log."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue
        if str(data / "revocast.toml") in words and "-m" in words:
            after = words[words.index("-m") + 2 :]
            found["-".join(after[: 2 if after[0] == "worker" else 1])] = int(folder.name)
    return found
