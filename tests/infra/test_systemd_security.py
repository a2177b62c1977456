"""infra/systemd: how far each unit is closed, in the words of `systemd-analyze security`, and why not further."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.infra.unitfiles import FOLDER, SERVICES, SPLIT

pytestmark = pytest.mark.judge("systemd-analyze")

BOUND = 10
"""Tenths of a point of exposure, of a hundred; the issue asks for less than 20."""

OPEN = {
    "RootDirectory=/RootImage=": "Python and its libraries are the host's; ProtectSystem= keeps them as they are",
    "DeviceAllow=": "ProtectClock= itself adds the clock, to be read",
    "RestrictAddressFamilies=~AF_UNIX": "a queue, a database or the system's log may be a unix socket",
}
"""What every unit leaves open, and why."""

NETWORK = {
    "PrivateNetwork=": "queue, database, exchange, store or relying parties are reached over the network",
    "RestrictAddressFamilies=~AF_(INET|INET6)": "the same",
    "IPAddressDeny=": "it may reach this host, and what a drop-in names",
}
PUBLIC = {"UMask=": "a web server reads what it publishes; keys, ledger and marks are closed by modes of their own"}
EXCEPTIONS = {
    FOLDER / "revocast-refresh.service": OPEN | PUBLIC,
    FOLDER / "revocast-respond.service": OPEN | NETWORK,
    SPLIT / "revocast-signer.service": OPEN
    | NETWORK
    | {"UMask=": "the publisher, by its group, reads the exchange where that is a folder"},
    SPLIT / "revocast-publisher.service": OPEN | NETWORK | PUBLIC,
    SPLIT / "revocast-scheduler.service": OPEN | NETWORK,
    SPLIT / "revocast-responder.service": OPEN | NETWORK,
    SPLIT / "revocast-registrar.service": OPEN | NETWORK,
    SPLIT / "revocast-validator.service": OPEN | NETWORK,
}
"""For each unit all that systemd finds open, and why it is."""


def findings(service: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    """What systemd says of a unit."""
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", *options, str(service)]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.parametrize("service", SERVICES, ids=lambda path: path.stem)
def test_service_is_confined(service: Path) -> None:
    """The exposure that systemd works out is at most 1 of 10."""
    result = findings(service, f"--threshold={BOUND}")
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("service", SERVICES, ids=lambda path: path.stem)
def test_what_a_unit_leaves_open_is_known_with_its_reason(service: Path) -> None:
    """Nothing else than what is listed above, and nothing is listed that is closed."""
    found: list[dict[str, Any]] = json.loads(findings(service, "--json=short").stdout)
    assert {entry["name"] for entry in found if entry["exposure"]} == set(EXCEPTIONS[service])
