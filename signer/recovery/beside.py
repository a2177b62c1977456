"""What of a backup is the registrar's: copied and put back by its own commands, where one file configures both.

The signer reads neither that table nor that database. An installation apart has the two in two files, and two backups.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from revocation.configfile import ConfigFile
from revocation.errors import RevocastError


class RegistrarCommandFailed(RevocastError):
    """It has said why itself."""


def copy_registrar(file: ConfigFile, folder: Path) -> dict[str, Any] | None:
    """Have the registrar's database copied into a backup; what that says, None where there is nothing to copy.

    Raises:
        RegistrarCommandFailed: it could not be.
    """
    if not file.has("registrar"):
        return None
    advice = "mend that, and ask again; the copy of the ledger is whole"
    return _run(file, ("registrar-backup", str(folder), "--if-file"), f"backup {folder}", advice)


def restore_registrar(file: ConfigFile, folder: Path) -> dict[str, Any] | None:
    """Have it put back where it is gone; what that says, None where there is nothing to put back.

    Raises:
        RegistrarCommandFailed: it could not be.
    """
    if not file.has("registrar"):
        return None
    advice = f"the ledger is restored; mend that, then `revocast registrar-restore {folder}`"
    return _run(file, ("registrar-restore", str(folder), "--if-gone"), f"backup {folder}", advice)


def _run(file: ConfigFile, words: tuple[str, ...], where: str, advice: str) -> dict[str, Any] | None:
    command = [sys.executable, "-P", "-m", "revocation", *words, "--json", "--config", str(file.path)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        what = f"`revocast {words[0]}` ended with {done.returncode} and said why above"
        raise RegistrarCommandFailed(what, where=where, advice=advice)
    said: dict[str, Any] | None = json.loads(done.stdout)
    return said
