"""The message by which an order's certificate is asked for: the same for the same CSR, and of one CA for good."""

from pathlib import Path

import pytest
from cryptography import x509

from registrar.acme.certid import certid_of
from registrar.acme.open_orders import OpenOrders
from registrar.problem import Problem, ProblemType
from registrar.pursuing import Pursuing
from tests.authority import Authority
from tests.registrar.site import Raw, Site, csr_for, problem
from tests.registrar.test_certificates import FORMER
from tests.registrar.test_pursuing import Seconds, left_alone, look

FORGED = [
    Problem(ProblemType.BAD_CSR, "forged"),
    Problem(ProblemType.RATE_LIMITED, "forged", status=429, retry_after=60),
]


@pytest.mark.parametrize("refusal", FORGED, ids=["refused", "enough for now"])
def test_order_that_is_finalized_again_has_one_certificate(site: Site, refusal: Problem) -> None:
    """Who forges a refusal while the signer issues has the client ask for the same again; another CSR is another."""
    one, csr = site.client(), csr_for("a.example")
    order = one.ready("a.example")
    site.ca.refusal = refusal
    for wanted in (csr, csr, csr_for("a.example")):
        assert one.finalize(order, wanted).status_code == refusal.status
    site.ca.refusal = None
    assert one.finalize(order, csr).json["status"] == "valid"
    first, second, other, last = (asked.id for asked in site.ca.asked)
    assert first == second == last != other


def test_same_csr_is_another_message_in_another_order(site: Site) -> None:
    """Each order has its certificate."""
    one, csr = site.client(), csr_for("a.example")
    for _ in range(2):
        assert one.finalize(one.ready("a.example"), csr).json["status"] == "valid"
    assert len(site.ca.issued) == 2


def changed_meanwhile(folder: Path, public: str) -> tuple[Site, Raw, str, x509.Certificate]:
    """An order that waits while its issuer gets another key, after the signer has issued by the former one."""
    site = Site.build(folder, authority=Authority("Home CA"))
    one, order = left_alone(site)
    issued = site.ca.issue(site.services.tenants["home"], site.ca.asked[-1], 0)
    site.ca.authority.write(folder / "before.pem")
    (after := Authority("Home CA 2")).write(folder / "home.pem")
    config = folder / "revocast.toml"
    config.write_text(config.read_text().replace("[registrar]", f"{public}[registrar]", 1))
    again = Site.of(folder, after)
    again.ca.issued = site.ca.issued
    client = Raw(again, one.key, kid=one.kid)
    return again, client, order.headers["Location"], x509.load_der_x509_certificate(issued.certificate)


def test_order_that_waits_while_its_issuer_gets_another_key_is_issued_by_the_former(tmp_path: Path) -> None:
    """It is asked for under the CA of before, which stands among the issuers, and the certificate has its account."""
    site, one, url, issued = changed_meanwhile(tmp_path, FORMER)
    seconds = Seconds()
    look(Pursuing(OpenOrders(site.services), 5.0, seconds), seconds, 10)
    (asked,) = site.ca.asked_of
    assert site.services.public.profiles[asked].issuer.name == "home-before"
    assert one.post(url).json["status"] == "valid"
    assert site.get(f"renewal-info/{certid_of(issued)}").status_code == 200


def test_order_that_waits_for_a_key_that_is_gone_ends(tmp_path: Path) -> None:
    """Its client is told to order again, and not to wait for ever."""
    site, one, url, _ = changed_meanwhile(tmp_path, "")
    seconds = Seconds()
    look(Pursuing(OpenOrders(site.services), 5.0, seconds), seconds, 10)
    shown = one.post(url).json
    assert (shown["status"], shown["error"]["type"].rpartition(":")[2]) == ("invalid", "serverInternal")
    assert "order again" in shown["error"]["detail"]
    finalized = one.post(f"{url}/finalize", {"csr": ""})
    assert problem(finalized) == "orderNotReady"
