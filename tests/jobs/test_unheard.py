"""Output that nobody takes: the exit code says what became of the change, and not of what was told of it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import IO

import pytest

from revocation.clock import fixed, now
from signer.look import look
from tests.jobs.present import Present

REVOCAST = [sys.executable, "-m", "revocation"]


@contextmanager
def deaf(kind: str) -> Iterator[IO[str]]:
    """A full disk, or a pipe whose reader has gone."""
    if kind == "full":
        with Path("/dev/full").open("w") as out:
            yield out
        return
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as out:
        yield out


@pytest.mark.long
@pytest.mark.parametrize("kind", ["full", "gone"])
def test_change_that_is_published_exits_0_whoever_hears_of_it(present: Present, kind: str) -> None:
    """Revoked, raised or released: it is seen, and a word on standard error says why nothing was told."""
    certificates = {"5": ("superseded", "raise"), "6": ("certificateHold", "release")}
    for serial, (reason, then) in certificates.items():
        for arguments in (("revoke", serial, "--reason", reason), (then, serial, "--json")):
            command = [*REVOCAST, *arguments, "--config", str(present.config)]
            with deaf(kind) as out:
                done = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
            assert done.returncode == 0, done.stderr
            assert "recorded and published (message " in done.stderr
            assert "which cannot be written to standard output" in done.stderr
            assert "Traceback" not in done.stderr


@pytest.mark.long
@pytest.mark.parametrize("kind", ["full", "gone"])
def test_word_that_is_recorded_exits_0_whoever_hears_of_it(present: Present, kind: str) -> None:
    """`excuse` and `discard` as well."""
    assert look(present.estate.signer(), fixed(now() + timedelta(days=100))).made
    for arguments in (("excuse", "--issuer", "test", "5", "--why", "x"), ("discard", "--issuer", "test", "--why", "x")):
        with deaf(kind) as out:
            command = [*REVOCAST, *arguments, "--config", str(present.config)]
            done = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
        assert "recorded, which cannot be written to standard output" in done.stderr


@pytest.mark.parametrize("kind", ["full", "gone"])
def test_error_that_nobody_reads_keeps_its_exit_code(kind: str) -> None:
    """Both outputs fail: what is no configuration exits with 2, and what is not understood too."""
    for arguments in (("revoke", "5", "--config", "/none/revocast.toml"), ("revoke", "--nonsense")):
        with deaf(kind) as out:
            done = subprocess.run([*REVOCAST, *arguments, "--json"], stdout=out, stderr=out, check=False, timeout=60)
        assert done.returncode == 2


@pytest.mark.parametrize("kind", ["full", "gone"])
def test_help_of_check_that_nobody_takes_is_unknown(kind: str) -> None:
    """1 would be WARNING to a monitoring system."""
    with deaf(kind) as out:
        command = [*REVOCAST, "check", "--help"]
        done = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    assert done.returncode == 3
    assert "standard output: the help cannot be written: " in done.stderr
