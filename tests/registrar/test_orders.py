"""New orders (RFC 8555 section 7.4): names, profiles and times, and what is not there, whatever a client asks for."""

from datetime import timedelta
from pathlib import Path

import pytest

from revocation.clock import iso
from tests.authority import Authority
from tests.registrar.site import UNLIMITED, Site, csr_for, problem


@pytest.mark.parametrize(
    ("identifiers", "expected"),
    [
        ([], "malformed"),
        (None, "malformed"),
        ("a.example", "malformed"),
        ([{"type": "dns"}], "malformed"),
        (["a.example"], "malformed"),
        ([{"type": "dns", "value": f"{number}.example"} for number in range(101)], "malformed"),
        ([{"type": "email", "value": "a@b.example"}], "unsupportedIdentifier"),
        ([{"type": ["dns"], "value": "a"}], "unsupportedIdentifier"),
        ([{"type": "dns", "value": "a.example."}], "malformed"),
        ([{"type": "dns", "value": "-a.example"}], "malformed"),
        ([{"type": "dns", "value": "a..example"}], "malformed"),
        ([{"type": "dns", "value": "a.*.example"}], "malformed"),
        ([{"type": "dns", "value": "*.*.example"}], "malformed"),
        ([{"type": "dns", "value": "ä.example"}], "malformed"),
        ([{"type": "dns", "value": "a.example\n"}], "malformed"),
        ([{"type": "dns", "value": "192.168.1.1"}], "malformed"),
        ([{"type": "dns", "value": "a" * 64 + ".example"}], "malformed"),
        ([{"type": "dns", "value": "a." * 130 + "example"}], "malformed"),
        ([{"type": "ip", "value": "192.168.1.300"}], "malformed"),
        ([{"type": "ip", "value": "192.168.1.0/24"}], "malformed"),
        ([{"type": "ip", "value": "fe80::1%eth0"}], "malformed"),
        ([{"type": "ip", "value": "8.8.8.8"}], "rejectedIdentifier"),
        ([{"type": "dns", "value": "\u212a.example"}], "malformed"),
        ([{"type": "dns", "value": "ab--cd.example"}], "rejectedIdentifier"),
        ([{"type": "dns", "value": "*.xn--0.example"}], "rejectedIdentifier"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_identifier_that_is_none_is_refused(site: Site, identifiers: object, expected: str) -> None:
    """Of another type or form, or not offered."""
    assert problem(site.client().post("new-order", {"identifiers": identifiers})) == expected


def test_several_refused_identifiers_have_a_problem_each(site: Site) -> None:
    """Subproblems of section 6.7.1, with the identifier."""
    answer = site.client().order("good.example", "-bad.example", "8.8.8.8")
    assert problem(answer) == "compound"
    assert [one["identifier"]["value"] for one in answer.json["subproblems"]] == ["-bad.example", "8.8.8.8"]


@pytest.mark.parametrize(
    ("type_", "value", "shown"),
    [
        *(("ip", "192.168.1.300", "192.168.1.300"), ("email", "a@b.example", "a@b.example")),
        *(("dns", "-a.example", "-a.example"), ("ip", "fe80::1%eth0", "fe80::1%eth0"), ("dns", "A..b", "a..b")),
    ],
)
def test_each_subproblem_names_its_identifier(site: Site, type_: str, value: str, shown: str) -> None:
    """In `identifier`, which the problem above has not: also of a single one."""
    wanted = [{"type": "dns", "value": "good.example"}, {"type": type_, "value": value}]
    for identifiers in (wanted, wanted[1:]):
        said = site.client().post("new-order", {"identifiers": identifiers}).json
        assert "identifier" not in said
        assert [one["identifier"] for one in said["subproblems"]] == [{"type": type_, "value": shown}]


def test_identifier_that_nobody_could_read_is_not_repeated(site: Site) -> None:
    """Nor is what is none: its subproblem has no identifier."""
    for one in ("a.example", {"type": "dns", "value": "\u202ea.example"}, {"type": "x" * 33, "value": "a"}):
        (found,) = site.client().post("new-order", {"identifiers": [one]}).json["subproblems"]
        assert "identifier" not in found


def test_names_outside_the_domains_of_the_issuer_are_refused(tmp_path: Path) -> None:
    """dns_names; and wildcards where they are not offered."""
    site = Site.build(tmp_path, issuer=f'dns_names = ["home.arpa"]\nwildcards = false\n{UNLIMITED}')
    one = site.client()
    assert one.order("a.home.arpa", "home.arpa").status_code == 201
    for name in ("home.example", "xhome.arpa", "*.home.arpa"):
        assert problem(one.order(name)) == "rejectedIdentifier"


def test_names_that_the_brs_never_let_be_certified_are_refused_at_once(tmp_path: Path) -> None:
    """Where the issuer follows them: before anything is validated; which domains there are only the signer knows."""
    site = Site.build(tmp_path, public='compliance = "br"', authority=Authority(organization="Home"))
    one = site.client()
    assert one.order("www.example.com", "*.example.com").status_code == 201
    for name in ("printer.local", "*.a.test", "x.onion", "1.2.3.4.in-addr.arpa", "192.168.0.1", "fd00::1"):
        assert problem(one.order(name)) == "rejectedIdentifier", name


def test_names_are_lower_case_and_there_once(site: Site) -> None:
    """As they will stand in the certificate."""
    order = site.client().order("A.example", "a.example", "fd00:0:0::1")
    assert [one["value"] for one in order.json["identifiers"]] == ["a.example", "fd00::1"]


def test_profile(tmp_path: Path) -> None:
    """One that is offered; the first where none is asked for."""
    profiles = 'profiles = { server = "Servers", short = "Six days" }'
    site = Site.build(tmp_path, issuer=f"{profiles}\n{UNLIMITED}")
    assert site.get("directory").json["meta"]["profiles"] == {"server": "Servers", "short": "Six days"}
    one = site.client()
    assert one.order("a.example").json["profile"] == "server"
    assert problem(one.order("a.example", profile="long")) == "invalidProfile"
    assert problem(one.order("a.example", profile=["short"])) == "invalidProfile"
    one.certificate("a.example", profile="short")
    assert site.ca.asked[-1].profile == "short"


def test_validity_that_is_asked_for_reaches_the_signer(site: Site) -> None:
    """notBefore and notAfter, and they are shown."""
    begin, end = site.clock.now, site.clock.now + timedelta(days=3)
    _, order = site.client().certificate("a.example", notBefore=iso(begin), notAfter=iso(end))
    assert (order.json["notBefore"], order.json["notAfter"]) == (iso(begin), iso(end))
    assert (site.ca.asked[-1].not_before, site.ca.asked[-1].not_after) == (begin, end)


@pytest.mark.parametrize(
    ("times", "expires"),
    [
        ({"notBefore": timedelta()}, timedelta(minutes=55)),
        ({"notBefore": timedelta(minutes=-50)}, timedelta(minutes=5)),
        ({"notBefore": timedelta(hours=48)}, timedelta(hours=48, minutes=55)),
        ({"notAfter": timedelta(hours=2)}, timedelta(hours=2)),
        ({}, timedelta(days=7)),
    ],
)
def test_order_lives_no_longer_than_what_it_asks_for_can_be_issued(
    site: Site, times: dict[str, timedelta], expires: timedelta
) -> None:
    """With the signer's bounds, and some minutes to ask it."""
    now, one = site.clock.now, site.client()
    order = one.ready("a.example", **{name: iso(now + by) for name, by in times.items()})
    assert order.json["expires"] == iso(now + expires)
    site.clock.now = now + expires - timedelta(seconds=1)
    assert one.finalize(order, csr_for("a.example")).json["status"] == "valid"


@pytest.mark.parametrize("moment", ["tomorrow", "2026-03-09", "2026-03-09T00:00:00", 7, "2020-01-01T00:00:00Z"])
def test_validity_that_is_none_is_refused(site: Site, moment: object) -> None:
    """No RFC 3339, or past."""
    assert problem(site.client().order("a.example", notAfter=moment)) == "malformed"


def test_order_of_another_account_is_refused(site: Site) -> None:
    """Its authorizations, challenges and certificate too."""
    one, other = site.client(), site.client()
    _, order = one.certificate("a.example")
    (authorization,) = order.json["authorizations"]
    challenge = one.post(authorization).json["challenges"][0]["url"]
    location = order.headers["Location"]
    for url in (location, authorization, challenge, location.replace("/order/", "/certificate/")):
        answer = other.post(url)
        assert (answer.status_code, problem(answer)) == (403, "unauthorized")
    assert problem(other.finalize(order, csr_for("a.example"))) == "unauthorized"


def test_things_of_another_issuer_are_not_there(site: Site) -> None:
    """The same ids below another issuer's URL name nothing."""
    one, other = site.client(), site.client("lab")
    _, order = one.certificate("a.example")
    for url in (order.headers["Location"], *order.json["authorizations"], order.json["finalize"]):
        answer = other.post(url.replace("/home/", "/lab/"), {} if url.endswith("finalize") else None)
        assert (answer.status_code, problem(answer)) == (404, "malformed")


@pytest.mark.parametrize("path", ["order/x", "authorization/x", "challenge/x", "certificate/x", "certificate/x/1"])
def test_what_is_not_there_is_404(site: Site, path: str) -> None:
    """With a problem document."""
    assert site.client().post(path).status_code == 404


def test_order_expires(site: Site) -> None:
    """After order_lifetime it is invalid, and so are its authorizations."""
    one = site.client()
    order = one.ready("a.example")
    pending = one.order("b.example")
    site.clock.forward(days=7)
    assert one.post(order.headers["Location"]).json["status"] == "invalid"
    assert one.post(pending.json["authorizations"][0]).json["status"] == "invalid"
    assert problem(one.finalize(order, csr_for("a.example"))) == "orderNotReady"
    assert order.headers["Location"] not in one.post(f"{one.kid}/orders").json["orders"]


@pytest.mark.parametrize(
    "times",
    [
        {"notBefore": timedelta(hours=-2)},
        {"notBefore": timedelta(minutes=-59, seconds=-57)},
        {"notBefore": timedelta(hours=48, seconds=1)},
        {"notAfter": timedelta(days=36500)},
    ],
    ids=["in the past", "in the past by then", "too far ahead", "after its issuer"],
)
def test_validity_that_no_certificate_can_have_is_refused(site: Site, times: dict[str, timedelta]) -> None:
    """A new order that could not be fulfilled is an error (section 7.4)."""
    wanted = {name: iso(site.clock.now + by) for name, by in times.items()}
    assert problem(site.client().order("a.example", **wanted)) == "malformed"
