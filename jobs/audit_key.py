"""Naming the signer's audit key in a new revocast.toml: else a head of the log would count that anybody signed."""

import json
import subprocess
from pathlib import Path
from typing import Final

from jobs.process import child_environment, command_line
from revocation.durable import replace_content

_DEFAULT: Final = "\n# audit_keys = []\n"


def name_audit_key(config: Path) -> str:
    """Have the signer's own command make its key, and set `audit_keys` where the default stands as `init` writes it.

    Returns:
        Why it could not be made, as where no signer is installed; empty where it is named.
    """
    command = command_line("audit", "show", "--key", config=config)
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, env=child_environment(), text=True, check=False
    )
    if done.returncode:
        return done.stderr.strip()
    text = config.read_text(encoding="utf-8")
    named = text.replace(_DEFAULT, f"\naudit_keys = {json.dumps([done.stdout.strip()])}\n", 1)
    replace_content(config, named.encode(), config.stat().st_mode & 0o777)
    return ""
