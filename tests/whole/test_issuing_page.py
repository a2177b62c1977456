"""docs/issuing.md is carried out: its tables configure an issuer, its commands print what stands there."""

import re
import shlex
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from revocation import clock
from tests.authority import Authority
from tests.signer.issuing.office import Office, request_of
from tests.whole.running import REVOCAST

PAGE = (Path(__file__).parents[2] / "docs/issuing.md").read_text()
COMMAND = re.compile(r"^\$ revocast (.*)\n((?:(?!\$ ).*\n)*)", re.M)
pytestmark = pytest.mark.timeout(300)


def test_certificates_are_issued_and_revoked_as_the_page_says(tmp_path: Path) -> None:
    """Every command with its output; serials, times and ids are those of the day."""
    office(tmp_path)
    (block,) = re.findall(r"^```console\n(.*?)^```", PAGE, re.M | re.S)
    commands = COMMAND.findall(block)
    assert len(commands) == 6
    for command, expected in commands:
        done = subprocess.run(
            [*REVOCAST, *shlex.split(command)], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        assert of_any_day(done.stdout) == of_any_day(expected), command


def office(folder: Path) -> None:
    """The issuer of the page, with its tables, and a request of somebody."""
    now = clock.now()
    issuance = re.findall(r"^```toml\n(\[signer.issuers.*?)^```", PAGE, re.M | re.S)[0]
    authority = Authority("Example CA", days=3650, not_before=now - timedelta(days=1), crl_sign=True)
    Office.build(folder, authority=authority, issuance=issuance, now=now)
    config = folder / "revocast.toml"
    config.write_text(config.read_text().replace('name = "test"', 'name = "example-ca"'))
    (folder / "alice.csr").write_bytes(request_of(ec.generate_private_key(ec.SECP256R1())))


def of_any_day(text: str) -> str:
    """Without what differs from one day to the next."""
    for pattern, word in (
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME"),
        (r"\b[0-9A-F]{32}\b", "SERIAL"),
        (r"\b[0-9a-f]{32}\b", "MESSAGE"),
        (r"after \d+\.\d\d s", "after SECONDS"),
    ):
        text = re.sub(pattern, word, text)
    return text.strip()
