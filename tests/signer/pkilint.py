"""pkilint, a linter that others wrote."""

import subprocess
from pathlib import Path


def pkilint(file: Path, kind: str, profile: str) -> str:
    """What pkilint finds in a CRL, or how it fails."""
    command = ["lint_crl", "lint", "-t", kind, "-p", profile, "-f", "CSV", file]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.removeprefix("node_path,validator,severity,code,message\n").strip() or done.stderr
