"""The passphrases that somebody types at the start: asked for by the signer's own command, kept in memory only."""

import os
import subprocess
from pathlib import Path

from jobs.process import child_environment, command_line
from revocation.errors import ConfigurationError


def unlock(config: Path) -> bytes:
    """What `revocast signer unlock` hands over: opaque here, given on to each start of the signer's worker.

    It runs on our terminal, asks for the passphrases configured as `prompt`, and tries each on its key.

    Raises:
        ConfigurationError: it failed, and said why.
    """
    read_end, write_end = os.pipe()
    try:
        with subprocess.Popen(
            command_line("signer", "unlock", "--fd", str(write_end), config=config),
            pass_fds=(write_end,),
            env=child_environment(),
        ) as process:
            os.close(write_end)
            with os.fdopen(read_end, "rb") as pipe:
                passphrases = pipe.read()
    except KeyboardInterrupt:
        raise ConfigurationError("no passphrase was given") from None
    if process.returncode:
        raise ConfigurationError(
            f"the keys were not unlocked: `revocast signer unlock` ended with {process.returncode}"
        )
    return passphrases
