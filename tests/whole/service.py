"""A PKI taken into service the way an operator does it without a queue: init, import, refresh, respond."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.pki import RealPKI

REVOCAST = [sys.executable, "-P", "-m", "revocation"]
"""-P: a data folder has folders named after services, which Python would take for our packages."""


def revocast(*arguments: object, folder: Path | None = None) -> "subprocess.CompletedProcess[str]":
    """Run a command, in a folder where one is given; its output is kept."""
    command = [*REVOCAST, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, cwd=folder)


def succeed(*arguments: object, folder: Path | None = None) -> str:
    """Run a command that must exit with 0; its standard output."""
    result = revocast(*arguments, folder=folder)
    assert result.returncode == 0, f"{arguments}: {result.returncode}\n{result.stdout}{result.stderr}"
    return result.stdout


@dataclass
class Service:
    """An installation that answers over HTTP.

    Attributes:
        folder: where revocast.toml is.
        url: where the responder listens.
    """

    folder: Path
    url: str
    process: "subprocess.Popen[str]"

    @classmethod
    def start(cls, folder: Path, pki: RealPKI) -> "Service":
        """Take a PKI into service."""
        passphrase = ["--passphrase-file", pki.passphrase] if pki.passphrase else []
        succeed("init", folder, "--pki", pki.folder, "--no-queue", *passphrase)
        succeed("import", pki.folder, folder=folder)
        succeed("refresh", folder=folder)
        command = [*REVOCAST, "respond", "--port", "0"]
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
        assert process.stdout
        url = process.stdout.readline().removeprefix("listening on ").strip()
        assert process.stdout.readline() == "ready\n"
        return cls(folder, url, process)

    def stop(self) -> None:
        """End the responder."""
        self.process.kill()
        self.process.communicate()

    def files(self, pattern: str) -> list[Path]:
        """The published files of a pattern below the web root."""
        return sorted((self.folder / "public/www").glob(pattern))
