"""The worst day, with real processes: the signer's ledger is gone, and comes back from a backup, and from nothing.

What openssl makes of what is served then is what counts.
"""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.waiting import until
from tests.whole.relying import fetch_crl
from tests.whole.running import Running

ISSUER = "revocast-demo-issuing-ca"
pytestmark = [pytest.mark.timeout(300), pytest.mark.judge("openssl"), pytest.mark.long]


class Site:
    """An installation that is brought up again and again.

    Attributes:
        revoked: the serials that relying parties were told to be revoked.
        crl_number: the last that was served.
    """

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.revoked: set[int] = set()
        self.crl_number = 0
        self.system = Running(self.data)
        self.certificates = self.system.certificates()

    def up(self) -> None:
        """Start it again, with what lies there."""
        self.system = Running(self.data)

    def change(self, verb: str, certificate: x509.Certificate, *options: str) -> None:
        """Ask for it, and wait until it is published."""
        serial = f"{certificate.serial_number:X}"
        done = self.system.revocast(verb, serial, "--issuer", ISSUER, *options)
        assert done.returncode == 0, done.stdout + done.stderr
        if verb == "revoke":
            self.revoked.add(certificate.serial_number)
        else:
            self.revoked.discard(certificate.serial_number)

    def command(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """A command of the signer's machine, while nothing runs there."""
        return self.system.revocast(*arguments)

    def lose_ledger(self) -> None:
        """The disk of the signer is gone, with its responder keys."""
        assert self.system.stop() == 0
        shutil.rmtree(self.data / "signer")

    def name_audit_key(self) -> None:
        """The one that lies there now, beside the one of before, in `audit_keys`."""
        config = self.data / "revocast.toml"
        before, new = config.read_text(), self.command("audit", "show", "--key").stdout.strip()
        assert before.count("\naudit_keys = [") == 1
        config.write_text(before.replace("\naudit_keys = [", f'\naudit_keys = ["{new}", '))

    def exchange(self) -> list[str]:
        """What lies there."""
        return sorted(file.name for file in (self.data / "exchange").iterdir())


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A running installation, stopped in the end however the test goes."""
    made = Site(tmp_path)
    try:
        yield made
    finally:
        if made.system.process.poll() is None:
            made.system.process.terminate()
            made.system.process.wait(30)


def require_right_answers(site: Site) -> None:
    """What openssl says of each certificate, by OCSP and by CRL, is what relying parties were told before."""
    folder = site.data.parent / "openssl"
    folder.mkdir(exist_ok=True)
    issuer, crl = folder / "ca.pem", folder / "crl.pem"
    issuer.write_bytes(site.system.issuer().public_bytes(Encoding.PEM))
    served = fetch_crl(site.system.crl_url())
    crl.write_bytes(served.public_bytes(Encoding.PEM))
    number = served.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    assert number > site.crl_number, "the CRL number did not rise"
    site.crl_number = number
    trust = ("-partial_chain", "-CAfile", str(issuer))
    for certificate in site.certificates:
        file = folder / "certificate.pem"
        file.write_bytes(certificate.public_bytes(Encoding.PEM))
        is_revoked = certificate.serial_number in site.revoked
        ocsp = ("-issuer", str(issuer), "-cert", str(file), "-url", f"{site.system.url}ocsp/", "-no_nonce")
        said = openssl("ocsp", *ocsp, *trust)
        assert "Response verify OK" in said
        assert (f"{file}: revoked" in said, f"{file}: good" in said) == (is_revoked, not is_revoked), said
        said = openssl("verify", *trust, "-crl_check", "-CRLfile", str(crl), str(file))
        assert ("certificate revoked" in said, f"{file}: OK" in said) == (is_revoked, not is_revoked), said


def openssl(*arguments: str) -> str:
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False, timeout=60)
    return done.stdout + done.stderr


def require_nothing_signed(site: Site) -> None:
    """The signer refuses whatever it is asked: nothing comes into the exchange."""
    before = site.exchange()
    refresh = site.command("refresh")
    assert refresh.returncode == 1
    assert "not reconciled with what was published since" in refresh.stdout + refresh.stderr
    serial = f"{site.certificates[-1].serial_number:X}"
    revoke = site.command("revoke", serial, "--issuer", ISSUER, "--no-queue")
    assert revoke.returncode == 1
    assert "no fact is changed" in revoke.stdout + revoke.stderr
    assert site.exchange() == before
    status = site.command("status")
    assert status.returncode == 3
    assert "was restored from a backup" in status.stdout + status.stderr


def from_backup(site: Site, backup: str) -> None:
    """Put the backup in its place; the signer signs nothing."""
    restored = site.command("restore", backup)
    assert restored.returncode == 0, restored.stderr
    require_nothing_signed(site)
    reconciled = site.command("ledger", "reconcile", str(site.data / "public/www"), "--json")
    assert reconciled.returncode == 0, reconciled.stderr
    summary = json.loads(reconciled.stdout)
    assert (summary["recorded"], summary["released"], summary["contradictions"]) == (2, 1, [])


def from_nothing(site: Site, _: str) -> None:
    """No backup is left."""
    rebuilt = site.command("ledger", "rebuild", str(site.data / "public/www"), "--json")
    assert rebuilt.returncode == 0, rebuilt.stderr
    summary = json.loads(rebuilt.stdout)
    assert summary["contradictions"] == []
    assert summary["registered"] >= len(site.certificates)


@pytest.mark.parametrize("recover", [from_backup, from_nothing])
def test_drill(site: Site, recover: Callable[[Site, str], None]) -> None:
    """Every certificate is answered as before the disaster, and revocations go on; the CRL number goes on rising."""
    site.revoked = {entry.serial_number for entry in fetch_crl(site.system.crl_url())}
    one, two, three, four, five, *_ = site.certificates
    site.change("revoke", one, "--reason", "superseded")
    site.change("revoke", two, "--reason", "certificateHold")
    backup = site.system.revocast("backup", str(site.data / "backups"), "--json")
    assert backup.returncode == 0, backup.stderr
    site.change("revoke", three, "--reason", "keyCompromise")
    site.change("revoke", four, "--reason", "certificateHold")
    site.change("release", two)
    require_right_answers(site)
    site.lose_ledger()
    recover(site, json.loads(backup.stdout)["folder"])
    site.name_audit_key()
    site.up()
    site.change("revoke", five, "--reason", "cessationOfOperation")
    until(lambda: site.system.ocsp(five) == "REVOKED", 20)
    require_right_answers(site)
    assert site.system.revocast("status").returncode == 0
    checked = site.system.revocast("check", "--base-url", site.system.url)
    assert checked.returncode == 0, checked.stdout + checked.stderr
