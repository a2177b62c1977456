"""What the ACME server makes of the signer's word on a revocation: a claim, until that is published."""

from pathlib import Path

import pytest
from sqlalchemy import select

from registrar.database.schema import certificates
from registrar.problem import Problem, ProblemType
from registrar.published_status import Published
from tests.registrar.site import Site, problem
from tests.registrar.test_certificates import der, window


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A server that is right by default."""
    return Site.build(tmp_path)


def test_revocation_that_is_said_to_be_done_is_not_believed_before_it_is_published(site: Site) -> None:
    """Replies can be forged: who asks again has the signer asked again, and the window moves once it is published."""
    one = site.client()
    certificate, _ = one.certificate("a.example")
    wanted = {"certificate": der(certificate)}
    assert one.post("revoke-cert", wanted).status_code == 200
    site.ca.revoked.clear()  # it never came to the signer
    assert window(site, certificate)[1] > site.clock.now
    assert one.post("revoke-cert", wanted).status_code == 200
    assert len(site.ca.revoked) == 1
    said = one.post("revoke-cert", wanted)
    assert (said.status_code, problem(said), said.headers["Retry-After"]) == (503, "serverInternal", "5")
    site.statuses.found = Published(site.clock.now)
    assert problem(one.post("revoke-cert", wanted)) == "alreadyRevoked"


def test_certificate_that_is_on_hold_is_not_revoked_already(site: Site) -> None:
    """Its hold may be released: who forges that reply has nobody believe that it is revoked for good."""
    one = site.client()
    certificate, _ = one.certificate("a.example")
    wanted = {"certificate": der(certificate)}
    site.ca.refusal = Problem(ProblemType.ALREADY_REVOKED, "this certificate is revoked already")
    site.statuses.found = Published(site.clock.now, on_hold=True)
    assert problem(one.post("revoke-cert", wanted)) == "serverInternal"
    with site.services.database.read() as connection:
        assert connection.execute(select(certificates.c.revoked_at)).scalar_one() is None
    site.statuses.found = Published(site.clock.now)
    assert problem(one.post("revoke-cert", wanted)) == "alreadyRevoked"


def test_reason_of_a_revocation_is_noted(site: Site) -> None:
    """As the client gave it, with the signer's revision: for the API."""
    one = site.client()
    certificate, _ = one.certificate("a.example")
    one.post("revoke-cert", {"certificate": der(certificate), "reason": 4})
    with site.services.database.read() as connection:
        (row,) = connection.execute(select(certificates)).all()
    assert (row.reason, row.revoked_at, row.revision, row.seen_at) == ("superseded", site.clock.now, 1, None)
