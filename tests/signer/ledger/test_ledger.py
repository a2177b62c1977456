"""The ledger: what it refuses to change, and that its schema is the one that migrations make."""

import hashlib
import json
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DatabaseError

from revocation.clock import fixed
from revocation.errors import ConfigurationError
from signer.handle import handle
from signer.ledger.ledger import Ledger, LedgerUnavailable
from signer.ledger.schema import metadata
from signer.look import look
from tests.authority import NOW
from tests.estate import Estate


def test_migrations_make_the_schema_of_the_code(tmp_path: Path) -> None:
    """A ledger that was migrated has the very tables that the code reads and writes."""
    Ledger(tmp_path / "ledger.sqlite")
    engine = create_engine(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


@pytest.mark.parametrize("table", ["audit", "facts", "replies"])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET rowid = rowid"])
def test_record_cannot_be_changed_or_deleted(estate: Estate, table: str, statement: str) -> None:
    """Facts, replies and audit entries are appended; the database itself refuses the rest."""
    signer = estate.signer()
    estate.register(signer, [1])
    handle(signer, estate.revoke(1), fixed(NOW))
    with pytest.raises(DatabaseError, match="append-only"), signer.ledger.write() as connection:
        connection.execute(text(statement.format(table)))


def test_writing_transaction_that_fails_leaves_nothing(estate: Estate) -> None:
    """An exception inside a transaction undoes all of it."""
    signer = estate.signer()

    def write_and_fail() -> None:
        with signer.ledger.write() as connection:
            connection.execute(text("INSERT INTO issuers VALUES ('00000000', 'x', 1)"))
            connection.execute(text("INSERT INTO nowhere VALUES (1)"))

    with pytest.raises(LedgerUnavailable, match="Nothing was recorded"):
        write_and_fail()
    with signer.ledger.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM issuers")).scalar() == 0


def test_ledger_is_durable_and_readable_by_its_owner_alone(estate: Estate) -> None:
    """WAL with full synchronisation, so that an acknowledged fact survives a power cut; no access for others."""
    signer = estate.signer()
    with signer.ledger.read() as connection:
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
    assert (estate.folder / "signer/ledger.sqlite").stat().st_mode & 0o077 == 0


def test_audit_has_an_entry_for_each_signing_chained_to_the_one_before(estate: Estate) -> None:
    """Every signing and every change of facts leaves an entry whose chain value covers all before it."""
    signer = estate.signer()
    estate.register(signer, [1])
    handle(signer, estate.revoke(1), fixed(NOW))
    look(signer, fixed(NOW))
    rows = sqlite3.connect(estate.folder / "signer/ledger.sqlite").execute(
        "SELECT at, action, issuer, detail, chain FROM audit ORDER BY id"
    )
    before, actions = b"", []
    for at, action, issuer, detail, chain in rows:
        entry = json.dumps(
            {"action": action, "at": at, "detail": detail, "issuer": issuer}, sort_keys=True, separators=(",", ":")
        )
        assert chain == (before := hashlib.sha256(before + entry.encode()).digest())
        actions.append(action)
    assert actions == ["import", "revoke", "sign responder certificate", "sign crl", "sign ocsp"]


def test_file_that_is_no_ledger_is_refused_and_left_alone(tmp_path: Path) -> None:
    """A wrong path does not overwrite somebody's file."""
    (tmp_path / "notes.txt").write_text("dear diary " * 100)
    with pytest.raises(ConfigurationError, match="not a database"):
        Ledger(tmp_path / "notes.txt")
    assert (tmp_path / "notes.txt").read_text() == "dear diary " * 100


def test_ledger_of_a_later_version_is_refused(tmp_path: Path) -> None:
    """A schema that this version does not know is not touched."""
    Ledger(tmp_path / "ledger.sqlite")
    with sqlite3.connect(tmp_path / "ledger.sqlite") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ConfigurationError, match="upgrade Revocast"):
        Ledger(tmp_path / "ledger.sqlite")
