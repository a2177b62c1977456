"""A CA whose certificate does not let its key sign responses, and that is to do so from now on."""

import subprocess
from pathlib import Path

import pytest
from cryptography import x509

from revocation import clock
from revocation.errors import ConfigurationError
from signer.look import look
from tests.signer.issuers.machine import Machine, asked_for
from tests.signer.reading import bundles


def is_let_sign(certificate: x509.Certificate) -> bool:
    """Whether its keyUsage says so."""
    return certificate.extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature


def to_issuer(machine: Machine) -> None:
    """Turn it on, for all issuers."""
    text = machine.config.read_text()
    machine.config.write_text(text.replace("[public]\n", '[public]\nocsp = { signed_by = "issuer" }\n', 1))


def test_ca_is_renewed_so_that_its_key_signs_responses(machine: Machine) -> None:
    """As the refusal of the configuration says, of one CA after the other; nothing else is done until then."""
    machine.create_sub()
    to_issuer(machine)
    for name in ("root", "sub"):
        with pytest.raises(ConfigurationError, match=f"`revocast issuer renew {name} --signs-responses`"):
            _ = machine.signer
        machine.run("issuer", "renew", name, "--days", "5", "--signs-responses")
    for name in ("root", "sub"):
        assert is_let_sign(machine.signer.public.profile(name).issuer.certificates[0])


def test_renewal_without_the_option_is_stopped(machine: Machine) -> None:
    """It would be another certificate of the kind that is refused, or silently one of another."""
    to_issuer(machine)
    refused = machine.refused("issuer", "renew", "root", "--days", "5")
    assert "keyUsage of its newest CA certificate lacks digitalSignature" in refused.what


@pytest.mark.judge("openssl")
def test_response_verifies_with_the_certificate_of_before(machine: Machine, tmp_path: Path) -> None:
    """RFC 6960 section 4.2.2.2 wants the key: who has the older certificate is served as well."""
    machine.create_sub()
    older = tmp_path / "older.pem"
    older.write_bytes(machine.pem("root").read_bytes())
    machine.run("issuer", "renew", "root", "--days", "3650", "--signs-responses")
    machine.run("issuer", "renew", "sub", "--days", "5", "--signs-responses")
    to_issuer(machine)
    signer = machine.signer
    look(signer, clock.now)
    root = signer.public.profile("root").issuer
    found = [
        data for reader, some in bundles(signer, "ocsp") for data in some if reader.manifest.part.issuer == root.id
    ]
    (tmp_path / "r.der").write_bytes(found[0])
    assert not is_let_sign(x509.load_pem_x509_certificate(older.read_bytes()))
    serial = x509.load_pem_x509_certificates(machine.pem("sub").read_bytes())
    for certificate in (older, machine.pem("root")):
        said = [_asked(tmp_path, certificate, one.serial_number) for one in serial]
        assert any("Response verify OK" in one and ": good" in one for one in said), said


def _asked(folder: Path, certificate: Path, serial: int) -> str:
    """What OpenSSL says of the response."""
    command = ["openssl", "ocsp", "-respin", folder / "r.der", "-issuer", certificate, "-sha256"]
    more = ["-serial", hex(serial), "-CAfile", certificate, "-no_nonce"]
    found = subprocess.run([*command, *more], check=False, capture_output=True, text=True)
    return found.stdout + found.stderr


def test_certificate_that_would_take_it_away_is_not_added(tmp_path: Path) -> None:
    """The newest counts: every service would refuse the configuration at its next start."""
    machine = Machine(tmp_path / "machine")
    machine.create_root("--signs-responses")
    before = machine.pem("root").read_bytes()
    to_issuer(machine)
    other = Machine(tmp_path / "other")
    other.create_root("--key", f"file:{machine.folder}/root.key", "--passphrase", f"file:{machine.folder}/pw")
    refused = machine.refused("issuer", "add-certificate", "root", other.pem("root"))
    assert "its keyUsage lacks digitalSignature" in refused.what
    assert machine.pem("root").read_bytes() == before


def test_certificate_from_elsewhere_lets_it_sign(machine: Machine, tmp_path: Path) -> None:
    """Neither the request for it nor the command that adds it is stopped by what it mends."""
    words = asked_for(machine, tmp_path)
    machine.run(*words, "--yes", str(machine.refused(*words).advice).removeprefix("--yes "))
    there = Machine(tmp_path / "there2")
    key = ("--key", f"file:{tmp_path}/there/sub.key", "--passphrase", f"file:{tmp_path}/there/pw")
    there.run("issuer", "install", "sub", machine.folder / "x.pem", *key, "--append")
    to_issuer(there)
    there.run("issuer", "csr", "sub")
    again = ("issuer", "sign", there.folder / "issuers/sub.csr", "--issued-by", "root", "--days", "9")
    again = (*again, "--out", tmp_path / "y.pem", "--signs-responses")
    machine.run(*again, "--yes", str(machine.refused(*again).advice).removeprefix("--yes "))
    there.run("issuer", "add-certificate", "sub", tmp_path / "y.pem")
    assert there.signer.public.profile("sub").issuer.signs_responses
