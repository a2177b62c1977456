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
from signer.issuing.constraints import require_subject_within, require_within
from signer.issuing.names import parse_name
from tests.authority import NOW, Authority
from tests.signer.issuing.office import Office

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
    "dns:*.www.example.com": True,
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
    return certified_by(authority, authority, x509.NameConstraints(permitted, excluded))


def certified_by(above: Authority, authority: Authority, *more: x509.ExtensionType) -> Authority:
    """The CA with its certificate made again, by that one, with critical extensions more."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(authority.certificate.subject)
        .issuer_name(above.certificate.subject)
        .public_key(authority.key.public_key())
        .serial_number(5)
        .not_valid_before(authority.certificate.not_valid_before_utc)
        .not_valid_after(authority.certificate.not_valid_after_utc)
    )
    for one in more:
        builder = builder.add_extension(one, critical=True)
    for one in authority.certificate.extensions:
        builder = builder.add_extension(one.value, one.critical)
    authority.certificate = builder.sign(above.key, SHA256())
    return authority


def allows(issuer: Issuer, *names: str, common_name: str = "") -> bool:
    subject = common_named(common_name)
    try:
        require_within([issuer], [parse_name(name) for name in names])
        require_subject_within([issuer], subject, [parse_name(name) for name in names])
    except Refused:
        return False
    return True


def common_named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)] if name else [])


def openssl_takes(folder: Path, authority: Authority, *names: str, common_name: str = "", host: str = "") -> bool:
    """A certificate with these names, which the CA signs whatever it may; held against a host name where one is."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(common_named(common_name))
        .issuer_name(authority.certificate.subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW)
        .not_valid_after(authority.certificate.not_valid_after_utc)
    )
    if names:
        found = x509.SubjectAlternativeName([parse_name(name).general_name for name in names])
        builder = builder.add_extension(found, critical=not common_name)
    (folder / "leaf.pem").write_bytes(builder.sign(authority.key, SHA256()).public_bytes(Encoding.PEM))
    at = ["-attime", str(int(NOW.timestamp())), *(["-verify_hostname", host] if host else [])]
    command = ["openssl", "verify", *at, "-CAfile", authority.write(folder / "ca.pem"), folder / "leaf.pem"]
    return subprocess.run(list(map(str, command)), capture_output=True, check=False).returncode == 0


@pytest.mark.judge("openssl")
@pytest.mark.parametrize("name", NAMES)
def test_name_outside_is_refused_here_and_by_openssl(tmp_path: Path, name: str) -> None:
    """The same answer for each."""
    authority = restricted(PERMITTED, EXCLUDED)
    assert allows(authority.issuer(), name) is NAMES[name]
    assert openssl_takes(tmp_path, authority, name) is NAMES[name]


@pytest.mark.parametrize("is_permitted", [True, False])
@pytest.mark.parametrize(
    "uri",
    [
        "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        "mailto:a@example.com",
        "https:example.com/",
        "https:/example.com/",
        "https://10.0.0.1/",
        "https://0x7f000001/",
        "https://*.example.com/",
    ],
)
def test_uri_without_a_host_of_the_dns_is_refused_where_uris_are_restricted(uri: str, is_permitted: bool) -> None:
    """Relying parties refuse it, whatever is permitted or excluded (RFC 5280 section 4.2.1.10)."""
    subtree = [x509.UniformResourceIdentifier("secret.example.com")]
    issuer = restricted(subtree, None) if is_permitted else restricted(None, subtree)
    assert not allows(issuer.issuer(), f"uri:{uri}")
    assert allows(restricted([x509.DNSName("example.com")], None).issuer(), f"uri:{uri}")


@pytest.mark.parametrize("uri", ["https://example.com:443/x", "https://EXAMPLE.com/x", "spiffe://a-b.example.com/x"])
def test_uri_with_a_host_of_the_dns_is_held_against_what_is_excluded(uri: str) -> None:
    """Whatever port and case it has."""
    assert allows(restricted(None, [x509.UniformResourceIdentifier("secret.example.com")]).issuer(), f"uri:{uri}")
    both = [x509.UniformResourceIdentifier("example.com"), x509.UniformResourceIdentifier(".example.com")]
    assert not allows(restricted(None, both).issuer(), f"uri:{uri}")


@pytest.mark.judge("openssl")
@pytest.mark.parametrize("name", ["example.com", "www.example.com", "*.example.com", "notexample.com"])
def test_dot_in_front_permits_what_is_below_alone_as_openssl_has_it(tmp_path: Path, name: str) -> None:
    """RFC 5280 says so of URIs, and nothing of hosts."""
    authority = restricted([x509.DNSName(".example.com")], None)
    taken = name in ("www.example.com", "*.example.com")
    assert allows(authority.issuer(), f"dns:{name}") is taken
    assert openssl_takes(tmp_path, authority, f"dns:{name}") is taken


