"""Ledgers of before: what they knew is known after the migration."""

import sqlite3
from pathlib import Path

import pytest

from signer.ledger import ledger
from signer.ledger.ledger import Ledger


def test_excuses_stand_among_the_departures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """0004: they are told of as long as what left otherwise."""
    file = tmp_path / "ledger.sqlite"
    with monkeypatch.context() as patch:
        patch.setattr(ledger, "HEAD", "0003")
        Ledger(file)
    with sqlite3.connect(file) as connection:
        connection.execute("INSERT INTO issuers (id, name, revision) VALUES ('00000000', 'x', 1)")
        connection.execute("INSERT INTO excuses VALUES (1, '00000000', x'0b', 'burnt', 1772366400, 'operator', 'id')")
    Ledger(file)
    with sqlite3.connect(file) as connection:
        found = connection.execute("SELECT issuer, serial, why, recorded_at FROM departures").fetchall()
    assert found == [("00000000", b"\x0b", "excused", 1772366400)]
