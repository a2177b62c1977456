"""Certificates with their chains, their revocation, and when they are to be renewed (RFC 8555, RFC 9773)."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from registrar.acme.certid import certid_of
from registrar.acme.renewal import usual_window
from registrar.problem import Problem, ProblemType
from registrar.published_status import Published
from revocation.status import Reason
from tests.authority import Authority
from tests.registrar.site import UNLIMITED, Raw, Site, b64, problem


def der(certificate: x509.Certificate) -> str:
    return b64(certificate.public_bytes(Encoding.DER))


def test_certificate_as_der_links_to_its_issuer(site: Site) -> None:
    """For who accepts application/pkix-cert alone (section 7.4.2)."""
    one = site.client()
    certificate, order = one.certificate("a.example")
    url = one.post(order.headers["Location"]).json["certificate"]
    answer = one.send(url, one.jws(url), headers={"Accept": "application/pkix-cert"})
    assert x509.load_der_x509_certificate(answer.data) == certificate
    assert any(link.startswith("<http://pki.example/issuer/") for link in answer.headers.getlist("Link"))


def test_revocation_by_the_account(site: Site) -> None:
    """Recorded with its reason and who asked."""
    one = site.client()
    certificate, _ = one.certificate("a.example")
    answer = one.post("revoke-cert", {"certificate": der(certificate), "reason": 4})
    assert (answer.status_code, answer.data) == (200, b"")
    assert [(reason, who) for _, reason, who in site.ca.revoked] == [(Reason.superseded, f"account {one.kid}")]
    site.statuses.found = Published(site.clock.now)
    assert problem(one.post("revoke-cert", {"certificate": der(certificate)})) == "alreadyRevoked"


def test_revocation_by_somebody_else_is_told_and_noted(site: Site) -> None:
    """An operator's, or an own try that got no answer: alreadyRevoked (section 7.6), and the window is past."""
    one = site.client()
    certificate, _ = one.certificate("a.example")
    site.ca.refusal = Problem(ProblemType.ALREADY_REVOKED, "this certificate is revoked already")
    site.statuses.found = Published(site.clock.now)
    answer = one.post("revoke-cert", {"certificate": der(certificate)})
    assert (answer.status_code, problem(answer)) == (400, "alreadyRevoked")
    assert not site.ca.revoked
    window = site.get(f"renewal-info/{certid_of(certificate)}").json["suggestedWindow"]
    assert datetime.fromisoformat(window["end"]) < site.clock.now


def test_revocation_by_the_key_of_the_certificate(site: Site) -> None:
    """Without an account."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate, _ = site.client().certificate("a.example", key=key)
    answer = Raw(site, key).post("revoke-cert", {"certificate": der(certificate), "reason": 1})
    assert answer.status_code == 200, answer.text
    assert site.ca.revoked[0][1] is Reason.keyCompromise


def test_revocation_by_an_account_that_holds_all_names(site: Site) -> None:
    """Of another account's certificate; not with a reason that says something of its key."""
    certificate, _ = site.client().certificate("a.example", "*.b.example", "192.168.1.1")
    other = site.client()
    wanted = {"certificate": der(certificate)}
    other.ready("a.example", "*.b.example")
    assert problem(other.post("revoke-cert", wanted)) == "unauthorized"
    other.ready("192.168.1.1")
    assert problem(other.post("revoke-cert", wanted | {"reason": 1})) == "badRevocationReason"
    assert other.post("revoke-cert", wanted).status_code == 200


def test_wildcard_is_not_held_by_who_holds_its_base(site: Site) -> None:
    """Nor the other way round."""
    certificate, _ = site.client().certificate("*.a.example")
    other = site.client()
    other.ready("a.example")
    assert problem(other.post("revoke-cert", {"certificate": der(certificate)})) == "unauthorized"


def test_authorization_that_expired_revokes_nothing(site: Site) -> None:
    """After authorization_lifetime, or once it is deactivated."""
    certificate, _ = site.client().certificate("a.example")
    late, away = site.client(), site.client()
    late.ready("a.example")
    (url,) = away.ready("a.example").json["authorizations"]
    away.post(url, {"status": "deactivated"})
    assert problem(away.post("revoke-cert", {"certificate": der(certificate)})) == "unauthorized"
    site.clock.forward(days=30)
    assert problem(late.post("revoke-cert", {"certificate": der(certificate)})) == "unauthorized"


