"""What people agree to is all that was decided, and is done once."""

import subprocess
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from revocation import clock
from revocation.commands import root as revocast
from signer.ledger import continuity
from tests.signer.issuers.machine import Machine, as_at_a_terminal, asked_for


def digest_of(machine: Machine, words: tuple[str, ...]) -> str:
    """The digest of the order, as the refusal without a terminal names it."""
    return str(machine.refused(*words).advice).removeprefix("--yes ")


def test_order_that_was_carried_out_is_refused(machine: Machine, tmp_path: Path) -> None:
    """Its digest, kept in a script or a history, would make a second certificate years later."""
    words = asked_for(machine, tmp_path)
    agreed = digest_of(machine, words)
    assert digest_of(machine, words) == agreed
    machine.run(*words, "--yes", agreed)
    (machine.folder / "x.pem").unlink()
    assert "which was carried out at" in machine.refused(*words, "--yes", agreed).what
    assert not (machine.folder / "x.pem").exists()
    machine.run(*words, "--yes", digest_of(machine, words))


def test_approvals_are_good_for_one_renewal(machine: Machine, tmp_path: Path) -> None:
    """The files lie on the offline machine ever after, and the second certificate wants people again."""
    key = tmp_path / "anna"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    public = key.with_suffix(".pub").read_text().strip()
    with machine.config.open("a") as file:
        file.write(f'[signer.ceremony]\napprovals = 1\napprovers = [{{ name = "anna", public_key = "{public}" }}]\n')
    words = ("issuer", "renew", "root", "--days", "3650")
    digest = str(machine.refused(*words).where).removeprefix("order ")
    command = ["ssh-keygen", "-q", "-Y", "sign", "-n", "revocast-ceremony", "-f", str(key)]
    signed = subprocess.run(command, input=f"{digest}\n".encode(), capture_output=True, check=True)
    key.with_suffix(".sig").write_bytes(signed.stdout)
    approved = (*words, "--approval", str(key.with_suffix(".sig")))
    machine.run(*approved)
    assert "no signature of this order" in machine.refused(*approved).what
    assert len(machine.signer.public.profile("root").issuer.certificates) == 2


def test_other_urls_are_another_order(machine: Machine, tmp_path: Path) -> None:
    """They stay in the certificate for years, and whoever edits the configuration meanwhile decides them."""
    words = asked_for(machine, tmp_path)
    agreed = digest_of(machine, words)
    machine.config.write_text(machine.config.read_text().replace("pki.example.com", "evil.example.com"))
    assert "agrees to" in machine.refused(*words, "--yes", agreed).what


def test_order_stays_the_same_where_crls_are_sharded(tmp_path: Path) -> None:
    """The shard follows from the serial, which is another each time: all that may stand in it are agreed to."""
    machine = Machine(tmp_path / "machine", public='crl = { scopes = ["user", "ca"], shards = 4 }')
    machine.create_root()
    words = asked_for(machine, tmp_path)
    assert len({digest_of(machine, words) for _ in range(8)}) == 1


def test_certificate_that_was_signed_meanwhile_makes_it_another_order(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two people at two terminals who agreed to the same order: the second signs nothing."""
    words = [*asked_for(machine, tmp_path), "--config", str(machine.config)]

    def agree(_: str, *, err: bool) -> bool:
        as_at_a_terminal(monkeypatch, is_one=False)
        machine.create_sub()
        return not err

    as_at_a_terminal(monkeypatch)
    monkeypatch.setattr(click, "confirm", agree)
    refused = CliRunner().invoke(revocast, words).exception
    assert "one was signed meanwhile" in str(refused)
    assert not (machine.folder / "x.pem").exists()


def test_order_of_before_a_restore_is_none(machine: Machine, tmp_path: Path) -> None:
    """The copy does not know whether it was carried out after it was made."""
    words = asked_for(machine, tmp_path)
    agreed = digest_of(machine, words)
    with machine.signer.ledger.write() as connection:
        continuity.note_reconciled(connection, clock.now(), "restored from a backup", 0)
    assert "agrees to" in machine.refused(*words, "--yes", agreed).what
