"""The ledger: what it refuses to change, and that its schema is the one that migrations make."""

import hashlib
import json
import logging
import socket
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from revocation.clock import fixed
from revocation.errors import ConfigurationError
from signer.handle import handle
from signer.ledger import certified, continuity
from signer.ledger.ledger import HEAD, Ledger, LedgerUnavailable
from signer.ledger.schema import metadata
from signer.look import look
from tests.authority import NOW
from tests.estate import Estate
from tests.infra.running_nginx import free_port
from tests.postgresql import Server


def test_migrations_make_the_schema_of_the_code(estate: Estate) -> None:
    """A ledger that was migrated has the very tables that the code reads and writes."""
    with estate.signer().ledger.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


@pytest.mark.parametrize(("table", "column"), [("audit", "action"), ("facts", "kind"), ("replies", "reply")])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET {} = 'x'"])
def test_record_cannot_be_changed_or_deleted(estate: Estate, table: str, column: str, statement: str) -> None:
    """Facts, replies and audit entries are appended; the database itself refuses the rest."""
    signer = estate.signer()
    estate.register(signer, [1])
    handle(signer, estate.revoke(1), fixed(NOW))
    with pytest.raises(DatabaseError, match="append-only"), signer.ledger.write() as connection:
        connection.execute(text(statement.format(table, column)))


@pytest.mark.parametrize(
    "statement",
    [
        "audit SELECT id, at, 'nothing', issuer, detail, chain FROM audit",
        "facts SELECT * FROM facts",
        (
            "facts (rowid, issuer, revision, serial, kind, recorded_at, requester, message) "
            "SELECT rowid, issuer, revision + 9, serial, 'released', recorded_at, requester, message FROM facts"
        ),
        "replies SELECT message, digest, 'another' FROM replies",
        "replies (rowid, message, digest, reply) SELECT rowid, 'another', digest, reply FROM replies",
        "continuity SELECT * FROM continuity",
        "certified SELECT id, issuer, x'00' FROM certified",
    ],
)
def test_record_cannot_be_replaced(tmp_path: Path, statement: str) -> None:
    """SQLite fires no DELETE trigger for what INSERT OR REPLACE removes; PostgreSQL has no such statement."""
    estate = Estate.build(tmp_path)
    signer = estate.signer()
    estate.register(signer, [1])
    handle(signer, estate.revoke(1), fixed(NOW))
    with signer.ledger.write() as connection:
        continuity.note_reconciled(connection, NOW, "reconciled", 0)
        certified.note(connection, "00000000", b"\x01")
    with pytest.raises(DatabaseError, match="append-only"), signer.ledger.write() as connection:
        connection.execute(text(f"INSERT OR REPLACE INTO {statement}"))


def test_writing_transaction_that_fails_leaves_nothing(estate: Estate) -> None:
    """An exception inside a transaction undoes all of it."""
    signer = estate.signer()

    def write_and_fail() -> None:
        with signer.ledger.write() as connection:
            connection.execute(text("INSERT INTO issuers (id, name, revision) VALUES ('00000000', 'x', 1)"))
            raise LookupError("nothing comes of it")

    with pytest.raises(LookupError):
        write_and_fail()
    with signer.ledger.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM issuers")).scalar() == 0


def test_statement_that_the_database_cannot_carry_out_is_an_outage_and_says_what_is_recorded(estate: Estate) -> None:
    """An operator reads whose fault it is and what to do, not a traceback."""
    signer = estate.signer()
    name = "postgresql" if "postgresql" in str(signer.config.ledger) else "sqlite"
    statement = {"sqlite": "SELECT * FROM nowhere", "postgresql": "SELECT pg_terminate_backend(pg_backend_pid())"}[name]
    advice = {"sqlite": "Nothing was recorded", "postgresql": "Ask again with the same id"}[name]
    with pytest.raises(LedgerUnavailable, match=advice), signer.ledger.write() as connection:
        connection.execute(text(statement))
    estate.register(signer, [1])


