"""Somebody who writes the registrar's database: tokens for everything, names called valid, revocations called done.

They get what the registrar's process may have of the signer, which is a real one here, and keep no revocation from it.
"""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from registrar.database.schema import authorizations, certificates, challenges
from signer.ledger.schema import certificates as issued
from tests.registrar.api.desk import Desk, kind
from tests.registrar.site import Site, csr_for, problem
from tests.registrar.test_certificates import der
from tests.registrar.test_refusals import acme, api

FORGED = {"reason": "superseded", "revision": (1 << 63) - 1}


@pytest.mark.parametrize(
    ("profile", "name", "expected"),
    [("server", "www.example.org", "name"), ("everything", "www.example.com", "issuer"), ("server", "", "name")],
)
def test_token_that_was_written_in_gets_no_more_than_the_policy(
    tmp_path: Path, profile: str, name: str, expected: str
) -> None:
    """Whatever scopes it has, and whoever it says that it is."""
    desk, signer = api(tmp_path)
    token = desk.token(f"issue:{profile}", name="operator")
    names = [f"dns:{name}"] if name else []
    assert kind(desk.issue(token, *([name] if name else []), profile=profile, names=names)) == expected
    with signer.signer.ledger.read() as connection:
        assert connection.execute(select(issued.c.serial)).all() == []


def test_token_that_was_written_in_is_for_no_issuer_without_the_api(tmp_path: Path) -> None:
    """What is served stands in the configuration."""
    desk = Desk.build(tmp_path)
    config = tmp_path / "revocast.toml"
    assert "lab" in config.read_text()
    token = desk.token(issuers=("lab", "test", "../home"))
    del desk.services.tenants["lab"]  # as one without `api = true`
    for issuer in ("lab", "test", "..%2fhome"):
        assert kind(desk.ask("GET", f"/issuers/{issuer}/certificates", token=token)) == "not-found"


def test_name_that_is_called_valid_is_certified_within_the_policy_alone(tmp_path: Path) -> None:
    """Nobody looked at it: the signer's names are what is left."""
    site, _ = acme(tmp_path)
    site.validator.waits = True
    one = site.client()
    for name, expected in (("www.example.org", "invalid"), ("www.example.com", "valid")):
        order = one.ready(name)
        later = site.clock.now + timedelta(days=1)
        with site.services.database.write() as connection:
            connection.execute(update(authorizations).values(status="valid", expires_at=later))
            connection.execute(update(challenges).values(status="valid"))
        assert one.finalize(order, csr_for(name)).json["status"] == expected


def test_revocation_that_the_database_says_was_done_is_asked_of_the_signer(tmp_path: Path) -> None:
    """Over ACME and over the API."""
    (tmp_path / "site").mkdir()
    site = Site.build(tmp_path / "site")
    one = site.client()
    certificate, _ = one.certificate("a.example")
    now = site.clock.now
    with site.services.database.write() as connection:
        connection.execute(update(certificates).values(revoked_at=now, seen_at=now, state_at=now, **FORGED))
    assert one.post("revoke-cert", {"certificate": der(certificate)}).status_code == 200
    assert len(site.ca.revoked) == 1
    assert problem(one.post("revoke-cert", {"certificate": der(certificate)})) == "serverInternal"
    desk = Desk.build(tmp_path)
    token = desk.token()
    serial = desk.issue(token, "a.example").json["serial"]
    with desk.services.database.write() as connection:
        connection.execute(update(certificates).values(revoked_at=now, seen_at=now, state_at=now, **FORGED))
    assert desk.ask("POST", f"/issuers/home/certificates/{serial}/revoke", {}, token=token).status_code == 200
    assert len(desk.signer.asked) == 2
