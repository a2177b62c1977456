"""A CA that the offline machine certified is published by the next ceremony, and revoked by a later one."""

from pathlib import Path

import pytest
from cryptography import x509

from tests.signer.issuers.machine import SUB, Machine
from tests.whole.ceremonies import Site

pytestmark = [pytest.mark.judge("openssl"), pytest.mark.timeout(300)]


@pytest.mark.long
def test_ca_certified_offline_is_published_by_ceremonies(tmp_path: Path) -> None:
    """Both ledgers know it, by the signing and by an import, and agree at the ceremonies that follow."""
    site = Site.build(tmp_path / "site")
    site.run(site.online, "import", "../issued")
    site.hold("first")
    machine = Machine(site.folder / "sub")
    machine.run("issuer", "csr", "sub", "--subject", SUB, *machine.key("sub"), "--out", site.stick / "sub.csr")
    usual = ("issuer", "sign", "../stick/sub.csr", "--issued-by", "root", "--days", "365", "--out", "../stick/sub.pem")
    order = site.run(site.offline, *usual, code=1).partition("order      ")[2].split()[0]
    site.run(site.offline, *usual, "--yes", order)
    made = x509.load_pem_x509_certificate((site.stick / "sub.pem").read_bytes())
    site.certificates[made.serial_number] = site.stick / "sub.pem"
    told = site.run(site.online, "import", "../stick/sub.pem", "--issuer", "root", "--kind", "certificates")
    assert "1 new" in told
    site.hold("second")
    assert site.verdict(made.serial_number) == "good"
    assert "good" in site.answer(made.serial_number)
    serial = f"{made.serial_number:X}"
    site.run(site.online, "revoke", serial, "--issuer", "root", "--reason", "superseded", "--no-queue", code=4)
    site.hold("third")
    assert made.serial_number in site.listed()
    assert site.verdict(made.serial_number) == "revoked"
