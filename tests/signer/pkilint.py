"""pkilint, a linter that others wrote; within this process, since it takes seconds to start."""

import traceback
import warnings
from contextlib import redirect_stderr, redirect_stdout
from importlib import import_module
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from unittest.mock import patch


class _Given(BytesIO):
    """What it reads from standard input: a file that it opened itself it would leave open."""

    name = "<stdin>"


def pkilint(file: Path, kind: str, profile: str) -> str:
    """What pkilint finds in a CRL, or how it fails."""
    return _found("lint_crl", "-t", kind, "-p", profile, "-f", "CSV", file)


def pkilint_certificate(file: Path, linter: str, *options: str) -> str:
    """What it finds in a certificate, but for what it merely notes."""
    return _found(linter, *options, "-s", "NOTICE", "-f", "CSV", file)


def pkilint_response(file: Path) -> str:
    """What it finds in an OCSP response, but for what it merely notes."""
    return _found("lint_ocsp_response", "-s", "NOTICE", "-f", "CSV", file)


def _found(linter: str, *arguments: str | Path) -> str:
    *options, file = arguments
    printed, said, octets = StringIO(), StringIO(), TextIOWrapper(_Given(Path(file).read_bytes()))
    with patch("sys.stdin", octets), redirect_stdout(printed), redirect_stderr(said), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own
        try:
            import_module(f"pkilint.bin.{linter}").main(["lint", *map(str, options), "-"])
        except SystemExit as end:  # of its parser of arguments
            said.write(f"exit {end.code}")
        except BaseException:  # a panic of its decoder, in Rust, is none of Exception's
            said.write(traceback.format_exc())
    found = printed.getvalue().replace("\r\n", "\n")
    return found.removeprefix("node_path,validator,severity,code,message\n").strip() or said.getvalue()
