"""Orders whose client never comes back: this server takes them further, and the certificate has its account."""

import logging
from pathlib import Path

import pytest
from cryptography import x509
from sqlalchemy import update
from werkzeug.test import TestResponse

from registrar.acme.certid import certid_of
from registrar.acme.open_orders import OpenOrders
from registrar.cleanup import clean_up
from registrar.config import Retention
from registrar.database import certificates
from registrar.database import orders as stored
from registrar.database.schema import orders
from registrar.problem import Problem, ProblemType
from registrar.pursuing import Pursuing
from tests.registrar.site import Raw, Site, csr_for, problem
from tests.registrar.test_certificates import der


class Seconds:
    """Seconds that go when they are told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    """At their beginning."""
    return Seconds()


@pytest.fixture
def pursuing(site: Site, seconds: Seconds) -> Pursuing:
    """Of the site, having looked once."""
    return Pursuing(OpenOrders(site.services), 5.0, seconds)


def left_alone(site: Site) -> tuple[Raw, TestResponse]:
    """An order that the signer has not answered in time, and its client."""
    site.ca.silent = True
    one = site.client()
    order = one.ready("a.example")
    assert one.finalize(order, csr_for("a.example")).json["status"] == "processing"
    site.ca.silent = False
    return one, order


def look(pursuing: Pursuing, seconds: Seconds, *later: float) -> None:
    """Look now, and so many seconds after each other."""
    pursuing.look()
    for pause in later:
        seconds.now += pause
        pursuing.look()


def test_certificate_has_its_account_though_nobody_polls(site: Site, pursuing: Pursuing, seconds: Seconds) -> None:
    """Renewal information and revocation by the account are there without a look at the order."""
    one, _ = left_alone(site)
    look(pursuing, seconds, 10)
    (issued,) = (x509.load_der_x509_certificate(octets) for octets in site.ca.issued.values())
    assert site.get(f"renewal-info/{certid_of(issued)}").status_code == 200
    assert one.post("revoke-cert", {"certificate": der(issued)}).status_code == 200


def test_certificate_of_an_account_that_was_deactivated_is_known(
    site: Site, pursuing: Pursuing, seconds: Seconds
) -> None:
    """Whoever has its key can still revoke it, and it has renewal information."""
    one, _ = left_alone(site)
    one.post(one.kid, {"status": "deactivated"})
    look(pursuing, seconds, 10)
    (issued,) = (x509.load_der_x509_certificate(octets) for octets in site.ca.issued.values())
    assert site.get(f"renewal-info/{certid_of(issued)}").status_code == 200


def test_order_is_left_to_its_client_while_that_waits(site: Site, pursuing: Pursuing, seconds: Seconds) -> None:
    """For as long as finalizing takes at most."""
    left_alone(site)
    asked = len(site.ca.asked)
    look(pursuing, seconds, 4)
    assert len(site.ca.asked) == asked


def test_order_is_pursued_after_pauses_that_double(site: Site, pursuing: Pursuing, seconds: Seconds) -> None:
    """Up to ten minutes, for as long as the signer is away."""
    left_alone(site)
    site.ca.silent, asked = True, len(site.ca.asked)
    look(pursuing, seconds, *[1.0] * 100)
    assert len(site.ca.asked) - asked == 4
    look(pursuing, seconds, *[60.0] * 600)
    assert 60 <= len(site.ca.asked) - asked <= 66


def test_order_is_pursued_when_the_signer_has_room(site: Site, pursuing: Pursuing, seconds: Seconds) -> None:
    """Not before what it said."""
    one, order = left_alone(site)
    asked = len(site.ca.asked)
    site.ca.refusal = Problem(ProblemType.RATE_LIMITED, "enough", status=429, retry_after=1800)
    look(pursuing, seconds, 10)
    site.ca.refusal = None
    look(pursuing, seconds, *[60.0] * 29)
    assert len(site.ca.asked) - asked == 1
    look(pursuing, seconds, 61)
    assert one.post(order.headers["Location"]).json["status"] == "valid"


def test_refusal_ends_an_order_that_nobody_polls(site: Site, pursuing: Pursuing, seconds: Seconds) -> None:
    """Its client finds the signer's words when it comes."""
    one, order = left_alone(site)
    site.ca.refusal = Problem(ProblemType.SERVER_INTERNAL, "the CA refuses: retired", status=500)
    look(pursuing, seconds, 10)
    shown = one.post(order.headers["Location"]).json
    assert (shown["status"], shown["error"]["detail"]) == ("invalid", "the CA refuses: retired")


def test_defect_of_one_order_does_not_keep_others_waiting(
    site: Site, pursuing: Pursuing, seconds: Seconds, caplog: pytest.LogCaptureFixture
) -> None:
    """It is in the log, and tried again later."""
    _, order = left_alone(site)
    _, other = left_alone(site)
    id_ = order.headers["Location"].rpartition("/")[2]
    with site.services.database.write() as connection:
        connection.execute(update(orders).where(orders.c.id == id_).values(csr=None))
    with caplog.at_level(logging.ERROR):
        look(pursuing, seconds, 10)
    assert f"order {id_} of home is not taken further" in caplog.text
    with site.services.database.read() as connection:
        id_ = other.headers["Location"].rpartition("/")[2]
        assert certificates.by_id(connection, "home", id_) is not None


def test_order_of_an_issuer_without_acme_waits(tmp_path: Path, seconds: Seconds) -> None:
    """Until it is served again."""
    site = Site.build(tmp_path)
    left_alone(site)
    (tmp_path / "revocast.toml").write_text(
        (tmp_path / "revocast.toml").read_text().replace("acme = true", "acme = false", 1)
    )
    without = Site.of(tmp_path, site.ca.authority)
    look(Pursuing(OpenOrders(without.services), 5.0, seconds), seconds, 10)
    assert not without.ca.asked


def test_order_that_is_processed_outlives_its_retention(site: Site, pursuing: Pursuing, seconds: Seconds) -> None:
    """It alone knows of a certificate that was issued; once it has ended it goes."""
    one, _ = left_alone(site)
    site.clock.forward(days=38)
    assert clean_up(site.services.database, Retention(), site.clock.now, 0)["orders"] == 0
    look(pursuing, seconds, 10)
    (issued,) = (x509.load_der_x509_certificate(octets) for octets in site.ca.issued.values())
    assert one.post("revoke-cert", {"certificate": der(issued)}).status_code == 200
    assert clean_up(site.services.database, Retention(), site.clock.now, 0)["orders"] == 1


def test_order_that_was_put_back_is_not_ended_by_who_pursued_it_before(site: Site) -> None:
    """What was answered to another CSR says nothing of this one."""
    one, order = left_alone(site)
    id_ = order.headers["Location"].rpartition("/")[2]
    with site.services.database.write() as connection:
        before = stored.order(connection, "home", id_)
        assert before is not None
        assert stored.put_back(connection, before)
    site.ca.silent = True
    assert one.finalize(order, csr_for("a.example")).json["status"] == "processing"
    with site.services.database.write() as connection:
        assert not stored.end(connection, before, before.status)
    assert problem(one.finalize(order, csr_for("a.example"))) == "orderNotReady"


def test_orders_of_several_issuers_have_their_turns(site: Site) -> None:
    """However many one has, another's do not wait for all of them."""
    site.ca.silent = True
    for issuer, count in (("home", 3), ("lab", 1)):
        one = site.client(issuer)
        for number in range(count):
            one.finalize(one.ready(f"h{number}.example"), csr_for(f"h{number}.example"))
    assert [name for name, _ in OpenOrders(site.services).waiting(9)] == ["home", "lab", "home", "home"]
