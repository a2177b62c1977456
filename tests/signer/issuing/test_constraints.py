"""nameConstraints of an issuer: what they exclude is refused, and OpenSSL would refuse it too."""

import subprocess
from ipaddress import ip_network
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from revocation.errors import Refused
from revocation.issuer import Issuer
from signer.issuing.constraints import require_within
from signer.issuing.names import parse_name
from tests.authority import NOW, Authority

PERMITTED = [
    x509.DNSName("example.com"),
    x509.IPAddress(ip_network("192.168.0.0/16")),
    x509.RFC822Name("example.com"),
    x509.UniformResourceIdentifier(".example.com"),
]
EXCLUDED = [x509.DNSName("secret.example.com")]
NAMES = {
    "dns:www.example.com": True,
    "dns:example.com": True,
    "dns:*.example.com": True,
    "dns:www.secret.example.com": False,
    "dns:example.org": False,
    "dns:badexample.com": False,
    "ip:192.168.3.4": True,
    "ip:10.0.0.1": False,
    "ip:fd00::1": False,
    "email:a@example.com": True,
    "email:a@sub.example.com": False,
    "uri:https://www.example.com/x": True,
    "uri:https://example.org/x": False,
}


def restricted(permitted: list[x509.GeneralName] | None, excluded: list[x509.GeneralName] | None) -> Authority:
    """A CA with nameConstraints, which certifies itself."""
    authority = Authority(crl_sign=True)
    builder = (
        x509.CertificateBuilder()
        .subject_name(authority.certificate.subject)
        .issuer_name(authority.certificate.subject)
        .public_key(authority.key.public_key())
        .serial_number(5)
        .not_valid_before(authority.certificate.not_valid_before_utc)
        .not_valid_after(authority.certificate.not_valid_after_utc)
        .add_extension(x509.NameConstraints(permitted, excluded), critical=True)
    )
    for one in authority.certificate.extensions:
        builder = builder.add_extension(one.value, one.critical)
    authority.certificate = builder.sign(authority.key, SHA256())
    return authority


def allows(issuer: Issuer, name: str) -> bool:
    try:
        require_within(issuer, [parse_name(name)])
    except Refused:
        return False
    return True


@pytest.mark.judge("openssl")
@pytest.mark.parametrize("name", NAMES)
def test_name_outside_is_refused_here_and_by_openssl(tmp_path: Path, name: str) -> None:
    """The same answer for each; a wildcard by the names that it stands for."""
    authority = restricted(PERMITTED, EXCLUDED)
    assert allows(authority.issuer(), name) is NAMES[name]
    key = ec.generate_private_key(ec.SECP256R1())
    leaf = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(authority.certificate.subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW)
        .not_valid_after(authority.certificate.not_valid_after_utc)
        .add_extension(x509.SubjectAlternativeName([parse_name(name).general_name]), critical=True)
        .sign(authority.key, SHA256())
    )
    (tmp_path / "leaf.pem").write_bytes(leaf.public_bytes(Encoding.PEM))
    ca = authority.write(tmp_path / "ca.pem")
    command = ["openssl", "verify", "-attime", str(int(NOW.timestamp())), "-CAfile", ca, tmp_path / "leaf.pem"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert (done.returncode == 0) is NAMES[name], done.stderr


def test_issuer_without_constraints_allows_every_name() -> None:
    """And one type that is restricted says nothing of the others."""
    assert allows(Authority().issuer(), "dns:example.org")
    assert allows(restricted([x509.DNSName("example.com")], None).issuer(), "ip:10.0.0.1")


def test_constraints_that_are_not_looked_at_are_refused() -> None:
    """An issuer that is restricted in directory names issues nothing, rather than what may be refused."""
    name = x509.Name.from_rfc4514_string("O=Example")
    issuer = restricted([x509.DirectoryName(name)], None).issuer()
    with pytest.raises(Refused, match="DirectoryName"):
        require_within(issuer, [])
