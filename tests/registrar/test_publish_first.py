"""`publish_first`: a certificate is handed out once its OCSP response is served, and not before."""

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from registrar.acme.certid import certid_of
from registrar.acme.open_orders import OpenOrders
from registrar.database import orders as stored
from registrar.published_status import UNPUBLISHED, Published
from registrar.pursuing import Pursuing
from tests.registrar.site import UNLIMITED, Site, csr_for
from tests.registrar.test_certificates import der
from tests.registrar.test_pursuing import Seconds, look


def held_back(folder: Path, registrar: str = "") -> Site:
    """A server that waits for the responses of its certificates."""
    site = Site.build(folder, issuer=f"publish_first = true\n{UNLIMITED}", registrar=registrar)
    place = x509.UniformResourceIdentifier("http://pki.example/ocsp/")
    access = x509.AuthorityInformationAccess([x509.AccessDescription(AuthorityInformationAccessOID.OCSP, place)])
    site.ca.extensions = [access]
    return site


def test_certificate_is_held_back_until_its_response_is_served(tmp_path: Path) -> None:
    """publish_first; one without a responder in it is not."""
    site = held_back(tmp_path, 'finalize_wait = "0s"')
    one = site.client()
    order = one.ready("a.example")
    assert one.finalize(order, csr_for("a.example")).json["status"] == "processing"
    assert one.post(order.headers["Location"]).json["status"] == "processing"
    site.statuses.found = Published(None)
    assert one.post(order.headers["Location"]).json["status"] == "valid"
    site.statuses.found, site.ca.extensions = None, []
    one.certificate("b.example")


def test_log_says_what_is_held_back(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """However long: its client is told no more than that the order is processed."""
    caplog.set_level("INFO")
    site = held_back(tmp_path, 'finalize_wait = "0s"')
    one = site.client()
    order = one.ready("a.example")
    assert one.finalize(order, csr_for("a.example")).json["status"] == "processing"
    site.clock.forward(minutes=60)
    assert one.post(order.headers["Location"]).json["status"] == "processing"
    assert "is held back, since no OCSP response of it is served yet (publish_first)" in caplog.text


def test_client_that_finalizes_waits_for_the_response_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a moment: without it the client would come again after Retry-After."""
    site, answers = held_back(tmp_path), iter((None, Published(None)))
    monkeypatch.setattr(site.statuses, "published", lambda *_, **__: next(answers))
    site.client().certificate("a.example")
    assert list(answers) == []


@pytest.mark.parametrize(("found", "looks"), [(None, 1), (UNPUBLISHED, 3)], ids=["silent", "nothing yet"])
def test_responder_that_is_silent_is_asked_once_in_a_round(tmp_path: Path, found: Published | None, looks: int) -> None:
    """By publish_first: one that hangs takes its second each time, and many orders would wait for each other."""
    site, seconds = held_back(tmp_path, 'finalize_wait = "0s"'), Seconds()
    one = site.client()
    for number in range(3):
        one.finalize(one.ready(f"h{number}.example"), csr_for(f"h{number}.example"))
    site.statuses.found, before = found, site.statuses.asked
    look(Pursuing(OpenOrders(site.services), 5.0, seconds), seconds, 10)
    assert site.statuses.asked - before == looks
    site.statuses.found = Published(None)
    look(Pursuing(OpenOrders(site.services), 5.0, seconds), seconds, 10)
    with site.services.database.read() as connection:
        assert stored.processed(connection, "home", 9) == []


def test_certificate_that_is_held_back_is_not_lost_to_who_gave_up(tmp_path: Path) -> None:
    """It has its account, and renewal information, once the responder is there again."""
    site = held_back(tmp_path, 'finalize_wait = "0s"')
    one = site.client()
    order = one.ready("a.example")
    assert one.finalize(order, csr_for("a.example")).json["status"] == "processing"
    (issued,) = (x509.load_der_x509_certificate(octets) for octets in site.ca.issued.values())
    assert site.get(f"renewal-info/{certid_of(issued)}").status_code == 404
    site.statuses.found, seconds = Published(None), Seconds()
    look(Pursuing(OpenOrders(site.services), 5.0, seconds), seconds, 10)
    assert site.get(f"renewal-info/{certid_of(issued)}").status_code == 200
    assert one.post("revoke-cert", {"certificate": der(issued)}).status_code == 200
