"""The whole life of an account and its certificates with certbot's client, on both databases."""

from datetime import timedelta
from pathlib import Path

import josepy
import pytest
from acme import challenges, client, errors, messages
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from registrar.problem import Problem, ProblemType
from registrar.published_status import Published
from revocation import clock
from tests.registrar.site import Site, csr_for, register


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """certbot's client sleeps a second before each look."""
    monkeypatch.setattr(client.time, "sleep", lambda _: None)


@pytest.fixture
def site(tmp_path: Path, place: str) -> Site:
    """A server on either database."""
    return Site.build(tmp_path, database=place)


def certified(judge: client.ClientV2, *names: str, key: ec.EllipticCurvePrivateKey | None = None) -> str:
    """A certificate with its chain, PEM."""
    pem = csr_for(*names, key=key).public_bytes(Encoding.PEM)
    order = judge.new_order(pem)
    for authorization in order.authorizations:
        chosen = next(one for one in authorization.body.challenges if isinstance(one.chall, challenges.HTTP01))
        judge.answer_challenge(chosen, chosen.response(judge.net.key))
    return str(judge.poll_and_finalize(order).fullchain_pem)


def test_judge_gets_a_certificate(site: Site) -> None:
    """From the account to the chain."""
    judge = site.judge()
    register(judge, email="a@home.example")
    leaf, above = x509.load_pem_x509_certificates(certified(judge, "a.example", "b.example", "192.168.1.7").encode())
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert set(names.get_values_for_type(x509.DNSName)) == {"a.example", "b.example"}
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == ["192.168.1.7"]
    assert above == site.ca.authority.certificate
    assert site.services.database.commits <= 2 + 1 + 3 * 2 + 2


def test_judge_with_an_rsa_key(site: Site) -> None:
    """Its usual kind."""
    judge = site.judge(josepy.JWKRSA(key=rsa.generate_private_key(65537, 2048)))
    register(judge)
    assert "BEGIN CERTIFICATE" in certified(judge, "a.example")


def test_judge_finds_changes_and_deactivates_its_account(site: Site) -> None:
    """What certbot does with `update_account` and `unregister`."""
    judge = site.judge()
    mine = register(judge, email="a@home.example")
    judge.net.account = None  # newAccount is signed with the key itself
    with pytest.raises(errors.ConflictError):
        register(judge)
    judge.net.account = mine
    assert judge.query_registration(mine).body.contact == ("mailto:a@home.example",)
    changed = judge.update_registration(mine, mine.body.update(contact=("mailto:b@home.example",)))
    assert changed.body.contact == ("mailto:b@home.example",)
    assert judge.deactivate_registration(mine).body.status == messages.STATUS_DEACTIVATED.name
    with pytest.raises(messages.Error) as refused:
        certified(judge, "a.example")
    assert refused.value.code == "unauthorized"


def test_judge_revokes(site: Site) -> None:
    """By its account; a second time it is told so, once that is published."""
    judge = site.judge()
    register(judge)
    leaf = x509.load_pem_x509_certificates(certified(judge, "a.example").encode())[0]
    judge.revoke(leaf, 4)
    site.statuses.found = Published(site.clock.now)
    assert site.ca.revoked[0][0] == f"{leaf.serial_number:X}".zfill(len(site.ca.revoked[0][0]))
    with pytest.raises(messages.Error) as again:
        judge.revoke(leaf, 4)
    assert again.value.code == "alreadyRevoked"


def test_judge_asks_when_to_renew(site: Site) -> None:
    """By RFC 9773, of a certificate that is live by its own clock too."""
    site.clock.now = clock.now()
    judge = site.judge()
    register(judge)
    leaf = certified(judge, "a.example").encode()
    when, _ = judge.renewal_time(leaf)
    assert when is not None
    assert timedelta(days=60) < when - site.clock.now < timedelta(days=64)
    site.statuses.found = Published(site.clock.now)
    when, _ = judge.renewal_time(leaf)
    assert when is not None
    assert when < site.clock.now


def test_judge_is_told_of_a_failed_challenge(site: Site) -> None:
    """With the words of the validation."""
    site.validator.problem = Problem(ProblemType.CONNECTION, "nobody listens there")
    judge = site.judge()
    register(judge)
    with pytest.raises(errors.ValidationError) as failed:
        certified(judge, "a.example")
    (authorization,) = failed.value.failed_authzrs
    assert "nobody listens there" in str(next(one.error for one in authorization.body.challenges if one.error))