def test_revocation_by_anybody_else_is_refused(site: Site) -> None:
    """Another account, another key, the account's own key without its kid."""
    one = site.client()
    certificate, _ = one.certificate("a.example")
    wanted = {"certificate": der(certificate)}
    for asks in (site.client(), Raw(site), Raw(site, one.key)):
        answer = asks.post("revoke-cert", wanted)
        assert (answer.status_code, problem(answer)) == (403, "unauthorized")
    assert not site.ca.revoked


@pytest.mark.parametrize("reason", [2, 6, 7, 8, 10, 11, -1, "1", 1.0, True, None])
def test_reason_that_cannot_be_given_is_refused(site: Site, reason: object) -> None:
    """badRevocationReason."""
    one = site.client()
    certificate, _ = one.certificate("a.example")
    wanted = {"certificate": der(certificate), "reason": reason}
    assert problem(one.post("revoke-cert", wanted)) == "badRevocationReason"


FORMER = '\n[[public.issuers]]\nname = "home-before"\ncertificates = ["before.pem"]\n'


@pytest.mark.parametrize("by", ["account", "key"])
def test_certificate_of_a_former_key_is_revoked_under_its_own_ca(tmp_path: Path, by: str) -> None:
    """The issuer has another one by now, and the former stands among the issuers under another name."""
    before, after = Authority("Home CA"), Authority("Home CA 2")
    site, key = Site.build(tmp_path, authority=before), ec.generate_private_key(ec.SECP256R1())
    one = site.client()
    certificate, _ = one.certificate("a.example", key=key)
    ca = site.services.tenants["home"].issuer.id
    after.write(tmp_path / "home.pem")
    before.write(tmp_path / "before.pem")
    config = tmp_path / "revocast.toml"
    config.write_text(config.read_text().replace("[registrar]", f"{FORMER}[registrar]", 1))
    site = Site.of(tmp_path, after)
    asks = Raw(site, one.key, kid=one.kid) if by == "account" else Raw(site, key)
    assert asks.post("revoke-cert", {"certificate": der(certificate)}).status_code == 200
    assert site.ca.revoked_of == [ca]
    site.statuses.found = Published(site.clock.now)
    assert window(site, certificate)[1] < site.clock.now
    assert problem(asks.post("revoke-cert", {"certificate": der(certificate)})) == "alreadyRevoked"


def test_certificate_of_a_key_that_is_gone_is_its_operators_to_revoke(tmp_path: Path) -> None:
    """Nobody else can: its client is told so, and not that there is no such certificate."""
    site = Site.build(tmp_path, authority=Authority("Home CA"))
    one = site.client()
    certificate, _ = one.certificate("a.example")
    Authority("Home CA 2").write(tmp_path / "home.pem")
    answer = Raw(Site.of(tmp_path, site.ca.authority), one.key, kid=one.kid).post(
        "revoke-cert", {"certificate": der(certificate)}
    )
    assert (answer.status_code, problem(answer)) == (500, "serverInternal")
    assert "ask the operator" in answer.json["detail"]


def test_certificate_of_another_issuer_is_not_revoked(site: Site) -> None:
    """Nor what is none."""
    certificate, _ = site.client().certificate("a.example")
    other = site.client("lab")
    assert problem(other.post("revoke-cert", {"certificate": der(certificate)})) == "malformed"
    for octets in ("", b64(b"no certificate"), 7, None):
        assert problem(other.post("revoke-cert", {"certificate": octets})) == "malformed"


def window(site: Site, certificate: x509.Certificate) -> tuple[datetime, datetime]:
    """The suggested window."""
    answer = site.get(f"renewal-info/{certid_of(certificate)}")
    assert answer.status_code == 200, answer.text
    assert int(answer.headers["Retry-After"]) > 0
    found = answer.json["suggestedWindow"]
    begin, end = (datetime.fromisoformat(found[name]) for name in ("start", "end"))
    assert begin < end
    return begin, end


