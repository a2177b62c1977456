"""A store whose file was cut: whoever reads on in the map behind its end is killed, so every command looks first."""

import json
import os
import subprocess
import sys

import pytest

from revocation.messages import Outcome
from tests.jobs.present import Present, claim, forger
from tests.wire.server import Server

CUTS = [8192, 16384]


@pytest.fixture(params=CUTS)
def cut(request: pytest.FixtureRequest, present: Present) -> Present:
    """An installation whose store has its header still, and little more."""
    data = present.estate.folder / "store/data.mdb"
    assert data.stat().st_size > request.param
    os.truncate(data, request.param)
    return present


def run(present: Present, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """A command in a process of its own: it may be killed."""
    command = [sys.executable, "-m", "revocation", *arguments, "--config", str(present.config)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def states(present: Present) -> dict[str, str]:
    """What `status` says of each artifact, by the exchange."""
    done = run(present, "status", "--no-signer", "--json")
    return {one["what"]: one["state"] for one in json.loads(done.stdout)["artifacts"]}


def test_refresh_heals_it(cut: Present) -> None:
    """It is filled anew from the exchange, without anything else to be done."""
    done = run(cut, "refresh")
    assert done.returncode == 0, (done.returncode, done.stderr)
    assert "the store was damaged" in done.stderr
    assert set(states(cut).values()) == {"fresh"}


def test_status_says_so(cut: Present) -> None:
    """Each slice is missing, and the reason stands on standard error."""
    done = run(cut, "status", "--no-signer")
    assert done.returncode == 1, (done.returncode, done.stderr)
    assert "data.mdb was cut" in done.stderr
    there = {"crl all": "fresh", "issuer certificate": "fresh"}
    assert states(cut) == {**there, "ocsp slice 0": "missing", "ocsp slice 1": "missing"}


def test_generate_crls_heals_it_too(cut: Present) -> None:
    """Where no queue answers it publishes as `refresh` does."""
    done = run(cut, "generate-crls")
    assert done.returncode == 0, (done.returncode, done.stderr)
    assert set(states(cut).values()) == {"fresh"}


def test_revocation_is_not_proven_by_it(cut: Present) -> None:
    """It is published into a new store first, and seen there."""
    done = run(cut, "revoke", "5", "--json")
    assert done.returncode == 0, (done.returncode, done.stderr)
    assert json.loads(done.stdout)["published"] is True
    assert set(states(cut).values()) == {"fresh"}


def test_revocation_that_others_publish_is_not_proven_by_it(cut: Present, server: Server) -> None:
    """The publisher is a worker that does not come: the command waits, and ends with 4."""
    cut.use_queue(server.url)
    with forger(server, claim(Outcome.DONE)):
        done = run(cut, "revoke", "5", "--timeout", "1")
    assert done.returncode == 4, (done.returncode, done.stderr)
    assert "does not show it yet" in done.stderr
    assert done.stderr.count("data.mdb was cut") == 1


@pytest.mark.long
@pytest.mark.parametrize("command", ["refresh", "publish", "status"])
def test_marks_that_were_cut_are_told_and_kill_nothing(present: Present, command: str) -> None:
    """They cannot be made again from anything, so nothing is published without them, and that is said."""
    present.run("revoke", "5", "--timeout", "60")
    data = present.estate.folder / "publisher/marks/data.mdb"
    assert data.stat().st_size > 12288
    os.truncate(data, 8192)
    done = run(present, command, *(("--no-signer",) if command == "status" else ()))
    assert done.returncode in (1, 2), (done.returncode, done.stderr)
    assert "marks" in done.stderr