@pytest.mark.judge("openssl")
def test_wildcard_that_stands_for_an_excluded_name_is_refused_since_openssl_takes_it(tmp_path: Path) -> None:
    """For the excluded name itself: its wildcard goes around the exclusion."""
    authority = restricted(None, [x509.DNSName("secret.example.com")])
    assert openssl_takes(tmp_path, authority, "dns:*.example.com", host="secret.example.com")
    assert not allows(authority.issuer(), "dns:*.example.com")


@pytest.mark.parametrize(
    ("excluded", "allowed"),
    [
        ("example.com", False),
        (".example.com", False),
        ("com", False),
        ("", False),
        ("secret.example.com", False),
        ("Secret.Example.COM", False),
        (".secret.example.com", False),
        ("deep.secret.example.com", True),
        ("example.org", True),
        ("anexample.com", True),
    ],
)
def test_wildcard_is_refused_where_any_name_that_it_stands_for_is_excluded(excluded: str, allowed: bool) -> None:
    """One label more than its domain, and no two; with a dot in front read as without, since implementations differ."""
    issuer = restricted(None, [x509.DNSName(excluded)]).issuer()
    assert allows(issuer, "dns:*.example.com") is allowed


@pytest.mark.judge("openssl")
@pytest.mark.parametrize(
    ("common_name", "names", "taken"),
    [
        ("www.evil.org", (), False),
        ("www.example.com", (), True),
        ("www.secret.example.com", (), False),
        ("www.evil.org", ("ip:192.168.0.1",), False),
        ("WWW.evil_.org", (), False),
        ("192.168.0.1", (), False),
        ("www.evil.org", ("dns:www.example.com",), True),
        ("Alice", (), True),
        ("Alice Example", (), True),
        ("alice@evil.org", (), True),
        ("Dr. Alice", (), True),
        ("-www.evil.org", (), True),
        ("www.evil.org.", (), True),
    ],
)
def test_common_name_that_looks_like_a_host_is_held_against_constraints_of_hosts(
    tmp_path: Path, common_name: str, names: tuple[str, ...], taken: bool
) -> None:
    """Where no name of a host stands beside it, as OpenSSL has it."""
    authority = restricted(PERMITTED, EXCLUDED)
    assert openssl_takes(tmp_path, authority, *names, common_name=common_name) is taken
    assert allows(authority.issuer(), *names, common_name=common_name) is taken


def test_subject_of_a_message_is_held_against_the_constraints_of_the_issuer(tmp_path: Path) -> None:
    """A client of which only the common name is asked for."""
    office = Office.build(tmp_path, authority=restricted([x509.DNSName("example.com")], None))
    assert "CN=www.evil.org" in office.refused("client", (), subject="CN=www.evil.org")
    office.issue("client", (), subject="CN=Alice")


@pytest.fixture(scope="module")
def below(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """An issuer without constraints, two CAs below one that has them."""
    root = Authority("Root", crl_sign=True)
    corp = x509.NameConstraints([x509.DNSName("corp.example.com")], None)
    policy = certified_by(root, Authority("Policy CA", crl_sign=True), corp)
    middle = certified_by(policy, Authority("Middle CA", crl_sign=True))
    issuing = certified_by(middle, Authority(crl_sign=True))
    office = Office.build(tmp_path_factory.mktemp("below"), authority=issuing)
    for name, authority in {"middle": middle, "policy": policy, "root": root}.items():
        office.estate.add_issuer(name, authority)
    return Office(office.estate, office.estate.signer(NOW))


def test_constraints_of_configured_cas_above_the_issuer_hold(below: Office) -> None:
    """Relying parties look at each certificate of a chain (RFC 5280 section 6.1.4)."""
    said = below.refused("server", ("dns:www.example.com",))
    assert said.startswith("issuer policy, above test: dns:www.example.com is not within the nameConstraints")
    assert "looks like the name of a host" in below.refused("client", (), subject="CN=www.evil.org")
    below.issue("server", ("dns:www.corp.example.com",))


def test_cas_that_certify_one_another_are_looked_at_once(tmp_path: Path) -> None:
    """Cross-certificates in both directions make a ring."""
    one, other = Authority(crl_sign=True), Authority("Other CA", crl_sign=True)
    office = Office.build(tmp_path, authority=certified_by(other, one))
    office.estate.add_issuer("other", certified_by(one, other))
    Office(office.estate, office.estate.signer(NOW)).issue("server", ("dns:www.example.com",))


def test_issuer_without_constraints_allows_every_name() -> None:
    """And one type that is restricted says nothing of the others."""
    assert allows(Authority().issuer(), "dns:example.org")
    assert allows(restricted([x509.DNSName("example.com")], None).issuer(), "ip:10.0.0.1")


def test_constraints_that_are_not_looked_at_are_refused() -> None:
    """An issuer that is restricted in directory names issues nothing, rather than what may be refused."""
    name = x509.Name.from_rfc4514_string("O=Example")
    issuer = restricted([x509.DirectoryName(name)], None).issuer()
    with pytest.raises(Refused, match="DirectoryName"):
        require_within([issuer], [])
