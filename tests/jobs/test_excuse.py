"""`revocast excuse`: recorded with who and why, and refused where it would say what is not so."""

import json
import sqlite3
from pathlib import Path

from tests.jobs.present import Present


def test_excuse_is_signed_recorded_and_audited(tmp_path: Path) -> None:
    """And refused for what is revoked: the CRLs list it."""
    present = Present(tmp_path / "installation")
    assert present.run("revoke", "06", "--issuer", "test").exit_code == 0
    assert present.run("excuse", "06", "--issuer", "test", "--why", "a mistake").exit_code == 1
    assert present.run("excuse", "05", "x", "--issuer", "test", "--why", "a mistake").exit_code == 2
    done = present.run("excuse", "05", "0A", "--issuer", "test", "--why", "the old key was burnt")
    assert (done.exit_code, "2 serials of test may be missing" in done.output) == (0, True)
    with sqlite3.connect(present.estate.folder / "signer/ledger.sqlite") as ledger:
        (detail,) = ledger.execute("SELECT detail FROM audit WHERE action = 'excuse' ORDER BY id DESC").fetchone()
    noted = json.loads(detail)
    assert (noted["serials"], noted["why"], noted["requester"]) == (["05", "0A"], "the old key was burnt", "operator")