def test_renewal_window_follows_from_the_validity(site: Site) -> None:
    """Around two thirds of ninety days; half of a short life."""
    one = site.client()
    certificate, _ = one.certificate("a.example")
    begin, end = window(site, certificate)
    assert begin - site.clock.now == timedelta(days=60)
    assert end < certificate.not_valid_after_utc
    short = usual_window(site.clock.now, site.clock.now + timedelta(days=6))
    assert short[0] - site.clock.now == timedelta(days=3)


def test_renewal_window_is_past_once_a_certificate_is_revoked(site: Site) -> None:
    """Also where an operator had it revoked, and only the responder knows."""
    one = site.client()
    first, _ = one.certificate("a.example")
    assert window(site, first)[0] > site.clock.now
    one.post("revoke-cert", {"certificate": der(first)})
    site.statuses.found = Published(site.clock.now)
    assert window(site, first)[1] < site.clock.now


def test_renewal_window_begins_when_an_issuer_is_replaced(tmp_path: Path) -> None:
    """Spread over a day, of certificates from before."""
    renewal = 'renewal = { replaced_at = 2026-03-02T00:00:00Z, explanation = "https://ca.example/why" }'
    site = Site.build(tmp_path, issuer=f"{renewal}\n{UNLIMITED}")
    before, _ = site.client().certificate("a.example")
    assert window(site, before)[0] > site.clock.now
    site.clock.forward(days=1)
    begin, end = window(site, before)
    assert begin <= site.clock.now < end <= begin + timedelta(days=1)
    assert site.get(f"renewal-info/{certid_of(before)}").json["explanationURL"] == "https://ca.example/why"
    after, _ = site.client().certificate("a.example")
    assert window(site, after)[0] > site.clock.now + timedelta(days=30)


@pytest.mark.parametrize("certid", ["x", "AAAA", "AAAA.", ".AAAA", "AAAA.AAAA", "AAA=.AAAA", "AAAA.AAAA.AAAA", "%00"])
def test_renewal_information_of_nothing(site: Site, certid: str) -> None:
    """A problem, and no traceback; of another issuer's certificate too."""
    assert problem(site.get(f"renewal-info/{certid}")) == "malformed"


def test_renewal_information_is_by_issuer(site: Site) -> None:
    """A certificate is known to its own."""
    certificate, _ = site.client().certificate("a.example")
    assert site.get(f"renewal-info/{certid_of(certificate)}", "lab").status_code == 404


def test_certid_is_that_of_the_standard() -> None:
    """The example of RFC 9773 section 4.1: octets of the serial with their sign octet."""
    ca = Authority()
    key_identifier = bytes.fromhex("69885B6B87464041E1B37B847BA0AE2CDE01C8D4")
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(ca.certificate.subject)
        .public_key(ca.key.public_key())
        .serial_number(0x8765_4321)
        .not_valid_before(ca.certificate.not_valid_before_utc)
        .not_valid_after(ca.certificate.not_valid_after_utc)
        .add_extension(x509.AuthorityKeyIdentifier(key_identifier, None, None), critical=False)
        .sign(ca.key, SHA256())
    )
    assert certid_of(certificate) == "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"


def test_order_replaces_a_certificate_once(site: Site) -> None:
    """`replaces` (RFC 9773 section 5), of the account's own certificate and one of its names."""
    one, other = site.client(), site.client()
    certificate, _ = one.certificate("a.example")
    certid = certid_of(certificate)
    assert problem(other.order("a.example", replaces=certid)) == "unauthorized"
    assert problem(one.order("b.example", replaces=certid)) == "malformed"
    assert problem(one.order("a.example", replaces="AAAA.AAAA")) == "malformed"
    assert problem(one.order("a.example", replaces=7)) == "malformed"
    order = one.order("a.example", "c.example", replaces=certid)
    assert order.json["replaces"] == certid
    again = one.order("a.example", replaces=certid)
    assert (again.status_code, problem(again)) == (409, "alreadyReplaced")
    one.post(order.json["authorizations"][0], {"status": "deactivated"})
    assert one.order("a.example", replaces=certid).status_code == 201
