"""The configuration of the registrar: what is refused, in words, and that nothing is served unless it is said."""

from pathlib import Path

import pytest

from registrar.acme.client_address import client_address
from revocation.errors import ConfigurationError
from tests.authority import Authority
from tests.registrar.site import Site


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (
            "order_lifetime = '30d'\nauthorization_lifetime = '7d'",
            "authorization_lifetime (7d) is shorter than order_li",
        ),
        ("order_lifetime = '31d'", "order_lifetime"),
        ("challenges = ['dns-01']", "cannot be validated by dns-01"),
        ("challenges = []", "challenges"),
        ("challenges = ['email-reply-00']", "challenges"),
        ("dns_names = ['.home.arpa']", "without a dot or a star"),
        ("dns_names = ['Home.arpa']", "in lower case"),
        ("limits = { orders_per_name = 'many' }", "'many' is no rate"),
        ("chains = [[]]", "has no certificate"),
        ("profiles = {}", "registrar.issuers.0.profiles: needs at least 1 of them"),
        ("external_accounts = 'maybe'", "external_accounts: must be 'off', 'optional' or 'required'"),
        ("profiles = { 'a b' = 'x' }", "profiles"),
        ("terms = 'javascript:alert(1)'", "terms"),
        ("external_accounts = 'yes'", "external_accounts"),
        ("unknown = 1", "unknown key"),
    ],
)
def test_issuer_that_cannot_be_is_refused(tmp_path: Path, lines: str, said: str) -> None:
    """When it is read, and in words: of that, and not that the list of issuers is too short without it."""
    with pytest.raises(ConfigurationError) as refused:
        Site.build(tmp_path, issuer=lines)
    assert said in str(refused.value)
    assert "registrar.issuers:" not in str(refused.value)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('url = "https://ca.example"', 'url = "http://ca.example"', "is not https, which ACME demands"),
        ('url = "https://ca.example"', 'url = "https://ca.example/acme"', "is no origin"),
        ('url = "https://ca.example"', 'url = "https://me:secret@ca.example"', "do not stand in the URL"),
        (
            'url = "https://ca.example"',
            'url = "http://127.0.0.1:8890"\ntls_certificate = "a"\ntls_key = "b"',
            "https://",
        ),
        ('trusted_proxies = ["127.0.0.1/32"]', "", "nothing ends TLS"),
        ('trusted_proxies = ["127.0.0.1/32"]', 'tls_certificate = "a.pem"', "go together"),
        ('queue = "unix://queue.sock"', 'queue = "tcp://x"', "a queue is"),
        ('queue = "unix://queue.sock"', "", "registrar.queue: is missing"),
        ('url = "https://ca.example"', 'url = "https://ca.example"\nlisten = "8890"', "an address has the form"),
        ('url = "https://ca.example"', 'url = "https://ca.example"\nfinalize_wait = "2m"', "finalize_wait"),
        ('name = "lab"\nacme', 'name = "home"\nacme', "two issuers have the same name"),
        ('name = "lab"\nacme', 'name = "other"\nacme', "not among [[public.issuers]]"),
        ('["127.0.0.1/32"]', '["localhost"]', "trusted_proxies.0: is neither an address nor a network: write 192"),
        (
            'ip_networks = ["192.168.0.0/16"',
            'ip_networks = ["192.168.1.1/24"',
            "ip_networks.0: is an address within a network: write 192.168.1.0/24",
        ),
        (
            'database = "registrar/registrar.sqlite"',
            'database = "mysql://x/y"',
            "registrar.database: is of no database",
        ),
        ('database = "registrar/registrar.sqlite"', 'database = "postgresql://a:secret@b/c"', "holds a password"),
    ],
)
def test_registrar_that_cannot_be_is_refused(tmp_path: Path, before: str, after: str, said: str) -> None:
    """When it is read, without a secret or pydantic's own names in the words."""
    site = Site.build(tmp_path)
    config = tmp_path / "revocast.toml"
    text = config.read_text()
    assert before in text
    config.write_text(text.replace(before, after))
    with pytest.raises(ConfigurationError) as refused:
        Site.of(tmp_path, site.ca.authority)
    assert said in str(refused.value)
    assert "secret" not in str(refused.value)
    assert "ip_v4_network" not in str(refused.value)


def test_issuer_serves_nothing_unless_it_is_said(tmp_path: Path) -> None:
    """acme = true."""
    site = Site.build(tmp_path)
    config = tmp_path / "revocast.toml"
    config.write_text(config.read_text().replace('name = "lab"\nacme = true', 'name = "lab"'))
    site = Site.of(tmp_path, site.ca.authority)
    assert site.get("directory", "home").status_code == 200
    assert site.get("directory", "lab").status_code == 404


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("198.51.100.1", "", "198.51.100.1"),
        ("198.51.100.1", "203.0.113.1", "198.51.100.1"),
        ("127.0.0.1", "203.0.113.1", "203.0.113.1"),
        ("127.0.0.1", "192.0.2.1, 203.0.113.1", "203.0.113.1"),
        ("127.0.0.1", "203.0.113.1, 127.0.0.1", "203.0.113.1"),
        ("::ffff:127.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("127.0.0.1", "203.0.113.1, unknown", "127.0.0.1"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("", "203.0.113.1", ""),
    ],
)
def test_address_of_a_client(tmp_path: Path, peer: str, forwarded: str, expected: str) -> None:
    """What a proxy that is trusted says, and nobody else."""
    trusted = Site.build(tmp_path).services.settings.trusted_proxies
    assert client_address({"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": forwarded}, trusted) == expected


def test_clients_show_certificates_where_the_registrar_has_its_own_certified(tmp_path: Path) -> None:
    """TLS ends here then as well as with files of one's own."""
    api = '[registrar.own_certificate]\nissuer = "home"\n[registrar.api]\nclient_cas = ["clients.pem"]\n'
    client = '[[registrar.api.clients]]\nsubject = "CN=backup"\nscopes = ["read"]\nissuers = ["home"]\n'
    Authority("Clients").write(tmp_path / "clients.pem")
    site = Site.build(tmp_path, issuer="api = true", registrar=api + client)
    assert site.services.settings.ends_tls
