"""The head of the audit log after commands of issuers: what they wrote is not cut off unnoticed."""

from pathlib import Path

from sqlalchemy import text

from revocation.audithead import AuditHead
from signer.auditing.log import extent
from signer.auditing.verify import verify
from tests.signer.issuers.machine import SUB, Machine


def last_and_head(machine: Machine) -> tuple[int, int]:
    """The number of the last entry, and of the one that the head names."""
    signer = machine.signer
    with signer.ledger.read() as connection:
        log = extent(connection)
    found = signer.exchange.head()
    assert log
    assert found
    return log.last.id, AuditHead.parse(found, "it").entry


def test_each_command_that_writes_an_entry_puts_a_head(machine: Machine, tmp_path: Path) -> None:
    """No look may come for a year, where the machine is offline."""
    assert last_and_head(machine) == (1, 1)
    machine.create_sub()
    assert last_and_head(machine) == (2, 2)
    machine.run("issuer", "renew", "sub", "--days", "5")
    assert last_and_head(machine) == (3, 3)
    machine.run("issuer", "csr", "sub")
    assert last_and_head(machine) == (4, 4)
    out = ("--out", str(tmp_path / "x.pem"))
    words = ("issuer", "sign", str(machine.folder / "issuers/sub.csr"), "--issued-by", "root", "--days", "9", *out)
    machine.run(*words, "--yes", str(machine.refused(*words).advice).removeprefix("--yes "))
    assert last_and_head(machine) == (5, 5)
    machine.run("issuer", "add-certificate", "sub", tmp_path / "x.pem")
    assert last_and_head(machine) == (6, 6)


def test_certificate_that_was_cut_off_the_log_is_noticed(machine: Machine) -> None:
    """Whoever made a CA of his own with a root's key and then removes that entry is told by the head."""
    machine.create_sub()
    signer = machine.signer
    with signer.ledger.write() as connection:
        connection.execute(text("DROP TRIGGER audit_no_delete"))
        connection.execute(text("DELETE FROM audit WHERE id = 2"))
        connection.execute(text("DROP TRIGGER certified_no_delete"))
        connection.execute(text("DELETE FROM certified WHERE id = 2"))
        (problem,) = verify(connection, signer.exchange, [], ()).problems
    assert "names entry 2, and the log ends at entry 1" in str(problem)


def test_certificate_that_was_cut_off_is_noticed_without_a_head(machine: Machine) -> None:
    """The signer died before it put one, or somebody took it away: the ledger knows what it signed all the same."""
    machine.create_sub()
    signer, serial = machine.signer, machine.certificate("sub").serial_number
    (machine.folder / "exchange/audit.head").unlink()
    with signer.ledger.write() as connection:
        assert verify(connection, signer.exchange, [], ()).whole
        connection.execute(text("DROP TRIGGER audit_no_delete"))
        connection.execute(text("DELETE FROM audit WHERE id = 2"))
        (problem,) = verify(connection, signer.exchange, [], ()).problems
    assert f"no entry of CA certificate {serial:X}" in str(problem)


def test_head_that_cannot_be_put_is_told_and_the_certificate_is_there(machine: Machine) -> None:
    """It is signed and recorded, whatever becomes of the exchange."""
    (machine.folder / "exchange/audit.head").unlink()
    (machine.folder / "exchange/audit.head").mkdir()
    said = machine.run(
        "issuer", "create", "sub", "--issued-by", "root", "--subject", SUB, "--days", "5", *machine.key("sub")
    )
    assert "audit.head" in said
    assert machine.pem("sub").exists()
