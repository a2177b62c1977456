"""The registrar's own certificate: asked for when there is none or it is time, and kept for the registrar alone."""

import ssl
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from registrar.own_certificate import NotIssued, OwnCertificate, name_of
from registrar.problem import Problem, ProblemType
from registrar.published_status import Published
from tests.registrar.site import Site

_OWN = """
[registrar.own_certificate]
issuer = "home"
profile = "registrar"
"""


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """One whose certificate is made by an issuer of its own."""
    return Site.build(tmp_path, registrar=_OWN)


def own_of(site: Site) -> OwnCertificate:
    table = site.services.settings.own_certificate
    assert table is not None
    return OwnCertificate(table, site.services)


def kept(site: Site) -> x509.Certificate:
    return x509.load_pem_x509_certificates((site.folder / "registrar/tls.pem").read_bytes())[0]


def test_first_certificate_is_asked_for_and_kept_with_its_key_for_the_registrar_alone(site: Site) -> None:
    """In one file that TLS can be served from, with the chain behind it."""
    own_of(site).require()
    (asked,) = site.ca.asked
    assert (asked.profile, list(asked.names)) == ("registrar", ["dns:ca.example"])
    path = site.folder / "registrar/tls.pem"
    assert path.stat().st_mode & 0o777 == 0o600
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(path, path)
    assert x509.load_pem_x509_certificates(path.read_bytes())[1] == site.ca.authority.certificate


def test_certificate_is_asked_for_once_and_renewed_after_two_thirds_of_its_validity(site: Site) -> None:
    """With a new key; who serves it is told."""
    told: list[x509.Certificate] = []
    own = own_of(site)
    own.require()
    first = kept(site)
    site.clock.forward(days=59)
    own_of(site).require()
    assert own.look(lambda: told.append(kept(site))) == timedelta(days=1).total_seconds()
    assert (len(site.ca.asked), told) == (1, [])
    site.clock.forward(days=1)
    assert own.look(lambda: told.append(kept(site))) == timedelta(days=60).total_seconds()
    assert told == [kept(site)]
    assert kept(site).public_key() != first.public_key()


def test_certificate_that_is_revoked_is_replaced_at_the_next_look_by_one_of_another_key(site: Site) -> None:
    """As its holder does whose key was stolen; who serves it is told, and what is good stays."""
    told: list[x509.Certificate] = []
    own = own_of(site)
    own.require()
    first = kept(site)
    site.statuses.found = Published(None)
    own.look(lambda: pytest.fail("nothing was renewed"))
    site.statuses.found = Published(site.clock())
    own.look(lambda: told.append(kept(site)))
    assert told == [kept(site)]
    assert kept(site).public_key() != first.public_key()


def test_signer_that_is_silent_is_asked_for_the_same_again(site: Site) -> None:
    """By the same message: it issues one certificate, and not one for each question."""
    own = own_of(site)
    site.ca.silent = True
    assert own.look(lambda: pytest.fail("nothing was renewed")) < 10
    site.ca.silent = False
    own.look(lambda: None)
    assert len({asked.id for asked in site.ca.asked}) == 1
    assert len({asked.csr for asked in site.ca.asked}) == 1


def test_certificate_of_another_name_or_issuer_is_replaced(site: Site) -> None:
    """As after `url` was changed, or the CA."""
    path = site.folder / "registrar/tls.pem"
    path.parent.mkdir(exist_ok=True)
    for content in (b"", b"broken", site.ca.authority.certificate.public_bytes(Encoding.PEM)):
        path.write_bytes(content)
        own_of(site).require()
        assert name_of("https://ca.example") == "dns:ca.example"
        assert kept(site).issuer == site.ca.authority.certificate.subject


def test_refusal_is_told_with_what_to_do(site: Site) -> None:
    """In the signer's words; nothing is written."""
    site.ca.refusal = Problem(ProblemType.BAD_CSR, "the CA refuses: not in this house")
    with pytest.raises(NotIssued, match=r"not in this house.*profile registrar of home"):
        own_of(site).require()
    assert not (site.folder / "registrar/tls.pem").exists()


def test_reply_with_another_certificate_is_not_served(site: Site) -> None:
    """Who can write to the queue can forge it."""
    own_of(site).require()
    site.ca.forged = kept(site).public_bytes(Encoding.DER)
    site.clock.forward(days=61)
    with pytest.raises(NotIssued, match="another key"):
        own_of(site).look(lambda: pytest.fail("nothing was renewed"))


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://ca.home.arpa:8890", "dns:ca.home.arpa"),
        ("https://192.168.1.2:8890", "ip:192.168.1.2"),
        ("https://[fd00::2]", "ip:fd00::2"),
    ],
)
def test_name_is_that_of_the_url(url: str, name: str) -> None:
    """Its host, an address too."""
    assert name_of(url) == name