@pytest.mark.judge("initdb")
def test_database_that_goes_away_is_an_outage_for_who_reads_and_who_signs(tmp_path: Path) -> None:
    """What failed, where, and what to do; once it is back nothing has to be started anew."""
    with Server() as server:
        estate = Estate.build(tmp_path, ledger=server.database())
        ledger = estate.signer().ledger
        server.stop()
        with pytest.raises(LedgerUnavailable, match="does the server run"), ledger.read():
            pass
        with pytest.raises(LedgerUnavailable, match="does the server run"), ledger.signing():
            pass
        server.start()
        with ledger.signing(), ledger.read() as connection:
            assert connection.execute(text("SELECT count(*) FROM issuers")).scalar() == 0


@pytest.mark.judge("initdb")
def test_connection_whose_other_end_vanished_is_ended_within_half_a_minute(tmp_path: Path) -> None:
    """By both ends: the signer does not wait for a server, nor others for its locks, as long as the system would."""
    port, passwords = free_port(), tmp_path / "pgpass"
    passwords.write_text(f"127.0.0.1:{port}:*:signer:secret\n")
    passwords.chmod(0o600)
    with Server(port=port) as server:
        with server.connect() as administrator:
            administrator.execute("CREATE ROLE signer SUPERUSER LOGIN PASSWORD 'secret'")
        ledger = Ledger(f"postgresql://signer@127.0.0.1:{port}/postgres?passfile={passwords}")
        with ledger.write() as connection:
            names = ("tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count", "tcp_user_timeout")
            of_server = [connection.exec_driver_sql(f"SHOW {name}").scalar() for name in names]
            descriptor = connection.connection.dbapi_connection.fileno()  # type: ignore[union-attr]
            with socket.fromfd(descriptor, socket.AF_INET, socket.SOCK_STREAM) as mine:
                kinds = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT, socket.TCP_USER_TIMEOUT)
                of_client = [mine.getsockopt(socket.IPPROTO_TCP, kind) for kind in kinds]
    assert of_server == ["10", "5", "4", "30000"]
    assert of_client == [10, 5, 4, 30_000]


def test_file_is_durable_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    """WAL with full synchronisation, so that an acknowledged fact survives a power cut; no access for others."""
    estate = Estate.build(tmp_path)
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
    with signer.ledger.read() as connection:
        rows = connection.execute(text("SELECT at, action, issuer, detail, chain FROM audit ORDER BY id")).all()
    before, actions = b"", []
    for at, action, issuer, detail, chain in rows:
        entry = json.dumps(
            {"action": action, "at": at, "detail": detail, "issuer": issuer}, sort_keys=True, separators=(",", ":")
        )
        assert chain == (before := hashlib.sha256(before + entry.encode()).digest())
        actions.append(action)
    assert actions == ["import", "revoke", "sign responder certificate", "sign crl", "sign ocsp"]


def test_migration_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What the schema was and is; who opens the ledger again says nothing."""
    with caplog.at_level(logging.INFO, "revocast"):
        Ledger(tmp_path / "ledger.sqlite")
        Ledger(tmp_path / "ledger.sqlite")
    said = [record.getMessage() for record in caplog.records if record.name == "revocast.signer"]
    assert said == [f"ledger {tmp_path}/ledger.sqlite: its schema is {HEAD} now, and was none"]


def test_file_that_is_no_ledger_is_refused_and_left_alone(tmp_path: Path) -> None:
    """A wrong path does not overwrite somebody's file."""
    (tmp_path / "notes.txt").write_text("dear diary " * 100)
    with pytest.raises(ConfigurationError, match="not a database"):
        Ledger(tmp_path / "notes.txt")
    assert (tmp_path / "notes.txt").read_text() == "dear diary " * 100


def test_ledger_of_a_later_version_is_refused(estate: Estate) -> None:
    """A schema that this version does not know is not touched."""
    with estate.signer().ledger.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigurationError, match="upgrade Revocast"):
        estate.signer()


def test_process_that_runs_while_a_later_version_migrates_records_nothing_more(estate: Estate) -> None:
    """It would write by what it knows of tables that are others by now; restarted, it says what to do."""
    signer = estate.signer()
    estate.register(signer, [1])
    with signer.ledger.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(LedgerUnavailable, match="has the schema 9999 since") as told:
        handle(signer, estate.revoke(1), fixed(NOW))
    assert "restart" in str(told.value.advice)
    with pytest.raises(ConfigurationError, match="upgrade Revocast"):
        estate.signer()
