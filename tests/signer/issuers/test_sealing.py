"""The head of the audit log after commands of issuers: what they wrote is not cut off unnoticed."""

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from sqlalchemy import text

from revocation.audithead import AuditHead
from signer.auditing.log import extent
from signer.auditing.verify import verify
from signer.issuers import create, files
from tests.signer.issuers.machine import SUB, Machine, asked_for


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


def test_head_that_cannot_be_put_is_told_and_the_certificate_is_there(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is signed and recorded, whatever becomes of the exchange meanwhile."""

    def keep(path: Path, certificate: x509.Certificate) -> None:
        lay_folder(machine.folder / "exchange")
        files.keep(path, certificate)

    monkeypatch.setattr(create, "keep", keep)
    said = machine.run(
        "issuer", "create", "sub", "--issued-by", "root", "--subject", SUB, "--days", "5", *machine.key("sub")
    )
    assert "audit.head" in said
    assert machine.pem("sub").exists()


def put_back(machine: Machine, before: bytes) -> None:
    """The file of the ledger, as it was, by hand: nothing in it says so."""
    for more in machine.folder.glob("signer/ledger.sqlite-*"):
        more.unlink()
    (machine.folder / "signer/ledger.sqlite").write_bytes(before)


def test_order_is_not_carried_out_again_with_a_ledger_that_was_put_back(machine: Machine, tmp_path: Path) -> None:
    """The ledger knows nothing of it, and the head that lies in the exchange does."""
    words, before = asked_for(machine, tmp_path), (machine.folder / "signer/ledger.sqlite").read_bytes()
    agreed = str(machine.refused(*words).advice)
    machine.run(*words, *agreed.split())
    (machine.folder / "x.pem").unlink()
    put_back(machine, before)
    for command in ((*words, *agreed.split()), ("issuer", "renew", "root", "--days", "9"), ("issuer", "csr", "root")):
        refused = machine.refused(*command)
        assert "names entry 2, and the log ends at entry 1" in refused.what
        assert "`revocast ledger reconcile`" in str(refused.advice)
    assert not (machine.folder / "x.pem").exists()
    with machine.signer.ledger.read() as connection:
        assert (log := extent(connection))
    assert log.last.id == 1


def lay_folder(exchange: Path) -> None:
    """In the place of the head."""
    (exchange / "audit.head").unlink()
    (exchange / "audit.head").mkdir()


def lay_link(exchange: Path) -> None:
    """In its place, to a head."""
    (exchange / "audit.head").rename(exchange / "elsewhere")
    (exchange / "audit.head").symlink_to("elsewhere")


def lead_nowhere(exchange: Path) -> None:
    """As where a disk is not mounted."""
    exchange.rename(exchange.with_name("away"))
    exchange.symlink_to("nowhere")


@pytest.mark.parametrize(
    ("take_away", "words"),
    [
        (lay_folder, "cannot be read (is no file)"),
        (lay_link, "cannot be read (is no file)"),
        (lambda exchange: (exchange / "audit.head").write_bytes(b"{" * 100_000), "cannot be read (is larger"),
        (lambda exchange: (exchange / "audit.head").write_bytes(b'{"format": 99}'), "cannot be read (is of format 99"),
        (lead_nowhere, "cannot be read (the folder is not there)"),
        (lambda exchange: exchange.rename(exchange.with_name("away")), "cannot be read (the folder is not there)"),
    ],
    ids=["folder", "link", "large", "later", "exchange is a link to nothing", "no exchange"],
)
def test_order_is_not_carried_out_again_where_the_head_is_out_of_sight(
    machine: Machine, tmp_path: Path, take_away: Callable[[Path], object], words: str
) -> None:
    """The ledger was put back, and nothing tells of it: whoever did so could as well have moved the exchange."""
    order, before = asked_for(machine, tmp_path), (machine.folder / "signer/ledger.sqlite").read_bytes()
    agreed = str(machine.refused(*order).advice)
    machine.run(*order, *agreed.split())
    (machine.folder / "x.pem").unlink()
    put_back(machine, before)
    take_away(machine.folder / "exchange")
    for command in ((*order, *agreed.split()), ("issuer", "renew", "root", "--days", "9"), ("issuer", "csr", "root")):
        assert machine.refused(*command).what.startswith(words)
    assert not (machine.folder / "x.pem").exists()


def test_first_certificate_needs_no_exchange_yet(tmp_path: Path) -> None:
    """A log without entries has nothing that could have been put back."""
    machine = Machine(tmp_path / "new")
    assert not (machine.folder / "exchange").exists()
    machine.create_root()
    assert last_and_head(machine) == (1, 1)


def test_nothing_is_certified_while_the_exchange_cannot_be_read(machine: Machine) -> None:
    """Whether the ledger was put back cannot be seen then."""
    exchange, away = machine.folder / "exchange", machine.folder / "away"
    exchange.rename(away)
    exchange.write_bytes(b"")
    refused = machine.refused("issuer", "renew", "root", "--days", "9")
    assert refused.what.startswith("cannot be read (Not a directory)")
    exchange.unlink()
    away.rename(exchange)
    machine.run("issuer", "renew", "root", "--days", "9")


def test_head_of_another_signer_keeps_nobody_from_certifying(machine: Machine, tmp_path: Path) -> None:
    """It contradicts nothing, and is told and replaced."""
    other = Machine(tmp_path / "other")
    other.create_root()
    (machine.folder / "exchange/audit.head").write_bytes((other.folder / "exchange/audit.head").read_bytes())
    machine.run("issuer", "renew", "root", "--days", "9")
