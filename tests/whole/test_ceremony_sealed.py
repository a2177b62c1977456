"""The head of the audit log after each part of a ceremony: what was written then is not cut off unnoticed."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.whole.ceremonies import Site

pytestmark = pytest.mark.timeout(300)


def last_and_head(machine: Path) -> tuple[int, int]:
    """The number of the last entry, and of the one that the head names."""
    with closing(sqlite3.connect(machine / "ledger.sqlite")) as ledger:
        (last,) = ledger.execute("SELECT max(id) FROM audit").fetchone()
    return last, json.loads((machine / "exchange/audit.head").read_bytes())["entry"]


def test_request_ceremony_and_acceptance_each_put_a_head(tmp_path: Path) -> None:
    """Nobody looks for months on either machine, by cron perhaps never: an acceptance that is cut off is noticed."""
    site = Site.build(tmp_path / "site")
    digest = site.request("first.json")
    assert last_and_head(site.online) == (1, 1)
    site.sign("first.json", digest, "first")
    last, head = last_and_head(site.offline)
    assert head == last
    site.run(site.online, "ceremony", "accept", "../stick/first")
    assert last_and_head(site.online) == (2, 2)
    with closing(sqlite3.connect(site.online / "ledger.sqlite")) as ledger, ledger:
        ledger.execute("DROP TRIGGER audit_no_delete")
        ledger.execute("DELETE FROM audit WHERE id = 2")
    assert "names entry 2, and the log ends at entry 1" in site.run(site.online, "audit", "verify", code=1)
