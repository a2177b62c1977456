"""`revocast discard`: signed, audited, and refused where nothing was signed ahead."""

import json
import sqlite3
from datetime import timedelta
from pathlib import Path

from revocation.clock import fixed, now
from signer.look import look
from tests.jobs.present import Present


def test_discard_takes_back_what_was_signed_ahead_and_is_audited(tmp_path: Path) -> None:
    """And is refused where there is nothing."""
    present = Present(tmp_path / "installation")
    command = ("discard", "--issuer", "test", "--why", "the clock jumped")
    refused = present.run(*command)
    assert (refused.exit_code, "nothing was signed for later" in str(refused.exception)) == (1, True)
    assert str(refused.exception).count("issuer test: ") == 1
    assert look(present.estate.signer(), fixed(now() + timedelta(days=100))).made
    done = present.run(*command, "--json")
    assert done.exit_code == 0, done.output
    discarded = json.loads(done.stdout)["data"]["discarded"]
    assert any("-crl-all.tar" in name for name in discarded)
    with sqlite3.connect(present.estate.folder / "signer/ledger.sqlite") as ledger:
        (detail,) = ledger.execute("SELECT detail FROM audit WHERE action = 'discard' ORDER BY id DESC").fetchone()
        (count,) = ledger.execute("SELECT count(*) FROM issued WHERE discarded_at IS NOT NULL").fetchone()
    noted = json.loads(detail)
    assert (noted["discarded"], noted["why"], noted["requester"]) == (discarded, "the clock jumped", "operator")
    assert count == len(discarded)
    assert present.run("refresh").exit_code == 0
    assert present.run("status", "--timeout", "60").exit_code == 0
