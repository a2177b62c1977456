"""The chains behind a certificate: found among what is public, or configured and checked (RFC 8555 section 7.4.2)."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from registrar.acme.chains import require_chains
from revocation.errors import ConfigurationError
from tests.authority import Authority
from tests.registrar.site import UNLIMITED, Site


def cross_signed(by: Authority, below: Authority) -> x509.Certificate:
    """The CA certificate of `below`, by another CA."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(below.certificate.subject)
        .issuer_name(by.certificate.subject)
        .public_key(below.key.public_key())
        .serial_number(7)
        .not_valid_before(below.certificate.not_valid_before_utc - timedelta(days=1))
        .not_valid_after(below.certificate.not_valid_after_utc)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )
    return builder.sign(by.key, SHA256())


def test_chain_ends_below_the_root(tmp_path: Path) -> None:
    """Made of the certificates that are public; the other one of the issuer is an alternate."""
    root, home = Authority("Root"), Authority("Home CA")
    root.write(tmp_path / "root.pem")
    (tmp_path / "cross.pem").write_bytes(cross_signed(root, home).public_bytes(Encoding.PEM))
    public = '[[public.issuers]]\nname = "root"\ncertificates = ["root.pem"]'
    site = Site.build(tmp_path, public=public, authority=home)
    config = tmp_path / "revocast.toml"
    config.write_text(config.read_text().replace('["home.pem"]', '["home.pem", "cross.pem"]'))
    site = Site.of(site.folder, home)
    one = site.client()
    _, order = one.certificate("a.example")
    url = one.post(order.headers["Location"]).json["certificate"]
    first = one.post(url)
    assert first.mimetype == "application/pem-certificate-chain"
    assert len(x509.load_pem_x509_certificates(first.data)) == 2
    assert x509.load_pem_x509_certificates(first.data)[1] == home.certificate
    assert f'<{url}/1>;rel="alternate"' in first.headers.getlist("Link")
    second = one.post(f"{url}/1")
    assert x509.load_pem_x509_certificates(second.data)[1].issuer == root.certificate.subject
    assert len(x509.load_pem_x509_certificates(second.data)) == 2
    assert f'<{url}>;rel="alternate"' in second.headers.getlist("Link")
    assert one.post(f"{url}/2").status_code == 404


def test_chains_can_be_configured(tmp_path: Path) -> None:
    """Files, in their order."""
    other, home = Authority("Other Root"), Authority("Home CA")
    other.write(tmp_path / "other.pem")
    (tmp_path / "cross.pem").write_bytes(cross_signed(other, home).public_bytes(Encoding.PEM))
    chains = 'chains = [["cross.pem", "other.pem"], ["home.pem"]]'
    site = Site.build(tmp_path, issuer=f"{chains}\n{UNLIMITED}", authority=home)
    require_chains(site.services.tenants.values())
    one = site.client()
    _, order = one.certificate("a.example")
    url = one.post(order.headers["Location"]).json["certificate"]
    assert [len(x509.load_pem_x509_certificates(one.post(each).data)) for each in (url, f"{url}/1")] == [3, 2]


@pytest.mark.parametrize(
    ("chains", "said"),
    [
        ('[["missing.pem"]]', "missing.pem: cannot be read: No such file"),
        ('[["garbage.pem"]]', "garbage.pem: holds no readable certificate"),
        ('[["root.pem"]]', "begins with CN=Root, which is not this issuer"),
        ('[["home.pem"], ["cross.pem", "home.pem"]]', "CN=Home CA did not sign CN=Home CA before it"),
    ],
)
def test_chain_that_is_none_is_refused_before_anything_is_issued(tmp_path: Path, chains: str, said: str) -> None:
    """By the name of what to change."""
    root, home = Authority("Root"), Authority("Home CA")
    root.write(tmp_path / "root.pem")
    (tmp_path / "cross.pem").write_bytes(cross_signed(root, home).public_bytes(Encoding.PEM))
    (tmp_path / "garbage.pem").write_text("garbage")
    site = Site.build(tmp_path, issuer=f"chains = {chains}\n{UNLIMITED}", authority=home)
    with pytest.raises(ConfigurationError, match=re.escape(said)) as refused:
        require_chains(site.services.tenants.values())
    assert "chains of home in [[registrar.issuers]]" in str(refused.value)
