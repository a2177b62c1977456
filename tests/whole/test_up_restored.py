"""`revocast up` on a ledger that came back from a backup: it says what the signer waits for, and what to type."""

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.waiting import until
from tests.whole.running import running

pytestmark = pytest.mark.timeout(240)


def test_signer_that_waits_is_told_and_what_is_to_be_typed_ends_it(tmp_path: Path) -> None:
    """All that is published answers meanwhile; the command works as it stands, while `up` goes on."""
    data = tmp_path / "data"
    with running(data) as system:
        done = system.revocast("backup", str(data / "backups"), "--json")
        assert done.returncode == 0, done.stderr
        assert "the signer waits" not in system.log.read_text()
    shutil.rmtree(data / "signer")
    assert system.revocast("restore", json.loads(done.stdout)["folder"]).returncode == 0
    with running(data) as system:
        told = re.findall(
            r"revocast up: the signer waits: .*: type `(.*)` \(docs/disaster.md\)", system.log.read_text()
        )
        assert len(told) == 2, system.log.read_text()
        revoke = ("revoke", f"{system.certificates()[-1].serial_number:X}", "--issuer", "revocast-demo-issuing-ca")
        assert "no fact is changed" in system.revocast(*revoke).stderr
        typed = subprocess.run(shlex.split(told[0]), capture_output=True, text=True, check=False)
        assert typed.returncode == 0, typed.stderr
        assert system.revocast(*revoke).returncode == 0
        until(lambda: system.ocsp(system.certificates()[-1]) == "REVOKED", 20)
