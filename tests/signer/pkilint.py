"""pkilint, a linter that others wrote."""

import subprocess
from pathlib import Path


def pkilint(file: Path, kind: str, profile: str) -> str:
    """What pkilint finds in a CRL, or how it fails."""
    return _found(["lint_crl", "lint", "-t", kind, "-p", profile, "-f", "CSV", file])


def pkilint_certificate(file: Path, linter: str, *options: str) -> str:
    """What it finds in a certificate, but for what it merely notes."""
    return _found([linter, "lint", *options, "-s", "NOTICE", "-f", "CSV", file])


def _found(command: list[str | Path]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.removeprefix("node_path,validator,severity,code,message\n").strip() or done.stderr


def pkilint_response(file: Path) -> str:
    """What it finds in an OCSP response, but for what it merely notes."""
    return _found(["lint_ocsp_response", "lint", "-s", "NOTICE", "-f", "CSV", file])
