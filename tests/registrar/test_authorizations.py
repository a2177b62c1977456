"""Authorizations and challenges (RFC 8555 sections 7.5 and 8), and what they make of their order."""

from datetime import timedelta

import pytest

from registrar.acme.validated import record_invalid, record_valid, to_validate, waiting
from registrar.problem import Problem, ProblemType
from tests.registrar.site import Site, csr_for, problem


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.example", {"http-01", "dns-01", "tls-alpn-01"}),
        ("*.a.example", {"dns-01"}),
        ("192.168.1.1", {"http-01", "tls-alpn-01"}),
    ],
)
def test_challenges_that_can_show_a_name_are_offered(site: Site, name: str, expected: set[str]) -> None:
    """A wildcard by dns-01 alone; an address by anything else."""
    one = site.client()
    (url,) = one.order(name).json["authorizations"]
    shown = one.post(url).json
    assert {each["type"] for each in shown["challenges"]} == expected
    assert shown.get("wildcard", False) is name.startswith("*")
    assert shown["identifier"]["value"] == name.removeprefix("*.")
    assert len({each["token"] for each in shown["challenges"]}) == len(expected)


def test_deactivated_authorization_makes_its_order_invalid(site: Site) -> None:
    """And cannot be used again."""
    one = site.client()
    order = one.ready("a.example")
    (authorization,) = order.json["authorizations"]
    assert one.post(authorization, {"status": "deactivated"}).json["status"] == "deactivated"
    assert problem(one.finalize(order, csr_for("a.example"))) == "orderNotReady"
    assert one.post(order.headers["Location"]).json["status"] == "invalid"
    challenge = one.post(authorization).json["challenges"][0]["url"]
    one.post(challenge, {})
    assert one.post(authorization).json["status"] == "deactivated"
    assert problem(one.post(authorization, {"status": "valid"})) == "malformed"


def test_failed_challenge_makes_its_order_invalid(site: Site) -> None:
    """The authorization shows why."""
    site.validator.problem = Problem(ProblemType.DNS, "no such name")
    one = site.client()
    order = one.ready("a.example")
    shown = one.post(order.json["authorizations"][0]).json
    assert shown["status"] == "invalid"
    assert shown["challenges"][0]["error"]["type"].endswith(":dns")
    assert one.post(order.headers["Location"]).json["status"] == "invalid"
    again = one.post(shown["challenges"][0]["url"], {})
    assert problem(again) == "malformed"


def test_challenge_that_waits_is_shown_as_processing(site: Site) -> None:
    """With Retry-After, and a link to its authorization; asked once, however often the client says so."""
    site.validator.waits = True
    one = site.client()
    (url,) = one.order("a.example").json["authorizations"]
    challenge = one.post(url).json["challenges"][0]["url"]
    answer = one.post(challenge, {})
    assert answer.json["status"] == "processing"
    assert int(answer.headers["Retry-After"]) > 0
    assert f'<{url}>;rel="up"' in answer.headers.getlist("Link")
    one.post(challenge, {})
    assert len(site.validator.asked) == 1
    assert "Retry-After" in one.post(url).headers


def test_key_authorization_is_the_token_and_the_thumbprint(site: Site) -> None:
    """What the validation looks for (section 8.1), and for whom."""
    site.validator.waits = True
    one = site.client()
    (url,) = one.order("*.a.example").json["authorizations"]
    challenge = one.post(url).json["challenges"][0]
    one.post(challenge["url"], {})
    pending = to_validate(site.services.database, site.validator.asked[0], site.clock.now)
    assert pending is not None
    assert pending.key_authorization.startswith(f"{challenge['token']}.")
    assert (pending.type, pending.identifier.value, pending.is_wildcard) == ("dns-01", "a.example", True)
    assert (pending.issuer, one.kid) == ("home", site.url(f"account/{pending.account}"))


def test_lost_validation_is_found_by_a_look(site: Site) -> None:
    """As long as anybody waits for it, and no longer."""
    site.validator.waits = True
    one = site.client()
    one.ready("a.example")
    database, now = site.services.database, site.clock.now
    (id_,) = site.validator.asked
    assert waiting(database, now - timedelta(seconds=1), 10) == []
    assert waiting(database, now, 10) == [id_]
    assert waiting(database, now + timedelta(days=8), 10) == []
    record_valid(database, id_, now)
    assert waiting(database, now, 10) == []
    record_invalid(database, id_, Problem(ProblemType.DNS, "too late"), now)
    assert to_validate(database, id_, now) is None
    assert to_validate(database, "nothing", now) is None
