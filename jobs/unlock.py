"""The CA keys at the start: tried by the signer's own command, which asks for passphrases; they stay in memory."""

import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jobs.process import child_environment, command_line
from jobs.terminal import printable
from revocation.errors import ConfigurationError

_INTERRUPTED_WITHIN: Final = 0.5


@dataclass(frozen=True)
class Unlocked:
    """What `revocast signer unlock` said.

    Attributes:
        passphrases: what was typed: opaque here, given on to each start of the signer's worker.
        unusable: for each issuer whose CA key cannot be used, why.
    """

    passphrases: bytes
    unusable: tuple[str, ...] = ()


def unlock(config: Path) -> Unlocked:
    """Have every key tried. It runs on our terminal, and asks for the passphrases configured as `prompt`.

    Raises:
        ConfigurationError: a passphrase is wrong, or it failed otherwise, and said why.
        KeyboardInterrupt: somebody would not wait, or gave no passphrase.
    """
    read_end, write_end = os.pipe()
    with subprocess.Popen(
        command_line("signer", "unlock", "--fd", str(write_end), config=config),
        pass_fds=(write_end,),
        stdout=subprocess.PIPE,
        env=child_environment(),
        text=True,
    ) as process:
        os.close(write_end)
        try:
            with os.fdopen(read_end, "rb") as pipe:
                passphrases = pipe.read()
            said, _ = process.communicate()
        except KeyboardInterrupt:
            _let_go_of_the_terminal(process)
            raise
    if process.returncode:
        raise ConfigurationError(
            f"the keys were not unlocked: `revocast signer unlock` ended with {process.returncode}"
        )
    return Unlocked(passphrases, tuple(printable(line) for line in said.splitlines()))


def _let_go_of_the_terminal(process: "subprocess.Popen[str]") -> None:
    """Ctrl-C interrupted it with us. Else SIGINT does: a question on the terminal then ends with its echo restored."""
    try:
        process.wait(_INTERRUPTED_WITHIN)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
        process.wait()
